//! The refactoring "make these functions async": `async def`, and `await` at every call, across files.

use super::make_function_async::{Refusal, run_by};
use crate::analysis::Analysis;
use crate::finding::{Confidence, Edit, FileId, Place};
use crate::fixes::{Source, tidy};
use crate::graph::{Reason, SiteRef};
use crate::infer::{Infer, Traits};
use crate::program::Origin;
use crate::roots::is_test_module;
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
    let may_change = |def: &Def| {
        let alone = relatives(analysis, infer, *def).iter().all(|other| functions.contains(other));
        alone && obstacle(analysis, infer, *def).is_none()
    };
    if !functions.iter().all(may_change) {
        return None;
    }
    edits_of(analysis, infer, functions, extra).ok().filter(|edits| edits.len() <= MAX_EDITS)
}

/// The same for functions that may all change, however many edits it takes.
pub(super) fn edits_of(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    functions: &[Def],
    extra: Vec<Edit>,
) -> Result<Vec<Edit>, Refusal> {
    let mut edits = extra;
    let mut calls = Vec::new();
    for &def in functions {
        let source = Source::of(&analysis.world, def.file);
        let at = analysis.world.scope(def).header_span.start;
        edits.push(source.edit(Span::new(at, at), "async "));
        for &caller in analysis.graph.callers_of(def) {
            let Some(awaits) = await_at(analysis, infer, functions, caller) else {
                let message = format!("{} cannot be awaited for sure", analysis.site_text(caller));
                return Err(Refusal { place: Place { file: caller.file, span: analysis.span(caller) }, message });
            };
            edits.extend(awaits);
            calls.push((caller.file, analysis.graph.site(caller).expr));
        }
    }
    for &def in functions {
        if let Some(refusal) = other_mention(analysis, infer, def, &calls) {
            return Err(refusal);
        }
    }
    let place = Place { file: functions[0].file, span: analysis.world.scope(functions[0]).name_span };
    tidy(edits).ok_or_else(|| Refusal { place, message: "the changes would overlap".to_owned() })
}

