//! Who has a value right after it was made.

use super::resource::Acquisition;
use crate::finding::Confidence;
use crate::index::FileIndex;
use asyncwise_syntax::facts::*;

/// Who has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Holder {
    /// A variable of the function.
    Variable {
        /// The function.
        scope: ScopeId,
        /// The variable.
        name: NameId,
        /// Where it is given the value.
        target: ExprId,
    },
    /// A list that a variable of the function holds.
    Elements {
        /// The function.
        scope: ScopeId,
        /// The variable.
        name: NameId,
    },
    /// A variable of the module or of a class body.
    Module {
        /// The variable.
        name: NameId,
    },
    /// An attribute of the instance whose method makes it.
    Attribute {
        /// The class.
        class: ScopeId,
        /// The attribute.
        name: NameId,
    },
    /// Nobody: an attribute of it is read in the same expression, and that is all.
    Temporary {
        /// That attribute.
        attribute: ExprId,
    },
    /// Nobody: it is dropped at once.
    Dropped,
    /// The block of a `with`.
    Block,
    /// Somebody else: a container, a callee, the caller.
    Other,
}

/// Who has what an acquisition made.
pub(crate) fn holder(facts: &FileFacts, index: &FileIndex, acquisition: &Acquisition) -> Holder {
    if acquisition.is_list {
        return list_holder(facts, index, acquisition.value);
    }
    let mut at = acquisition.value;
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::Tuple(items) if acquisition.part.is_none() => {
                    let same = unpacked(facts, parent, facts.list(items), at);
                    return same.map_or(Holder::Other, |target| target_of(facts, index, target));
                }
                ExprKind::IfExp { test, .. } if test != at => at = parent,
                ExprKind::BoolOp { .. } => at = parent,
                ExprKind::Named { target, .. } => return target_of(facts, index, target),
                ExprKind::Attribute { .. } if acquisition.part.is_none() => {
                    return Holder::Temporary { attribute: parent };
                }
                _ => return Holder::Other,
            },
            Parent::Stmt(stmt) => return in_statement(facts, index, acquisition, at, stmt),
            Parent::Scope(_) => return Holder::Other,
        }
    }
}

/// The target that is given an element of a tuple: `a, b = X(), Y()`.
fn unpacked(facts: &FileFacts, tuple: ExprId, items: &[ExprId], element: ExprId) -> Option<ExprId> {
    let Parent::Stmt(stmt) = facts.expr(tuple).parent else { return None };
    let StmtKind::Assign { targets, value } = facts.stmt(stmt).kind else { return None };
    let [target] = *facts.list(targets) else { return None };
    let ExprKind::Tuple(parts) = facts.expr(target).kind else { return None };
    let parts = facts.list(parts);
    let is_plain = |&&expr: &&ExprId| !matches!(facts.expr(expr).kind, ExprKind::Starred(_));
    let fits = parts.len() == items.len() && parts.iter().chain(items).all(|expr| is_plain(&expr));
    let at = items.iter().position(|&item| item == element)?;
    (fits && value == tuple).then(|| parts[at])
}

/// Who has the list that a comprehension, or `await asyncio.gather(...)`, gives.
fn list_holder(facts: &FileFacts, index: &FileIndex, value: ExprId) -> Holder {
    let list = match facts.expr(value).parent {
        Parent::Scope(scope) => facts.scope(scope).expr,
        _ => Some(value),
    };
    let Some(Parent::Stmt(stmt)) = list.map(|list| facts.expr(list).parent) else { return Holder::Other };
    let target = match facts.stmt(stmt).kind {
        StmtKind::Assign { targets, .. } => match *facts.list(targets) {
            [target] => target,
            _ => return Holder::Other,
        },
        StmtKind::AnnAssign { target, .. } => target,
        _ => return Holder::Other,
    };
    match target_of(facts, index, target) {
        Holder::Variable { scope, name, .. } => Holder::Elements { scope, name },
        _ => Holder::Other,
    }
}

fn in_statement(facts: &FileFacts, index: &FileIndex, acquisition: &Acquisition, at: ExprId, stmt: StmtId) -> Holder {
    match &facts.stmt(stmt).kind {
        StmtKind::Assign { targets, .. } => {
            let [target] = *facts.list(*targets) else { return Holder::Other };
            match (acquisition.part, &facts.expr(target).kind) {
                (None, _) => target_of(facts, index, target),
                (Some(part), ExprKind::Tuple(parts) | ExprKind::List(parts)) => {
                    let parts = facts.list(*parts);
                    let is_plain = parts.iter().all(|&p| !matches!(facts.expr(p).kind, ExprKind::Starred(_)));
                    match parts.get(part as usize).filter(|_| is_plain) {
                        Some(&target) if !is_left_to_other(facts, acquisition, target, parts) => {
                            target_of(facts, index, target)
                        }
                        _ => Holder::Other,
                    }
                }
                (Some(_), _) => Holder::Other,
            }
        }
        StmtKind::AnnAssign { target, .. } => target_of(facts, index, *target),
        StmtKind::Expr(value) if *value == at => Holder::Dropped,
        StmtKind::With { .. } => Holder::Block,
        _ => Holder::Other,
    }
}

/// Whether the code keeps the other half of a pair only, which has this one and mostly closes it: `_, protocol = ...`.
fn is_left_to_other(facts: &FileFacts, acquisition: &Acquisition, target: ExprId, parts: &[ExprId]) -> bool {
    let is_ignored = |part: ExprId| match facts.expr(part).kind {
        ExprKind::Name(name) => facts.name(name).starts_with('_'),
        _ => false,
    };
    let is_lenient = acquisition.owned.confidence < Confidence::Likely;
    is_lenient && is_ignored(target) && parts.iter().any(|&part| !is_ignored(part))
}

fn target_of(facts: &FileFacts, index: &FileIndex, target: ExprId) -> Holder {
    let scope = facts.code_scope(facts.expr(target).scope);
    match facts.expr(target).kind {
        ExprKind::Name(name) => {
            let s = facts.scope(scope);
            let declared = |run: Run| facts.name_lists[run.range()].contains(&name);
            match s.kind {
                ScopeKind::Module => Holder::Module { name },
                _ if declared(s.globals) => Holder::Module { name },
                ScopeKind::Class => Holder::Other,
                _ if declared(s.nonlocals) => Holder::Other,
                _ => Holder::Variable { scope, name, target },
            }
        }
        ExprKind::Attribute { value, attr } => match facts.expr(value).kind {
            ExprKind::Name(receiver) => match index.self_class(facts, scope, receiver) {
                Some(class) => Holder::Attribute { class, name: attr },
                None => Holder::Other,
            },
            _ => Holder::Other,
        },
        _ => Holder::Other,
    }
}
