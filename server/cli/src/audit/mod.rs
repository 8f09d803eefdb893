//! `asyncwise audit`: one report of a project's async health, in Markdown, JSON or HTML.

mod document;
mod graph;
mod html;
mod json;
mod lists;
mod markdown;
mod risks;
mod sections;
mod words;

pub(crate) use json::schema;

use crate::args::{Audit as Arguments, AuditFormat};
use crate::check::configuration;
use crate::exit::Exit;
use crate::output::View;
use crate::printer::Printer;
use crate::progress::Bar;
use asyncwise_analysis::audit::Audit;
use asyncwise_workspace::paths;
use asyncwise_workspace::problem::Problem;
use asyncwise_workspace::session::{Progress, Request, Session, Silent};
use std::path::Path;

/// What the printers are told beside the audit itself.
pub(crate) struct Report<'r> {
    pub(crate) audit: &'r Audit,
    /// Paths, as seen from the working directory, and lines.
    pub(crate) view: View<'r>,
    /// Paths that links lead to, as seen from the directory the report lies in.
    pub(crate) links: View<'r>,
    /// What the report is about.
    pub(crate) title: String,
    /// The most of a kind that are shown.
    pub(crate) limit: usize,
}

/// Runs it.
pub(crate) fn run(args: &Arguments, printer: &mut Printer) -> Exit {
    let cwd = printer.cwd().to_owned();
    let bar = (printer.is_watched() && !printer.is_quiet()).then(Bar::new);
    let progress: &dyn Progress = match &bar {
        Some(bar) => bar,
        None => &Silent,
    };
    let (config, overrides) = configuration(&args.settings, &args.rules, &cwd);
    let paths: Vec<_> = args.paths.iter().map(|path| paths::absolute(&cwd, path)).collect();
    let title = title(&paths);
    let request = Request { cwd: cwd.clone(), paths, text: None, config, overrides, cache: false };
    let (report, audit) = Session::open(request, progress).audit(progress);
    if let Some(bar) = bar {
        bar.finish();
    }
    let output = args.output.as_ref().map(|path| paths::absolute(&cwd, path));
    let folder = output.as_ref().and_then(|path| path.parent()).unwrap_or(&cwd);
    let printed = Report {
        view: View::new(&report, &cwd).with_names(&audit.dependencies),
        links: View::new(&report, folder).with_names(&audit.dependencies),
        audit: &audit,
        title,
        limit: if args.limit == 0 { usize::MAX } else { args.limit },
    };
    let text = match args.format {
        AuditFormat::Markdown => Ok(markdown::print(&sections::document(&printed))),
        AuditFormat::Html => html::print(&printed),
        AuditFormat::Json => json::print(&printed),
    };
    let is_written = match text.map_err(|error| format!("the report cannot be written as JSON: {error}")) {
        Ok(text) => deliver(&text, output.as_deref(), printer),
        Err(message) => {
            printer.error(&message);
            false
        }
    };
    printer.finish();
    report.problems.iter().for_each(|problem| printer.problem(problem));
    if is_written && !report.problems.iter().any(Problem::is_error) { Exit::Nothing } else { Exit::Failure }
}

/// Prints the text, or writes it to a file; false when it cannot be written.
fn deliver(text: &str, output: Option<&Path>, printer: &mut Printer) -> bool {
    let Some(path) = output else {
        printer.bytes(text.as_bytes());
        return true;
    };
    let shown = paths::shown(printer.cwd(), path);
    match std::fs::write(path, text) {
        Ok(()) => {
            printer.remark(&format!("Wrote {shown}"));
            true
        }
        Err(error) => {
            printer.error(&format!("{shown} cannot be written: {error}"));
            false
        }
    }
}

/// The names of what the report is about, without where it lies.
fn title(paths: &[std::path::PathBuf]) -> String {
    let name = |path: &std::path::PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: Vec<String> = paths.iter().filter_map(name).collect();
    if names.is_empty() { "the project".to_owned() } else { names.join(", ") }
}
