//! Comments that silence findings.

use std::ops::Range;

use smol_str::SmolStr;
use tree_sitter::Node;

use super::reuse::Previous;
use crate::facts::{Span, Suppression, SuppressionKind};

/// The comments of a text that silence findings, in order.
pub(super) fn suppressions(text: &str, root: Node<'_>, previous: Option<&Previous<'_>>) -> Vec<Suppression> {
    let mut found = Vec::new();
    let mut at = 0;
    if let Some(previous) = previous {
        for &place in &previous.copied {
            search(text, root, at..place.0.start as usize, &mut found);
            found.extend(previous.suppressions_in(place));
            at = place.0.end as usize;
        }
    }
    search(text, root, at..text.len(), &mut found);
    found
}

/// Appends those that start in a part of the text.
fn search(text: &str, root: Node<'_>, part: Range<usize>, found: &mut Vec<Suppression>) {
    let mut at = part.start;
    while let Some(hash) = text.get(at..part.end).and_then(|rest| rest.find('#')).map(|i| at + i) {
        let end = text[hash..].find(['\n', '\r']).map_or(text.len(), |i| hash + i);
        at = hash + 1;
        let comment = &text[hash..end];
        if !mentions_marker(comment) || !is_comment(root, hash) {
            continue;
        }
        // Several markers may share a comment, each behind its own `#`.
        let mut start = hash;
        for part in comment.split_inclusive('#').skip(1) {
            start += 1;
            let body = part.strip_suffix('#').unwrap_or(part);
            found.extend(parse(body, start as u32, Span::new(hash as u32, end as u32)));
            start += body.len();
        }
        at = end;
    }
}

fn mentions_marker(comment: &str) -> bool {
    let has = |marker: &[u8]| comment.as_bytes().windows(marker.len()).any(|w| w.eq_ignore_ascii_case(marker));
    has(b"noqa") || has(b"asyncwise:")
}

/// Whether the `#` at `offset` begins a comment of the tree, not a part of a string.
fn is_comment(root: Node<'_>, offset: usize) -> bool {
    root.descendant_for_byte_range(offset, offset + 1)
        .is_some_and(|node| node.kind() == "comment" && node.start_byte() == offset)
}

/// Reads `body`, which stands at `start` after a `#` in the comment at `span`.
fn parse(body: &str, start: u32, span: Span) -> Option<Suppression> {
    let mut scan = Scan { text: body, at: 0 };
    scan.blanks();
    if scan.word("asyncwise:") {
        scan.blanks();
        if !scan.word("ignore") {
            return None;
        }
        let kind = if scan.word("-file") { SuppressionKind::File } else { SuppressionKind::Line };
        if scan.rest().starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
            return None;
        }
        scan.blanks();
        let names = if scan.word("[") { scan.names_until(']', start)? } else { Vec::new() };
        return Some(Suppression { span, names, kind, reason: scan.reason() });
    }
    if !scan.word_ignoring_case("noqa") || scan.rest().starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let mut names = Vec::new();
    scan.blanks();
    if scan.word(":") {
        names = scan.codes(start);
    }
    Some(Suppression { span, names, kind: SuppressionKind::Noqa, reason: scan.reason() })
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn word_ignoring_case(&mut self, word: &str) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found {
            self.at += word.len();
        }
        found
    }

    /// The names up to `close`, with where they stand; none when it is not there.
    fn names_until(&mut self, close: char, start: u32) -> Option<Vec<(SmolStr, Span)>> {
        let end = self.at + self.rest().find(close)?;
        let mut names = Vec::new();
        for part in self.text[self.at..end].split(',') {
            let name = part.trim();
            if !name.is_empty() {
                let offset = start + (self.at + part.len() - part.trim_start().len()) as u32;
                names.push((SmolStr::new(name), Span::new(offset, offset + name.len() as u32)));
            }
            self.at += part.len() + 1;
        }
        self.at = end + close.len_utf8();
        Some(names)
    }

    /// Codes such as `RUF006`, between blanks and commas.
    fn codes(&mut self, start: u32) -> Vec<(SmolStr, Span)> {
        let mut codes = Vec::new();
        loop {
            let before = self.at;
            self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', ',']).len();
            let len = self.rest().bytes().take_while(u8::is_ascii_alphanumeric).count();
            let code = &self.rest()[..len];
            let letters = code.bytes().take_while(u8::is_ascii_alphabetic).count();
            let is_code = letters > 0 && letters < len && code[letters..].bytes().all(|b| b.is_ascii_digit());
            if !is_code {
                self.at = before;
                return codes;
            }
            let offset = start + self.at as u32;
            codes.push((SmolStr::new(code), Span::new(offset, offset + len as u32)));
            self.at += len;
        }
    }

    /// The words that are left, without what separates them from what stands before.
    fn reason(&self) -> SmolStr {
        SmolStr::new(self.rest().trim_start_matches([' ', '\t', ':', '-', ',', '—', '–']).trim_end())
    }
}
