//! What is copied from the facts of the text before, and what is not.

use expect_test::{Expect, expect};

use super::builder::Lowerer;
use super::lower;
use super::reuse::{Lowered, Previous};
use crate::parse::ParsedFile;

/// Expects the statements that are copied when `before` becomes `after`, each by its text.
fn check(before: &str, after: &str, expected: Expect) {
    let (old, new) = (ParsedFile::new(before), ParsedFile::new(after));
    let (facts, units) = super::lower_units(before, old.tree());
    let old = Lowered { text: before, shown: old.shown(), facts: &facts, units: &units };
    let root = new.tree().0.root_node();
    let mut lowerer = Lowerer::new(after, root, Previous::new(old, new.shown()));
    lowerer.module();
    let copied = lowerer.previous.map(|previous| previous.copied).unwrap_or_default();
    let texts: String = copied.iter().map(|(place, _)| format!("{:?}\n", &after[place.range()])).collect();
    expected.assert_eq(&texts);
    let (reused, _) = super::lower_after(after, new.shown(), new.tree(), old);
    assert_eq!(reused, lower(after, new.tree()));
}

#[test]
fn statements_are_copied_wherever_they_stand() {
    check(
        "a = 1\nb = 2\n",
        "new\nb = 2\na = 1\na = 1\n",
        expect![[r#"
        "b = 2"
        "a = 1"
        "a = 1"
    "#]],
    );
}

#[test]
fn members_of_a_class_that_changes_are_copied() {
    check(
        "class A:\n    def f(self): pass\n    class B:\n        def g(self): pass\n        x = 1\n",
        "@dec\nclass A(new):\n    def f(self): pass\n    class B:\n        def g(self): pass\n        x = 2\n",
        expect![[r#"
            "def f(self): pass"
            "def g(self): pass"
        "#]],
    );
}

#[test]
fn a_function_is_copied_whole_or_not() {
    check("def f():\n    a\n    def g(): b\n", "def f():\n    a\n    def g(): c\n", expect![[""]]);
}

#[test]
fn a_class_in_a_function_or_under_a_condition_has_no_parts() {
    check(
        "def f():\n    class A:\n        x = 1\nif y:\n    class B:\n        x = 1\n",
        "def f():\n    class A:\n        x = 1\n    z\nif y:\n    class B:\n        x = 1\n    z\n",
        expect![[""]],
    );
}

#[test]
fn indentation_counts() {
    check("class A:\n  x = 1\n  y = 1\n", "class A:\n\tx = 1\n\ty = 2\n", expect![[""]]);
    check(
        "class A:\n  x = 1\n  y = 1\n",
        "class A:\n  x = 1\n  y = 2\n",
        expect![[r#"
        "x = 1"
    "#]],
    );
}

#[test]
fn what_shares_a_line_with_others_before_it_is_not_copied() {
    check(
        "a; b\n",
        "a; b\n",
        expect![[r#"
        "a"
    "#]],
    );
}

#[test]
fn the_level_of_nesting_counts() {
    check(
        "class A:\n        def f(): pass\n        x = 1\n",
        "class A:\n    class B:\n        def f(): pass\n        x = 2\n",
        expect![[""]],
    );
}

#[test]
fn what_touches_an_error_is_not_copied() {
    check(
        "a\nb\n",
        "a\nb)\n",
        expect![[r#"
        "a"
    "#]],
    );
    check(
        "x = 1\ny = 1\nz = 1\n",
        "x = 1\ny = 1 1\nz = 1\n",
        expect![[r#"
        "x = 1"
        "z = 1"
    "#]],
    );
}

#[test]
fn members_of_a_class_whose_header_is_broken_are_not_copied() {
    check("class A(b):\n    x = 1\n    y = 1\n", "class A(b c):\n    x = 1\n    y = 1\n", expect![[""]]);
}

#[test]
fn members_of_a_class_around_a_broken_one_are_copied() {
    check(
        "class A:\n    x = 1\n\n    def f(self):\n        a\n\n    y = 1\n",
        "class A:\n    x = 1\n\n    def f(self):\n        a b\n\n    y = 1\n",
        expect![[r#"
            "x = 1"
            "y = 1"
        "#]],
    );
}

#[test]
fn declarations_wait_for_the_end_of_their_scope() {
    check(
        "global a\nclass C:\n    global b\n    a = b = 1\n",
        "global a\nclass C:\n    global b\n    a = b = 1\n    c\n",
        expect![[r#"
        "a = b = 1"
    "#]],
    );
    check(
        "class C:\n    global b\n    b = 1\n",
        "class C:\n    b = 1\n",
        expect![[r#"
        "b = 1"
    "#]],
    );
}

#[test]
fn awaits_and_yields_count_for_the_scope_around() {
    check(
        "await a\nyield b\nc\n",
        "c\nyield b\n",
        expect![[r#"
        "c"
        "yield b"
    "#]],
    );
    check(
        "class C:\n    await a\n    x\n",
        "class C:\n    x\n    await a\n",
        expect![[r#"
        "x"
        "await a"
    "#]],
    );
}

#[test]
fn what_the_grammar_is_shown_another_text_for_is_copied() {
    check(
        "def f[T = int](): pass\nx\n",
        "def f[T = int](): pass\ny\n",
        expect![[r#"
        "def f[T = int](): pass"
    "#]],
    );
}

#[test]
fn comments_that_silence_move_along() {
    check(
        "a  # noqa: A1\nclass C:\n    def f(self):\n        b  # noqa: A2\n        c\n    '# noqa'\n",
        "new  # noqa: A3\na  # noqa: A1\nclass C:\n    def f(self):\n        b  # noqa: A2\n        c\n    '# noqa'\n    d # noqa: A4\n",
        expect![[r#"
        "a"
        "def f(self):\n        b  # noqa: A2\n        c"
        "'# noqa'"
    "#]],
    );
}

#[test]
fn names_keep_the_order_in_which_they_occur() {
    check(
        "a = b\nc = a\nd = lambda: [a for c in b]\n",
        "d = lambda: [a for c in b]\nc = a\na = b\n",
        expect![[r#"
        "d = lambda: [a for c in b]"
        "c = a"
        "a = b"
    "#]],
    );
}
