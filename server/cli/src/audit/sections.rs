//! What the report says, section by section.

use super::document::{Block, Line, code, column, strong, text};
use super::lists::{bridges, entries, hot_spots, owners};
use super::{Report, risks};
use crate::output::count;
use asyncwise_analysis::audit::{EntryKind, Owner};
use asyncwise_analysis::finding::Severity;
use std::collections::BTreeSet;

/// The whole report.
pub(super) fn document(report: &Report<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(1, format!("Async health of {}", report.title)), size(report)];
    blocks.push(glance(report));
    blocks.push(Block::Graph);
    blocks.extend(risks::section(report));
    blocks.extend(bridges::section(report));
    blocks.extend(entries::section(report));
    blocks.extend(hot_spots::section(report));
    blocks.extend(owners::section(report));
    blocks.push(Block::Heading(2, "About this report".to_owned()));
    blocks.push(Block::Paragraph(vec![
        text("Made by "),
        code(format!("asyncwise audit {}", env!("CARGO_PKG_VERSION"))),
        text(
            " from the source alone: nothing was run. A chain says how a call can get there, not how often it does. Calls \
             that cannot be resolved are not followed, so counts are what was seen, and not the most there can be. ",
        ),
        code("asyncwise explain RULE"),
        text(" says what a rule means and what to write instead."),
    ]));
    blocks
}

fn size(report: &Report<'_>) -> Block {
    let size = report.audit.size;
    let mut words = format!(
        "{}: {} and {}, tests left out.",
        count(size.files, "file"),
        count(size.functions, "plain function"),
        count(size.coroutines, "coroutine function"),
    );
    if size.uncalled > 0 {
        words.push_str(&format!(
            " Nothing in the project is seen to call {} of the coroutine functions: its public interface, what is called in ways \
             that cannot be followed, or unused.",
            size.uncalled
        ));
    }
    Block::text(words)
}

/// The sections in a line each.
fn glance(report: &Report<'_>) -> Block {
    let audit = report.audit;
    let severities = [Severity::Error, Severity::Warning, Severity::Info, Severity::Hint];
    let kinds = severities.map(|severity| {
        let number = audit.risks.iter().filter(|risk| risk.finding.severity == severity).count();
        (number > 0).then(|| count(number, risks::severity(severity)))
    });
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    let findings = if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") };
    let waiting: Vec<_> = audit.bridges.iter().filter(|bridge| bridge.waits()).collect();
    let called = waiting.iter().filter(|bridge| !bridge.loop_callers.is_empty()).count();
    let ways: BTreeSet<_> = waiting.iter().filter(|bridge| !bridge.is_in_worker).map(|bridge| bridge.way()).collect();
    let bridges = match waiting.len() {
        0 => "none".to_owned(),
        1 => "1 function".to_owned(),
        n => format!(
            "{n} functions, {called} called where a loop runs; what they do there: {}",
            count(ways.len(), "way")
        ),
    };
    let is_point =
        |kind: &EntryKind| !matches!(kind, EntryKind::Test | EntryKind::Worker | EntryKind::Callback | EntryKind::Task);
    let points: usize = audit.entries.iter().filter(|g| is_point(&g.kind)).map(|g| g.entries.len()).sum();
    let spots = match audit.hot_spots.first() {
        None => "none".to_owned(),
        Some(first) => format!(
            "{}; the first is reached by {}",
            count(audit.hot_spots.len(), "function"),
            count(first.coroutines, "coroutine")
        ),
    };
    let made: usize = audit.owners.iter().map(|owner| owner.makers.len()).sum();
    let never: usize = audit.owners.iter().map(Owner::never_closed).sum();
    let sometimes: usize = audit.owners.iter().map(Owner::sometimes_closed).sum();
    let owners = match made {
        0 => "none".to_owned(),
        _ => format!("{made} made, {never} never closed, {sometimes} not closed on every path"),
    };
    let row = |title: &str, words: String| -> Vec<Line> { vec![vec![strong(title)], vec![text(words)]] };
    Block::Table(
        vec![column("At a glance"), column("")],
        vec![
            row("Findings", findings),
            row("Bridges from sync to async code", bridges),
            row("Entry points", points.to_string()),
            row("Functions that block coroutines", spots),
            row("Resources to close", owners),
        ],
    )
}
