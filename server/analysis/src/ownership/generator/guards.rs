//! What stands around the `yield`s of an async generator and runs when it is closed there: `finally`, handlers that catch
//! `GeneratorExit`, the ends of `with` blocks, and what generators that it passes on have to do themselves.

use super::{Called, Generators};
use crate::index::Slot;
use crate::infer::Infer;
use crate::ownership::uses::{ends, last_name};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::sync::Arc;

/// What a generator has to do when it is left at a `yield`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CleanUp {
    /// The function in whose code it stands.
    pub(crate) def: Def,
    /// What it is.
    pub(crate) guard: Guard,
    /// How much hangs on it.
    pub(crate) weight: Weight,
    /// Where it stands.
    pub(crate) span: Span,
    /// A `yield` that it stands around.
    pub(crate) at: ExprId,
    /// The loops over the generator, from the outermost one on, that pass its elements on and do not close it.
    pub(crate) via: Vec<(Def, StmtId)>,
    /// The function behind a `with`, and what in it cannot be left in another task.
    pub(crate) within: Option<(Def, Span)>,
}

/// What runs when a generator is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Guard {
    /// A `finally`; the call in it that says most.
    Finally(Option<SmolStr>),
    /// An `except` that catches `GeneratorExit`.
    Handler,
    /// The end of a `with` block, by its context manager.
    With {
        /// `async with`.
        is_async: bool,
        /// As written.
        context: SmolStr,
    },
}

/// How much hangs on a clean-up, ordered.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Weight {
    /// It notes something: assignments.
    Notes,
    /// It calls something.
    Calls,
    /// It waits for something.
    Waits,
    /// It leaves a task group, a cancel scope or a timeout, which only the task that entered it can.
    TaskScope,
}

/// Context managers that only the task that entered them can leave.
const TASK_SCOPES: &[&str] = &[
    "aiotools.TaskGroup",
    "anyio.CancelScope",
    "anyio.create_task_group",
    "anyio.fail_after",
    "anyio.move_on_after",
    "async_timeout.timeout",
    "async_timeout.timeout_at",
    "asyncio.TaskGroup",
    "asyncio.timeout",
    "asyncio.timeout_at",
    "quattro.TaskGroup",
    "taskgroup.TaskGroup",
    "taskgroup.timeout",
    "trio.CancelScope",
    "trio.fail_after",
    "trio.fail_at",
    "trio.move_on_after",
    "trio.move_on_at",
    "trio.open_nursery",
];
/// Context managers whose end does nothing.
const IDLE: &[&str] = &["contextlib.nullcontext", "contextlib.suppress"];
/// Calls that clean nothing up: they say or ask something.
const SAYING: &[&str] = &[
    "cancelled",
    "critical",
    "debug",
    "done",
    "echo",
    "empty",
    "error",
    "exception",
    "format",
    "get",
    "getattr",
    "hasattr",
    "info",
    "int",
    "is_set",
    "isinstance",
    "len",
    "log",
    "max",
    "min",
    "monotonic",
    "now",
    "perf_counter",
    "print",
    "qsize",
    "repr",
    "round",
    "str",
    "suppress",
    "time",
    "time_ns",
    "trace",
    "type",
    "utcnow",
    "warn",
    "warning",
];

