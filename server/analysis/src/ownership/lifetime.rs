//! The life of a value in the function that makes it: where it is closed, and on which paths it is not.

use super::cfg::{Cfg, Edge, NodeId, Step};
use super::flow::{Event, Events, Flow, Point, States};
use super::holder::Holder;
use super::resource::{Acquisition, Needs};
use super::summary::{self, Fates};
use super::uses::{Use, Uses};
use crate::analysis::Analysis;
use crate::finding::FileId;
use crate::infer::Infer;
use crate::swallows::Swallowers;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A way on which a value stays open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leak {
    /// How it comes about.
    pub(crate) how: How,
    /// What raises, waits or leaves first on that way: an expression.
    pub(crate) cause: Option<ExprId>,
    /// The last `return`, `raise` or `break` on it; without one the function ends, or an exception passes through it.
    pub(crate) exit: Option<StmtId>,
}

/// How a value stays open.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum How {
    /// The function returns.
    Returns,
    /// The variable is given another value.
    Overwritten,
    /// What is awaited raises, or there is a `raise`.
    Raises,
    /// A call raises that may never do so.
    CallRaises,
    /// The task is cancelled while it waits.
    Cancelled,
}

/// The life of one value that a variable of a function holds.
#[derive(Clone, Debug)]
pub(crate) struct Lifetime {
    /// What makes it.
    pub(crate) acquisition: Acquisition,
    /// The function.
    pub(crate) scope: ScopeId,
    /// The variable.
    pub(crate) name: NameId,
    /// Where the variable is named, functions and lambdas inside included.
    pub(crate) mentions: Vec<ExprId>,
    /// It, and the variables that are given its value.
    pub(crate) names: Vec<NameId>,
    /// The mentions that close it, in source order.
    pub(crate) closed: Vec<ExprId>,
    /// The mentions that hand it on, in source order.
    pub(crate) handed_on: Vec<ExprId>,
    /// A function inside may close it, or hand it on.
    pub(crate) captured: bool,
    /// How it stays open, the worst first.
    pub(crate) leaks: Vec<Leak>,
    /// Mentions that use it where it is closed on all paths.
    pub(crate) used_closed: Vec<ExprId>,
    /// Mentions that close it where it is closed on all paths.
    pub(crate) closed_again: Vec<ExprId>,
}

/// The graphs of the functions of one file, and what callees do with arguments.
#[derive(Default)]
pub(crate) struct Graphs<'a> {
    cfgs: FxHashMap<ScopeId, Option<Rc<Cfg>>>,
    /// What callees do.
    pub(crate) fates: Fates,
    /// Which callees raise nothing, where that can be asked.
    swallowers: Option<Swallowers<'a>>,
    /// The whole, where that can be asked.
    analysis: Option<&'a Analysis>,
}

impl<'a> Graphs<'a> {
    /// The graphs of a file of a solved analysis.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        Self { swallowers: Some(Swallowers::new(analysis)), analysis: Some(analysis), ..Self::default() }
    }

    /// Whether what a generator function yields comes back to it: it is used in the block of a `with`, or by a request that
    /// ends with an exception at the `yield` or none.
    fn comes_back(&self, infer: &mut Infer<'_>, def: Def) -> bool {
        let world = infer.world;
        world.has_yield(def)
            && (is_context_manager(world.facts(def.file), def.scope)
                || self.analysis.is_some_and(|a| !a.handed_over().provided_by(infer, &a.graph, def).is_empty()))
    }

    /// The graph of a scope; none where there cannot be one.
    pub(crate) fn of(&mut self, facts: &FileFacts, file: FileId, scope: ScopeId) -> Option<Rc<Cfg>> {
        if let Some(known) = self.cfgs.get(&scope) {
            return known.clone();
        }
        let mut cfg = Cfg::new(facts, scope);
        if let (Some(cfg), Some(swallowers)) = (&mut cfg, &mut self.swallowers) {
            cfg.take_out_errors(|expr| {
                let is_awaited = matches!(facts.expr(expr).kind, ExprKind::Await(_));
                is_awaited && swallowers.raises_nothing(file, expr)
            });
        }
        let cfg = cfg.map(Rc::new);
        self.cfgs.insert(scope, cfg.clone());
        cfg
    }
}

