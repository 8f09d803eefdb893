//! `cleanup-by-sweep`: everything there is is collected, cancelled or joined, in place of closing what is owned.

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::index::Slot;
use crate::roots::is_test_module;
use crate::sites::run_scope;
use crate::swallows::called_name;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "cleanup-by-sweep";
/// Parts of the names of functions that clean up.
const CLEANING: &[&str] = &[
    "__aexit__",
    "__del__",
    "__exit__",
    "clean",
    "close",
    "destroy",
    "disconnect",
    "dispose",
    "kill",
    "release",
    "shutdown",
    "stop",
    "teardown",
    "tear_down",
    "terminate",
];
/// Packages whose objects hold so much memory that collecting them is a matter of its own.
const HEAVY: &[&str] = &[
    "cupy",
    "diffusers",
    "jax",
    "keras",
    "llama_cpp",
    "mlx",
    "onnxruntime",
    "paddle",
    "tensorflow",
    "torch",
    "transformers",
    "vllm",
];
/// Names by which code looks at memory itself.
const MEASURING: &[&str] = &[
    "DEBUG_LEAK",
    "freeze",
    "get_count",
    "get_objects",
    "get_referrers",
    "get_stats",
    "memory_info",
    "memory_usage",
    "set_debug",
    "take_snapshot",
    "tracemalloc",
    "weakref",
    "WeakSet",
    "finalize",
];
/// Names of what only the owner of a loop, or of the program, does.
const OWNING: &[&str] = &[
    "Runner",
    "_exit",
    "add_signal_handler",
    "new_event_loop",
    "run_forever",
    "run_until_complete",
    "set_event_loop",
    "shutdown_asyncgens",
    "shutdown_default_executor",
];
/// What a sweep may ask of each thing without choosing among them.
const LOOKS: &[&str] = &[
    "all_tasks",
    "asyncio",
    "cancelled",
    "current_task",
    "current_thread",
    "daemon",
    "done",
    "ident",
    "isDaemon",
    "is_alive",
    "main_thread",
    "threading",
];

/// What is swept.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Sweep {
    /// `gc.collect()`.
    Garbage,
    /// `cancel()` on all tasks.
    Tasks,
    /// `join()` on all threads.
    Threads,
}

/// Something the class owns that could be closed instead.
struct Owned {
    /// Where it is made.
    made: ExprId,
    /// What to do instead, in words.
    instead: String,
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    let sources = [("collect", "gc"), ("all_tasks", "asyncio"), ("enumerate", "threading")];
    let may = |(name, package): &(&str, &str)| {
        checked.index.name(name).is_some() && checked.index.packages.contains(*package)
    };
    if !sources.iter().any(may) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (call, expr) in facts.exprs() {
        let ExprKind::Call { func, .. } = expr.kind else { continue };
        if !sources.iter().any(|(name, _)| *name == called_name(facts, call)) {
            continue;
        }
        let Ty::External(path) = checked.infer.expr(checked.file, func) else { continue };
        let scope = run_scope(facts, expr.scope);
        if !matches!(facts.scope(scope).kind, ScopeKind::Function { .. }) {
            continue;
        }
        let finding = match path.as_str() {
            "gc.collect" => garbage(checked, call, scope),
            "asyncio.all_tasks" | "asyncio.Task.all_tasks" => swept(checked, call, scope, Sweep::Tasks),
            "threading.enumerate" => swept(checked, call, scope, Sweep::Threads),
            _ => None,
        };
        findings.extend(finding.map(|finding| (None, finding)));
    }
    findings
}

