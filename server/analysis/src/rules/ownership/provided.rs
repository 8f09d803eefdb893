//! What `unclosed-resource` says of dependencies: a function that makes something for each request and returns it, where
//! nobody who is given it closes it.

use super::unclosed_resource::UNCLOSED;
use super::{CheckedFile, given_by};
use crate::finding::{ChainStep, Confidence, FileId, Finding, Place};
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::resource::{Needs, Owned};
use crate::ownership::summary::{Fate, of_parameter};
use crate::ownership::uses::Uses;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// What the file's dependencies return and nobody closes.
pub(super) fn unclosed(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let held = checked.held();
    held.iter().filter(|held| is_returned(checked.facts, held)).filter_map(|held| finding(checked, held)).collect()
}

/// Whether what is made goes to the caller, and nowhere else.
fn is_returned(facts: &FileFacts, held: &Held) -> bool {
    let returns = |at: ExprId| matches!(facts.expr(at).parent, Parent::Stmt(stmt) if matches!(facts.stmt(stmt).kind, StmtKind::Return(_)));
    match (&held.holder, &held.life) {
        (Holder::Other, _) => returns(held.acquisition.value) && held.acquisition.part.is_none(),
        (Holder::Variable { .. }, Some(life)) => {
            let is_own = life.closed.is_empty() && !life.captured && !life.handed_on.is_empty();
            is_own && life.handed_on.iter().all(|&at| returns(at))
        }
        _ => false,
    }
}

fn finding(checked: &mut CheckedFile<'_>, held: &Held) -> Option<Finding> {
    let (facts, analysis) = (checked.facts, checked.analysis);
    let owned = &held.acquisition.owned;
    let scope = facts.code_scope(facts.expr(held.acquisition.call).scope);
    let function = facts.scope(scope);
    // A cache keeps what it returned.
    if owned.needs != Needs::Made || function.has_yield || !function.decorators.0.is_empty() {
        return None;
    }
    let def = Def { file: checked.file, scope };
    let provided = analysis.handed_over().provided_by(&mut checked.infer, &analysis.graph, def);
    let mut consumers: Vec<(Def, NameId)> = Vec::new();
    for &(file, call) in &provided {
        consumers.extend(given_to(checked, file, call)?);
    }
    if consumers.is_empty() || !consumers.iter().all(|&(def, param)| borrows(checked, def, param, owned)) {
        return None;
    }
    let name = facts.name(function.name);
    let what = match given_by(owned) {
        Some(function) => format!("what {function}() gives"),
        None => format!("{} {}", article(&owned.what), owned.what),
    };
    let message = format!("{name}() makes {what} for each request, and nothing closes it");
    let confidence = checked.where_it_matters(scope, owned.confidence.min(Confidence::Likely));
    let mut finding = checked.finding(UNCLOSED, confidence, held.acquisition.call, message)?;
    let (file, call) = *provided.first()?;
    let place = Place { file, span: analysis.world.facts(file).expr(call).span };
    finding.chain.push(ChainStep { place, message: "given to the endpoint here".to_owned() });
    finding.chain.extend(checked.origin_steps(owned));
    Some(finding)
}

/// The parameters that are given what `Depends(...)` stands for; none where that cannot be told.
fn given_to(checked: &CheckedFile<'_>, file: FileId, call: ExprId) -> Option<Vec<(Def, NameId)>> {
    let world = &checked.analysis.world;
    let facts = world.facts(file);
    let mut at = call;
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => at = parent,
            Parent::Scope(scope) => {
                let params = facts.params_of(scope).iter();
                let is_it = |p: &&Param| p.default == Some(at) || p.annotation == Some(at);
                // In a decorator it is run, and what it gives is dropped.
                return Some(params.filter(is_it).map(|p| (Def { file, scope }, p.name)).collect());
            }
            // `Client = Annotated[AsyncClient, Depends(get_client)]`
            Parent::Stmt(stmt) => {
                let StmtKind::Assign { targets, .. } = facts.stmt(stmt).kind else { return None };
                let [target] = *facts.list(targets) else { return None };
                let ExprKind::Name(name) = facts.expr(target).kind else { return None };
                return Some(annotated(checked, facts.name(name)));
            }
        }
    }
}

/// The parameters anywhere with an annotation of this name.
fn annotated(checked: &CheckedFile<'_>, name: &str) -> Vec<(Def, NameId)> {
    let world = &checked.analysis.world;
    let mut found = Vec::new();
    for file in world.program.ids() {
        let (facts, index) = (world.facts(file), world.index_of(file));
        let Some(name) = index.name(name) else { continue };
        for (scope, _) in facts.scopes() {
            let is_it = |p: &&Param| {
                let named = p.annotation.map(|annotation| &facts.expr(annotation).kind);
                matches!(named, Some(ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. }) if *n == name)
            };
            found.extend(facts.params_of(scope).iter().filter(is_it).map(|p| (Def { file, scope }, p.name)));
        }
    }
    found
}

/// Whether a function only uses what a parameter is given while it runs.
fn borrows(checked: &mut CheckedFile<'_>, def: Def, param: NameId, owned: &Owned) -> bool {
    let (infer, fates) = (&mut checked.infer, &mut checked.graphs.fates);
    let mut uses = Uses { infer, fates, file: def.file, scope: def.scope, owned, yield_hands_on: true, depth: 0 };
    of_parameter(&mut uses, param) == Fate::Borrows
}

fn article(word: &str) -> &'static str {
    let last = word.rsplit('.').next().unwrap_or(word);
    if last.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" }
}
