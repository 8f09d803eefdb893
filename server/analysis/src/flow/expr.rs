//! Expressions: evaluated for all disjuncts at once. Each leaves its value in the disjunct's `acc`.

use super::interp::{Interp, MAX_EXPRESSIONS};
use super::state::States;
use super::value::{Definition, Value, ValuesId};
use super::walk;
use asyncwise_syntax::facts::{ExprId, ExprKind, NameId, Parent, ScopeId};

impl Interp<'_> {
    pub(super) fn eval(&mut self, expr: ExprId, states: States) -> States {
        if self.light || states.is_empty() || self.exhausted() {
            return states;
        }
        if self.expression_depth >= MAX_EXPRESSIONS {
            return self.too_deep_expr(expr, states);
        }
        self.expression_depth += 1;
        let out = self.eval_kind(expr, states);
        self.expression_depth -= 1;
        out
    }

    /// Goes on as if the expression did nothing that is known.
    pub(super) fn too_deep_expr(&mut self, expr: ExprId, states: States) -> States {
        self.incomplete = true;
        self.note_all(expr, states.bits());
        self.may_raise(&states);
        self.finish(expr, states, Value::Any)
    }

    pub(super) fn eval_all(&mut self, list: &[ExprId], mut states: States) -> States {
        for &expr in list {
            states = self.eval(expr, states);
        }
        states
    }

    /// Notes the states and gives the expression's value.
    pub(super) fn finish(&mut self, expr: ExprId, mut states: States, value: Value) -> States {
        self.note(expr, &states);
        let id = self.values.single(value, Definition::Expr(expr));
        states.iter_mut().for_each(|d| d.acc = id);
        states
    }

    /// Evaluates what stands in an expression, but not itself: the parts of a target.
    pub(super) fn eval_parts(&mut self, expr: ExprId, states: States) -> States {
        let mut parts = Vec::new();
        walk::children(self.facts, expr, &mut |e| parts.push(e));
        let states = self.eval_all(&parts, states);
        self.note(expr, &states);
        states
    }

    fn eval_kind(&mut self, expr: ExprId, states: States) -> States {
        let facts = self.facts;
        match &facts.expr(expr).kind {
            ExprKind::Name(name) => self.name(expr, *name, states),
            ExprKind::Attribute { value, .. } => {
                let states = self.eval(*value, states);
                if !self.is_link(expr) {
                    self.may_raise(&states);
                }
                self.attribute(expr, states)
            }
            ExprKind::Call { func, args } => self.call(expr, *func, *args, states),
            ExprKind::Await(value) | ExprKind::YieldFrom(value) => {
                let states = self.eval(*value, states);
                self.suspended(expr, states)
            }
            ExprKind::Yield(value) => {
                let states = self.eval_all(value.as_slice(), states);
                self.suspended(expr, states)
            }
            ExprKind::Comprehension { scope, .. } => self.comprehension(expr, *scope, states),
            ExprKind::Not(_) | ExprKind::Compare { .. } => self.condition_value(expr, states),
            ExprKind::BoolOp { is_and, values } => self.bool_op(expr, *is_and, facts.list(*values), states),
            ExprKind::IfExp { test, body, orelse } => {
                let (holds, fails) = self.cond(*test, states);
                let mut out = self.eval(*body, holds);
                let other = self.eval(*orelse, fails);
                self.absorb(&mut out, other);
                self.note(expr, &out);
                out
            }
            ExprKind::Named { target, value } => {
                let states = self.eval(*value, states);
                self.note(expr, &states);
                self.assign(*target, states)
            }
            ExprKind::Bool(b) => self.finish(expr, states, if *b { Value::True } else { Value::False }),
            ExprKind::None => self.finish(expr, states, Value::None),
            ExprKind::Str(text) => self.finish(expr, states, Value::Literal { expr, truthy: !text.is_empty() }),
            ExprKind::Int(n) => self.finish(expr, states, Value::Literal { expr, truthy: *n != 0 }),
            ExprKind::Lambda(_) => self.parts(expr, states, Value::Truthy),
            ExprKind::Subscript { .. } | ExprKind::Binary { .. } => {
                let states = self.parts(expr, states, Value::Any);
                self.may_raise(&states);
                states
            }
            ExprKind::Starred(_) | ExprKind::Unary(_) | ExprKind::Other(_) => self.parts(expr, states, Value::Any),
            _ => self.parts(expr, states, Value::NotNone),
        }
    }

    /// Whether an attribute only leads to another: most often a module.
    fn is_link(&self, expr: ExprId) -> bool {
        let facts = self.facts;
        matches!(facts.expr(expr).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Attribute { .. }))
    }

    fn parts(&mut self, expr: ExprId, states: States, value: Value) -> States {
        let mut parts = Vec::new();
        walk::children(self.facts, expr, &mut |e| parts.push(e));
        let states = self.eval_all(&parts, states);
        self.finish(expr, states, value)
    }

    /// Other code runs here, and an exception may come back.
    fn suspended(&mut self, expr: ExprId, states: States) -> States {
        let mut states = self.finish(expr, states, Value::Any);
        self.may_raise(&states);
        self.forget(&mut states, true, true);
        states
    }

    fn name(&mut self, expr: ExprId, name: NameId, mut states: States) -> States {
        self.note(expr, &states);
        let Some(place) = self.scan.local(self.facts, expr, name) else {
            return self.flagged(expr, states);
        };
        for d in states.iter_mut() {
            d.acc = d.env.get(place.0 as usize).copied().unwrap_or(ValuesId::UNKNOWN);
        }
        self.record.use_of(expr, &states);
        self.flagged(expr, states)
    }

    pub(super) fn attribute(&mut self, expr: ExprId, mut states: States) -> States {
        self.note(expr, &states);
        let Some((_, places)) = self.scan.self_attribute(self.facts, expr) else {
            return self.flagged(expr, states);
        };
        for d in states.iter_mut() {
            d.acc = d.env.get(places.now.0 as usize).copied().unwrap_or(ValuesId::UNKNOWN);
        }
        self.record.use_of(expr, &states);
        self.flagged(expr, states)
    }

    /// The value of a variable or attribute of which this scope knows nothing is that of its flag, if it is one.
    fn flagged(&mut self, expr: ExprId, mut states: States) -> States {
        let is_followed = self.scan.place(self.facts, expr).is_some();
        for d in states.iter_mut() {
            if !is_followed || d.acc == ValuesId::UNKNOWN {
                d.acc = ValuesId::fresh(expr);
            }
        }
        let Some(flag) = self.scan.flags.get(&expr).copied() else { return states };
        let (mut out, mut open) = (States::default(), States::default());
        for d in states {
            let is_open = self.values.only(d.acc) == Some(Value::Any);
            if is_open { &mut open } else { &mut out }.add(d, &mut self.values);
        }
        let split = self.split_flag(expr, flag, open);
        self.absorb(&mut out, split);
        out
    }

    fn comprehension(&mut self, expr: ExprId, scope: ScopeId, states: States) -> States {
        let facts = self.facts;
        let mut out = States::default();
        let mut item = states;
        for (i, generator) in facts.generators[facts.scope(scope).generators.range()].iter().enumerate() {
            item = self.eval(generator.iter, item);
            if i == 0 {
                // There may be nothing to iterate over.
                out = item.clone();
            }
            item = self.eval_parts(generator.target, item);
            for &condition in facts.list(generator.conditions) {
                item = self.cond(condition, item).0;
            }
        }
        item = self.eval_all(facts.list(facts.scope(scope).body_exprs), item);
        self.absorb(&mut out, item);
        self.may_raise(&out);
        self.finish(expr, out, Value::NotNone)
    }
}
