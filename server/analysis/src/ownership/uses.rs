//! What each mention of a variable does with the value in it: the value is looked at, used, closed, or handed on, so that
//! somebody else may close it.
//!
//! Ownership moves when a value is returned, yielded, stored in an attribute, a container or a variable of another scope,
//! entered by a `with`, or passed to a callable that may keep it. What is not understood counts as handed on: what nobody
//! can follow is not reported.

use super::resource::{Needs, Owned};
use super::summary::{Fate, Fates};
use crate::finding::FileId;
use crate::infer::Infer;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// What a mention does.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// Nothing that matters.
    Looked,
    /// It is used so that it has to be open.
    Used,
    /// A method is called from which on it must be closed.
    Needed,
    /// It is closed.
    Closed,
    /// Somebody else may close it from here on.
    Gone,
    /// The variable is given another value.
    Rebound,
    /// Another variable of the function is given the value.
    Alias(NameId),
}

/// Builtins and others that look at a value and keep nothing of it.
const LOOKING: &[&str] = &[
    "bool",
    "callable",
    "dir",
    "getattr",
    "hasattr",
    "hash",
    "id",
    "isinstance",
    "issubclass",
    "len",
    "print",
    "repr",
    "str",
    "type",
    "vars",
];
/// Parts of the names of methods that end something.
const ENDING: &[&str] = &[
    "abort",
    "cancel",
    "cleanup",
    "clean_up",
    "close",
    "destroy",
    "detach",
    "disconnect",
    "dispose",
    "exit",
    "finish",
    "join",
    "kill",
    "logout",
    "quit",
    "release",
    "shutdown",
    "stop",
    "teardown",
    "tear_down",
    "terminate",
    "unsubscribe",
];
/// Attributes that tell whether a value is closed.
const TELLING: &[&str] = &["closed", "is_closed", "is_closing", "is_connected", "is_open", "is_running", "running"];
/// Attributes with plain data.
const PLAIN: &[&str] = &[
    "base_url",
    "close_code",
    "close_reason",
    "closed",
    "content_type",
    "headers",
    "host",
    "is_closed",
    "name",
    "ok",
    "pid",
    "port",
    "reason",
    "returncode",
    "status",
    "status_code",
    "timeout",
    "url",
    "version",
];

/// Mentions of the variables of one function.
pub(crate) struct Uses<'u, 'w> {
    /// Types.
    pub(crate) infer: &'u mut Infer<'w>,
    /// What callees do with what they are given.
    pub(crate) fates: &'u mut Fates,
    /// The file.
    pub(crate) file: FileId,
    /// The function.
    pub(crate) scope: ScopeId,
    /// What is in the variable.
    pub(crate) owned: &'u Owned,
    /// Yielding it hands it on: not where a decorator takes the function's `yield` for the body of a `with`.
    pub(crate) yield_hands_on: bool,
    /// How many functions deep this is.
    pub(crate) depth: u8,
}

