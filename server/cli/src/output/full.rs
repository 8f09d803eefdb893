//! The report for people: source, underline, chain, fix.

use super::{View, printable, severity_word};
use crate::printer::{DIM, Printer};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use asyncwise_analysis::finding::{Applicability, Finding, Fix, Place, Severity};
use std::collections::BTreeSet;

/// Every finding with all that is known of it, and how to learn more.
pub(crate) fn print(view: &View<'_>, printer: &mut Printer) {
    let renderer = Renderer::styled();
    for finding in &view.report.findings {
        printer.line(&render(view, finding, &renderer));
        printer.line("");
    }
    let rules: BTreeSet<&str> = view.report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    if let Some(first) = rules.first().filter(|_| !printer.is_quiet()) {
        let others = match rules.len() {
            1 => String::new(),
            _ => format!(" (also {})", rules.iter().skip(1).copied().collect::<Vec<_>>().join(", ")),
        };
        printer.line(&format!("{DIM}More about this: asyncwise explain {first}{others}{DIM:#}"));
    }
}

fn render(view: &View<'_>, finding: &Finding, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO.with_name(severity_word(Severity::Info)),
        Severity::Hint => Level::HELP.with_name(severity_word(Severity::Hint)),
    };
    let title = level.primary_title(printable(&finding.message)).id(finding.rule.as_str());
    let mut groups: Vec<Group<'_>> = vec![title.element(snippet(view, finding.place))];
    for step in &finding.chain {
        let title = Level::NOTE.secondary_title(printable(&step.message));
        groups.push(title.element(snippet(view, step.place)));
    }
    if let Some(last) = groups.pop() {
        groups.push(finding.fixes.iter().fold(last, |group, fix| group.element(Level::HELP.message(help(fix)))));
    }
    renderer.render(&groups)
}

fn help(fix: &Fix) -> String {
    let how = match fix.applicability {
        Applicability::Safe => "`--fix` applies it",
        Applicability::Unsafe => "`--fix --unsafe-fixes` applies it; look at the result",
        Applicability::Partial => "by hand, or in an editor",
    };
    format!("{} ({how})", printable(&fix.title))
}

/// The lines a place touches, with the place underlined.
fn snippet<'v>(view: &'v View<'_>, place: Place) -> Snippet<'v, Annotation<'v>> {
    let lines = view.lines(place.file);
    let (excerpt, line) = lines.excerpt(place.span);
    let text = view.file(place.file).source.shown().get(excerpt.range()).unwrap_or_default();
    let start = (place.span.start.max(excerpt.start) - excerpt.start) as usize;
    let end = (place.span.end.clamp(excerpt.start, excerpt.end) - excerpt.start) as usize;
    Snippet::source(text)
        .line_start(line)
        .path(view.path_and_cell(place))
        .annotation(AnnotationKind::Primary.span(start.min(text.len())..end.clamp(start, text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::sample;
    use expect_test::expect;

    fn rendered(index: usize) -> String {
        let (report, cwd) = sample();
        render(&View::new(&report, &cwd), &report.findings[index], &Renderer::plain())
    }

    #[test]
    fn a_chain_across_files_with_a_fix() {
        expect![[r#"
            error[blocking-call]: something of `blocking-call`
             --> main.py:4:5
              |
            4 |     helper.wait(1)
              |     ^^^^^^^^^^^^^^
              |
            note: `wait` runs on the event loop
             --> ../lib/helper.py:3:5
              |
            3 | def wait(n):
              |     ^^^^^^^
            note: `time.sleep` blocks
             --> ../lib/helper.py:4:2
              |
            4 |     time.sleep(n)
              |     ^^^^^^^^^^^^^
              = help: Use `await asyncio.sleep` (`--fix` applies it)"#]]
        .assert_eq(&rendered(0));
    }

    #[test]
    fn the_columns_of_wide_characters() {
        expect![[r#"
            warning[unawaited-coroutine]: something of `unawaited-coroutine`
             --> main.py:5:15
              |
            5 |     s = 'é漢'; later(s)
              |                ^^^^^^^^"#]]
        .assert_eq(&rendered(1));
    }

    #[test]
    fn several_lines() {
        expect![[r#"
            hint[unawaited-coroutine]: something of `unawaited-coroutine`
             --> main.py:6:5
              |
            6 | /     later(
            7 | |         1,
            8 | |     )
              | |_____^"#]]
        .assert_eq(&rendered(2));
    }
}
