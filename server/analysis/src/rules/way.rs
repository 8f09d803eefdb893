//! How code gets to where it runs: the calls from a coroutine, or from what a thread runs, down to a function.

use super::CheckedFile;
use crate::analysis::Analysis;
use crate::finding::{ChainStep, Confidence, Place};
use crate::flow::StateSet;
use crate::graph::{Reason, Root, SiteRef};
use crate::settings::RunsOn;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// The calls that lead to a function from where a thread enters the program's code.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// How sure every step is.
    pub(super) confidence: Confidence,
    /// How many of the calls may be passed by.
    pub(super) conditions: usize,
    /// The function where the thread comes in.
    pub(super) root: Def,
    /// The calls, from the root down.
    pub(super) sites: Vec<SiteRef>,
}

/// Longest way that is followed: a guard, as the graph's own ways have no circles.
const MAX_STEPS: usize = 100;

/// The shortest way on which a loop's thread, or a worker thread, comes to a function.
pub(super) fn way_to(analysis: &Analysis, def: Def, place: RunsOn) -> Option<Way> {
    let graph = &analysis.graph;
    let mut way = Way { confidence: Confidence::Certain, conditions: 0, root: def, sites: Vec::new() };
    while !graph.roots_of(way.root).iter().any(|r| r.on == place) {
        let at = match place {
            RunsOn::Loop => graph.on_loop_from(way.root),
            RunsOn::Worker => graph.in_worker_from(way.root),
            RunsOn::NoLoop => None,
        }?;
        let site = graph.site(at);
        way.confidence = way.confidence.min(site.confidence);
        way.conditions += usize::from(site.conditional);
        way.root = graph.owner(at);
        way.sites.push(at);
        if way.sites.len() > MAX_STEPS {
            return None;
        }
    }
    way.sites.reverse();
    if way.conditions > 0 {
        way.confidence = way.confidence.min(Confidence::Likely);
    }
    Some(way)
}

impl Way {
    /// How the thread comes into the code.
    pub(super) fn entry<'a>(&self, analysis: &'a Analysis, place: RunsOn) -> Option<&'a Root> {
        analysis.graph.roots_of(self.root).iter().find(|r| r.on == place)
    }

    /// The steps as a finding's chain, from the root down: first the call that hands the root over, if one does.
    pub(super) fn chain(&self, analysis: &Analysis, place: RunsOn) -> Vec<ChainStep> {
        let mut chain = Vec::new();
        let root = analysis.short_name(self.root);
        match self.entry(analysis, place).map(|r| &r.reason) {
            Some(Reason::Scheduled(at)) => {
                let to = if place == RunsOn::Loop { "the event loop" } else { "a thread" };
                let message = format!("{root} is handed to {to} by {}", analysis.site_text(*at));
                chain.push(ChainStep { place: Place { file: at.file, span: analysis.span(*at) }, message });
            }
            Some(Reason::Framework(name)) => {
                let on = if place == RunsOn::Loop { "on the event loop" } else { "in a thread" };
                let span = analysis.world.scope(self.root).name_span;
                let message = format!("{root} is run {on} because of {name}");
                chain.push(ChainStep { place: Place { file: self.root.file, span }, message });
            }
            _ => {}
        }
        chain.extend(self.sites.iter().map(|&at| step(analysis, at)));
        chain
    }
}

/// A call as a step of a chain.
pub(super) fn step(analysis: &Analysis, at: SiteRef) -> ChainStep {
    let owner = analysis.short_name(analysis.graph.owner(at));
    let message = format!("{owner} calls {}", analysis.site_text(at));
    ChainStep { place: Place { file: at.file, span: analysis.span(at) }, message }
}

/// What is known of the thread that runs a place.
pub(super) struct OnLoop {
    /// How sure it is that a loop runs there.
    pub(super) confidence: Confidence,
    /// The calls that bring the loop's thread there.
    pub(super) chain: Vec<ChainStep>,
    /// How surely code of the program comes there on a loop; none where only a probe says that somebody may.
    pub(super) known: Option<Confidence>,
    /// Nothing else waits for that loop: a test, or a program of one coroutine.
    pub(super) is_alone: bool,
    /// It is a test itself that stands there.
    pub(super) is_test: bool,
}

impl CheckedFile<'_> {
    /// Whether a loop runs on the thread of an expression, by what its function tells or by how it is called.
    pub(super) fn on_loop(&mut self, expr: ExprId) -> Option<OnLoop> {
        let states = self.states_at(expr);
        let owner = Def { file: self.file, scope: self.code_around(expr) };
        if !states.may_run() {
            return None;
        }
        let is_script = self.analysis.is_script(self.file);
        let way = way_to(self.analysis, owner, RunsOn::Loop);
        let root = way.as_ref().and_then(|w| w.entry(self.analysis, RunsOn::Loop));
        let is_alone = is_script || root.is_some_and(|r| r.is_test || !r.blocking_matters);
        let way = way.filter(|w| w.conditions <= 2);
        let chain = way.as_ref().map_or_else(Vec::new, |w| w.chain(self.analysis, RunsOn::Loop));
        let is_test = root.is_some_and(|r| r.is_test) && way.as_ref().is_some_and(|w| w.sites.is_empty());
        if states.always_runs() {
            let known = way.map(|w| w.confidence).filter(|sure| *sure >= Confidence::Likely);
            return Some(OnLoop { confidence: Confidence::Certain, chain, known, is_alone, is_test });
        }
        let way = way?;
        let confidence = if way.sites.is_empty() { way.confidence } else { way.confidence.min(Confidence::Likely) };
        Some(OnLoop { confidence, chain, known: Some(confidence), is_alone, is_test })
    }

    /// What the function around an expression knows of a loop there.
    pub(super) fn states_at(&mut self, expr: ExprId) -> StateSet {
        let states = self.flows.around(expr).state_at(self.facts, expr).explicit();
        // A lambda has no statement of its own for the states to be kept by.
        let is_lambda = self.facts.scope(self.code_around(expr)).kind == ScopeKind::Lambda;
        if states.is_empty() && is_lambda { StateSet::UNKNOWN } else { states }
    }

    /// A step of a chain at an expression of this file.
    pub(super) fn step_at(&self, expr: ExprId, message: impl Into<String>) -> ChainStep {
        ChainStep { place: Place { file: self.file, span: self.facts.expr(expr).span }, message: message.into() }
    }
}
