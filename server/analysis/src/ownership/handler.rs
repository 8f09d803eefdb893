//! What the handler of a stream server does with the writer it is called with: the connection is its own to close.

use super::cfg::NodeId;
use super::flow::{Event, Flow, Point, States};
use super::lifetime::Graphs;
use super::resource::Resources;
use super::summary;
use super::uses::{Use, Uses};
use crate::analysis::Analysis;
use crate::finding::FileId;
use crate::infer::Infer;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// The writer of a handler.
pub(crate) struct Writer {
    /// The handler.
    pub(crate) scope: ScopeId,
    /// The parameter.
    pub(crate) param: Param,
    /// The variables that have it.
    pub(crate) names: Vec<NameId>,
    /// The mentions that close it, in source order.
    pub(crate) closed: Vec<ExprId>,
    /// Somebody else may close it.
    pub(crate) is_handed_on: bool,
    /// The handler returns on some way on which it is open.
    pub(crate) stays_open: bool,
    /// The call that starts the server.
    pub(crate) served_by: (FileId, ExprId),
}

/// The writers of the handlers of a file, in source order.
pub(crate) fn writers<'a>(
    analysis: &'a Analysis,
    infer: &mut Infer<'a>,
    graphs: &mut Graphs<'a>,
    file: FileId,
) -> Vec<Writer> {
    let facts = analysis.world.facts(file);
    let functions = facts.scopes().filter(|(_, s)| matches!(s.kind, ScopeKind::Function { .. }) && s.params.len >= 2);
    functions.filter_map(|(scope, _)| writer(analysis, infer, graphs, Def { file, scope })).collect()
}

fn writer<'a>(analysis: &'a Analysis, infer: &mut Infer<'a>, graphs: &mut Graphs<'a>, def: Def) -> Option<Writer> {
    let (facts, scope) = (analysis.world.facts(def.file), def.scope);
    let served_by = *analysis.handed_over().served_by(infer, &analysis.graph, def).first()?;
    let bound = analysis.world.class_of(def).is_some() && !infer.traits(def).is_static;
    let param = *facts.params_of(scope).get(1 + usize::from(bound)).filter(|p| p.star == Star::No)?;
    let owned = Resources::stream_writer()?;
    let cfg = graphs.of(facts, def.file, scope)?;
    let mut uses =
        Uses { infer, fates: &mut graphs.fates, file: def.file, scope, owned: &owned, yield_hands_on: true, depth: 0 };
    let mut events = summary::events(&mut uses, &[param.name], &[])?;
    events.note_arms(facts);
    let flow = Flow::new(facts, &cfg, &events, States::OPEN);
    let mut closed: Vec<ExprId> = Vec::new();
    let mut is_handed_on = false;
    for (point, event) in &events.at {
        match (point, event) {
            (Point::Expr(at), Event::Use(Use::Closed)) => closed.push(*at),
            (_, Event::Use(Use::Gone | Use::Rebound)) => is_handed_on = true,
            _ => {}
        }
    }
    closed.sort_by_key(|at| facts.expr(*at).span.start);
    let stays_open = flow.before(NodeId::RETURNED).has(States::ANY_OPEN);
    Some(Writer { scope, param, names: events.names, closed, is_handed_on, stays_open, served_by })
}
