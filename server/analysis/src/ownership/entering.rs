//! What `__aenter__` makes and leaves open when it fails later on: `__aexit__` does not run then.

use super::file::Held;
use super::holder::Holder;
use super::resource::Needs;
use crate::index::FileIndex;
use asyncwise_syntax::facts::*;

/// Something that stays open when what is made after it fails.
pub(crate) struct Entered<'h> {
    /// What stays open.
    pub(crate) first: &'h Held,
    /// The attribute that has it.
    pub(crate) attribute: NameId,
    /// What is awaited after it, and may fail.
    pub(crate) then: &'h Held,
}

/// What the `__aenter__` methods of a file leave open, in source order.
pub(crate) fn entered<'h>(facts: &FileFacts, index: &FileIndex, held: &'h [Held]) -> Vec<Entered<'h>> {
    let Some(enter) = index.name("__aenter__") else { return Vec::new() };
    let Some(exit) = index.name("__aexit__") else { return Vec::new() };
    let method_of = |held: &Held| {
        let scope = facts.code_scope(facts.expr(held.acquisition.call).scope);
        let class = index.method_class.get(&scope)?;
        let is_plain = facts.scope(scope).name == enter && index.binds(*class, exit) && !is_tried(facts, held);
        is_plain.then_some(scope)
    };
    let mut found: Vec<Entered<'h>> = Vec::new();
    for (i, first) in held.iter().enumerate() {
        let Holder::Attribute { name: attribute, .. } = first.holder else { continue };
        let Some(method) = method_of(first).filter(|_| first.acquisition.owned.needs == Needs::Made) else { continue };
        let is_awaited = |held: &&Held| matches!(facts.expr(held.acquisition.value).kind, ExprKind::Await(_));
        let is_other = |held: &&Held| held.acquisition.call != first.acquisition.call;
        let mut later = held[i + 1..].iter().filter(is_awaited).filter(is_other);
        if let Some(then) = later.find(|held| method_of(held) == Some(method)) {
            found.push(Entered { first, attribute, then });
        }
    }
    found
}

/// Whether a `try` stands around it, or it is made under a condition.
fn is_tried(facts: &FileFacts, held: &Held) -> bool {
    let mut above = std::iter::successors(facts.stmt_of(held.acquisition.call), |&stmt| facts.stmt(stmt).parent);
    above.any(|stmt| {
        matches!(
            facts.stmt(stmt).kind,
            StmtKind::Try { .. } | StmtKind::If { .. } | StmtKind::With { .. } | StmtKind::Match { .. }
        )
    })
}
