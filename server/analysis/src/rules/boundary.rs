//! `nested-event-loop` and `blocking-call`: where code that runs on a loop meets what must not happen there. The
//! conditions stand in `queries/rules/*.scm`; here is what a match says and how it is mended.

use super::make_function_async::make_function_async_with;
use super::tried::{Fate, fate};
use super::{CheckedFile, make_async, notebook_event_loop, switch, twins};
use crate::analysis::{Analysis, RawFinding};
use crate::contexts::used_decorator;
use crate::finding::{Applicability, ChainStep, Confidence, Edit, FileId, Finding, Fix, Place};
use crate::fixes::{Source, async_library, tidy};
use crate::graph::{CATEGORIES, Effect, Reason, SiteRef};
use crate::infer::Infer;
use crate::knowledge::{InRunningLoop, StarterArgument, written_name};
use crate::sites::Happens;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::cmp::Reverse;

/// A call on a loop and the effect it has.
pub(super) struct Meeting {
    pub(super) site: SiteRef,
    pub(super) effect: Effect,
    pub(super) confidence: Confidence,
    /// The sites from the callee down to the sink; empty when the call is the sink.
    pub(super) chain: Vec<SiteRef>,
}

impl Meeting {
    /// How sure the finding is: with two steps that may be passed by, it is a remark.
    pub(super) fn sure(&self, analysis: &Analysis) -> Confidence {
        if self.conditions(analysis) > 1 { self.confidence.min(Confidence::Possible) } else { self.confidence }
    }

    /// How many steps of the chain may be passed by. Each makes it less likely that the sink is reached at all.
    pub(super) fn conditions(&self, analysis: &Analysis) -> usize {
        self.chain.iter().filter(|at| analysis.graph.site(**at).conditional).count()
    }
}

/// What identifies a finding: one for each function and thing it calls, however often it does.
pub(crate) type Identity = (Def, Result<Def, ExprId>);

/// Categories with rules of their own, which the query does not ask for.
const ELSEWHERE: &[&str] = &["file", "cpu"];

/// The finding where a match of `nested-event-loop.scm` reports `expr`.
pub(crate) fn nested_event_loop(checked: &mut CheckedFile<'_>, expr: ExprId) -> Option<RawFinding> {
    let (analysis, file) = (checked.analysis, checked.file);
    let meeting = meet_start(analysis, file, expr)?;
    // The code of cells has a rule of its own.
    if analysis.graph.owner(meeting.site).scope == ScopeId::MODULE && analysis.world.program.file(file).is_notebook {
        return None;
    }
    Some(nested_start(analysis, &mut checked.infer, "nested-event-loop", meeting))
}

/// The finding of `notebook-event-loop` at an expression in a notebook's cell.
pub(super) fn loop_in_cell(checked: &mut CheckedFile<'_>, expr: ExprId) -> Option<RawFinding> {
    let meeting = meet_start(checked.analysis, checked.file, expr)?;
    Some(nested_start(checked.analysis, &mut checked.infer, notebook_event_loop::RULE, meeting))
}

/// The start of a loop that an expression leads to, where that may well happen and fails, and nothing on the way does the
/// work in another way then.
fn meet_start(analysis: &Analysis, file: FileId, expr: ExprId) -> Option<Meeting> {
    let meeting = meet(analysis, file, expr, |e| e == Effect::StartsLoop)?;
    let fails = fate_on_way(analysis, &meeting) != Fate::Mended;
    (meeting.conditions(analysis) <= 2 && fails && !may_nest(analysis, &meeting)).then_some(meeting)
}

/// What becomes of the error of a start: by the first function on its way up that takes it.
fn fate_on_way(analysis: &Analysis, meeting: &Meeting) -> Fate {
    let way = meeting.chain.iter().rev().chain([&meeting.site]);
    way.map(|at| fate(analysis, *at)).find(|fate| *fate != Fate::Raised).unwrap_or(Fate::Raised)
}

