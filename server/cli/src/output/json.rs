//! The report for programs: a contract, described by its JSON Schema.

use super::View;
use crate::printer::Printer;
use asyncwise_analysis::finding::{self, Place};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// The version of the form. It changes when something is taken away or means something else; new keys do not change it.
const VERSION: u32 = 1;

/// What `asyncwise check --output-format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "asyncwise findings")]
pub(crate) struct Output {
    /// The version of this form: 1.
    version: u32,
    /// What is wrong, sorted by path, then position, then rule.
    findings: Vec<Finding>,
    /// What could not be done.
    errors: Vec<Error>,
    /// The run in numbers.
    summary: Summary,
}

/// Something that is wrong, or may be.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// The rule's name.
    rule: String,
    /// How loudly it is shown.
    severity: Severity,
    /// How sure it is.
    confidence: Confidence,
    /// What happens at run time.
    message: String,
    /// The file, relative to the working directory, with `/`; `-` for stdin without a name.
    path: String,
    /// In a notebook, the number of the code's cell among all cells, from 1. Lines are then lines of that cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<usize>,
    /// The code a person would change.
    range: Range,
    /// The qualified name of the enclosing function, module included; null at module level.
    function: Option<String>,
    /// From the finding to its cause; empty when the finding is the cause.
    chain: Vec<Step>,
    /// The ways to mend it, the preferred one first.
    fixes: Vec<Fix>,
}

/// How loudly a finding is shown.
#[derive(Copy, Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Hint,
    Info,
    Warning,
    Error,
}

/// How sure a finding is.
#[derive(Copy, Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    Possible,
    Likely,
    Certain,
}

/// A range; the end is the position after its last character.
#[derive(Debug, Serialize, JsonSchema)]
struct Range {
    start: Position,
    end: Position,
}

/// A position.
#[derive(Debug, Serialize, JsonSchema)]
struct Position {
    /// The line, from 1.
    #[schemars(range(min = 1))]
    line: usize,
    /// The column, from 1, in characters.
    #[schemars(range(min = 1))]
    column: usize,
}

/// One step from a finding to its cause.
#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// The file, as in a finding.
    path: String,
    /// The cell, as in a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<usize>,
    /// The line, from 1.
    #[schemars(range(min = 1))]
    line: usize,
    /// The column, from 1, in characters.
    #[schemars(range(min = 1))]
    column: usize,
    /// What happens there.
    message: String,
}

/// A way to mend a finding.
#[derive(Debug, Serialize, JsonSchema)]
struct Fix {
    /// What it does.
    title: String,
    /// Whether it may be applied without being looked at.
    applicability: Applicability,
    /// What it replaces; all of it or nothing.
    edits: Vec<Edit>,
}

/// Whether a fix may be applied without being looked at.
#[derive(Copy, Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Applicability {
    Safe,
    Unsafe,
    /// The first step of a change that a person has to go on with: never applied by `--fix`.
    Partial,
}

/// A replacement of text.
#[derive(Debug, Serialize, JsonSchema)]
struct Edit {
    /// The file, as in a finding.
    path: String,
    /// The cell, as in a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<usize>,
    /// What is replaced; an empty range inserts.
    range: Range,
    /// By what.
    text: String,
}

/// Something that could not be done: the exit code is 2.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Error {
    /// The file or directory, relative to the working directory, with `/`.
    path: String,
    /// What is wrong and what to do.
    message: String,
}

/// A run in numbers.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    /// How many files were checked.
    files: usize,
    /// How many findings there are.
    findings: usize,
    /// How long it took.
    seconds: f64,
}

/// The JSON Schema of the form.
pub(crate) fn schema() -> serde_json::Value {
    schemars::schema_for!(Output).to_value()
}

/// Prints the report as one JSON value.
pub(crate) fn print(view: &View<'_>, took: Duration, printer: &mut Printer) {
    match serde_json::to_string_pretty(&output(view, took)) {
        Ok(text) => printer.line(&text),
        Err(error) => printer.error(&format!("the report cannot be written as JSON: {error}")),
    }
}

fn output(view: &View<'_>, took: Duration) -> Output {
    let report = view.report;
    Output {
        version: VERSION,
        findings: report.findings.iter().map(|finding| convert(view, finding)).collect(),
        errors: errors(view),
        summary: Summary {
            files: report.checked,
            findings: report.findings.len(),
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
        },
    }
}

