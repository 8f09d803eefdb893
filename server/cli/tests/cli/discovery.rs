//! Which files are checked.

use crate::project::Project;

#[test]
fn python_files_stubs_and_notebooks_but_nothing_else() {
    let notebook = r#"{"cells": [{"cell_type": "code", "source": ["x = 1"], "metadata": {}, "outputs": []}],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#;
    let project = Project::new(&[("a.py", ""), ("b.pyi", ""), ("c.ipynb", notebook), ("d.txt", "("), ("e", "")]);
    assert_eq!(project.checked(&[]), 3);
    assert_eq!(project.checked(&["e"]), 1, "a file that is named is checked whatever its name");
    assert_eq!(project.checked(&["a.py", "./a.py", "."]), 3, "a file is checked once");
}

#[test]
fn directories_without_own_code_are_left_out() {
    let project = Project::new(&[
        ("a.py", ""),
        (".venv/x.py", ""),
        ("node_modules/x.py", ""),
        ("build/x.py", ""),
        ("lib/site-packages/x.py", ""),
        ("odd-name/pyvenv.cfg", ""),
        ("odd-name/lib/x.py", ""),
        ("pkg/build.py", ""),
    ]);
    assert_eq!(project.checked(&[]), 2);
    assert_eq!(project.checked(&["build"]), 1, "a directory that is named is checked");
    assert_eq!(project.checked(&["build/x.py"]), 1);
}

#[test]
fn exclude_replaces_and_extend_exclude_adds() {
    let files = [("a.py", ""), ("build/b.py", ""), ("gen/c.py", ""), ("pkg/gen/d.py", ""), ("pkg/e_pb2.py", "")];
    let project = Project::new(&files);
    project.write("asyncwise.toml", b"extend-exclude = [\"/gen\", \"*_pb2.py\"]\n");
    assert_eq!(project.checked(&[]), 2);
    project.write("asyncwise.toml", b"exclude = [\"gen\"]\n");
    assert_eq!(project.checked(&[]), 3);
    assert_eq!(project.checked(&["gen/c.py"]), 1);
}

#[test]
fn gitignore_is_honoured_unless_told_otherwise() {
    let files = [("a.py", ""), ("out/b.py", ""), ("pkg/local.py", ""), ("pkg/c.py", "")];
    let project = Project::new(&files);
    project.write(".gitignore", b"out/\n");
    project.write("pkg/.gitignore", b"local.py\n");
    assert_eq!(project.checked(&[]), 2);
    assert_eq!(project.checked(&["pkg/local.py"]), 1);
    project.write("asyncwise.toml", b"respect-gitignore = false\n");
    assert_eq!(project.checked(&[]), 4);
}

#[test]
fn only_what_was_asked_for_counts() {
    let project = Project::new(&[("pyproject.toml", ""), ("pkg/a.py", ""), ("pkg/b.py", ""), ("c.py", "")]);
    assert_eq!(project.checked(&["pkg"]), 2);
    assert_eq!(project.checked(&["pkg/a.py"]), 1);
    assert_eq!(project.checked(&[]), 3);
}

#[cfg(unix)]
#[test]
fn a_linked_file_is_checked_once() {
    let project = Project::new(&[("a.py", ""), ("pkg/b.py", "")]);
    std::os::unix::fs::symlink("pkg", project.file("same")).unwrap();
    std::os::unix::fs::symlink("a.py", project.file("z.py")).unwrap();
    std::os::unix::fs::symlink("gone.py", project.file("dangling.py")).unwrap();
    let outside = Project::new(&[("c.py", "")]);
    std::os::unix::fs::symlink(outside.root(), project.file("outside")).unwrap();
    assert_eq!(project.checked(&[]), 3);
}

#[test]
fn nothing_to_check() {
    let project = Project::new(&[("a.txt", "")]);
    project.run(&["check"]).expect(0).prints("No Python files to check");
}

#[test]
fn the_cache_marks_itself_and_can_be_switched_off() {
    let project = Project::new(&[("pyproject.toml", ""), ("a.py", "")]);
    project.run(&["check", "--no-cache"]).expect(0);
    assert!(!project.file(".asyncwise_cache").exists());
    project.run(&["check"]).expect(0);
    assert!(project.read(".asyncwise_cache/CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
    assert_eq!(project.read(".asyncwise_cache/.gitignore"), "*\n");
    project.run(&["check", "-v"]).expect(0).says("nothing has changed since the last run");
    for entry in std::fs::read_dir(project.file(".asyncwise_cache")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            std::fs::write(path, "{\"key\": 3").unwrap();
        }
    }
    let run = project.run(&["check", "-v"]);
    assert!(!run.expect(0).stderr.contains("nothing has changed"), "{run:?}");
    project.write("a.py", b"x = 1\n");
    let run = project.run(&["check", "-v"]);
    assert!(!run.expect(0).stderr.contains("nothing has changed"), "{run:?}");
}
