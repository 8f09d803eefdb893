//! `task-without-loop`: a task is made, or the running loop asked for, where no loop runs.

use super::CheckedFile;
use super::switch;
use super::way::{Way, step, way_to};
use crate::analysis::{Analysis, RawFinding};
use crate::finding::{ChainStep, Confidence, FileId};
use crate::flow::StateSet;
use crate::graph::{Reason, SiteRef};
use crate::index::Slot;
use crate::roots::is_test_module;
use crate::settings::RunsOn;
use crate::sites::is_conditional;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;

const RULE: &str = "task-without-loop";

/// Names without one of which nothing needs a running loop.
const NAMES: &[&str] = &["create_task", "get_running_loop", "ensure_future", "current_task", "all_tasks"];

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if !NAMES.iter().any(|n| checked.index.name(n).is_some()) || is_test(checked) {
        return Vec::new();
    }
    let calls: Vec<ExprId> = checked.calls().collect();
    let mut told = FxHashSet::default();
    let mut findings = Vec::new();
    for call in calls {
        let owner = checked.code_around(call);
        let is_plain = !matches!(checked.facts.scope(owner).kind, ScopeKind::Function { is_async: true });
        // What comes after the first call that raises is not reached.
        if !is_plain || told.contains(&owner) {
            continue;
        }
        let Some(need) = need(checked, call) else { continue };
        if let Some(finding) = finding(checked, call, owner, need) {
            told.insert(owner);
            findings.push(finding);
        }
    }
    findings
}

fn is_test(checked: &CheckedFile<'_>) -> bool {
    is_test_module(checked.analysis.world.program.module_name(checked.file))
}

/// What a call needs to work.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Need {
    /// A running loop on this thread.
    Running,
    /// A loop that is this thread's current one: the main thread of older versions makes one when asked.
    Current,
}

