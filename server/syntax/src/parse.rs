//! Text to tree: fresh parses, incremental ones, and the two things the grammar is helped with.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use tree_sitter::{InputEdit, Language, Parser, Point};

use crate::facts::{FileFacts, Span};
use crate::lower::{Lowered, Units, lower_after, lower_units};
use crate::text::floor_boundary;

/// How many bytes of type parameters are looked at, so that a bracket that never closes costs little.
const MAX_TYPE_PARAMETERS: usize = 4096;

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
    Tree(run_parser(for_grammar(text).as_deref().unwrap_or(text), None))
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

impl Edit {
    /// The one replacement that makes `new` of `old`: what stands between their common start and their common end, on
    /// character boundaries. None when they are equal.
    pub fn between(old: &str, new: &str) -> Option<Self> {
        let (a, b) = (old.as_bytes(), new.as_bytes());
        let mut start = common_start(a, b);
        if start == a.len() && start == b.len() {
            return None;
        }
        while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
        while !old.is_char_boundary(a.len() - end) || !new.is_char_boundary(b.len() - end) {
            end -= 1;
        }
        let span = Span::new(start as u32, (a.len() - end) as u32);
        Some(Self { span, text: new[start..b.len() - end].to_owned() })
    }
}

/// A text with its tree, replaced whole by each edit.
#[derive(Clone, Debug)]
pub struct ParsedFile {
    text: Arc<str>,
    tree: Tree,
    /// What the grammar was shown, where that is not the text itself.
    shown: Option<Box<str>>,
    /// What the facts of the next text may be made from, once those of this one were asked for.
    units: OnceLock<Arc<Units>>,
}

impl ParsedFile {
    /// Parses from scratch.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let shown = for_grammar(&text).map(String::into_boxed_str);
        let tree = Tree(run_parser(shown.as_deref().unwrap_or(&text), None));
        Self { text, tree, shown, units: OnceLock::new() }
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
        self.keep(lower_units(&self.text, &self.tree))
    }

    /// What the text says, the same as [`ParsedFile::facts`], faster the more of it stands in another text too.
    ///
    /// `old_facts` are what `old.facts()` or `old.facts_after(..)` gave. It takes about a millisecond after a small edit of
    /// a long file.
    pub fn facts_after(&self, old: &Self, old_facts: &FileFacts) -> FileFacts {
        let Some(units) = old.units.get() else { return self.facts() };
        let old = Lowered { text: &old.text, shown: old.shown(), facts: old_facts, units };
        self.keep(lower_after(&self.text, self.shown(), &self.tree, old))
    }

    fn keep(&self, (facts, units): (FileFacts, Units)) -> FileFacts {
        self.units.get_or_init(|| Arc::new(units));
        facts
    }

    /// What the grammar was shown.
    pub(crate) fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.text)
    }

    /// Applies edits one after the other, each in the text the one before left, and parses what changed.
    ///
    /// Where the tree has no error it equals that of [`ParsedFile::new`]; with errors it may differ, so verify
    /// those with a fresh parse when there is time. Spans that lie outside the text are cut to it.
    pub fn edit(&self, edits: &[Edit]) -> Self {
        let mut text = Cow::Borrowed(&*self.text);
        let mut old = self.tree.0.clone();
        for edit in edits {
            let start = floor_boundary(&text, edit.span.start);
            let end = floor_boundary(&text, edit.span.end).max(start);
            let after = [&text[..start], &edit.text, &text[end..]].concat();
            let change = Change { start, old_end: end, new_end: start + edit.text.len() }.with_line_ends(&text);
            old.edit(&change.in_texts(&text, &after));
            text = Cow::Owned(after);
        }
        let shown = for_grammar(&text).map(String::into_boxed_str);
        if self.shown.is_some() || shown.is_some() {
            // What the grammar is shown may change outside the edits: compare.
            let before = self.shown.as_deref().unwrap_or(&self.text);
            let after = shown.as_deref().unwrap_or(&text);
            old = self.tree.0.clone();
            if let Some(edit) = Edit::between(before, after) {
                old.edit(&Change::of(&edit).with_line_ends(before).in_texts(before, after));
            }
        }
        let tree = Tree(run_parser(shown.as_deref().unwrap_or(&text), Some(&old)));
        Self { text: text.into(), tree, shown, units: OnceLock::new() }
    }
}

/// One replacement, as byte offsets.
struct Change {
    start: usize,
    old_end: usize,
    new_end: usize,
}

