//! `cross-loop-object`: an object that works on one event loop is used on another.

mod kept;
mod starts;

use super::CheckedFile;
use super::job::Runs;
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding};
use crate::knowledge::{Binds, LoopBound, written_name};
use crate::roots::is_test_module;
use crate::types::Ty;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

const RULE: &str = "cross-loop-object";

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let makes_some = checked.analysis.world.knowledge.loop_bound_names().any(|n| checked.index.name(n).is_some());
    if !makes_some || is_test_module(checked.analysis.world.program.module_name(checked.file)) {
        return Vec::new();
    }
    let mut findings = kept::find(checked);
    findings.extend(in_threads(checked));
    findings.into_iter().map(|finding| (None, finding)).collect()
}

/// A call that makes an object bound to a loop.
#[derive(Clone)]
struct Made {
    call: ExprId,
    path: SmolStr,
    row: &'static LoopBound,
}

/// What an expression makes, looked through `await`.
fn made(checked: &mut CheckedFile<'_>, expr: ExprId) -> Option<Made> {
    let call = match checked.facts.expr(expr).kind {
        ExprKind::Await(inner) => inner,
        _ => expr,
    };
    let ExprKind::Call { args, .. } = checked.facts.expr(call).kind else { return None };
    let path = checked.called_path(call)?;
    let row = checked.analysis.world.knowledge.loop_bound(&path)?;
    let is_unbound = row.unless_keyword.as_ref().is_some_and(|keyword| {
        checked
            .facts
            .args(args)
            .iter()
            .any(|a| a.star == Star::Two || a.name.is_some_and(|n| checked.facts.name(n) == keyword))
    });
    (!is_unbound).then_some(Made { call, path, row })
}

/// Objects of a coroutine's loop that a thread uses on a loop of its own.
fn in_threads(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = FxHashSet::default();
    if !checked.hands_to_threads() {
        return findings;
    }
    let calls: Vec<ExprId> = checked.calls().collect();
    for call in calls {
        let owner = checked.code_around(call);
        if checked.facts.scope(owner).kind != (ScopeKind::Function { is_async: true }) {
            continue;
        }
        let Some(runs) = checked.started(call) else { continue };
        let Some(started) = checked.job_loop(&runs) else { continue };
        for name in given_names(checked, call, owner, &runs) {
            let Some((variable, made)) = bound_local(checked, name, owner) else { continue };
            if !told.insert((call, variable)) {
                continue;
            }
            let starter = written_name(&started.starter);
            let what = checked.text_of(name);
            let message = format!(
                "{what} belongs to the event loop of this thread, and is used on the one that {starter}() runs in another"
            );
            let confidence = match made.row.binds {
                Binds::Contention => Confidence::Possible,
                _ => started.confidence.min(Confidence::Likely),
            };
            if let Some(mut finding) = checked.finding(RULE, confidence, name, message) {
                let text = format!("{}() works on one event loop only", written_name(&made.path));
                finding.chain = vec![checked.step_at(made.call, text), thread_step(checked, call)];
                findings.push(finding);
            }
        }
    }
    findings
}

fn thread_step(checked: &CheckedFile<'_>, call: ExprId) -> ChainStep {
    checked.step_at(call, "the thread with the other loop is started here".to_owned())
}

/// The variables of `owner` that a call speaks of which starts a thread, in its arguments or in the local function it runs.
fn given_names(checked: &mut CheckedFile<'_>, call: ExprId, owner: ScopeId, runs: &Runs) -> Vec<ExprId> {
    let mut spans = vec![checked.facts.expr(call).span];
    if let Runs::Expr(callable) = runs
        && let Ty::Function(def, _) = checked.infer.expr(checked.file, *callable)
        && def.file == checked.file
        && checked.facts.scope(def.scope).parent == Some(owner)
    {
        spans.push(checked.facts.scope(def.scope).span);
    }
    let names = checked.facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Name(_)));
    let inside = names.filter(|(_, e)| spans.iter().any(|span| span.contains(e.span)));
    let own = inside.filter(|(id, e)| match e.kind {
        ExprKind::Name(name) => checked.binder(*id, name) == Some(owner),
        _ => false,
    });
    own.map(|(id, _)| id).collect()
}

/// What a variable holds, where every value it may have there is bound to a loop.
fn bound_local(checked: &mut CheckedFile<'_>, name: ExprId, owner: ScopeId) -> Option<(NameId, Made)> {
    let ExprKind::Name(variable) = checked.facts.expr(name).kind else { return None };
    let bindings: Vec<Binding> = checked.index.bindings(checked.facts, owner, variable).copied().collect();
    let mut found = None;
    for binding in bindings {
        let value = match binding.kind {
            BindingKind::Assign { value, .. } => value,
            BindingKind::With { context, whole: true, is_async: true } => context,
            _ => return None,
        };
        found = Some(made(checked, value)?);
    }
    found.map(|made| (variable, made))
}