/// `gc.collect()` where something is cleaned up.
fn garbage(checked: &mut CheckedFile<'_>, call: ExprId, scope: ScopeId) -> Option<Finding> {
    let facts = checked.facts;
    let is_heavy = HEAVY.iter().any(|package| checked.index.packages.contains(*package));
    let name = facts.name(facts.scope(scope).name).to_ascii_lowercase();
    let is_about_memory =
        ["memory", "gc", "garbage", "leak", "profil", "bench", "cache", "model"].iter().any(|part| name.contains(part));
    if is_heavy || is_about_memory || is_test(checked) || mentions(facts, scope, MEASURING) {
        return None;
    }
    let dropped = dropped_before(checked, call);
    let cleans = cleans(facts, scope) || is_in_finally(checked, call);
    if dropped.is_none() && !(cleans && is_async_matter(checked, scope)) {
        return None;
    }
    // After a clean-up of what is known it is there for memory.
    if dropped.is_none() && awaits_close(facts, scope) {
        return None;
    }
    let owned = dropped.or_else(|| owned(checked, scope, Sweep::Garbage));
    let (confidence, message, made) = match owned {
        Some(owned) => (
            Confidence::Likely,
            format!("gc.collect() does not close what has to be closed: {} does", owned.instead),
            Some(owned.made),
        ),
        None => {
            let message = "gc.collect() cannot await, so it closes no connection: close what is open by its own method";
            (Confidence::Possible, message.to_owned(), None)
        }
    };
    let mut finding = checked.finding(RULE, confidence, call, message)?;
    finding.chain.extend(made.map(|made| step(checked, made, "what has to be closed")));
    Some(finding)
}

/// Whether a function awaits something that closes, by its name.
fn awaits_close(facts: &FileFacts, scope: ScopeId) -> bool {
    let own = facts.scope(scope).span;
    facts.exprs().any(|(_, e)| match e.kind {
        ExprKind::Await(value) => {
            own.contains(e.span) && CLEANING.iter().any(|part| called_name(facts, value).contains(part))
        }
        _ => false,
    })
}

fn step(checked: &CheckedFile<'_>, at: ExprId, message: &str) -> ChainStep {
    let place = Place { file: checked.file, span: checked.facts.expr(at).span };
    ChainStep { place, message: message.to_owned() }
}

/// What the statements right before drop that should have been closed: `self.client = None`, `del client`.
fn dropped_before(checked: &mut CheckedFile<'_>, call: ExprId) -> Option<Owned> {
    let facts = checked.facts;
    let mut at = checked.index.previous(facts.stmt_of(call)?);
    while let Some(stmt) = at {
        let targets = match facts.stmt(stmt).kind {
            StmtKind::Assign { targets, value } if facts.expr(value).kind == ExprKind::None => targets,
            StmtKind::Delete(targets) => targets,
            _ => return None,
        };
        for &target in facts.list(targets) {
            let ty = checked.infer.expr(checked.file, target);
            if let Some(closer) = closer(checked, &ty) {
                let name = facts.dotted(target)?;
                if !is_closed(facts, run_scope(facts, facts.expr(call).scope), &name) {
                    return Some(Owned { made: target, instead: closer.replace("{}", &name) });
                }
            }
        }
        at = checked.index.previous(stmt);
    }
    None
}

/// Whether the code of a function or class calls a method of something that closes it.
fn is_closed(facts: &FileFacts, scope: ScopeId, name: &str) -> bool {
    let own = facts.scope(scope).span;
    facts.exprs().any(|(_, e)| {
        let ExprKind::Attribute { value, attr } = e.kind else { return false };
        own.contains(e.span)
            && facts.dotted(value).is_some_and(|d| d == name)
            && CLEANING.iter().any(|part| facts.name(attr).contains(part))
    })
}

/// How a value is closed, `{}` in place of it; none for what nobody has to close.
fn closer(checked: &mut CheckedFile<'_>, ty: &Ty) -> Option<String> {
    let world = &checked.analysis.world;
    ty.parts().iter().find_map(|part| match part {
        Ty::Instance(Class::External(path)) => {
            let row = world.knowledge.resource(path)?;
            let closer = row.closers.first()?;
            Some(if row.closer_awaited { format!("`await {{}}.{closer}()`") } else { format!("`{{}}.{closer}()`") })
        }
        Ty::Instance(Class::Own(class)) => ["aclose", "close"].iter().find_map(|name| {
            let method = checked.infer.method(*class, name)?;
            world.is_async(method).then(|| format!("`await {{}}.{name}()`"))
        }),
        _ => None,
    })
}

