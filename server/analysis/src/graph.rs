//! The two questions, answered for the whole program: where does this code run, and what does it do there. Two
//! fixpoints over one call graph; each answer keeps the site that gave it, so that every finding can tell its chain.

use crate::analysis::Roots;
use crate::finding::{Confidence, FileId};
use crate::infer::World;
use crate::program::Origin;
use crate::settings::RunsOn;
use crate::sites::{Happens, Site};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// A site of the program: file, and place among the file's sites.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SiteRef {
    /// The file.
    pub file: FileId,
    /// Index among the file's sites.
    pub index: u32,
}

/// What a function does to the thread it runs on.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// It starts an event loop.
    StartsLoop,
    /// It raises where a loop runs.
    RefusesLoop,
    /// It blocks, in this category: index into [`CATEGORIES`].
    Blocks(u8),
}

/// The categories of blocking, as the knowledge names them; `project` is for calls named in the configuration.
pub const CATEGORIES: &[&str] = &[
    "sleep",
    "http",
    "socket",
    "dns",
    "db",
    "cloud",
    "subprocess",
    "input",
    "project",
    "file",
    "cpu",
    "lock",
    "queue",
    "thread-join",
    "future-result",
];

impl Effect {
    /// The effect of blocking in a category.
    pub fn blocks(category: &str) -> Option<Effect> {
        CATEGORIES.iter().position(|c| *c == category).map(|i| Effect::Blocks(i as u8))
    }

    /// The effect that happens at a site by itself, with how sure it is.
    pub fn at(site: &Site) -> Option<(Effect, Confidence)> {
        match &site.happens {
            Happens::StartsLoop(_) => Some((Effect::StartsLoop, site.confidence)),
            Happens::RefusesLoop(_) => Some((Effect::RefusesLoop, site.confidence)),
            Happens::Blocks(_, facts) => {
                Effect::blocks(facts.category).map(|e| (e, site.confidence.min(facts.confidence)))
            }
            _ => None,
        }
    }
}

/// Why a function has an effect: the site in it that has it, or that calls on to it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// The site, in the function itself.
    pub site: SiteRef,
    /// How sure the effect is when the function runs.
    pub confidence: Confidence,
    /// How many calls away; 0 when the site itself has the effect.
    pub distance: u32,
}

/// Why code runs where it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It is an `async def`.
    Coroutine,
    /// It is a notebook's cell.
    Notebook,
    /// It is handed over here.
    Scheduled(SiteRef),
    /// A framework runs it; the words are the knowledge's.
    Framework(SmolStr),
    /// The project's settings say so.
    Settings,
}

/// Where a function is entered, by itself and not because its caller runs there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// Where.
    pub on: RunsOn,
    /// Why.
    pub reason: Reason,
    /// Blocking there holds up other work.
    pub blocking_matters: bool,
    /// It runs when the program starts or stops.
    pub is_startup: bool,
    /// It is test code.
    pub is_test: bool,
}

impl Root {
    /// A root without anything special about it.
    pub fn new(on: RunsOn, reason: Reason) -> Self {
        Self { on, reason, blocking_matters: true, is_startup: false, is_test: false }
    }
}

/// The graph and its two fixpoints.
#[derive(Clone, Default)]
pub struct Graph {
    /// Sites of each file.
    pub sites: Vec<Arc<Vec<Site>>>,
    /// Where functions are entered.
    pub roots: Arc<FxHashMap<Def, Vec<Root>>>,
    /// Functions that run on a loop because their caller does: the caller's site, on a shortest path from a root.
    pub on_loop: Arc<FxHashMap<Def, SiteRef>>,
    /// The same for worker threads.
    pub in_worker: Arc<FxHashMap<Def, SiteRef>>,
    /// What functions do.
    pub effects: Arc<FxHashMap<(Def, Effect), Witness>>,
    /// The sites that run a function, by function.
    pub callers: Arc<FxHashMap<Def, Vec<SiteRef>>>,
}

impl Graph {
    /// A site.
    pub fn site(&self, at: SiteRef) -> &Site {
        &self.sites[at.file.index()][at.index as usize]
    }

    /// The function whose code a site is.
    pub fn owner(&self, at: SiteRef) -> Def {
        Def { file: at.file, scope: self.site(at).owner }
    }

    /// All sites of the program.
    pub fn all_sites(&self) -> impl Iterator<Item = (SiteRef, &Site)> {
        self.sites.iter().enumerate().flat_map(|(f, sites)| {
            sites.iter().enumerate().map(move |(i, s)| (SiteRef { file: FileId(f as u32), index: i as u32 }, s))
        })
    }

    /// Solves both fixpoints, from the sites and the roots of each file.
    pub(crate) fn solve(world: &World, sites: Vec<Arc<Vec<Site>>>, roots: &[Arc<Roots>]) -> Self {
        let mut graph = Graph { sites, ..Graph::default() };
        graph.collect(world, roots);
        graph.solve_effects(world);
        graph.on_loop = Arc::new(graph.reached(world, RunsOn::Loop));
        graph.in_worker = Arc::new(graph.reached(world, RunsOn::Worker));
        graph
    }

