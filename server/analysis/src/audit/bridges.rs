//! The bridges from sync to async code, and how each behaves with and without a running loop.

use super::evidence::{self, Evidence, Use, What};
use super::{Function, Scene};
use crate::finding::Place;
use crate::flow::{LoopFlow, LoopKind, Outcome, StateSet, Value};
use crate::graph::Effect;
use crate::infer::Infer;
use crate::knowledge::StarterArgument;
use crate::settings::RunsOn;
use crate::sites::Happens;
use crate::states;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// How a bridge is built.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mechanism {
    /// It starts a loop on its own thread.
    StartsLoop,
    /// It runs a loop in another thread.
    LoopInThread,
    /// It hands a coroutine to a loop that runs in another thread.
    Threadsafe,
    /// It goes through a portal, or from a worker thread back to its loop.
    Portal,
    /// It makes a task.
    Task,
    /// It runs a server, or another application that has a loop of its own.
    Application,
}

/// What comes of a call of a bridge, with or without a running loop. In the order in which a table tells them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Behaviour {
    /// It runs a loop and waits for it.
    RunsLoop,
    /// It runs a loop in another thread and waits for it: without a loop here, this works.
    RunsLoopInThread,
    /// It waits for a loop that runs in another thread.
    WaitsForOtherLoop,
    /// The thread's loop stands still while it waits for another thread.
    BlocksLoop,
    /// It waits for the loop whose thread it holds.
    Deadlocks,
    /// It raises of itself, with this text where it is known.
    Refuses(Option<SmolStr>),
    /// A call in it raises: which one.
    Raises(SmolStr),
    /// It raises: it needs a running loop.
    NeedsLoop,
    /// The start of the loop raises, and the error is caught.
    CatchesFailedStart(SmolStr),
    /// It leaves the work to another thread and goes on.
    LeavesToThread,
    /// It gives back the coroutine or future.
    ReturnsAwaitable,
    /// It gives back a task.
    ReturnsTask,
    /// It makes a task and keeps it.
    KeepsTask,
    /// It makes a task and drops it.
    DropsTask,
    /// It works in the worker threads of its library and raises elsewhere: the call.
    OnlyInWorker(SmolStr),
    /// It calls a function of the program that starts a loop.
    Calls(String),
    /// It does nothing of what makes it a bridge.
    DoesOther,
}

/// A call that makes a function a bridge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BridgeCall {
    /// The call.
    pub place: Place,
    /// The outside callable.
    pub name: SmolStr,
}

/// A plain function, or the code of a module, that leads from sync to async code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bridge {
    /// The function.
    pub function: Function,
    /// How it is built: sorted, each once.
    pub mechanisms: Vec<Mechanism>,
    /// The calls, in order.
    pub calls: Vec<BridgeCall>,
    /// What it does where no loop runs: sorted, each once, at least one.
    pub without_loop: Vec<Behaviour>,
    /// What it does where a loop runs: sorted, each once, at least one.
    pub on_loop: Vec<Behaviour>,
    /// The functions that call it, in order.
    pub callers: Vec<Function>,
    /// Those of them that do so where a loop runs.
    pub loop_callers: Vec<Function>,
    /// It is known to run in worker threads, and nowhere else.
    pub is_in_worker: bool,
    pub(super) def: Def,
}

impl Bridge {
    /// Whether it runs work of its caller's and waits for it: what only makes a task, feeds a thread or serves is no way around
    /// `await`.
    pub fn waits(&self) -> bool {
        if self.mechanisms == [Mechanism::Application] {
            return false;
        }
        use Behaviour::*;
        let waits = |behaviour: &Behaviour| {
            matches!(behaviour, RunsLoop | RunsLoopInThread | WaitsForOtherLoop | BlocksLoop | Deadlocks)
        };
        self.without_loop.iter().any(waits) || self.on_loop.iter().any(waits)
    }
}

