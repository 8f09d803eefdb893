//! Objects that outlive a loop: in a variable of the module, on a class, or in a cache.

use super::starts::{Start, all_starts, by_methods, leading_to, several};
use super::{Made, RULE, made};
use crate::finding::{ChainStep, Confidence, FileId, Finding, Place};
use crate::knowledge::{Binds, written_name};
use crate::program::Module;
use crate::rules::CheckedFile;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;

/// Where an object is kept.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
enum Keeper {
    /// A variable of the module.
    Variable(NameId),
    /// An attribute of a class, set in its body.
    ClassAttribute(ScopeId, NameId),
    /// An attribute of a class's instances.
    Attribute(ScopeId, NameId),
    /// What a function returned first.
    Cache(ScopeId),
}

/// The findings about them.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let mut kept: FxHashMap<Keeper, Made> = FxHashMap::default();
    let mut order = Vec::new();
    for (keeper, made) in keepers(checked) {
        if kept.insert(keeper, made).is_none() {
            order.push(keeper);
        }
    }
    if order.is_empty() {
        return Vec::new();
    }
    let starts = all_starts(checked.analysis, &mut checked.infer);
    order.into_iter().filter_map(|keeper| finding(checked, keeper, &kept[&keeper], &starts)).collect()
}

fn keepers(checked: &mut CheckedFile<'_>) -> Vec<(Keeper, Made)> {
    let mut found = Vec::new();
    let values: Vec<(ScopeId, NameId, ExprId)> = checked
        .facts
        .scopes()
        .filter(|(_, s)| matches!(s.kind, ScopeKind::Module | ScopeKind::Class))
        .flat_map(|(scope, _)| checked.facts.bindings_of(scope).iter().map(move |b| (scope, b)))
        .filter_map(|(scope, b)| match b.kind {
            BindingKind::Assign { value, .. } => Some((scope, b.name, value)),
            _ => None,
        })
        .collect();
    for (scope, name, value) in values {
        let Some(made) = made(checked, value) else { continue };
        let keeper = match checked.facts.scope(scope).kind {
            ScopeKind::Class => Keeper::ClassAttribute(scope, name),
            _ => Keeper::Variable(name),
        };
        found.push((keeper, made));
    }
    found.extend(attributes(checked));
    found.extend(caches(checked));
    found
}

/// `self.client = AsyncClient()`
fn attributes(checked: &mut CheckedFile<'_>) -> Vec<(Keeper, Made)> {
    let classes = checked.facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Class).map(|(class, _)| class);
    let mut assigned: Vec<(ScopeId, NameId, ExprId)> = Vec::new();
    for class in classes {
        for name in checked.index.attribute_names(class) {
            let values = checked.index.attributes(class, name).iter().filter_map(|a| a.value);
            assigned.extend(values.map(|value| (class, name, value)));
        }
    }
    // The index has no order of its own.
    assigned.sort_unstable_by_key(|(_, _, value)| *value);
    let mut found = Vec::new();
    for (class, name, value) in assigned {
        found.extend(made(checked, value).map(|made| (Keeper::Attribute(class, name), made)));
    }
    found
}

/// `@lru_cache def client(): return AsyncClient()`
fn caches(checked: &mut CheckedFile<'_>) -> Vec<(Keeper, Made)> {
    let mut found = Vec::new();
    let scopes: Vec<ScopeId> = checked.facts.scopes().map(|(scope, _)| scope).collect();
    for scope in scopes {
        let decorators = checked.facts.list(checked.facts.scope(scope).decorators);
        let is_cached = decorators.iter().any(|&decorator| {
            let target = match checked.facts.expr(decorator).kind {
                ExprKind::Call { func, .. } => func,
                _ => decorator,
            };
            matches!(checked.infer.expr(checked.file, target),
                Ty::External(path) if path == "functools.lru_cache" || path == "functools.cache")
        });
        if !is_cached {
            continue;
        }
        let returned: Vec<ExprId> =
            checked.index.returns.get(&scope).into_iter().flatten().filter_map(|(_, value)| *value).collect();
        let made = returned.into_iter().find_map(|value| {
            let origins = checked.origins(value).exprs;
            origins.into_iter().find_map(|origin| made(checked, origin))
        });
        found.extend(made.map(|made| (Keeper::Cache(scope), made)));
    }
    found
}

