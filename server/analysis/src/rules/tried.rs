//! What a `try` around a call does with its RuntimeError: shared by the rules about errors of the loop.

use super::CheckedFile;
use crate::analysis::Analysis;
use crate::graph::{Effect, SiteRef};
use crate::index::{FileIndex, Slot, leaves};
use crate::knowledge::InRunningLoop;
use crate::sites::{Happens, run_scope};
use crate::states::suppressed;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// A handler that catches RuntimeError.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Catch {
    /// The `try`.
    pub(super) stmt: StmtId,
    /// Index among the file's handlers.
    pub(super) handler: u32,
    /// It names RuntimeError; else it is one for errors of any kind.
    pub(super) by_name: bool,
}

/// What a handler does about the error.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Reaction {
    /// It may raise, or leave the program.
    Raises,
    /// It calls something that may do the work in another way.
    Works,
    /// It logs, gives a default, goes on.
    Swallows,
}

/// Calls that say something about an error and do nothing about it.
const TELLING: &[&str] = &[
    "critical",
    "debug",
    "echo",
    "error",
    "exception",
    "fatal",
    "format_exc",
    "info",
    "log",
    "print",
    "print_exc",
    "secho",
    "trace",
    "warn",
    "warning",
    "write",
];
/// Calls that give or change plain data.
const PLAIN: &[&str] = &[
    "add",
    "append",
    "cast",
    "clear",
    "close",
    "copy",
    "discard",
    "extend",
    "format",
    "get",
    "getattr",
    "id",
    "isinstance",
    "isoformat",
    "items",
    "iscoroutine",
    "join",
    "keys",
    "len",
    "lower",
    "now",
    "perf_counter",
    "pop",
    "remove",
    "repr",
    "setattr",
    "str",
    "time",
    "total_seconds",
    "type",
    "update",
    "upper",
    "utcnow",
    "values",
    "bool",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "set",
    "tuple",
];
/// Parts of the names of functions that make data up.
const MADE_UP: &[&str] = &["mock", "default", "empty", "dummy", "sample", "placeholder", "fake"];
/// Calls by which work gets done although a loop runs: on it, in a thread, on a loop of its own.
const BRIDGES: &[&str] = &[
    "Thread",
    "ThreadPoolExecutor",
    "apply",
    "create_task",
    "ensure_future",
    "run_coroutine_threadsafe",
    "run_in_executor",
    "run_until_complete",
    "submit",
    "to_thread",
];

/// Whether a call of this name only says something: to a log, a terminal.
pub(crate) fn tells(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    TELLING.contains(&name) || name.starts_with("log_")
}

/// Whether a call of this name only says something, or gives or changes plain data.
pub(super) fn is_harmless(name: &str) -> bool {
    tells(name) || PLAIN.contains(&name)
}

/// The last name of a callee.
pub(super) fn last_name(facts: &FileFacts, func: ExprId) -> &str {
    match &facts.expr(func).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(*n),
        _ => "",
    }
}

/// The nearest `try` around a statement whose own block holds it and one of whose handlers catches RuntimeError.
pub(super) fn catch_around(facts: &FileFacts, index: &FileIndex, mut at: StmtId) -> Option<Catch> {
    while let Some(parent) = facts.stmt(at).parent {
        if index.slot(at) == Slot::Try
            && let Some(catch) = catch_of(facts, parent)
        {
            return Some(catch);
        }
        at = parent;
    }
    None
}

/// What takes a RuntimeError on its way.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Taker {
    /// A handler: its index among the file's.
    Handler(u32),
    /// A `contextlib.suppress(...)`: its call.
    Suppress(ExprId),
}

/// A `try` or `with` that takes the RuntimeError of what stands in it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Guard {
    /// The statement.
    pub(super) stmt: StmtId,
    /// What of it takes the error.
    pub(super) taker: Taker,
    /// It names RuntimeError; else it is for errors of any kind.
    pub(super) by_name: bool,
}

/// The nearest guard around a statement.
pub(super) fn guard_around(facts: &FileFacts, index: &FileIndex, mut at: StmtId) -> Option<Guard> {
    while let Some(parent) = facts.stmt(at).parent {
        let catch = (index.slot(at) == Slot::Try).then(|| catch_of(facts, parent)).flatten();
        if let Some(Catch { stmt, handler, by_name }) = catch {
            return Some(Guard { stmt, taker: Taker::Handler(handler), by_name });
        }
        if let Some((call, by_name)) = suppressed(facts, parent) {
            return Some(Guard { stmt: parent, taker: Taker::Suppress(call), by_name });
        }
        at = parent;
    }
    None
}

