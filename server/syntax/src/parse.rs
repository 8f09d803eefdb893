//! Text to tree: fresh parses, incremental ones, and the two things the grammar is helped with.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use tree_sitter::{InputEdit, Language, Parser, Point};

use crate::facts::{FileFacts, Span};

/// The grammar.
pub(crate) fn language() -> Language {
    tree_sitter_python::LANGUAGE.into()
}

/// The concrete syntax of a text. Offsets in it are those of the text.
#[derive(Clone, Debug)]
pub struct Tree(pub(crate) tree_sitter::Tree);

impl Tree {
    /// Whether any part of the text is not Python.
    pub fn has_error(&self) -> bool {
        self.0.root_node().has_error()
    }

    /// The tree as an S-expression, for people.
    pub fn to_sexp(&self) -> String {
        self.0.root_node().to_sexp()
    }
}

/// Parses a text from scratch.
pub fn parse(text: &str) -> Tree {
    Tree(run_parser(&for_grammar(text), None))
}

fn run_parser(text: &str, old: Option<&tree_sitter::Tree>) -> tree_sitter::Tree {
    thread_local! {
        static PARSER: RefCell<Parser> = RefCell::new({
            let mut parser = Parser::new();
            // The grammar and the library are pinned together; a test parses.
            parser.set_language(&language()).expect("the grammar's version suits the library");
            parser
        });
    }
    // A parse ends without a tree only when it is cancelled or without a language.
    PARSER.with_borrow_mut(|parser| parser.parse(text, old)).expect("a parser with a language gives a tree")
}

/// One replacement in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What is replaced, in the text before this edit; on character boundaries.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A text with its tree, replaced whole by each edit.
#[derive(Clone, Debug)]
pub struct ParsedFile {
    text: Arc<str>,
    tree: Tree,
    /// The grammar saw the text itself, so that an edit changes nothing outside its span.
    is_verbatim: bool,
}

impl ParsedFile {
    /// Parses from scratch.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let seen = for_grammar(&text);
        let is_verbatim = matches!(seen, Cow::Borrowed(_));
        let tree = Tree(run_parser(&seen, None));
        drop(seen);
        Self { text, tree, is_verbatim }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What the text says.
    pub fn facts(&self) -> FileFacts {
        crate::lower::lower(&self.text, &self.tree)
    }

    /// Applies edits one after the other, each in the text the one before left, and parses what changed.
    ///
    /// Where the tree has no error it equals that of [`ParsedFile::new`]; with errors it may differ, so verify
    /// those with a fresh parse when there is time. Spans that lie outside the text are cut to it.
    pub fn edit(&self, edits: &[Edit]) -> Self {
        let mut text = self.text.to_string();
        let mut old = self.tree.0.clone();
        for edit in edits {
            let (start, end) = (floor_boundary(&text, edit.span.start), floor_boundary(&text, edit.span.end));
            let end = end.max(start);
            let start_position = point_at(&text, start);
            let old_end_position = point_at(&text, end);
            text.replace_range(start..end, &edit.text);
            let new_end = start + edit.text.len();
            old.edit(&InputEdit {
                start_byte: start,
                old_end_byte: end,
                new_end_byte: new_end,
                start_position,
                old_end_position,
                new_end_position: point_at(&text, new_end),
            });
        }
        let seen = for_grammar(&text);
        let is_verbatim = matches!(seen, Cow::Borrowed(_));
        let reusable = self.is_verbatim && is_verbatim;
        let tree = Tree(run_parser(&seen, reusable.then_some(&old)));
        drop(seen);
        Self { text: text.into(), tree, is_verbatim }
    }
}

fn floor_boundary(text: &str, offset: u32) -> usize {
    text.floor_char_boundary((offset as usize).min(text.len()))
}

fn point_at(text: &str, offset: usize) -> Point {
    let before = &text.as_bytes()[..offset];
    let row = before.iter().filter(|&&b| b == b'\n').count();
    let column = before.iter().rev().take_while(|&&b| b != b'\n').count();
    Point { row, column }
}

/// The text as the grammar is shown it, of the same length byte for byte.
///
/// The grammar knows neither a lone `\r` as the end of a line nor defaults of type parameters (PEP 696); it is shown
/// `\n` and blanks in their place.
fn for_grammar(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut changed: Option<Vec<u8>> = None;
    for (i, &b) in bytes.iter().enumerate() {
        if b == b'\r' && bytes.get(i + 1) != Some(&b'\n') {
            changed.get_or_insert_with(|| bytes.to_vec())[i] = b'\n';
        } else if b == b'[' && opens_type_parameters(bytes, i) {
            for default in type_parameter_defaults(bytes, i) {
                let out = changed.get_or_insert_with(|| bytes.to_vec());
                for byte in &mut out[default] {
                    if *byte != b'\n' && *byte != b'\r' {
                        *byte = b' ';
                    }
                }
            }
        }
    }
    match changed.map(String::from_utf8) {
        Some(Ok(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(text),
    }
}

/// Whether the bracket at `at` follows `def name`, `class name` or `type name`.
fn opens_type_parameters(bytes: &[u8], at: usize) -> bool {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
    let blank = |b: &u8| *b == b' ' || *b == b'\t';
    let mut end = at;
    let mut words = [&bytes[..0]; 2];
    for word in &mut words {
        while end > 0 && blank(&bytes[end - 1]) {
            end -= 1;
        }
        let mut start = end;
        while start > 0 && is_word(&bytes[start - 1]) {
            start -= 1;
        }
        *word = &bytes[start..end];
        end = start;
    }
    !words[0].is_empty() && matches!(words[1], b"def" | b"class" | b"type")
}

/// Where `= default` stands in the type parameters that open at `open`; nothing when they are not plain enough to tell.
fn type_parameter_defaults(bytes: &[u8], open: usize) -> Vec<std::ops::Range<usize>> {
    let mut defaults = Vec::new();
    let mut started = None;
    let mut depth = 0u32;
    for (i, &b) in bytes.iter().enumerate().skip(open).take(MAX_TYPE_PARAMETERS) {
        match b {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' | b',' => {
                if b != b',' {
                    depth -= 1;
                }
                if depth == 0 || (b == b',' && depth == 1) {
                    if let Some(start) = started.take() {
                        defaults.push(start..i);
                    }
                }
                if depth == 0 {
                    return defaults;
                }
            }
            b'=' if depth == 1 && started.is_none() => started = Some(i),
            b'"' | b'\'' | b'#' | b'\\' | b';' => return Vec::new(),
            _ => {}
        }
    }
    Vec::new()
}

/// How many bytes of type parameters are looked at, so that a bracket that never closes costs little.
const MAX_TYPE_PARAMETERS: usize = 4096;
