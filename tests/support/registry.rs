//! Real projects, fetched by name. None of their code lies in this repository.

use crate::binary::target;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A published package, unpacked below the target folder: its sources, in the layout of its wheel, or of its source
/// archive where there is no wheel. None, with a message, where `pip` cannot fetch it.
pub fn fetch(name: &str, version: &str) -> Option<PathBuf> {
    let folder = target().join("asyncwise-real-projects").join(format!("{name}-{version}"));
    let unpacked = folder.join("unpacked");
    let done = folder.join("done");
    if done.exists() {
        return Some(unpacked);
    }
    let requirement = format!("{name}=={version}");
    let wheel = ["--only-binary", ":all:", "--python-version", "3.13"];
    if !download(&folder, &requirement, &wheel) && !download(&folder, &requirement, &["--no-build-isolation"]) {
        eprintln_skip(&requirement);
        return None;
    }
    let archive = archive_in(&folder)?;
    unpack(&archive, &unpacked);
    std::fs::write(done, "").expect("the target folder can be written");
    Some(unpacked)
}

/// Says, visibly in the test's output, that something was not tested.
#[expect(clippy::print_stderr, reason = "a skipped test has no other way to say so")]
fn eprintln_skip(requirement: &str) {
    eprintln!("skipped: {requirement} cannot be fetched (is the package registry out of reach?)");
}

fn python() -> Command {
    Command::new(if cfg!(windows) { "python" } else { "python3" })
}

fn download(folder: &Path, requirement: &str, how: &[&str]) -> bool {
    let mut command = python();
    command.args(["-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python", "--retries", "1"]);
    command.args(how).arg("--dest").arg(folder).arg(requirement);
    command.output().is_ok_and(|output| output.status.success())
}

fn archive_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    entries.filter(|path| path.is_file()).find(|path| {
        let name = path.to_string_lossy();
        [".whl", ".zip", ".tar.gz"].iter().any(|end| name.ends_with(end))
    })
}

fn unpack(archive: &Path, into: &Path) {
    let module = if archive.to_string_lossy().ends_with(".tar.gz") { "tarfile" } else { "zipfile" };
    let mut command = python();
    command.args(["-m", module, "-e"]).arg(archive).arg(into);
    let output = command.output().expect("python starts");
    assert!(output.status.success(), "{} cannot be unpacked", archive.display());
}
