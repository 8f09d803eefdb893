//! `loop-refusing-call`: code on a loop calls what raises because a loop runs.

use super::boundary::{self, Meeting};
use super::{CheckedFile, make_async, twins};
use crate::analysis::{Analysis, RawFinding};
use crate::by_loop::{self, Follow, Origin};
use crate::finding::{Applicability, ChainStep, Confidence, Fix, Place};
use crate::fixes::{Source, async_library, tidy};
use crate::graph::Effect;
use crate::knowledge::{Library, written_name};
use crate::sites::{Happens, run_scope};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// The finding where a match of `loop-refusing-call.scm` reports `expr`.
pub(super) fn loop_refusing_call(checked: &mut CheckedFile<'_>, expr: ExprId) -> Option<RawFinding> {
    let (analysis, file) = (checked.analysis, checked.file);
    let meeting = boundary::meet(analysis, file, expr, |e| e == Effect::RefusesLoop)?;
    let site = analysis.graph.site(meeting.site);
    // The refusing function itself works as written.
    if matches!(site.happens, Happens::Refuses(_)) || site.attempted || meeting.conditions(analysis) > 2 {
        return None;
    }
    let made = made_by_loop(checked, expr);
    let name = analysis.site_text(meeting.site);
    let sink = meeting.chain.last().copied().unwrap_or(meeting.site);
    if let Happens::Refuses(def) = analysis.graph.site(sink).happens
        && async_library(checked.index) != "trio"
        && asks_for_trio_alone(checked, def)
    {
        return None;
    }
    let refuser = match analysis.graph.site(sink).happens {
        Happens::Refuses(def) => analysis.short_name(def),
        _ => written_name(&analysis.sink_of(sink)).to_owned(),
    };
    let message = match (&made, meeting.chain.len()) {
        (Some(made), _) if made.proves => {
            format!("{name} raises where an event loop runs: {} is made there, which refuses to run on one", made.what)
        }
        (_, 0) => format!("{name} raises here: it refuses to run on an event loop"),
        (_, 1) => format!("{name} raises here: {refuser}() refuses to run on an event loop"),
        (_, n) => format!("{name} leads to {refuser}() {n} calls down, which refuses to run on an event loop"),
    };
    let (advice, fixes) = remedy(checked, &meeting);
    let message = match advice {
        Some(advice) => format!("{message}; {advice}"),
        None => message,
    };
    // In a coroutine the object may have been made before the loop ran.
    let confidence = match &made {
        Some(made) if !made.proves && !made.other_is_wrong => meeting.sure(analysis).min(Confidence::Likely),
        _ => meeting.sure(analysis),
    };
    let (identity, mut finding) =
        boundary::finding(analysis, "loop-refusing-call", &meeting, confidence, message, fixes);
    finding.chain.splice(0..0, made.into_iter().flat_map(|made| made.steps));
    if let Some(text) = refusal_text(analysis, &meeting)
        && let Some(last) = finding.chain.last_mut()
    {
        last.message = format!("{}: {text}", last.message);
    }
    // Each such call raises by itself, and each has to be changed.
    Some((identity.filter(|_| meeting.chain.len() > 1), finding))
}

/// Whether a function that refuses a running loop refuses trio's alone, and may well be called on another one: each probe in
/// it asks for trio.
fn asks_for_trio_alone(checked: &mut CheckedFile<'_>, refusing: Def) -> bool {
    let (world, infer) = (&checked.analysis.world, &mut checked.infer);
    let facts = world.facts(refusing.file);
    let own = facts.exprs().filter(|(_, e)| run_scope(facts, e.scope) == refusing.scope);
    let called = own.filter_map(|(_, e)| match e.kind {
        ExprKind::Call { func, .. } => Some(func),
        _ => None,
    });
    let libraries = called.filter_map(|func| match infer.expr(refusing.file, func) {
        Ty::External(path) => world.knowledge.probe(&path).map(|probe| probe.library),
        _ => None,
    });
    let libraries: Vec<Library> = libraries.collect();
    !libraries.is_empty() && libraries.iter().all(|library| *library == Library::Trio)
}

/// What to do instead, in words and as fixes.
fn remedy(checked: &mut CheckedFile<'_>, meeting: &Meeting) -> (Option<String>, Vec<Fix>) {
    let (analysis, infer) = (checked.analysis, &mut checked.infer);
    let Happens::Runs(callee) = analysis.graph.site(meeting.site).happens else { return (None, Vec::new()) };
    let Some(twin) = twins::twin(analysis, infer, callee) else {
        let advice = twins::parallel_class(infer, callee).map(|class| format!("use {}", analysis.world.name(class)));
        return (advice, boundary::use_twin(analysis, infer, meeting.site, callee).into_iter().collect());
    };
    let advice = Some(format!("await {}() instead", analysis.world.name(twin)));
    let fix = boundary::use_twin(analysis, infer, meeting.site, callee).or_else(|| twin_here(checked, meeting, callee));
    (advice, fix.into_iter().collect())
}

