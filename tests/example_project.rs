//! The example project of the README: each of its bugs is reported once, where a person would change it, with its chain;
//! its mended twin gives nothing.

use asyncwise_tests::binary::{asyncwise, check_json};
use asyncwise_tests::repository;
use serde_json::Value;

/// A bug of the project: rule, severity, place, the enclosing function, part of the message, and the calls from it to its
/// cause.
struct Bug {
    rule: &'static str,
    severity: &'static str,
    place: (&'static str, u64),
    function: &'static str,
    message: &'static str,
    chain: &'static [(&'static str, u64)],
}

const BUGS: &[Bug] = &[
    Bug {
        rule: "unawaited-coroutine",
        severity: "error",
        place: ("routers/orders.py", 23),
        function: "app.routers.orders.create_order",
        message: "never awaited",
        chain: &[],
    },
    Bug {
        rule: "nested-event-loop",
        severity: "error",
        place: ("routers/orders.py", 30),
        function: "app.routers.orders.checkout",
        message: "asyncio.run",
        chain: &[("services/checkout.py", 17), ("services/checkout.py", 13), ("clients/payments.py", 21)],
    },
    Bug {
        rule: "blocking-call",
        severity: "warning",
        place: ("routers/reports.py", 19),
        function: "app.routers.reports.read_revenue",
        message: "blocks the event loop",
        chain: &[("services/reporting.py", 12), ("clients/currency.py", 15), ("clients/currency.py", 9)],
    },
];

const APP: &str = "tests/projects/web-service/app/";

fn line(place: &Value) -> u64 {
    place["range"]["start"]["line"].as_u64().or(place["line"].as_u64()).expect("a place has a line")
}

#[test]
fn each_bug_is_reported_once_with_its_chain() {
    let report = check_json(["tests/projects/web-service"]);
    let text = serde_json::to_string_pretty(&report.json).expect("it was JSON");
    assert_eq!(report.code, 1);
    assert_eq!(report.json["version"], 1);
    assert_eq!(report.json["errors"], Value::Array(Vec::new()));
    let findings = report.json["findings"].as_array().expect("findings are a list");
    assert_eq!(findings.len(), BUGS.len(), "{text}");
    for (bug, finding) in BUGS.iter().zip(findings) {
        assert_eq!(finding["rule"], bug.rule, "{text}");
        assert_eq!(finding["severity"], bug.severity, "{text}");
        assert_eq!(finding["path"], format!("{APP}{}", bug.place.0), "{text}");
        assert_eq!(line(finding), bug.place.1, "{text}");
        assert_eq!(finding["function"], bug.function, "{text}");
        assert!(finding["message"].as_str().is_some_and(|message| message.contains(bug.message)), "{text}");
        let chain: Vec<_> = finding["chain"].as_array().expect("a chain is a list").iter().collect();
        let steps: Vec<_> = chain.iter().map(|step| (step["path"].as_str().unwrap_or_default(), line(step))).collect();
        let should: Vec<_> = bug.chain.iter().map(|(path, line)| (format!("{APP}{path}"), *line)).collect();
        let mut rest = steps.iter();
        for (path, line) in &should {
            assert!(rest.any(|step| step.0 == path && step.1 == *line), "no step at {path}:{line} in\n{text}");
        }
        assert!(rest.next().is_none(), "the chain goes on after its cause:\n{text}");
    }
}

#[test]
fn the_mended_twin_gives_nothing() {
    let report = check_json(["tests/projects/web-service-fixed"]);
    assert_eq!(report.json["findings"], Value::Array(Vec::new()));
    assert_eq!(report.json["errors"], Value::Array(Vec::new()));
    assert_eq!(report.code, 0);
}

/// The block of the README that shows the report, from its opening fence to its closing one.
const SHOWN: (&str, &str) = ("<!-- report of the example project -->\n```text\n", "```\n");

/// `UPDATE_README=1 cargo test -p asyncwise-tests --test example_project` writes the report into the README.
#[test]
fn the_readme_shows_the_report() {
    let arguments = ["check", "--quiet", "--no-cache", "tests/projects/web-service"];
    let output = asyncwise().args(arguments).current_dir(repository()).output().expect("the binary starts");
    let report = String::from_utf8(output.stdout).expect("the report is UTF-8");
    let path = repository().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("the README is UTF-8").replace("\r\n", "\n");
    let (before, after) = readme.split_once(SHOWN.0).expect("the README shows a report");
    let (shown, after) = after.split_once(SHOWN.1).expect("its block ends");
    let report = format!("{}\n", report.trim_end());
    if std::env::var_os("UPDATE_README").is_some() {
        let new = format!("{before}{}{report}{}{after}", SHOWN.0, SHOWN.1);
        std::fs::write(path, new).expect("the README can be written");
        return;
    }
    assert!(shown == report, "the README shows an older report; UPDATE_README=1 brings it up to date:\n{report}");
}
