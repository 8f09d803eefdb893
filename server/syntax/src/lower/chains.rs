//! Expressions that lean to the left: `a.b(c)[d] + e and f`, however long, without recursion.
//!
//! The cursor goes down the first children to the bottom and comes back up, and at each level lowers what stands to the
//! right. Of more than [`MAX_LEVELS`] levels the lowest ones become one `Other` with their operands side by side, so that
//! walks over the facts may recurse.

use super::builder::{Lowerer, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{Arg, ExprId, ExprKind, Run, Span, Star};

/// How many levels of a chain stay nested: of arithmetic, and of calls, attributes and subscripts.
const MAX_LEVELS: usize = 100;

impl Lowerer<'_> {
    /// Lowers the chain whose top is under the cursor.
    pub(super) fn chain(&mut self) -> ExprId {
        let mark = self.links.len();
        self.descend();
        // The tighter an operator binds, the lower it is.
        let of_kind = |kind| self.links[mark..].iter().filter(|link| **link == kind).count();
        let booleans = of_kind(Kind::BooleanOperator);
        let binaries = of_kind(Kind::BinaryOperator);
        let others = self.links.len() - mark - booleans - binaries;
        let depth = self.depth;
        self.depth += (binaries.min(MAX_LEVELS) + others.min(MAX_LEVELS)) as u32;

        let star = (self.kind() == Kind::ListSplat && !self.has_direct_error()).then(|| self.span().start);
        let mut left = self.bottom(star.is_some());
        let start = star.map(|_| self.facts.expr(left).span.start);
        for (count, rest) in [(others, mark + booleans + binaries), (binaries, mark + booleans)] {
            if let Some(surplus) = count.checked_sub(MAX_LEVELS).filter(|surplus| *surplus > 0) {
                left = self.flatten(left, surplus, start);
            }
            while self.links.len() > rest {
                self.depth -= 1;
                left = self.link(left, start);
            }
        }
        self.links.truncate(mark);
        left = self.booleans(left, booleans, start);
        self.depth = depth;
        match star {
            Some(star) => {
                let end = self.span().end;
                self.push_expr(Span::new(star, end), ExprKind::Starred(left))
            }
            None => left,
        }
    }

    /// Moves down to the first operand, noting the kinds of the nodes passed.
    fn descend(&mut self) {
        loop {
            let kind = self.kind();
            let is_link = matches!(
                kind,
                Kind::Attribute | Kind::Call | Kind::Subscript | Kind::BinaryOperator | Kind::BooleanOperator
            );
            if !is_link || self.has_direct_error() || !self.first_node() {
                return;
            }
            self.links.push(kind);
        }
    }

    /// The first operand. `*a.b` is `*(a.b)`, where the grammar says `(*a).b`: the star is left to the caller.
    fn bottom(&mut self, is_starred: bool) -> ExprId {
        if is_starred && self.first_node() {
            let inner = self.expr();
            self.cursor.goto_parent();
            return inner;
        }
        self.expr()
    }

    /// Where the parent of the node under the cursor stands, less a star before it; the cursor moves there.
    fn climb(&mut self, start: Option<u32>) -> Span {
        self.cursor.goto_parent();
        let span = self.span();
        Span::new(start.unwrap_or(span.start), span.end)
    }

    /// Makes one `Other` of the lowest `count` links.
    fn flatten(&mut self, left: ExprId, count: usize, start: Option<u32>) -> ExprId {
        let mark = self.exprs.len();
        self.exprs.push(left);
        let mut span = Span::default();
        for _ in 0..count {
            let kind = self.links.pop();
            while kind != Some(Kind::Attribute) && self.next_node() {
                if self.kind() == Kind::ArgumentList {
                    self.gather();
                } else {
                    let operand = self.expr();
                    self.exprs.push(operand);
                }
            }
            span = self.climb(start);
        }
        let list = self.exprs_since(mark);
        self.push_expr(span, ExprKind::Other(list))
    }

    /// The node around the one under the cursor, whose first operand is `left`; the cursor moves there.
    fn link(&mut self, left: ExprId, start: Option<u32>) -> ExprId {
        let end = self.span().end;
        let kind = match self.links.pop() {
            Some(Kind::Attribute) => {
                let attr = if self.next_node() { self.name_here() } else { self.name("") };
                ExprKind::Attribute { value: left, attr }
            }
            Some(Kind::Call) => {
                let args = if self.next_node() { self.arguments() } else { Run::default() };
                ExprKind::Call { func: left, args }
            }
            Some(Kind::Subscript) => {
                let index = self.index(end);
                ExprKind::Subscript { value: left, index }
            }
            _ => {
                let (is_or, right) = self.right_operand(Kind::Bar, end);
                ExprKind::Binary { left, right, is_or }
            }
        };
        let span = self.climb(start);
        self.push_expr(span, kind)
    }

    /// The operand after the operator, and whether that operator is `wanted`.
    fn right_operand(&mut self, wanted: Kind, end: u32) -> (bool, ExprId) {
        let (mut is_wanted, mut right) = (false, None);
        while right.is_none() && self.cursor.goto_next_sibling() {
            let kind = self.kind();
            is_wanted |= kind == wanted;
            if !kind.is_token() && !kind.is_trivia() {
                right = Some(self.expr());
            }
        }
        (is_wanted, self.or_missing(right, end))
    }

    fn index(&mut self, end: u32) -> ExprId {
        let mark = self.exprs.len();
        let mut has_comma = false;
        while self.cursor.goto_next_sibling() {
            let kind = self.kind();
            has_comma |= kind == Kind::Comma;
            if !kind.is_token() && !kind.is_trivia() {
                let part = self.expr();
                has_comma |= self.is_starred(part);
                self.exprs.push(part);
            }
        }
        self.tuple_since(mark, has_comma, end)
    }

    /// The `count` operators `and` and `or` at the top of a chain: operands of equal ones side by side.
    fn booleans(&mut self, mut left: ExprId, count: usize, start: Option<u32>) -> ExprId {
        let mut pending: Option<(bool, usize, Span)> = None;
        for _ in 0..count {
            let end = self.span().end;
            let (is_and, right) = self.right_operand(Kind::And, end);
            let span = self.climb(start);
            let mark = match pending {
                Some((same, mark, _)) if same == is_and => mark,
                _ => {
                    if let Some((was_and, mark, span)) = pending {
                        // `right` was lowered after these were collected, and is not among them.
                        left = self.push_bool(was_and, mark, span);
                    }
                    let mark = self.exprs.len();
                    self.exprs.push(left);
                    mark
                }
            };
            self.exprs.push(right);
            pending = Some((is_and, mark, span));
        }
        match pending {
            Some((is_and, mark, span)) => self.push_bool(is_and, mark, span),
            None => left,
        }
    }

    fn push_bool(&mut self, is_and: bool, mark: usize, span: Span) -> ExprId {
        let values = self.exprs_since(mark);
        self.push_expr(span, ExprKind::BoolOp { is_and, values })
    }

    /// The arguments under the cursor: a list of them, or a generator expression that is the only one.
    pub(super) fn arguments(&mut self) -> Run {
        let mark = self.args.len();
        if self.kind() == Kind::ArgumentList {
            self.children(|l, kind| {
                if !kind.is_token() {
                    let arg = l.argument(kind);
                    l.args.push(arg);
                }
            });
        } else {
            let value = self.expr();
            self.args.push(Arg { name: None, star: Star::No, value });
        }
        let run = run_of(self.facts.args.len(), self.args.len() - mark);
        self.facts.args.extend(self.args.drain(mark..));
        run
    }

    fn argument(&mut self, kind: Kind) -> Arg {
        if self.has_direct_error() {
            return Arg { name: None, star: Star::No, value: self.other_expr() };
        }
        match kind {
            Kind::KeywordArgument => {
                let end = self.span().end;
                let (mut name, mut value) = (None, None);
                self.children(|l, kind| match l.field() {
                    Field::Name => name = Some(l.name_here()),
                    _ if kind.is_token() => {}
                    _ => value = Some(l.expr()),
                });
                Arg { name, star: Star::No, value: self.or_missing(value, end) }
            }
            Kind::ListSplat | Kind::DictionarySplat => {
                let end = self.span().end;
                let value = self.first_node().then(|| {
                    let value = self.expr();
                    self.cursor.goto_parent();
                    value
                });
                let star = if kind == Kind::ListSplat { Star::One } else { Star::Two };
                Arg { name: None, star, value: self.or_missing(value, end) }
            }
            _ => self.plain_argument(),
        }
    }

    fn plain_argument(&mut self) -> Arg {
        let value = self.expr();
        // A chain that began with a star: the star is the argument's.
        match self.facts.exprs.last() {
            Some(last) if value.index() + 1 == self.facts.exprs.len() => match last.kind {
                ExprKind::Starred(inner) => {
                    self.facts.exprs.pop();
                    Arg { name: None, star: Star::One, value: inner }
                }
                _ => Arg { name: None, star: Star::No, value },
            },
            _ => Arg { name: None, star: Star::No, value },
        }
    }
}
