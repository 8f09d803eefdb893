//! `swallowed-loop-error`: a loop is started where one runs, and the RuntimeError of that is turned into a default, a line
//! in the log, a skip: the work was not done, and nobody is told.

use super::tried::{Fate, Guard, Reaction, Taker, fate, guard_around, last_name};
use super::{CheckedFile, boundary, make_async, switch};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::Source;
use crate::graph::{Effect, SiteRef};
use crate::index::{Slot, leaves};
use crate::knowledge::written_name;
use crate::roots::is_test_module;
use crate::settings::RunsOn;
use crate::sites::{Happens, is_conditional};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

const RULE: &str = "swallowed-loop-error";
/// Parts of the last names of calls that may start a loop.
const STARTER_PARTS: &[&str] = &["run", "sync"];
/// More steps than this that may be passed by, and nothing is said.
const MAX_CONDITIONS: usize = 2;

/// A loop start, or a call that refuses a running loop, in a `try` that swallows its failure.
struct Swallowed {
    call: ExprId,
    failure: Failure,
    guard: Guard,
    owner: Def,
}

/// What raises RuntimeError on a running loop.
struct Failure {
    /// The outside function that starts a loop, or the function that refuses one.
    sink: SmolStr,
    /// From the call down to the sink; empty when the call is the sink.
    chain: Vec<SiteRef>,
    /// How sure it is that the call gets to the sink.
    confidence: Confidence,
    /// The call, where it is a site of the graph.
    site: Option<SiteRef>,
}

/// How surely a function is on a running loop, and the calls by which it gets there, the coroutine's first.
struct Reached {
    confidence: Confidence,
    path: Vec<SiteRef>,
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if checked.analysis.whole.lets_loops_nest(checked.file) {
        return Vec::new();
    }
    let facts = checked.facts;
    if facts.handlers.is_empty() && checked.index.name("suppress").is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for (call, expr) in facts.exprs() {
        let ExprKind::Call { func, .. } = expr.kind else { continue };
        let Some(swallowed) = swallowed(checked, call, func).filter(|s| !seen.contains(&s.guard.stmt)) else {
            continue;
        };
        if let Some(finding) = finding(checked, &swallowed) {
            // What follows the first start in the `try` is not reached.
            seen.push(swallowed.guard.stmt);
            findings.push((None, finding));
        }
    }
    findings
}

/// What a call is or leads to, if its failure is swallowed.
fn swallowed(checked: &mut CheckedFile<'_>, call: ExprId, func: ExprId) -> Option<Swallowed> {
    let facts = checked.facts;
    let failure = failure(checked, call, func)?;
    let owner = checked.owner_of(call);
    let stmt = facts.stmt_of(call).filter(|s| facts.stmt(*s).scope == owner.scope)?;
    let guard = guard_around(facts, checked.index, stmt)?;
    let swallows = match guard.taker {
        Taker::Handler(handler) => checked.reaction(handler, owner.scope) == Reaction::Swallows,
        Taker::Suppress(_) => true,
    };
    let is_lost = swallows && !is_done_after(checked, stmt, guard, owner);
    is_lost.then_some(Swallowed { call, failure, guard, owner })
}

/// The start or refusal that a call is, or leads to without a handler in between.
fn failure(checked: &mut CheckedFile<'_>, call: ExprId, func: ExprId) -> Option<Failure> {
    let (analysis, facts) = (checked.analysis, checked.facts);
    let mut led = analysis.sites_at(checked.file, call).flat_map(|at| {
        let found = move |effect| Some((at, effect, analysis.graph.effect_at(at, effect)?));
        [Effect::StartsLoop, Effect::RefusesLoop].into_iter().filter_map(found)
    });
    let first = led.next();
    if let Some((at, effect, (confidence, Some(witness)))) = first {
        // What enters the loop's code is for the rules about starts and refusals to say, unless they take it for tried.
        let is_tried = effect == Effect::RefusesLoop && analysis.graph.site(at).attempted;
        if analysis.is_entry(at) && !is_tried {
            return None;
        }
        let chain = analysis.graph.chain(witness, effect);
        let is_caught = chain.iter().any(|at| fate(analysis, *at) != Fate::Raised);
        let sink = match analysis.graph.site(*chain.last()?).happens {
            Happens::Refuses(def) => analysis.short_name(def).into(),
            Happens::Runs(_) => return None,
            _ => analysis.sink_of(*chain.last()?),
        };
        let happens = !is_caught && !switch::is_off(analysis, at, &chain);
        return happens.then_some(Failure { sink, chain, confidence, site: Some(at) });
    }
    // A start that is tried is no site of the graph.
    let name = last_name(facts, func);
    let may_start =
        STARTER_PARTS.iter().any(|part| name.contains(part)) || checked.index.name("async_to_sync").is_some();
    let stmt = facts.stmt_of(call).filter(|_| may_start)?;
    guard_around(facts, checked.index, stmt)?;
    Some(Failure { sink: checked.starter(call)?, chain: Vec::new(), confidence: Confidence::Certain, site: None })
}

