//! Functions that let no RuntimeError out.

use super::CheckedFile;
use super::tried::{is_harmless, last_name, names};
use crate::analysis::Analysis;
use crate::sites::run_scope;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

/// Built-in errors that are no RuntimeErrors.
const OTHER_ERRORS: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "ConnectionError",
    "Exception",
    "ImportError",
    "IndexError",
    "KeyError",
    "LookupError",
    "OSError",
    "TimeoutError",
    "TypeError",
    "ValueError",
];

/// The function of the program that a call runs, or makes the coroutine of.
pub(super) fn called_function(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Def> {
    let ExprKind::Call { func, .. } = checked.facts.expr(call).kind else { return None };
    match checked.infer.expr(checked.file, func) {
        Ty::Function(def, _) => Some(def),
        _ => None,
    }
}

/// Whether a function's own code takes every RuntimeError of its work, and makes no other one of it: its body is one `try`
/// for errors of any kind, but for statements that do nothing which fails.
pub(super) fn handles_all(analysis: &Analysis, def: Def) -> bool {
    let facts = analysis.world.facts(def.file);
    if !matches!(facts.scope(def.scope).kind, ScopeKind::Function { .. }) {
        return false;
    }
    let mut handles = false;
    for &stmt in facts.block(facts.scope(def.scope).body) {
        match facts.stmt(stmt).kind {
            StmtKind::Try { handlers, orelse, finalbody, is_star: false, .. } => {
                let after = facts.block(orelse).iter().chain(facts.block(finalbody));
                if !takes_all(facts, handlers) || after.into_iter().any(|s| may_fail(facts, def.scope, *s)) {
                    return false;
                }
                handles = true;
            }
            _ if may_fail(facts, def.scope, stmt) => return false,
            _ => {}
        }
    }
    handles
}

/// Whether handlers take errors of any kind and raise no RuntimeError.
fn takes_all(facts: &FileFacts, handlers: Run) -> bool {
    let handlers = &facts.handlers[handlers.range()];
    let is_any = |h: &Handler| h.types.is_none_or(|t| names(facts, t, &["Exception", "BaseException"]));
    let raises = |h: &Handler| facts.stmts.iter().any(|s| h.span.contains(s.span) && raises_runtime_error(facts, s));
    handlers.iter().any(is_any) && !handlers.iter().any(raises)
}

fn raises_runtime_error(facts: &FileFacts, stmt: &Stmt) -> bool {
    let StmtKind::Raise { exc, .. } = stmt.kind else { return false };
    let Some(exc) = exc else { return true };
    let class = match facts.expr(exc).kind {
        ExprKind::Call { func, .. } => func,
        _ => exc,
    };
    !OTHER_ERRORS.contains(&last_name(facts, class))
}

/// Whether a statement calls or awaits anything that may raise.
fn may_fail(facts: &FileFacts, scope: ScopeId, stmt: StmtId) -> bool {
    let span = facts.stmt(stmt).span;
    let fails = |e: &Expr| match e.kind {
        ExprKind::Call { func, .. } => !is_harmless(last_name(facts, func)),
        ExprKind::Await(_) => true,
        _ => false,
    };
    facts.exprs.iter().any(|e| span.contains(e.span) && run_scope(facts, e.scope) == scope && fails(e))
        || matches!(facts.stmt(stmt).kind, StmtKind::Raise { .. })
}
