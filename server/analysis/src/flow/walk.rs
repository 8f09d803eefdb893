//! Children of expressions and statements, in the order of evaluation.

use asyncwise_syntax::facts::{Block, ExprId, ExprKind, Exprs, FileFacts, Run, ScopeId, StmtId, StmtKind};

/// Calls `f` for each expression directly in `expr` that the same code evaluates: a lambda gives its defaults.
pub(super) fn children(facts: &FileFacts, expr: ExprId, f: &mut dyn FnMut(ExprId)) {
    match &facts.expr(expr).kind {
        ExprKind::Attribute { value, .. } => f(*value),
        ExprKind::Subscript { value, index } => [*value, *index].into_iter().for_each(f),
        ExprKind::Call { func, args } => {
            f(*func);
            args_of(facts, *args, f);
        }
        ExprKind::Await(v) | ExprKind::YieldFrom(v) | ExprKind::Not(v) | ExprKind::Unary(v) | ExprKind::Starred(v) => {
            f(*v);
        }
        ExprKind::Yield(v) => v.iter().copied().for_each(f),
        ExprKind::Lambda(scope) => defaults(facts, *scope, f),
        ExprKind::Comprehension { scope, .. } => comprehension(facts, *scope, f),
        ExprKind::IfExp { test, body, orelse } => [*test, *body, *orelse].into_iter().for_each(f),
        ExprKind::Binary { left, right, .. } => [*left, *right].into_iter().for_each(f),
        ExprKind::Named { target, value } => [*value, *target].into_iter().for_each(f),
        ExprKind::BoolOp { values: list, .. }
        | ExprKind::Compare { operands: list, .. }
        | ExprKind::FString { parts: list, .. }
        | ExprKind::List(list)
        | ExprKind::Tuple(list)
        | ExprKind::Set(list)
        | ExprKind::Dict(list)
        | ExprKind::Slice(list)
        | ExprKind::Other(list) => each(facts, *list, f),
        ExprKind::Name(_)
        | ExprKind::Str(_)
        | ExprKind::Bytes
        | ExprKind::Int(_)
        | ExprKind::Number
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Ellipsis => {}
    }
}

/// A list without the second of two equal neighbours: `**rest` in a dict stands twice.
fn each(facts: &FileFacts, list: Exprs, f: &mut dyn FnMut(ExprId)) {
    let mut last = None;
    for &expr in facts.list(list) {
        if last != Some(expr) {
            f(expr);
        }
        last = Some(expr);
    }
}

fn args_of(facts: &FileFacts, args: Run, f: &mut dyn FnMut(ExprId)) {
    facts.args(args).iter().for_each(|a| f(a.value));
}

fn defaults(facts: &FileFacts, scope: ScopeId, f: &mut dyn FnMut(ExprId)) {
    facts.params_of(scope).iter().filter_map(|p| p.default).for_each(f);
}

fn comprehension(facts: &FileFacts, scope: ScopeId, f: &mut dyn FnMut(ExprId)) {
    for g in &facts.generators[facts.scope(scope).generators.range()] {
        f(g.iter);
        f(g.target);
        each(facts, g.conditions, f);
    }
    each(facts, facts.scope(scope).body_exprs, f);
}

/// The expressions of a definition's header that the code around it evaluates: decorators, defaults, annotations, bases.
pub(super) fn header(facts: &FileFacts, scope: ScopeId, f: &mut dyn FnMut(ExprId)) {
    each(facts, facts.scope(scope).decorators, f);
    for p in facts.params_of(scope) {
        p.default.into_iter().chain(p.annotation).for_each(&mut *f);
    }
    args_of(facts, facts.scope(scope).bases, f);
    facts.scope(scope).returns.into_iter().for_each(f);
}

/// The expressions directly in a statement, those of its nested statements left out.
pub(super) fn stmt_exprs(facts: &FileFacts, stmt: StmtId, f: &mut dyn FnMut(ExprId)) {
    match &facts.stmt(stmt).kind {
        StmtKind::Expr(e) | StmtKind::If { test: e, .. } | StmtKind::While { test: e, .. } => f(*e),
        StmtKind::Assign { targets, value } => {
            f(*value);
            each(facts, *targets, f);
        }
        StmtKind::AugAssign { target, value } => [*value, *target].into_iter().for_each(f),
        StmtKind::AnnAssign { target, annotation, value } => {
            value.iter().copied().chain([*annotation, *target]).for_each(f);
        }
        StmtKind::Return(v) => v.iter().copied().for_each(f),
        StmtKind::Raise { exc: a, cause: b } => a.iter().chain(b).copied().for_each(f),
        StmtKind::Assert { test, message } => std::iter::once(*test).chain(*message).for_each(f),
        StmtKind::Delete(list) | StmtKind::Other(list) => each(facts, *list, f),
        StmtKind::For { target, iter, .. } => [*iter, *target].into_iter().for_each(f),
        StmtKind::With { items, .. } => {
            facts.with_items[items.range()].iter().flat_map(|i| std::iter::once(i.context).chain(i.target)).for_each(f);
        }
        StmtKind::Try { handlers, .. } => facts.handlers[handlers.range()].iter().filter_map(|h| h.types).for_each(f),
        StmtKind::Match { subject, cases } => {
            f(*subject);
            for case in &facts.cases[cases.range()] {
                each(facts, case.pattern, f);
                case.guard.into_iter().for_each(&mut *f);
            }
        }
        StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) => header(facts, *scope, f),
        StmtKind::TypeAlias { value, .. } => f(*value),
        StmtKind::Pass
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Global(_)
        | StmtKind::Nonlocal(_)
        | StmtKind::Import(_) => {}
    }
}

/// The blocks of a statement that the same code runs.
pub(super) fn blocks(facts: &FileFacts, stmt: StmtId, f: &mut dyn FnMut(Block)) {
    match &facts.stmt(stmt).kind {
        StmtKind::If { body, orelse, .. }
        | StmtKind::While { body, orelse, .. }
        | StmtKind::For { body, orelse, .. } => [*body, *orelse].into_iter().for_each(f),
        StmtKind::With { body, .. } => f(*body),
        StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
            f(*body);
            facts.handlers[handlers.range()].iter().for_each(|h| f(h.body));
            [*orelse, *finalbody].into_iter().for_each(f);
        }
        StmtKind::Match { cases, .. } => facts.cases[cases.range()].iter().for_each(|c| f(c.body)),
        _ => {}
    }
}
