//! Statements: blocks, and the statements without one.

use super::MAX_DEPTH;
use super::builder::{Lowerer, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{BindingKind, ExprId, ExprKind, Exprs, Run, StmtId, StmtKind};

impl Lowerer<'_> {
    /// Collects the statements of the block under the cursor.
    pub(super) fn statements(&mut self) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.children(|l, kind| {
            if !kind.is_token() {
                l.statement();
            }
        });
        self.depth -= 1;
    }

    /// Collects the statement under the cursor, or those inside an ERROR.
    pub(super) fn statement(&mut self) {
        let kind = self.kind();
        let stmt = match kind {
            Kind::Error => return self.error_statement(),
            Kind::IfStatement => self.if_statement(),
            Kind::WhileStatement => self.while_statement(),
            Kind::ForStatement => self.for_statement(),
            Kind::WithStatement => self.with_statement(),
            Kind::TryStatement => self.try_statement(),
            Kind::MatchStatement => self.match_statement(),
            Kind::FunctionDefinition | Kind::ClassDefinition | Kind::DecoratedDefinition => self.definition(),
            Kind::ImportStatement | Kind::ImportFromStatement | Kind::FutureImportStatement => {
                self.import_statement(kind)
            }
            _ if self.has_direct_error() => return self.other_statement(),
            _ => match self.simple_statement(kind) {
                Some(stmt) => stmt,
                None => return self.other_statement(),
            },
        };
        self.stmts.push(stmt);
    }

    fn simple_statement(&mut self, kind: Kind) -> Option<StmtId> {
        let (span, mark) = (self.span(), self.mark());
        let kind = match kind {
            Kind::ExpressionStatement => return self.expression_statement(),
            Kind::ReturnStatement => StmtKind::Return(self.operand()),
            Kind::RaiseStatement => self.raise(),
            Kind::AssertStatement => {
                let [test, message] = self.two_operands();
                StmtKind::Assert { test: self.or_missing(test, span.end), message }
            }
            Kind::DeleteStatement => self.delete(),
            Kind::PassStatement => StmtKind::Pass,
            Kind::BreakStatement => StmtKind::Break,
            Kind::ContinueStatement => StmtKind::Continue,
            Kind::GlobalStatement => StmtKind::Global(self.declared_names(true)),
            Kind::NonlocalStatement => StmtKind::Nonlocal(self.declared_names(false)),
            Kind::TypeAliasStatement => self.type_alias(),
            _ => return None,
        };
        Some(self.push_stmt(span, kind, mark))
    }

    /// The first expression in the statement under the cursor.
    fn operand(&mut self) -> Option<ExprId> {
        if !self.first_node() {
            return None;
        }
        let id = self.expr();
        self.cursor.goto_parent();
        Some(id)
    }

    fn two_operands(&mut self) -> [Option<ExprId>; 2] {
        let mut operands = [None; 2];
        let mut count = 0;
        self.children(|l, kind| {
            if !kind.is_token() && count < 2 {
                operands[count] = Some(l.expr());
                count += 1;
            }
        });
        operands
    }

    fn raise(&mut self) -> StmtKind {
        let (mut exc, mut cause) = (None, None);
        self.children(|l, kind| match l.field() {
            Field::Cause => cause = Some(l.expr()),
            _ if kind.is_token() => {}
            _ => exc = Some(l.expr()),
        });
        StmtKind::Raise { exc, cause }
    }

    fn delete(&mut self) -> StmtKind {
        let mark = self.exprs.len();
        self.children(|l, kind| match kind {
            Kind::ExpressionList => l.collect(),
            kind if kind.is_token() => {}
            _ => {
                let target = l.expr();
                l.exprs.push(target);
            }
        });
        let targets = self.exprs_since(mark);
        for i in targets.0.range() {
            self.bind_target(self.facts.expr_lists[i], &|_| BindingKind::Delete);
        }
        StmtKind::Delete(targets)
    }

    /// The names of a `global` or `nonlocal` statement, also noted for its scope.
    fn declared_names(&mut self, is_global: bool) -> Run {
        let start = self.facts.name_lists.len();
        self.children(|l, kind| {
            if kind == Kind::Identifier {
                let name = l.name_here();
                l.facts.name_lists.push(name);
                if is_global { &mut l.globals } else { &mut l.nonlocals }.push(name);
            }
        });
        run_of(start, self.facts.name_lists.len() - start)
    }

    /// `type Name[T] = value`.
    fn type_alias(&mut self) -> StmtKind {
        let end = self.span().end;
        let (mut name, mut value) = (None, None);
        self.children(|l, kind| match kind {
            Kind::Type if l.field() == Field::Left => name = l.alias_name(),
            Kind::Type => value = Some(l.expr()),
            _ => {}
        });
        let value = self.or_missing(value, end);
        let Some((name, span)) = name else {
            let mark = self.exprs.len();
            self.exprs.push(value);
            return StmtKind::Other(self.exprs_since(mark));
        };
        self.bind(name, span, BindingKind::Type(Some(value)));
        StmtKind::TypeAlias { name, value }
    }

    fn expression_statement(&mut self) -> Option<StmtId> {
        let (span, mark, exprs) = (self.span(), self.mark(), self.exprs.len());
        if !self.first_node() {
            return None;
        }
        let kind = self.kind();
        let is_broken = matches!(kind, Kind::Assignment | Kind::AugmentedAssignment) && self.has_direct_error();
        let assigned = match kind {
            _ if is_broken => None,
            Kind::Assignment => Some(self.assignment()),
            Kind::AugmentedAssignment => Some(self.augmented_assignment()),
            _ => None,
        };
        self.cursor.goto_parent();
        let kind = match (assigned, kind) {
            (Some(kind), _) => kind,
            (None, Kind::Assignment | Kind::AugmentedAssignment) => return None,
            _ => StmtKind::Expr(self.expressions(exprs)),
        };
        Some(self.push_stmt(span, kind, mark))
    }

    /// The one expression of the statement under the cursor, or the tuple it writes without parentheses.
    fn expressions(&mut self, mark: usize) -> ExprId {
        let mut has_comma = false;
        self.children(|l, kind| {
            has_comma |= kind == Kind::Comma;
            if !kind.is_token() {
                let expr = l.expr();
                l.exprs.push(expr);
            }
        });
        let end = self.span().end;
        self.tuple_since(mark, has_comma, end)
    }

    /// `a = b = value`, nested to the right by the grammar; `Other` for what Python does not allow.
    fn assignment(&mut self) -> StmtKind {
        let (mark, end) = (self.exprs.len(), self.span().end);
        let (mut value, mut annotation) = (None, None);
        let mut levels = 0;
        let mut is_whole = true;
        while self.first_node() {
            levels += 1;
            let target = self.expr();
            self.exprs.push(target);
            let mut is_chained = false;
            while !is_chained && self.next_node() {
                match (self.field(), self.kind()) {
                    (Field::Type, _) => annotation = Some(self.expr()),
                    (_, Kind::Assignment) if annotation.is_none() && !self.has_direct_error() => is_chained = true,
                    (_, Kind::Assignment | Kind::AugmentedAssignment) => {
                        is_whole = false;
                        self.gather();
                    }
                    _ => value = Some(self.expr()),
                }
            }
            if !is_chained {
                break;
            }
        }
        for _ in 0..levels {
            self.cursor.goto_parent();
        }
        is_whole &= annotation.is_none() || levels == 1;
        if !is_whole || (value.is_none() && annotation.is_none()) {
            self.exprs.extend(annotation.into_iter().chain(value));
            return StmtKind::Other(self.exprs_since(mark));
        }
        match annotation {
            Some(annotation) => {
                let target = self.exprs.pop();
                self.exprs.truncate(mark);
                let target = self.or_missing(target, end);
                self.annotated(target, annotation, value)
            }
            None => {
                let value = self.or_missing(value, end);
                let targets = self.exprs_since(mark);
                self.assigned(targets, value)
            }
        }
    }

    fn assigned(&mut self, targets: Exprs, value: ExprId) -> StmtKind {
        for i in targets.0.range() {
            self.bind_assigned(self.facts.expr_lists[i], value);
        }
        StmtKind::Assign { targets, value }
    }

    fn annotated(&mut self, target: ExprId, annotation: ExprId, value: Option<ExprId>) -> StmtKind {
        let kind = match value {
            Some(value) => BindingKind::Assign { value, annotation: Some(annotation) },
            None => BindingKind::Annotated(annotation),
        };
        if let ExprKind::Name(name) = self.facts.expr(target).kind {
            self.bind(name, self.facts.expr(target).span, kind);
        }
        StmtKind::AnnAssign { target, annotation, value }
    }

    fn augmented_assignment(&mut self) -> StmtKind {
        let end = self.span().end;
        let [target, value] = self.two_operands();
        let target = self.or_missing(target, end);
        let value = self.or_missing(value, end);
        if let ExprKind::Name(name) = self.facts.expr(target).kind {
            self.bind(name, self.facts.expr(target).span, BindingKind::Augmented(value));
        }
        StmtKind::AugAssign { target, value }
    }
}
