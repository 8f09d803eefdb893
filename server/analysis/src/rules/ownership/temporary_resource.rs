//! `temporary-resource`: something that must be closed is made, used and dropped in one expression.

use super::{CheckedFile, mend, nameless};
use crate::analysis::RawFinding;
use crate::finding::Finding;
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::resource::Needs;
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
    if !needs_it || closes || ends(method) || method.starts_with("__") || !is_over(facts, attribute) {
        return None;
    }
    let scope = facts.code_scope(facts.expr(attribute).scope);
    let confidence = checked.where_it_matters(scope, owned.confidence);
    let message = format!("{} is never closed: nobody has it after {method}()", nameless(owned));
    let mut finding = checked.finding(RULE, confidence, held.acquisition.call, message)?;
    finding.chain.extend(checked.origin_steps(owned));
    finding.fixes.extend(mend::name_it(checked, &held.acquisition));
    Some(finding)
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
