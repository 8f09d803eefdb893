//! Statements as nodes and edges.

use super::handlers::{Catches, catches};
use super::{Cfg, Edge, MAX_NODES, NodeId, Step};
use crate::ownership::uses::last_name;
use asyncwise_syntax::facts::*;

/// Where the ways out of a statement lead.
#[derive(Copy, Clone, Debug)]
pub(super) struct Ways {
    /// `return`.
    pub(super) returns: NodeId,
    /// An exception.
    pub(super) raises: NodeId,
    /// A cancellation.
    pub(super) cancels: NodeId,
    /// `break`.
    pub(super) breaks: NodeId,
    /// `continue`.
    pub(super) continues: NodeId,
}

pub(super) struct Builder<'a> {
    pub(super) facts: &'a FileFacts,
    scope: ScopeId,
    nodes: Vec<Step>,
    links: Vec<(NodeId, NodeId, Edge)>,
    /// Which nodes anything leads to.
    reached: Vec<bool>,
    /// Where the code being built comes from; none where nothing comes here.
    pub(super) at: Option<NodeId>,
    pub(super) ways: Ways,
    pub(super) depth: u32,
    /// In a `finally`: nobody expects clean-up to fail.
    in_finally: bool,
}

/// Deeper nesting than this is not looked into.
const MAX_DEPTH: u32 = 150;

impl<'a> Builder<'a> {
    pub(super) fn new(facts: &'a FileFacts, scope: ScopeId) -> Self {
        let ways = Ways {
            returns: NodeId::RETURNED,
            raises: NodeId::RAISED,
            cancels: NodeId::CANCELLED,
            breaks: NodeId::RETURNED,
            continues: NodeId::RETURNED,
        };
        let nodes = vec![Step::Join; 4];
        let reached = vec![false; nodes.len()];
        Self {
            facts,
            scope,
            nodes,
            links: Vec::new(),
            reached,
            at: Some(NodeId::ENTRY),
            ways,
            depth: 0,
            in_finally: false,
        }
    }

    pub(super) fn build(mut self) -> Option<Cfg> {
        let s = self.facts.scope(self.scope);
        match s.kind {
            ScopeKind::Lambda | ScopeKind::Comprehension { .. } => self.expressions(self.facts.list(s.body_exprs)),
            _ => self.block(s.body),
        }
        self.go(NodeId::RETURNED);
        (self.nodes.len() < MAX_NODES).then(|| self.finish())
    }

    fn finish(mut self) -> Cfg {
        self.links.sort_unstable();
        self.links.dedup();
        let mut cfg = Cfg { nodes: self.nodes, edges: Vec::with_capacity(self.links.len()), ..Cfg::default() };
        let mut links = self.links.into_iter().peekable();
        for i in 0..cfg.nodes.len() {
            let start = cfg.edges.len() as u32;
            while let Some((_, to, edge)) = links.next_if(|(from, ..)| from.index() == i) {
                cfg.edges.push((to, edge));
            }
            cfg.runs.push((start, cfg.edges.len() as u32));
        }
        cfg.index();
        cfg
    }

    fn is_full(&self) -> bool {
        self.nodes.len() >= MAX_NODES
    }

    /// A node nobody leads to yet.
    pub(super) fn node(&mut self, step: Step) -> NodeId {
        if self.is_full() {
            return NodeId::RETURNED;
        }
        self.nodes.push(step);
        self.reached.push(false);
        NodeId(self.nodes.len() as u32 - 1)
    }

    pub(super) fn link(&mut self, from: NodeId, to: NodeId, edge: Edge) {
        self.links.push((from, to, edge));
        self.reached[to.index()] = true;
    }

    /// Goes on at `to` from where we are, and nowhere else.
    pub(super) fn go(&mut self, to: NodeId) {
        if let Some(at) = self.at.take() {
            self.link(at, to, Edge::Normal);
        }
    }

    /// A step after where we are.
    pub(super) fn step(&mut self, step: Step) {
        if let Some(at) = self.at {
            let node = self.node(step);
            self.link(at, node, Edge::Normal);
            self.at = Some(node);
        }
    }

