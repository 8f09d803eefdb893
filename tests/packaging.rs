//! What users install: the wheel in a clean environment, `python -m asyncwise`, the source archive, and the hooks of pre-commit.
//! Skipped with a message without a package registry.

use asyncwise_tests::binary::{asyncwise, target};
use asyncwise_tests::registry::environment;
use asyncwise_tests::repository;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BLOCKS: &str = "import time\n\n\nasync def main():\n    time.sleep(1)\n";

/// The interpreter of an environment with maturin and pre-commit.
fn tools() -> Option<PathBuf> {
    environment("asyncwise-packaging", &repository().join("tests/packaging/requirements.txt"))
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    output
}

/// Has maturin make a wheel or a source archive in `folder`, and gives its path.
fn maturin(python: &Path, arguments: &[&str], folder: &Path, extension: &str) -> PathBuf {
    let mut command = Command::new(python);
    command.args(["-m", "maturin"]).args(arguments).arg("--out").arg(folder).current_dir(repository());
    run(command.env("CARGO_TARGET_DIR", target()));
    let mut files = std::fs::read_dir(folder).expect("maturin made it").filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| path.extension().is_some_and(|is| is == extension)).expect("maturin made one")
}

/// A new environment with nothing in it.
fn clean_environment(python: &Path, folder: &Path) -> PathBuf {
    run(Command::new(python).args(["-m", "venv"]).arg(folder));
    folder.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

fn pip_install(python: &Path, arguments: &[&Path]) {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]);
    run(command.args(arguments));
}

fn version_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn the_wheel_brings_the_program() {
    let Some(python) = tools() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wheel = maturin(&python, &["build", "--locked"], &folder.path().join("dist"), "whl");
    let scripts = clean_environment(&python, &folder.path().join("clean"));
    let clean = scripts.join(format!("python{}", std::env::consts::EXE_SUFFIX));
    pip_install(&clean, &[&wheel]);

    let expected = version_of(&run(asyncwise().arg("--version")));
    assert_eq!(version_of(&run(Command::new(scripts.join("asyncwise")).arg("--version"))), expected);

    // The module runs the same program: with its exit code, and on a file.
    let file = folder.path().join("main.py");
    std::fs::write(&file, BLOCKS).expect("the temporary folder can be written");
    let mut module = Command::new(&clean);
    module.args(["-m", "asyncwise", "check", "--no-cache", "--output-format", "concise"]).arg(&file);
    let output = module.output().expect("python starts");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(version_of(&output).contains("[blocking-call]"), "{}", version_of(&output));

    // Elsewhere than in an environment.
    let elsewhere = folder.path().join("elsewhere");
    pip_install(&python, &[Path::new("--target"), &elsewhere, &wheel]);
    let mut module = Command::new(&python);
    module.args(["-m", "asyncwise", "--version"]).env("PYTHONPATH", &elsewhere);
    assert_eq!(version_of(&run(&mut module)), expected);

    // A package without its program says so.
    std::fs::remove_dir_all(elsewhere.join(scripts.file_name().expect("it has a name"))).expect("pip made it");
    let output = module.output().expect("python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("install asyncwise again"), "{said}");
}

#[test]
fn the_source_archive_has_what_is_embedded() {
    let Some(python) = tools() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = maturin(&python, &["sdist"], folder.path(), "gz");
    let listed = run(Command::new(&python).args(["-m", "tarfile", "-l"]).arg(archive));
    let listed = String::from_utf8_lossy(&listed.stdout);
    for file in
        ["Cargo.lock", "LICENSE-MIT", "python/README.md", "python/asyncwise/__main__.py", "server/cli/src/main.rs"]
    {
        assert!(listed.contains(file), "{file} is missing:\n{listed}");
    }
    for folder in ["queries/rules", "queries/knowledge", "queries/knowledge/generated"] {
        let entries = std::fs::read_dir(repository().join(folder)).expect("it is part of the repository");
        for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
            assert!(listed.contains(&format!("{folder}/{name}")), "{folder}/{name} is missing");
        }
    }
}

/// A repository with `main.py` and `pyproject.toml`, in which `pre-commit` runs a hook of this one for a commit of `changed`.
fn try_hook(python: &Path, hook: &str, changed: &str, variables: &[(&str, &Path)]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let git = |arguments: &[&str]| run(Command::new("git").args(arguments).current_dir(folder.path()));
    git(&["init", "--quiet"]);
    for (file, text) in [("main.py", BLOCKS), ("pyproject.toml", "[tool.asyncwise]\n"), ("notes.toml", "")] {
        std::fs::write(folder.path().join(file), text).expect("the temporary folder can be written");
    }
    git(&["add", "."]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = asyncwise().get_program().to_owned();
    let own = Path::new(&own).parent().map(Path::to_path_buf);
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).expect("it was one before");
    let mut command = Command::new(python);
    command.args(["-m", "pre_commit", "try-repo"]).arg(repository());
    command.args([hook, "--files", changed, "--color", "never"]);
    command.current_dir(folder.path()).env("PATH", path).env("PRE_COMMIT_HOME", folder.path().join("cache"));
    command.envs(variables.iter().copied());
    command.output().expect("pre-commit starts")
}

fn expect_the_finding(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && stdout.contains("[blocking-call]"), "{output:?}");
}

/// Whether this is a repository of git, and not an archive of one.
fn is_repository() -> bool {
    repository().join(".git").exists()
}

#[test]
fn pre_commit_runs_the_installed_program() {
    let Some(python) = tools().filter(|_| is_repository()) else { return };
    for changed in ["main.py", "pyproject.toml"] {
        expect_the_finding(&try_hook(&python, "asyncwise-system", changed, &[]));
    }
    let skipped = try_hook(&python, "asyncwise-system", "notes.toml", &[]);
    assert!(skipped.status.success() && version_of(&skipped).contains("Skipped"), "{skipped:?}");
}

#[test]
#[ignore = "builds the program as pre-commit does for its users: some minutes"]
fn pre_commit_builds_and_runs_the_program() {
    let Some(python) = tools().filter(|_| is_repository()) else { return };
    let built = target().join("asyncwise-pre-commit");
    expect_the_finding(&try_hook(&python, "asyncwise", "main.py", &[("CARGO_TARGET_DIR", &built)]));
}
