//! The predicates: a closed set, with typed arguments.

use super::error::QueryError;
use super::kinds::{self, Kind};
use super::parse::{Argument, Clause, Spanned};
use crate::settings::RunsOn;
use asyncwise_syntax::facts::Span;
use regex::{Regex, RegexBuilder};
use smol_str::SmolStr;
use std::fmt;

/// What is known of a predicate.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct PredicateInfo {
    /// Its name, without `#` and `?`. With `not-` before it, it asks the opposite.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it asks.
    pub docs: &'static str,
}

/// The predicates, by name.
pub static PREDICATES: &[PredicateInfo] = &[
    PredicateInfo {
        name: "any-of",
        usage: "(#any-of? @n \"text\" ...)",
        docs: "The text of the node is one of these.",
    },
    PredicateInfo { name: "awaited", usage: "(#awaited? @n)", docs: "The expression is awaited: `await n`." },
    PredicateInfo {
        name: "coroutine",
        usage: "(#coroutine? @n)",
        docs: "The value of the expression is a coroutine: a call of an `async def`, or a name that holds one.",
    },
    PredicateInfo {
        name: "entry",
        usage: "(#entry? @n)",
        docs: "The node's function is where code of the loop enters: a coroutine, a callback the loop calls, a handler a \
               framework calls on the loop, or a branch that is proven to run on one. Not a function that runs on a loop \
               only because such code calls it: there the finding belongs to the caller.",
    },
    PredicateInfo {
        name: "eq",
        usage: "(#eq? @n \"text\") or (#eq? @n @m)",
        docs: "The text of the node is this, or that of the other node.",
    },
    PredicateInfo {
        name: "has-ancestor",
        usage: "(#has-ancestor? @n \"kind\" ...)",
        docs: "The node stands in a node of one of these kinds, at any depth, functions around it included.",
    },
    PredicateInfo {
        name: "in-async",
        usage: "(#in-async? @n)",
        docs: "The node is code of an `async def`: the innermost function around it is one. A lambda is a function of its \
               own; asked of a function, it is about that function.",
    },
    PredicateInfo {
        name: "in-test",
        usage: "(#in-test? @n)",
        docs: "The node stands in a test: a test function, or a file of tests.",
    },
    PredicateInfo {
        name: "match",
        usage: "(#match? @n \"regex\")",
        docs: "The regular expression is found in the text of the node.",
    },
    PredicateInfo {
        name: "reaches",
        usage: "(#reaches? @n \"starts-loop\"|\"refuses-loop\"|\"blocking\" [\"category\" ...])",
        docs: "What the node calls, reads or enters does this, itself or through any chain of plain functions: start an event \
               loop, raise when a loop runs, or block. `blocking` may be narrowed to categories; without one it means all.",
    },
    PredicateInfo {
        name: "resolves-to",
        usage: "(#resolves-to? @n \"pkg.fn\" ...)",
        docs: "The expression, or the callee of a call, is one of these, however it was imported. `pkg.*` is everything below \
               `pkg`.",
    },
    PredicateInfo {
        name: "runs-on",
        usage: "(#runs-on? @n \"loop\"|\"worker\"|\"none\")",
        docs: "The node runs on a thread whose event loop is running, in a worker thread, or where no loop runs. What is not \
               known is none of the three. Asked of a function, it is about its body.",
    },
    PredicateInfo {
        name: "statement",
        usage: "(#statement? @n)",
        docs: "The expression stands alone as a statement, so its value is thrown away.",
    },
];

pub use crate::graph::CATEGORIES;

/// A question that the program answers: see [`super::Model`]. Ordered by what it costs to answer.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Semantic {
    /// `#in-test?`
    InTest,
    /// `#runs-on?`
    RunsOn(Place),
    /// `#entry?`
    Entry,
    /// `#resolves-to?`: any of these.
    ResolvesTo(Vec<DottedGlob>),
    /// `#coroutine?`
    Coroutine,
    /// `#reaches?`
    Reaches(Effect),
}

