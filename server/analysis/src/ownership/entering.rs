//! What `__aenter__` makes and leaves open when it fails later on: `__aexit__` does not run then.

use super::file::Held;
use super::holder::Holder;
use super::resource::Needs;
use super::uses::{ends, last_name};
use crate::index::FileIndex;
use asyncwise_syntax::facts::*;

/// Calls that only wait for something: they fail only where their task is cancelled.
const WAITING: &[&str] = &["sleep", "acquire", "wait", "checkpoint"];

/// Something that stays open when what is awaited after it fails.
pub(crate) struct Entered<'h> {
    /// What stays open.
    pub(crate) first: &'h Held,
    /// The attribute that has it.
    pub(crate) attribute: NameId,
    /// The call that is awaited after it, and may fail.
    pub(crate) then: ExprId,
    /// Whether that call makes something that must be closed, too.
    pub(crate) makes_another: bool,
}

/// What the `__aenter__` methods of a file leave open, in source order.
pub(crate) fn entered<'h>(facts: &FileFacts, index: &FileIndex, held: &'h [Held]) -> Vec<Entered<'h>> {
    let Some(enter) = index.name("__aenter__") else { return Vec::new() };
    let Some(exit) = index.name("__aexit__") else { return Vec::new() };
    let mut found: Vec<Entered<'h>> = Vec::new();
    for first in held {
        let Holder::Attribute { name: attribute, .. } = first.holder else { continue };
        if first.acquisition.owned.needs != Needs::Made {
            continue;
        }
        let method = facts.code_scope(facts.expr(first.acquisition.call).scope);
        let class = index.method_class.get(&method).filter(|class| index.binds(**class, exit));
        if class.is_none() || facts.scope(method).name != enter || is_tried(facts, first.acquisition.call) {
            continue;
        }
        let later = awaited_after(facts, method, first.acquisition.call);
        let maker = later.iter().find(|&&call| held.iter().any(|other| other.acquisition.call == call));
        let is_work = |call: &&ExprId| is_work(facts, **call, attribute);
        if let Some(&then) = maker.or_else(|| later.iter().find(is_work)) {
            found.push(Entered { first, attribute, then, makes_another: maker.is_some() });
        }
    }
    found
}

/// The calls that a method awaits after a place, whatever they raise leaving it.
fn awaited_after(facts: &FileFacts, method: ScopeId, place: ExprId) -> Vec<ExprId> {
    let Some(stmt) = facts.stmt_of(place) else { return Vec::new() };
    let end = facts.stmt(stmt).span.end;
    let calls = facts.exprs().filter_map(|(_, expr)| match expr.kind {
        ExprKind::Await(call) if expr.scope == method && expr.span.start >= end => Some(call),
        _ => None,
    });
    calls.filter(|&call| matches!(facts.expr(call).kind, ExprKind::Call { .. }) && !is_tried(facts, call)).collect()
}

/// Whether a call does something that may fail, other than to wait, to close, or to take what the attribute has.
fn is_work(facts: &FileFacts, call: ExprId, attribute: NameId) -> bool {
    let ExprKind::Call { func, args } = facts.expr(call).kind else { return false };
    let name = last_name(facts, func);
    let takes = |arg: &Arg| matches!(facts.expr(arg.value).kind, ExprKind::Attribute { attr, .. } if attr == attribute);
    let enters = matches!(name, "__aenter__" | "enter_async_context");
    !enters && !ends(name) && !WAITING.contains(&name) && !facts.args(args).iter().any(takes)
}

/// Whether a `try` stands around a call, or it is made under a condition.
fn is_tried(facts: &FileFacts, call: ExprId) -> bool {
    let mut above = std::iter::successors(facts.stmt_of(call), |&stmt| facts.stmt(stmt).parent);
    above.any(|stmt| {
        matches!(
            facts.stmt(stmt).kind,
            StmtKind::Try { .. } | StmtKind::If { .. } | StmtKind::With { .. } | StmtKind::Match { .. }
        )
    })
}
