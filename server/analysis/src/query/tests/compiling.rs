//! From source to rules: plans as they explain themselves, metadata, and every mistake.

use crate::query::compile;
use crate::query::predicates::{DottedGlob, PREDICATES};
use expect_test::{Expect, expect};
use std::fmt::Write;

/// The rules of a source with their plans, and the errors.
#[track_caller]
fn check(source: &str, expect: Expect) {
    let (rules, errors) = compile(source);
    let mut out = String::new();
    for rule in &rules {
        writeln!(out, "{}", rule.name).unwrap();
        for pattern in &rule.patterns {
            writeln!(out, "  {}", pattern.plan).unwrap();
        }
    }
    for error in errors {
        writeln!(out, "`{}`: {}", &source[error.span.range()], error.message).unwrap();
        if let Some(help) = error.help {
            writeln!(out, "  {help}").unwrap();
        }
    }
    expect.assert_eq(&out);
}

/// The errors of one pattern of a rule.
#[track_caller]
fn check_errors(pattern: &str, expect: Expect) {
    check(&format!("(#set! rule \"r\")\n{pattern}"), expect);
}

#[test]
fn predicates_on_the_root_come_first_the_cheapest_before_the_others() {
    check(
        r#"
(#set! rule "nested")
((call) @report
  (#reaches? @report "starts-loop") (#not-entry? @report) (#runs-on? @report "loop") (#not-awaited? @report))
[(call) (attribute) (call)] @report
(#reaches? @report "blocking" "http" "db")
(#has-ancestor? @report "for_statement" "while_statement")
(#match? @report "^a")
"#,
        expect![[r#"
            nested
              candidates: call; then not awaited, runs on loop, not entry, reaches starts-loop; tree: no
              candidates: call, attribute; then in for_statement or while_statement, matches "^a", reaches blocking http or db; tree: no
        "#]],
    );
}

#[test]
fn the_tree_is_asked_for_the_structural_rest() {
    check(
        r#"
(#set! rule "a")
(call function: (attribute attribute: (identifier) @name) @callee) @report
(#resolves-to? @callee "redis.Redis.*" "redis.get")
(#any-of? @name "get" "set")
(#in-async? @report)
((string) @report (#eq? @report "\"x\""))
[(await (_) @inner) @report (call) @report]
(#coroutine? @report) (#statement? @inner)
[(call) @report (await) @other] (#statement? @report)
(with_statement (with_clause (with_item) @report)) @all
(#not-in-async? @all) (#eq? @all @report) (#in-test? @report)
(call function: (_) @report) @report (#awaited? @report)
"#,
        expect![[r#"
            a
              candidates: call; then in async; tree: (call function: (attribute attribute: (identifier) @name) @callee) @report; then @name is "get" or "set", @callee resolves to redis.Redis.* or redis.get
              candidates: string; then is "\"x\""; tree: (string) @report
              candidates: await, call; then coroutine; tree: [(await (_) @inner) @report (call) @report]; then @inner statement
              candidates: call, await; tree: [(call) @report (await) @other]; then @report statement
              candidates: with_statement; then not in async; tree: (with_statement (with_clause (with_item) @report)) @all; then @all is the text of @report, @report in test
              candidates: call; tree: (call function: (_) @report) @report; then @report awaited
        "#]],
    );
}

#[test]
fn metadata_of_the_file_and_of_the_pattern() {
    let source = r#"
; For the whole file.
(#set! rule "no-sync-redis")
(#set! severity "warning")

; For this pattern.
(call function: (_) @callee) @report
(#set! message "{callee} blocks {{the loop}}: {@report}")
(#set! fix "await {callee}()")
(#set! confidence "certain")

((await) @report (#set! rule "other") (#set! severity "hint") (#set! url "https://example.org"))
"#;
    let (rules, errors) = compile(source);
    assert_eq!(errors, []);
    let mut out = String::new();
    for rule in rules {
        for pattern in rule.patterns {
            let metadata = pattern.metadata;
            let text = |name: &str| if name == "callee" { "r.get" } else { "r.get(1)" };
            writeln!(out, "{}: {:?}", rule.name, pattern.docs).unwrap();
            writeln!(out, "  {:?} {:?} {:?}", metadata.severity, metadata.confidence, metadata.url).unwrap();
            writeln!(out, "  {:?}", metadata.message.map(|message| message.render(text))).unwrap();
            writeln!(out, "  {:?}", metadata.fix.map(|fix| fix.render(text))).unwrap();
        }
    }
    expect![[r#"
        no-sync-redis: "For this pattern."
          Some(Warning) Some(Certain) None
          Some("r.get blocks {the loop}: r.get(1)")
          Some("await r.get()")
        other: "For the whole file."
          Some(Hint) None Some("https://example.org")
          None
          None
    "#]]
    .assert_eq(&out);
}

#[test]
fn mistakes_in_predicates() {
    check_errors(
        r#"(call function: (_) @callee arguments: (_) @args) @report
(#run-on? @report "loop")
(#frobnicate? @report)
(#runs-on? @report "lop")
(#runs-on? @report)
(#runs-on? "loop")
(#entry? @reprot)
(#entry? @report "now")
(#reaches? @report "sleeps")
(#reaches? @report "blocking" "htp")
(#reaches? @report "starts-loop" "http")
(#resolves-to? @callee "redis.*.get")
(#resolves-to? @callee)
(#has-ancestor? @report "for_statment")
(#match? @callee "(")
(#eq? @callee @other)
(#any-of? @callee)"#,
        expect![[r##"
            `#run-on?`: there is no predicate `#run-on?`
              did you mean `runs-on`?
            `#frobnicate?`: there is no predicate `#frobnicate?`
              known: any-of, awaited, coroutine, entry, eq, has-ancestor, in-async, in-test, match, reaches, resolves-to, runs-on, statement
            `"lop"`: `#runs-on?` does not know `lop`
              did you mean `loop`?
            `(#runs-on? @report)`: `#runs-on?` takes a string here
              write `(#runs-on? @n "loop"|"worker"|"none")`
            `"loop"`: `#runs-on?` takes a capture here
              write `(#runs-on? @n "loop"|"worker"|"none")`
            `@reprot`: the pattern captures no `@reprot`
              did you mean `report`?
            `"now"`: `#entry?` takes nothing more here
              write `(#entry? @n)`
            `"sleeps"`: `#reaches?` does not know `sleeps`
              known: starts-loop, refuses-loop, blocking
            `"htp"`: there is no category of blocking `htp`
              did you mean `http`?
            `"http"`: `#reaches?` takes nothing more here
              write `(#reaches? @n "starts-loop"|"refuses-loop"|"blocking" ["category" ...])`
            `"redis.*.get"`: `redis.*.get` is no dotted name
              write `package.function`, or `package.*` for all below it
            `(#resolves-to? @callee)`: `#resolves-to?` takes a string here
              write `(#resolves-to? @n "pkg.fn" ...)`
            `"for_statment"`: there is no kind of ancestor `for_statment`
              did you mean `for_statement`?
            `"("`: this is no regular expression: unclosed group
            `@other`: the pattern captures no `@other`
            `(#any-of? @callee)`: `#any-of?` takes a string here
              write `(#any-of? @n "text" ...)`
        "##]],
    );
    check_errors(
        "(return_statement) @report (#awaited? @report)",
        expect![[r##"
            `(#awaited? @report)`: `#awaited?` asks about an expression, and `@report` is none
        "##]],
    );
}

#[test]
fn mistakes_in_directives() {
    check(
        r#"
(#entry? @x)
(#set! sverity "error")
((call) @report
  (#set! rule "No_Name") (#set! severity "loud") (#set! confidence "sure") (#set! url "example.org")
  (#set! message "") (#set! fix "{open") (#set! fix "x") (#set! rule) (#strip! @report "a"))
((call) @report (#set! rule "a") (#set! message "{reprt} and {report}"))
(call) @report
((await) @report (#set! rule "whole"))
"#,
        expect![[r#"
            whole
              candidates: await; tree: no
            `(#entry? @x)`: there is no pattern before this predicate
              put it into the pattern's parentheses, or right after it
            `sverity`: `#set!` has no key `sverity`
              did you mean `severity`?
            `"No_Name"`: `No_Name` is no name for a rule
              write lower-case words joined by `-`: `no-sync-redis`
            `"loud"`: there is no severity `loud`
              known: error, warning, info, hint
            `"sure"`: there is no confidence `sure`
              known: certain, likely, possible
            `"example.org"`: an address begins with `https://` or `http://`
            `""`: the message is empty
            `"{open"`: braces hold the name of a capture
              write `{{` or `}}` for a brace
            `fix`: `fix` is set twice
            `(#set! rule)`: `#set!` takes a key and a string
              write `(#set! key "value")`
            `#strip!`: there is no directive `#strip!`
              the only directive is `#set!`
            `"{reprt} and {report}"`: the pattern captures no `@reprt`
              did you mean `report`?
            `(call) @report`: the pattern belongs to no rule
              write `(#set! rule "name-of-the-rule")` in it, or at the top of the file
        "#]],
    );
}

#[test]
fn mistakes_in_the_shape() {
    check_errors(
        r#"(call function: (_))
(cal) @report
(argument_list (call)) @report
(comment) @report
(_) @report
"async" @report
(call)* @report
function: (call) @report
((call) @report (await))
(call functoin: (atribute) !foo "asnyc") @report
[(call) (keyword_argument)] @report"#,
        expect![[r#"
            `(call function: (_))`: the pattern captures no `@report`, so there is nothing to report
              write `@report` after the node a person would change
            `cal`: Python's grammar has no kind of node `cal`
              did you mean `call`?
            `argument_list`: a pattern cannot start at `argument_list`
              start at `call` and write `(argument_list)` in it
            `comment`: a pattern cannot start at `comment`
              start at one of: assert_statement, assignment, attribute, augmented_assignment, await, binary_operator, boolean_operator, break_statement, call, case_clause, class_definition, comparison_operator, concatenated_string, conditional_expression, continue_statement, decorated_definition, decorator, delete_statement, dictionary, dictionary_comprehension, elif_clause, except_clause, expression_statement, for_statement, function_definition, future_import_statement, generator_expression, global_statement, identifier, if_statement, import_from_statement, import_statement, integer, lambda, list, list_comprehension, match_statement, named_expression, nonlocal_statement, not_operator, pass_statement, raise_statement, return_statement, set, set_comprehension, string, subscript, try_statement, tuple, type_alias_statement, while_statement, with_item, with_statement, yield
            `(_) @report`: the root of a pattern names the kind of node it looks for
              start at one of: assert_statement, assignment, attribute, augmented_assignment, await, binary_operator, boolean_operator, break_statement, call, case_clause, class_definition, comparison_operator, concatenated_string, conditional_expression, continue_statement, decorated_definition, decorator, delete_statement, dictionary, dictionary_comprehension, elif_clause, except_clause, expression_statement, for_statement, function_definition, future_import_statement, generator_expression, global_statement, identifier, if_statement, import_from_statement, import_statement, integer, lambda, list, list_comprehension, match_statement, named_expression, nonlocal_statement, not_operator, pass_statement, raise_statement, return_statement, set, set_comprehension, string, subscript, try_statement, tuple, type_alias_statement, while_statement, with_item, with_statement, yield
            `"async" @report`: the root of a pattern names the kind of node it looks for
              start at one of: assert_statement, assignment, attribute, augmented_assignment, await, binary_operator, boolean_operator, break_statement, call, case_clause, class_definition, comparison_operator, concatenated_string, conditional_expression, continue_statement, decorated_definition, decorator, delete_statement, dictionary, dictionary_comprehension, elif_clause, except_clause, expression_statement, for_statement, function_definition, future_import_statement, generator_expression, global_statement, identifier, if_statement, import_from_statement, import_statement, integer, lambda, list, list_comprehension, match_statement, named_expression, nonlocal_statement, not_operator, pass_statement, raise_statement, return_statement, set, set_comprehension, string, subscript, try_statement, tuple, type_alias_statement, while_statement, with_item, with_statement, yield
            `(call)* @report`: the root of a pattern cannot be repeated or left out
            `function`: the root of a pattern has no field
            `((call) @report (await))`: a pattern has one root
              start from the node around these siblings, or write a pattern for each
            `functoin`: Python's grammar has no field `functoin`
              did you mean `function`?
            `atribute`: Python's grammar has no kind of node `atribute`
              did you mean `attribute`?
            `foo`: Python's grammar has no field `foo`
            `"asnyc"`: Python's grammar has no token `asnyc`
              did you mean `async`?
            `keyword_argument`: a pattern cannot start at `keyword_argument`
              start at `call` and write `(keyword_argument)` in it
        "#]],
    );
}

#[test]
fn tables_are_sorted_and_agree() {
    use crate::query::{grammar, kinds};
    for words in [grammar::NAMED, grammar::TOKENS, grammar::FIELDS] {
        assert!(words.is_sorted());
    }
    assert!(kinds::ROOTS.is_sorted_by_key(|kind| kind.name), "roots are found by binary search");
    for name in kinds::root_names() {
        assert!(grammar::NAMED.contains(&name), "{name}");
        assert_eq!(kinds::around(name), None, "{name} is a root itself");
    }
    assert!(PREDICATES.is_sorted_by_key(|predicate| predicate.name));
}

#[test]
fn every_predicate_can_be_written_as_its_usage_says() {
    for predicate in PREDICATES {
        let usage = predicate.usage.split(" or ").next().unwrap();
        let usage = usage.replace(" ...", "").replace("\"|\"", "\" \"").replace("[\"category\"]", "");
        let words: Vec<_> = usage.split(' ').take(3).collect();
        let usage = words.join(" ").trim_end_matches(')').replace("\"kind\"", "\"call\"");
        for not in ["", "not-"] {
            let usage = usage.replace("(#", &format!("(#{not}")).replace("@n", "@report");
            let (rules, errors) = compile(&format!("(call) @report {usage}) (#set! rule \"r\")"));
            assert_eq!((rules.len(), errors), (1, vec![]), "{usage}");
        }
    }
}

#[test]
fn dotted_names_with_a_star_are_all_below() {
    let below = DottedGlob { name: "redis".into(), below: true };
    let matches = ["redis", "redis.get", "redis.asyncio.Redis", "redislite.get"].map(|name| below.matches(name));
    assert_eq!(matches, [false, true, true, false]);
    let exact = DottedGlob { name: "redis.get".into(), below: false };
    assert_eq!(["redis.get", "redis.get.x", "redis.ge"].map(|name| exact.matches(name)), [true, false, false]);
}
