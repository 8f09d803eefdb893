//! One line for each finding.

use super::{View, printable, severity_word};
use crate::printer::{DIM, ERROR, NOTE, Printer, WARNING};
use asyncwise_analysis::finding::{Finding, Severity};

/// Prints every finding.
pub(crate) fn print(view: &View<'_>, printer: &mut Printer) {
    for finding in &view.report.findings {
        printer.line(&line(view, finding));
    }
}

/// `path:line:column: severity[rule] message`.
fn line(view: &View<'_>, finding: &Finding) -> String {
    let style = match finding.severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
        Severity::Info | Severity::Hint => NOTE,
    };
    let location = view.location(finding.place);
    let (word, rule, message) = (severity_word(finding.severity), &finding.rule, printable(&finding.message));
    format!("{location}{DIM}:{DIM:#} {style}{word}[{rule}]{style:#} {message}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::{sample, strip};
    use expect_test::expect;

    #[test]
    fn one_line_each() {
        let (report, cwd) = sample();
        let view = View::new(&report, &cwd);
        let lines: Vec<String> = report.findings.iter().map(|finding| strip(&line(&view, finding))).collect();
        expect![[r#"
            main.py:4:5: error[blocking-call] something of `blocking-call`
            main.py:5:15: warning[unawaited-coroutine] something of `unawaited-coroutine`
            main.py:6:5: hint[unawaited-coroutine] something of `unawaited-coroutine`"#]]
        .assert_eq(&lines.join("\n"));
    }
}
