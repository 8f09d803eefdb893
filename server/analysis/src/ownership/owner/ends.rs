//! What the mentions of an attribute do with what it keeps: who closes it, and who else may.

use super::family::{Family, Method};
use crate::finding::FileId;
use crate::infer::Infer;
use crate::ownership::resource::{Owned, is_closing, lets_go};
use crate::ownership::summary::Fates;
use crate::ownership::uses::{Use, Uses, ends, last_name};
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// Callables that close what they are given, sooner or later.
const CLOSING: &[&str] = &[
    "aclosing",
    "addAsyncCleanup",
    "addCleanup",
    "add_cleanup",
    "callback",
    "closing",
    "enter_async_context",
    "enter_context",
    "enterAsyncContext",
    "enterContext",
    "finalize",
    "push",
    "push_async_callback",
    "push_async_exit",
];
/// Methods that give what is in a container.
pub(super) const GIVING: &[&str] = &["pop", "popitem", "popleft", "values", "items", "copy", "get"];

/// What is done with what an attribute keeps, by all who can be seen to do anything with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends {
    /// The places that close it.
    pub(crate) closed: Vec<End>,
    /// The places that give it to somebody who may close it.
    pub(crate) handed_on: Vec<(FileId, ExprId)>,
    /// The methods that return it.
    pub(crate) given_by: Vec<SmolStr>,
    /// Something is done from which on it must be closed.
    pub(crate) is_started: bool,
    /// The places that put something in: targets.
    pub(crate) stored: Vec<(Def, ExprId)>,
    /// It is given to a function that nobody can look into, and that is waited for: most give it back.
    pub(crate) is_lent: bool,
    /// An attribute by a computed name is closed, which may be this one.
    pub(crate) is_unclear: bool,
}

/// A place that closes something.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct End {
    /// The file.
    pub(crate) file: FileId,
    /// The attribute that is closed there, or what holds its value.
    pub(crate) at: ExprId,
    /// The method of the family that does; none for other code.
    pub(crate) method: Option<Def>,
}

/// Looks at the mentions of one attribute.
pub(super) struct Mentions<'m, 'w> {
    pub(super) infer: &'m mut Infer<'w>,
    pub(super) fates: &'m mut Fates,
    pub(super) family: &'m Family,
    /// What is kept.
    pub(super) owned: &'m Owned,
    pub(super) is_element: bool,
    pub(super) ends: Ends,
}

