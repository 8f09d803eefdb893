//! "Ignore here": the comment that silences one finding, with room for the reason.

use super::{Declined, Resolved};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{Edit, Finding, Place};
use asyncwise_analysis::suppress::covered;
use asyncwise_syntax::facts::*;
use asyncwise_syntax::text::LineIndex;

/// What stands in place of the reason until a person writes one.
pub const REASON: &str = "<reason>";

/// How many lines of a long statement are tried. Each costs a parse of the text.
const MAX_LINES: u32 = 8;

/// The edit that silences a finding: its rule added to a comment that is there, else a comment at the end of its line, else of
/// one of the next lines (where a string or a backslash goes on past the end), else on a line of its own above.
///
/// Each is tried on the text and taken only if it is a comment there and covers the finding.
pub(super) fn ignore(analysis: &Analysis, finding: &Finding) -> Result<Resolved, Declined> {
    let Place { file, span } = finding.place;
    let source = analysis.world.program.file(file);
    let (text, facts) = (&*source.text, &*source.facts);
    let resolved = |(span, text): (Span, String)| {
        let placeholder = text.contains(REASON).then_some(REASON);
        Resolved { edits: vec![Edit { place: Place { file, span }, text }], placeholder }
    };
    let works = |edit: &(Span, String)| silences(text, facts.errors.len(), edit, &finding.rule, span.start);
    let found = candidates(text, facts, span, &finding.rule).find(works);
    found.map(resolved).ok_or_else(|| Declined::Refused {
        place: finding.place,
        message: "no comment can stand near this statement".to_owned(),
    })
}

fn candidates<'t>(
    text: &'t str,
    facts: &'t FileFacts,
    finding: Span,
    rule: &'t str,
) -> impl Iterator<Item = (Span, String)> + 't {
    let lines = LineIndex::new(text);
    let merged = facts.suppressions.iter().filter_map(move |comment| {
        let is_line = comment.kind == SuppressionKind::Line;
        let last =
            comment.names.last().filter(|_| is_line && covered(facts, text, comment).contains_offset(finding.start));
        last.map(|(_, name)| (Span::new(name.end, name.end), format!(", {rule}")))
    });
    let first = lines.line(finding.start);
    let statement = statement_at(facts, finding);
    let last = lines.line(statement.end.saturating_sub(1).max(statement.start)).min(first + MAX_LINES);
    let indent_of = |line: &str| line[..line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len()].to_owned();
    let own_start = lines.line_span(lines.line(statement.start)).start;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let indent = indent_of(lines.line_text(text, lines.line(statement.start)));
    let above = (Span::new(own_start, own_start), format!("{indent}# asyncwise: ignore[{rule}] {REASON}{newline}"));
    let behind = (first..=last).filter_map(move |line| {
        let start = lines.line_span(line).start;
        let own = lines.line_text(text, line);
        let kept = own.trim_end_matches([' ', '\t']);
        let span = Span::new(start + kept.len() as u32, start + own.len() as u32);
        (!kept.ends_with('\\')).then(|| (span, format!("  # asyncwise: ignore[{rule}] {REASON}")))
    });
    merged.chain(behind).chain([above])
}

/// The innermost statement that holds a span.
fn statement_at(facts: &FileFacts, span: Span) -> Span {
    let around = facts.stmts.iter().map(|stmt| stmt.span).filter(|stmt| stmt.contains(span));
    around.min_by_key(|stmt| stmt.len()).unwrap_or(span)
}

/// Whether, with the edit, `text` has a comment that silences `rule` at what now stands at `at`, and no new syntax error.
fn silences(text: &str, errors: usize, (span, new): &(Span, String), rule: &str, at: u32) -> bool {
    let (Some(before), Some(after)) = (text.get(..span.start as usize), text.get(span.end as usize..)) else {
        return false;
    };
    let changed = format!("{before}{new}{after}");
    let facts = asyncwise_syntax::facts(&changed);
    let inserted = Span::new(span.start, span.start + new.len() as u32);
    let at = if at >= span.end { at - span.len() + inserted.len() } else { at };
    let comment = facts.suppressions.iter().find(|comment| {
        let mut names = comment.names.iter();
        comment.kind == SuppressionKind::Line && names.any(|(name, place)| name == rule && inserted.contains(*place))
    });
    facts.errors.len() <= errors
        && comment.is_some_and(|comment| covered(&facts, &changed, comment).contains_offset(at))
}
