//! `work-inside-loop-probe`: the `try` of a loop probe also holds the work, whose own RuntimeError is taken for the
//! probe's.

use super::CheckedFile;
use super::job::Runs;
use super::quiet::{called_function, handles_all};
use super::tried::{Catch, Reaction, catch_around, last_name, tells};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::Source;
use crate::knowledge::Answers;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "work-inside-loop-probe";
/// The last names of probes that raise where no loop runs.
const PROBES: &[&str] = &["get_running_loop", "get_event_loop", "current_async_library", "current_task"];
/// Calls that raise nothing for the sake of the work: they make something, or hand the work on.
const HANDS_OVER: &[&str] = &[
    "add_done_callback",
    "add_signal_handler",
    "call_at",
    "call_later",
    "call_soon",
    "call_soon_threadsafe",
    "cancel",
    "create_future",
    "create_task",
    "ensure_future",
    "run_coroutine_threadsafe",
    "run_in_executor",
    "wrap_future",
];

/// A probe with the handler of its failure.
struct Probe {
    call: ExprId,
    catch: Catch,
    owner: ScopeId,
    /// It is `get_event_loop()`, which only says that there is no loop to use.
    gets_current: bool,
}

/// What the handler does when the error was not the probe's.
enum Consequence {
    /// It starts a loop, by this call.
    Starts(ExprId),
    /// It does something else.
    Other,
}

/// The findings in one file: one for each `try`.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if !PROBES.iter().any(|name| checked.index.name(name).is_some()) {
        return Vec::new();
    }
    let facts = checked.facts;
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for (call, expr) in facts.exprs() {
        let ExprKind::Call { func, .. } = expr.kind else { continue };
        if !PROBES.contains(&last_name(facts, func)) {
            continue;
        }
        let Some(probe) = probe(checked, call, func) else { continue };
        if seen.contains(&probe.catch.stmt) {
            continue;
        }
        if let Some(finding) = check(checked, &probe) {
            seen.push(probe.catch.stmt);
            findings.push((None, finding));
        }
    }
    findings
}

/// The probe that a call is, if a handler takes its failure.
fn probe(checked: &mut CheckedFile<'_>, call: ExprId, func: ExprId) -> Option<Probe> {
    let Ty::External(path) = checked.infer.expr(checked.file, func) else { return None };
    let gets_current = path == "asyncio.get_event_loop";
    let raises = checked.analysis.world.knowledge.probe(&path).is_some_and(|p| p.answers == Answers::Raises);
    if !gets_current && !raises {
        return None;
    }
    let owner = checked.owner_of(call).scope;
    let stmt = checked.facts.stmt_of(call).filter(|s| checked.facts.stmt(*s).scope == owner)?;
    Some(Probe { call, catch: catch_around(checked.facts, checked.index, stmt)?, owner, gets_current })
}

fn check(checked: &mut CheckedFile<'_>, probe: &Probe) -> Option<Finding> {
    if checked.reaction(probe.catch.handler, probe.owner) == Reaction::Raises || reads_error(checked, probe) {
        return None;
    }
    let consequence = consequence(checked, probe);
    // A handler for errors of any kind is there for those of the work too, unless it starts the work anew; and where
    // there is no current loop, only a new start shows that the work was taken for the question.
    if matches!(consequence, Consequence::Other) && (!probe.catch.by_name || probe.gets_current) {
        return None;
    }
    let work = work(checked, probe, &consequence)?;
    finding(checked, probe, work, &consequence)
}

/// Whether the handler looks at the error: it tells the probe's from others.
fn reads_error(checked: &CheckedFile<'_>, probe: &Probe) -> bool {
    let facts = checked.facts;
    let handler = &facts.handlers[probe.catch.handler as usize];
    let Some(name) = handler.name else { return false };
    let in_test = |e: ExprId| {
        let mut at = e;
        loop {
            match facts.expr(at).parent {
                Parent::Expr(parent) if matches!(facts.expr(parent).kind, ExprKind::Compare { .. }) => return true,
                Parent::Expr(parent) => at = parent,
                _ => return false,
            }
        }
    };
    let uses = facts.exprs().filter(|(_, e)| e.kind == ExprKind::Name(name) && handler.span.contains(e.span));
    uses.into_iter().any(|(id, _)| in_test(id))
}

