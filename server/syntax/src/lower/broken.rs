//! Syntax errors: where they are, what they make uncertain, and the whole pieces inside.

use tree_sitter::Node;

use super::MAX_DEPTH;
use super::builder::{Lowerer, span_of};
use super::kinds::Kind;
use crate::facts::{ExprId, ExprKind, Exprs, Span, StmtKind};

/// The outermost ERROR and the MISSING nodes, in order.
pub(super) fn error_spans(root: Node<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        // A root that is an ERROR as a whole says nothing: those inside do.
        let is_leaf_error = node.is_missing() || (node.is_error() && cursor.depth() > 0);
        if is_leaf_error {
            spans.push(span_of(node));
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                if spans.is_empty() && root.has_error() {
                    spans.push(span_of(root));
                }
                return spans;
            }
        }
    }
}

/// Whether an error lies in or at the edge of `span`; `errors` are in order.
pub(super) fn touches(errors: &[Span], span: Span) -> bool {
    let first = errors.partition_point(|e| e.end < span.start);
    errors.get(first).is_some_and(|e| e.start <= span.end)
}

impl Lowerer<'_> {
    /// Whether a child of the node under the cursor is an ERROR or MISSING, or the node is itself.
    pub(super) fn has_direct_error(&self) -> bool {
        if !self.has_errors {
            return false;
        }
        let node = self.node();
        if !node.has_error() {
            return false;
        }
        node.is_missing() || node.is_error() || {
            let mut cursor = node.walk();
            node.children(&mut cursor).any(|child| child.is_error() || child.is_missing())
        }
    }

    /// Whether the definition or compound statement under the cursor has an error outside the statements it holds.
    pub(super) fn has_own_error(&self) -> bool {
        self.has_errors && self.node_has_own_error(self.node(), 0)
    }

    fn node_has_own_error(&self, node: Node<'_>, depth: u32) -> bool {
        if !node.has_error() || depth > MAX_DEPTH {
            return node.has_error();
        }
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|child| {
            child.is_error()
                || child.is_missing()
                || match self.tables.kind(child) {
                    kind if kind.is_statement() && kind != Kind::ExpressionStatement => {
                        // The definition below its decorators.
                        self.tables.kind(node) == Kind::DecoratedDefinition && self.node_has_own_error(child, depth + 1)
                    }
                    Kind::ExpressionStatement => false,
                    Kind::Block
                    | Kind::ElifClause
                    | Kind::ElseClause
                    | Kind::ExceptClause
                    | Kind::FinallyClause
                    | Kind::CaseClause => self.node_has_own_error(child, depth + 1),
                    _ => child.has_error(),
                }
        })
    }

    /// Whether an error stands between the start of the innermost function and `before`.
    pub(super) fn follows_error_in_function(&self, before: u32) -> bool {
        self.has_errors
            && self.function_start.is_some_and(|start| touches(&self.facts.errors, Span::new(start, before)))
    }

    /// Lowers the node under the cursor to `Other` with the whole expressions inside.
    pub(super) fn other_expr(&mut self) -> ExprId {
        let span = self.span();
        let mark = self.exprs.len();
        self.gather();
        let list = self.exprs_since(mark);
        self.push_expr(span, ExprKind::Other(list))
    }

    /// Collects the whole expressions below the node under the cursor.
    pub(super) fn gather(&mut self) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.children(|l, kind| {
            if kind.is_expression() {
                let expr = l.expr();
                l.exprs.push(expr);
            } else if !kind.is_token() && !kind.is_statement() {
                l.gather();
            }
        });
        self.depth -= 1;
    }

    /// The node under the cursor as a statement of which only the expressions are known.
    pub(super) fn other_statement(&mut self) {
        let (span, unset) = (self.span(), self.mark());
        let mark = self.exprs.len();
        self.gather();
        let list = self.exprs_since(mark);
        let stmt = self.push_stmt(span, StmtKind::Other(list), unset);
        self.stmts.push(stmt);
    }

    /// Lowers the ERROR under the cursor: what it holds in expressions, then the whole statements inside.
    pub(super) fn error_statement(&mut self) {
        self.other_statement();
        let was_uncertain = std::mem::replace(&mut self.is_uncertain, true);
        self.statements_inside();
        self.is_uncertain = was_uncertain;
    }

    fn statements_inside(&mut self) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.children(|l, kind| {
            if kind.is_statement() {
                l.statement();
            } else if matches!(kind, Kind::Error | Kind::Block | Kind::ElseClause | Kind::FinallyClause) {
                l.statements_inside();
            }
        });
        self.depth -= 1;
    }

    /// An expression for a part of a statement or expression that the text lacks.
    pub(super) fn or_missing(&mut self, expr: Option<ExprId>, at: u32) -> ExprId {
        match expr {
            Some(expr) => expr,
            None => self.missing(at),
        }
    }

    /// `Other` without parts, for what is nested too deep.
    pub(super) fn too_deep(&mut self) -> ExprId {
        let span = self.span();
        self.push_expr(span, ExprKind::Other(Exprs::default()))
    }
}
