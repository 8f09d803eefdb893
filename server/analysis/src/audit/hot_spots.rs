//! What blocks event loops, by how many coroutines reach it.

use super::{Function, Scene};
use crate::finding::{ChainStep, Confidence, Place};
use crate::graph::{CATEGORIES, Effect, SiteRef};
use crate::knowledge::written_name;
use crate::rules;
use crate::sites::Happens;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// A chain with more steps that may be passed by is not counted: `blocking-call` would not report it either.
const MAX_CONDITIONS: u32 = 1;

/// A call that blocks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Sink {
    /// The call.
    pub place: Place,
    /// The outside callable.
    pub name: SmolStr,
}

/// A function that blocks the loops of coroutines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HotSpot {
    /// The function in which the blocking calls stand.
    pub function: Function,
    /// It is a dependency's, not the project's.
    pub is_dependency: bool,
    /// What is waited for: one of [`CATEGORIES`].
    pub category: &'static str,
    /// The blocking calls that are reached, in order.
    pub sinks: Vec<Sink>,
    /// How many functions that loops run (coroutines, and plain functions that are handed to a loop) reach it without leaving
    /// the loop's thread. Tests and code that runs at start-up do not count.
    pub coroutines: usize,
    /// The nearest of them.
    pub example: Function,
    /// The calls from it to the blocking one, that one included.
    pub chain: Vec<ChainStep>,
}

/// The ones in whose chains a coroutine of the asked files stands, the most reached first.
pub(super) fn find(scene: &Scene<'_>) -> Vec<HotSpot> {
    let graph = &scene.analysis.graph;
    let mut by_owner: BTreeMap<(Def, &'static str), Vec<SiteRef>> = BTreeMap::new();
    for (at, site) in graph.all_sites() {
        let Some((Effect::Blocks(category), confidence)) = Effect::at(site) else { continue };
        if confidence > Confidence::Possible && !scene.is_test(at.file) && !is_cached(scene, graph.owner(at)) {
            by_owner.entry((graph.owner(at), CATEGORIES[usize::from(category)])).or_default().push(at);
        }
    }
    let spots = by_owner.into_iter().filter_map(|((def, category), sinks)| spot(scene, def, category, &sinks));
    let mut spots: Vec<HotSpot> = spots.collect();
    spots.sort_by_key(|spot| (Reverse(spot.coroutines), spot.chain.len()));
    spots
}

/// Whether a function without parameters keeps its result: it blocks once.
fn is_cached(scene: &Scene<'_>, def: Def) -> bool {
    let facts = scene.analysis.world.facts(def.file);
    let scope = facts.scope(def.scope);
    let is_cache = |decorator: &ExprId| {
        let target = match facts.expr(*decorator).kind {
            ExprKind::Call { func, .. } => func,
            _ => *decorator,
        };
        let name = facts.dotted(target);
        name.is_some_and(|name| matches!(name.rsplit('.').next(), Some("cache" | "lru_cache" | "cached_property")))
    };
    let own = usize::from(scene.analysis.world.class_of(def).is_some());
    facts.params_of(def.scope).len() <= own && facts.list(scope.decorators).iter().any(is_cache)
}

fn spot(scene: &Scene<'_>, def: Def, category: &'static str, sinks: &[SiteRef]) -> Option<HotSpot> {
    let mut climb = Climb { scene, lower: FxHashMap::default(), roots: Vec::new() };
    let reached: Vec<SiteRef> = sinks.iter().copied().filter(|sink| climb.from(*sink)).collect();
    let mut roots = std::mem::take(&mut climb.roots);
    // The nearest is found first.
    let first = roots.first().cloned()?;
    roots.sort_unstable();
    roots.dedup_by_key(|(root, _)| *root);
    let name = |at: SiteRef| SmolStr::new(written_name(&scene.analysis.sink_of(at)));
    let place = |at: SiteRef| Place { file: at.file, span: scene.analysis.span(at) };
    Some(HotSpot {
        function: scene.function(def),
        is_dependency: scene.is_dependency(def.file),
        category,
        sinks: reached.into_iter().map(|at| Sink { place: place(at), name: name(at) }).collect(),
        coroutines: roots.len(),
        example: scene.function(first.0),
        chain: first.1.iter().map(|at| step(scene, *at)).collect(),
    })
}

fn step(scene: &Scene<'_>, at: SiteRef) -> ChainStep {
    let analysis = scene.analysis;
    let caller = analysis.short_name(analysis.graph.owner(at));
    let message = match analysis.graph.site(at).happens {
        Happens::Runs(_) => format!("{caller} calls {}", analysis.site_text(at)),
        _ => format!("{caller} calls {}()", written_name(&analysis.sink_of(at))),
    };
    ChainStep { place: Place { file: at.file, span: analysis.span(at) }, message }
}

/// The way from blocking calls up to what loops run.
struct Climb<'a> {
    scene: &'a Scene<'a>,
    /// For each function on the way, the site in it that leads down, from the sink whose way came there first.
    lower: FxHashMap<Def, SiteRef>,
    /// What loops run, with the sites down to the sink.
    roots: Vec<(Def, Vec<SiteRef>)>,
}