/// All tasks or threads, one after the other, without choosing among them.
fn swept(checked: &mut CheckedFile<'_>, all: ExprId, scope: ScopeId, sweep: Sweep) -> Option<Finding> {
    let facts = checked.facts;
    let verb = if sweep == Sweep::Tasks { "cancel" } else { "join" };
    let owner = Def { file: checked.file, scope };
    let at = ended(checked, all, scope, verb)?;
    let is_method = checked.index.method_class.contains_key(&scope);
    let is_plain = !matches!(facts.scope(scope).kind, ScopeKind::Function { is_async: true });
    // What a program ends with.
    let ends_program = is_plain && !is_method && facts.name(facts.scope(scope).name).contains("shutdown");
    if is_owner(checked, owner, all) || ends_program {
        return None;
    }
    let owned = owned(checked, scope, sweep);
    let what = match sweep {
        Sweep::Tasks => "cancels every task of the loop, also those that other code has started",
        Sweep::Threads => "waits for every thread of the process, also those that other code has started",
        Sweep::Garbage => return None,
    };
    let message = match &owned {
        Some(owned) => format!("{what}; {} instead", owned.instead),
        None if sweep == Sweep::Tasks => format!("{what}; keep the tasks that are started here, and cancel only those"),
        None => format!("{what}; keep the threads that are started here, and join only those"),
    };
    let is_startup = checked.analysis.graph.roots_of(owner).iter().any(|r| r.is_startup);
    let is_sure = (is_method || owned.is_some()) && !is_test(checked) && !is_startup;
    let confidence = if is_sure { Confidence::Likely } else { Confidence::Possible };
    let mut finding = checked.finding(RULE, confidence, all, message)?;
    finding.chain.push(step(checked, at, "here"));
    finding.chain.extend(owned.map(|owned| step(checked, owned.made, "started here")));
    Some(finding)
}

/// The call that ends each one of all: `task.cancel()` in a loop over them.
fn ended(checked: &CheckedFile<'_>, all: ExprId, scope: ScopeId, verb: &str) -> Option<ExprId> {
    let facts = checked.facts;
    let mut sources = vec![all];
    // `tasks = [t for t in all_tasks() if t is not current_task()]`, `tasks = all_tasks() - {current_task()}`
    let mut i = 0;
    while let Some(&source) = sources.get(i) {
        i += 1;
        match facts.expr(source).parent {
            Parent::Scope(made) if facts.scope(made).generators.len == 1 => {
                let generator = &facts.generators[facts.scope(made).generators.range().start];
                if !facts.list(generator.conditions).iter().all(|c| only_looks(facts, *c)) {
                    return None;
                }
                if let Some(call) = ends(facts, facts.scope(made).span, generator.target, verb) {
                    return Some(call);
                }
                sources.extend(facts.scope(made).expr);
            }
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::Binary { left, right, .. } => {
                    let other = if left == source { right } else { left };
                    if !only_looks(facts, other) {
                        return None;
                    }
                    sources.push(parent);
                }
                ExprKind::Call { .. } if matches!(called_name(facts, parent), "list" | "set" | "tuple" | "sorted") => {
                    sources.push(parent);
                }
                _ => {}
            },
            Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
                StmtKind::For { target, body, .. } => {
                    let call = ends(facts, facts.stmt(stmt).span, target, verb)?;
                    return chooses_nothing(facts, body, call).then_some(call);
                }
                StmtKind::Assign { targets, .. } => {
                    let [target] = facts.list(targets) else { return None };
                    let ExprKind::Name(name) = facts.expr(*target).kind else { return None };
                    // Bound to something else as well: nobody knows which.
                    if facts.bindings_of(scope).iter().filter(|b| b.name == name).count() != 1 {
                        return None;
                    }
                    let own = facts.scope(scope).span;
                    let uses = facts
                        .exprs()
                        .filter(|(id, e)| e.kind == ExprKind::Name(name) && own.contains(e.span) && id != target);
                    sources.extend(uses.map(|(id, _)| id));
                }
                _ => {}
            },
            Parent::Scope(_) => {}
        }
        if sources.len() > 32 {
            return None;
        }
    }
    None
}

