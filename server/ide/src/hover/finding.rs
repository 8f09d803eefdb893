//! The part of a hover that is about a finding.

use crate::markup::{Block, Inline};
use crate::words::{at_place, capped};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::Finding;
use asyncwise_analysis::rules;

/// The most steps of a chain that are shown.
const MAX_STEPS: usize = 12;
/// The most bytes of one section of a rule's page.
const MAX_SECTION: usize = 1200;
/// The sections of a rule's page that are shown, in order.
const SECTIONS: [&str; 3] = ["What it does", "Why is this bad?", "Use instead"];

/// The message and the chain.
pub(super) fn what_happens(analysis: &Analysis, finding: &Finding) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(vec![
        Inline::text(finding.message.clone()),
        Inline::text(" ("),
        Inline::code(finding.rule.as_str()),
        Inline::text(")"),
    ])];
    let steps = finding.chain.iter().take(MAX_STEPS);
    let mut items: Vec<_> =
        steps.map(|step| vec![at_place(analysis, step.place), Inline::text(format!(" {}", step.message))]).collect();
    if finding.chain.len() > MAX_STEPS {
        items.push(vec![Inline::text(format!("and {} more steps", finding.chain.len() - MAX_STEPS))]);
    }
    if !items.is_empty() {
        blocks.push(Block::List { items, is_numbered: true });
    }
    blocks
}

/// What the rule finds, why that is bad and what to write instead.
pub(super) fn rule_page(rule: &str) -> Vec<Block> {
    let Some(info) = rules::find(rule) else { return Vec::new() };
    let mut blocks = vec![Block::Paragraph(vec![Inline::Strong(info.name.to_owned())])];
    for heading in SECTIONS {
        let Some(text) = info.section(heading) else { continue };
        blocks.push(Block::Paragraph(vec![Inline::Strong(heading.to_owned())]));
        blocks.push(Block::Markdown(section(text)));
    }
    blocks
}

/// A section of at most so many bytes, cut where a block of code does not stay open.
fn section(text: &str) -> String {
    let mut text = capped(&text.replace("```py\n", "```python\n"), MAX_SECTION);
    if text.lines().filter(|line| line.starts_with("```")).count() % 2 == 1 {
        text.push_str("\n```");
    }
    text
}
