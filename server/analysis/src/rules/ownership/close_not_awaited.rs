//! `close-not-awaited`: the close of something is called and its coroutine dropped, so that nothing is closed.

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::Source;
use crate::ownership::resource::{Acquisition, called_method};
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
    let (_, call) = called_method(facts, mention)?;
    let is_dropped =
        matches!(facts.expr(call).parent, Parent::Stmt(stmt) if matches!(facts.stmt(stmt).kind, StmtKind::Expr(_)));
    if !is_dropped || !made.owned.closes.awaited {
        return None;
    }
    let ty = checked.infer.expr(checked.file, call);
    if !ty.parts().iter().all(|part| matches!(part, Ty::Coroutine(_))) {
        return None;
    }
    let made = Place { file: checked.file, span: facts.expr(made.call).span };
    dropped(checked, call, made, Confidence::Certain)
}

/// The finding at the call of a close whose coroutine is dropped. To await it is safe where it is certain that it closes.
pub(super) fn dropped(checked: &CheckedFile<'_>, call: ExprId, made: Place, confidence: Confidence) -> Option<Finding> {
    let ExprKind::Call { func, .. } = checked.facts.expr(call).kind else { return None };
    let source = Source::of(&checked.analysis.world, checked.file);
    let message = format!("{}() is not awaited: nothing is closed", source.expr(func));
    let mut finding = checked.finding(RULE, confidence, call, message)?;
    finding.chain.push(ChainStep { place: made, message: "made here".to_owned() });
    if source.await_is_legal(call) {
        let is_certain = confidence == Confidence::Certain;
        finding.fixes.push(Fix {
            title: "Await the close".to_owned(),
            applicability: if is_certain { Applicability::Safe } else { Applicability::Unsafe },
            edits: source.insert_await(call),
        });
    }
    Some(finding)
}
