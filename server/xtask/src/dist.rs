//! `dist`: all that is given to users, for one platform, in `target/dist`.

use crate::{root, say};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How it is called.
const USAGE: &str = "usage: cargo run -p xtask -- dist [--target TRIPLE] [--only archive,wheel,sdist,vsix,universal]";

/// What may be made. `sdist` and `universal` are the same from every platform; a release makes them once.
const PARTS: [&str; 5] = ["archive", "wheel", "sdist", "vsix", "universal"];

/// The shells that `asyncwise completions` knows, and the file names that these look for.
const COMPLETIONS: [(&str, &str); 6] = [
    ("bash", "asyncwise.bash"),
    ("elvish", "asyncwise.elv"),
    ("fish", "asyncwise.fish"),
    ("nushell", "asyncwise.nu"),
    ("powershell", "_asyncwise.ps1"),
    ("zsh", "_asyncwise"),
];

/// Platforms of VS Code, and the Rust targets whose program they take. A program that is linked statically runs on both kinds of Linux.
const VSCODE_TARGETS: [(&str, &str); 10] = [
    ("x86_64-unknown-linux-gnu", "linux-x64"),
    ("x86_64-unknown-linux-musl", "linux-x64"),
    ("x86_64-unknown-linux-musl", "alpine-x64"),
    ("aarch64-unknown-linux-gnu", "linux-arm64"),
    ("aarch64-unknown-linux-musl", "linux-arm64"),
    ("aarch64-unknown-linux-musl", "alpine-arm64"),
    ("x86_64-apple-darwin", "darwin-x64"),
    ("aarch64-apple-darwin", "darwin-arm64"),
    ("x86_64-pc-windows-msvc", "win32-x64"),
    ("aarch64-pc-windows-msvc", "win32-arm64"),
];

/// One run.
struct Dist {
    /// The Rust target, always named: it is part of the file names.
    triple: String,
    /// Whether it was asked for, and is not what this machine builds by itself.
    is_given: bool,
    /// Where everything goes.
    out: PathBuf,
    /// The program, once it is built.
    program: PathBuf,
}

/// Makes what `arguments` ask for, and the checksums of all that is there. One part that cannot be made does not keep the others back.
///
/// # Errors
/// In words, which parts could not be made, and why.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (target, only) = read(arguments)?;
    let out = target_folder().join("dist");
    let is_given = target.is_some();
    let triple = target.map_or_else(host, Ok)?;
    let mut dist = Dist { triple, is_given, out, program: PathBuf::new() };
    fs::create_dir_all(&dist.out).map_err(|e| format!("{}: {e}", dist.out.display()))?;
    if only.iter().any(|part| ["archive", "vsix"].contains(&part.as_str())) {
        dist.program = dist.build()?;
    }
    let mut failed = String::new();
    for part in &only {
        say(&format!("making the {part} for {}", dist.triple));
        let made = match part.as_str() {
            "archive" => dist.archive(),
            "wheel" => dist.wheel(),
            "sdist" => maturin(&["sdist"], &dist.out),
            "vsix" => dist.vsix(),
            _ => dist.universal(),
        };
        if let Err(why) = made {
            let _ = write!(failed, "\n  {part}: {why}");
        }
    }
    write_checksums(&dist.out)?;
    say(&format!("made in {}", dist.out.display()));
    if failed.is_empty() { Ok(()) } else { Err(format!("these could not be made:{failed}")) }
}

/// The target and the parts in the arguments.
fn read(arguments: &[String]) -> Result<(Option<String>, Vec<String>), String> {
    let (mut target, mut only) = (None, PARTS.map(str::to_owned).to_vec());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--target", Some(triple)) => target = Some(triple.clone()),
            ("--only", Some(parts)) => only = parts.split(',').map(str::to_owned).collect(),
            _ => return Err(USAGE.to_owned()),
        }
    }
    match only.iter().find(|part| !PARTS.contains(&part.as_str())) {
        Some(unknown) => Err(format!("there is no part `{unknown}`\n{USAGE}")),
        None => Ok((target, only)),
    }
}

/// Cargo's folder for what it builds.
fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The Rust target of this machine.
fn host() -> Result<String, String> {
    let said = succeed(Command::new("rustc").arg("-vV"))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "rustc does not say what it builds for".to_owned())
}

/// Runs a program to its good end, and gives what it printed.
fn succeed(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name} does not start: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(format!("{name} failed:\n{said}"))
}

impl Dist {
    fn build(&self) -> Result<PathBuf, String> {
        say("building the program");
        let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
        command.current_dir(root()).args(["build", "--release", "--locked", "--package", "asyncwise"]);
        let mut folder = target_folder();
        if self.is_given {
            command.args(["--target", &self.triple]);
            folder.push(&self.triple);
        }
        succeed(&mut command)?;
        Ok(folder.join("release").join(if self.is_windows() { "asyncwise.exe" } else { "asyncwise" }))
    }

    fn is_windows(&self) -> bool {
        self.triple.contains("windows")
    }

