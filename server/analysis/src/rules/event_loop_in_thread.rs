//! `event-loop-in-thread`: a loop's thread waits for a second loop that it had started in another thread.

use super::CheckedFile;
use super::job::{Job, JobLoop, Runs, Wait};
use super::way::{OnLoop, step};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Fix, Place};
use crate::fixes::Source;
use crate::knowledge::{StarterArgument, written_name};
use crate::settings::RunsOn;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "event-loop-in-thread";
/// What the chain of a finding says of the wait.
pub(super) const STANDS_STILL: &str = "the event loop stands still here";

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut findings = portals(checked);
    for job in checked.jobs() {
        findings.extend(finding(checked, &job));
    }
    findings
}

fn finding(checked: &mut CheckedFile<'_>, job: &Job) -> Option<RawFinding> {
    let started = checked.job_loop(&job.runs)?;
    let is_awaited = matches!(job.wait, Wait::Await(_));
    // What a helper does with the coroutines it is given is the helper's affair, as long as nobody stands still for it.
    if is_awaited && !is_own_start(checked, job) {
        return None;
    }
    // A test that starts a second loop beside its own is about that, and nothing else waits for either.
    let on_loop = checked.on_loop(job.start).filter(|on_loop| !on_loop.is_test)?;
    let mut confidence = sure(&on_loop).min(started.confidence);
    if is_awaited || on_loop.is_alone || only_in_workers(checked, job) {
        confidence = Confidence::Possible;
    }
    let starter = written_name(&started.starter);
    let blocks = |what: &str| match on_loop.known.is_some() {
        true => {
            format!("{what} blocks the event loop until a second one, which {starter}() runs in a thread, is done")
        }
        false => {
            format!(
                "where an event loop runs, {what} blocks it until a second one, which {starter}() runs in a thread, is done"
            )
        }
    };
    let message = match job.wait {
        Wait::Call(wait) => blocks(&checked.text_of(wait)),
        Wait::Exit(_) => blocks("leaving the `with`"),
        Wait::Await(_) => {
            format!("{starter}() runs a second event loop in a thread: what is bound to this one does not work there")
        }
    };
    let mut finding = checked.finding(RULE, confidence, job.start, message)?;
    finding.chain = on_loop.chain;
    finding.chain.extend(steps(checked, job, &started));
    finding.fixes.extend(await_instead(checked, job));
    Some((None, finding))
}

/// How sure it is that a loop is held up: where a probe has found one, as sure as somebody comes there. That nobody in the
/// program is known to makes it likely: for whom else was the arm written.
fn sure(on_loop: &OnLoop) -> Confidence {
    let by_calls = on_loop.known.unwrap_or(Confidence::Likely);
    on_loop.confidence.min(by_calls)
}

/// Whether the function around is known to run in worker threads, and nowhere else.
fn only_in_workers(checked: &CheckedFile<'_>, job: &Job) -> bool {
    let owner = Def { file: checked.file, scope: checked.code_around(job.start) };
    let runs_on = |place| checked.analysis.function_runs_on(owner, place);
    runs_on(RunsOn::Worker) && !runs_on(RunsOn::Loop)
}

/// Whether the starter is what the thread runs, or stands in a function that is made for it here.
fn is_own_start(checked: &mut CheckedFile<'_>, job: &Job) -> bool {
    let Runs::Expr(callable) = job.runs else { return false };
    match checked.infer.expr(checked.file, callable) {
        // What is no coroutine of ours runs a loop of its own for itself: a server, a prompt.
        Ty::External(path) => {
            let starter = checked.analysis.world.knowledge.starter(&path);
            starter.is_some_and(|s| s.argument != StarterArgument::None)
        }
        Ty::Function(def, _) => {
            let parent = checked.analysis.world.scope(def).parent;
            let is_here = def.file == checked.file && parent == Some(checked.code_around(job.start));
            is_here && checked.job_loop(&job.runs).is_some_and(|started| started.sites.len() == 1)
        }
        _ => false,
    }
}

