//! `self-deadlocking-wait`: the thread of a loop waits for something that only this very loop can bring about.

use super::CheckedFile;
use super::job::Wait;
use super::origins::OwnLoop;
use super::way::way_to;
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix};
use crate::fixes::{Source, tidy};
use crate::settings::RunsOn;
use crate::sites::argument;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "self-deadlocking-wait";

/// Names without one of which nothing hands work to a loop from a thread.
const NAMES: &[&str] =
    &["run_coroutine_threadsafe", "call_soon_threadsafe", "call_soon", "create_task", "BlockingPortal", "call_later"];

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if !NAMES.iter().any(|n| checked.index.name(n).is_some()) {
        return Vec::new();
    }
    let calls: Vec<ExprId> = checked.calls().collect();
    let mut findings = Vec::new();
    let handed: Vec<Handed> = calls.iter().filter_map(|&call| handed(checked, call)).collect();
    if !handed.is_empty() {
        let mut told = Vec::new();
        for &call in &calls {
            findings.extend(waits_for_own(checked, call, &handed, &mut told));
        }
        findings.extend(waits_for_worker(checked, &calls, &handed));
    }
    findings.extend(calls.iter().filter_map(|&call| waits_for_event(checked, &calls, call)));
    findings.extend(calls.iter().filter_map(|&call| calls_through_portal(checked, call)));
    findings.into_iter().map(|finding| (None, finding)).collect()
}

/// A coroutine that `run_coroutine_threadsafe` hands to a loop.
struct Handed {
    /// The call.
    call: ExprId,
    /// The loop.
    to: ExprId,
}