/// `target.verb()` in a span.
fn ends(facts: &FileFacts, span: Span, target: ExprId, verb: &str) -> Option<ExprId> {
    let ExprKind::Name(name) = facts.expr(target).kind else { return None };
    let found = facts.exprs().find(|(id, e)| {
        let ExprKind::Call { func, .. } = e.kind else { return false };
        let ExprKind::Attribute { value, .. } = facts.expr(func).kind else { return false };
        span.contains(e.span) && called_name(facts, *id) == verb && facts.expr(value).kind == ExprKind::Name(name)
    });
    found.map(|(id, _)| id)
}

/// Whether the conditions in a loop's body choose nothing but "not myself" and "not ended yet".
fn chooses_nothing(facts: &FileFacts, body: Block, call: ExprId) -> bool {
    let blocks = facts.block(body);
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return false };
    let span = Span::new(facts.stmt(*first).span.start, facts.stmt(*last).span.end);
    facts.stmts.iter().filter(|s| span.contains(s.span) && s.span.start <= facts.expr(call).span.start).all(|s| match s
        .kind
    {
        StmtKind::If { test, .. } => only_looks(facts, test),
        StmtKind::Try { .. } | StmtKind::Expr(_) | StmtKind::Continue | StmtKind::Pass => true,
        _ => false,
    })
}

/// Whether a condition asks for nothing but whether a task or thread is the one that runs, or has ended.
fn only_looks(facts: &FileFacts, test: ExprId) -> bool {
    let span = facts.expr(test).span;
    facts.exprs().filter(|(_, e)| span.contains(e.span)).all(|(_, e)| match &e.kind {
        ExprKind::Attribute { attr, .. } => LOOKS.contains(&facts.name(*attr)),
        ExprKind::Compare { ops, .. } => facts.compare_ops[ops.range()]
            .iter()
            .all(|op| matches!(op, CompareOp::Is | CompareOp::IsNot | CompareOp::Eq | CompareOp::NotEq)),
        ExprKind::Call { func, .. } => match facts.expr(*func).kind {
            ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => LOOKS.contains(&facts.name(n)),
            _ => false,
        },
        _ => true,
    })
}

/// Whether a function runs the loop it sweeps, or ends the program: it may end what is left.
fn is_owner(checked: &CheckedFile<'_>, owner: Def, all: ExprId) -> bool {
    let facts = checked.facts;
    let scope = facts.scope(owner.scope);
    let name = facts.name(scope.name).to_ascii_lowercase();
    let is_main = ["main", "signal", "sigint", "sigterm", "exit", "exception"].iter().any(|part| name.contains(part));
    let takes_signal = facts
        .params_of(owner.scope)
        .iter()
        .any(|p| ["sig", "signal", "signum", "signame"].contains(&facts.name(p.name)));
    // `all_tasks(loop)` in plain code: of a loop that is not running, or not in this thread.
    let ExprKind::Call { args, .. } = facts.expr(all).kind else { return false };
    let is_given_loop = !args.is_empty() && !matches!(scope.kind, ScopeKind::Function { is_async: true });
    let is_conftest = checked.analysis.world.program.module_name(checked.file).rsplit('.').next() == Some("conftest");
    if is_main
        || takes_signal
        || is_given_loop
        || is_conftest
        || mentions(facts, owner.scope, OWNING)
        || stops_loop(facts, owner.scope)
    {
        return true;
    }
    let graph = &checked.analysis.graph;
    let callers = graph.callers_of(owner);
    let is_owning = |def: Def| {
        let there = checked.analysis.world.facts(def.file);
        def.scope == ScopeId::MODULE
            || there.name(there.scope(def.scope).name).to_ascii_lowercase().contains("main")
            || mentions(there, def.scope, OWNING)
    };
    (!callers.is_empty() && callers.iter().all(|at| is_owning(graph.owner(*at))))
        || is_handed_to_signal(facts, owner.scope)
}

/// `loop.stop()`, `loop.close()`.
fn stops_loop(facts: &FileFacts, scope: ScopeId) -> bool {
    let own = facts.scope(scope).span;
    facts.exprs().any(|(id, e)| {
        own.contains(e.span)
            && matches!(e.kind, ExprKind::Call { .. })
            && matches!(called_name(facts, id), "stop" | "close")
            && matches!(e.kind, ExprKind::Call { func, .. } if facts.dotted(func).is_some_and(|d| d.contains("loop.")))
    })
}

