//! The two fixpoints. Functions are numbered through, so that what is known of one is found without hashing.

use super::{Effect, Graph, Reason, Root, SiteRef, Witness};
use crate::analysis::Roots;
use crate::finding::Confidence;
use crate::infer::World;
use crate::program::Origin;
use crate::settings::RunsOn;
use crate::sites::{Happens, Site};
use crate::types::Def;
use asyncwise_syntax::facts::{ScopeId, ScopeKind};
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

/// A list for each function, one after the other in one array.
#[derive(Clone, Debug)]
pub(super) struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { starts: Vec::new(), items: Vec::new() }
    }
}

impl<T: Clone> Lists<T> {
    /// Sorts items by the numbers of their functions, keeping their order otherwise: a counting sort.
    fn of(functions: usize, pairs: &[(u32, T)]) -> Self {
        let mut starts = vec![0u32; functions + 1];
        for (function, _) in pairs {
            starts[*function as usize + 1] += 1;
        }
        for i in 0..functions {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut order = vec![0u32; pairs.len()];
        for (i, (function, _)) in pairs.iter().enumerate() {
            let at = &mut next[*function as usize];
            order[*at as usize] = i as u32;
            *at += 1;
        }
        Self { starts, items: order.into_iter().map(|i| pairs[i as usize].1.clone()).collect() }
    }

    pub(super) fn of_function(&self, function: usize) -> &[T] {
        match (self.starts.get(function), self.starts.get(function.wrapping_add(1))) {
            (Some(&start), Some(&end)) => &self.items[start as usize..end as usize],
            _ => &[],
        }
    }
}

impl Graph {
    /// Solves both fixpoints, from the sites and the roots of each file.
    pub(crate) fn solve(world: &World, sites: Vec<Arc<Vec<Site>>>, roots: &[Arc<Roots>]) -> Self {
        let mut graph = Graph { sites, functions: Arc::new(Functions::of(world)), ..Graph::default() };
        graph.collect(roots);
        let contexts = || {
            let calls = graph.calls();
            (graph.reached(&calls, RunsOn::Loop), graph.reached(&calls, RunsOn::Worker))
        };
        let ((masks, effects), (on_loop, in_worker)) = rayon::join(|| graph.solve_effects(world), contexts);
        (graph.masks, graph.effects) = (Arc::new(masks), Arc::new(effects));
        (graph.on_loop, graph.in_worker) = (Arc::new(on_loop), Arc::new(in_worker));
        graph
    }

    fn collect(&mut self, own: &[Arc<Roots>]) {
        let own = own.iter().flat_map(|roots| roots.iter());
        let mut roots: Vec<(u32, Root)> =
            own.map(|(def, root)| (self.functions.index(*def) as u32, root.clone())).collect();
        let mut callers = Vec::new();
        for (at, site) in self.all_sites() {
            match site.happens {
                Happens::Runs(target) => callers.push((self.functions.index(target) as u32, at)),
                Happens::Schedules(target, on) if !self.functions.is_async(target) => {
                    roots.push((self.functions.index(target) as u32, Root::new(on, Reason::Scheduled(at))));
                }
                _ => {}
            }
        }
        self.roots = Arc::new(Lists::of(self.functions.len(), &roots));
        self.callers = Arc::new(Lists::of(self.functions.len(), &callers));
    }

    /// Effects flow from callee to caller through functions that run at once: shortest path first among the surest
    /// (Dijkstra 1959, with the pair of confidence and distance as the cost).
    fn solve_effects(&self, world: &World) -> (Vec<u32>, Lists<(Effect, Witness)>) {
        let is_project: Vec<bool> = world.program.files.iter().map(|f| f.origin == Origin::Project).collect();
        let passes_on = |at: SiteRef, site: &Site, effect: Effect| {
            // Where a function of the project itself knows that a loop runs, it is its own affair, not its callers'; but
            // that it then refuses is theirs.
            let refuses = matches!(site.happens, Happens::Refuses(_));
            let own_affair = is_project[at.file.index()] && site.states.always_runs() && !refuses;
            site.states.may_run() && !own_affair && !(site.attempted && effect.raises())
        };
        let mut queue = BinaryHeap::new();
        for (at, site) in self.all_sites() {
            if let Some((effect, confidence)) = Effect::at(site).filter(|(effect, _)| passes_on(at, site, *effect)) {
                queue.push((through(site, confidence), Reverse(0u32), Reverse(at), effect));
            }
        }
        let mut masks = vec![0u32; self.functions.len()];
        let mut effects = Vec::new();
        while let Some((confidence, Reverse(distance), Reverse(at), effect)) = queue.pop() {
            let owner = self.owner(at);
            let number = self.functions.index(owner);
            if masks[number] & effect.bit() != 0 {
                continue;
            }
            masks[number] |= effect.bit();
            effects.push((number as u32, (effect, Witness { site: at, confidence, distance })));
            if self.functions.is_async(owner) || owner.scope == ScopeId::MODULE {
                continue;
            }
            for &caller in self.callers.of_function(number) {
                let site = self.site(caller);
                if passes_on(caller, site, effect) {
                    let sure = confidence.min(through(site, site.confidence));
                    queue.push((sure, Reverse(distance + 1), Reverse(caller), effect));
                }
            }
        }
        let effects = Lists::of(self.functions.len(), &effects);
        (masks, effects)
    }

    /// The sites of each function that run another's code at once.
    fn calls(&self) -> Lists<SiteRef> {
        let runs = self.all_sites().filter_map(|(at, site)| match site.happens {
            Happens::Runs(target) if !self.functions.is_async(target) => {
                Some((self.functions.index(self.owner(at)) as u32, at))
            }
            _ => None,
        });
        Lists::of(self.functions.len(), &runs.collect::<Vec<_>>())
    }

    /// The functions that run on `place` because a caller does: breadth first, so that the ways are shortest.
    fn reached(&self, calls: &Lists<SiteRef>, place: RunsOn) -> Vec<Option<SiteRef>> {
        let is_root = |function: &usize| self.roots.of_function(*function).iter().any(|root| root.on == place);
        let mut queue: VecDeque<usize> = (0..self.functions.len()).filter(is_root).collect();
        let mut is_known = vec![false; self.functions.len()];
        for &function in &queue {
            is_known[function] = true;
        }
        let mut reached = vec![None; self.functions.len()];
        while let Some(function) = queue.pop_front() {
            for &at in calls.of_function(function) {
                let site = self.site(at);
                let Happens::Runs(target) = site.happens else { continue };
                let number = self.functions.index(target);
                if is_known[number] || (place == RunsOn::Loop && !site.states.may_run()) {
                    continue;
                }
                is_known[number] = true;
                reached[number] = Some(at);
                queue.push_back(number);
            }
        }
        reached
    }
}

fn through(site: &Site, confidence: Confidence) -> Confidence {
    if site.conditional { confidence.min(Confidence::Likely) } else { confidence }
}
