//! Positions: bytes inside, lines and columns of the negotiated encoding at the edge.

use asyncwise_syntax::facts::Span;
use asyncwise_syntax::text::{self, Columns, LineIndex};
use tower_lsp::ls_types::{Position, PositionEncodingKind, Range};

/// What columns count, chosen from what the client offers: UTF-8 costs nothing, UTF-16 is what clients must understand.
pub(crate) fn negotiate(offered: Option<&[PositionEncodingKind]>) -> Columns {
    let offered = offered.unwrap_or_default();
    let offers = |kind: PositionEncodingKind| offered.contains(&kind);
    match () {
        () if offers(PositionEncodingKind::UTF8) => Columns::Utf8,
        () if !offers(PositionEncodingKind::UTF16) && offers(PositionEncodingKind::UTF32) => Columns::Chars,
        () => Columns::Utf16,
    }
}

/// The protocol's name of an encoding.
pub(crate) fn kind(columns: Columns) -> PositionEncodingKind {
    match columns {
        Columns::Utf8 => PositionEncodingKind::UTF8,
        Columns::Utf16 => PositionEncodingKind::UTF16,
        Columns::Chars => PositionEncodingKind::UTF32,
    }
}

/// The byte offset of a position; one past the end of a line or of the text is that end.
pub(crate) fn offset(text: &str, lines: &LineIndex, position: Position, columns: Columns) -> u32 {
    lines.offset(text, text::Position { line: position.line, column: position.character }, columns)
}

/// The position of a byte offset.
pub(crate) fn position(text: &str, lines: &LineIndex, offset: u32, columns: Columns) -> Position {
    let text::Position { line, column } = lines.position(text, offset, columns);
    Position::new(line, column)
}

/// The range of a span.
pub(crate) fn range(text: &str, lines: &LineIndex, span: Span, columns: Columns) -> Range {
    Range::new(position(text, lines, span.start, columns), position(text, lines, span.end, columns))
}

/// The span of a range; a reversed one is turned around.
pub(crate) fn span(text: &str, lines: &LineIndex, range: Range, columns: Columns) -> Span {
    let (a, b) = (offset(text, lines, range.start, columns), offset(text, lines, range.end, columns));
    Span::new(a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_encoding_that_is_offered() {
        let (utf8, utf16, utf32) =
            (PositionEncodingKind::UTF8, PositionEncodingKind::UTF16, PositionEncodingKind::UTF32);
        let cases: [(Option<&[PositionEncodingKind]>, Columns); 5] = [
            (None, Columns::Utf16),
            (Some(&[]), Columns::Utf16),
            (Some(&[utf16.clone(), utf8]), Columns::Utf8),
            (Some(&[utf32.clone(), utf16]), Columns::Utf16),
            (Some(&[utf32]), Columns::Chars),
        ];
        for (offered, expected) in cases {
            assert_eq!(negotiate(offered), expected, "{offered:?}");
        }
    }
}
