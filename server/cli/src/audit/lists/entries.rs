//! The section about where code is entered.

use super::super::Report;
use super::super::document::{Block, Item, code, column, numbers, text};
use super::super::words;
use crate::output::count;
use asyncwise_analysis::audit::{Entry, EntryGroup, EntryKind};

pub(in super::super) fn section(report: &Report<'_>) -> Vec<Block> {
    let groups = &report.audit.entries;
    let mut blocks = vec![Block::Heading(2, "Entry points".to_owned())];
    if groups.is_empty() {
        blocks.push(Block::text("No place is known where code enters a loop or a thread."));
        return blocks;
    }
    let columns = vec![column("Entered"), column("Functions"), column("They run"), numbers("Number")];
    let row = |group: &EntryGroup| {
        let kind = if group.is_async { "coroutine functions" } else { "plain functions" };
        let on = words::runs_on(group.runs_on);
        let cells = [words::entry_kind(&group.kind), kind.to_owned(), on.to_owned(), group.entries.len().to_string()];
        cells.map(|cell| vec![text(cell)]).to_vec()
    };
    blocks.push(Block::Table(columns, groups.iter().map(row).collect()));
    // Tests are many and alike: their number says enough.
    for group in groups.iter().filter(|group| group.kind != EntryKind::Test) {
        let kind = words::entry_kind(&group.kind);
        let what = if group.is_async { "coroutine functions" } else { "plain functions" };
        let title = match group.kind {
            EntryKind::Program | EntryKind::Import => format!("{}{}", kind[..1].to_uppercase(), &kind[1..]),
            _ => format!("{}{} {kind}, {}", what[..1].to_uppercase(), &what[1..], words::runs_on(group.runs_on)),
        };
        blocks.push(Block::Heading(3, title));
        blocks.push(Block::List(group.entries.iter().take(report.limit).map(|entry| item(report, entry)).collect()));
        blocks.extend(report.rest(group.entries.len(), "functions").map(Block::Paragraph));
    }
    blocks
}

fn item(report: &Report<'_>, entry: &Entry) -> Item {
    let mut line = vec![report.function(&entry.function), text(" "), report.place(entry.function.place), text(": ")];
    line.push(code(entry.by.as_str()));
    if let Some(at) = entry.at {
        line.push(text(" at "));
        line.push(report.place(at));
        if entry.more > 0 {
            line.push(text(format!(" and in {}", count(entry.more, "other place"))));
        }
    }
    Item::of(line)
}
