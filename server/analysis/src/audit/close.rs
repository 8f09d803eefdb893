//! Whether a close of a value is seen, by simple means: nothing is followed beyond the function, class or module that holds
//! the value.

use super::Scene;
use crate::finding::Place;
use crate::sites::run_scope;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// What becomes of a value that must be closed, as far as can be seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Closing {
    /// No close is seen. It may happen elsewhere.
    NotSeen,
    /// It is given to the caller, which may close it.
    HandedToCaller,
    /// It is given to what is called, which may close it.
    HandedOn,
    /// It is closed in places that may, or may not, be passed by.
    Closed(Place),
    /// A `with` block closes it.
    Block(Place),
}

/// Who holds a value after it was made.
pub(super) enum Holder {
    /// An attribute of the instances of a class.
    Attribute(Def, NameId),
    /// A variable of a function or module.
    Variable(Def, NameId),
    /// Nobody by name.
    Nobody,
}

/// Who holds what a call makes, and what can be said of its end at once.
pub(super) fn holder(scene: &Scene<'_>, def: Def, call: ExprId) -> (Holder, Option<Closing>) {
    let facts = scene.analysis.world.facts(def.file);
    let place = Place { file: def.file, span: facts.expr(call).span };
    let mut at = call;
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::Await(_) | ExprKind::IfExp { .. } | ExprKind::BoolOp { .. } | ExprKind::Named { .. } => {
                    at = parent;
                }
                ExprKind::Call { func, .. } if func != at => {
                    let closing = if closes(facts, func) { Closing::Block(place) } else { Closing::HandedOn };
                    return (Holder::Nobody, Some(closing));
                }
                _ => return (Holder::Nobody, Some(Closing::HandedOn)),
            },
            Parent::Stmt(stmt) => return held_by(scene, def, stmt, place),
            Parent::Scope(_) => return (Holder::Nobody, Some(Closing::HandedOn)),
        }
    }
}

/// Whether a callee closes what it is given.
fn closes(facts: &FileFacts, func: ExprId) -> bool {
    const CLOSING: &[&str] =
        &["enter_async_context", "enter_context", "push_async_exit", "push", "aclosing", "closing"];
    let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else { return false };
    CLOSING.contains(&facts.name(name))
}

fn held_by(scene: &Scene<'_>, def: Def, stmt: StmtId, place: Place) -> (Holder, Option<Closing>) {
    let facts = scene.analysis.world.facts(def.file);
    let target = match facts.stmt(stmt).kind {
        StmtKind::With { .. } => return (Holder::Nobody, Some(Closing::Block(place))),
        StmtKind::Return(_) => return (Holder::Nobody, Some(Closing::HandedToCaller)),
        StmtKind::Assign { targets, .. } => facts.list(targets).first().copied(),
        StmtKind::AnnAssign { target, .. } => Some(target),
        _ => None,
    };
    let Some(target) = target else { return (Holder::Nobody, None) };
    match facts.expr(target).kind {
        ExprKind::Name(name) => {
            let scope = run_scope(facts, facts.expr(target).scope);
            let is_global = facts.name_lists[facts.scope(scope).globals.range()].contains(&name);
            let scope = if is_global { ScopeId::MODULE } else { scope };
            (Holder::Variable(Def { file: def.file, scope }, name), None)
        }
        ExprKind::Attribute { value, attr } => match facts.expr(value).kind {
            ExprKind::Name(receiver) => {
                let index = scene.analysis.world.index_of(def.file);
                match index.self_class(facts, def.scope, receiver) {
                    Some(class) => (Holder::Attribute(Def { file: def.file, scope: class }, attr), None),
                    None => (Holder::Nobody, Some(Closing::HandedOn)),
                }
            }
            _ => (Holder::Nobody, Some(Closing::HandedOn)),
        },
        // Part of a tuple, an element of a list.
        _ => (Holder::Nobody, Some(Closing::HandedOn)),
    }
}

/// What becomes of what a holder holds: the first close that is seen in its code, else whether it is handed on.
pub(super) fn of_holder(scene: &Scene<'_>, holder: &Holder, closers: &[SmolStr]) -> Closing {
    let (within, name, is_attribute) = match *holder {
        Holder::Attribute(class, name) => (class, name, true),
        Holder::Variable(def, name) => (def, name, false),
        Holder::Nobody => return Closing::NotSeen,
    };
    let facts = scene.analysis.world.facts(within.file);
    let span = facts.scope(within.scope).span;
    let is_module = within.scope == ScopeId::MODULE;
    let mut handed = None;
    let uses = facts.exprs().filter(|(_, expr)| {
        let named = match expr.kind {
            ExprKind::Name(n) => !is_attribute && n == name,
            ExprKind::Attribute { attr, .. } => is_attribute && attr == name,
            _ => false,
        };
        named && (is_module || span.contains(expr.span))
    });
    for (id, expr) in uses {
        match end_at(facts, id, closers) {
            Some(Closing::Closed(_)) => return Closing::Closed(Place { file: within.file, span: expr.span }),
            Some(Closing::Block(_)) => return Closing::Block(Place { file: within.file, span: expr.span }),
            Some(other) if !is_attribute && !is_module => handed = handed.or(Some(other)),
            _ => {}
        }
    }
    handed.unwrap_or(Closing::NotSeen)
}

/// What one use of a held value does to it.
fn end_at(facts: &FileFacts, id: ExprId, closers: &[SmolStr]) -> Option<Closing> {
    let nowhere = Place { file: crate::finding::FileId(0), span: facts.expr(id).span };
    match facts.expr(id).parent {
        Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
            StmtKind::With { .. } => Some(Closing::Block(nowhere)),
            StmtKind::Return(_) => Some(Closing::HandedToCaller),
            _ => None,
        },
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => {
                // `session.close` of a closer with two parts is told by its first.
                let name = facts.name(attr);
                let is_closer = |closer: &SmolStr| closer.split('.').next() == Some(name);
                let closes = closers.iter().any(is_closer) || matches!(name, "__aexit__" | "__exit__");
                closes.then_some(Closing::Closed(nowhere))
            }
            ExprKind::Yield(_) => Some(Closing::HandedToCaller),
            ExprKind::Call { func, .. } if func != id && closes(facts, func) => Some(Closing::Closed(nowhere)),
            ExprKind::Call { func, .. } if func != id => Some(Closing::HandedOn),
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Dict(_) => Some(Closing::HandedOn),
            _ => None,
        },
        Parent::Scope(_) => None,
    }
}
