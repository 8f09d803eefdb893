//! Who calls a function and what it calls, over the program's call graph: properties, context managers, constructors and
//! functions that are handed over count.

use crate::symbols::functions_at;
use crate::words::short_path;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::graph::{Reason, SiteRef};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::settings::RunsOn;
use asyncwise_analysis::sites::Happens;
use asyncwise_analysis::types::Def;
use asyncwise_syntax::facts::*;
use std::collections::BTreeMap;

/// What an item is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum ItemKind {
    /// The code of a module.
    Module,
    /// A function or lambda.
    Function,
    /// A function of a class.
    Method,
}

/// A function of the program, or the code of a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The function. It names something else once the text has changed: keep `selection` and ask [`find`].
    pub def: Def,
    /// Its name in its module; a module's own name.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Where it runs, and in which file it stands.
    pub detail: String,
    /// The whole definition.
    pub span: Span,
    /// Its name; of a module, its first byte.
    pub selection: Span,
}

/// How one function comes to run another.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum CallKind {
    /// It runs here and now.
    Calls,
    /// It is handed over to be run elsewhere.
    HandsOver,
}

/// An edge of the hierarchy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The function at the other end.
    pub item: Item,
    /// The calls, in the file of the caller; sorted.
    pub spans: Vec<Span>,
    /// How.
    pub kind: CallKind,
}

/// The functions that the name at `offset` stands for.
pub fn prepare(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Item> {
    let mut infer = Infer::new(&analysis.world);
    functions_at(&mut infer, file, offset).into_iter().map(|def| item(analysis, def)).collect()
}

/// The function, lambda or module whose item has this selection.
pub fn find(analysis: &Analysis, file: FileId, selection: Span) -> Option<Def> {
    let mut scopes = analysis.world.facts(file).scopes();
    let is_item = |s: &Scope| matches!(s.kind, ScopeKind::Module | ScopeKind::Function { .. } | ScopeKind::Lambda);
    let found = scopes.find(|(_, s)| is_item(s) && s.name_span == selection);
    found.map(|(scope, _)| Def { file, scope })
}

/// Who calls a function, in the order of files and definitions.
pub fn incoming(analysis: &Analysis, def: Def) -> Vec<Call> {
    let graph = &analysis.graph;
    let callers = graph.callers_of(def);
    let mut sites: Vec<(SiteRef, CallKind)> = callers.iter().map(|&at| (at, CallKind::Calls)).collect();
    if analysis.world.is_async(def) {
        let hands_over = |happens: &Happens| matches!(happens, Happens::Schedules(target, _) if *target == def);
        let all = graph.all_sites().filter(|(_, site)| hands_over(&site.happens));
        sites.extend(all.map(|(at, _)| (at, CallKind::HandsOver)));
    } else {
        let roots = graph.roots_of(def);
        sites.extend(roots.iter().filter_map(|root| match root.reason {
            Reason::Scheduled(at) => Some((at, CallKind::HandsOver)),
            _ => None,
        }));
    }
    collect(analysis, sites.into_iter().map(|(at, kind)| (graph.owner(at), kind, analysis.span(at))))
}

/// What a function calls in the program, in the order of files and definitions.
pub fn outgoing(analysis: &Analysis, def: Def) -> Vec<Call> {
    let sites = &analysis.graph.sites[def.file.index()];
    let facts = analysis.world.facts(def.file);
    let own = sites.iter().filter(|site| site.owner == def.scope);
    let edges = own.filter_map(|site| match site.happens {
        Happens::Runs(target) => Some((target, CallKind::Calls, facts.expr(site.expr).span)),
        Happens::Schedules(target, _) => Some((target, CallKind::HandsOver, facts.expr(site.expr).span)),
        _ => None,
    });
    collect(analysis, edges)
}

fn collect(analysis: &Analysis, edges: impl Iterator<Item = (Def, CallKind, Span)>) -> Vec<Call> {
    let mut by_end: BTreeMap<(Def, CallKind), Vec<Span>> = BTreeMap::new();
    for (def, kind, span) in edges {
        by_end.entry((def, kind)).or_default().push(span);
    }
    let call = |((def, kind), mut spans): ((Def, CallKind), Vec<Span>)| {
        spans.sort_unstable();
        spans.dedup();
        Call { item: item(analysis, def), spans, kind }
    };
    by_end.into_iter().map(call).collect()
}

/// A function as an item.
pub fn item(analysis: &Analysis, def: Def) -> Item {
    let scope = analysis.world.scope(def);
    let kind = match scope.kind {
        ScopeKind::Module => ItemKind::Module,
        _ if analysis.world.class_of(def).is_some() => ItemKind::Method,
        _ => ItemKind::Function,
    };
    let words = context(analysis, def);
    let path = short_path(analysis, def.file);
    Item {
        def,
        name: analysis.short_name(def),
        kind,
        detail: if words.is_empty() { path } else { format!("{words} · {path}") },
        span: scope.span,
        selection: scope.name_span,
    }
}

/// Where a function runs, in a word or two; empty where nothing is known.
pub(crate) fn context(analysis: &Analysis, def: Def) -> &'static str {
    let scope = analysis.world.scope(def);
    match scope.kind {
        ScopeKind::Function { is_async: true } if scope.has_yield => return "async generator",
        ScopeKind::Function { is_async: true } => return "coroutine",
        _ => {}
    }
    let on = |place| analysis.function_runs_on(def, place);
    match (on(RunsOn::Loop), on(RunsOn::Worker)) {
        (true, true) => "on the loop and in a worker thread",
        (true, false) => "on the loop",
        (false, true) => "worker thread",
        (false, false) => "",
    }
}
