//! `mixed-bridges`: several bridges that do different things where a loop runs. A remark about the whole project, which only
//! the audit makes.

use super::Scene;
use super::bridges::{Behaviour, Bridge, find};
use crate::analysis::Analysis;
use crate::finding::{ChainStep, Confidence, FileId, Finding, Severity};
use crate::rules;
use crate::settings::Level;
use std::collections::BTreeMap;

/// The name of the rule.
const RULE: &str = "mixed-bridges";

/// What `mixed-bridges` says of the files that `is_asked` names.
pub fn mixed_bridges(analysis: &Analysis, is_asked: &dyn Fn(FileId) -> bool) -> Option<Finding> {
    let scene = Scene::new(analysis, is_asked);
    finding(&scene, &find(&scene).0)
}

/// The remark, at the bridge that most functions call: the likeliest one to keep.
pub(super) fn finding(scene: &Scene<'_>, bridges: &[Bridge]) -> Option<Finding> {
    let on = |bridge: &&Bridge| {
        let settings = &scene.analysis.world.program.file(bridge.def.file).settings;
        bridge.waits() && !bridge.is_in_worker && rules::level(settings, RULE) != Level::Off
    };
    let bridges: Vec<&Bridge> = bridges.iter().filter(on).collect();
    let mut ways: BTreeMap<Vec<String>, Vec<&Bridge>> = BTreeMap::new();
    for bridge in &bridges {
        ways.entry(bridge.way()).or_default().push(bridge);
    }
    if ways.len() < 2 {
        return None;
    }
    let first = bridges.iter().max_by_key(|bridge| (bridge.callers.len(), std::cmp::Reverse(bridge.function.place)))?;
    let settings = &scene.analysis.world.program.file(first.def.file).settings;
    let severity = match rules::level(settings, RULE) {
        Level::At(severity) => severity,
        _ => Severity::Info,
    };
    let step = |bridge: &&Bridge| {
        let does: Vec<String> = bridge.on_loop.iter().map(Behaviour::words).collect();
        let message = format!("where a loop runs, {} {}", bridge.function.short, does.join(", or "));
        ChainStep { place: bridge.function.place, message }
    };
    Some(Finding {
        rule: RULE.into(),
        severity,
        confidence: Confidence::Likely,
        message: format!(
            "{} functions lead from sync to async code, and do {} different things where a loop runs: keep one, and say \
             what it does there",
            bridges.len(),
            ways.len()
        ),
        place: first.function.place,
        function: Some(first.function.name.clone()),
        chain: bridges.iter().map(step).collect(),
        fixes: Vec::new(),
    })
}

impl Bridge {
    /// What it does where a loop runs, without what tells one call from another. Whether the text of an error is the author's or
    /// asyncio's, the caller is told.
    pub fn way(&self) -> Vec<String> {
        let way = |behaviour: &Behaviour| match behaviour {
            Behaviour::Refuses(_) | Behaviour::Raises(_) => "raises".to_owned(),
            Behaviour::CatchesFailedStart(_) => "catches".to_owned(),
            other => other.words(),
        };
        let mut ways: Vec<String> = self.on_loop.iter().map(way).collect();
        ways.dedup();
        ways
    }
}

/// The beginning of an error's text.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

impl Behaviour {
    /// In words that follow the function's name: `blocks the loop while it waits`.
    pub fn words(&self) -> String {
        match self {
            Behaviour::RunsLoop => "runs a loop and waits for it".to_owned(),
            Behaviour::RunsLoopInThread => "runs a loop in another thread and waits for it".to_owned(),
            Behaviour::WaitsForOtherLoop => "waits for a loop in another thread".to_owned(),
            Behaviour::BlocksLoop => "blocks the loop while it waits for another thread".to_owned(),
            Behaviour::Deadlocks => "waits for the loop whose thread it holds: a deadlock".to_owned(),
            Behaviour::Refuses(Some(text)) => format!("refuses: \"{}\"", shortened(text)),
            Behaviour::Refuses(None) => "refuses".to_owned(),
            Behaviour::Raises(call) => format!("raises from {call}()"),
            Behaviour::CatchesFailedStart(call) => format!("catches the error of {call}() and goes on"),
            Behaviour::LeavesToThread => "leaves it to another thread and does not wait".to_owned(),
            Behaviour::ReturnsAwaitable => "returns something to await".to_owned(),
            Behaviour::ReturnsTask => "returns a task".to_owned(),
            Behaviour::KeepsTask => "makes a task and keeps it".to_owned(),
            Behaviour::DropsTask => "makes a task and drops it".to_owned(),
            Behaviour::OnlyInWorker(call) => format!("raises from {call}(), but in a worker thread of a loop"),
            Behaviour::NeedsLoop => "raises: it needs a running loop".to_owned(),
            Behaviour::Calls(function) => format!("calls {function}, which starts a loop"),
            Behaviour::DoesOther => "does none of this".to_owned(),
        }
    }
}
