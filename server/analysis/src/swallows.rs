//! Functions that swallow every error of their work: they end in the same way whether it was done or not, and who called
//! them goes on.

use crate::analysis::Analysis;
use crate::finding::{FileId, Place};
use crate::index::{FileIndex, Slot};
use crate::infer::Infer;
use crate::rules::tells;
use crate::sites::run_scope;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Calls of calls that are looked through.
const MAX_DEPTH: usize = 5;
/// What may be called with an error without anybody being told of it.
const HARMLESS: &[&str] = &[
    "bool",
    "dict",
    "fetch",
    "format",
    "format_exception",
    "format_tb",
    "get",
    "getattr",
    "getLogger",
    "get_logger",
    "hasattr",
    "int",
    "isinstance",
    "join",
    "len",
    "list",
    "lower",
    "monotonic",
    "now",
    "perf_counter",
    "repr",
    "round",
    "str",
    "strip",
    "time",
    "type",
    "upper",
    "utcnow",
];
/// Exceptions that end the program or the task: passing them on says nothing of a failure of the work.
const ENDINGS: &[&str] =
    &["CancelledError", "GeneratorExit", "KeyboardInterrupt", "SystemExit", "StopIteration", "StopAsyncIteration"];
/// Awaits that wait and do no work.
const WAITS: &[&str] = &["acquire", "checkpoint", "release", "sleep", "sleep_forever"];

/// How the errors of some work are swallowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Swallowing {
    /// The caller can tell by what is returned, if it looks.
    pub(crate) by_value: bool,
    /// The calls on the way from the work down to what swallows.
    pub(crate) through: Vec<Place>,
    /// What swallows: `except Exception`, `suppress(Exception)`, `return_exceptions=True`.
    pub(crate) by: Place,
    /// The function in which that stands.
    pub(crate) function: Def,
}

/// Answers for functions and calls; remembers what it found out.
pub(crate) struct Swallowers<'a> {
    analysis: &'a Analysis,
    infer: Infer<'a>,
    memo: FxHashMap<Def, Option<Arc<Swallowing>>>,
}

/// What guards a place in a function.
enum Guard {
    /// Its errors are swallowed by this.
    Swallowed(Span),
    /// It cleans up, in a `finally`.
    CleansUp,
    /// Its errors leave the function, or are told.
    Open,
}

