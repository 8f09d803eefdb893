//! Statements that hold blocks: `if`, loops, `with` and `try`.

use super::builder::{Lowerer, Mark, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{
    BindingKind, Block, ExprId, ExprKind, FileFacts, Handler, NameId, Run, Span, StmtId, StmtKind, WithItem,
};

/// How many `elif` in a row stay nested; those after them stand side by side.
const MAX_ELIFS: usize = 100;

/// `if` or `elif` with its condition and block.
struct Branch {
    span: Span,
    mark: Mark,
    test: ExprId,
    body: Block,
    /// What its condition binds.
    unset: Vec<u32>,
}

/// An `except` before its name is bound.
#[derive(Default)]
struct HandlerParts {
    types: Option<ExprId>,
    name: Option<(NameId, Span)>,
}

impl Lowerer<'_> {
    /// Lowers the blocks of a statement; what is inside a broken one is uncertain.
    fn compound(&mut self, lower: impl FnOnce(&mut Self) -> StmtId) -> StmtId {
        let was_uncertain = self.is_uncertain;
        self.is_uncertain |= self.has_own_error();
        let stmt = lower(self);
        self.is_uncertain = was_uncertain;
        stmt
    }

    /// The block in the node under the cursor: the body of `else` or `finally`. ERRORs before it become statements of it.
    fn clause_block(&mut self) -> Block {
        let mark = self.stmts.len();
        self.children(|l, kind| match kind {
            Kind::Block => l.statements(),
            Kind::Error => l.error_statement(),
            _ => {}
        });
        self.block_since(mark)
    }

    pub(super) fn if_statement(&mut self) -> StmtId {
        self.compound(|l| {
            let end = l.span().end;
            let mut branches = Vec::new();
            let mut orelse = Block::default();
            let first = l.branch(&mut branches, &mut orelse);
            branches.insert(0, first);
            l.nest(branches, orelse, end)
        })
    }

    /// Lowers the `if` or `elif` under the cursor; of an `if` also what follows it.
    fn branch(&mut self, branches: &mut Vec<Branch>, orelse: &mut Block) -> Branch {
        let (span, unset, mark) = (self.span(), self.mark(), self.stmts.len());
        let (mut test, mut bound) = (None, Vec::new());
        let mut body = None;
        let mut guard = (false, false);
        let was_checking = self.type_checking;
        self.children(|l, kind| match kind {
            Kind::Block => {
                l.type_checking = was_checking || guard.0;
                l.statements();
                body = Some(l.block_since(mark));
                l.type_checking = was_checking || guard.1;
            }
            Kind::ElifClause => {
                let branch = l.branch(&mut Vec::new(), &mut Block::default());
                branches.push(branch);
            }
            Kind::ElseClause => *orelse = l.clause_block(),
            Kind::Error => l.error_statement(),
            kind if kind.is_token() => {}
            _ => {
                let condition = l.expr();
                guard = type_checking_guard(&l.facts, condition);
                bound.extend(l.unset.drain(unset.unset..));
                test = Some(condition);
            }
        });
        self.type_checking = was_checking;
        let test = self.or_missing(test, span.end);
        let body = body.unwrap_or_else(|| self.block_since(mark));
        Branch { span, mark: unset, test, body, unset: bound }
    }

    /// Nests each `elif` in the `orelse` of the branch before it.
    fn nest(&mut self, branches: Vec<Branch>, orelse: Block, end: u32) -> StmtId {
        let count = branches.len();
        let mark = self.stmts.len();
        let mut orelse = orelse;
        let mut last = StmtId(0);
        for (i, branch) in branches.into_iter().enumerate().rev() {
            let parts = Mark { unset: self.unset.len(), exprs: branch.mark.exprs };
            self.unset.extend(branch.unset);
            let is_alone = i >= MAX_ELIFS && i + 1 < count;
            let end = if is_alone { branch.span.end } else { end };
            let kind = StmtKind::If { test: branch.test, body: branch.body, orelse };
            last = self.push_stmt(Span::new(branch.span.start, end), kind, parts);
            self.stmts.push(last);
            orelse = Block::default();
            // Those beyond the limit wait until they are all there.
            if i > 0 && i <= MAX_ELIFS {
                self.stmts[mark..].reverse();
                orelse = self.block_since(mark);
            }
        }
        self.stmts.truncate(mark);
        last
    }

    pub(super) fn while_statement(&mut self) -> StmtId {
        self.compound(|l| {
            let (span, unset, mark) = (l.span(), l.mark(), l.stmts.len());
            let (mut test, mut body, mut orelse) = (None, Block::default(), Block::default());
            l.children(|l, kind| match kind {
                Kind::Block => {
                    l.statements();
                    body = l.block_since(mark);
                }
                Kind::ElseClause => orelse = l.clause_block(),
                Kind::Error => l.error_statement(),
                kind if kind.is_token() => {}
                _ => test = Some(l.expr()),
            });
            let test = l.or_missing(test, span.end);
            l.push_stmt(span, StmtKind::While { test, body, orelse }, unset)
        })
    }

    pub(super) fn for_statement(&mut self) -> StmtId {
        self.compound(|l| {
            let (span, unset, mark) = (l.span(), l.mark(), l.stmts.len());
            let (mut target, mut iter, mut is_async) = (None, None, false);
            let (mut body, mut orelse) = (Block::default(), Block::default());
            l.children(|l, kind| match (l.field(), kind) {
                (_, Kind::Async) => is_async = true,
                (_, Kind::Block) => {
                    l.bind_loop(target, iter, is_async);
                    l.statements();
                    body = l.block_since(mark);
                }
                (_, Kind::ElseClause) => orelse = l.clause_block(),
                (_, Kind::Error) => l.error_statement(),
                (_, kind) if kind.is_token() => {}
                (Field::Left, _) => target = Some(l.expr()),
                _ => iter = Some(l.expr()),
            });
            if is_async {
                l.mark_await();
            }
            let target = l.or_missing(target, span.end);
            let iter = l.or_missing(iter, span.end);
            l.push_stmt(span, StmtKind::For { target, iter, body, orelse, is_async }, unset)
        })
    }

    fn bind_loop(&mut self, target: Option<ExprId>, iter: Option<ExprId>, is_async: bool) {
        if let (Some(target), Some(iter)) = (target, iter) {
            self.bind_target(target, &|whole| BindingKind::Iterated { iter, whole, is_async });
        }
    }

    pub(super) fn with_statement(&mut self) -> StmtId {
        self.compound(|l| {
            let (span, unset, mark) = (l.span(), l.mark(), l.stmts.len());
            let (mut items, mut body, mut is_async) = (Vec::new(), Block::default(), false);
            l.children(|l, kind| match kind {
                Kind::Async => is_async = true,
                Kind::WithClause => items = l.with_items(is_async),
                Kind::Block => {
                    l.statements();
                    body = l.block_since(mark);
                }
                Kind::Error => l.error_statement(),
                _ => {}
            });
            if is_async {
                l.mark_await();
            }
            let run = run_of(l.facts.with_items.len(), items.len());
            l.facts.with_items.extend(items);
            l.push_stmt(span, StmtKind::With { items: run, body, is_async }, unset)
        })
    }

    fn with_items(&mut self, is_async: bool) -> Vec<WithItem> {
        let mut items = Vec::new();
        self.children(|l, kind| {
            if kind == Kind::WithItem && l.first_node() {
                let item = l.with_item();
                l.cursor.goto_parent();
                if let Some(target) = item.target {
                    let context = item.context;
                    l.bind_target(target, &|whole| BindingKind::With { context, whole, is_async });
                }
                items.push(item);
            }
        });
        items
    }

    /// The item under the cursor: `context`, `context as target`, either in parentheses.
    fn with_item(&mut self) -> WithItem {
        let mut levels = 0;
        while self.kind() == Kind::ParenthesizedExpression && !self.has_direct_error() && self.first_node() {
            levels += 1;
        }
        let is_as = self.kind() == Kind::AsPattern && !self.has_direct_error() && self.first_node();
        let context = self.expr();
        let mut target = None;
        if is_as {
            target = self.next_node().then(|| self.expr());
            self.cursor.goto_parent();
        }
        for _ in 0..levels {
            self.cursor.goto_parent();
        }
        WithItem { context, target }
    }

    pub(super) fn try_statement(&mut self) -> StmtId {
        self.compound(|l| {
            let (span, unset, mark) = (l.span(), l.mark(), l.stmts.len());
            let (mut body, mut orelse, mut finalbody) = (Block::default(), Block::default(), Block::default());
            let (mut handlers, mut is_star) = (Vec::new(), false);
            let first_import = l.facts.imports.len();
            let mut body_imports = Run::default();
            l.children(|l, kind| match kind {
                Kind::Block => {
                    l.statements();
                    body = l.block_since(mark);
                    body_imports = run_of(first_import, l.facts.imports.len() - first_import);
                }
                Kind::ExceptClause => {
                    let (handler, star) = l.handler(body_imports);
                    handlers.push(handler);
                    is_star |= star;
                }
                Kind::ElseClause => orelse = l.clause_block(),
                Kind::FinallyClause => finalbody = l.clause_block(),
                Kind::Error => l.error_statement(),
                _ => {}
            });
            let run = run_of(l.facts.handlers.len(), handlers.len());
            l.facts.handlers.extend(handlers);
            l.push_stmt(span, StmtKind::Try { body, handlers: run, orelse, finalbody, is_star }, unset)
        })
    }

    /// The `except` under the cursor, and whether it is `except*`; `guarded` are the imports in the body of the `try`.
    fn handler(&mut self, guarded: Run) -> (Handler, bool) {
        let (span, mark, exprs) = (self.span(), self.stmts.len(), self.exprs.len());
        let (mut parts, mut body, mut is_star) = (HandlerParts::default(), None, false);
        let mut has_comma = false;
        let first_import = self.facts.imports.len();
        self.children(|l, kind| match kind {
            Kind::Star => is_star = true,
            Kind::Comma => has_comma = true,
            Kind::Block => {
                parts.types = l.close_types(exprs, has_comma);
                if let Some((name, span)) = parts.name {
                    l.bind(name, span, BindingKind::Except(parts.types));
                }
                l.statements();
                body = Some(l.block_since(mark));
            }
            Kind::Error => l.error_statement(),
            kind if kind.is_token() => {}
            _ => l.handler_type(&mut parts),
        });
        self.exprs.truncate(exprs);
        let body = body.unwrap_or_else(|| self.block_since(mark));
        if parts.types.is_none_or(|types| catches_import_error(&self.facts, types)) {
            self.mark_optional(guarded);
            self.mark_optional(run_of(first_import, self.facts.imports.len() - first_import));
        }
        (Handler { span, types: parts.types, name: parts.name.map(|(name, _)| name), body }, is_star)
    }

    fn close_types(&mut self, mark: usize, has_comma: bool) -> Option<ExprId> {
        (self.exprs.len() > mark).then(|| self.tuple_since(mark, has_comma, 0))
    }

    /// A type under the cursor, with or without `as name`.
    fn handler_type(&mut self, parts: &mut HandlerParts) {
        if self.field() == Field::Alias {
            parts.name = Some((self.name_here(), self.span()));
            return;
        }
        let is_as = self.kind() == Kind::AsPattern && !self.has_direct_error() && self.first_node();
        let types = self.expr();
        self.exprs.push(types);
        if is_as {
            if self.next_node() {
                parts.name = Some((self.name_here(), self.span()));
            }
            self.cursor.goto_parent();
        }
    }
}

/// Whether `if condition` lets only type checkers into its body, and into its `else`.
fn type_checking_guard(facts: &FileFacts, condition: ExprId) -> (bool, bool) {
    let is_flag = |e: ExprId| match &facts.expr(e).kind {
        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => facts.name(*name) == "TYPE_CHECKING",
        _ => false,
    };
    match facts.expr(condition).kind {
        ExprKind::Not(inner) => (false, is_flag(inner)),
        _ => (is_flag(condition), false),
    }
}

/// Whether `except types` catches a failed import.
fn catches_import_error(facts: &FileFacts, types: ExprId) -> bool {
    match &facts.expr(types).kind {
        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => {
            matches!(facts.name(*name), "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException")
        }
        ExprKind::Tuple(list) => facts.list(*list).iter().any(|&e| catches_import_error(facts, e)),
        _ => false,
    }
}
