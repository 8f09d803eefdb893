//! The section about findings.

use super::Report;
use super::document::{Block, Item, Line, code, column, numbers, strong, text};
use super::words;
use asyncwise_analysis::audit::Risk;
use asyncwise_analysis::finding::{Confidence, Severity};
use asyncwise_analysis::rules;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const SEVERITIES: [Severity; 4] = [Severity::Error, Severity::Warning, Severity::Info, Severity::Hint];
/// Longer chains are shown by their ends.
const MAX_CHAIN: usize = 8;

/// The word for one finding of a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "remark",
        Severity::Hint => "hint",
    }
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

pub(super) fn section(report: &Report<'_>) -> Vec<Block> {
    let risks = &report.audit.risks;
    let mut blocks = vec![Block::Heading(2, "Findings by risk".to_owned())];
    if risks.is_empty() {
        blocks.push(Block::text("Nothing was found."));
        return blocks;
    }
    blocks.push(by(report, column("Rule"), |risk| risk.finding.rule.to_string()));
    blocks.push(by(report, column("Folder"), |risk| report.folder(risk.finding.place)));
    let mut from = 0;
    while let Some(first) = risks.get(from) {
        let kind = |risk: &Risk| (risk.finding.severity, risk.finding.confidence);
        let len = risks[from..].iter().take_while(|risk| kind(risk) == kind(first)).count();
        let (one, sure) = (severity(first.finding.severity), confidence(first.finding.confidence));
        let title = format!("{}{}s, {sure}", one[..1].to_uppercase(), &one[1..]);
        blocks.push(Block::Heading(3, title));
        // Each rule has its share: a frequent one must not hide the others.
        for group in risks[from..from + len].chunk_by(|a, b| a.finding.rule == b.finding.rule) {
            blocks.push(Block::List(group.iter().take(report.limit).map(|risk| item(report, risk)).collect()));
            let what = format!("{one}s of {}", group[0].finding.rule);
            blocks.extend(report.rest(group.len(), &what).map(Block::Paragraph));
        }
        from += len;
    }
    blocks
}

/// How many findings of each severity there are of each kind, the worst kinds first.
fn by(report: &Report<'_>, title: super::document::Column, key: impl Fn(&Risk) -> String) -> Block {
    let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for risk in &report.audit.risks {
        let at = SEVERITIES.iter().position(|s| *s == risk.finding.severity).unwrap_or(0);
        counts.entry(key(risk)).or_default()[at] += 1;
    }
    let all = counts.len();
    let mut counts: Vec<(String, [usize; 4])> = counts.into_iter().collect();
    counts.sort_by_key(|(_, numbers)| Reverse(*numbers));
    let number = |n: usize| vec![text(if n == 0 { String::new() } else { n.to_string() })];
    let row = |(name, numbers): &(String, [usize; 4])| {
        let mut row = vec![vec![code(name.as_str())]];
        row.extend(numbers.iter().map(|n| number(*n)));
        row
    };
    let mut rows: Vec<Vec<Line>> = counts.iter().take(report.limit).map(row).collect();
    if all > report.limit {
        let mut rest = [0; 4];
        for (_, numbers) in &counts[report.limit..] {
            rest.iter_mut().zip(numbers).for_each(|(sum, n)| *sum += n);
        }
        let mut last = vec![vec![text(format!("{} more", all - report.limit))]];
        last.extend(rest.iter().map(|n| number(*n)));
        rows.push(last);
    }
    let columns = [numbers("Errors"), numbers("Warnings"), numbers("Remarks"), numbers("Hints")];
    Block::Table(std::iter::once(title).chain(columns).collect(), rows)
}

fn item(report: &Report<'_>, risk: &Risk) -> Item {
    let finding = &risk.finding;
    let mut line = vec![strong(finding.rule.as_str()), text(" "), report.place(finding.place), text(": ")];
    line.push(text(finding.message.as_str()));
    let within = finding.function.as_ref().map(|function| vec![text("in "), code(function.as_str())]);
    let reach = words::reach(risk.reach).map(|reach| vec![text(reach)]);
    let about: Vec<Line> = within.into_iter().chain(reach).collect();
    let mut below = Vec::new();
    if !about.is_empty() {
        below.push(about.join(&text(", ")));
    }
    let is_list = rules::find(&finding.rule).is_some_and(|rule| rule.is_audit_only());
    if is_list {
        below.push(vec![text("they are listed in a section of their own below")]);
    }
    let chain = if is_list { &[] } else { finding.chain.as_slice() };
    for (index, step) in chain.iter().enumerate() {
        let is_left_out = chain.len() > MAX_CHAIN && index >= MAX_CHAIN / 2 && index + MAX_CHAIN / 2 < chain.len();
        if !is_left_out {
            below.push(vec![report.place(step.place), text(": "), text(step.message.as_str())]);
        } else if index == MAX_CHAIN / 2 {
            below.push(vec![text(format!("… {} more …", chain.len() - MAX_CHAIN))]);
        }
    }
    Item { line, below }
}
