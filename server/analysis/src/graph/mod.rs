//! The two questions, answered for the whole program: where does this code run, and what does it do there. Two
//! fixpoints over one call graph; each answer keeps the site that gave it, so that every finding can tell its chain.

mod solve;

use solve::{Functions, Lists};

use crate::finding::{Confidence, FileId};
use crate::settings::RunsOn;
use crate::sites::{Happens, Site};
use crate::types::Def;
use smol_str::SmolStr;
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
    /// Every effect.
    pub fn all() -> impl Iterator<Item = Effect> {
        let blocks = (0..CATEGORIES.len() as u8).map(Effect::Blocks);
        [Effect::StartsLoop, Effect::RefusesLoop].into_iter().chain(blocks)
    }

    const fn bit(self) -> u32 {
        match self {
            Effect::StartsLoop => 1,
            Effect::RefusesLoop => 2,
            Effect::Blocks(category) => 4 << category,
        }
    }

    /// The effect of blocking in a category.
    pub fn blocks(category: &str) -> Option<Effect> {
        CATEGORIES.iter().position(|c| *c == category).map(|i| Effect::Blocks(i as u8))
    }

    /// Whether it shows as a RuntimeError where a loop runs.
    pub const fn raises(self) -> bool {
        matches!(self, Effect::StartsLoop | Effect::RefusesLoop)
    }

    /// The effect that happens at a site by itself, with how sure it is.
    pub fn at(site: &Site) -> Option<(Effect, Confidence)> {
        match &site.happens {
            Happens::StartsLoop(_) => Some((Effect::StartsLoop, site.confidence)),
            Happens::RefusesLoop(_) | Happens::Refuses(_) => Some((Effect::RefusesLoop, site.confidence)),
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
    /// Where functions are entered, by number.
    roots: Arc<Lists<Root>>,
    /// By number, for functions that run on a loop because their caller does: the caller's site, on a shortest path from a
    /// root.
    on_loop: Arc<Vec<Option<SiteRef>>>,
    /// The same for worker threads.
    in_worker: Arc<Vec<Option<SiteRef>>>,
    /// What functions do, by number.
    effects: Arc<Lists<(Effect, Witness)>>,
    /// Numbers for the functions.
    functions: Arc<Functions>,
    /// The sites that run a function, by its number.
    callers: Arc<Lists<SiteRef>>,
    /// The bits of the effects of a function, by its number.
    masks: Arc<Vec<u32>>,
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

    /// The same graph over lists that differ only in the ids of expressions.
    pub(crate) fn with_sites(&self, sites: Vec<Arc<Vec<Site>>>) -> Self {
        Self { sites, ..self.clone() }
    }

    /// Where a function is entered by itself.
    pub fn roots_of(&self, def: Def) -> &[Root] {
        self.roots.of_function(self.functions.index(def))
    }

    /// The site, on a shortest path from a root, because of which a function that is no root there runs on a loop.
    pub fn on_loop_from(&self, def: Def) -> Option<SiteRef> {
        self.on_loop.get(self.functions.index(def)).copied().flatten()
    }

    /// The same for worker threads.
    pub fn in_worker_from(&self, def: Def) -> Option<SiteRef> {
        self.in_worker.get(self.functions.index(def)).copied().flatten()
    }

    /// Why a function has an effect; none where it has not.
    pub fn witness(&self, def: Def, effect: Effect) -> Option<Witness> {
        let own = self.effects.of_function(self.functions.index(def));
        own.iter().find(|(e, _)| *e == effect).map(|(_, witness)| *witness)
    }

    /// The sites that run a function.
    pub fn callers_of(&self, def: Def) -> &[SiteRef] {
        self.callers.of_function(self.functions.index(def))
    }

    /// Whether code enters a loop's thread with this function: not because its caller is on one.
    pub fn loop_root(&self, def: Def) -> Option<&Root> {
        self.roots_of(def).iter().find(|r| r.on == RunsOn::Loop)
    }

    /// The effect a site has, itself or through what it runs, with the witness of the next step (none when it is the
    /// sink itself).
    pub fn effect_at(&self, at: SiteRef, effect: Effect) -> Option<(Confidence, Option<Witness>)> {
        let site = self.site(at);
        if !site.states.may_run() {
            return None;
        }
        if let Some((own, confidence)) = Effect::at(site) {
            return (own == effect).then_some((confidence, None));
        }
        match site.happens {
            Happens::Runs(target) if self.passes_through(target) && self.has(target, effect) => {
                let witness = self.witness(target, effect)?;
                Some((site.confidence.min(witness.confidence), Some(witness)))
            }
            _ => None,
        }
    }

    /// Every effect a site may have.
    pub fn effects_at(&self, at: SiteRef) -> impl Iterator<Item = Effect> + use<> {
        let site = self.site(at);
        let mask = match (&site.happens, Effect::at(site)) {
            _ if !site.states.may_run() => 0,
            (_, Some((own, _))) => own.bit(),
            (Happens::Runs(target), None) if self.passes_through(*target) => self.mask(*target),
            _ => 0,
        };
        Effect::all().filter(move |effect| mask & effect.bit() != 0)
    }

    fn mask(&self, def: Def) -> u32 {
        self.masks.get(self.functions.index(def)).copied().unwrap_or_default()
    }

    fn has(&self, def: Def, effect: Effect) -> bool {
        self.mask(def) & effect.bit() != 0
    }

    /// Whether a call of a function runs its code: that of a coroutine function only makes the coroutine.
    fn passes_through(&self, def: Def) -> bool {
        !self.functions.is_async(def)
    }

    /// The sites from a witness down to the sink.
    pub fn chain(&self, mut witness: Witness, effect: Effect) -> Vec<SiteRef> {
        let mut chain = vec![witness.site];
        while let Happens::Runs(target) = self.site(witness.site).happens {
            match self.witness(target, effect) {
                Some(next) if chain.len() < 100 => witness = next,
                _ => break,
            }
            chain.push(witness.site);
        }
        chain
    }
}