/// Whether the work is done in another way after the `try`: where its handler only goes on there.
fn is_done_after(checked: &mut CheckedFile<'_>, start: StmtId, guard: Guard, owner: Def) -> bool {
    let facts = checked.facts;
    if let Taker::Handler(handler) = guard.taker
        && facts.block(facts.handlers[handler as usize].body).iter().any(|s| leaves(facts, *s))
    {
        return false;
    }
    let end = facts.stmt(guard.stmt).span.end;
    let after = Span::new(end, facts.scope(owner.scope).span.end.max(end));
    if checked.has_bridge(after, owner.scope) {
        return true;
    }
    // `return run(...)` in the `try`, and what follows it is for when that failed.
    matches!(facts.stmt(start).kind, StmtKind::Return(_)) && !checked.calls_in(after, owner.scope).is_empty()
}

/// How the code of a start gets on a running loop. None where it does not, as far as anybody knows.
fn reached(checked: &mut CheckedFile<'_>, swallowed: &Swallowed) -> Option<Reached> {
    let analysis = checked.analysis;
    let states = checked.flows.around(swallowed.call).state_at(checked.facts, swallowed.call);
    if !states.may_run() {
        return None;
    }
    if states.always_runs() && analysis.graph.loop_root(swallowed.owner).is_none() {
        return Some(Reached { confidence: swallowed.failure.confidence, path: Vec::new() });
    }
    let mut path = Vec::new();
    let mut at = swallowed.owner;
    while analysis.graph.loop_root(at).is_none() {
        let Some(site) = analysis.graph.on_loop_from(at) else { return unknown(checked, swallowed) };
        path.push(site);
        at = analysis.graph.owner(site);
        if path.len() > 100 {
            return None;
        }
    }
    let own = is_conditional(&analysis.world, checked.file, swallowed.call, swallowed.owner.scope);
    // What the coroutine itself does on the way does not count: when that line runs, it happens.
    let below = path.len().saturating_sub(1);
    let conditional = |at: &&SiteRef| analysis.graph.site(**at).conditional;
    let passed_by = path[..below].iter().chain(&swallowed.failure.chain).filter(conditional).count();
    let conditions = passed_by + usize::from(own && !path.is_empty());
    if conditions > MAX_CONDITIONS {
        return None;
    }
    let sure = path
        .iter()
        .map(|at| analysis.graph.site(*at).confidence)
        .min()
        .unwrap_or(Confidence::Certain)
        .min(swallowed.failure.confidence);
    let confidence = if conditions > 0 { sure.min(Confidence::Likely) } else { sure };
    path.reverse();
    Some(Reached { confidence, path })
}

/// Nobody is known to call the function on a loop. That its author names RuntimeError is a sign that somebody may.
fn unknown(checked: &CheckedFile<'_>, swallowed: &Swallowed) -> Option<Reached> {
    let (analysis, owner) = (checked.analysis, swallowed.owner);
    let function = matches!(checked.facts.scope(owner.scope).kind, ScopeKind::Function { .. });
    let is_entry = !analysis.graph.roots_of(owner).is_empty()
        || analysis.function_runs_on(owner, RunsOn::Worker)
        || analysis.graph.callers_of(owner).iter().any(|at| analysis.graph.site(*at).owner == ScopeId::MODULE);
    let is_test = is_test_module(analysis.world.program.module_name(checked.file));
    // Clean-up, after work that was done on the same thread.
    let cleans_up = in_finally(checked, swallowed.guard.stmt);
    let expected = !cleans_up
        && swallowed.guard.by_name
        && swallowed.failure.chain.is_empty()
        && function
        && !is_entry
        && !is_test;
    expected.then(|| Reached { confidence: Confidence::Possible, path: Vec::new() })
}

fn in_finally(checked: &CheckedFile<'_>, mut at: StmtId) -> bool {
    loop {
        if checked.index.slot(at) == Slot::Finally {
            return true;
        }
        match checked.facts.stmt(at).parent {
            Some(parent) => at = parent,
            None => return false,
        }
    }
}