/// What becomes of the RuntimeError of a site, as far as its own function tells.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It goes on to the caller, or becomes another error.
    Raised,
    /// It is taken, and a loop, a thread or a task does the work in another way.
    Mended,
    /// It is taken, and the work is not done.
    Lost,
}

/// What becomes of the RuntimeError of a site.
pub(super) fn fate(analysis: &Analysis, at: SiteRef) -> Fate {
    let site = analysis.graph.site(at);
    // What refuses a loop raises on purpose.
    if matches!(site.happens, Happens::Refuses(_)) {
        return Fate::Raised;
    }
    let (facts, index) = (analysis.world.facts(at.file), analysis.world.index_of(at.file));
    let guard = facts.stmt_of(site.expr).and_then(|stmt| guard_around(facts, index, stmt));
    let Some(guard) = guard else { return Fate::Raised };
    let handler = match guard.taker {
        Taker::Handler(handler) => facts.handlers[handler as usize].span,
        Taker::Suppress(_) => Span::default(),
    };
    let is_own = |s: &Stmt| run_scope(facts, s.scope) == site.owner;
    let raises = |s: &Stmt| matches!(s.kind, StmtKind::Raise { .. }) && handler.contains(s.span) && is_own(s);
    if facts.stmts.iter().any(raises) {
        return Fate::Raised;
    }
    let after = Span::new(
        facts.stmt(guard.stmt).span.end,
        facts.scope(site.owner).span.end.max(facts.stmt(guard.stmt).span.end),
    );
    let bridges = |e: &Expr| match e.kind {
        ExprKind::Call { func, .. } => BRIDGES.contains(&last_name(facts, func)),
        _ => false,
    };
    let starts = |span: Span| {
        let sites = analysis.graph.sites[at.file.index()].iter().filter(|s| s.owner == site.owner);
        sites.filter(|s| matches!(s.happens, Happens::StartsLoop(_))).any(|s| span.contains(facts.expr(s.expr).span))
    };
    let works = |span: Span| starts(span) || facts.exprs.iter().any(|e| span.contains(e.span) && bridges(e));
    // What follows is for that only where the handler goes on there.
    let goes_on = match guard.taker {
        Taker::Handler(handler) => {
            !facts.block(facts.handlers[handler as usize].body).iter().any(|s| leaves(facts, *s))
        }
        Taker::Suppress(_) => true,
    };
    if works(handler) || goes_on && works(after) { Fate::Mended } else { Fate::Lost }
}

/// The first handler of a `try` that catches RuntimeError.
fn catch_of(facts: &FileFacts, stmt: StmtId) -> Option<Catch> {
    let StmtKind::Try { handlers, is_star: false, .. } = facts.stmt(stmt).kind else { return None };
    handlers.range().find_map(|i| {
        let by_name = match facts.handlers[i].types {
            None => false,
            Some(types) if names(facts, types, &["RuntimeError"]) => true,
            Some(types) if names(facts, types, &["Exception", "BaseException"]) => false,
            Some(_) => return None,
        };
        Some(Catch { stmt, handler: i as u32, by_name })
    })
}

/// Whether the type of a handler, or one of its types, is one of these built-in classes.
pub(super) fn names(facts: &FileFacts, types: ExprId, wanted: &[&str]) -> bool {
    match &facts.expr(types).kind {
        ExprKind::Name(n) => wanted.contains(&facts.name(*n)),
        ExprKind::Tuple(items) => facts.list(*items).iter().any(|&i| names(facts, i, wanted)),
        _ => false,
    }
}

