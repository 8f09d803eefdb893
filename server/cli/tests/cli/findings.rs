//! Findings from the source to the report: selection, forms, suppression, fixes.

use crate::project::{Project, Run};

const SLEEP: &str = "import time\n\n\n\nasync def main():\n    time.sleep(1)\n";
const NESTED: &str = "import asyncio\n\n\nasync def g():\n    pass\n\n\nasync def f():\n    asyncio.run(g())\n";
const LOST: &str = "async def g():\n    pass\n\n\nasync def f():\n    g()\n";

/// All three in one project.
fn three() -> Project {
    Project::new(&[("pyproject.toml", ""), ("lost.py", LOST), ("nested.py", NESTED), ("sleep.py", SLEEP)])
}

/// The rules that report, in order.
fn rules(project: &Project, args: &[&str]) -> Vec<String> {
    let value = project.json(args);
    let findings = value["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

const ALL: [&str; 3] = ["unawaited-coroutine", "nested-event-loop", "blocking-call"];

#[test]
fn each_is_found_once_in_every_form() {
    let project = three();
    assert_eq!(rules(&project, &[]), ALL);
    let concise = project.run(&["check", "--output-format", "concise"]);
    concise.expect(1).prints("sleep.py:6:5: error[blocking-call] ").prints("lost.py:6:5: ").prints("nested.py:9:5: ");
    let full = project.run(&["check"]);
    full.expect(1).prints(" --> sleep.py:6:5").prints("6 |     time.sleep(1)").prints("^^^").prints("in 3 files");
    full.prints("asyncwise explain ");
    let again = project.run(&["check"]);
    assert_eq!(full.stdout, again.stdout, "the cache gives the same findings");
    assert_eq!(full.stdout, project.run(&["check", "--no-cache"]).stdout);
}

#[test]
fn the_json_form_is_as_agreed() {
    let project = three();
    let value = project.json(&["sleep.py"]);
    assert_eq!(value["version"], 1);
    assert_eq!(value["summary"]["files"], 1);
    assert_eq!(value["summary"]["findings"], 1);
    let finding = &value["findings"][0];
    assert_eq!(finding["path"], "sleep.py");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["confidence"], "certain");
    assert_eq!(finding["function"], "sleep.main");
    assert_eq!(finding["range"]["start"], serde_json::json!({ "line": 6, "column": 5 }));
    assert!(finding.get("cell").is_none());
}

#[test]
fn paths_start_in_the_working_directory() {
    let project = Project::new(&[("pyproject.toml", ""), ("pkg/sleep.py", SLEEP), ("other/a.py", "")]);
    let inside = project.run_in("pkg", &["check", "--output-format", "concise"], b"");
    inside.expect(1).prints("sleep.py:6:5");
    assert!(inside.stdout.starts_with("sleep.py"), "{inside:?}");
    project.run_in("other", &["check", "../pkg", "--output-format", "concise"], b"").prints("../pkg/sleep.py:6:5");
}

#[test]
fn selection_by_rule_group_and_all() {
    let project = three();
    assert_eq!(rules(&project, &["--select", "blocking-call"]), ["blocking-call"]);
    assert_eq!(rules(&project, &["--select", "await,loop-boundary"]), ["unawaited-coroutine", "nested-event-loop"]);
    assert_eq!(rules(&project, &["--select", "all"]), ALL);
    assert_eq!(rules(&project, &["--ignore", "await"]), ["nested-event-loop", "blocking-call"]);
    assert_eq!(rules(&project, &["--ignore", "all"]), [""; 0]);
    assert_eq!(rules(&project, &["--ignore", "all", "--select", "blocking-call"]), ["blocking-call"]);
    assert_eq!(rules(&project, &["--select", "all", "--ignore", "blocking-call"]), ALL[..2]);
}

#[test]
fn the_command_line_outweighs_the_configuration() {
    let project = three();
    project.write("asyncwise.toml", b"select = [\"all\"]\nignore = [\"await\"]\n");
    assert_eq!(rules(&project, &[]), ALL[1..]);
    assert_eq!(rules(&project, &["--select", "await"]), ["unawaited-coroutine"]);
    assert_eq!(rules(&project, &["--ignore", "blocking"]), ["nested-event-loop"]);
    assert_eq!(rules(&project, &["--isolated"]), ALL);
}

#[test]
fn severities_and_confidence() {
    let project = three();
    let text = b"[severity]\nblocking-call = \"hint\"\nunawaited-coroutine = \"off\"\nnested-event-loop = \"info\"\n";
    project.write("asyncwise.toml", text);
    let value = project.json(&[]);
    let severities: Vec<&str> =
        value["findings"].as_array().unwrap().iter().map(|f| f["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["info", "hint"]);
    let summary = project.run(&["check"]);
    summary.expect(1).prints("Found 1 remark and 1 hint in 3 files");
    assert!(rules(&project, &["--min-confidence", "certain", "--isolated"]).contains(&"blocking-call".to_owned()));
}

#[test]
fn per_file_ignores() {
    let project = three();
    project.write("asyncwise.toml", b"[per-file-ignores]\n\"sleep.py\" = [\"blocking\"]\n\"l*.py\" = [\"all\"]\n");
    assert_eq!(rules(&project, &[]), ["nested-event-loop"]);
    project.write("asyncwise.toml", b"[per-file-ignores]\n\"!sleep.py\" = [\"all\"]\n");
    assert_eq!(rules(&project, &[]), ["blocking-call"]);
}

#[test]
fn suppressions_and_those_that_silence_nothing() {
    let project = three();
    project.write(
        "sleep.py",
        SLEEP.replace("sleep(1)", "sleep(1)  # asyncwise: ignore[blocking-call] it is a test").as_bytes(),
    );
    assert_eq!(rules(&project, &["sleep.py"]), [""; 0]);
    project.write("idle.py", b"x = 1  # asyncwise: ignore[blocking-call]\n");
    assert_eq!(rules(&project, &["idle.py"]), ["unused-ignore"]);
}

#[test]
fn own_blocking_calls() {
    let project = Project::new(&[("asyncwise.toml", "blocking-calls = [\"slow.work\"]\n")]);
    project.write("a.py", b"import slow\n\n\nasync def f():\n    slow.work()\n");
    assert_eq!(rules(&project, &[]), ["blocking-call"]);
}

#[test]
fn a_chain_into_a_file_that_was_not_asked_for() {
    let project = Project::new(&[
        ("pyproject.toml", ""),
        ("pkg/__init__.py", ""),
        ("pkg/helper.py", "import time\n\n\ndef wait():\n    time.sleep(1)\n"),
        ("pkg/app.py", "from pkg.helper import wait\n\n\nasync def f():\n    wait()\n"),
    ]);
    let value = project.json(&["pkg/app.py"]);
    let finding = &value["findings"][0];
    assert_eq!(finding["rule"], "blocking-call");
    let chain = finding["chain"].as_array().unwrap();
    assert_eq!(chain.last().unwrap()["path"], "pkg/helper.py");
    project.run(&["check", "pkg/app.py"]).expect(1).prints(" --> pkg/helper.py:5:5");
}

#[test]
fn a_chain_without_a_project_around_it() {
    let project = Project::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/helper.py", "import time\n\n\ndef wait():\n    time.sleep(1)\n"),
        ("pkg/app.py", "from pkg.helper import wait\n\n\nasync def f():\n    wait()\n"),
        ("alone.py", "from pkg.helper import wait\n\n\nasync def f():\n    wait()\n"),
    ]);
    assert_eq!(rules(&project, &["pkg/app.py"]), ["blocking-call"]);
    assert_eq!(rules(&project, &["alone.py"]), ["blocking-call"]);
}

#[test]
fn a_chain_into_a_dependency_that_is_read_on_demand() {
    let project = Project::new(&[
        ("app/pyproject.toml", ""),
        ("app/app.py", "from dep.net import fetch\n\n\nasync def f():\n    fetch()\n"),
        ("packages/dep/__init__.py", ""),
        ("packages/dep/net.py", "from dep._low import wait\n\n\ndef fetch():\n    wait()\n"),
        ("packages/dep/_low.py", "import time\n\n\ndef wait():\n    time.sleep(1)\n"),
        ("packages/dep/unused.py", "import time\n\n\nasync def f():\n    time.sleep(1)\n"),
    ]);
    assert_eq!(rules(&project, &["app"]), [""; 0]);
    let args = ["--extra-path", "packages", "app"];
    assert_eq!(rules(&project, &args), ["blocking-call"]);
    assert_eq!(rules(&project, &args), ["blocking-call"], "from the cache");
    project.write("packages/dep/_low.py", b"def wait():\n    pass\n");
    assert_eq!(rules(&project, &args), [""; 0], "the cache sees that a dependency has changed");
}

#[test]
fn stdin_stands_for_a_file() {
    let project = Project::new(&[("pyproject.toml", ""), ("pkg/__init__.py", ""), ("pkg/a.py", "")]);
    let args = ["check", "-", "--output-format", "concise", "--stdin-filename", "pkg/a.py"];
    project.run_with(&args, SLEEP.as_bytes()).expect(1).prints("pkg/a.py:6:5: error[blocking-call]");
    project.run_with(&args[..4], SLEEP.as_bytes()).expect(1).prints("-:6:5: error[blocking-call]");
    project.run_with(&args[..4], b"x = 1\n").expect(0);
    project.write("asyncwise.toml", b"[per-file-ignores]\n\"pkg/a.py\" = [\"all\"]\n");
    project.run_with(&args, SLEEP.as_bytes()).expect(0);
}

/// A notebook as Jupyter writes it, with a magic, and a mistake in its third cell.
fn notebook() -> Project {
    let text = r##"{
 "cells": [
  {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
  {"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": [
    "%load_ext thing\n", "async def g():\n", "    pass"]},
  {"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": [
    "async def f():\n",
    "    \"é\"; g()"]}
 ],
 "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5
}
"##;
    Project::new(&[("n.ipynb", text)])
}

#[test]
fn notebooks_name_the_cell() {
    let project = notebook();
    let value = project.json(&[]);
    let finding = &value["findings"][0];
    assert_eq!(finding["rule"], "unawaited-coroutine");
    assert_eq!(finding["cell"], 3);
    assert_eq!(finding["range"]["start"], serde_json::json!({ "line": 2, "column": 10 }));
    assert_eq!(finding["fixes"][0]["edits"][0]["cell"], 3);
    project.run(&["check", "--output-format", "concise"]).expect(1).prints("n.ipynb:cell 3:2:10: ");
    project.run(&["check"]).expect(1).prints(" --> n.ipynb:cell 3:2:10").prints("2 |     \"é\"; g()");
}

#[test]
fn a_fixed_notebook_keeps_its_layout() {
    let project = notebook();
    let before = project.read("n.ipynb");
    project.run(&["check", "--diff"]).expect(1).prints("await g()");
    project.run(&["check", "--fix"]).expect(0);
    assert_eq!(project.read("n.ipynb"), before.replace("; g()", "; await g()"));
}

#[test]
fn other_languages_and_broken_notebooks() {
    let r = r#"{"cells": [{"cell_type": "code", "source": ["f <- 1"]}], "metadata": {"language_info": {"name": "R"}}}"#;
    let project = Project::new(&[("r.ipynb", r)]);
    project.run(&["check"]).expect(0);
    project.write("bad.ipynb", b"{\"cells\": [\n  3,,\n");
    project.run(&["check"]).expect(2).says("error: bad.ipynb:2:3: is not a notebook: ");
}

#[test]
fn exit_codes() {
    let project = three();
    project.run(&["check", "--exit-zero"]).expect(0).prints("Found ");
    project.run(&["check", "sleep.py", "no.py"]).expect(2).prints("blocking-call");
    project.run(&["check", "no.py", "--exit-zero"]).expect(2);
}

#[test]
fn statistics_count_by_rule() {
    let run = three().run(&["check", "--statistics"]);
    run.expect(1).prints("     1  blocking-call");
    assert!(!run.stdout.contains("-->"), "{run:?}");
}

#[test]
fn quiet_prints_findings_only() {
    let run = three().run(&["check", "-q", "--output-format", "concise"]);
    assert_eq!(run.expect(1).stdout.lines().count(), 3);
}

#[test]
fn colour_only_when_wanted() {
    let project = three();
    assert!(!project.run(&["check"]).stdout.contains('\u{1b}'));
    assert!(project.run(&["check", "--color", "always"]).stdout.contains('\u{1b}'));
}

/// The first run fixes, the second finds nothing to fix and changes nothing.
fn fix(project: &Project, path: &str, args: &[&str]) -> (Run, String) {
    let words = [&["check", path, "--fix"], args].concat();
    let run = project.run(&words);
    let text = project.read(path);
    let again = project.run(&words);
    assert_eq!(project.read(path), text, "fixing again changes nothing");
    assert_eq!(run.code, again.code);
    (run, text)
}

#[test]
fn fix_writes_and_then_nothing_is_left() {
    let project = three();
    let (run, text) = fix(&project, "lost.py", &["--unsafe-fixes"]);
    run.expect(0).says("Fixed 1 finding in 1 file");
    assert_eq!(text, LOST.replace("    g()\n", "    await g()\n"));
}

#[test]
fn diff_shows_and_writes_nothing() {
    let project = three();
    let run = project.run(&["check", "lost.py", "--diff", "--unsafe-fixes"]);
    run.expect(1).prints("--- a/lost.py\n+++ b/lost.py\n").prints("-    g()\n+    await g()\n");
    assert_eq!(project.read("lost.py"), LOST);
}

#[test]
fn fixes_keep_encoding_line_ends_and_permissions() {
    let project = Project::new(&[]);
    let text = format!("# coding: latin-1\n# caf\u{e9}\n{LOST}").replace('\n', "\r\n");
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    project.write("a.py", &latin);
    project.run(&["check", "a.py", "--fix", "--unsafe-fixes"]).expect(0);
    let expected: Vec<u8> = text.replace("    g()", "    await g()").chars().map(|c| c as u8).collect();
    assert_eq!(std::fs::read(project.file("a.py")).unwrap(), expected);
    let marked = format!("\u{feff}{LOST}");
    project.write("b.py", marked.as_bytes());
    make_executable(&project, "b.py");
    project.run(&["check", "b.py", "--fix", "--unsafe-fixes"]).expect(0);
    assert_eq!(project.read("b.py"), marked.replace("    g()", "    await g()"));
    assert!(is_executable(&project, "b.py"));
}

#[cfg(unix)]
fn make_executable(project: &Project, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(project.file(path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
fn is_executable(project: &Project, path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(project.file(path)).unwrap().permissions().mode() & 0o777 == 0o755
}

#[cfg(not(unix))]
fn make_executable(_: &Project, _: &str) {}

#[cfg(not(unix))]
fn is_executable(_: &Project, _: &str) -> bool {
    true
}

#[test]
fn a_fixed_stdin_goes_to_stdout() {
    let project = Project::new(&[]);
    let run = project.run_with(&["check", "-", "--fix", "--unsafe-fixes"], LOST.as_bytes());
    assert_eq!(run.expect(0).stdout, LOST.replace("    g()\n", "    await g()\n"));
    let run = project.run_with(&["check", "-", "--fix"], SLEEP.as_bytes());
    assert!(run.stdout.contains("sleep(1)"), "{run:?}");
}
