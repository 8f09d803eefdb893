//! `read-await-write`: state is read before an `await` and written after it, without a lock. What other tasks do to it in
//! between is lost.

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::{Source, tidy};
use crate::graph::Reason;
use crate::knowledge::written_name;
use crate::roots::is_test_module;
use crate::sites::run_scope;
use crate::swallows::{called_name, is_lock};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "read-await-write";
/// Names for what the fix of `+=` adds.
const AMOUNTS: &[&str] = &["amount", "value", "result"];
/// Calls by which a coroutine runs beside others.
const CONCURRENT: &[&str] = &["create_task", "ensure_future", "gather", "start_soon"];
/// Beginnings of the names of functions that are called once, when an object begins.
const ONCE: &[&str] = &["__aenter__", "connect", "init", "open", "setup", "set_up", "start"];

/// A read and a write of the same state with an `await` in between.
struct Gap {
    /// What is written, to be reported.
    write: ExprId,
    read: ExprId,
    awaited: ExprId,
    message: String,
    kind: Kind,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Kind {
    /// `state += await f()`.
    Augmented(StmtId),
    /// `x = state`, and later `state = x + 1`.
    Written,
    /// `if state is None: state = await connect()`.
    Made,
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    let mut findings = Vec::new();
    for (i, s) in facts.stmts.iter().enumerate() {
        let scope = facts.scope(s.scope);
        let is_coroutine = matches!(scope.kind, ScopeKind::Function { is_async: true }) && scope.has_await;
        if !is_coroutine || s.broken {
            continue;
        }
        let stmt = StmtId(i as u32);
        let gap = match s.kind {
            StmtKind::AugAssign { target, value } => augmented(checked, stmt, target, value),
            StmtKind::Assign { targets, value } => match facts.list(targets) {
                [target] => written(checked, stmt, *target, value).or_else(|| made(checked, stmt, *target, value)),
                _ => None,
            },
            _ => None,
        };
        if let Some(gap) = gap
            && !is_locked(facts, stmt)
            && let Some(finding) = finding(checked, s.scope, &gap)
        {
            findings.push((None, finding));
        }
    }
    findings
}

fn finding(checked: &CheckedFile<'_>, scope: ScopeId, gap: &Gap) -> Option<Finding> {
    let facts = checked.facts;
    let is_test = is_test_module(checked.analysis.world.program.module_name(checked.file));
    let is_sure = matches!(gap.kind, Kind::Augmented(_)) && !is_test && runs_beside_itself(checked, scope);
    let confidence = if is_sure { Confidence::Likely } else { Confidence::Possible };
    let mut finding = checked.finding(RULE, confidence, gap.write, gap.message.clone())?;
    let step = |at: ExprId, message: &str| ChainStep {
        place: Place { file: checked.file, span: facts.expr(at).span },
        message: message.to_owned(),
    };
    if gap.read != gap.write {
        finding.chain.push(step(gap.read, "read here"));
    }
    finding.chain.push(step(gap.awaited, "other tasks run here"));
    if let Kind::Augmented(stmt) = gap.kind {
        finding.fixes.extend(add_later(checked, stmt));
    }
    Some(finding)
}

/// Whether a function is known to run in several tasks at the same time: a handler of a framework, or one that is given to
/// `gather()` and the like several times over.
fn runs_beside_itself(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    let facts = checked.facts;
    let def = Def { file: checked.file, scope };
    let graph = &checked.analysis.graph;
    let is_handler =
        graph.loop_roots(def).any(|r| matches!(r.reason, Reason::Framework(_)) && !r.is_startup && !r.is_test);
    if is_handler {
        return true;
    }
    let name = facts.scope(scope).name;
    facts.exprs().any(|(id, e)| {
        let ExprKind::Call { func, .. } = e.kind else { return false };
        let is_called = match facts.expr(func).kind {
            ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => n == name,
            _ => false,
        };
        is_called && is_repeated_beside(facts, id)
    })
}

/// `gather(*(f(x) for x in xs))`, `for x in xs: create_task(f(x))`.
fn is_repeated_beside(facts: &FileFacts, call: ExprId) -> bool {
    let (mut concurrent, mut repeated) = (false, false);
    let mut at = facts.expr(call).parent;
    loop {
        match at {
            Parent::Expr(parent) => {
                concurrent |= CONCURRENT.contains(&called_name(facts, parent));
                at = facts.expr(parent).parent;
            }
            Parent::Scope(scope) => match facts.scope(scope).expr {
                Some(made) if matches!(facts.scope(scope).kind, ScopeKind::Comprehension { .. }) => {
                    repeated = true;
                    at = facts.expr(made).parent;
                }
                _ => return false,
            },
            Parent::Stmt(stmt) => {
                let mut outer = Some(stmt);
                while let Some(inner) = outer {
                    repeated |= matches!(facts.stmt(inner).kind, StmtKind::For { .. } | StmtKind::While { .. });
                    outer = facts.stmt(inner).parent;
                }
                return concurrent && repeated;
            }
        }
    }
}

/// `state += await f()`: Python reads the state, awaits, adds, and writes.
fn augmented(checked: &mut CheckedFile<'_>, stmt: StmtId, target: ExprId, value: ExprId) -> Option<Gap> {
    let facts = checked.facts;
    let awaited = first_await(facts, facts.expr(value).span, facts.stmt(stmt).scope)?;
    if !is_shared(facts, target, facts.stmt(stmt).scope) {
        return None;
    }
    let source = Source::of(&checked.analysis.world, checked.file);
    let operator = source.slice(Span::new(facts.expr(target).span.end, facts.expr(value).span.start));
    if !operator.contains("+=") && !operator.contains("-=") || is_extended(checked, target) {
        return None;
    }
    let text = source.expr(target);
    let message = format!("{text} is read before the await: what other tasks do to it meanwhile is lost");
    Some(Gap { write: target, read: target, awaited, message, kind: Kind::Augmented(stmt) })
}

/// Whether `+=` changes an object in place, which all tasks share.
fn is_extended(checked: &mut CheckedFile<'_>, target: ExprId) -> bool {
    let ty = checked.infer.expr(checked.file, target);
    ty.parts().iter().any(|part| match part {
        Ty::Container(_) => true,
        Ty::Instance(Class::External(path)) => {
            matches!(path.as_str(), "builtins.list" | "builtins.bytearray" | "collections.deque" | "array.array")
        }
        _ => false,
    })
}

/// `state = state + await f()`; `x = state`, and after an `await` `state = x + 1`.
fn written(checked: &CheckedFile<'_>, stmt: StmtId, target: ExprId, value: ExprId) -> Option<Gap> {
    let facts = checked.facts;
    let scope = facts.stmt(stmt).scope;
    if !is_shared(facts, target, scope)
        || !matches!(facts.expr(value).kind, ExprKind::Binary { .. } | ExprKind::Name(_))
    {
        return None;
    }
    let source = Source::of(&checked.analysis.world, checked.file);
    let state = source.expr(target);
    let value_span = facts.expr(value).span;
    let gap = |read: ExprId, awaited: ExprId| {
        let message =
            format!("{state} is written as it was read before the await: what other tasks do to it meanwhile is lost");
        Gap { write: target, read, awaited, message, kind: Kind::Written }
    };
    if matches!(facts.expr(value).kind, ExprKind::Binary { .. })
        && let Some(awaited) = first_await(facts, value_span, scope)
    {
        let read = operands(facts, value).into_iter().find(|&e| source.expr(e) == state)?;
        return (facts.expr(read).span.end <= facts.expr(awaited).span.start).then(|| gap(read, awaited));
    }
    for operand in operands(facts, value) {
        let ExprKind::Name(name) = facts.expr(operand).kind else { continue };
        let mut bindings = facts.bindings_of(scope).iter().filter(|b| b.name == name);
        let (Some(Binding { kind: BindingKind::Assign { value: origin, .. }, stmt: Some(bound), .. }), None) =
            (bindings.next(), bindings.next())
        else {
            continue;
        };
        let Some(read) = operands(facts, *origin).into_iter().find(|&e| source.expr(e) == state) else { continue };
        // What is put back as it was is not computed from it.
        if *origin == read && operand == value {
            continue;
        }
        let from = facts.stmt(*bound).span.end;
        let between = Span::new(from, facts.stmt(stmt).span.start.max(from));
        let mut awaits: Vec<ExprId> = awaits(facts, between, scope).filter(|a| leads_on(checked, *a, stmt)).collect();
        awaits.sort_by_key(|a| facts.expr(*a).span.start);
        let Some(&awaited) = awaits.first() else { continue };
        // What is looked at again after the await may be compared.
        let later = Span::new(facts.expr(awaited).span.end, facts.expr(target).span.start);
        let is_seen_again = facts.exprs().any(|(id, e)| later.contains(e.span) && source.expr(id) == state);
        if !is_seen_again && bound_before(facts, *bound, stmt) {
            return Some(gap(read, awaited));
        }
    }
    None
}

/// Whether the second statement comes after the first whenever it comes: it stands behind it in its block, or deeper.
fn bound_before(facts: &FileFacts, first: StmtId, second: StmtId) -> bool {
    let block = facts.stmt(first).parent;
    let mut at = Some(second);
    while let Some(stmt) = at {
        if facts.stmt(stmt).parent == block {
            return true;
        }
        at = facts.stmt(stmt).parent;
    }
    false
}

/// `if state is None: state = await connect()` of what has to be closed: the second of two tasks drops what the first made.
fn made(checked: &mut CheckedFile<'_>, stmt: StmtId, target: ExprId, value: ExprId) -> Option<Gap> {
    let facts = checked.facts;
    let scope = facts.stmt(stmt).scope;
    let ExprKind::Await(call) = facts.expr(value).kind else { return None };
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return None };
    let StmtKind::If { test, .. } = facts.stmt(facts.stmt(stmt).parent?).kind else { return None };
    let state = facts.dotted(target).filter(|_| is_shared(facts, target, scope))?;
    let asked = match &facts.expr(test).kind {
        ExprKind::Not(asked) => *asked,
        ExprKind::Compare { operands, ops } => {
            let ([asked, none], [CompareOp::Is]) = (facts.list(*operands), &facts.compare_ops[ops.range()]) else {
                return None;
            };
            (facts.expr(*none).kind == ExprKind::None).then_some(*asked)?
        }
        _ => return None,
    };
    if facts.dotted(asked).is_none_or(|a| a != state) || !is_reached_often(checked, scope) {
        return None;
    }
    let (Ty::External(path) | Ty::Class(Class::External(path))) = checked.infer.expr(checked.file, func) else {
        return None;
    };
    checked.analysis.world.knowledge.resource(&path)?;
    let maker = written_name(&path);
    let message =
        format!("two tasks that come here at the same time both await {maker}(): what the first makes is never closed");
    Some(Gap { write: target, read: asked, awaited: value, message, kind: Kind::Made })
}