impl<'w> Generators<'w> {
    pub(super) fn find_clean_up(&mut self, infer: &mut Infer<'w>, def: Def) -> Option<CleanUp> {
        let facts = self.world.facts(def.file);
        let yields = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Yield(_)) && e.scope == def.scope);
        let mut best: Option<CleanUp> = None;
        for (at, _) in yields {
            for clean_up in self.around(infer, def, at) {
                let is_better = |old: &CleanUp| (clean_up.weight, old.via.len()) > (old.weight, clean_up.via.len());
                if best.as_ref().is_none_or(is_better) {
                    best = Some(clean_up);
                }
            }
        }
        best
    }

    /// What stands around a `yield`, from the inside out.
    fn around(&mut self, infer: &mut Infer<'w>, def: Def, at: ExprId) -> Vec<CleanUp> {
        let facts = self.world.facts(def.file);
        let index = self.world.index_of(def.file);
        let mut found = Vec::new();
        let mut stmt = facts.stmt_of(at);
        while let Some(inner) = stmt {
            stmt = facts.stmt(inner).parent;
            let Some(outer) = stmt else { break };
            match (&facts.stmt(outer).kind, index.slot(inner)) {
                (StmtKind::Try { handlers, finalbody, .. }, slot @ (Slot::Try | Slot::Handler(_) | Slot::TryElse)) => {
                    found.extend(self.finally(def, at, *finalbody));
                    if slot == Slot::Try {
                        found.extend(self.handler(def, at, *handlers));
                    }
                }
                (StmtKind::With { items, is_async, .. }, Slot::With) => {
                    for item in &facts.with_items[items.range()] {
                        found.extend(self.with_item(infer, def, at, item.context, *is_async));
                    }
                }
                (StmtKind::For { iter, is_async: true, .. }, Slot::LoopBody) => {
                    let called = self.called(infer, def.file, *iter);
                    found.extend(called.and_then(|called| self.passed_on(infer, def, outer, &called)));
                }
                _ => {}
            }
        }
        found
    }

    fn finally(&self, def: Def, at: ExprId, body: Block) -> Option<CleanUp> {
        let (weight, says) = self.weigh(def, body)?;
        Some(CleanUp { guard: Guard::Finally(says), ..self.at_block(def, at, body, weight)? })
    }

    fn handler(&self, def: Def, at: ExprId, handlers: Run) -> Option<CleanUp> {
        let facts = self.world.facts(def.file);
        let catching = facts.handlers[handlers.range()].iter().find(|h| catches_exit(facts, h.types))?;
        let (weight, _) = self.weigh(def, catching.body)?;
        self.at_block(def, at, catching.body, weight)
    }

    fn at_block(&self, def: Def, at: ExprId, body: Block, weight: Weight) -> Option<CleanUp> {
        let facts = self.world.facts(def.file);
        let span = facts.stmt(*facts.block(body).first()?).span;
        Some(CleanUp { def, guard: Guard::Handler, weight, span, at, via: Vec::new(), within: None })
    }

    /// The clean-up of the worst of the generators that a loop of `def` passes on.
    fn passed_on(&mut self, infer: &mut Infer<'w>, def: Def, looped: StmtId, called: &Called) -> Option<CleanUp> {
        let mut inner = (*self.of_called(infer, called)?).clone();
        inner.via.insert(0, (def, looped));
        Some(inner)
    }

    /// The clean-up that all generators which a call may make have: the one that weighs most.
    pub(crate) fn of_called(&mut self, infer: &mut Infer<'w>, called: &Called) -> Option<Arc<CleanUp>> {
        self.of_any(infer, called).filter(|(_, all)| *all).map(|(clean_up, _)| clean_up)
    }

    /// The clean-up that weighs most among those of the generators which a call may make, and whether all have any.
    pub(crate) fn of_any(&mut self, infer: &mut Infer<'w>, called: &Called) -> Option<(Arc<CleanUp>, bool)> {
        let found: Vec<_> = called.defs.iter().filter_map(|&def| self.clean_up(infer, def)).collect();
        let all = found.len() == called.defs.len();
        found.into_iter().max_by_key(|clean_up| clean_up.weight).map(|clean_up| (clean_up, all))
    }

    /// What the end of a `with` block around a `yield` does.
    fn with_item(
        &mut self,
        infer: &mut Infer<'w>,
        def: Def,
        at: ExprId,
        context: ExprId,
        is_async: bool,
    ) -> Option<CleanUp> {
        let facts = self.world.facts(def.file);
        if let Some(closed) = self.closed_generator(infer, def, context) {
            return self.of_called(infer, &closed).map(|inner| (*inner).clone());
        }
        let own = if is_async { Weight::Waits } else { Weight::Calls };
        let (weight, within) = match infer.expr(def.file, context) {
            Ty::ContextManager { def: entered, .. } => {
                let inner = self.clean_up(infer, entered)?;
                let scope = inner.within.unwrap_or((inner.def, inner.span));
                (inner.weight, (inner.weight == Weight::TaskScope).then_some(scope))
            }
            Ty::Instance(Class::Own(class)) => self.instance(infer, class, is_async, own)?,
            _ => (self.external(infer, def, context, own)?, None),
        };
        let span = facts.expr(context).span;
        let guard = Guard::With { is_async, context: self.written(def, context) };
        Some(CleanUp { def, guard, weight, span, at, via: Vec::new(), within })
    }

    /// The generator that `aclosing(rows())`, or a class of that name, closes: what has to be done then is what that one has to do.
    fn closed_generator(&self, infer: &mut Infer<'w>, def: Def, context: ExprId) -> Option<Called> {
        let facts = self.world.facts(def.file);
        let ExprKind::Call { func, args } = facts.expr(context).kind else { return None };
        let [arg] = facts.args(args) else { return None };
        let closes = last_name(facts, func).eq_ignore_ascii_case("aclosing");
        closes.then(|| self.called(infer, def.file, arg.value)).flatten()
    }

    /// What leaving an instance of a class of the program does; none where it does nothing.
    fn instance(
        &mut self,
        infer: &mut Infer<'w>,
        class: Def,
        is_async: bool,
        own: Weight,
    ) -> Option<(Weight, Option<(Def, Span)>)> {
        let (enter, exit) = if is_async { ("__aenter__", "__aexit__") } else { ("__enter__", "__exit__") };
        if let Some(entry) = infer.method(class, enter)
            && let Some(scope) = self.enters_task_scope(infer, entry)
        {
            return Some((Weight::TaskScope, Some((entry, scope))));
        }
        match infer.method(class, exit) {
            Some(exit) => {
                let body = self.world.scope(exit).body;
                self.weigh(exit, body).map(|(weight, _)| (weight, None))
            }
            None => Some((own, None)),
        }
    }

    /// Where an `__aenter__` enters a task group or the like.
    fn enters_task_scope(&self, infer: &mut Infer<'w>, entry: Def) -> Option<Span> {
        let facts = self.world.facts(entry.file);
        let enters = |name: &str| matches!(name, "__aenter__" | "__enter__" | "enter_async_context" | "enter_context");
        facts.exprs().filter(|(_, e)| e.scope == entry.scope).find_map(|(id, e)| {
            let ExprKind::Call { func, args } = e.kind else { return None };
            let ExprKind::Attribute { value, attr } = facts.expr(func).kind else { return None };
            if !enters(facts.name(attr)) {
                return None;
            }
            let entered = facts.args(args).first().map_or(value, |arg| arg.value);
            self.makes_task_scope(infer, entry, entered).then_some(facts.expr(id).span)
        })
    }

    /// Whether an expression in a method is a fresh task group or the like, or an attribute that is given one.
    fn makes_task_scope(&self, infer: &mut Infer<'w>, method: Def, expr: ExprId) -> bool {
        let (facts, index) = (self.world.facts(method.file), self.world.index_of(method.file));
        match facts.expr(expr).kind {
            ExprKind::Call { func, .. } => {
                let (Ty::External(path) | Ty::Class(Class::External(path))) = infer.expr(method.file, func) else {
                    return false;
                };
                is_task_scope(&path)
            }
            ExprKind::Attribute { value, attr } => {
                let ExprKind::Name(receiver) = facts.expr(value).kind else { return false };
                let Some(class) = index.self_class(facts, method.scope, receiver) else { return false };
                let values = index.attributes(class, attr).iter().filter_map(|given| given.value);
                let calls = |value: &ExprId| matches!(facts.expr(*value).kind, ExprKind::Call { .. });
                values.filter(calls).any(|value| self.makes_task_scope(infer, method, value))
            }
            _ => false,
        }
    }

    /// What leaving something from outside the program, or unknown, does; none where it does nothing.
    fn external(&self, infer: &mut Infer<'w>, def: Def, context: ExprId, own: Weight) -> Option<Weight> {
        let facts = self.world.facts(def.file);
        let ExprKind::Call { func, .. } = facts.expr(context).kind else { return Some(own) };
        let path = match infer.expr(def.file, func) {
            Ty::External(path) | Ty::Class(Class::External(path)) => path,
            // `anyio = require("anyio")`: the name says it.
            _ => facts.dotted(func).unwrap_or_default().into(),
        };
        if is_task_scope(&path) {
            return Some(Weight::TaskScope);
        }
        if IDLE.contains(&&*path) {
            return None;
        }
        Some(own)
    }

    /// What a block does for others, and the call in it that says most; none where it only says or works something out.
    fn weigh(&self, def: Def, body: Block) -> Option<(Weight, Option<SmolStr>)> {
        let facts = self.world.facts(def.file);
        let stmts = facts.block(body);
        let span = Span::new(facts.stmt(*stmts.first()?).span.start, facts.stmt(*stmts.last()?).span.end);
        let mut weight = None;
        let mut calls: Vec<ExprId> = Vec::new();
        for (id, e) in facts.exprs().filter(|(_, e)| span.contains(e.span)) {
            let does = match e.kind {
                ExprKind::Call { func, .. } if !SAYING.contains(&last_name(facts, func)) => {
                    calls.push(func);
                    Weight::Calls
                }
                ExprKind::Await(_) => Weight::Waits,
                ExprKind::Attribute { .. } | ExprKind::Subscript { .. } if is_set(facts, id) => Weight::Notes,
                _ => continue,
            };
            weight = weight.max(Some(does));
        }
        // What is only handed to a log is no clean-up.
        calls.retain(|&func| !is_said(facts, func));
        if calls.is_empty() {
            weight = weight.map(|w| w.min(Weight::Notes));
            let sets = facts.exprs().any(|(id, e)| span.contains(e.span) && is_set(facts, id));
            weight = weight.filter(|_| sets);
        }
        let ending = calls.iter().find(|&&func| ends(last_name(facts, func)));
        let telling = ending.or(calls.iter().find(|&&func| is_awaited(facts, func))).or(calls.first());
        let text = telling.and_then(|&func| facts.dotted(func)).filter(|text| text.len() <= MAX_TEXT);
        weight.map(|weight| (weight, text.map(|text| format!("{text}()").into())))
    }

    /// A context manager as a person would name it.
    fn written(&self, def: Def, context: ExprId) -> SmolStr {
        let facts = self.world.facts(def.file);
        let text = match facts.expr(context).kind {
            ExprKind::Call { func, .. } => facts.dotted(func).map(|name| format!("{name}()")),
            _ => facts.dotted(context),
        };
        text.filter(|text| text.len() <= MAX_TEXT).unwrap_or_else(|| "...".to_owned()).into()
    }
}

