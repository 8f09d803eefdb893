//! The built `asyncwise`, run as a user runs it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::SystemTime;

/// The binary, built from the sources as they are, once per test process.
pub fn asyncwise() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(BINARY.get_or_init(build));
    // What happens to be installed where the tests are run is none of their business.
    command.env_remove("VIRTUAL_ENV").env_remove("CONDA_PREFIX");
    command
}

/// The folder of the test's own profile: `target/debug` or `target/release`.
fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    test.ancestors().nth(2).expect("tests lie in `deps` of their profile").to_path_buf()
}

/// The target folder, for what tests leave behind.
pub fn target() -> PathBuf {
    profile_folder().parent().expect("profiles lie in the target folder").to_path_buf()
}

/// The binary as `cargo test --workspace` has just made it, or a new one where the sources have changed since. To build it for itself takes
/// minutes, for then nearly all dependencies are built with other features.
fn build() -> PathBuf {
    let binary = profile_folder().join(format!("asyncwise{}", std::env::consts::EXE_SUFFIX));
    if is_fresh(&binary) {
        return binary;
    }
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--package", "asyncwise", "--target-dir"]).arg(target());
    if profile_folder().ends_with("release") {
        command.arg("--release");
    }
    let status = command.current_dir(crate::repository()).status().expect("cargo starts");
    assert!(status.success(), "the binary does not build");
    binary
}

/// Whether the binary is newer than all that it is made of.
fn is_fresh(binary: &Path) -> bool {
    let root = crate::repository();
    changed(binary).is_some_and(|made| {
        ["Cargo.toml", "Cargo.lock", "queries", "server"].iter().all(|source| is_older(&root.join(source), made))
    })
}

/// Whether nothing in a folder, or a file, has changed after that.
fn is_older(path: &Path, than: SystemTime) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    changed(path).is_some_and(|at| at < than) && entries.into_iter().all(|entry| is_older(&entry.path(), than))
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// What a run of `asyncwise check --output-format json` said.
#[derive(Debug)]
pub struct Report {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub json: Value,
}

/// Runs `asyncwise check --output-format json` with `arguments` in the root of the repository.
pub fn check_json<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Report {
    let mut command = asyncwise();
    command.args(["check", "--output-format", "json", "--no-cache"]).args(arguments);
    command.current_dir(crate::repository());
    let Output { status, stdout, stderr } = command.output().expect("the binary starts");
    let stderr = String::from_utf8_lossy(&stderr);
    let code = status.code().unwrap_or_else(|| panic!("the binary was killed: {status}\n{stderr}"));
    let json = serde_json::from_slice(&stdout).unwrap_or_else(|error| {
        panic!("not JSON ({error}), exit code {code}:\n{}\n{stderr}", String::from_utf8_lossy(&stdout))
    });
    Report { code, json }
}
