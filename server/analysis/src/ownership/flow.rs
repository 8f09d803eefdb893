//! What has become of one value on the paths that come to each point: a forward data-flow analysis over the control-flow
//! graph whose domain is a set of states.

use super::cfg::{Cfg, Edge, NodeId, Step};
use super::uses::Use;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A set of states.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct States(u8);

impl States {
    /// There is no such value in the variable.
    pub(crate) const ABSENT: States = States(1);
    /// It is there, and need not be closed yet.
    pub(crate) const FRESH: States = States(2);
    /// It must be closed.
    pub(crate) const OPEN: States = States(4);
    /// It must be closed, and a call has raised since.
    pub(crate) const OPEN_AFTER_CALL: States = States(8);
    /// It must be closed, and an `await` or `raise` has raised since.
    pub(crate) const OPEN_AFTER_ERROR: States = States(16);
    /// It must be closed, and the task was cancelled since.
    pub(crate) const OPEN_AFTER_CANCEL: States = States(32);
    /// It was closed.
    pub(crate) const CLOSED: States = States(64);
    /// Somebody else has it, or nobody can tell.
    pub(crate) const GONE: States = States(128);
    /// It must be closed.
    pub(crate) const ANY_OPEN: States = States(4 | 8 | 16 | 32);
    /// None.
    pub(crate) const NONE: States = States(0);

    /// The union.
    pub(crate) const fn with(self, other: States) -> States {
        States(self.0 | other.0)
    }
    /// Those of `other` left out.
    pub(crate) const fn without(self, other: States) -> States {
        States(self.0 & !other.0)
    }
    /// Those that are in `other`, too.
    pub(crate) const fn among(self, other: States) -> States {
        States(self.0 & other.0)
    }
    /// Whether any is among `other`.
    pub(crate) const fn has(self, other: States) -> bool {
        self.0 & other.0 != 0
    }
    /// Whether there is none: no path comes here.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Each of `from` turned into `to`.
    const fn turn(self, from: States, to: States) -> States {
        if self.has(from) { self.without(from).with(to) } else { self }
    }
}

/// Where something happens to the value.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Point {
    /// At an expression: a mention of the variable, a target.
    Expr(ExprId),
    /// Where a loop asks for its next element.
    Next(StmtId),
    /// Where a loop has no element left.
    Exhausted(StmtId),
    /// Where a function is defined that has the variable.
    Define(ScopeId),
}

impl Point {
    /// The expression, at one.
    pub(crate) fn expr(self) -> Option<ExprId> {
        match self {
            Point::Expr(expr) => Some(expr),
            _ => None,
        }
    }
}

/// What happens to the value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// The variable is given it; it need not be closed yet if so.
    Acquired {
        /// It need not be closed yet.
        fresh: bool,
    },
    /// It does what a mention of it does.
    Use(Use),
}

/// What happens to one value in a function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    /// By where.
    pub(crate) at: FxHashMap<Point, Event>,
    /// The variables that hold it: what tests of them tell.
    pub(crate) names: Vec<NameId>,
    /// Arms after which it counts as closed, as the other arm of the `if` closes it.
    pub(super) arms: Vec<(StmtId, bool)>,
}

/// The states of one value in a function.
pub(crate) struct Flow<'c> {
    cfg: &'c Cfg,
    before: Vec<States>,
    /// Nodes at which the variable is given another value although what is in it must be closed.
    pub(crate) overwritten: Vec<NodeId>,
}

