//! A whole check of a project of 1,000 files: reading, facts, program, findings. `cargo bench -p asyncwise-workspace`.

mod support;

use asyncwise_workspace::session::{Request, Session, Silent};
use std::path::Path;
use support::{MODULES, project};

fn main() {
    divan::main();
}

fn check(root: &Path, cache: bool) -> usize {
    let request = Request { cwd: root.to_owned(), paths: vec![root.to_owned()], cache, ..Request::default() };
    Session::open(request, &Silent).check(&Silent).findings.len()
}

/// Everything, from the bytes on disk.
#[divan::bench(sample_count = 10)]
fn cold(bencher: divan::Bencher<'_, '_>) {
    let root = project();
    assert!(check(&root, false) >= MODULES, "each module has a finding");
    bencher.bench(|| check(&root, false));
}

/// Nothing has changed since the last run.
#[divan::bench(sample_count = 10)]
fn warm(bencher: divan::Bencher<'_, '_>) {
    let root = project();
    check(&root, true);
    bencher.bench(|| check(&root, true));
}
