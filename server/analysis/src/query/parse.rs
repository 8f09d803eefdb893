//! The source of a query, parsed: S-expressions in the form tree-sitter queries have. No name is looked up here.

use super::error::QueryError;
use asyncwise_syntax::facts::Span;
use smol_str::SmolStr;

/// How deep patterns may nest.
const MAX_DEPTH: u32 = 64;

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A name: of a kind, a field, a capture (without `@`), a predicate (without `#`, with `?` or `!`).
pub type Name = Spanned<SmolStr>;

/// A file of patterns.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Source {
    /// The directives before the first pattern: they hold for every pattern.
    pub defaults: Vec<Clause>,
    /// The comment right above the first of them.
    pub docs: String,
    /// The patterns.
    pub patterns: Vec<Pattern>,
}

/// A pattern with the predicates and directives inside it and directly after it.
#[derive(Clone, PartialEq, Debug)]
pub struct Pattern {
    /// From its first byte to the end of its captures.
    pub span: Span,
    /// The comment block right above it, without its semicolons.
    pub docs: String,
    /// The tree to find.
    pub root: Element,
    /// The predicates and directives, in source order.
    pub clauses: Vec<Clause>,
}

/// A node to find, with what stands around it.
#[derive(Clone, PartialEq, Debug)]
pub struct Element {
    /// The whole, field and captures included.
    pub span: Span,
    /// `field:` before it.
    pub field: Option<Name>,
    /// What it is.
    pub kind: ElementKind,
    /// How often.
    pub quantifier: Option<Quantifier>,
    /// `@name` after it.
    pub captures: Vec<Name>,
}

/// The kinds of node to find.
#[derive(Clone, PartialEq, Debug)]
pub enum ElementKind {
    /// `(kind ...)`
    Node(Name, Vec<Child>),
    /// `(_ ...)`: any named node.
    AnyNamed(Vec<Child>),
    /// `_`: any node.
    Any,
    /// `"token"`
    Token(Name),
    /// `[a b]`
    Alternation(Vec<Element>),
    /// `(a b)`: siblings.
    Group(Vec<Child>),
}

/// What may stand in a node's parentheses.
#[derive(Clone, PartialEq, Debug)]
pub enum Child {
    /// A node.
    Element(Element),
    /// `.`
    Anchor(Span),
    /// `!field`
    Absent(Name),
}

/// How often a node may stand.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Quantifier {
    /// `?`
    Optional,
    /// `*`
    Any,
    /// `+`
    Some,
}

/// `(#name args...)`
#[derive(Clone, PartialEq, Debug)]
pub struct Clause {
    /// The whole, parentheses included.
    pub span: Span,
    /// The name without `#`, with its `?` or `!`.
    pub name: Name,
    /// The arguments.
    pub args: Vec<Spanned<Argument>>,
}

/// An argument of a predicate or directive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Argument {
    /// `@name`, without `@`.
    Capture(SmolStr),
    /// `"text"` with its escapes resolved, or a bare word.
    Text(SmolStr),
}

/// Parses `source`. A pattern that cannot be read is left out, with an error for it; the others are there.
pub fn parse(source: &str) -> (Source, Vec<QueryError>) {
    let mut parser = Parser { source, at: 0, depth: 0, clauses: Vec::new(), docs: Docs::default() };
    let mut parsed = Source::default();
    let mut errors = Vec::new();
    if u32::try_from(source.len()).is_err() {
        errors.push(QueryError::new(Span::default(), "the file is too large"));
        return (parsed, errors);
    }
    let mut failed = false;
    while parser.next_top_level() {
        let start = parser.at;
        if let Err(error) = parser.top_level(&mut parsed, &mut failed) {
            errors.push(error);
            failed = true;
            parser.skip_to_next_pattern(start);
        }
    }
    (parsed, errors)
}

/// The comment block that ends on the line above what comes next.
#[derive(Default)]
struct Docs {
    lines: Vec<String>,
}

struct Parser<'s> {
    source: &'s str,
    at: usize,
    depth: u32,
    clauses: Vec<Clause>,
    docs: Docs,
}

type Parsed<T> = Result<T, QueryError>;

impl<'s> Parser<'s> {
    /// Parses a pattern or a predicate at the top of the file into `parsed`.
    fn top_level(&mut self, parsed: &mut Source, failed: &mut bool) -> Parsed<()> {
        let docs = std::mem::take(&mut self.docs.lines).join("\n");
        self.depth = 0;
        self.clauses.clear();
        if self.at_clause() {
            let clause = self.clause()?;
            match parsed.patterns.last_mut() {
                _ if *failed => {}
                Some(pattern) => pattern.clauses.push(clause),
                None => {
                    if parsed.defaults.is_empty() {
                        parsed.docs = docs;
                    }
                    parsed.defaults.push(clause);
                }
            }
            return Ok(());
        }
        let root = self.element()?;
        *failed = false;
        parsed.patterns.push(Pattern { span: root.span, docs, root, clauses: std::mem::take(&mut self.clauses) });
        Ok(())
    }

