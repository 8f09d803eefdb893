//! Loop states at the sites of a file: the flow domain fed with names and with the summaries of called functions.

use crate::finding::{Confidence, FileId};
use crate::flow::{self, CallMeaning, ExceptionClass, FlagMeaning, LoopFlow, Options, Oracle, StateSet};
use crate::infer::{Answer, Infer, Key, World, working_for};
use crate::knowledge::{Answers, InRunningLoop};
use crate::sites::{Happens, Site};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// How many functions deep a summary looks into what it calls.
const MAX_DEPTH: u8 = 3;
/// A function in a file without probes is summed up only up to this many statements: as a wrapper around one elsewhere.
const MAX_WRAPPER: u32 = 12;
/// Names without which a file has no probe of its own.
const PROBE_NAMES: &[&str] = &[
    "get_running_loop",
    "_get_running_loop",
    "is_running",
    "current_async_library",
    "current_task",
    "in_trio_run",
    "current_trio_token",
    "get_current_task",
    "get_event_loop",
    "create_task",
    "iscoroutinefunction",
];

/// The flows of the scopes of one file, each worked out when it is asked for.
pub(crate) struct Flows<'w> {
    world: &'w World,
    file: FileId,
    oracle: NameOracle<'w>,
    known: FxHashMap<ScopeId, Rc<LoopFlow>>,
}

impl<'w> Flows<'w> {
    /// Of `file`.
    pub(crate) fn new(world: &'w World, file: FileId) -> Self {
        Self { world, file, oracle: NameOracle::new(world, file, 0), known: FxHashMap::default() }
    }

    /// The file.
    pub(crate) fn file(&self) -> FileId {
        self.file
    }

    /// The flow of a function, lambda, class body or module.
    pub(crate) fn of(&mut self, scope: ScopeId) -> Rc<LoopFlow> {
        let facts = self.world.facts(self.file);
        let flow = self.known.entry(scope).or_insert_with(|| {
            let entry = entry(self.world, Def { file: self.file, scope });
            Rc::new(flow::analyze(facts, scope, entry, &self.oracle, Options::default()))
        });
        flow.clone()
    }

    /// The flow of the scope that runs an expression.
    pub(crate) fn around(&mut self, expr: ExprId) -> Rc<LoopFlow> {
        let facts = self.world.facts(self.file);
        self.of(facts.code_scope(facts.expr(expr).scope))
    }
}

/// Fills in the states of sites, and takes out the loop starts whose failure on a running loop is handled as such.
pub(crate) fn fill(flows: &mut Flows<'_>, sites: &mut Vec<Site>) {
    let (world, file) = (flows.world, flows.file);
    let facts = world.facts(file);
    for site in sites.iter_mut() {
        let made = site.states;
        site.states = flows.around(site.expr).state_at(facts, site.expr);
        // A lambda has no statement of its own for the states to be kept by.
        let scope = facts.code_scope(facts.expr(site.expr).scope);
        if site.states.is_empty() && facts.scope(scope).kind == ScopeKind::Lambda {
            site.states = StateSet::UNKNOWN;
        }
        if made != StateSet::ALL {
            site.states = site.states.given(made == StateSet::RUNNING);
        }
        site.attempted = is_attempt(world, file, site.expr);
    }
    sites.retain(|s| !(s.attempted && matches!(s.happens, Happens::StartsLoop(_))));
    let refusals = refusals(flows);
    if !refusals.is_empty() {
        sites.extend(refusals);
        sites.sort_by_key(|s| s.expr);
    }
}

