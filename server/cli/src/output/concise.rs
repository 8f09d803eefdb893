//! One line for each finding.

use super::{View, severity_word};
use crate::printer::{DIM, ERROR, NOTE, Printer, WARNING};
use asyncwise_analysis::finding::Severity;

/// `path:line:column: severity[rule] message`.
pub(crate) fn print(view: &View<'_>, printer: &mut Printer) {
    for finding in &view.report.findings {
        let style = match finding.severity {
            Severity::Error => ERROR,
            Severity::Warning => WARNING,
            Severity::Info | Severity::Hint => NOTE,
        };
        let location = view.location(finding.place);
        let (word, rule, message) = (severity_word(finding.severity), &finding.rule, &finding.message);
        printer.line(&format!("{location}{DIM}:{DIM:#} {style}{word}[{rule}]{style:#} {message}"));
    }
}
