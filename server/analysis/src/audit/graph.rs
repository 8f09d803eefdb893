//! The functions around findings, bridges and hot spots, and the calls between them: what a person clicks through.

use super::{Bridge, Function, HotSpot, Risk, Scene};
use crate::finding::{Confidence, Place};
use crate::graph::{CATEGORIES, Effect, Reason, SiteRef};
use crate::knowledge::written_name;
use crate::settings::RunsOn;
use crate::sites::Happens;
use crate::types::Def;
use asyncwise_syntax::facts::ScopeId;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// So many functions are taken in at most: a page must stay quick.
const MAX_NODES: usize = 6_000;
/// So many calls away from the core.
const NEIGHBOURS: usize = 2;

/// What a node is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NodeKind {
    /// A coroutine function.
    Coroutine,
    /// A plain function.
    Function,
    /// The code of a module.
    Module,
    /// Something outside that starts a loop, refuses one, or blocks.
    Outside,
}

/// What a function does to the thread it runs on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeEffect {
    /// What.
    pub effect: Effect,
    /// It may: a link in between is no more than a name.
    pub is_possible: bool,
    /// How many calls away; 0 when it does so itself.
    pub distance: u32,
}

/// A function of the graph, or an outside callable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its dotted name.
    pub name: String,
    /// Its name in its module.
    pub short: String,
    /// Where it is defined; none for what is outside.
    pub place: Option<Place>,
    /// It stands on the chain of a finding, is a bridge, or blocks coroutines; else it is a neighbour.
    pub is_core: bool,
    /// It is a dependency's.
    pub is_dependency: bool,
    /// Where it runs, in words: `on the loop: called from f`.
    pub contexts: Vec<String>,
    /// It may run on a loop.
    pub on_loop: bool,
    /// It may run in a worker thread.
    pub in_worker: bool,
    /// What it does.
    pub effects: Vec<NodeEffect>,
    /// The findings in it, and those through whose chain it runs: indices into [`Audit::risks`](super::Audit::risks).
    pub risks: Vec<u32>,
    /// The bridge it is: index into [`Audit::bridges`](super::Audit::bridges).
    pub bridge: Option<u32>,
}

/// How one node comes to another.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EdgeKind {
    /// It runs it here and now, or makes its coroutine.
    Calls,
    /// It hands it to a loop.
    ToLoop,
    /// It hands it to a worker thread.
    ToWorker,
}

/// A call from one node to another.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// The caller: index into the nodes.
    pub from: u32,
    /// The callee.
    pub to: u32,
    /// How.
    pub kind: EdgeKind,
    /// The first such call.
    pub place: Place,
}

/// The graph.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BoundaryGraph {
    /// The functions, in the order of files and definitions, then the outside callables by name.
    pub nodes: Vec<Node>,
    /// The calls between them, sorted.
    pub edges: Vec<Edge>,
    /// Neighbours were left out because there are too many.
    pub is_cut: bool,
}

/// The graph around findings, bridges and hot spots.
pub(super) fn boundary(scene: &Scene<'_>, risks: &[Risk], bridges: &[Bridge], spots: &[HotSpot]) -> BoundaryGraph {
    let mut core: BTreeSet<Def> = BTreeSet::new();
    let mut marks: FxHashMap<Def, Vec<u32>> = FxHashMap::default();
    for (i, risk) in risks.iter().enumerate() {
        let steps = risk.finding.chain.iter().map(|step| step.place);
        for place in std::iter::once(risk.finding.place).chain(steps) {
            let def = scene.function_at(place);
            core.insert(def);
            let marks = marks.entry(def).or_default();
            if marks.last() != Some(&(i as u32)) {
                marks.push(i as u32);
            }
        }
    }
    core.extend(bridges.iter().filter(|bridge| bridge.waits()).map(|bridge| bridge.def));
    core.extend(spots.iter().flat_map(|spot| spot.chain.iter().map(|step| scene.function_at(step.place))));
    let (all, is_cut) = with_neighbours(scene, &core);
    let bridge_of: FxHashMap<Def, u32> = bridges.iter().enumerate().map(|(i, b)| (b.def, i as u32)).collect();
    let mut nodes: Vec<Node> = Vec::with_capacity(all.len());
    for def in &all {
        let risks = marks.remove(def).unwrap_or_default();
        nodes.push(node(scene, *def, core.contains(def), risks, bridge_of.get(def).copied()));
    }
    let edges = edges(scene, &all, &mut nodes);
    BoundaryGraph { nodes, edges, is_cut }
}

