//! The forms of a report.

pub(crate) mod concise;
pub(crate) mod full;
pub(crate) mod json;
pub(crate) mod statistics;
pub(crate) mod summary;

use asyncwise_analysis::finding::{FileId, Place, Severity};
use asyncwise_workspace::paths;
use asyncwise_workspace::session::{Report, ReportFile};
use asyncwise_workspace::source::{Lines, Position};
use std::cell::OnceCell;
use std::path::Path;

/// A report as seen from a working directory: finds paths, lines and columns, and counts the lines of a file only when
/// something is to be said about it.
pub(crate) struct View<'r> {
    pub(crate) report: &'r Report,
    cwd: &'r Path,
    lines: Vec<OnceCell<Lines<'r>>>,
}

impl<'r> View<'r> {
    pub(crate) fn new(report: &'r Report, cwd: &'r Path) -> Self {
        Self { report, cwd, lines: report.files.iter().map(|_| OnceCell::new()).collect() }
    }

    pub(crate) fn file(&self, id: FileId) -> &'r ReportFile {
        &self.report.files[id.index()]
    }

    pub(crate) fn path(&self, id: FileId) -> String {
        paths::shown(self.cwd, &self.file(id).path)
    }

    pub(crate) fn shown(&self, path: &Path) -> String {
        paths::shown(self.cwd, path)
    }

    pub(crate) fn lines(&self, id: FileId) -> &Lines<'r> {
        self.lines[id.index()].get_or_init(|| self.file(id).source.lines())
    }

    pub(crate) fn start(&self, place: Place) -> Position {
        self.lines(place.file).range(place.span).0
    }

    /// `path:line:column`, with the cell of a notebook.
    pub(crate) fn location(&self, place: Place) -> String {
        let position = self.start(place);
        let path = self.path_and_cell(place);
        format!("{path}:{}:{}", position.line, position.column)
    }

    pub(crate) fn path_and_cell(&self, place: Place) -> String {
        let path = self.path(place.file);
        match self.start(place).cell {
            Some(cell) => format!("{path}:cell {cell}"),
            None => path,
        }
    }
}

/// The word for a severity.
pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Hint => "hint",
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {one}{many}")
}
