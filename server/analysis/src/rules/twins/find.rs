//! Which coroutine function is the twin of a plain one: named by the configuration, by the text of the error that the
//! plain one raises, by the names that projects give such pairs, or as what the plain one runs.

use crate::analysis::Analysis;
use crate::finding::FileId;
use crate::infer::Infer;
use crate::sites::Happens;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// The async twin of a function: beside it in its class or module, or the coroutine function that it only wraps.
pub(in crate::rules) fn twin(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    configured(infer, def)
        .or_else(|| named_by_error(infer, def))
        .or_else(|| named_alike(infer, def))
        .or_else(|| wrapped(analysis, infer, def))
        .or_else(|| begins_alike(infer, def))
}

fn is_twin(infer: &Infer<'_>, def: Def, found: Def) -> bool {
    infer.world.is_async(found) && !infer.world.has_yield(found) && found != def
}

/// The function of this name that stands where `def` does.
fn sibling(infer: &mut Infer<'_>, def: Def, name: &str) -> Option<Def> {
    let found = match infer.world.class_of(def) {
        Some(class) => infer.method(class, name),
        None => beside(infer, def, name),
    }?;
    is_twin(infer, def, found).then_some(found)
}

fn beside(infer: &Infer<'_>, def: Def, name: &str) -> Option<Def> {
    let world = infer.world;
    let (facts, index) = (world.facts(def.file), world.index_of(def.file));
    let parent = world.scope(def).parent?;
    let id = index.name(name)?;
    index.bindings(facts, parent, id).find_map(|b| match b.kind {
        BindingKind::Def(scope) => Some(Def { file: def.file, scope }),
        _ => None,
    })
}

/// Whether the project's configuration names the twin of a function.
pub(in crate::rules) fn is_configured(infer: &mut Infer<'_>, def: Def) -> bool {
    configured(infer, def).is_some()
}

/// The twin that the project's configuration names.
fn configured(infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    let settings = infer.world.program.file(def.file).settings.clone();
    if settings.twins.is_empty() {
        return None;
    }
    let name = infer.world.qualified_name(def);
    let is = |listed: &str| listed == name || name.strip_suffix(listed).is_some_and(|head| head.ends_with('.'));
    let twin = settings.twins.iter().find(|pair| is(&pair.name))?;
    sibling(infer, def, twin.twin.rsplit('.').next()?)
}

/// The twin that the error names with which the function refuses a running loop: "use 'await client.get_async(...)'".
fn named_by_error(infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    let world = infer.world;
    let facts = world.facts(def.file);
    let texts: Vec<&str> = statements_in(facts, def.scope)
        .filter(|stmt| stmt.scope == def.scope)
        .filter_map(|stmt| match stmt.kind {
            StmtKind::Raise { exc: Some(exc), .. } => {
                world.program.file(def.file).text.get(facts.expr(exc).span.range())
            }
            _ => None,
        })
        .filter(|text| ["await", "async", "loop"].iter().any(|word| text.contains(word)))
        // What has to be called beforehand is no twin.
        .filter(|text| !["before", "first", "not initialized", "not connected"].iter().any(|word| text.contains(word)))
        .collect();
    let own = world.name(def);
    let names: Vec<&str> = texts.iter().flat_map(|text| named_calls(text)).filter(|name| *name != own).collect();
    names.iter().find_map(|name| sibling(infer, def, name))
}

/// The statements in a function: they stand right before its own, as children do.
fn statements_in(facts: &FileFacts, scope: ScopeId) -> impl Iterator<Item = &Stmt> {
    let Scope { span, stmt, .. } = *facts.scope(scope);
    let end = stmt.map_or(0, StmtId::index);
    let count = facts.stmts[..end].iter().rev().take_while(|stmt| span.contains(stmt.span)).count();
    facts.stmts[end - count..end].iter()
}

/// The names in a text that it calls, awaits or shows to be async: `await x.get_async`, `fetch()`, `aget_async`.
fn named_calls(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut awaited = false;
    for (at, word) in words(text) {
        let after = &text[at + word.len()..];
        let before = &text[..at];
        if word == "await" {
            awaited = true;
            continue;
        }
        let is_called = after.starts_with('(');
        let is_async = word.contains("async") && word.len() > "async".len();
        // `await self.runtime.execute`: the last name of the dotted path is meant.
        let goes_on = after.starts_with('.') && after[1..].starts_with(is_name);
        if (is_called || is_async || awaited) && !goes_on {
            found.push(word);
        }
        awaited &= goes_on && (before.is_empty() || !before.ends_with('('));
    }
    found
}

