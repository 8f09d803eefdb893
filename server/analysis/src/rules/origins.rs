//! Where a value comes from: the expressions a variable may stand for, and which event loop an expression is.

use super::CheckedFile;
use crate::flow::{Definition, LoopKind, StateSet, Value};
use crate::sites::run_scope;
use crate::types::{Class, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// The expressions a value may come from.
#[derive(Clone, Default, Debug)]
pub(super) struct Origins {
    /// The expressions, in source order.
    pub(super) exprs: Vec<ExprId>,
    /// Whether it comes from nowhere else.
    pub(super) is_complete: bool,
}

/// Why a loop is known to be the one that runs on the thread of the code that uses it.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum OwnLoop {
    /// An attribute that methods of the class set to the loop they run on.
    Stored(ExprId),
    /// `get_event_loop()`: it is the running one where one runs.
    Current(Option<ExprId>),
    /// `get_running_loop()` gave it here, so a loop runs here.
    Running(Option<ExprId>),
}

impl OwnLoop {
    /// The call that gave the loop, where it does not stand in its place.
    pub(super) const fn made_at(self) -> Option<ExprId> {
        match self {
            Self::Stored(at) => Some(at),
            Self::Current(at) | Self::Running(at) => at,
        }
    }
}

impl CheckedFile<'_> {
    /// The dotted name of the outside callable that a call calls.
    pub(super) fn called_path(&mut self, call: ExprId) -> Option<SmolStr> {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return None };
        match self.infer.expr(self.file, func) {
            Ty::External(path) | Ty::Class(Class::External(path)) => Some(path),
            _ => None,
        }
    }

    /// The function, lambda or module whose code an expression is.
    pub(super) fn code_around(&self, expr: ExprId) -> ScopeId {
        run_scope(self.facts, self.facts.expr(expr).scope)
    }

    /// The scope that binds a name as an expression sees it; none where it is no variable of the file.
    pub(super) fn binder(&self, expr: ExprId, name: NameId) -> Option<ScopeId> {
        let own = self.facts.expr(expr).scope;
        let mut at = Some(own);
        while let Some(scope) = at {
            let s = self.facts.scope(scope);
            if self.facts.name_lists[s.globals.range()].contains(&name) {
                return Some(ScopeId::MODULE);
            }
            let is_free = self.facts.name_lists[s.nonlocals.range()].contains(&name);
            let is_visible = s.kind != ScopeKind::Class || scope == own;
            if is_visible && !is_free && self.index.binds(scope, name) {
                return Some(scope);
            }
            at = s.parent;
        }
        None
    }

    /// What an expression may stand for: a variable's values at this use, else itself.
    pub(super) fn origins(&mut self, expr: ExprId) -> Origins {
        let itself = || Origins { exprs: vec![expr], is_complete: true };
        match self.facts.expr(expr).kind {
            ExprKind::Name(name) => match self.binder(expr, name) {
                Some(scope) if scope == self.code_around(expr) => self.local_origins(expr, name),
                Some(scope) => {
                    let bindings = self.index.bindings(self.facts, scope, name);
                    self.of_bindings(bindings.copied().collect())
                }
                None => itself(),
            },
            ExprKind::Named { value, .. } => self.origins(value),
            _ => itself(),
        }
    }

    fn local_origins(&mut self, expr: ExprId, name: NameId) -> Origins {
        let owner = self.code_around(expr);
        let flow = self.flows.of(owner);
        if flow.is_trivial() {
            let bindings = self.index.reaching(self.facts, owner, name, self.facts.stmt_of(expr));
            return self.of_bindings(bindings);
        }
        let mut origins = Origins { exprs: Vec::new(), is_complete: true };
        for definition in flow.definitions_at(self.facts, expr, StateSet::EXPLICIT) {
            match definition {
                Definition::Expr(value) => origins.exprs.push(value),
                _ => origins.is_complete = false,
            }
        }
        origins
    }

    fn of_bindings(&self, bindings: Vec<Binding>) -> Origins {
        let mut origins = Origins { exprs: Vec::new(), is_complete: true };
        for binding in bindings {
            match binding.kind {
                BindingKind::Assign { value, .. } => origins.exprs.push(value),
                BindingKind::Delete => {}
                _ => origins.is_complete = false,
            }
        }
        origins
    }

    /// Which loop an expression is, if it is the one of the thread that evaluates it.
    pub(super) fn own_loop(&mut self, expr: ExprId) -> Option<OwnLoop> {
        match self.facts.expr(expr).kind {
            ExprKind::Call { .. } => match self.called_path(expr)?.as_str() {
                "asyncio.get_running_loop" => Some(OwnLoop::Running(None)),
                "asyncio.get_event_loop" => Some(OwnLoop::Current(None)),
                _ => None,
            },
            ExprKind::Name(_) => self.loop_of_variable(expr),
            ExprKind::Attribute { value, attr } => {
                self.known_loop(expr).or_else(|| self.loop_of_attribute(value, attr))
            }
            _ => None,
        }
    }

    fn loop_of_variable(&mut self, expr: ExprId) -> Option<OwnLoop> {
        if let Some(known) = self.known_loop(expr) {
            return Some(known);
        }
        let origins = self.origins(expr);
        if !origins.is_complete {
            return None;
        }
        let mut found = None;
        for origin in origins.exprs {
            if self.facts.expr(origin).kind == ExprKind::None {
                continue;
            }
            if !matches!(self.facts.expr(origin).kind, ExprKind::Call { .. }) {
                return None;
            }
            let own = match self.own_loop(origin)? {
                OwnLoop::Running(_) => OwnLoop::Running(Some(origin)),
                _ => OwnLoop::Current(Some(origin)),
            };
            found = Some(found.map_or(own, |f| own.min(f)));
        }
        found
    }

    /// What the flow knows of a loop in a variable or attribute, on the paths on which one may run: that a call here gave
    /// it. A loop that another method kept says when it was kept, not which thread this is.
    fn known_loop(&mut self, expr: ExprId) -> Option<OwnLoop> {
        let flow = self.flows.around(expr);
        let values = flow.values_at(expr, StateSet::WHEN_RUNNING);
        let definitions = flow.definitions_at(self.facts, expr, StateSet::WHEN_RUNNING);
        let is_call = |d: &Definition| match d {
            Definition::Expr(value) => matches!(self.facts.expr(*value).kind, ExprKind::Call { .. }),
            _ => false,
        };
        if values.is_empty() || !definitions.iter().all(is_call) {
            return None;
        }
        let made_at = definitions.iter().find_map(|d| match d {
            Definition::Expr(value) => Some(*value),
            _ => None,
        });
        let is = |kind| values.iter().all(|v| *v == Value::Loop(kind));
        if is(LoopKind::Running) {
            return Some(OwnLoop::Running(made_at));
        }
        is(LoopKind::Current).then_some(OwnLoop::Current(made_at))
    }

    /// The loop in an attribute of `self` that only code on a loop sets, to the loop it runs on.
    fn loop_of_attribute(&mut self, receiver: ExprId, attr: NameId) -> Option<OwnLoop> {
        let ExprKind::Name(name) = self.facts.expr(receiver).kind else { return None };
        let class = self.index.self_class(self.facts, self.code_around(receiver), name)?;
        let mut found = None;
        for assigned in self.index.attributes(class, attr).to_vec() {
            let Some(value) = assigned.value else { continue };
            if self.facts.expr(value).kind == ExprKind::None {
                continue;
            }
            let on_loop = self.facts.scope(assigned.method).kind == ScopeKind::Function { is_async: true };
            match self.own_loop(value)? {
                OwnLoop::Running(_) => {}
                OwnLoop::Current(_) if on_loop => {}
                _ => return None,
            }
            found = Some(OwnLoop::Stored(value));
        }
        found
    }

    /// The source of an expression on one line, or the last name of a long one.
    pub(super) fn text_of(&self, expr: ExprId) -> String {
        match self.facts.expr(expr).kind {
            ExprKind::Call { func, .. } => format!("{}()", self.analysis.call_text(self.file, func)),
            _ => self.analysis.call_text(self.file, expr),
        }
    }

    /// Whether an `await` of the same function stands between two places: what was started may be done by then.
    pub(super) fn awaits_between(&self, owner: ScopeId, start: u32, end: u32) -> bool {
        let between = |span: Span| start <= span.start && span.end <= end;
        self.facts
            .exprs()
            .any(|(id, e)| matches!(e.kind, ExprKind::Await(_)) && between(e.span) && self.code_around(id) == owner)
    }
}
