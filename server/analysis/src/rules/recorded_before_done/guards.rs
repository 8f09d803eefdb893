//! Where a mark is asked for, and where it is taken back.

use super::super::CheckedFile;
use super::marks::{Kept, Mark};
use crate::index::Slot;
use crate::swallows::called_name;
use asyncwise_syntax::facts::*;

/// Where a mark is asked for, so that the work is left out where it is set.
pub(super) struct Asked {
    /// The condition.
    pub(super) test: ExprId,
    /// Where in the function the work may begin.
    pub(super) from: u32,
    /// The `if` that the mark stands in, when it is that which asks.
    pub(super) around: Option<StmtId>,
}

/// The condition that leaves out the work of a mark: in the function itself, or around the calls of it.
pub(super) fn asked(checked: &CheckedFile<'_>, mark: &Mark) -> Option<Asked> {
    let facts = checked.facts;
    let at = facts.stmt(mark.stmt).span;
    let mut found: Option<Asked> = None;
    let function = facts.scope(mark.scope);
    for (i, s) in facts.stmts.iter().enumerate() {
        let StmtKind::If { test, body, .. } = s.kind else { continue };
        let Some(when_set) = polarity(facts, test, mark) else { continue };
        let first = facts.block(body).first().map(|b| facts.stmt(*b).span.start)?;
        let around = (!when_set).then_some(StmtId(i as u32));
        if s.scope == mark.scope {
            let own = if when_set {
                (s.span.end <= at.start && goes_away(facts, body)).then_some(s.span.end)
            } else {
                (first <= at.start && at.end <= block_end(facts, body)).then_some(first)
            };
            if let Some(from) = own {
                // The last one before the mark counts: what is asked again behind a lock.
                found = match found {
                    Some(known) if known.from > from => Some(known),
                    _ => Some(Asked { test, from, around }),
                };
            }
        }
    }
    found.or_else(|| {
        let from = facts.block(function.body).first().map(|b| facts.stmt(*b).span.start)?;
        let test = asked_by_caller(facts, mark)?;
        Some(Asked { test, from, around: None })
    })
}

/// `if not self._ready: await self._prepare()` around every call of the function of the mark.
fn asked_by_caller(facts: &FileFacts, mark: &Mark) -> Option<ExprId> {
    let function = facts.scope(mark.scope);
    let name = facts.name(function.name);
    let mut calls: Vec<Span> = facts
        .exprs()
        .filter(|(id, e)| matches!(e.kind, ExprKind::Call { .. }) && called_name(facts, *id) == name)
        .map(|(_, e)| e.span)
        .collect();
    let mut found = None;
    for s in &facts.stmts {
        let StmtKind::If { test, body, .. } = s.kind else { continue };
        let around = facts.scope(s.scope);
        // Methods of one class, or functions of the module.
        if calls.is_empty() || s.scope == mark.scope || around.parent != function.parent {
            continue;
        }
        let (Some(when_set), Some(first)) = (polarity(facts, test, mark), facts.block(body).first()) else { continue };
        let guarded = match when_set {
            true if goes_away(facts, body) => Span::new(s.span.end, around.span.end.max(s.span.end)),
            true => continue,
            false => Span::new(facts.stmt(*first).span.start, block_end(facts, body)),
        };
        let open = calls.len();
        calls.retain(|call| !guarded.contains(*call));
        if calls.len() < open {
            found = Some(test);
        }
    }
    found.filter(|_| calls.is_empty())
}

fn block_end(facts: &FileFacts, block: Block) -> u32 {
    facts.block(block).last().map_or(0, |s| facts.stmt(*s).span.end)
}

/// Whether a block ends by leaving without an error.
fn goes_away(facts: &FileFacts, block: Block) -> bool {
    facts
        .block(block)
        .last()
        .is_some_and(|s| matches!(facts.stmt(*s).kind, StmtKind::Return(_) | StmtKind::Continue | StmtKind::Break))
}