/// Whether a function is more than what an object begins with: several others call it, or it is an operation itself.
fn is_reached_often(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    let def = Def { file: checked.file, scope };
    let graph = &checked.analysis.graph;
    let mut callers: Vec<Def> = graph.callers_of(def).iter().map(|at| graph.owner(*at)).collect();
    callers.sort_unstable();
    callers.dedup();
    let name = checked.facts.name(checked.facts.scope(scope).name).trim_start_matches("async_");
    let begins = ONCE.iter().any(|once| name.trim_start_matches('_').starts_with(once.trim_start_matches('_')));
    callers.len() > 1 || !begins && !callers.is_empty()
}

/// Whether an expression names state that other tasks see: an attribute of what the function did not make, an item of it, a
/// variable of the module or of a function around.
fn is_shared(facts: &FileFacts, expr: ExprId, scope: ScopeId) -> bool {
    let s = facts.scope(scope);
    match facts.expr(expr).kind {
        ExprKind::Name(name) => {
            let declared = [s.globals, s.nonlocals];
            declared.iter().any(|names| facts.name_lists[names.range()].contains(&name))
        }
        ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => has_outside_base(facts, value, scope),
        _ => false,
    }
}

fn has_outside_base(facts: &FileFacts, expr: ExprId, scope: ScopeId) -> bool {
    match facts.expr(expr).kind {
        ExprKind::Name(name) => {
            facts.bindings_of(scope).iter().filter(|b| b.name == name).all(|b| matches!(b.kind, BindingKind::Param(_)))
        }
        ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => has_outside_base(facts, value, scope),
        _ => false,
    }
}

