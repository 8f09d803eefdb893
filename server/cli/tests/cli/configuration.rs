//! Where the configuration is found, and what is said about mistakes in it.

use crate::project::Project;
use expect_test::expect;

/// A key that warns shows that a file was read.
fn is_read(project: &Project, args: &[&str], file: &str) -> bool {
    let run = project.run(args);
    run.expect(0);
    run.stderr.contains(&format!("warning: {file}:"))
}

const OWN: &str = "own-mark = 1\n";
const TABLE: &str = "[tool.asyncwise]\ntable-mark = 1\n";

#[test]
fn the_nearest_file_wins() {
    let project = Project::new(&[("pyproject.toml", TABLE), ("sub/asyncwise.toml", OWN), ("sub/a.py", "")]);
    assert!(is_read(&project, &["check", "sub/a.py"], "sub/asyncwise.toml"));
    assert!(is_read(&project, &["check", "."], "pyproject.toml"));
}

#[test]
fn the_own_file_wins_over_the_table() {
    let project = Project::new(&[("pyproject.toml", TABLE), ("asyncwise.toml", "extend-exclude = [\"b.py\"]\n")]);
    project.write("a.py", b"");
    project.write("b.py", b"");
    assert_eq!(project.checked(&[]), 1);
    project.write("pyproject.toml", b"[tool.asyncwise]\nextend-exclude = [\"a.py\", \"b.py\"]\n");
    assert_eq!(project.checked(&[]), 1);
}

#[test]
fn a_project_file_without_the_table_does_not_end_the_search() {
    let files = [("asyncwise.toml", OWN), ("sub/pyproject.toml", "[project]\nname = \"x\"\n"), ("sub/a.py", "")];
    let project = Project::new(&files);
    assert!(is_read(&project, &["check", "sub"], "asyncwise.toml"));
}

#[test]
fn isolated_reads_none_and_config_reads_one() {
    let project = Project::new(&[("asyncwise.toml", OWN), ("other.toml", "other-mark = 1\n"), ("a.py", "")]);
    assert!(!is_read(&project, &["check", "--isolated"], "asyncwise.toml"));
    assert!(!is_read(&project, &["check", "--config", "other.toml"], "asyncwise.toml"));
    assert!(is_read(&project, &["check", "--config", "other.toml"], "other.toml"));
    project.run(&["check", "--isolated", "--config", "other.toml"]).expect(2);
}

#[test]
fn patterns_of_a_named_configuration_start_in_the_working_directory() {
    let project = Project::new(&[("conf/c.toml", "extend-exclude = [\"/a.py\"]\n"), ("a.py", ""), ("b.py", "")]);
    assert_eq!(project.checked(&["--config", "conf/c.toml"]), 1);
}

