//! `textDocument/hover`.

use crate::convert::markup;
use crate::session::Session;
use asyncwise_ide::hover::{hover, hover_beside_finding};
use std::sync::Arc;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{Hover, HoverContents, HoverParams};

/// The experimental capability of clients that show diagnostics, with their related places, in their hovers.
pub(crate) const HOVERS_FINDINGS: &str = "asyncwise.hoversFindings";

/// `textDocument/hover`.
pub(crate) async fn show(session: &Arc<Session>, params: HoverParams) -> Result<Option<Hover>> {
    let at = params.text_document_position_params;
    let Some(asked) = session.asked(&at.text_document.uri) else { return Ok(None) };
    asked
        .answer(session, move |answering| {
            let places = answering.places();
            let offset = answering.part.offset(at.position, places.columns);
            let hover = if answering.session.client_hovers_findings() { hover_beside_finding } else { hover };
            let found = hover(&answering.view.snapshot.analysis, &answering.findings(), answering.file?, offset)?;
            let contents = markup::content(&found.markup, &places, answering.session.capabilities());
            let range = answering.part.range(found.span, places.columns);
            Some(Hover { contents: HoverContents::Markup(contents), range: Some(range) })
        })
        .await
}
