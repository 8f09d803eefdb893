//! The section about what must be closed.

use super::super::Report;
use super::super::document::{Block, Line, code, column, text};
use super::super::words;
use asyncwise_analysis::audit::{Closing, Maker, Owner};

pub(in super::super) fn section(report: &Report<'_>) -> Vec<Block> {
    let owners = &report.audit.owners;
    let mut blocks = vec![Block::Heading(2, "Resources and their owners".to_owned())];
    if owners.is_empty() {
        blocks.push(Block::text("Nothing that must be closed is made by a known name."));
        return blocks;
    }
    blocks.push(Block::text(
        "Classes, functions and modules that make what must be closed, and who closes it: the function on each of its paths, the methods of \
         the class, of its bases and subclasses, or any other code. What is handed on, or cannot be told, is not said to leak.",
    ));
    let all = || owners.iter().flat_map(|owner| owner.makers.iter().map(move |maker| (owner, maker)));
    let in_blocks = all().filter(|(_, maker)| is_block(maker)).count();
    if in_blocks > 0 {
        let closed = if in_blocks == 1 { "1 more is".to_owned() } else { format!("{in_blocks} more are") };
        blocks.push(Block::text(format!("{closed} closed by a block or an exit stack, and left out here.")));
    }
    for (is_own, title) in [(false, "Made by libraries"), (true, "Instances of the project's own classes")] {
        let shown = all().filter(|(_, maker)| maker.is_own == is_own && !is_block(maker));
        let mut shown: Vec<(&Owner, &Maker)> = shown.collect();
        shown.sort_by_key(|(_, maker)| rank(&maker.closing));
        let rows: Vec<Vec<Line>> = shown.into_iter().map(|(owner, maker)| row(report, owner, maker)).collect();
        if rows.is_empty() {
            continue;
        }
        blocks.push(Block::Heading(3, title.to_owned()));
        let rest = report.rest(rows.len(), "resources").map(Block::Paragraph);
        let columns = ["Owner", "Makes", "Closed with", "What becomes of it"].map(column).to_vec();
        blocks.push(Block::Table(columns, rows.into_iter().take(report.limit).collect()));
        blocks.extend(rest);
    }
    blocks
}

fn is_block(maker: &Maker) -> bool {
    matches!(maker.closing, Closing::Block(_))
}

/// What leaks comes first.
fn rank(closing: &Closing) -> u8 {
    match closing {
        Closing::Never => 0,
        Closing::Sometimes { .. } => 1,
        _ => 2,
    }
}

fn row(report: &Report<'_>, owner: &Owner, maker: &Maker) -> Vec<Line> {
    vec![
        vec![report.function(&owner.owner)],
        made(report, maker),
        vec![code(maker.how.as_str())],
        words::closing(report, &maker.closing),
    ]
}

fn made(report: &Report<'_>, maker: &Maker) -> Line {
    let mut line: Line = Vec::new();
    if let Some(name) = &maker.name {
        line.extend([code(name.as_str()), text(": ")]);
    }
    line.extend([code(maker.resource.as_str()), text(" "), report.place(maker.place)]);
    line
}