/// Where code runs.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Place {
    /// On a thread whose event loop is running.
    Loop,
    /// In a worker thread or process.
    Worker,
    /// Where no loop runs.
    None,
}

impl From<Place> for RunsOn {
    fn from(place: Place) -> Self {
        match place {
            Place::Loop => RunsOn::Loop,
            Place::Worker => RunsOn::Worker,
            Place::None => RunsOn::NoLoop,
        }
    }
}

/// What code does, itself or through what it calls.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// Starts an event loop and waits for it.
    StartsLoop,
    /// Raises when a loop runs.
    RefusesLoop,
    /// Blocks, in one of these [`CATEGORIES`]; empty is any.
    Blocking(Vec<&'static str>),
}

/// A dotted name; with `.*` at its end, everything below it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DottedGlob {
    /// The name, without `.*`.
    pub name: SmolStr,
    /// Whether it stands for what is below it, at any depth.
    pub below: bool,
}

impl DottedGlob {
    /// Whether a dotted name is meant.
    pub fn matches(&self, name: &str) -> bool {
        match name.strip_prefix(self.name.as_str()) {
            Some(rest) if self.below => rest.starts_with('.'),
            Some(rest) => rest.is_empty(),
            None => false,
        }
    }
}

/// A predicate with its arguments.
#[derive(Clone, Debug)]
pub enum Test {
    /// `#awaited?`
    Awaited,
    /// `#statement?`
    Statement,
    /// `#in-async?`
    InAsync,
    /// `#eq?` and `#any-of?`
    Text(Vec<SmolStr>),
    /// `#eq?` of two captures.
    SameText(SmolStr),
    /// `#match?`
    Regex(Regex),
    /// `#has-ancestor?`
    Ancestor(Vec<&'static Kind>),
    /// A question for the program.
    Semantic(Semantic),
}

/// A predicate on a capture.
#[derive(Clone, Debug)]
pub struct Check {
    /// The capture, without `@`.
    pub capture: SmolStr,
    /// `not-`
    pub negated: bool,
    /// What is asked.
    pub test: Test,
    /// The predicate in the source.
    pub span: Span,
}

impl Check {
    /// What it costs to answer, for ordering.
    pub(crate) const fn cost(&self) -> u32 {
        match &self.test {
            Test::Awaited | Test::Statement => 0,
            Test::InAsync => 1,
            Test::Text(_) | Test::SameText(_) => 2,
            Test::Ancestor(_) => 3,
            Test::Regex(_) => 4,
            Test::Semantic(Semantic::InTest) => 5,
            Test::Semantic(Semantic::RunsOn(_)) => 6,
            Test::Semantic(Semantic::Entry) => 7,
            Test::Semantic(Semantic::ResolvesTo(_)) => 8,
            Test::Semantic(Semantic::Coroutine) => 9,
            Test::Semantic(Semantic::Reaches(_)) => 10,
        }
    }

    /// Whether only an expression can be asked.
    pub(crate) const fn wants_expression(&self) -> bool {
        matches!(self.test, Test::Awaited | Test::Statement | Test::Semantic(Semantic::Coroutine))
    }

    /// The captures it reads.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &SmolStr> {
        let second = if let Test::SameText(other) = &self.test { Some(other) } else { None };
        std::iter::once(&self.capture).chain(second)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        write!(f, "{}", self.test)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Awaited => f.write_str("awaited"),
            Test::Statement => f.write_str("statement"),
            Test::InAsync => f.write_str("in async"),
            Test::Text(texts) => write!(f, "is {}", or(texts.iter().map(|text| format!("{text:?}")))),
            Test::SameText(other) => write!(f, "is the text of @{other}"),
            Test::Regex(regex) => write!(f, "matches {:?}", regex.as_str()),
            Test::Ancestor(kinds) => write!(f, "in {}", or(kinds.iter().map(|kind| kind.name.to_owned()))),
            Test::Semantic(semantic) => write!(f, "{semantic}"),
        }
    }
}

