//! Which files are checked, and which are read beside them so that chains across files are found.

use crate::config::{Configurations, Scope};
use crate::problem::{Problem, io_message};
use ignore::{DirEntry, WalkBuilder};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Names that mark the directory of a project, beside a configuration.
const MARKERS: &[&str] = &["asyncwise.toml", "pyproject.toml", "setup.py", "setup.cfg", ".git"];
/// Names that mark a directory imports start from.
const PACKAGE_FILES: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg"];

/// A file that was found.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// Its findings are reported; otherwise it is only read.
    pub asked: bool,
    /// Its configuration.
    pub scope: Arc<Scope>,
}

/// What the paths stand for.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The files by absolute path.
    pub files: BTreeMap<PathBuf, FoundFile>,
    /// Directories that imports start from, most specific first.
    pub import_roots: Vec<PathBuf>,
    /// The directory of the first path's project, if it has one.
    pub project: Option<PathBuf>,
    /// What could not be found or read.
    pub problems: Vec<Problem>,
}

/// Finds the files that `given` (absolute paths) stand for. `virtual_file` is a path whose text comes from elsewhere: it
/// is asked for, and need not be there.
pub fn discover(configurations: Configurations, given: &[PathBuf], virtual_file: Option<&Path>) -> Discovery {
    let mut finder = Finder {
        configurations: Arc::new(Mutex::new(configurations)),
        out: Discovery::default(),
        import_roots: FxHashSet::default(),
    };
    for path in given {
        finder.given(path);
    }
    if let Some(path) = virtual_file {
        finder.file(path.to_owned(), true);
    }
    let mut walked: FxHashSet<PathBuf> = given.iter().cloned().collect();
    for path in given.iter().map(PathBuf::as_path).chain(virtual_file) {
        finder.surroundings(path, &mut walked);
    }
    finder.finish()
}

/// The nearest directory, from `dir` up, that holds a project.
pub fn project_of(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| MARKERS.iter().any(|name| dir.join(name).exists()))
}

struct Finder {
    /// Behind a lock because the walk asks for them from its filter.
    configurations: Arc<Mutex<Configurations>>,
    out: Discovery,
    import_roots: FxHashSet<PathBuf>,
}

impl Finder {
    fn given(&mut self, path: &Path) {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.walk(path, true),
            Ok(_) => self.file(path.to_owned(), true),
            Err(error) => {
                let advice = match error.kind() {
                    std::io::ErrorKind::NotFound => "check the spelling and the working directory",
                    _ => "it is left out",
                };
                self.out.problems.push(Problem::error(path, io_message(&error)).advise(advice));
            }
        }
    }

    /// Reads the project around a path, so that what its files call is known.
    fn surroundings(&mut self, path: &Path, walked: &mut FxHashSet<PathBuf>) {
        let dir = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let project = project_of(dir);
        if self.out.project.is_none() {
            self.out.project = project.map(Path::to_owned);
        }
        let root = project.unwrap_or(dir);
        self.import_roots.insert(root.to_owned());
        if project.is_some() && walked.insert(root.to_owned()) {
            self.walk(root, false);
        }
    }

    fn walk(&mut self, root: &Path, asked: bool) {
        let mut links = Links::new(root);
        for entry in self.walker(root).build() {
            match entry {
                Ok(entry) => self.entry(entry, asked, &mut links),
                Err(error) => match walk_problem(&error, root) {
                    Some(problem) if asked => self.out.problems.push(problem),
                    problem => tracing::debug!(%error, ?problem, "left out"),
                },
            }
        }
        for path in links.without_doubles() {
            self.file(path, asked);
        }
    }

    fn walker(&self, root: &Path) -> WalkBuilder {
        let gitignore = self.scope(root).respect_gitignore;
        let configurations = self.configurations.clone();
        let mut builder = WalkBuilder::new(root);
        builder
            .standard_filters(false)
            .ignore(gitignore)
            .git_ignore(gitignore)
            .git_exclude(gitignore)
            .parents(gitignore)
            .require_git(false)
            .follow_links(true)
            .sort_by_file_name(std::ffi::OsStr::cmp)
            .filter_entry(move |entry| entry.depth() == 0 || is_wanted(&configurations, entry));
        builder
    }

    fn entry(&mut self, entry: DirEntry, asked: bool, links: &mut Links) {
        if let Some(error) = entry.error() {
            tracing::debug!(%error, path = %entry.path().display(), "ignore file");
        }
        let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
        if let (Some(name), Some(parent)) = (entry.path().file_name().and_then(|n| n.to_str()), entry.path().parent())
            && PACKAGE_FILES.contains(&name)
        {
            self.import_roots.insert(parent.to_owned());
        }
        if links.is_linked(&entry, is_dir) && !is_dir && is_python(entry.path()) {
            links.linked.push(entry.into_path());
        } else if !is_dir && is_python(entry.path()) {
            links.plain.insert(entry.path().to_owned());
            self.file(entry.into_path(), asked);
        }
    }

    fn file(&mut self, path: PathBuf, asked: bool) {
        let scope = self.scope(path.parent().unwrap_or(&path));
        let found = self.out.files.entry(path).or_insert(FoundFile { asked, scope });
        found.asked |= asked;
    }

    fn scope(&self, dir: &Path) -> Arc<Scope> {
        self.configurations.lock().unwrap_or_else(PoisonError::into_inner).scope(dir)
    }

    fn finish(mut self) -> Discovery {
        let configured = self.out.files.values().flat_map(|file| file.scope.src.iter().cloned());
        let mut roots = std::mem::take(&mut self.import_roots);
        let sources: Vec<PathBuf> = roots.iter().map(|root| root.join("src")).filter(|src| src.is_dir()).collect();
        roots.extend(configured);
        roots.extend(sources);
        let mut roots: Vec<PathBuf> = roots.into_iter().collect();
        roots.sort_by(|a, b| b.components().count().cmp(&a.components().count()).then_with(|| a.cmp(b)));
        self.out.import_roots = roots;
        let mut configurations = self.configurations.lock().unwrap_or_else(PoisonError::into_inner);
        self.out.problems.append(&mut configurations.problems);
        drop(configurations);
        self.out
    }
}

