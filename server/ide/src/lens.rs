//! Code lenses: what a plain function does to the event loop, above its definition.

use crate::words::{callee_name, count, effects, is_loud};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{Confidence, FileId};
use asyncwise_analysis::graph::Effect;
use asyncwise_analysis::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;

/// How many functions are looked at on the way up before counting stops.
const MAX_VISITED: usize = 500;

/// A lens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lens {
    /// The name of the function it stands above; its first byte is what [`crate::paths::paths_at`] takes to show the paths.
    pub span: Span,
    /// The function.
    pub function: Def,
    /// What it says.
    pub title: String,
}

/// Who reaches a function on the event loop.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
struct Reached {
    coroutines: usize,
    callbacks: usize,
    /// There are more.
    is_cut: bool,
}

/// The lenses of a file: plain functions that coroutines reach and that block, start a loop or refuse one; in source order.
pub fn lenses(analysis: &Analysis, file: FileId) -> Vec<Lens> {
    let facts = analysis.world.facts(file);
    let plain = facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Function { is_async: false } && !s.broken);
    let mut lenses: Vec<Lens> = plain
        .filter_map(|(scope, s)| {
            let function = Def { file, scope };
            analysis.graph.on_loop_from(function)?;
            let does = does(analysis, function)?;
            let reached = reached(analysis, function).words()?;
            Some(Lens { span: s.name_span, function, title: format!("reached from {reached} · {does}") })
        })
        .collect();
    lenses.sort_by_key(|lens| lens.span);
    lenses
}

/// The worst thing a function does.
fn does(analysis: &Analysis, function: Def) -> Option<String> {
    let graph = &analysis.graph;
    effects().filter(|effect| is_loud(*effect)).find_map(|effect| {
        let witness = graph.witness(function, effect).filter(|w| w.confidence > Confidence::Possible)?;
        let sink = callee_name(analysis, *graph.chain(witness, effect).last()?);
        Some(match effect {
            Effect::StartsLoop => format!("starts an event loop ({sink})"),
            Effect::RefusesLoop => format!("refuses a running loop ({sink})"),
            Effect::Blocks(_) => format!("blocks ({sink})"),
        })
    })
}

/// Counts the functions by which code on a loop comes to `function`.
fn reached(analysis: &Analysis, function: Def) -> Reached {
    let graph = &analysis.graph;
    let mut seen = FxHashSet::from_iter([function]);
    let mut queue = vec![function];
    let mut reached = Reached::default();
    while let Some(def) = queue.pop() {
        for &caller in graph.callers_of(def) {
            let owner = graph.owner(caller);
            if !graph.site(caller).states.may_run() || !seen.insert(owner) {
                continue;
            }
            if analysis.world.is_async(owner) {
                reached.coroutines += 1;
            } else if graph.loop_root(owner).is_some() {
                reached.callbacks += 1;
            } else {
                queue.push(owner);
            }
        }
        if seen.len() > MAX_VISITED {
            reached.is_cut = true;
            break;
        }
    }
    reached
}

impl Reached {
    fn words(self) -> Option<String> {
        let more = if self.is_cut { "more than " } else { "" };
        let words = match (self.coroutines, self.callbacks) {
            (0, 0) => return None,
            (coroutines, 0) => count(coroutines, "coroutine"),
            (0, callbacks) => count(callbacks, "callback"),
            (coroutines, callbacks) => {
                format!("{} and {}", count(coroutines, "coroutine"), count(callbacks, "callback"))
            }
        };
        Some(format!("{more}{words}"))
    }
}
