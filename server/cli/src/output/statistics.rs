//! How often each rule reports.

use super::View;
use crate::printer::{BOLD, Printer};
use asyncwise_analysis::rules;
use std::collections::BTreeMap;

/// One line for each rule that reported, the most frequent first.
pub(crate) fn print(view: &View<'_>, printer: &mut Printer) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &view.report.findings {
        *counts.entry(&finding.rule).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, number)| (std::cmp::Reverse(*number), *rule));
    let width = counts.iter().map(|(rule, _)| rule.len()).max().unwrap_or(0);
    for (rule, number) in counts {
        let summary = rules::all().iter().find(|info| info.name == rule).map_or("", |info| info.summary);
        let line = format!("{number:>6}  {BOLD}{rule:<width$}{BOLD:#}  {summary}");
        printer.line(line.trim_end());
    }
}