impl<'w> Uses<'_, 'w> {
    fn facts(&self) -> &'w FileFacts {
        self.infer.world.facts(self.file)
    }

    /// What a mention of a variable does with its value.
    pub(crate) fn of(&mut self, mention: ExprId) -> Use {
        let facts = self.facts();
        if facts.code_scope(facts.expr(mention).scope) != self.scope {
            return self.captured(mention);
        }
        self.flows(mention)
    }

    /// A function inside may run at any time: what only uses the value does not close it.
    fn captured(&mut self, mention: ExprId) -> Use {
        match self.flows(mention) {
            Use::Looked | Use::Used | Use::Needed => Use::Looked,
            _ => Use::Gone,
        }
    }

    /// What becomes of the value of an expression.
    fn flows(&mut self, at: ExprId) -> Use {
        let facts = self.facts();
        match facts.expr(at).parent {
            Parent::Expr(parent) => self.in_expression(at, parent),
            Parent::Stmt(stmt) => self.in_statement(at, stmt),
            Parent::Scope(scope) => match facts.scope(scope).kind {
                // What is iterated over, or a condition; an element is in a container then.
                ScopeKind::Comprehension { .. } if !facts.list(facts.scope(scope).body_exprs).contains(&at) => {
                    Use::Used
                }
                _ => Use::Gone,
            },
        }
    }

    fn in_expression(&mut self, at: ExprId, parent: ExprId) -> Use {
        let facts = self.facts();
        match &facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => self.attribute(parent, facts.name(*attr)),
            ExprKind::Call { func, .. } if *func == at => Use::Used,
            ExprKind::Call { func, args } => self.given(parent, *func, *args, at),
            ExprKind::Subscript { value, .. } if *value == at => self.derived(parent),
            ExprKind::Not(_)
            | ExprKind::Compare { .. }
            | ExprKind::FString { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary(_) => Use::Looked,
            ExprKind::Await(_) => Use::Used,
            ExprKind::Named { target, .. } if *target == at => Use::Rebound,
            ExprKind::Named { target, .. } => match facts.expr(*target).kind {
                ExprKind::Name(name) => Use::Alias(name),
                _ => Use::Gone,
            },
            ExprKind::IfExp { test, .. } if *test == at => Use::Looked,
            ExprKind::IfExp { .. } => self.flows(parent),
            ExprKind::BoolOp { values, .. } => {
                let is_last = facts.list(*values).last() == Some(&at);
                // `client or AsyncClient()` is the client; `client and client.x` is not.
                if is_last || !self.is_and(parent) { self.flows(parent) } else { Use::Looked }
            }
            ExprKind::Yield(_) if !self.yield_hands_on => Use::Used,
            _ => Use::Gone,
        }
    }

    fn is_and(&self, expr: ExprId) -> bool {
        matches!(self.facts().expr(expr).kind, ExprKind::BoolOp { is_and: true, .. })
    }

    fn in_statement(&mut self, at: ExprId, stmt: StmtId) -> Use {
        let facts = self.facts();
        match &facts.stmt(stmt).kind {
            StmtKind::Assign { targets, value } => {
                let targets = facts.list(*targets);
                if targets.contains(&at) {
                    // `connection = await connection.execution_options(...)` is the connection.
                    return if self.is_made_of(*value, at) { Use::Looked } else { Use::Rebound };
                }
                match targets {
                    [target] if *value == at => self.assigned(*target),
                    _ => Use::Gone,
                }
            }
            StmtKind::AnnAssign { target, .. } if *target == at => Use::Rebound,
            StmtKind::AnnAssign { target, .. } => self.assigned(*target),
            StmtKind::For { target, .. } if *target == at => Use::Rebound,
            StmtKind::For { .. } => Use::Used,
            StmtKind::With { items, .. } => {
                let items = &facts.with_items[items.range()];
                if items.iter().any(|item| item.target == Some(at)) { Use::Rebound } else { Use::Gone }
            }
            StmtKind::Expr(_)
            | StmtKind::Assert { .. }
            | StmtKind::Delete(_)
            | StmtKind::If { .. }
            | StmtKind::While { .. }
            | StmtKind::Match { .. }
            | StmtKind::Raise { .. } => Use::Looked,
            _ => Use::Gone,
        }
    }

    /// Whether a value is got from the variable that a target names.
    fn is_made_of(&self, value: ExprId, target: ExprId) -> bool {
        let facts = self.facts();
        let mut at = value;
        loop {
            at = match facts.expr(at).kind {
                ExprKind::Await(inner) | ExprKind::Attribute { value: inner, .. } => inner,
                ExprKind::Call { func, .. } => func,
                ExprKind::Name(_) => return at != value && facts.expr(at).kind == facts.expr(target).kind,
                _ => return false,
            };
        }
    }

    fn assigned(&mut self, target: ExprId) -> Use {
        match self.facts().expr(target).kind {
            ExprKind::Name(name) => Use::Alias(name),
            _ => Use::Gone,
        }
    }

    /// `value.name`.
    fn attribute(&mut self, attribute: ExprId, name: &str) -> Use {
        let facts = self.facts();
        if matches!(facts.expr(attribute).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Call { func, .. } if func == attribute))
        {
            return self.method(attribute, name);
        }
        if PLAIN.contains(&name) {
            return Use::Looked;
        }
        if self.is_closer(name) || ends(name) {
            // `stack.push_async_callback(client.aclose)`, `session.connector.close()` of a closer with two parts.
            return if self.is_target(attribute) { Use::Looked } else { Use::Gone };
        }
        if TELLING.contains(&name) || self.is_target(attribute) {
            return Use::Looked;
        }
        self.derived(attribute)
    }

    fn is_target(&self, expr: ExprId) -> bool {
        let facts = self.facts();
        match facts.expr(expr).parent {
            Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
                StmtKind::Assign { targets, .. } => facts.list(*targets).contains(&expr),
                StmtKind::AnnAssign { target, .. } | StmtKind::AugAssign { target, .. } => *target == expr,
                StmtKind::Delete(_) => true,
                _ => false,
            },
            _ => false,
        }
    }

    fn is_closer(&self, name: &str) -> bool {
        let closers = self.owned.closes.methods.iter();
        closers.map(|closer| closer.split('.').next().unwrap_or(closer)).any(|closer| closer == name)
            || matches!(name, "__aexit__" | "__exit__")
    }

    /// `value.name(...)`.
    fn method(&mut self, func: ExprId, name: &str) -> Use {
        let facts = self.facts();
        let Parent::Expr(call) = facts.expr(func).parent else { return Use::Gone };
        if self.owned.closes.methods.iter().any(|closer| closer == name) || matches!(name, "__aexit__" | "__exit__") {
            return Use::Closed;
        }
        // It waits for a close that was begun.
        if self.owned.closes.then_await.as_deref() == Some(name) || name == "wait_closed" {
            return Use::Looked;
        }
        if ends(name) {
            return Use::Gone;
        }
        // What a stream writer says of its transport.
        if TELLING.contains(&name) || name == "get_extra_info" {
            return Use::Looked;
        }
        if let Needs::After(methods) = &self.owned.needs
            && methods.iter().any(|m| m == name)
        {
            return match self.derived(call) {
                Use::Gone => Use::Gone,
                _ => Use::Needed,
            };
        }
        // A method that only says something of it may be called on what is closed.
        if name.starts_with("get_") && !self.is_waited_for(call) {
            return match self.derived(call) {
                Use::Gone => Use::Gone,
                _ => Use::Looked,
            };
        }
        self.derived(call)
    }

    fn is_waited_for(&self, call: ExprId) -> bool {
        let facts = self.facts();
        match facts.expr(call).parent {
            Parent::Expr(parent) => matches!(facts.expr(parent).kind, ExprKind::Await(_)),
            Parent::Stmt(stmt) => {
                matches!(
                    facts.stmt(stmt).kind,
                    StmtKind::With { is_async: true, .. } | StmtKind::For { is_async: true, .. }
                )
            }
            Parent::Scope(_) => false,
        }
    }

    /// What becomes of something that was got from the value (a method's result, an attribute, an element), and may hold it.
    /// What was waited for does not.
    fn derived(&mut self, at: ExprId) -> Use {
        let facts = self.facts();
        match facts.expr(at).parent {
            Parent::Expr(parent) => match &facts.expr(parent).kind {
                ExprKind::Await(_) => self.awaited_result(parent),
                ExprKind::Attribute { attr, .. } if ends(facts.name(*attr)) => Use::Gone,
                ExprKind::Attribute { .. } => self.derived(parent),
                ExprKind::Call { func, .. } if *func == at => self.derived(parent),
                ExprKind::Subscript { value, .. } if *value == at => self.derived(parent),
                ExprKind::IfExp { test, .. } if *test == at => Use::Used,
                ExprKind::IfExp { .. } | ExprKind::BoolOp { .. } => self.derived(parent),
                ExprKind::Call { .. } if self.is_plain(at) => Use::Used,
                ExprKind::Call { func, .. } => self.keeps(parent, *func),
                ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Dict(_) | ExprKind::Set(_) if !self.is_plain(at) => {
                    Use::Gone
                }
                ExprKind::Yield(_) | ExprKind::Starred(_) if !self.is_plain(at) => Use::Gone,
                _ => Use::Used,
            },
            Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
                StmtKind::Return(_) if !self.is_plain(at) => Use::Gone,
                StmtKind::Assign { targets, .. } if !self.is_plain(at) => {
                    let targets = facts.list(*targets);
                    if targets.iter().all(|&t| self.stays(t)) { Use::Used } else { Use::Gone }
                }
                StmtKind::AnnAssign { target, .. } if !self.is_plain(at) && !self.stays(*target) => Use::Gone,
                _ => Use::Used,
            },
            Parent::Scope(_) => Use::Used,
        }
    }

    /// Whether what a target is given goes nowhere else: a local variable that is not returned, stored or passed on.
    fn stays(&mut self, target: ExprId) -> bool {
        let facts = self.facts();
        let ExprKind::Name(name) = facts.expr(target).kind else { return false };
        let own = facts.scope(self.scope).span;
        let named = self.fates.named(facts, self.file, name);
        let mut mentions = named.iter().copied().filter(|&id| own.contains(facts.expr(id).span));
        mentions.all(|id| match facts.expr(id).parent {
            Parent::Expr(parent) => match &facts.expr(parent).kind {
                ExprKind::Attribute { attr, .. } => !ends(facts.name(*attr)),
                ExprKind::Call { func, .. } => *func == id,
                ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Dict(_) | ExprKind::Set(_) => false,
                ExprKind::Yield(_) | ExprKind::Starred(_) | ExprKind::IfExp { .. } | ExprKind::BoolOp { .. } => false,
                _ => true,
            },
            Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
                StmtKind::Return(_) => false,
                StmtKind::Assign { targets, .. } => facts.list(*targets).contains(&id),
                StmtKind::AnnAssign { target, .. } => *target == id,
                _ => true,
            },
            Parent::Scope(_) => true,
        })
    }

    /// The result of what was awaited may be the value itself: `client = await client.start()`.
    fn awaited_result(&mut self, awaited: ExprId) -> Use {
        let ty = self.infer.expr(self.file, awaited);
        let is_itself = match &self.owned.origin {
            super::resource::Origin::Own { class, .. } => {
                ty.parts().iter().any(|p| matches!(p, Ty::Instance(Class::Own(found)) if found == class))
            }
            _ => false,
        };
        if is_itself { self.flows(awaited) } else { Use::Used }
    }

    /// Whether an expression gives plain data.
    fn is_plain(&mut self, expr: ExprId) -> bool {
        let facts = self.facts();
        if let ExprKind::Attribute { attr, .. } = facts.expr(expr).kind
            && PLAIN.contains(&facts.name(attr))
        {
            return true;
        }
        let ty = self.infer.expr(self.file, expr);
        let is_plain = |part: &Ty| match part {
            Ty::Instance(Class::External(path)) => path.starts_with("builtins."),
            Ty::None => true,
            _ => false,
        };
        ty.parts().iter().all(is_plain)
    }

    /// What a callee does with something that may hold the value.
    fn keeps(&mut self, call: ExprId, func: ExprId) -> Use {
        let (facts, name) = (self.facts(), last_name(self.facts(), func));
        if LOOKING.contains(&name) || self.says(func) {
            return Use::Used;
        }
        // `await wait_for(client.get(), 5)` and `gather(client.get(), ...)` wait for it.
        if matches!(facts.expr(call).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_))) {
            return Use::Used;
        }
        match self.infer.expr(self.file, func) {
            Ty::External(path) if path.starts_with("asyncio.") || path.starts_with("builtins.") => Use::Used,
            _ => Use::Gone,
        }
    }

    /// Whether a callee says something to a log.
    fn says(&self, func: ExprId) -> bool {
        let name = last_name(self.facts(), func);
        matches!(name, "debug" | "info" | "warning" | "warn" | "error" | "exception" | "critical" | "log")
    }

    /// What a callee does with the value it is given.
    fn given(&mut self, call: ExprId, func: ExprId, args: Run, at: ExprId) -> Use {
        let name = last_name(self.facts(), func);
        if self.says(func) {
            return Use::Looked;
        }
        match self.infer.expr(self.file, func) {
            Ty::External(path) => {
                let looks = path.strip_prefix("builtins.").is_some_and(|name| LOOKING.contains(&name));
                let releases = self.owned.closes.released_by.as_ref().is_some_and(|by| *by == path);
                match (looks, releases) {
                    (_, true) => Use::Closed,
                    (true, _) => Use::Looked,
                    _ => Use::Gone,
                }
            }
            Ty::Function(def, receiver) => {
                let world = self.infer.world;
                let runs_here = !world.is_async(def) || self.is_awaited_here(call);
                if world.has_yield(def) || !runs_here {
                    return Use::Gone;
                }
                let fate = super::summary::of_argument(self, def, receiver.is_some(), args, at);
                match fate {
                    Fate::Borrows => Use::Used,
                    Fate::Closes => Use::Closed,
                    Fate::Takes => Use::Gone,
                }
            }
            Ty::Unknown if self.owned.closes.released_by.as_ref().is_some_and(|by| by.ends_with(name)) => Use::Closed,
            _ => Use::Gone,
        }
    }

    /// Whether a coroutine is awaited where it is made, or in a `gather` or `wait_for` that is.
    fn is_awaited_here(&self, call: ExprId) -> bool {
        let facts = self.facts();
        let mut at = call;
        for _ in 0..3 {
            let Parent::Expr(parent) = facts.expr(at).parent else { return false };
            match &facts.expr(parent).kind {
                ExprKind::Await(_) => return true,
                ExprKind::Call { func, .. } if matches!(last_name(facts, *func), "gather" | "wait_for" | "shield") => {
                    at = parent;
                }
                _ => return false,
            }
        }
        false
    }

    /// A function of the program whose parameter is looked at in its turn.
    pub(crate) fn within<'v>(&'v mut self, def: Def) -> Uses<'v, 'w> {
        Uses {
            infer: self.infer,
            fates: self.fates,
            file: def.file,
            scope: def.scope,
            owned: self.owned,
            yield_hands_on: true,
            depth: self.depth + 1,
        }
    }
}

/// Whether a method of this name ends something.
pub(crate) fn ends(name: &str) -> bool {
    ENDING.iter().any(|part| name.contains(part))
}

/// The last name of a callee.
pub(crate) fn last_name(facts: &FileFacts, func: ExprId) -> &str {
    match &facts.expr(func).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(*n),
        _ => "",
    }
}