/// The core and what is a few calls away, the nearest first until there are too many.
fn with_neighbours(scene: &Scene<'_>, core: &BTreeSet<Def>) -> (Vec<Def>, bool) {
    let mut all = core.clone();
    let mut rim: Vec<Def> = core.iter().copied().collect();
    for _ in 0..NEIGHBOURS {
        let mut next = BTreeSet::new();
        for def in rim {
            next.extend(beside(scene, def).into_iter().filter(|def| !all.contains(def)));
        }
        for def in &next {
            if all.len() >= MAX_NODES {
                return (all.into_iter().collect(), true);
            }
            all.insert(*def);
        }
        rim = next.into_iter().collect();
    }
    (all.into_iter().collect(), false)
}

/// The functions one call away.
fn beside(scene: &Scene<'_>, def: Def) -> Vec<Def> {
    let graph = &scene.analysis.graph;
    let mut all: Vec<Def> = graph.callers_of(def).iter().map(|at| graph.owner(*at)).collect();
    let handed = graph.roots_of(def).iter().filter_map(|root| match root.reason {
        Reason::Scheduled(at) => Some(graph.owner(at)),
        _ => None,
    });
    all.extend(handed);
    all.extend(graph.sites[def.file.index()].iter().filter(|site| site.owner == def.scope).filter_map(|site| {
        match site.happens {
            Happens::Runs(target) | Happens::Schedules(target, _) => Some(target),
            _ => None,
        }
    }));
    all
}

fn node(scene: &Scene<'_>, def: Def, is_core: bool, risks: Vec<u32>, bridge: Option<u32>) -> Node {
    let analysis = scene.analysis;
    let Function { place, name, short } = scene.function(def);
    let kind = match def.scope {
        ScopeId::MODULE => NodeKind::Module,
        _ if analysis.world.is_async(def) => NodeKind::Coroutine,
        _ => NodeKind::Function,
    };
    let effects = Effect::all().filter_map(|effect| {
        let witness = analysis.graph.witness(def, effect)?;
        let is_possible = witness.confidence == Confidence::Possible;
        Some(NodeEffect { effect, is_possible, distance: witness.distance })
    });
    Node {
        kind,
        name,
        short,
        place: Some(place),
        is_core,
        is_dependency: scene.is_dependency(def.file),
        contexts: contexts(scene, def),
        on_loop: analysis.function_runs_on(def, RunsOn::Loop),
        in_worker: analysis.function_runs_on(def, RunsOn::Worker),
        effects: effects.collect(),
        risks,
        bridge,
    }
}

fn contexts(scene: &Scene<'_>, def: Def) -> Vec<String> {
    let analysis = scene.analysis;
    let on = |on: RunsOn| match on {
        RunsOn::Loop => "on the loop",
        RunsOn::Worker => "in a worker thread",
        RunsOn::NoLoop => "where no loop runs",
    };
    let mut all = Vec::new();
    for root in analysis.graph.roots_of(def) {
        all.push(match &root.reason {
            Reason::Coroutine => continue,
            Reason::Notebook => format!("{}: a notebook's cells", on(root.on)),
            Reason::Settings => format!("{}: the settings say so", on(root.on)),
            Reason::Framework(by) => format!("{}: run by {by}", on(root.on)),
            Reason::Scheduled(at) => {
                let by = analysis.short_name(analysis.graph.owner(*at));
                format!("{}: handed over by {} in {by}", on(root.on), analysis.site_text(*at))
            }
        });
    }
    let called =
        [(RunsOn::Loop, analysis.graph.on_loop_from(def)), (RunsOn::Worker, analysis.graph.in_worker_from(def))];
    for (place, at) in called {
        if let Some(at) = at {
            all.push(format!("{}: called from {}", on(place), analysis.short_name(analysis.graph.owner(at))));
        }
    }
    all.dedup();
    all
}

