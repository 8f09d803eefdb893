//! `dual-mode-bridge`: a function that gives a task where a loop runs and a value where none does, or that drops the
//! work on a loop and finishes it without.

use super::CheckedFile;
use super::tried::last_name;
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::flow::{Definition, LoopFlow, StateSet};
use crate::types::Ty;
use asyncwise_syntax::facts::*;

const RULE: &str = "dual-mode-bridge";
/// Names without which no function in a file forks on the loop.
const STARTERS: &[&str] = &["run", "run_until_complete"];
/// Calls that schedule a coroutine on a loop.
const SCHEDULES: &[&str] = &["create_task", "ensure_future", "run_coroutine_threadsafe"];
/// Classes that an annotation names to say that the result may have to be awaited.
const AWAITABLES: &[&str] = &["Awaitable", "Coroutine", "Future", "Task"];

/// What a function does where a loop runs.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum OnLoop {
    /// It returns something to be awaited.
    Awaitable,
    /// It schedules the work and forgets it.
    Dropped,
    /// It schedules the work and keeps the task.
    Kept,
}

/// The two arms of a function.
struct Arms {
    on_loop: OnLoop,
    /// The returned value, or the call that schedules the work.
    running: ExprId,
    /// The call that starts a loop.
    start: ExprId,
    /// The value of the start is returned.
    has_value: bool,
}

/// The findings in one file: at most one for each function.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    if !STARTERS.iter().any(|name| checked.index.name(name).is_some()) {
        return Vec::new();
    }
    let mut starts: Vec<(ScopeId, ExprId)> = Vec::new();
    for (call, expr) in facts.exprs() {
        let ExprKind::Call { func, .. } = expr.kind else { continue };
        let owner = checked.owner_of(call).scope;
        let scope = facts.scope(owner);
        let is_plain = scope.kind == ScopeKind::Function { is_async: false } && !scope.has_yield;
        // Nobody waits for `__del__`.
        let is_plain = is_plain && facts.name(scope.name) != "__del__";
        if is_plain && STARTERS.contains(&last_name(facts, func)) && checked.starter(call).is_some() {
            starts.push((owner, call));
        }
    }
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for (owner, start) in starts {
        if seen.contains(&owner) {
            continue;
        }
        if let Some(arms) = arms(checked, owner, start) {
            seen.push(owner);
            findings.extend(finding(checked, owner, &arms).map(|f| (None, f)));
        }
    }
    findings
}

fn arms(checked: &mut CheckedFile<'_>, owner: ScopeId, start: ExprId) -> Option<Arms> {
    let facts = checked.facts;
    let flow = checked.flows.of(owner);
    let at_start = flow.state_at(facts, start).explicit();
    if at_start.is_empty() || at_start == StateSet::RUNNING {
        return None;
    }
    let has_value = is_returned(checked, &flow, owner, start);
    // The start itself proves that no loop runs, or the other arm that one does.
    let forks = |states: StateSet| {
        let only_running = states.intersects(StateSet::RUNNING) && !states.intersects(StateSet::NOT_RUNNING);
        only_running
            || at_start == StateSet::NOT_RUNNING
                && !states.explicit().is_empty()
                && states.explicit() != StateSet::NOT_RUNNING
    };
    if has_value && let Some(running) = awaitable_return(checked, &flow, owner, &forks) {
        return Some(Arms { on_loop: OnLoop::Awaitable, running, start, has_value });
    }
    let (running, on_loop) = scheduled(checked, &flow, owner, start, &forks)?;
    Some(Arms { on_loop, running, start, has_value })
}

/// Whether the value of the start is what the function returns on some path.
fn is_returned(checked: &CheckedFile<'_>, flow: &LoopFlow, owner: ScopeId, start: ExprId) -> bool {
    returned(checked, owner).any(|value| {
        let when = StateSet::EXPLICIT;
        value == start || flow.definitions_at(checked.facts, value, when).contains(&Definition::Expr(start))
    })
}

/// The values that a function returns.
fn returned<'a>(checked: &'a CheckedFile<'_>, owner: ScopeId) -> impl Iterator<Item = ExprId> + 'a {
    checked.index.returns.get(&owner).into_iter().flatten().filter_map(|(_, value)| *value)
}

/// A returned value that has to be awaited, on a path where a loop runs.
fn awaitable_return(
    checked: &mut CheckedFile<'_>,
    flow: &LoopFlow,
    owner: ScopeId,
    forks: &dyn Fn(StateSet) -> bool,
) -> Option<ExprId> {
    let facts = checked.facts;
    let values: Vec<ExprId> = returned(checked, owner).collect();
    values.into_iter().find(|&value| {
        if !forks(flow.state_at(facts, value)) {
            return false;
        }
        let is_name = matches!(facts.expr(value).kind, ExprKind::Name(_));
        let sources: Vec<ExprId> = match is_name {
            true => {
                let definitions = flow.definitions_at(facts, value, StateSet::WHEN_RUNNING);
                definitions.iter().filter_map(|d| if let Definition::Expr(e) = d { Some(*e) } else { None }).collect()
            }
            false => vec![value],
        };
        !sources.is_empty() && sources.iter().all(|e| is_awaitable(checked, *e))
    })
}

fn is_awaitable(checked: &mut CheckedFile<'_>, expr: ExprId) -> bool {
    let ty = checked.infer.expr(checked.file, expr);
    if ty.parts().iter().all(|p| matches!(p, Ty::Coroutine(_) | Ty::Awaitable(_))) {
        return true;
    }
    schedules(checked.facts, expr)
}