fn steps(checked: &CheckedFile<'_>, job: &Job, started: &JobLoop) -> Vec<ChainStep> {
    let analysis = checked.analysis;
    let mut steps = Vec::new();
    for (i, &at) in started.sites.iter().enumerate() {
        if i + 1 < started.sites.len() {
            steps.push(step(analysis, at));
        } else {
            let owner = analysis.short_name(analysis.graph.owner(at));
            let message = format!("{owner} runs an event loop in the thread: {}()", written_name(&started.starter));
            steps.push(ChainStep { place: Place { file: at.file, span: analysis.span(at) }, message });
        }
    }
    match job.wait {
        Wait::Call(wait) => steps.push(checked.step_at(wait, STANDS_STILL.to_owned())),
        Wait::Exit(made) => {
            steps
                .push(checked.step_at(made, "the executor of this `with` waits for its threads at the end".to_owned()));
        }
        Wait::Await(_) => {}
    }
    steps
}

/// `await c` in place of a call that has a thread run `c` on a loop of its own.
fn await_instead(checked: &mut CheckedFile<'_>, job: &Job) -> Option<Fix> {
    let source = Source::of(&checked.analysis.world, checked.file);
    let Runs::Expr(callable) = job.runs else { return None };
    let Ty::External(path) = checked.infer.expr(checked.file, callable) else { return None };
    let starter = checked.analysis.world.knowledge.starter(&path)?;
    let whole = job.wait.expr();
    let is_inside = source.facts.expr(whole).span.contains(source.facts.expr(job.start).span);
    if starter.argument != StarterArgument::Coroutine || !is_inside || matches!(job.wait, Wait::Exit(_)) {
        return None;
    }
    // The coroutine follows the starter among the arguments.
    let ExprKind::Call { args, .. } = source.facts.expr(job.start).kind else { return None };
    let mut given = source.facts.args(args).iter().skip_while(|a| a.value != callable).skip(1);
    let coroutine = given.next().filter(|a| a.name.is_none() && a.star == Star::No)?.value;
    if given.next().is_some()
        || !source.await_is_legal(whole)
        || source.slice(source.facts.expr(whole).span).contains('#')
    {
        return None;
    }
    let operand = source.operand(coroutine);
    let replacement = match source.facts.expr(whole).kind {
        // The `await` and its place in what is around it stay.
        ExprKind::Await(inner) => source.edit(source.facts.expr(inner).span, operand),
        _ => source.edit(source.facts.expr(whole).span, source.awaited(whole, &operand)),
    };
    Some(Fix {
        title: "Await the coroutine here".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![replacement],
    })
}

/// `with start_blocking_portal() as portal`, which runs a loop in a thread, and the calls through it.
fn portals(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if checked.index.name("start_blocking_portal").is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for item in &checked.facts.with_items {
        let is_portal = matches!(checked.facts.expr(item.context).kind, ExprKind::Call { .. })
            && checked.called_path(item.context).is_some_and(|p| p == "anyio.from_thread.start_blocking_portal");
        if !is_portal {
            continue;
        }
        let Some(on_loop) = checked.on_loop(item.context).filter(|on_loop| !on_loop.is_test) else { continue };
        let confidence = if on_loop.is_alone { Confidence::Possible } else { sure(&on_loop) };
        let message = match on_loop.known.is_some() {
            true => {
                "start_blocking_portal() runs a second event loop in a thread, and every call through the portal \
                 blocks this one"
            }
            false => {
                "where an event loop runs, start_blocking_portal() runs a second one in a thread, and every call \
                 through the portal blocks the first"
            }
        };
        let message = message.to_owned();
        if let Some(mut finding) = checked.finding(RULE, confidence, item.context, message) {
            finding.chain = on_loop.chain;
            findings.push((None, finding));
        }
    }
    findings
}
