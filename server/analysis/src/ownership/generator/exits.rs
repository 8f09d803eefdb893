//! The ways in which a loop is left before what it iterates over has ended.

use asyncwise_syntax::facts::*;

/// A way out of a loop's body.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// `break`.
    Break(StmtId),
    /// `return`.
    Return(StmtId),
    /// `raise` that no handler in the body may catch.
    Raise(StmtId),
    /// `yield`: whoever iterates over the generator around may stop here.
    Yield(ExprId),
}

impl Exit {
    /// Its keyword.
    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Exit::Break(_) => "break",
            Exit::Return(_) => "return",
            Exit::Raise(_) => "raise",
            Exit::Yield(_) => "yield",
        }
    }

    /// Where it stands.
    pub(crate) fn span(self, facts: &FileFacts) -> Span {
        match self {
            Exit::Break(stmt) | Exit::Return(stmt) | Exit::Raise(stmt) => facts.stmt(stmt).span,
            Exit::Yield(expr) => facts.expr(expr).span,
        }
    }
}

/// The exits of a loop, each kind in source order: `break` and `return` first, then `raise`, then `yield`.
pub(crate) fn exits(facts: &FileFacts, looped: StmtId) -> Vec<Exit> {
    let StmtKind::For { body, .. } = facts.stmt(looped).kind else { return Vec::new() };
    let mut walk = Walk { facts, found: Vec::new() };
    walk.block(body, Place { is_own_loop: true, is_caught: false, caught_as: None });
    walk.yields(looped, body);
    walk.found.sort_by_key(|exit| match exit {
        Exit::Break(_) | Exit::Return(_) => 0,
        Exit::Raise(_) => 1,
        Exit::Yield(_) => 2,
    });
    walk.found
}

struct Walk<'a> {
    facts: &'a FileFacts,
    found: Vec<Exit>,
}

/// What stands between a statement and the loop.
#[derive(Copy, Clone)]
struct Place {
    /// No other loop.
    is_own_loop: bool,
    /// A `try` with handlers: what is raised may be caught.
    is_caught: bool,
    /// A handler that calls what it caught so.
    caught_as: Option<NameId>,
}

impl Walk<'_> {
    fn block(&mut self, block: Block, place: Place) {
        for &stmt in self.facts.block(block) {
            self.statement(stmt, place);
        }
    }

    fn statement(&mut self, id: StmtId, place: Place) {
        let facts = self.facts;
        match facts.stmt(id).kind {
            StmtKind::Break if place.is_own_loop => self.found.push(Exit::Break(id)),
            StmtKind::Return(_) => self.found.push(Exit::Return(id)),
            StmtKind::Raise { exc: Some(exc), .. }
                if !place.is_caught && !self.is_passed_on(exc, place) && is_expected(facts, exc) =>
            {
                self.found.push(Exit::Raise(id));
            }
            StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                self.block(body, Place { is_own_loop: false, ..place });
                self.block(orelse, place);
            }
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                self.block(body, Place { is_caught: place.is_caught || !handlers.is_empty(), ..place });
                for handler in &facts.handlers[handlers.range()] {
                    self.block(handler.body, Place { caught_as: handler.name, ..place });
                }
                self.block(orelse, place);
                self.block(finalbody, place);
            }
            StmtKind::If { body, orelse, .. } => {
                self.block(body, place);
                self.block(orelse, place);
            }
            StmtKind::With { body, .. } => self.block(body, place),
            StmtKind::Match { cases, .. } => {
                for case in &facts.cases[cases.range()] {
                    self.block(case.body, place);
                }
            }
            _ => {}
        }
    }

    /// Whether a handler raises what it has caught: any exception in the body leaves the loop like that.
    fn is_passed_on(&self, exc: ExprId, place: Place) -> bool {
        matches!(self.facts.expr(exc).kind, ExprKind::Name(name) if place.caught_as == Some(name))
    }

    fn yields(&mut self, looped: StmtId, body: Block) {
        let facts = self.facts;
        let scope = facts.code_scope(facts.stmt(looped).scope);
        if !facts.scope(scope).has_yield {
            return;
        }
        let (Some(first), Some(last)) = (facts.block(body).first(), facts.block(body).last()) else { return };
        let inside = Span::new(facts.stmt(*first).span.start, facts.stmt(*last).span.end);
        let yields = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Yield(_)) && inside.contains(e.span));
        self.found.extend(yields.filter(|(_, e)| facts.code_scope(e.scope) == scope).map(|(id, _)| Exit::Yield(id)));
    }
}

/// Whether a `raise` is meant to happen. With `raise SystemExit` the program ends, and the event loop closes its generators;
/// nobody expects a failed assertion.
fn is_expected(facts: &FileFacts, exc: ExprId) -> bool {
    let class = match facts.expr(exc).kind {
        ExprKind::Call { func, .. } => func,
        _ => exc,
    };
    let name = facts.dotted(class);
    !matches!(name.as_deref(), Some("SystemExit" | "KeyboardInterrupt" | "AssertionError" | "NotImplementedError"))
}