/// Whether asyncio is patched so that its loops nest: by the program when it starts, or on the way to this start. Other
/// libraries' loops are not.
fn may_nest(analysis: &Analysis, meeting: &Meeting) -> bool {
    let sink = analysis.sink_of(meeting.chain.last().copied().unwrap_or(meeting.site));
    if !sink.starts_with("asyncio.") {
        return false;
    }
    let patches = |file: FileId| {
        ["nest_asyncio", "nest_asyncio2"].iter().any(|name| analysis.world.index_of(file).packages.contains(*name))
    };
    let on_the_way = |at: &SiteRef| {
        let owner = analysis.graph.site(*at).owner;
        let own = analysis.graph.sites[at.file.index()].iter().filter(|site| site.owner == owner);
        patches(at.file) || own.filter_map(|site| site.happens.runs()).any(|def| patches(def.file))
    };
    analysis.whole.lets_loops_nest(meeting.site.file) || meeting.chain.iter().any(on_the_way)
}

fn nested_start(analysis: &Analysis, infer: &mut Infer<'_>, rule: &'static str, meeting: Meeting) -> RawFinding {
    let sink = analysis.sink_of(meeting.chain.last().copied().unwrap_or(meeting.site));
    let is_lost = fate_on_way(analysis, &meeting) == Fate::Lost;
    let happens = match analysis.world.knowledge.starter(&sink).map(|s| s.in_running_loop) {
        Some(InRunningLoop::Deadlocks) => "deadlocks here",
        _ if is_lost => "raises, and the error is swallowed",
        _ => "raises here",
    };
    let name = analysis.site_text(meeting.site);
    let sink_name = written_name(&sink);
    let runs = if rule == notebook_event_loop::RULE { "the notebook's event loop" } else { "an event loop" };
    let message = match meeting.chain.len() {
        0 => format!("{sink_name}() {happens}: {runs} is already running"),
        1 => format!("{name} calls {sink_name}(), which {happens}: {runs} is already running"),
        n => format!("{name} leads to {sink_name}() {n} calls down, which {happens}: {runs} is already running"),
    };
    let confidence = meeting.sure(analysis);
    let fixes = if meeting.chain.is_empty() {
        start_to_await(analysis, meeting.site, &sink, confidence).into_iter().collect()
    } else {
        chain_fixes(analysis, infer, &meeting, true)
    };
    finding(analysis, rule, &meeting, confidence, message, fixes)
}

/// The finding where a match of `blocking-call.scm` reports `expr`.
pub(crate) fn blocking_call(checked: &mut CheckedFile<'_>, expr: ExprId) -> Option<RawFinding> {
    let (analysis, file) = (checked.analysis, checked.file);
    let reported = |e| matches!(e, Effect::Blocks(i) if !ELSEWHERE.contains(&CATEGORIES[i as usize]));
    let meeting = meet(analysis, file, expr, reported)?;
    let owner = analysis.graph.owner(meeting.site);
    let mut confidence = meeting.confidence;
    let entries = || analysis.graph.loop_roots(owner);
    if entries().any(|root| !root.blocking_matters) {
        return None;
    }
    if entries().any(|root| root.is_startup || root.is_test) {
        confidence = Confidence::Possible;
    }
    if analysis.is_script(file) {
        confidence = Confidence::Possible;
    }
    if meeting.conditions(analysis) > 1 {
        return None;
    }
    let last = meeting.chain.last().copied().unwrap_or(meeting.site);
    let sink_name = written_name(&analysis.sink_of(last)).to_owned();
    let name = analysis.site_text(meeting.site);
    let message = match meeting.chain.len() {
        0 => format!("{sink_name}() blocks the event loop"),
        1 => format!("{name} blocks the event loop: it calls {sink_name}()"),
        n => format!("{name} blocks the event loop: it leads to {sink_name}(), {n} calls down"),
    };
    let message = match &analysis.graph.site(last).happens {
        Happens::Blocks(_, facts) => match &facts.instead {
            Some(instead) => format!("{message}; use {instead}"),
            None => message,
        },
        _ => message,
    };
    let mut fixes =
        if meeting.chain.is_empty() { Vec::new() } else { chain_fixes(analysis, &mut checked.infer, &meeting, false) };
    fixes.extend(unblock(analysis, &meeting));
    Some(finding(analysis, "blocking-call", &meeting, confidence, message, fixes))
}

