//! The asynchronous nature of a function of the program: where it runs and what it does there.

use crate::markup::{Inline, Line};
use crate::words::{at_place, callee_name, effects as all_effects, names_along, site_place};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::Confidence;
use asyncwise_analysis::graph::{Effect, Reason, Root, SiteRef};
use asyncwise_analysis::settings::RunsOn;
use asyncwise_analysis::types::Def;
use asyncwise_syntax::facts::*;

/// The most entries and the most effects that are told.
const MAX_LINES: usize = 4;
/// The longest way up to a coroutine that is told.
const MAX_WAY: usize = 12;

/// Where a function runs and what it does there.
pub(super) fn nature(analysis: &Analysis, def: Def) -> Vec<Line> {
    let mut lines: Vec<Line> = kind(analysis, def).into_iter().collect();
    lines.extend(places(analysis, def));
    lines.extend(effects(analysis, def));
    lines
}

/// What a call of it gives, where that is not simply its result.
fn kind(analysis: &Analysis, def: Def) -> Option<Line> {
    let scope = analysis.world.scope(def);
    let words = match (scope.kind, scope.has_yield) {
        (ScopeKind::Function { is_async: true }, false) => "coroutine function: nothing runs until it is awaited",
        (ScopeKind::Function { is_async: true }, true) => {
            "async generator: runs while it is iterated over with `async for`"
        }
        (ScopeKind::Function { is_async: false }, true) => "generator: runs while it is iterated over",
        _ => return None,
    };
    Some(vec![Inline::text(words)])
}

/// What is true of a coroutine that is held in a variable.
pub(super) fn unawaited() -> Line {
    vec![Inline::text("a coroutine: nothing runs until it is awaited")]
}

fn places(analysis: &Analysis, def: Def) -> Vec<Line> {
    let roots = analysis.graph.roots_of(def);
    let mut lines: Vec<Line> = roots.iter().filter_map(|root| entered(analysis, root)).take(MAX_LINES).collect();
    lines.dedup();
    if let Some(at) = analysis.graph.on_loop_from(def) {
        lines.push(called_on(analysis, RunsOn::Loop, at));
    }
    if let Some(at) = analysis.graph.in_worker_from(def) {
        lines.push(called_on(analysis, RunsOn::Worker, at));
    }
    if lines.is_empty() && !analysis.world.is_async(def) {
        lines.push(vec![Inline::text("runs where no event loop is known")]);
    }
    lines
}

fn runs(on: RunsOn) -> &'static str {
    match on {
        RunsOn::Loop => "runs on the event loop: ",
        RunsOn::Worker => "runs in a worker thread: ",
        RunsOn::NoLoop => "runs where no event loop runs: ",
    }
}

/// Why code enters a thread with this function; none for coroutines, whose kind says it.
fn entered(analysis: &Analysis, root: &Root) -> Option<Line> {
    let mut line = vec![Inline::text(runs(root.on))];
    match &root.reason {
        Reason::Coroutine => return None,
        Reason::Notebook => line.push(Inline::text("a notebook's cell")),
        Reason::Settings => line.push(Inline::text("the project's settings say so")),
        Reason::Framework(by) => {
            line.push(Inline::text("run by "));
            line.push(Inline::code(by.as_str()));
        }
        Reason::Scheduled(at) => {
            line.push(Inline::text("handed over by "));
            line.push(Inline::code(analysis.site_text(*at)));
            line.push(Inline::text(" "));
            line.push(at_place(analysis, site_place(analysis, *at)));
        }
    }
    Some(line)
}

/// The way down from where code enters the thread to the call at `at`.
fn called_on(analysis: &Analysis, on: RunsOn, at: SiteRef) -> Line {
    let graph = &analysis.graph;
    let above = |def| match on {
        RunsOn::Worker => graph.in_worker_from(def),
        _ => graph.on_loop_from(def),
    };
    let mut way = vec![at];
    while way.len() < MAX_WAY
        && let Some(up) = above(graph.owner(way[way.len() - 1]))
        && !way.contains(&up)
    {
        way.push(up);
    }
    way.reverse();
    let first = way[0];
    let mut line = vec![Inline::text(format!("{}called from ", runs(on)))];
    line.push(Inline::code(analysis.short_name(graph.owner(first))));
    line.push(Inline::text(" "));
    line.push(at_place(analysis, site_place(analysis, first)));
    if way.len() > 1 {
        line.push(Inline::text(" through "));
        line.extend(names_along(analysis, &way[..way.len() - 1]));
    }
    line
}

/// What a function does to the thread it runs on.
pub(super) fn effects(analysis: &Analysis, def: Def) -> Vec<Line> {
    all_effects().filter_map(|effect| effect_line(analysis, def, effect)).take(MAX_LINES).collect()
}

/// One effect of a function, with the calls that lead to it.
fn effect_line(analysis: &Analysis, def: Def, effect: Effect) -> Option<Line> {
    let witness = *analysis.graph.effects.get(&(def, effect))?;
    let chain = analysis.graph.chain(witness, effect);
    let sure = witness.confidence > Confidence::Possible;
    let verb = match (effect, sure) {
        (Effect::StartsLoop, true) => "starts an event loop",
        (Effect::StartsLoop, false) => "may start an event loop",
        (Effect::RefusesLoop, true) => "refuses a running loop",
        (Effect::RefusesLoop, false) => "may refuse a running loop",
        (Effect::Blocks(_), true) => "blocks",
        (Effect::Blocks(_), false) => "may block",
    };
    let mut line = vec![Inline::text(verb)];
    let (&last, before) = chain.split_last()?;
    match (effect, before) {
        (_, []) => {
            line.push(Inline::text(": "));
            line.push(Inline::code(callee_name(analysis, last)));
            line.push(Inline::text(" "));
            line.push(at_place(analysis, site_place(analysis, last)));
        }
        (Effect::Blocks(_), before) => {
            line.push(Inline::text(": "));
            line.push(Inline::Place {
                place: site_place(analysis, last),
                label: callee_name(analysis, last),
                is_code: true,
            });
            line.push(Inline::text(" through "));
            line.extend(names_along(analysis, before));
        }
        _ => {
            line.push(Inline::text(" through "));
            line.extend(names_along(analysis, &chain));
        }
    }
    Some(line)
}
