//! `unclosed-resource` and `close-skipped-on-error`: what a function makes for itself and does not close on every path.

use super::{CheckedFile, attributes, close_text, described, given_by, left_running, mend, nameless};
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::infer::Infer;
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::lifetime::{How, Leak, Lifetime};
use crate::ownership::resource::{Needs, Origin};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use std::cell::OnceCell;

pub(super) const UNCLOSED: &str = "unclosed-resource";
const SKIPPED: &str = "close-skipped-on-error";

/// What is not closed where the function returns, or by nobody at all.
pub(in crate::rules) fn unclosed(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut found = findings(checked, UNCLOSED);
    found.extend(super::provided::unclosed(checked).into_iter().map(|finding| (None, finding)));
    found.extend(super::writer::unclosed(checked).into_iter().map(|finding| (None, finding)));
    found.extend(attributes::unclosed(checked));
    found
}

/// What is closed only where nothing raises.
pub(in crate::rules) fn skipped(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut found = findings(checked, SKIPPED);
    found.extend(attributes::skipped(checked));
    found
}

fn findings(checked: &mut CheckedFile<'_>, rule: &'static str) -> Vec<RawFinding> {
    let held = checked.held();
    let lives: Vec<&Lifetime> = held.iter().filter_map(|held| held.life.as_ref()).collect();
    let together = OnceCell::new();
    let finding = |held: &Held| match (&held.life, &held.holder) {
        (Some(life), _) => {
            let mut finding = match of_life(checked, life, rule) {
                None if rule == UNCLOSED => return left_running::finding(checked, life),
                finding => finding?,
            };
            let together = together.get_or_init(|| mend::Together::new(checked, &lives));
            finding.fixes.extend(mend::close_all(checked, life, together));
            Some(finding)
        }
        (None, Holder::Dropped) if rule == UNCLOSED => dropped(checked, held),
        (None, Holder::Elements { scope, name }) if rule == UNCLOSED => elements(checked, held, *scope, *name),
        _ => None,
    };
    held.iter().filter_map(finding).map(|finding| (None, finding)).collect()
}

/// It is made, and nobody has it.
fn dropped(checked: &CheckedFile<'_>, held: &Held) -> Option<Finding> {
    let owned = &held.acquisition.owned;
    // A response nobody reads is let go of when it is collected, a client that never connects holds nothing.
    let is_open = match owned.origin {
        Origin::Known(row) => row.awaited || row.unclosed.is_some(),
        _ => true,
    };
    if owned.needs != Needs::Made || owned.confidence < Confidence::Likely || !is_open {
        return None;
    }
    let scope = checked.facts.code_scope(checked.facts.expr(held.acquisition.call).scope);
    let confidence = checked.where_it_matters(scope, owned.confidence);
    let message = format!("{} is never closed: nobody has it", nameless(owned));
    let mut finding = checked.finding(UNCLOSED, confidence, held.acquisition.call, message)?;
    finding.chain.extend(checked.origin_steps(owned));
    Some(finding)
}

/// A list of them is made, and nobody closes what is in it.
fn elements(checked: &CheckedFile<'_>, held: &Held, scope: ScopeId, name: NameId) -> Option<Finding> {
    let owned = &held.acquisition.owned;
    if !held.is_left_in_list || owned.needs != Needs::Made || owned.confidence < Confidence::Likely {
        return None;
    }
    let confidence = checked.where_it_matters(scope, owned.confidence);
    let list = checked.facts.name(name);
    let what = match given_by(owned) {
        Some(function) => format!("from {function}()"),
        None => owned.what.to_string(),
    };
    let message = format!("what is in {list} ({what}) is never closed");
    let mut finding = checked.finding(UNCLOSED, confidence, held.acquisition.call, message)?;
    finding.chain.extend(checked.origin_steps(owned));
    Some(finding)
}

/// Which of the two rules speaks of a way on which a value stays open.
fn rule_of(life: &Lifetime, leak: &Leak) -> &'static str {
    let is_closed_somewhere = !life.closed.is_empty();
    match leak.how {
        How::Returns | How::Overwritten => UNCLOSED,
        How::Raises | How::CallRaises | How::Cancelled if is_closed_somewhere => SKIPPED,
        _ => UNCLOSED,
    }
}

fn of_life(checked: &CheckedFile<'_>, life: &Lifetime, rule: &'static str) -> Option<Finding> {
    let leak = life.leaks.first()?;
    if rule_of(life, leak) != rule {
        return None;
    }
    // The end of the program closes it; at a return that goes without a word only for what complains of nothing.
    let is_lenient = life.acquisition.owned.confidence < Confidence::Likely;
    let ends_with_program = leak.how > How::Overwritten || leak.how == How::Returns && is_lenient;
    if ends_with_program && checked.is_run_as_program(life.scope, 0) {
        return None;
    }
    let likely = match leak.how {
        How::Returns | How::Overwritten | How::Raises => Confidence::Likely,
        How::CallRaises | How::Cancelled => Confidence::Possible,
    };
    // What hardly matters anyway is told of only where it is plain.
    if is_lenient && leak.how > How::Overwritten {
        return None;
    }
    let likely = if is_made_by_a_block(checked.facts, life) { Confidence::Possible } else { likely };
    let confidence = checked.where_it_matters(life.scope, likely.min(life.acquisition.owned.confidence));
    let mut finding = checked.finding(rule, confidence, life.acquisition.call, message(checked, life, leak))?;
    finding.chain = chain(checked, life, leak);
    finding.fixes = mend::close_it(checked, life);
    Some(finding)
}

