//! `coroutine-escapes-cleanup`: a coroutine that has not begun is returned out of a `with` or a `try/finally`, so that
//! what it was to run inside of is over when somebody awaits it.

use super::unawaited_coroutine::made_confidence;
use super::{CheckedFile, make_async};
use crate::analysis::RawFinding;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::{Source, tidy};
use crate::index::Slot;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "coroutine-escapes-cleanup";
/// What a `finally` calls to let go of something.
const RELEASES: &[&str] = &[
    "close",
    "aclose",
    "release",
    "disconnect",
    "shutdown",
    "cleanup",
    "stop",
    "unlink",
    "remove",
    "rmtree",
    "kill",
    "terminate",
    "exit",
    "__exit__",
    "dispose",
    "rollback",
    "clear",
    "pop",
];

/// What is over before the coroutine begins.
struct Cleanup {
    at: ExprId,
    message: String,
    confidence: Confidence,
    /// Nothing else may wait while this thread's lock is held.
    is_thread_lock: bool,
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    let mut findings = Vec::new();
    for (id, stmt) in facts.stmts() {
        let StmtKind::Return(Some(value)) = stmt.kind else { continue };
        let scope = facts.scope(stmt.scope);
        let is_inside =
            stmt.parent.is_some() && !scope.has_yield && !matches!(facts.expr(value).kind, ExprKind::Await(_));
        if is_inside && let Some(finding) = finding_at(checked, id, value) {
            findings.push((None, finding));
        }
    }
    findings
}

fn finding_at(checked: &mut CheckedFile<'_>, stmt: StmtId, value: ExprId) -> Option<Finding> {
    let cleanups = cleanups(checked, stmt, value)?;
    let (made, is_generator) = made_by(checked, value)?;
    let cleanup = cleanups.iter().max_by_key(|c| c.confidence)?;
    let what = if is_generator { "the async generator" } else { "the coroutine" };
    let name = match facts_call(checked.facts, value) {
        Some(func) => format!("{what} {}()", checked.analysis.call_text(checked.file, func)),
        None => what.to_owned(),
    };
    let message = format!("{name} has not begun when {}", cleanup.message);
    let confidence = cleanup.confidence.min(made);
    if confidence == Confidence::Possible && needs_nothing(checked, value) {
        return None;
    }
    let mut finding = checked.finding(RULE, confidence, value, message)?;
    let place = Place { file: checked.file, span: checked.facts.expr(cleanup.at).span };
    finding.chain.push(ChainStep { place, message: "over by the time it is awaited".to_owned() });
    if !is_generator && !cleanups.iter().any(|c| c.is_thread_lock) {
        finding.fixes.extend(await_inside(checked, stmt, value));
    }
    Some(finding)
}

/// Whether the value comes from a function that is defined here and uses nothing of what is around it.
fn needs_nothing(checked: &mut CheckedFile<'_>, value: ExprId) -> bool {
    let facts = checked.facts;
    let Some(func) = facts_call(facts, value) else { return false };
    let Ty::Function(def, _) = checked.infer.expr(checked.file, func) else { return false };
    let owner = checked.code_around(value);
    if def.file != checked.file || facts.scope(def.scope).parent != Some(owner) {
        return false;
    }
    let around = facts.bindings_of(owner);
    let inside = facts.scope(def.scope).span;
    let uses = |e: &Expr| match e.kind {
        ExprKind::Name(name) => inside.contains(e.span) && around.iter().any(|b| b.name == name),
        _ => false,
    };
    !facts.exprs.iter().any(uses)
}

fn facts_call(facts: &FileFacts, value: ExprId) -> Option<ExprId> {
    match facts.expr(value).kind {
        ExprKind::Call { func, .. } => Some(func),
        _ => None,
    }
}

