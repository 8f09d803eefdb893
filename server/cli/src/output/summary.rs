//! The last lines of a report for people.

use super::{View, count};
use crate::printer::{BOLD, GOOD};
use asyncwise_analysis::finding::Severity;

/// `Found 3 errors and 1 warning in 12 files`.
pub(crate) fn summary(view: &View<'_>) -> String {
    let files = count(view.report.checked, "file");
    if view.report.findings.is_empty() {
        return match view.report.checked {
            0 => format!("{BOLD}No Python files to check{BOLD:#}"),
            _ => format!("{GOOD}Found nothing{GOOD:#} in {files}"),
        };
    }
    let kinds = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Info, "remark"),
        (Severity::Hint, "hint"),
    ];
    let counts = kinds.iter().map(|(severity, word)| {
        let number = view.report.findings.iter().filter(|finding| finding.severity == *severity).count();
        (number > 0).then(|| count(number, word))
    });
    let counts: Vec<String> = counts.flatten().collect();
    format!("{BOLD}Found {}{BOLD:#} in {files}", in_words(&counts))
}

/// `a, b and c`.
fn in_words(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
