//! `temporary-resource`: something that must be closed is made, used and dropped in one expression.

use super::{CheckedFile, mend, nameless};
use crate::analysis::RawFinding;
use crate::finding::Finding;
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::resource::Needs;
use crate::ownership::summary::mentions;
use crate::ownership::uses::ends;
use asyncwise_syntax::facts::*;

const RULE: &str = "temporary-resource";

/// The findings in one file.
pub(in crate::rules) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let held = checked.held();
    held.iter().filter_map(|held| finding(checked, held)).map(|finding| (None, finding)).collect()
}

fn finding(checked: &CheckedFile<'_>, held: &Held) -> Option<Finding> {
    let Holder::Temporary { attribute } = held.holder else { return None };
    let facts = checked.facts;
    let owned = &held.acquisition.owned;
    let ExprKind::Attribute { attr, .. } = facts.expr(attribute).kind else { return None };
    let method = facts.name(attr);
    let needs_it = match &owned.needs {
        Needs::Made => true,
        Needs::After(methods) => methods.iter().any(|m| m == method),
        Needs::Iterated => false,
    };
    let closes = owned.closes.methods.iter().any(|m| m == method);
    let is_kept_method = is_kept_method(facts, attribute);
    if !needs_it || closes || ends(method) || method.starts_with("__") || !is_kept_method && !is_over(facts, attribute)
    {
        return None;
    }
    let scope = facts.code_scope(facts.expr(attribute).scope);
    let confidence = checked.where_it_matters(scope, owned.confidence);
    let reason = if is_kept_method {
        format!("only its method {method}() is kept")
    } else {
        format!("nobody has it after {method}()")
    };
    let message = format!("{} is never closed: {reason}", nameless(owned));
    let mut finding = checked.finding(RULE, confidence, held.acquisition.call, message)?;
    finding.chain.extend(checked.origin_steps(owned));
    if !is_kept_method {
        finding.fixes.extend(mend::name_it(checked, &held.acquisition));
    }
    Some(finding)
}

/// Whether a variable of the function is given a method of the value, `get = X().get`, and does nothing but call it.
fn is_kept_method(facts: &FileFacts, attribute: ExprId) -> bool {
    let Parent::Stmt(stmt) = facts.expr(attribute).parent else { return false };
    let StmtKind::Assign { targets, value } = facts.stmt(stmt).kind else { return false };
    let [target] = *facts.list(targets) else { return false };
    let ExprKind::Name(name) = facts.expr(target).kind else { return false };
    let scope = facts.code_scope(facts.expr(target).scope);
    if value != attribute || !matches!(facts.scope(scope).kind, ScopeKind::Function { .. }) {
        return false;
    }
    let mentions = mentions(facts, scope, name);
    let is_awaited = |mention: ExprId| {
        let Parent::Expr(call) = facts.expr(mention).parent else { return false };
        let is_call = matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == mention);
        is_call
            && matches!(facts.expr(call).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)))
    };
    mentions.len() > 1 && mentions.into_iter().all(|mention| mention == target || is_awaited(mention))
}

/// Whether a method of the value is called and its result waited for, entered or iterated, so that nobody has the value
/// afterwards. What a method returns at once may hold it.
fn is_over(facts: &FileFacts, attribute: ExprId) -> bool {
    let mut at = attribute;
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::Attribute { .. } => at = parent,
                ExprKind::Call { func, .. } if func == at => at = parent,
                ExprKind::Await(_) => return true,
                _ => return false,
            },
            Parent::Stmt(stmt) => {
                let is_call = matches!(facts.expr(at).kind, ExprKind::Call { .. });
                return match facts.stmt(stmt).kind {
                    StmtKind::With { is_async, .. } | StmtKind::For { is_async, .. } => is_async && is_call,
                    _ => false,
                };
            }
            Parent::Scope(_) => return false,
        }
    }
}
