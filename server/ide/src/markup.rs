//! A small document: what a hover or a tooltip says, rendered as Markdown or as plain text.

use asyncwise_analysis::finding::Place;

/// A document.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Markup {
    /// Its parts, top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// A paragraph.
    Paragraph(Line),
    /// A list, one line for each item; numbered where the order tells something.
    List {
        /// The items.
        items: Vec<Line>,
        /// Whether they are numbered from 1.
        is_numbered: bool,
    },
    /// Python code.
    Code(String),
    /// Markdown as a person wrote it.
    Markdown(String),
    /// A line between parts.
    Rule,
}

/// Words in a row.
pub type Line = Vec<Inline>;

/// A piece of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inline {
    /// Words. Backticks in them mark code.
    Text(String),
    /// Code.
    Code(String),
    /// Words that stand out.
    Strong(String),
    /// Words that lead to a place.
    Place {
        /// Where.
        place: Place,
        /// The words.
        label: String,
        /// The words are code.
        is_code: bool,
    },
}

impl Inline {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Inline::Text(text.into())
    }

    /// Code.
    pub fn code(text: impl Into<String>) -> Self {
        Inline::Code(text.into())
    }
}

impl Markup {
    /// A document of one list without numbers.
    pub fn list(items: Vec<Line>) -> Self {
        Self { blocks: vec![Block::List { items, is_numbered: false }] }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// As Markdown. `link` gives the address of a place; places without one are shown by their words alone.
    pub fn to_markdown(&self, link: &dyn Fn(Place) -> Option<String>) -> String {
        self.join(|block| match block {
            Block::Paragraph(line) => markdown_line(line, link),
            Block::List { items, is_numbered } => {
                let item =
                    |(i, line): (usize, &Line)| format!("{} {}", mark(i, *is_numbered), markdown_line(line, link));
                items.iter().enumerate().map(item).collect::<Vec<_>>().join("\n")
            }
            Block::Code(code) => format!("```python\n{}\n```", code.trim_end()),
            Block::Markdown(text) => text.trim().to_owned(),
            Block::Rule => "---".to_owned(),
        })
    }

    /// As text without any marks.
    pub fn to_plain(&self) -> String {
        self.join(|block| match block {
            Block::Paragraph(line) => plain_line(line),
            Block::List { items, is_numbered } => {
                let item = |(i, line): (usize, &Line)| format!("{} {}", mark(i, *is_numbered), plain_line(line));
                items.iter().enumerate().map(item).collect::<Vec<_>>().join("\n")
            }
            Block::Code(code) => code.trim_end().to_owned(),
            Block::Markdown(text) => plain_markdown(text),
            Block::Rule => String::new(),
        })
    }

    fn join(&self, render: impl Fn(&Block) -> String) -> String {
        let parts: Vec<String> = self.blocks.iter().map(render).filter(|part| !part.is_empty()).collect();
        parts.join("\n\n")
    }
}

fn mark(index: usize, is_numbered: bool) -> String {
    if is_numbered { format!("{}.", index + 1) } else { "-".to_owned() }
}

fn markdown_line(line: &Line, link: &dyn Fn(Place) -> Option<String>) -> String {
    let piece = |inline: &Inline| match inline {
        Inline::Text(text) => escaped(text),
        Inline::Code(code) => code_span(code),
        Inline::Strong(text) => format!("**{}**", escaped(text)),
        Inline::Place { place, label, is_code } => {
            let label = if *is_code { code_span(label) } else { escaped(label) };
            match link(*place) {
                Some(address) => format!("[{label}]({address})"),
                None => label,
            }
        }
    };
    line.iter().map(piece).collect()
}

fn plain_line(line: &Line) -> String {
    let piece = |inline: &Inline| match inline {
        Inline::Text(text) | Inline::Strong(text) => text.replace('`', ""),
        Inline::Code(text) | Inline::Place { label: text, .. } => text.clone(),
    };
    line.iter().map(piece).collect()
}

/// A code span; one with a backtick in it needs two around it.
fn code_span(code: &str) -> String {
    if code.contains('`') { format!("`` {code} ``") } else { format!("`{code}`") }
}

/// Words in which only backticks mean something.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '`' => in_code = !in_code,
            '*' | '_' | '[' | ']' | '<' | '>' | '\\' if !in_code => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Markdown as a person reads it who sees no marks: fences, stars, backticks and the `#` of headings are left out.
fn plain_markdown(text: &str) -> String {
    let mut out = Vec::new();
    let mut in_code = false;
    for line in text.trim().lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            out.push(line.to_owned());
        } else {
            out.push(line.trim_start_matches('#').trim_start().replace(['`', '*'], ""));
        }
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use asyncwise_analysis::finding::FileId;
    use asyncwise_syntax::facts::Span;

    fn sample() -> Markup {
        let place = Place { file: FileId(0), span: Span::new(3, 4) };
        Markup {
            blocks: vec![
                Block::Paragraph(vec![Inline::text("__init__ runs `a_b` in *"), Inline::code("x`y")]),
                Block::List {
                    items: vec![
                        vec![Inline::Place { place, label: "a_b.py:1".into(), is_code: false }],
                        vec![Inline::Place { place, label: "a_b".into(), is_code: true }, Inline::Strong("!".into())],
                    ],
                    is_numbered: true,
                },
                Block::Rule,
                Block::Markdown("## Use `this`\n```py\n# comment\n```".into()),
                Block::Code("x = 1\n".into()),
            ],
        }
    }

    #[test]
    fn markdown_escapes_what_is_not_code() {
        let linked = sample().to_markdown(&|place| Some(format!("file#{}", place.span.start)));
        expect_test::expect![[r#"
            \_\_init\_\_ runs `a_b` in \*`` x`y ``

            1. [a\_b.py:1](file#3)
            2. [`a_b`](file#3)**!**

            ---

            ## Use `this`
            ```py
            # comment
            ```

            ```python
            x = 1
            ```"#]]
        .assert_eq(&linked);
    }

    #[test]
    fn plain_text_has_no_marks() {
        expect_test::expect![[r#"
            __init__ runs a_b in *x`y

            1. a_b.py:1
            2. a_b!

            Use this
            # comment

            x = 1"#]]
        .assert_eq(&sample().to_plain());
    }
}
