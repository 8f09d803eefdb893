//! The shape of a pattern: its words checked, its root found, its captures listed, and its text without predicates.

use super::error::QueryError;
use super::grammar;
use super::kinds::{self, Kind};
use super::parse::{Child, Element, ElementKind, Name, Quantifier};
use asyncwise_syntax::facts::Span;
use smol_str::SmolStr;
use std::fmt::Write;

/// What may stand at the root of a pattern.
#[derive(Clone, Debug, Default)]
pub(crate) struct Root {
    /// The kinds, in the order they are written.
    pub(crate) kinds: Vec<&'static Kind>,
    /// The captures that every branch puts on the root.
    pub(crate) captures: Vec<SmolStr>,
    /// Whether the facts cannot say alone that a node matches.
    pub(crate) needs_tree: bool,
}

/// A capture of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capture {
    /// Its name, without `@`.
    pub name: SmolStr,
    /// Whether it may be on an expression.
    pub expression: bool,
    /// How many places of the pattern have it.
    pub(crate) sites: u32,
    /// Where the first is.
    pub(crate) span: Span,
}

/// `((node))` is `(node)`: the captures outside go to the node.
pub(crate) fn unwrap(mut element: Element) -> Element {
    loop {
        match element.kind {
            ElementKind::Group(ref mut children) if element.quantifier.is_none() && children.len() == 1 => {
                let Some(Child::Element(mut inner)) = children.pop() else { return element };
                inner.captures.append(&mut element.captures);
                inner.field = inner.field.or(element.field);
                element = inner;
            }
            _ => return element,
        }
    }
}

/// The root of a pattern, or why it has none.
pub(crate) fn root(element: &Element) -> Result<Root, QueryError> {
    if let Some(field) = &element.field {
        return Err(QueryError::new(field.span, "the root of a pattern has no field"));
    }
    if element.quantifier.is_some() {
        return Err(QueryError::new(element.span, "the root of a pattern cannot be repeated or left out"));
    }
    let captures: Vec<SmolStr> = element.captures.iter().map(|name| name.value.clone()).collect();
    match &element.kind {
        ElementKind::Node(name, children) => {
            let kind = kinds::root(&name.value).ok_or_else(|| no_root(name))?;
            Ok(Root { kinds: vec![kind], captures, needs_tree: !children.is_empty() || !kind.exact })
        }
        ElementKind::Alternation(branches) => alternatives(branches, captures),
        ElementKind::Group(_) => {
            let error = QueryError::new(element.span, "a pattern has one root");
            Err(error.with_help("start from the node around these siblings, or write a pattern for each"))
        }
        ElementKind::AnyNamed(_) | ElementKind::Any | ElementKind::Token(_) => {
            let error = QueryError::new(element.span, "the root of a pattern names the kind of node it looks for");
            Err(error.with_help(one_of_the_roots()))
        }
    }
}

fn alternatives(branches: &[Element], captures: Vec<SmolStr>) -> Result<Root, QueryError> {
    let mut all = Root { captures, ..Root::default() };
    let mut common: Option<Vec<SmolStr>> = None;
    for branch in branches {
        let branch = root(&unwrap(branch.clone()))?;
        all.needs_tree |= branch.needs_tree || common.as_ref().is_some_and(|common| *common != branch.captures);
        all.kinds.extend(branch.kinds.into_iter().filter(|kind| !all.kinds.contains(kind)).collect::<Vec<_>>());
        common = Some(match common {
            Some(common) => common.into_iter().filter(|name| branch.captures.contains(name)).collect(),
            None => branch.captures,
        });
    }
    all.captures.extend(common.unwrap_or_default());
    Ok(all)
}

fn no_root(name: &Name) -> QueryError {
    let error = QueryError::new(name.span, format!("a pattern cannot start at `{}`", name.value));
    match kinds::around(&name.value) {
        Some(around) => error.with_help(format!("start at `{around}` and write `({})` in it", name.value)),
        None => error.with_help(one_of_the_roots()),
    }
}

fn one_of_the_roots() -> String {
    format!("start at one of: {}", kinds::root_names().collect::<Vec<_>>().join(", "))
}

