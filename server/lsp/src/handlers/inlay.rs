//! `textDocument/inlayHint`.

use crate::convert::markup;
use crate::session::Session;
use asyncwise_ide::inlay::inlay_hints;
use asyncwise_syntax::facts::Span;
use std::sync::Arc;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{InlayHint, InlayHintLabel, InlayHintParams, InlayHintTooltip};

/// `textDocument/inlayHint`.
pub(crate) async fn list(session: &Arc<Session>, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
    let asked = session.asked(&params.text_document.uri);
    let Some(asked) = asked.filter(|asked| asked.folder.settings().inlay_hints) else { return Ok(None) };
    asked
        .answer(session, move |answering| {
            let places = answering.places();
            let part = &answering.part;
            let span = part.span_of(params.range, places.columns);
            let found = inlay_hints(&answering.view.snapshot.analysis, answering.file?, span);
            let hints = found.into_iter().filter(|hint| part.span.start <= hint.offset && hint.offset <= part.span.end);
            let hints = hints.map(|hint| InlayHint {
                position: part.range(Span::new(hint.offset, hint.offset), places.columns).start,
                tooltip: Some(InlayHintTooltip::MarkupContent(markup::content(
                    &hint.tooltip,
                    &places,
                    answering.session.capabilities(),
                ))),
                label: InlayHintLabel::String(hint.label),
                kind: None,
                text_edits: None,
                padding_left: Some(true),
                padding_right: None,
                data: None,
            });
            Some(hints.collect())
        })
        .await
}
