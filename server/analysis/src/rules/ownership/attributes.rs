//! What an attribute loses while it is open: it is replaced (`unclosed-resource`), or `__aenter__` fails after it was made
//! (`close-skipped-on-error`).

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{Confidence, Finding};
use crate::ownership::entering::{Entered, entered};
use crate::ownership::replaced::{Because, Replaced, replaced};
use crate::ownership::resource::Owned;
use asyncwise_syntax::facts::*;

/// What is given another value while it may be open.
pub(super) fn unclosed(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let held = checked.held();
    let all = replaced(checked.facts, checked.index, &held);
    all.iter().filter_map(|replaced| of_replaced(checked, replaced)).map(|finding| (None, finding)).collect()
}

/// What stays open when `__aenter__` fails.
pub(super) fn skipped(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let held = checked.held();
    let all = entered(checked.facts, checked.index, &held);
    all.iter().filter_map(|entered| of_entered(checked, entered)).map(|finding| (None, finding)).collect()
}

fn of_replaced(checked: &CheckedFile<'_>, replaced: &Replaced<'_>) -> Option<Finding> {
    let facts = checked.facts;
    let acquisition = &replaced.held.acquisition;
    let method = facts.name(facts.scope(replaced.method).name);
    let what = described(facts, replaced.attribute, &acquisition.owned);
    let message = format!("{what} may still be open when {method}() replaces it: nothing closes the old one");
    let mut finding = checked.finding("unclosed-resource", Confidence::Possible, acquisition.call, message)?;
    finding.chain.push(match replaced.because {
        Because::MadeBefore(call) => checked.step_at(call, "the old one may be from here"),
        Because::InUse(call) => checked.step_at(call, "called here after an error, without a close"),
    });
    Some(finding)
}

fn of_entered(checked: &CheckedFile<'_>, entered: &Entered<'_>) -> Option<Finding> {
    let facts = checked.facts;
    let Entered { first, attribute, then, makes_another } = entered;
    let acquisition = &first.acquisition;
    let what = described(facts, *attribute, &acquisition.owned);
    let ExprKind::Call { func, .. } = facts.expr(*then).kind else { return None };
    let call = checked.analysis.call_text(checked.file, func);
    let message = format!("{what} stays open if {call}() raises: `__aexit__` does not run when `__aenter__` fails");
    let is_connected = matches!(facts.expr(acquisition.value).kind, ExprKind::Await(_));
    let likely = if is_connected && *makes_another { Confidence::Likely } else { Confidence::Possible };
    let scope = facts.code_scope(facts.expr(acquisition.call).scope);
    let confidence = checked.where_it_matters(scope, likely.min(acquisition.owned.confidence));
    let mut finding = checked.finding("close-skipped-on-error", confidence, acquisition.call, message)?;
    finding.chain.push(checked.step_at(*then, "may raise"));
    Some(finding)
}

/// The attribute and what is in it.
fn described(facts: &FileFacts, attribute: NameId, owned: &Owned) -> String {
    super::named(format_args!("self.{}", facts.name(attribute)), owned)
}