fn finding(checked: &mut CheckedFile<'_>, swallowed: &Swallowed) -> Option<Finding> {
    let reached = reached(checked, swallowed)?;
    let facts = checked.facts;
    let analysis = checked.analysis;
    let sink = written_name(&swallowed.failure.sink);
    let call = match facts.expr(swallowed.call).kind {
        ExprKind::Call { func, .. } => analysis.call_text(checked.file, func),
        _ => return None,
    };
    let raises = match swallowed.failure.chain.as_slice() {
        [] => format!("{sink}() raises"),
        [only] if matches!(analysis.graph.site(*only).happens, Happens::Refuses(_)) => format!("{call}() raises"),
        _ => format!("{call}() leads to {sink}(), which raises"),
    };
    let (taken, place, step) = taken(checked, swallowed.guard.taker);
    let message = match (reached.path.first(), reached.confidence) {
        (None, Confidence::Possible) => format!("{raises} where a loop runs, and {taken}: the work is not done then"),
        (None, _) => format!("{raises} here, where a loop runs, and {taken}: the work is never done"),
        (Some(from), _) => {
            let on = analysis.short_name(analysis.graph.owner(*from));
            format!("called on the loop by {on}, {raises}, and {taken}: the work is never done")
        }
    };
    let mut finding = checked.finding(RULE, reached.confidence, swallowed.call, message)?;
    for at in reached.path.iter().chain(&swallowed.failure.chain) {
        let owner = analysis.short_name(analysis.graph.owner(*at));
        let message = match analysis.graph.site(*at).happens {
            Happens::StartsLoop(_) => {
                format!("{owner} calls {}(), which starts an event loop", written_name(&swallowed.failure.sink))
            }
            Happens::Refuses(_) => format!("{owner} refuses to run on an event loop"),
            _ => format!("{owner} calls {}", analysis.site_text(*at)),
        };
        finding.chain.push(ChainStep { place: Place { file: at.file, span: analysis.span(*at) }, message });
    }
    finding.chain.push(ChainStep { place: Place { file: checked.file, span: place }, message: step });
    finding.fixes.extend(fix(checked, swallowed, &reached));
    Some(finding)
}

/// What takes the error and what it does with it, for the message; where it stands; and the same as a step.
fn taken(checked: &CheckedFile<'_>, taker: Taker) -> (String, Span, String) {
    match taker {
        Taker::Handler(handler) => {
            let instead = instead(checked, &checked.facts.handlers[handler as usize]);
            let step = format!("this handler catches the RuntimeError and {instead}");
            (format!("the handler {instead}"), checked.handler_head(handler), step)
        }
        Taker::Suppress(call) => {
            let step = "this takes the RuntimeError, and nothing is done about it".to_owned();
            ("suppress() takes the error".to_owned(), checked.facts.expr(call).span, step)
        }
    }
}

/// What the handler does instead of the work, in words.
fn instead(checked: &CheckedFile<'_>, handler: &Handler) -> &'static str {
    let facts = checked.facts;
    let span = checked.block_span(handler.body);
    let own = |wanted: fn(&StmtKind) -> bool| facts.stmts.iter().any(|s| span.contains(s.span) && wanted(&s.kind));
    if own(|k| matches!(k, StmtKind::Return(Some(_)))) {
        "returns something else"
    } else if own(|k| matches!(k, StmtKind::Assign { .. } | StmtKind::AnnAssign { .. })) {
        "puts something else in its place"
    } else if own(|k| matches!(k, StmtKind::Expr(_))) {
        "only reports it"
    } else {
        "skips it"
    }
}

/// The coroutine awaited in place of the start: here, or with every function on the way made async.
fn fix(checked: &mut CheckedFile<'_>, swallowed: &Swallowed, reached: &Reached) -> Option<Fix> {
    let analysis = checked.analysis;
    if let Some(at) = swallowed.failure.site
        && let Happens::Runs(callee) = analysis.graph.site(at).happens
        && let Some(fix) = boundary::use_twin(analysis, &mut checked.infer, at, callee)
    {
        return Some(fix);
    }
    // The file and the call of the sink itself.
    let (file, start) = match swallowed.failure.chain.last() {
        Some(last) => (last.file, analysis.graph.site(*last).expr),
        None => (checked.file, swallowed.call),
    };
    let source = Source::of(&analysis.world, file);
    let (edit, _) = boundary::starter_edit(analysis, &source, start, &swallowed.failure.sink)?;
    if swallowed.failure.chain.is_empty() && source.await_is_legal(swallowed.call) {
        return Some(Fix {
            title: format!("Replace {}() by await", written_name(&swallowed.failure.sink)),
            applicability: Applicability::Unsafe,
            edits: vec![edit],
        });
    }
    let on_the_way = reached.path.iter().skip(1).chain(&swallowed.failure.chain);
    let mut functions: Vec<Def> = on_the_way.map(|at| analysis.graph.owner(*at)).collect();
    functions.push(swallowed.owner);
    functions.sort_unstable();
    functions.dedup();
    if reached.path.is_empty() || !make_async::in_own_code(checked.facts, swallowed.call, swallowed.owner.scope) {
        return None;
    }
    let edits = make_async::edits(analysis, &mut checked.infer, &functions, vec![edit])?;
    let title = match functions.as_slice() {
        [only] => format!("Make `{}` async and await it", analysis.world.name(*only)),
        several => format!("Make the {} functions of the chain async", several.len()),
    };
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}