/// Whether a condition holds where the mark is set (true) or where it is not; none where it asks something else.
fn polarity(facts: &FileFacts, test: ExprId, mark: &Mark) -> Option<bool> {
    match &facts.expr(test).kind {
        ExprKind::Not(inner) => polarity(facts, *inner, mark).map(|p| !p),
        ExprKind::BoolOp { values, .. } => facts.list(*values).iter().find_map(|&v| polarity(facts, v, mark)),
        ExprKind::Await(inner) => polarity(facts, *inner, mark),
        ExprKind::Name(_) | ExprKind::Attribute { .. } => {
            (matches!(mark.kept, Kept::Flag | Kept::Object) && is_text(facts, test, &mark.state)).then_some(true)
        }
        ExprKind::Subscript { value, .. } => {
            (mark.kept == Kept::Key && is_text(facts, *value, &mark.state)).then_some(true)
        }
        ExprKind::Compare { operands, ops } => {
            let [left, right] = facts.list(*operands) else { return None };
            let [op] = facts.compare_ops[ops.range()] else { return None };
            match op {
                CompareOp::In | CompareOp::NotIn => {
                    (mark.kept == Kept::Key && is_text(facts, *right, &mark.state)).then_some(op == CompareOp::In)
                }
                CompareOp::Is | CompareOp::Eq => match facts.expr(*right).kind {
                    ExprKind::Bool(value) => polarity(facts, *left, mark).map(|p| p == value),
                    ExprKind::None if mark.kept == Kept::Object => polarity(facts, *left, mark).map(|p| !p),
                    _ => None,
                },
                CompareOp::IsNot if mark.kept == Kept::Object && facts.expr(*right).kind == ExprKind::None => {
                    polarity(facts, *left, mark)
                }
                _ => None,
            }
        }
        ExprKind::Call { func, args } => called(facts, *func, *args, mark),
        _ => None,
    }
}

/// `getattr(self, "_ready", False)`, `self._cache.get(key)`, `self._cache.is_ensured(key)`.
fn called(facts: &FileFacts, func: ExprId, args: Run, mark: &Mark) -> Option<bool> {
    match (facts.expr(func).kind.clone(), &mark.kept) {
        (ExprKind::Name(n), Kept::Flag | Kept::Object) if facts.name(n) == "getattr" => {
            let [object, name, ..] = facts.args(args) else { return None };
            let ExprKind::Str(name) = &facts.expr(name.value).kind else { return None };
            let text = format!("{}.{name}", facts.dotted(object.value)?);
            (text == mark.state).then_some(true)
        }
        (ExprKind::Attribute { value, attr }, kept) => {
            if !is_text(facts, value, &mark.state) {
                return None;
            }
            let asks = match kept {
                Kept::Flag | Kept::Object => false,
                Kept::Key => facts.name(attr) == "get",
                Kept::Told(what) => {
                    let asked = ["is_", "has_", "was_"].iter().find_map(|verb| facts.name(attr).strip_prefix(verb));
                    asked == Some(what)
                }
            };
            asks.then_some(true)
        }
        _ => None,
    }
}

fn is_text(facts: &FileFacts, expr: ExprId, text: &str) -> bool {
    facts.dotted(expr).is_some_and(|d| d == text)
}

/// Whether a handler or a `finally` takes the mark back: in its own function, or anywhere in the class.
pub(super) fn is_undone(checked: &CheckedFile<'_>, mark: &Mark) -> bool {
    let (facts, index) = (checked.facts, checked.index);
    let class = facts.scope(mark.scope).parent;
    let in_cleanup = |mut at: StmtId| {
        loop {
            if matches!(index.slot(at), Slot::Handler(_) | Slot::Finally) {
                return true;
            }
            match facts.stmt(at).parent {
                Some(parent) => at = parent,
                None => return false,
            }
        }
    };
    let undoing = undoing_functions(facts, mark, class);
    facts.stmts.iter().enumerate().any(|(i, s)| {
        let is_near = s.scope == mark.scope || facts.scope(s.scope).parent == class;
        is_near && in_cleanup(StmtId(i as u32)) && (takes_back(facts, s, mark) || calls_one_of(facts, s, &undoing))
    })
}