#[test]
fn quiet_says_nothing_about_warnings() {
    let project = Project::new(&[("asyncwise.toml", OWN), ("a.py", "")]);
    let run = project.run(&["check", "--quiet"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
}

#[test]
fn mistakes_are_named_with_their_place_and_cost_only_their_key() {
    let text = r#"[tool.asyncwise]
min_confidence = "likely"
min-confidence = "sure"
target-version = "4"
exclude = ["[a"]
max-file-size = "10 MB"
blocking-calls = ["a.b", 3]
offload-functions = ["pool.run", { name = "pool.map", argument = 1 }]
entry-points = [{ name = "x", runs-on = "thread" }]
extend-exclude = ["b.py"]
contexts = [
    { runs-on = "loop" },
    { decorators = ["bus.on"], bases = ["bus.Job"], methods = ["run"], runs-on = "loop" },
    { bases = ["bus.Job"], runs-on = "worker" },
    { arguments = [{ call = "bus.subscribe" }], runs-on = "worker" },
    { decorators = ["on_event"], runs-on = "loop" },
]
"#;
    let project = Project::new(&[("pyproject.toml", text), ("a.py", ""), ("b.py", "")]);
    let run = project.run(&["check"]);
    run.expect(0).prints("in 1 file");
    expect![[r#"
        asyncwise: warning: pyproject.toml:2:1: unknown key `min_confidence`; did you mean `min-confidence`?
        asyncwise: warning: pyproject.toml:3:18: `min-confidence` is not used: unknown variant `sure`, expected one of `possible`, `likely`, `certain`
        asyncwise: warning: pyproject.toml:4:18: `4` is not a Python version; write it like "3.11"
        asyncwise: warning: pyproject.toml:5:12: `[a` is not a pattern: unclosed character class; missing ']'; patterns are written as in .gitignore
        asyncwise: warning: pyproject.toml:6:17: `max-file-size` is not used: invalid type: string "10 MB", expected u64
        asyncwise: warning: pyproject.toml:7:18: a row of `blocking-calls` is not used: expected a dotted name, or a table with `name` and, if there is one, `instead`
        asyncwise: warning: pyproject.toml:9:41: a row of `entry-points` is not used: unknown variant `thread`, expected one of `loop`, `worker`, `none`
        asyncwise: warning: pyproject.toml:12:5: a row of `contexts` is not used: it does not say which functions; give it `decorators`, `bases` with `methods`, or `arguments`
        asyncwise: warning: pyproject.toml:13:5: a row of `contexts` is not used: it has `decorators` and `bases`; write a row for each
        asyncwise: warning: pyproject.toml:14:5: a row of `contexts` is not used: it has `bases` without `methods`; both tell which methods are called
        asyncwise: warning: pyproject.toml:15:5: a row of `contexts` is not used: the argument of `bus.subscribe` has neither `position` nor `keyword`; say where the function stands
        asyncwise: warning: pyproject.toml:16:5: a row of `contexts` is not used: `on_event` is not a dotted name; write it with its module, like `package.module.Class.method`
    "#]].assert_eq(&run.stderr);
}

#[test]
fn unknown_rules_are_named_with_a_suggestion() {
    let text = "select = [\"blocking-cal\"]\nignore = [\"xyzzy\"]\n[severity]\nnested-event-lop = \"error\"\n\
        blocking-call = \"loud\"\n[per-file-ignores]\n\"tests/*\" = [\"unused-ignroe\"]\n";
    let project = Project::new(&[("asyncwise.toml", text), ("a.py", "")]);
    let run = project.run(&["check"]);
    run.expect(0);
    run.says("asyncwise.toml:1:11: unknown rule or group `blocking-cal`; did you mean `blocking-call`?");
    run.says("asyncwise.toml:2:11: unknown rule or group `xyzzy`; `asyncwise rules` lists the rules and their groups");
    run.says("asyncwise.toml:4:1: unknown rule `nested-event-lop`; did you mean `nested-event-loop`?");
    run.says("asyncwise.toml:5:17: `loud` is not a severity; use error, warning, info, hint or off");
    run.says("asyncwise.toml:7:14: unknown rule or group `unused-ignroe`; did you mean `unused-ignore`?");
}

#[test]
fn the_schema_accepts_what_is_accepted() {
    let project = Project::new(&[]);
    let schema = serde_json::from_str(&project.run(&["schema", "config"]).expect(0).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let good = serde_json::json!({
        "min-confidence": "likely",
        "exclude": ["gen"],
        "blocking-calls": ["a.b", { "name": "c.d", "instead": "c.e" }],
        "offload-functions": [{ "name": "pool.map", "argument": 1 }],
        "entry-points": [{ "name": "x", "runs-on": "none" }],
        "contexts": [{ "arguments": [{ "call": "bus.subscribe", "position": 1 }], "runs-on": "own-loop" }],
        "target-version": "3.11",
        "max-file-size": 1000,
    });
    let errors: Vec<String> = validator.iter_errors(&good).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for bad in [
        serde_json::json!({ "unknown": 1 }),
        serde_json::json!({ "target-version": "4" }),
        serde_json::json!({ "entry-points": [{ "name": "x", "runs-on": "thread" }] }),
        serde_json::json!({ "contexts": [{ "decorators": ["bus.on"] }] }),
        serde_json::json!({ "blocking-calls": [{ "nam": "x" }] }),
        serde_json::json!({ "select": ["no-such-rule"] }),
    ] {
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}
