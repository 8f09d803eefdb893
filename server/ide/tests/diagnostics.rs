//! Findings as an editor marks them.

mod support;

use asyncwise_ide::diagnostics::{FindingId, diagnostics, rule_url};
use expect_test::{Expect, expect};
use std::fmt::Write;
use support::fixture;

fn check(source: &str, expected: Expect) {
    let fixture = fixture(source);
    let mut out = String::new();
    fixture.analysed(|_, findings| {
        for file in fixture.program.ids() {
            for d in diagnostics(findings, file) {
                let (start, end) = (fixture.position(file, d.span.start), fixture.position(file, d.span.end));
                writeln!(out, "{start}-{end} {:?} [{}] {} {:?}", d.severity, d.code, d.message, d.tags).unwrap();
                for related in d.related {
                    let at = fixture.position(related.place.file, related.place.span.start);
                    writeln!(out, "  {at} {}", related.message).unwrap();
                }
            }
        }
    });
    expected.assert_eq(&out);
}

#[test]
fn a_diagnostic_relates_the_steps_of_the_chain() {
    check(
        r#"
from helpers import load

async def handler():
    load()
# file: helpers.py
import time

def load():
    time.sleep(1)
"#,
        expect![[r#"
            main.py:4:5-main.py:4:11 Error [blocking-call] load() blocks the event loop: it calls time.sleep() []
              helpers.py:4:5 load calls time.sleep(), which blocks the thread
        "#]],
    );
}

#[test]
fn a_comment_that_does_nothing_is_unnecessary_code() {
    check(
        "x = 1  # asyncwise: ignore[blocking-call]\n",
        expect![[r#"
        1:28-1:41 Warning [unused-ignore] this comment silences no finding of `blocking-call` [Unnecessary]
    "#]],
    );
}

#[test]
fn findings_are_found_again_by_their_identity() {
    let fixture = fixture("import time\n\nasync def f():\n    time.sleep(1)\n    time.sleep(1)\n    f()\n");
    fixture.analysed(|_, findings| {
        for finding in findings {
            assert_eq!(FindingId::of(finding).find(findings, fixture.file), Some(finding));
        }
    });
}

#[test]
fn every_rule_has_an_address() {
    assert_eq!(rule_url("https://example.org/rules/", "blocking-call"), "https://example.org/rules/blocking-call.md");
}
