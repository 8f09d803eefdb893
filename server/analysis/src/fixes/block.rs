//! Putting statements into a block of their own: `async with ...:`, `try:`.

use super::Source;
use crate::finding::Edit;
use asyncwise_syntax::facts::*;

/// The edits that put statements which follow each other in one block under `header` (`async with x as y:`), one level deeper.
/// Comments between them go along. None where a line cannot be moved: it holds something else as well, or a string over
/// several lines that would be another one then.
pub(crate) fn in_block(source: &Source<'_>, stmts: &[StmtId], header: &str) -> Option<Vec<Edit>> {
    let facts = source.facts;
    let (first, last) = (facts.stmt(*stmts.first()?).span, facts.stmt(*stmts.last()?).span);
    let span = Span::new(first.start, last.end);
    let indent = indentation(source, span.start)?;
    if !ends_its_line(source, span.end) || has_long_string(source, span) {
        return None;
    }
    let step = step(source, stmts[0], indent);
    let newline = source.newline();
    let mut edits = Vec::new();
    let mut line = source.line_start(span.start);
    while line < span.end {
        let next = source.text[line as usize..].find('\n').map_or(source.text.len(), |n| line as usize + n + 1) as u32;
        if edits.is_empty() {
            edits.push(source.edit(Span::new(line, line), format!("{indent}{header}{newline}{step}")));
        } else if !source.slice(Span::new(line, next)).trim().is_empty() {
            edits.push(source.edit(Span::new(line, line), step));
        }
        line = next;
    }
    Some(edits)
}

/// The blanks before a statement; none where it does not begin its line.
pub(crate) fn indentation<'a>(source: &Source<'a>, at: u32) -> Option<&'a str> {
    let before = source.slice(Span::new(source.line_start(at), at));
    before.trim().is_empty().then_some(before)
}

/// Whether nothing but a comment stands after `at` on its line.
pub(crate) fn ends_its_line(source: &Source<'_>, at: u32) -> bool {
    let rest = source.text[at as usize..].lines().next().unwrap_or_default().trim();
    rest.is_empty() || rest.starts_with('#')
}

/// What one level of indentation is made of where a statement stands.
pub(crate) fn step<'a>(source: &Source<'a>, stmt: StmtId, indent: &'a str) -> &'a str {
    let facts = source.facts;
    let around = match facts.stmt(stmt).parent {
        Some(parent) => Some(facts.stmt(parent).span.start),
        None => facts.scope(facts.stmt(stmt).scope).stmt.map(|_| facts.scope(facts.stmt(stmt).scope).header_span.start),
    };
    let outer = around.and_then(|start| indentation(source, start));
    match outer.and_then(|outer| indent.strip_prefix(outer)) {
        Some(step) if !step.is_empty() => step,
        _ if indent.contains('\t') => "\t",
        _ => "    ",
    }
}

/// Whether a string in the span goes over several lines, so that another indentation would change it.
fn has_long_string(source: &Source<'_>, span: Span) -> bool {
    source.facts.exprs.iter().any(|e| {
        let is_text = matches!(e.kind, ExprKind::Str(_) | ExprKind::FString { .. } | ExprKind::Bytes);
        if !is_text || !span.contains(e.span) {
            return false;
        }
        let text = source.slice(e.span);
        // Literals that stand below each other are one string too, and each is on its line.
        text.contains('\n') && ["\"\"\"", "'''", "\\\n", "\\\r\n"].iter().any(|over| text.contains(over))
    })
}