impl Change {
    /// Of an edit whose span lies on character boundaries.
    fn of(edit: &Edit) -> Self {
        let start = edit.span.start as usize;
        Self { start, old_end: edit.span.end as usize, new_end: start + edit.text.len() }
    }

    /// Lets a change that touches the first token of a line begin where the line before ends, and one that touches the last
    /// token of a line end where the next line begins. The tokens between, which say how blocks begin and end, are then
    /// made anew; without that the parser often trusts nothing that follows, and parses the rest of the file again
    /// (measured: 20 ms in place of 5 on a file of 140 kB).
    fn with_line_ends(mut self, before: &str) -> Self {
        let head = before[..self.start].trim_ascii_end().len();
        if before[head..self.start].contains('\n') {
            self.start = floor_boundary(before, head.saturating_sub(1) as u32);
        }
        let rest = before[self.old_end..].trim_ascii_start();
        let next_line = before.len() - rest.len();
        if before[self.old_end..next_line].contains('\n') {
            let more = next_line - self.old_end + rest.chars().next().map_or(0, char::len_utf8);
            self.old_end += more;
            self.new_end += more;
        }
        self
    }

    fn in_texts(&self, before: &str, after: &str) -> InputEdit {
        let start = moved_over(Point { row: 0, column: 0 }, &before.as_bytes()[..self.start]);
        InputEdit {
            start_byte: self.start,
            old_end_byte: self.old_end,
            new_end_byte: self.new_end,
            start_position: start,
            old_end_position: moved_over(start, &before.as_bytes()[self.start..self.old_end]),
            new_end_position: moved_over(start, &after.as_bytes()[self.start..self.new_end]),
        }
    }
}

/// How many bytes two texts have in common at their start.
fn common_start(a: &[u8], b: &[u8]) -> usize {
    const CHUNK: usize = 64;
    let equal = a.chunks_exact(CHUNK).zip(b.chunks_exact(CHUNK)).take_while(|(x, y)| x == y).count() * CHUNK;
    equal + a[equal..].iter().zip(&b[equal..]).take_while(|(x, y)| x == y).count()
}

/// Where a text ends that starts at `start`.
fn moved_over(start: Point, text: &[u8]) -> Point {
    match memchr::memrchr(b'\n', text) {
        Some(last) => {
            let row = start.row + memchr::memchr_iter(b'\n', text).count();
            Point { row, column: text.len() - last - 1 }
        }
        None => Point { row: start.row, column: start.column + text.len() },
    }
}

/// The text as the grammar is shown it, of the same length byte for byte; none when it is the text itself.
///
/// The grammar knows neither a lone `\r` as the end of a line nor defaults of type parameters (PEP 696): it is shown
/// `\n` and blanks in their place. A statement that begins with `type(` it takes for a type alias: it is shown another name.
fn for_grammar(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut changed: Option<Vec<u8>> = None;
    let mut show = |range: std::ops::Range<usize>, byte: u8| {
        let out = changed.get_or_insert_with(|| bytes.to_vec());
        out[range].iter_mut().filter(|old| !matches!(old, b'\n' | b'\r') || byte == b'\n').for_each(|old| *old = byte);
    };
    for open in memchr::memchr_iter(b'[', bytes).filter(|&open| opens_type_parameters(bytes, open)) {
        type_parameter_defaults(bytes, open).into_iter().for_each(|default| show(default, b' '));
    }
    for word in memchr::memmem::find_iter(bytes, b"type") {
        if is_called_at_start(bytes, word) {
            show(word..word + 1, b'T');
        }
    }
    for end in memchr::memchr_iter(b'\r', bytes).filter(|end| bytes.get(end + 1) != Some(&b'\n')) {
        show(end..end + 1, b'\n');
    }
    changed.and_then(|bytes| String::from_utf8(bytes).ok())
}

/// Whether a statement begins with the `type` at `start`, and a parenthesis follows, perhaps behind one blank.
fn is_called_at_start(bytes: &[u8], start: usize) -> bool {
    let after = &bytes[start + b"type".len()..];
    let is_called = match after {
        [b'(', ..] => true,
        [blank, b'(', ..] => blank.is_ascii_whitespace(),
        _ => false,
    };
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\x0c');
    let separates = |b: &u8| matches!(b, b'\n' | b'\r' | b';' | b':');
    let touches_word = bytes[..start].last().is_some_and(|b| !is_blank(b) && !separates(b));
    is_called && !touches_word && bytes[..start].iter().rev().find(|b| !is_blank(b)).is_none_or(separates)
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
                    defaults.extend(started.take().map(|start| start..i));
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
