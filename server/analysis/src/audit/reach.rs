//! How much of the program leads to a place.

use super::Scene;
use super::entries::Entries;
use crate::finding::Confidence;
use crate::graph::{Reason, SiteRef};
use crate::types::Def;
use rustc_hash::{FxHashMap, FxHashSet};

/// How much of the program leads to a function, through calls, awaits and functions that are handed over. Links by a bare
/// name do not count, and neither does test code.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Reach {
    /// Functions that a framework, a program or the settings enter, itself included.
    pub entry_points: usize,
    /// Coroutine functions, itself included.
    pub coroutines: usize,
}

/// Finds out, once for each function.
pub(super) struct Reacher<'a> {
    scene: &'a Scene<'a>,
    entries: &'a Entries,
    known: FxHashMap<Def, Reach>,
}

impl<'a> Reacher<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, entries: &'a Entries) -> Self {
        Self { scene, entries, known: FxHashMap::default() }
    }

    pub(super) fn of(&mut self, def: Def) -> Reach {
        if let Some(known) = self.known.get(&def) {
            return *known;
        }
        let reach = self.find(def);
        self.known.insert(def, reach);
        reach
    }

    fn find(&self, def: Def) -> Reach {
        let analysis = self.scene.analysis;
        let mut seen = FxHashSet::from_iter([def]);
        let mut open = vec![def];
        let mut reach = Reach::default();
        while let Some(def) = open.pop() {
            if !self.scene.is_test(def.file) {
                reach.coroutines += usize::from(analysis.world.is_async(def));
                reach.entry_points += usize::from(self.entries.is_entry_point(def));
            }
            for at in self.leading_to(def) {
                if analysis.graph.site(at).confidence > Confidence::Possible {
                    let from = analysis.graph.owner(at);
                    if seen.insert(from) {
                        open.push(from);
                    }
                }
            }
        }
        reach
    }

    fn leading_to(&self, def: Def) -> impl Iterator<Item = SiteRef> + '_ {
        let graph = &self.scene.analysis.graph;
        let handed = graph.roots_of(def).iter().filter_map(|root| match root.reason {
            Reason::Scheduled(at) => Some(at),
            _ => None,
        });
        graph.callers_of(def).iter().copied().chain(handed).chain(self.entries.tasks_of(def))
    }
}
