//! A directory with files, and the binary run in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A directory that is gone after the test.
pub(crate) struct Project {
    dir: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let this = Self { dir: TempDir::new().unwrap() };
        std::fs::create_dir(this.path("root")).unwrap();
        for (path, text) in files {
            this.write(path, text.as_bytes());
        }
        this
    }

    /// A path in the project; the directory around it holds nothing but the project.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("root")
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.file(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.file(path)).unwrap()).unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_in("", args, b"")
    }

    pub(crate) fn run_with(&self, args: &[&str], stdin: &[u8]) -> Run {
        self.run_in("", args, stdin)
    }

    pub(crate) fn run_in(&self, dir: &str, args: &[&str], stdin: &[u8]) -> Run {
        let mut child = command(&self.file(dir), &self.path("cache"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A run that does not read its stdin may be over already.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().expect("ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `asyncwise check --output-format json` with more words; the value fits the schema.
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let words = [&["check", "--output-format", "json"], args].concat();
        let run = self.run(&words);
        let value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        let schema = serde_json::from_str(&self.run(&["schema", "findings"]).stdout).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        value
    }

    /// How many files are checked.
    pub(crate) fn checked(&self, args: &[&str]) -> u64 {
        self.json(args)["summary"]["files"].as_u64().unwrap()
    }
}

/// The binary, deaf to the settings of whoever runs the tests.
fn command(dir: &Path, cache: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncwise"));
    command.current_dir(dir).env("XDG_CACHE_HOME", cache).env("HOME", cache).env("NO_COLOR", "1");
    for name in ["ASYNCWISE_LOG", "CLICOLOR_FORCE", "CLICOLOR", "RUST_LOG", "VIRTUAL_ENV", "CONDA_PREFIX"] {
        command.env_remove(name);
    }
    command
}

impl Run {
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "{words:?} is not in {}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn prints(&self, words: &str) -> &Self {
        assert!(self.stdout.contains(words), "{words:?} is not in {}", self.stdout);
        self
    }
}
