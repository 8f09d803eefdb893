//! The `finally` that a fix leaves with nothing to do goes, and with it a `try` that has nothing else.

use super::whole_lines;
use crate::finding::Edit;
use crate::fixes::{Source, block};
use asyncwise_syntax::facts::*;

/// A `try` whose `finally` has nothing left to do.
pub(super) struct Emptied {
    /// From the `finally` to the end of its statement, in whole lines.
    clause: Span,
    /// The line of the `try`, and its body, where nothing but the `finally` made it one.
    body: Option<(Span, Span)>,
}

/// What goes with the statements of a `finally` (`span`); none where comments stand in between.
pub(super) fn emptied(source: &Source<'_>, statements: &[StmtId], span: Span) -> Option<Emptied> {
    let facts = source.facts;
    let around = facts.stmt(*statements.first()?).parent?;
    let StmtKind::Try { body, handlers, orelse, finalbody, .. } = facts.stmt(around).kind else { return None };
    if facts.block(finalbody) != statements || source.slice(span).contains('#') {
        return None;
    }
    let last = |block: Block| facts.block(block).last().map(|&stmt| facts.stmt(stmt).span.end);
    let handler = facts.handlers[handlers.range()].last().and_then(|handler| last(handler.body));
    let before = last(orelse).or(handler).or(last(body))?;
    let keyword = source.slice(Span::new(before, span.start));
    if keyword.trim() != "finally:" || !super::comment_after(source, span.end).is_empty() {
        return None;
    }
    let start = before + keyword.find("finally")? as u32;
    let end = whole_lines(source, Span::new(start, span.end))?.end;
    let clause = Span::new(source.line_start(start), end);
    let has_more = !handlers.is_empty() || !facts.block(orelse).is_empty();
    let body = if has_more { None } else { Some(dissolved(source, around, body)?) };
    Some(Emptied { clause, body })
}

/// The line of a `try` that holds nothing else, and the span of its body.
fn dissolved(source: &Source<'_>, stmt: StmtId, body: Block) -> Option<(Span, Span)> {
    let facts = source.facts;
    let start = facts.stmt(stmt).span.start;
    block::indentation(source, start)?;
    let (first, last) = (facts.block(body).first()?, facts.block(body).last()?);
    let inside = Span::new(facts.stmt(*first).span.start, facts.stmt(*last).span.end);
    let (header, _) = source.slice(Span::new(start, inside.start)).split_once('\n')?;
    let line = Span::new(source.line_start(start), start + header.len() as u32 + 1);
    (header.trim() == "try:").then_some((line, Span::new(line.end, inside.end)))
}

impl Emptied {
    /// The body of the `try` that goes.
    pub(super) fn body(&self) -> Option<Span> {
        self.body.map(|(_, inside)| inside)
    }

    /// Whether no other `try` that goes is around this one, or in it.
    pub(super) fn stands_alone(&self, others: &[Span]) -> bool {
        let Some(own) = self.body() else { return true };
        others.iter().all(|other| !other.contains(own) && !own.contains(*other))
    }

    /// Takes it out of what is put one level deeper by `edits`: the body of a `try` that goes stays where it is.
    pub(super) fn take_out(self, source: &Source<'_>, edits: &mut Vec<Edit>) {
        let Self { clause, body } = self;
        edits.retain(|edit| !clause.contains_offset(edit.place.span.start));
        edits.push(source.edit(clause, ""));
        let Some((line, inside)) = body else { return };
        let is_in = |span: Span, edit: &Edit| span.contains_offset(edit.place.span.start) && edit.place.span.is_empty();
        edits.retain(|edit| !is_in(inside, edit));
        for edit in edits.iter_mut().filter(|edit| is_in(line, edit)) {
            // The header of the new block stays, without the blanks before the `try`.
            let header = edit.text.rfind('\n').map_or(0, |newline| newline + 1);
            edit.text.truncate(header);
        }
        edits.retain(|edit| !is_in(line, edit) || !edit.text.is_empty());
        edits.push(source.edit(line, ""));
    }
}
