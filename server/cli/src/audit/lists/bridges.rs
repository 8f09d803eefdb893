//! The section about bridges from sync to async code.

use super::super::Report;
use super::super::document::{Block, Item, Line, code, column, text};
use super::super::words;
use crate::output::count;
use asyncwise_analysis::audit::Bridge;
use std::cmp::Reverse;

pub(in super::super) fn section(report: &Report<'_>) -> Vec<Block> {
    let (mut waiting, others): (Vec<&Bridge>, Vec<&Bridge>) =
        report.audit.bridges.iter().partition(|bridge| bridge.waits());
    let mut blocks = vec![Block::Heading(2, "Bridges from sync to async code".to_owned())];
    if waiting.is_empty() {
        blocks
            .push(Block::text("No plain function starts a loop, or waits for a coroutine; programs are listed below."));
    } else {
        blocks.push(Block::text(
            "Plain functions that run or wait for coroutines, those that are called where a loop runs first. What a bridge does there \
             is what its callers must know.",
        ));
        waiting.sort_by_key(|bridge| (Reverse(bridge.loop_callers.len()), Reverse(bridge.callers.len())));
        let columns = ["Function", "By", "Where no loop runs", "Where a loop runs", "Called by"];
        let rows = waiting.iter().take(report.limit).map(|bridge| row(report, bridge));
        blocks.push(Block::Table(columns.map(column).to_vec(), rows.collect()));
        blocks.extend(report.rest(waiting.len(), "bridges").map(Block::Paragraph));
    }
    if !others.is_empty() {
        blocks.push(Block::Heading(3, "Other plain functions that come to a loop".to_owned()));
        blocks.push(Block::text(
            "They make a task, leave the work to another thread, or run an application with a loop of its own.",
        ));
        let item = |bridge: &&Bridge| {
            let mut line = vec![report.function(&bridge.function), text(" "), report.place(bridge.function.place)];
            line.push(text(format!(": {}", words::behaviours(&bridge.on_loop))));
            if bridge.without_loop != bridge.on_loop {
                line.push(text(format!("; where no loop runs, {}", words::behaviours(&bridge.without_loop))));
            }
            Item::of(line)
        };
        blocks.push(Block::List(others.iter().take(report.limit).map(item).collect()));
        blocks.extend(report.rest(others.len(), "functions").map(Block::Paragraph));
    }
    blocks
}

fn row(report: &Report<'_>, bridge: &Bridge) -> Vec<Line> {
    let function = vec![report.function(&bridge.function), text(" "), report.place(bridge.function.place)];
    let mut by: Line =
        vec![text(bridge.mechanisms.iter().map(|m| words::mechanism(*m)).collect::<Vec<_>>().join(", "))];
    let mut names: Vec<&str> = bridge.calls.iter().map(|call| call.name.as_str()).collect();
    names.dedup();
    by.push(text(": "));
    by.extend(names.iter().map(|name| vec![code(*name)]).collect::<Vec<_>>().join(&text(", ")));
    let callers = match (bridge.callers.len(), bridge.loop_callers.first()) {
        (0, _) => vec![text("nothing in the project")],
        (all, None) => vec![text(format!("{}, none where a loop runs", count(all, "function")))],
        (all, Some(first)) => {
            let mut line =
                vec![text(format!("{}, {} where a loop runs: ", count(all, "function"), bridge.loop_callers.len()))];
            line.push(report.function(first));
            if bridge.loop_callers.len() > 1 {
                line.push(text(" …"));
            }
            line
        }
    };
    let told = |words: String| vec![text(words)];
    let mut on_loop = words::behaviours(&bridge.on_loop);
    if bridge.is_in_worker {
        on_loop.push_str(" (it is only seen to run in worker threads)");
    }
    vec![function, by, told(words::behaviours(&bridge.without_loop)), told(on_loop), callers]
}