/// Where plain functions of the file raise because a loop runs.
fn refusals(flows: &mut Flows<'_>) -> Vec<Site> {
    let (world, file) = (flows.world, flows.file);
    if !may_probe(world, file) {
        return Vec::new();
    }
    let (facts, text) = (world.facts(file), &world.program.file(file).text);
    let mut sites = Vec::new();
    for (scope, s) in facts.scopes() {
        if s.kind != (ScopeKind::Function { is_async: false }) || s.has_yield {
            continue;
        }
        let flow = flows.of(scope);
        let summary = flow.summary();
        let raised = summary.running_raises.iter().find_map(|&stmt| {
            let StmtKind::Raise { exc: Some(exc), .. } = facts.stmt(stmt).kind else { return None };
            let works = matches!(summary.not_running, flow::Outcome::Returns(_));
            (summary.refuses_running || works && speaks_of_the_loop(text, facts.expr(exc).span)).then_some(exc)
        });
        sites.extend(raised.map(|expr| Site {
            expr,
            owner: scope,
            happens: Happens::Refuses(Def { file, scope }),
            confidence: Confidence::Certain,
            conditional: !summary.refuses_running,
            states: StateSet::RUNNING,
            attempted: false,
        }));
    }
    sites
}

/// What errors say that are raised because a loop runs. Others speak of loops too: of one that is missing, or another one.
const REFUSALS: &[&str] = &[
    "running event loop",
    "running loop",
    "event loop is running",
    "loop is already running",
    "existing event loop",
    "inside an event loop",
    "in an event loop",
    "within an event loop",
    "async context",
    "async code",
    "async function",
    "asynchronous context",
    "from async",
    "await ",
];

/// Whether an exception's text says that a running loop is why it is raised.
fn speaks_of_the_loop(text: &str, raised: Span) -> bool {
    let raised = text.get(raised.range()).unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| raised.contains(words));
    says(REFUSALS) && !says(&["no running", "different"])
}

/// What is known of the loop where a scope begins: the cells of a notebook run on one.
fn entry(world: &World, def: Def) -> StateSet {
    match world.scope(def).kind {
        ScopeKind::Module if world.program.file(def.file).is_notebook => StateSet::RUNNING,
        _ => flow::usual_entry(world.facts(def.file), def.scope),
    }
}

/// The flow of one function, with its variables followed.
pub(crate) fn flow(world: &World, def: Def) -> flow::LoopFlow {
    let facts = world.facts(def.file);
    let options = Options { full: true, defaults: false };
    flow::analyze(facts, def.scope, entry(world, def), &NameOracle::new(world, def.file, 0), options)
}

/// Whether a loop start stands in a `try` that handles `RuntimeError` by name and goes on, or in a `suppress` of it: it is
/// tried, and something else is done where a loop runs.
pub(crate) fn is_attempt(world: &World, file: FileId, expr: ExprId) -> bool {
    use crate::index::Slot;
    let facts = world.facts(file);
    let index = world.index_of(file);
    let Some(mut at) = facts.stmt_of(expr) else { return false };
    while let Some(parent) = facts.stmt(at).parent {
        if let StmtKind::Try { handlers, .. } = &facts.stmt(parent).kind
            && index.slot(at) == Slot::Try
        {
            let handled = facts.handlers[handlers.range()].iter().any(|h| {
                let named = h.types.is_some_and(|t| names_runtime_error(facts, t));
                let leaves = facts.block(h.body).iter().any(|s| matches!(facts.stmt(*s).kind, StmtKind::Raise { .. }));
                named && !leaves
            });
            if handled {
                return true;
            }
        }
        if suppressed(facts, parent).is_some_and(|(_, by_name)| by_name) {
            return true;
        }
        at = parent;
    }
    false
}

/// The `contextlib.suppress(...)` of a `with` that takes RuntimeErrors, and whether it names them.
pub(crate) fn suppressed(facts: &FileFacts, stmt: StmtId) -> Option<(ExprId, bool)> {
    let StmtKind::With { items, is_async: false, .. } = facts.stmt(stmt).kind else { return None };
    facts.with_items[items.range()].iter().find_map(|item| {
        let ExprKind::Call { func, args } = facts.expr(item.context).kind else { return None };
        let dotted = facts.dotted(func)?;
        if dotted.rsplit('.').next() != Some("suppress") {
            return None;
        }
        let named = |wanted: &[&str]| {
            facts.args(args).iter().any(|a| match facts.expr(a.value).kind {
                ExprKind::Name(n) => wanted.contains(&facts.name(n)),
                _ => false,
            })
        };
        let by_name = named(&["RuntimeError"]);
        (by_name || named(&["Exception", "BaseException"])).then_some((item.context, by_name))
    })
}

