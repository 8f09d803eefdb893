//! `swallowed-loop-error`: a loop is started where one runs, and the RuntimeError of that is turned into a default, a line
//! in the log, a skip: the work was not done, and nobody is told.

use super::tried::{Catch, Reaction, catch_around, last_name};
use super::{CheckedFile, boundary, make_async};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::Source;
use crate::graph::SiteRef;
use crate::index::leaves;
use crate::knowledge::written_name;
use crate::roots::is_test_module;
use crate::settings::RunsOn;
use crate::sites::is_conditional;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

const RULE: &str = "swallowed-loop-error";
/// Parts of the last names of calls that may start a loop.
const STARTER_PARTS: &[&str] = &["run", "sync"];
/// More steps than this that may be passed by, and nothing is said.
const MAX_CONDITIONS: usize = 2;

/// A loop start in a `try` that swallows its failure.
struct Swallowed {
    call: ExprId,
    sink: SmolStr,
    catch: Catch,
    owner: Def,
}

/// How surely a function is on a running loop, and the calls by which it gets there, the coroutine's first.
struct Reached {
    confidence: Confidence,
    path: Vec<SiteRef>,
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if checked.analysis.whole.patches_nesting {
        return Vec::new();
    }
    let facts = checked.facts;
    let wraps = checked.index.name("async_to_sync").is_some();
    let mut findings = Vec::new();
    for (call, expr) in facts.exprs() {
        let ExprKind::Call { func, .. } = expr.kind else { continue };
        let name = last_name(facts, func);
        if !wraps && !STARTER_PARTS.iter().any(|part| name.contains(part)) {
            continue;
        }
        if let Some(swallowed) = swallowed(checked, call) {
            findings.extend(finding(checked, &swallowed).map(|finding| (None, finding)));
        }
    }
    findings
}

/// The start that a call is, if its failure is swallowed.
fn swallowed(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Swallowed> {
    let facts = checked.facts;
    let owner = checked.owner_of(call);
    let stmt = facts.stmt_of(call).filter(|s| facts.stmt(*s).scope == owner.scope)?;
    let catch = catch_around(checked, stmt)?;
    let sink = checked.starter(call)?;
    if checked.reaction(catch.handler, owner.scope) != Reaction::Swallows || is_done_after(checked, stmt, catch, owner) {
        return None;
    }
    Some(Swallowed { call, sink, catch, owner })
}

/// Whether the work is done in another way after the `try`: where its handler only goes on there.
fn is_done_after(checked: &mut CheckedFile<'_>, start: StmtId, catch: Catch, owner: Def) -> bool {
    let facts = checked.facts;
    let handler = &facts.handlers[catch.handler as usize];
    if facts.block(handler.body).iter().any(|s| leaves(facts, *s)) {
        return false;
    }
    let after = Span::new(facts.stmt(catch.stmt).span.end, facts.scope(owner.scope).span.end.max(facts.stmt(catch.stmt).span.end));
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
        return Some(Reached { confidence: Confidence::Certain, path: Vec::new() });
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
    let conditions = path[..below].iter().filter(conditional).count() + usize::from(own && !path.is_empty());
    if conditions > MAX_CONDITIONS {
        return None;
    }
    let sure = path.iter().map(|at| analysis.graph.site(*at).confidence).min().unwrap_or(Confidence::Certain);
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
    let expected = swallowed.catch.by_name && function && !is_entry && !is_test;
    expected.then(|| Reached { confidence: Confidence::Possible, path: Vec::new() })
}

fn finding(checked: &mut CheckedFile<'_>, swallowed: &Swallowed) -> Option<Finding> {
    let reached = reached(checked, swallowed)?;
    let facts = checked.facts;
    let handler = &facts.handlers[swallowed.catch.handler as usize];
    let sink = written_name(&swallowed.sink);
    let instead = instead(checked, handler);
    let message = match reached.confidence {
        Confidence::Possible => {
            format!("on a running loop {sink}() raises, and the handler {instead}: the work is not done and nobody is told")
        }
        _ => format!("{sink}() raises here, as a loop is running, and the handler {instead}: the work is never done"),
    };
    let mut finding = checked.finding(RULE, reached.confidence, swallowed.call, message)?;
    let analysis = checked.analysis;
    for at in &reached.path {
        let owner = analysis.short_name(analysis.graph.owner(*at));
        let message = format!("{owner} calls {}", analysis.site_text(*at));
        finding.chain.push(ChainStep { place: Place { file: at.file, span: analysis.span(*at) }, message });
    }
    let place = Place { file: checked.file, span: checked.handler_head(swallowed.catch.handler) };
    finding.chain.push(ChainStep { place, message: format!("this handler catches the RuntimeError and {instead}") });
    finding.fixes.extend(fix(checked, swallowed, &reached));
    Some(finding)
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
    let source = Source::of(&analysis.world, checked.file);
    let (edit, _) = boundary::starter_edit(analysis, &source, swallowed.call, &swallowed.sink)?;
    if source.await_is_legal(swallowed.call) {
        return Some(Fix {
            title: format!("Replace {}() by await", written_name(&swallowed.sink)),
            applicability: Applicability::Unsafe,
            edits: vec![edit],
        });
    }
    let mut functions: Vec<Def> = reached.path.iter().skip(1).map(|at| analysis.graph.owner(*at)).collect();
    functions.push(swallowed.owner);
    functions.sort_unstable();
    functions.dedup();
    if reached.path.is_empty() || !make_async::in_own_code(source.facts, swallowed.call, swallowed.owner.scope) {
        return None;
    }
    let edits = make_async::edits(analysis, &mut checked.infer, &functions, vec![edit])?;
    let title = match functions.as_slice() {
        [only] => format!("Make `{}` async and await it", analysis.world.name(*only)),
        several => format!("Make the {} functions of the chain async", several.len()),
    };
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}
