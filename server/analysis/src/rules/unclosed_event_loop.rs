//! `unclosed-event-loop`: a function makes an event loop for itself and does not close it on every path.

use super::CheckedFile;
use super::made_loop::{self, Use, mend, paths};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::{Source, tidy};
use crate::index::Slot;
use crate::roots::is_test_module;
use crate::sites::run_scope;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "unclosed-event-loop";

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let made = made_loop::made_loops(checked);
    made.into_iter().filter_map(|call| finding_at(checked, call)).map(|finding| (None, finding)).collect()
}

fn finding_at(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Finding> {
    let facts = checked.facts;
    let scope = facts.code_scope(facts.expr(call).scope);
    if !matches!(facts.scope(scope).kind, ScopeKind::Function { .. }) {
        return None;
    }
    match made_loop::bound_name(facts, call) {
        Some(name) => bound(checked, call, scope, name),
        None => temporary(checked, call),
    }
}

/// `new_event_loop().run_until_complete(x)`: nobody has the loop afterwards.
fn temporary(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Finding> {
    let facts = checked.facts;
    let Parent::Expr(attribute) = facts.expr(call).parent else { return None };
    let ExprKind::Attribute { attr, .. } = facts.expr(attribute).kind else { return None };
    let Parent::Expr(outer) = facts.expr(attribute).parent else { return None };
    let ExprKind::Call { func, args } = facts.expr(outer).kind else { return None };
    if func != attribute || facts.name(attr) != "run_until_complete" {
        return None;
    }
    let confidence = confidence(checked, call, Confidence::Likely);
    let message = "this event loop is never closed: nobody has it after run_until_complete()".to_owned();
    let mut finding = checked.finding(RULE, confidence, call, message)?;
    let [only] = facts.args(args) else { return Some(finding) };
    let source = Source::of(&checked.analysis.world, checked.file);
    if matches!(checked.infer.expr(checked.file, only.value), Ty::Coroutine(_)) {
        let text = format!("asyncio.run({})", source.expr(only.value));
        let mut edits = vec![source.edit(facts.expr(outer).span, text)];
        edits.extend(source.import("asyncio"));
        finding.fixes.extend(tidy(edits).map(|edits| Fix {
            title: "Run it with `asyncio.run()`, which closes its loop".to_owned(),
            applicability: Applicability::Unsafe,
            edits,
        }));
    }
    Some(finding)
}

fn bound(checked: &mut CheckedFile<'_>, call: ExprId, scope: ScopeId, name: NameId) -> Option<Finding> {
    let facts = checked.facts;
    let (mut closed, mut driven, mut stored) = (Vec::new(), Vec::new(), Vec::new());
    let mut set = None;
    for mention in made_loop::mentions(facts, scope, name) {
        match made_loop::use_of(&mut checked.infer, checked.file, scope, mention, 0) {
            Use::Borrowed => {}
            Use::Driven(at) => driven.push(at),
            Use::Closed(at) => closed.push(at),
            Use::Current(at) => set = Some(at),
            Use::Stored => stored.push(mention),
            // What runs until it is stopped mostly runs as long as the program.
            Use::Forever if !closes_here(facts, scope, name) => return None,
            Use::Forever => {}
            Use::Escapes => return None,
        }
    }
    // Made where the thread has no current loop, and left to the thread for the next one who asks.
    let is_kept = set.is_some() && (driven.is_empty() || asks_for_current(checked, scope));
    if closed.is_empty() && is_kept {
        return None;
    }
    // What a `finally` still runs is part of the closing.
    driven.retain(|at| !is_in_finally(checked, *at));
    stored.retain(|s| facts.stmt_of(*s) != facts.stmt_of(call));
    let events = paths::Events { made: call, closed: &closed, driven: &driven, stored: &stored };
    let mut leaks = paths::leaks(facts, scope, &events)?;
    // Which of the two it is that the other paths close, or leave, is not followed.
    leaks.on_return &= !is_kept;
    let variable = facts.name(name);
    let (sure, message) = match (closed.is_empty(), leaks.on_return, leaks.on_error) {
        (true, true, _) | (true, _, true) => {
            (Confidence::Likely, format!("the event loop in {variable} is never closed"))
        }
        (false, true, _) => (Confidence::Likely, format!("a path leaves the function without closing {variable}")),
        (false, false, true) => {
            (Confidence::Possible, format!("{variable} is not closed when run_until_complete() raises"))
        }
        _ => return None,
    };
    let confidence = confidence(checked, call, sure);
    let mut finding = checked.finding(RULE, confidence, call, message)?;
    let step = |at: &ExprId, message: &str| ChainStep {
        place: Place { file: checked.file, span: facts.expr(*at).span },
        message: message.to_owned(),
    };
    if !leaks.on_return {
        finding.chain.extend(driven.first().map(|at| step(at, "raises what the coroutine raises")));
    }
    finding.chain.extend(closed.first().map(|at| step(at, "closed here, on other paths")));
    finding.fixes.extend(mend::close_in_finally(
        checked,
        call,
        (scope, name),
        &closed,
        set.filter(|_| closed.is_empty()),
    ));
    Some(finding)
}

fn closes_here(facts: &FileFacts, scope: ScopeId, name: NameId) -> bool {
    made_loop::mentions(facts, scope, name).iter().any(|&at| match facts.expr(at).parent {
        Parent::Expr(parent) => {
            matches!(facts.expr(parent).kind, ExprKind::Attribute { attr, .. } if facts.name(attr) == "close")
        }
        _ => false,
    })
}

fn is_in_finally(checked: &CheckedFile<'_>, expr: ExprId) -> bool {
    let mut at = checked.facts.stmt_of(expr);
    while let Some(stmt) = at {
        if checked.index.slot(stmt) == Slot::Finally {
            return true;
        }
        at = checked.facts.stmt(stmt).parent;
    }
    false
}

/// Whether the function asks for the thread's current loop too, or whether that is closed, and so means the one it sets to
/// be found again.
fn asks_for_current(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    let facts = checked.facts;
    let wanted: Vec<NameId> = ["get_event_loop", "is_closed"].iter().filter_map(|n| checked.index.name(n)).collect();
    let own = facts.scope(scope).span;
    facts.exprs.iter().any(|e| match e.kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => wanted.contains(&n) && own.contains(e.span),
        _ => false,
    })
}

/// Less sure in tests, and in functions that the program starts or ends with.
fn confidence(checked: &mut CheckedFile<'_>, call: ExprId, sure: Confidence) -> Confidence {
    let owner = Def { file: checked.file, scope: run_scope(checked.facts, checked.facts.expr(call).scope) };
    let is_test = is_test_module(checked.analysis.world.program.module_name(checked.file));
    let mild = is_test || made_loop::minds_signals(checked, owner.scope) || made_loop::is_program(checked, owner);
    if mild { Confidence::Possible } else { sure }
}
