//! What one keystroke costs in a file of 5,000 lines of a project of 1,000 files, from the new text to the findings of the
//! file. `cargo bench -p asyncwise-workspace --bench keystroke`.

mod support;

use asyncwise_workspace::config::{Overrides, Source};
use asyncwise_workspace::live::{Cancel, Change, Opening, Project};
use asyncwise_workspace::session::Silent;
use std::path::PathBuf;

fn main() {
    divan::main();
}

struct Editor {
    project: Project,
    path: PathBuf,
    text: String,
}

impl Editor {
    fn new() -> Self {
        let root = support::project();
        let path = root.join("package/m0.py");
        let opening = Opening {
            root: root.clone(),
            paths: vec![root],
            config: Source::Nearest,
            overrides: Overrides::default(),
            cache: false,
        };
        let project = Project::open(opening, Vec::new(), &Silent, &Cancel::default()).expect("nobody cancels");
        let mut editor = Self { project, path, text: support::module(0) };
        editor.show(&editor.text.clone());
        editor
    }

    fn show(&mut self, text: &str) -> usize {
        let change = Change::Text { path: self.path.clone(), text: text.into(), is_notebook: false };
        self.project.update(vec![change], &Silent, &Cancel::default());
        let snapshot = self.project.snapshot();
        snapshot.file(&self.path).map_or(0, |file| snapshot.findings(file).len())
    }

    /// Types `new` before the first `at` in the middle of the file, and takes it out again in the next round.
    fn bench(mut self, bencher: divan::Bencher<'_, '_>, at: &str, new: &str) {
        let middle = self.text.len() / 2;
        let place = middle + self.text[middle..].find(at).expect("it is there");
        let mut edited = self.text.clone();
        edited.insert_str(place, new);
        let before = self.text.clone();
        let mut is_edited = false;
        bencher.bench_local(|| {
            is_edited = !is_edited;
            self.show(if is_edited { &edited } else { &before })
        });
    }
}

/// A letter in a name inside a function: nobody else is concerned.
#[divan::bench(sample_count = 100)]
fn inside_a_function(bencher: divan::Bencher<'_, '_>) {
    Editor::new().bench(bencher, "print('none'", "x");
}

/// A call that blocks comes and goes: the graph changes.
#[divan::bench(sample_count = 100)]
fn a_call_that_blocks(bencher: divan::Bencher<'_, '_>) {
    Editor::new().bench(bencher, "total = 0", "requests.get('https://example.org'); ");
}

/// What a coroutine gives changes.
#[divan::bench(sample_count = 100)]
fn a_return_value(bencher: divan::Bencher<'_, '_>) {
    Editor::new().bench(bencher, "[x for x in items if x]", "asyncio.Lock() or ");
}

/// The name of a coroutine changes.
#[divan::bench(sample_count = 100)]
fn the_name_of_a_function(bencher: divan::Bencher<'_, '_>) {
    Editor::new().bench(bencher, "task0_", "x");
}

/// A bracket that opens and closes nothing.
#[divan::bench(sample_count = 100)]
fn an_open_bracket(bencher: divan::Bencher<'_, '_>) {
    Editor::new().bench(bencher, "total = 0", "foo(");
}
