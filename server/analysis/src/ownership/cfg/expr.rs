//! Expressions as nodes: in the order of evaluation, with conditions as branches.

use super::build::Builder;
use super::{Edge, NodeId, Step};
use crate::ownership::uses::{ends, last_name};
use asyncwise_syntax::facts::*;

/// Deeper expressions than this are one step.
const MAX_DEPTH: u32 = 400;
/// Calls that are not taken to raise: they say something to a log or a terminal, ask what a thing is, make plain data.
const HARMLESS: &[&str] = &[
    "AsyncExitStack",
    "BoundedSemaphore",
    "CancelScope",
    "Condition",
    "Event",
    "ExitStack",
    "Lock",
    "Path",
    "Queue",
    "Semaphore",
    "TaskGroup",
    "aclosing",
    "append",
    "bool",
    "bytearray",
    "callable",
    "cast",
    "closing",
    "copy",
    "create_task_group",
    "critical",
    "debug",
    "deepcopy",
    "deque",
    "dict",
    "discard",
    "endswith",
    "enumerate",
    "error",
    "exception",
    "extend",
    "fail_after",
    "format",
    "frozenset",
    "get",
    "getLogger",
    "get_event_loop",
    "get_running_loop",
    "getattr",
    "hasattr",
    "id",
    "info",
    "is_set",
    "isinstance",
    "issubclass",
    "items",
    "keys",
    "len",
    "list",
    "log",
    "lower",
    "monotonic",
    "move_on_after",
    "nullcontext",
    "object",
    "open_nursery",
    "perf_counter",
    "print",
    "range",
    "repr",
    "set",
    "setdefault",
    "sorted",
    "startswith",
    "str",
    "strip",
    "super",
    "suppress",
    "time",
    "timeout",
    "timeout_at",
    "trace",
    "tuple",
    "type",
    "update",
    "upper",
    "uuid4",
    "values",
    "warn",
    "warning",
    "zip",
];

