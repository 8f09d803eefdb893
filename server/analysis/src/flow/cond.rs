//! Conditions: which disjuncts take which way, and what each way tells of variables.

use super::interp::{Interp, MAX_EXPRESSIONS, Origin, set};
use super::scan::Place;
use super::state::{Disjunct, Route, States};
use super::value::{Definition, Value, ValuesId};
use asyncwise_syntax::facts::{CompareOp, ExprId, ExprKind};

/// Whether an exception's text passes a test.
#[derive(Copy, Clone, PartialEq, Eq)]
enum TextTest {
    Yes,
    No,
    /// A text of this function's own that has values in it: the test is there to recognise it.
    Likely,
    Unknown,
}

type Change<'c> = &'c dyn Fn(Value) -> Option<Value>;

impl Interp<'_> {
    /// The states in which a condition holds, and those in which it fails. The condition's value is their `acc`.
    pub(super) fn cond(&mut self, expr: ExprId, states: States) -> (States, States) {
        let facts = self.facts;
        if self.light {
            return self.light_cond(expr, states);
        }
        if states.is_empty() {
            return (States::default(), States::default());
        }
        if self.expression_depth >= MAX_EXPRESSIONS {
            let states = self.too_deep_expr(expr, states);
            return (states.clone(), states);
        }
        self.expression_depth += 1;
        let split = match &facts.expr(expr).kind {
            ExprKind::Not(inner) => self.not(expr, *inner, states),
            ExprKind::BoolOp { is_and, values } => self.bool_cond(expr, *is_and, facts.list(*values), states),
            ExprKind::Compare { operands, ops } => {
                let ops = &facts.compare_ops[ops.range()];
                self.compare(expr, facts.list(*operands), ops, states)
            }
            ExprKind::IfExp { test, body, orelse } => {
                let (holds, fails) = self.cond(*test, states);
                let (mut yes, mut no) = self.cond(*body, holds);
                let (other_yes, other_no) = self.cond(*orelse, fails);
                self.absorb(&mut yes, other_yes);
                self.absorb(&mut no, other_no);
                self.note(expr, &yes);
                self.note(expr, &no);
                (yes, no)
            }
            _ => {
                let states = self.eval(expr, states);
                self.split_truth(expr, states)
            }
        };
        self.expression_depth -= 1;
        split
    }

    fn light_cond(&self, expr: ExprId, states: States) -> (States, States) {
        match self.facts.expr(expr).kind {
            ExprKind::Bool(true) => (states, States::default()),
            ExprKind::Int(n) if n != 0 => (states, States::default()),
            ExprKind::Bool(false) | ExprKind::Int(_) | ExprKind::None => (States::default(), states),
            _ => (states.clone(), states),
        }
    }

    /// The value of `not` and of a comparison.
    pub(super) fn condition_value(&mut self, expr: ExprId, states: States) -> States {
        let (mut out, fails) = self.cond(expr, states);
        self.absorb(&mut out, fails);
        out
    }

    fn not(&mut self, expr: ExprId, inner: ExprId, states: States) -> (States, States) {
        let (fails, holds) = self.cond(inner, states);
        self.note(expr, &holds);
        self.note(expr, &fails);
        (self.give(expr, holds, Value::True), self.give(expr, fails, Value::False))
    }
    fn give(&mut self, expr: ExprId, mut states: States, value: Value) -> States {
        let id = self.values.single(value, Definition::Expr(expr));
        states.iter_mut().for_each(|d| d.acc = id);
        states
    }

    fn bool_cond(&mut self, expr: ExprId, is_and: bool, operands: &[ExprId], states: States) -> (States, States) {
        self.note(expr, &states);
        let mut decided = States::default();
        let mut open = states;
        for &operand in operands {
            let (holds, fails) = self.cond(operand, open);
            let (done, next) = if is_and { (fails, holds) } else { (holds, fails) };
            self.absorb(&mut decided, done);
            open = next;
        }
        if is_and { (open, decided) } else { (decided, open) }
    }
    /// The value of `and` and `or`: that of the operand that decides.
    pub(super) fn bool_op(&mut self, expr: ExprId, is_and: bool, operands: &[ExprId], states: States) -> States {
        self.note(expr, &states);
        let Some((&last, first)) = operands.split_last() else { return states };
        let mut out = States::default();
        let mut open = states;
        for &operand in first {
            let (holds, fails) = self.cond(operand, open);
            let (done, next) = if is_and { (fails, holds) } else { (holds, fails) };
            self.absorb(&mut out, done);
            open = next;
        }
        let after = self.eval(last, open);
        self.absorb(&mut out, after);
        out
    }

    fn split_truth(&mut self, expr: ExprId, states: States) -> (States, States) {
        let place = self.scan.place(self.facts, expr);
        self.split(place, states, &|v| v.refine_truth(true), &|v| v.refine_truth(false))
    }
    /// Splits by the last value: each way keeps the values that `yes` or `no` leaves, in `place` too.
    fn split(&mut self, place: Option<Place>, states: States, yes: Change<'_>, no: Change<'_>) -> (States, States) {
        let (mut holds, mut fails) = (States::default(), States::default());
        for d in states {
            let (kept, left) = (self.narrow(&d, place, yes), self.narrow(&d, place, no));
            kept.into_iter().for_each(|d| _ = holds.add(d, &mut self.values));
            left.into_iter().for_each(|d| _ = fails.add(d, &mut self.values));
        }
        (holds, fails)
    }
    fn narrow(&mut self, disjunct: &Disjunct, place: Option<Place>, change: Change<'_>) -> Option<Disjunct> {
        let acc = self.values.filter(disjunct.acc, change)?;
        let mut d = disjunct.clone();
        d.acc = acc;
        if let Some(place) = place {
            let held = self.values.filter(self.get(disjunct, place), change)?;
            set(&mut d, place, held);
        }
        Some(d)
    }
    /// Splits by whether the last value, the subject's, is a constant.
    pub(super) fn split_constant(&mut self, subject: ExprId, constant: Value, states: States) -> (States, States) {
        let place = self.scan.place(self.facts, subject);
        let facts = self.facts;
        let equal = |v, wanted| refine_equal(v, constant, wanted, |a, b| facts.expr(a).kind == facts.expr(b).kind);
        self.split(place, states, &|v| equal(v, true), &|v| equal(v, false))
    }

    fn compare(&mut self, expr: ExprId, operands: &[ExprId], ops: &[CompareOp], states: States) -> (States, States) {
        let (&[left, right], &[op]) = (operands, ops) else {
            let states = self.eval_all(operands, states);
            self.may_raise(&states);
            let states = self.finish(expr, states, Value::NotNone);
            return (states.clone(), states);
        };
        let mut states = self.eval(left, states);
        states.iter_mut().for_each(|d| d.stack.push(d.acc));
        let states = self.eval(right, states);
        self.note(expr, &states);
        let (mut holds, mut fails) = (States::default(), States::default());
        for mut d in states {
            let first = d.stack.pop().unwrap_or(ValuesId::UNKNOWN);
            let second = std::mem::replace(&mut d.acc, first);
            let (yes, no) = self.compare_one((left, right), op, second, d);
            self.absorb(&mut holds, yes);
            self.absorb(&mut fails, no);
        }
        (self.give(expr, holds, Value::True), self.give(expr, fails, Value::False))
    }
    /// One comparison in one disjunct, whose `acc` is the left value.
    fn compare_one(
        &mut self,
        (left, right): (ExprId, ExprId),
        op: CompareOp,
        second: ValuesId,
        mut d: Disjunct,
    ) -> (States, States) {
        let (is_equality, negated) = match op {
            CompareOp::Eq | CompareOp::Is => (true, false),
            CompareOp::NotEq | CompareOp::IsNot => (true, true),
            CompareOp::In => (false, false),
            CompareOp::NotIn => (false, true),
            CompareOp::Order => return (States::one(d.clone()), States::one(d)),
        };
        let first = d.acc;
        let (holds, fails) = if !is_equality {
            self.text_in(first, second, d)
        } else if let Some(constant) = self.constant(second) {
            self.equals(left, constant, d)
        } else if let Some(constant) = self.constant(first) {
            d.acc = second;
            self.equals(right, constant, d)
        } else {
            (States::one(d.clone()), States::one(d))
        };
        if negated { (fails, holds) } else { (holds, fails) }
    }
    fn equals(&mut self, subject: ExprId, constant: Value, d: Disjunct) -> (States, States) {
        let tells = |v| matches!(v, Value::Message { .. });
        match (self.values.only(d.acc).filter(|v| tells(*v)), constant) {
            (Some(_), Value::Literal { expr, .. }) => self.by_text(expr, d.acc, d, |text, wanted| text == wanted),
            _ => self.split_constant(subject, constant, States::one(d)),
        }
    }
    fn constant(&self, values: ValuesId) -> Option<Value> {
        let only = self.values.only(values)?;
        matches!(only, Value::None | Value::True | Value::False | Value::Literal { .. }).then_some(only)
    }

    /// `"text" in str(e)`.
    fn text_in(&mut self, needle: ValuesId, text: ValuesId, d: Disjunct) -> (States, States) {
        match self.values.only(needle) {
            Some(Value::Literal { expr, .. }) => self.by_text(expr, text, d, |text, wanted| text.contains(wanted)),
            _ => (States::one(d.clone()), States::one(d)),
        }
    }
    /// `str(e).startswith("text")`, as a value.
    pub(super) fn starts_with(
        &mut self,
        expr: ExprId,
        text: ValuesId,
        prefix: Option<ExprId>,
        d: Disjunct,
        out: &mut States,
    ) {
        let (holds, fails) = match prefix {
            Some(prefix) => self.by_text(prefix, text, d, |text, wanted| text.starts_with(wanted)),
            None => (States::one(d.clone()), States::one(d)),
        };
        let (holds, fails) = (self.give(expr, holds, Value::True), self.give(expr, fails, Value::False));
        self.absorb(out, holds);
        self.absorb(out, fails);
    }
    /// Splits one disjunct by a test of an exception's text, for each exception it may be.
    fn by_text(
        &mut self,
        literal: ExprId,
        texts: ValuesId,
        d: Disjunct,
        test: impl Fn(&str, &str) -> bool,
    ) -> (States, States) {
        let (mut holds, mut fails) = (States::default(), States::default());
        let all: Vec<Value> = self.values.bounds(texts).map(|b| b.value).collect();
        for value in all {
            let outcome = self.text_test(literal, value, &test);
            if outcome != TextTest::No {
                holds.add(d.clone(), &mut self.values);
            }
            match outcome {
                TextTest::Yes => {}
                TextTest::Likely => _ = fails.add(d.clone().by(Route::Implicit), &mut self.values),
                TextTest::No | TextTest::Unknown => _ = fails.add(d.clone(), &mut self.values),
            }
        }
        (holds, fails)
    }
    fn text_test(&self, literal: ExprId, value: Value, test: &impl Fn(&str, &str) -> bool) -> TextTest {
        let (ExprKind::Str(wanted), Value::Message { of, folded }) = (&self.facts.expr(literal).kind, value) else {
            return TextTest::Unknown;
        };
        let Some(exception) = self.exceptions.get(of.0 as usize) else { return TextTest::Unknown };
        match (&exception.message, exception.origin) {
            (Some(message), _) => {
                let message = if folded { message.to_lowercase() } else { message.to_string() };
                if test(&message, wanted) { TextTest::Yes } else { TextTest::No }
            }
            (None, Origin::Raise(_)) => TextTest::Likely,
            (None, _) => TextTest::Unknown,
        }
    }
}

/// The value where `== constant` came out as `wanted`; none where it cannot. Two literals are compared by `same`.
fn refine_equal(value: Value, constant: Value, wanted: bool, same: impl Fn(ExprId, ExprId) -> bool) -> Option<Value> {
    if constant == Value::None {
        return value.refine_none(wanted);
    }
    let equal = match (value, constant) {
        (Value::Literal { expr: a, .. }, Value::Literal { expr: b, .. }) => Some(same(a, b)),
        (a, b) if a == b => Some(true),
        (Value::Any | Value::NotNone, _) => None,
        (Value::Truthy | Value::Falsy, _) if value.truth() == constant.truth() => None,
        _ => Some(false),
    };
    match equal {
        Some(equal) => (equal == wanted).then_some(value),
        None if wanted => Some(constant),
        None => Some(value),
    }
}