/// The bridges of the project outside its tests, and apart from them the starts of programs.
pub(super) fn find(scene: &Scene<'_>) -> (Vec<Bridge>, Vec<Bridge>) {
    let mut all = Vec::new();
    for file in scene.product_files() {
        let mut by_owner: BTreeMap<Def, Vec<Evidence>> = BTreeMap::new();
        for evidence in evidence::of_file(scene, file) {
            by_owner.entry(evidence.owner).or_default().push(evidence);
        }
        all.extend(by_owner.into_iter().map(|(def, evidence)| bridge(scene, def, &evidence)));
    }
    all.into_iter().partition(|bridge: &Bridge| !is_program(scene, bridge))
}

/// Whether a program starts here, and nothing that runs already comes to it: the code of a module, what only such code
/// calls, or what bears the name of a program's first function.
fn is_program(scene: &Scene<'_>, bridge: &Bridge) -> bool {
    let starts = [Mechanism::StartsLoop, Mechanism::Application];
    if !starts.iter().any(|start| bridge.mechanisms.contains(start)) || !bridge.loop_callers.is_empty() {
        return false;
    }
    let graph = &scene.analysis.graph;
    let sites = graph.callers_of(bridge.def);
    let only_modules = !sites.is_empty() && sites.iter().all(|at| graph.owner(*at).scope == ScopeId::MODULE);
    let facts = scene.analysis.world.facts(bridge.def.file);
    let scope = facts.scope(bridge.def.scope);
    let is_command = facts.list(scope.decorators).iter().any(|decorator| {
        let target = match facts.expr(*decorator).kind {
            ExprKind::Call { func, .. } => func,
            _ => *decorator,
        };
        facts.dotted(target).is_some_and(|name| {
            matches!(name.rsplit('.').next(), Some("command" | "group" | "callback")) && name.contains('.')
        })
    });
    let named = matches!(facts.name(scope.name), "main" | "cli" | "_main" | "run_cli") && sites.is_empty();
    bridge.def.scope == ScopeId::MODULE || only_modules || is_command || named
}

fn bridge(scene: &Scene<'_>, def: Def, evidence: &[Evidence]) -> Bridge {
    let analysis = scene.analysis;
    let flow = states::flow(&analysis.world, def);
    let starts = evidence.iter().any(|evidence| matches!(evidence.what, What::Starts { .. }));
    let mut judge = Judge { scene, def, flow, with: Vec::new(), without: Vec::new(), starts };
    evidence.iter().for_each(|evidence| judge.take(evidence));
    let (without_loop, on_loop) = judge.finish();
    let facts = analysis.world.facts(def.file);
    let call = |evidence: &Evidence| BridgeCall {
        place: Place { file: def.file, span: facts.expr(evidence.call).span },
        name: evidence.name.clone(),
    };
    let mut mechanisms: Vec<Mechanism> = evidence.iter().map(|evidence| mechanism(scene, evidence)).collect();
    mechanisms.sort_unstable();
    mechanisms.dedup();
    let sites = analysis.graph.callers_of(def);
    let callers = |on_loop: bool| {
        let wanted = sites.iter().filter(|at| !on_loop || analysis.runs_on(**at, RunsOn::Loop));
        let mut owners: Vec<Def> = wanted.map(|at| analysis.graph.owner(*at)).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.into_iter().map(|owner| scene.function(owner)).collect::<Vec<_>>()
    };
    Bridge {
        function: scene.function(def),
        mechanisms,
        calls: evidence.iter().map(call).collect(),
        without_loop,
        on_loop,
        callers: callers(false),
        loop_callers: callers(true),
        is_in_worker: (is_thread(scene, def) || analysis.function_runs_on(def, RunsOn::Worker))
            && !analysis.function_runs_on(def, RunsOn::Loop)
            && sites.iter().all(|at| analysis.runs_on(*at, RunsOn::Worker)),
        def,
    }
}

/// Whether it is what a thread runs: `run` of a subclass of `threading.Thread`.
fn is_thread(scene: &Scene<'_>, def: Def) -> bool {
    let world = &scene.analysis.world;
    let class = world.class_of(def).filter(|_| world.name(def) == "run");
    class.is_some_and(|class| Infer::new(world).mro(class).externals.iter().any(|base| base == "threading.Thread"))
}

