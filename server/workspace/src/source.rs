//! A file's bytes as the text that is analysed, and back: encodings, byte order marks, line ends, notebooks.

use crate::encode::encode;
use crate::problem::Problem;
use asyncwise_syntax::facts::{FileFacts, Span};
use asyncwise_syntax::notebook::{self, Cell, Notebook};
use asyncwise_syntax::text::{self, Columns, LineIndex};
use std::path::Path;
use std::sync::Arc;

/// A file that was read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    /// The text that is analysed. Of a notebook, its code cells one after the other with the magics blanked.
    pub text: Arc<str>,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Module { encoding: Arc<str>, has_bom: bool },
    Notebook { json: Arc<str>, has_bom: bool, cells: Arc<[Cell]>, shown: Arc<str> },
}

/// A place in a file as a person reads it, from 1.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The cell among all cells of a notebook; lines are then lines of that cell.
    pub cell: Option<usize>,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What stands in front of a UTF-8 text that says so.
const BOM: char = '\u{feff}';

impl Source {
    /// From the bytes of the file at `path`, whose name says whether it is a notebook.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        if path.extension().is_some_and(|end| end == "ipynb") {
            return Self::decode_notebook(path, bytes);
        }
        let decoded = text::decode(bytes).map_err(|error| Problem::error(path, format!("it is left out: {error}")))?;
        let form = Form::Module { encoding: decoded.encoding.into(), has_bom: decoded.has_bom };
        Ok(Self { text: decoded.text.into(), form })
    }

    fn decode_notebook(path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        let all = std::str::from_utf8(bytes).map_err(|_| {
            Problem::error(path, "is not UTF-8, as a notebook must be")
                .advise("it is left out; save it anew with Jupyter")
        })?;
        let json = all.strip_prefix(BOM).unwrap_or(all);
        let notebook = Notebook::parse(json).map_err(|error| {
            let problem = Problem::error(path, format!("is not a notebook: {}", error.message));
            problem.at(json, error.offset).advise("it is left out; save it anew with Jupyter")
        })?;
        Ok(Self::of_notebook(json, json.len() < all.len(), notebook))
    }

    /// A notebook in another language has no code here.
    fn of_notebook(json: &str, has_bom: bool, notebook: Notebook) -> Self {
        let (text, cells) = if notebook.is_python { (notebook.text, notebook.cells) } else { Default::default() };
        let mut shown = String::with_capacity(text.len());
        for cell in &cells {
            shown.push_str(text.get(shown.len()..cell.span.start as usize).unwrap_or_default());
            shown.push_str(&cell.source);
        }
        shown.push_str(text.get(shown.len()..).unwrap_or_default());
        let form = Form::Notebook { json: json.into(), has_bom, cells: cells.into(), shown: shown.into() };
        Self { text: text.into(), form }
    }

    /// After edits of the text, which are sorted and do not overlap. New lines end as those of the file do.
    pub fn edited(&self, edits: &[(Span, String)]) -> Result<Self, String> {
        match &self.form {
            Form::Module { .. } => {
                let text = apply(&self.text, edits, line_end(&self.text));
                Ok(Self { text: text.into(), form: self.form.clone() })
            }
            Form::Notebook { json, has_bom, .. } => {
                let edits: Vec<asyncwise_syntax::Edit> = edits
                    .iter()
                    .map(|(span, text)| asyncwise_syntax::Edit { span: *span, text: text.clone() })
                    .collect();
                let json = notebook::apply_edits(json, &edits).map_err(|error| error.message)?;
                let notebook = Notebook::parse(&json).map_err(|error| error.message)?;
                Ok(Self::of_notebook(&json, *has_bom, notebook))
            }
        }
    }

    /// The bytes to write.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        let (text, encoding, has_bom) = match &self.form {
            Form::Module { encoding, has_bom } => (&self.text, &**encoding, has_bom),
            Form::Notebook { json, has_bom, .. } => (json, "utf-8", has_bom),
        };
        match has_bom {
            true => Ok(format!("{BOM}{text}").into_bytes()),
            false => encode(text, encoding),
        }
    }

    /// The text a person sees in the file: of a notebook its JSON.
    pub fn readable(&self) -> &str {
        match &self.form {
            Form::Module { .. } => &self.text,
            Form::Notebook { json, .. } => json,
        }
    }

    /// The text at the same offsets as [`Self::text`], as a person wrote it: with the magics of a notebook.
    pub fn shown(&self) -> &str {
        match &self.form {
            Form::Module { .. } => &self.text,
            Form::Notebook { shown, .. } => shown,
        }
    }

    /// Whether it is a notebook.
    pub fn is_notebook(&self) -> bool {
        matches!(self.form, Form::Notebook { .. })
    }

    /// Its lines.
    pub fn lines(&self) -> Lines<'_> {
        Lines { source: self, index: LineIndex::new(&self.text) }
    }

    fn cell_at(&self, offset: u32) -> Option<&Cell> {
        let Form::Notebook { cells, .. } = &self.form else { return None };
        cells.get(cells.partition_point(|cell| cell.span.end < offset)).or(cells.last())
    }
}

