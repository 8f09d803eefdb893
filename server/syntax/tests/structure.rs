//! Patterns asked about one node.

use asyncwise_syntax::facts::Span;
use asyncwise_syntax::structure::{CompiledPattern, matches};
use expect_test::{Expect, expect};

/// Asks about the first place of `at` in `source`.
fn check(source: &str, at: &str, pattern: &str, expected: Expect) {
    let start = source.find(at).expect("the test shows the place") as u32;
    let tree = asyncwise_syntax::parse(source);
    let actual = match matches(source, &tree, pattern, Span::new(start, start + at.len() as u32)) {
        Ok(found) => found
            .iter()
            .map(|captures| {
                captures.iter().map(|(name, span)| format!("{name}={} ", &source[span.range()])).collect::<String>()
                    + "\n"
            })
            .collect(),
        Err(error) => error,
    };
    expected.assert_eq(&actual);
}

#[test]
fn only_the_node_at_the_span_matches() {
    let source = "f(g(x))\nh(y)\n";
    let pattern = "(call function: (identifier) @name) @call";
    check(
        source,
        "f(g(x))",
        pattern,
        expect![[r#"
        call=f(g(x)) name=f 
    "#]],
    );
    check(
        source,
        "g(x)",
        pattern,
        expect![[r#"
        call=g(x) name=g 
    "#]],
    );
    check(source, "g(x", pattern, expect![[r#""#]]);
    check(source, "f(g(x))\nh(y)\n", pattern, expect![[r#""#]]);
}

#[test]
fn several_nodes_may_stand_at_one_span() {
    check(
        "f()",
        "f()",
        "(expression_statement (call)) @statement (call) @call",
        expect![[r#"
        statement=f() 
        call=f() 
    "#]],
    );
}

#[test]
fn text_predicates() {
    let source = "time.sleep(1)";
    let pattern = |predicate: &str| format!("(call function: (attribute attribute: (identifier) @name) {predicate})");
    check(
        source,
        source,
        &pattern("(#eq? @name \"sleep\")"),
        expect![[r#"
        name=sleep 
    "#]],
    );
    check(source, source, &pattern("(#not-eq? @name \"sleep\")"), expect![[r#""#]]);
    check(
        source,
        source,
        &pattern("(#match? @name \"^sl\")"),
        expect![[r#"
        name=sleep 
    "#]],
    );
    check(
        source,
        source,
        &pattern("(#any-of? @name \"wait\" \"sleep\")"),
        expect![[r#"
        name=sleep 
    "#]],
    );
    check(
        source,
        source,
        &pattern("(#set! message \"no\")"),
        expect![[r#"
        name=sleep 
    "#]],
    );
}

#[test]
fn mistakes_say_where() {
    check("x", "x", "(call) @c (#reaches? @c \"x\")", expect!["unknown predicate `#reaches?` at byte 11"]);
    check("x", "x", "((call) @c (#is-not? @c local))", expect!["unknown predicate `#is-not?` at byte 12"]);
    check("x", "x", "(nonsense)", expect!["Python has no node `nonsense` at byte 1"]);
    check("x", "x", "(call nonsense: (_))", expect!["Python has no field `nonsense` at byte 6"]);
    check("x", "x", "(call (if_statement))", expect!["such a node cannot stand there at byte 6"]);
    check("x", "x", "(call) (#eq? @d 1)", expect!["nothing is captured as `d` at byte 14"]);
    check("x", "x", "(call", expect!["syntax error at byte 5"]);
    check("x", "x", "((call) . (call))", expect!["a pattern needs one node around all others at byte 0"]);
    let names = CompiledPattern::compile("(call) @a (await) @b.c").map(|pattern| pattern.capture_names().join(" "));
    assert_eq!(names.as_deref(), Ok("a b.c"));
}
