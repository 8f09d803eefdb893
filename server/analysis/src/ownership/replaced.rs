//! Attributes that are given another resource while the one in them is open: by a method that connects again and does not close
//! what was there before.

use super::file::Held;
use super::holder::Holder;
use super::resource::{Members, Needs, called_method, is_closing, lets_go, method_around};
use crate::finding::Confidence;
use crate::index::{FileIndex, Slot};
use asyncwise_syntax::facts::*;

/// Parts of names of methods that do something once more.
const AGAIN: &[&str] =
    &["reconnect", "recreate", "refresh", "reinit", "reload", "renew", "reopen", "reset", "restart", "rotate"];

/// What replaces a resource that may be open.
pub(crate) struct Replaced<'h> {
    /// What comes in its place.
    pub(crate) held: &'h Held,
    /// The attribute.
    pub(crate) attribute: NameId,
    /// The method.
    pub(crate) method: ScopeId,
    /// Why there may be one already.
    pub(crate) because: Because,
}

/// Why an attribute may hold something that is open.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Because {
    /// Another method makes it, too.
    MadeBefore(ExprId),
    /// The method is called where it was in use.
    InUse(ExprId),
}

/// What the methods of a file replace without a close, in source order.
pub(crate) fn replaced<'h>(facts: &FileFacts, index: &FileIndex, held: &'h [Held]) -> Vec<Replaced<'h>> {
    let kept: Vec<(&Held, ScopeId, NameId)> = (held.iter())
        .filter_map(|held| match held.holder {
            Holder::Attribute { class, name } => Some((held, class, name)),
            _ => None,
        })
        .collect();
    if kept.is_empty() {
        return Vec::new();
    }
    let members = Members::of(facts, index);
    let replaced = kept.iter().filter_map(|&(held, class, attribute)| {
        let owned = &held.acquisition.owned;
        let method = method_around(facts, index, facts.expr(held.acquisition.call).scope)?;
        let stmt = facts.stmt_of(held.acquisition.call)?;
        let site = Site { facts, index, members: &members, class, method, group: group(facts, stmt) };
        let is_plain = !facts.name(facts.scope(method).name).starts_with("__");
        if owned.needs != Needs::Made || owned.confidence < Confidence::Likely || !is_plain || site.is_prepared(stmt) {
            return None;
        }
        let others = kept.iter().filter(|(_, other_class, other)| *other_class == class && *other == attribute);
        let because = site.made_before(others.map(|(other, ..)| *other)).or_else(|| site.in_use())?;
        Some(Replaced { held, attribute, method, because })
    });
    replaced.collect()
}

/// The attributes that a statement gives values.
fn group(facts: &FileFacts, stmt: StmtId) -> Vec<NameId> {
    let StmtKind::Assign { targets, .. } = facts.stmt(stmt).kind else {
        let StmtKind::AnnAssign { target, .. } = facts.stmt(stmt).kind else { return Vec::new() };
        return attribute(facts, target).into_iter().collect();
    };
    let mut found = Vec::new();
    for &target in facts.list(targets) {
        match facts.expr(target).kind {
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                found.extend(facts.list(parts).iter().filter_map(|&part| attribute(facts, part)));
            }
            _ => found.extend(attribute(facts, target)),
        }
    }
    found
}

fn attribute(facts: &FileFacts, expr: ExprId) -> Option<NameId> {
    match facts.expr(expr).kind {
        ExprKind::Attribute { attr, .. } => Some(attr),
        _ => None,
    }
}

/// A method that gives attributes a new value.
struct Site<'a> {
    facts: &'a FileFacts,
    index: &'a FileIndex,
    members: &'a Members,
    class: ScopeId,
    method: ScopeId,
    /// The attributes that get a value together.
    group: Vec<NameId>,
}

