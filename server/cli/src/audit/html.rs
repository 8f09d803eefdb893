//! The report as one HTML page that needs nothing else: its style and its script stand in it, and its policy forbids anything
//! from elsewhere.

use super::document::{Block, Inline, Line};
use super::graph::Graph;
use super::{Report, sections};
use crate::output::printable;
use serde::Serialize;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const GRAPH: &str = include_str!("page/graph.html");

/// What the script knows.
#[derive(Serialize)]
struct Data {
    graph: Graph,
    findings: Vec<Finding>,
    bridges: Vec<Bridge>,
}

/// A finding in the pane beside the graph.
#[derive(Serialize)]
struct Finding {
    rule: String,
    severity: &'static str,
    message: String,
    at: String,
    /// The nodes on its chain, from the function it is in down to the cause.
    nodes: Vec<u32>,
}

/// What a bridge does.
#[derive(Serialize)]
struct Bridge {
    without_loop: Vec<String>,
    on_loop: Vec<String>,
}

pub(super) fn print(report: &Report<'_>) -> serde_json::Result<String> {
    let blocks = sections::document(report);
    let body: String = blocks.iter().map(block).collect();
    // Nothing in a string can end the element.
    let data = serde_json::to_string(&data(report))?.replace('<', "\\u003c");
    let title = escape(&format!("Async health of {}", report.title));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<nav aria-label=\"Sections\">{}</nav>\n<main>\n{body}\
         </main>\n<script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        contents(&blocks)
    ))
}

fn data(report: &Report<'_>) -> Data {
    let audit = report.audit;
    let mut chains: Vec<Vec<(usize, u32)>> = vec![Vec::new(); audit.risks.len()];
    for (number, node) in audit.graph.nodes.iter().enumerate() {
        for &risk in &node.risks {
            let order = audit.risks.get(risk as usize).map_or(0, |risk| {
                let places =
                    std::iter::once(risk.finding.place).chain(risk.finding.chain.iter().map(|step| step.place));
                let is_own = |name: &str| risk.finding.function.as_deref() == Some(name);
                let at = places.enumerate().filter(|(_, place)| node.place.is_some_and(|own| own.file == place.file));
                if is_own(&node.name) { 0 } else { at.map(|(i, _)| i).next().unwrap_or(usize::MAX) }
            });
            if let Some(chain) = chains.get_mut(risk as usize) {
                chain.push((order, number as u32));
            }
        }
    }
    let finding = |(risk, mut chain): (&asyncwise_analysis::audit::Risk, Vec<(usize, u32)>)| {
        chain.sort_unstable();
        Finding {
            rule: risk.finding.rule.to_string(),
            severity: super::risks::severity(risk.finding.severity),
            message: printable(&risk.finding.message),
            at: label(&report.place(risk.finding.place)),
            nodes: chain.into_iter().map(|(_, node)| node).collect(),
        }
    };
    let words = |all: &[asyncwise_analysis::audit::Behaviour]| all.iter().map(|b| b.words()).collect();
    let bridge = |bridge: &asyncwise_analysis::audit::Bridge| Bridge {
        without_loop: words(&bridge.without_loop),
        on_loop: words(&bridge.on_loop),
    };
    Data {
        graph: Graph::of(report),
        findings: audit.risks.iter().zip(chains).map(finding).collect(),
        bridges: audit.bridges.iter().map(bridge).collect(),
    }
}

fn label(inline: &Inline) -> String {
    match inline {
        Inline::Place { label, .. } => printable(label),
        _ => String::new(),
    }
}

/// Links to the sections.
fn contents(blocks: &[Block]) -> String {
    let links = blocks.iter().filter_map(|block| match block {
        Block::Heading(2, title) => Some((anchor(title), title.as_str())),
        Block::Graph => Some(("boundary-graph".to_owned(), "Boundary graph")),
        _ => None,
    });
    links.map(|(id, title)| format!("<a href=\"#{id}\">{}</a>", escape(title))).collect()
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(level, title) => {
            let id = if *level == 2 { format!(" id=\"{}\"", anchor(title)) } else { String::new() };
            format!("<h{level}{id}>{}</h{level}>\n", escape(title))
        }
        Block::Paragraph(words) => format!("<p>{}</p>\n", line(words)),
        Block::List(items) => {
            let below = |lines: &[Line]| match lines {
                [] => String::new(),
                lines => {
                    let items: String = lines.iter().map(|below| format!("<li>{}</li>", line(below))).collect();
                    format!("<ul>{items}</ul>")
                }
            };
            let items: String =
                items.iter().map(|item| format!("<li>{}{}</li>\n", line(&item.line), below(&item.below))).collect();
            format!("<ul class=\"list\">\n{items}</ul>\n")
        }
        Block::Table(columns, rows) => {
            let class = |number: bool| if number { " class=\"number\"" } else { "" };
            let head: String = columns
                .iter()
                .map(|column| format!("<th scope=\"col\"{}>{}</th>", class(column.is_number), escape(column.title)))
                .collect();
            let row = |cells: &Vec<Line>| {
                let cells = cells.iter().zip(columns);
                let cells = cells.map(|(cell, column)| format!("<td{}>{}</td>", class(column.is_number), line(cell)));
                format!("<tr>{}</tr>\n", cells.collect::<String>())
            };
            let rows: String = rows.iter().map(row).collect();
            format!(
                "<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
            )
        }
        Block::Graph => GRAPH.to_owned(),
    }
}

fn line(line: &Line) -> String {
    line.iter().map(inline).collect()
}

fn inline(inline: &Inline) -> String {
    match inline {
        Inline::Text(text) => escape(text),
        Inline::Strong(text) => format!("<strong>{}</strong>", escape(text)),
        Inline::Code(text) | Inline::Node { name: text, number: None } => format!("<code>{}</code>", escape(text)),
        Inline::Node { name, number: Some(number) } => {
            format!("<a class=\"node-link\" href=\"#node={number}\"><code>{}</code></a>", escape(name))
        }
        Inline::Place { label, link: Some(link) } => {
            format!("<a class=\"place\" href=\"{}\">{}</a>", escape(&target(link)), escape(label))
        }
        Inline::Place { label, link: None } => format!("<span class=\"place\">{}</span>", escape(label)),
    }
}

/// A link to a file: never one with a scheme, whatever the file is called.
fn target(link: &str) -> String {
    let link = printable(link).replace('%', "%25").replace(' ', "%20").replace('?', "%3F");
    let first = link.split('/').next().unwrap_or_default();
    if first.contains(':') { format!("./{link}") } else { link }
}

fn anchor(title: &str) -> String {
    title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
