//! Event loops that a function makes itself, and what it does with them: what the rules about such loops share.

pub(super) mod mend;
pub(super) mod paths;

use super::CheckedFile;
use crate::finding::FileId;
use crate::graph::SiteRef;
use crate::infer::Infer;
use crate::roots::is_test_module;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// How many functions of the program a loop is followed into.
const MAX_DEPTH: u8 = 3;
/// Builtins that look at a value and keep nothing of it.
const LOOKING: &[&str] = &["isinstance", "print", "id", "repr", "str", "type", "hasattr", "getattr", "bool", "hash"];

/// What a use of a loop does with it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// It is looked at, or a method of it is called that keeps nothing.
    Borrowed,
    /// This call runs it until something is done.
    Driven(ExprId),
    /// This call runs it until it is stopped.
    Forever,
    /// This call closes it.
    Closed(ExprId),
    /// This call makes it the thread's current loop.
    Current(ExprId),
    /// The variable is given another value.
    Stored,
    /// Somebody else may have it from here on.
    Escapes,
}

/// The calls of a file that make an event loop, in functions, in source order.
pub(super) fn made_loops(checked: &mut CheckedFile<'_>) -> Vec<ExprId> {
    const NAMES: &[&str] = &["new_event_loop", "SelectorEventLoop", "ProactorEventLoop", "Loop"];
    if !NAMES.iter().any(|n| checked.index.name(n).is_some()) {
        return Vec::new();
    }
    let facts = checked.facts;
    let calls = facts.exprs().filter_map(|(id, e)| match e.kind {
        ExprKind::Call { func, .. } => Some((id, func)),
        _ => None,
    });
    calls.filter(|&(_, func)| makes_loop(checked, func)).map(|(call, _)| call).collect()
}

/// Whether a function minds signals or the keyboard, as what runs a whole program does.
pub(super) fn minds_signals(checked: &CheckedFile<'_>, scope: ScopeId) -> bool {
    const NAMES: &[&str] = &["KeyboardInterrupt", "add_signal_handler", "signal", "SystemExit", "run_forever"];
    let facts = checked.facts;
    let own = facts.scope(scope).span;
    let wanted: Vec<NameId> = NAMES.iter().filter_map(|n| checked.index.name(n)).collect();
    facts.exprs.iter().any(|e| match e.kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => wanted.contains(&n) && own.contains(e.span),
        _ => false,
    })
}

/// Whether a function is what a thread or process object runs.
pub(super) fn is_thread_body(checked: &mut CheckedFile<'_>, def: Def) -> bool {
    let world = &checked.analysis.world;
    let Some(class) = world.class_of(def).filter(|_| world.name(def) == "run") else { return false };
    let mro = checked.infer.mro(class);
    mro.externals.iter().any(|base| base.ends_with("Thread") || base.ends_with("Process"))
}

/// Whether a function runs once, on a thread that has nothing else to do: only the module's own code calls it, or the
/// interpreter does at its exit.
pub(super) fn is_program(checked: &mut CheckedFile<'_>, def: Def) -> bool {
    let graph = &checked.analysis.graph;
    let world = &checked.analysis.world;
    let in_test = |file: FileId| is_test_module(world.program.module_name(file));
    let callers: Vec<SiteRef> = graph.callers_of(def).iter().copied().filter(|at| !in_test(at.file)).collect();
    // `main` of another file, which a process is started with.
    let is_top = |owner: Def| owner.scope == ScopeId::MODULE || is_main(world.name(owner));
    if !callers.is_empty() && callers.iter().all(|&at| is_top(graph.owner(at))) {
        return true;
    }
    let facts = checked.facts;
    if checked.index.name("atexit").is_none() {
        return false;
    }
    facts.exprs().any(|(_, e)| {
        let ExprKind::Call { func, args } = e.kind else { return false };
        let Some(first) = facts.args(args).first() else { return false };
        let names_register = match facts.expr(func).kind {
            ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(n) == "register",
            _ => false,
        };
        names_register
            && matches!(checked.infer.expr(checked.file, func), Ty::External(path) if path == "atexit.register")
            && matches!(checked.infer.expr(checked.file, first.value), Ty::Function(found, _) if found == def)
    })
}

