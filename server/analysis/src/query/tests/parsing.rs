//! The parser alone: what it makes of a source, and that nothing upsets it.

use crate::query::parse::{Source, parse};
use crate::query::shape;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::fmt::Write;

#[track_caller]
fn check(source: &str, expect: Expect) {
    let (parsed, errors) = parse(source);
    let mut out = String::new();
    for clause in &parsed.defaults {
        writeln!(out, "default {}", &source[clause.span.range()]).unwrap();
    }
    for pattern in &parsed.patterns {
        for line in pattern.docs.lines() {
            writeln!(out, "; {line}").unwrap();
        }
        writeln!(out, "{}", shape::source(&pattern.root)).unwrap();
        for clause in &pattern.clauses {
            writeln!(
                out,
                "  #{} {:?}",
                clause.name.value,
                clause.args.iter().map(|arg| &arg.value).collect::<Vec<_>>()
            )
            .unwrap();
        }
    }
    for error in errors {
        let at = error.span.range();
        writeln!(out, "error at {} `{}`: {}", at.start, &source[at.clone()], error.message).unwrap();
        if let Some(help) = error.help {
            writeln!(out, "  help: {help}").unwrap();
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn every_form_of_pattern() {
    check(
        r#"
(call function: (attribute object: (_) @o . attribute: (identifier)) !arguments) @report
[(call) (await)]+ @many
((if_statement) . (else_clause)? @e)
(binary_operator operator: ["+" "\"" _] @op)
(function_definition "async" @async (block (_)* @body .))
"#,
        expect![[r#"
            (call function: (attribute object: (_) @o . attribute: (identifier)) !arguments) @report
            [(call) (await)]+ @many
            ((if_statement) . (else_clause)? @e)
            (binary_operator operator: ["+" "\"" _] @op)
            (function_definition "async" @async (block (_)* @body .))
        "#]],
    );
}

#[test]
fn predicates_inside_and_after() {
    check(
        r#"
((call) @report (#runs-on? @report "loop"))
(call
  (#eq? @f "a\n\"b\"") ; why
  function: (_) @f (#set! key bare-word)) @report
(#any-of? @f "x" @y)
; not the next pattern's
( #not-entry? @report )
"#,
        expect![[r#"
            ((call) @report)
              #runs-on? [Capture("report"), Text("loop")]
            (call function: (_) @f) @report
              #eq? [Capture("f"), Text("a\n\"b\"")]
              #set! [Text("key"), Text("bare-word")]
              #any-of? [Capture("f"), Text("x"), Capture("y")]
              #not-entry? [Capture("report")]
        "#]],
    );
}

#[test]
fn the_comment_right_above_is_the_documentation() {
    check(
        "; a header\n\n(#set! rule \"r\")\n\n; not this one\n\n;; # Title\n;;\n;   indented\n(call) @a ; nor this\n(await) @b\n",
        expect![[r#"
            default (#set! rule "r")
            ; # Title
            ; 
            ;   indented
            (call) @a
            (await) @b
        "#]],
    );
}

#[test]
fn a_mistake_costs_one_pattern() {
    check(
        r#"
(call (attribute @report
  (#entry? @report)

(await) @report

call @x
(#entry? @x)
(yield @) @report
(return_statement) @report)
(lambda) @report
[] @x
[(call) (#entry? @x)]
() @y
(MISSING) @z
(string "open
) @report
(call)?* @x
(#entry @x)
(call) & @x
"#,
        expect![[r#"
            (await) @report
            (return_statement) @report
            (lambda) @report
            (call)
            error at 18 `@`: a capture stands after its node
              help: is a `)` missing before it?
            error at 64 `call`: `call` stands alone; a node is written in parentheses
              help: write `(call)`
            error at 92 `@`: a capture stands after its node
              help: is a `)` missing before it?
            error at 129 `)`: expected a node, found `)`
            error at 148 `[`: there is nothing in these brackets
            error at 162 `(`: a predicate cannot stand among alternatives
              help: put it after the brackets
            error at 176 `()`: there is no node in these parentheses
            error at 183 `MISSING`: rules do not look into broken code, so `MISSING` finds nothing
            error at 203 `"open`: the string is not closed on its line
            error at 226 `*`: a node has one quantifier
            error at 232 `#entry`: `#entry` is neither a predicate nor a directive
              help: a predicate is written `#entry?`, a directive `#entry!`
            error at 250 `&`: expected a node, found `&`
        "#]],
    );
}

#[test]
fn nesting_has_a_limit() {
    let (parsed, errors) = parse(&"(a ".repeat(100_000));
    assert!(parsed.patterns.is_empty());
    assert_eq!(errors[0].message, "the pattern nests too deeply");
}

/// Sources of the pieces patterns are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "\"",
        "@",
        "#",
        "?",
        "!",
        "*",
        "+",
        ".",
        ":",
        "_",
        ";",
        "\n",
        " ",
        "\\",
        "{",
        "}",
        "é",
        "\u{1F40D}",
        "call",
        "function:",
        "@report",
        "(#eq? @report \"a\")",
        "(#set! rule \"a-b\")",
        "(#set! message \"{report}\")",
        "(call) @report",
        "((await) @report)",
        "(#runs-on? @report \"loop\")",
        "attribute",
        "loop",
        "; words\n",
        "not-",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn spans_are_inside(source: &str, parsed: &Source) {
    for pattern in &parsed.patterns {
        assert!(source.get(pattern.span.range()).is_some());
        for clause in &pattern.clauses {
            assert!(source[clause.span.range()].starts_with('('), "{}", &source[clause.span.range()]);
            assert!(source[clause.name.span.range()].starts_with('#'));
        }
    }
}

proptest! {
    #[test]
    fn nothing_upsets_the_parser(source in prop_oneof![pieces(), any::<String>()]) {
        let (parsed, errors) = parse(&source);
        spans_are_inside(&source, &parsed);
        let (_, compile_errors) = crate::query::compile(&source);
        for error in errors.iter().chain(&compile_errors) {
            prop_assert!(source.get(error.span.range()).is_some(), "{:?}", error);
            prop_assert!(!error.message.is_empty() && !error.message.ends_with('.'));
        }
    }

    #[test]
    fn what_is_written_parses_to_the_same(source in pieces()) {
        let (parsed, _) = parse(&source);
        for pattern in &parsed.patterns {
            let written = shape::source(&pattern.root);
            let (again, errors) = parse(&written);
            prop_assert!(errors.is_empty(), "{} {:?}", written, errors);
            prop_assert_eq!(shape::source(&again.patterns[0].root), written);
        }
    }
}