/// Whether the function of the mark takes it back itself: it says that the work is under way.
pub(super) fn is_taken_back(checked: &CheckedFile<'_>, mark: &Mark) -> bool {
    let facts = checked.facts;
    facts.stmts.iter().any(|s| s.scope == mark.scope && takes_back(facts, s, mark))
}

/// The functions beside that of the mark that take it back.
fn undoing_functions<'f>(facts: &'f FileFacts, mark: &Mark, class: Option<ScopeId>) -> Vec<&'f str> {
    let beside = |scope: ScopeId| facts.scope(scope).parent == class && scope != mark.scope;
    let taking = facts.stmts.iter().filter(|s| beside(s.scope) && takes_back(facts, s, mark));
    taking.map(|s| facts.name(facts.scope(s.scope).name)).filter(|name| *name != "__init__").collect()
}

fn calls_one_of(facts: &FileFacts, s: &Stmt, functions: &[&str]) -> bool {
    let StmtKind::Expr(expr) = s.kind else { return false };
    let call = match facts.expr(expr).kind {
        ExprKind::Await(value) => value,
        _ => expr,
    };
    functions.contains(&called_name(facts, call))
}

/// `state = False`, `state.discard(key)`, `del state[key]`, `state.clear()`, `cache.mark_failed(key)`.
fn takes_back(facts: &FileFacts, s: &Stmt, mark: &Mark) -> bool {
    let of_state = |expr: ExprId| match facts.expr(expr).kind {
        ExprKind::Subscript { value, .. } => is_text(facts, value, &mark.state),
        _ => is_text(facts, expr, &mark.state),
    };
    match s.kind {
        StmtKind::Assign { targets, value } => {
            facts.expr(value).kind != ExprKind::Bool(true) && facts.list(targets).iter().any(|t| of_state(*t))
        }
        StmtKind::Delete(targets) => facts.list(targets).iter().any(|t| of_state(*t)),
        StmtKind::Expr(call) => {
            let ExprKind::Call { func, .. } = facts.expr(call).kind else { return false };
            let ExprKind::Attribute { value, .. } = facts.expr(func).kind else { return false };
            let method = called_name(facts, call);
            let takes = mark.kept == Kept::Key
                && matches!(method, "discard" | "remove" | "pop" | "clear" | "reset" | "invalidate");
            is_text(facts, value, &mark.state) && (takes || matches!(mark.kept, Kept::Told(_)))
        }
        _ => false,
    }
}

/// The statement after another one in the same block.
pub(super) fn following(checked: &CheckedFile<'_>, at: StmtId) -> Option<StmtId> {
    (0..checked.facts.stmts.len() as u32).map(StmtId).find(|other| checked.index.previous(*other) == Some(at))
}

/// Whether a `try` inside `stmt` handles what the work fails with, and goes on.
pub(super) fn is_handled(checked: &CheckedFile<'_>, stmt: StmtId, work: ExprId) -> bool {
    let (facts, index) = (checked.facts, checked.index);
    let mut at = facts.stmt_of(work);
    while let Some(inner) = at.filter(|inner| *inner != stmt) {
        at = facts.stmt(inner).parent;
        if index.slot(inner) == Slot::Try && at.is_some_and(|t| may_go_on(facts, t)) {
            return true;
        }
    }
    false
}

/// Whether a `try` around a statement handles errors and goes on.
pub(super) fn goes_on(checked: &CheckedFile<'_>, mut at: StmtId) -> bool {
    while let Some(parent) = checked.facts.stmt(at).parent {
        if checked.index.slot(at) == Slot::Try && may_go_on(checked.facts, parent) {
            return true;
        }
        at = parent;
    }
    false
}

/// Whether a handler of a `try` does not raise in the end.
fn may_go_on(facts: &FileFacts, stmt: StmtId) -> bool {
    let StmtKind::Try { handlers, .. } = facts.stmt(stmt).kind else { return false };
    let raises =
        |h: &Handler| facts.block(h.body).last().is_some_and(|s| matches!(facts.stmt(*s).kind, StmtKind::Raise { .. }));
    facts.handlers[handlers.range()].iter().any(|h| !raises(h))
}
