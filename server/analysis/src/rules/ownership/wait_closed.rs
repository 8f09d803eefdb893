//! What `close-not-awaited` says of stream writers, as a hint: `close()` only begins to close, and nothing waits for the end.

use super::CheckedFile;
use super::close_not_awaited::RULE;
use crate::finding::{Applicability, Confidence, Finding, Fix};
use crate::fixes::{Source, block};
use crate::index::Slot;
use crate::ownership::handler::writers;
use crate::ownership::resource::{Origin, Owned, called_method};
use asyncwise_syntax::facts::*;

/// The closes of stream writers that nothing waits for.
pub(super) fn not_waited_for(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let mut found = of_variables(checked);
    let writers = writers(checked.analysis, &mut checked.infer, &mut checked.graphs, checked.file);
    for writer in writers.iter().filter(|writer| !writer.is_handed_on) {
        if !is_waited_for(checked.facts, writer.scope, &writer.names) {
            found.extend(first(checked, &writer.closed));
        }
    }
    found.extend(of_attributes(checked));
    found
}

fn of_variables(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let held = checked.held();
    let lives = held.iter().filter_map(|held| held.life.as_ref());
    let lives = lives.filter(|life| is_writer(&life.acquisition.owned) && life.handed_on.is_empty() && !life.captured);
    let open = lives.filter(|life| !is_waited_for(checked.facts, life.scope, &life.names));
    open.filter_map(|life| first(checked, &life.closed)).collect()
}

fn of_attributes(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let owners = checked.owners();
    let mut found = Vec::new();
    for owner in owners.iter() {
        let world = &checked.analysis.world;
        let waits = owner.methods().any(|method| {
            let facts = world.facts(method.file);
            let own = facts.scope(method.scope).span;
            facts.exprs().any(|(_, e)| is_wait(facts, e).is_some() && own.contains(e.span))
        });
        let kept = owner.keeps.iter().filter(|kept| !waits && is_writer(&kept.first().owned) && !kept.is_element);
        for kept in kept.filter(|kept| kept.ends.handed_on.is_empty()) {
            let here = kept.ends.closed.iter().filter(|end| end.file == checked.file && end.method.is_some());
            found.extend(first(checked, &here.map(|end| end.at).collect::<Vec<_>>()));
        }
    }
    found
}

fn is_writer(owned: &Owned) -> bool {
    let is_stream = |row: &crate::knowledge::Resource| row.then_await.is_some() && row.part.is_some();
    matches!(owned.origin, Origin::Known(row) if is_stream(row))
}

/// The receiver of `wait_closed`.
fn is_wait(facts: &FileFacts, expr: &Expr) -> Option<ExprId> {
    match expr.kind {
        ExprKind::Attribute { value, attr } if facts.name(attr) == "wait_closed" => Some(value),
        _ => None,
    }
}

/// Whether a function mentions `wait_closed` of one of these variables.
fn is_waited_for(facts: &FileFacts, scope: ScopeId, names: &[NameId]) -> bool {
    let own = facts.scope(scope).span;
    let is_it = |value: ExprId| matches!(facts.expr(value).kind, ExprKind::Name(n) if names.contains(&n));
    facts.exprs().any(|(_, e)| own.contains(e.span) && is_wait(facts, e).is_some_and(is_it))
}

/// The finding at the first of these mentions that calls `close()` in a coroutine, and not because something went wrong.
fn first(checked: &CheckedFile<'_>, closed: &[ExprId]) -> Option<Finding> {
    closed.iter().find_map(|&mention| finding(checked, mention))
}

fn finding(checked: &CheckedFile<'_>, mention: ExprId) -> Option<Finding> {
    let facts = checked.facts;
    let (method, call) = called_method(facts, mention)?;
    let Parent::Stmt(stmt) = facts.expr(call).parent else { return None };
    let source = Source::of(&checked.analysis.world, checked.file);
    let scope = facts.code_scope(facts.expr(call).scope);
    let is_dropped = matches!(facts.stmt(stmt).kind, StmtKind::Expr(e) if e == call);
    if facts.name(method) != "close" || !is_dropped || !source.await_is_legal(call) || is_in_handler(checked, stmt) {
        return None;
    }
    let writer = source.expr(mention);
    let message = format!("{writer}.close() only begins to close: nothing awaits {writer}.wait_closed()");
    let confidence = checked.where_it_matters(scope, Confidence::Possible);
    let mut finding = checked.finding(RULE, confidence, call, message)?;
    let span = facts.stmt(stmt).span;
    if let Some(indent) = block::indentation(&source, span.start).filter(|_| block::ends_its_line(&source, span.end)) {
        let newline = source.newline();
        let end = source.line_end(span.end);
        finding.fixes.push(Fix {
            title: format!("Await `{writer}.wait_closed()`"),
            applicability: Applicability::Unsafe,
            edits: vec![source.edit(Span::new(end, end), format!("{newline}{indent}await {writer}.wait_closed()"))],
        });
    }
    Some(finding)
}

/// Whether a statement stands in an `except`.
fn is_in_handler(checked: &CheckedFile<'_>, stmt: StmtId) -> bool {
    let mut around = std::iter::successors(Some(stmt), |&at| checked.facts.stmt(at).parent);
    around.any(|at| matches!(checked.index.slot(at), Slot::Handler(_)))
}
