//! The sites of the bug reports this tool began with, in the published packages: each at its line, with its rule, how sure it
//! is, and its fix; and what works as written stays silent. Skipped with a message without a registry.

use asyncwise_tests::binary::check_json;
use asyncwise_tests::registry::fetch;
use serde_json::Value;

const DEPENDENCY: (&str, &str) = ("kailash", "0.10.13");
/// What the refusing call becomes.
const TWIN: &str = "runtime.execute_workflow_async(workflow.build(), inputs={})";

/// A finding that must be there.
struct Site {
    path: &'static str,
    line: u64,
    rule: &'static str,
    severity: &'static str,
    /// A text that an edit of one of its fixes puts in; empty where no fix is offered.
    fix: &'static str,
}

const fn site(path: &'static str, line: u64, rule: &'static str, severity: &'static str, fix: &'static str) -> Site {
    Site { path, line, rule, severity, fix }
}

const REGISTRY: &str = "dataflow/core/model_registry.py";
const MANAGER: &str = "dataflow/migrations/schema_state_manager.py";
const ENGINE: &str = "dataflow/core/engine.py";

fn refusing(path: &'static str, lines: &[u64]) -> Vec<Site> {
    lines.iter().map(|line| site(path, *line, "loop-refusing-call", "error", TWIN)).collect()
}

/// `kailash-dataflow` 0.9.6: `self.runtime` is an `AsyncLocalRuntime` exactly where a loop runs, and its `execute` refuses one.
fn old_sites() -> Vec<Site> {
    let mut sites = refusing(REGISTRY, &[159, 398, 474, 547, 591, 660, 919, 971, 1014, 1053, 1100, 1159, 1212]);
    sites.extend(refusing(MANAGER, &[1002, 1086, 1216, 1247, 1498]));
    // Waits on its own loop until the timeout.
    sites.push(site(MANAGER, 839, "self-deadlocking-wait", "error", ""));
    sites
}

/// `kailash-dataflow` 0.10.6.
fn new_sites() -> Vec<Site> {
    // A runtime chosen by a probe in the same function, and a flag that is set and never read.
    let mut sites = refusing(ENGINE, &[4876, 4909]);
    // `submit(asyncio.run, c)` and then `result()`, in the `try` of the probe.
    // The package itself is not known to come there on a loop, and the coroutine turns each of its errors into a result.
    for submit in [4038, 4299] {
        sites.push(site(ENGINE, submit, "event-loop-in-thread", "warning", ""));
    }
    sites.push(site(ENGINE, 4389, "leaked-current-loop", "warning", ""));
    // `discover_schema` tells its own error from the probe's by the text.
    sites.push(site(ENGINE, 2589, "async-error-told-by-text", "hint", ""));
    sites.push(site(MANAGER, 839, "self-deadlocking-wait", "error", ""));
    // The table is marked as ensured after callees that log every error and return.
    sites.push(site(ENGINE, 987, "recorded-before-done", "warning", ""));
    sites
}

/// The findings of a version beside its installed dependency; none without a registry.
fn findings(version: &str) -> Option<Vec<Value>> {
    let folder = fetch("kailash-dataflow", version)?;
    let beside = fetch(DEPENDENCY.0, DEPENDENCY.1)?;
    let report = check_json(["--isolated", "--extra-path", beside.to_str()?, folder.to_str()?]);
    report.json["findings"].as_array().cloned()
}

fn stands_at(finding: &Value, path: &str, line: u64) -> bool {
    finding["path"].as_str().is_some_and(|p| p.ends_with(path)) && finding["range"]["start"]["line"] == line
}

fn mends(finding: &Value, text: &str) -> bool {
    let fixes = finding["fixes"].as_array().into_iter().flatten();
    let mut edits = fixes.flat_map(|fix| fix["edits"].as_array().into_iter().flatten());
    edits.any(|edit| edit["text"].as_str().is_some_and(|t| t.contains(text)))
}

/// The sites that are not found as they should be.
fn missed(findings: &[Value], sites: &[Site]) -> Vec<String> {
    let is_found = |site: &&Site| {
        findings.iter().any(|f| {
            stands_at(f, site.path, site.line)
                && f["rule"] == site.rule
                && f["severity"] == site.severity
                && (site.fix.is_empty() || mends(f, site.fix))
        })
    };
    let missed = sites.iter().filter(|site| !is_found(site));
    missed.map(|site| format!("{}:{} {} {}", site.path, site.line, site.severity, site.rule)).collect()
}

#[test]
fn the_sites_of_the_first_seed_are_found() {
    let Some(findings) = findings("0.9.6") else { return };
    assert_eq!(missed(&findings, &old_sites()), Vec::<String>::new());
    // The coroutines of the same classes ask the flag first, or await.
    let lines = |rule: &str, path: &str| {
        let own =
            findings.iter().filter(|f| f["rule"] == rule && f["path"].as_str().is_some_and(|p| p.ends_with(path)));
        own.count()
    };
    assert_eq!(lines("loop-refusing-call", REGISTRY), 13);
    assert_eq!(lines("loop-refusing-call", MANAGER), 5);
    assert_eq!(lines("nested-event-loop", REGISTRY), 0);
}

#[test]
fn the_sites_of_the_second_seed_are_found() {
    let Some(findings) = findings("0.10.6") else { return };
    assert_eq!(missed(&findings, &new_sites()), Vec::<String>::new());
    // `discover_schema` refuses a running loop: it works as written, but for how it tells its error.
    let loud =
        findings.iter().filter(|f| (2570..2600).any(|line| stands_at(f, ENGINE, line)) && f["severity"] != "hint");
    assert_eq!(loud.collect::<Vec<_>>(), Vec::<&Value>::new());
}
