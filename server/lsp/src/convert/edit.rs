//! Edits of the analysis as edits of the client's texts.

use super::Places;
use crate::capabilities::Capabilities;
use asyncwise_analysis::finding::Edit;
use std::collections::HashMap;
use tower_lsp::ls_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, WorkspaceEdit,
};

/// All of the edits, with the versions they are made for where the client looks at them. None when one of them is in a text that the
/// client has no name for: half of a change is worse than none.
pub(crate) fn workspace_edit(edits: &[Edit], places: &Places<'_>, client: &Capabilities) -> Option<WorkspaceEdit> {
    Some(of_texts(texts(edits, places)?, client))
}

/// The edits by text, as far as the client has a name for all of them.
pub(crate) fn texts(edits: &[Edit], places: &Places<'_>) -> Option<Vec<TextDocumentEdit>> {
    let mut texts: Vec<TextDocumentEdit> = Vec::new();
    for edit in edits {
        let located = places.locate(edit.place)?;
        let change = TextEdit::new(located.range, edit.text.clone());
        match texts.iter_mut().find(|text| text.text_document.uri == located.uri) {
            Some(text) => text.edits.push(OneOf::Left(change)),
            None => texts.push(TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier { uri: located.uri, version: located.version },
                edits: vec![OneOf::Left(change)],
            }),
        }
    }
    Some(texts)
}

/// The edits of texts in the form that the client knows.
pub(crate) fn of_texts(texts: Vec<TextDocumentEdit>, client: &Capabilities) -> WorkspaceEdit {
    if client.document_changes {
        return WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(texts)), ..WorkspaceEdit::default() };
    }
    let plain = |edit: OneOf<TextEdit, _>| match edit {
        OneOf::Left(edit) => Some(edit),
        OneOf::Right(_) => None,
    };
    let changes: HashMap<_, _> = texts
        .into_iter()
        .map(|text| (text.text_document.uri, text.edits.into_iter().filter_map(plain).collect()))
        .collect();
    WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
}
