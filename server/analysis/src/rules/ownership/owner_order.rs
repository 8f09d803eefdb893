//! What `owner-forgets-resource` says of the order of things: an attribute that is given another value while what is in it is
//! open, and a close that another one skips when it raises.

use super::CheckedFile;
use super::owner::{FORGETS, confidence, described};
use crate::finding::{Confidence, Finding};
use crate::ownership::owner::{End, Kept, Made, Owner};
use crate::ownership::resource::Needs;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// Methods that run where an instance is made.
const MAKING: &[&str] =
    &["__init__", "__post_init__", "__attrs_post_init__", "model_post_init", "__aenter__", "__enter__"];

/// Where a method makes anew what every instance has since it was made, and does not close the old one.
pub(super) fn overwritten(checked: &CheckedFile<'_>, owner: &Owner) -> Vec<Finding> {
    let mut found = Vec::new();
    for kept in owner.keeps.iter().filter(|kept| !kept.is_element && !kept.is_never_closed()) {
        let is_first = |made: &&Made| made.method.is_none_or(|m| is_making(checked, m));
        let Some(first) = kept.made.iter().find(is_first) else { continue };
        if first.acquisition.owned.needs != Needs::Made {
            continue;
        }
        let again = kept.made.iter().filter(|made| !is_first(made));
        found.extend(again.filter_map(|made| made_again(checked, owner, kept, first, made)));
    }
    found
}

fn is_making(checked: &CheckedFile<'_>, method: ScopeId) -> bool {
    MAKING.contains(&checked.facts.name(checked.facts.scope(method).name))
}

fn made_again(checked: &CheckedFile<'_>, owner: &Owner, kept: &Kept, first: &Made, made: &Made) -> Option<Finding> {
    let facts = checked.facts;
    let method = made.method?;
    let def = Def { file: checked.file, scope: method };
    let closes = |reached: &[Def]| kept.ends.closed.iter().any(|end| end.method.is_none_or(|m| reached.contains(&m)));
    // Whoever runs it may have closed the old one, or there is none yet.
    let mut with_it = owner.methods().map(|m| owner.reached_from(m)).filter(|reached| reached.contains(&def));
    let is_safe = |reached: Vec<Def>| {
        closes(&reached) || reached.first().is_some_and(|m| m.file == checked.file && is_making(checked, m.scope))
    };
    if with_it.any(is_safe) || is_asked(facts, method, kept.attribute) || closes_first(checked, def) {
        return None;
    }
    let sure = kept.ends.handed_on.is_empty() && !kept.ends.is_unclear;
    let confidence = confidence(checked, owner, kept).min(if sure { Confidence::Likely } else { Confidence::Possible });
    let name = facts.name(facts.scope(method).name);
    let what = described(checked.facts, kept);
    let message = format!("{name}() gives {what} another value while the old one is open");
    let mut finding = checked.finding(FORGETS, confidence, made.acquisition.call, message)?;
    finding.chain.push(checked.step_at(first.acquisition.call, "the old one is made here"));
    let closed = kept.ends.closed.iter().find(|end| end.file == checked.file);
    finding.chain.extend(closed.map(|end| checked.step_at(end.at, "closed here, elsewhere")));
    Some(finding)
}

/// Whether a condition in a method asks for the attribute: there may be nothing to close.
fn is_asked(facts: &FileFacts, method: ScopeId, attribute: NameId) -> bool {
    let own = facts.scope(method).span;
    let tests = facts.stmts.iter().filter(|stmt| own.contains(stmt.span)).filter_map(|stmt| match stmt.kind {
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => Some(facts.expr(test).span),
        _ => None,
    });
    let mentions = |test: Span| {
        facts.exprs().any(|(_, e)| {
            test.contains(e.span) && matches!(e.kind, ExprKind::Attribute { attr, .. } if attr == attribute)
        })
    };
    tests.into_iter().any(mentions)
}

/// Whether a caller of a method closes anything, maybe what the attribute had.
fn closes_first(checked: &CheckedFile<'_>, method: Def) -> bool {
    let world = &checked.analysis.world;
    checked.analysis.graph.callers_of(method).iter().any(|&site| {
        let caller = checked.analysis.graph.owner(site);
        let facts = world.facts(caller.file);
        let own = facts.scope(caller.scope).span;
        let closes = |e: &Expr| matches!(e.kind, ExprKind::Attribute { attr, .. } if crate::ownership::uses::ends(facts.name(attr)));
        facts.exprs().any(|(_, e)| own.contains(e.span) && closes(e))
    })
}

