//! A call of the twin in place of a call of the plain function.

use super::arguments::carried;
use super::find::twin;
use crate::analysis::Analysis;
use crate::finding::Edit;
use crate::fixes::Source;
use crate::graph::SiteRef;
use crate::infer::Infer;
use crate::program::Module;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

/// How a call of the twin is written where the plain function is called.
#[derive(Clone, Debug)]
pub(in crate::rules) struct TwinCall {
    /// The twin.
    pub(in crate::rules) twin: Def,
    /// The call, to be awaited: `self.runtime.execute_async(workflow, inputs={})`.
    pub(in crate::rules) text: String,
    /// The import it needs.
    pub(in crate::rules) import: Option<Edit>,
}

/// The call of the twin of `plain` that takes the place of the call at a site. None without a twin, or where its name or
/// its arguments cannot be told.
pub(in crate::rules) fn twin_call(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    at: SiteRef,
    plain: Def,
) -> Option<TwinCall> {
    let source = Source::of(&analysis.world, at.file);
    let call = analysis.graph.site(at).expr;
    let ExprKind::Call { func, .. } = source.facts.expr(call).kind else { return None };
    let twin = twin(analysis, infer, plain)?;
    // The twin must not itself be the coroutine that makes the call.
    if twin == analysis.graph.owner(at) {
        return None;
    }
    let (callee, import) = callee(analysis, infer, &source, func, (plain, twin))?;
    let arguments = carried(analysis, infer, (plain, twin), (&source, call))?;
    Some(TwinCall { twin, text: format!("{callee}({arguments})"), import })
}

/// What the twin is called where `func` calls the plain function.
fn callee(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    source: &Source<'_>,
    func: ExprId,
    (plain, twin): (Def, Def),
) -> Option<(String, Option<Edit>)> {
    let world = &analysis.world;
    let name = world.name(twin);
    let (own, other) = (world.class_of(plain), world.class_of(twin));
    if other.is_some() {
        // A method of the same object.
        let ExprKind::Attribute { value, .. } = source.facts.expr(func).kind else { return None };
        return own.is_some().then(|| (format!("{}.{name}", source.expr(value)), None));
    }
    // `module.get()` -> `module.get_async()`
    if let ExprKind::Attribute { value, .. } = source.facts.expr(func).kind
        && let Ty::Module(Module::File(file), _) = infer.expr(source.file, value)
        && let Ty::Function(found, _) = infer.module_member(file, name)
        && found == twin
    {
        return Some((format!("{}.{name}", source.expr(value)), None));
    }
    if world.scope(twin).parent != Some(ScopeId::MODULE) {
        // A function inside another: seen by those that stand in it too.
        let near = twin.file == source.file && world.scope(twin).parent == world.scope(plain).parent;
        return near.then(|| (name.to_owned(), None));
    }
    if let Some(id) = source.index.name(name) {
        let bound = source.index.binds(ScopeId::MODULE, id);
        let is_it = matches!(infer.module_member(source.file, name), Ty::Function(found, _) if found == twin);
        return (bound && is_it).then(|| (name.to_owned(), None));
    }
    let import = import_beside(analysis, infer, source, (plain, func), twin)?;
    Some((name.to_owned(), Some(import)))
}

/// The import of the twin: beside the import of the plain function where that module has both, else from its own module.
fn import_beside(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    source: &Source<'_>,
    (plain, func): (Def, ExprId),
    twin: Def,
) -> Option<Edit> {
    let (world, facts) = (&analysis.world, source.facts);
    let name = world.name(twin);
    let imported = match facts.expr(func).kind {
        ExprKind::Name(called) => facts.imports.iter().find(|import| match import.what {
            Imported::Name(what) => import.alias.unwrap_or(what) == called,
            _ => false,
        }),
        _ => None,
    };
    let statement = match imported {
        Some(import) => {
            let Module::File(from) = world.program.resolve(source.file, &import.module, import.level) else {
                return None;
            };
            if !matches!(infer.module_member(from, name), Ty::Function(found, _) if found == twin) {
                return None;
            }
            let after = facts.stmt(import.stmt).span;
            let indent = source.slice(Span::new(source.line_start(after.start), after.start));
            let dots = ".".repeat(import.level as usize);
            let newline = source.newline();
            let text = format!("{newline}{indent}from {dots}{} import {name}", import.module);
            // Something else on the line keeps the statement from being added to.
            let rest = source.text[after.end as usize..].lines().next().unwrap_or_default();
            return (indent.trim().is_empty() && !rest.contains(';'))
                .then(|| source.edit(Span::new(after.end + rest.len() as u32, after.end + rest.len() as u32), text));
        }
        None if plain.file == source.file => format!("from {} import {name}", world.program.module_name(twin.file)),
        None => return None,
    };
    source.import_statement(&statement)
}