/// The surest effect of the wanted kind at an expression, then the nearest.
pub(super) fn meet(
    analysis: &Analysis,
    file: FileId,
    expr: ExprId,
    wanted: impl Fn(Effect) -> bool,
) -> Option<Meeting> {
    let graph = &analysis.graph;
    let mut best: Option<((Confidence, Reverse<u32>), Meeting)> = None;
    for site in analysis.sites_at(file, expr) {
        for effect in analysis.effects_at(site).filter(|e| wanted(*e)) {
            let Some((confidence, witness)) = graph.effect_at(site, effect) else { continue };
            let rank = (confidence, Reverse(witness.map_or(0, |w| w.distance + 1)));
            if best.as_ref().is_none_or(|b| rank > b.0) {
                let chain = witness.map_or_else(Vec::new, |w| graph.chain(w, effect));
                if switch::is_off(analysis, site, &chain) {
                    continue;
                }
                best = Some((rank, Meeting { site, effect, confidence, chain }));
            }
        }
    }
    best.map(|(_, meeting)| meeting)
}

pub(super) fn finding(
    analysis: &Analysis,
    rule: &'static str,
    meeting: &Meeting,
    confidence: Confidence,
    message: String,
    fixes: Vec<Fix>,
) -> RawFinding {
    let graph = &analysis.graph;
    let site = graph.site(meeting.site);
    let owner = graph.owner(meeting.site);
    let callee = match site.happens {
        Happens::Runs(target) => Ok(target),
        _ => Err(site.expr),
    };
    let mut chain: Vec<ChainStep> = entered(analysis, owner).into_iter().collect();
    chain.extend(meeting.chain.iter().map(|&at| step(analysis, at, meeting.effect)));
    let finding = Finding {
        rule: SmolStr::new_static(rule),
        severity: confidence.default_severity(),
        confidence,
        message,
        place: Place { file: meeting.site.file, span: analysis.span(meeting.site) },
        function: analysis.function_name(owner),
        chain,
        fixes,
    };
    (Some((owner, callee)), finding)
}

/// Why a plain function runs on the loop, where something says so: the call that hands it over, or the framework.
fn entered(analysis: &Analysis, owner: Def) -> Option<ChainStep> {
    let name = analysis.short_name(owner);
    match &analysis.graph.loop_root(owner)?.reason {
        Reason::Scheduled(at) => {
            let message = format!("{name} is handed to the event loop by {}", analysis.site_text(*at));
            Some(ChainStep { place: Place { file: at.file, span: analysis.span(*at) }, message })
        }
        Reason::Framework(by) if !analysis.world.is_async(owner) => {
            let place = Place { file: owner.file, span: registration(analysis, owner, by) };
            Some(ChainStep { place, message: format!("{by} runs the plain function {name} on the event loop") })
        }
        _ => None,
    }
}

/// Where a function says that the framework runs it: the decorator of that name, else its header.
fn registration(analysis: &Analysis, function: Def, by: &str) -> Span {
    let facts = analysis.world.facts(function.file);
    let scope = facts.scope(function.scope);
    let last = by.rsplit('.').next().unwrap_or(by);
    let target = |decorator: &ExprId| used_decorator(facts, *decorator).0;
    let named = |decorator: &&ExprId| {
        facts.dotted(target(decorator)).is_some_and(|dotted| dotted.rsplit('.').next() == Some(last))
    };
    facts.list(scope.decorators).iter().find(named).map_or(scope.name_span, |decorator| facts.expr(*decorator).span)
}

