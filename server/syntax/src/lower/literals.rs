//! Numbers and strings.

use std::borrow::Cow;

use smol_str::SmolStr;

use super::builder::{Lowerer, span_of};
use super::kinds::Kind;
use crate::facts::{ExprId, ExprKind, Span};

/// What is known of a literal from its prefix.
#[derive(Copy, Clone, Default)]
struct Prefix {
    is_raw: bool,
    is_bytes: bool,
    is_format: bool,
    is_template: bool,
}

impl Prefix {
    fn of(start: &str) -> Self {
        let mut prefix = Self::default();
        for c in start.chars() {
            match c.to_ascii_lowercase() {
                'r' => prefix.is_raw = true,
                'b' => prefix.is_bytes = true,
                'f' => prefix.is_format = true,
                't' => prefix.is_template = true,
                _ => {}
            }
        }
        prefix
    }

    fn or(self, other: Self) -> Self {
        Self {
            is_raw: self.is_raw || other.is_raw,
            is_bytes: self.is_bytes || other.is_bytes,
            is_format: self.is_format || other.is_format,
            is_template: self.is_template || other.is_template,
        }
    }
}

impl<'t> Lowerer<'t> {
    pub(super) fn number(&mut self) -> ExprId {
        let span = self.span();
        let kind = integer(self.slice(span)).map_or(ExprKind::Number, ExprKind::Int);
        self.push_expr(span, kind)
    }

    /// A string, or several side by side.
    pub(super) fn string(&mut self) -> ExprId {
        let (span, mark) = (self.span(), self.exprs.len());
        let mut value = Cow::Borrowed("");
        let prefix = if self.kind() == Kind::ConcatenatedString {
            let mut prefix = Prefix::default();
            self.children(|l, kind| {
                if kind == Kind::String {
                    prefix = prefix.or(l.piece(&mut value));
                }
            });
            prefix
        } else {
            self.piece(&mut value)
        };
        let parts = self.exprs_since(mark);
        let kind = if prefix.is_format || prefix.is_template {
            ExprKind::FString { parts, is_template: prefix.is_template }
        } else if prefix.is_bytes {
            ExprKind::Bytes
        } else {
            ExprKind::Str(SmolStr::new(value))
        };
        self.push_expr(span, kind)
    }

    /// Adds one literal to `value` and its interpolations to the collected expressions.
    fn piece(&mut self, value: &mut Cow<'t, str>) -> Prefix {
        if !self.cursor.goto_first_child() {
            return Prefix::default();
        }
        let start = self.node();
        let mut prefix = Prefix::default();
        if self.kind() == Kind::StringStart {
            prefix = Prefix::of(self.slice(span_of(start)));
        }
        if prefix.is_format || prefix.is_template {
            while self.cursor.goto_next_sibling() {
                self.interpolations();
            }
            self.cursor.goto_parent();
            return prefix;
        }
        self.cursor.goto_parent();
        if !prefix.is_bytes {
            let span = self.span();
            let start = start.end_byte() as u32;
            let end = self.string_end(span);
            add_value(value, self.slice(Span::new(start.min(end), end)), prefix.is_raw);
        }
        prefix
    }

    /// Where the contents of the string under the cursor end.
    fn string_end(&mut self, span: Span) -> u32 {
        if !self.cursor.goto_last_child() {
            return span.end;
        }
        let end = if self.kind() == Kind::StringEnd { self.span().start } else { span.end };
        self.cursor.goto_parent();
        end
    }

    /// Collects the expression in the interpolation under the cursor, and those in its format.
    fn interpolations(&mut self) {
        if !matches!(self.kind(), Kind::Interpolation | Kind::FormatExpression) {
            return;
        }
        if self.has_direct_error() || self.depth >= super::MAX_DEPTH {
            return self.gather();
        }
        self.depth += 1;
        self.children(|l, kind| match kind {
            Kind::FormatSpecifier => l.children(|l, _| l.interpolations()),
            // `{x:=5}` formats `x`; only parentheses would make it a walrus.
            Kind::NamedExpression if l.first_node() => {
                let expr = l.expr();
                l.exprs.push(expr);
                l.cursor.goto_parent();
            }
            kind if kind.is_expression() => {
                let expr = l.expr();
                l.exprs.push(expr);
            }
            _ => {}
        });
        self.depth -= 1;
    }
}

fn add_value<'t>(value: &mut Cow<'t, str>, text: &'t str, is_raw: bool) {
    let is_plain = !text.contains('\r') && (is_raw || !text.contains('\\'));
    if is_plain && value.is_empty() {
        *value = Cow::Borrowed(text);
    } else if is_plain {
        value.to_mut().push_str(text);
    } else {
        unescape(text, is_raw, value.to_mut());
    }
}

/// Appends the value of a literal: line ends become `\n`, and simple escapes what they stand for.
fn unescape(text: &str, is_raw: bool, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\r']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('\r') {
            out.push('\n');
            rest = after.strip_prefix('\n').unwrap_or(after);
        } else if is_raw {
            out.push('\\');
            rest = &rest[1..];
        } else {
            rest = escape(&rest[1..], out);
        }
    }
    out.push_str(rest);
}

/// Appends what the escape whose backslash was passed stands for; gives back what follows it.
fn escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let after = &rest[c.len_utf8()..];
    let simple = match c {
        '\n' => return after,
        '\r' => return after.strip_prefix('\n').unwrap_or(after),
        '\\' | '\'' | '"' => c,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => return code_point(rest, 1, 2, 16, out),
        'u' => return code_point(rest, 1, 4, 16, out),
        'U' => return code_point(rest, 1, 8, 16, out),
        '0'..='7' => {
            let digits = rest.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            return code_point(rest, 0, digits, 8, out);
        }
        _ => {
            out.push('\\');
            c
        }
    };
    out.push(simple);
    after
}

/// Appends the character whose code stands in `count` digits after `skip` bytes; an escape that names none stays.
fn code_point<'a>(rest: &'a str, skip: usize, count: usize, radix: u32, out: &mut String) -> &'a str {
    let digits = rest.get(skip..skip + count);
    match digits.and_then(|d| u32::from_str_radix(d, radix).ok()).and_then(char::from_u32) {
        Some(c) => {
            out.push(c);
            &rest[skip + count..]
        }
        None => {
            out.push('\\');
            rest
        }
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0o") => (&lower[2..], 8),
        Some("0b") => (&lower[2..], 2),
        // Octal in Python 2, an error in Python 3.
        Some(start) if start.starts_with('0') && lower.bytes().any(|b| b != b'0') => return None,
        _ => (lower.as_str(), 10),
    };
    i64::from_str_radix(digits, radix).ok().filter(|n| *n >= 0)
}
