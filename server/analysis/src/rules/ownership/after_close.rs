//! `use-after-close` and `double-close`: what a function does with something that it has closed on every path.

use super::{CheckedFile, described};
use crate::analysis::RawFinding;
use crate::finding::{Confidence, Finding};
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::lifetime::Lifetime;
use crate::ownership::summary::mentions;
use asyncwise_syntax::facts::*;

/// What is used after its close.
pub(in crate::rules) fn used(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut found = after_blocks(checked);
    found.extend(used_in_variables(checked));
    found
}

/// What is used after the `with` block that closes it.
fn after_blocks(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let held = checked.held();
    let blocks = held.iter().filter(|held| held.holder == Holder::Block && held.acquisition.part.is_none());
    blocks.filter_map(|held| after_block(checked, held)).map(|finding| (None, finding)).collect()
}

fn after_block(checked: &CheckedFile<'_>, held: &Held) -> Option<Finding> {
    let facts = checked.facts;
    let owned = &held.acquisition.owned;
    let Parent::Stmt(stmt) = facts.expr(held.acquisition.value).parent else { return None };
    let StmtKind::With { items, .. } = facts.stmt(stmt).kind else { return None };
    let item = facts.with_items[items.range()].iter().find(|item| item.context == held.acquisition.value)?;
    let ExprKind::Name(name) = facts.expr(item.target?).kind else { return None };
    let scope = facts.code_scope(facts.expr(item.context).scope);
    let is_bound_once = facts.bindings_of(scope).iter().filter(|b| b.name == name).count() == 1;
    let ends = owned.closes.methods.iter().all(|m| matches!(m.as_str(), "close" | "aclose" | "release"));
    // In a loop, what stands after the block comes before the next one.
    let is_looped = std::iter::successors(Some(stmt), |s| facts.stmt(*s).parent)
        .any(|s| matches!(facts.stmt(s).kind, StmtKind::For { .. } | StmtKind::While { .. }));
    if !is_bound_once || !ends || is_looped {
        return None;
    }
    let end = facts.stmt(stmt).span.end;
    let siblings = super::mend::siblings(facts, stmt, scope)?;
    let is_after = |mention: &ExprId| {
        let span = facts.expr(*mention).span;
        span.start >= end
            && siblings.iter().any(|s| facts.stmt(*s).span.contains(span))
            && is_waited_for(facts, *mention)
    };
    let is_here = |mention: &ExprId| facts.code_scope(facts.expr(*mention).scope) == scope;
    let first = mentions(facts, scope, name).into_iter().find(|m| is_here(m) && is_after(m))?;
    let confidence = checked.where_it_matters(scope, Confidence::Likely.min(owned.confidence));
    let what = format!("{} ({})", facts.name(name), owned.what);
    let message = format!("{what} is used here after the block that closes it");
    let mut finding = checked.finding("use-after-close", confidence, first, message)?;
    finding.chain.push(checked.step_at(held.acquisition.call, "closed at the end of this block"));
    Some(finding)
}

/// What is used after the call that closes it.
fn used_in_variables(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    of_each(checked, |checked, life| {
        let first = *life.used_closed.first()?;
        let is_over =
            life.closed.iter().all(|&closed| is_final(checked.facts, closed, life.acquisition.owned.closes.awaited));
        if !is_over || !is_waited_for(checked.facts, first) {
            return None;
        }
        let what = described(checked.facts, life);
        at_mention(
            checked,
            life,
            first,
            ("use-after-close", Confidence::Likely),
            format!("{what} is used here after it was closed"),
        )
    })
}

/// What is closed after its close.
pub(in crate::rules) fn closed_twice(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    of_each(checked, |checked, life| {
        let first = *life.closed_again.first()?;
        // Reading to the end closes, too, and may be asked for twice.
        let is_plain = |&closed: &ExprId| is_final(checked.facts, closed, life.acquisition.owned.closes.awaited);
        if !life.closed.iter().all(is_plain) {
            return None;
        }
        let what = described(checked.facts, life);
        at_mention(
            checked,
            life,
            first,
            ("double-close", Confidence::Possible),
            format!("{what} is closed here a second time: every path to this line has closed it"),
        )
    })
}

fn of_each(
    checked: &mut CheckedFile<'_>,
    find: impl Fn(&CheckedFile<'_>, &Lifetime) -> Option<Finding>,
) -> Vec<RawFinding> {
    let held = checked.held();
    let lives = held.iter().filter_map(|held: &Held| held.life.as_ref());
    lives.filter_map(|life| find(checked, life)).map(|finding| (None, finding)).collect()
}

fn at_mention(
    checked: &CheckedFile<'_>,
    life: &Lifetime,
    mention: ExprId,
    (rule, confidence): (&'static str, Confidence),
    message: String,
) -> Option<Finding> {
    let confidence = checked.where_it_matters(life.scope, confidence.min(life.acquisition.owned.confidence));
    let mut finding = checked.finding(rule, confidence, mention, message)?;
    let closed =
        life.closed.iter().copied().rfind(|&closed| closed != mention && before(checked.facts, closed, mention));
    finding.chain.push(checked.step_at(life.acquisition.call, "made here"));
    finding.chain.extend(closed.map(|closed| checked.step_at(closed, "closed here")));
    Some(finding)
}

fn before(facts: &FileFacts, a: ExprId, b: ExprId) -> bool {
    facts.expr(a).span.start < facts.expr(b).span.start
}

/// Whether a close is one after which there is nothing left to use: what is stopped, disconnected or disposed of may begin
/// again. A coroutine that is dropped closes nothing.
fn is_final(facts: &FileFacts, closed: ExprId, awaited: bool) -> bool {
    let Parent::Expr(attribute) = facts.expr(closed).parent else { return false };
    let ExprKind::Attribute { attr, .. } = facts.expr(attribute).kind else { return false };
    let Parent::Expr(call) = facts.expr(attribute).parent else { return false };
    let happens = !awaited || matches!(facts.expr(call).parent, Parent::Expr(_));
    happens && matches!(facts.name(attr), "close" | "aclose" | "release")
}

/// Whether a method is called on it and waited for: what is read of a closed object at once may well be there.
fn is_waited_for(facts: &FileFacts, mention: ExprId) -> bool {
    let mut at = mention;
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::Attribute { .. } => at = parent,
                ExprKind::Call { func, .. } if func == at => at = parent,
                ExprKind::Await(_) => return at != mention,
                _ => return false,
            },
            Parent::Stmt(stmt) => {
                let is_call = matches!(facts.expr(at).kind, ExprKind::Call { .. });
                return is_call
                    && matches!(
                        facts.stmt(stmt).kind,
                        StmtKind::With { is_async: true, .. } | StmtKind::For { is_async: true, .. }
                    );
            }
            Parent::Scope(_) => return false,
        }
    }
}
