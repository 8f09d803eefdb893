//! What is fetched by name from the package registry: real projects, and programs that test ours. None of their code lies in this
//! repository.

use crate::binary::target;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A published package, unpacked below the target folder: its sources, in the layout of its wheel, or of its source
/// archive where there is no wheel. None, with a message, where `pip` cannot fetch it.
pub fn fetch(name: &str, version: &str) -> Option<PathBuf> {
    let wheel = ["--only-binary", ":all:", "--python-version", "3.13"];
    let requirement = format!("{name}=={version}");
    unpacked(&format!("{name}-{version}"), &requirement, |folder| {
        download(folder, &requirement, &wheel) || download(folder, &requirement, &["--no-build-isolation"])
    })
}

/// The source archive of a published package, unpacked below the target folder, with its documentation. None, with a
/// message, where `pip` cannot fetch it.
pub fn fetch_sources(name: &str, version: &str) -> Option<PathBuf> {
    let requirement = format!("{name}=={version}");
    unpacked(&format!("{name}-{version}-sources"), &requirement, |folder| {
        download(folder, &requirement, &["--no-binary", ":all:"])
    })
}

/// Python's own documentation as Debian packages it, unpacked below the target folder. None, with a message, where there is
/// no `apt-get` that can fetch it.
pub fn fetch_python_documentation() -> Option<PathBuf> {
    const PACKAGES: [&str; 4] = ["python3.14-doc", "python3.13-doc", "python3.12-doc", "python3.11-doc"];
    unpacked("python-documentation", "Python's documentation (python3-doc)", |folder| {
        PACKAGES.iter().any(|package| {
            let mut command = Command::new("apt-get");
            command.args(["download", "--quiet", package]).current_dir(folder);
            command.output().is_ok_and(|output| output.status.success())
        })
    })
}

/// A folder below the target folder with what an archive holds that is downloaded into it the first time; `what` says in
/// the message what is missing where that cannot be done.
fn unpacked(name: &str, what: &str, download: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folder = target().join("asyncwise-real-projects").join(name);
    let unpacked = folder.join("unpacked");
    let done = folder.join("done");
    if done.exists() {
        return Some(unpacked);
    }
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    if !download(&folder) {
        eprintln_skip(what);
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
        [".whl", ".zip", ".tar.gz", ".deb"].iter().any(|end| name.ends_with(end))
    })
}

fn unpack(archive: &Path, into: &Path) {
    let name = archive.to_string_lossy();
    let mut command = if name.ends_with(".deb") {
        let mut command = Command::new("dpkg-deb");
        command.arg("--extract");
        command
    } else {
        let module = if name.ends_with(".tar.gz") { "tarfile" } else { "zipfile" };
        let mut command = python();
        command.args(["-m", module, "-e"]);
        command
    };
    let output = command.arg(archive).arg(into).output().expect("what unpacks it starts");
    assert!(output.status.success(), "{} cannot be unpacked", archive.display());
}