impl Builder<'_> {
    pub(super) fn expressions(&mut self, list: &[ExprId]) {
        list.iter().for_each(|&expr| self.expression(expr));
    }

    /// Evaluates an expression.
    pub(super) fn expression(&mut self, expr: ExprId) {
        if self.at.is_none() {
            return;
        }
        self.depth += 1;
        if self.depth < MAX_DEPTH {
            self.evaluate(expr);
        }
        self.depth -= 1;
    }

    fn evaluate(&mut self, expr: ExprId) {
        let facts = self.facts;
        match &facts.expr(expr).kind {
            ExprKind::Name(_) => self.step(Step::Eval(expr)),
            ExprKind::Attribute { value, .. } => {
                self.expression(*value);
                self.step(Step::Eval(expr));
            }
            ExprKind::Call { func, args } => {
                self.expression(*func);
                facts.args(*args).iter().for_each(|arg| self.expression(arg.value));
                self.step(Step::Eval(expr));
                if !self.is_harmless(*func) && !self.is_made_to_await(expr) {
                    self.may_raise(Edge::CallRaised);
                }
            }
            ExprKind::Await(value) | ExprKind::YieldFrom(value) => {
                self.expression(*value);
                self.step(Step::Eval(expr));
                // A close may fail, and nobody expects it to.
                self.may_raise(if self.is_close(*value) { Edge::CallRaised } else { Edge::Raised });
                self.may_raise(Edge::Cancelled);
            }
            ExprKind::Yield(value) => {
                self.expressions(value.as_slice());
                self.step(Step::Eval(expr));
                self.may_wait();
            }
            ExprKind::Lambda(scope) => self.step(Step::Define(*scope)),
            ExprKind::Comprehension { scope, .. } => self.comprehension(expr, *scope),
            ExprKind::IfExp { test, body, orelse } => {
                let [then, other, after] = [(); 3].map(|()| self.node(Step::Join));
                self.condition(*test, then, other);
                for (arm, value) in [(then, *body), (other, *orelse)] {
                    self.resume(arm);
                    self.expression(value);
                    self.go(after);
                }
                self.resume(after);
                self.step(Step::Eval(expr));
            }
            ExprKind::BoolOp { is_and, values } => self.bool_op(expr, *is_and, facts.list(*values)),
            ExprKind::Named { target, value } => {
                self.expression(*value);
                self.target(*target);
            }
            _ => self.parts(expr),
        }
    }

    fn parts(&mut self, expr: ExprId) {
        let mut parts: Vec<ExprId> = Vec::new();
        self.facts.for_each_child(&self.facts.expr(expr).kind, &mut |part| parts.push(part));
        parts.dedup();
        let has_parts = !parts.is_empty();
        self.expressions(&parts);
        if has_parts {
            self.step(Step::Eval(expr));
        }
    }

    fn bool_op(&mut self, expr: ExprId, is_and: bool, values: &[ExprId]) {
        let after = self.node(Step::Join);
        if let Some((last, first)) = values.split_last() {
            for &value in first {
                let next = self.node(Step::Join);
                let (holds, fails) = if is_and { (next, after) } else { (after, next) };
                self.condition(value, holds, fails);
                self.resume(next);
            }
            self.expression(*last);
        }
        self.go(after);
        self.resume(after);
        self.step(Step::Eval(expr));
    }

    fn comprehension(&mut self, expr: ExprId, scope: ScopeId) {
        let facts = self.facts;
        let s = facts.scope(scope);
        let (done, mut is_first) = (self.node(Step::Join), true);
        let is_lazy =
            matches!(facts.expr(expr).kind, ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. });
        for generator in &facts.generators[s.generators.range()] {
            self.expression(generator.iter);
            if let Some(at) = self.at.filter(|_| std::mem::take(&mut is_first)) {
                self.link(at, done, Edge::Normal);
            }
            if generator.is_async && !is_lazy {
                self.step(Step::Join);
                self.may_wait();
            }
            self.target(generator.target);
            for &condition in facts.list(generator.conditions) {
                let next = self.node(Step::Join);
                self.condition(condition, next, done);
                self.resume(next);
            }
        }
        self.expressions(facts.list(s.body_exprs));
        self.go(done);
        self.resume(done);
        self.step(Step::Eval(expr));
    }

    /// Gives a target its value: of a tuple, each part; of anything else than a name, after what stands in it.
    pub(super) fn target(&mut self, target: ExprId) {
        let facts = self.facts;
        match &facts.expr(target).kind {
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                facts.list(*parts).iter().for_each(|&part| self.target(part));
            }
            ExprKind::Starred(value) => self.target(*value),
            ExprKind::Attribute { value, .. } => {
                self.expression(*value);
                self.step(Step::Eval(target));
            }
            ExprKind::Subscript { value, index } => {
                self.expressions(&[*value, *index]);
                self.step(Step::Eval(target));
            }
            _ => self.step(Step::Eval(target)),
        }
    }

    /// Evaluates a condition, and goes on at one of two nodes.
    pub(super) fn condition(&mut self, test: ExprId, holds: NodeId, fails: NodeId) {
        let facts = self.facts;
        match &facts.expr(test).kind {
            ExprKind::Not(value) => self.condition(*value, fails, holds),
            ExprKind::BoolOp { is_and, values } if self.depth < MAX_DEPTH => {
                self.depth += 1;
                let values = facts.list(*values);
                for (i, &value) in values.iter().enumerate() {
                    if i + 1 == values.len() {
                        self.condition(value, holds, fails);
                        break;
                    }
                    let next = self.node(Step::Join);
                    let (yes, no) = if *is_and { (next, fails) } else { (holds, next) };
                    self.condition(value, yes, no);
                    self.resume(next);
                }
                self.depth -= 1;
            }
            kind => {
                let known = match kind {
                    ExprKind::Bool(value) => Some(*value),
                    ExprKind::Int(value) => Some(*value != 0),
                    ExprKind::None => Some(false),
                    _ => None,
                };
                self.expression(test);
                for (outcome, to) in [(true, holds), (false, fails)] {
                    let Some(at) = self.at.filter(|_| known.is_none_or(|known| known == outcome)) else { continue };
                    let node = self.node(Step::Assume { test, holds: outcome });
                    self.link(at, node, Edge::Normal);
                    self.link(node, to, Edge::Normal);
                }
                self.at = None;
            }
        }
    }

    /// Whether a call is not taken to raise.
    pub(super) fn is_harmless(&self, func: ExprId) -> bool {
        match self.facts.expr(func).kind {
            ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => {
                HARMLESS.binary_search(&self.facts.name(name)).is_ok()
            }
            _ => false,
        }
    }

    /// Whether a value is what a call gives that ends something.
    fn is_close(&self, value: ExprId) -> bool {
        let ExprKind::Call { func, .. } = self.facts.expr(value).kind else { return false };
        ends(last_name(self.facts, func))
    }

    /// Whether a call's value is awaited at once: what it raises is raised there.
    fn is_made_to_await(&self, call: ExprId) -> bool {
        matches!(self.facts.expr(call).parent, Parent::Expr(p) if matches!(self.facts.expr(p).kind, ExprKind::Await(_)))
    }
}