fn need(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Need> {
    let ExprKind::Call { args, .. } = checked.facts.expr(call).kind else { return None };
    let given = |name: &str| {
        checked
            .facts
            .args(args)
            .iter()
            .any(|a| a.star == Star::Two || a.name.is_some_and(|n| checked.facts.name(n) == name))
    };
    let is_given = given("loop");
    match checked.called_path(call)?.as_str() {
        "asyncio.create_task" | "asyncio.get_running_loop" => Some(Need::Running),
        "asyncio.current_task" | "asyncio.all_tasks" if args.is_empty() => Some(Need::Running),
        "asyncio.ensure_future" if !is_given => Some(Need::Current),
        _ => None,
    }
}

fn finding(checked: &mut CheckedFile<'_>, call: ExprId, owner: ScopeId, need: Need) -> Option<RawFinding> {
    if !checked.states_at(call).intersects(StateSet::WHEN_NOT_RUNNING) || is_tried(checked, call) {
        return None;
    }
    let analysis = checked.analysis;
    let def = Def { file: checked.file, scope: owner };
    let without = without_loop(checked, def, call, need)?;
    let is_conditional = is_conditional(&analysis.world, checked.file, call, owner);
    if without.conditions + usize::from(is_conditional) > 1
        || switch::is_off_before(analysis, &without.calls, def, call)
    {
        return None;
    }
    // What also runs on a loop may be meant for that only.
    let is_mixed = analysis.function_runs_on(def, RunsOn::Loop);
    let is_sure = !is_conditional && !is_mixed;
    let confidence = without.confidence.min(if is_sure { Confidence::Certain } else { Confidence::Likely });
    let message = format!("{} raises here: {}", checked.text_of(call), without.why);
    let mut finding = checked.finding(RULE, confidence, call, message)?;
    finding.chain = without.chain;
    Some((None, finding))
}

/// Whether the call stands in a `try` that handles a RuntimeError, or in a `suppress`.
fn is_tried(checked: &mut CheckedFile<'_>, call: ExprId) -> bool {
    let Some(mut at) = checked.facts.stmt_of(call) else { return false };
    loop {
        if let StmtKind::With { items, .. } = checked.facts.stmt(at).kind {
            let items = checked.facts.with_items[items.range()].to_vec();
            let swallows = |path: &str| matches!(path, "contextlib.suppress" | "pytest.raises");
            if items.iter().any(|i| checked.called_path(i.context).is_some_and(|p| swallows(&p))) {
                return true;
            }
        }
        let Some(parent) = checked.facts.stmt(at).parent else { return false };
        if let StmtKind::Try { handlers, .. } = checked.facts.stmt(parent).kind
            && checked.index.slot(at) == Slot::Try
            && checked.facts.handlers[handlers.range()].iter().any(|h| takes_runtime_error(checked.facts, h.types))
        {
            return true;
        }
        at = parent;
    }
}

fn takes_runtime_error(facts: &FileFacts, types: Option<ExprId>) -> bool {
    let Some(types) = types else { return true };
    match &facts.expr(types).kind {
        ExprKind::Name(name) => matches!(facts.name(*name), "RuntimeError" | "Exception" | "BaseException"),
        ExprKind::Tuple(items) => facts.list(*items).iter().any(|i| takes_runtime_error(facts, Some(*i))),
        _ => false,
    }
}

/// How code comes to a function where no loop runs.
struct Without {
    /// Why none runs, in words.
    why: &'static str,
    /// How sure it is that the code comes there.
    confidence: Confidence,
    /// How many of the calls may be passed by.
    conditions: usize,
    /// The calls, from where the thread comes in.
    calls: Vec<SiteRef>,
    /// The same for a person.
    chain: Vec<ChainStep>,
}

fn without_loop(checked: &CheckedFile<'_>, def: Def, call: ExprId, need: Need) -> Option<Without> {
    let analysis = checked.analysis;
    let in_worker = way_to(analysis, def, RunsOn::Worker).filter(|way| is_sure(analysis, way));
    if let Some(way) = in_worker {
        return Some(Without {
            why: "no event loop runs on this thread; asyncio.run_coroutine_threadsafe() hands a coroutine to one",
            confidence: way.confidence,
            conditions: way.conditions,
            chain: way.chain(analysis, RunsOn::Worker),
            calls: way.sites,
        });
    }
    if need == Need::Running { from_module(checked, def, call) } else { None }
}

/// Whether every step of a way is known, and none says that a loop runs.
fn is_sure(analysis: &Analysis, way: &Way) -> bool {
    let graph = &analysis.graph;
    let idles = way.sites.iter().all(|at| graph.site(*at).states.intersects(StateSet::WHEN_NOT_RUNNING));
    let entry = way.entry(analysis, RunsOn::Worker);
    let tests = entry.is_some_and(|root| root.is_test);
    let handed = entry.is_none_or(|root| match root.reason {
        Reason::Scheduled(at) => graph.site(at).confidence >= Confidence::Likely,
        _ => true,
    });
    idles && handed && !tests && way.confidence >= Confidence::Likely && way.conditions <= 1
}

/// A way that is still being followed up.
#[derive(Clone)]
struct Step {
    at: Def,
    confidence: Confidence,
    conditions: usize,
    calls: Vec<SiteRef>,
}

/// How code of a module outside of functions, which runs when a program starts, comes to a function.
fn from_module(checked: &CheckedFile<'_>, def: Def, call: ExprId) -> Option<Without> {
    let analysis = checked.analysis;
    let mut seen: FxHashSet<Def> = [def].into_iter().collect();
    // Breadth first, so that the way found is a shortest one.
    let mut queue = vec![Step { at: def, confidence: Confidence::Certain, conditions: 0, calls: Vec::new() }];
    let mut next = 0;
    while let Some(step) = queue.get(next).cloned() {
        next += 1;
        if step.at.scope == ScopeId::MODULE {
            return starts_program(analysis, step.at).then(|| without_at_start(analysis, step, (def.file, call)));
        }
        for &caller in analysis.graph.callers_of(step.at) {
            let site = analysis.graph.site(caller);
            let owner = analysis.graph.owner(caller);
            let idles = site.states.intersects(StateSet::WHEN_NOT_RUNNING);
            let conditions = step.conditions + usize::from(site.conditional && owner.scope != ScopeId::MODULE);
            let leads = idles && site.confidence >= Confidence::Likely && conditions <= 1;
            let enters = owner.scope != ScopeId::MODULE || starts_program(analysis, owner);
            if leads && enters && !analysis.world.is_async(owner) && queue.len() < MAX_CALLERS && seen.insert(owner) {
                let mut calls = vec![caller];
                calls.extend(&step.calls);
                queue.push(Step { at: owner, confidence: step.confidence.min(site.confidence), conditions, calls });
            }
        }
    }
    None
}

/// How many functions are looked at for a way from a module.
const MAX_CALLERS: usize = 500;

/// Whether code of a module runs where no loop does: in a notebook one runs, and test runners may have theirs.
fn starts_program(analysis: &Analysis, module: Def) -> bool {
    let program = &analysis.world.program;
    !program.file(module.file).is_notebook && !is_test_module(program.module_name(module.file))
}

fn without_at_start(analysis: &Analysis, way: Step, need: (FileId, ExprId)) -> Without {
    let mut chain: Vec<ChainStep> = way.calls.iter().map(|&at| step(analysis, at)).collect();
    let mut confidence = way.confidence;
    // A module may also be loaded by a coroutine that imports it.
    let (file, first) = way.calls.first().map_or(need, |at| (at.file, analysis.graph.site(*at).expr));
    if way.conditions > 0 || !is_under_main(analysis.world.facts(file), first) {
        confidence = confidence.min(Confidence::Likely);
    }
    if let (Some(first), Some(at)) = (chain.first_mut(), way.calls.first()) {
        first.message = format!("{} is called while the program starts", analysis.site_text(*at));
    }
    Without {
        why: "no event loop is running yet; call it in a coroutine that asyncio.run() runs",
        confidence,
        conditions: way.conditions,
        calls: way.calls,
        chain,
    }
}

/// Whether an expression stands under `if __name__ == "__main__"`.
fn is_under_main(facts: &FileFacts, expr: ExprId) -> bool {
    let mut at = facts.stmt_of(expr);
    while let Some(stmt) = at {
        if let StmtKind::If { test, .. } = facts.stmt(stmt).kind
            && let ExprKind::Compare { operands, .. } = facts.expr(test).kind
            && facts.list(operands).iter().any(|o| facts.dotted(*o).is_some_and(|d| d == "__name__"))
        {
            return true;
        }
        at = facts.stmt(stmt).parent;
    }
    false
}