impl Events {
    /// Notes the arms of `if` statements that are entered where the value need not be closed, as far as one can tell: the other
    /// arm closes it, or hands it on, and goes on after the `if`. Their conditions are taken to ask whether there is something
    /// to close; they are not followed.
    pub(crate) fn note_arms(&mut self, facts: &FileFacts) {
        let ends = self.at.iter().filter(|(_, event)| matches!(event, Event::Use(Use::Closed | Use::Gone)));
        let mut arms: Vec<(StmtId, bool)> = Vec::new();
        for (point, _) in ends {
            let Point::Expr(expr) = *point else { continue };
            let mut at = facts.stmt_of(expr);
            while let Some(stmt) = at {
                let parent = facts.stmt(stmt).parent;
                if let Some(parent) = parent
                    && let StmtKind::If { body, orelse, .. } = facts.stmt(parent).kind
                {
                    let taken = facts.block(body).contains(&stmt);
                    let block = if taken { body } else { orelse };
                    if !crate::index::leaves_block(facts, block) {
                        arms.push((parent, !taken));
                    }
                }
                at = parent;
            }
        }
        // Where both arms end it there is nothing to guess.
        arms.sort_unstable();
        arms.dedup();
        self.arms = arms.iter().copied().filter(|&(stmt, taken)| !arms.contains(&(stmt, !taken))).collect();
    }

    /// Whether anything that matters may happen to the value after a close: it stands behind one, or in a loop with it.
    fn may_come_after_close(&self, facts: &FileFacts) -> bool {
        let of = |wanted: fn(Use) -> bool| {
            let found = self.at.iter().filter(move |(_, e)| matches!(e, Event::Use(u) if wanted(*u)));
            found.filter_map(|(point, _)| point.expr())
        };
        if of(|u| u == Use::Needed).next().is_some() {
            return true;
        }
        let is_looped = |at: ExprId| {
            std::iter::successors(facts.stmt_of(at), |&stmt| facts.stmt(stmt).parent)
                .any(|stmt| matches!(facts.stmt(stmt).kind, StmtKind::For { .. } | StmtKind::While { .. }))
        };
        let start = |at: ExprId| facts.expr(at).span.start;
        let Some(first) = of(|u| u == Use::Closed).map(start).min() else { return false };
        of(|u| matches!(u, Use::Used | Use::Closed)).any(|at| start(at) > first)
            || of(|u| u == Use::Closed).any(is_looped)
    }

    /// Whether what happens at a step only happens if it does not raise.
    fn happens_at_last(&self, step: Step) -> bool {
        matches!(step, Step::Eval(expr) if self.at.get(&Point::Expr(expr)) == Some(&Event::Use(Use::Needed)))
    }

    /// The states after a step.
    fn transfer(&self, facts: &FileFacts, step: Step, before: States) -> States {
        let point = match step {
            Step::Eval(expr) => Point::Expr(expr),
            Step::Next(stmt) => Point::Next(stmt),
            Step::Exhausted(stmt) => Point::Exhausted(stmt),
            Step::Define(scope) => Point::Define(scope),
            Step::Assume { test, holds } => return assumed(facts, &self.names, test, holds, before),
            Step::Arm { stmt, taken } if self.arms.contains(&(stmt, taken)) => {
                return before.turn(States::ANY_OPEN.with(States::FRESH), States::GONE);
            }
            _ => return before,
        };
        self.at.get(&point).map_or(before, |event| happened(before, *event))
    }
}

impl<'c> Flow<'c> {
    /// The states at each node, from those at the entry on.
    pub(crate) fn new(facts: &FileFacts, cfg: &'c Cfg, events: &Events, entry: States) -> Self {
        Self::solved(facts, cfg, events, &[(NodeId::ENTRY, entry)], States(u8::MAX))
    }

    /// The states at each node that is reached while there is something to close, or something closed: from where the variable is
    /// given it on. What other values may be in the variable there is left out.
    pub(crate) fn of_value(facts: &FileFacts, cfg: &'c Cfg, events: &Events) -> Self {
        let made = events.at.iter().filter(|(_, event)| matches!(event, Event::Acquired { .. }));
        let made = made.filter_map(|(point, _)| point.expr());
        let starts: Vec<_> = made.flat_map(|expr| cfg.nodes_of(expr)).map(|node| (node, States::ABSENT)).collect();
        let followed = States::ANY_OPEN.with(States::FRESH);
        let followed = if events.may_come_after_close(facts) { followed.with(States::CLOSED) } else { followed };
        Self::solved(facts, cfg, events, &starts, followed)
    }

