//! Children of expressions and statements as one body of code evaluates them: other than the facts' own walks these go
//! into comprehensions, and to what the code around a lambda or definition evaluates of it.

use asyncwise_syntax::facts::{ExprId, ExprKind, Exprs, FileFacts, ScopeId, StmtId, StmtKind};

/// Calls `f` for each expression directly in `expr` that the same code evaluates: a lambda gives its defaults.
pub(super) fn children(facts: &FileFacts, expr: ExprId, f: &mut dyn FnMut(ExprId)) {
    match &facts.expr(expr).kind {
        ExprKind::Lambda(scope) => facts.params_of(*scope).iter().filter_map(|p| p.default).for_each(f),
        ExprKind::Comprehension { scope, .. } => comprehension(facts, *scope, f),
        kind => facts.for_each_child(kind, f),
    }
}

fn comprehension(facts: &FileFacts, scope: ScopeId, f: &mut dyn FnMut(ExprId)) {
    for g in &facts.generators[facts.scope(scope).generators.range()] {
        f(g.iter);
        f(g.target);
        each(facts, g.conditions, f);
    }
    each(facts, facts.scope(scope).body_exprs, f);
}

fn each(facts: &FileFacts, list: Exprs, f: &mut dyn FnMut(ExprId)) {
    facts.list(list).iter().copied().for_each(f);
}

/// The expressions of a definition's header that the code around it evaluates: decorators, defaults, annotations, bases.
pub(super) fn header(facts: &FileFacts, scope: ScopeId, f: &mut dyn FnMut(ExprId)) {
    let s = facts.scope(scope);
    each(facts, s.decorators, f);
    for p in facts.params_of(scope) {
        p.default.into_iter().chain(p.annotation).for_each(&mut *f);
    }
    facts.args(s.bases).iter().for_each(|a| f(a.value));
    s.returns.into_iter().for_each(f);
}

/// The expressions directly in a statement, those of its nested statements left out.
pub(super) fn stmt_exprs(facts: &FileFacts, stmt: StmtId, f: &mut dyn FnMut(ExprId)) {
    match &facts.stmt(stmt).kind {
        StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) => header(facts, *scope, f),
        kind => facts.for_each_expr(kind, f),
    }
}
