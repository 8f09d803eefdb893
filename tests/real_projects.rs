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

/// A finding as `file:line rule severity`.
fn line(finding: &Value) -> String {
    let path = finding["path"].as_str().unwrap_or_default();
    let path = path.rsplit_once("unpacked/").map_or(path, |(_, rest)| rest);
    let at = &finding["range"]["start"]["line"];
    format!(
        "{path}:{at} {} {}",
        finding["rule"].as_str().unwrap_or_default(),
        finding["severity"].as_str().unwrap_or_default()
    )
}

/// The findings of a project beside its installed dependency.
fn check_with(project: (&str, &str), dependency: (&str, &str)) -> Option<Vec<String>> {
    let folder = fetch(project.0, project.1)?;
    let beside = fetch(dependency.0, dependency.1)?;
    let (folder, beside) = (folder.to_str()?.to_owned(), beside.to_str()?.to_owned());
    let report = check_json(["--isolated", "--extra-path", &beside, &folder]);
    Some(report.json["findings"].as_array()?.iter().map(line).collect())
}

/// The sites of the bug reports this tool began with, as far as its rules reach.
#[test]
fn waits_on_the_own_loop_are_found_where_a_probe_proves_it_runs() {
    let dependency = ("kailash", "0.10.13");
    let wait = |line: u32| format!("dataflow/migrations/schema_state_manager.py:{line} self-deadlocking-wait error");
    if let Some(old) = check_with(("kailash-dataflow", "0.9.6"), dependency) {
        assert!(old.contains(&wait(839)), "{old:#?}");
        // `if self._is_async: await ... else: ...` and refusing functions are right as they are.
        assert!(!old.iter().any(|f| f.contains("nested-event-loop error")), "{old:#?}");
        assert!(!old.iter().any(|f| f.contains("core/model_registry.py")), "{old:#?}");
    }
    if let Some(new) = check_with(("kailash-dataflow", "0.10.6"), dependency) {
        assert!(new.contains(&wait(839)), "{new:#?}");
        // `ThreadPoolExecutor().submit(asyncio.run, c).result()` in the arm where a loop runs.
        for at in [4038, 4299] {
            assert!(new.contains(&format!("dataflow/core/engine.py:{at} event-loop-in-thread error")), "{new:#?}");
        }
        // `discover_schema` refuses a running loop: it works as written.
        let refusing = |f: &String| (2570..2600).any(|l| f.starts_with(&format!("dataflow/core/engine.py:{l} ")));
        assert!(!new.iter().any(refusing), "{new:#?}");
    }
}

/// Large projects of different kinds. What is named was read by hand.
#[test]
fn large_projects_are_checked_to_their_end() {
    for (name, version) in [("aiohttp", "3.14.5"), ("fastapi", "0.165.0")] {
        if let Some(findings) = check(name, version) {
            let loud: Vec<String> = findings.iter().filter(|f| f["severity"] != "hint").map(line).collect();
            assert!(loud.is_empty(), "{name}: {loud:#?}");
        }
    }
    if let Some(findings) = check("discord.py", "2.7.1") {
        let lines: Vec<String> = findings.iter().map(line).collect();
        assert!(lines.contains(&"discord/player.py:586 blocking-call warning".to_owned()), "{lines:#?}");
    }
    if let Some(findings) = check("prefect", "3.9.1") {
        let lines: Vec<String> = findings.iter().map(line).collect();
        // `run_until_complete` on the loop that `get_running_loop` has just given.
        assert!(lines.contains(&"prefect/flows.py:1173 nested-event-loop error".to_owned()), "{lines:#?}");
        assert!(lines.contains(&"prefect/cli/deploy/_actions.py:29 blocking-call error".to_owned()), "{lines:#?}");
    }
    if let Some(findings) = check("litellm", "1.109.1") {
        let lines: Vec<String> = findings.iter().map(line).collect();
        let sites = ["litellm/rag/ingestion/bedrock_ingestion.py:254", "litellm/llms/bedrock/files/handler.py:119"];
        for site in sites {
            assert!(lines.contains(&format!("{site} blocking-call error")), "{site}: {lines:#?}");
        }
    }
}