fn names_runtime_error(facts: &FileFacts, types: ExprId) -> bool {
    match &facts.expr(types).kind {
        ExprKind::Name(n) => facts.name(*n) == "RuntimeError",
        ExprKind::Tuple(items) => facts.list(*items).iter().any(|&i| names_runtime_error(facts, i)),
        _ => false,
    }
}

/// Answers the flow's questions from names and summaries.
pub(crate) struct NameOracle<'w> {
    world: &'w World,
    infer: RefCell<Infer<'w>>,
    file: FileId,
    depth: u8,
}

impl<'w> NameOracle<'w> {
    /// For code of `file`, which is `depth` summaries deep.
    pub(crate) fn new(world: &'w World, file: FileId, depth: u8) -> Self {
        Self { world, infer: RefCell::new(Infer::new(world)), file, depth }
    }

    fn external(&self, path: &str) -> CallMeaning {
        let knowledge = self.world.knowledge;
        match path {
            "asyncio.get_running_loop" => return CallMeaning::running_loop(),
            "asyncio.new_event_loop" => return CallMeaning::NewLoop,
            "asyncio.get_event_loop" => return CallMeaning::CurrentLoop,
            "asyncio.AbstractEventLoop.is_running" => return CallMeaning::LoopIsRunning,
            "asyncio.create_task" => return CallMeaning::requires_loop(),
            // A running loop is not closed, so a closed one means that none runs.
            "asyncio.AbstractEventLoop.is_closed" => {
                return CallMeaning::Depends {
                    running: flow::Outcome::Returns(flow::Value::False),
                    not_running: flow::Outcome::Returns(flow::Value::Any),
                    may_fail: false,
                };
            }
            "contextlib.suppress" | "pytest.raises" => return CallMeaning::Suppresses,
            "sys.exit" | "os._exit" | "os.abort" | "pytest.fail" | "pytest.skip" => return CallMeaning::NeverReturns,
            _ => {}
        }
        if let Some(probe) = knowledge.probe(path) {
            return match probe.answers {
                Answers::Raises => {
                    let class = probe.raises.first().map_or_else(ExceptionClass::runtime_error, |r| {
                        ExceptionClass::named(r.rsplit('.').next().unwrap_or(r))
                    });
                    CallMeaning::probe_raises(class)
                }
                Answers::None => CallMeaning::probe_none(),
                Answers::Bool => CallMeaning::probe_bool(),
            };
        }
        match knowledge.starter(path) {
            Some(s) if s.in_running_loop == InRunningLoop::Raises && s.only_in.is_empty() => CallMeaning::Starts,
            _ => CallMeaning::Other,
        }
    }

    /// Of a call without arguments when `defaults`: parameters then hold what they default to.
    fn summary(&self, def: Def, defaults: bool) -> CallMeaning {
        if self.depth >= MAX_DEPTH {
            return CallMeaning::Other;
        }
        meaning(self.world, def, self.depth + 1, defaults)
    }
}

/// What a call of a function of the program means for its caller's flow.
pub(crate) fn meaning(world: &World, def: Def, depth: u8, defaults: bool) -> CallMeaning {
    let key = Key::Meaning(def, depth, defaults);
    if let Some(known) = world.recall::<Arc<CallMeaning>>(&key) {
        return (*known).clone();
    }
    let meaning = {
        let _own = working_for(def.file);
        find_meaning(world, def, depth, defaults)
    };
    world.remember(key, Some(Answer::Meaning(Arc::new(meaning.clone()))));
    meaning
}

fn find_meaning(world: &World, def: Def, depth: u8, defaults: bool) -> CallMeaning {
    let scope = world.scope(def);
    let plain = matches!(scope.kind, ScopeKind::Function { is_async: false }) && !scope.has_yield;
    if !plain || !may_tell(world, def) {
        return CallMeaning::Other;
    }
    let facts = world.facts(def.file);
    let oracle = NameOracle::new(world, def.file, depth);
    let options = Options { full: false, defaults };
    let flow = flow::analyze(facts, def.scope, StateSet::UNKNOWN, &oracle, options);
    flow.summary().meaning()
}

