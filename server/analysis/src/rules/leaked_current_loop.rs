//! `leaked-current-loop`: a function makes an event loop of its own the thread's current one and leaves it so.

use super::CheckedFile;
use super::made_loop::{self, Use};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::{Source, block};
use crate::index::Slot;
use crate::roots::is_test_module;
use crate::settings::RunsOn;
use crate::sites::run_scope;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "leaked-current-loop";

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if checked.index.name("set_event_loop").is_none()
        || is_test_module(checked.analysis.world.program.module_name(checked.file))
    {
        return Vec::new();
    }
    let made = made_loop::made_loops(checked);
    let facts = checked.facts;
    let calls = facts.exprs().filter_map(|(id, e)| match e.kind {
        ExprKind::Call { func, args } => Some((id, func, facts.args(args).first()?.value)),
        _ => None,
    });
    let named = calls.filter(|&(_, func, _)| last_name(facts, func) == Some("set_event_loop"));
    let calls: Vec<(ExprId, ExprId, ExprId)> = named.collect();
    let mut findings = Vec::new();
    for &(call, func, given) in &calls {
        let sets = matches!(checked.infer.expr(checked.file, func), Ty::External(p) if p == "asyncio.set_event_loop");
        if sets && let Some(finding) = finding_at(checked, (call, given), &calls, &made) {
            findings.push((None, finding));
        }
    }
    findings
}

fn last_name(facts: &FileFacts, expr: ExprId) -> Option<&str> {
    match facts.expr(expr).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => Some(facts.name(n)),
        _ => None,
    }
}

fn finding_at(
    checked: &mut CheckedFile<'_>,
    (call, given): (ExprId, ExprId),
    calls: &[(ExprId, ExprId, ExprId)],
    made: &[ExprId],
) -> Option<Finding> {
    let facts = checked.facts;
    let scope = run_scope(facts, facts.expr(call).scope);
    if facts.scope(scope).kind != (ScopeKind::Function { is_async: false }) || !is_for_others(checked, scope) {
        return None;
    }
    let maker = maker_of(checked, scope, given, made)?;
    // Set back, or given another one, later in the function.
    let at = facts.expr(call).span.end;
    let is_later = |e: ExprId| facts.expr(e).span.start >= at && run_scope(facts, facts.expr(e).scope) == scope;
    if calls.iter().any(|&(other, _, value)| is_later(other) && !same(facts, value, given)) {
        return None;
    }
    if let Some(close) = close_of(facts, given, is_later) {
        let message = "the loop that is closed below stays this thread's current one: \
                       what asks for it next gets a closed loop";
        // What minds signals runs a program, and seldom anything runs after it.
        let seldom = made_loop::minds_signals(checked, scope);
        let confidence = if seldom { Confidence::Possible } else { Confidence::Likely };
        let mut finding = checked.finding(RULE, confidence, call, message.to_owned())?;
        finding.chain.push(step(checked, close, "closed here"));
        finding.fixes.extend(unset(checked, call, close));
        return Some(finding);
    }
    if makes_up_for_none(checked, call) || !is_driven(checked, scope, given) {
        return None;
    }
    let message = "this replaces the current event loop of the thread for whoever calls the function";
    let mut finding = checked.finding(RULE, Confidence::Possible, call, message.to_owned())?;
    finding.chain.push(step(checked, maker, "made here"));
    Some(finding)
}

fn step(checked: &CheckedFile<'_>, at: ExprId, message: &str) -> ChainStep {
    let span = checked.facts.expr(at).span;
    ChainStep { place: Place { file: checked.file, span }, message: message.to_owned() }
}

/// Whether others run code on the thread too: not in a thread of its own, and not where a program starts or ends.
fn is_for_others(checked: &mut CheckedFile<'_>, scope: ScopeId) -> bool {
    let def = Def { file: checked.file, scope };
    let is_main = made_loop::is_main(checked.facts.name(checked.facts.scope(scope).name));
    let in_worker = checked.analysis.function_runs_on(def, RunsOn::Worker) || made_loop::is_thread_body(checked, def);
    !is_main && !in_worker && !made_loop::is_program(checked, def)
}

