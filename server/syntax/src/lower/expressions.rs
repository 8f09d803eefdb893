//! Expressions.

use super::MAX_DEPTH;
use super::builder::{Lowerer, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{CompareOp, ComprehensionKind, ExprId, ExprKind, Exprs, Span};

impl Lowerer<'_> {
    /// Lowers the expression under the cursor.
    pub(super) fn expr(&mut self) -> ExprId {
        if self.has_direct_error() {
            return self.other_expr();
        }
        if self.depth >= MAX_DEPTH {
            return self.too_deep();
        }
        self.depth += 1;
        let id = self.whole_expr();
        self.depth -= 1;
        id
    }

    fn whole_expr(&mut self) -> ExprId {
        let kind = self.kind();
        let span = self.span();
        match kind {
            Kind::Identifier => {
                let name = self.name_here();
                self.push_expr(span, ExprKind::Name(name))
            }
            Kind::Attribute | Kind::Call | Kind::Subscript | Kind::BinaryOperator | Kind::BooleanOperator => {
                self.chain()
            }
            Kind::UnionType => self.union_type(),
            Kind::MemberType => self.member_type(),
            Kind::ParenthesizedExpression
            | Kind::Type
            | Kind::AsPatternTarget
            | Kind::Interpolation
            | Kind::FormatExpression => self.inner(),
            Kind::String | Kind::ConcatenatedString => self.string(),
            Kind::Integer | Kind::Float => self.number(),
            Kind::True => self.push_expr(span, ExprKind::Bool(true)),
            Kind::False => self.push_expr(span, ExprKind::Bool(false)),
            Kind::None => self.push_expr(span, ExprKind::None),
            Kind::Ellipsis => self.push_expr(span, ExprKind::Ellipsis),
            Kind::List | Kind::ListPattern => self.list(ExprKind::List),
            Kind::Set => self.list(ExprKind::Set),
            Kind::Tuple | Kind::ExpressionList | Kind::PatternList => self.list(ExprKind::Tuple),
            Kind::TuplePattern => self.tuple_pattern(),
            Kind::Slice | Kind::ConstrainedType => self.list(ExprKind::Slice),
            Kind::Dictionary => self.dictionary(),
            Kind::Await => self.await_(),
            Kind::Yield => self.yield_(),
            Kind::Lambda => self.lambda(),
            Kind::ListComprehension => self.comprehension(ComprehensionKind::List),
            Kind::SetComprehension => self.comprehension(ComprehensionKind::Set),
            Kind::DictionaryComprehension => self.comprehension(ComprehensionKind::Dict),
            Kind::GeneratorExpression => self.comprehension(ComprehensionKind::Generator),
            Kind::ConditionalExpression => self.conditional(),
            Kind::NotOperator => {
                let value = self.inner();
                self.push_expr(span, ExprKind::Not(value))
            }
            Kind::UnaryOperator => {
                let value = self.inner();
                self.push_expr(span, ExprKind::Unary(value))
            }
            Kind::ListSplat
            | Kind::ListSplatPattern
            | Kind::DictionarySplat
            | Kind::DictionarySplatPattern
            | Kind::SplatType => {
                let value = self.inner();
                self.push_expr(span, ExprKind::Starred(value))
            }
            Kind::ComparisonOperator => self.comparison(),
            Kind::NamedExpression => self.named(),
            Kind::DottedName => self.dotted_name(),
            Kind::GenericType => self.generic_type(),
            _ => self.other_expr(),
        }
    }

    /// The first expression inside the node under the cursor: what parentheses, a star or an operator stand around.
    fn inner(&mut self) -> ExprId {
        if !self.first_node() {
            let span = self.span();
            return self.missing(span.end);
        }
        let id = self.expr();
        self.cursor.goto_parent();
        id
    }

    /// Collects the children of the node under the cursor.
    pub(super) fn collect(&mut self) {
        self.children(|l, kind| {
            if !kind.is_token() {
                let expr = l.expr();
                l.exprs.push(expr);
            }
        });
    }

    fn list(&mut self, make: fn(Exprs) -> ExprKind) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        self.collect();
        let list = self.exprs_since(mark);
        self.push_expr(span, make(list))
    }

    /// `(a, b)` as a target; `(a)` is `a`.
    fn tuple_pattern(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        let mut has_comma = false;
        self.children(|l, kind| {
            has_comma |= kind == Kind::Comma;
            if !kind.is_token() {
                let expr = l.expr();
                l.exprs.push(expr);
            }
        });
        if let (false, &[only]) = (has_comma, &self.exprs[mark..]) {
            self.exprs.truncate(mark);
            return only;
        }
        let list = self.exprs_since(mark);
        self.push_expr(span, ExprKind::Tuple(list))
    }

    /// `Tuple` of the expressions collected since `mark`, or the only one of them when no comma follows it.
    pub(super) fn tuple_since(&mut self, mark: usize, has_comma: bool, at: u32) -> ExprId {
        let items = &self.exprs[mark..];
        match (items.first().copied(), items.last().copied()) {
            (Some(first), Some(last)) if has_comma => {
                let span = Span::new(self.facts.expr(first).span.start, self.facts.expr(last).span.end);
                let list = self.exprs_since(mark);
                self.push_expr(span, ExprKind::Tuple(list))
            }
            (Some(only), _) => {
                self.exprs.truncate(mark);
                only
            }
            _ => self.missing(at),
        }
    }

    /// `a[*b]` is `a[*b,]`.
    pub(super) fn is_starred(&self, part: ExprId) -> bool {
        matches!(self.facts.expr(part).kind, ExprKind::Starred(_))
    }

    fn dictionary(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        self.children(|l, kind| match kind {
            Kind::Pair => l.pair(),
            kind if kind.is_token() => {}
            _ => {
                let rest = l.expr();
                l.exprs.extend([rest, rest]);
            }
        });
        let list = self.exprs_since(mark);
        self.push_expr(span, ExprKind::Dict(list))
    }

    /// Collects key and value of the `pair` under the cursor: always two.
    pub(super) fn pair(&mut self) {
        let (span, mark) = (self.span(), self.exprs.len());
        if self.has_direct_error() {
            let other = self.other_expr();
            self.exprs.extend([other, other]);
            return;
        }
        self.collect();
        while self.exprs.len() < mark + 2 {
            let missing = self.missing(span.end);
            self.exprs.push(missing);
        }
        self.exprs.truncate(mark + 2);
    }

    /// `await value`. The grammar gives `await a ** b` the meaning `await (a ** b)`; Python does not.
    fn await_(&mut self) -> ExprId {
        let span = self.span();
        if !self.first_node() {
            return self.missing(span.end);
        }
        self.mark_await();
        let is_power = self.kind() == Kind::BinaryOperator && !self.has_direct_error();
        if !is_power || !self.first_node() {
            let value = self.expr();
            self.cursor.goto_parent();
            return self.push_expr(span, ExprKind::Await(value));
        }
        let value = self.expr();
        let end = self.span().end;
        let left = self.push_expr(Span::new(span.start, end), ExprKind::Await(value));
        let right = self.next_node().then(|| self.expr());
        let right = self.or_missing(right, span.end);
        self.cursor.goto_parent();
        self.cursor.goto_parent();
        self.push_expr(span, ExprKind::Binary { left, right, is_or: false })
    }

    fn yield_(&mut self) -> ExprId {
        let span = self.span();
        self.mark_yield();
        let (mut value, mut is_from) = (None, false);
        self.children(|l, kind| match kind {
            Kind::From => is_from = true,
            kind if kind.is_token() => {}
            _ => value = Some(l.expr()),
        });
        let kind = match value {
            Some(value) if is_from => ExprKind::YieldFrom(value),
            value => ExprKind::Yield(value),
        };
        self.push_expr(span, kind)
    }

    fn conditional(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        self.collect();
        let mut parts = [None; 3];
        for (part, expr) in parts.iter_mut().zip(self.exprs.drain(mark..)) {
            *part = Some(expr);
        }
        let [body, test, orelse] = parts.map(|part| self.or_missing(part, span.end));
        self.push_expr(span, ExprKind::IfExp { test, body, orelse })
    }

    fn comparison(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        let mut ops = Vec::new();
        self.children(|l, kind| match compare_op(kind) {
            Some(op) => ops.push(op),
            None if kind.is_token() => {}
            None => {
                let operand = l.expr();
                l.exprs.push(operand);
            }
        });
        let operands = self.exprs_since(mark);
        let run = run_of(self.facts.compare_ops.len(), ops.len());
        self.facts.compare_ops.extend(ops);
        self.push_expr(span, ExprKind::Compare { operands, ops: run })
    }

    fn named(&mut self) -> ExprId {
        let span = self.span();
        let (mut target, mut value) = (None, None);
        self.children(|l, kind| {
            if !kind.is_token() {
                let is_target = l.field() == Field::Name;
                let expr = Some(l.expr());
                *(if is_target { &mut target } else { &mut value }) = expr;
            }
        });
        let target = self.or_missing(target, span.end);
        let value = self.or_missing(value, span.end);
        self.bind_named(target, value);
        self.push_expr(span, ExprKind::Named { target, value })
    }

    /// `a.b.c` where the grammar wants nothing but names.
    pub(super) fn dotted_name(&mut self) -> ExprId {
        let start = self.span().start;
        let mut so_far = None;
        self.children(|l, kind| {
            if kind == Kind::Identifier {
                let (span, name) = (l.span(), l.name_here());
                so_far = Some(match so_far {
                    None => l.push_expr(span, ExprKind::Name(name)),
                    Some(value) => l.push_expr(Span::new(start, span.end), ExprKind::Attribute { value, attr: name }),
                });
            }
        });
        self.or_missing(so_far, start)
    }

    /// `name[types]` in an annotation.
    fn generic_type(&mut self) -> ExprId {
        let span = self.span();
        let (mut value, mut index) = (None, None);
        self.children(|l, kind| match kind {
            Kind::TypeParameter => index = Some(l.type_arguments()),
            kind if kind.is_token() => {}
            _ => value = Some(l.expr()),
        });
        // `type` as a name is a token to the grammar.
        let value = match value {
            Some(value) => value,
            None => {
                let end = self.text[span.range()].find('[').map_or(span.end, |at| span.start + at as u32);
                let text = self.slice(Span::new(span.start, end)).trim_end();
                let name = self.name(text);
                self.push_expr(Span::new(span.start, span.start + text.len() as u32), ExprKind::Name(name))
            }
        };
        let index = self.or_missing(index, span.end);
        self.push_expr(span, ExprKind::Subscript { value, index })
    }

    /// `a | b` in an annotation.
    fn union_type(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        self.collect();
        let mut parts = self.exprs.drain(mark..);
        let (left, right) = (parts.next(), parts.next());
        drop(parts);
        let left = self.or_missing(left, span.end);
        let right = self.or_missing(right, span.end);
        self.push_expr(span, ExprKind::Binary { left, right, is_or: true })
    }

    /// `a[b].c` in an annotation.
    fn member_type(&mut self) -> ExprId {
        let span = self.span();
        let value = self.inner();
        let mut attr = None;
        self.children(|l, kind| {
            if kind == Kind::Identifier {
                attr = Some(l.name_here());
            }
        });
        let attr = attr.unwrap_or_else(|| self.name(""));
        self.push_expr(span, ExprKind::Attribute { value, attr })
    }

    fn type_arguments(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        let mut has_comma = false;
        self.children(|l, kind| {
            has_comma |= kind == Kind::Comma;
            if !kind.is_token() {
                let argument = l.expr();
                has_comma |= l.is_starred(argument);
                l.exprs.push(argument);
            }
        });
        self.tuple_since(mark, has_comma, span.end)
    }
}

fn compare_op(kind: Kind) -> Option<CompareOp> {
    Some(match kind {
        Kind::DoubleEqual => CompareOp::Eq,
        Kind::NotEqual | Kind::NotEqualOld => CompareOp::NotEq,
        Kind::Is => CompareOp::Is,
        Kind::IsNot => CompareOp::IsNot,
        Kind::In => CompareOp::In,
        Kind::NotIn => CompareOp::NotIn,
        Kind::Less | Kind::LessEqual | Kind::Greater | Kind::GreaterEqual => CompareOp::Order,
        _ => return None,
    })
}