/// An expression and what it is computed from by operators.
fn operands(facts: &FileFacts, expr: ExprId) -> Vec<ExprId> {
    let mut found = vec![expr];
    if let ExprKind::Binary { left, right, .. } = facts.expr(expr).kind {
        found.extend(operands(facts, left));
        found.extend(operands(facts, right));
    }
    found
}

/// Whether the function goes on from an `await` to a later statement: no block on the way out ends by leaving.
fn leads_on(checked: &CheckedFile<'_>, awaited: ExprId, to: StmtId) -> bool {
    let facts = checked.facts;
    let target = facts.stmt(to).span;
    let mut at = facts.stmt_of(awaited);
    while let Some(stmt) = at.filter(|s| !facts.stmt(*s).span.contains(target)) {
        let own = facts.stmt(stmt);
        let leaves = facts.stmts.iter().enumerate().any(|(i, s)| {
            s.parent == own.parent
                && s.scope == own.scope
                && own.span.start <= s.span.start
                && s.span.end <= target.start
                && checked.index.slot(StmtId(i as u32)) == checked.index.slot(stmt)
                && matches!(s.kind, StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Continue | StmtKind::Break)
        });
        if leaves {
            return false;
        }
        at = own.parent;
    }
    true
}

/// The first `await` in a span that a function does itself.
fn first_await(facts: &FileFacts, span: Span, scope: ScopeId) -> Option<ExprId> {
    awaits(facts, span, scope).min_by_key(|id| facts.expr(*id).span.start)
}

