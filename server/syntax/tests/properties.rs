//! Promises that hold for every text: on Python, on broken Python, on anything.

mod support;

use asyncwise_syntax::facts::{FileFacts, Span};
use asyncwise_syntax::{Columns, Edit, LineIndex, ParsedFile};
use proptest::prelude::*;
use support::check_invariants;

const SAMPLE: &str = include_str!("../benches/sample.py");

/// Pieces of Python that meet where they do not belong.
const TOKENS: &[&str] = &[
    "async ",
    "await ",
    "def f",
    "class C",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ":\n    ",
    "\n",
    "\n    ",
    "\n        ",
    ",",
    "=",
    " := ",
    "lambda x: ",
    "if ",
    " else ",
    "elif x:",
    "for x in ",
    "while ",
    "try:",
    "except E as e:",
    "finally:",
    "with a as b:",
    "match x:",
    "case [a, *b]:",
    "x",
    "y.z",
    "f(a, *b, c=d)",
    "f\"{",
    "}\"",
    "'",
    "\"\"\"",
    "yield ",
    "yield from ",
    "return ",
    "import a.b as c",
    "from . import d",
    "global g",
    "nonlocal n",
    "del ",
    "*",
    "**",
    "@",
    "->",
    " and ",
    " or ",
    "not ",
    " < ",
    " is not ",
    "# noqa: A1\n",
    "\\\n",
    "\r",
    "\r\n",
    "\x0c",
    "\t",
    "é",
    "𝒳",
    "0x1f",
    "1.5",
    "b'x'",
    "type X[T] = ",
    "...",
    ";",
    "async for x in y:",
    "async with z:",
    "raise E from e",
    "[T = int]",
    "t'{x}'",
    "pass\n",
    "None",
    "print ",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS), 0..60).prop_map(|tokens| tokens.concat())
}

/// A place in the sample, what is taken away there, and what is put there.
fn mutation() -> impl Strategy<Value = (usize, usize, String)> {
    let put = prop_oneof![Just(String::new()), prop::sample::select(TOKENS).prop_map(str::to_owned), "\\PC{0,3}"];
    (0..SAMPLE.len(), prop_oneof![Just(0usize), 0..4usize, 0..80usize], put)
}

fn edit_of(text: &str, (at, len, put): &(usize, usize, String)) -> Edit {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0) as u32;
    let start = if text.is_empty() { 0 } else { floor(at % (text.len() + 1)) };
    Edit { span: Span::new(start, floor(start as usize + len).max(start)), text: put.clone() }
}

fn checked(text: &str) -> FileFacts {
    let facts = asyncwise_syntax::facts(text);
    check_invariants(text, &facts);
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_lowers(text in "(?s).{0,80}") {
        checked(&text);
    }

    #[test]
    fn token_soup_lowers(text in soup()) {
        checked(&text);
        asyncwise_syntax::dump::dump(&asyncwise_syntax::facts(&text));
    }

    #[test]
    fn edits_equal_a_fresh_parse(mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut file = ParsedFile::new(SAMPLE);
        for mutation in &mutations {
            let edit = edit_of(file.text(), mutation);
            file = file.edit(&[edit]);
            let facts = file.facts();
            check_invariants(file.text(), &facts);
            let fresh = checked(file.text());
            if fresh.errors.is_empty() {
                prop_assert_eq!(&facts, &fresh);
            }
        }
    }

    #[test]
    fn edits_of_texts_the_grammar_is_helped_with(mutations in prop::collection::vec(mutation(), 1..5)) {
        let text = "type(a).b = c\rclass A[T = int]:\r    x = 1\rtype (d).e = f\n";
        let mut file = ParsedFile::new(text);
        for mutation in &mutations {
            let edit = edit_of(file.text(), mutation);
            file = file.edit(&[edit]);
            let fresh = checked(file.text());
            if fresh.errors.is_empty() {
                prop_assert_eq!(&file.facts(), &fresh);
            }
        }
    }

    #[test]
    fn positions_come_back(text in "(?s)([a-zé𝒳 ]{0,4}(\n|\r\n|\r)?){0,8}") {
        let index = LineIndex::new(&text);
        for columns in [Columns::Utf8, Columns::Utf16, Columns::Chars] {
            for (offset, _) in text.char_indices().filter(|&(at, c)| c != '\n' || !text[..at].ends_with('\r')) {
                let position = index.position(&text, offset as u32, columns);
                prop_assert_eq!(index.offset(&text, position, columns), offset as u32);
            }
        }
        let lines: String = (0..index.line_count()).map(|line| &text[index.line_span(line).range()]).collect();
        prop_assert_eq!(lines, text);
    }
}

#[test]
fn nesting_without_end_is_cut_off() {
    let deep = 10_000;
    let texts = [
        "(".repeat(deep) + "x" + &")".repeat(deep),
        "[".repeat(deep) + &"]".repeat(deep),
        "(".repeat(deep),
        vec!["a"; 50_000].join(" + "),
        vec!["a"; 50_000].join(" and "),
        vec!["a"; 50_000].join(" < "),
        vec!["a"; 5_000].join(" if b else "),
        "a".to_owned() + &".b(c)".repeat(20_000),
        "a".to_owned() + &"[b]".repeat(20_000),
        "not ".repeat(deep) + "a",
        "lambda: ".repeat(deep) + "a",
        "a = ".repeat(deep) + "b",
        "x: ".to_owned() + &vec!["a[b]"; 3_000].join(" | "),
        (0..1_000).map(|i| " ".repeat(i) + "if x:\n").collect::<String>() + &" ".repeat(1_000) + "pass\n",
        "if x: pass\n".to_owned() + &"elif y: pass\n".repeat(5_000),
        "match x:\n    case ".to_owned() + &"[".repeat(3_000) + &"]".repeat(3_000) + ": pass\n",
        "f'{".repeat(500) + &"}'".repeat(500),
        "**".repeat(20_000) + "a",
        "await ".repeat(deep) + "a",
        "-".repeat(deep) + "a",
    ];
    for text in &texts {
        checked(text);
    }
}

#[test]
fn names_in_long_chains_are_kept() {
    let text = (0..1_000).map(|i| format!("f{i}()")).collect::<Vec<_>>().join(" + ");
    let facts = checked(&text);
    let calls = facts.exprs.iter().filter(|e| matches!(e.kind, asyncwise_syntax::facts::ExprKind::Call { .. })).count();
    assert_eq!(calls, 1_000);
}

/// Where the grammar is shown another text, the change between the two may begin inside a character.
#[test]
fn a_change_inside_a_character() {
    let (before, after) = ("x = 1\r'\u{e9}'\r", "x = 1\r'\u{ea}'\r");
    let at = before.find('\u{e9}').expect("it is there") as u32;
    let edit =
        asyncwise_syntax::Edit { span: asyncwise_syntax::facts::Span::new(at, at + 2), text: "\u{ea}".to_owned() };
    let edited = asyncwise_syntax::ParsedFile::new(before).edit(&[edit]);
    assert_eq!(edited.facts(), asyncwise_syntax::facts(after));
}

#[test]
fn the_edit_between_two_texts_keeps_characters_whole() {
    let cases =
        [("a", "a"), ("abc", "axc"), ("", "x"), ("xx", "x"), ("é", "è"), ("aé", "aéé"), ("x\u{10a}y", "x\u{20a}y")];
    for (old, new) in cases {
        let made = Edit::between(old, new).map_or_else(
            || old.to_owned(),
            |edit| old[..edit.span.start as usize].to_owned() + &edit.text + &old[edit.span.end as usize..],
        );
        assert_eq!(made, new);
    }
}
