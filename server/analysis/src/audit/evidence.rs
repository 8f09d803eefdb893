//! The calls in plain code that start a loop, wait for a coroutine or hand one over.

use super::Scene;
use super::bridges::is_application;
use crate::finding::FileId;
use crate::graph::{Effect, Reason, SiteRef};
use crate::infer::Infer;
use crate::knowledge::{InRunningLoop, Kind, written_name};
use crate::settings::RunsOn;
use crate::sites::{Happens, run_scope};
use crate::states;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// Callables by the last part of their name, of which calls are looked at beside the sites of the graph.
const NAMES: &[&str] = &[
    "run_coroutine_threadsafe",
    "create_task",
    "ensure_future",
    "start_blocking_portal",
    "call",
    "submit",
    "run_in_executor",
    "to_thread",
    "run_sync",
    "Thread",
    "run",
    "run_until_complete",
];

/// What is made of a value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// The function returns it.
    Returned,
    /// Nothing.
    Dropped,
    /// It is kept in a variable, or handed on.
    Kept,
}

/// What a call does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Starts a loop and waits until it ends; a failed start is `handled` as such.
    Starts { deadlocks: bool, handled: bool, is_application: bool },
    /// Enters a loop from one of its worker threads, and works nowhere else.
    FromWorker,
    /// Waits for a loop that a portal runs in a thread.
    Portal,
    /// Hands a coroutine to a loop of another thread: `run_coroutine_threadsafe(work, onto)`.
    Threadsafe { onto: Option<ExprId>, waits: bool },
    /// Runs a loop in another thread.
    Thread { waits: bool },
    /// Makes a task of a coroutine on the running loop, or on the loop that is the receiver.
    Task { made: Use, needs_running: bool },
}

/// A call that takes part in a bridge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Evidence {
    /// The function in which it happens, as its callers see it.
    pub(super) owner: Def,
    /// The call, in the file of the owner.
    pub(super) call: ExprId,
    /// What it does.
    pub(super) what: What,
    /// The outside callable, as people write it.
    pub(super) name: SmolStr,
}

/// All of it in a file, in the order of the calls.
pub(super) fn of_file(scene: &Scene<'_>, file: FileId) -> Vec<Evidence> {
    let mut search = Search {
        scene,
        infer: Infer::new(&scene.analysis.world),
        file,
        facts: scene.analysis.world.facts(file),
        found: Vec::new(),
    };
    search.sites();
    search.calls();
    let mut found = search.found;
    found.sort_by_key(|evidence| evidence.call);
    found.dedup_by_key(|evidence| (evidence.call, evidence.owner));
    found
}

struct Search<'a> {
    scene: &'a Scene<'a>,
    infer: Infer<'a>,
    file: FileId,
    facts: &'a FileFacts,
    found: Vec<Evidence>,
}

