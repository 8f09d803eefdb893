//! `close-not-awaited`: the close of something is called and its coroutine dropped, so that nothing is closed.

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{Applicability, Confidence, Finding, Fix};
use crate::fixes::Source;
use crate::ownership::resource::Acquisition;
use crate::types::Ty;
use asyncwise_syntax::facts::*;

pub(super) const RULE: &str = "close-not-awaited";

/// The findings in one file.
pub(in crate::rules) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let (held, owners) = (checked.held(), checked.owners());
    let lives = held.iter().filter_map(|held| held.life.as_ref());
    let mut closed: Vec<(ExprId, &Acquisition)> =
        lives.flat_map(|life| life.closed.iter().map(|&closed| (closed, &life.acquisition))).collect();
    for kept in owners.iter().flat_map(|owner| &owner.keeps) {
        let here = kept.ends.closed.iter().filter(|end| end.file == checked.file);
        closed.extend(here.map(|end| (end.at, kept.first())));
    }
    closed.sort_by_key(|(at, _)| *at);
    closed.dedup_by_key(|(at, _)| *at);
    let mut found: Vec<Finding> = closed.into_iter().filter_map(|(at, made)| finding(checked, at, made)).collect();
    found.extend(super::app_state::not_awaited(checked));
    found.extend(super::wait_closed::not_waited_for(checked));
    found.into_iter().map(|finding| (None, finding)).collect()
}

fn finding(checked: &mut CheckedFile<'_>, mention: ExprId, made: &Acquisition) -> Option<Finding> {
    let facts = checked.facts;
    let Parent::Expr(attribute) = facts.expr(mention).parent else { return None };
    let (ExprKind::Attribute { .. }, Parent::Expr(call)) = (&facts.expr(attribute).kind, facts.expr(attribute).parent)
    else {
        return None;
    };
    let is_called = matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == attribute);
    let is_dropped =
        matches!(facts.expr(call).parent, Parent::Stmt(stmt) if matches!(facts.stmt(stmt).kind, StmtKind::Expr(_)));
    if !is_called || !is_dropped || !made.owned.closes.awaited {
        return None;
    }
    let ty = checked.infer.expr(checked.file, call);
    if !ty.parts().iter().all(|part| matches!(part, Ty::Coroutine(_))) {
        return None;
    }
    let source = Source::of(&checked.analysis.world, checked.file);
    let close = source.slice(facts.expr(attribute).span);
    let message = format!("{close}() is not awaited: nothing is closed");
    let mut finding = checked.finding(RULE, Confidence::Certain, call, message)?;
    finding.chain.push(checked.step_at(made.call, "made here"));
    if source.await_is_legal(call) {
        finding.fixes.push(Fix {
            title: "Await the close".to_owned(),
            applicability: Applicability::Safe,
            edits: source.insert_await(call),
        });
    }
    Some(finding)
}