/// Whether a function is what a signal, or the end of the program, calls: `add_signal_handler(SIGTERM, f)`, `atexit.register(f)`.
fn is_handed_to_signal(facts: &FileFacts, scope: ScopeId) -> bool {
    let name = facts.scope(scope).name;
    facts.exprs().any(|(id, e)| {
        let ExprKind::Call { .. } = e.kind else { return false };
        let takes = matches!(called_name(facts, id), "add_signal_handler" | "signal" | "register");
        takes
            && facts.exprs().any(|(_, inner)| {
                e.span.contains(inner.span)
                    && matches!(inner.kind, ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } if n == name)
            })
    })
}

/// What the class of a method keeps that could be ended instead.
fn owned(checked: &mut CheckedFile<'_>, scope: ScopeId, sweep: Sweep) -> Option<Owned> {
    let facts = checked.facts;
    let class = *checked.index.method_class.get(&scope)?;
    let mut names: Vec<NameId> = checked.index.attribute_names(class).collect();
    names.sort_unstable();
    for name in names {
        for def in checked.index.attributes(class, name).to_vec() {
            let Some(value) = def.value else { continue };
            let text = format!("self.{}", facts.name(name));
            let instead = match (sweep, called_name(facts, value)) {
                (Sweep::Tasks, "create_task" | "ensure_future") => Some(format!("cancel and await {text}")),
                (Sweep::Threads, "Thread") => Some(format!("join {text}")),
                (Sweep::Garbage, made) if !made.is_empty() => {
                    let ty = checked.infer.expr(checked.file, value);
                    closer(checked, &ty).map(|closer| closer.replace("{}", &text))
                }
                _ => None,
            };
            if let Some(instead) = instead
                && !is_closed(facts, class, &text)
                && !is_cleaned_beside(facts, class, scope, &text)
            {
                return Some(Owned { made: value, instead });
            }
        }
    }
    None
}

/// Whether another method that cleans up does something with an attribute.
fn is_cleaned_beside(facts: &FileFacts, class: ScopeId, scope: ScopeId, name: &str) -> bool {
    let beside = |(id, s): &(ScopeId, &Scope)| s.parent == Some(class) && *id != scope && cleans(facts, *id);
    facts.scopes().filter(beside).any(|(_, s)| {
        let is_it = |(id, e): (ExprId, &Expr)| s.span.contains(e.span) && facts.dotted(id).is_some_and(|d| d == name);
        facts.exprs().any(is_it)
    })
}

/// Whether a function is there to clean up, by its name.
fn cleans(facts: &FileFacts, scope: ScopeId) -> bool {
    let name = facts.name(facts.scope(scope).name).to_ascii_lowercase();
    CLEANING.iter().any(|part| name.contains(part))
}

/// Whether a function is async, or stands in a class that has coroutine functions.
fn is_async_matter(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    let facts = checked.facts;
    let is_async = |s: &Scope| matches!(s.kind, ScopeKind::Function { is_async: true });
    let class = checked.index.method_class.get(&scope);
    is_async(facts.scope(scope))
        || class.is_some_and(|c| facts.scopes.iter().any(|s| s.parent == Some(*c) && is_async(s)))
}

fn is_in_finally(checked: &CheckedFile<'_>, expr: ExprId) -> bool {
    let mut at = checked.facts.stmt_of(expr);
    while let Some(stmt) = at {
        if checked.index.slot(stmt) == Slot::Finally {
            return true;
        }
        at = checked.facts.stmt(stmt).parent;
    }
    false
}

fn is_test(checked: &CheckedFile<'_>) -> bool {
    is_test_module(checked.analysis.world.program.module_name(checked.file))
}

/// Whether a function mentions one of these names.
fn mentions(facts: &FileFacts, scope: ScopeId, wanted: &[&str]) -> bool {
    let own = facts.scope(scope).span;
    facts.exprs.iter().any(|e| match e.kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => {
            own.contains(e.span) && wanted.contains(&facts.name(n))
        }
        _ => false,
    })
}
