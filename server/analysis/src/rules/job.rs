//! Jobs: work that is given to a thread, and where the code that gave it waits for its end.

use super::CheckedFile;
use crate::finding::Confidence;
use crate::graph::{Effect, SiteRef};
use crate::knowledge::{InRunningLoop, Kind, RunsIn};
use crate::sites::{Happens, argument};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::cmp::Reverse;

/// How the code that started a job waits for it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    /// A call that returns when the job is done: `future.result()`, `thread.join()`, `wait([future])`.
    Call(ExprId),
    /// Leaving the `with` of the executor, which joins its threads.
    Exit(ExprId),
    /// `await`: the loop does other work meanwhile.
    Await(ExprId),
}

impl Wait {
    /// The expression.
    pub(super) const fn expr(self) -> ExprId {
        match self {
            Self::Call(expr) | Self::Exit(expr) | Self::Await(expr) => expr,
        }
    }
}

/// Work given to a thread by code that waits for it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The call that starts it, or makes the thread.
    pub(super) start: ExprId,
    /// What the thread runs: an expression, or the `run` method of a thread's own class.
    pub(super) runs: Runs,
    /// The wait.
    pub(super) wait: Wait,
}

/// What a thread runs.
#[derive(Clone, Debug)]
pub(super) enum Runs {
    /// The value of an expression.
    Expr(ExprId),
    /// A function.
    Function(Def),
}

/// A loop that a job starts.
pub(super) struct JobLoop {
    /// The outside call that starts it.
    pub(super) starter: SmolStr,
    /// The calls from the job's function down to the start; empty where the thread runs the starter itself.
    pub(super) sites: Vec<SiteRef>,
    /// How sure it is.
    pub(super) confidence: Confidence,
}

/// Names without one of which a file hands nothing to a thread that it could wait for.
const NAMES: &[&str] = &["submit", "Thread", "run_in_executor", "to_thread", "run_sync", "apply_async", "apply"];

