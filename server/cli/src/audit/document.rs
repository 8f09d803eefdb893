//! A report as blocks of text, so that Markdown and HTML say the same.

/// A piece of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Inline {
    Text(String),
    Code(String),
    Strong(String),
    /// A place in a file: what is shown, and where it leads; nowhere for a file of a dependency.
    Place {
        label: String,
        link: Option<String>,
    },
    /// A function of the boundary graph, by the number of its node. Where there is no graph to go to, its name is code.
    Node {
        name: String,
        number: Option<u32>,
    },
}

/// A line of text.
pub(super) type Line = Vec<Inline>;

/// A line of a list, with what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    pub(super) line: Line,
    pub(super) below: Vec<Line>,
}

/// A column of a table: its title, and whether it holds numbers.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) is_number: bool,
}

/// A block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Block {
    /// Of level 1, 2 or 3.
    Heading(u8, String),
    Paragraph(Line),
    List(Vec<Item>),
    Table(Vec<Column>, Vec<Vec<Line>>),
    /// Where the boundary graph is shown, in the form that can.
    Graph,
}

pub(super) fn text(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

pub(super) fn code(text: impl Into<String>) -> Inline {
    Inline::Code(text.into())
}

pub(super) fn strong(text: impl Into<String>) -> Inline {
    Inline::Strong(text.into())
}

pub(super) fn column(title: &'static str) -> Column {
    Column { title, is_number: false }
}

pub(super) fn numbers(title: &'static str) -> Column {
    Column { title, is_number: true }
}

impl Block {
    pub(super) fn text(words: impl Into<String>) -> Self {
        Self::Paragraph(vec![text(words)])
    }
}

impl Item {
    pub(super) fn of(line: Line) -> Self {
        Self { line, below: Vec::new() }
    }
}
