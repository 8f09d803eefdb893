//! Facts made from those of the text before are the facts of the text.

mod support;

use asyncwise_syntax::facts::{FileFacts, Span};
use asyncwise_syntax::{Edit, ParsedFile};
use proptest::prelude::*;
use support::check_invariants;

const SAMPLE: &str = include_str!("../benches/sample.py");

/// Sources in which each of the conditions of reuse matters.
const SOURCES: &[&str] = &[
    SAMPLE,
    "from __future__ import annotations\nimport a.b, c as d\nfrom . import e\n\n@dec(lambda x: x)\nclass A(B, metaclass=M):\n    x: int = 1\n\n    @property\n    async def m(self, *, k=lambda: 0):  # noqa: A1\n        global g\n        g = [await y async for y in z if (w := y)]\n        def inner():\n            nonlocal k\n            k += 1\n            return inner\n        return g, k\n\n    class N:\n        z = x = 3  # asyncwise: ignore[a, b] why\n        def n(self): yield self.z\n        global h\n        h = 1\n\n    def last(self):\n        try:\n            import j\n        except ImportError:\n            j = None\n        return f\"{j!r:>{self.w}}\"\n\n\nasync def f(a, /, b: int = 0, **kw) -> A:\n    match a:\n        case [x, *_] | (x, 1) if x > 2: return x\n        case {'k': v, **rest}: del v\n    with a as b, c() as (d, e): pass\n    return {k: v for k, v in kw.items()}\n\nif TYPE_CHECKING:\n    import q\nelif f:\n    class Q:\n        def q(self): pass\nelse:\n    from r import *\n",
    // A notebook: awaits at the top, statements side by side, text that is not ASCII.
    "import asyncio; x = 1\nawait f(x)  # noqa\n\ny = [await g(é) for é in 𝒳]\nglobal y, z\nz = y\n\nasync with a as b: b.c()\n0\nprint(x); print('é # noqa')\nfor i in y: i\nclass C:\n    await g()\n    v = (yield)\n\n    def m(self): pass\n\ntype T[K] = K\n",
    // Lines that end otherwise, and what the grammar is shown something else for.
    "class A[T = int]:\r\n    def f(self):\r\n        return 'a\\\r\nb'\r\n\r\n    x = 1  # noqa: E1\r\n\r\ntype(a).b = c\rdef g(x):\r    if x < 1 < 2:\r        return x\r\ntype (d).e = f\n",
    // The same text at several places.
    "class A:\n    def m(self):\n        return x\n\n    class B:\n        def m(self):\n            return x\n\n        def m(self):\n            return x\n\n\ndef m(self):\n    return x\n\n\ndef m(self):\n    class A:\n        def m(self):\n            return x\n\n\nx = 1\nx = 1\n\tx = 1\nx = 1\n",
];

/// What is put somewhere.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "\n",
    "\n    ",
    "\n        ",
    ",",
    "=",
    "'",
    "\"",
    "\"\"\"",
    "f\"{",
    "#",
    " # noqa: A1",
    "\n# asyncwise: ignore-file[x]\n",
    "\\\n",
    "\r",
    "\r\n",
    "\t",
    "    ",
    " ",
    ";",
    "; x = 1",
    "é",
    "𝒳",
    "x",
    "global x\n",
    "\nglobal x, g\n",
    "nonlocal k\n",
    "\n@dec\n",
    "await ",
    "async ",
    "yield ",
    "lambda: ",
    "class C:\n",
    "class C:\n    def c(self): pass\n",
    "def f(): return [x for x in y]\n",
    "if TYPE_CHECKING:\n    ",
    "try:\n    ",
    "    def added(self):\n        return new\n",
    "import new\n",
    "from __future__ import annotations\n",
    "type(",
    "[T = int]",
    "match x:\n",
    "pass",
    "\n\n",
    "else:\n",
    "\x0c",
];

/// A change of a text; places and lengths are scaled to it.
#[derive(Clone, Debug)]
enum Change {
    Replace { at: u16, len: u8, put: String },
    DuplicateLines { at: u16, count: u8, to: u16 },
    DeleteLines { at: u16, count: u8 },
    Indent { at: u16, count: u8 },
    Dedent { at: u16, count: u8 },
}