impl fmt::Display for Semantic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Semantic::InTest => f.write_str("in test"),
            Semantic::RunsOn(Place::Loop) => f.write_str("runs on loop"),
            Semantic::RunsOn(Place::Worker) => f.write_str("runs on worker"),
            Semantic::RunsOn(Place::None) => f.write_str("runs on none"),
            Semantic::Entry => f.write_str("entry"),
            Semantic::ResolvesTo(names) => write!(f, "resolves to {}", or(names.iter().map(DottedGlob::to_string))),
            Semantic::Coroutine => f.write_str("coroutine"),
            Semantic::Reaches(Effect::StartsLoop) => f.write_str("reaches starts-loop"),
            Semantic::Reaches(Effect::RefusesLoop) => f.write_str("reaches refuses-loop"),
            Semantic::Reaches(Effect::Blocking(categories)) if categories.is_empty() => f.write_str("reaches blocking"),
            Semantic::Reaches(Effect::Blocking(categories)) => write!(f, "reaches blocking {}", or(categories.iter())),
        }
    }
}

impl fmt::Display for DottedGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, if self.below { ".*" } else { "" })
    }
}

fn or(items: impl Iterator<Item = impl fmt::Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(" or ")
}

/// The predicate that a clause says; `captures` are those of its pattern.
pub(crate) fn check(clause: &Clause, captures: &[SmolStr]) -> Result<Check, QueryError> {
    let asked = clause.name.value.trim_end_matches('?');
    let (negated, name) = asked.strip_prefix("not-").map_or((false, asked), |name| (true, name));
    let names = PREDICATES.iter().map(|predicate| predicate.name);
    let Some(info) = PREDICATES.iter().find(|predicate| predicate.name == name) else {
        let message = format!("there is no predicate `#{}`", clause.name.value);
        return Err(QueryError::new(clause.name.span, message).with_known(name, names));
    };
    let mut arguments = Arguments { clause, info, captures, at: 0 };
    let capture = arguments.capture()?;
    let test = match name {
        "awaited" => Test::Awaited,
        "statement" => Test::Statement,
        "in-async" => Test::InAsync,
        "eq" if matches!(arguments.peek(), Some(Argument::Capture(_))) => Test::SameText(arguments.capture()?),
        "eq" => Test::Text(vec![arguments.text()?.value]),
        "any-of" => Test::Text(arguments.texts()?.into_iter().map(|text| text.value).collect()),
        "match" => Test::Regex(regex(&arguments.text()?)?),
        "has-ancestor" => Test::Ancestor(arguments.texts()?.iter().map(ancestor).collect::<Result<_, _>>()?),
        _ => Test::Semantic(semantic(name, &mut arguments)?),
    };
    arguments.end()?;
    Ok(Check { capture, negated, test, span: clause.span })
}

fn semantic(name: &str, arguments: &mut Arguments<'_>) -> Result<Semantic, QueryError> {
    Ok(match name {
        "in-test" => Semantic::InTest,
        "entry" => Semantic::Entry,
        "coroutine" => Semantic::Coroutine,
        "runs-on" => {
            let places = [("loop", Place::Loop), ("worker", Place::Worker), ("none", Place::None)];
            Semantic::RunsOn(arguments.one_of(&places)?)
        }
        "resolves-to" => Semantic::ResolvesTo(arguments.texts()?.iter().map(dotted).collect::<Result<_, _>>()?),
        _ => {
            let blocking = Effect::Blocking(Vec::new());
            let effects =
                [("starts-loop", Effect::StartsLoop), ("refuses-loop", Effect::RefusesLoop), ("blocking", blocking)];
            let mut effect = arguments.one_of(&effects)?;
            if let Effect::Blocking(categories) = &mut effect {
                while arguments.peek().is_some() {
                    let text = arguments.text()?;
                    let known = CATEGORIES.iter().find(|known| **known == text.value);
                    let wrong = || unknown_word("category of blocking", &text, CATEGORIES.iter().copied());
                    categories.push(known.ok_or_else(wrong)?);
                }
            }
            Semantic::Reaches(effect)
        }
    })
}