impl Search<'_> {
    /// What the graph knows: loop starts, and functions with a loop start that are handed to a thread.
    fn sites(&mut self) {
        let analysis = self.scene.analysis;
        for (index, site) in analysis.graph.sites[self.file.index()].iter().enumerate() {
            let at = SiteRef { file: self.file, index: index as u32 };
            match &site.happens {
                Happens::StartsLoop(path) => {
                    let row = analysis.world.knowledge.starter(path);
                    let deadlocks = row.is_some_and(|row| row.in_running_loop == InRunningLoop::Deadlocks);
                    self.push_start(site.owner, site.expr, deadlocks, false, written_name(path));
                }
                Happens::RefusesLoop(path) => self.push(site.owner, site.expr, What::FromWorker, written_name(path)),
                Happens::Runs(target) if self.is_folded(*target) => {
                    let Some(witness) = analysis.graph.witness(*target, Effect::StartsLoop) else { continue };
                    let chain = analysis.graph.chain(witness, Effect::StartsLoop);
                    let sink = chain.last().map(|at| analysis.sink_of(*at)).unwrap_or_default();
                    self.push_start(site.owner, site.expr, false, false, written_name(&sink));
                }
                Happens::Schedules(target, RunsOn::Worker) if !analysis.world.is_async(*target) => {
                    let Some(witness) = analysis.graph.witness(*target, Effect::StartsLoop) else { continue };
                    let chain = analysis.graph.chain(witness, Effect::StartsLoop);
                    let sink = chain.last().map(|at| analysis.sink_of(*at)).unwrap_or_default();
                    let name = format!("{} in {}", written_name(&sink), analysis.site_text(at));
                    let waits = !sink.ends_with(".run_forever") && self.waits_in(site.owner);
                    self.push(site.owner, site.expr, What::Thread { waits }, &name);
                }
                _ => {}
            }
        }
    }

    /// What only the text says.
    fn calls(&mut self) {
        let index = self.scene.analysis.world.index_of(self.file);
        let ids: Vec<NameId> = NAMES.iter().filter_map(|name| index.name(name)).collect();
        if ids.is_empty() {
            return;
        }
        let facts = self.facts;
        for (id, expr) in facts.exprs() {
            let ExprKind::Call { func, args } = expr.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else {
                continue;
            };
            if ids.contains(&name) {
                self.call(id, func, args, facts.name(name));
            }
        }
    }

    fn call(&mut self, call: ExprId, func: ExprId, args: Run, name: &str) {
        let owner = run_scope(self.facts, self.facts.expr(call).scope);
        let (Ty::External(path) | Ty::Class(Class::External(path))) = self.infer.expr(self.file, func) else {
            // Whatever it is that is submitted to, it runs what it is given in a worker.
            if name == "submit" {
                self.offload(owner, call, args, 0, None, "submit");
            }
            return;
        };
        let knowledge = self.scene.analysis.world.knowledge;
        let what = match path.as_str() {
            "asyncio.run_coroutine_threadsafe" => {
                let onto = self.argument(args, 1, "loop");
                What::Threadsafe { onto, waits: self.is_waited_for(call, owner) }
            }
            "asyncio.create_task" | "asyncio.ensure_future" | "asyncio.AbstractEventLoop.create_task" => {
                let needs_running = path != "asyncio.AbstractEventLoop.create_task";
                What::Task { made: self.made_of(call), needs_running }
            }
            "anyio.from_thread.start_blocking_portal" | "anyio.from_thread.BlockingPortal.call" => What::Portal,
            _ => {
                if let Some(row) = knowledge.offload(&path).filter(|row| row.kind != Kind::Wrapper) {
                    self.offload(owner, call, args, row.position, row.keyword.as_deref(), written_name(&path));
                } else if let Some(row) = knowledge.starter(&path)
                    && matches!(row.kind, Kind::Function | Kind::Method)
                    && row.in_running_loop == InRunningLoop::Raises
                    && row.only_in.is_empty()
                    && states::is_attempt(&self.scene.analysis.world, self.file, call)
                {
                    self.push_start(owner, call, false, true, written_name(&path));
                }
                return;
            }
        };
        self.push(owner, call, what, written_name(&path));
    }

    /// A starter that is itself what a thread runs: `submit(asyncio.run, work)`.
    fn offload(&mut self, owner: ScopeId, call: ExprId, args: Run, position: u32, keyword: Option<&str>, by: &str) {
        let Some(work) = self.argument(args, position as usize, keyword.unwrap_or_default()) else { return };
        let Ty::External(path) = self.infer.expr(self.file, work) else { return };
        let starts = self.scene.analysis.world.knowledge.starter(&path).is_some_and(|row| {
            row.in_running_loop == InRunningLoop::Raises && row.only_in.is_empty() && row.kind != Kind::Wrapper
        });
        if starts {
            let waits = !path.ends_with(".run_forever") && self.waits_in(owner);
            let name = format!("{} in {by}()", written_name(&path));
            self.push(owner, call, What::Thread { waits }, &name);
        }
    }

    fn argument(&self, args: Run, position: usize, keyword: &str) -> Option<ExprId> {
        let args = self.facts.args(args);
        let named = args.iter().find(|arg| arg.name.is_some_and(|name| self.facts.name(name) == keyword));
        let placed = || args.iter().filter(|arg| arg.name.is_none() && arg.star == Star::No).nth(position);
        named.or_else(placed).map(|arg| arg.value)
    }

    fn push_start(&mut self, owner: ScopeId, call: ExprId, deadlocks: bool, handled: bool, name: &str) {
        let is_application = is_application(self.scene, name);
        self.push(owner, call, What::Starts { deadlocks, handled, is_application }, name);
    }

    /// Notes a call with the function that callers see: of what a thread runs, that is the function that makes the thread.
    fn push(&mut self, owner: ScopeId, call: ExprId, what: What, name: &str) {
        let analysis = self.scene.analysis;
        let mut owner = Def { file: self.file, scope: owner };
        loop {
            // Its own thread has no other loop; the function that hands it over is told of instead.
            if self.is_folded(owner) || self.is_handed(owner) && analysis.graph.callers_of(owner).is_empty() {
                return;
            }
            match analysis.world.scope(owner) {
                Scope { kind: ScopeKind::Lambda, parent: Some(parent), .. } => {
                    owner.scope = run_scope(self.facts, *parent);
                }
                _ => break,
            }
        }
        let is_plain = !analysis.world.is_async(owner) && !analysis.is_broken(self.file, owner.scope);
        if is_plain {
            self.found.push(Evidence { owner, call, what, name: name.into() });
        }
    }

    /// Whether code hands a function to a worker thread.
    fn is_handed(&self, def: Def) -> bool {
        let mut roots = self.scene.analysis.graph.roots_of(def).iter();
        roots.any(|root| root.on == RunsOn::Worker && matches!(root.reason, Reason::Scheduled(_)))
    }

    /// Whether a function that starts a loop is part of the one around it, which alone calls it.
    fn is_folded(&self, def: Def) -> bool {
        let analysis = self.scene.analysis;
        let scope = analysis.world.scope(def);
        let (ScopeKind::Function { is_async: false }, Some(parent)) = (scope.kind, scope.parent) else { return false };
        let around = run_scope(analysis.world.facts(def.file), parent);
        let callers = analysis.graph.callers_of(def);
        let is_own = |at: &SiteRef| analysis.graph.owner(*at) == Def { file: def.file, scope: around };
        let starts = analysis.graph.witness(def, Effect::StartsLoop).is_some();
        starts && around != ScopeId::MODULE && !callers.is_empty() && callers.iter().all(is_own)
    }

    fn made_of(&self, call: ExprId) -> Use {
        match self.facts.expr(call).parent {
            Parent::Stmt(stmt) => match self.facts.stmt(stmt).kind {
                StmtKind::Return(_) => Use::Returned,
                StmtKind::Expr(_) => Use::Dropped,
                StmtKind::Assign { targets, .. } => match self.facts.list(targets) {
                    [target] => self.made_of_name(*target),
                    _ => Use::Kept,
                },
                _ => Use::Kept,
            },
            _ => Use::Kept,
        }
    }

    /// Of a local variable: whether the function returns it.
    fn made_of_name(&self, target: ExprId) -> Use {
        let ExprKind::Name(name) = self.facts.expr(target).kind else { return Use::Kept };
        let owner = run_scope(self.facts, self.facts.expr(target).scope);
        let index = self.scene.analysis.world.index_of(self.file);
        let returns = index.returns.get(&owner).map_or(&[][..], Vec::as_slice);
        let is_name = |value: &ExprId| matches!(self.facts.expr(*value).kind, ExprKind::Name(n) if n == name);
        match returns.iter().any(|(_, value)| value.as_ref().is_some_and(is_name)) {
            true => Use::Returned,
            false => Use::Kept,
        }
    }

    /// Whether `.result()` is asked of what a call gives, at once or through a variable of the function.
    fn is_waited_for(&self, call: ExprId, owner: ScopeId) -> bool {
        let facts = self.facts;
        if let Parent::Expr(parent) = facts.expr(call).parent
            && matches!(facts.expr(parent).kind, ExprKind::Attribute { attr, .. } if facts.name(attr) == "result")
        {
            return true;
        }
        let Parent::Stmt(stmt) = facts.expr(call).parent else { return false };
        let StmtKind::Assign { targets, .. } = facts.stmt(stmt).kind else { return false };
        let names: Vec<String> = facts.list(targets).iter().filter_map(|target| facts.dotted(*target)).collect();
        self.methods_in(owner, &["result", "exception"])
            .any(|receiver| facts.dotted(receiver).is_some_and(|name| names.contains(&name)))
    }

    /// Whether a function waits for a thread or a future.
    fn waits_in(&self, owner: ScopeId) -> bool {
        self.methods_in(owner, &["result", "join"]).next().is_some()
    }

    /// The receivers of calls of these methods in a function. `", ".join(parts)` is not one: what joins a thread has at
    /// most a timeout.
    fn methods_in<'s>(&'s self, owner: ScopeId, methods: &'s [&str]) -> impl Iterator<Item = ExprId> + 's {
        let facts = self.facts;
        facts.exprs().filter_map(move |(_, expr)| {
            let ExprKind::Call { func, args } = expr.kind else { return None };
            let ExprKind::Attribute { value, attr } = facts.expr(func).kind else { return None };
            let name = facts.name(attr);
            if !methods.contains(&name) || run_scope(facts, expr.scope) != owner {
                return None;
            }
            let is_timeout = |arg: &Arg| {
                arg.name.is_some()
                    || matches!(facts.expr(arg.value).kind, ExprKind::Int(_) | ExprKind::Number)
                    || facts.dotted(arg.value).is_some_and(|name| name.contains("timeout"))
            };
            facts.args(args).iter().all(is_timeout).then_some(value)
        })
    }
}
