//! Assignments.

use super::interp::{Interp, set};
use super::state::States;
use super::value::{Definition, ValuesId};
use asyncwise_syntax::facts::{ExprId, ExprKind};

impl Interp<'_> {
    /// `a = b = value`; `a, b = x, y` is taken apart.
    pub(super) fn assign_all(&mut self, targets: &[ExprId], value: ExprId, states: States) -> States {
        let facts = self.facts;
        if let ([target], ExprKind::Tuple(values) | ExprKind::List(values)) = (targets, &facts.expr(value).kind) {
            let (parts, values) = (self.elements(*target), facts.list(*values));
            if !parts.is_empty() && parts.len() == values.len() && !self.has_star(&parts) && !self.has_star(values) {
                return self.assign_each(*target, &parts, value, values, states);
            }
        }
        let mut states = self.eval(value, states);
        for &target in targets {
            states = self.assign(target, states);
        }
        states
    }

    fn elements(&self, target: ExprId) -> Vec<ExprId> {
        match self.facts.expr(target).kind {
            ExprKind::Tuple(list) | ExprKind::List(list) => self.facts.list(list).to_vec(),
            _ => Vec::new(),
        }
    }
    fn has_star(&self, list: &[ExprId]) -> bool {
        list.iter().any(|e| matches!(self.facts.expr(*e).kind, ExprKind::Starred(_)))
    }

    fn assign_each(
        &mut self,
        target: ExprId,
        parts: &[ExprId],
        value: ExprId,
        values: &[ExprId],
        mut states: States,
    ) -> States {
        for &value in values {
            states = self.eval(value, states);
            states.iter_mut().for_each(|d| d.stack.push(d.acc));
        }
        self.note(value, &states);
        self.note(target, &states);
        for &part in parts.iter().rev() {
            states.iter_mut().for_each(|d| d.acc = d.stack.pop().unwrap_or(ValuesId::UNKNOWN));
            states = self.assign(part, states);
        }
        states
    }

    /// Binds a target to the last value, which stays.
    pub(super) fn assign(&mut self, target: ExprId, mut states: States) -> States {
        if self.light || states.is_empty() {
            return states;
        }
        let facts = self.facts;
        match facts.expr(target).kind {
            ExprKind::Name(name) => {
                self.note(target, &states);
                if let Some(place) = self.scan.place_of(name).filter(|_| self.is_own(target)) {
                    for d in states.iter_mut() {
                        let value = d.acc;
                        set(d, place, value);
                    }
                }
                states
            }
            ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => {
                states.iter_mut().for_each(|d| d.stack.push(d.acc));
                states = self.eval_parts(target, states);
                states.iter_mut().for_each(|d| d.acc = d.stack.pop().unwrap_or(ValuesId::UNKNOWN));
                if let ExprKind::Subscript { value, .. } = facts.expr(target).kind
                    && let Some(place) = self.scan.place(facts, value)
                {
                    self.decay(place, &mut states);
                }
                self.assign_attribute(target, states)
            }
            _ => self.assign_unknown(target, states),
        }
    }
    /// A name in a comprehension is bound here only by `:=`.
    fn is_own(&self, target: ExprId) -> bool {
        let facts = self.facts;
        facts.expr(target).scope == self.scan.scope
            || matches!(facts.expr(target).parent, asyncwise_syntax::facts::Parent::Expr(p)
                if matches!(facts.expr(p).kind, ExprKind::Named { .. }))
    }
    fn assign_attribute(&mut self, target: ExprId, mut states: States) -> States {
        if let Some((_, places)) = self.scan.self_attribute(self.facts, target) {
            for d in states.iter_mut() {
                let value = d.acc;
                set(d, places.now, value);
                set(d, places.assigned, value);
            }
        }
        states
    }

    /// Binds a target, or the parts of one, to something unknown.
    pub(super) fn assign_unknown(&mut self, target: ExprId, mut states: States) -> States {
        if self.light {
            return states;
        }
        let mut work = vec![target];
        while let Some(target) = work.pop() {
            let parts = self.elements(target);
            if parts.is_empty() {
                let inner = match self.facts.expr(target).kind {
                    ExprKind::Starred(inner) => inner,
                    _ => target,
                };
                self.note(target, &states);
                states.iter_mut().for_each(|d| d.acc = ValuesId::UNKNOWN);
                if matches!(
                    self.facts.expr(inner).kind,
                    ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Subscript { .. }
                ) {
                    states = self.assign(inner, states);
                }
            } else {
                self.note(target, &states);
                work.extend(parts.into_iter().rev());
            }
        }
        states
    }

    /// `target += value`.
    pub(super) fn augment(&mut self, target: ExprId, value: ExprId, states: States) -> States {
        let states = self.eval(target, states);
        let mut states = self.eval(value, states);
        self.may_raise(&states);
        let changed = self.values.single(super::value::Value::Any, Definition::Other);
        states.iter_mut().for_each(|d| d.acc = changed);
        self.assign(target, states)
    }
}