/// The call that made the loop in a variable or attribute; none where it may come from elsewhere.
fn maker_of(checked: &CheckedFile<'_>, scope: ScopeId, given: ExprId, made: &[ExprId]) -> Option<ExprId> {
    let facts = checked.facts;
    let value = match facts.expr(given).kind {
        ExprKind::Call { .. } | ExprKind::Named { .. } => Some(given),
        ExprKind::Name(name) => {
            let reaching = checked.index.reaching(facts, scope, name, facts.stmt_of(given));
            reaching.iter().find_map(|b| match b.kind {
                BindingKind::Assign { value, .. } if made.contains(&value) => Some(value),
                _ => None,
            })
        }
        ExprKind::Attribute { .. } => {
            let before = facts.expr(given).span.start;
            let own = facts.stmts.iter().filter(|s| s.scope == scope && s.span.end <= before);
            own.filter_map(|s| match s.kind {
                StmtKind::Assign { targets, value } if facts.list(targets).iter().any(|t| same(facts, *t, given)) => {
                    Some(value)
                }
                _ => None,
            })
            .next_back()
        }
        _ => None,
    };
    value.filter(|v| made.contains(v))
}

/// Whether two expressions are the same name or chain of attributes.
fn same(facts: &FileFacts, a: ExprId, b: ExprId) -> bool {
    let name = facts.dotted(a);
    name.is_some() && name == facts.dotted(b)
}

/// The call of `close` on the loop.
fn close_of(facts: &FileFacts, given: ExprId, is_later: impl Fn(ExprId) -> bool) -> Option<ExprId> {
    let calls = facts.exprs().filter_map(|(id, e)| match e.kind {
        ExprKind::Call { func, .. } => Some((id, func)),
        _ => None,
    });
    let mut closes = calls.filter(|&(id, func)| match facts.expr(func).kind {
        ExprKind::Attribute { value, attr } => facts.name(attr) == "close" && same(facts, value, given) && is_later(id),
        _ => false,
    });
    closes.next().map(|(id, _)| id)
}

/// Whether the loop is set in the handler of an attempt to get one: there was none to replace.
fn makes_up_for_none(checked: &CheckedFile<'_>, call: ExprId) -> bool {
    let facts = checked.facts;
    let mut at = facts.stmt_of(call);
    while let Some(stmt) = at {
        at = facts.stmt(stmt).parent;
        let tests = match (checked.index.slot(stmt), at.map(|p| &facts.stmt(p).kind)) {
            (Slot::Handler(_), Some(StmtKind::Try { body, .. })) => {
                facts.block(*body).iter().map(|s| facts.stmt(*s).span).collect()
            }
            (Slot::Branch, Some(StmtKind::If { test, .. })) => vec![facts.expr(*test).span],
            _ => Vec::new(),
        };
        if tests.iter().any(|span| speaks_of_loops(facts, *span)) {
            return true;
        }
    }
    false
}

/// Whether code asks for a loop, or looks at one.
fn speaks_of_loops(facts: &FileFacts, span: Span) -> bool {
    let within = facts.exprs.iter().filter(|e| span.contains(e.span));
    within.into_iter().any(|e| match e.kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => {
            let name = facts.name(n);
            name.ends_with("loop") || matches!(name, "is_closed" | "is_running")
        }
        _ => false,
    })
}

/// Whether the function runs the loop it has set until something is done, and so could have used one that nobody sees.
fn is_driven(checked: &mut CheckedFile<'_>, scope: ScopeId, given: ExprId) -> bool {
    let facts = checked.facts;
    match facts.expr(given).kind {
        ExprKind::Name(name) => {
            let mut uses = Vec::new();
            for mention in made_loop::mentions(facts, scope, name) {
                uses.push(made_loop::use_of(&mut checked.infer, checked.file, scope, mention, 0));
            }
            uses.iter().any(|u| matches!(u, Use::Driven(_))) && !uses.contains(&Use::Escapes)
        }
        _ => false,
    }
}

/// `set_event_loop(None)` after the close.
fn unset(checked: &CheckedFile<'_>, call: ExprId, close: ExprId) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return None };
    let Parent::Stmt(stmt) = facts.expr(close).parent else { return None };
    let span = facts.stmt(stmt).span;
    let indent = block::indentation(&source, span.start)?;
    let newline = source.newline();
    let text = format!("{newline}{indent}{}(None)", source.expr(func));
    Some(Fix {
        title: "Leave the thread without a current loop".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![source.edit(Span::new(span.end, span.end), text)],
    })
}
