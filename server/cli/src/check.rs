//! `asyncwise check`.

use crate::args::{Check, Format, Rules, Settings};
use crate::exit::Exit;
use crate::output::{self, View, count};
use crate::printer::{BOLD, Printer};
use crate::progress::Bar;
use asyncwise_analysis::finding::Applicability;
use asyncwise_workspace::config::select::Selection;
use asyncwise_workspace::config::{Overrides, Source};
use asyncwise_workspace::fixes::Fixed;
use asyncwise_workspace::paths;
use asyncwise_workspace::session::{Progress, Report, Request, Session, Silent};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The name of the text on stdin when it has no other.
const STDIN: &str = "-";

/// Runs it.
pub(crate) fn run(args: &Check, printer: &mut Printer) -> Exit {
    let begun = Instant::now();
    let request = match request(args, printer.cwd()) {
        Ok(request) => request,
        Err(message) => {
            printer.error(&message);
            return Exit::Failure;
        }
    };
    let stdin = request.text.as_ref().map(|(path, _)| path.clone());
    let bar = (printer.is_watched() && !printer.is_quiet()).then(Bar::new);
    let progress: &dyn Progress = match &bar {
        Some(bar) => bar,
        None => &Silent,
    };
    let mut session = Session::open(request, progress);
    let done = if args.fixing.fix || args.fixing.diff {
        let allowed = if args.fixing.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
        Done::Fixed(session.fix(allowed, progress))
    } else {
        Done::Checked(session.check(progress))
    };
    if let Some(bar) = bar {
        bar.finish();
    }
    match done {
        Done::Checked(report) => report_all(args, &report, begun, printer),
        Done::Fixed(fixed) if args.fixing.diff => print_diff(args, &fixed, printer),
        Done::Fixed(fixed) => finish_fix(args, fixed, stdin.as_deref(), begun, printer),
    }
}

enum Done {
    Checked(Report),
    Fixed(Fixed),
}

fn request(args: &Check, cwd: &Path) -> Result<Request, String> {
    if args.output.statistics && args.output.output_format == Format::Json {
        return Err("--statistics is for people; with --output-format json, count the findings".to_owned());
    }
    let absolute = |path: &PathBuf| paths::absolute(cwd, path);
    let (paths, text) = match args.paths.as_slice() {
        [only] if only.as_os_str() == STDIN => (Vec::new(), Some(read_stdin(args, cwd)?)),
        many if many.iter().any(|path| path.as_os_str() == STDIN) => {
            return Err("`-` cannot be combined with other paths; check them one after the other".to_owned());
        }
        _ if args.stdin_filename.is_some() => {
            return Err("--stdin-filename needs `-` as the path; it names the text on stdin".to_owned());
        }
        many => (many.iter().map(absolute).collect(), None),
    };
    let (config, overrides) = configuration(&args.settings, &args.rules, cwd);
    Ok(Request { cwd: cwd.to_owned(), paths, text, config, overrides, cache: !args.no_cache })
}

/// Where the configuration comes from, and what overrides it.
pub(crate) fn configuration(settings: &Settings, rules: &Rules, cwd: &Path) -> (Source, Overrides) {
    let absolute = |path: &PathBuf| paths::absolute(cwd, path);
    let config = match &settings.config {
        Some(file) => Source::File(absolute(file)),
        None if settings.isolated => Source::Isolated,
        None => Source::Nearest,
    };
    let overrides = Overrides {
        selection: Selection { select: rules.select.clone(), ignore: rules.ignore.clone() },
        min_confidence: rules.min_confidence.map(Into::into),
        target_version: settings.target_version,
        extra_paths: settings.extra_path.iter().map(absolute).collect(),
        python: settings.python.as_ref().map(absolute),
        selected_python: None,
    };
    (config, overrides)
}