impl<'w> Mentions<'_, 'w> {
    /// What the methods of the family do with an attribute.
    pub(super) fn of(mut self, attribute: &str) -> Ends {
        let family = self.family;
        for method in &family.methods {
            for (_, at) in method.mentions.iter().filter(|(name, _)| name == attribute) {
                self.mention(method, *at, 0);
            }
            self.by_name(method, attribute);
        }
        self.ends
    }

    fn facts(&self, method: &Method) -> &'w FileFacts {
        self.infer.world.facts(method.def.file)
    }

    fn closed(&mut self, method: &Method, at: ExprId) {
        self.ends.closed.push(End { file: method.def.file, at, method: Some(method.def) });
    }

    /// `getattr(self, "name")`, and with a name that is not written there.
    fn by_name(&mut self, method: &Method, attribute: &str) {
        let file = method.def.file;
        let (facts, index) = (self.facts(method), self.infer.world.index_of(file));
        let reads = ["getattr", "vars", "__dict__"].map(|name| index.name(name));
        if reads.iter().all(Option::is_none) {
            return;
        }
        let own = facts.scope(method.def.scope).span;
        let is_name =
            |expr: ExprId, name: Option<NameId>| name.is_some_and(|n| facts.expr(expr).kind == ExprKind::Name(n));
        for (id, expr) in facts.exprs().filter(|(_, e)| own.contains(e.span)) {
            match expr.kind {
                ExprKind::Call { func, args } if is_name(func, reads[0]) => {
                    let Some(name) = facts.args(args).get(1) else { continue };
                    match &facts.expr(name.value).kind {
                        ExprKind::Str(text) if text == attribute => self.mention(method, id, 0),
                        ExprKind::Str(_) => {}
                        _ => self.ends.is_unclear |= method.closes,
                    }
                }
                ExprKind::Name(_) if is_name(id, reads[1]) => self.ends.is_unclear |= method.closes,
                ExprKind::Attribute { attr, .. } if Some(attr) == reads[2] => self.ends.is_unclear |= method.closes,
                _ => {}
            }
        }
    }

    fn mention(&mut self, method: &Method, at: ExprId, depth: u8) {
        let facts = self.facts(method);
        if self.is_element && depth == 0 {
            return self.container(method, at);
        }
        match facts.expr(at).parent {
            Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
                StmtKind::With { items, .. } => {
                    if facts.with_items[items.range()].iter().any(|item| item.context == at) {
                        self.closed(method, at);
                    }
                    return;
                }
                StmtKind::Return(_) => return self.ends.given_by.push(method.name.clone()),
                StmtKind::Assign { targets, .. } if facts.list(*targets).contains(&at) => {
                    return self.ends.stored.push((method.def, at));
                }
                StmtKind::AnnAssign { target, .. } if *target == at => {
                    return self.ends.stored.push((method.def, at));
                }
                _ => {}
            },
            Parent::Expr(parent) => match &facts.expr(parent).kind {
                ExprKind::Yield(_) => return self.ends.given_by.push(method.name.clone()),
                ExprKind::Tuple(items) => match swapped(facts, parent, facts.list(*items), at) {
                    Some(Some(name)) => return self.alias(method, at, name, depth),
                    Some(None) => return self.ends.stored.push((method.def, at)),
                    None => {}
                },
                _ => {}
            },
            Parent::Scope(_) => {}
        }
        match self.used(method, at) {
            // There is nothing in it any more.
            Use::Closed if depth == 0 && self.is_emptied_before(method, at) => {}
            Use::Closed => self.closed(method, at),
            Use::Needed => self.ends.is_started = true,
            Use::Alias(name) => self.alias(method, at, name, depth),
            Use::Rebound => self.ends.stored.push((method.def, at)),
            Use::Gone => self.gone(method, at),
            Use::Looked | Use::Used => {}
        }
    }

    /// Whether the attribute was given `None` before, and nothing since may have given it another value.
    fn is_emptied_before(&self, method: &Method, at: ExprId) -> bool {
        let (facts, index) = (self.facts(method), self.infer.world.index_of(method.def.file));
        let mut stmt = facts.stmt_of(at);
        while let Some(here) = stmt {
            let mut before = index.previous(here);
            while let Some(earlier) = before {
                if gives_none(facts, earlier, at) {
                    return true;
                }
                if runs_code(facts, earlier) {
                    return false;
                }
                before = index.previous(earlier);
            }
            stmt = facts
                .stmt(here)
                .parent
                .filter(|&around| !matches!(facts.stmt(around).kind, StmtKind::For { .. } | StmtKind::While { .. }));
        }
        false
    }

    fn used(&mut self, method: &Method, at: ExprId) -> Use {
        let file = method.def.file;
        let facts = self.facts(method);
        let scope = facts.code_scope(facts.expr(at).scope);
        let (infer, fates) = (&mut *self.infer, &mut *self.fates);
        Uses { infer, fates, file, scope, owned: self.owned, yield_hands_on: true, depth: 0 }.of(at)
    }

    /// It may be somebody else's to close from here on.
    fn gone(&mut self, method: &Method, at: ExprId) {
        let facts = self.facts(method);
        let says_so = match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                // Its closer as a value, or a method that ends something.
                ExprKind::Attribute { attr, .. } => ends(facts.name(attr)) || is_dunder_exit(facts.name(attr)),
                ExprKind::Call { func, .. } if func != at => closes_argument(facts, func),
                _ => false,
            },
            _ => false,
        };
        if says_so || (method.closes && lets_go(facts, at)) {
            self.closed(method, at);
        } else if is_returned(facts, at) {
            self.ends.given_by.push(method.name.clone());
        } else if self.is_lent(method, at) {
            self.ends.is_lent = true;
        } else {
            self.ends.handed_on.push((method.def.file, at));
        }
    }

    /// Whether a function outside of the program has it only until it is done: it is awaited, or entered by a `with`.
    fn is_lent(&mut self, method: &Method, at: ExprId) -> bool {
        let facts = self.facts(method);
        let Parent::Expr(call) = facts.expr(at).parent else { return false };
        let ExprKind::Call { func, .. } = facts.expr(call).kind else { return false };
        let name = last_name(facts, func).trim_start_matches('_');
        let is_waited_for = match facts.expr(call).parent {
            Parent::Expr(parent) => matches!(facts.expr(parent).kind, ExprKind::Await(_)),
            Parent::Stmt(stmt) => {
                matches!(
                    facts.stmt(stmt).kind,
                    StmtKind::With { is_async: true, .. } | StmtKind::For { is_async: true, .. }
                )
            }
            Parent::Scope(_) => false,
        };
        is_waited_for
            && func != at
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && matches!(self.infer.expr(method.def.file, func), Ty::External(_) | Ty::Unknown)
    }

    /// A local variable that is given what the attribute keeps.
    fn alias(&mut self, method: &Method, at: ExprId, name: NameId, depth: u8) {
        if depth > 1 {
            return self.ends.handed_on.push((method.def.file, at));
        }
        let facts = self.facts(method);
        let own = facts.scope(method.def.scope).span;
        let named = facts.exprs().filter(|(_, e)| e.kind == ExprKind::Name(name) && own.contains(e.span));
        for mention in named.map(|(id, _)| id).collect::<Vec<_>>() {
            if !is_target(facts, mention) {
                self.mention(method, mention, depth + 1);
            }
        }
    }

    /// What is done with a container: who goes through it, or takes something out, and closes anything, closes what is in it.
    fn container(&mut self, method: &Method, at: ExprId) {
        let facts = self.facts(method);
        if method.closes && lets_go(facts, at) {
            return self.closed(method, at);
        }
        let gives = match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::Attribute { attr, .. } => GIVING.contains(&facts.name(attr)),
                ExprKind::Subscript { value, .. } => value == at && !is_target(facts, parent),
                ExprKind::Call { func, .. } => func != at,
                _ => true,
            },
            Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
                StmtKind::Return(_) => {
                    self.ends.given_by.push(method.name.clone());
                    false
                }
                StmtKind::Assign { targets, .. } => !facts.list(targets).contains(&at),
                StmtKind::AnnAssign { target, .. } => target != at,
                StmtKind::For { .. } => true,
                _ => false,
            },
            Parent::Scope(_) => true,
        };
        if gives && closes_something(facts, method.def.scope) {
            self.closed(method, at);
        }
    }
}

