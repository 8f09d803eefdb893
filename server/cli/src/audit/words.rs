//! What the parts of the report are called.

use super::Report;
use super::document::{Inline, Line, code, strong, text};
use crate::output::count;
use asyncwise_analysis::audit::{Behaviour, Closing, EntryKind, Function, Mechanism, Reach};
use asyncwise_analysis::finding::Place;
use asyncwise_analysis::resources::LeakKind;
use asyncwise_analysis::settings::RunsOn;
use std::path::Path;

impl Report<'_> {
    /// `app/main.py:22`, leading there.
    pub(super) fn place(&self, place: Place) -> Inline {
        let at = self.view.start(place);
        let label = format!("{}:{}", self.view.path_and_cell(place), at.line);
        let is_outside = self.audit.dependencies.contains_key(&place.file);
        let link = (!is_outside).then(|| match at.cell {
            Some(_) => self.links.path(place.file),
            None => format!("{}#L{}", self.links.path(place.file), at.line),
        });
        Inline::Place { label, link }
    }

    /// A function, with its node in the graph.
    pub(super) fn function(&self, function: &Function) -> Inline {
        let nodes = &self.audit.graph.nodes;
        let number = nodes.iter().position(|node| node.place == Some(function.place) && node.name == function.name);
        Inline::Node { name: function.short.clone(), number: number.map(|number| number as u32) }
    }

    /// What is left out of a list, in words; none where nothing is.
    pub(super) fn rest(&self, all: usize, what: &str) -> Option<Line> {
        let rest = all.saturating_sub(self.limit);
        (rest > 0).then(|| vec![text(format!("… and {rest} more {what}; ")), code("--limit 0"), text(" shows all.")])
    }

    /// The folder of a file, as counts are made by.
    pub(super) fn folder(&self, place: Place) -> String {
        let path = self.view.path(place.file);
        let parent = Path::new(&path).parent().map(|parent| parent.to_string_lossy().replace('\\', "/"));
        parent.filter(|parent| !parent.is_empty()).unwrap_or_else(|| ".".to_owned())
    }
}

pub(super) fn reach(reach: Reach) -> Option<String> {
    let coroutines = (reach.coroutines > 0).then(|| count(reach.coroutines, "coroutine"));
    let entries = (reach.entry_points > 0).then(|| count(reach.entry_points, "entry point"));
    let parts: Vec<String> = entries.into_iter().chain(coroutines).collect();
    (!parts.is_empty()).then(|| format!("reached by {}", parts.join(" and ")))
}

pub(super) fn mechanism(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::StartsLoop => "starts a loop",
        Mechanism::LoopInThread => "loop in another thread",
        Mechanism::Threadsafe => "call into another thread's loop",
        Mechanism::Portal => "portal",
        Mechanism::Task => "makes a task",
        Mechanism::Application => "runs an application",
    }
}

pub(super) fn behaviours(all: &[Behaviour]) -> String {
    all.iter().map(Behaviour::words).collect::<Vec<_>>().join(", or ")
}

pub(super) fn runs_on(on: RunsOn) -> &'static str {
    match on {
        RunsOn::Loop => "on a loop",
        RunsOn::Worker => "in a worker thread",
        RunsOn::NoLoop => "no loop yet",
    }
}

pub(super) fn entry_kind(kind: &EntryKind) -> String {
    match kind {
        EntryKind::Program => "programs that start a loop".to_owned(),
        EntryKind::Import => "loops that are started while a module is imported".to_owned(),
        EntryKind::Framework(name) => format!("run by {name}"),
        EntryKind::Settings => "named in the settings".to_owned(),
        EntryKind::Notebook => "notebooks".to_owned(),
        EntryKind::Task => "started as tasks".to_owned(),
        EntryKind::Callback => "handed to a loop as callbacks".to_owned(),
        EntryKind::Worker => "handed to worker threads".to_owned(),
        EntryKind::Test => "tests".to_owned(),
    }
}

pub(super) fn closing(report: &Report<'_>, closing: &Closing) -> Line {
    match closing {
        Closing::Never => vec![strong("never closed")],
        Closing::Sometimes { leak, closed } => {
            let mut line: Line = match closed {
                Some(place) => vec![text("closed at "), report.place(*place), text(", but ")],
                None => Vec::new(),
            };
            line.extend([strong("stays open"), text(" "), text(leak_kind(leak.how))]);
            line.extend(leak.place.into_iter().flat_map(|place| [text(" at "), report.place(place)]));
            line
        }
        Closing::Unknown => vec![text("cannot be told")],
        Closing::HandedToCaller => vec![text("given to the caller")],
        Closing::HandedOn => vec![text("given to other code")],
        Closing::Closed(place) => vec![text("closed at "), report.place(*place)],
        Closing::Block(place) => vec![text("closed by the block at "), report.place(*place)],
    }
}

fn leak_kind(how: LeakKind) -> &'static str {
    match how {
        LeakKind::Never => "always",
        LeakKind::Returns => "where the function returns",
        LeakKind::Overwritten => "where another one takes its place",
        LeakKind::Raises => "if something raises",
        LeakKind::Cancelled => "if the task is cancelled",
    }
}
