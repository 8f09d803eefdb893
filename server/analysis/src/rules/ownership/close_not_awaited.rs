//! `close-not-awaited`: the close of something is called and its coroutine dropped, so that nothing is closed.

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{Applicability, Confidence, Finding, Fix};
use crate::fixes::Source;
use crate::ownership::file::Held;
use crate::ownership::lifetime::Lifetime;
use crate::types::Ty;
use asyncwise_syntax::facts::*;

const RULE: &str = "close-not-awaited";

/// The findings in one file.
pub(in crate::rules) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let held = checked.held();
    let lives = held.iter().filter_map(|held: &Held| held.life.as_ref());
    let dropped = lives.flat_map(|life| life.closed.iter().map(move |&closed| (life, closed)));
    dropped.filter_map(|(life, closed)| finding(checked, life, closed)).map(|finding| (None, finding)).collect()
}

fn finding(checked: &mut CheckedFile<'_>, life: &Lifetime, mention: ExprId) -> Option<Finding> {
    let facts = checked.facts;
    let owned = &life.acquisition.owned;
    let Parent::Expr(attribute) = facts.expr(mention).parent else { return None };
    let (ExprKind::Attribute { attr, .. }, Parent::Expr(call)) =
        (&facts.expr(attribute).kind, facts.expr(attribute).parent)
    else {
        return None;
    };
    let is_called = matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == attribute);
    let is_dropped =
        matches!(facts.expr(call).parent, Parent::Stmt(stmt) if matches!(facts.stmt(stmt).kind, StmtKind::Expr(_)));
    if !is_called || !is_dropped || !owned.closes.awaited {
        return None;
    }
    let ty = checked.infer.expr(checked.file, call);
    if !ty.parts().iter().all(|part| matches!(part, Ty::Coroutine(_))) {
        return None;
    }
    let message = format!("{}.{}() is not awaited: nothing is closed", facts.name(life.name), facts.name(*attr));
    let mut finding = checked.finding(RULE, Confidence::Certain, call, message)?;
    finding.chain.push(checked.step_at(life.acquisition.call, "made here"));
    let source = Source::of(&checked.analysis.world, checked.file);
    if source.await_is_legal(call) {
        finding.fixes.push(Fix {
            title: "Await the close".to_owned(),
            applicability: Applicability::Safe,
            edits: source.insert_await(call),
        });
    }
    Some(finding)
}
