//! What names are bound, and in which scope.

use rustc_hash::FxHashSet;

use super::builder::{Lowerer, run_of};
use crate::facts::{Binding, BindingKind, ExprId, ExprKind, NameId, Run, ScopeId, ScopeKind, Span};

/// A binding before it is known which scope the name belongs to.
#[derive(Clone, Debug)]
pub(super) struct RawBinding {
    /// The scope whose code binds it.
    pub(super) scope: ScopeId,
    pub(super) binding: Binding,
}

impl Lowerer<'_> {
    /// Notes a binding by the statement that is being lowered.
    pub(super) fn bind(&mut self, name: NameId, span: Span, kind: BindingKind) {
        self.unset.push(self.bindings.len() as u32);
        self.bind_without_statement(self.scope, name, span, kind);
    }

    /// Notes a binding that no statement makes: a parameter.
    pub(super) fn bind_without_statement(&mut self, scope: ScopeId, name: NameId, span: Span, kind: BindingKind) {
        self.bindings.push(RawBinding { scope, binding: Binding { name, span, stmt: None, kind } });
    }

    /// Notes `target := value`, which binds in the code around comprehensions.
    pub(super) fn bind_named(&mut self, target: ExprId, value: ExprId) {
        let expr = self.facts.expr(target);
        let ExprKind::Name(name) = expr.kind else { return };
        let span = expr.span;
        let owner = self.scopes.code_scope(self.scope);
        let scope = std::mem::replace(&mut self.scope, owner);
        self.bind(name, span, BindingKind::Assign { value, annotation: None });
        self.scope = scope;
    }

    /// Notes the names in a target; `how` is asked with whether the name is the whole target.
    pub(super) fn bind_target(&mut self, target: ExprId, how: &dyn Fn(bool) -> BindingKind) {
        self.bind_part(target, how, true);
    }

    fn bind_part(&mut self, target: ExprId, how: &dyn Fn(bool) -> BindingKind, whole: bool) {
        match self.facts.expr(target).kind {
            ExprKind::Name(name) => self.bind(name, self.facts.expr(target).span, how(whole)),
            ExprKind::Starred(inner) => self.bind_part(inner, how, false),
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                for i in parts.0.range() {
                    self.bind_part(self.facts.expr_lists[i], how, false);
                }
            }
            _ => {}
        }
    }

    /// Notes the names in a target of an assignment.
    pub(super) fn bind_assigned(&mut self, target: ExprId, value: ExprId) {
        match self.facts.expr(target).kind {
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                let mut after_star = false;
                for (position, i) in parts.0.range().enumerate() {
                    let part = self.facts.expr_lists[i];
                    let kind = &self.facts.expr(part).kind;
                    after_star |= matches!(kind, ExprKind::Starred(_));
                    let is_plain = matches!(kind, ExprKind::Name(_)) && !after_star;
                    let index = is_plain.then_some(position as u32);
                    self.bind_part(part, &|_| BindingKind::Unpack { value, index }, false);
                }
            }
            _ => self.bind_target(target, &|whole| match whole {
                true => BindingKind::Assign { value, annotation: None },
                false => BindingKind::Unpack { value, index: None },
            }),
        }
    }

    /// Hands the names declared `global` and `nonlocal` since the marks to a scope that ends.
    pub(super) fn close_names(&mut self, scope: ScopeId, globals: usize, nonlocals: usize) {
        let mut close = |names: &mut Vec<NameId>, mark: usize| -> Run {
            let run = run_of(self.facts.name_lists.len(), names.len() - mark);
            self.facts.name_lists.extend(names.drain(mark..));
            run
        };
        let globals = close(&mut self.globals, globals);
        let nonlocals = close(&mut self.nonlocals, nonlocals);
        let scope = self.scope_mut(scope);
        scope.globals = globals;
        scope.nonlocals = nonlocals;
    }

    /// Gives each binding to the scope that owns the name, and groups them by scope in source order.
    pub(super) fn resolve_bindings(&mut self) {
        let bound = self.bound_elsewhere();
        let owners: Vec<u32> =
            self.bindings.iter().map(|raw| self.owner(raw.scope, raw.binding.name, &bound).0).collect();
        // Where the next binding of each scope goes.
        let mut next = vec![0u32; self.facts.scopes.len()];
        owners.iter().for_each(|&owner| next[owner as usize] += 1);
        let mut start = 0;
        for (scope, next) in self.facts.scopes.iter_mut().zip(&mut next) {
            let count = std::mem::replace(next, start);
            scope.bindings = run_of(start as usize, count as usize);
            start += count;
        }
        let mut bindings: Vec<Binding> = self.bindings.iter().map(|raw| raw.binding).collect();
        for (raw, owner) in self.bindings.iter().zip(owners) {
            let at = &mut next[owner as usize];
            bindings[*at as usize] = raw.binding;
            *at += 1;
        }
        for scope in &self.facts.scopes {
            bindings[scope.bindings.range()].sort_by_key(|binding| binding.span.start);
        }
        self.facts.bindings = bindings;
    }

    /// The names declared `nonlocal` anywhere, with the scopes that bind them as their own.
    fn bound_elsewhere(&self) -> FxHashSet<(ScopeId, NameId)> {
        let lists = self.facts.scopes.iter().map(|scope| &self.facts.name_lists[scope.nonlocals.range()]);
        let names: FxHashSet<NameId> = lists.flatten().copied().collect();
        if names.is_empty() {
            return FxHashSet::default();
        }
        let keys = self.bindings.iter().map(|raw| (raw.scope, raw.binding.name));
        keys.filter(|&(scope, name)| {
            names.contains(&name) && !self.declares(scope, name, false) && !self.declares(scope, name, true)
        })
        .collect()
    }

    /// Whether `scope` declares `name` as `global`, else `nonlocal`.
    fn declares(&self, scope: ScopeId, name: NameId, global: bool) -> bool {
        let scope = self.facts.scope(scope);
        let run = if global { scope.globals } else { scope.nonlocals };
        self.facts.name_lists[run.range()].contains(&name)
    }

    fn owner(&self, scope: ScopeId, name: NameId, bound: &FxHashSet<(ScopeId, NameId)>) -> ScopeId {
        if self.declares(scope, name, true) {
            return ScopeId::MODULE;
        }
        if !self.declares(scope, name, false) {
            return scope;
        }
        let mut at = self.facts.scope(scope).parent;
        while let Some(id) = at {
            let outer = self.facts.scope(id);
            let is_function = matches!(outer.kind, ScopeKind::Function { .. } | ScopeKind::Lambda);
            if is_function && bound.contains(&(id, name)) {
                return id;
            }
            at = outer.parent;
        }
        scope
    }
}
