//! Jupyter notebooks: the code cells as one module, and edits of the module as edits of the cells.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::facts::Span;
use crate::magics::blank_magics;
use crate::parse::Edit;
use crate::text::LineIndex;

/// The code of a notebook as one module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notebook {
    /// The cells one after the other, each followed by a line end; magics are blanked, so that what is left is Python.
    pub text: String,
    /// The code cells, in order.
    pub cells: Vec<Cell>,
    /// The notebook does not say that its language is another.
    pub is_python: bool,
}

/// A code cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// Its position among all cells of the notebook, from 0.
    pub index: u32,
    /// Where it stands in the module, without the line end after it.
    pub span: Span,
    /// Its source as written, magics included; as long as its span.
    pub source: String,
}

/// Why a notebook cannot be read or written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotebookError {
    /// The byte of the JSON text, or for an edit that of the module.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for NotebookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for NotebookError {}

fn push_cell(text: &mut String, cells: &mut Vec<Cell>, index: u32, source: String) {
    let start = text.len() as u32;
    text.push_str(&blank_magics(&source));
    cells.push(Cell { index, span: Span::new(start, text.len() as u32), source });
    text.push('\n');
}

#[derive(Deserialize)]
struct RawNotebook<'a> {
    #[serde(borrow)]
    cells: Vec<RawCell<'a>>,
    #[serde(default)]
    metadata: serde_json::Value,
}

#[derive(Deserialize)]
struct RawCell<'a> {
    cell_type: String,
    #[serde(borrow)]
    source: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Lines(Vec<String>),
    Text(String),
}

impl Source {
    fn text(self) -> String {
        match self {
            Self::Lines(lines) => lines.concat(),
            Self::Text(text) => text,
        }
    }
}

impl RawNotebook<'_> {
    fn is_python(&self) -> bool {
        let name = |path: &str| self.metadata.pointer(path).and_then(|name| name.as_str());
        name("/language_info/name")
            .or_else(|| name("/kernelspec/language"))
            .is_none_or(|name| name.to_ascii_lowercase().trim_start_matches('i').starts_with("python"))
    }
}

impl Notebook {
    /// The module of code cells whose sources an editor holds, in order; their indices count these cells.
    pub fn of_sources<'a>(sources: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut text, mut cells) = (String::new(), Vec::new());
        for (index, source) in sources.into_iter().enumerate() {
            push_cell(&mut text, &mut cells, index as u32, source.to_owned());
        }
        Self { text, cells, is_python: true }
    }

    /// Reads the JSON of a notebook (nbformat 4).
    pub fn parse(json: &str) -> Result<Self, NotebookError> {
        let raw = read(json)?;
        let is_python = raw.is_python();
        let (mut text, mut cells) = (String::new(), Vec::new());
        for (index, cell) in raw.cells.iter().enumerate() {
            if cell.cell_type != "code" {
                continue;
            }
            let source = source_of(json, cell)?;
            push_cell(&mut text, &mut cells, index as u32, source);
        }
        Ok(Self { text, cells, is_python })
    }

    /// The cell that holds a byte of the module; the line end after a cell belongs to it.
    pub fn cell_at(&self, offset: u32) -> Option<&Cell> {
        let at = self.cells.partition_point(|cell| cell.span.end < offset);
        self.cells.get(at)
    }

    /// The position of the cell among all cells, and the line in it, both from 0.
    pub fn locate(&self, offset: u32) -> Option<(u32, u32)> {
        let cell = self.cell_at(offset)?;
        let line = LineIndex::new(&cell.source).line(offset.saturating_sub(cell.span.start));
        Some((cell.index, line))
    }

    /// Where the lines of the code of a cell begin that may be edited: after the line of a cell magic.
    fn first_editable(cell: &Cell) -> u32 {
        let skipped = match cell.source.trim_start().starts_with("%%") {
            true => cell.source.find('\n').map_or(cell.source.len(), |at| at + 1),
            false => 0,
        };
        cell.span.start + skipped as u32
    }
}