/// The words of a text, each with its offset.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || c == '_';
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.push((from, &text[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// The twin by the names that projects give such pairs: `get` and `get_async`, `async_get`, `aget`, `getAsync`,
/// `_async_get`; `get_sync` and `get`.
fn named_alike(infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    let name = infer.world.name(def);
    let bare = bare_name(name);
    let private = bare.trim_start_matches('_');
    let underscores = &bare[..bare.len() - private.len()];
    let mut names = vec![
        format!("{bare}_async"),
        format!("{underscores}async_{private}"),
        format!("{underscores}a{private}"),
        format!("{underscores}a_{private}"),
        format!("{bare}Async"),
        format!("_async_{private}"),
        format!("_a{private}"),
        format!("{bare}_coro"),
        format!("{bare}_aio"),
    ];
    if bare != name {
        names.push(bare.to_owned());
        names.push(format!("_{bare}"));
    }
    // Most names occur in no file that could define them.
    let files = homes(infer, def);
    let world = infer.world;
    names.retain(|name| files.iter().any(|file| world.index_of(*file).name(name).is_some()));
    names.iter().find_map(|candidate| sibling(infer, def, candidate))
}

/// The files in which something may stand that is found where a function is.
fn homes(infer: &mut Infer<'_>, def: Def) -> Vec<FileId> {
    let mut files = vec![def.file];
    if let Some(class) = infer.world.class_of(def) {
        files.extend(infer.mro(class).classes.iter().map(|class| class.file));
        files.sort_unstable();
        files.dedup();
    }
    files
}

/// A name without what says that the function is plain.
fn bare_name(name: &str) -> &str {
    name.strip_suffix("_sync")
        .or_else(|| name.strip_suffix("_blocking"))
        .or_else(|| name.strip_prefix("sync_"))
        .or_else(|| name.strip_prefix("blocking_"))
        .or_else(|| name.strip_suffix("Sync"))
        .unwrap_or(name)
}

/// The coroutine function that a plain one runs and returns the result of: `return asyncio.run(fetch(url))`.
fn wrapped(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    let call = wrapped_call(analysis, def)?;
    let facts = analysis.world.facts(def.file);
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return None };
    let Ty::Function(found, _) = infer.expr(def.file, func) else { return None };
    // A coroutine function defined inside cannot be called from elsewhere.
    let local = facts.scope(found.scope).parent.is_some_and(|parent| found.file == def.file && parent == def.scope);
    (is_twin(infer, def, found) && !local).then_some(found)
}

/// The call whose coroutine a plain function runs, where that is all it returns.
pub(super) fn wrapped_call(analysis: &Analysis, def: Def) -> Option<ExprId> {
    let facts = analysis.world.facts(def.file);
    let sites = analysis.graph.sites[def.file.index()].iter().filter(|site| site.owner == def.scope);
    let mut starts = sites.filter(|site| matches!(site.happens, Happens::StartsLoop(_)));
    let (start, None) = (starts.next()?, starts.next()) else { return None };
    let returns = analysis.world.index_of(def.file).returns.get(&def.scope)?;
    if !returns.iter().all(|(_, value)| *value == Some(start.expr)) {
        return None;
    }
    started_call(facts, start.expr)
}

/// The call that makes the coroutine which a starter is given.
pub(super) fn started_call(facts: &FileFacts, start: ExprId) -> Option<ExprId> {
    let ExprKind::Call { args, .. } = facts.expr(start).kind else { return None };
    let first = facts.args(args).first()?;
    matches!(facts.expr(first.value).kind, ExprKind::Call { .. }).then_some(first.value)
}

/// The one coroutine function whose name begins like the plain one's and ends in `_async`: `execute` and
/// `execute_workflow_async`.
fn begins_alike(infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    let world = infer.world;
    let prefix = format!("{}_", bare_name(world.name(def)));
    let (facts, index) = (world.facts(def.file), world.index_of(def.file));
    let home = match world.class_of(def) {
        Some(class) => class.scope,
        None => world.scope(def).parent?,
    };
    let fits = |name: &str| name.starts_with(&prefix) && name.ends_with("_async");
    let mut names: Vec<NameId> = facts.bindings_of(home).iter().map(|b| b.name).collect();
    names.retain(|name| fits(facts.name(*name)));
    names.sort_unstable();
    names.dedup();
    let [only] = names.as_slice() else { return None };
    let found = index.bindings(facts, home, *only).find_map(|b| match b.kind {
        BindingKind::Def(scope) => Some(Def { file: def.file, scope }),
        _ => None,
    })?;
    is_twin(infer, def, found).then_some(found)
}

/// The class beside `class` that has the same methods as coroutines: `AsyncClient` beside `Client`.
pub(super) fn async_class(infer: &mut Infer<'_>, class: Def) -> Option<Def> {
    let world = infer.world;
    let name = world.name(class);
    let (facts, index) = (world.facts(class.file), world.index_of(class.file));
    let bare = name.strip_prefix("Sync").unwrap_or(name);
    let names = [format!("Async{bare}"), format!("{bare}Async"), format!("Aio{bare}"), format!("A{bare}")];
    names.iter().find_map(|candidate| {
        let id = index.name(candidate)?;
        let bound = index.bindings(facts, ScopeId::MODULE, id).next()?.kind;
        let ty = match bound {
            BindingKind::Def(scope) => Ty::Class(Class::Own(Def { file: class.file, scope })),
            BindingKind::Import(import) => infer.imported(class.file, import),
            _ => return None,
        };
        match ty {
            Ty::Class(Class::Own(found)) if found != class && world.scope(found).kind == ScopeKind::Class => {
                Some(found)
            }
            _ => None,
        }
    })
}
