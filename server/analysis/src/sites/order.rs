//! Whether what is written is run: lazily, consumed at once, or only on some paths.

use super::{SiteFinder, run_scope};
use crate::finding::FileId;
use crate::index::Slot;
use crate::infer::World;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// Builtins that iterate their argument at once.
const EXHAUSTING: &[&str] =
    &["list", "tuple", "set", "frozenset", "sum", "any", "all", "sorted", "next", "dict", "max", "min", "bytes"];

impl SiteFinder<'_> {
    /// Whether one of these identifiers occurs in the file: a look-up that spares most files a scan.
    pub(super) fn mentions(&self, names: &[&str]) -> bool {
        let index = self.context.world.index_of(self.file);
        names.iter().any(|n| index.name(n).is_some())
    }

    /// Whether the value is kept and the function asks whether something is awaitable: it serves both kinds of callee.
    pub(super) fn is_maybe_awaited(&self, expr: ExprId) -> bool {
        let Parent::Stmt(stmt) = self.facts.expr(expr).parent else { return false };
        if !matches!(self.facts.stmt(stmt).kind, StmtKind::Assign { .. } | StmtKind::AnnAssign { .. }) {
            return false;
        }
        if !self.mentions(&["isawaitable", "iscoroutine"]) {
            return false;
        }
        let own = self.facts.scope(run_scope(self.facts, self.facts.expr(expr).scope)).span;
        self.facts.exprs.iter().any(|e| match e.kind {
            ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => {
                matches!(self.facts.name(n), "isawaitable" | "iscoroutine") && own.contains(e.span)
            }
            _ => false,
        })
    }

    /// Whether the expression stands in a generator expression that is not consumed where it is made.
    pub(super) fn is_left_lazy(&self, expr: ExprId) -> bool {
        let mut scope = self.facts.expr(expr).scope;
        loop {
            let s = self.facts.scope(scope);
            let (ScopeKind::Comprehension { .. }, Some(parent), Some(made)) = (s.kind, s.parent, s.expr) else {
                return false;
            };
            let generator = matches!(
                self.facts.expr(made).kind,
                ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. }
            );
            if generator && !self.is_exhausted(made) {
                return true;
            }
            scope = parent;
        }
    }

    /// Whether a generator made by calling `def` here is run here: iterated, entered, or given to something that
    /// exhausts it.
    pub(super) fn is_consumed(&mut self, expr: ExprId, def: Def) -> bool {
        let enters = self.infer.traits(def).context_manager.is_some();
        match self.facts.expr(expr).parent {
            Parent::Stmt(stmt) if enters => matches!(self.facts.stmt(stmt).kind, StmtKind::With { .. }),
            _ => self.is_exhausted(expr),
        }
    }

    /// Whether an iterator made here is iterated here.
    pub(super) fn is_exhausted(&self, expr: ExprId) -> bool {
        match self.facts.expr(expr).parent {
            Parent::Stmt(stmt) => match &self.facts.stmt(stmt).kind {
                StmtKind::For { iter, .. } => *iter == expr,
                StmtKind::Assign { targets, value } => {
                    let unpacks =
                        |t: &ExprId| matches!(self.facts.expr(*t).kind, ExprKind::Tuple(_) | ExprKind::List(_));
                    *value == expr && self.facts.list(*targets).iter().any(unpacks)
                }
                _ => false,
            },
            Parent::Scope(scope) => {
                self.facts.generators[self.facts.scope(scope).generators.range()].iter().any(|g| g.iter == expr)
            }
            Parent::Expr(parent) => match self.facts.expr(parent).kind {
                ExprKind::YieldFrom(_) | ExprKind::Starred(_) => true,
                ExprKind::Call { func, .. } => match self.facts.expr(func).kind {
                    ExprKind::Name(n) => EXHAUSTING.contains(&self.facts.name(n)),
                    ExprKind::Attribute { attr, .. } => matches!(self.facts.name(attr), "join" | "extend" | "fromkeys"),
                    _ => false,
                },
                _ => false,
            },
        }
    }
}

/// Whether an expression of the function `owner` may be passed by when the function runs: it stands in a branch, a loop,
/// a handler or behind `and`, or after a `return`.
pub(crate) fn is_conditional(world: &World, file: FileId, expr: ExprId, owner: ScopeId) -> bool {
    let facts = world.facts(file);
    let returns = world.index_of(file).returns.get(&owner).map_or(&[][..], Vec::as_slice);
    let at = facts.expr(expr).span;
    let after_return = |(s, _): &(StmtId, Option<ExprId>)| facts.stmt(*s).span.end <= at.start;
    if returns.iter().any(after_return) {
        return true;
    }
    let mut child = expr;
    let mut at = facts.expr(expr).parent;
    loop {
        match at {
            Parent::Expr(parent) => {
                match &facts.expr(parent).kind {
                    ExprKind::IfExp { test, .. } if *test != child => return true,
                    ExprKind::BoolOp { values, .. } if facts.list(*values).first() != Some(&child) => return true,
                    _ => {}
                }
                child = parent;
                at = facts.expr(parent).parent;
            }
            Parent::Scope(scope) => match facts.scope(scope).expr {
                Some(_) if scope == owner => return false,
                Some(_) if facts.scope(scope).kind != ScopeKind::Lambda => return true,
                _ => return false,
            },
            Parent::Stmt(stmt) => return is_in_branch(world, file, stmt, child),
        }
    }
}

fn is_in_branch(world: &World, file: FileId, stmt: StmtId, child: ExprId) -> bool {
    let facts = world.facts(file);
    let index = world.index_of(file);
    // A guard, or the pattern of a later case.
    if matches!(facts.stmt(stmt).kind, StmtKind::Match { subject, .. } if subject != child) {
        return true;
    }
    let mut at = stmt;
    if refuses_before(world, file, at) {
        return true;
    }
    while let Some(parent) = facts.stmt(at).parent {
        if refuses_before(world, file, parent) {
            return true;
        }
        let always = matches!(&facts.stmt(parent).kind, StmtKind::While { test, .. }
            if matches!(facts.expr(*test).kind, ExprKind::Bool(true) | ExprKind::Int(1)));
        match index.slot(at) {
            Slot::Branch | Slot::Handler(_) | Slot::LoopElse => return true,
            Slot::LoopBody if !always => return true,
            _ => at = parent,
        }
    }
    false
}

/// Whether a branch before the statement, in its block, ends in a `raise`: some calls never get here.
fn refuses_before(world: &World, file: FileId, stmt: StmtId) -> bool {
    let facts = world.facts(file);
    let index = world.index_of(file);
    let mut at = index.previous(stmt);
    while let Some(before) = at {
        if let StmtKind::If { body, .. } = facts.stmt(before).kind
            && facts.block(body).iter().any(|s| matches!(facts.stmt(*s).kind, StmtKind::Raise { .. }))
        {
            return true;
        }
        at = index.previous(before);
    }
    false
}
