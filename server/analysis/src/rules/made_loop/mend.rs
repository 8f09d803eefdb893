//! The fix that closes a loop on every path.

use super::mentions;
use crate::finding::{Applicability, Fix};
use crate::fixes::{Source, block, tidy};
use crate::rules::CheckedFile;
use asyncwise_syntax::facts::*;

/// What follows the loop's making in its block, in a `try` whose `finally` closes it.
pub(in crate::rules) fn close_in_finally(
    checked: &CheckedFile<'_>,
    call: ExprId,
    (scope, name): (ScopeId, NameId),
    closed: &[ExprId],
    set: Option<ExprId>,
) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let Parent::Stmt(made) = facts.expr(call).parent else { return None };
    let stmts = siblings(facts, made, scope)?;
    let after = stmts.iter().position(|s| *s == made)? + 1;
    let (last, dropped) = match closed {
        [] => (stmts.len(), None),
        // A plain `loop.close()` later in the block moves into the `finally`.
        [close] => {
            let stmt = facts.stmt_of(*close)?;
            let at = stmts.iter().position(|s| *s == stmt)?;
            let alone = matches!(facts.stmt(stmt).kind, StmtKind::Expr(e) if e == *close);
            (at, Some(stmt).filter(|_| alone && at > after))
        }
        _ => return None,
    };
    if after >= last || !closed.is_empty() && dropped.is_none() {
        return None;
    }
    let guarded = Span::new(facts.stmt(stmts[after]).span.start, facts.stmt(stmts[last - 1]).span.end);
    let end = dropped.map_or(guarded.end, |stmt| facts.stmt(stmt).span.end);
    // The loop must not be used once it is closed.
    let is_after = |at: &ExprId| facts.expr(*at).span.start >= end;
    if dropped.is_none() && mentions(facts, scope, name).iter().any(is_after) {
        return None;
    }
    let indent = block::indentation(&source, guarded.start)?;
    let newline = source.newline();
    let step = block::step(&source, stmts[after], indent);
    let mut edits = block::in_block(&source, &stmts[after..last], "try:")?;
    let mut close = format!("{newline}{indent}finally:{newline}{indent}{step}{}.close()", facts.name(name));
    // What was made the thread's current loop must not stay so once it is closed.
    if let Some(ExprKind::Call { func, .. }) = set.map(|call| &facts.expr(call).kind) {
        close.push_str(&format!("{newline}{indent}{step}{}(None)", source.expr(*func)));
    }
    match dropped {
        Some(stmt) => {
            let from = guarded.end;
            let between = source.slice(Span::new(from, facts.stmt(stmt).span.start));
            if between.contains('#') || between.contains(';') {
                return None;
            }
            edits.push(source.edit(Span::new(from, facts.stmt(stmt).span.end), close));
        }
        None => edits.push(source.edit(Span::new(guarded.end, guarded.end), close)),
    }
    Some(Fix {
        title: format!("Close `{}` in a `finally`", facts.name(name)),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}

/// The statements of the block that holds `stmt`.
fn siblings(facts: &FileFacts, stmt: StmtId, scope: ScopeId) -> Option<&[StmtId]> {
    let mut found = None;
    match facts.stmt(stmt).parent {
        None => found = Some(facts.scope(scope).body),
        Some(parent) => facts.for_each_block(&facts.stmt(parent).kind, |block| {
            if facts.block(block).contains(&stmt) {
                found = Some(block);
            }
        }),
    }
    found.map(|block| facts.block(block))
}
