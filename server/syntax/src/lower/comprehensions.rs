//! Comprehensions and lambdas: the scopes that are expressions.

use super::builder::{Lowerer, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{
    BindingKind, ComprehensionKind, ExprId, ExprKind, Exprs, Generator, NameId, ScopeId, ScopeKind, Span,
};

/// A `for` clause and the conditions that follow it.
struct Clause {
    target: ExprId,
    iter: ExprId,
    conditions: Vec<ExprId>,
    is_async: bool,
}

impl<'t> Lowerer<'t> {
    pub(super) fn comprehension(&mut self, kind: ComprehensionKind) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        let outer = self.scope;
        let name = self.name("<comprehension>");
        let scope = self.push_scope(ScopeKind::Comprehension { is_async: false }, name, span, span);
        self.comprehensions.insert(scope, kind);
        self.scope = scope;
        let mut clauses: Vec<Clause> = Vec::new();
        self.children(|l, kind| match kind {
            Kind::Pair => l.pair(),
            Kind::ForInClause => {
                let clause = l.for_in_clause(scope, if clauses.is_empty() { outer } else { scope });
                clauses.push(clause);
            }
            Kind::IfClause => {
                let condition = l.guard(scope);
                match clauses.last_mut() {
                    Some(clause) => clause.conditions.push(condition),
                    None => l.exprs.push(condition),
                }
            }
            kind if kind.is_token() => {}
            _ => {
                let element = l.expr();
                l.exprs.push(element);
            }
        });
        for i in mark..self.exprs.len() {
            self.own_by_scope(self.exprs[i], scope);
        }
        let body = self.exprs_since(mark);
        let generators: Vec<_> = clauses.into_iter().map(|clause| self.generator(clause, mark)).collect();
        let run = run_of(self.facts.generators.len(), generators.len());
        self.facts.generators.extend(generators);
        self.scope = outer;
        let expr = self.push_expr(span, ExprKind::Comprehension { kind, scope });
        let entry = self.scope_mut(scope);
        entry.expr = Some(expr);
        entry.body_exprs = body;
        entry.generators = run;
        expr
    }

    fn generator(&mut self, clause: Clause, mark: usize) -> Generator {
        let Clause { target, iter, conditions, is_async } = clause;
        self.exprs.extend(conditions);
        Generator { target, iter, conditions: self.exprs_since(mark), is_async }
    }

    /// The `for` clause under the cursor, of the comprehension `scope`; what it iterates over is evaluated in `iter_scope`.
    fn for_in_clause(&mut self, scope: ScopeId, iter_scope: ScopeId) -> Clause {
        let (end, mark) = (self.span().end, self.exprs.len());
        let (mut target, mut is_async, mut has_comma) = (None, false, false);
        self.children(|l, kind| match kind {
            Kind::Async => is_async = true,
            Kind::Comma => has_comma = true,
            kind if kind.is_token() => {}
            _ if l.field() == Field::Left => target = Some(l.expr()),
            _ => {
                l.scope = iter_scope;
                let iter = l.expr();
                l.exprs.push(iter);
                l.scope = scope;
            }
        });
        self.scope = iter_scope;
        let iter = self.tuple_since(mark, has_comma, end);
        self.scope = scope;
        let target = self.or_missing(target, end);
        self.own_by_scope(target, scope);
        self.own_by_scope(iter, scope);
        if is_async {
            self.mark_await();
        }
        let first = self.unset.len();
        self.bind_target(target, &|whole| BindingKind::Iterated { iter, whole, is_async });
        // Comprehension variables are bound by no statement.
        self.unset.truncate(first);
        Clause { target, iter, conditions: Vec::new(), is_async }
    }

    /// The condition of the `if` clause under the cursor.
    fn guard(&mut self, scope: ScopeId) -> ExprId {
        let condition = self.if_clause();
        self.own_by_scope(condition, scope);
        condition
    }

    /// The condition after `if` in a comprehension or case.
    pub(super) fn if_clause(&mut self) -> ExprId {
        let end = self.span().end;
        let mut condition = None;
        self.children(|l, kind| {
            if !kind.is_token() {
                condition = Some(l.expr());
            }
        });
        self.or_missing(condition, end)
    }

    pub(super) fn lambda(&mut self) -> ExprId {
        let span = self.span();
        let outer = self.scope;
        let name: NameId = self.name("<lambda>");
        let keyword = Span::new(span.start, span.start + "lambda".len() as u32);
        let scope = self.push_scope(ScopeKind::Lambda, name, keyword, span);
        let (mut body, mut header_end) = (None, keyword.end);
        self.children(|l, kind| match kind {
            Kind::LambdaParameters => l.parameters(scope),
            Kind::Colon => header_end = l.span().end,
            kind if kind.is_token() => {}
            _ => {
                l.scope = scope;
                body = Some(l.expr());
                l.scope = outer;
            }
        });
        self.scope = scope;
        let body = self.or_missing(body, span.end);
        self.own_by_scope(body, scope);
        self.scope = outer;
        let mark = self.exprs.len();
        self.exprs.push(body);
        let body: Exprs = self.exprs_since(mark);
        let expr = self.push_expr(span, ExprKind::Lambda(scope));
        let entry = self.scope_mut(scope);
        entry.expr = Some(expr);
        entry.body_exprs = body;
        entry.header_span = Span::new(span.start, header_end);
        expr
    }
}
