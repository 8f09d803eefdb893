//! Developer tasks of asyncwise: `cargo run -p xtask -- TASK`.
//!
//! - `generate`: writes what is made from code into `schemas/`, and the settings into the manifest of the VS Code extension. Tests compare.
//! - `stubs SITE`: writes `queries/knowledge/generated/` from the packages unpacked in SITE, see `stubs/fetch.sh`.
//! - `dist`: makes all that is given to users, for one platform, in `target/dist`.
//! - `version X.Y.Z`: sets the version in every file that says it; `version --check X.Y.Z` compares.
//! - `profile [PATHS]`: checks PATHS with timings of each part, from a release build.

mod dist;
mod settings;
mod stubs;
mod version;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result =
        match arguments.next().as_deref() {
            Some("generate") => generate(),
            Some("dist") => dist::run(&arguments.collect::<Vec<_>>()),
            Some("version") => version::run(&arguments.collect::<Vec<_>>()),
            Some("stubs") => write_stubs(arguments.collect()),
            Some("profile") => profile(arguments.collect()),
            _ => Err("usage: cargo run -p xtask -- generate | dist | version X.Y.Z | stubs SITE | profile [PATHS]"
                .to_owned()),
        };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `cargo run` of the binary with these arguments.
fn asyncwise(build: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.current_dir(root()).args(["run", "--quiet", "-p", "asyncwise"]).args(build).arg("--").args(arguments);
    command
}

fn generate() -> Result<(), String> {
    let folder = root().join("schemas");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for (argument, file) in [
        ("audit", "audit.schema.json"),
        ("config", "config.schema.json"),
        ("findings", "findings.schema.json"),
        ("server", "server.schema.json"),
    ] {
        let output = asyncwise(&[], &["schema", argument]).output().map_err(|e| format!("cargo: {e}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let path = folder.join(file);
        std::fs::write(&path, output.stdout).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    generate_settings()
}

/// Writes the settings of the server into the manifest of the VS Code extension.
fn generate_settings() -> Result<(), String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let manifest = root().join("editors/vscode/package.json");
    let schema = serde_json::from_str(&read(&root().join("schemas/server.schema.json"))?).map_err(|e| e.to_string())?;
    let text = settings::in_manifest(&read(&manifest)?, &schema)?;
    std::fs::write(&manifest, text).map_err(|e| format!("{}: {e}", manifest.display()))
}

fn write_stubs(arguments: Vec<String>) -> Result<(), String> {
    let [site] = arguments.as_slice() else { return Err("usage: cargo run -p xtask -- stubs SITE".to_owned()) };
    let written = stubs::run(Path::new(site), &root().join("queries/knowledge/generated"))?;
    say(&written);
    Ok(())
}

fn say(message: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "xtask: {message}");
}

fn profile(paths: Vec<String>) -> Result<(), String> {
    let mut arguments = vec!["check", "--no-cache", "--exit-zero", "-v", "--statistics"];
    arguments.extend(paths.iter().map(String::as_str));
    let status = asyncwise(&["--release"], &arguments).status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err("the check did not do its work".into()) }
}