/// What could not be done.
pub(crate) fn errors(view: &View<'_>) -> Vec<Error> {
    let errors = view.report.problems.iter().filter(|problem| problem.is_error()).map(|problem| {
        let place = problem.position.map_or(String::new(), |(line, column)| format!("line {line}, column {column}: "));
        Error { path: view.shown(&problem.path), message: format!("{place}{}", problem.text()) }
    });
    errors.collect()
}

pub(crate) fn convert(view: &View<'_>, finding: &finding::Finding) -> Finding {
    let (cell, range) = range(view, finding.place);
    Finding {
        rule: finding.rule.to_string(),
        severity: match finding.severity {
            finding::Severity::Hint => Severity::Hint,
            finding::Severity::Info => Severity::Info,
            finding::Severity::Warning => Severity::Warning,
            finding::Severity::Error => Severity::Error,
        },
        confidence: match finding.confidence {
            finding::Confidence::Possible => Confidence::Possible,
            finding::Confidence::Likely => Confidence::Likely,
            finding::Confidence::Certain => Confidence::Certain,
        },
        message: finding.message.clone(),
        path: view.path(finding.place.file),
        cell,
        range,
        function: finding.function.clone(),
        chain: finding.chain.iter().map(|step| convert_step(view, step)).collect(),
        fixes: finding.fixes.iter().map(|fix| convert_fix(view, fix)).collect(),
    }
}

fn convert_step(view: &View<'_>, step: &finding::ChainStep) -> Step {
    let at = view.start(step.place);
    let path = view.path(step.place.file);
    Step { path, cell: at.cell, line: at.line, column: at.column, message: step.message.clone() }
}

fn convert_fix(view: &View<'_>, fix: &finding::Fix) -> Fix {
    let edits = fix.edits.iter().map(|edit| {
        let (cell, range) = range(view, edit.place);
        Edit { path: view.path(edit.place.file), cell, range, text: edit.text.clone() }
    });
    Fix {
        title: fix.title.clone(),
        applicability: match fix.applicability {
            finding::Applicability::Safe => Applicability::Safe,
            finding::Applicability::Unsafe => Applicability::Unsafe,
            finding::Applicability::Partial => Applicability::Partial,
        },
        edits: edits.collect(),
    }
}

fn range(view: &View<'_>, place: Place) -> (Option<usize>, Range) {
    let (start, end) = view.lines(place.file).range(place.span);
    let position = |at: asyncwise_workspace::source::Position| Position { line: at.line, column: at.column };
    (start.cell, Range { start: position(start), end: position(end) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::sample;
    use expect_test::expect;

    #[test]
    fn the_sample_fits_the_schema() {
        let (report, cwd) = sample();
        let value = serde_json::to_value(output(&View::new(&report, &cwd), Duration::from_millis(12))).unwrap();
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn the_form_of_a_finding() {
        let (report, cwd) = sample();
        let output = output(&View::new(&report, &cwd), Duration::from_millis(12));
        expect![[r#"
            {
              "rule": "blocking-call",
              "severity": "error",
              "confidence": "certain",
              "message": "something of `blocking-call`",
              "path": "main.py",
              "range": {
                "start": {
                  "line": 4,
                  "column": 5
                },
                "end": {
                  "line": 4,
                  "column": 19
                }
              },
              "function": "main.main",
              "chain": [
                {
                  "path": "../lib/helper.py",
                  "line": 3,
                  "column": 5,
                  "message": "`wait` runs on the event loop"
                },
                {
                  "path": "../lib/helper.py",
                  "line": 4,
                  "column": 2,
                  "message": "`time.sleep` blocks"
                }
              ],
              "fixes": [
                {
                  "title": "Use `await asyncio.sleep`",
                  "applicability": "safe",
                  "edits": [
                    {
                      "path": "main.py",
                      "range": {
                        "start": {
                          "line": 4,
                          "column": 5
                        },
                        "end": {
                          "line": 4,
                          "column": 19
                        }
                      },
                      "text": "await asyncio.sleep(1)"
                    }
                  ]
                }
              ]
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&output.findings[0]).unwrap());
    }
}
