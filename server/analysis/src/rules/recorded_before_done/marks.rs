//! The statements that record that something is done.

use crate::swallows::called_name;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;

/// Parts of names that say that something has been made ready, each with the verb that does it. What is to happen once at most
/// (`done`, `logged`, `sent`) is none of them: that is noted first on purpose.
const DONE: &[(&str, &str)] = &[
    ("applied", "apply"),
    ("authenticated", "authenticate"),
    ("bootstrapped", "bootstrap"),
    ("built", "build"),
    ("cached", "cache"),
    ("configured", "configure"),
    ("connected", "connect"),
    ("created", "create"),
    ("discovered", "discover"),
    ("downloaded", "download"),
    ("ensured", "ensure"),
    ("fetched", "fetch"),
    ("imported", "import"),
    ("indexed", "index"),
    ("inited", "init"),
    ("initialised", "init"),
    ("initialized", "init"),
    ("installed", "install"),
    ("loaded", "load"),
    ("migrated", "migrate"),
    ("opened", "open"),
    ("populated", "populate"),
    ("prepared", "prepare"),
    ("primed", "prime"),
    ("provisioned", "provision"),
    ("ready", "prepare"),
    ("registered", "register"),
    ("resolved", "resolve"),
    ("seeded", "seed"),
    ("set_up", "set"),
    ("setup", "setup"),
    ("started", "start"),
    ("subscribed", "subscribe"),
    ("synced", "sync"),
    ("validated", "validate"),
    ("verified", "verify"),
    ("warmed", "warm"),
];
/// Parts of names that speak of an end, which is noted first on purpose, or of telling something once.
const OTHER: &[&str] = &[
    "cancel",
    "clean",
    "clos",
    "deinit",
    "disconnect",
    "error",
    "fail",
    "final",
    "log",
    "not_",
    "notif",
    "report",
    "restart",
    "sent",
    "shut",
    "stop",
    "un",
    "warn",
];
/// Parts of names that speak of what is under way, switched on, or to happen once at most: beside [`OTHER`] what the name of a mark
/// must not say that does not say what is made ready.
const UNDER_WAY: &[&str] = &[
    "active", "busy", "done", "enable", "execut", "in_use", "ing", "lock", "once", "pending", "progress", "run",
    "tried",
];
/// What is done by sending something.
const SENT: &[&str] = &["authenticate", "register", "subscribe"];
/// Words before the verb in the name of a function.
const BEFORE_VERB: &[&str] =
    &["async", "do", "ensure", "ensures", "lazy", "lazily", "maybe", "on", "perform", "run", "try", "a"];
/// Beginnings of the names of methods that record.
const RECORDERS: &[&str] = &["mark_as_", "mark_", "record_", "remember_", "set_"];

/// Methods after which an object is of use.
const BEGINNINGS: &[&str] = &[
    "__aenter__",
    "authenticate",
    "begin",
    "connect",
    "create",
    "launch",
    "load",
    "login",
    "open",
    "prepare",
    "set_up",
    "setup",
    "start",
    "startup",
];

/// A statement that records that something is done.
pub(super) struct Mark {
    /// The statement.
    pub(super) stmt: StmtId,
    /// The code to point at.
    pub(super) at: ExprId,
    /// The function whose code it is.
    pub(super) scope: ScopeId,
    /// What holds it: `self._ready`, `self._ensured`, `self._cache`.
    pub(super) state: String,
    /// How it is kept there.
    pub(super) kept: Kept,
    /// What the statement does, in words: `self._ready is set`.
    pub(super) text: String,
    /// The verbs of what it records; none where its name does not tell, and only what is done with it can.
    verbs: Vec<&'static str>,
}

/// How a mark is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    /// `state = True`.
    Flag,
    /// `state.add(key)`, `state[key] = True`.
    Key,
    /// `state.mark_ensured(key)`: what is behind the verb.
    Told(String),
    /// `state = Client()`, which is connected after that.
    Object,
}

impl Mark {
    /// Whether its name says that something is done.
    pub(super) fn is_named(&self) -> bool {
        !self.verbs.is_empty()
    }

    /// Whether what it records is done by sending something.
    pub(super) fn is_by_sending(&self) -> bool {
        self.verbs.iter().any(|verb| SENT.contains(verb))
    }

    /// Whether a function does, by its name, what the mark records: `connect` for `_connected`, `ensure_ready` for `_ready`.
    pub(super) fn is_about(&self, function: &str) -> bool {
        let function = function.to_ascii_lowercase();
        let mut words = function.split('_').filter(|w| !w.is_empty()).peekable();
        let mut ensures = false;
        while let Some(word) = words.next_if(|w| BEFORE_VERB.contains(w)) {
            ensures |= word.starts_with("ensure");
        }
        let Some(verb) = words.next() else { return ensures };
        ensures
            || self.verbs.iter().any(|v| {
                verb == *v
                    || verb.strip_prefix('a') == Some(v)
                    || *v == "init" && verb.starts_with("init") && !verb.ends_with("ed")
                    || *v == "setup" && (verb == "set" || verb.starts_with("init"))
            })
    }
}