/// Whether it is made by a method of something that a `with` of the function closes: what that made is closed with it, most
/// often.
fn is_made_by_a_block(facts: &FileFacts, life: &Lifetime) -> bool {
    let ExprKind::Call { func, .. } = facts.expr(life.acquisition.call).kind else { return false };
    let ExprKind::Attribute { value, .. } = facts.expr(func).kind else { return false };
    let ExprKind::Name(maker) = facts.expr(value).kind else { return false };
    let mut bindings = facts.bindings_of(life.scope).iter();
    bindings.any(|b| b.name == maker && matches!(b.kind, BindingKind::With { .. }))
}

fn message(checked: &CheckedFile<'_>, life: &Lifetime, leak: &Leak) -> String {
    let facts = checked.facts;
    let what = described(facts, life);
    let function = facts.name(facts.scope(life.scope).name);
    let is_ended = !life.closed.is_empty() || !life.handed_on.is_empty() || life.captured;
    let before = if life.closed.is_empty() && !life.captured { "before it is handed on" } else { "before the close" };
    let raiser = leak.cause.map_or_else(|| "something".to_owned(), |cause| raiser(checked, cause));
    match leak.how {
        How::Overwritten => format!("{what} is still open when {} is given another value", facts.name(life.name)),
        _ if !is_ended => format!("{what} is never closed"),
        How::Returns => match leak.exit {
            Some(exit) if matches!(facts.stmt(exit).kind, StmtKind::Break) => {
                let line = checked.line(facts.stmt(exit).span);
                format!("{what} is still open when the `break` on line {line} passes by the close")
            }
            Some(exit) => {
                let line = checked.line(facts.stmt(exit).span);
                format!("{what} is still open when {function}() returns on line {line}")
            }
            None => format!("{what} is still open when {function}() ends"),
        },
        How::Raises | How::CallRaises if raiser.starts_with("the `raise`") => {
            format!("{what} stays open after {raiser}, {before}")
        }
        How::Raises | How::CallRaises => format!("{what} stays open if {raiser} raises {before}"),
        How::Cancelled => format!("{what} stays open if the task is cancelled in {raiser} {before}"),
    }
}

/// What raises, or waits, in words.
fn raiser(checked: &CheckedFile<'_>, cause: ExprId) -> String {
    let facts = checked.facts;
    let call = match facts.expr(cause).kind {
        ExprKind::Await(value) => value,
        _ => cause,
    };
    let is_raised =
        matches!(facts.expr(cause).parent, Parent::Stmt(s) if matches!(facts.stmt(s).kind, StmtKind::Raise { .. }));
    match facts.expr(call).kind {
        _ if is_raised => format!("the `raise` on line {}", checked.line(facts.expr(cause).span)),
        ExprKind::Call { func, .. } => format!("{}()", checked.analysis.call_text(checked.file, func)),
        ExprKind::Yield(_) if is_provided(checked, cause) => "the endpoint".to_owned(),
        ExprKind::Yield(_) => "the block around the `yield`".to_owned(),
        _ if call != cause => format!("the `await` on line {}", checked.line(facts.expr(cause).span)),
        _ => format!("the code on line {}", checked.line(facts.expr(cause).span)),
    }
}

/// Whether a framework hands what a `yield` gives to an endpoint.
fn is_provided(checked: &CheckedFile<'_>, at: ExprId) -> bool {
    let (analysis, file) = (checked.analysis, checked.file);
    let def = Def { file, scope: checked.facts.code_scope(checked.facts.expr(at).scope) };
    let mut infer = Infer::new(&analysis.world);
    !analysis.handed_over().provided_by(&mut infer, &analysis.graph, def).is_empty()
}

fn chain(checked: &CheckedFile<'_>, life: &Lifetime, leak: &Leak) -> Vec<ChainStep> {
    let facts = checked.facts;
    let owned = &life.acquisition.owned;
    let mut steps = checked.origin_steps(owned);
    if let Some(cause) = leak.cause {
        let message = match leak.how {
            How::Cancelled => "a cancellation raises CancelledError here",
            How::Overwritten => "is given another value here",
            _ => "may raise",
        };
        steps.push(checked.step_at(cause, message));
    }
    if let Some(exit) = leak.exit {
        let place = Place { file: checked.file, span: facts.stmt(exit).span };
        let message = match facts.stmt(exit).kind {
            StmtKind::Return(_) => "returns without closing it",
            StmtKind::Break => "leaves the loop without closing it",
            _ => "raises without closing it",
        };
        steps.push(ChainStep { place, message: message.to_owned() });
    }
    match life.closed.first() {
        Some(&closed) => steps.push(checked.step_at(closed, "closed here, on other paths")),
        None if life.handed_on.is_empty() => {}
        None => steps.push(checked.step_at(life.handed_on[0], "handed on here, on other paths")),
    }
    if life.closed.is_empty() && life.handed_on.is_empty() && !life.captured {
        let text = close_text(facts.name(life.name), owned);
        let end = facts.scope(life.scope).name_span;
        let place = Place { file: checked.file, span: end };
        steps.push(ChainStep { place, message: format!("nothing in this function does `{text}`") });
    }
    steps
}