    fn element(&mut self) -> Parsed<Element> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(QueryError::new(self.here(), "the pattern nests too deeply"));
        }
        let start = self.at;
        let field = self.field();
        let kind = match self.peek() {
            Some('(') => self.parentheses()?,
            Some('[') => self.alternation()?,
            Some('"') => ElementKind::Token(self.string()?),
            Some(c) if is_word(c) => {
                let word = self.word();
                if word.value != "_" {
                    let message = format!("`{}` stands alone; a node is written in parentheses", word.value);
                    return Err(QueryError::new(word.span, message).with_help(format!("write `({})`", word.value)));
                }
                ElementKind::Any
            }
            Some('@') => {
                let error = QueryError::new(self.here(), "a capture stands after its node");
                return Err(error.with_help("is a `)` missing before it?"));
            }
            Some(c) => return Err(QueryError::new(self.here(), format!("expected a node, found `{c}`"))),
            None => return Err(QueryError::new(self.here(), "expected a node, found the end of the file")),
        };
        let (quantifier, captures) = self.suffixes()?;
        self.depth -= 1;
        Ok(Element { span: self.since(start), field, kind, quantifier, captures })
    }

    /// `name:` if that is next.
    fn field(&mut self) -> Option<Name> {
        let start = self.at;
        if !self.peek().is_some_and(is_word) {
            return None;
        }
        let name = self.word();
        self.skip_trivia();
        if self.eat(':') {
            self.skip_trivia();
            return Some(name);
        }
        self.at = start;
        None
    }

    /// Quantifiers and captures, in any order.
    fn suffixes(&mut self) -> Parsed<(Option<Quantifier>, Vec<Name>)> {
        let (mut quantifier, mut captures) = (None, Vec::new());
        loop {
            let end = self.at;
            self.skip_trivia();
            let found = match self.peek() {
                Some('@') => {
                    captures.push(self.capture()?);
                    continue;
                }
                Some('?') => Quantifier::Optional,
                Some('*') => Quantifier::Any,
                Some('+') => Quantifier::Some,
                _ => {
                    self.at = end;
                    return Ok((quantifier, captures));
                }
            };
            if quantifier.replace(found).is_some() {
                return Err(QueryError::new(self.here(), "a node has one quantifier"));
            }
            self.at += 1;
        }
    }

    fn alternation(&mut self) -> Parsed<ElementKind> {
        let open = self.here();
        self.at += 1;
        let mut branches = Vec::new();
        loop {
            self.skip_trivia();
            match self.peek() {
                Some(']') if branches.is_empty() => {
                    return Err(QueryError::new(open, "there is nothing in these brackets"));
                }
                Some(']') => break self.at += 1,
                Some('(') if self.at_clause() => {
                    let message = "a predicate cannot stand among alternatives";
                    return Err(QueryError::new(self.here(), message).with_help("put it after the brackets"));
                }
                Some(')') | None => return Err(QueryError::new(open, "`[` is never closed")),
                Some(_) => branches.push(self.element()?),
            }
        }
        Ok(ElementKind::Alternation(branches))
    }

    /// What starts with a parenthesis and is no predicate.
    fn parentheses(&mut self) -> Parsed<ElementKind> {
        let open = self.here();
        self.at += 1;
        self.skip_trivia();
        let kind = match self.peek() {
            Some(c) if is_word(c) && !self.word_is_field() => Some(self.kind()?),
            _ => None,
        };
        let children = self.children(open)?;
        match kind {
            Some(any) if any.value == "_" => Ok(ElementKind::AnyNamed(children)),
            Some(kind) => Ok(ElementKind::Node(kind, children)),
            None if !children.iter().any(|child| matches!(child, Child::Element(_))) => {
                Err(QueryError::new(self.since(open.start as usize), "there is no node in these parentheses"))
            }
            None => Ok(ElementKind::Group(children)),
        }
    }

    fn word_is_field(&mut self) -> bool {
        let start = self.at;
        let is_field = self.field().is_some();
        self.at = start;
        is_field
    }

    fn kind(&mut self) -> Parsed<Name> {
        let name = self.word();
        if name.value == "ERROR" || name.value == "MISSING" {
            let message = format!("rules do not look into broken code, so `{}` finds nothing", name.value);
            return Err(QueryError::new(name.span, message));
        }
        Ok(name)
    }

    fn children(&mut self, open: Span) -> Parsed<Vec<Child>> {
        let mut children = Vec::new();
        loop {
            self.skip_trivia();
            match self.peek() {
                Some(')') => break self.at += 1,
                Some('.') => {
                    children.push(Child::Anchor(self.here()));
                    self.at += 1;
                }
                Some('!') => {
                    self.at += 1;
                    if !self.peek().is_some_and(is_word) {
                        return Err(QueryError::new(self.here(), "`!` stands before the name of a field"));
                    }
                    children.push(Child::Absent(self.word()));
                }
                Some('(') if self.at_clause() => {
                    let clause = self.clause()?;
                    self.clauses.push(clause);
                }
                Some(']') | None => return Err(QueryError::new(open, "`(` is never closed")),
                Some(_) => children.push(Child::Element(self.element()?)),
            }
        }
        Ok(children)
    }

    /// Whether a predicate or directive starts here.
    fn at_clause(&self) -> bool {
        self.rest().strip_prefix('(').is_some_and(|rest| rest.trim_start().starts_with('#'))
    }

    fn clause(&mut self) -> Parsed<Clause> {
        let start = self.at;
        let open = self.here();
        self.at += 1;
        self.skip_trivia();
        let name_start = self.at;
        self.at += 1;
        let mut name = self.word();
        if !(self.eat('?') || self.eat('!')) {
            let help = format!("a predicate is written `#{0}?`, a directive `#{0}!`", name.value);
            let message = format!("`#{}` is neither a predicate nor a directive", name.value);
            return Err(QueryError::new(self.since(name_start), message).with_help(help));
        }
        name.span = self.since(name_start);
        name.value = self.source[name_start + 1..self.at].into();
        let args = self.arguments(open)?;
        Ok(Clause { span: self.since(start), name, args })
    }

    fn arguments(&mut self, open: Span) -> Parsed<Vec<Spanned<Argument>>> {
        let mut args = Vec::new();
        loop {
            self.skip_trivia();
            match self.peek() {
                Some(')') => break self.at += 1,
                Some('@') => {
                    let Name { value, span } = self.capture()?;
                    args.push(Spanned { value: Argument::Capture(value), span });
                }
                Some('"') => {
                    let Name { value, span } = self.string()?;
                    args.push(Spanned { value: Argument::Text(value), span });
                }
                Some(c) if is_word(c) => {
                    let Name { value, span } = self.word();
                    args.push(Spanned { value: Argument::Text(value), span });
                }
                None => return Err(QueryError::new(open, "`(` is never closed")),
                Some(c) => {
                    let message = format!("expected a capture or a string, found `{c}`");
                    return Err(QueryError::new(self.here(), message));
                }
            }
        }
        Ok(args)
    }

    fn capture(&mut self) -> Parsed<Name> {
        let start = self.at;
        self.at += 1;
        if !self.peek().is_some_and(is_word) {
            return Err(QueryError::new(self.since(start), "`@` stands before the name of a capture"));
        }
        let name = self.word();
        Ok(Name { value: name.value, span: self.since(start) })
    }

    fn string(&mut self) -> Parsed<Name> {
        let start = self.at;
        let mut value = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + offset + 1;
                    return Ok(Name { value: value.into(), span: self.since(start) });
                }
                '\n' => break,
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, '0')) => value.push('\0'),
                    Some((_, escaped)) => value.push(escaped),
                    None => break,
                },
                c => value.push(c),
            }
        }
        let line = self.rest().lines().next().unwrap_or_default().len();
        Err(QueryError::new(span(start, start + line), "the string is not closed on its line"))
    }

    /// The word here; empty when there is none.
    fn word(&mut self) -> Name {
        let start = self.at;
        self.at += self.rest().find(|c| !is_in_word(c)).unwrap_or(self.rest().len());
        Name { value: self.source[start..self.at].into(), span: self.since(start) }
    }

    /// Goes to the next thing at the top of the file, and keeps the comment block right above it.
    fn next_top_level(&mut self) -> bool {
        self.docs.lines.clear();
        loop {
            let blank = self.skip_blank();
            if blank.matches('\n').count() > 1 {
                self.docs.lines.clear();
            }
            if self.peek() != Some(';') {
                return self.at < self.source.len();
            }
            let own_line = self.source[..self.at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
            let comment = self.skip_comment().trim_start_matches(';').trim_end();
            if own_line {
                self.docs.lines.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
            }
        }
    }

    /// After an error in the pattern that starts at `start`: on to the next line that starts like a pattern. An
    /// unclosed parenthesis swallows the rest of the file, so the search begins there and not where it was noticed.
    fn skip_to_next_pattern(&mut self, start: usize) {
        let mut at = start;
        while let Some(newline) = self.source[at..].find('\n') {
            at += newline + 1;
            if self.source[at..].starts_with(['(', '[', '"', ';']) {
                self.at = at;
                return;
            }
        }
        self.at = self.source.len();
    }

    fn skip_trivia(&mut self) {
        self.skip_blank();
        while self.peek() == Some(';') {
            self.skip_comment();
            self.skip_blank();
        }
    }
    fn skip_blank(&mut self) -> &'s str {
        let rest = self.rest();
        let len = rest.len() - rest.trim_start().len();
        self.at += len;
        &rest[..len]
    }
    fn skip_comment(&mut self) -> &'s str {
        let line = self.rest().split('\n').next().unwrap_or_default();
        self.at += line.len();
        line
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }
    /// The character here.
    fn here(&self) -> Span {
        span(self.at, self.at + self.peek().map_or(0, char::len_utf8))
    }
    fn since(&self, start: usize) -> Span {
        span(start, self.at)
    }
}

fn span(start: usize, end: usize) -> Span {
    Span::new(start as u32, end as u32)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_in_word(c: char) -> bool {
    is_word(c) || matches!(c, '-' | '.' | '/')
}