fn consequence(checked: &mut CheckedFile<'_>, probe: &Probe) -> Consequence {
    let body = checked.facts.handlers[probe.catch.handler as usize].body;
    let span = checked.block_span(body);
    let start = checked.calls_in(span, probe.owner).into_iter().find(|call| checked.leads_to_start(*call));
    start.map_or(Consequence::Other, Consequence::Starts)
}

/// The first call of the `try` after the probe whose own RuntimeError the handler would take.
fn work(checked: &mut CheckedFile<'_>, probe: &Probe, consequence: &Consequence) -> Option<ExprId> {
    let facts = checked.facts;
    let StmtKind::Try { body, .. } = facts.stmt(probe.catch.stmt).kind else { return None };
    let after = facts.expr(probe.call).span;
    let calls = checked.calls_in(checked.block_span(body), probe.owner);
    calls.into_iter().find(|&call| {
        let span = facts.expr(call).span;
        let follows = call != probe.call && (span.start >= after.end || span.contains(after));
        let stmt = facts.stmt_of(call);
        follows
            && stmt.and_then(|s| catch_around(facts, checked.index, s)) == Some(probe.catch)
            && is_work(checked, call, consequence)
    })
}

fn is_work(checked: &mut CheckedFile<'_>, call: ExprId, consequence: &Consequence) -> bool {
    let facts = checked.facts;
    let ExprKind::Call { func, args } = facts.expr(call).kind else { return false };
    let name = last_name(facts, func);
    if HANDS_OVER.contains(&name) || tells(name) {
        return false;
    }
    let is_result =
        name == "result" && facts.args(args).iter().all(|a| a.name.is_some_and(|n| facts.name(n) == "timeout"));
    if is_result || checked.starter(call).is_some() {
        return !is_quiet(checked, call);
    }
    let awaited =
        matches!(facts.expr(call).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)));
    let runs = checked.runs(call);
    match consequence {
        Consequence::Starts(_) => {
            awaited && !is_quiet(checked, call)
                || runs.iter().any(|def| does_something(checked, *def) && !handles_all(checked.analysis, *def))
        }
        Consequence::Other => false,
    }
}

/// Whether what a wait, a start or an `await` runs lets no RuntimeError out.
fn is_quiet(checked: &mut CheckedFile<'_>, call: ExprId) -> bool {
    let job = checked.jobs().into_iter().find(|job| job.wait.expr() == call);
    let mut ran = Vec::new();
    match job.as_ref().map(|job| &job.runs) {
        Some(Runs::Function(def)) => ran.push(*def),
        Some(Runs::Expr(callable)) => match checked.infer.expr(checked.file, *callable) {
            Ty::Function(def, _) => ran.push(def),
            // `submit(asyncio.run, work())`: the coroutine is one of the arguments.
            _ => ran.extend(coroutines_of(checked, job.as_ref().map_or(call, |job| job.start))),
        },
        None => {
            ran.extend(coroutines_of(checked, call));
            ran.extend(called_function(checked, call));
        }
    }
    !ran.is_empty() && ran.iter().all(|def| handles_all(checked.analysis, *def))
}

/// The coroutine functions whose calls are arguments of a call.
fn coroutines_of(checked: &mut CheckedFile<'_>, call: ExprId) -> Vec<Def> {
    let facts = checked.facts;
    let ExprKind::Call { args, .. } = facts.expr(call).kind else { return Vec::new() };
    let given = facts.args(args).iter().map(|a| a.value);
    given.filter_map(|value| called_function(checked, value)).collect()
}

/// Whether a function calls anything, so that an error may come out of it.
fn does_something(checked: &CheckedFile<'_>, def: Def) -> bool {
    let world = &checked.analysis.world;
    let facts = world.facts(def.file);
    let span = facts.scope(def.scope).span;
    facts.exprs.iter().any(|e| matches!(e.kind, ExprKind::Call { .. }) && span.contains(e.span))
}