/// Whether a name is one that the whole of a program, or of a process, goes by.
pub(super) fn is_main(name: &str) -> bool {
    matches!(name, "main" | "__main__") || name.ends_with("_main")
}

/// Whether calling `func` makes an event loop that whoever calls it must close.
fn makes_loop(checked: &mut CheckedFile<'_>, func: ExprId) -> bool {
    let last = match checked.facts.expr(func).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => checked.facts.name(n),
        _ => return false,
    };
    // An import under another name is rare, and the last name of what it stands for spares asking for every call.
    if !last.contains("oop") {
        return false;
    }
    let knowledge = checked.analysis.world.knowledge;
    match checked.infer.expr(checked.file, func) {
        Ty::External(path) | Ty::Class(Class::External(path)) => {
            knowledge.is_subclass(&path, "asyncio.AbstractEventLoop")
                || path.ends_with(".new_event_loop")
                    && knowledge.returns(&path).is_some_and(|r| r.result == "asyncio.AbstractEventLoop")
        }
        _ => false,
    }
}

/// The name of the variable that a call's value is bound to, where that is all that is done with it.
pub(super) fn bound_name(facts: &FileFacts, call: ExprId) -> Option<NameId> {
    let scope = facts.code_scope(facts.expr(call).scope);
    let is_it = |b: &&Binding| matches!(b.kind, BindingKind::Assign { value, .. } if value == call);
    let binding = facts.bindings_of(scope).iter().find(is_it)?;
    let alone = match facts.expr(call).parent {
        Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } => targets.0.len == 1,
            _ => true,
        },
        Parent::Expr(_) | Parent::Scope(_) => false,
    };
    let is_local = {
        let s = facts.scope(scope);
        let declared = |run: Run| facts.name_lists[run.range()].contains(&binding.name);
        !declared(s.globals) && !declared(s.nonlocals)
    };
    (alone && is_local).then_some(binding.name)
}

/// The places where a variable of a function is named, those in functions and lambdas inside it included.
pub(super) fn mentions(facts: &FileFacts, scope: ScopeId, name: NameId) -> Vec<ExprId> {
    let own = facts.scope(scope).span;
    let named = facts.exprs().filter(|(_, e)| e.kind == ExprKind::Name(name) && own.contains(e.span));
    named.filter(|(_, e)| binding_scope(facts, e.scope, name) == scope).map(|(id, _)| id).collect()
}

fn binding_scope(facts: &FileFacts, mut scope: ScopeId, name: NameId) -> ScopeId {
    loop {
        let binds = facts.bindings_of(scope).iter().any(|b| b.name == name);
        let declared = facts.name_lists[facts.scope(scope).nonlocals.range()].contains(&name);
        match facts.scope(scope).parent {
            Some(parent) if !binds || declared => scope = parent,
            _ => return scope,
        }
    }
}

/// What is done with the loop in a variable of `scope` where it is named.
pub(super) fn use_of(infer: &mut Infer<'_>, file: FileId, scope: ScopeId, at: ExprId, depth: u8) -> Use {
    let facts = infer.world.facts(file);
    // A function inside may keep it, and run at any time.
    if facts.code_scope(facts.expr(at).scope) != scope {
        return Use::Escapes;
    }
    match facts.expr(at).parent {
        Parent::Expr(parent) => match &facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => method(facts, parent, facts.name(*attr)),
            ExprKind::Call { func, args } if *func != at => given(infer, file, (parent, *func, *args), at, depth),
            ExprKind::Not(_) | ExprKind::Compare { .. } | ExprKind::FString { .. } => Use::Borrowed,
            ExprKind::Named { target, .. } if *target == at => Use::Stored,
            ExprKind::BoolOp { .. } if is_tested(facts, parent) => Use::Borrowed,
            ExprKind::IfExp { test, .. } if *test == at => Use::Borrowed,
            _ => Use::Escapes,
        },
        Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } if facts.list(*targets).contains(&at) => Use::Stored,
            StmtKind::AnnAssign { target, .. } | StmtKind::For { target, .. } if *target == at => Use::Stored,
            StmtKind::Delete(_) | StmtKind::Expr(_) | StmtKind::Assert { .. } => Use::Borrowed,
            StmtKind::If { .. } | StmtKind::While { .. } => Use::Borrowed,
            _ => Use::Escapes,
        },
        Parent::Scope(_) => Use::Escapes,
    }
}

