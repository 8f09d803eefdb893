//! Checks one example of a rule page in memory.

use crate::engine;
use crate::page::{Example, ExampleFile, Expected, Fixed};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::audit::mixed_bridges;
use asyncwise_analysis::finding::{Applicability, Edit, FileId, Finding};
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_analysis::rules;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the files of an example lie.
const ROOT: &str = "/example";

/// How often fixes may make room for other fixes.
const MAX_PASSES: usize = 8;

/// The texts of an example by path.
type Texts = BTreeMap<String, String>;

/// Checks an example of the page of `rule`: one message for everything that is not as the page says, each with its line
/// there.
pub fn check(rule: &str, example: &Example) -> Vec<(usize, String)> {
    let config = example.config.as_deref().unwrap_or("");
    let texts = texts(&example.files);
    let program = match program(&texts, config) {
        Ok(program) => program,
        Err(message) => return vec![(example.line, message)],
    };
    let findings = findings(&program, rule);
    let mut wrong = compare(&program, &findings, &example.files, example.line);
    if wrong.is_empty()
        && let Some(fixed) = &example.fixed
    {
        wrong = check_fixed(rule, texts, config, fixed);
    }
    wrong
}

/// The analysis of an example, or what is wrong with its configuration.
pub fn analysis(example: &Example) -> Result<Analysis, String> {
    let program = program(&texts(&example.files), example.config.as_deref().unwrap_or(""))?;
    Ok(Analysis::new(Arc::new(program)))
}

/// The findings of an example, or what is wrong with its configuration.
pub fn all_findings(example: &Example) -> Result<Vec<Finding>, String> {
    let program = program(&texts(&example.files), example.config.as_deref().unwrap_or(""))?;
    Ok(findings(&program, ""))
}

/// The file of an example by its path there.
pub fn file(analysis: &Analysis, path: &str) -> Option<FileId> {
    analysis.world.program.by_path(&format!("{ROOT}/{path}"))
}

fn texts(files: &[ExampleFile]) -> Texts {
    files.iter().map(|file| (file.path.clone(), file.text.clone())).collect()
}

fn program(texts: &Texts, config: &str) -> Result<Program, String> {
    let configuration = engine::Configuration::read(ROOT, config)?;
    let mut files = Vec::new();
    for (path, text) in texts {
        let is_dependency = path.starts_with("site-packages/");
        files.push(SourceFile {
            settings: configuration.settings(&format!("{ROOT}/{path}")),
            path: format!("{ROOT}/{path}").into(),
            origin: if is_dependency { Origin::Dependency } else { Origin::Project },
            text: text.as_str().into(),
            facts: Arc::new(engine::facts(text)),
            is_notebook: path.ends_with(".ipynb"),
        });
    }
    let roots = SearchRoots {
        project: vec![format!("{ROOT}/src"), ROOT.to_owned()],
        dependencies: vec![format!("{ROOT}/site-packages")],
    };
    Ok(Program::new(files, roots))
}

/// What a check finds, and what the audit remarks on its own page.
fn findings(program: &Program, rule: &str) -> Vec<Finding> {
    let program = Arc::new(program.clone());
    let mut findings = asyncwise_analysis::check(program.clone(), &engine::Trees::new(program.clone()));
    if rules::find(rule).is_some_and(|rule| rule.is_audit_only()) {
        findings.extend(mixed_bridges(&Analysis::new(program), &|_| true));
    }
    findings
}

/// The path of a finding's file inside the example, and its line there from 1.
fn place(program: &Program, finding: &Finding) -> (String, usize) {
    let file = program.file(finding.place.file);
    let before = &file.text.as_bytes()[..finding.place.span.start as usize];
    let path = file.path.strip_prefix(ROOT).unwrap_or(&file.path).trim_start_matches('/');
    (path.to_owned(), 1 + before.iter().filter(|byte| **byte == b'\n').count())
}

fn meets(expected: &Expected, finding: &Finding) -> bool {
    expected.rule == finding.rule
        && expected.severity == finding.severity
        && expected.fragment.as_ref().is_none_or(|part| finding.message.contains(part.as_str()))
}

fn compare(program: &Program, findings: &[Finding], files: &[ExampleFile], block: usize) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    let mut left: Vec<_> = files.iter().flat_map(|file| file.expected.iter().map(move |e| (file, e))).collect();
    for finding in findings {
        let (path, line) = place(program, finding);
        let met = left.iter().position(|(file, e)| file.path == path && e.line == line && meets(e, finding));
        if let Some(index) = met {
            left.swap_remove(index);
            continue;
        }
        let in_page = files.iter().find(|file| file.path == path).map_or(block, |file| file.line + line - 1);
        let severity = format!("{:?}", finding.severity).to_lowercase();
        wrong.push((in_page, format!("got      # {severity}: [{}] \"{}\"", finding.rule, finding.message)));
    }
    for (file, e) in left {
        let severity = format!("{:?}", e.severity).to_lowercase();
        let fragment = e.fragment.as_ref().map(|part| format!(" \"{part}\"")).unwrap_or_default();
        wrong.push((file.line + e.line - 1, format!("expected # {severity}: [{}]{fragment}", e.rule)));
    }
    wrong.sort();
    wrong
}