/// The twin awaited in the function that calls, which becomes async; its callers are left to be changed by hand, as not all
/// of them can simply await.
fn twin_here(checked: &mut CheckedFile<'_>, meeting: &Meeting, callee: Def) -> Option<Fix> {
    let (analysis, infer) = (checked.analysis, &mut checked.infer);
    let owner = analysis.graph.owner(meeting.site);
    let expr = analysis.graph.site(meeting.site).expr;
    let source = Source::of(&analysis.world, meeting.site.file);
    if make_async::obstacle(analysis, infer, owner).is_some()
        || !make_async::in_own_code(source.facts, expr, owner.scope)
    {
        return None;
    }
    let call = twins::twin_call(analysis, infer, meeting.site, callee)?;
    let header = analysis.world.scope(owner).header_span.start;
    let mut edits = vec![
        source.edit(Span::new(header, header), "async "),
        source.edit(source.facts.expr(expr).span, source.awaited(expr, &call.text)),
    ];
    edits.extend(call.import);
    let (twin, own) = (analysis.world.name(call.twin), analysis.world.name(owner));
    Some(Fix {
        title: format!("Await `{twin}()` and make `{own}` async; its callers then have to await it"),
        applicability: Applicability::Partial,
        edits: tidy(edits)?,
    })
}

/// An object that is made in one way where a loop runs, and in another where none does.
struct MadeByLoop {
    /// What it is where a loop runs: `AsyncRuntime`.
    what: String,
    /// Nothing else shows that a loop runs where it is called.
    proves: bool,
    /// What is made where no loop runs does something on one that it should not, too.
    other_is_wrong: bool,
    steps: Vec<ChainStep>,
}

/// Whether what is called was made by the state of the loop.
fn made_by_loop(checked: &mut CheckedFile<'_>, expr: ExprId) -> Option<MadeByLoop> {
    let (analysis, facts) = (checked.analysis, checked.facts);
    let ExprKind::Call { func, .. } = facts.expr(expr).kind else { return None };
    let flow = checked.flows.around(expr);
    let proves = !flow.state_at(facts, expr).always_runs();
    let (receiver, method) = match facts.expr(func).kind {
        ExprKind::Attribute { value, attr } => (value, Some(facts.name(attr))),
        _ => (func, None),
    };
    let by_loop = Follow { infer: &mut checked.infer, flows: &mut checked.flows }.expr(receiver)?;
    let what = match by_loop.running.parts().iter().find(|part| **part != Ty::Unknown)? {
        Ty::Instance(Class::Own(class)) | Ty::Class(Class::Own(class)) => analysis.world.name(*class).to_owned(),
        Ty::Instance(Class::External(path)) | Ty::Class(Class::External(path)) | Ty::External(path) => {
            written_name(path).to_owned()
        }
        Ty::Function(def, _) => analysis.short_name(*def),
        _ => return None,
    };
    let other = match method {
        Some(method) => checked.infer.member(&by_loop.not_running, method),
        None => by_loop.not_running.clone(),
    };
    let is_wrong = |part: &Ty| match part {
        Ty::Function(def, _) => Effect::all().any(|effect| analysis.graph.witness(*def, effect).is_some()),
        _ => false,
    };
    // A value made in this coroutine itself has no other arm.
    let other_is_wrong = by_loop.not_running == Ty::Unknown || other.parts().iter().any(is_wrong);
    let origin = origin(checked, receiver);
    let text = analysis.call_text(checked.file, receiver);
    let steps = origin.into_iter().flat_map(|origin| {
        let facts = analysis.world.facts(origin.def.file);
        let message = format!("{text} is {what} where an event loop runs");
        let place = |expr: &ExprId| Place { file: origin.def.file, span: facts.expr(*expr).span };
        origin
            .running
            .iter()
            .take(1)
            .map(|expr| ChainStep { place: place(expr), message: message.clone() })
            .collect::<Vec<_>>()
    });
    let steps = steps.collect();
    Some(MadeByLoop { what, proves, other_is_wrong, steps })
}

fn origin(checked: &mut CheckedFile<'_>, receiver: ExprId) -> Option<Origin> {
    let facts = checked.facts;
    match facts.expr(receiver).kind {
        ExprKind::Attribute { value, attr } => match checked.infer.expr(checked.file, value) {
            Ty::Instance(Class::Own(class)) => {
                by_loop::attribute_origin(&checked.analysis.world, class, facts.name(attr))
            }
            _ => None,
        },
        ExprKind::Name(_) => by_loop::variable_origin(&mut checked.flows, facts, receiver),
        _ => None,
    }
}

/// What the refusing function says when it raises, if that is a plain text.
fn refusal_text(analysis: &Analysis, meeting: &Meeting) -> Option<String> {
    let sink = *meeting.chain.last()?;
    let site = analysis.graph.site(sink);
    let facts = analysis.world.facts(sink.file);
    let (Happens::Refuses(_), ExprKind::Call { args, .. }) = (&site.happens, &facts.expr(site.expr).kind) else {
        return None;
    };
    match &facts.expr(facts.args(*args).first()?.value).kind {
        ExprKind::Str(text) => {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let short: String = line.chars().take(120).collect();
            Some(if short.len() < line.len() { format!("\"{short}...\"") } else { format!("\"{line}\"") })
        }
        _ => None,
    }
}
