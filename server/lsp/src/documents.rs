//! The texts that the client holds. One writer changes them: the handlers of `did...` notifications, in the order of the
//! wire. Readers hold a [`Document`], which never changes.

use crate::encoding;
use crate::module::Module;
use crate::uri;
use asyncwise_syntax::text::{Columns, LineIndex};
use dashmap::DashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tower_lsp::ls_types::{
    NotebookCell, NotebookCellKind, NotebookDocument, TextDocumentContentChangeEvent, TextDocumentItem, Uri,
    VersionedTextDocumentIdentifier,
};
use tracing::warn;

/// The version that a text is given on the way in whose client tells none. No client counts down to it.
pub(crate) const UNVERSIONED: i32 = i32::MIN;

/// One state of a text.
#[derive(Debug)]
pub(crate) struct Document {
    /// As the client writes it.
    pub(crate) uri: Uri,
    /// The client's number of this state, where it counts them. What counts here is the order of the messages.
    pub(crate) version: Option<i32>,
    /// Different for every state of every document, also after one was closed and opened again.
    pub(crate) stamp: u64,
    pub(crate) text: Arc<str>,
    pub(crate) lines: LineIndex,
    pub(crate) is_python: bool,
    /// The notebook whose cell it is.
    pub(crate) notebook: Option<Uri>,
}

/// A notebook: the order of its cells.
#[derive(Clone, Debug)]
pub(crate) struct Notebook {
    uri: Uri,
    cells: Vec<NotebookCell>,
}

/// All open texts, by the client's URI.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    texts: DashMap<String, Arc<Document>>,
    notebooks: DashMap<String, Arc<Notebook>>,
    stamps: AtomicU64,
}

impl Documents {
    /// The current state of a text.
    pub(crate) fn get(&self, uri: &Uri) -> Option<Arc<Document>> {
        self.texts.get(uri.as_str()).map(|found| found.clone())
    }

    /// Takes in a text. One that is open already is replaced: a client that lost count must not keep an old text.
    pub(crate) fn open(&self, item: TextDocumentItem, notebook: Option<Uri>) -> Arc<Document> {
        if self.texts.contains_key(item.uri.as_str()) && notebook.is_none() {
            warn!(uri = item.uri.as_str(), "opened again without having been closed");
        }
        let is_python = item.language_id == "python" || uri::is_python_source(&item.uri);
        let lines = LineIndex::new(&item.text);
        let document = Arc::new(Document {
            uri: item.uri,
            version: told(item.version),
            stamp: self.next_stamp(),
            text: item.text.into(),
            lines,
            is_python,
            notebook,
        });
        self.texts.insert(document.uri.as_str().to_owned(), document.clone());
        document
    }

    /// Applies edits, each in the text that the one before left. None for a text that is not open.
    pub(crate) fn change(
        &self,
        id: &VersionedTextDocumentIdentifier,
        changes: Vec<TextDocumentContentChangeEvent>,
        columns: Columns,
    ) -> Option<Arc<Document>> {
        let Some(old) = self.get(&id.uri) else {
            warn!(uri = id.uri.as_str(), "an edit of a text that is not open");
            return None;
        };
        if old.version.is_some_and(|old| id.version != old.wrapping_add(1)) {
            // The protocol wants versions that count up, not that they count by one.
            let (from, to) = (old.version, id.version);
            tracing::debug!(uri = id.uri.as_str(), from, to, "the version skips or goes back");
        }
        let (text, lines) = edited(&old, changes, columns);
        let document = Arc::new(Document {
            uri: old.uri.clone(),
            version: told(id.version),
            stamp: self.next_stamp(),
            text,
            lines,
            is_python: old.is_python,
            notebook: old.notebook.clone(),
        });
        self.texts.insert(document.uri.as_str().to_owned(), document.clone());
        Some(document)
    }

