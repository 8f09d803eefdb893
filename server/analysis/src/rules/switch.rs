//! Calls that switch off what the chain leads to: `f(wait=False)` where `f` waits only `if wait:`.

use crate::analysis::Analysis;
use crate::graph::SiteRef;
use crate::index::Slot;
use asyncwise_syntax::facts::*;

/// Whether a step of the chain stands in a branch on a parameter of its function, and the call that leads there passes (or
/// leaves at its default) a constant that does not take the branch.
pub(super) fn is_off(analysis: &Analysis<'_>, from: SiteRef, chain: &[SiteRef]) -> bool {
    let callers = std::iter::once(&from).chain(chain);
    callers.zip(chain).any(|(caller, site)| {
        conditions(analysis, *site)
            .into_iter()
            .any(|(parameter, wanted)| passed(analysis, *caller, *site, parameter) == Some(!wanted))
    })
}

/// The parameters that a site is branched on, each with the truth the branch needs.
fn conditions(analysis: &Analysis<'_>, site: SiteRef) -> Vec<(NameId, bool)> {
    let facts = analysis.world.facts(site.file);
    let index = analysis.world.index_of(site.file);
    let mut found = Vec::new();
    let mut at = facts.stmt_of(analysis.graph.site(site).expr);
    while let Some(stmt) = at {
        let parent = facts.stmt(stmt).parent;
        if let Some(p) = parent
            && index.slot(stmt) == Slot::Branch
            && let StmtKind::If { test, body, .. } = facts.stmt(p).kind
        {
            let holds = facts.block(body).contains(&stmt);
            match facts.expr(test).kind {
                ExprKind::Name(name) => found.push((name, holds)),
                ExprKind::Not(inner) => {
                    if let ExprKind::Name(name) = facts.expr(inner).kind {
                        found.push((name, !holds));
                    }
                }
                _ => {}
            }
        }
        at = parent;
    }
    // A name that the function binds again is not what the caller passed.
    let owner = analysis.graph.site(site).owner;
    found.retain(|(name, _)| index.bindings(facts, owner, *name).count() == 1);
    found
}

/// The constant truth that a call gives a parameter of the function it runs.
fn passed(analysis: &Analysis<'_>, caller: SiteRef, site: SiteRef, parameter: NameId) -> Option<bool> {
    let callee = analysis.graph.owner(site);
    let own = analysis.world.facts(callee.file);
    let params = own.params_of(callee.scope);
    let position = params.iter().position(|p| p.name == parameter)?;
    let facts = analysis.world.facts(caller.file);
    let ExprKind::Call { args, .. } = facts.expr(analysis.graph.site(caller).expr).kind else { return None };
    let args = facts.args(args);
    if args.iter().any(|a| a.star != Star::No) {
        return None;
    }
    let name = own.name(parameter);
    if let Some(arg) = args.iter().find(|a| a.name.is_some_and(|n| facts.name(n) == name)) {
        return truth(facts, arg.value);
    }
    let is_method = analysis.world.class_of(callee).is_some();
    let at = position.checked_sub(usize::from(is_method))?;
    match args.iter().filter(|a| a.name.is_none()).nth(at) {
        Some(arg) if !params[position].keyword_only => truth(facts, arg.value),
        _ => truth(own, params[position].default?),
    }
}

fn truth(facts: &FileFacts, value: ExprId) -> Option<bool> {
    match facts.expr(value).kind {
        ExprKind::Bool(b) => Some(b),
        ExprKind::None => Some(false),
        ExprKind::Int(i) => Some(i != 0),
        _ => None,
    }
}
