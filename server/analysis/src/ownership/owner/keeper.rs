//! Which attribute of an instance keeps what a method makes.

use crate::index::FileIndex;
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use asyncwise_syntax::facts::*;

/// Methods of containers that take something in.
const TAKING: &[&str] = &["append", "add", "appendleft", "setdefault", "insert", "put_nowait"];

/// An attribute that keeps something.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Keeper {
    /// The class in whose method or body it is kept.
    pub(super) class: ScopeId,
    /// The attribute.
    pub(super) name: NameId,
    /// It keeps a container, which has it.
    pub(super) is_element: bool,
}

/// The attribute that keeps what was made, if it is the only one who has it.
pub(super) fn keeper(facts: &FileFacts, index: &FileIndex, held: &Held) -> Option<Keeper> {
    match (&held.holder, &held.life) {
        (Holder::Attribute { class, name }, _) => Some(Keeper { class: *class, name: *name, is_element: false }),
        // A function that closes it, on some way or in one inside of it, knows best.
        (Holder::Variable { .. }, Some(life)) if life.closed.is_empty() && !life.captured => {
            let mut keepers = life.handed_on.iter().map(|&mention| stored(facts, index, mention, None));
            let first = keepers.next()??;
            keepers.all(|keeper| keeper == Some(first)).then_some(first)
        }
        (Holder::Other, _) => stored(facts, index, held.acquisition.value, held.acquisition.part),
        _ => None,
    }
}

/// The attribute that a value is stored in: itself, or the container that it is put into.
fn stored(facts: &FileFacts, index: &FileIndex, value: ExprId, part: Option<u32>) -> Option<Keeper> {
    let (mut at, mut part, mut is_element) = (value, part, false);
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => match &facts.expr(parent).kind {
                ExprKind::IfExp { test, .. } if *test != at => {}
                ExprKind::BoolOp { .. } => {}
                ExprKind::Named { value, .. } if *value == at => {}
                ExprKind::List(_) | ExprKind::Set(_) | ExprKind::Dict(_) => is_element = true,
                ExprKind::Tuple(items) => {
                    part = Some(facts.list(*items).iter().position(|&item| item == at)? as u32);
                }
                ExprKind::Call { func, .. } if *func != at && part.is_none() => {
                    return taken_by(facts, index, *func);
                }
                _ => return None,
            },
            Parent::Scope(scope) => {
                if !matches!(facts.scope(scope).kind, ScopeKind::Comprehension { .. }) {
                    return None;
                }
                is_element = true;
                at = facts.scope(scope).expr.filter(|_| facts.list(facts.scope(scope).body_exprs).contains(&at))?;
                continue;
            }
            Parent::Stmt(stmt) => {
                return match &facts.stmt(stmt).kind {
                    StmtKind::Assign { targets, .. } => {
                        let targets = facts.list(*targets).iter();
                        let mut found = targets.filter_map(|&t| target(facts, index, t, part, is_element));
                        let first = found.next();
                        // Two attributes have it, and either may close it.
                        first.filter(|_| found.next().is_none())
                    }
                    StmtKind::AnnAssign { target: t, .. } => target(facts, index, *t, part, is_element),
                    _ => None,
                };
            }
        }
        let Parent::Expr(parent) = facts.expr(at).parent else { return None };
        at = parent;
    }
}

fn target(facts: &FileFacts, index: &FileIndex, to: ExprId, part: Option<u32>, is_element: bool) -> Option<Keeper> {
    match (&facts.expr(to).kind, part) {
        (ExprKind::Attribute { .. }, part) => {
            let keeper = attribute(facts, index, to)?;
            Some(Keeper { is_element: is_element || part.is_some(), ..keeper })
        }
        (ExprKind::Subscript { value, .. }, None) => {
            Some(Keeper { is_element: true, ..attribute(facts, index, *value)? })
        }
        (ExprKind::Tuple(items) | ExprKind::List(items), Some(part)) => {
            let items = facts.list(*items);
            let is_plain = items.iter().all(|&item| !matches!(facts.expr(item).kind, ExprKind::Starred(_)));
            target(facts, index, *items.get(part as usize).filter(|_| is_plain)?, None, is_element)
        }
        _ => None,
    }
}

/// The container that takes in what this is called with: `self.clients.append`.
fn taken_by(facts: &FileFacts, index: &FileIndex, func: ExprId) -> Option<Keeper> {
    let ExprKind::Attribute { value, attr } = facts.expr(func).kind else { return None };
    let keeper = attribute(facts, index, value).filter(|_| TAKING.contains(&facts.name(attr)))?;
    Some(Keeper { is_element: true, ..keeper })
}

/// An attribute of the instance whose method this stands in.
fn attribute(facts: &FileFacts, index: &FileIndex, expr: ExprId) -> Option<Keeper> {
    let ExprKind::Attribute { value, attr } = facts.expr(expr).kind else { return None };
    let ExprKind::Name(receiver) = facts.expr(value).kind else { return None };
    let class = index.self_class(facts, facts.code_scope(facts.expr(expr).scope), receiver)?;
    Some(Keeper { class, name: attr, is_element: false })
}
