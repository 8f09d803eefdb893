//! What the analysis sees of open texts: a Python file, or the cells of a notebook one after the other.

use crate::documents::Document;
use crate::encoding;
use asyncwise_syntax::facts::Span;
use asyncwise_syntax::notebook;
use asyncwise_syntax::text::Columns;
use std::path::PathBuf;
use std::sync::Arc;
use tower_lsp::ls_types::{Position, Range, Uri};

/// An open text, or several, in the place of one file.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file, absolute; it need not be there.
    pub(crate) path: PathBuf,
    /// The document, or the notebook.
    pub(crate) uri: Uri,
    /// What is analysed.
    pub(crate) text: Arc<str>,
    pub(crate) is_notebook: bool,
    /// The texts it is made of, in order.
    pub(crate) parts: Vec<Part>,
}

/// A text in a module.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) document: Arc<Document>,
    /// Where it stands in the module.
    pub(crate) span: Span,
}

impl Module {
    /// A file.
    pub(crate) fn of_document(path: PathBuf, document: Arc<Document>) -> Self {
        let span = Span::new(0, document.text.len() as u32);
        Self {
            path,
            uri: document.uri.clone(),
            text: document.text.clone(),
            is_notebook: false,
            parts: vec![Part { document, span }],
        }
    }

    /// The code cells of a notebook.
    pub(crate) fn of_cells(path: PathBuf, uri: Uri, cells: Vec<Arc<Document>>) -> Self {
        let joined = notebook::Notebook::of_sources(cells.iter().map(|cell| &*cell.text));
        let parts = cells.into_iter().zip(&joined.cells).map(|(document, cell)| Part { document, span: cell.span });
        Self { path, uri, is_notebook: true, parts: parts.collect(), text: joined.text.into() }
    }

    /// The part that is a document.
    pub(crate) fn part(&self, uri: &Uri) -> Option<&Part> {
        self.parts.iter().find(|part| part.document.uri == *uri)
    }

    /// The part that holds a byte of the module; the line end after a cell belongs to it.
    pub(crate) fn part_at(&self, offset: u32) -> Option<&Part> {
        let at = self.parts.partition_point(|part| part.span.end < offset);
        self.parts.get(at)
    }

    /// Where a span is for the client. One that reaches over the end of its cell is cut there.
    pub(crate) fn locate(&self, span: Span, columns: Columns) -> Option<(&Part, Range)> {
        let part = self.part_at(span.start)?;
        Some((part, part.range(span, columns)))
    }
}

impl Part {
    /// The byte of the module at a position of the document.
    pub(crate) fn offset(&self, position: Position, columns: Columns) -> u32 {
        self.span.start + encoding::offset(&self.document.text, &self.document.lines, position, columns)
    }

    /// The bytes of the module at a range of the document.
    pub(crate) fn span_of(&self, range: Range, columns: Columns) -> Span {
        let span = encoding::span(&self.document.text, &self.document.lines, range, columns);
        Span::new(self.span.start + span.start, self.span.start + span.end)
    }

    /// The range in the document of a span of the module.
    pub(crate) fn range(&self, span: Span, columns: Columns) -> Range {
        let local = |offset: u32| offset.clamp(self.span.start, self.span.end) - self.span.start;
        let span = Span::new(local(span.start), local(span.end));
        encoding::range(&self.document.text, &self.document.lines, span, columns)
    }
}
