//! What a web application keeps since it starts and nothing closes when it shuts down (`owner-without-close`), or what is closed
//! without `await` (`close-not-awaited`).

use super::CheckedFile;
use crate::finding::{Confidence, Finding, Place};
use crate::fixes::Source;
use crate::ownership::app_state::{Slot, slot, stored_at};
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::resource::{Needs, Resources};
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// What the file's hooks make at the start and nothing closes.
pub(super) fn never_closed(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let held = checked.held();
    held.iter().filter_map(|held| left_open(checked, held)).collect()
}

fn left_open(checked: &mut CheckedFile<'_>, held: &Held) -> Option<Finding> {
    let (target, slot) = kept_in(checked.facts, held)?;
    let owned = &held.acquisition.owned;
    let scope = checked.facts.code_scope(checked.facts.expr(held.acquisition.call).scope);
    if owned.needs != Needs::Made || !is_hook(checked, scope) {
        return None;
    }
    if !slot.is_never_closed(checked.analysis, &mut checked.infer, &mut checked.graphs, owned) {
        return None;
    }
    let kept = Source::of(&checked.analysis.world, checked.file).expr(target);
    let what = super::named(kept, owned);
    let message = format!("{what} is never closed: nothing does so when the application shuts down");
    let confidence = checked.where_it_matters(scope, owned.confidence.min(Confidence::Likely));
    let mut finding = checked.finding(super::owner::WITHOUT_CLOSE, confidence, held.acquisition.call, message)?;
    finding.chain.extend(checked.origin_steps(owned));
    Some(finding)
}

/// Whether a function runs when the program starts.
fn is_hook(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    let def = Def { file: checked.file, scope };
    checked.analysis.graph.roots_of(def).iter().any(|root| root.is_startup)
}

/// The only place that has what was made, if that is a slot of an application.
fn kept_in(facts: &FileFacts, held: &Held) -> Option<(ExprId, Slot)> {
    let target_of = |value: ExprId| {
        let Parent::Stmt(stmt) = facts.expr(value).parent else { return None };
        let target = match facts.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } => match *facts.list(targets) {
                [target] => target,
                _ => return None,
            },
            StmtKind::AnnAssign { target, .. } => target,
            _ => return None,
        };
        (stored_at(facts, target) == Some(value)).then_some((target, slot(facts, target)?))
    };
    match (&held.holder, &held.life) {
        (Holder::Other, _) if held.acquisition.part.is_none() => target_of(held.acquisition.value),
        (Holder::Variable { .. }, Some(life)) if life.closed.is_empty() && !life.captured => match life.handed_on[..] {
            [at] => target_of(at),
            _ => None,
        },
        _ => None,
    }
}

/// The closes of what an application keeps whose coroutines are dropped.
pub(super) fn not_awaited(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let facts = checked.facts;
    if ["state", "app"].iter().all(|name| checked.index.name(name).is_none()) {
        return Vec::new();
    }
    let dropped = facts.stmts.iter().filter_map(|stmt| match stmt.kind {
        StmtKind::Expr(call) => Some(call),
        _ => None,
    });
    dropped.filter_map(|call| dropped_close(checked, call)).collect()
}

fn dropped_close(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Finding> {
    let (facts, analysis) = (checked.facts, checked.analysis);
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return None };
    let ExprKind::Attribute { value, attr } = facts.expr(func).kind else { return None };
    let kept = slot(facts, value).filter(|_| crate::ownership::uses::ends(facts.name(attr)))?;
    let values = kept.values(analysis);
    let first = *values.first()?;
    for (file, value) in values {
        let made = match analysis.world.facts(file).expr(value).kind {
            ExprKind::Await(call) => call,
            _ => value,
        };
        let [acquired] = &Resources::new(&analysis.world).acquired(&mut checked.infer, file, made)[..] else {
            return None;
        };
        let closes = &acquired.owned.closes;
        let is_close = closes.methods.first().is_some_and(|method| method == facts.name(attr));
        if acquired.value != value || !closes.awaited || !is_close {
            return None;
        }
    }
    let made = Place { file: first.0, span: analysis.world.facts(first.0).expr(first.1).span };
    super::close_not_awaited::dropped(checked, call, made, Confidence::Likely)
}
