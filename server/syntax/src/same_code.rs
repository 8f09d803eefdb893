//! Whether two texts are the same code: what differs is where things stand, comments, blanks and docstrings.

use crate::facts::*;

impl FileFacts {
    /// Whether other facts tell of the same code with the same ids. Places may differ, and so may strings that are statements
    /// (docstrings) and what facts say nothing of: comments, and the words of f-strings.
    pub fn is_same_code(&self, other: &FileFacts) -> bool {
        // Named one by one, so that a new array cannot be forgotten.
        let FileFacts {
            len: _,
            names,
            exprs,
            expr_lists,
            args,
            compare_ops,
            stmts,
            stmt_lists,
            with_items,
            handlers,
            cases,
            scopes,
            params,
            generators,
            bindings,
            imports,
            name_lists,
            suppressions: _,
            errors,
        } = self;
        all(exprs, &other.exprs, |a, b| same_expr(self, a, b))
            && all(stmts, &other.stmts, |a, b| Stmt { span: b.span, ..a.clone() } == *b)
            && all(scopes, &other.scopes, same_scope)
            && all(bindings, &other.bindings, |a, b| Binding { span: b.span, ..*a } == *b)
            && all(params, &other.params, |a, b| Param { span: b.span, ..*a } == *b)
            && all(imports, &other.imports, |a, b| Import { span: b.span, ..a.clone() } == *b)
            && all(handlers, &other.handlers, |a, b| Handler { span: b.span, ..*a } == *b)
            && all(cases, &other.cases, |a, b| Case { span: b.span, ..*a } == *b)
            && *names == other.names
            && *expr_lists == other.expr_lists
            && *args == other.args
            && *compare_ops == other.compare_ops
            && *stmt_lists == other.stmt_lists
            && *with_items == other.with_items
            && *generators == other.generators
            && *name_lists == other.name_lists
            && errors.len() == other.errors.len()
    }
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_expr(facts: &FileFacts, a: &Expr, b: &Expr) -> bool {
    (a.parent, a.scope) == (b.parent, b.scope) && (a.kind == b.kind || (is_docstring(facts, a) && is_str(b)))
}

fn is_str(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Str(_))
}

/// Whether an expression is a string that nobody reads: a statement of its own.
fn is_docstring(facts: &FileFacts, expr: &Expr) -> bool {
    let Parent::Stmt(stmt) = expr.parent else { return false };
    is_str(expr) && matches!(facts.stmt(stmt).kind, StmtKind::Expr(_))
}

fn same_scope(a: &Scope, b: &Scope) -> bool {
    Scope { span: b.span, name_span: b.name_span, header_span: b.header_span, ..a.clone() } == *b
}
