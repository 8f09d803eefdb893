//! The boundary graph as programs read it, and the script of the HTML page.

use super::Report;
use asyncwise_analysis::audit::{self, EdgeKind, NodeKind};
use asyncwise_analysis::finding::Place;
use asyncwise_analysis::graph::Effect as Kind;
use schemars::JsonSchema;
use serde::Serialize;

/// An excerpt of a line is no longer than this, in characters.
const MAX_EXCERPT: usize = 120;

/// The functions around findings, bridges and blocking calls, and the calls between them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Graph")]
pub(super) struct Graph {
    /// The functions; edges name them by index.
    nodes: Vec<Node>,
    /// The calls.
    edges: Vec<Edge>,
    /// Neighbours were left out because there are too many.
    is_cut: bool,
}

/// A function, or an outside callable.
#[derive(Debug, Serialize, JsonSchema)]
struct Node {
    /// What it is.
    kind: NodeWord,
    /// Its dotted name, module included.
    name: String,
    /// Its name in its module.
    short: String,
    /// The file it is defined in; null for what is outside.
    path: Option<String>,
    /// The line, from 1.
    line: Option<usize>,
    /// That line of the source.
    excerpt: Option<String>,
    /// It stands on the chain of a finding, is a bridge, or is on the way to a blocking call; else it is a neighbour.
    core: bool,
    /// It is a dependency's.
    dependency: bool,
    /// It may run on an event loop.
    on_loop: bool,
    /// It may run in a worker thread.
    in_worker: bool,
    /// Where it runs and why, in words.
    contexts: Vec<String>,
    /// What it does to the thread it runs on.
    effects: Vec<Effect>,
    /// The findings through whose chain it runs: indices into `findings`.
    findings: Vec<u32>,
    /// The bridge it is: index into `bridges`.
    bridge: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum NodeWord {
    Coroutine,
    Function,
    Module,
    Outside,
}

/// What a function does.
#[derive(Debug, Serialize, JsonSchema)]
struct Effect {
    /// Which of the three.
    kind: EffectWord,
    /// In words: `blocks (http)`.
    words: String,
    /// How many calls away; 0 when it does so itself.
    distance: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum EffectWord {
    StartsLoop,
    RefusesLoop,
    Blocks,
}

/// A call.
#[derive(Debug, Serialize, JsonSchema)]
struct Edge {
    /// The caller: index into `nodes`.
    from: u32,
    /// What is called or handed over.
    to: u32,
    /// How.
    kind: EdgeWord,
    /// The line of the first such call, in the file of the caller.
    line: usize,
    /// That line of the source; only at a node of the core.
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum EdgeWord {
    Calls,
    ToLoop,
    ToWorker,
}

impl Graph {
    pub(super) fn of(report: &Report<'_>) -> Self {
        let graph = &report.audit.graph;
        let edge = |edge: &audit::Edge| {
            let is_core = |node: u32| graph.nodes.get(node as usize).is_some_and(|node| node.is_core);
            Edge {
                from: edge.from,
                to: edge.to,
                kind: match edge.kind {
                    EdgeKind::Calls => EdgeWord::Calls,
                    EdgeKind::ToLoop => EdgeWord::ToLoop,
                    EdgeKind::ToWorker => EdgeWord::ToWorker,
                },
                line: report.view.start(edge.place).line,
                excerpt: (is_core(edge.from) || is_core(edge.to)).then(|| excerpt(report, edge.place)),
            }
        };
        Self {
            nodes: graph.nodes.iter().map(|node| convert(report, node)).collect(),
            edges: graph.edges.iter().map(edge).collect(),
            is_cut: graph.is_cut,
        }
    }
}

fn convert(report: &Report<'_>, node: &audit::Node) -> Node {
    let effect = |effect: &audit::NodeEffect| Effect {
        kind: match effect.effect {
            Kind::StartsLoop => EffectWord::StartsLoop,
            Kind::RefusesLoop => EffectWord::RefusesLoop,
            Kind::Blocks(_) => EffectWord::Blocks,
        },
        words: effect.words(),
        distance: effect.distance,
    };
    Node {
        kind: match node.kind {
            NodeKind::Coroutine => NodeWord::Coroutine,
            NodeKind::Function => NodeWord::Function,
            NodeKind::Module => NodeWord::Module,
            NodeKind::Outside => NodeWord::Outside,
        },
        name: node.name.clone(),
        short: node.short.clone(),
        path: node.place.map(|place| report.view.path_and_cell(place)),
        line: node.place.map(|place| report.view.start(place).line),
        excerpt: node.place.filter(|_| node.kind != NodeKind::Module).map(|place| excerpt(report, place)),
        core: node.is_core,
        dependency: node.is_dependency,
        on_loop: node.on_loop,
        in_worker: node.in_worker,
        contexts: node.contexts.clone(),
        effects: node.effects.iter().map(effect).collect(),
        findings: node.risks.clone(),
        bridge: node.bridge,
    }
}

/// The first line of a place, without the spaces around.
pub(super) fn excerpt(report: &Report<'_>, place: Place) -> String {
    let (span, _) = report.view.lines(place.file).excerpt(place.span);
    let text = report.view.file(place.file).source.shown().get(span.range()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim();
    match line.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