/// Turns byte offsets into places.
#[derive(Debug)]
pub struct Lines<'s> {
    source: &'s Source,
    index: LineIndex,
}

impl Lines<'_> {
    /// The place of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        self.position_in(self.source.cell_at(offset), offset)
    }

    fn position_in(&self, cell: Option<&Cell>, offset: u32) -> Position {
        let at = self.index.position(&self.source.text, offset, Columns::Chars);
        let first = cell.map_or(0, |cell| self.index.line(cell.span.start));
        Position {
            cell: cell.map(|cell| cell.index as usize + 1),
            line: at.line.saturating_sub(first) as usize + 1,
            column: at.column as usize + 1,
        }
    }

    /// Where a span starts and ends; in a notebook both in the cell it starts in.
    pub fn range(&self, span: Span) -> (Position, Position) {
        let cell = self.source.cell_at(span.start);
        let end = cell.map_or(span.end, |cell| span.end.min(cell.span.end)).max(span.start);
        (self.position_in(cell, span.start), self.position_in(cell, end))
    }

    /// The lines a span touches, whole but without the last line end, and the number of the first.
    pub fn excerpt(&self, span: Span) -> (Span, usize) {
        let first = self.index.line(span.start);
        let last = self.index.line(span.end.max(span.start + 1) - 1);
        let start = self.index.line_span(first).start;
        let len = self.index.line_text(&self.source.text, last).len() as u32;
        let end = self.index.line_span(last).start + len;
        (Span::new(start, end.max(start)), self.range(span).0.line)
    }
}

/// What a text says.
pub fn facts(text: &str) -> FileFacts {
    asyncwise_syntax::facts(text)
}

/// How the first line ends.
fn line_end(text: &str) -> &'static str {
    match text.find(['\r', '\n']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}

fn apply(text: &str, edits: &[(Span, String)], line_end: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        let start = (span.start as usize).max(at);
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&new.replace("\r\n", "\n").replace('\n', line_end));
        at = (span.end as usize).max(start);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(bytes: &[u8]) -> Source {
        Source::decode(Path::new("/x/a.py"), bytes).unwrap()
    }

    fn edit(source: &Source, at: &str, new: &str) -> Source {
        let start = source.text.find(at).unwrap() as u32;
        source.edited(&[(Span::new(start, start + at.len() as u32), new.to_owned())]).unwrap()
    }

    #[test]
    fn an_edit_leaves_the_rest_of_the_bytes_alone() {
        let cases: [(&[u8], &str, &str, &[u8]); 4] = [
            (b"a\r\nb\r\n", "b", "c\nd", b"a\r\nc\r\nd\r\n"),
            (b"\xef\xbb\xbfa\n", "a", "\u{e9}", b"\xef\xbb\xbf\xc3\xa9\n"),
            (b"# coding: latin-1\n'\xe9'\n", "'", "\u{e8}'", b"# coding: latin-1\n\xe8'\xe9'\n"),
            (b"# coding: cp1252\n'\x80'\n", "'", "''", b"# coding: cp1252\n''\x80'\n"),
        ];
        for (before, at, new, after) in cases {
            assert_eq!(edit(&module(before), at, new).encode().unwrap(), after);
        }
    }

    #[test]
    fn what_the_encoding_cannot_say_is_refused() {
        let changed = edit(&module(b"# coding: latin-1\na\xe9\n"), "a", "\u{20ac}");
        assert_eq!(changed.encode().unwrap_err(), "the new text cannot be written as latin-1");
    }

    #[test]
    fn places_in_a_notebook_are_places_in_cells() {
        let json = r#"{"cells": [
            {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1"]},
            {"cell_type": "markdown", "source": "t"},
            {"cell_type": "code", "source": ["\n", "f(\n", ")"]}], "metadata": {}}"#;
        let source = Source::decode(Path::new("/x/n.ipynb"), json.as_bytes()).unwrap();
        let start = source.text.find("f(").unwrap() as u32;
        let lines = source.lines();
        let at = |line, column| Position { cell: Some(3), line, column };
        assert_eq!(lines.range(Span::new(start, start + 4)), (at(2, 1), at(3, 2)));
        assert_eq!(lines.range(Span::new(start, start + 5)).1, at(3, 2), "the end stays in the cell");
        assert!(source.shown().starts_with("%matplotlib inline\nx = 1\n"));
        let changed = edit(&source, "f(", "await f(");
        assert!(changed.text.contains("\nawait f(\n)"));
        assert!(changed.readable().contains(r#""await f(\n""#), "{}", changed.readable());
    }

    #[test]
    fn excerpts_are_whole_lines() {
        let source = module("a\r\n\tb(\u{e9})\r\nc".as_bytes());
        let lines = source.lines();
        let text = |start, end| {
            let (span, line) = lines.excerpt(Span::new(start, end));
            (&source.text[span.range()], line)
        };
        assert_eq!(text(4, 5), ("\tb(\u{e9})", 2));
        assert_eq!(text(0, 12), ("a\r\n\tb(\u{e9})\r\nc", 1));
        assert_eq!(text(11, 11), ("c", 3));
    }
}
