//! Configuration: where it is found, what it says, and the settings of each file that follow from it.

pub mod contexts;
pub mod options;
mod pattern;
pub mod read;
mod scope;
pub mod select;
pub mod version;

pub use scope::{DEFAULT_MAX_FILE_SIZE, Scope};

use crate::problem::{Problem, io_message};
use asyncwise_analysis::finding::Confidence;
use options::Options;
use read::{FileContent, OWN_FILE, PROJECT_FILE};
use rustc_hash::FxHashMap;
use select::Selection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What the command line says over any configuration file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// `--select` and `--ignore`.
    pub selection: Selection,
    /// `--min-confidence`.
    pub min_confidence: Option<Confidence>,
    /// `--target-version`.
    pub target_version: Option<(u8, u8)>,
    /// `--extra-path`, absolute.
    pub extra_paths: Vec<PathBuf>,
    /// `--python`, absolute.
    pub python: Option<PathBuf>,
    /// The environment that is selected in the editor, absolute. It counts where neither `python` nor the configuration names one.
    pub selected_python: Option<PathBuf>,
}

/// Where the configuration of a file comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Source {
    /// The nearest file, walking up.
    #[default]
    Nearest,
    /// No file.
    Isolated,
    /// This file for all; its patterns and paths are relative to the working directory.
    File(PathBuf),
}

/// Finds and keeps the configuration of every directory.
#[derive(Debug)]
pub struct Configurations {
    cwd: PathBuf,
    source: Source,
    overrides: Overrides,
    by_dir: FxHashMap<PathBuf, Found>,
    /// The one configuration of all files, unless the nearest is looked for.
    fixed: Option<Found>,
    /// What was wrong in the files that were read.
    pub problems: Vec<Problem>,
    last_good: LastGood,
}

/// What files said when they were last valid, for those who read them while they are being written. Clones are one memory.
#[derive(Clone, Debug, Default)]
pub struct LastGood(Arc<Mutex<FxHashMap<PathBuf, FileContent>>>);

impl LastGood {
    /// The content that holds for a file: what it says, or said before it was broken.
    fn held(&self, path: &Path, content: FileContent, is_broken: bool) -> FileContent {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_broken {
            return known.get(path).cloned().unwrap_or(content);
        }
        known.insert(path.to_owned(), content.clone());
        content
    }
}

#[derive(Clone, Debug)]
struct Found {
    /// The directory its patterns and paths are relative to.
    root: PathBuf,
    options: Arc<Options>,
    /// Of the nearest `pyproject.toml`.
    oldest_python: Option<(u8, u8)>,
    scope: Arc<Scope>,
}

impl Configurations {
    /// None read yet, but for the one file that holds for all.
    pub fn new(cwd: PathBuf, source: Source, overrides: Overrides) -> Self {
        Self::remembering(cwd, source, overrides, LastGood::default())
    }

    /// The same. In the place of a file that is not valid now is what it said before.
    pub fn remembering(cwd: PathBuf, source: Source, overrides: Overrides, last_good: LastGood) -> Self {
        let (by_dir, problems) = (FxHashMap::default(), Vec::new());
        let mut this = Self { cwd, source, overrides, by_dir, fixed: None, problems, last_good };
        this.fixed = match this.source.clone() {
            Source::Nearest => None,
            Source::Isolated => Some(this.found(&this.cwd, Options::default(), None)),
            Source::File(path) => {
                let content = this.read(&path, true).unwrap_or_default();
                if content.options.is_none() {
                    let problem = Problem::warning(&path, "has no table `[tool.asyncwise]`");
                    this.problems.push(problem.advise("the default settings are used"));
                }
                Some(this.found(&this.cwd, content.options.unwrap_or_default(), content.oldest_python))
            }
        };
        this
    }

    /// The working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// The configuration of the files in `dir`, which is absolute.
    pub fn scope(&mut self, dir: &Path) -> Arc<Scope> {
        match &self.fixed {
            Some(found) => found.scope.clone(),
            None => self.nearest(dir).scope,
        }
    }

    fn found(&self, root: &Path, options: Options, oldest_python: Option<(u8, u8)>) -> Found {
        let scope = Arc::new(Scope::new(root, &options, oldest_python, &self.overrides));
        Found { root: root.to_owned(), options: Arc::new(options), oldest_python, scope }
    }

    /// The nearest file wins. A `pyproject.toml` without our table does not end the search, but names the oldest Python.
    fn nearest(&mut self, dir: &Path) -> Found {
        if let Some(found) = self.by_dir.get(dir) {
            return found.clone();
        }
        let own = self.read(&dir.join(OWN_FILE), false);
        let project = self.read(&dir.join(PROJECT_FILE), false);
        let own_python = project.as_ref().and_then(|content| content.oldest_python);
        let options = own.and_then(|content| content.options).or_else(|| project.and_then(|content| content.options));
        let outer = dir.parent().map(|parent| self.nearest(parent));
        let oldest_python = own_python.or(outer.as_ref().and_then(|found| found.oldest_python));
        let found = match (options, outer) {
            (Some(options), _) => self.found(dir, options, oldest_python),
            (None, None) => self.found(dir, Options::default(), oldest_python),
            (None, Some(outer)) if outer.oldest_python == oldest_python => outer,
            (None, Some(outer)) => self.found(&outer.root, (*outer.options).clone(), oldest_python),
        };
        self.by_dir.insert(dir.to_owned(), found.clone());
        found
    }

    /// The content of a file, none when it is not there. `must_exist` makes its absence an error.
    fn read(&mut self, path: &Path, must_exist: bool) -> Option<FileContent> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if !must_exist && is_absence(&error) => return None,
            Err(error) => {
                self.problems.push(Problem::error(path, io_message(&error)).advise("the default settings are used"));
                return None;
            }
        };
        tracing::info!(path = %path.display(), "configuration");
        let (content, problems) = match std::str::from_utf8(&bytes) {
            Ok(text) => read::parse(path, text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(_) => {
                let problem = Problem::error(path, "is not UTF-8, as TOML must be").advise("save it as UTF-8");
                (FileContent { options: Some(Options::default()), oldest_python: None }, vec![problem])
            }
        };
        let is_broken = problems.iter().any(Problem::is_error);
        self.problems.extend(problems);
        Some(self.last_good.held(path, content, is_broken))
    }
}

/// Whether a file of this name is read for the configuration.
pub fn is_configuration(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == OWN_FILE || name == PROJECT_FILE)
}

/// Nothing is there under this name, or something that cannot be a file.
fn is_absence(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(error.kind(), K::NotFound | K::NotADirectory | K::IsADirectory)
}