pub(super) fn step(analysis: &Analysis, at: SiteRef, effect: Effect) -> ChainStep {
    let site = analysis.graph.site(at);
    let owner = analysis.short_name(analysis.graph.owner(at));
    let message = match &site.happens {
        Happens::Runs(_) => format!("{owner} calls {}", analysis.site_text(at)),
        Happens::Refuses(_) => format!("{owner} raises where an event loop runs"),
        _ => {
            let sink = analysis.sink_of(at);
            let does = match effect {
                Effect::StartsLoop => "starts an event loop",
                Effect::RefusesLoop => "refuses to run on an event loop",
                Effect::Blocks(_) => "blocks the thread",
            };
            format!("{owner} calls {}(), which {does}", written_name(&sink))
        }
    };
    ChainStep { place: Place { file: at.file, span: analysis.span(at) }, message }
}

/// `asyncio.run(x)` -> `await x`, and the like for the other starters.
fn start_to_await(analysis: &Analysis, at: SiteRef, sink: &str, confidence: Confidence) -> Option<Fix> {
    let source = Source::of(&analysis.world, at.file);
    let call = analysis.graph.site(at).expr;
    if !source.await_is_legal(call) {
        return None;
    }
    let (edit, drops) = starter_edit(analysis, &source, call, sink)?;
    let simple =
        matches!(sink, "asyncio.run" | "uvloop.run" | "anyio.run") && !drops && confidence == Confidence::Certain;
    Some(Fix {
        title: format!("Replace {}() by await", written_name(sink)),
        applicability: if simple { Applicability::Safe } else { Applicability::Unsafe },
        edits: vec![edit],
    })
}

/// The replacement of a starter's call by an `await`, and whether arguments get lost.
pub(super) fn starter_edit(analysis: &Analysis, source: &Source<'_>, call: ExprId, sink: &str) -> Option<(Edit, bool)> {
    let ExprKind::Call { func, args } = source.facts.expr(call).kind else { return None };
    let arguments = source.facts.args(args);
    // The Runner itself would still close its loop on the running one.
    if sink == "asyncio.Runner.run" {
        return None;
    }
    let starter = analysis.world.knowledge.starter(sink)?;
    if let ExprKind::Call { args: wrapped, .. } = source.facts.expr(func).kind {
        // `async_to_sync(f)(x)` -> `await f(x)`
        let inner = source.facts.args(wrapped).first()?.value;
        let operand = format!("{}({})", source.operand(inner), source.arguments(call)?);
        return Some((source.edit(source.facts.expr(call).span, source.awaited(call, &operand)), false));
    }
    if starter.argument == StarterArgument::None {
        return None;
    }
    if arguments.iter().any(|a| a.star != Star::No) {
        return None;
    }
    let first =
        arguments.iter().find(|a| a.name.is_none_or(|n| matches!(source.facts.name(n), "main" | "coro" | "future")))?;
    let drops = arguments.iter().any(|a| a.name.is_some() && a.value != first.value);
    if starter.argument == StarterArgument::Coroutine {
        return Some((source.call_to_await(call, first.value), drops));
    }
    let rest: Vec<&str> =
        arguments.iter().filter(|a| a.name.is_none() && a.value != first.value).map(|a| source.expr(a.value)).collect();
    let operand = format!("{}({})", source.operand(first.value), rest.join(", "));
    Some((source.edit(source.facts.expr(call).span, source.awaited(call, &operand)), drops))
}

/// The fixes of a call that leads to the effect through functions of the program: its async twin, or the whole chain
/// made async.
pub(super) fn chain_fixes(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    meeting: &Meeting,
    whole_chain: bool,
) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let site = analysis.graph.site(meeting.site);
    let Happens::Runs(callee) = site.happens else { return fixes };
    fixes.extend(use_twin(analysis, infer, meeting.site, callee));
    if whole_chain && let Some(fix) = make_chain_async(analysis, infer, meeting) {
        fixes.push(fix);
    }
    fixes
}