    /// The program with its licences, completions and manual.
    fn archive(&self) -> Result<(), String> {
        let name = format!("asyncwise-{}-{}", env!("CARGO_PKG_VERSION"), self.triple);
        let folder = self.out.join(&name);
        let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
        let _ = fs::remove_dir_all(&folder);
        for part in ["completions", "man"] {
            fs::create_dir_all(folder.join(part)).map_err(failed)?;
        }
        for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            fs::copy(root().join(file), folder.join(file)).map_err(failed)?;
        }
        fs::copy(&self.program, folder.join(self.program.file_name().unwrap_or_default())).map_err(failed)?;
        for (shell, file) in COMPLETIONS {
            let script = succeed(Command::new(&self.program).args(["completions", shell]))?;
            fs::write(folder.join("completions").join(file), script).map_err(failed)?;
        }
        let whole = succeed(Command::new(&self.program).arg("man"))?;
        fs::write(folder.join("man/asyncwise.1"), &whole).map_err(failed)?;
        for command in named_pages(&whole) {
            let page = succeed(Command::new(&self.program).args(["man", command]))?;
            fs::write(folder.join("man").join(format!("asyncwise-{command}.1")), page).map_err(failed)?;
        }
        // That of Windows makes zip archives, too.
        let (form, extension) = if self.is_windows() { ("-acf", "zip") } else { ("-czf", "tar.gz") };
        let archive = format!("{name}.{extension}");
        succeed(Command::new("tar").current_dir(&self.out).args([form, &archive, &name]))?;
        fs::remove_dir_all(&folder).map_err(failed)
    }

    fn wheel(&self) -> Result<(), String> {
        let mut arguments = vec!["build", "--release", "--locked"];
        if self.is_given {
            arguments.extend(["--target", &self.triple]);
        }
        maturin(&arguments, &self.out)
    }

    /// The extension of VS Code with the program, for each platform of it that this program is for.
    fn vsix(&self) -> Result<(), String> {
        let (out, program) = (path_argument(&self.out)?, path_argument(&self.program)?);
        npm(&["ci"])?;
        for (_, platform) in VSCODE_TARGETS.iter().filter(|(triple, _)| *triple == self.triple) {
            npm(&["run", "package", "--", "--target", platform, "--binary", &program, "--out", &out])?;
        }
        Ok(())
    }

    /// The extension without the program, for every platform: for VS Code, and as a package of npm.
    fn universal(&self) -> Result<(), String> {
        let out = path_argument(&self.out)?;
        npm(&["ci"])?;
        npm(&["run", "package", "--", "--out", &out])?;
        npm(&["pack", "--pack-destination", &out])
    }
}

/// Runs npm in the folder of the extension.
fn npm(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    succeed(command.current_dir(root().join("editors/vscode")).args(arguments)).map(drop)
}

/// The commands whose pages the page of the whole lists, each on a line like `asyncwise\-check(1)`.
fn named_pages(whole: &str) -> impl Iterator<Item = &str> {
    whole.lines().filter_map(|line| line.strip_prefix("asyncwise\\-")?.strip_suffix("(1)"))
}

/// A path as another program is told it, from whatever folder that runs in.
fn path_argument(path: &Path) -> Result<String, String> {
    let path = std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))?;
    path.to_str().map(str::to_owned).ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// Runs maturin: the program, or the module of the Python that is there.
fn maturin(arguments: &[&str], out: &Path) -> Result<(), String> {
    let python = if cfg!(windows) { "python" } else { "python3" };
    let mut command = match Command::new("maturin").arg("--version").output() {
        Ok(output) if output.status.success() => Command::new("maturin"),
        _ => Command::new(python),
    };
    if command.get_program() == python {
        command.args(["-m", "maturin"]);
    }
    let made = succeed(command.current_dir(root()).args(arguments).arg("--out").arg(out)).map(drop);
    made.map_err(|why| match why.contains("No module named maturin") {
        true => "maturin is missing: `pip install maturin`".to_owned(),
        false => why,
    })
}

/// Writes `SHA256SUMS`, which `sha256sum --check` reads.
fn write_checksums(folder: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file());
    let mut names: Vec<String> =
        files.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).filter(|n| n != "SHA256SUMS").collect();
    names.sort();
    let mut sums = String::new();
    for name in names {
        let digest = Sha256::digest(fs::read(folder.join(&name)).map_err(failed)?);
        for byte in digest {
            let _ = write!(sums, "{byte:02x}");
        }
        let _ = writeln!(sums, "  {name}");
    }
    fs::write(folder.join("SHA256SUMS"), sums).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn pages_are_those_of_the_list() {
        let whole = ".TP\nasyncwise\\-check(1)\nCheck files\n.SH SEE ALSO\n\\fBasyncwise\\-audit\\fR(1)\n";
        assert_eq!(named_pages(whole).collect::<Vec<_>>(), ["check"]);
    }

    #[test]
    fn parts_and_target_are_read() {
        assert_eq!(read(&[]), Ok((None, words("archive wheel sdist vsix universal"))));
        let asked = read(&words("--target x --only archive,vsix"));
        assert_eq!(asked, Ok((Some("x".to_owned()), words("archive vsix"))));
        for wrong in ["--only", "--only rpm", "archive", "--target"] {
            assert!(read(&words(wrong)).is_err(), "{wrong}");
        }
    }
}