/// The first attribute whose close is skipped when that of another one raises.
pub(super) fn skipped(checked: &CheckedFile<'_>, owner: &Owner) -> Option<Finding> {
    let module = checked.analysis.world.program.module_name(checked.file);
    if crate::roots::is_test_module(module) {
        return None;
    }
    let facts = checked.facts;
    let mut closes: Vec<(Def, StmtId, &Kept, &End)> = Vec::new();
    for kept in owner.keeps.iter().filter(|kept| kept.is_open()) {
        // What is closed in several places may be closed again.
        let [end] = &kept.ends.closed[..] else { continue };
        let (Some(method), true) = (end.method, end.file == checked.file) else { continue };
        let Some(stmt) = facts.stmt_of(end.at) else { continue };
        closes.push((method, stmt, kept, end));
    }
    closes.sort_by_key(|(_, stmt, ..)| facts.stmt(*stmt).span.start);
    let pairs = closes.iter().flat_map(|first| closes.iter().map(move |second| (first, second)));
    let mut pairs = pairs.filter(|(a, b)| a.0 == b.0 && is_waited_for(facts, a.3.at) && is_before(facts, a.1, b.1));
    let (first, second) = pairs.find(|(a, b)| !is_shielded(facts, a.1, b.1))?;
    let what = described(checked.facts, second.2);
    let class = checked.analysis.world.name(owner.class);
    let close = checked.analysis.world.name(first.0);
    let earlier = facts.name(first.2.attribute);
    let message = format!("{class}.{close}() does not close {what} if closing self.{earlier} raises");
    let confidence = Confidence::Possible;
    let mut finding = checked.finding(FORGETS, confidence, second.2.first().call, message)?;
    finding.chain.push(checked.step_at(first.3.at, "may raise, or the task is cancelled in it"));
    finding.chain.push(checked.step_at(second.3.at, "closed only after that"));
    Some(finding)
}

/// Whether the close of a mention is waited for in its own statement.
fn is_waited_for(facts: &FileFacts, mention: ExprId) -> bool {
    let mut at = mention;
    while let Parent::Expr(parent) = facts.expr(at).parent {
        match facts.expr(parent).kind {
            ExprKind::Await(_) => return matches!(facts.expr(parent).parent, Parent::Stmt(_)),
            ExprKind::Attribute { .. } => {}
            ExprKind::Call { func, .. } if func == at => {}
            _ => return false,
        }
        at = parent;
    }
    false
}

/// Whether a statement comes before another one on the way through a function: not in another arm.
fn is_before(facts: &FileFacts, first: StmtId, second: StmtId) -> bool {
    facts.stmt(first).span.end <= facts.stmt(second).span.start
}

/// Whether the second statement runs although the first one raises.
fn is_shielded(facts: &FileFacts, first: StmtId, second: StmtId) -> bool {
    let second = facts.stmt(second).span;
    let mut at = first;
    while let Some(parent) = facts.stmt(at).parent {
        match &facts.stmt(parent).kind {
            StmtKind::Try { body, handlers, finalbody, .. } => {
                let guards = facts.block(*body).contains(&at);
                let runs = facts.block(*finalbody).iter().any(|&s| facts.stmt(s).span.contains(second));
                if guards && (!handlers.is_empty() || runs) {
                    return true;
                }
            }
            // `suppress(...)`, or whatever else may stop an exception: what stands in the same body is skipped all the same, as
            // under a lock.
            StmtKind::With { .. } if facts.stmt(parent).span.contains(second) => {}
            // A loop goes on elsewhere.
            StmtKind::With { .. } | StmtKind::For { .. } | StmtKind::While { .. } => return true,
            // Another arm.
            StmtKind::If { body, orelse, .. } => {
                let holds = |block: &Block| facts.block(*block).iter().any(|&s| facts.stmt(s).span.contains(second));
                let mine = if facts.block(*body).contains(&at) { orelse } else { body };
                if holds(mine) {
                    return true;
                }
            }
            _ => {}
        }
        at = parent;
    }
    false
}
