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
    while text.len() < kilobytes * 1024 {
        text.push_str(PIECE);
    }
    text
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

#[divan::bench(args = SIZES)]
fn keystroke(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let file = ParsedFile::new(source(kilobytes));
    let middle = file.text().find("await").map_or(0, |at| at as u32);
    let edit = [Edit { span: Span::new(middle, middle), text: "await x\n        ".to_owned() }];
    bencher.bench(|| file.edit(&edit));
}