impl<'a> Swallowers<'a> {
    /// With nothing remembered.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        Self { analysis, infer: Infer::new(&analysis.world), memo: FxHashMap::default() }
    }

    /// How an awaited call, or another awaited value, swallows what it fails with; none where it raises, where its result is
    /// kept, and where nobody knows.
    pub(crate) fn of_await(&mut self, file: FileId, awaited: ExprId) -> Option<Arc<Swallowing>> {
        self.of_await_within(file, awaited, 0)
    }

    /// Whether what is awaited raises no error, whatever is done with its result.
    pub(crate) fn raises_nothing(&mut self, file: FileId, awaited: ExprId) -> bool {
        let ExprKind::Await(value) = self.analysis.world.facts(file).expr(awaited).kind else { return false };
        self.of_await(file, awaited).is_some() || self.of_call(file, value, 0).is_some()
    }

    fn of_await_within(&mut self, file: FileId, awaited: ExprId, depth: usize) -> Option<Arc<Swallowing>> {
        let facts = self.analysis.world.facts(file);
        let ExprKind::Await(value) = facts.expr(awaited).kind else { return None };
        let ExprKind::Call { func, args } = facts.expr(value).kind else { return None };
        let is_dropped = is_statement(facts, awaited);
        if is_dropped && let Some(by) = self.gathers_errors(file, func, args) {
            let function = Def { file, scope: run_scope(facts, facts.expr(awaited).scope) };
            return Some(Arc::new(Swallowing { by_value: false, through: Vec::new(), by, function }));
        }
        // What is kept may be looked at.
        if is_dropped || is_returned(facts, awaited) { self.of_call(file, value, depth) } else { None }
    }

    /// `gather(..., return_exceptions=True)`.
    fn gathers_errors(&mut self, file: FileId, func: ExprId, args: Run) -> Option<Place> {
        let facts = self.analysis.world.facts(file);
        let keeps = facts.args(args).iter().find(|a| {
            a.name.is_some_and(|n| facts.name(n) == "return_exceptions")
                && facts.expr(a.value).kind == ExprKind::Bool(true)
        })?;
        let is_gather = matches!(self.infer.expr(file, func), Ty::External(path) if path == "asyncio.gather");
        is_gather.then(|| Place { file, span: facts.expr(keeps.value).span })
    }

    /// How every function of the program that a call may run swallows its errors.
    fn of_call(&mut self, file: FileId, call: ExprId, depth: usize) -> Option<Arc<Swallowing>> {
        let analysis = self.analysis;
        let runs: Vec<Def> =
            analysis.sites_at(file, call).filter_map(|at| analysis.graph.site(at).happens.runs()).collect();
        let facts = analysis.world.facts(file);
        let mut found: Option<Arc<Swallowing>> = None;
        for def in runs {
            let one = self.of_function(def, depth + 1)?;
            found.get_or_insert(one);
        }
        let found = found?;
        let mut through = vec![Place { file, span: facts.expr(call).span }];
        through.extend(found.through.iter().copied());
        Some(Arc::new(Swallowing { through, ..(*found).clone() }))
    }

    /// How a function swallows every error of its work.
    fn of_function(&mut self, def: Def, depth: usize) -> Option<Arc<Swallowing>> {
        if let Some(known) = self.memo.get(&def) {
            return known.clone();
        }
        if depth > MAX_DEPTH {
            return None;
        }
        // A function that calls itself does not swallow by that.
        self.memo.insert(def, None);
        let found = self.find(def, depth).map(Arc::new);
        self.memo.insert(def, found.clone());
        found
    }

    fn find(&mut self, def: Def, depth: usize) -> Option<Swallowing> {
        let world = &self.analysis.world;
        let facts = world.facts(def.file);
        let scope = facts.scope(def.scope);
        if !matches!(scope.kind, ScopeKind::Function { .. }) || scope.has_yield || scope.broken {
            return None;
        }
        let work = work_of(facts, def.scope);
        let mut tells_value = false;
        let mut found: Option<Swallowing> = None;
        for expr in work {
            let stmt = facts.stmt_of(expr)?;
            let one = match guard(world.facts(def.file), world.index_of(def.file), &mut self.infer, def, stmt) {
                Guard::CleansUp => continue,
                Guard::Swallowed(span) => {
                    let by = Place { file: def.file, span };
                    Swallowing { by_value: false, through: Vec::new(), by, function: def }
                }
                Guard::Open if only_waits(facts, expr) => continue,
                Guard::Open => match facts.expr(expr).kind {
                    ExprKind::Await(_) => (*self.of_await_within(def.file, expr, depth)?).clone(),
                    ExprKind::Call { .. } => (*self.of_call(def.file, expr, depth)?).clone(),
                    _ => return None,
                },
            };
            tells_value |= one.by_value && is_returned(facts, expr);
            // What is tried last is the one to show: the others may have been made up for.
            found = Some(one);
        }
        let mut found = found?;
        if self.raises_after(def, &found) || self.infer.is_abstract(def) {
            return None;
        }
        let returns = world.index_of(def.file).returns.get(&def.scope).map_or(&[][..], Vec::as_slice);
        let makes = |value: &Option<ExprId>| {
            value.is_some_and(|v| !matches!(facts.expr(v).kind, ExprKind::None | ExprKind::Await(_)))
        };
        found.by_value = tells_value || returns.iter().any(|(_, value)| makes(value));
        Some(found)
    }

    /// Whether the function raises after the swallowed work: it may have kept what it caught.
    fn raises_after(&self, def: Def, found: &Swallowing) -> bool {
        let facts = self.analysis.world.facts(def.file);
        let here = if found.function == def {
            found.by.span
        } else {
            found.through.first().map_or(Span::default(), |p| p.span)
        };
        facts.stmts.iter().any(|s| {
            s.scope == def.scope
                && s.span.start > here.start
                && matches!(s.kind, StmtKind::Raise { .. } | StmtKind::Assert { .. })
        })
    }
}