fn may_tell(world: &World, def: Def) -> bool {
    may_probe(world, def.file) || world.scope(def).body.0.len <= MAX_WRAPPER
}

/// Whether a file may have a probe of its own.
pub(crate) fn may_probe(world: &World, file: FileId) -> bool {
    let index = world.index_of(file);
    PROBE_NAMES.iter().any(|n| index.name(n).is_some())
}

impl Oracle for NameOracle<'_> {
    fn call(&self, call: ExprId) -> CallMeaning {
        let facts = self.world.facts(self.file);
        let ExprKind::Call { func, args } = facts.expr(call).kind else { return CallMeaning::Other };
        let callee = self.infer.borrow_mut().expr(self.file, func);
        match callee {
            // Told which loop is meant, these do not ask whether one runs.
            Ty::External(path)
                if matches!(path.as_str(), "asyncio.all_tasks" | "asyncio.current_task") && !args.is_empty() =>
            {
                CallMeaning::Other
            }
            Ty::External(path) => self.external(&path),
            Ty::Function(def, _) => self.summary(def, args.is_empty()),
            Ty::Unknown => match facts.expr(func).kind {
                ExprKind::Attribute { value, attr } if facts.name(attr) == "is_running" => {
                    let looks = facts.dotted(value).is_some_and(|d| d.ends_with("loop"));
                    if looks { CallMeaning::LoopIsRunning } else { CallMeaning::Other }
                }
                _ => CallMeaning::Other,
            },
            _ => CallMeaning::Other,
        }
    }

    fn attribute_flag(&self, expr: ExprId) -> Option<FlagMeaning> {
        let facts = self.world.facts(self.file);
        let ExprKind::Attribute { value, attr } = facts.expr(expr).kind else { return None };
        let ExprKind::Name(_) = facts.expr(value).kind else { return None };
        let name = facts.name(attr);
        let mut infer = self.infer.borrow_mut();
        let Ty::Instance(Class::Own(class)) = infer.expr(self.file, value) else { return None };
        if let Ty::Property(def, _) = infer.member(&Ty::Instance(Class::Own(class)), name) {
            drop(infer);
            return match self.summary(def, true) {
                CallMeaning::Depends {
                    running: flow::Outcome::Returns(running),
                    not_running: flow::Outcome::Returns(not_running),
                    ..
                } => FlagMeaning::telling(running, not_running),
                _ => None,
            };
        }
        let init = infer.method(class, "__init__")?;
        drop(infer);
        self.flags(init).iter().find(|(n, _)| n == name).map(|(_, f)| *f)
    }
}

impl NameOracle<'_> {
    /// The attributes that `__init__` sets from a probe.
    fn flags(&self, init: Def) -> Arc<Vec<(SmolStr, FlagMeaning)>> {
        // A circle: the flags of this `__init__` are being found.
        if self.depth >= MAX_DEPTH || self.file == init.file && self.depth > 0 {
            return Default::default();
        }
        flags(self.world, init)
    }
}

/// The attributes that an `__init__` sets from a probe; worked out once.
pub(crate) fn flags(world: &World, init: Def) -> Arc<Vec<(SmolStr, FlagMeaning)>> {
    let key = Key::Flags(init);
    if let Some(known) = world.recall(&key) {
        return known;
    }
    let found = {
        let _own = working_for(init.file);
        Arc::new(find_flags(world, init))
    };
    world.remember(key, Some(Answer::Flags(found.clone())));
    found
}

/// The attributes that an `__init__` sets from a probe.
fn find_flags(world: &World, init: Def) -> Vec<(SmolStr, FlagMeaning)> {
    if !may_probe(world, init.file) {
        return Vec::new();
    }
    let facts = world.facts(init.file);
    let oracle = NameOracle::new(world, init.file, MAX_DEPTH - 1);
    let flow = flow::analyze(facts, init.scope, StateSet::UNKNOWN, &oracle, Options::default());
    flow.attributes().iter().filter_map(|a| Some((facts.name(a.name).into(), a.flag?))).collect()
}
