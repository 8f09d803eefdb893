//! `asyncwise audit`: forms, files and exit codes.

use crate::project::Project;

const BLOCKS: &str = "import time\n\n\nasync def main():\n    time.sleep(1)\n";

#[test]
fn findings_are_no_failure() {
    let run = Project::new(&[("a.py", BLOCKS)]).run(&["audit"]);
    run.expect(0).prints("# Async health of root").prints("**blocking-call** [`a.py:5`](<a.py#L5>)");
}

#[test]
fn a_project_without_anything() {
    let run = Project::new(&[("a.py", "x = 1\n")]).run(&["audit"]);
    run.expect(0).prints("Nothing was found.").prints("Nothing that must be closed is made by a known name.");
}

#[test]
fn what_cannot_be_read_is_a_failure() {
    Project::new(&[]).run(&["audit", "missing"]).expect(2).says("missing");
}

#[test]
fn links_start_where_the_report_lies() {
    let project = Project::new(&[("src/a.py", BLOCKS), ("docs/keep", "")]);
    project.run(&["audit", "-o", "docs/async.md"]).expect(0).says("Wrote docs/async.md");
    assert!(project.read("docs/async.md").contains("[`src/a.py:5`](<../src/a.py#L5>)"));
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let project = Project::new(&[("a.py", BLOCKS)]);
    project.run(&["audit", "-o", "no/such/folder.md"]).expect(2).says("no/such/folder.md cannot be written");
}

#[test]
fn rules_and_limits_are_those_of_a_check() {
    let project = Project::new(&[("a.py", &BLOCKS.replace("    time", "    time.sleep(2)\n    time"))]);
    let run = project.run(&["audit", "--ignore", "blocking-call"]);
    assert!(!run.expect(0).stdout.contains("blocking-call"));
    project.run(&["audit", "--limit", "1"]).expect(0).prints("… and 1 more errors of blocking-call; `--limit 0`");
}

#[test]
fn a_notebook_is_named_by_its_cells() {
    let cell = |source: &str| format!(r#"{{"cell_type":"code","metadata":{{}},"outputs":[],"source":{source:?}}}"#);
    let cells = [cell("import asyncio"), cell("async def f(): ...\nasyncio.run(f())")].join(",");
    let text = format!(
        r#"{{"cells":[{cells}],"metadata":{{"kernelspec":{{"language":"python","name":"p","display_name":"P"}}}},"nbformat":4,"nbformat_minor":5}}"#
    );
    let run = Project::new(&[("n.ipynb", &text)]).run(&["audit"]);
    run.expect(0).prints("[`n.ipynb:cell 2:2`](<n.ipynb>)").prints("notebooks");
}
