//! The only place that writes to stdout and stderr.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use asyncwise_workspace::paths;
use asyncwise_workspace::problem::{Problem, ProblemKind};
use std::io::{BufWriter, IsTerminal, Stderr, Stdout, Write};
use std::path::{Path, PathBuf};

/// Where reports and messages go. Once the reader of stdout has gone away, nothing more is written, quietly.
pub(crate) struct Printer {
    out: BufWriter<AutoStream<Stdout>>,
    err: AutoStream<Stderr>,
    cwd: PathBuf,
    quiet: bool,
    failed: bool,
}

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const NOTE: Style = AnsiColor::Cyan.on_default().bold();

impl Printer {
    pub(crate) fn new(color: ColorChoice, quiet: bool, cwd: PathBuf) -> Self {
        let out = BufWriter::new(AutoStream::new(std::io::stdout(), color));
        Self { out, err: AutoStream::new(std::io::stderr(), color), cwd, quiet, failed: false }
    }

    /// The working directory: paths are shown as seen from here.
    pub(crate) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Whether only findings and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a person sees what is written to stderr as it comes.
    pub(crate) fn is_watched(&self) -> bool {
        std::io::stderr().is_terminal()
    }

    /// Text on stdout, as it is.
    pub(crate) fn text(&mut self, text: &str) {
        let result = self.out.write_all(text.as_bytes());
        self.settle(result);
    }

    /// Bytes on stdout, as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let result = self.out.flush().and_then(|()| std::io::stdout().write_all(bytes));
        self.settle(result);
    }

    /// A line on stdout.
    pub(crate) fn line(&mut self, text: &str) {
        self.text(text);
        self.text("\n");
    }

    /// A line on stderr that is not wanted when it shall be quiet.
    pub(crate) fn remark(&mut self, text: &str) {
        if !self.quiet {
            let result = self.out.flush();
            self.settle(result);
            // Nobody can be told that stderr is gone.
            let _ = writeln!(self.err, "{text}");
        }
    }

    /// An error that is about no file.
    pub(crate) fn error(&mut self, text: &str) {
        let _ = writeln!(self.err, "asyncwise: {ERROR}error{ERROR:#}: {text}");
    }

    /// `asyncwise: error: path:line:column: what; what to do`.
    pub(crate) fn problem(&mut self, problem: &Problem) {
        let (word, style) = match problem.kind {
            ProblemKind::Error => ("error", ERROR),
            ProblemKind::Warning if self.quiet => return,
            ProblemKind::Warning => ("warning", WARNING),
        };
        let mut place = paths::shown(&self.cwd, &problem.path);
        if let Some((line, column)) = problem.position {
            place.push_str(&format!(":{line}:{column}"));
        }
        let _ = writeln!(self.err, "asyncwise: {style}{word}{style:#}: {place}: {}", problem.text());
    }

    /// Writes what is still kept back. False when stdout could not be written, for another reason than that its reader
    /// has gone away.
    pub(crate) fn finish(&mut self) -> bool {
        let result = self.out.flush();
        self.settle(result);
        !self.failed
    }

    fn settle(&mut self, result: std::io::Result<()>) {
        match result {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe && !self.failed => {
                self.failed = true;
                self.error(&format!("stdout cannot be written: {error}"));
            }
            _ => {}
        }
    }
}
