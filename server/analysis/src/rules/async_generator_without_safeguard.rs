//! `async-generator-without-safeguard`: an async generator that nothing closes unless whoever iterates over it does.

use super::CheckedFile;
use super::unclosed_async_generator::is_closed_by_its_runner;
use crate::analysis::RawFinding;
use crate::finding::{Confidence, Finding};
use crate::ownership::generator::Generators;
use crate::types::Def;
use asyncwise_syntax::facts::*;

const RULE: &str = "async-generator-without-safeguard";

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    let is_generator = |s: &Scope| s.kind == ScopeKind::Function { is_async: true } && s.has_yield;
    let scopes: Vec<ScopeId> = facts.scopes().filter(|(_, s)| is_generator(s)).map(|(id, _)| id).collect();
    let mut generators = Generators::new(&checked.analysis.world, &checked.analysis.whole);
    scopes.into_iter().filter_map(|scope| finding(checked, &mut generators, scope)).map(|found| (None, found)).collect()
}

fn finding<'a>(checked: &mut CheckedFile<'a>, generators: &mut Generators<'a>, scope: ScopeId) -> Option<Finding> {
    let facts = checked.facts;
    let def = Def { file: checked.file, scope };
    if is_closed_by_its_runner(checked, def) {
        return None;
    }
    let (at, _) = facts.exprs().find(|(_, e)| matches!(e.kind, ExprKind::Yield(_)) && e.scope == scope)?;
    let name = facts.name(facts.scope(scope).name);
    let (confidence, message) = match generators.clean_up(&mut checked.infer, def) {
        Some(_) => (
            Confidence::Likely,
            format!(
                "{name}() has clean-up to run, and runs it in another task unless whoever iterates over it closes it"
            ),
        ),
        None => (Confidence::Possible, format!("nothing closes {name}() when whoever iterates over it stops early")),
    };
    let mut finding = checked.finding(RULE, confidence, at, message)?;
    finding.place.span = facts.scope(scope).name_span;
    Some(finding)
}