fn handed(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Handed> {
    let ExprKind::Call { args, .. } = checked.facts.expr(call).kind else { return None };
    let path = checked.called_path(call)?;
    let to = argument(checked.facts, args, Some(1), Some("loop"))?;
    (path == "asyncio.run_coroutine_threadsafe").then_some(Handed { call, to })
}

/// `run_coroutine_threadsafe(c, own loop).result()` and the like. A second wait for what is `told` already says nothing
/// new: the first is never passed.
fn waits_for_own(
    checked: &mut CheckedFile<'_>,
    wait: ExprId,
    handed: &[Handed],
    told: &mut Vec<ExprId>,
) -> Option<Finding> {
    let of = checked.waited_for(wait);
    if of.is_empty() || of.iter().all(|o| told.contains(o)) || polls(checked, wait) || asks_first(checked, wait) {
        return None;
    }
    let ours: Vec<&Handed> = handed.iter().filter(|h| of.contains(&h.call)).collect();
    let (mut own, mut confidence) = (None, Confidence::Certain);
    for one in &ours {
        let found = checked.own_loop(one.to).and_then(|own| Some((own, certainty(checked, wait, own)?)));
        match found {
            Some((is, sure)) => (own, confidence) = (Some((is, *one)), confidence.min(sure)),
            None => confidence = Confidence::Likely.min(confidence),
        }
    }
    let (own, to_own) = own?;
    // A value from elsewhere may be in its place: another future, a result that is there.
    if ours.len() < of.len() {
        confidence = confidence.min(Confidence::Likely);
    }
    let start = checked.facts.expr(to_own.call).span.end;
    if checked.awaits_between(checked.code_around(wait), start, checked.facts.expr(wait).span.start) {
        return None;
    }
    let text = checked.text_of(wait);
    let end = if has_timeout(checked, wait) { "it blocks until the timeout" } else { "it never returns" };
    let message = format!("{text} waits for the event loop that runs on this very thread: {end}");
    let mut finding = checked.finding(RULE, confidence, wait, message)?;
    told.extend(of.iter().copied());
    finding.chain = steps(checked, wait, own, to_own);
    finding.fixes.extend(await_instead(checked, wait, to_own, ours.len() == of.len(), confidence));
    Some(finding)
}

/// How sure it is that the code at `wait` runs on the thread of a loop that is its own where it was taken.
fn certainty(checked: &mut CheckedFile<'_>, wait: ExprId, own: OwnLoop) -> Option<Confidence> {
    let owner = checked.code_around(wait);
    let is_here = own.made_at().is_none_or(|at| checked.code_around(at) == owner);
    match own {
        OwnLoop::Running(_) if is_here => Some(Confidence::Certain),
        OwnLoop::Running(_) | OwnLoop::Current(_) => {
            let on_loop = checked.on_loop(wait)?;
            let in_worker = checked.analysis.function_runs_on(Def { file: checked.file, scope: owner }, RunsOn::Worker);
            if in_worker && !is_here {
                return None;
            }
            Some(on_loop.confidence)
        }
        OwnLoop::Stored(_) => stored_certainty(checked, owner),
    }
}

/// How sure it is that a method runs on the loop that its object keeps: as a coroutine, or called by one of the class.
fn stored_certainty(checked: &CheckedFile<'_>, owner: ScopeId) -> Option<Confidence> {
    let def = Def { file: checked.file, scope: owner };
    let class = checked.analysis.world.class_of(def)?;
    let way = way_to(checked.analysis, def, RunsOn::Loop)?;
    let graph = &checked.analysis.graph;
    let is_ours =
        |at: Def| checked.analysis.world.class_of(at) == Some(class) && checked.analysis.world.is_async(way.root);
    let within = is_ours(way.root) && way.sites.iter().all(|at| is_ours(graph.owner(*at)));
    let elsewhere = checked.analysis.function_runs_on(def, RunsOn::Worker);
    (within && !elsewhere && way.confidence >= Confidence::Likely).then_some(Confidence::Likely)
}

fn steps(checked: &CheckedFile<'_>, wait: ExprId, own: OwnLoop, handed: &Handed) -> Vec<ChainStep> {
    let mut steps = Vec::new();
    if let Some(at) = own.made_at() {
        let what = match own {
            OwnLoop::Stored(_) => "the loop that this object keeps is the one it runs on",
            _ => "this is the event loop that runs on this thread",
        };
        steps.push(checked.step_at(at, what.to_owned()));
    }
    let line = |expr: ExprId| checked.facts.stmt_of(expr);
    if line(handed.call) != line(wait) {
        steps.push(checked.step_at(handed.call, "the coroutine is handed to that loop here".to_owned()));
    }
    steps
}

/// `await c`, or `await asyncio.wrap_future(future)` where the future is kept.
fn await_instead(
    checked: &CheckedFile<'_>,
    wait: ExprId,
    handed: &Handed,
    is_only: bool,
    confidence: Confidence,
) -> Option<Fix> {
    let source = Source::of(&checked.analysis.world, checked.file);
    let ExprKind::Call { func, args } = source.facts.expr(wait).kind else { return None };
    let ExprKind::Attribute { value, attr } = source.facts.expr(func).kind else { return None };
    let ExprKind::Call { args: given, .. } = source.facts.expr(handed.call).kind else { return None };
    if source.facts.name(attr) != "result" || !is_only || !source.await_is_legal(wait) {
        return None;
    }
    let timeout = argument(source.facts, args, Some(0), Some("timeout"));
    let is_direct = value == handed.call;
    let what = if is_direct {
        source.operand(argument(source.facts, given, Some(0), Some("coro"))?)
    } else {
        format!("asyncio.wrap_future({})", source.expr(value))
    };
    let (operand, uses_asyncio) = match timeout {
        Some(timeout) => (format!("asyncio.wait_for({what}, {})", source.expr(timeout)), true),
        None => (what, !is_direct),
    };
    let mut edits = vec![source.edit(source.facts.expr(wait).span, source.awaited(wait, &operand))];
    if uses_asyncio {
        edits.extend(source.import("asyncio"));
    }
    let is_safe = is_direct && timeout.is_none() && confidence == Confidence::Certain;
    Some(Fix {
        title: if is_direct { "Await the coroutine" } else { "Await the future" }.to_owned(),
        applicability: if is_safe { Applicability::Safe } else { Applicability::Unsafe },
        edits: tidy(edits)?,
    })
}

/// `timeout=0`: it asks and does not wait.
fn polls(checked: &mut CheckedFile<'_>, wait: ExprId) -> bool {
    timeout_of(checked, wait).is_some_and(|t| match checked.facts.expr(t).kind {
        ExprKind::Int(value) => value == 0,
        _ => false,
    })
}

fn has_timeout(checked: &mut CheckedFile<'_>, wait: ExprId) -> bool {
    timeout_of(checked, wait).is_some_and(|t| checked.facts.expr(t).kind != ExprKind::None)
}

fn timeout_of(checked: &mut CheckedFile<'_>, wait: ExprId) -> Option<ExprId> {
    let ExprKind::Call { args, .. } = checked.facts.expr(wait).kind else { return None };
    // `wait(futures, timeout)`, but `future.result(timeout)`.
    let position = u32::from(checked.waits_for_futures(wait));
    argument(checked.facts, args, Some(position), Some("timeout"))
}

/// Whether the function asks a future whether it is done before it waits.
fn asks_first(checked: &CheckedFile<'_>, wait: ExprId) -> bool {
    let Some(done) = checked.index.name("done") else { return false };
    let owner = checked.code_around(wait);
    let before = checked.facts.expr(wait).span.start;
    checked.facts.exprs().any(|(id, e)| match e.kind {
        ExprKind::Attribute { attr, .. } => attr == done && e.span.end <= before && checked.code_around(id) == owner,
        _ => false,
    })
}

/// A wait for a thread whose function waits for this loop in its turn.
fn waits_for_worker(checked: &mut CheckedFile<'_>, calls: &[ExprId], handed: &[Handed]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for job in checked.jobs() {
        let Wait::Call(wait) = job.wait else { continue };
        let super::job::Runs::Expr(callable) = job.runs else { continue };
        let Ty::Function(def, _) = checked.infer.expr(checked.file, callable) else { continue };
        let outer = checked.code_around(wait);
        let inner: Vec<ExprId> = calls.iter().copied().filter(|c| checked.code_around(*c) == def.scope).collect();
        if def.file != checked.file || inner.is_empty() || polls(checked, wait) {
            continue;
        }
        let waits = inner.into_iter().find_map(|call| {
            let of = checked.waited_for(call);
            let one = handed.iter().find(|h| of.contains(&h.call))?;
            let own = checked.own_loop(one.to)?;
            let taken_here = own.made_at().is_some_and(|at| checked.code_around(at) == outer);
            taken_here.then_some((call, own))
        });
        let (Some((inner_wait, own)), Some(on_loop)) = (waits, checked.on_loop(wait)) else { continue };
        let name = checked.analysis.short_name(def);
        let end = if has_timeout(checked, wait) { "it blocks until the timeout" } else { "it never returns" };
        let message =
            format!("{} waits for a thread that waits for the event loop of this one: {end}", checked.text_of(wait));
        let confidence = on_loop.confidence;
        let Some(mut finding) = checked.finding(RULE, confidence, wait, message) else { continue };
        finding.chain = own
            .made_at()
            .map(|at| checked.step_at(at, "this is the event loop that runs on this thread".to_owned()))
            .into_iter()
            .collect();
        finding.chain.push(checked.step_at(inner_wait, format!("{name} waits for that loop here, in the thread")));
        findings.push(finding);
    }
    findings
}

