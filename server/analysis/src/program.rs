//! All files of a check, and how modules find each other.

use crate::finding::FileId;
use crate::settings::Settings;
use asyncwise_syntax::facts::FileFacts;
use std::sync::Arc;

/// Where a file comes from.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// The project: findings are reported in it.
    Project,
    /// An extra search path or installed package: only its effects count.
    Dependency,
}

/// One file of the program.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path with `/`, absolute or relative as the caller likes, unique; module names are made from it.
    pub path: Arc<str>,
    /// Project or dependency.
    pub origin: Origin,
    /// The decoded text.
    pub text: Arc<str>,
    /// What it says.
    pub facts: Arc<FileFacts>,
    /// Its cells run one after the other on a running loop (`.ipynb`): top-level `await` is legal.
    pub is_notebook: bool,
    /// Its settings.
    pub settings: Arc<Settings>,
}

/// The directories imports are looked up in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchRoots {
    /// Directories of the project, with `/`, most specific first: configured ones, those that hold a `pyproject.toml`,
    /// `setup.py` or `setup.cfg`, and their `src`.
    pub project: Vec<String>,
    /// Directories of dependencies, in order.
    pub dependencies: Vec<String>,
}

/// The program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The files, by [`FileId`]; in the order of their paths.
    pub files: Vec<SourceFile>,
}

impl Program {
    /// A program from its files, in any order; they are sorted by path.
    pub fn new(mut files: Vec<SourceFile>, _roots: SearchRoots) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }
    /// A file.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.index()]
    }
    /// Dotted names of the modules that the files import and that no file of the program is, sorted: what a caller with
    /// dependencies at hand may add.
    pub fn missing_modules(&self) -> Vec<String> {
        Vec::new()
    }
}