fn regex(text: &Spanned<SmolStr>) -> Result<Regex, QueryError> {
    RegexBuilder::new(&text.value).size_limit(1 << 20).build().map_err(|error| {
        let message = error.to_string();
        let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        QueryError::new(text.span, format!("this is no regular expression: {reason}"))
    })
}

fn ancestor(text: &Spanned<SmolStr>) -> Result<&'static Kind, QueryError> {
    kinds::root(&text.value).ok_or_else(|| unknown_word("kind of ancestor", text, kinds::root_names()))
}

fn dotted(text: &Spanned<SmolStr>) -> Result<DottedGlob, QueryError> {
    let (name, below) = text.value.strip_suffix(".*").map_or((text.value.as_str(), false), |name| (name, true));
    let is_identifier = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if !name.split('.').all(is_identifier) {
        let message = format!("`{}` is no dotted name", text.value);
        return Err(
            QueryError::new(text.span, message).with_help("write `package.function`, or `package.*` for all below it")
        );
    }
    Ok(DottedGlob { name: name.into(), below })
}

fn unknown_word(what: &str, text: &Spanned<SmolStr>, known: impl Iterator<Item = &'static str> + Clone) -> QueryError {
    QueryError::new(text.span, format!("there is no {what} `{}`", text.value)).with_known(&text.value, known)
}

/// The arguments of a predicate, taken one by one.
struct Arguments<'a> {
    clause: &'a Clause,
    info: &'static PredicateInfo,
    captures: &'a [SmolStr],
    at: usize,
}

impl Arguments<'_> {
    fn peek(&self) -> Option<&Argument> {
        self.clause.args.get(self.at).map(|arg| &arg.value)
    }

    fn wrong(&self, wanted: &str) -> QueryError {
        let span = self.clause.args.get(self.at).map_or(self.clause.span, |arg| arg.span);
        let message = format!("`#{}` takes {wanted} here", self.clause.name.value);
        QueryError::new(span, message).with_help(format!("write `{}`", self.info.usage))
    }

    fn capture(&mut self) -> Result<SmolStr, QueryError> {
        let Some(Spanned { value: Argument::Capture(name), span }) = self.clause.args.get(self.at) else {
            return Err(self.wrong("a capture"));
        };
        if !self.captures.contains(name) {
            let error = QueryError::new(*span, format!("the pattern captures no `@{name}`"));
            return Err(error.with_closest(name, self.captures.iter().map(SmolStr::as_str)));
        }
        self.at += 1;
        Ok(name.clone())
    }

    fn text(&mut self) -> Result<Spanned<SmolStr>, QueryError> {
        let Some(Spanned { value: Argument::Text(text), span }) = self.clause.args.get(self.at) else {
            return Err(self.wrong("a string"));
        };
        self.at += 1;
        Ok(Spanned { value: text.clone(), span: *span })
    }

    /// All the rest: at least one string.
    fn texts(&mut self) -> Result<Vec<Spanned<SmolStr>>, QueryError> {
        let mut texts = vec![self.text()?];
        while self.peek().is_some() {
            texts.push(self.text()?);
        }
        Ok(texts)
    }

    fn one_of<T: Clone>(&mut self, known: &[(&'static str, T)]) -> Result<T, QueryError> {
        let text = self.text()?;
        let found = known.iter().find(|(word, _)| *word == text.value);
        let error = || {
            let message = format!("`#{}` does not know `{}`", self.clause.name.value, text.value);
            QueryError::new(text.span, message).with_known(&text.value, known.iter().map(|(word, _)| *word))
        };
        found.map(|(_, value)| value.clone()).ok_or_else(error)
    }

    fn end(&self) -> Result<(), QueryError> {
        if self.at < self.clause.args.len() { Err(self.wrong("nothing more")) } else { Ok(()) }
    }
}