/// How sure a value is a coroutine, and whether it is an async generator instead.
fn made_by(checked: &mut CheckedFile<'_>, value: ExprId) -> Option<(Confidence, bool)> {
    let ty = checked.infer.expr(checked.file, value);
    if ty.parts().iter().all(|p| matches!(p, Ty::AsyncGenerator(_))) {
        return Some((Confidence::Likely, true));
    }
    if !ty.parts().iter().all(|p| matches!(p, Ty::Coroutine(_))) {
        return None;
    }
    let sure = match facts_call(checked.facts, value) {
        Some(func) => made_confidence(checked.analysis, &mut checked.infer, checked.file, value, func)?,
        None => Confidence::Likely,
    };
    Some((sure, false))
}

/// What is released between a `return` and its caller; none where nothing is.
fn cleanups(checked: &mut CheckedFile<'_>, stmt: StmtId, value: ExprId) -> Option<Vec<Cleanup>> {
    let facts = checked.facts;
    let mut found = Vec::new();
    let mut at = stmt;
    while let Some(parent) = facts.stmt(at).parent {
        match &facts.stmt(parent).kind {
            StmtKind::With { items, .. } => {
                for item in &facts.with_items[items.range()] {
                    found.extend(left(checked, *item, value));
                }
            }
            StmtKind::Try { finalbody, .. } if checked.index.slot(at) != Slot::Finally => {
                found.extend(released(facts, *finalbody, value));
            }
            _ => {}
        }
        at = parent;
    }
    (!found.is_empty()).then_some(found)
}

/// What leaving a context manager ends.
fn left(checked: &mut CheckedFile<'_>, item: WithItem, value: ExprId) -> Option<Cleanup> {
    let facts = checked.facts;
    let context = item.context;
    let ty = checked.infer.expr(checked.file, context);
    let text = match facts.expr(context).kind {
        ExprKind::Call { func, .. } => format!("{}()", checked.analysis.call_text(checked.file, func)),
        _ => checked.analysis.call_text(checked.file, context),
    };
    let lower = text.to_lowercase();
    let path = match (&ty, facts.expr(context).kind.clone()) {
        (Ty::Instance(Class::External(path)), _) => Some(path.clone()),
        (_, ExprKind::Call { func, .. }) => match checked.infer.expr(checked.file, func) {
            Ty::External(path) | Ty::Class(Class::External(path)) => Some(path),
            _ => None,
        },
        _ => None,
    };
    let path = path.as_deref().unwrap_or_default();
    if path == "contextlib.nullcontext" || path == "warnings.catch_warnings" || stays_open(facts, context) {
        return None;
    }
    let of = |message: String, confidence| {
        let is_thread_lock = path.starts_with("threading.") || path.starts_with("multiprocessing.");
        Some(Cleanup { at: context, message, confidence, is_thread_lock })
    };
    if path == "contextlib.suppress" {
        return of("suppress() is left: its errors are not suppressed".to_owned(), Confidence::Possible);
    }
    if is_lock(path, &lower) {
        return of(format!("{text} is released"), Confidence::Likely);
    }
    let target = item.target.is_some_and(|target| shares_name(facts, target, value));
    let receiver = facts.dotted(context).is_some_and(|dotted| uses(facts, value, &dotted));
    if target || receiver || lower.contains("transaction") || lower.contains("atomic") {
        return of(format!("{text} is left"), Confidence::Likely);
    }
    of(format!("{text} is left"), Confidence::Possible)
}

/// Whether a context manager is told not to end what it began: `tracer.start_as_current_span(..., end_on_exit=False)`.
fn stays_open(facts: &FileFacts, context: ExprId) -> bool {
    let ExprKind::Call { args, .. } = facts.expr(context).kind else { return false };
    facts.args(args).iter().any(|a| {
        let name = a.name.map(|n| facts.name(n));
        name == Some("end_on_exit") && facts.expr(a.value).kind == ExprKind::Bool(false)
    })
}

fn is_lock(path: &str, text: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    let known = matches!(last, "Lock" | "RLock" | "Semaphore" | "BoundedSemaphore" | "Condition");
    let name = text.trim_end_matches("()").rsplit('.').next().unwrap_or_default();
    known || matches!(name, "lock" | "mutex" | "semaphore") || name.ends_with("_lock") || name.ends_with("_mutex")
}