/// Adds an error for every kind, field and token that the grammar does not have.
pub(crate) fn check_words(element: &Element, errors: &mut Vec<QueryError>) {
    let mut known = |name: &Name, what: &str, words: &'static [&'static str]| {
        if words.binary_search(&name.value.as_str()).is_err() {
            let error = QueryError::new(name.span, format!("Python's grammar has no {what} `{}`", name.value));
            errors.push(error.with_closest(&name.value, words.iter().copied()));
        }
    };
    if let Some(field) = &element.field {
        known(field, "field", grammar::FIELDS);
    }
    match &element.kind {
        ElementKind::Node(name, _) => known(name, "kind of node", grammar::NAMED),
        ElementKind::Token(name) => known(name, "token", grammar::TOKENS),
        _ => {}
    }
    for child in children(element) {
        if let Child::Absent(field) = child {
            known(field, "field", grammar::FIELDS);
        }
    }
    for inner in elements(element) {
        check_words(inner, errors);
    }
}

/// The captures of a pattern, in the order of their first places.
pub(crate) fn captures(element: &Element) -> Vec<Capture> {
    let mut found = Vec::new();
    collect_captures(element, &mut found);
    found.sort_by_key(|capture| capture.span);
    found
}

fn collect_captures(element: &Element, found: &mut Vec<Capture>) {
    for name in &element.captures {
        let expression = may_be_expression(element);
        match found.iter_mut().find(|capture: &&mut Capture| capture.name == name.value) {
            Some(capture) => {
                capture.expression |= expression;
                capture.sites += 1;
            }
            None => found.push(Capture { name: name.value.clone(), expression, sites: 1, span: name.span }),
        }
    }
    for inner in elements(element) {
        collect_captures(inner, found);
    }
}

fn may_be_expression(element: &Element) -> bool {
    match &element.kind {
        ElementKind::Node(name, _) => match kinds::root(&name.value) {
            Some(kind) => kind.is_expression() || kind.name == "lambda",
            None => {
                let endings =
                    ["_statement", "_clause", "_parameter", "_list", "parameters", "block", "module", "comment"];
                !endings.iter().any(|ending| name.value.ends_with(ending))
            }
        },
        ElementKind::Alternation(branches) => branches.iter().any(may_be_expression),
        ElementKind::Token(_) => false,
        ElementKind::AnyNamed(_) | ElementKind::Any | ElementKind::Group(_) => true,
    }
}

fn children(element: &Element) -> &[Child] {
    match &element.kind {
        ElementKind::Node(_, children) | ElementKind::AnyNamed(children) | ElementKind::Group(children) => children,
        _ => &[],
    }
}

fn elements(element: &Element) -> impl Iterator<Item = &Element> {
    let branches: &[Element] = if let ElementKind::Alternation(branches) = &element.kind { branches } else { &[] };
    let inner = children(element).iter().filter_map(|child| match child {
        Child::Element(inner) => Some(inner),
        _ => None,
    });
    inner.chain(branches)
}

/// The pattern as tree-sitter reads it, without predicates and comments.
pub(crate) fn source(element: &Element) -> String {
    let mut out = String::new();
    write_element(element, &mut out);
    out
}

fn write_element(element: &Element, out: &mut String) {
    if let Some(field) = &element.field {
        let _ = write!(out, "{}: ", field.value);
    }
    match &element.kind {
        ElementKind::Node(name, children) => write_children(&name.value, children, out),
        ElementKind::AnyNamed(children) => write_children("_", children, out),
        ElementKind::Group(children) => write_children("", children, out),
        ElementKind::Any => out.push('_'),
        ElementKind::Token(name) => {
            let _ = write!(out, "{:?}", name.value.as_str());
        }
        ElementKind::Alternation(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ' ' });
                write_element(branch, out);
            }
            out.push(']');
        }
    }
    out.push_str(match element.quantifier {
        Some(Quantifier::Optional) => "?",
        Some(Quantifier::Any) => "*",
        Some(Quantifier::Some) => "+",
        None => "",
    });
    for capture in &element.captures {
        let _ = write!(out, " @{}", capture.value);
    }
}

fn write_children(head: &str, children: &[Child], out: &mut String) {
    out.push('(');
    out.push_str(head);
    for (index, child) in children.iter().enumerate() {
        if index > 0 || !head.is_empty() {
            out.push(' ');
        }
        match child {
            Child::Element(inner) => write_element(inner, out),
            Child::Anchor(_) => out.push('.'),
            Child::Absent(field) => {
                let _ = write!(out, "!{}", field.value);
            }
        }
    }
    out.push(')');
}
