//! What a project can say about itself. Read by the `workspace` crate, used here: plain data.

use crate::finding::{Confidence, Severity};
use crate::knowledge::Contexts;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// Whether and how loudly a rule reports.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Level {
    /// Not at all.
    Off,
    /// As its confidence says.
    #[default]
    On,
    /// Always this loudly.
    At(Severity),
}

/// The level of every rule, for one file: selection, per-rule severities and per-file ignores already applied.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleTable {
    /// Rules that differ from their default ([`crate::rules::RuleInfo::default_on`]).
    pub levels: FxHashMap<SmolStr, Level>,
}

/// Where an entry point named in the configuration runs.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum RunsOn {
    /// On a thread whose event loop is running.
    Loop,
    /// In a worker thread or process.
    Worker,
    /// Where no loop runs.
    NoLoop,
}

/// A call the project says blocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockingCall {
    /// Dotted name of the function or method (`pkg.mod.Class.method`).
    pub name: SmolStr,
    /// What to use on the loop instead, shown in the message.
    pub instead: Option<String>,
}

/// A function the project says runs its argument in another thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffloadFunction {
    /// Dotted name.
    pub name: SmolStr,
    /// Position of the callable among the arguments, from 0, without `self`.
    pub argument: u32,
}

/// A plain function and its async twin, as the project names them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TwinPair {
    /// Dotted name of the plain function.
    pub name: SmolStr,
    /// Its twin: a name, or a dotted name, in the same class or module.
    pub twin: SmolStr,
}

/// A function some framework calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryPoint {
    /// Dotted name.
    pub name: SmolStr,
    /// Where it runs.
    pub runs_on: RunsOn,
}

/// The settings of a file. Files of one configuration share one value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Rule levels.
    pub rules: RuleTable,
    /// Findings below this confidence are not reported.
    pub min_confidence: Confidence,
    /// The oldest Python the project supports (`requires-python`), as (major, minor).
    pub target_version: Option<(u8, u8)>,
    /// Own blocking calls.
    pub blocking_calls: Vec<BlockingCall>,
    /// Own offload functions.
    pub offload_functions: Vec<OffloadFunction>,
    /// Own functions that start an event loop and wait for it.
    pub loop_starters: Vec<SmolStr>,
    /// Own entry points.
    pub entry_points: Vec<EntryPoint>,
    /// Own pairs of plain functions and coroutine functions.
    pub twins: Vec<TwinPair>,
    /// Own frameworks: where they run the functions they are given.
    pub contexts: Contexts,
}

impl Settings {
    /// Whether it says something of the function at a dotted name, or of a method of the class there.
    pub fn speaks_of(&self, name: &str) -> bool {
        let listed = self.blocking_calls.iter().map(|own| &own.name).chain(&self.loop_starters);
        let mut listed = listed.chain(self.offload_functions.iter().map(|own| &own.name));
        listed.any(|own| own == name || own.rsplit_once('.').is_some_and(|(owner, _)| owner == name))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: RuleTable::default(),
            min_confidence: Confidence::Possible,
            target_version: None,
            blocking_calls: Vec::new(),
            offload_functions: Vec::new(),
            loop_starters: Vec::new(),
            entry_points: Vec::new(),
            twins: Vec::new(),
            contexts: Contexts::default(),
        }
    }
}