fn finding(checked: &mut CheckedFile<'_>, keeper: Keeper, object: &Made, starts: &[Start]) -> Option<Finding> {
    let uses = uses(checked, keeper, object)?;
    let functions: Vec<Def> = uses.iter().map(|(def, _)| *def).collect();
    if functions.is_empty() {
        return None;
    }
    let analysis = checked.analysis;
    let leading = leading_to(analysis, &functions);
    let starts: Vec<Start> = starts.iter().filter(|s| leading.contains(&s.runs)).copied().collect();
    let several = match keeper {
        Keeper::Attribute(..) => by_methods(analysis, &starts)?,
        _ => several(analysis, &starts)?,
    };
    let confidence = match object.row.binds {
        Binds::Contention => Confidence::Possible,
        _ => Confidence::Likely,
    };
    let message = format!(
        "what {}() makes here works on one event loop only, but is kept for several: {}",
        written_name(&object.path),
        several.why
    );
    let mut finding = checked.finding(RULE, confidence, object.call, message)?;
    finding.chain = several
        .starts
        .iter()
        .map(|&at| ChainStep {
            place: Place { file: at.file, span: analysis.span(at) },
            message: format!("{} makes a loop here", analysis.site_text(at)),
        })
        .collect();
    if let Some((def, place)) = uses.first() {
        let message = format!("{} uses it on whichever loop runs", analysis.short_name(*def));
        finding.chain.push(ChainStep { place: *place, message });
    }
    Some(finding)
}

/// The functions that use a kept object; none where its author took care of it: it is closed or made anew, or asked
/// which loop it is for.
fn uses(checked: &mut CheckedFile<'_>, keeper: Keeper, object: &Made) -> Option<Vec<(Def, Place)>> {
    match keeper {
        Keeper::Cache(scope) => {
            let def = Def { file: checked.file, scope };
            let span = checked.facts.scope(scope).name_span;
            let clears = mentions_attribute(checked, "cache_clear");
            (!clears && !asks_for_loop(checked, scope)).then(|| vec![(def, Place { file: checked.file, span })])
        }
        Keeper::Variable(name) => {
            let mut found = Vec::new();
            if collect(checked, name, object, &mut found) { Some(found) } else { None }
        }
        Keeper::ClassAttribute(class, name) | Keeper::Attribute(class, name) => {
            class_uses(checked, class, name, object)
        }
    }
}

/// Names that say that an object is done with.
const CLOSERS: &[&str] = &["aclose", "close", "dispose", "disconnect", "stop", "terminate"];

/// Names of methods that end the life of an object.
const ENDS: &[&str] = &["aclose", "close", "dispose", "disconnect", "shutdown", "stop", "__aexit__", "__exit__"];

/// Collects the functions that speak of a variable of the module, here and where it is imported; false where it is
/// taken care of.
fn collect(checked: &mut CheckedFile<'_>, name: NameId, object: &Made, found: &mut Vec<(Def, Place)>) -> bool {
    let text = checked.facts.name(name).to_owned();
    for (id, e) in checked.facts.exprs() {
        if e.kind != ExprKind::Name(name) || checked.binder(id, name) != Some(ScopeId::MODULE) {
            continue;
        }
        let owner = checked.code_around(id);
        if owner == ScopeId::MODULE {
            continue;
        }
        if is_reset(checked.facts, id) || is_closed(checked.facts, id, object) || asks_for_loop(checked, owner) {
            return false;
        }
        found.push((Def { file: checked.file, scope: owner }, Place { file: checked.file, span: e.span }));
    }
    let world = &checked.analysis.world;
    for file in world.program.ids().filter(|f| *f != checked.file) {
        let Some(imported) = world.index_of(file).name(&text) else { continue };
        let facts = world.facts(file);
        for import in facts.imports.iter().filter(|i| i.what == Imported::Name(imported)) {
            if world.program.resolve(file, &import.module, import.level) == Module::File(checked.file)
                && !collect_imported(facts, file, import.alias.unwrap_or(imported), object, found)
            {
                return false;
            }
        }
    }
    true
}

