//! What the knowledge tables say about a callable from outside the project.

use crate::hover::resource;
use crate::markup::{Inline, Line};
use crate::words::capped;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::fixes::async_library;
use asyncwise_analysis::knowledge::{
    Answers, AsyncCallable, Blocking, Callback, CallbackRuns, Category, Changes, Deprecation, InRunningLoop, Knowledge,
    Library, Mend, Offload, OffloadResult, Probe, RunsIn, Starter, Unawaited,
};

/// The most bytes of a remark.
const MAX_NOTE: usize = 300;
/// The most replacements that are named.
const MAX_REPLACEMENTS: usize = 3;

/// What the tables say about the callable, class or value at `path`; empty where they do not know it.
pub(super) fn known(analysis: &Analysis, file: FileId, path: &str) -> Vec<Line> {
    let knowledge = analysis.world.knowledge;
    let mut lines = Vec::new();
    if let Some(row) = knowledge.starter(path) {
        starter(row, &mut lines);
    } else if let Some(row) = knowledge.blocking(path) {
        let library = match async_library(analysis.world.index_of(file)) {
            "trio" => Library::Trio,
            "anyio" => Library::Anyio,
            _ => Library::Asyncio,
        };
        blocking(row, path, library, &mut lines);
    }
    if let Some(row) = knowledge.probe(path) {
        probe(row, &mut lines);
    }
    if let Some(row) = knowledge.offload(path) {
        offload(row, &mut lines);
    }
    if let Some(row) = knowledge.callback(path) {
        callback(row, &mut lines);
    }
    awaitable(knowledge, path, &mut lines);
    if let Some(row) = knowledge.patch(path) {
        let does = match row.changes {
            Changes::Nesting => "lets an event loop be started inside a running one, in the whole process",
            Changes::Blocking => "makes blocking calls of the standard library give way to other greenlets",
        };
        lines.push(words(does));
        lines.extend(row.instead.as_ref().map(|instead| words(&format!("instead: {instead}"))));
        note(row.note.as_deref(), &mut lines);
    }
    if let Some(row) = knowledge.resource(path) {
        lines.extend(resource::closing(row, "x"));
    }
    let out_of_date = knowledge.deprecations().iter().filter(|row| row.names.iter().any(|name| name == path));
    lines.extend(out_of_date.filter_map(deprecation));
    lines
}

fn words(text: &str) -> Line {
    vec![Inline::text(text)]
}

fn note(text: Option<&str>, lines: &mut Vec<Line>) {
    lines.extend(text.map(|text| words(&capped(text, MAX_NOTE))));
}

fn starter(row: &Starter, lines: &mut Vec<Line>) {
    let refuses = !row.only_in.is_empty();
    let what = match (row.in_running_loop, &row.error) {
        (InRunningLoop::Raises, Some(error)) => format!("on a running event loop it raises `{error}`"),
        (InRunningLoop::Raises, None) => "on a running event loop it raises".to_owned(),
        (InRunningLoop::Deadlocks, _) => "on a running event loop it waits for itself and never returns".to_owned(),
        (InRunningLoop::Blocks, _) => {
            "on a running event loop it works, and the loop stands still meanwhile".to_owned()
        }
        (InRunningLoop::Ok, _) => "works on a running event loop".to_owned(),
    };
    if !refuses && row.in_running_loop != InRunningLoop::Ok {
        lines.push(words("starts an event loop, or waits for one"));
    }
    lines.push(words(&what));
    if let Some(template) = &row.await_instead {
        lines.push(vec![Inline::text("in a coroutine instead: "), Inline::code(filled(template))]);
    }
    lines.extend(row.advice.as_ref().map(|advice| words(advice)));
    note(row.note.as_deref(), lines);
}

/// A replacement with stand-ins for the parts of the call.
fn filled(template: &str) -> String {
    let parts = [("{0}", "x"), ("{rest}", "..."), ("{args}", "..."), ("{receiver}", "x"), ("{callee}", "f")];
    parts.iter().fold(template.to_owned(), |text, (part, stand_in)| text.replace(part, stand_in))
}