/// What the walk goes into: not what is excluded, and no virtual environment whatever its name.
fn is_wanted(configurations: &Mutex<Configurations>, entry: &DirEntry) -> bool {
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    if !is_dir && !is_python(entry.path()) && !is_package_file(entry) {
        return false;
    }
    let dir = entry.path().parent().unwrap_or(entry.path());
    let scope = configurations.lock().unwrap_or_else(PoisonError::into_inner).scope(dir);
    let is_environment = is_dir && entry.path().join("pyvenv.cfg").is_file();
    !is_environment && !scope.excludes(entry.path(), is_dir)
}

fn is_package_file(entry: &DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(|name| PACKAGE_FILES.contains(&name))
}

/// Whether a walk takes this file: by the end of its name.
fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "py" || end == "pyi" || end == "ipynb")
}

/// Files that are reached through a link are left out when they are reached without it too: no finding comes twice.
struct Links {
    root: PathBuf,
    real_root: PathBuf,
    linked_dirs: Vec<PathBuf>,
    plain: FxHashSet<PathBuf>,
    linked: Vec<PathBuf>,
}

impl Links {
    fn new(root: &Path) -> Self {
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let (linked_dirs, plain, linked) = Default::default();
        Self { root: root.to_owned(), real_root, linked_dirs, plain, linked }
    }

    fn is_linked(&mut self, entry: &DirEntry, is_dir: bool) -> bool {
        let linked = (entry.path_is_symlink() && entry.depth() > 0)
            || self.linked_dirs.last().is_some_and(|dir| entry.path().starts_with(dir));
        if linked && is_dir {
            self.linked_dirs.push(entry.path().to_owned());
        }
        linked
    }

    fn without_doubles(self) -> Vec<PathBuf> {
        let real_plain = |path: &PathBuf| path.strip_prefix(&self.root).map(|rest| self.real_root.join(rest)).ok();
        if self.linked.is_empty() {
            return Vec::new();
        }
        let mut seen: FxHashSet<PathBuf> = self.plain.iter().filter_map(real_plain).collect();
        self.linked.into_iter().filter(|path| path.canonicalize().is_ok_and(|real| seen.insert(real))).collect()
    }
}

/// An error of the walk in our words; none for what is no problem: a link that leads nowhere, a file just deleted.
fn walk_problem(error: &ignore::Error, root: &Path) -> Option<Problem> {
    let (path, cause) = locate(error, root);
    match cause {
        ignore::Error::Loop { ancestor, child } => {
            let message = "is a symlink loop: it links to a directory it is in";
            tracing::debug!(ancestor = %ancestor.display(), "symlink loop");
            Some(Problem::error(child, message).advise("the link is not followed; remove it or exclude it"))
        }
        ignore::Error::Io(io) if io.kind() == std::io::ErrorKind::NotFound => None,
        ignore::Error::Io(io) => {
            let message = io_message(io);
            let message = match message.contains("symbolic links") {
                true => format!("is a symlink loop: {message}"),
                false => format!("cannot be read: {message}"),
            };
            Some(Problem::error(&path, message).advise("it is left out; mend it or exclude it"))
        }
        other => Some(Problem::warning(&path, other.to_string())),
    }
}

fn locate<'e>(error: &'e ignore::Error, fallback: &Path) -> (PathBuf, &'e ignore::Error) {
    match error {
        ignore::Error::WithPath { path, err } => (path.clone(), locate(err, path).1),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => locate(err, fallback),
        other => (fallback.to_owned(), other),
    }
}
