//! What is fetched by name from the package registry: real projects, and programs that test ours. None of their code lies in this
//! repository.

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

/// The Python of a virtual environment below the target folder, in which all that a file of requirements names is installed. None,
/// with a message, where it cannot be made.
pub fn environment(name: &str, requirements: &Path) -> Option<PathBuf> {
    let folder = target().join(name);
    let scripts = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let interpreter = folder.join(scripts);
    let done = folder.join("done");
    let wanted = std::fs::read_to_string(requirements).expect("the requirements are part of the repository");
    if std::fs::read_to_string(&done).is_ok_and(|is| is == wanted) {
        return Some(interpreter);
    }
    let mut make = python();
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]);
    install.arg("--requirement").arg(requirements);
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    if !succeeds(&mut make) || !succeeds(&mut install) {
        eprintln_skip(&requirements.display().to_string());
        return None;
    }
    std::fs::write(done, wanted).expect("the target folder can be written");
    Some(interpreter)
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