fn mechanism(scene: &Scene<'_>, evidence: &Evidence) -> Mechanism {
    match evidence.what {
        What::Starts { is_application: true, .. } => Mechanism::Application,
        What::Thread { .. } if is_application(scene, evidence.name.split(' ').next().unwrap_or_default()) => {
            Mechanism::Application
        }
        What::Starts { .. } => Mechanism::StartsLoop,
        What::Thread { .. } => Mechanism::LoopInThread,
        What::Threadsafe { .. } => Mechanism::Threadsafe,
        What::FromWorker | What::Portal => Mechanism::Portal,
        What::Task { .. } => Mechanism::Task,
    }
}

/// Whether a starter runs something that has a loop of its own (a server, a user interface), and no coroutine of its caller's.
pub(super) fn is_application(scene: &Scene<'_>, name: &str) -> bool {
    let row = scene.analysis.world.knowledge.starter(name);
    row.is_some_and(|row| row.argument == StarterArgument::None)
}

/// Collects what a function does in the two cases.
struct Judge<'a> {
    scene: &'a Scene<'a>,
    def: Def,
    flow: LoopFlow,
    with: Vec<Behaviour>,
    without: Vec<Behaviour>,
    /// It has a call that starts a loop on its own thread.
    starts: bool,
}

impl Judge<'_> {
    fn facts(&self) -> &FileFacts {
        self.scene.analysis.world.facts(self.def.file)
    }

    /// Adds what one call comes to, in the cases that lead to it.
    fn take(&mut self, evidence: &Evidence) {
        let facts = self.facts();
        // Code of a lambda counts where the lambda stands.
        let mut at = evidence.call;
        while facts.code_scope(facts.expr(at).scope) != self.def.scope {
            match facts.scope(facts.code_scope(facts.expr(at).scope)).expr {
                Some(lambda) => at = lambda,
                None => break,
            }
        }
        let states = self.flow.state_at(facts, at);
        let states = if states.is_empty() { StateSet::UNKNOWN } else { states };
        let raises = || Behaviour::Raises(evidence.name.clone());
        let (with, without) = match evidence.what {
            What::Starts { handled: true, .. } => {
                (Behaviour::CatchesFailedStart(evidence.name.clone()), Behaviour::RunsLoop)
            }
            What::Starts { deadlocks: true, .. } => (Behaviour::Deadlocks, Behaviour::RunsLoop),
            What::Starts { .. } => (raises(), Behaviour::RunsLoop),
            What::FromWorker => (raises(), Behaviour::OnlyInWorker(evidence.name.clone())),
            What::Portal => (Behaviour::BlocksLoop, Behaviour::WaitsForOtherLoop),
            What::Threadsafe { waits: false, .. } => (Behaviour::LeavesToThread, Behaviour::LeavesToThread),
            What::Threadsafe { onto, .. } if onto.is_some_and(|onto| self.is_running_loop(onto)) => {
                (Behaviour::Deadlocks, Behaviour::NeedsLoop)
            }
            What::Threadsafe { .. } => (Behaviour::BlocksLoop, Behaviour::WaitsForOtherLoop),
            What::Thread { waits: true } => (Behaviour::BlocksLoop, Behaviour::RunsLoopInThread),
            What::Thread { waits: false } => (Behaviour::LeavesToThread, Behaviour::LeavesToThread),
            What::Task { made, needs_running } => {
                let with = match made {
                    Use::Returned => Behaviour::ReturnsTask,
                    Use::Dropped => Behaviour::DropsTask,
                    Use::Kept => Behaviour::KeepsTask,
                };
                let without = if needs_running { Behaviour::NeedsLoop } else { with.clone() };
                (with, without)
            }
        };
        if states.intersects(StateSet::WHEN_RUNNING) {
            self.with.push(with);
        }
        if states.intersects(StateSet::WHEN_NOT_RUNNING) {
            self.without.push(without);
        }
    }

    /// Whether an expression is the loop that runs here.
    fn is_running_loop(&self, expr: ExprId) -> bool {
        let facts = self.facts();
        if let ExprKind::Call { func, .. } = facts.expr(expr).kind {
            let mut infer = Infer::new(&self.scene.analysis.world);
            return infer.expr(self.def.file, func) == Ty::External("asyncio.get_running_loop".into());
        }
        let values = self.flow.values_at(expr, StateSet::WHEN_RUNNING);
        !values.is_empty() && values.iter().all(|value| *value == Value::Loop(LoopKind::Running))
    }

    /// Without and with a running loop; what the function says of itself comes first.
    fn finish(mut self) -> (Vec<Behaviour>, Vec<Behaviour>) {
        let summary = self.flow.summary().clone();
        if let Some(raise) = summary.running_raises.first().filter(|_| !summary.requires_running) {
            let refuses = Behaviour::Refuses(self.raised_text(*raise).or_else(|| message(&summary.running)));
            if summary.refuses_running {
                self.with.clear();
            }
            // A function that starts no loop has no reason to refuse one: its error is about something else.
            if summary.refuses_running || self.starts {
                self.with.push(refuses);
            }
        }
        // The error that is caught leads to another start, which raises.
        if self.with.iter().any(|behaviour| matches!(behaviour, Behaviour::Raises(_))) {
            self.with.retain(|behaviour| !matches!(behaviour, Behaviour::CatchesFailedStart(_)));
        }
        let with = self.settle(self.with.clone(), StateSet::WHEN_RUNNING, &summary.running);
        let without = self.settle(self.without.clone(), StateSet::WHEN_NOT_RUNNING, &summary.not_running);
        (without, with)
    }

    /// The text of the error that a statement raises, where it is written there.
    fn raised_text(&self, raise: StmtId) -> Option<SmolStr> {
        let facts = self.facts();
        let StmtKind::Raise { exc: Some(error), .. } = facts.stmt(raise).kind else { return None };
        let ExprKind::Call { args, .. } = facts.expr(error).kind else { return None };
        match &facts.expr(facts.args(args).first()?.value).kind {
            ExprKind::Str(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Sorted, each once; where no call is reached, what comes out instead.
    fn settle(&self, mut all: Vec<Behaviour>, when: StateSet, outcome: &Outcome) -> Vec<Behaviour> {
        if self.returns_awaitable(when) {
            all.push(Behaviour::ReturnsAwaitable);
        }
        if all.is_empty() {
            all.push(match outcome {
                Outcome::Raises { .. } if when == StateSet::WHEN_NOT_RUNNING => Behaviour::NeedsLoop,
                Outcome::Raises { .. } => Behaviour::Refuses(message(outcome)),
                _ => self.starter_called(when).map_or(Behaviour::DoesOther, Behaviour::Calls),
            });
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The first function of the program that starts a loop and is called in this case.
    fn starter_called(&self, when: StateSet) -> Option<String> {
        let analysis = self.scene.analysis;
        let own = analysis.graph.sites[self.def.file.index()].iter();
        let mut called = own.filter(|site| site.owner == self.def.scope && site.states.intersects(when));
        called.find_map(|site| match site.happens {
            Happens::Runs(target) if analysis.graph.witness(target, Effect::StartsLoop).is_some() => {
                Some(analysis.short_name(target))
            }
            _ => None,
        })
    }

    fn returns_awaitable(&self, when: StateSet) -> bool {
        let world = &self.scene.analysis.world;
        let mut infer = Infer::new(world);
        let returns = world.index_of(self.def.file).returns.get(&self.def.scope);
        returns.into_iter().flatten().any(|(stmt, value)| {
            self.flow.state_of(*stmt).intersects(when)
                && value.is_some_and(|value| {
                    let ty = infer.expr(self.def.file, value);
                    ty.parts().iter().any(|part| matches!(part, Ty::Coroutine(_)))
                })
        })
    }
}

fn message(outcome: &Outcome) -> Option<SmolStr> {
    match outcome {
        Outcome::Raises { message, .. } => message.clone(),
        _ => None,
    }
}