fn change() -> impl Strategy<Value = Change> {
    let put = prop_oneof![
        1 => Just(String::new()),
        8 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    let len = prop_oneof![4 => Just(0u8), 3 => 1..4u8, 1 => 0..60u8];
    let count = 1..6u8;
    prop_oneof![
        6 => (any::<u16>(), len, put).prop_map(|(at, len, put)| Change::Replace { at, len, put }),
        1 => (any::<u16>(), count.clone(), any::<u16>()).prop_map(|(at, count, to)| Change::DuplicateLines { at, count, to }),
        1 => (any::<u16>(), count.clone()).prop_map(|(at, count)| Change::DeleteLines { at, count }),
        1 => (any::<u16>(), count.clone()).prop_map(|(at, count)| Change::Indent { at, count }),
        1 => (any::<u16>(), count).prop_map(|(at, count)| Change::Dedent { at, count }),
    ]
}

impl Change {
    /// The edits it makes of `text`, each in what the one before left.
    fn edits(&self, text: &str) -> Vec<Edit> {
        let place = |at: u16| floor(text, at as usize * (text.len() + 1) / (u16::MAX as usize + 1));
        let edit = |start: usize, end: usize, put: &str| Edit {
            span: Span::new(start as u32, end as u32),
            text: put.to_owned(),
        };
        match self {
            Change::Replace { at, len, put } => {
                let start = place(*at);
                vec![edit(start, floor(text, start + *len as usize).max(start), put)]
            }
            Change::DuplicateLines { at, count, to } => {
                let lines = lines(text, place(*at), *count);
                let to = line_start(text, place(*to));
                vec![edit(to, to, &text[lines])]
            }
            Change::DeleteLines { at, count } => {
                let lines = lines(text, place(*at), *count);
                vec![edit(lines.start, lines.end, "")]
            }
            Change::Indent { at, count } | Change::Dedent { at, count } => {
                let lines = lines(text, place(*at), *count);
                let mut starts: Vec<usize> = vec![lines.start];
                starts.extend(text[lines.clone()].match_indices('\n').map(|(i, _)| lines.start + i + 1));
                starts.retain(|start| *start < lines.end);
                let is_indent = matches!(self, Change::Indent { .. });
                let one = |start: usize| {
                    let blanks = text[start..].bytes().take(4).take_while(|b| *b == b' ').count();
                    if is_indent { edit(start, start, "    ") } else { edit(start, start + blanks, "") }
                };
                starts.into_iter().rev().map(one).collect()
            }
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |i| i + 1)
}

fn lines(text: &str, at: usize, count: u8) -> std::ops::Range<usize> {
    let start = line_start(text, at);
    let end = text[start..].match_indices('\n').nth(count as usize - 1).map_or(text.len(), |(i, _)| start + i + 1);
    start..end
}

/// The facts of `file`, after those of the text before were checked against a lowering of their own.
fn checked(file: &ParsedFile, old: &ParsedFile, old_facts: &FileFacts) -> FileFacts {
    let reused = file.facts_after(old, old_facts);
    let fresh = asyncwise_syntax::lower(file.text(), file.tree());
    assert!(reused == fresh, "{:?}\nbecame\n{:?}\n{}", old.text(), file.text(), difference(&reused, &fresh));
    reused
}

fn difference(reused: &FileFacts, fresh: &FileFacts) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    let (a, b) = (format!("{reused:#?}"), format!("{fresh:#?}"));
    for (a, b) in a.lines().zip(b.lines()).filter(|(a, b)| a != b).take(10) {
        let _ = writeln!(out, "reused {a}\nfresh  {b}");
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reused_facts_equal_fresh_ones(source in prop::sample::select(SOURCES), changes in prop::collection::vec(change(), 1..12)) {
        let mut file = ParsedFile::new(source);
        let mut facts = file.facts();
        for change in &changes {
            let next = file.edit(&change.edits(file.text()));
            facts = checked(&next, &file, &facts);
            file = next;
        }
        check_invariants(file.text(), &facts);
        // A parse from scratch may take the place of an incremental one, and be the start of others.
        let fresh = ParsedFile::new(file.text().clone());
        checked(&fresh, &file, &facts);
    }
}

#[test]
fn without_the_facts_of_the_text_before_all_is_made_anew() {
    let (old, new) = (ParsedFile::new("a = 1\nb = 2\n"), ParsedFile::new("b = 2\na = 1\n"));
    let fresh = new.facts();
    // Nobody asked for the facts of `old` so far.
    assert_eq!(new.facts_after(&old, &asyncwise_syntax::facts(old.text())), fresh);
    old.facts();
    let of_another_text = asyncwise_syntax::facts("def f(): pass\n");
    assert_eq!(new.facts_after(&old, &of_another_text), fresh);
}
