//! What a function does with the elements of a list of resources that it makes.

use super::summary;
use super::uses::{Use, Uses, last_name};
use asyncwise_syntax::facts::*;

/// Whether nobody closes the elements of a list that a variable holds, and nobody else has them: the list is only gone through, and
/// each element only used.
pub(super) fn stay_open(uses: &mut Uses<'_, '_>, name: NameId) -> bool {
    let facts = uses.infer.world.facts(uses.file);
    let is_bound_once = facts.bindings_of(uses.scope).iter().filter(|b| b.name == name).count() == 1;
    if !is_bound_once || !summary::is_local(facts, uses.scope, name) {
        return false;
    }
    let mentions = uses.fates.mentions(facts, uses.file, uses.scope, name);
    mentions.into_iter().all(|mention| stays_open_at(uses, mention))
}

fn stays_open_at(uses: &mut Uses<'_, '_>, mention: ExprId) -> bool {
    let facts = uses.infer.world.facts(uses.file);
    match facts.expr(mention).parent {
        _ if facts.code_scope(facts.expr(mention).scope) != uses.scope => false,
        Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
            StmtKind::For { target, iter, .. } if iter == mention => element(uses, uses.scope, target),
            _ => matches!(uses.of(mention), Use::Rebound | Use::Looked),
        },
        Parent::Scope(scope) => {
            let generators = &facts.generators[facts.scope(scope).generators.range()];
            match generators.iter().find(|generator| generator.iter == mention) {
                Some(generator) => is_waited_for(facts, scope) && element(uses, scope, generator.target),
                None => false,
            }
        }
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Subscript { value, .. } if value == mention => {
                is_awaited(facts, parent) && uses.of(mention) == Use::Used
            }
            _ => uses.of(mention) == Use::Looked,
        },
    }
}

/// Whether a variable that is given each element only uses it.
fn element(uses: &mut Uses<'_, '_>, scope: ScopeId, target: ExprId) -> bool {
    let facts = uses.infer.world.facts(uses.file);
    let ExprKind::Name(name) = facts.expr(target).kind else { return false };
    let mentions = uses.fates.mentions(facts, uses.file, scope, name);
    let others = mentions.into_iter().filter(|&mention| mention != target);
    others.into_iter().all(|mention| match uses.of(mention) {
        Use::Looked | Use::Rebound => true,
        Use::Used => scope == uses.scope || is_awaited(facts, mention) || is_called(facts, mention),
        _ => false,
    })
}

/// Whether what a comprehension gives holds none of the elements: each was awaited, or all are in `gather(*...)`.
fn is_waited_for(facts: &FileFacts, scope: ScopeId) -> bool {
    let s = facts.scope(scope);
    let bodies = facts.list(s.body_exprs);
    let awaits = |&body: &ExprId| {
        let mut at = body;
        loop {
            at = match facts.expr(at).kind {
                ExprKind::Await(_) => return true,
                ExprKind::Attribute { value, .. } | ExprKind::Subscript { value, .. } => value,
                ExprKind::Call { func, .. } => func,
                _ => return false,
            };
        }
    };
    bodies.iter().all(awaits) || s.expr.is_some_and(|all| is_gathered(facts, all))
}

fn is_gathered(facts: &FileFacts, all: ExprId) -> bool {
    let mut at = all;
    for _ in 0..2 {
        let Parent::Expr(parent) = facts.expr(at).parent else { return false };
        match facts.expr(parent).kind {
            ExprKind::Starred(_) => at = parent,
            ExprKind::Call { func, .. } if func != at && last_name(facts, func) == "gather" => {
                return matches!(facts.expr(parent).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)));
            }
            _ => return false,
        }
    }
    false
}

/// Whether a method is called on a value.
fn is_called(facts: &FileFacts, at: ExprId) -> bool {
    let Parent::Expr(attribute) = facts.expr(at).parent else { return false };
    let ExprKind::Attribute { .. } = facts.expr(attribute).kind else { return false };
    let Parent::Expr(call) = facts.expr(attribute).parent else { return false };
    matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == attribute)
}

/// Whether a method of a value is awaited.
fn is_awaited(facts: &FileFacts, mut at: ExprId) -> bool {
    loop {
        let Parent::Expr(parent) = facts.expr(at).parent else { return false };
        match facts.expr(parent).kind {
            ExprKind::Attribute { .. } => at = parent,
            ExprKind::Call { func, .. } if func == at => at = parent,
            ExprKind::Await(_) => return true,
            _ => return false,
        }
    }
}