/// What a `finally` does: it lets go of something, or does anything at all.
fn released(facts: &FileFacts, block: Block, value: ExprId) -> Option<Cleanup> {
    let mut found: Option<Cleanup> = None;
    for &stmt in facts.block(block) {
        let (at, receiver, name) = match facts.stmt(stmt).kind {
            StmtKind::Expr(expr) => match facts.expr(expr).kind {
                ExprKind::Call { func, .. } => match facts.expr(func).kind {
                    ExprKind::Attribute { value, attr } => (expr, Some(value), facts.name(attr)),
                    ExprKind::Name(n) => (expr, None, facts.name(n)),
                    _ => (expr, None, ""),
                },
                ExprKind::Await(_) => (expr, None, ""),
                _ => continue,
            },
            StmtKind::Assign { value, .. } => (value, None, ""),
            _ => continue,
        };
        let arguments = match facts.expr(at).kind {
            ExprKind::Call { args, .. } => facts.args(args).iter().map(|a| a.value).collect(),
            _ => Vec::new(),
        };
        let used = |expr: &ExprId| facts.dotted(*expr).is_some_and(|dotted| uses(facts, value, &dotted));
        let releases = RELEASES.contains(&name) && receiver.iter().chain(&arguments).any(used);
        let confidence = if releases { Confidence::Likely } else { Confidence::Possible };
        let message = match (releases, receiver.and_then(|r| facts.dotted(r))) {
            (true, Some(of)) => format!("{of}.{name}() runs in the `finally`"),
            _ => "the `finally` runs".to_owned(),
        };
        if found.as_ref().is_none_or(|f| f.confidence < confidence) {
            found = Some(Cleanup { at, message, confidence, is_thread_lock: false });
        }
    }
    found
}

/// Whether the target of a `with` is named in a value.
fn shares_name(facts: &FileFacts, target: ExprId, value: ExprId) -> bool {
    match &facts.expr(target).kind {
        ExprKind::Tuple(items) | ExprKind::List(items) => {
            facts.list(*items).iter().any(|&item| shares_name(facts, item, value))
        }
        _ => facts.dotted(target).is_some_and(|dotted| uses(facts, value, &dotted)),
    }
}

/// Whether a name or chain of attributes occurs in a value.
fn uses(facts: &FileFacts, value: ExprId, dotted: &str) -> bool {
    let within = facts.expr(value).span;
    facts.exprs().any(|(id, e)| {
        let is_place = matches!(e.kind, ExprKind::Name(_) | ExprKind::Attribute { .. });
        is_place && within.contains(e.span) && facts.dotted(id).as_deref() == Some(dotted)
    })
}

/// `return await ...`; a plain function becomes a coroutine function, which its callers await as before.
fn await_inside(checked: &mut CheckedFile<'_>, stmt: StmtId, value: ExprId) -> Option<Fix> {
    let (facts, file) = (checked.facts, checked.file);
    let source = Source::of(&checked.analysis.world, file);
    let scope = facts.stmt(stmt).scope;
    if source.await_is_legal(value) {
        let edits = source.insert_await(value);
        return Some(Fix { title: "Await it inside".to_owned(), applicability: Applicability::Unsafe, edits });
    }
    let def = Def { file, scope };
    if make_async::obstacle(checked.analysis, &mut checked.infer, def).is_some() {
        return None;
    }
    let header = facts.scope(scope).header_span.start;
    let mut edits = vec![source.edit(Span::new(header, header), "async ")];
    // Other values would have to be awaited from then on.
    for (_, returned) in checked.index.returns.get(&scope)? {
        let returned = (*returned)?;
        let ty = checked.infer.expr(file, returned);
        if !ty.parts().iter().all(|p| matches!(p, Ty::Coroutine(_))) {
            return None;
        }
        edits.extend(source.insert_await(returned));
    }
    Some(Fix {
        title: format!("Make `{}` async and await inside", checked.analysis.world.name(def)),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}