/// What in the definition of a function, or in what runs it, forbids that it becomes async; in words.
pub(super) fn obstacle(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> Option<String> {
    let world = &analysis.world;
    let scope = world.scope(def);
    let name = world.name(def);
    let because = |why: &str| Some(format!("`{name}` {why}"));
    if scope.kind != (ScopeKind::Function { is_async: false }) {
        return because("is no plain function");
    }
    if world.program.file(def.file).origin != Origin::Project {
        return because("is not part of the project");
    }
    if scope.broken {
        return because("has a syntax error");
    }
    if scope.has_yield {
        return because("is a generator");
    }
    if name.starts_with("__") && name.ends_with("__") {
        return because("is called by Python itself, which does not await it");
    }
    if name.starts_with("test") && is_test_module(world.program.module_name(def.file)) {
        return because("is a test, which is run as it is");
    }
    if let Some(root) = analysis.graph.roots_of(def).first() {
        let why = match &root.reason {
            Reason::Framework(by) => run_by(by),
            Reason::Scheduled(at) => {
                format!("is handed over by {}, which runs plain functions", analysis.site_text(*at))
            }
            _ => "is run from outside, as it is".to_owned(),
        };
        return because(&why);
    }
    let traits = infer.traits(def);
    let plain = Traits { is_abstract: traits.is_abstract, ..Traits::default() };
    let decorators = scope.decorators.0.len as usize;
    if *traits != plain || decorators > usize::from(traits.is_abstract) {
        return because("has a decorator, which expects it as it is");
    }
    let class = world.class_of(def)?;
    let mro = infer.mro(class);
    if mro.unknown || !mro.externals.is_empty() {
        return because("may replace a method of a class outside the project");
    }
    if let Some(protocol) = protocol_with(analysis, class, name) {
        return because(&format!("may be what the protocol `{}` asks for", world.name(protocol)));
    }
    None
}

/// The methods of the program that replace a method in classes below, or that it replaces; itself left out. They can only
/// become async together.
pub(super) fn relatives(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> Vec<Def> {
    let world = &analysis.world;
    let Some(class) = world.class_of(def) else { return Vec::new() };
    let mut classes = infer.mro(class).classes[1..].to_vec();
    classes.extend(analysis.whole.below(class));
    let name = world.name(def);
    let mut found = Vec::new();
    for class in classes {
        let (facts, index) = (world.facts(class.file), world.index_of(class.file));
        let Some(id) = index.name(name) else { continue };
        // Something else under that name is no function that could become async: `obstacle` says so.
        found.extend(index.bindings(facts, class.scope, id).map(|binding| match binding.kind {
            BindingKind::Def(scope) => Def { file: class.file, scope },
            _ => class,
        }));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The edits that await a call; none where `await` may not stand even when `functions` are async.
fn await_at(analysis: &Analysis, infer: &mut Infer<'_>, functions: &[Def], caller: SiteRef) -> Option<Vec<Edit>> {
    let site = analysis.graph.site(caller);
    let source = Source::of(&analysis.world, caller.file);
    let ExprKind::Call { func, .. } = source.facts.expr(site.expr).kind else { return None };
    // Sure also where any of several functions may run, if all of them become async.
    let all_change =
        |callee: Ty| callee.parts().iter().all(|part| matches!(part, Ty::Function(def, _) if functions.contains(def)));
    let sure = site.confidence == Confidence::Certain || all_change(infer.expr(caller.file, func));
    let becomes = functions.contains(&analysis.graph.owner(caller)) && in_own_code(source.facts, site.expr, site.owner);
    (sure && (becomes || source.await_is_legal(site.expr))).then(|| source.insert_await(site.expr))
}

/// Whether an expression stands in the function's own code, or in a comprehension of it where `await` is legal.
pub(super) fn in_own_code(facts: &FileFacts, expr: ExprId, owner: ScopeId) -> bool {
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

/// A mention of a function that is not the callee of one of the calls, or may be one.
fn other_mention(analysis: &Analysis, infer: &mut Infer<'_>, def: Def, calls: &[(FileId, ExprId)]) -> Option<Refusal> {
    let world = &analysis.world;
    let name = world.name(def);
    for file in world.program.ids() {
        let facts = world.facts(file);
        let Some(id) = world.index_of(file).name(name) else { continue };
        let aliases: Vec<NameId> =
            facts.imports.iter().filter(|i| i.what == Imported::Name(id)).filter_map(|i| i.alias).collect();
        for (expr, e) in facts.exprs() {
            let (ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. }) = e.kind else { continue };
            if n != id && !aliases.contains(&n) || is_callee(facts, file, expr, calls) {
                continue;
            }
            let ty = infer.expr(file, expr);
            let is_it = ty.parts().iter().any(|part| matches!(part, Ty::Function(d, _) if *d == def));
            // A name of which nothing is known is none of the program's functions.
            let may_be = ty.has_unknown() && (ty != Ty::Unknown || matches!(e.kind, ExprKind::Attribute { .. }));
            let place = Place { file, span: e.span };
            let text = analysis.call_text(file, expr);
            if is_it {
                return Some(Refusal { place, message: format!("`{text}` is used as a value, not only called") });
            } else if may_be {
                return Some(Refusal { place, message: format!("nobody can tell whether `{text}` is this `{name}`") });
            }
        }
    }
    None
}

fn is_callee(facts: &FileFacts, file: FileId, expr: ExprId, calls: &[(FileId, ExprId)]) -> bool {
    let Parent::Expr(parent) = facts.expr(expr).parent else { return false };
    matches!(facts.expr(parent).kind, ExprKind::Call { func, .. } if func == expr) && calls.contains(&(file, parent))
}

/// The class with a method of this name that says what others must have without being their base (PEP 544).
fn protocol_with(analysis: &Analysis, own: Def, name: &str) -> Option<Def> {
    let world = &analysis.world;
    world.program.ids().find_map(|file| {
        let (facts, index) = (world.facts(file), world.index_of(file));
        let id = index.name(name)?;
        let is_protocol = |base: &Arg| {
            let base = match facts.expr(base.value).kind {
                ExprKind::Subscript { value, .. } => value,
                _ => base.value,
            };
            facts.dotted(base).is_some_and(|dotted| dotted.rsplit('.').next() == Some("Protocol"))
        };
        let mut classes = facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Class);
        let found = classes.find(|(scope, s)| {
            Def { file, scope: *scope } != own && index.binds(*scope, id) && facts.args(s.bases).iter().any(is_protocol)
        });
        found.map(|(scope, _)| Def { file, scope })
    })
}
