//! The refactoring "make these functions async": `async def`, and `await` at every call, across files.

use crate::analysis::Analysis;
use crate::finding::{Confidence, Edit};
use crate::fixes::{Source, tidy};
use crate::graph::SiteRef;
use crate::infer::Infer;
use crate::program::Origin;
use crate::sites::Happens;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

/// More than this many places is a change to plan, not a quick fix.
const MAX_EDITS: usize = 40;

/// The edits that make `functions` async, await them at every call, and apply `extra` inside them. None where a caller
/// cannot await, something else refers to a function, or a base or decorator expects it as it is.
pub(super) fn edits(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    functions: &[Def],
    extra: Vec<Edit>,
) -> Option<Vec<Edit>> {
    let mut edits = extra;
    let mut calls = Vec::new();
    for &def in functions {
        if !may_change(analysis, infer, def) {
            return None;
        }
        let source = Source::of(&analysis.world, def.file);
        let at = analysis.world.scope(def).header_span.start;
        edits.push(source.edit(Span::new(at, at), "async "));
        for &caller in analysis.graph.callers.get(&def).map_or(&[][..], Vec::as_slice) {
            edits.extend(await_at(analysis, functions, caller)?);
            calls.push((caller.file, analysis.graph.site(caller).expr));
        }
        if edits.len() > MAX_EDITS {
            return None;
        }
    }
    let all_known = functions.iter().all(|&def| only_called(analysis, infer, def, &calls));
    if all_known { tidy(edits) } else { None }
}

fn may_change(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> bool {
    let world = &analysis.world;
    let scope = world.scope(def);
    let name = world.name(def);
    let plain = world.program.file(def.file).origin == Origin::Project
        && scope.kind == (ScopeKind::Function { is_async: false })
        && !scope.has_yield
        && !scope.broken
        && !(name.starts_with("__") && name.ends_with("__"))
        && infer.definition(def) == Ty::Function(def, None)
        && *infer.traits(def) == Default::default()
        && analysis.graph.roots.get(&def).is_none_or(Vec::is_empty);
    let Some(class) = world.class_of(def) else { return plain };
    let mro = infer.mro(class);
    let overrides = mro.classes[1..].iter().any(|c| defines(analysis, *c, name));
    let below = analysis.whole.below(class).iter().any(|c| defines(analysis, *c, name));
    plain && !overrides && !below && !mro.unknown && mro.externals.is_empty()
}

fn defines(analysis: &Analysis, class: Def, name: &str) -> bool {
    let index = analysis.world.index_of(class.file);
    index.name(name).is_some_and(|id| index.binds(class.scope, id))
}

/// The edits that await a call; none where `await` may not stand even when `functions` are async.
fn await_at(analysis: &Analysis, functions: &[Def], caller: SiteRef) -> Option<Vec<Edit>> {
    let site = analysis.graph.site(caller);
    let source = Source::of(&analysis.world, caller.file);
    let is_call = matches!(source.facts.expr(site.expr).kind, ExprKind::Call { .. });
    let sure = site.confidence == Confidence::Certain && matches!(site.happens, Happens::Runs(_));
    let becomes = functions.contains(&analysis.graph.owner(caller)) && in_own_code(source.facts, site.expr, site.owner);
    (is_call && sure && (becomes || source.await_is_legal(site.expr))).then(|| source.insert_await(site.expr))
}

/// Whether an expression stands in the function's own code, or in a comprehension of it where `await` is legal.
fn in_own_code(facts: &FileFacts, expr: ExprId, owner: ScopeId) -> bool {
    let mut scope = facts.expr(expr).scope;
    while scope != owner {
        let s = facts.scope(scope);
        let generator = s.expr.is_some_and(|e| {
            matches!(facts.expr(e).kind, ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. })
        });
        match (s.kind, s.parent) {
            (ScopeKind::Comprehension { .. }, Some(parent)) if !generator => scope = parent,
            _ => return false,
        }
    }
    true
}

/// Whether every mention of a function is the callee of one of the calls.
fn only_called(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    def: Def,
    calls: &[(crate::finding::FileId, ExprId)],
) -> bool {
    let world = &analysis.world;
    let name = world.name(def);
    world.program.ids().all(|file| {
        let facts = world.facts(file);
        let Some(id) = world.index_of(file).name(name) else { return true };
        facts.exprs().all(|(expr, e)| {
            let mentions = match e.kind {
                ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => n == id,
                _ => false,
            };
            if !mentions {
                return true;
            }
            if let Parent::Expr(parent) = e.parent
                && let ExprKind::Call { func, .. } = facts.expr(parent).kind
                && func == expr
                && calls.contains(&(file, parent))
            {
                return true;
            }
            match infer.expr(file, expr) {
                Ty::Unknown => matches!(e.kind, ExprKind::Name(_)),
                ty => !ty.parts().iter().any(|p| matches!(p, Ty::Function(d, _) if *d == def) || *p == Ty::Unknown),
            }
        })
    })
}