/// The life of what an acquisition gives to a variable of a function; none where it cannot be followed.
pub(crate) fn lifetime(
    infer: &mut Infer<'_>,
    graphs: &mut Graphs<'_>,
    file: FileId,
    acquisition: &Acquisition,
    holder: &Holder,
) -> Option<Lifetime> {
    let Holder::Variable { scope, name, target } = *holder else { return None };
    let facts = infer.world.facts(file);
    let fresh = matches!(acquisition.owned.needs, Needs::After(_));
    let yield_hands_on = !graphs.comes_back(infer, Def { file, scope });
    let cfg = graphs.of(facts, file, scope)?;
    let mut uses =
        Uses { infer, fates: &mut graphs.fates, file, scope, owned: &acquisition.owned, yield_hands_on, depth: 0 };
    let mut events = summary::events(&mut uses, &[name], &[(target, Event::Acquired { fresh })])?;
    events.note_arms(facts);
    let flow = Flow::of_value(facts, &cfg, &events);
    let start = cfg.nodes_of(target).next()?;
    let doing = |wanted: Use| {
        let mut found: Vec<ExprId> =
            events.at.iter().filter(|(_, e)| **e == Event::Use(wanted)).filter_map(|(at, _)| at.expr()).collect();
        found.sort_by_key(|e| facts.expr(*e).span.start);
        found
    };
    let leaks = leaks(facts, &cfg, &flow, &events, start);
    let (closed, used) = (doing(Use::Closed), doing(Use::Used));
    let closed_before = |flow: &Flow<'_>, found: &[ExprId]| -> Vec<ExprId> {
        found.iter().copied().filter(|&at| flow.before_expr(at) == States::CLOSED).collect()
    };
    let (mut used_closed, mut closed_again) = (closed_before(&flow, &used), closed_before(&flow, &closed));
    if !used_closed.is_empty() || !closed_again.is_empty() {
        // On a path on which it was never made something else may be in the variable.
        let flow = Flow::new(facts, &cfg, &events, States::ABSENT);
        (used_closed, closed_again) = (closed_before(&flow, &used), closed_before(&flow, &closed));
    }
    Some(Lifetime {
        acquisition: acquisition.clone(),
        scope,
        name,
        mentions: graphs.fates.mentions(facts, file, scope, name),
        names: events.names.clone(),
        handed_on: doing(Use::Gone),
        captured: events.at.iter().any(|(at, e)| matches!(at, Point::Define(_)) && *e == Event::Use(Use::Gone)),
        leaks,
        used_closed,
        closed_again,
        closed,
    })
}

/// Whether a decorator makes a function that yields once into a context manager.
fn is_context_manager(facts: &FileFacts, scope: ScopeId) -> bool {
    facts.list(facts.scope(scope).decorators).iter().any(|&decorator| {
        let name = facts.dotted(decorator).unwrap_or_default();
        name.ends_with("contextmanager")
    })
}

fn leaks(facts: &FileFacts, cfg: &Cfg, flow: &Flow<'_>, events: &Events, start: NodeId) -> Vec<Leak> {
    let ends = [NodeId::RETURNED, NodeId::RAISED, NodeId::CANCELLED];
    let kinds = [
        (How::Returns, States::OPEN),
        (How::Raises, States::OPEN_AFTER_ERROR),
        (How::CallRaises, States::OPEN_AFTER_CALL),
        (How::Cancelled, States::OPEN_AFTER_CANCEL),
    ];
    let mut found = Vec::new();
    for (how, states) in kinds {
        let open_at =
            ends.iter().copied().chain(flow.overwritten.iter().copied()).find(|&end| flow.before(end).has(states));
        let Some(end) = open_at else { continue };
        let how = if how == How::Returns && !ends.contains(&end) { How::Overwritten } else { how };
        let way = flow.way(facts, events, start, end, states).unwrap_or_default();
        found.push(leak(facts, cfg, how, &way, end));
    }
    found.sort_by_key(|leak| leak.how);
    found
}

fn leak(facts: &FileFacts, cfg: &Cfg, how: How, way: &[(NodeId, Edge)], end: NodeId) -> Leak {
    let raised = way.iter().position(|(_, edge)| *edge != Edge::Normal);
    let cause = match raised {
        Some(at) => way[..at].iter().rev().find_map(|(node, _)| place_of(facts, cfg.step(*node))),
        None if how == How::Overwritten => place_of(facts, cfg.step(end)),
        None => None,
    };
    let exit = way.iter().rev().find_map(|(node, _)| match cfg.step(*node) {
        Step::Exit(stmt) if !matches!(facts.stmt(stmt).kind, StmtKind::Continue) => Some(stmt),
        _ => None,
    });
    Leak { how, cause, exit }
}

fn place_of(facts: &FileFacts, step: Step) -> Option<ExprId> {
    match step {
        Step::Eval(expr) | Step::Enter(expr) | Step::Leave(expr) => Some(expr),
        Step::Next(stmt) => match facts.stmt(stmt).kind {
            StmtKind::For { iter, .. } => Some(iter),
            _ => None,
        },
        Step::Exit(stmt) => match facts.stmt(stmt).kind {
            StmtKind::Raise { exc, .. } => exc,
            _ => None,
        },
        _ => None,
    }
}