impl CheckedFile<'_> {
    /// The function, lambda or module that runs an expression.
    pub(super) fn owner_of(&self, expr: ExprId) -> Def {
        Def { file: self.file, scope: run_scope(self.facts, self.facts.expr(expr).scope) }
    }

    /// The calls inside a span that the code of `owner` makes, in source order.
    pub(super) fn calls_in(&self, span: Span, owner: ScopeId) -> Vec<ExprId> {
        let facts = self.facts;
        let is_own = |e: &Expr| span.contains(e.span) && run_scope(facts, e.scope) == owner;
        let calls = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. }) && is_own(e));
        let mut calls: Vec<ExprId> = calls.map(|(id, _)| id).collect();
        // Of calls in calls the inner one happens first.
        calls.sort_by_key(|c| (facts.expr(*c).span.end, facts.expr(*c).span.start));
        calls
    }

    /// The outside function by which a call starts an event loop, which raises where one runs.
    pub(super) fn starter(&mut self, call: ExprId) -> Option<SmolStr> {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return None };
        if let Parent::Expr(parent) = self.facts.expr(call).parent
            && matches!(self.facts.expr(parent).kind, ExprKind::Await(_))
        {
            return None;
        }
        match self.infer.expr(self.file, func) {
            Ty::External(path) => {
                let row = self.analysis.world.knowledge.starter(&path)?;
                (row.in_running_loop == InRunningLoop::Raises && row.only_in.is_empty()).then_some(path)
            }
            Ty::Bridge(path, _) => Some(path),
            Ty::Unknown if last_name(self.facts, func) == "run_until_complete" => {
                Some(SmolStr::new_static("asyncio.AbstractEventLoop.run_until_complete"))
            }
            _ => None,
        }
    }

    /// The plain functions of the program that a call runs here; making an object does not count.
    pub(super) fn runs(&mut self, call: ExprId) -> Vec<Def> {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return Vec::new() };
        if self.infer.expr(self.file, func).parts().iter().any(|p| matches!(p, Ty::Class(_))) {
            return Vec::new();
        }
        let world = &self.analysis.world;
        let sites = self.analysis.sites_at(self.file, call);
        let runs = sites.filter_map(|at| match self.analysis.graph.site(at).happens {
            Happens::Runs(def) if !world.is_async(def) => Some(def),
            _ => None,
        });
        runs.collect()
    }

    /// Whether a call starts a loop, itself or in the functions it runs.
    pub(super) fn leads_to_start(&mut self, call: ExprId) -> bool {
        self.starter(call).is_some()
            || self.runs(call).iter().any(|def| self.analysis.graph.witness(*def, Effect::StartsLoop).is_some())
    }

    /// What a handler does about the error.
    pub(super) fn reaction(&mut self, handler: u32, owner: ScopeId) -> Reaction {
        let span = self.block_span(self.facts.handlers[handler as usize].body);
        let stmts = (0..self.facts.stmts.len() as u32).map(StmtId).filter(|s| span.contains(self.facts.stmt(*s).span));
        let mut raises = stmts.filter(|s| matches!(self.facts.stmt(*s).kind, StmtKind::Raise { .. }));
        if raises.any(|s| self.handler_around(s) == Some(handler)) {
            return Reaction::Raises;
        }
        let calls = self.calls_in(span, owner);
        if calls.iter().any(|c| self.leaves_program(*c)) {
            return Reaction::Raises;
        }
        if calls.iter().all(|c| self.is_plain(*c)) { Reaction::Swallows } else { Reaction::Works }
    }

    /// The innermost handler around a statement.
    fn handler_around(&self, mut at: StmtId) -> Option<u32> {
        loop {
            if let Slot::Handler(handler) = self.index.slot(at) {
                return Some(handler);
            }
            at = self.facts.stmt(at).parent?;
        }
    }

    fn leaves_program(&self, call: ExprId) -> bool {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return false };
        matches!(last_name(self.facts, func), "exit" | "_exit" | "abort" | "fail" | "skip" | "Exit")
    }

    /// Whether a call only logs, or gives plain data.
    fn is_plain(&mut self, call: ExprId) -> bool {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return false };
        let name = last_name(self.facts, func);
        if BRIDGES.contains(&name) {
            return false;
        }
        if is_harmless(name) {
            return true;
        }
        if MADE_UP.iter().any(|part| name.to_ascii_lowercase().contains(part)) {
            return true;
        }
        match self.infer.expr(self.file, func) {
            Ty::Class(Class::Own(_) | Class::External(_)) => true,
            Ty::Unknown => name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase()),
            _ => false,
        }
    }

    /// Whether something in a span gets the work done although a loop runs.
    pub(super) fn has_bridge(&mut self, span: Span, owner: ScopeId) -> bool {
        self.calls_in(span, owner).into_iter().any(|call| {
            let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return false };
            BRIDGES.contains(&last_name(self.facts, func)) || self.leads_to_start(call)
        })
    }

    /// From the first statement of a block to the end of its last.
    pub(super) fn block_span(&self, block: Block) -> Span {
        let stmts = self.facts.block(block);
        match (stmts.first(), stmts.last()) {
            (Some(&first), Some(&last)) => Span::new(self.facts.stmt(first).span.start, self.facts.stmt(last).span.end),
            _ => Span::default(),
        }
    }

    /// `except ...` of a handler, without its block.
    pub(super) fn handler_head(&self, handler: u32) -> Span {
        let handler = &self.facts.handlers[handler as usize];
        let end = handler.types.map_or(handler.span.start + "except".len() as u32, |t| self.facts.expr(t).span.end);
        Span::new(handler.span.start, end)
    }
}
