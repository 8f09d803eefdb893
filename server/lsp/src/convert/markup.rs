//! Documents as Markdown with links, or as plain text.

use super::Places;
use crate::capabilities::Capabilities;
use asyncwise_ide::markup::Markup;
use tower_lsp::ls_types::{MarkupContent, MarkupKind};

/// A document in the richest form that the client shows.
pub(crate) fn content(markup: &Markup, places: &Places<'_>, client: &Capabilities) -> MarkupContent {
    if !client.markdown {
        return MarkupContent { kind: MarkupKind::PlainText, value: markup.to_plain() };
    }
    let link = |place| {
        let location = places.location(place)?;
        Some(format!("{}#L{}", location.uri.as_str(), location.range.start.line + 1))
    };
    MarkupContent { kind: MarkupKind::Markdown, value: markup.to_markdown(&link) }
}