    /// Forgets a text.
    pub(crate) fn close(&self, uri: &Uri) -> Option<Arc<Document>> {
        let closed = self.texts.remove(uri.as_str()).map(|(_, document)| document);
        if closed.is_none() {
            warn!(uri = uri.as_str(), "closed, and was not open");
        }
        closed
    }

    /// Takes in a notebook and the texts of its cells.
    pub(crate) fn open_notebook(&self, notebook: NotebookDocument, cells: Vec<TextDocumentItem>) {
        let uri = notebook.uri;
        for cell in cells {
            self.open(cell, Some(uri.clone()));
        }
        self.notebooks.insert(uri.as_str().to_owned(), Arc::new(Notebook { uri, cells: notebook.cells }));
    }

    /// Replaces a part of the list of cells. False for a notebook that is not open.
    pub(crate) fn splice_cells(&self, uri: &Uri, start: u32, deleted: u32, new: Vec<NotebookCell>) -> bool {
        let Some(mut notebook) = self.notebooks.get_mut(uri.as_str()) else {
            warn!(uri = uri.as_str(), "a change of a notebook that is not open");
            return false;
        };
        let mut changed = Notebook::clone(&notebook);
        let start = (start as usize).min(changed.cells.len());
        let end = start.saturating_add(deleted as usize).min(changed.cells.len());
        changed.cells.splice(start..end, new);
        *notebook = Arc::new(changed);
        true
    }

    /// Replaces what is known of cells, such as their kind.
    pub(crate) fn update_cells(&self, uri: &Uri, cells: Vec<NotebookCell>) {
        if let Some(mut notebook) = self.notebooks.get_mut(uri.as_str()) {
            let mut changed = Notebook::clone(&notebook);
            for cell in cells {
                if let Some(known) = changed.cells.iter_mut().find(|known| known.document == cell.document) {
                    *known = cell;
                }
            }
            *notebook = Arc::new(changed);
        }
    }

    /// Forgets a notebook; its cells are closed one by one.
    pub(crate) fn close_notebook(&self, uri: &Uri) {
        if self.notebooks.remove(uri.as_str()).is_none() {
            warn!(uri = uri.as_str(), "closed, and was not open");
        }
    }

    /// The Python cells of a notebook as one module. None when it is not open or lies where nothing is checked.
    pub(crate) fn notebook_module(&self, uri: &Uri, path: PathBuf) -> Option<Module> {
        let notebook = self.notebooks.get(uri.as_str())?.clone();
        let code = notebook.cells.iter().filter(|cell| cell.kind == NotebookCellKind::CODE);
        let cells = code.filter_map(|cell| self.get(&cell.document)).filter(|cell| cell.is_python);
        Some(Module::of_cells(path, notebook.uri.clone(), cells.collect()))
    }

    /// Every open text that is no cell.
    pub(crate) fn all(&self) -> Vec<Arc<Document>> {
        self.texts.iter().map(|entry| entry.value().clone()).filter(|document| document.notebook.is_none()).collect()
    }

    /// Every open notebook.
    pub(crate) fn notebooks(&self) -> Vec<Uri> {
        self.notebooks.iter().map(|entry| entry.value().uri.clone()).collect()
    }

    fn next_stamp(&self) -> u64 {
        self.stamps.fetch_add(1, Ordering::Relaxed)
    }
}

/// The version that a client tells.
fn told(version: i32) -> Option<i32> {
    (version != UNVERSIONED).then_some(version)
}

fn edited(old: &Document, changes: Vec<TextDocumentContentChangeEvent>, columns: Columns) -> (Arc<str>, LineIndex) {
    let mut text = old.text.to_string();
    let mut lines = old.lines.clone();
    for change in changes {
        match change.range {
            None => text = change.text,
            Some(range) => {
                let span = encoding::span(&text, &lines, range, columns);
                text.replace_range(span.range(), &change.text);
            }
        }
        lines = LineIndex::new(&text);
    }
    (text.into(), lines)
}