fn collect_imported(
    facts: &FileFacts,
    file: FileId,
    name: NameId,
    object: &Made,
    found: &mut Vec<(Def, Place)>,
) -> bool {
    for (id, e) in facts.exprs() {
        let owner = crate::sites::run_scope(facts, e.scope);
        if e.kind != ExprKind::Name(name) || owner == ScopeId::MODULE {
            continue;
        }
        if is_closed(facts, id, object) {
            return false;
        }
        found.push((Def { file, scope: owner }, Place { file, span: e.span }));
    }
    true
}

/// `self.client`, `Class.client` in the methods of the class.
fn class_uses(checked: &mut CheckedFile<'_>, class: ScopeId, name: NameId, object: &Made) -> Option<Vec<(Def, Place)>> {
    let mut found = Vec::new();
    let attributes: Vec<(ExprId, ExprId)> = checked
        .facts
        .exprs()
        .filter_map(|(id, e)| match e.kind {
            ExprKind::Attribute { value, attr } if attr == name => Some((id, value)),
            _ => None,
        })
        .collect();
    for (id, value) in attributes {
        let is_ours = match checked.infer.expr(checked.file, value) {
            Ty::Instance(Class::Own(def)) | Ty::Class(Class::Own(def)) => {
                def == Def { file: checked.file, scope: class }
            }
            _ => false,
        };
        let owner = checked.code_around(id);
        if !is_ours || owner == ScopeId::MODULE {
            continue;
        }
        // Neither making it nor ending the life of the whole object says anything of one loop after the other.
        let method = checked.facts.name(checked.facts.scope(owner).name);
        if method == "__init__" || ENDS.contains(&method) {
            continue;
        }
        if is_reset(checked.facts, id) || is_closed(checked.facts, id, object) || asks_for_loop(checked, owner) {
            return None;
        }
        found.push((
            Def { file: checked.file, scope: owner },
            Place { file: checked.file, span: checked.facts.expr(id).span },
        ));
    }
    Some(found)
}

/// `x = None`: it is made anew for whoever comes next.
fn is_reset(facts: &FileFacts, target: ExprId) -> bool {
    let Parent::Stmt(stmt) = facts.expr(target).parent else { return false };
    match facts.stmt(stmt).kind {
        StmtKind::Assign { targets, value } => {
            facts.list(targets).contains(&target) && facts.expr(value).kind == ExprKind::None
        }
        StmtKind::Delete(targets) => facts.list(targets).contains(&target),
        _ => false,
    }
}

/// `x.aclose`, `async with x`: whoever comes next finds it closed, which is another matter. Locks have nothing to close.
fn is_closed(facts: &FileFacts, used: ExprId, object: &Made) -> bool {
    if object.row.binds == Binds::Contention {
        return false;
    }
    match facts.expr(used).parent {
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => CLOSERS.contains(&facts.name(attr)),
            _ => false,
        },
        Parent::Stmt(stmt) => matches!(facts.stmt(stmt).kind, StmtKind::With { is_async: true, .. }),
        Parent::Scope(_) => false,
    }
}

/// Whether a function asks which loop runs: it keeps one object for each, or makes it anew.
fn asks_for_loop(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    const NAMES: &[&str] = &["get_running_loop", "get_event_loop", "_get_running_loop", "is_closed"];
    let names: Vec<NameId> = NAMES.iter().filter_map(|n| checked.index.name(n)).collect();
    let span = checked.facts.scope(scope).span;
    !names.is_empty()
        && checked.facts.exprs.iter().any(|e| match e.kind {
            ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => names.contains(&n) && span.contains(e.span),
            _ => false,
        })
}

fn mentions_attribute(checked: &CheckedFile<'_>, name: &str) -> bool {
    let Some(name) = checked.index.name(name) else { return false };
    checked.facts.exprs.iter().any(|e| matches!(e.kind, ExprKind::Attribute { attr, .. } if attr == name))
}
