//! Small programs written as one text: `# file: path` starts a file (the first may go without and is `main.py`), `$0` is
//! the cursor, two of them a selection.
#![allow(dead_code)]

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{Edit, FileId, Finding};
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_analysis::settings::Settings;
use asyncwise_syntax::facts::Span;
use asyncwise_workspace::structure::Trees;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts by path.
pub(crate) type Texts = BTreeMap<String, String>;

/// A program and the cursor in it.
pub(crate) struct Fixture {
    pub(crate) program: Arc<Program>,
    pub(crate) texts: Texts,
    pub(crate) file: FileId,
    pub(crate) range: Span,
}

/// The files of a text, cursors included.
pub(crate) fn split(source: &str) -> Texts {
    let mut texts = Texts::new();
    let mut path = "main.py".to_owned();
    for line in source.trim_start_matches('\n').split_inclusive('\n') {
        match line.strip_prefix("# file: ") {
            Some(next) => path = next.trim().to_owned(),
            None => texts.entry(path.clone()).or_default().push_str(line),
        }
    }
    texts
}

/// The files as one text again.
pub(crate) fn joined(texts: &Texts) -> String {
    match texts.len() {
        1 => texts.values().cloned().collect(),
        _ => texts.iter().map(|(path, text)| format!("# file: {path}\n{text}")).collect(),
    }
}

/// A program of texts without cursors.
pub(crate) fn program(texts: &Texts) -> Arc<Program> {
    let settings = Arc::new(Settings::default());
    let files = texts.iter().map(|(path, text)| SourceFile {
        path: path.as_str().into(),
        origin: Origin::Project,
        facts: Arc::new(asyncwise_syntax::facts(text)),
        text: text.as_str().into(),
        is_notebook: path.ends_with(".ipynb"),
        settings: settings.clone(),
    });
    let roots = SearchRoots { project: vec![String::new()], dependencies: Vec::new() };
    Arc::new(Program::new(files.collect(), roots))
}

pub(crate) fn fixture(source: &str) -> Fixture {
    let mut texts = split(source);
    let mut cursor = None;
    for (path, text) in &mut texts {
        let mut offsets = Vec::new();
        while let Some(at) = text.find("$0") {
            text.replace_range(at..at + 2, "");
            offsets.push(at as u32);
        }
        if let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) {
            cursor = Some((path.clone(), Span::new(first, last)));
        }
    }
    let program = program(&texts);
    let (path, range) = cursor.unwrap_or_else(|| (texts.keys().next().expect("a file").clone(), Span::new(0, 0)));
    let file = program.by_path(&path).expect("the file is there");
    Fixture { program, texts, file, range }
}

impl Fixture {
    /// Calls `f` with the analysis and its findings.
    pub(crate) fn analysed<T>(&self, f: impl FnOnce(&Analysis, &[Finding]) -> T) -> T {
        let analysis = Analysis::new(self.program.clone());
        let findings = analysis.findings(&Trees::new(self.program.clone()));
        f(&analysis, &findings)
    }

    /// The texts with edits applied. Panics where the edits are out of order or overlap.
    pub(crate) fn edited(&self, edits: &[Edit]) -> Texts {
        assert!(edits.is_sorted(), "edits are not in order: {edits:?}");
        let mut texts = self.texts.clone();
        for edit in edits.iter().rev() {
            let path = self.program.file(edit.place.file).path.to_string();
            let text = texts.get_mut(&path).expect("the file is there");
            text.replace_range(edit.place.span.range(), &edit.text);
        }
        for (path, text) in &texts {
            let errors = asyncwise_syntax::facts(text).errors;
            assert!(errors.is_empty(), "{path} is no Python any more:\n{text}");
        }
        texts
    }

    /// `line:column` of a place in the fixture, both from 1, with the file where there are several.
    pub(crate) fn position(&self, file: FileId, offset: u32) -> String {
        let source = self.program.file(file);
        let before = &source.text[..offset as usize];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        if self.texts.len() == 1 { format!("{line}:{column}") } else { format!("{}:{line}:{column}", source.path) }
    }
}

/// The findings of texts, one line each: rule and message.
pub(crate) fn findings_of(texts: &Texts) -> Vec<String> {
    let program = program(texts);
    let findings = Analysis::new(program.clone()).findings(&Trees::new(program));
    findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}
