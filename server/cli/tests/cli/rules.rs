//! `explain`, `rules` and `schema`.

use crate::project::Project;

#[test]
fn explain_prints_the_page() {
    let run = Project::new(&[]).run(&["explain", "blocking-call"]);
    run.expect(0).prints("blocking-call").prints("## What it does");
}

#[test]
fn explain_suggests_the_nearest_name() {
    let project = Project::new(&[]);
    project.run(&["explain", "blocking-cal"]).expect(2).says("did you mean `blocking-call`?");
    project.run(&["explain", "xyzzy"]).expect(2).says("there is no rule `xyzzy`; `asyncwise rules` lists them");
}

#[test]
fn rules_lists_them() {
    let project = Project::new(&[]);
    let run = project.run(&["rules"]);
    for name in ["blocking-call", "nested-event-loop", "unawaited-coroutine", "unused-ignore"] {
        run.expect(0).prints(name);
    }
    let listed: serde_json::Value =
        serde_json::from_str(&project.run(&["rules", "--output-format", "json"]).expect(0).stdout).unwrap();
    let blocking = listed.as_array().unwrap().iter().find(|rule| rule["name"] == "blocking-call").unwrap();
    assert_eq!(blocking["group"], "blocking");
    assert_eq!(blocking["default"], true);
    let mixed = listed.as_array().unwrap().iter().find(|rule| rule["name"] == "mixed-bridges").unwrap();
    assert_eq!((&mixed["default"], &mixed["audit_only"]), (&false.into(), &true.into()));
}

#[test]
fn every_schema_is_one() {
    let project = Project::new(&[]);
    for of in ["audit", "config", "findings"] {
        let schema = serde_json::from_str(&project.run(&["schema", of]).expect(0).stdout).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{of}");
    }
}
