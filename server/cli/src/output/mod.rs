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
use std::collections::BTreeMap;
use std::path::Path;

/// A report as seen from a working directory: finds paths, lines and columns, and counts the lines of a file only when
/// something is to be said about it.
pub(crate) struct View<'r> {
    pub(crate) report: &'r Report,
    cwd: &'r Path,
    /// What files are called that are not named by where they are.
    names: Option<&'r BTreeMap<FileId, String>>,
    lines: Vec<OnceCell<Lines<'r>>>,
}

impl<'r> View<'r> {
    pub(crate) fn new(report: &'r Report, cwd: &'r Path) -> Self {
        Self { report, cwd, names: None, lines: report.files.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The same with other names for some files.
    pub(crate) fn with_names(self, names: &'r BTreeMap<FileId, String>) -> Self {
        Self { names: Some(names), ..self }
    }

    pub(crate) fn file(&self, id: FileId) -> &'r ReportFile {
        &self.report.files[id.index()]
    }

    pub(crate) fn path(&self, id: FileId) -> String {
        match self.names.and_then(|names| names.get(&id)) {
            Some(name) => name.clone(),
            None => self.shown(&self.file(id).path),
        }
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

/// Messages quote names from the code; a control character in one must not reach the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use asyncwise_analysis::finding::{Applicability, ChainStep, Confidence, Edit, FileId, Finding, Fix, Place};
    use asyncwise_syntax::facts::Span;
    use asyncwise_workspace::session::{Report, ReportFile};
    use asyncwise_workspace::source::Source;
    use std::path::PathBuf;

    const MAIN: &str = "import helper\n\nasync def main():\n    helper.wait(1)\n    s = 'é漢'; later(s)\n    later(\n        1,\n    )\n";
    const HELPER: &str = "import time\n\ndef wait(n):\n\ttime.sleep(n)\n";

    /// Three findings in two files, and the working directory.
    pub(crate) fn sample() -> (Report, PathBuf) {
        let file = |path: &str, text: &str| ReportFile {
            path: PathBuf::from(path),
            source: Source::decode(path.as_ref(), text.as_bytes()).unwrap(),
        };
        let call = place(0, MAIN, "helper.wait(1)");
        let chain = vec![
            ChainStep { place: place(1, HELPER, "wait(n)"), message: "`wait` runs on the event loop".to_owned() },
            ChainStep { place: place(1, HELPER, "time.sleep(n)"), message: "`time.sleep` blocks".to_owned() },
        ];
        let fix = Fix {
            title: "Use `await asyncio.sleep`".to_owned(),
            applicability: Applicability::Safe,
            edits: vec![Edit { place: call, text: "await asyncio.sleep(1)".to_owned() }],
        };
        let mut blocking = finding("blocking-call", call, Confidence::Certain);
        (blocking.chain, blocking.fixes) = (chain, vec![fix]);
        let wide = finding("unawaited-coroutine", place(0, MAIN, "later(s)"), Confidence::Likely);
        let long = finding("unawaited-coroutine", place(0, MAIN, "later(\n        1,\n    )"), Confidence::Possible);
        let report = Report {
            files: vec![file("/home/me/app/main.py", MAIN), file("/home/me/lib/helper.py", HELPER)],
            findings: vec![blocking, wide, long],
            problems: Vec::new(),
            checked: 1,
        };
        (report, PathBuf::from("/home/me/app"))
    }

    fn place(file: u32, text: &str, part: &str) -> Place {
        let start = text.find(part).unwrap() as u32;
        Place { file: FileId(file), span: Span::new(start, start + part.len() as u32) }
    }

    fn finding(rule: &str, place: Place, confidence: Confidence) -> Finding {
        Finding {
            rule: rule.into(),
            severity: confidence.default_severity(),
            confidence,
            message: format!("something of `{rule}`"),
            place,
            function: Some("main.main".to_owned()),
            chain: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Without colours.
    pub(crate) fn strip(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }
}