    /// The fixpoint from some nodes on. Only the states in `followed` are passed on; nodes are taken in reverse postorder, so
    /// that most are looked at once.
    fn solved(facts: &FileFacts, cfg: &'c Cfg, events: &Events, starts: &[(NodeId, States)], followed: States) -> Self {
        let mut flow = Self { cfg, before: vec![States::NONE; cfg.len()], overwritten: Vec::new() };
        let mut queued = vec![false; cfg.len()];
        let mut work = BinaryHeap::new();
        for &(node, states) in starts {
            flow.before[node.index()] = states;
            queued[node.index()] = true;
            work.push(Reverse((cfg.rank(node), node)));
        }
        while let Some(Reverse((_, node))) = work.pop() {
            queued[node.index()] = false;
            let before = flow.before[node.index()];
            let step = cfg.step(node);
            let after = events.transfer(facts, step, before);
            for &(to, edge) in cfg.edges(node) {
                let from = if edge != Edge::Normal && events.happens_at_last(step) { before } else { after };
                let incoming = raised(from, edge).among(followed);
                let known = flow.before[to.index()];
                let all = known.with(incoming);
                if all != known {
                    flow.before[to.index()] = all;
                    if !std::mem::replace(&mut queued[to.index()], true) {
                        work.push(Reverse((cfg.rank(to), to)));
                    }
                }
            }
        }
        let given = events.at.iter().filter(|(_, e)| matches!(e, Event::Acquired { .. } | Event::Use(Use::Rebound)));
        let given = given.filter_map(|(point, _)| point.expr()).flat_map(|expr| cfg.nodes_of(expr));
        flow.overwritten = given.filter(|node| flow.before[node.index()].has(States::ANY_OPEN)).collect();
        flow.overwritten.sort_unstable();
        flow
    }

    /// The states before a node.
    pub(crate) fn before(&self, node: NodeId) -> States {
        self.before[node.index()]
    }

    /// The states before an expression, on all paths.
    pub(crate) fn before_expr(&self, expr: ExprId) -> States {
        self.cfg.nodes_of(expr).fold(States::NONE, |all, node| all.with(self.before(node)))
    }

    /// A shortest way from `start` to `end` on which the value stays open, as nodes with the edges that lead to them.
    /// Edges before which the value is not open do not count.
    pub(crate) fn way(
        &self,
        facts: &FileFacts,
        events: &Events,
        start: NodeId,
        end: NodeId,
        states: States,
    ) -> Option<Vec<(NodeId, Edge)>> {
        let there = States::ANY_OPEN.with(States::FRESH);
        let mut seen = vec![States::NONE; self.cfg.len()];
        // The queue is what was reached, in that order, with the place in it of what it was reached from.
        let mut reached = vec![(start, States::ABSENT, Edge::Normal, 0)];
        let mut next = 0;
        while let Some(&(node, state, ..)) = reached.get(next) {
            if node == end && state.has(states) {
                return Some(unwound(&reached, next));
            }
            let step = self.cfg.step(node);
            let after = events.transfer(facts, step, state);
            for &(to, edge) in self.cfg.edges(node) {
                let before = if edge != Edge::Normal && events.happens_at_last(step) { state } else { after };
                let incoming = raised(before, edge).among(there).without(seen[to.index()]);
                if !incoming.is_empty() {
                    seen[to.index()] = seen[to.index()].with(incoming);
                    reached.push((to, incoming, edge, next));
                }
            }
            next += 1;
        }
        None
    }
}

fn unwound(reached: &[(NodeId, States, Edge, usize)], end: usize) -> Vec<(NodeId, Edge)> {
    let mut way = Vec::new();
    let mut at = end;
    while at != 0 {
        let (node, _, edge, from) = reached[at];
        way.push((node, edge));
        at = from;
    }
    way.reverse();
    way
}