/// Applies the first fix of each finding of `rule` until nothing is left to mend, and compares with what the page shows.
fn check_fixed(rule: &str, mut texts: Texts, config: &str, fixed: &Fixed) -> Vec<(usize, String)> {
    let wanted = if fixed.is_unsafe { Applicability::Unsafe } else { Applicability::Safe };
    let mut wrong = Vec::new();
    let mut applied = 0;
    for _ in 0..MAX_PASSES {
        let program = match program(&texts, config) {
            Ok(program) => program,
            Err(message) => return vec![(fixed.line, message)],
        };
        let mut edits: Vec<Edit> = Vec::new();
        for finding in findings(&program, rule).iter().filter(|finding| finding.rule == rule) {
            let Some(fix) = finding.fixes.first() else { continue };
            if fix.applicability != wanted {
                wrong.push((fixed.line, format!("`{}` is {:?}", fix.title, fix.applicability)));
            }
            let new: Vec<_> = fix.edits.iter().filter(|edit| !edits.contains(edit)).cloned().collect();
            if new.iter().all(|edit| edits.iter().all(|other| !overlap(edit, other))) {
                edits.extend(new);
                applied += 1;
            }
        }
        if edits.is_empty() || !wrong.is_empty() {
            break;
        }
        apply(&program, edits, &mut texts);
    }
    if !wrong.is_empty() {
        return wrong;
    }
    if applied == 0 {
        return vec![(fixed.line, "no finding of the example above has a fix".into())];
    }
    for file in &fixed.files {
        let got = texts.get(&file.path).map_or("", String::as_str);
        for (index, (is, should)) in zip_lines(got, &file.text).into_iter().enumerate() {
            if is != should {
                wrong.push((file.line + index, format!("the fix gives `{}`", is.unwrap_or("(nothing)"))));
            }
        }
    }
    if wrong.is_empty() {
        match program(&texts, config) {
            Ok(program) => wrong = compare(&program, &findings(&program, rule), &fixed.files, fixed.line),
            Err(message) => wrong.push((fixed.line, message)),
        }
    }
    wrong
}

/// Two edits that cannot both be made.
fn overlap(one: &Edit, other: &Edit) -> bool {
    let (a, b) = (one.place, other.place);
    a.file == b.file && (a.span == b.span || (a.span.start < b.span.end && b.span.start < a.span.end))
}

fn apply(program: &Program, mut edits: Vec<Edit>, texts: &mut Texts) {
    edits.sort();
    for edit in edits.iter().rev() {
        let path = &program.file(edit.place.file).path;
        let path = path.strip_prefix(ROOT).unwrap_or(path).trim_start_matches('/');
        if let Some(text) = texts.get_mut(path) {
            text.replace_range(edit.place.span.range(), &edit.text);
        }
    }
}

/// The lines of two texts side by side, without the blank lines at their ends.
fn zip_lines<'a>(one: &'a str, other: &'a str) -> Vec<(Option<&'a str>, Option<&'a str>)> {
    let (one, other): (Vec<_>, Vec<_>) = (one.trim_end().lines().collect(), other.trim_end().lines().collect());
    (0..one.len().max(other.len())).map(|i| (one.get(i).copied(), other.get(i).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use asyncwise_analysis::finding::{Confidence, FileId, Place};
    use asyncwise_syntax::facts::Span;

    fn example(text: &str) -> Example {
        crate::page::parse(text).0.examples.into_iter().next().expect("one example")
    }

    fn finding(rule: &str, span: Span) -> Finding {
        Finding {
            rule: rule.into(),
            severity: Confidence::Certain.default_severity(),
            confidence: Confidence::Certain,
            message: format!("{rule} happens"),
            place: Place { file: FileId(0), span },
            function: None,
            chain: Vec::new(),
            fixes: Vec::new(),
        }
    }

    #[test]
    fn missing_unexpected_and_misplaced_findings_are_told_with_their_line() {
        let example = example("```py\na()  # error: [x] \"happens\"\nb()  # error: [y]\nc()\n```\n");
        let program = program(&texts(&example.files), "").expect("no configuration");
        let found = [finding("x", Span::new(0, 3)), finding("y", Span::new(8, 11))];
        assert_eq!(
            compare(&program, &found, &example.files, 1),
            [(3, "expected # error: [y]".to_owned()), (4, "got      # error: [y] \"y happens\"".to_owned())]
        );
    }

    #[test]
    fn edits_of_one_file_are_applied_from_its_end() {
        let mut texts = Texts::from([("main.py".to_owned(), "a()\nb()\n".to_owned())]);
        let program = program(&texts, "").expect("no configuration");
        let at = |start, text: &str| Edit {
            place: Place { file: FileId(0), span: Span::new(start, start) },
            text: text.into(),
        };
        apply(&program, vec![at(0, "await "), at(4, "await ")], &mut texts);
        assert_eq!(texts["main.py"], "await a()\nawait b()\n");
    }
}