fn finding(checked: &mut CheckedFile<'_>, probe: &Probe, work: ExprId, consequence: &Consequence) -> Option<Finding> {
    let facts = checked.facts;
    let on_loop = !probe.gets_current || checked.flows.around(work).state_at(facts, work).always_runs();
    let again = !on_loop || checked.analysis.whole.lets_loops_nest(checked.file);
    let text = |call: ExprId| match facts.expr(call).kind {
        ExprKind::Call { func, .. } => format!("{}()", checked.analysis.call_text(checked.file, func)),
        _ => String::new(),
    };
    let taken = if probe.gets_current { "there is no loop" } else { "no loop runs" };
    let message = format!("a RuntimeError of {} is taken for '{taken}'", text(work));
    let (confidence, message) = match consequence {
        Consequence::Other => (Confidence::Possible, message),
        Consequence::Starts(start) if again => {
            (Confidence::Likely, format!("{message}: {} does the work again", text(*start)))
        }
        Consequence::Starts(start) => {
            (Confidence::Likely, format!("{message}: {} then starts one on the running loop", text(*start)))
        }
    };
    let at = |span: Span| Place { file: checked.file, span };
    let asks = if probe.gets_current { "asks here for a loop" } else { "asks here whether a loop runs" };
    let mut chain = vec![
        ChainStep { place: at(facts.expr(probe.call).span), message: format!("{} {asks}", text(probe.call)) },
        ChainStep {
            place: at(checked.handler_head(probe.catch.handler)),
            message: "this handler takes any RuntimeError of the try for the answer".to_owned(),
        },
    ];
    if let Consequence::Starts(start) = consequence {
        let message = format!("{} starts a loop for the work", text(*start));
        chain.push(ChainStep { place: at(facts.expr(*start).span), message });
    }
    let mut finding = checked.finding(RULE, confidence, work, message)?;
    finding.chain = chain;
    finding.fixes.extend(narrow(checked, probe));
    Some(finding)
}

/// What follows the probe moved to an `else:` of the `try`. Only where the one handler is for RuntimeError alone, so that
/// nothing else it catches gets lost, and the probe is a statement of the `try` itself.
fn narrow(checked: &CheckedFile<'_>, probe: &Probe) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let StmtKind::Try { body, handlers, orelse, .. } = facts.stmt(probe.catch.stmt).kind else { return None };
    let handler = &facts.handlers[probe.catch.handler as usize];
    let only_runtime_error = handler.types.is_some_and(|t| matches!(facts.expr(t).kind, ExprKind::Name(_)));
    if handlers.len != 1 || !orelse.0.is_empty() || !only_runtime_error {
        return None;
    }
    let stmts = facts.block(body);
    let asked = stmts.iter().position(|s| facts.stmt(*s).span.contains(facts.expr(probe.call).span))?;
    let (probe_stmt, next) = (stmts[asked], *stmts.get(asked + 1)?);
    if !matches!(facts.stmt(probe_stmt).kind, StmtKind::Expr(_) | StmtKind::Assign { .. } | StmtKind::AnnAssign { .. })
    {
        return None;
    }
    let handler_line = source.line_start(handler.span.start);
    let moved = Span::new(next_line(&source, facts.stmt(probe_stmt).span.end)?, handler_line);
    if moved.start > source.line_start(facts.stmt(next).span.start) {
        return None;
    }
    let text = without_blank_lines(source.slice(moved));
    let indent = source.slice(Span::new(handler_line, handler.span.start));
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let end = next_line(&source, handler.span.end).unwrap_or(source.text.len() as u32);
    let before = if source.slice(Span::new(0, end)).ends_with('\n') { "" } else { newline };
    let moved_text = format!("{before}{indent}else:{newline}{}{newline}", text.trim_end());
    Some(Fix {
        title: "Move the work to an `else:` of the `try`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![source.edit(moved, ""), source.edit(Span::new(end, end), moved_text)],
    })
}

/// A text from the first of its lines that is not blank.
fn without_blank_lines(mut text: &str) -> &str {
    while let Some((line, rest)) = text.split_once('\n')
        && line.trim().is_empty()
    {
        text = rest;
    }
    text
}

/// The start of the line after the one that holds `offset`; none on the last line.
fn next_line(source: &Source<'_>, offset: u32) -> Option<u32> {
    let rest = source.text.get(offset as usize..)?;
    rest.find('\n').map(|i| offset + i as u32 + 1)
}