/// The states after an edge was taken. A way is as likely as the least likely thing that happens on it.
fn raised(states: States, edge: Edge) -> States {
    let likely = States::OPEN.with(States::OPEN_AFTER_ERROR);
    match edge {
        Edge::Normal => states,
        Edge::Raised => states.turn(States::OPEN, States::OPEN_AFTER_ERROR),
        Edge::CallRaised => states.turn(likely, States::OPEN_AFTER_CALL),
        Edge::Cancelled => states.turn(likely.with(States::OPEN_AFTER_CALL), States::OPEN_AFTER_CANCEL),
    }
}

fn happened(before: States, event: Event) -> States {
    if before.is_empty() {
        return before;
    }
    let there = States::ANY_OPEN.with(States::FRESH);
    match event {
        Event::Acquired { fresh: true } => States::FRESH,
        Event::Acquired { fresh: false } => States::OPEN,
        Event::Use(Use::Closed) => before.turn(there, States::CLOSED),
        Event::Use(Use::Gone) => before.turn(there.with(States::CLOSED), States::GONE),
        Event::Use(Use::Needed) => before.turn(States::FRESH.with(States::CLOSED), States::OPEN),
        Event::Use(Use::Rebound) => States::ABSENT,
        Event::Use(Use::Looked | Use::Used | Use::Alias(_)) => before,
    }
}

/// What a condition tells of the value: there is none, it is closed.
fn assumed(facts: &FileFacts, names: &[NameId], test: ExprId, holds: bool, states: States) -> States {
    let is_it = |expr: ExprId| matches!(facts.expr(expr).kind, ExprKind::Name(n) if names.contains(&n));
    let there = States::ANY_OPEN.with(States::FRESH).with(States::CLOSED);
    match &facts.expr(test).kind {
        ExprKind::Name(_) | ExprKind::Named { .. } if is_it(test) || is_named(facts, test, &is_it) => {
            if holds {
                states
            } else {
                states.without(there)
            }
        }
        ExprKind::Compare { operands, ops } => {
            let operands = facts.list(*operands);
            let [left, right] = *operands else { return states };
            let is_none = matches!(facts.expr(right).kind, ExprKind::None);
            let equal = match facts.compare_ops[ops.range()] {
                [CompareOp::Is | CompareOp::Eq] => true,
                [CompareOp::IsNot | CompareOp::NotEq] => false,
                _ => return states,
            };
            let it = is_it(left) || is_named(facts, left, &is_it);
            match (it && is_none, holds == equal) {
                (true, true) => states.without(there),
                _ if is_none && asks_whether_open(facts, left, &is_it).is_some() => {
                    closed_or_not(states, equal != holds)
                }
                _ => states,
            }
        }
        _ => match asks_whether_open(facts, test, &is_it) {
            Some(open) => closed_or_not(states, open != holds),
            None => states,
        },
    }
}

fn is_named(facts: &FileFacts, expr: ExprId, is_it: &dyn Fn(ExprId) -> bool) -> bool {
    matches!(facts.expr(expr).kind, ExprKind::Named { target, .. } if is_it(target))
}

fn closed_or_not(states: States, is_closed: bool) -> States {
    if is_closed {
        states.turn(States::ANY_OPEN.with(States::FRESH), States::CLOSED)
    } else {
        states.without(States::CLOSED)
    }
}

/// Whether an expression asks the value if it is closed: whether "yes" means that it is open.
fn asks_whether_open(facts: &FileFacts, test: ExprId, is_it: &dyn Fn(ExprId) -> bool) -> Option<bool> {
    let attribute = match facts.expr(test).kind {
        ExprKind::Call { func, .. } => func,
        _ => test,
    };
    let ExprKind::Attribute { value, attr } = facts.expr(attribute).kind else { return None };
    if !is_it(value) {
        return None;
    }
    match facts.name(attr) {
        "closed" | "is_closed" | "is_closing" | "returncode" => Some(false),
        "is_connected" | "is_open" | "is_running" | "running" => Some(true),
        _ => None,
    }
}
