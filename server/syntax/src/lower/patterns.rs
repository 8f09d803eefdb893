//! `match` and its patterns.

use super::MAX_DEPTH;
use super::builder::{Lowerer, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{BindingKind, Case, ExprKind, Span, StmtId, StmtKind};

impl Lowerer<'_> {
    pub(super) fn match_statement(&mut self) -> StmtId {
        let (span, unset, exprs) = (self.span(), self.mark(), self.exprs.len());
        let was_uncertain = self.is_uncertain;
        self.is_uncertain |= self.has_own_error();
        let (mut has_comma, mut cases) = (false, Vec::new());
        self.children(|l, kind| match kind {
            Kind::Comma => has_comma = true,
            Kind::Block => l.children(|l, kind| {
                if kind == Kind::CaseClause {
                    let case = l.case();
                    cases.push(case);
                }
            }),
            kind if kind.is_token() || l.field() != Field::Subject => {}
            _ => {
                let subject = l.expr();
                l.exprs.push(subject);
            }
        });
        let subject = self.tuple_since(exprs, has_comma, span.end);
        let run = run_of(self.facts.cases.len(), cases.len());
        self.facts.cases.extend(cases);
        let stmt = self.push_stmt(span, StmtKind::Match { subject, cases: run }, unset);
        self.is_uncertain = was_uncertain;
        stmt
    }

    fn case(&mut self) -> Case {
        let (span, mark, exprs) = (self.span(), self.stmts.len(), self.exprs.len());
        let (mut guard, mut body) = (None, None);
        let (mut patterns, mut matches_all) = (0, false);
        self.children(|l, kind| match kind {
            Kind::CasePattern => {
                patterns += 1;
                matches_all = l.pattern();
            }
            Kind::Comma => patterns += 1,
            Kind::IfClause => guard = Some(l.if_clause()),
            Kind::Block => {
                l.statements();
                body = Some(l.block_since(mark));
            }
            Kind::Error => l.error_statement(),
            _ => {}
        });
        let body = body.unwrap_or_else(|| self.block_since(mark));
        let pattern = self.exprs_since(exprs);
        Case { span, pattern, guard, is_irrefutable: patterns == 1 && matches_all, body }
    }

    /// Collects the values and classes in the pattern under the cursor and binds its captures. Tells whether it matches
    /// everything.
    fn pattern(&mut self) -> bool {
        if self.has_direct_error() {
            self.gather();
            return false;
        }
        if self.depth >= MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        let matches_all = self.whole_pattern();
        self.depth -= 1;
        matches_all
    }

    fn whole_pattern(&mut self) -> bool {
        match self.kind() {
            Kind::DottedName => self.value_or_capture(),
            Kind::Identifier => {
                self.capture();
                true
            }
            Kind::ClassPattern => self.class_pattern(),
            Kind::KeywordPattern => {
                let mut is_key = true;
                self.children(|l, kind| {
                    if !kind.is_token() && !std::mem::replace(&mut is_key, false) {
                        l.pattern();
                    }
                });
                false
            }
            Kind::SplatPattern => {
                self.children(|l, kind| {
                    if kind == Kind::Identifier {
                        l.capture();
                    }
                });
                false
            }
            Kind::CasePattern | Kind::AsPattern => self.parts().1,
            Kind::UnionPattern => self.parts().0 > 0,
            Kind::TuplePattern => {
                let has_comma = self.holds_comma();
                self.parts().1 && !has_comma
            }
            Kind::ListPattern | Kind::DictPattern => {
                self.parts();
                false
            }
            Kind::ComplexPattern => {
                self.complex();
                false
            }
            _ => {
                let value = self.expr();
                self.exprs.push(value);
                false
            }
        }
    }

    /// Lowers the patterns inside the one under the cursor: how many match everything, and whether the first does.
    fn parts(&mut self) -> (u32, bool) {
        let (mut count, mut first) = (0, None);
        let mut minus = None;
        self.children(|l, kind| {
            let matches_all = match kind {
                Kind::Minus => {
                    minus = Some(l.span().start);
                    return;
                }
                Kind::Underscore => true,
                kind if kind.is_token() => return,
                _ => {
                    let matches_all = l.pattern();
                    if let Some(start) = minus.take() {
                        l.negate(start);
                    }
                    matches_all
                }
            };
            count += u32::from(matches_all);
            first.get_or_insert(matches_all);
        });
        (count, first == Some(true))
    }

    /// Puts the `-` at `start` before the value collected last.
    fn negate(&mut self, start: u32) {
        if let Some(value) = self.exprs.pop() {
            let span = Span::new(start, self.facts.expr(value).span.end);
            let negated = self.push_expr(span, ExprKind::Unary(value));
            self.exprs.push(negated);
        }
    }

    /// `-1 + 2j`.
    fn complex(&mut self) {
        let (span, mark) = (self.span(), self.exprs.len());
        let mut minus = None;
        self.children(|l, kind| match kind {
            Kind::Minus if l.exprs.len() == mark => minus = Some(l.span().start),
            kind if kind.is_token() => {}
            _ => {
                let number = l.expr();
                l.exprs.push(number);
                if let Some(start) = minus.take() {
                    l.negate(start);
                }
            }
        });
        let right = self.exprs.pop();
        let left = self.exprs.pop();
        self.exprs.truncate(mark);
        let left = self.or_missing(left, span.start);
        let right = self.or_missing(right, span.end);
        let sum = self.push_expr(span, ExprKind::Binary { left, right, is_or: false });
        self.exprs.push(sum);
    }

    fn holds_comma(&mut self) -> bool {
        let mut holds = false;
        self.children(|_, kind| holds |= kind == Kind::Comma);
        holds
    }

    /// A name captures; a dotted name is a value.
    fn value_or_capture(&mut self) -> bool {
        if self.node().child_count() > 1 {
            let value = self.dotted_name();
            self.exprs.push(value);
            return false;
        }
        if self.first_node() {
            self.capture();
            self.cursor.goto_parent();
        }
        true
    }

    fn capture(&mut self) {
        let (span, name) = (self.span(), self.name_here());
        if self.slice(span) != "_" {
            self.bind(name, span, BindingKind::Pattern);
        }
    }

    fn class_pattern(&mut self) -> bool {
        let mut is_class = true;
        self.children(|l, kind| {
            if kind == Kind::DottedName && std::mem::replace(&mut is_class, false) {
                let class = l.dotted_name();
                l.exprs.push(class);
            } else if !kind.is_token() {
                l.pattern();
            }
        });
        false
    }
}
