//! What a finding says.

use super::{Left, step};
use crate::finding::ChainStep;
use crate::ownership::generator::{CleanUp, Exit, Guard, Weight};
use crate::rules::CheckedFile;
use asyncwise_syntax::facts::*;

/// What happens to the generator, and what it still has to do.
pub(super) fn message(checked: &CheckedFile<'_>, left: &Left<'_>, clean_up: &CleanUp) -> String {
    let name = name_of(checked, left.call);
    let when = match left.exits.first() {
        None if left.looped.is_none() => "is never closed once an element was taken".to_owned(),
        None => "is not closed".to_owned(),
        Some(Exit::Yield(_)) => "is not closed when whoever iterates over this generator stops early".to_owned(),
        Some(exit) => format!("is not closed when `{}` leaves this loop", exit.keyword()),
    };
    let rest = match (&clean_up.guard, clean_up.weight) {
        (guard, Weight::TaskScope) => {
            let within = match guard {
                Guard::With { context, .. } => context.as_str(),
                _ => "a task group",
            };
            format!(
                "{} yields inside {within}, which the garbage collector leaves in another task",
                owner(checked, clean_up)
            )
        }
        (Guard::Finally(Some(call)), _) => {
            format!("the `finally` of {}, which calls {call}, {LATER}", owner(checked, clean_up))
        }
        (Guard::Finally(None), _) => format!("the `finally` of {} {LATER}", owner(checked, clean_up)),
        (Guard::Handler, _) => format!("the handler for GeneratorExit in {} {LATER}", owner(checked, clean_up)),
        (Guard::With { is_async, context }, _) => {
            let keyword = if *is_async { "async with" } else { "with" };
            format!(
                "`{keyword} {context}` in {} ends when the garbage collector comes, in another task",
                owner(checked, clean_up)
            )
        }
    };
    format!("{name} {when}: {rest}")
}

const LATER: &str = "runs when the garbage collector comes, in another task";

/// The exit, the generators on the way, the clean-up, and the `yield` it stands around.
pub(super) fn chain(checked: &CheckedFile<'_>, left: &Left<'_>, clean_up: &CleanUp) -> Vec<ChainStep> {
    let (world, facts) = (&checked.analysis.world, checked.facts);
    let mut chain = Vec::new();
    if let Some(exit) = left.exits.first() {
        let does = match exit {
            Exit::Yield(_) => "left here when the generator around is closed".to_owned(),
            exit => format!("`{}` leaves the generator at its last `yield`", exit.keyword()),
        };
        chain.push(step(checked.file, exit.span(facts), does));
    }
    for &(def, looped) in &clean_up.via {
        let theirs = world.facts(def.file);
        let StmtKind::For { iter, .. } = theirs.stmt(looped).kind else { continue };
        let does = format!("{}() passes its elements on, and does not close it", checked.analysis.short_name(def));
        chain.push(step(def.file, theirs.expr(iter).span, does));
    }
    let does = match (&clean_up.guard, clean_up.weight) {
        (_, Weight::TaskScope) => "has to be left in the task that entered it",
        (Guard::Finally(_), _) => "runs once the generator is closed",
        (Guard::Handler, _) => "runs once the generator is closed",
        (Guard::With { .. }, _) => "ends once the generator is closed",
    };
    chain.push(step(clean_up.def.file, clean_up.span, does.to_owned()));
    if let Some((def, span)) = clean_up.within {
        chain.push(step(def.file, span, "is what it enters".to_owned()));
    }
    let yielded = world.facts(clean_up.def.file).expr(clean_up.at).span;
    chain.push(step(clean_up.def.file, yielded, "where the generator waits to be closed".to_owned()));
    chain
}

/// The function whose clean-up it is.
fn owner(checked: &CheckedFile<'_>, clean_up: &CleanUp) -> String {
    format!("{}()", checked.analysis.short_name(clean_up.def))
}

/// A call as a person would name it.
pub(super) fn name_of(checked: &CheckedFile<'_>, call: ExprId) -> String {
    let facts = checked.facts;
    let call = match facts.expr(call).kind {
        ExprKind::Await(inner) => inner,
        _ => call,
    };
    match facts.expr(call).kind {
        ExprKind::Call { func, .. } => format!("{}()", checked.analysis.call_text(checked.file, func)),
        _ => "this generator".to_owned(),
    }
}
