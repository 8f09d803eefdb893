//! Generators that a variable holds: whether the function leaves one open that it has begun to iterate over.

use super::{Exit, exits};
use crate::finding::{Confidence, FileId};
use crate::index::FileIndex;
use crate::infer::Infer;
use crate::ownership::cfg::{NodeId, Step};
use crate::ownership::flow::{Event, Events, Flow, Point, States};
use crate::ownership::holder::{Holder, holder};
use crate::ownership::lifetime::Graphs;
use crate::ownership::resource::{Acquisition, Closes, Needs, Origin, Owned, With};
use crate::ownership::summary;
use crate::ownership::uses::{Use, Uses};
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use std::sync::Arc;

/// How the function that has the generator `call` makes in a variable leaves it before its end: the loop over it, if there is
/// one, and the ways out. None where it is closed, handed on, or cannot be followed.
pub(crate) fn left_early(
    infer: &mut Infer<'_>,
    graphs: &mut Graphs<'_>,
    (file, index): (FileId, &FileIndex),
    call: ExprId,
    def: Def,
) -> Option<(Option<StmtId>, Vec<Exit>)> {
    let facts = infer.world.facts(file);
    let acquisition = acquisition(infer, call, def);
    let Holder::Variable { scope, name, target } = holder(facts, index, &acquisition) else { return None };
    let cfg = graphs.of(facts, file, scope)?;
    let owned = &acquisition.owned;
    let mut uses = Uses { infer, fates: &mut graphs.fates, file, scope, owned, yield_hands_on: true, depth: 0 };
    let mut events = summary::events(&mut uses, &[name], &[(target, Event::Acquired { fresh: true })])?;
    let loops = note_iteration(infer, file, &mut events);
    let asks = events.at.values().filter(|event| **event == Event::Use(Use::Needed)).count();
    let ends = |event: &Event| matches!(event, Event::Use(Use::Closed | Use::Gone));
    let is_ended =
        events.at.iter().any(|(point, event)| matches!(point, Point::Expr(_) | Point::Define(_)) && ends(event));
    if let ([only], 1, false) = (&*loops, asks, is_ended) {
        let exits = exits(facts, *only);
        return (!exits.is_empty()).then_some((Some(*only), exits));
    }
    events.note_arms(facts);
    let flow = Flow::new(facts, &cfg, &events, States::ABSENT);
    if !flow.before(NodeId::RETURNED).has(States::OPEN) {
        return None;
    }
    let start = cfg.nodes_of(target).next()?;
    let way = flow.way(facts, &events, start, NodeId::RETURNED, States::OPEN).unwrap_or_default();
    let begun = way.iter().position(|(node, _)| matches!(cfg.step(*node), Step::Next(_)));
    let exit = way.iter().skip(begun.unwrap_or(0)).find_map(|(node, _)| match cfg.step(*node) {
        Step::Exit(stmt) => match facts.stmt(stmt).kind {
            StmtKind::Break => Some(Exit::Break(stmt)),
            StmtKind::Return(_) => Some(Exit::Return(stmt)),
            _ => None,
        },
        _ => None,
    });
    let looped = match begun.map(|at| cfg.step(way[at].0)) {
        Some(Step::Next(stmt)) => Some(stmt),
        _ => None,
    };
    Some((looped, exit.into_iter().collect()))
}

fn acquisition(infer: &Infer<'_>, call: ExprId, def: Def) -> Acquisition {
    let closes =
        Closes { methods: vec!["aclose".into()], awaited: true, then_await: None, released_by: None, with: With::No };
    let owned = Owned {
        what: infer.world.name(def).into(),
        closes,
        needs: Needs::Iterated,
        origin: Origin::Generator(def),
        factory: None,
        confidence: Confidence::Likely,
    };
    Acquisition { call, value: call, part: None, is_list: false, owned: Arc::new(owned) }
}

/// Adds what iteration does to the events of a generator: it has to be closed from its first element on, until it has none
/// left. Gives the loops over it.
fn note_iteration(infer: &mut Infer<'_>, file: FileId, events: &mut Events) -> Vec<StmtId> {
    let facts = infer.world.facts(file);
    let mentions: Vec<ExprId> = events.at.keys().filter_map(|point| point.expr()).collect();
    let mut loops = Vec::new();
    for mention in mentions {
        match facts.expr(mention).parent {
            Parent::Stmt(stmt) => {
                if let StmtKind::For { iter, is_async: true, .. } = facts.stmt(stmt).kind
                    && iter == mention
                {
                    events.at.insert(Point::Next(stmt), Event::Use(Use::Needed));
                    events.at.insert(Point::Exhausted(stmt), Event::Use(Use::Closed));
                    loops.push(stmt);
                }
            }
            Parent::Scope(scope) if runs_to_the_end(facts, scope, mention) => {
                events.at.insert(Point::Expr(mention), Event::Use(Use::Closed));
            }
            Parent::Scope(_) => {
                events.at.insert(Point::Expr(mention), Event::Use(Use::Gone));
            }
            Parent::Expr(parent) => {
                if asks_for_one(infer, file, mention, parent) {
                    events.at.insert(Point::Expr(mention), Event::Use(Use::Needed));
                }
            }
        }
    }
    loops.sort_unstable();
    loops
}

/// Whether a comprehension iterates over `iter` until it ends, where it stands.
fn runs_to_the_end(facts: &FileFacts, scope: ScopeId, iter: ExprId) -> bool {
    let s = facts.scope(scope);
    let is_lazy = s.expr.is_none_or(|made| {
        matches!(facts.expr(made).kind, ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. })
    });
    !is_lazy && facts.generators[s.generators.range()].iter().any(|g| g.is_async && g.iter == iter)
}

/// `await anext(it)`, `await it.__anext__()`.
fn asks_for_one(infer: &mut Infer<'_>, file: FileId, mention: ExprId, parent: ExprId) -> bool {
    let facts = infer.world.facts(file);
    let call = match facts.expr(parent).kind {
        ExprKind::Attribute { attr, .. } if facts.name(attr) == "__anext__" => match facts.expr(parent).parent {
            Parent::Expr(call) => call,
            _ => return false,
        },
        ExprKind::Call { func, args } if facts.args(args).len() == 1 && func != mention => {
            if infer.expr(file, func) != Ty::External("builtins.anext".into()) {
                return false;
            }
            parent
        }
        _ => return false,
    };
    matches!(facts.expr(call).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)))
}