/// What a function does that may fail: its awaits, `async for` and `async with`; its calls where it has none of these.
fn work_of(facts: &FileFacts, scope: ScopeId) -> Vec<ExprId> {
    let own = facts.scope(scope).span;
    let is_own = |e: &Expr| own.contains(e.span) && run_scope(facts, e.scope) == scope;
    let mut work: Vec<ExprId> =
        facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Await(_)) && is_own(e)).map(|(id, _)| id).collect();
    for stmt in facts.stmts.iter().filter(|s| s.scope == scope) {
        match stmt.kind {
            StmtKind::For { iter, is_async: true, .. } => work.push(iter),
            StmtKind::With { items, is_async: true, .. } => {
                let items = facts.with_items[items.range()].iter().map(|i| i.context);
                work.extend(items.filter(|&context| !is_lock(facts, context)));
            }
            _ => {}
        }
    }
    if work.is_empty() {
        let calls = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. }) && is_own(e));
        work = calls.map(|(id, _)| id).filter(|&call| !is_harmless(facts, call)).collect();
    }
    work.sort_by_key(|e| facts.expr(*e).span.start);
    work
}

/// What becomes of the errors of a statement, as far as the function around it tells.
fn guard(facts: &FileFacts, index: &FileIndex, infer: &mut Infer<'_>, def: Def, mut at: StmtId) -> Guard {
    while let Some(parent) = facts.stmt(at).parent {
        match index.slot(at) {
            Slot::Finally => return Guard::CleansUp,
            Slot::Handler(_) => return Guard::Open,
            Slot::Try => {
                if let Some(span) = swallowing_handler(facts, parent) {
                    return if is_per_item(facts, index, parent) { Guard::Open } else { Guard::Swallowed(span) };
                }
            }
            Slot::With => {
                if let Some(span) = suppresses(facts, infer, def, parent) {
                    return if is_per_item(facts, index, parent) { Guard::Open } else { Guard::Swallowed(span) };
                }
            }
            _ => {}
        }
        at = parent;
    }
    Guard::Open
}

/// Whether a statement is done for each of several things: that one fails is not for the others to suffer. An attempt that is
/// made again a number of times is one thing.
fn is_per_item(facts: &FileFacts, index: &FileIndex, mut at: StmtId) -> bool {
    while let Some(parent) = facts.stmt(at).parent {
        if index.slot(at) == Slot::LoopBody {
            let counts = match facts.stmt(parent).kind {
                StmtKind::For { iter, is_async: false, .. } => called_name(facts, iter) == "range",
                _ => false,
            };
            if !counts {
                return true;
            }
        }
        at = parent;
    }
    false
}

/// `except Exception` of a `try` all of whose handlers go on as if nothing had happened: that one, without its block.
pub(crate) fn swallowing_handler(facts: &FileFacts, stmt: StmtId) -> Option<Span> {
    let StmtKind::Try { handlers, .. } = facts.stmt(stmt).kind else { return None };
    for handler in &facts.handlers[handlers.range()] {
        let is_broad = handler.types.is_none_or(|types| is_named(facts, types, &["Exception", "BaseException"]));
        let is_quiet = is_quiet(facts, handler);
        if is_broad {
            let end = handler.types.map_or(handler.span.start + "except".len() as u32, |t| facts.expr(t).span.end);
            return is_quiet.then_some(Span::new(handler.span.start, end));
        }
        let ends = handler.types.is_some_and(|types| is_named(facts, types, ENDINGS));
        if !is_quiet && !ends {
            return None;
        }
    }
    None
}