fn schedules(facts: &FileFacts, call: ExprId) -> bool {
    match facts.expr(call).kind {
        ExprKind::Call { func, .. } => SCHEDULES.contains(&last_name(facts, func)),
        _ => false,
    }
}

/// A call that schedules the same work that the start runs, where a loop runs and the result gets lost.
fn scheduled(
    checked: &CheckedFile<'_>,
    flow: &LoopFlow,
    owner: ScopeId,
    start: ExprId,
    forks: &dyn Fn(StateSet) -> bool,
) -> Option<(ExprId, OnLoop)> {
    let facts = checked.facts;
    let work = work_of(checked, start)?;
    let calls = checked.calls_in(facts.scope(owner).span, owner);
    let same = calls.into_iter().filter(|c| schedules(facts, *c) && work_of(checked, *c) == Some(work.clone()));
    let mut found =
        same.filter(|c| forks(flow.state_at(facts, *c))).filter_map(|c| Some((c, fate(checked, owner, c)?)));
    found.next()
}

/// What happens to a task: none where the function waits for it, returns it or hands it to something.
fn fate(checked: &CheckedFile<'_>, owner: ScopeId, call: ExprId) -> Option<OnLoop> {
    let facts = checked.facts;
    let Parent::Stmt(stmt) = facts.expr(call).parent else { return None };
    let StmtKind::Assign { targets, .. } = &facts.stmt(stmt).kind else {
        return matches!(facts.stmt(stmt).kind, StmtKind::Expr(_)).then_some(OnLoop::Dropped);
    };
    let [target] = *facts.list(*targets) else { return None };
    let ExprKind::Name(name) = facts.expr(target).kind else { return Some(OnLoop::Kept) };
    let span = facts.scope(owner).span;
    let mut uses =
        facts.exprs().filter(|(id, e)| e.kind == ExprKind::Name(name) && *id != target && span.contains(e.span));
    let mut fate = OnLoop::Dropped;
    uses.try_for_each(|(id, _)| {
        fate = OnLoop::Kept;
        is_kept(facts, id).then_some(())
    })?;
    Some(fate)
}

/// Whether a use of a task only keeps it, or has something done when it ends.
fn is_kept(facts: &FileFacts, name: ExprId) -> bool {
    match facts.expr(name).parent {
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => {
                matches!(facts.name(attr), "add_done_callback" | "set_name" | "add_note")
            }
            ExprKind::Call { func, .. } => matches!(last_name(facts, func), "add" | "append"),
            _ => false,
        },
        Parent::Stmt(stmt) => matches!(facts.stmt(stmt).kind, StmtKind::Assign { .. }),
        Parent::Scope(_) => false,
    }
}

/// The text of the coroutine that a call is given, without the arguments of a call.
fn work_of(checked: &CheckedFile<'_>, call: ExprId) -> Option<String> {
    let facts = checked.facts;
    let ExprKind::Call { args, .. } = facts.expr(call).kind else { return None };
    let first = facts.args(args).first()?.value;
    match facts.expr(first).kind {
        ExprKind::Call { func, .. } => facts.dotted(func),
        _ => facts.dotted(first),
    }
}

fn finding(checked: &mut CheckedFile<'_>, owner: ScopeId, arms: &Arms) -> Option<Finding> {
    let confidence = match (arms.on_loop, arms.has_value) {
        (OnLoop::Awaitable, _) if says_so(checked, owner) => Confidence::Possible,
        (OnLoop::Awaitable, _) | (OnLoop::Dropped | OnLoop::Kept, true) => Confidence::Likely,
        (OnLoop::Dropped, false) => Confidence::Possible,
        // Whoever keeps the task may wait for it.
        (OnLoop::Kept, false) => return None,
    };
    let facts = checked.facts;
    let name = facts.name(facts.scope(owner).name).to_owned();
    let message = match (arms.on_loop, arms.has_value) {
        (OnLoop::Awaitable, _) => {
            format!("{name}() gives something to await where a loop runs, and the result where none does")
        }
        (_, true) => format!(
            "{name}() gives the result where no loop runs, and loses it where one does: the task is not waited for"
        ),
        (_, false) => {
            format!("{name}() returns before the work is done where a loop runs, and after it where none does")
        }
    };
    let analysis = checked.analysis;
    let mut finding = checked.finding(RULE, confidence, arms.running, message)?;
    let at = |expr: ExprId| Place { file: checked.file, span: facts.expr(expr).span };
    let start = match facts.expr(arms.start).kind {
        ExprKind::Call { func, .. } => analysis.call_text(checked.file, func),
        _ => return None,
    };
    let running = match arms.on_loop {
        OnLoop::Awaitable => "where a loop runs, this is returned to be awaited",
        OnLoop::Dropped => "where a loop runs, this task is left to itself",
        OnLoop::Kept => "where a loop runs, this task goes on by itself",
    };
    finding.chain.push(ChainStep { place: at(arms.running), message: running.to_owned() });
    let message = format!("where none runs, {start}() waits until the work is done");
    finding.chain.push(ChainStep { place: at(arms.start), message });
    Some(finding)
}

/// Whether the annotation of the result says that it may have to be awaited.
fn says_so(checked: &CheckedFile<'_>, owner: ScopeId) -> bool {
    let facts = checked.facts;
    let Some(returns) = facts.scope(owner).returns else { return false };
    let span = facts.expr(returns).span;
    facts.exprs.iter().any(|e| match e.kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => {
            span.contains(e.span) && AWAITABLES.contains(&facts.name(n))
        }
        _ => false,
    })
}