fn read(json: &str) -> Result<RawNotebook<'_>, NotebookError> {
    serde_json::from_str(json).map_err(|error| {
        let line = LineIndex::new(json).line_span(error.line().saturating_sub(1) as u32);
        let offset = line.start as usize + error.column().saturating_sub(1);
        let offset = crate::text::floor_boundary(json, offset as u32);
        NotebookError { offset, message: format!("not a notebook: {error}") }
    })
}

fn source_of(json: &str, cell: &RawCell<'_>) -> Result<String, NotebookError> {
    serde_json::from_str::<Source>(cell.source.get()).map(Source::text).map_err(|_| NotebookError {
        offset: range_in(json, cell.source.get()).start,
        message: "the source of a cell is neither text nor lines of text".to_owned(),
    })
}

/// Where a part of a text that was borrowed from it stands.
fn range_in(whole: &str, part: &str) -> std::ops::Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// Applies edits of the module to the JSON of its notebook. Everything but the sources of the edited cells stays as it is, byte for
/// byte; those keep their layout.
///
/// The edits are in offsets of [`Notebook::text`], and do not overlap. One that reaches over the end of its cell is cut there;
/// one whose two ends lie in the code of different cells is refused.
pub fn apply_edits(json: &str, edits: &[Edit]) -> Result<String, NotebookError> {
    let notebook = Notebook::parse(json)?;
    let raw = read(json)?;
    let mut sources: Vec<Option<String>> = vec![None; notebook.cells.len()];
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    for pair in sorted.windows(2) {
        if pair[1].span.start < pair[0].span.end {
            return Err(edit_error(pair[1], "edits overlap"));
        }
    }
    // From the last to the first, so that offsets hold.
    for edit in sorted.into_iter().rev() {
        let at = notebook.cells.partition_point(|cell| cell.span.end < edit.span.start);
        let cell = notebook.cells.get(at).ok_or_else(|| edit_error(edit, "the edit lies behind the last cell"))?;
        if edit.span.end > cell.span.end + 1 {
            return Err(edit_error(edit, "the edit reaches into another cell"));
        }
        let first = Notebook::first_editable(cell);
        let start = edit.span.start.max(first).min(cell.span.end) - cell.span.start;
        let end = edit.span.end.max(first).min(cell.span.end) - cell.span.start;
        let source = sources[at].get_or_insert_with(|| cell.source.clone());
        let range = start as usize..end.max(start) as usize;
        if !source.is_char_boundary(range.start) || !source.is_char_boundary(range.end) {
            return Err(edit_error(edit, "the edit begins or ends inside a character"));
        }
        source.replace_range(range, &edit.text);
    }
    let mut out = json.to_owned();
    for (cell, source) in notebook.cells.iter().zip(sources).rev() {
        if let (Some(source), Some(raw)) = (source, raw.cells.get(cell.index as usize)) {
            let old = raw.source.get();
            out.replace_range(range_in(json, old), &written_like(old, &source));
        }
    }
    Ok(out)
}

fn edit_error(edit: &Edit, message: &str) -> NotebookError {
    NotebookError { offset: edit.span.start as usize, message: message.to_owned() }
}

/// A source as JSON in the layout of the one it replaces: one string, or a list with one line each.
fn written_like(old: &str, source: &str) -> String {
    if !old.starts_with('[') {
        return quoted(source);
    }
    let lines: Vec<String> = source.split_inclusive('\n').map(quoted).collect();
    if lines.is_empty() {
        return "[]".to_owned();
    }
    let blanks = |text: &str| -> String { text.chars().take_while(|c| c.is_ascii_whitespace()).collect() };
    let before = blanks(&old[1..]);
    let inside = old[1..].trim_start();
    if inside.starts_with(']') {
        // An empty list says nothing of the layout.
        return format!("[{}]", lines.join(", "));
    }
    let last: String = blanks(&old.trim_end_matches(']').chars().rev().collect::<String>()).chars().rev().collect();
    let comma = if before.is_empty() { ", ".to_owned() } else { format!(",{before}") };
    format!("[{before}{}{last}]", lines.join(&comma))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