/// The marks in the coroutine functions of a file.
pub(super) fn marks(facts: &FileFacts) -> Vec<Mark> {
    let in_coroutine =
        |s: &Stmt| matches!(facts.scope(s.scope).kind, ScopeKind::Function { is_async: true }) && !s.broken;
    let begun = begun(facts);
    let stmts = facts.stmts.iter().enumerate().filter(|(_, s)| in_coroutine(s));
    let marks = stmts.filter_map(|(i, s)| mark(facts, StmtId(i as u32), s));
    marks.filter(|mark| mark.kept != Kept::Object || begun.contains(&mark.state)).collect()
}

/// What a method is called on by which an object begins to be of use: `self.client` of `self.client.connect()`.
fn begun(facts: &FileFacts) -> FxHashSet<String> {
    let begins = facts.exprs().filter_map(|(_, e)| match e.kind {
        ExprKind::Call { func, .. } => beginning(facts, func),
        _ => None,
    });
    begins.filter_map(|receiver| facts.dotted(receiver)).collect()
}

/// The receiver of a method after which an object is of use.
pub(super) fn beginning(facts: &FileFacts, func: ExprId) -> Option<ExprId> {
    let ExprKind::Attribute { value, attr } = facts.expr(func).kind else { return None };
    let verb = facts.name(attr).trim_start_matches("async_");
    (BEGINNINGS.contains(&verb) || verb.starts_with("init")).then_some(value)
}

fn mark(facts: &FileFacts, stmt: StmtId, s: &Stmt) -> Option<Mark> {
    let (at, state, kept, text, name) = match s.kind {
        StmtKind::Assign { targets, value } if facts.expr(value).kind == ExprKind::Bool(true) => {
            let [target] = facts.list(targets) else { return None };
            match facts.expr(*target).kind {
                ExprKind::Subscript { value, .. } => {
                    let state = shared(facts, value, s.scope)?;
                    let name = last(&state).to_owned();
                    (*target, state.clone(), Kept::Key, format!("an entry of {state} is set"), name)
                }
                _ => {
                    let state = shared(facts, *target, s.scope)?;
                    let name = last(&state).to_owned();
                    (*target, state.clone(), Kept::Flag, format!("{state} is set"), name)
                }
            }
        }
        StmtKind::Assign { targets, value } if matches!(facts.expr(value).kind, ExprKind::Call { .. }) => {
            let [target] = facts.list(targets) else { return None };
            let state = shared(facts, *target, s.scope)?;
            let text = format!("{state} is set");
            return Some(Mark {
                stmt,
                at: *target,
                scope: s.scope,
                state,
                kept: Kept::Object,
                text,
                verbs: Vec::new(),
            });
        }
        StmtKind::Expr(call) => {
            let ExprKind::Call { func, args } = facts.expr(call).kind else { return None };
            let ExprKind::Attribute { value, .. } = facts.expr(func).kind else { return None };
            let method = called_name(facts, call);
            let state = shared(facts, value, s.scope)?;
            if method == "add" && facts.args(args).len() == 1 {
                let name = last(&state).to_owned();
                (call, state.clone(), Kept::Key, format!("{state} gets its entry"), name)
            } else {
                let what = RECORDERS.iter().find_map(|verb| method.strip_prefix(verb))?.to_owned();
                (call, state.clone(), Kept::Told(what.clone()), format!("{state}.{method}() is called"), what)
            }
        }
        _ => return None,
    };
    let verbs = verbs(&name);
    let may_be_one = !verbs.is_empty() || kept == Kept::Flag && may_be_done(&name);
    may_be_one.then_some(Mark { stmt, at, scope: s.scope, state, kept, text, verbs })
}

/// What is done according to a name; empty where it says something else.
fn verbs(name: &str) -> Vec<&'static str> {
    let name = name.to_ascii_lowercase();
    if OTHER.iter().any(|part| name.contains(part)) {
        return Vec::new();
    }
    DONE.iter().filter(|(word, _)| name.contains(word)).map(|(_, verb)| *verb).collect()
}

/// Whether a name that does not say what is done may be that of a mark.
fn may_be_done(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    OTHER.iter().chain(UNDER_WAY).all(|part| !name.contains(part))
}

fn last(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}

/// The text of an attribute, or of a variable of the module, that outlives the call of a function.
fn shared(facts: &FileFacts, expr: ExprId, scope: ScopeId) -> Option<String> {
    match facts.expr(expr).kind {
        ExprKind::Attribute { .. } => facts.dotted(expr),
        ExprKind::Name(name) => {
            let s = facts.scope(scope);
            let declared = facts.name_lists[s.globals.range()].contains(&name);
            let is_read = !facts.bindings_of(scope).iter().any(|b| b.name == name)
                && facts.bindings_of(ScopeId::MODULE).iter().any(|b| b.name == name);
            (declared || is_read).then(|| facts.name(name).to_owned())
        }
        _ => None,
    }
}