/// Whether the outcome of `and`, `or` and `not` is only tested.
fn is_tested(facts: &FileFacts, mut at: ExprId) -> bool {
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) if matches!(facts.expr(parent).kind, ExprKind::BoolOp { .. } | ExprKind::Not(_)) => {
                at = parent;
            }
            Parent::Stmt(stmt) => {
                return matches!(facts.stmt(stmt).kind, StmtKind::If { .. } | StmtKind::While { .. });
            }
            _ => return false,
        }
    }
}

/// What reading the attribute `name` of a loop does: a method that is not called here may be called by anyone.
fn method(facts: &FileFacts, attribute: ExprId, name: &str) -> Use {
    let Parent::Expr(call) = facts.expr(attribute).parent else { return Use::Escapes };
    match (&facts.expr(call).kind, name) {
        (ExprKind::Call { func, .. }, _) if *func != attribute => Use::Escapes,
        (ExprKind::Call { .. }, "close") => Use::Closed(call),
        (ExprKind::Call { .. }, "run_until_complete") => Use::Driven(call),
        (ExprKind::Call { .. }, "run_forever") => Use::Forever,
        (ExprKind::Call { .. } | ExprKind::Compare { .. }, _) => Use::Borrowed,
        _ => Use::Escapes,
    }
}

/// What is done with a loop that is passed to a call.
fn given(infer: &mut Infer<'_>, file: FileId, (call, func, args): (ExprId, ExprId, Run), at: ExprId, depth: u8) -> Use {
    match infer.expr(file, func) {
        Ty::External(path) if path.starts_with("asyncio.") && path.ends_with(".set_event_loop") => Use::Current(call),
        Ty::External(path) => {
            let looks = path.strip_prefix("builtins.").is_some_and(|name| LOOKING.contains(&name));
            let borrows = looks || path.starts_with("asyncio.") || path.starts_with("logging.");
            if borrows { Use::Borrowed } else { Use::Escapes }
        }
        Ty::Function(def, receiver) if depth < MAX_DEPTH => {
            let Some(name) = parameter_of(infer, def, receiver.is_some(), (file, args), at) else {
                return Use::Escapes;
            };
            let facts = infer.world.facts(def.file);
            let mut fate = Use::Borrowed;
            for mention in mentions(facts, def.scope, name) {
                match use_of(infer, def.file, def.scope, mention, depth + 1) {
                    Use::Borrowed => {}
                    Use::Driven(_) if fate == Use::Borrowed => fate = Use::Driven(call),
                    Use::Driven(_) => {}
                    Use::Closed(_) => fate = Use::Closed(call),
                    _ => return Use::Escapes,
                }
            }
            fate
        }
        _ => Use::Escapes,
    }
}

/// The parameter of `def` that takes the argument `at` of a call.
fn parameter_of(
    infer: &mut Infer<'_>,
    def: Def,
    bound: bool,
    (file, args): (FileId, Run),
    at: ExprId,
) -> Option<NameId> {
    let facts = infer.world.facts(file);
    let args = facts.args(args);
    let position = args.iter().position(|a| a.value == at)?;
    if args[..=position].iter().any(|a| a.star != Star::No) {
        return None;
    }
    let is_static = infer.traits(def).is_static;
    let theirs = infer.world.facts(def.file);
    let params = theirs.params_of(def.scope);
    let found = match args[position].name {
        Some(keyword) => params.iter().find(|p| theirs.name(p.name) == facts.name(keyword)),
        None => params.get(position + usize::from(bound && !is_static)),
    }?;
    (found.star == Star::No).then_some(found.name)
}
