//! What it cannot do is said in one clear line each, and the exit code is 2.

use crate::project::Project;
use expect_test::expect;

#[test]
fn a_path_that_is_not_there() {
    let project = Project::new(&[("a.py", "x = 1\n")]);
    let run = project.run(&["check", "a.py", "nothing.py", "no/where"]);
    run.expect(2).prints("in 1 file");
    expect![[r#"
        asyncwise: error: no/where: no such file or directory; check the spelling and the working directory
        asyncwise: error: nothing.py: no such file or directory; check the spelling and the working directory
    "#]]
    .assert_eq(&run.stderr);
}

#[test]
fn errors_are_in_the_json_form_too() {
    let project = Project::new(&[("pyproject.toml", "[tool.asyncwise]\nselect = [\n")]);
    let value = project.json(&["nothing.py", "."]);
    let errors = value["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0]["path"], "nothing.py");
    assert_eq!(errors[1]["path"], "pyproject.toml");
    assert!(errors[1]["message"].as_str().unwrap().starts_with("line 2, column 11: is not valid TOML"), "{errors:?}");
}

#[test]
fn a_broken_configuration_names_file_line_and_mistake() {
    let project = Project::new(&[("pyproject.toml", "[project]\nname = \"x\n"), ("a.py", "")]);
    let run = project.run(&["check"]);
    run.expect(2).says("asyncwise: error: pyproject.toml:2:10: is not valid TOML: invalid basic string");
    project.run(&["check", "--isolated"]).expect(0);
}

#[test]
fn a_configuration_that_is_not_there_or_not_text() {
    let project = Project::new(&[("a.py", "")]);
    project.run(&["check", "--config", "no.toml"]).expect(2).says("error: no.toml: no such file or directory");
    project.write("asyncwise.toml", b"select = [\"\xff\"]\n");
    project.run(&["check"]).expect(2).says("error: asyncwise.toml: is not UTF-8");
}

#[test]
fn a_file_that_is_not_utf_8() {
    let project = Project::new(&[("good.py", "x = 1\n")]);
    project.write("bad.py", b"x = 1\nname = '\xe9'\n");
    let run = project.run(&["check"]);
    run.expect(2).prints("in 1 file").says("asyncwise: error: bad.py: ").says("UTF-8");
}

#[test]
fn a_declared_encoding_is_honoured() {
    let project = Project::new(&[]);
    project.write("latin.py", b"# -*- coding: latin-1 -*-\nname = '\xe9'\n");
    project.write("utf.py", b"\xef\xbb\xbfname = '\xc3\xa9'\n");
    project.run(&["check"]).expect(0).prints("in 2 files");
    project.write("unknown.py", b"# coding: klingon\n");
    project.run(&["check"]).expect(2).says("error: unknown.py: ").says("klingon");
}

#[test]
fn a_file_that_is_too_large_is_skipped() {
    let project = Project::new(&[("a.py", "x = 1\n")]);
    project.write("large.py", "x = 1  # twenty megabytes\n".repeat(20_000_000 / 26).as_bytes());
    let run = project.run(&["check"]);
    run.expect(2)
        .prints("in 1 file")
        .says("error: large.py: is too large: 20.0 MB, the limit is 10.0 MB; it is skipped");
    project.write("asyncwise.toml", b"max-file-size = 5\n");
    project.run(&["check", "a.py"]).expect(2).says("a.py: is too large");
}

#[cfg(unix)]
#[test]
fn a_symlink_loop() {
    let project = Project::new(&[("pkg/a.py", "x = 1\n")]);
    std::os::unix::fs::symlink("..", project.file("pkg/again")).unwrap();
    std::os::unix::fs::symlink("self.py", project.file("self.py")).unwrap();
    let run = project.run(&["check"]);
    run.expect(2)
        .prints("in 1 file")
        .says("error: pkg/again: is a symlink loop")
        .says("error: self.py: is a symlink loop");
    project.write("asyncwise.toml", b"extend-exclude = [\"again\", \"self.py\"]\n");
    project.run(&["check"]).expect(0).prints("in 1 file");
}

#[cfg(unix)]
#[test]
fn a_directory_or_file_that_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new(&[("a.py", "x = 1\n"), ("closed/b.py", ""), ("closed.py", "")]);
    let permit = |path: &str, mode: u32| {
        std::fs::set_permissions(project.file(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    permit("closed", 0o000);
    permit("closed.py", 0o000);
    // Nothing is closed to root.
    if std::fs::read_dir(project.file("closed")).is_err() {
        let run = project.run(&["check"]);
        run.expect(2).prints("in 1 file");
        run.says("error: closed: cannot be read: permission denied");
        run.says("error: closed.py: cannot be read: permission denied");
    }
    permit("closed", 0o755);
    permit("closed.py", 0o644);
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_file() {
    let project = Project::new(&[]);
    project.run(&["check", "/dev/null"]).expect(2).says("is not a regular file");
}

#[test]
fn unknown_rules_on_the_command_line() {
    let project = Project::new(&[("a.py", "")]);
    project.run(&["check", "--select", "no-such-rule"]).expect(2).says("unknown rule or group");
    project.run(&["check", "--target-version", "3"]).expect(2).says("write it like 3.11");
}

#[test]
fn words_that_do_not_go_together() {
    let project = Project::new(&[("a.py", "")]);
    project.run(&["check", "-", "a.py"]).expect(2).says("`-` cannot be combined with other paths");
    project.run(&["check", "a.py", "--stdin-filename", "b.py"]).expect(2).says("--stdin-filename needs `-`");
    project.run(&["check", "--diff", "--fix"]).expect(2);
    project.run(&["check", "--extra-path", "no"]).expect(2).says("error: no: is not a directory");
    let python = project.run(&["check", "--python", "no"]);
    python.expect(2).says("error: no: is no Python environment, so installed packages are not read; it is not there");
    project.run(&["check", "--statistics", "--output-format", "json"]).expect(2).says("--statistics");
    project.run(&["check", "--unsafe-fixes"]).expect(2).says("--unsafe-fixes");
}

#[test]
fn input_that_is_not_python_is_no_error() {
    let project = Project::new(&[("broken.py", "def (:\n  ))\n"), ("empty.py", ""), ("nul.py", "x = '\0'\n")]);
    project.write("deep.py", format!("x = {}1{}\n", "(".repeat(5000), ")".repeat(5000)).as_bytes());
    project.run(&["check"]).expect(0).prints("in 4 files");
}
