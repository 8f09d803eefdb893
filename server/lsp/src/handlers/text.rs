//! `textDocument/did...`: the only writers of texts. Each completes in its first poll.

use crate::documents::Document;
use crate::module::Module;
use crate::publish::Event;
use crate::session::Session;
use std::sync::Arc;
use tower_lsp::ls_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, Uri,
};

/// `textDocument/didOpen`.
pub(crate) fn did_open(session: &Arc<Session>, params: DidOpenTextDocumentParams) {
    let document = session.documents.open(params.text_document, None);
    changed(session, document);
}

/// `textDocument/didChange`.
pub(crate) fn did_change(session: &Arc<Session>, params: DidChangeTextDocumentParams) {
    let columns = session.capabilities().columns;
    if let Some(document) = session.documents.change(&params.text_document, params.content_changes, columns) {
        changed(session, document);
    }
}

/// `textDocument/didClose`.
pub(crate) fn did_close(session: &Arc<Session>, params: DidCloseTextDocumentParams) {
    close(session, &params.text_document.uri);
}

/// `textDocument/didSave`.
pub(crate) fn did_save(session: &Arc<Session>, params: &DidSaveTextDocumentParams) {
    super::workspace::saved(session, &params.text_document.uri);
}

/// Forgets a text.
pub(super) fn close(session: &Arc<Session>, uri: &Uri) {
    let Some(document) = session.documents.close(uri) else { return };
    session.told.remove(uri.as_str());
    match &document.notebook {
        Some(notebook) => notebook_changed(session, notebook),
        None if document.is_python => session.take(uri),
        None => {}
    }
    let _ = session.events.send(Event::Closed(uri.clone()));
}

fn changed(session: &Arc<Session>, document: Arc<Document>) {
    match document.notebook.clone() {
        Some(notebook) => notebook_changed(session, &notebook),
        None if document.is_python => {
            if let Some(path) = session.path(&document.uri) {
                session.put(Module::of_document(path, document));
            }
        }
        None => {}
    }
}

/// Puts the cells of a notebook together again.
pub(super) fn notebook_changed(session: &Arc<Session>, notebook: &Uri) {
    let module = session.path(notebook).and_then(|path| session.documents.notebook_module(notebook, path));
    if let Some(module) = module {
        session.put(module);
    }
}
