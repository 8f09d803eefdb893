//! The report as Markdown, as GitHub and most editors show it.

use super::document::{Block, Inline, Line};
use crate::output::printable;

/// The text of the whole report.
pub(super) fn print(blocks: &[Block]) -> String {
    let parts: Vec<String> = blocks.iter().filter_map(block).collect();
    format!("{}\n", parts.join("\n\n"))
}

fn block(block: &Block) -> Option<String> {
    Some(match block {
        Block::Heading(level, title) => format!("{} {}", "#".repeat(usize::from(*level)), escape(title)),
        Block::Paragraph(words) => line(words, false),
        Block::List(items) => {
            let mut lines = Vec::new();
            for item in items {
                lines.push(format!("- {}", line(&item.line, false)));
                lines.extend(item.below.iter().map(|below| format!("  - {}", line(below, false))));
            }
            lines.join("\n")
        }
        Block::Table(columns, rows) => {
            let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
            let titles = columns.iter().map(|column| column.title.to_owned()).collect();
            let rules = columns.iter().map(|column| if column.is_number { "---:" } else { "---" }.to_owned()).collect();
            let mut lines = vec![row(titles), row(rules)];
            lines.extend(rows.iter().map(|cells| row(cells.iter().map(|cell| line(cell, true)).collect())));
            lines.join("\n")
        }
        Block::Graph => return None,
    })
}

fn line(line: &Line, in_table: bool) -> String {
    line.iter().map(|inline| self::inline(inline, in_table)).collect()
}

fn inline(inline: &Inline, in_table: bool) -> String {
    match inline {
        Inline::Text(text) => escape(text),
        Inline::Strong(text) => format!("**{}**", escape(text)),
        Inline::Code(text) | Inline::Node { name: text, .. } => code(text, in_table),
        Inline::Place { label, link: Some(link) } => format!("[{}](<{}>)", code(label, in_table), target(link)),
        Inline::Place { label, link: None } => code(label, in_table),
    }
}

/// A span of code. The fence is longer than any run of backquotes in it.
fn code(text: &str, in_table: bool) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    // A table's row is cut into cells before spans of code are looked for.
    let text = if in_table { text.replace('|', "\\|") } else { text };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Names from the code and messages say nothing to Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A link's target between angle brackets.
fn target(link: &str) -> String {
    let plain = printable(link);
    plain
        .chars()
        .filter(|c| !matches!(c, '<' | '>' | '\n'))
        .flat_map(|c| match c {
            '|' => vec!['%', '7', 'C'],
            ' ' => vec!['%', '2', '0'],
            c => vec![c],
        })
        .collect()
}
