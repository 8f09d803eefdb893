//! The control-flow graph of one function, with exceptions as edges, and cancellations as edges at every `await`.
//!
//! A node is a step of evaluation: an expression whose value is there, a target that is given one, the outcome of a
//! condition, the next element of a loop. An edge says how the next step is reached: as written, because something raised,
//! or because the task was cancelled while it waited. The block of a `finally` is there once for each way into it (normally,
//! by an exception, a cancellation, `return`, `break`, `continue`), so that paths through it do not get mixed up.
//!
//! What can raise: `await`, `raise`, `assert`, `yield`, and calls. Attribute access and operators raise too; paths on which
//! they do are not looked at, as nobody writes for them. CancelledError and GeneratorExit are no `Exception`: handlers for
//! that let them pass (<https://docs.python.org/3/library/asyncio-task.html#task-cancellation>).

mod build;
mod expr;
mod handlers;

use asyncwise_syntax::facts::*;

/// A node: index into [`Cfg::nodes`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct NodeId(pub(crate) u32);

impl NodeId {
    /// Where the function begins.
    pub(crate) const ENTRY: NodeId = NodeId(0);
    /// Where it has returned.
    pub(crate) const RETURNED: NodeId = NodeId(1);
    /// Where an exception has left it.
    pub(crate) const RAISED: NodeId = NodeId(2);
    /// Where a cancellation, or the closing of the generator that it is, has left it.
    pub(crate) const CANCELLED: NodeId = NodeId(3);

    /// As an index.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What happens at a node.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    /// Nothing.
    Join,
    /// The expression has its value, or, for a target, is given one.
    Eval(ExprId),
    /// A condition came out so.
    Assume {
        /// The condition: no `and`, `or` or `not`.
        test: ExprId,
        /// How.
        holds: bool,
    },
    /// An arm of an `if` begins.
    Arm {
        /// The `if`.
        stmt: StmtId,
        /// Its own block; else what is done when its condition does not hold, be it nothing.
        taken: bool,
    },
    /// A block begins that its context manager ends: the item of a `with`.
    Enter(ExprId),
    /// That block has ended without an exception.
    Leave(ExprId),
    /// A loop asks for its next element.
    Next(StmtId),
    /// A loop has no element left.
    Exhausted(StmtId),
    /// A function or class is defined, a lambda made.
    Define(ScopeId),
    /// A statement is left by `return`, `raise`, `break` or `continue`.
    Exit(StmtId),
}

/// How a node is reached from the one before.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Edge {
    /// As written.
    Normal,
    /// A call raised, that need not be one that ever does.
    CallRaised,
    /// What was awaited raised, or there is a `raise` or `assert`.
    Raised,
    /// The task was cancelled while it waited, or the generator was closed where it yielded.
    Cancelled,
}

/// The graph of one function, lambda or module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cfg {
    nodes: Vec<Step>,
    /// The edges of a node: a run of `edges`.
    runs: Vec<(u32, u32)>,
    edges: Vec<(NodeId, Edge)>,
    /// The place of each node in a reverse postorder of the graph: what comes before it comes first, but for loops.
    ranks: Vec<u32>,
    /// The nodes at which each expression has its value, sorted.
    places: Vec<(ExprId, NodeId)>,
}

/// No graph is made with more nodes than this: very long functions, and `finally` in `finally` in `finally`.
const MAX_NODES: usize = 400_000;

impl Cfg {
    /// The graph of a scope; none where it is too large, or its code is broken.
    pub(crate) fn new(facts: &FileFacts, scope: ScopeId) -> Option<Self> {
        build::Builder::new(facts, scope).build()
    }

    /// What happens at a node.
    pub(crate) fn step(&self, node: NodeId) -> Step {
        self.nodes[node.index()]
    }

    /// Where one can come to from a node, and how.
    pub(crate) fn edges(&self, node: NodeId) -> &[(NodeId, Edge)] {
        let (start, end) = self.runs[node.index()];
        &self.edges[start as usize..end as usize]
    }

    /// The place of a node in a reverse postorder.
    pub(super) fn rank(&self, node: NodeId) -> u32 {
        self.ranks[node.index()]
    }

    /// The nodes at which an expression has its value: several where it stands in a `finally`.
    pub(crate) fn nodes_of(&self, expr: ExprId) -> impl Iterator<Item = NodeId> + '_ {
        let start = self.places.partition_point(|(other, _)| *other < expr);
        self.places[start..].iter().take_while(move |(other, _)| *other == expr).map(|(_, node)| *node)
    }

    /// Takes out the ways by which expressions raise errors that do not.
    pub(crate) fn take_out_errors(&mut self, mut raises_none: impl FnMut(ExprId) -> bool) {
        for (step, (start, end)) in self.nodes.iter().zip(&self.runs) {
            let Step::Eval(expr) = *step else { continue };
            let edges = &mut self.edges[*start as usize..*end as usize];
            let raised = edges.iter().position(|(_, edge)| *edge == Edge::Raised);
            let Some(raised) = raised.filter(|_| raises_none(expr)) else { continue };
            // An edge that is there already leads nowhere new.
            if let Some(other) = (0..edges.len()).find(|i| *i != raised) {
                edges[raised] = edges[other];
            }
        }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes with what happens there.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (NodeId, Step)> + '_ {
        self.nodes.iter().enumerate().map(|(i, step)| (NodeId(i as u32), *step))
    }

    /// Numbers the nodes through, and notes where each expression is.
    fn index(&mut self) {
        let places = self.steps().filter_map(|(node, step)| match step {
            Step::Eval(expr) => Some((expr, node)),
            _ => None,
        });
        let mut places: Vec<(ExprId, NodeId)> = places.collect();
        places.sort_unstable();
        self.places = places;
        self.ranks = vec![u32::MAX; self.len()];
        let mut seen = vec![false; self.len()];
        let mut next = self.len() as u32;
        let mut stack = vec![(NodeId::ENTRY, 0)];
        seen[NodeId::ENTRY.index()] = true;
        while let Some((node, edge)) = stack.last_mut() {
            let at = *node;
            match self.edges(at).get(*edge) {
                Some(&(to, _)) => {
                    *edge += 1;
                    if !std::mem::replace(&mut seen[to.index()], true) {
                        stack.push((to, 0));
                    }
                }
                None => {
                    next -= 1;
                    self.ranks[at.index()] = next;
                    stack.pop();
                }
            }
        }
    }
}