    /// Goes on at a join, if anything leads there.
    pub(super) fn resume(&mut self, join: NodeId) {
        self.at = self.reached[join.index()].then_some(join);
    }

    /// The step where we are may raise.
    pub(super) fn may_raise(&mut self, edge: Edge) {
        let edge = if self.in_finally && edge == Edge::Raised { Edge::CallRaised } else { edge };
        if let Some(at) = self.at {
            let to = if edge == Edge::Cancelled { self.ways.cancels } else { self.ways.raises };
            self.link(at, to, edge);
        }
    }

    /// The step where we are waits for something else.
    pub(super) fn may_wait(&mut self) {
        self.may_raise(Edge::Raised);
        self.may_raise(Edge::Cancelled);
    }

    pub(super) fn block(&mut self, block: Block) {
        for &stmt in self.facts.block(block) {
            if self.at.is_none() || self.is_full() {
                return;
            }
            self.depth += 1;
            if self.depth < MAX_DEPTH {
                self.statement(stmt);
            }
            self.depth -= 1;
        }
    }

    fn statement(&mut self, id: StmtId) {
        let facts = self.facts;
        match &facts.stmt(id).kind {
            StmtKind::Expr(value) => self.expression(*value),
            StmtKind::Assign { targets, value } => {
                self.expression(*value);
                facts.list(*targets).iter().for_each(|&target| self.target(target));
            }
            StmtKind::AugAssign { target, value } => {
                self.expression(*target);
                self.expression(*value);
            }
            StmtKind::AnnAssign { target, value, .. } => {
                if let Some(value) = value {
                    self.expression(*value);
                    self.target(*target);
                }
            }
            StmtKind::Return(value) => {
                self.expressions(value.as_slice());
                self.step(Step::Exit(id));
                self.go(self.ways.returns);
            }
            StmtKind::Raise { exc, cause } => {
                self.expressions(exc.as_slice());
                self.expressions(cause.as_slice());
                self.step(Step::Exit(id));
                self.raise(*exc);
            }
            StmtKind::Assert { test, message } => self.assertion(*test, *message),
            StmtKind::Delete(targets) => self.expressions(facts.list(*targets)),
            StmtKind::Break => self.leave(id, self.ways.breaks),
            StmtKind::Continue => self.leave(id, self.ways.continues),
            StmtKind::If { test, body, orelse } => self.if_stmt(id, *test, *body, *orelse),
            StmtKind::While { test, body, orelse } => self.while_stmt(*test, *body, *orelse),
            StmtKind::For { .. } => self.for_stmt(id),
            StmtKind::With { items, body, is_async } => self.with_stmt(*items, *body, *is_async),
            StmtKind::Try { .. } => self.try_stmt(id),
            StmtKind::Match { subject, cases } => self.match_stmt(*subject, *cases),
            StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) => {
                self.expressions(facts.list(facts.scope(*scope).decorators));
                self.step(Step::Define(*scope));
            }
            StmtKind::Other(parts) => self.expressions(facts.list(*parts)),
            StmtKind::Pass
            | StmtKind::Global(_)
            | StmtKind::Nonlocal(_)
            | StmtKind::Import(_)
            | StmtKind::TypeAlias { .. } => {}
        }
    }

    fn leave(&mut self, stmt: StmtId, to: NodeId) {
        self.step(Step::Exit(stmt));
        self.go(to);
    }

    /// `raise` without an exception may raise a cancellation again.
    fn raise(&mut self, exc: Option<ExprId>) {
        let named = exc.map(|exc| self.facts.dotted(exc).unwrap_or_default());
        match named.as_deref() {
            None => self.may_wait(),
            Some(name) if name.ends_with("CancelledError") || name == "GeneratorExit" => {
                self.may_raise(Edge::Cancelled);
            }
            Some(_) => self.may_raise(Edge::Raised),
        }
        self.at = None;
    }

    fn assertion(&mut self, test: ExprId, message: Option<ExprId>) {
        let (fails, after) = (self.node(Step::Join), self.node(Step::Join));
        self.condition(test, after, fails);
        self.resume(fails);
        self.expressions(message.as_slice());
        // Assertions say what never happens.
        self.may_raise(Edge::CallRaised);
        self.resume(after);
    }

    fn if_stmt(&mut self, id: StmtId, test: ExprId, body: Block, orelse: Block) {
        let [then, other] = [true, false].map(|taken| self.node(Step::Arm { stmt: id, taken }));
        let after = self.node(Step::Join);
        self.condition(test, then, other);
        self.resume(then);
        self.block(body);
        self.go(after);
        self.resume(other);
        self.block(orelse);
        self.go(after);
        self.resume(after);
    }

    fn while_stmt(&mut self, test: ExprId, body: Block, orelse: Block) {
        let [head, inside, done, after] = [(); 4].map(|()| self.node(Step::Join));
        self.go(head);
        self.at = Some(head);
        self.condition(test, inside, done);
        self.resume(inside);
        self.looped(body, head, after);
        self.resume(done);
        self.block(orelse);
        self.go(after);
        self.resume(after);
    }

    fn looped(&mut self, body: Block, head: NodeId, after: NodeId) {
        let outer = self.ways;
        self.ways = Ways { breaks: after, continues: head, ..outer };
        self.block(body);
        self.go(head);
        self.ways = outer;
    }

    fn for_stmt(&mut self, id: StmtId) {
        let StmtKind::For { target, iter, body, orelse, is_async } = self.facts.stmt(id).kind else { return };
        self.expression(iter);
        let (head, after) = (self.node(Step::Next(id)), self.node(Step::Join));
        self.go(head);
        self.at = Some(head);
        if is_async {
            self.may_wait();
        }
        self.target(target);
        self.looped(body, head, after);
        self.at = Some(head);
        self.step(Step::Exhausted(id));
        self.block(orelse);
        self.go(after);
        self.resume(after);
    }

    fn with_stmt(&mut self, items: Run, body: Block, is_async: bool) {
        let facts = self.facts;
        let items = &facts.with_items[items.range()];
        let outer = self.ways;
        let after = self.node(Step::Join);
        for item in items {
            self.expression(item.context);
            self.step(Step::Enter(item.context));
            if is_async {
                // What stands there by its name is a lock, or was made before: entering it waits, and does not fail.
                if matches!(facts.expr(item.context).kind, ExprKind::Call { func, .. } if !self.is_harmless(func)) {
                    self.may_raise(Edge::Raised);
                    self.may_raise(Edge::Cancelled);
                } else if !matches!(facts.expr(item.context).kind, ExprKind::Call { .. }) {
                    self.may_raise(Edge::Cancelled);
                }
            }
            if let Some(target) = item.target {
                self.target(target);
            }
            // What it swallows goes on after it.
            match catches(facts, item.context) {
                Catches::Nothing => {}
                Catches::Some => {
                    let raised = self.node(Step::Join);
                    self.link(raised, after, Edge::Normal);
                    self.link(raised, outer.raises, Edge::Raised);
                    self.ways.raises = raised;
                }
                Catches::Errors => self.ways.raises = after,
                Catches::Cancellations => self.ways.cancels = after,
                Catches::All => (self.ways.raises, self.ways.cancels) = (after, after),
            }
        }
        self.block(body);
        self.ways = outer;
        for item in items.iter().rev() {
            self.step(Step::Leave(item.context));
            if is_async {
                // Few blocks raise at their end what was not raised inside.
                match facts.expr(item.context).kind {
                    _ if is_group(facts, item.context) => self.may_wait(),
                    ExprKind::Call { func, .. } if self.is_harmless(func) => {}
                    _ => {
                        self.may_raise(Edge::CallRaised);
                        self.may_raise(Edge::Cancelled);
                    }
                }
            }
        }
        self.go(after);
        self.resume(after);
    }

    fn match_stmt(&mut self, subject: ExprId, cases: Run) {
        let facts = self.facts;
        self.expression(subject);
        let after = self.node(Step::Join);
        for case in &facts.cases[cases.range()] {
            let (inside, next) = (self.node(Step::Join), self.node(Step::Join));
            self.expressions(facts.list(case.pattern));
            let Some(at) = self.at else { break };
            if !case.is_irrefutable {
                self.link(at, next, Edge::Normal);
            }
            match case.guard {
                Some(guard) => self.condition(guard, inside, next),
                None => self.go(inside),
            }
            self.resume(inside);
            self.block(case.body);
            self.go(after);
            self.resume(next);
        }
        self.go(after);
        self.resume(after);
    }

    fn try_stmt(&mut self, id: StmtId) {
        let facts = self.facts;
        let StmtKind::Try { body, handlers, orelse, finalbody, .. } = facts.stmt(id).kind else { return };
        let outer = self.ways;
        let after = self.node(Step::Join);
        let own = if finalbody.0.is_empty() { outer } else { self.fresh_ways() };
        let (raised, cancelled) = (self.node(Step::Join), self.node(Step::Join));
        self.ways = if handlers.is_empty() { own } else { Ways { raises: raised, cancels: cancelled, ..own } };
        self.block(body);
        self.ways = own;
        self.block(orelse);
        let done = self.node(Step::Join);
        self.go(done);
        self.handlers(&facts.handlers[handlers.range()], (raised, cancelled), done);
        self.ways = outer;
        self.resume(done);
        if finalbody.0.is_empty() {
            self.go(after);
        } else {
            self.finally(finalbody, own, after);
        }
        self.resume(after);
    }

    fn fresh_ways(&mut self) -> Ways {
        let [returns, raises, cancels, breaks, continues] = [(); 5].map(|()| self.node(Step::Join));
        Ways { returns, raises, cancels, breaks, continues }
    }

    fn handlers(&mut self, handlers: &[Handler], (raised, cancelled): (NodeId, NodeId), done: NodeId) {
        let ways = self.ways;
        let (mut errors_pass, mut cancellations_pass) = (true, true);
        for handler in handlers {
            let entry = self.node(Step::Join);
            let what = super::handlers::caught(self.facts, handler.types);
            if errors_pass && matches!(what, Catches::Errors | Catches::All | Catches::Some) {
                self.link(raised, entry, Edge::Normal);
                errors_pass = what == Catches::Some;
            }
            if cancellations_pass && matches!(what, Catches::Cancellations | Catches::All) {
                self.link(cancelled, entry, Edge::Normal);
                cancellations_pass = false;
            }
            self.resume(entry);
            self.block(handler.body);
            self.go(done);
        }
        if errors_pass {
            // Beside the errors that are expected here, others are less likely.
            let expected = handlers.iter().any(|h| super::handlers::caught(self.facts, h.types) == Catches::Some);
            self.link(raised, ways.raises, if expected { Edge::CallRaised } else { Edge::Raised });
        }
        if cancellations_pass {
            self.link(cancelled, ways.cancels, Edge::Cancelled);
        }
    }

    /// The block of a `finally`, once for each way into it.
    fn finally(&mut self, body: Block, own: Ways, after: NodeId) {
        let outer_finally = std::mem::replace(&mut self.in_finally, true);
        self.block(body);
        self.go(after);
        let outer = self.ways;
        let ways = [
            (own.returns, outer.returns, Edge::Normal),
            (own.raises, outer.raises, Edge::Raised),
            (own.cancels, outer.cancels, Edge::Cancelled),
            (own.breaks, outer.breaks, Edge::Normal),
            (own.continues, outer.continues, Edge::Normal),
        ];
        for (entry, target, edge) in ways {
            self.resume(entry);
            self.block(body);
            if let Some(at) = self.at.take() {
                self.link(at, target, edge);
            }
        }
        self.in_finally = outer_finally;
    }
}

/// Whether a block waits for tasks at its end, and raises what they raise.
fn is_group(facts: &FileFacts, context: ExprId) -> bool {
    let ExprKind::Call { func, .. } = facts.expr(context).kind else { return false };
    matches!(last_name(facts, func), "TaskGroup" | "create_task_group" | "open_nursery")
}
