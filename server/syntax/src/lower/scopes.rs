//! The scopes of a file while it is lowered, and their numbers.
//!
//! What stands in a function is numbered after all that does not. How many those are is known at the end only: until
//! then local scopes count from a base that visible ones do not reach.

use crate::facts::{
    Binding, BindingKind, Expr, ExprKind, FileFacts, Parent, Scope, ScopeId, ScopeKind, Stmt, StmtKind,
};

use super::bindings::RawBinding;
use super::shift::Shift;
use super::units::Unit;

/// A base above the number of scopes of any file: each takes more than a byte of at most 4 GiB.
pub(super) const FAR_BASE: u32 = 1 << 31;

/// The scopes found so far.
#[derive(Default)]
pub(super) struct Scopes {
    /// The module, and the classes and functions outside functions and lambdas.
    visible: Vec<Scope>,
    /// All others, numbered from [`FAR_BASE`].
    local: Vec<Scope>,
}

impl Scopes {
    /// Appends a scope; its kind is that of a class for every definition.
    pub(super) fn push(&mut self, scope: Scope) -> ScopeId {
        let is_visible = match (scope.kind, scope.parent) {
            (_, None) => true,
            (ScopeKind::Lambda | ScopeKind::Comprehension { .. }, _) => false,
            (_, Some(parent)) => {
                parent.0 < FAR_BASE && matches!(self.get(parent).kind, ScopeKind::Module | ScopeKind::Class)
            }
        };
        let (scopes, base) = if is_visible { (&mut self.visible, 0) } else { (&mut self.local, FAR_BASE) };
        scopes.push(scope);
        ScopeId(base + scopes.len() as u32 - 1)
    }

    pub(super) fn get(&self, id: ScopeId) -> &Scope {
        match id.0.checked_sub(FAR_BASE) {
            Some(local) => &self.local[local as usize],
            None => &self.visible[id.index()],
        }
    }

    pub(super) fn get_mut(&mut self, id: ScopeId) -> &mut Scope {
        match id.0.checked_sub(FAR_BASE) {
            Some(local) => &mut self.local[local as usize],
            None => &mut self.visible[id.index()],
        }
    }

    /// See [`FileFacts::code_scope`].
    pub(super) fn code_scope(&self, mut id: ScopeId) -> ScopeId {
        while let Scope { kind: ScopeKind::Comprehension { .. }, parent: Some(parent), .. } = self.get(id) {
            id = *parent;
        }
        id
    }

    /// Makes room: the array of the visible ones takes all in the end.
    pub(super) fn reserve(&mut self, all: usize, visible: usize) {
        self.visible.reserve(all);
        self.local.reserve(all.saturating_sub(visible) + 64);
    }

    /// How many visible and how many local ones there are.
    pub(super) fn lengths(&self) -> (u32, u32) {
        (self.visible.len() as u32, self.local.len() as u32)
    }

    /// Appends the scopes of a unit, of which `old` are those of its text and the first `visible` are visible.
    pub(super) fn copy(&mut self, old: &[Scope], visible: u32, unit: &Unit, shift: &Shift<'_>) {
        let (old_visible, old_local) = old.split_at(visible as usize);
        let (from, to) = (&unit.from, &unit.to);
        let part = &old_visible[from.visible as usize..to.visible as usize];
        self.visible.extend(part.iter().map(|scope| shift.scope(scope)));
        let part = &old_local[from.local as usize..to.local as usize];
        self.local.extend(part.iter().map(|scope| shift.scope(scope)));
    }

    /// Puts the scopes into the facts, with their final numbers there and in what refers to them. Tells how many are
    /// visible.
    pub(super) fn finish(self, facts: &mut FileFacts, bindings: &mut [RawBinding]) -> u32 {
        let count = self.visible.len() as u32;
        facts.scopes = self.visible;
        facts.scopes.extend(self.local);
        renumber(facts, bindings, count);
        count
    }
}

/// Makes local scopes count from `base`.
fn renumber(facts: &mut FileFacts, bindings: &mut [RawBinding], base: u32) {
    let number = |id: &mut ScopeId| {
        if let Some(local) = id.0.checked_sub(FAR_BASE) {
            id.0 = base + local;
        }
    };
    for Expr { kind, parent, scope, .. } in &mut facts.exprs {
        number(scope);
        if let Parent::Scope(scope) = parent {
            number(scope);
        }
        if let ExprKind::Lambda(scope) | ExprKind::Comprehension { scope, .. } = kind {
            number(scope);
        }
    }
    for Stmt { kind, scope, .. } in &mut facts.stmts {
        number(scope);
        if let StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) = kind {
            number(scope);
        }
    }
    facts.scopes.iter_mut().filter_map(|scope| scope.parent.as_mut()).for_each(number);
    facts.imports.iter_mut().for_each(|import| number(&mut import.scope));
    for RawBinding { scope, binding: Binding { kind, .. } } in bindings {
        number(scope);
        if let BindingKind::Def(scope) = kind {
            number(scope);
        }
    }
}