/// Awaits the twin of a plain function in place of a call of it: right there, or in a function that becomes async for it.
pub(super) fn use_twin(analysis: &Analysis, infer: &mut Infer<'_>, at: SiteRef, callee: Def) -> Option<Fix> {
    let Some(call) = twins::twin_call(analysis, infer, at, callee) else {
        return twins::use_parallel_class(analysis, infer, at, callee);
    };
    let source = Source::of(&analysis.world, at.file);
    let expr = analysis.graph.site(at).expr;
    let name = analysis.world.name(call.twin).to_owned();
    let mut edits = vec![source.edit(source.facts.expr(expr).span, source.awaited(expr, &call.text))];
    edits.extend(call.import);
    if source.await_is_legal(expr) {
        let title = format!("Await its async twin `{name}()`");
        return Some(Fix { title, applicability: Applicability::Unsafe, edits: tidy(edits)? });
    }
    let owner = analysis.graph.owner(at);
    let title = format!("Make `{}` async and await `{name}()`", analysis.world.name(owner));
    let edits = make_function_async_with(analysis, infer, owner, edits).ok()?.edits;
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}

/// The chain from the coroutine down to the starter as `async def`, with the starter replaced by `await`.
fn make_chain_async(analysis: &Analysis, infer: &mut Infer<'_>, meeting: &Meeting) -> Option<Fix> {
    let mut functions: Vec<Def> = meeting.chain.iter().map(|&at| analysis.graph.owner(at)).collect();
    functions.sort_unstable();
    functions.dedup();
    let sink_site = *meeting.chain.last()?;
    let source = Source::of(&analysis.world, sink_site.file);
    let sink = analysis.sink_of(sink_site);
    let (edit, _) = starter_edit(analysis, &source, analysis.graph.site(sink_site).expr, &sink)?;
    let edits = make_async::edits(analysis, infer, &functions, vec![edit])?;
    let title = match functions.as_slice() {
        [only] => format!("Make `{}` async and await it", analysis.world.name(*only)),
        several => format!("Make the {} functions of the chain async", several.len()),
    };
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}

/// The fix of a blocking call: the async function of the file's own library, or a thread.
fn unblock(analysis: &Analysis, meeting: &Meeting) -> Option<Fix> {
    let source = Source::of(&analysis.world, meeting.site.file);
    let site = analysis.graph.site(meeting.site);
    let call = site.expr;
    let ExprKind::Call { func, args } = source.facts.expr(call).kind else { return None };
    if !source.await_is_legal(call) {
        return None;
    }
    let library = async_library(source.index);
    let arguments = source.arguments(call)?;
    let edits = |replacement: String, module: &str| {
        let mut edits = vec![source.edit(source.facts.expr(call).span, replacement)];
        edits.extend(source.import(module));
        tidy(edits)
    };
    if meeting.chain.is_empty() && analysis.sink_of(meeting.site) == "time.sleep" {
        let operand = format!("{library}.sleep({arguments})");
        return Some(Fix {
            title: format!("Await `{library}.sleep()`"),
            applicability: Applicability::Unsafe,
            edits: edits(source.awaited(call, &operand), library)?,
        });
    }
    // A thread would only make the generator; what blocks runs where it is iterated.
    if matches!(site.happens, Happens::Runs(callee) if analysis.world.has_yield(callee)) {
        return None;
    }
    // Bound to the thread they are made, or taken, in.
    if let Happens::Blocks(path, facts) = &site.happens
        && (path.starts_with("sqlite3.") || facts.category == "lock")
    {
        return None;
    }
    // `asyncio.to_thread` came with 3.9.
    let target = analysis.world.program.file(meeting.site.file).settings.target_version;
    if library == "asyncio" && target.is_some_and(|v| v < (3, 9)) {
        return None;
    }
    let keywords = source.facts.args(args).iter().any(|a| a.name.is_some() || a.star == Star::Two);
    let (function, module) = match library {
        "asyncio" => ("asyncio.to_thread", "asyncio"),
        _ if keywords => return None,
        "trio" => ("trio.to_thread.run_sync", "trio"),
        _ => ("anyio.to_thread.run_sync", "anyio.to_thread"),
    };
    let rest = if arguments.trim().is_empty() { String::new() } else { format!(", {}", arguments.trim_start()) };
    let operand = format!("{function}({}{rest})", source.expr(func));
    Some(Fix {
        title: format!("Run it in a thread: `await {function}(...)`"),
        applicability: Applicability::Unsafe,
        edits: edits(source.awaited(call, &operand), module)?,
    })
}