impl CheckedFile<'_> {
    /// The jobs that a file starts in threads and waits for in the function that started them.
    pub(super) fn jobs(&mut self) -> Vec<Job> {
        if !self.hands_to_threads() {
            return Vec::new();
        }
        let calls: Vec<ExprId> = self.calls().collect();
        let started: Vec<(ExprId, Runs)> = calls.iter().filter_map(|&call| Some((call, self.started(call)?))).collect();
        if started.is_empty() {
            return Vec::new();
        }
        let waits = self.waits(&calls);
        let mut jobs = Vec::new();
        for (start, runs) in started {
            let awaited = self.awaited_at(start).map(Wait::Await);
            let called = || {
                let for_it = waits.iter().find(|(wait, of)| *wait != start && of.contains(&start));
                for_it.map(|(wait, _)| Wait::Call(*wait))
            };
            let wait = awaited.or_else(called).or_else(|| self.joined_at_exit(start).map(Wait::Exit));
            jobs.extend(wait.map(|wait| Job { start, runs, wait }));
        }
        jobs
    }

    /// Whether the file may hand work to threads, by the names it speaks of.
    pub(super) fn hands_to_threads(&self) -> bool {
        NAMES.iter().any(|n| self.index.name(n).is_some())
    }

    /// All calls of the file.
    pub(super) fn calls(&self) -> impl Iterator<Item = ExprId> + use<'_> {
        self.facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. })).map(|(id, _)| id)
    }

    /// What a call gives to a thread.
    pub(super) fn started(&mut self, call: ExprId) -> Option<Runs> {
        let ExprKind::Call { func, args } = self.facts.expr(call).kind else { return None };
        let path = match self.infer.expr(self.file, func) {
            Ty::External(path) | Ty::Class(Class::External(path)) => path,
            Ty::Class(Class::Own(class)) => {
                let is_thread = self.infer.mro(class).externals.iter().any(|base| base == "threading.Thread");
                let run = self.infer.method(class, "run").filter(|_| is_thread)?;
                return Some(Runs::Function(run));
            }
            _ => return None,
        };
        let offload = self.analysis.world.knowledge.offload(&path)?;
        if offload.runs_in != RunsIn::Thread || offload.kind == Kind::Wrapper {
            return None;
        }
        let callable = argument(self.facts, args, Some(offload.position), offload.keyword.as_deref())?;
        // `submit(context.run, f, x)`: the context's `run` calls `f`.
        if let ExprKind::Attribute { attr, .. } = self.facts.expr(callable).kind
            && self.facts.name(attr) == "run"
            && self.is_context(callable)
        {
            let positional = self.facts.args(args).iter().filter(|a| a.name.is_none()).map(|a| a.value);
            return positional.skip_while(|a| *a != callable).nth(1).map(Runs::Expr);
        }
        Some(Runs::Expr(callable))
    }

    fn is_context(&mut self, callable: ExprId) -> bool {
        let path = match self.infer.expr(self.file, callable) {
            Ty::External(path) => path,
            Ty::Unknown => {
                let ExprKind::Attribute { value, .. } = self.facts.expr(callable).kind else { return false };
                let origins = self.origins(value).exprs;
                return origins
                    .into_iter()
                    .any(|o| self.called_path(o).is_some_and(|p| p == "contextvars.copy_context"));
            }
            _ => return false,
        };
        path.starts_with("contextvars.")
    }

    /// The calls that wait, each with the calls that started what it waits for.
    fn waits(&mut self, calls: &[ExprId]) -> Vec<(ExprId, Vec<ExprId>)> {
        let mut waits = Vec::new();
        for &call in calls {
            let of = self.waited_for(call);
            if !of.is_empty() {
                waits.push((call, of));
            }
        }
        waits
    }

    /// The origins of what a call waits for, in its own function.
    pub(super) fn waited_for(&mut self, call: ExprId) -> Vec<ExprId> {
        let ExprKind::Call { func, args } = self.facts.expr(call).kind else { return Vec::new() };
        let owner = self.code_around(call);
        let first = self.facts.args(args).first().filter(|a| a.star == Star::No).map(|a| a.value);
        let mut found = match self.facts.expr(func).kind {
            ExprKind::Attribute { value, attr } => match (self.facts.name(attr), first) {
                ("result" | "exception" | "join", _) => self.item_origins(value),
                ("wait" | "as_completed", Some(items)) if self.waits_for_futures(call) => self.element_origins(items),
                _ => Vec::new(),
            },
            ExprKind::Name(name) if matches!(self.facts.name(name), "wait" | "as_completed") => match first {
                Some(items) if self.waits_for_futures(call) => self.element_origins(items),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        found.retain(|origin| self.code_around(*origin) == owner);
        found
    }

    /// Whether a call waits for the futures of its first argument.
    pub(super) fn waits_for_futures(&mut self, call: ExprId) -> bool {
        let path = self.called_path(call);
        path.is_some_and(|p| matches!(p.as_str(), "concurrent.futures.wait" | "concurrent.futures.as_completed"))
    }

    /// The origins of a future, also of one that a `for` takes from a list.
    fn item_origins(&mut self, future: ExprId) -> Vec<ExprId> {
        if let ExprKind::Name(name) = self.facts.expr(future).kind
            && let Some(scope) = self.binder(future, name)
        {
            let bindings = self.index.bindings(self.facts, scope, name);
            let iterated = bindings.filter_map(|b| match b.kind {
                BindingKind::Iterated { iter, whole: true, is_async: false } => Some(iter),
                _ => None,
            });
            let iterated: Vec<ExprId> = iterated.collect();
            if let [iter] = iterated[..] {
                return self.element_origins(iter);
            }
        }
        self.origins(future).exprs
    }

    /// The origins of the elements of a list.
    fn element_origins(&mut self, list: ExprId) -> Vec<ExprId> {
        let mut found = Vec::new();
        for origin in self.origins(list).exprs {
            match self.facts.expr(origin).kind {
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                    for &item in self.facts.list(items) {
                        found.extend(self.origins(item).exprs);
                    }
                }
                ExprKind::Comprehension { scope, .. } => {
                    found.extend(self.facts.list(self.facts.scope(scope).body_exprs))
                }
                ExprKind::Call { args, .. } if self.waits_for_futures(origin) => {
                    let items = self.facts.args(args).first().map(|a| a.value);
                    found.extend(items.map(|i| self.element_origins(i)).unwrap_or_default());
                }
                _ => {}
            }
        }
        found
    }

    /// The `await` of a call, also through `wait_for` and `shield`.
    fn awaited_at(&mut self, call: ExprId) -> Option<ExprId> {
        let Parent::Expr(parent) = self.facts.expr(call).parent else { return None };
        match self.facts.expr(parent).kind {
            ExprKind::Await(_) => Some(parent),
            ExprKind::Call { func, .. } if func != call => {
                let path = self.called_path(parent)?;
                let passes_on = matches!(path.as_str(), "asyncio.wait_for" | "asyncio.shield");
                if passes_on { self.awaited_at(parent) } else { None }
            }
            _ => None,
        }
    }

    /// The executor's construction, where the job is submitted in its `with`.
    fn joined_at_exit(&mut self, start: ExprId) -> Option<ExprId> {
        let ExprKind::Call { func, .. } = self.facts.expr(start).kind else { return None };
        let ExprKind::Attribute { value, attr } = self.facts.expr(func).kind else { return None };
        let ExprKind::Name(name) = self.facts.expr(value).kind else { return None };
        let owner = self.code_around(start);
        if self.facts.name(attr) != "submit" || self.binder(value, name) != Some(owner) {
            return None;
        }
        let mut bindings = self.index.bindings(self.facts, owner, name);
        let within =
            |stmt: Option<StmtId>| stmt.is_some_and(|s| self.facts.stmt(s).span.contains(self.facts.expr(start).span));
        bindings.find_map(|b| match b.kind {
            BindingKind::With { context, whole: true, is_async: false } if within(b.stmt) => Some(context),
            _ => None,
        })
    }

    /// The loop that a job starts for itself; none where it starts none, or runs one for good.
    pub(super) fn job_loop(&mut self, runs: &Runs) -> Option<JobLoop> {
        match runs {
            Runs::Expr(callable) => {
                let ty = self.infer.expr(self.file, *callable);
                self.loop_of(&ty)
            }
            Runs::Function(def) => self.loop_in(*def),
        }
    }

    fn loop_of(&mut self, callable: &Ty) -> Option<JobLoop> {
        match callable {
            Ty::External(path) => {
                let starter = self.analysis.world.knowledge.starter(path)?;
                let starts = matches!(starter.kind, Kind::Function | Kind::Method)
                    && starter.in_running_loop == InRunningLoop::Raises
                    && starter.only_in.is_empty();
                (starts && !runs_for_good(path)).then(|| JobLoop {
                    starter: path.clone(),
                    sites: Vec::new(),
                    confidence: Confidence::Certain,
                })
            }
            Ty::Function(def, _) => self.loop_in(*def),
            Ty::Partial(inner) => self.loop_of(inner),
            _ => None,
        }
    }

    /// The loop that a function starts where none runs.
    fn loop_in(&self, def: Def) -> Option<JobLoop> {
        let graph = &self.analysis.graph;
        if self.analysis.world.is_async(def) {
            return None;
        }
        let sites = graph.sites.get(def.file.index())?;
        let mut best: Option<JobLoop> = None;
        for (index, site) in sites.iter().enumerate().filter(|(_, s)| s.owner == def.scope) {
            let at = SiteRef { file: def.file, index: index as u32 };
            let found = match &site.happens {
                Happens::StartsLoop(path) => Some((path.clone(), vec![at], site.confidence)),
                Happens::Runs(target) if !self.analysis.world.is_async(*target) => {
                    graph.witness(*target, Effect::StartsLoop).and_then(|witness| {
                        let mut chain = vec![at];
                        chain.extend(graph.chain(witness, Effect::StartsLoop));
                        let sink = self.analysis.sink_of(*chain.last()?);
                        Some((sink, chain, site.confidence.min(witness.confidence)))
                    })
                }
                _ => None,
            };
            let Some((starter, sites, mut confidence)) = found.filter(|(path, ..)| !runs_for_good(path)) else {
                continue;
            };
            if site.conditional {
                confidence = confidence.min(Confidence::Likely);
            }
            let rank = (confidence, Reverse(sites.len()));
            if best.as_ref().is_none_or(|b| rank > (b.confidence, Reverse(b.sites.len()))) {
                best = Some(JobLoop { starter, sites, confidence });
            }
        }
        best
    }
}

/// Whether a starter runs a loop until somebody stops it.
fn runs_for_good(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    matches!(last, "run_forever" | "start" | "serve" | "run_app")
}
