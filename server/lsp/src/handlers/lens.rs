//! `textDocument/codeLens`.

use super::command::SHOW_PATH;
use crate::session::Session;
use asyncwise_ide::lens::lenses;
use serde_json::json;
use std::sync::Arc;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{CodeLens, CodeLensParams, Command};

/// `textDocument/codeLens`.
pub(crate) async fn list(session: &Arc<Session>, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
    let uri = params.text_document.uri;
    let Some(asked) = session.asked(&uri).filter(|asked| asked.folder.settings().code_lens) else { return Ok(None) };
    asked
        .answer(session, move |answering| {
            let columns = answering.session.capabilities().columns;
            let lenses = lenses(&answering.view.snapshot.analysis, answering.file?).into_iter().filter_map(|lens| {
                let (part, range) = answering.module.locate(lens.span, columns)?;
                if part.document.uri != uri {
                    return None;
                }
                let arguments = Some(vec![json!(uri), json!(range.start)]);
                let command = Command { title: lens.title, command: SHOW_PATH.to_owned(), arguments };
                Some(CodeLens { range, command: Some(command), data: None })
            });
            Some(lenses.collect())
        })
        .await
}
