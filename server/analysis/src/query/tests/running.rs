//! Rules over a file: what is found, in which order, and what it costs.

use super::fakes::{Answer, FILE, FakeModel, FakeTree};
use crate::query::{Budget, CompiledRule, Found, Match, Node, Outcome, View, compile, run};
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

fn rule(source: &str) -> CompiledRule {
    let (mut rules, errors) = compile(&format!("(#set! rule \"r\")\n{source}"));
    assert_eq!(errors, []);
    rules.remove(0)
}

fn describe(node: Option<Node>) -> &'static str {
    match node {
        Some(Node::Expr(_)) => "expression",
        Some(Node::Stmt(_)) => "statement",
        Some(Node::Scope(_)) => "scope",
        Some(Node::Handler(_)) => "handler",
        Some(Node::WithItem(_)) => "with item",
        Some(Node::Case(_)) => "case",
        None => "?",
    }
}

fn line(found: &Match, view: View<'_>) -> String {
    let place = |span: asyncwise_syntax::facts::Span| {
        let before = &view.text[..span.start as usize];
        let text = view.slice(span).lines().next().unwrap_or_default();
        format!("{} `{text}`", before.matches('\n').count() + 1)
    };
    let mut out = format!("{}: {} {}", found.pattern, place(found.report.span), describe(found.report.node));
    for captured in found.captures.iter().filter(|captured| **captured != found.report) {
        write!(out, "; @{} `{}` {}", captured.name, view.slice(captured.span), describe(captured.node)).unwrap();
    }
    out
}

fn shown(found: &Found, model: &FakeModel) -> String {
    let lines = found.matches.iter().map(|found| line(found, model.view()) + "\n");
    lines.collect::<String>() + &found.outcome.to_string() + "\n"
}

/// What the patterns find in a Python file, by scan and by index, without a tree.
#[track_caller]
fn check(python: &str, patterns: &str, expect: Expect) {
    check_tree(python, patterns, &[], expect);
}

/// The same, with a tree that answers from a table.
#[track_caller]
fn check_tree(python: &str, patterns: &str, answers: &[Answer], expect: Expect) {
    let mut model = FakeModel::new(python);
    let tree = FakeTree { text: python.to_owned(), answers: answers.to_vec(), ..FakeTree::default() };
    let rule = rule(patterns);
    let scanned = shown(&run(&rule, FILE, &model, &tree, Budget::default()), &model);
    expect.assert_eq(&scanned);
    model.indexed = true;
    let indexed = shown(&run(&rule, FILE, &model, &tree, Budget::default()), &model);
    assert_eq!(scanned, indexed, "an index changes what is found");
}

const SHOP: &str = "\
import asyncio, time, requests

async def main(client):
    asyncio.run(work())
    print(client.token)
    await asyncio.sleep(1)
    for row in cursor:
        requests.get(row)

def plain():
    asyncio.run(work())
    time.sleep(1)

async def other():
    time.sleep(2)
    callback = lambda: time.sleep(3)
    [time.sleep(n) for n in range(3)]
";