/// Whether one of the exceptions of a handler has one of these names.
fn is_named(facts: &FileFacts, types: ExprId, wanted: &[&str]) -> bool {
    match &facts.expr(types).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => wanted.contains(&facts.name(*n)),
        ExprKind::Tuple(items) => facts.list(*items).iter().any(|&i| is_named(facts, i, wanted)),
        _ => false,
    }
}

/// Whether a handler tells a log at most: it raises nothing, keeps nothing, does nothing else about it.
fn is_quiet(facts: &FileFacts, handler: &Handler) -> bool {
    let span = handler.span;
    let keeps = |target: &ExprId| !matches!(facts.expr(*target).kind, ExprKind::Name(_));
    let tells_state = facts.stmts.iter().filter(|s| span.contains(s.span)).any(|s| match &s.kind {
        StmtKind::Raise { .. } | StmtKind::Assert { .. } | StmtKind::Global(_) | StmtKind::Nonlocal(_) => true,
        StmtKind::Assign { targets, .. } => facts.list(*targets).iter().any(keeps),
        StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } => keeps(target),
        StmtKind::Delete(_) => true,
        _ => false,
    });
    let works = facts.exprs().filter(|(_, e)| span.contains(e.span)).any(|(id, e)| match e.kind {
        ExprKind::Call { .. } => !is_harmless(facts, id),
        ExprKind::Yield(_) | ExprKind::YieldFrom(_) => true,
        _ => false,
    });
    !tells_state && !works
}

/// Whether a call logs, waits or makes a text.
fn is_harmless(facts: &FileFacts, call: ExprId) -> bool {
    let name = called_name(facts, call);
    tells(name) || HARMLESS.contains(&name) || WAITS.contains(&name)
}

/// The last name of what a call calls.
pub(crate) fn called_name(facts: &FileFacts, call: ExprId) -> &str {
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return "" };
    match facts.expr(func).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(n),
        _ => "",
    }
}

/// `with suppress(Exception)`.
fn suppresses(facts: &FileFacts, infer: &mut Infer<'_>, def: Def, with: StmtId) -> Option<Span> {
    let StmtKind::With { items, is_async: false, .. } = facts.stmt(with).kind else { return None };
    facts.with_items[items.range()].iter().find_map(|item| {
        let ExprKind::Call { func, args } = facts.expr(item.context).kind else { return None };
        let is_broad = facts.args(args).iter().any(|a| is_named(facts, a.value, &["Exception", "BaseException"]));
        if called_name(facts, item.context) != "suppress" || !is_broad {
            return None;
        }
        let is_known = matches!(infer.expr(def.file, func),
            Ty::External(path) | Ty::Class(Class::External(path)) if path == "contextlib.suppress");
        is_known.then(|| facts.expr(item.context).span)
    })
}

/// Whether an awaited expression only waits for time or a lock.
pub(crate) fn only_waits(facts: &FileFacts, expr: ExprId) -> bool {
    match facts.expr(expr).kind {
        ExprKind::Await(value) => WAITS.contains(&called_name(facts, value)),
        _ => false,
    }
}

/// Whether a context manager is a lock or the like, by its name.
pub(crate) fn is_lock(facts: &FileFacts, context: ExprId) -> bool {
    let named = match facts.expr(context).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(n),
        ExprKind::Subscript { value, .. } => return is_lock(facts, value),
        ExprKind::Call { func, .. } => return is_lock(facts, func),
        _ => return false,
    };
    let named = named.to_ascii_lowercase();
    ["lock", "mutex", "sem", "condition", "limit", "guard"].iter().any(|part| named.contains(part))
}

/// Whether an expression is a statement of its own, so that its value is dropped.
fn is_statement(facts: &FileFacts, expr: ExprId) -> bool {
    matches!(facts.expr(expr).parent, Parent::Stmt(stmt) if matches!(facts.stmt(stmt).kind, StmtKind::Expr(_)))
}

fn is_returned(facts: &FileFacts, expr: ExprId) -> bool {
    matches!(facts.expr(expr).parent, Parent::Stmt(stmt) if matches!(facts.stmt(stmt).kind, StmtKind::Return(_)))
}