/// The awaits in a span that a function does itself.
fn awaits(facts: &FileFacts, span: Span, scope: ScopeId) -> impl Iterator<Item = ExprId> + '_ {
    let is_own = move |e: &Expr| {
        matches!(e.kind, ExprKind::Await(_)) && span.contains(e.span) && run_scope(facts, e.scope) == scope
    };
    facts.exprs().filter(move |(_, e)| is_own(e)).map(|(id, _)| id)
}

/// Whether a statement stands in a `with` of a lock, or in a function that acquires one.
fn is_locked(facts: &FileFacts, stmt: StmtId) -> bool {
    let mut at = facts.stmt(stmt).parent;
    while let Some(outer) = at {
        if let StmtKind::With { items, .. } = facts.stmt(outer).kind
            && facts.with_items[items.range()].iter().any(|item| is_lock(facts, item.context))
        {
            return true;
        }
        at = facts.stmt(outer).parent;
    }
    let own = facts.scope(facts.stmt(stmt).scope).span;
    facts.exprs().any(|(id, e)| own.contains(e.span) && called_name(facts, id) == "acquire")
}

/// What is awaited gets a name, and is added after that.
fn add_later(checked: &CheckedFile<'_>, stmt: StmtId) -> Option<Fix> {
    let facts = checked.facts;
    let StmtKind::AugAssign { value, .. } = facts.stmt(stmt).kind else { return None };
    let source = Source::of(&checked.analysis.world, checked.file);
    let is_free = |name: &&&str| {
        checked.index.name(name).is_none_or(|id| {
            facts.bindings.iter().all(|b| b.name != id) && facts.exprs.iter().all(|e| e.kind != ExprKind::Name(id))
        })
    };
    let name = AMOUNTS.iter().find(is_free)?;
    let span = facts.stmt(stmt).span;
    let start = source.line_start(span.start);
    let indent = source.slice(Span::new(start, span.start));
    if !indent.chars().all(char::is_whitespace) {
        return None;
    }
    let newline = source.newline();
    let text = source.slice(facts.expr(value).span);
    // Parentheses around the value are no part of it.
    let is_bare = source.slice(Span::new(facts.expr(value).span.end, span.end)).is_empty();
    let edits = vec![
        source.edit(Span::new(span.start, span.start), format!("{name} = {text}{newline}{indent}")),
        source.edit(facts.expr(value).span, *name),
    ];
    let edits = is_bare.then(|| tidy(edits)).flatten()?;
    Some(Fix { title: "Add it after the await".to_owned(), applicability: Applicability::Unsafe, edits })
}
