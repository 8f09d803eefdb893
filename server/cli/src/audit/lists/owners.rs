//! The section about what must be closed.

use super::super::Report;
use super::super::document::{Block, Line, code, column, text};
use super::super::words;
use asyncwise_analysis::audit::Owner;

pub(in super::super) fn section(report: &Report<'_>) -> Vec<Block> {
    let owners = &report.audit.owners;
    let mut blocks = vec![Block::Heading(2, "Resources and their owners".to_owned())];
    if owners.is_empty() {
        blocks.push(Block::text("Nothing that must be closed is made by a known name."));
        return blocks;
    }
    blocks.push(Block::text(
        "Classes, functions and modules that make what must be closed. A close is looked for only in the class, function or module that \
         holds it: \"no close seen here\" says where to look, not that something leaks.",
    ));
    let columns = ["Owner", "Makes", "Closed with", "What is seen of its end"].map(column).to_vec();
    let rows = owners.iter().flat_map(|owner| rows(report, owner)).take(report.limit).collect();
    blocks.push(Block::Table(columns, rows));
    let all = owners.iter().map(|owner| owner.makers.len()).sum();
    blocks.extend(report.rest(all, "resources").map(Block::Paragraph));
    blocks
}

fn rows(report: &Report<'_>, owner: &Owner) -> Vec<Vec<Line>> {
    let makers = owner.makers.iter();
    let row = makers.map(|maker| {
        vec![
            vec![report.function(&owner.owner)],
            vec![code(maker.resource.as_str()), text(" "), report.place(maker.place)],
            vec![code(maker.how.as_str())],
            words::closing(report, &maker.closing),
        ]
    });
    row.collect()
}