/// `event.wait()` for a `threading.Event` that a callback or coroutine on this loop sets.
fn waits_for_event(checked: &mut CheckedFile<'_>, calls: &[ExprId], wait: ExprId) -> Option<Finding> {
    let ExprKind::Call { func, .. } = checked.facts.expr(wait).kind else { return None };
    let ExprKind::Attribute { value, attr } = checked.facts.expr(func).kind else { return None };
    let ExprKind::Name(event) = checked.facts.expr(value).kind else { return None };
    if checked.facts.name(attr) != "wait"
        || checked.called_path(wait)? != "threading.Event.wait"
        || polls(checked, wait)
    {
        return None;
    }
    let owner = checked.code_around(wait);
    let made = checked.origins(value).exprs;
    if made.is_empty() || made.iter().any(|m| checked.code_around(*m) != owner) {
        return None;
    }
    let before = checked.facts.expr(wait).span.start;
    let set_at = calls.iter().copied().find(|&call| {
        checked.code_around(call) == owner
            && checked.facts.expr(call).span.end <= before
            && schedules_here(checked, call)
            && mentions(checked, call, event)
    })?;
    let set_end = checked.facts.expr(set_at).span.end;
    let on_loop = checked.on_loop(wait)?;
    if on_loop.confidence < Confidence::Likely
        || checked.awaits_between(owner, set_end, before)
        || has_thread(checked, calls, event, owner)
    {
        return None;
    }
    let end = if has_timeout(checked, wait) { "it blocks until the timeout" } else { "it never returns" };
    let message = format!("{} waits for the event loop that runs on this very thread: {end}", checked.text_of(wait));
    let mut finding = checked.finding(RULE, on_loop.confidence.min(Confidence::Likely), wait, message)?;
    finding.chain = on_loop.chain;
    finding.chain.push(checked.step_at(set_at, "what sets the event is handed to that loop here".to_owned()));
    Some(finding)
}

