//! `notebookDocument/did...`.

use super::text::{close, notebook_changed};
use crate::session::Session;
use std::sync::Arc;
use tower_lsp::ls_types::{
    DidChangeNotebookDocumentParams, DidCloseNotebookDocumentParams, DidOpenNotebookDocumentParams,
    DidSaveNotebookDocumentParams,
};

/// `notebookDocument/didOpen`.
pub(crate) fn did_open(session: &Arc<Session>, params: DidOpenNotebookDocumentParams) {
    let uri = params.notebook_document.uri.clone();
    session.documents.open_notebook(params.notebook_document, params.cell_text_documents);
    notebook_changed(session, &uri);
}

/// `notebookDocument/didChange`.
pub(crate) fn did_change(session: &Arc<Session>, params: DidChangeNotebookDocumentParams) {
    let uri = params.notebook_document.uri;
    let Some(cells) = params.change.cells else { return };
    if let Some(structure) = cells.structure {
        let array = structure.array;
        for cell in structure.did_open.into_iter().flatten() {
            session.documents.open(cell, Some(uri.clone()));
        }
        session.documents.splice_cells(&uri, array.start, array.delete_count, array.cells.unwrap_or_default());
        for cell in structure.did_close.into_iter().flatten() {
            close(session, &cell.uri);
        }
    }
    session.documents.update_cells(&uri, cells.data.unwrap_or_default());
    let columns = session.capabilities().columns;
    for content in cells.text_content.into_iter().flatten() {
        session.documents.change(&content.document, content.changes, columns);
    }
    notebook_changed(session, &uri);
}

/// `notebookDocument/didSave`.
pub(crate) fn did_save(session: &Arc<Session>, params: &DidSaveNotebookDocumentParams) {
    super::workspace::saved(session, &params.notebook_document.uri);
}

/// `notebookDocument/didClose`.
pub(crate) fn did_close(session: &Arc<Session>, params: DidCloseNotebookDocumentParams) {
    let uri = params.notebook_document.uri;
    session.documents.close_notebook(&uri);
    for cell in params.cell_text_documents {
        close(session, &cell.uri);
    }
    session.take(&uri);
}
