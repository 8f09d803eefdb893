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
    /// The bytes of a byte order mark, which is a character of the document and none of the module.
    skipped: u32,
}

impl Module {
    /// A file.
    pub(crate) fn of_document(path: PathBuf, document: Arc<Document>) -> Self {
        let source = without_mark(&document.text);
        let text = if source.len() < document.text.len() { source.into() } else { document.text.clone() };
        let part = Part::new(document.clone(), Span::new(0, text.len() as u32));
        Self { path, uri: document.uri.clone(), text, is_notebook: false, parts: vec![part] }
    }

    /// The code cells of a notebook.
    pub(crate) fn of_cells(path: PathBuf, uri: Uri, cells: Vec<Arc<Document>>) -> Self {
        let joined = notebook::Notebook::of_sources(cells.iter().map(|cell| without_mark(&cell.text)));
        let parts = cells.into_iter().zip(&joined.cells).map(|(document, cell)| Part::new(document, cell.span));
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
    fn new(document: Arc<Document>, span: Span) -> Self {
        let skipped = document.text.len() - without_mark(&document.text).len();
        Self { document, span, skipped: skipped as u32 }
    }

    /// The byte of the module at a position of the document.
    pub(crate) fn offset(&self, position: Position, columns: Columns) -> u32 {
        let offset = encoding::offset(&self.document.text, &self.document.lines, position, columns);
        self.span.start + offset.saturating_sub(self.skipped)
    }

    /// The bytes of the module at a range of the document.
    pub(crate) fn span_of(&self, range: Range, columns: Columns) -> Span {
        let (a, b) = (self.offset(range.start, columns), self.offset(range.end, columns));
        Span::new(a.min(b), a.max(b))
    }

    /// The range in the document of a span of the module.
    pub(crate) fn range(&self, span: Span, columns: Columns) -> Range {
        let local = |offset: u32| offset.clamp(self.span.start, self.span.end) - self.span.start + self.skipped;
        let span = Span::new(local(span.start), local(span.end));
        encoding::range(&self.document.text, &self.document.lines, span, columns)
    }
}

/// A text without a byte order mark. Files are read so, and an editor's text is to have the same findings.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
