//! What the methods of the classes of a file do with the attributes of their instance.

use crate::index::FileIndex;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;

/// Words in the names of methods that let go of something.
const CLOSING: &[&str] = &[
    "close",
    "stop",
    "cancel",
    "disconnect",
    "shutdown",
    "shut_down",
    "cleanup",
    "clean_up",
    "terminate",
    "kill",
    "release",
    "dispose",
    "exit",
    "join",
    "wait",
    "quit",
    "drain",
    "destroy",
    "finish",
    "teardown",
    "tear_down",
    "logout",
    "finalize",
];
/// Methods of containers that give what is in them.
const GIVING: &[&str] = &["values", "items", "pop", "popitem", "popleft", "copy"];
/// Functions that look at a value and keep nothing of it.
const LOOKING: &[&str] =
    &["isinstance", "print", "id", "repr", "str", "type", "hasattr", "bool", "hash", "len", "callable"];
/// Methods of loggers.
const LOGGING: &[&str] = &["debug", "info", "warning", "warn", "error", "exception", "critical", "log"];

/// Whether a method of this name lets go of something.
pub(in crate::ownership) fn is_closing(name: &str) -> bool {
    CLOSING.iter().any(|word| name.contains(word)) || matches!(name, "__aexit__" | "__exit__")
}

/// Whether a function only looks at what it is given, or logs it.
pub(super) fn looks(facts: &FileFacts, func: ExprId) -> bool {
    match facts.expr(func).kind {
        ExprKind::Name(name) => LOOKING.contains(&facts.name(name)),
        ExprKind::Attribute { attr, .. } => LOGGING.contains(&facts.name(attr)),
        _ => false,
    }
}

/// What the methods of a file's classes mention of their instance.
#[derive(Debug, Default)]
pub(in crate::ownership) struct Members {
    /// The methods of each class.
    methods: FxHashMap<ScopeId, Vec<ScopeId>>,
    /// `self.attr` in each method, functions nested in it included.
    mentions: FxHashMap<ScopeId, Vec<(NameId, ExprId)>>,
    /// `super().attr` in each method.
    supers: FxHashMap<ScopeId, Vec<NameId>>,
}

impl Members {
    /// Of a file.
    pub(in crate::ownership) fn of(facts: &FileFacts, index: &FileIndex) -> Self {
        let mut members = Members::default();
        for (&method, &class) in &index.method_class {
            members.methods.entry(class).or_default().push(method);
        }
        members.methods.values_mut().for_each(|methods| methods.sort_unstable());
        let is_super = index.name("super");
        for (id, expr) in facts.exprs() {
            let ExprKind::Attribute { value, attr } = expr.kind else { continue };
            match facts.expr(value).kind {
                ExprKind::Name(name) => {
                    let scope = facts.code_scope(expr.scope);
                    if index.self_class(facts, scope, name).is_some()
                        && let Some(method) = method_around(facts, index, scope)
                    {
                        members.mentions.entry(method).or_default().push((attr, id));
                    }
                }
                ExprKind::Call { func, .. } if is_super.is_some_and(|n| facts.expr(func).kind == ExprKind::Name(n)) => {
                    if let Some(method) = method_around(facts, index, facts.code_scope(expr.scope)) {
                        members.supers.entry(method).or_default().push(attr);
                    }
                }
                _ => {}
            }
        }
        members
    }

    /// The methods of a class, in source order.
    pub(in crate::ownership) fn methods(&self, class: ScopeId) -> &[ScopeId] {
        self.methods.get(&class).map_or(&[], Vec::as_slice)
    }
    /// The attributes of the instance that a method mentions, and where.
    pub(in crate::ownership) fn mentions(&self, method: ScopeId) -> &[(NameId, ExprId)] {
        self.mentions.get(&method).map_or(&[], Vec::as_slice)
    }
    /// The attributes of `super()` that a method mentions.
    pub(in crate::ownership) fn supers(&self, method: ScopeId) -> &[NameId] {
        self.supers.get(&method).map_or(&[], Vec::as_slice)
    }
}

/// The method that code stands in, also in a function nested in it.
pub(in crate::ownership) fn method_around(facts: &FileFacts, index: &FileIndex, mut scope: ScopeId) -> Option<ScopeId> {
    while !index.method_class.contains_key(&scope) {
        scope = facts.scope(scope).parent?;
    }
    Some(scope)
}

/// Whether a closer that mentions an attribute so lets go of what is in it: it calls a method that closes, hands it on, awaits
/// it, goes through it, or takes it out.
pub(in crate::ownership) fn lets_go(facts: &FileFacts, mention: ExprId) -> bool {
    let mut at = mention;
    loop {
        let parent = match facts.expr(at).parent {
            Parent::Expr(parent) => parent,
            // What a comprehension goes through.
            Parent::Scope(_) => return true,
            Parent::Stmt(stmt) => {
                return match facts.stmt(stmt).kind {
                    StmtKind::Assign { value, .. } => value == at,
                    StmtKind::With { .. } => true,
                    StmtKind::For { iter, .. } => iter == at,
                    _ => false,
                };
            }
        };
        match facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => {
                let name = facts.name(attr);
                if let Parent::Expr(call) = facts.expr(parent).parent
                    && matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == parent)
                {
                    return is_closing(name) || GIVING.contains(&name);
                }
            }
            ExprKind::Subscript { value, .. } if value == at => {}
            ExprKind::Call { func, .. } => return func != at && !looks(facts, func),
            ExprKind::Await(_) | ExprKind::Starred(_) | ExprKind::Named { .. } => return true,
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Set(_) => return !is_assigned(facts, parent),
            _ => return false,
        }
        at = parent;
    }
}

/// Whether an expression is the target of an assignment.
fn is_assigned(facts: &FileFacts, expr: ExprId) -> bool {
    let Parent::Stmt(stmt) = facts.expr(expr).parent else { return false };
    matches!(facts.stmt(stmt).kind, StmtKind::Assign { targets, .. } if facts.list(targets).contains(&expr))
}