/// Whether any method that closes is named in a function.
fn closes_something(facts: &FileFacts, scope: ScopeId) -> bool {
    let own = facts.scope(scope).span;
    let closes = |e: &Expr| match e.kind {
        ExprKind::Attribute { attr, .. } => is_closing(facts.name(attr)),
        ExprKind::Call { func, .. } => closes_argument(facts, func),
        _ => false,
    };
    facts.exprs().any(|(_, e)| own.contains(e.span) && closes(e))
}

/// Whether a callee closes what it is given, as its name says.
pub(crate) fn closes_argument(facts: &FileFacts, func: ExprId) -> bool {
    let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else { return false };
    let name = facts.name(name);
    CLOSING.contains(&name) || ends(name)
}

pub(super) fn is_dunder_exit(name: &str) -> bool {
    matches!(name, "__aexit__" | "__exit__")
}

/// Whether a statement gives `None` to the attribute that a mention names.
fn gives_none(facts: &FileFacts, stmt: StmtId, mention: ExprId) -> bool {
    let StmtKind::Assign { targets, value } = facts.stmt(stmt).kind else { return false };
    let is_it = |target: &ExprId| match (&facts.expr(*target).kind, &facts.expr(mention).kind) {
        (ExprKind::Attribute { value: of, attr }, ExprKind::Attribute { value: other, attr: name }) => {
            attr == name && facts.expr(*of).kind == facts.expr(*other).kind
        }
        _ => false,
    };
    facts.expr(value).kind == ExprKind::None && facts.list(targets).iter().any(is_it)
}

/// Whether a statement does more than giving plain values to names: it may give the attribute something.
fn runs_code(facts: &FileFacts, stmt: StmtId) -> bool {
    let StmtKind::Assign { value, .. } = facts.stmt(stmt).kind else { return true };
    !matches!(facts.expr(value).kind, ExprKind::None | ExprKind::Name(_) | ExprKind::Bool(_) | ExprKind::Int(_))
}

/// Whether an expression stands where it is given a value.
fn is_target(facts: &FileFacts, expr: ExprId) -> bool {
    match facts.expr(expr).parent {
        Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } => facts.list(*targets).contains(&expr),
            StmtKind::AnnAssign { target, .. } | StmtKind::AugAssign { target, .. } => *target == expr,
            StmtKind::Delete(_) => true,
            _ => false,
        },
        Parent::Expr(parent) => {
            matches!(facts.expr(parent).kind, ExprKind::Tuple(_) | ExprKind::List(_)) && is_target(facts, parent)
        }
        Parent::Scope(_) => false,
    }
}

/// What `item` of a tuple is given to, or gives, in `old, self.client = self.client, None`: a variable that takes it, or none
/// where it is a target itself.
fn swapped(facts: &FileFacts, tuple: ExprId, items: &[ExprId], item: ExprId) -> Option<Option<NameId>> {
    let Parent::Stmt(stmt) = facts.expr(tuple).parent else { return None };
    let StmtKind::Assign { targets, value } = facts.stmt(stmt).kind else { return None };
    let [target] = *facts.list(targets) else { return None };
    if target == tuple {
        return Some(None);
    }
    let ExprKind::Tuple(taking) = facts.expr(target).kind else { return None };
    let taking = facts.list(taking);
    let at = items.iter().position(|&i| i == item)?;
    let to = *taking.get(at).filter(|_| value == tuple && taking.len() == items.len())?;
    match facts.expr(to).kind {
        ExprKind::Name(name) => Some(Some(name)),
        _ => None,
    }
}

/// Whether a value is returned, as one of several operands.
fn is_returned(facts: &FileFacts, mut at: ExprId) -> bool {
    loop {
        match facts.expr(at).parent {
            Parent::Expr(parent) => match facts.expr(parent).kind {
                ExprKind::IfExp { .. } | ExprKind::BoolOp { .. } => at = parent,
                _ => return false,
            },
            Parent::Stmt(stmt) => return matches!(facts.stmt(stmt).kind, StmtKind::Return(_)),
            Parent::Scope(_) => return false,
        }
    }
}
