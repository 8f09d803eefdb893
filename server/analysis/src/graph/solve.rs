//! The two fixpoints. Functions are numbered through, so that what is known of one is found without hashing.

use super::{Effect, Graph, Reason, Root, SiteRef, Witness};
use crate::analysis::Roots;
use crate::finding::{Confidence, FileId};
use crate::infer::World;
use crate::program::Origin;
use crate::settings::RunsOn;
use crate::sites::{Happens, Site};
use crate::types::Def;
use asyncwise_syntax::facts::{ScopeId, ScopeKind};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// Numbers for all scopes of the program: those of one file follow those of the file before.
#[derive(Clone, Debug, Default)]
pub(super) struct Functions {
    /// The number of each file's module, and one more: how many there are.
    first: Vec<u32>,
    is_async: Vec<bool>,
}

impl Functions {
    fn of(world: &World) -> Self {
        let mut functions = Self { first: Vec::with_capacity(world.program.files.len() + 1), is_async: Vec::new() };
        for file in world.program.ids() {
            functions.first.push(functions.is_async.len() as u32);
            let scopes = &world.program.facts(file).scopes;
            functions.is_async.extend(scopes.iter().map(|s| s.kind == ScopeKind::Function { is_async: true }));
        }
        functions.first.push(functions.is_async.len() as u32);
        functions
    }

    pub(super) fn index(&self, def: Def) -> usize {
        self.first.get(def.file.index()).map_or(usize::MAX, |first| *first as usize + def.scope.index())
    }

    pub(super) fn is_async(&self, def: Def) -> bool {
        self.is_async.get(self.index(def)).copied().unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.is_async.len()
    }
}

/// A list of sites for each function, one after the other in one array.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    starts: Vec<u32>,
    sites: Vec<SiteRef>,
}

impl Lists {
    /// Sorts sites by the numbers of functions, keeping their order otherwise: a counting sort.
    fn of(functions: usize, pairs: &[(u32, SiteRef)]) -> Self {
        let mut starts = vec![0u32; functions + 1];
        for (function, _) in pairs {
            starts[*function as usize + 1] += 1;
        }
        for i in 0..functions {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut sites = vec![SiteRef { file: FileId(0), index: 0 }; pairs.len()];
        for (function, site) in pairs {
            let at = &mut next[*function as usize];
            sites[*at as usize] = *site;
            *at += 1;
        }
        Self { starts, sites }
    }

    pub(super) fn of_function(&self, function: usize) -> &[SiteRef] {
        match (self.starts.get(function), self.starts.get(function.wrapping_add(1))) {
            (Some(&start), Some(&end)) => &self.sites[start as usize..end as usize],
            _ => &[],
        }
    }
}

impl Graph {
    /// Solves both fixpoints, from the sites and the roots of each file.
    pub(crate) fn solve(world: &World, sites: Vec<Arc<Vec<Site>>>, roots: &[Arc<Roots>]) -> Self {
        let mut graph = Graph { sites, functions: Arc::new(Functions::of(world)), ..Graph::default() };
        graph.collect(roots);
        graph.solve_effects(world);
        let calls = graph.calls();
        graph.on_loop = Arc::new(graph.reached(&calls, RunsOn::Loop));
        graph.in_worker = Arc::new(graph.reached(&calls, RunsOn::Worker));
        graph
    }

    fn collect(&mut self, own: &[Arc<Roots>]) {
        let mut roots: FxHashMap<Def, Vec<Root>> = FxHashMap::default();
        for (def, root) in own.iter().flat_map(|roots| roots.iter()) {
            roots.entry(*def).or_default().push(root.clone());
        }
        let mut callers = Vec::new();
        for (at, site) in self.all_sites() {
            match site.happens {
                Happens::Runs(target) => callers.push((self.functions.index(target) as u32, at)),
                Happens::Schedules(target, on) if !self.functions.is_async(target) => {
                    roots.entry(target).or_default().push(Root::new(on, Reason::Scheduled(at)));
                }
                _ => {}
            }
        }
        self.roots = Arc::new(roots);
        self.callers = Arc::new(Lists::of(self.functions.len(), &callers));
    }

    /// Effects flow from callee to caller through functions that run at once: shortest path first among the surest
    /// (Dijkstra 1959, with the pair of confidence and distance as the cost).
    fn solve_effects(&mut self, world: &World) {
        let is_project: Vec<bool> = world.program.files.iter().map(|f| f.origin == Origin::Project).collect();
        let passes_on = |at: SiteRef, site: &Site| {
            // Where a function of the project itself knows that a loop runs, it is its own affair, not its callers'.
            site.states.may_run() && !(is_project[at.file.index()] && site.states.always_runs())
        };
        let mut queue = BinaryHeap::new();
        for (at, site) in self.all_sites() {
            if let Some((effect, confidence)) = Effect::at(site).filter(|_| passes_on(at, site)) {
                queue.push((through(site, confidence), Reverse(0u32), Reverse(at), effect));
            }
        }
        let mut masks = vec![0u32; self.functions.len()];
        let mut effects: FxHashMap<(Def, Effect), Witness> = FxHashMap::default();
        while let Some((confidence, Reverse(distance), Reverse(at), effect)) = queue.pop() {
            let owner = self.owner(at);
            let number = self.functions.index(owner);
            if masks[number] & effect.bit() != 0 {
                continue;
            }
            masks[number] |= effect.bit();
            effects.insert((owner, effect), Witness { site: at, confidence, distance });
            if self.functions.is_async(owner) || owner.scope == ScopeId::MODULE {
                continue;
            }
            for &caller in self.callers.of_function(number) {
                let site = self.site(caller);
                if passes_on(caller, site) {
                    let sure = confidence.min(through(site, site.confidence));
                    queue.push((sure, Reverse(distance + 1), Reverse(caller), effect));
                }
            }
        }
        self.effects = Arc::new(effects);
        self.masks = Arc::new(masks);
    }

    /// The sites of each function that run another's code at once.
    fn calls(&self) -> Lists {
        let runs = self.all_sites().filter_map(|(at, site)| match site.happens {
            Happens::Runs(target) if !self.functions.is_async(target) => {
                Some((self.functions.index(self.owner(at)) as u32, at))
            }
            _ => None,
        });
        Lists::of(self.functions.len(), &runs.collect::<Vec<_>>())
    }

    /// The functions that run on `place` because a caller does: breadth first, so that the ways are shortest.
    fn reached(&self, calls: &Lists, place: RunsOn) -> FxHashMap<Def, SiteRef> {
        let mut is_known = vec![false; self.functions.len()];
        let mut start: Vec<Def> =
            self.roots.iter().filter(|(_, r)| r.iter().any(|r| r.on == place)).map(|(d, _)| *d).collect();
        start.sort_unstable();
        for &def in &start {
            is_known[self.functions.index(def)] = true;
        }
        let mut queue: VecDeque<Def> = start.into();
        let mut reached = FxHashMap::default();
        while let Some(def) = queue.pop_front() {
            for &at in calls.of_function(self.functions.index(def)) {
                let site = self.site(at);
                let Happens::Runs(target) = site.happens else { continue };
                let number = self.functions.index(target);
                if is_known[number] || (place == RunsOn::Loop && !site.states.may_run()) {
                    continue;
                }
                is_known[number] = true;
                reached.insert(target, at);
                queue.push_back(target);
            }
        }
        reached
    }
}

fn through(site: &Site, confidence: Confidence) -> Confidence {
    if site.conditional { confidence.min(Confidence::Likely) } else { confidence }
}
