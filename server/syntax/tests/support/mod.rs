//! What every lowering promises, whatever the text.

use asyncwise_syntax::facts::{
    BindingKind, Block, ExprId, ExprKind, Exprs, FileFacts, Parent, Run, Scope, ScopeId, ScopeKind, Span, StmtId,
    StmtKind,
};

/// How deep a walk over expressions may go.
const DEPTH: u32 = 400;

/// Panics where the facts break a promise of their contract.
pub(crate) fn check_invariants(text: &str, facts: &FileFacts) {
    let check = Check { text, facts };
    assert_eq!(facts.len as usize, text.len());
    assert_eq!(facts.scope(ScopeId::MODULE).kind, ScopeKind::Module);
    check.expressions();
    check.statements();
    check.scopes();
    check.numbers_of_scopes();
    check.names_and_runs();
    check.errors();
}

struct Check<'a> {
    text: &'a str,
    facts: &'a FileFacts,
}

impl Check<'_> {
    fn span(&self, span: Span) {
        assert!(span.start <= span.end, "{span:?} runs backwards");
        assert!(self.text.get(span.range()).is_some(), "{span:?} is not a part of the text");
    }

    fn run(&self, run: Run, len: usize) {
        assert!(run.range().end <= len, "{run:?} of {len}");
    }

    fn list(&self, list: Exprs) {
        self.run(list.0, self.facts.expr_lists.len());
    }

    fn expressions(&self) {
        let mut depths = vec![0u32; self.facts.exprs.len()];
        for (id, expr) in self.facts.exprs() {
            self.span(expr.span);
            assert!(expr.scope.index() < self.facts.scopes.len());
            self.runs_of_expr(&expr.kind);
            self.facts.for_each_child(&expr.kind, |child| {
                assert!(child < id, "children stand before their parents");
                let inner = self.facts.expr(child);
                assert_eq!(inner.parent, Parent::Expr(id), "the child {child:?} of {id:?} says it stands elsewhere");
                assert!(expr.span.contains(inner.span), "{inner:?} lies outside {expr:?}");
                depths[id.index()] = depths[id.index()].max(depths[child.index()] + 1);
            });
            assert!(depths[id.index()] < DEPTH, "nested too deep");
            // Ends only when the links lead to a statement.
            assert!(self.facts.stmt_of(id).is_some(), "{id:?} stands in no statement");
        }
        self.parents_know();
    }

    fn runs_of_expr(&self, kind: &ExprKind) {
        match kind {
            ExprKind::Call { args, .. } => self.run(*args, self.facts.args.len()),
            ExprKind::Compare { operands, ops } => {
                self.list(*operands);
                self.run(*ops, self.facts.compare_ops.len());
                assert_eq!(operands.0.len, ops.len + 1);
            }
            ExprKind::Dict(list) => assert_eq!(list.0.len % 2, 0, "keys and values in turn"),
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => {
                assert!(name.index() < self.facts.names.len());
            }
            _ => {}
        }
    }

    /// Whether what the expressions say they stand in holds them.
    fn parents_know(&self) {
        let mut held = vec![false; self.facts.exprs.len()];
        for expr in &self.facts.exprs {
            self.facts.for_each_child(&expr.kind, |child| held[child.index()] = true);
        }
        for stmt in &self.facts.stmts {
            self.facts.for_each_expr(&stmt.kind, |child| held[child.index()] = true);
        }
        for scope in &self.facts.scopes {
            self.parts_of_scope(scope).into_iter().for_each(|child| held[child.index()] = true);
        }
        for (id, expr) in self.facts.exprs() {
            // Broken code may leave an expression whose place in the statement is unknown.
            let is_held = held[id.index()] || !self.facts.errors.is_empty();
            assert!(is_held, "{expr:?} {:?}", self.text.get(expr.span.range()));
        }
    }

    fn parts_of_scope(&self, scope: &Scope) -> Vec<ExprId> {
        let mut parts = self.facts.list(scope.body_exprs).to_vec();
        parts.extend(self.facts.list(scope.decorators));
        parts.extend(scope.returns);
        parts.extend(self.facts.args(scope.bases).iter().map(|arg| arg.value));
        for param in &self.facts.params[scope.params.range()] {
            parts.extend(param.annotation);
            parts.extend(param.default);
        }
        for generator in &self.facts.generators[scope.generators.range()] {
            parts.extend([generator.target, generator.iter]);
            parts.extend(self.facts.list(generator.conditions));
        }
        for binding in &self.facts.bindings[scope.bindings.range()] {
            // A type parameter; a type alias is bound by its statement.
            if let (BindingKind::Type(bound), None) = (binding.kind, binding.stmt) {
                parts.extend(bound);
            }
        }
        parts
    }

    fn statements(&self) {
        for (id, stmt) in self.facts.stmts() {
            self.span(stmt.span);
            self.facts.for_each_expr(&stmt.kind, |expr| {
                assert_eq!(self.facts.expr(expr).parent, Parent::Stmt(id));
                assert!(stmt.span.contains(self.facts.expr(expr).span));
            });
            self.facts.for_each_block(&stmt.kind, |block| self.block(block, Some(id), stmt.scope));
            let is_broken = self.facts.errors.iter().any(|e| e.start < stmt.span.end && stmt.span.start < e.end);
            assert!(stmt.broken || !is_broken, "{stmt:?} holds an error and does not say so");
            if let StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) = stmt.kind {
                assert_eq!(self.facts.scope(scope).stmt, Some(id));
            }
        }
    }

    fn block(&self, block: Block, parent: Option<StmtId>, scope: ScopeId) {
        self.run(block.0, self.facts.stmt_lists.len());
        let mut last = 0;
        for &child in self.facts.block(block) {
            let stmt = self.facts.stmt(child);
            assert_eq!(stmt.parent, parent);
            assert_eq!(stmt.scope, scope);
            if let Some(parent) = parent {
                assert!(child < parent, "children stand before their parents");
                let outer = self.facts.stmt(parent);
                assert!(outer.span.contains(stmt.span), "{stmt:?} lies outside {outer:?}");
            }
            assert!(!self.facts.errors.is_empty() || stmt.span.start >= last, "statements overlap");
            last = stmt.span.end;
        }
    }

    fn scopes(&self) {
        for (id, scope) in self.facts.scopes() {
            self.span(scope.span);
            self.span(scope.name_span);
            self.span(scope.header_span);
            assert_eq!(scope.parent.is_none(), id == ScopeId::MODULE);
            if let Some(parent) = scope.parent {
                assert!(parent < id, "parents stand before their children");
                assert!(self.facts.scope(parent).span.contains(scope.span));
            }
            self.block(scope.body, None, id);
            for part in self.parts_of_scope(scope) {
                assert_eq!(self.facts.expr(part).parent, Parent::Scope(id));
            }
            self.bindings(scope);
        }
    }

    /// Scopes that others can see come first; each of the two runs is in the order of the text.
    fn numbers_of_scopes(&self) {
        let mut is_local: Vec<bool> = Vec::new();
        for (_, scope) in self.facts.scopes() {
            is_local.push(match (scope.kind, scope.parent) {
                (_, None) => false,
                (ScopeKind::Lambda | ScopeKind::Comprehension { .. }, _) => true,
                (_, Some(parent)) => {
                    let is_open = matches!(self.facts.scope(parent).kind, ScopeKind::Module | ScopeKind::Class);
                    !is_open || is_local[parent.index()]
                }
            });
        }
        assert!(is_local.is_sorted(), "local scopes come last");
        let visible = is_local.partition_point(|is_local| !is_local);
        let (visible, local) = self.facts.scopes.split_at(visible);
        for run in [visible, local] {
            let is_ordered = run.is_sorted_by_key(|scope| scope.span.start);
            assert!(is_ordered || !self.facts.errors.is_empty(), "scopes stand in source order");
        }
    }

    fn bindings(&self, scope: &Scope) {
        self.run(scope.bindings, self.facts.bindings.len());
        let mut last = 0;
        for binding in &self.facts.bindings[scope.bindings.range()] {
            self.span(binding.span);
            assert!(last <= binding.span.start, "bindings stand in source order");
            last = binding.span.start;
            if let Some(stmt) = binding.stmt {
                assert!(self.facts.stmt(stmt).span.contains(binding.span));
            }
        }
    }

    fn names_and_runs(&self) {
        let mut names: Vec<_> = self.facts.names.iter().collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), self.facts.names.len(), "equal names have equal ids");
        let total: u32 = self.facts.scopes.iter().map(|scope| scope.bindings.len).sum();
        assert_eq!(total as usize, self.facts.bindings.len(), "every binding has a scope");
        for import in &self.facts.imports {
            self.span(import.span);
            assert!(matches!(self.facts.stmt(import.stmt).kind, StmtKind::Import(_)));
        }
    }

    fn errors(&self) {
        for pair in self.facts.errors.windows(2) {
            assert!(pair[0].end <= pair[1].start, "errors are in order");
        }
        self.facts.errors.iter().for_each(|&span| self.span(span));
        for suppression in &self.facts.suppressions {
            self.span(suppression.span);
            for (name, span) in &suppression.names {
                assert_eq!(&self.text[span.range()], name);
                assert!(suppression.span.contains(*span));
            }
        }
    }
}