    fn collect(&mut self, world: &World, own: &[Arc<Roots>]) {
        let mut roots: FxHashMap<Def, Vec<Root>> = FxHashMap::default();
        for (def, root) in own.iter().flat_map(|roots| roots.iter()) {
            roots.entry(*def).or_default().push(root.clone());
        }
        let mut callers: FxHashMap<Def, Vec<SiteRef>> = FxHashMap::default();
        let mut scheduled = Vec::new();
        for (at, site) in self.all_sites() {
            match site.happens {
                Happens::Runs(target) => callers.entry(target).or_default().push(at),
                Happens::Schedules(target, on) if !world.is_async(target) => scheduled.push((target, on, at)),
                _ => {}
            }
        }
        for (target, on, at) in scheduled {
            let root = Root::new(on, Reason::Scheduled(at));
            roots.entry(target).or_default().push(root);
        }
        self.roots = Arc::new(roots);
        self.callers = Arc::new(callers);
    }

    /// Effects flow from callee to caller through functions that run at once: shortest path first among the surest.
    fn solve_effects(&mut self, world: &World) {
        let mut queue = BinaryHeap::new();
        for (at, site) in self.all_sites() {
            if let Some((effect, confidence)) = Effect::at(site).filter(|_| passes_on(world, at.file, site)) {
                queue.push((through(site, confidence), Reverse(0u32), Reverse(at), effect));
            }
        }
        let mut effects: FxHashMap<(Def, Effect), Witness> = FxHashMap::default();
        while let Some((confidence, Reverse(distance), Reverse(at), effect)) = queue.pop() {
            let owner = self.owner(at);
            if effects.contains_key(&(owner, effect)) {
                continue;
            }
            effects.insert((owner, effect), Witness { site: at, confidence, distance });
            if world.is_async(owner) || owner.scope == ScopeId::MODULE {
                continue;
            }
            for &caller in self.callers.get(&owner).map_or(&[][..], Vec::as_slice) {
                let site = self.site(caller);
                if passes_on(world, caller.file, site) {
                    let sure = confidence.min(through(site, site.confidence));
                    queue.push((sure, Reverse(distance + 1), Reverse(caller), effect));
                }
            }
        }
        self.effects = Arc::new(effects);
    }

    /// The functions that run on `place` because a caller does.
    fn reached(&self, world: &World, place: RunsOn) -> FxHashMap<Def, SiteRef> {
        let mut by_owner: FxHashMap<Def, Vec<(SiteRef, Def)>> = FxHashMap::default();
        for (at, site) in self.all_sites() {
            if let Happens::Runs(target) = site.happens
                && !world.is_async(target)
                && (place != RunsOn::Loop || site.states.may_run())
            {
                by_owner.entry(self.owner(at)).or_default().push((at, target));
            }
        }
        let mut start: Vec<Def> =
            self.roots.iter().filter(|(_, r)| r.iter().any(|r| r.on == place)).map(|(d, _)| *d).collect();
        start.sort_unstable();
        let mut queue: VecDeque<Def> = start.into();
        let mut reached = FxHashMap::default();
        while let Some(def) = queue.pop_front() {
            for &(at, target) in by_owner.get(&def).map_or(&[][..], Vec::as_slice) {
                let is_root = self.roots.get(&target).is_some_and(|r| r.iter().any(|r| r.on == place));
                if !is_root && !reached.contains_key(&target) {
                    reached.insert(target, at);
                    queue.push_back(target);
                }
            }
        }
        reached
    }

    /// Whether code enters a loop's thread with this function: not because its caller is on one.
    pub fn loop_root(&self, def: Def) -> Option<&Root> {
        self.roots.get(&def).and_then(|r| r.iter().find(|r| r.on == RunsOn::Loop))
    }

    /// The effects a site has, itself or through what it runs, with the witness of the next step (none when it is the
    /// sink itself).
    pub fn effect_at(&self, world: &World, at: SiteRef, effect: Effect) -> Option<(Confidence, Option<Witness>)> {
        let site = self.site(at);
        if !site.states.may_run() {
            return None;
        }
        if let Some((own, confidence)) = Effect::at(site) {
            return (own == effect).then_some((confidence, None));
        }
        match site.happens {
            Happens::Runs(target) if !world.is_async(target) => {
                let witness = self.effects.get(&(target, effect))?;
                Some((site.confidence.min(witness.confidence), Some(*witness)))
            }
            _ => None,
        }
    }

    /// The sites from a witness down to the sink.
    pub fn chain(&self, mut witness: Witness, effect: Effect) -> Vec<SiteRef> {
        let mut chain = vec![witness.site];
        while let Happens::Runs(target) = self.site(witness.site).happens {
            match self.effects.get(&(target, effect)) {
                Some(next) if chain.len() < 100 => witness = *next,
                _ => break,
            }
            chain.push(witness.site);
        }
        chain
    }
}

/// Whether what happens at a site may happen on a loop, and is the callers' affair: where a function of the project itself
/// knows that a loop runs, it is its own.
fn passes_on(world: &World, file: FileId, site: &Site) -> bool {
    let is_reported = world.program.file(file).origin == Origin::Project;
    site.states.may_run() && !(is_reported && site.states.always_runs())
}

fn through(site: &Site, confidence: Confidence) -> Confidence {
    if site.conditional { confidence.min(Confidence::Likely) } else { confidence }
}