/// Longer names are not put into a message.
const MAX_TEXT: usize = 48;

fn is_task_scope(path: &str) -> bool {
    TASK_SCOPES.binary_search(&path).is_ok()
}

/// Whether an `except` of these types catches what closing a generator raises in it.
fn catches_exit(facts: &FileFacts, types: Option<ExprId>) -> bool {
    let Some(types) = types else { return true };
    match facts.expr(types).kind {
        ExprKind::Tuple(items) => facts.list(items).iter().any(|&item| catches_exit(facts, Some(item))),
        _ => matches!(last_name(facts, types), "BaseException" | "GeneratorExit"),
    }
}

/// Whether an expression is given a value or deleted.
fn is_set(facts: &FileFacts, expr: ExprId) -> bool {
    let Parent::Stmt(stmt) = facts.expr(expr).parent else { return false };
    if !matches!(facts.expr(expr).kind, ExprKind::Attribute { .. } | ExprKind::Subscript { .. }) {
        return false;
    }
    match &facts.stmt(stmt).kind {
        StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) => facts.list(*targets).contains(&expr),
        StmtKind::AnnAssign { target, .. } | StmtKind::AugAssign { target, .. } => *target == expr,
        _ => false,
    }
}

/// Whether what a callee gives is awaited at once.
fn is_awaited(facts: &FileFacts, func: ExprId) -> bool {
    let Parent::Expr(call) = facts.expr(func).parent else { return false };
    matches!(facts.expr(call).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)))
}

/// Whether a call stands among the arguments of one that only says something.
fn is_said(facts: &FileFacts, func: ExprId) -> bool {
    let mut at = func;
    while let Parent::Expr(parent) = facts.expr(at).parent {
        if let ExprKind::Call { func, .. } = facts.expr(parent).kind
            && func != at
            && SAYING.contains(&last_name(facts, func))
        {
            return true;
        }
        at = parent;
    }
    false
}
