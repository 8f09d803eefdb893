//! The structural part of rules: tree-sitter patterns, asked about one node at a time.

use std::fmt;

use tree_sitter::{Node, Query, QueryCursor, QueryError, QueryErrorKind, StreamingIterator};

use crate::facts::Span;
use crate::parse::{Tree, language};

/// What a pattern captured in one match: names, without `@`, and where they stand, in the order of the captures.
pub type Captures = Vec<(String, Span)>;

/// How many matches a pattern may have under way at once.
const MATCH_LIMIT: u32 = 1024;

/// A pattern that is ready to use. Compiling takes milliseconds, so keep it.
#[derive(Debug)]
pub struct CompiledPattern {
    query: Query,
}

/// What is wrong with a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternError {
    /// The byte of the pattern it is about.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for PatternError {}

impl CompiledPattern {
    /// Compiles a pattern. The text predicates of tree-sitter (`#eq?`, `#match?`, `#any-of?`, their `not-` and `any-` forms) and `#set!`
    /// are known; any other is an error, as tree-sitter itself would let it pass without a word.
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        let query = Query::new(&language(), pattern)
            .map_err(|error| PatternError { offset: error.offset, message: explain(&error) })?;
        for index in 0..query.pattern_count() {
            let start = query.start_byte_for_pattern(index);
            let of_property =
                query.property_predicates(index).first().map(|(_, is)| if *is { "is?" } else { "is-not?" });
            let unknown = query.general_predicates(index).first().map(|predicate| &*predicate.operator).or(of_property);
            if let Some(name) = unknown {
                let offset = pattern[start..].find(&format!("#{name}")).map_or(start, |at| start + at);
                return Err(PatternError { offset, message: format!("unknown predicate `#{name}`") });
            }
            if !query.is_pattern_rooted(index) {
                let message = "a pattern needs one node around all others".to_owned();
                return Err(PatternError { offset: start, message });
            }
        }
        Ok(Self { query })
    }

    /// The names of the captures, without `@`.
    pub fn capture_names(&self) -> &[&str] {
        self.query.capture_names()
    }

    /// The matches whose outermost node stands exactly at `span`.
    pub fn matches(&self, text: &str, tree: &Tree, span: Span) -> Vec<Captures> {
        let mut found = Vec::new();
        for node in nodes_at(tree, span) {
            let mut cursor = QueryCursor::new();
            cursor.set_match_limit(MATCH_LIMIT);
            cursor.set_max_start_depth(Some(0));
            let mut matches = cursor.matches(&self.query, node, text.as_bytes());
            while let Some(one) = matches.next() {
                let captures = one.captures().iter().map(|capture| {
                    let name = self.query.capture_names()[capture.index as usize].to_owned();
                    let range = capture.node.byte_range();
                    (name, Span::new(range.start as u32, range.end as u32))
                });
                found.push(captures.collect());
            }
        }
        found
    }
}

/// What is wrong with a query, in words.
fn explain(error: &QueryError) -> String {
    match error.kind {
        QueryErrorKind::NodeType => format!("Python has no node `{}`", error.message.trim_matches('"')),
        QueryErrorKind::Field => format!("Python has no field `{}`", error.message.trim_matches('"')),
        QueryErrorKind::Capture => format!("nothing is captured as `{}`", error.message.trim_matches('"')),
        QueryErrorKind::Structure => "such a node cannot stand there".to_owned(),
        QueryErrorKind::Syntax => "syntax error".to_owned(),
        QueryErrorKind::Predicate | QueryErrorKind::Language => error.message.trim().to_owned(),
    }
}

/// Compiles `pattern` and gives its matches whose outermost node stands exactly at `span`.
pub fn matches(text: &str, tree: &Tree, pattern: &str, span: Span) -> Result<Vec<Captures>, String> {
    let compiled = CompiledPattern::compile(pattern).map_err(|error| error.to_string())?;
    Ok(compiled.matches(text, tree, span))
}

/// The nodes that stand exactly at `span`, the outermost first.
fn nodes_at(tree: &Tree, span: Span) -> Vec<Node<'_>> {
    let range = span.range();
    let mut nodes = Vec::new();
    let mut cursor = tree.0.walk();
    loop {
        if cursor.node().byte_range() == range {
            nodes.push(cursor.node());
        }
        // Down to the child that holds the span.
        let mut inside = cursor.goto_first_child();
        while inside && !holds(cursor.node(), &range) {
            inside = cursor.goto_next_sibling();
        }
        if !inside {
            return nodes;
        }
    }
}

fn holds(node: Node<'_>, range: &std::ops::Range<usize>) -> bool {
    node.start_byte() <= range.start && range.end <= node.end_byte() && node.start_byte() < node.end_byte()
}
