//! How fast text becomes facts, in MB/s: `cargo bench -p asyncwise-syntax`.

use asyncwise_syntax::{Edit, ParsedFile, facts::Span};
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// About `kilobytes` of ordinary asynchronous code.
fn source(kilobytes: usize) -> String {
    const PIECE: &str = include_str!("sample.py");
    let mut text = String::new();
    for i in 0.. {
        // Names and strings of its own, so that no two pieces are equal.
        text.push_str(
            &PIECE.replace("oordinator", &format!("oordinator{i}")).replace("listener", &format!("listener_{i}")),
        );
        if text.len() > kilobytes * 1024 {
            break;
        }
    }
    text
}

/// The same in one class.
fn one_class(kilobytes: usize) -> String {
    let lines = source(kilobytes).replace("from __future__ import annotations\n", "").replace('\n', "\n    ");
    format!("class All:\n    {lines}\n")
}

const SIZES: [usize; 2] = [20, 200];

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let text = source(kilobytes);
    bencher.counter(BytesCount::of_str(&text)).bench(|| asyncwise_syntax::parse(&text));
}

#[divan::bench(args = SIZES)]
fn lower(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let text = source(kilobytes);
    let tree = asyncwise_syntax::parse(&text);
    bencher.counter(BytesCount::of_str(&text)).bench(|| asyncwise_syntax::lower(&text, &tree));
}

/// A few letters before an `await` in the middle.
fn keystroke(file: &ParsedFile) -> Edit {
    let half = file.text().len() / 2;
    let at = (half + file.text()[half..].find("await").unwrap_or(0)) as u32;
    Edit { span: Span::new(at, at), text: "await x + ".to_owned() }
}

/// A text before and after a keystroke.
fn pressed(text: String) -> (ParsedFile, ParsedFile) {
    let file = ParsedFile::new(text);
    let after = file.edit(&[keystroke(&file)]);
    (file, after)
}

#[divan::bench(args = SIZES)]
fn edit_after_keystroke(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let file = ParsedFile::new(source(kilobytes));
    let edit = [keystroke(&file)];
    bencher.bench(|| file.edit(&edit));
}

#[divan::bench(args = SIZES)]
fn facts_after_keystroke(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let (before, after) = pressed(source(kilobytes));
    let facts = before.facts();
    bencher.bench(|| after.facts_after(&before, &facts));
}

#[divan::bench(args = SIZES)]
fn facts_after_keystroke_in_one_class(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let (before, after) = pressed(one_class(kilobytes));
    let facts = before.facts();
    bencher.bench(|| after.facts_after(&before, &facts));
}

/// Where nothing can be reused.
#[divan::bench(args = SIZES)]
fn facts_after_another_text(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let before = ParsedFile::new(source(kilobytes).replace("self", "me"));
    let after = ParsedFile::new(source(kilobytes));
    let facts = before.facts();
    bencher.bench(|| after.facts_after(&before, &facts));
}