#[test]
fn questions_about_the_root() {
    check(
        SHOP,
        r#"
        [(call) (attribute)] @report
        (#runs-on? @report "loop") (#entry? @report) (#reaches? @report "starts-loop")
        "#,
        expect![[r#"
            0: 4 `asyncio.run(work())` expression
            0: 5 `client.token` expression
            complete
        "#]],
    );
    check(
        SHOP,
        r#"
        ((call) @report (#in-async? @report) (#reaches? @report "blocking" "sleep"))
        ((call) @report (#not-in-async? @report) (#reaches? @report "blocking"))
        ((call) @report (#runs-on? @report "worker"))
        "#,
        expect![[r#"
            1: 12 `time.sleep(1)` expression
            0: 15 `time.sleep(2)` expression
            1: 16 `time.sleep(3)` expression
            0: 17 `time.sleep(n)` expression
            complete
        "#]],
    );
    check(
        SHOP,
        r#"
        ((call) @report (#resolves-to? @report "asyncio.*") (#not-awaited? @report) (#statement? @report))
        ((call) @report (#resolves-to? @report "asyncio.sleep" "range") (#not-statement? @report))
        "#,
        expect![[r#"
            0: 4 `asyncio.run(work())` expression
            1: 6 `asyncio.sleep(1)` expression
            0: 11 `asyncio.run(work())` expression
            1: 17 `range(3)` expression
            complete
        "#]],
    );
}

const KINDS: &str = "\
from __future__ import annotations
import os
from . import x

@cache
async def f(a, b=(yield)):
    with (open(a)) as g, h:
        x: int = 1
    if a:
        pass
    elif b:
        return
    try:
        raise E
    except E as e:
        del e
    match a:
        case 1:
            assert a
    while lambda: a:
        s = 'x' 'y'
    @d.e()
    class C: pass
";

#[test]
fn every_kind_of_candidate_has_the_span_of_its_tree_node() {
    let kinds = [
        "future_import_statement",
        "import_statement",
        "import_from_statement",
        "decorated_definition",
        "decorator",
        "function_definition",
        "class_definition",
        "with_item",
        "with_statement",
        "if_statement",
        "elif_clause",
        "try_statement",
        "except_clause",
        "raise_statement",
        "return_statement",
        "match_statement",
        "case_clause",
        "while_statement",
        "lambda",
        "delete_statement",
        "assert_statement",
        "pass_statement",
    ];
    let view = FakeModel::new(KINDS);
    let mut out = String::new();
    for kind in kinds {
        let rule = rule(&format!("({kind}) @report"));
        let found = run(&rule, FILE, &view, &FakeTree::default(), Budget::default());
        let texts: Vec<_> = found.matches.iter().map(|found| view.view().slice(found.report.span)).collect();
        let short = |text: &&str| match text.split_once('\n') {
            Some((first, _)) => format!("{} ... {}", first, text.rsplit('\n').next().unwrap_or_default().trim()),
            None => (*text).to_owned(),
        };
        writeln!(out, "{kind}: {}", texts.iter().map(short).collect::<Vec<_>>().join(" | ")).unwrap();
    }
    expect![[r#"
        future_import_statement: from __future__ import annotations
        import_statement: import os
        import_from_statement: from . import x
        decorated_definition: @cache ... class C: pass | @d.e() ... class C: pass
        decorator: @cache | @d.e()
        function_definition: async def f(a, b=(yield)): ... class C: pass
        class_definition: class C: pass
        with_item: (open(a)) as g | h
        with_statement: with (open(a)) as g, h: ... x: int = 1
        if_statement: if a: ... return
        elif_clause: elif b: ... return
        try_statement: try: ... del e
        except_clause: except E as e: ... del e
        raise_statement: raise E
        return_statement: return
        match_statement: match a: ... assert a
        case_clause: case 1: ... assert a
        while_statement: while lambda: a: ... s = 'x' 'y'
        lambda: lambda: a
        delete_statement: del e
        assert_statement: assert a
        pass_statement: pass | pass
    "#]]
    .assert_eq(&out);
}

#[test]
fn ancestors_are_nodes_around_at_any_depth() {
    check(
        "for a in b():\n    c()\n    while d():\n        e(f())\n\nwith g() as h:\n    i()\nj()\n",
        r#"
        ((call) @report (#has-ancestor? @report "while_statement" "call"))
        ((call) @report (#has-ancestor? @report "for_statement"))
        ((call) @report (#has-ancestor? @report "with_item"))
        ((call) @report (#not-has-ancestor? @report "with_statement" "for_statement") (#has-ancestor? @report "expression_statement"))
        "#,
        expect![[r#"
            1: 1 `b()` expression
            1: 2 `c()` expression
            0: 3 `d()` expression
            0: 4 `e(f())` expression
            0: 4 `f()` expression
            2: 6 `g()` expression
            3: 8 `j()` expression
            complete
        "#]],
    );
}

#[test]
fn questions_about_inner_nodes() {
    let python = "async def f(r, k):\n    r.get(k)\n    r.set(k, (co_x()))\n    s.get(k)\n";
    let answers: &[Answer] = &[
        ("r.get(k)", &[("report", "r.get(k)"), ("callee", "r.get"), ("name", "get"), ("args", "(k)"), ("arg", "k")]),
        (
            "r.set(k, (co_x()))",
            &[
                ("report", "r.set(k, (co_x()))"),
                ("callee", "r.set"),
                ("name", "set"),
                ("args", "(k, (co_x()))"),
                ("arg", "(co_x())"),
            ],
        ),
        ("s.get(k)", &[("report", "s.get(k)"), ("callee", "s.get"), ("name", "get"), ("args", "(k)"), ("arg", "k")]),
    ];
    let pattern = "(call function: (attribute attribute: (identifier) @name) @callee arguments: (argument_list (_) @arg) @args) @report";
    check_tree(
        python,
        &format!("{pattern} (#resolves-to? @callee \"r.*\")"),
        answers,
        expect![[r#"
            0: 2 `r.get(k)` expression; @callee `r.get` expression; @name `get` expression; @args `(k)` ?; @arg `k` expression
            0: 3 `r.set(k, (co_x()))` expression; @callee `r.set` expression; @name `set` expression; @args `(k, (co_x()))` ?; @arg `(co_x())` expression
            complete
        "#]],
    );
    // What stands in parentheses is the node inside, the name of an attribute is the attribute.
    check_tree(
        python,
        &format!("{pattern} (#coroutine? @arg) (#resolves-to? @name \"r.set\")"),
        answers,
        expect![[r#"
        0: 3 `r.set(k, (co_x()))` expression; @callee `r.set` expression; @name `set` expression; @args `(k, (co_x()))` ?; @arg `(co_x())` expression
        complete
    "#]],
    );
    // A list of arguments is no node of the facts: where it stands is known, what it resolves to is not.
    check_tree(
        python,
        &format!("{pattern} (#runs-on? @args \"loop\") (#eq? @name \"set\")"),
        answers,
        expect![[r#"
        0: 3 `r.set(k, (co_x()))` expression; @callee `r.set` expression; @name `set` expression; @args `(k, (co_x()))` ?; @arg `(co_x())` expression
        complete
    "#]],
    );
    check_tree(
        python,
        &format!("{pattern} (#not-resolves-to? @args \"x\")"),
        answers,
        expect![[r#"
            complete
        "#]],
    );
}

#[test]
fn a_predicate_holds_for_all_nodes_of_its_capture_or_for_none() {
    let answers: &[Answer] = &[
        ("f(a, b)", &[("report", "f(a, b)"), ("arg", "a"), ("arg", "b")]),
        ("f(a)", &[("report", "f(a)"), ("arg", "a")]),
        ("f()", &[("report", "f()")]),
    ];
    check_tree(
        "f(a, b)\nf(a)\nf()\n",
        "(call (argument_list (identifier)* @arg)) @report (#eq? @arg \"a\")",
        answers,
        expect![[r#"
            0: 2 `f(a)` expression; @arg `a` expression
            0: 3 `f()` expression
            complete
        "#]],
    );
}

#[test]
fn the_same_text_twice() {
    let answers: &[Answer] = &[
        ("a == a", &[("left", "a"), ("right", "a"), ("report", "a == a")]),
        ("a == b", &[("left", "a"), ("right", "b"), ("report", "a == b")]),
    ];
    let pattern = "(comparison_operator (_) @left (_) @right) @report";
    check_tree(
        "a == a\na == b\n",
        &format!("{pattern} (#eq? @left @right)"),
        answers,
        expect![[r#"
        0: 1 `a == a` expression; @left `a` expression; @right `a` expression
        complete
    "#]],
    );
    check_tree(
        "a == a\na == b\n",
        &format!("{pattern} (#not-eq? @left @right)"),
        answers,
        expect![[r#"
        0: 2 `a == b` expression; @left `a` expression; @right `b` expression
        complete
    "#]],
    );
}

#[test]
fn one_place_is_reported_once_and_by_the_earliest_pattern() {
    let answers: &[Answer] =
        &[("f(a, a)", &[("report", "f(a, a)"), ("arg", "a")]), ("f(a, a)", &[("report", "f(a, a)")])];
    check_tree(
        "f(a, a)\n",
        "(call (argument_list (_) @arg)) @report\n((call) @report)",
        answers,
        expect![[r#"
        0: 1 `f(a, a)` expression; @arg `a` expression
        complete
    "#]],
    );
}

#[test]
fn broken_code_is_left_alone() {
    check(
        "async def f():\n    g()\n    h(\n\ndef i():\n    j()\n",
        "(call) @report",
        expect![[r#"
        0: 6 `j()` expression
        complete
    "#]],
    );
}

#[test]
fn the_message_is_filled_from_the_match() {
    let python = "r.get(k)\n";
    let model = FakeModel::new(python);
    let answers: Vec<Answer> = vec![("r.get(k)", &[("report", "r.get(k)"), ("callee", "r.get")])];
    let tree = FakeTree { text: python.into(), answers, ..FakeTree::default() };
    let rule = rule(
        "(call function: (_) @callee arguments: (_ (_) @gone)?) @report (#set! message \"{callee} of {report}{gone}\")",
    );
    let found = run(&rule, FILE, &model, &tree, Budget::default());
    let message = rule.patterns[0].metadata.message.as_ref().unwrap();
    assert_eq!(found.matches[0].render(message, python), "r.get of r.get(k)");
}

#[test]
fn a_budget_ends_a_run_with_what_was_found() {
    let python = "f()\n".repeat(100);
    let model = FakeModel::new(&python);
    let rule = rule("(call) @report (#not-in-test? @report)");
    let go = |budget| {
        let found = run(&rule, FILE, &model, &FakeTree::default(), budget);
        (found.matches.len(), found.outcome)
    };
    let all = Budget::default();
    assert_eq!(go(all), (100, Outcome::Complete));
    assert_eq!(go(Budget { matches: 7, ..all }), (7, Outcome::TooManyMatches));
    assert_eq!(go(Budget { matches: 100, ..all }), (100, Outcome::Complete));
    assert_eq!(go(Budget { steps: 20, ..all }), (10, Outcome::OutOfSteps));
    let structural = self::rule("(call function: (_)) @report");
    let passed = Budget { deadline: Some(Instant::now()), ..all };
    let found = run(&structural, FILE, &model, &FakeTree { text: python.clone(), ..FakeTree::default() }, passed);
    assert_eq!(found.outcome, Outcome::OutOfTime);
}

#[test]
fn nothing_is_asked_without_a_candidate() {
    let rule = rule("(call function: (_)) @report (#not-awaited? @report) (#reaches? @report \"starts-loop\")");
    let cost = |python: &str, indexed: bool| {
        let mut model = FakeModel::new(python);
        model.indexed = indexed;
        let tree = FakeTree { text: python.into(), ..FakeTree::default() };
        run(&rule, FILE, &model, &tree, Budget::default());
        (model.asked.load(Ordering::Relaxed), tree.asked.load(Ordering::Relaxed))
    };
    assert_eq!(cost("x = 1\n", false), (0, 0), "no call");
    assert_eq!(cost("await f()\n", false), (0, 0), "the facts rule it out");
    assert_eq!(cost("f()\ng()\nasyncio.run(x)\n", false), (3, 1), "the tree is asked last");
    assert_eq!(cost("f()\ng()\nasyncio.run(x)\n", true), (1, 1), "an index names the candidates");
}
