//! Real projects: fetched by name, checked, and not crashed on. A project that cannot be fetched is skipped with a message.

use asyncwise_tests::binary::check_json;
use asyncwise_tests::registry::fetch;
use serde_json::Value;
use std::collections::BTreeSet;

/// The findings of the project's files, after the checks that hold for every project.
fn check(name: &str, version: &str) -> Option<Vec<Value>> {
    let folder = fetch(name, version)?;
    let folder = folder.to_str().expect("the target folder is UTF-8");
    let report = check_json(["--isolated", folder]);
    let findings = report.json["findings"].as_array().expect("findings are a list").clone();
    let files = report.json["summary"]["files"].as_u64().expect("a count");
    assert!(files > 0, "{name}: no file was checked");
    let errors = report.json["errors"].as_array().expect("errors are a list");
    let should = if errors.is_empty() { i32::from(!findings.is_empty()) } else { 2 };
    assert_eq!(report.code, should, "{name}: exit code; {errors:?}");
    let places: BTreeSet<String> =
        findings.iter().map(|f| format!("{} {} {}", f["rule"], f["path"], f["range"])).collect();
    assert_eq!(places.len(), findings.len(), "{name}: a place is reported twice by one rule");
    Some(findings)
}

#[test]
fn a_small_project_is_checked_to_its_end() {
    check("anyio", "4.9.0");
}