fn read_stdin(args: &Check, cwd: &Path) -> Result<(PathBuf, Vec<u8>), String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| format!("stdin cannot be read: {error}"))?;
    let name = args.stdin_filename.clone().unwrap_or_else(|| STDIN.into());
    Ok((paths::absolute(cwd, &name), bytes))
}

/// Prints findings and problems in the form that is wanted.
fn report_all(args: &Check, report: &Report, begun: Instant, printer: &mut Printer) -> Exit {
    let cwd = printer.cwd().to_owned();
    let view = View::new(report, &cwd);
    let is_json = args.output.output_format == Format::Json;
    match args.output.output_format {
        Format::Json => output::json::print(&view, begun.elapsed(), printer),
        _ if args.output.statistics => output::statistics::print(&view, printer),
        Format::Full => output::full::print(&view, printer),
        Format::Concise => output::concise::print(&view, printer),
    }
    finish(args, &view, is_json, printer)
}

fn finish(args: &Check, view: &View<'_>, without_summary: bool, printer: &mut Printer) -> Exit {
    printer.finish();
    for problem in &view.report.problems {
        printer.problem(problem);
    }
    if !without_summary && !printer.is_quiet() {
        printer.line(&output::summary::summary(view));
    }
    exit(args, view.report, !view.report.findings.is_empty())
}

fn exit(args: &Check, report: &Report, has_findings: bool) -> Exit {
    if report.problems.iter().any(asyncwise_workspace::problem::Problem::is_error) {
        Exit::Failure
    } else if has_findings && !args.output.exit_zero {
        Exit::Findings
    } else {
        Exit::Nothing
    }
}

/// Prints what fixing would change. Findings that would stay count as findings, too.
fn print_diff(args: &Check, fixed: &Fixed, printer: &mut Printer) -> Exit {
    let cwd = printer.cwd().to_owned();
    for change in &fixed.changes {
        printer.text(&change.diff(&cwd));
    }
    printer.finish();
    for problem in &fixed.report.problems {
        printer.problem(problem);
    }
    let (files, findings) = (count(fixed.changes.len(), "file"), count(fixed.applied, "finding"));
    printer.remark(&format!("{BOLD}Would fix {findings}{BOLD:#} in {files}"));
    exit(args, &fixed.report, !fixed.changes.is_empty() || !fixed.report.findings.is_empty())
}

/// Writes the fixes and reports what is left. A text from stdin goes to stdout, and the report about it to stderr.
fn finish_fix(args: &Check, mut fixed: Fixed, stdin: Option<&Path>, begun: Instant, printer: &mut Printer) -> Exit {
    if let Some(path) = stdin {
        return print_fixed_text(args, &fixed, path, printer);
    }
    let problems = fixed.write();
    let all_written = problems.is_empty();
    fixed.report.problems.extend(problems);
    if !all_written {
        printer.remark("Not all fixes could be written: the report is of what would be left");
    } else if fixed.applied > 0 {
        let (files, findings) = (count(fixed.changes.len(), "file"), count(fixed.applied, "finding"));
        printer.remark(&format!("{BOLD}Fixed {findings}{BOLD:#} in {files}"));
    }
    report_all(args, &fixed.report, begun, printer)
}

fn print_fixed_text(args: &Check, fixed: &Fixed, path: &Path, printer: &mut Printer) -> Exit {
    if let Some(file) = fixed.report.files.iter().find(|file| file.path == path) {
        match file.source.encode() {
            Ok(bytes) => printer.bytes(&bytes),
            Err(message) => printer.error(&message),
        }
    }
    for problem in &fixed.report.problems {
        printer.problem(problem);
    }
    let cwd = printer.cwd().to_owned();
    let view = View::new(&fixed.report, &cwd);
    for finding in &fixed.report.findings {
        printer.remark(&format!("{}: [{}] {}", view.location(finding.place), finding.rule, finding.message));
    }
    exit(args, &fixed.report, !fixed.report.findings.is_empty())
}
