//! A subprocess that is waited for until a deadline, after which nothing ends it: it runs on.

use super::{CheckedFile, described};
use crate::finding::{Confidence, Finding};
use crate::ownership::lifetime::Lifetime;
use crate::ownership::uses::last_name;
use asyncwise_syntax::facts::*;

/// Attributes of a process by which it is told, or may be told, to end.
const ENDS: &[&str] = &["kill", "pid", "send_signal", "stdin", "terminate", "_transport"];
/// Blocks that give up what runs in them.
const DEADLINES: &[&str] = &["timeout", "timeout_at", "move_on_after", "move_on_at", "fail_after", "fail_at"];

/// The finding of a process that runs on when waiting for it takes too long.
pub(super) fn finding(checked: &CheckedFile<'_>, life: &Lifetime) -> Option<Finding> {
    let facts = checked.facts;
    let owned = &life.acquisition.owned;
    let is_process =
        ["wait", "communicate"].iter().all(|name| owned.closes.methods.iter().any(|method| method == name));
    let is_its_own = life.handed_on.is_empty() && !life.captured && life.names.len() == 1;
    if !is_process || !is_its_own || life.mentions.iter().any(|&mention| may_end(facts, mention)) {
        return None;
    }
    let made = facts.stmt_of(life.acquisition.call)?;
    let deadlines = life.closed.iter().map(|&closed| deadline(facts, closed, made));
    let deadline = *deadlines.collect::<Option<Vec<_>>>()?.first()?;
    let confidence = checked.where_it_matters(life.scope, Confidence::Likely);
    let ExprKind::Call { func, .. } = facts.expr(deadline).kind else { return None };
    let limit = checked.analysis.call_text(checked.file, func);
    let message = format!("{} runs on after the timeout of {limit}(): nothing kills it", described(facts, life));
    let mut finding = checked.finding("unclosed-resource", confidence, life.acquisition.call, message)?;
    finding.chain.push(checked.step_at(deadline, "gives up waiting here, which the process does not notice"));
    Some(finding)
}

/// Whether a mention may tell the process to end.
fn may_end(facts: &FileFacts, mention: ExprId) -> bool {
    let Parent::Expr(parent) = facts.expr(mention).parent else { return false };
    matches!(facts.expr(parent).kind, ExprKind::Attribute { attr, .. } if ENDS.contains(&facts.name(attr)))
}

/// The call that limits how long a process is waited for: `asyncio.wait_for()` around the call of its method, or that of a block
/// around it. None where it is waited for again and again.
fn deadline(facts: &FileFacts, closed: ExprId, made: StmtId) -> Option<ExprId> {
    let mut above = std::iter::successors(facts.stmt_of(closed), |&stmt| facts.stmt(stmt).parent);
    let is_looped = above.any(|stmt| {
        let s = facts.stmt(stmt);
        matches!(s.kind, StmtKind::For { .. } | StmtKind::While { .. }) && !s.span.contains(facts.stmt(made).span)
    });
    if is_looped {
        return None;
    }
    let Parent::Expr(attribute) = facts.expr(closed).parent else { return None };
    let Parent::Expr(call) = facts.expr(attribute).parent else { return None };
    if let Parent::Expr(outer) = facts.expr(call).parent
        && let ExprKind::Call { func, args } = facts.expr(outer).kind
        && last_name(facts, func) == "wait_for"
        && has_limit(facts, args)
    {
        return Some(outer);
    }
    let mut above = std::iter::successors(facts.stmt_of(closed), |&stmt| facts.stmt(stmt).parent);
    above.find_map(|stmt| {
        let StmtKind::With { items, .. } = facts.stmt(stmt).kind else { return None };
        let is_inside =
            facts.stmt(stmt).span != facts.stmt(made).span && !facts.stmt(stmt).span.contains(facts.stmt(made).span);
        let mut items = facts.with_items[items.range()].iter().filter(|_| is_inside);
        items.find(|item| limits(facts, item.context)).map(|item| item.context)
    })
}

fn limits(facts: &FileFacts, context: ExprId) -> bool {
    let ExprKind::Call { func, args } = facts.expr(context).kind else { return false };
    let is_none = facts.args(args).first().is_some_and(|arg| facts.expr(arg.value).kind == ExprKind::None);
    DEADLINES.contains(&last_name(facts, func)) && !is_none
}

/// Whether a call of `wait_for` has a timeout.
fn has_limit(facts: &FileFacts, args: Run) -> bool {
    let limit = facts.args(args).iter().find(|arg| match arg.name {
        Some(name) => facts.name(name) == "timeout",
        None => false,
    });
    let limit = limit.or_else(|| facts.args(args).get(1));
    limit.is_some_and(|arg| facts.expr(arg.value).kind != ExprKind::None)
}
