//! The section about what blocks coroutines.

use super::super::Report;
use super::super::document::{Block, Line, code, column, numbers, text};
use asyncwise_analysis::audit::HotSpot;

/// So many different calls of a function are named.
const MAX_CALLS: usize = 3;

pub(in super::super) fn section(report: &Report<'_>) -> Vec<Block> {
    let spots = &report.audit.hot_spots;
    let mut blocks = vec![Block::Heading(2, "What blocks coroutines".to_owned())];
    if spots.is_empty() {
        blocks.push(Block::text("No blocking call is reached from what a loop runs."));
        return blocks;
    }
    blocks.push(Block::text(
        "Functions with blocking calls, by how many coroutines (or plain functions that a loop runs) reach them without leaving the \
         loop's thread. Mending the first ones helps the most. Tests and code that runs at start-up do not count.",
    ));
    let columns = vec![
        numbers("Reached by"),
        column("Function"),
        column("Waits for"),
        column("Blocking calls"),
        column("One way there"),
    ];
    blocks.push(Block::Table(columns, spots.iter().take(report.limit).map(|spot| row(report, spot)).collect()));
    blocks.extend(report.rest(spots.len(), "functions").map(Block::Paragraph));
    blocks
}

fn row(report: &Report<'_>, spot: &HotSpot) -> Vec<Line> {
    let mut function = vec![report.function(&spot.function), text(" "), report.place(spot.function.place)];
    if spot.is_dependency {
        function.push(text(" (a dependency)"));
    }
    let mut names: Vec<&str> = spot.sinks.iter().map(|sink| sink.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut calls: Line =
        names.iter().take(MAX_CALLS).map(|name| vec![code(*name)]).collect::<Vec<_>>().join(&text(", "));
    if names.len() > MAX_CALLS {
        calls.push(text(format!(" and {} more", names.len() - MAX_CALLS)));
    }
    let mut way = vec![report.function(&spot.example)];
    if let [first, between @ ..] = spot.chain.as_slice() {
        way.extend([text(" "), report.place(first.place)]);
        if between.len() > 1 {
            way.push(text(format!(", {} calls down", between.len())));
        }
    }
    vec![vec![text(spot.coroutines.to_string())], function, vec![text(spot.category)], calls, way]
}