impl Site<'_> {
    /// Whether the method looks after what was there: it asks its instance first, names the attribute, or calls a method that
    /// lets go of it.
    fn is_prepared(&self, stmt: StmtId) -> bool {
        let at = self.facts.stmt(stmt).span.start;
        self.is_asked(stmt) || self.leaves_before(at) || self.looks_after(self.method, at)
    }

    /// Whether a condition around a statement asks the instance something.
    fn is_asked(&self, stmt: StmtId) -> bool {
        let mut above = std::iter::successors(Some(stmt), |&at| self.facts.stmt(at).parent);
        above.any(|at| match self.facts.stmt(at).kind {
            StmtKind::If { test, .. } | StmtKind::While { test, .. } => self.asks_instance(test),
            StmtKind::Match { .. } => true,
            _ => false,
        })
    }

    fn asks_instance(&self, test: ExprId) -> bool {
        let span = self.facts.expr(test).span;
        self.facts.exprs().any(|(_, e)| {
            let ExprKind::Attribute { value, .. } = e.kind else { return false };
            span.contains(e.span) && matches!(self.facts.expr(value).kind, ExprKind::Name(_))
        })
    }

    /// Whether the method may have left before, as its instance said so.
    fn leaves_before(&self, at: u32) -> bool {
        self.facts.stmts.iter().any(|s| {
            let StmtKind::If { test, body, .. } = s.kind else { return false };
            s.scope == self.method
                && s.span.end <= at
                && crate::index::leaves_block(self.facts, body)
                && self.asks_instance(test)
        })
    }

    /// Whether a method names one of the attributes before some place, or calls a method that may let go of them.
    fn looks_after(&self, method: ScopeId, at: u32) -> bool {
        let before = self.members.mentions(method).iter().filter(|(_, m)| self.facts.expr(*m).span.end <= at);
        let mut before = before.filter(|(_, m)| !is_target(self.facts, *m));
        before.any(|(name, _)| self.group.contains(name) || self.may_let_go(*name, 0))
            || self.members.supers(method).iter().any(|name| is_closing(self.facts.name(*name)))
    }

    /// Whether a method of the class, by name, lets go of one of the attributes, itself or through others.
    fn may_let_go(&self, name: NameId, depth: u8) -> bool {
        let text = self.facts.name(name);
        if is_closing(text) || text.contains("clear") || text.contains("drop") {
            return true;
        }
        let Some(method) = self.method_named(name).filter(|_| depth < 4) else { return false };
        self.members.mentions(method).iter().any(|&(attr, mention)| {
            self.group.contains(&attr) && lets_go(self.facts, mention)
                || attr != name && self.may_let_go(attr, depth + 1)
        })
    }

    fn method_named(&self, name: NameId) -> Option<ScopeId> {
        self.members.methods(self.class).iter().copied().find(|&method| self.facts.scope(method).name == name)
    }

    /// Another method that makes one, after which this one does it again.
    fn made_before<'h>(&self, others: impl Iterator<Item = &'h Held>) -> Option<Because> {
        let own = self.facts.scope(self.method).name;
        let is_again = AGAIN.iter().any(|word| self.facts.name(own).contains(word));
        let is_looked_after = self.callers().any(|(caller, call)| {
            self.looks_after(caller, self.facts.expr(call).span.start) || self.is_called_if_asked(call)
        });
        if is_looked_after {
            return None;
        }
        let mut others = others.map(|held| held.acquisition.call);
        let call = others.find(|&call| {
            let Some(method) = method_around(self.facts, self.index, self.facts.expr(call).scope) else { return false };
            // What every instance has since it was made is the matter of its owner.
            let is_making = self.facts.name(self.facts.scope(method).name).starts_with("__");
            method != self.method && is_again && !is_making
        })?;
        Some(Because::MadeBefore(call))
    }

    /// The calls of the method by the others of the class.
    fn callers(&self) -> impl Iterator<Item = (ScopeId, ExprId)> + '_ {
        let name = self.facts.scope(self.method).name;
        let others = self.members.methods(self.class).iter().filter(|&&method| method != self.method);
        others.flat_map(move |&method| {
            let calls = self.members.mentions(method).iter().filter(move |(attr, _)| *attr == name);
            calls.map(move |&(_, mention)| (method, mention))
        })
    }

    fn is_called_if_asked(&self, call: ExprId) -> bool {
        self.facts.stmt_of(call).is_some_and(|stmt| self.is_asked(stmt))
    }

    /// A call of the method where an error came out of what is in the attribute.
    fn in_use(&self) -> Option<Because> {
        let found = self.callers().find(|&(caller, call)| {
            let Some(handled) = self.handled(call) else { return false };
            let mentions = self.members.mentions(caller);
            let is_used = mentions.iter().any(|&(attr, mention)| {
                self.group.contains(&attr)
                    && handled.contains(self.facts.expr(mention).span)
                    && is_awaited(self.facts, mention)
            });
            let start = self.facts.expr(call).span.start;
            let is_let_go = mentions.iter().any(|&(attr, mention)| {
                self.facts.expr(mention).span.start < start
                    && (self.group.contains(&attr) && lets_go(self.facts, mention) && !is_awaited(self.facts, mention)
                        || called_method(self.facts, mention)
                            .is_some_and(|(name, _)| is_closing(self.facts.name(name)))
                        || self.method_named(attr).is_some() && self.may_let_go(attr, 0))
            });
            is_used && !is_let_go && !self.is_called_if_asked(call)
        });
        found.map(|(_, call)| Because::InUse(call))
    }

    /// The guarded block of the `try` in whose handler an expression stands.
    fn handled(&self, at: ExprId) -> Option<Span> {
        let mut stmts = std::iter::successors(self.facts.stmt_of(at), |&stmt| self.facts.stmt(stmt).parent);
        let inside = stmts.find(|&stmt| matches!(self.index.slot(stmt), Slot::Handler(_)))?;
        let StmtKind::Try { body, .. } = self.facts.stmt(self.facts.stmt(inside).parent?).kind else { return None };
        let (first, last) = (self.facts.block(body).first()?, self.facts.block(body).last()?);
        Some(Span::new(self.facts.stmt(*first).span.start, self.facts.stmt(*last).span.end))
    }
}

fn is_target(facts: &FileFacts, mention: ExprId) -> bool {
    let stmt = match facts.expr(mention).parent {
        Parent::Stmt(stmt) => stmt,
        Parent::Expr(parent) => match (&facts.expr(parent).kind, facts.expr(parent).parent) {
            (ExprKind::Tuple(_), Parent::Stmt(stmt)) => stmt,
            _ => return false,
        },
        Parent::Scope(_) => return false,
    };
    match facts.stmt(stmt).kind {
        StmtKind::Assign { value, .. } => !facts.expr(value).span.contains(facts.expr(mention).span),
        StmtKind::AnnAssign { target, .. } => target == mention,
        _ => false,
    }
}

/// Whether a method of what an attribute holds is awaited, or its result iterated.
fn is_awaited(facts: &FileFacts, mention: ExprId) -> bool {
    let Some((_, call)) = called_method(facts, mention) else {
        return matches!(facts.expr(mention).parent, Parent::Stmt(s) if matches!(facts.stmt(s).kind, StmtKind::For { is_async: true, .. }));
    };
    matches!(facts.expr(call).parent, Parent::Expr(parent) if matches!(facts.expr(parent).kind, ExprKind::Await(_)))
}