/// The calls between the functions, and those to the outside callables, which become nodes.
fn edges(scene: &Scene<'_>, all: &[Def], nodes: &mut Vec<Node>) -> Vec<Edge> {
    let graph = &scene.analysis.graph;
    let number = |def: Def| all.binary_search(&def).ok().map(|i| i as u32);
    let mut found: Vec<Edge> = Vec::new();
    let mut sinks: Vec<(SmolStr, Effect, u32, Place)> = Vec::new();
    for &def in all {
        let Some(from) = number(def) else { continue };
        for (index, site) in graph.sites[def.file.index()].iter().enumerate() {
            if site.owner != def.scope {
                continue;
            }
            let at = SiteRef { file: def.file, index: index as u32 };
            let place = Place { file: at.file, span: scene.analysis.span(at) };
            let (target, kind) = match &site.happens {
                Happens::Runs(target) => (*target, EdgeKind::Calls),
                Happens::Schedules(target, RunsOn::Worker) => (*target, EdgeKind::ToWorker),
                Happens::Schedules(target, _) => (*target, EdgeKind::ToLoop),
                _ => {
                    if let Some((effect, _)) = Effect::at(site) {
                        let name = SmolStr::new(written_name(&scene.analysis.sink_of(at)));
                        sinks.push((name, effect, from, place));
                    }
                    continue;
                }
            };
            if let Some(to) = number(target) {
                found.push(Edge { from, to, kind, place });
            }
        }
    }
    outside(sinks, nodes, &mut found);
    found.sort_unstable();
    found.dedup_by_key(|edge| (edge.from, edge.to, edge.kind));
    found
}

/// One node for each outside callable, in the core when a function of the core calls it.
fn outside(mut sinks: Vec<(SmolStr, Effect, u32, Place)>, nodes: &mut Vec<Node>, edges: &mut Vec<Edge>) {
    sinks.sort_by(|a, b| (&a.0, a.1, a.2, a.3).cmp(&(&b.0, b.1, b.2, b.3)));
    let mut last: Option<(SmolStr, Effect)> = None;
    for (name, effect, from, place) in sinks {
        if last.as_ref() != Some(&(name.clone(), effect)) {
            last = Some((name.clone(), effect));
            nodes.push(Node {
                kind: NodeKind::Outside,
                name: name.to_string(),
                short: name.to_string(),
                place: None,
                is_core: false,
                is_dependency: false,
                contexts: Vec::new(),
                on_loop: false,
                in_worker: false,
                effects: vec![NodeEffect { effect, is_possible: false, distance: 0 }],
                risks: Vec::new(),
                bridge: None,
            });
        }
        let to = nodes.len() - 1;
        nodes[to].is_core |= nodes[from as usize].is_core;
        edges.push(Edge { from, to: to as u32, kind: EdgeKind::Calls, place });
    }
}

/// An effect in words that follow a function's name.
impl NodeEffect {
    /// `blocks (http)`, `may start an event loop`.
    pub fn words(&self) -> String {
        match (self.effect, self.is_possible) {
            (Effect::StartsLoop, false) => "starts an event loop".to_owned(),
            (Effect::StartsLoop, true) => "may start an event loop".to_owned(),
            (Effect::RefusesLoop, false) => "refuses a running loop".to_owned(),
            (Effect::RefusesLoop, true) => "may refuse a running loop".to_owned(),
            (Effect::Blocks(category), possible) => {
                let verb = if possible { "may block" } else { "blocks" };
                format!("{verb} ({})", CATEGORIES.get(usize::from(category)).copied().unwrap_or("unknown"))
            }
        }
    }
}