/// Whether a call hands work to the loop of its own thread.
fn schedules_here(checked: &mut CheckedFile<'_>, call: ExprId) -> bool {
    let ExprKind::Call { func, args } = checked.facts.expr(call).kind else { return false };
    if checked.called_path(call).is_some_and(|p| p == "asyncio.create_task" || p == "asyncio.ensure_future") {
        return true;
    }
    if let Some(handed) = handed(checked, call) {
        return checked.own_loop(handed.to).is_some_and(|own| !matches!(own, OwnLoop::Stored(_)));
    }
    let ExprKind::Attribute { value, attr } = checked.facts.expr(func).kind else { return false };
    let schedules = matches!(
        checked.facts.name(attr),
        "call_soon_threadsafe" | "call_soon" | "call_later" | "call_at" | "create_task"
    );
    schedules && !args.is_empty() && checked.own_loop(value).is_some_and(|own| !matches!(own, OwnLoop::Stored(_)))
}

/// Whether the arguments of a call speak of a variable, themselves or in a function that they name.
fn mentions(checked: &CheckedFile<'_>, call: ExprId, name: NameId) -> bool {
    let ExprKind::Call { args, .. } = checked.facts.expr(call).kind else { return false };
    let speaks =
        |span: Span| checked.facts.exprs.iter().any(|e| span.contains(e.span) && e.kind == ExprKind::Name(name));
    checked.facts.args(args).iter().any(|arg| {
        let span = checked.facts.expr(arg.value).span;
        speaks(span)
            || checked.facts.exprs().filter(|(_, e)| span.contains(e.span)).any(|(id, e)| match e.kind {
                ExprKind::Name(function) => {
                    local_function(checked, id, function).is_some_and(|scope| speaks(checked.facts.scope(scope).span))
                }
                _ => false,
            })
    })
}

/// The function of the same scope that a name stands for.
fn local_function(checked: &CheckedFile<'_>, at: ExprId, name: NameId) -> Option<ScopeId> {
    let binder = checked.binder(at, name)?;
    if binder != checked.code_around(at) {
        return None;
    }
    checked.index.bindings(checked.facts, binder, name).find_map(|b| match b.kind {
        BindingKind::Def(scope) => Some(scope),
        _ => None,
    })
}

/// Whether a thread is given the event as well: that may set it.
fn has_thread(checked: &mut CheckedFile<'_>, calls: &[ExprId], event: NameId, owner: ScopeId) -> bool {
    calls.iter().any(|&call| {
        let path = checked.called_path(call);
        let offloads = path.is_some_and(|p| checked.analysis.world.knowledge.offload(&p).is_some());
        offloads && checked.code_around(call) == owner && mentions(checked, call, event)
    })
}

/// A call through a portal into the loop of the same thread: `async with BlockingPortal() as portal: portal.call(f)`.
fn calls_through_portal(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Finding> {
    let ExprKind::Call { func, .. } = checked.facts.expr(call).kind else { return None };
    let ExprKind::Attribute { value, attr } = checked.facts.expr(func).kind else { return None };
    let ExprKind::Name(name) = checked.facts.expr(value).kind else { return None };
    if !matches!(checked.facts.name(attr), "call" | "start_task" | "start_task_soon") {
        return None;
    }
    let is_portal = matches!(checked.infer.expr(checked.file, value),
        Ty::Instance(Class::External(path)) if path == "anyio.from_thread.BlockingPortal");
    let owner = checked.code_around(call);
    let binder = checked.binder(value, name).filter(|_| is_portal)?;
    let opened = checked.index.bindings(checked.facts, binder, name).find_map(|b| match b.kind {
        BindingKind::With { context, whole: true, is_async: true } => Some(context),
        _ => None,
    })?;
    let in_worker = checked.analysis.function_runs_on(Def { file: checked.file, scope: owner }, RunsOn::Worker);
    let on_loop = checked.on_loop(call)?;
    if in_worker || on_loop.confidence < Confidence::Likely {
        return None;
    }
    let message =
        format!("{} raises here: it is called on the thread of the portal's own event loop", checked.text_of(call));
    let mut finding = checked.finding(RULE, on_loop.confidence, call, message)?;
    finding.chain = on_loop.chain;
    finding.chain.push(checked.step_at(opened, "the portal belongs to the event loop of this thread".to_owned()));
    Some(finding)
}
