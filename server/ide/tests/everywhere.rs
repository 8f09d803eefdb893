//! Every answer at every place of the rule pages' examples: nothing panics, every edit gives Python, and the same program
//! gives the same answers.

mod support;

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_analysis::rules;
use asyncwise_ide::{actions, call_hierarchy, diagnostics, hover, inlay, lens, paths};
use asyncwise_syntax::facts::Span;
use asyncwise_workspace::structure::Trees;
use std::fmt::Write;
use support::{Fixture, Texts, fixture, split};

/// The Python of the rule pages, by block.
fn examples() -> Vec<Texts> {
    let mut examples = Vec::new();
    for rule in rules::all() {
        let blocks = rule.page.split("\n```py").skip(1);
        let code = blocks.filter_map(|block| block.split_once('\n')?.1.split_once("\n```"));
        examples.extend(code.map(|(code, _)| split(&format!("{code}\n"))).filter(|texts| !texts.is_empty()));
    }
    assert!(examples.len() > 100, "the pages are read");
    examples
}

/// Where words begin and end.
fn offsets(text: &str) -> impl Iterator<Item = u32> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let bytes = text.as_bytes().to_vec();
    let end = bytes.len();
    (0..=end)
        .filter(move |&i| {
            let before = i > 0 && is_word(&bytes[i - 1]);
            before != (i < end && is_word(&bytes[i]))
        })
        .map(|i| i as u32)
}

fn ask(analysis: &Analysis, findings: &[Finding], file: FileId, out: &mut String) -> Vec<actions::Resolved> {
    let text = analysis.world.program.file(file).text.clone();
    let mut resolved = Vec::new();
    writeln!(out, "{:?}", diagnostics::diagnostics(findings, file)).unwrap();
    writeln!(out, "{:?}", lens::lenses(analysis, file)).unwrap();
    writeln!(out, "{:?}", inlay::inlay_hints(analysis, file, Span::new(0, text.len() as u32))).unwrap();
    let mut tried = Vec::new();
    for offset in offsets(&text) {
        writeln!(out, "{:?}", hover::hover(analysis, findings, file, offset)).unwrap();
        writeln!(out, "{:?}", paths::paths_at(analysis, file, offset)).unwrap();
        for item in call_hierarchy::prepare(analysis, file, offset) {
            writeln!(out, "{:?}", call_hierarchy::incoming(analysis, item.def)).unwrap();
            writeln!(out, "{:?}", call_hierarchy::outgoing(analysis, item.def)).unwrap();
        }
        for action in actions::actions(analysis, findings, file, Span::new(offset, offset)) {
            if tried.contains(&action.what) {
                continue;
            }
            let result = actions::resolve(analysis, findings, file, &action.what);
            writeln!(out, "{action:?} {result:?}").unwrap();
            assert_ne!(result, Err(actions::Declined::Stale), "{action:?}");
            resolved.extend(result);
            tried.push(action.what);
        }
    }
    resolved
}

/// All answers for a program, and each action's edits tried.
fn answers(fixture: &Fixture) -> String {
    let analysis = Analysis::new(fixture.program.clone());
    let findings = analysis.findings(&Trees::new(fixture.program.clone()));
    let mut out = String::new();
    for file in fixture.program.ids() {
        let before = fixture.program.facts(file).errors.len();
        for resolved in ask(&analysis, &findings, file, &mut out) {
            if before == 0 {
                fixture.edited(&resolved.edits);
            }
        }
    }
    out
}

#[test]
fn the_examples_of_the_rule_pages() {
    for texts in examples() {
        let fixture = fixture(&support::joined(&texts));
        assert_eq!(answers(&fixture), answers(&fixture));
    }
}

#[test]
fn broken_code() {
    for texts in examples().iter().step_by(12) {
        let Some(text) = texts.values().next() else { continue };
        for end in (0..text.len()).step_by(97).filter(|end| text.is_char_boundary(*end)) {
            let texts = Texts::from([("main.py".to_owned(), text[..end].to_owned())]);
            let program = support::program(&texts);
            let file = FileId(0);
            answers(&Fixture { program, texts, file, range: Span::new(0, 0) });
        }
    }
}