impl Climb<'_> {
    /// Climbs from one sink by the fewest conditions, then the fewest calls; whether a loop's function was met.
    fn from(&mut self, sink: SiteRef) -> bool {
        let graph = &self.scene.analysis.graph;
        self.lower.clear();
        let before = self.roots.len();
        let mut open = BinaryHeap::from([Reverse((0u32, 0u32, sink))]);
        while let Some(Reverse((conditions, distance, at))) = open.pop() {
            let site = graph.site(at);
            let owner = graph.owner(at);
            if !site.states.may_run() || self.lower.contains_key(&owner) {
                continue;
            }
            self.lower.insert(owner, at);
            self.meet(owner, at);
            let conditions = conditions + u32::from(site.conditional);
            let is_last = self.scene.analysis.world.is_async(owner) || owner.scope == ScopeId::MODULE;
            let goes_on = !is_last && !is_cached(self.scene, owner);
            // Where a function of the project knows that a loop runs, it is its own affair, not its callers'.
            let is_own_affair = site.states.always_runs() && !self.scene.is_dependency(at.file);
            if goes_on && conditions <= MAX_CONDITIONS && !is_own_affair {
                let callers = graph.callers_of(owner).iter();
                let sure = callers.filter(|caller| graph.site(**caller).confidence > Confidence::Possible);
                open.extend(sure.map(|caller| Reverse((conditions, distance + 1, *caller))));
            }
        }
        self.roots.len() > before
    }

    /// Counts a function that a loop runs, or that knows that one runs.
    fn meet(&mut self, owner: Def, at: SiteRef) {
        let analysis = self.scene.analysis;
        let matters = match analysis.graph.loop_root(owner) {
            Some(root) => root.blocking_matters && !root.is_test && !root.is_startup,
            None => analysis.graph.site(at).states.always_runs(),
        };
        let is_asked = self.scene.files.binary_search(&owner.file).is_ok();
        if !matters || !is_asked || self.scene.is_test(owner.file) || analysis.is_script(owner.file) {
            return;
        }
        let chain = self.chain(at);
        if !rules::is_switched_off(analysis, at, &chain[1..]) {
            self.roots.push((owner, chain));
        }
    }

    fn chain(&self, at: SiteRef) -> Vec<SiteRef> {
        let graph = &self.scene.analysis.graph;
        let mut chain = vec![at];
        while let Happens::Runs(target) = graph.site(chain[chain.len() - 1]).happens
            && let Some(below) = self.lower.get(&target)
            && chain.len() < 100
        {
            chain.push(*below);
        }
        chain
    }
}