fn blocking(row: &Blocking, path: &str, library: Library, lines: &mut Vec<Line>) {
    lines.push(words(&format!("blocks the thread, and with it a running event loop: {}", category(row.category))));
    let replacements = row.replacements(path, library);
    if !replacements.is_empty() {
        let mut line = words("in a coroutine use ");
        for (i, replacement) in replacements.iter().take(MAX_REPLACEMENTS).enumerate() {
            if i > 0 {
                line.push(Inline::text(" or "));
            }
            line.push(Inline::code(replacement.as_str()));
        }
        lines.push(line);
    } else if let Some(advice) = &row.advice {
        lines.push(words(advice));
    }
    if row.fix == Mend::ToThread || replacements.is_empty() && row.advice.is_none() {
        let thread = match library {
            Library::Trio => "await trio.to_thread.run_sync(...)",
            Library::Anyio => "await anyio.to_thread.run_sync(...)",
            _ => "await asyncio.to_thread(...)",
        };
        lines.push(vec![Inline::text("or run it in a thread: "), Inline::code(thread)]);
    }
    note(row.note.as_deref(), lines);
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Sleep => "it sleeps",
        Category::Http => "it waits for an HTTP answer",
        Category::Socket => "it waits for the network",
        Category::Dns => "it waits for a name to be resolved",
        Category::Db => "it waits for a database",
        Category::Cloud => "it waits for a cloud service",
        Category::Subprocess => "it waits for another process",
        Category::Input => "it waits for input",
        Category::File => "it waits for the file system",
        Category::Cpu => "it computes for long",
        Category::Lock => "it waits for a lock of threads",
        Category::Queue => "it waits for a queue of threads",
        Category::ThreadJoin => "it waits for a thread to end",
        Category::FutureResult => "it waits for the result of another thread",
    }
}

fn probe(row: &Probe, lines: &mut Vec<Line>) {
    lines.push(words(&match row.answers {
        Answers::Raises => match row.raises.first() {
            Some(error) => format!("tells whether an event loop runs here: raises `{error}` where none does"),
            None => "tells whether an event loop runs here: raises where none does".to_owned(),
        },
        Answers::None => "tells whether an event loop runs here: gives `None` where none does".to_owned(),
        Answers::Bool => "tells whether an event loop runs here: gives `True` where one does".to_owned(),
    }));
    note(row.note.as_deref(), lines);
}

fn offload(row: &Offload, lines: &mut Vec<Line>) {
    let place = match row.runs_in {
        RunsIn::Thread => "runs the function it is given in a worker thread, where no event loop runs",
        RunsIn::Process => "runs the function it is given in another process",
        RunsIn::Interpreter => "runs the function it is given in another interpreter, in a worker thread",
        RunsIn::Greenlet => "runs the function it is given in a greenlet on the thread of the event loop",
    };
    let result = match row.result {
        OffloadResult::Await => "; awaiting the call gives its result",
        OffloadResult::Future => "; the call gives a future, whose `result()` blocks",
        OffloadResult::None => "",
    };
    lines.push(words(&format!("{place}{result}")));
    note(row.note.as_deref(), lines);
}

fn callback(row: &Callback, lines: &mut Vec<Line>) {
    lines.push(words(match row.runs_on {
        CallbackRuns::Loop => "calls the function it is given later, on the thread of the event loop",
        CallbackRuns::Here => "calls the function it is given before it returns, on this thread",
        CallbackRuns::Lazily => "calls the function it is given when the result is iterated over",
        CallbackRuns::Unknown => "calls the function it is given, on a thread nobody can tell",
    }));
    let wrong = match row.async_callable {
        AsyncCallable::Dropped => Some("an async function given to it never runs: its coroutine is dropped"),
        AsyncCallable::Raises => Some("given an async function it raises"),
        AsyncCallable::Truthy => {
            Some("an async function given to it never runs: its coroutine is taken for the result")
        }
        AsyncCallable::Accepted => None,
    };
    if let Some(wrong) = wrong {
        lines.push(match &row.fix {
            Some(fix) => words(&format!("{wrong}; give it {fix}")),
            None => words(wrong),
        });
    }
    note(row.note.as_deref(), lines);
}

fn awaitable(knowledge: &Knowledge, path: &str, lines: &mut Vec<Line>) {
    if knowledge.coroutine(path) {
        // An offload says already what awaiting gives.
        if knowledge.offload(path).is_none() {
            lines.push(words("coroutine function: nothing runs until it is awaited"));
        }
        return;
    }
    let Some(row) = knowledge.awaitable(path) else { return };
    let what = match row.unawaited {
        Unawaited::Bug => "gives an awaitable: the work is not done until it is awaited",
        Unawaited::Suspicious => "gives an awaitable: its result and its errors are lost unless it is awaited",
        Unawaited::Legal => "gives an awaitable, which need not be awaited",
    };
    lines.push(words(what));
    note(row.note.as_deref(), lines);
}

fn deprecation(row: &Deprecation) -> Option<Line> {
    let when = match row.when.as_deref() {
        Some("no-running-loop") => " where no event loop runs",
        Some("coroutine-argument") => " with coroutines as arguments",
        Some(_) => return None,
        None => "",
    };
    let since = match (&row.deprecated, &row.removed, &row.package) {
        (Some(deprecated), Some(removed), _) => format!("deprecated since Python {deprecated}, gone in {removed}"),
        (Some(deprecated), None, _) => format!("deprecated since Python {deprecated}"),
        (None, Some(removed), _) => format!("gone in Python {removed}"),
        (None, None, Some(package)) => format!("deprecated since {package}"),
        (None, None, None) => "deprecated".to_owned(),
    };
    let instead = row.replacement.as_ref().map_or(String::new(), |replacement| format!("; use {replacement}"));
    Some(words(&format!("{since}{when}{instead}")))
}
