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
        cwd: configurations.cwd().to_owned(),
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
    cwd: PathBuf,
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
        match project {
            Some(root) => {
                self.import_roots.insert(root.to_owned());
                if walked.insert(root.to_owned()) {
                    self.walk(root, false);
                }
            }
            None => self.roots_without_project(dir),
        }
    }

    /// Without a project, imports start where the outermost package lies, and where the interpreter would be started.
    fn roots_without_project(&mut self, dir: &Path) {
        let outermost = dir.ancestors().find(|dir| !dir.join("__init__.py").is_file());
        self.import_roots.insert(outermost.unwrap_or(dir).to_owned());
        if dir.starts_with(&self.cwd) {
            self.import_roots.insert(self.cwd.clone());
        }
    }

    /// Walks a directory, and those outside it that links in it lead to.
    fn walk(&mut self, root: &Path, asked: bool) {
        let mut links = Links::default();
        let mut next = Some(root.to_owned());
        while let Some(dir) = next {
            links.enter(&dir);
            for entry in self.walker(&dir).build() {
                match entry {
                    Ok(entry) => self.entry(entry, asked, &mut links),
                    Err(error) => self.failed(&error, &dir, asked),
                }
            }
            next = links.dirs.pop();
        }
        for path in links.without_doubles() {
            self.file(path, asked);
        }
    }

    /// What goes wrong around the files that were asked for concerns nobody.
    fn failed(&mut self, error: &ignore::Error, dir: &Path, asked: bool) {
        match walk_problem(error, dir) {
            Some(problem) if asked => self.out.problems.push(problem),
            problem => tracing::debug!(%error, ?problem, "left out"),
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
            .follow_links(false)
            .sort_by_file_name(std::ffi::OsStr::cmp)
            .filter_entry(move |entry| entry.depth() == 0 || is_wanted(&configurations, entry));
        builder
    }

    fn entry(&mut self, entry: DirEntry, asked: bool, links: &mut Links) {
        if let Some(error) = entry.error() {
            tracing::debug!(%error, path = %entry.path().display(), "ignore file");
        }
        let (path, is_link) = (entry.path(), entry.path_is_symlink() && entry.depth() > 0);
        if let Some(parent) = path.parent().filter(|_| is_package_file(&entry)) {
            self.import_roots.insert(parent.to_owned());
        }
        if is_link {
            if let Err(problem) = links.follow(path) {
                match asked {
                    true => self.out.problems.push(problem),
                    false => tracing::debug!(path = %path.display(), "symlink loop"),
                }
            }
        } else if is_python(path) && !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            links.plain.push(path.to_owned());
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
    let path = entry.path();
    let is_dir = if entry.path_is_symlink() { path.is_dir() } else { entry.file_type().is_some_and(|t| t.is_dir()) };
    if !is_dir && !is_python(path) && !is_package_file(entry) && !entry.path_is_symlink() {
        return false;
    }
    let scope = configurations.lock().unwrap_or_else(PoisonError::into_inner).scope(path.parent().unwrap_or(path));
    let is_environment = is_dir && path.join("pyvenv.cfg").is_file();
    !is_environment && !scope.excludes(path, is_dir)
}

fn is_package_file(entry: &DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(|name| PACKAGE_FILES.contains(&name))
}

/// Whether a walk takes this file: by the end of its name.
pub(crate) fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "py" || end == "pyi" || end == "ipynb")
}

/// Links are followed out of the walked directories, never back into them: what they lead to inside is found anyway.
#[derive(Default)]
struct Links {
    /// The walked directories, by their names and without links.
    entered: Vec<(PathBuf, PathBuf)>,
    /// Links to directories that are still to be walked.
    dirs: Vec<PathBuf>,
    /// Files that are no links.
    plain: Vec<PathBuf>,
    /// Links to files.
    files: Vec<PathBuf>,
}

impl Links {
    fn enter(&mut self, dir: &Path) {
        self.entered.push((dir.to_owned(), dir.canonicalize().unwrap_or_else(|_| dir.to_owned())));
    }

    /// Takes in a link. One that leads nowhere is no problem: editors make them as locks.
    fn follow(&mut self, link: &Path) -> Result<(), Problem> {
        let advice = "the link is not followed; remove it or exclude it";
        let real = match link.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                let message = io_message(&error);
                let loops = if message.contains("symbolic links") { "is a symlink loop" } else { "cannot be read" };
                return Err(Problem::error(link, format!("{loops}: {message}")).advise(advice));
            }
        };
        let home = link.parent().and_then(|parent| parent.canonicalize().ok()).unwrap_or_default();
        if real.is_file() {
            if is_python(link) {
                self.files.push(link.to_owned());
            }
        } else if home.starts_with(&real) {
            let message = "is a symlink loop: it links to a directory it is in";
            return Err(Problem::error(link, message).advise(advice));
        } else if real.is_dir() && !self.entered.iter().any(|(_, entered)| real.starts_with(entered)) {
            self.dirs.push(link.to_owned());
        }
        Ok(())
    }

    /// The links to files that are not found without a link too.
    fn without_doubles(self) -> Vec<PathBuf> {
        if self.files.is_empty() {
            return Vec::new();
        }
        let real = |path: &PathBuf| {
            self.entered.iter().find_map(|(dir, real)| path.strip_prefix(dir).map(|rest| real.join(rest)).ok())
        };
        let mut seen: FxHashSet<PathBuf> = self.plain.iter().filter_map(real).collect();
        let mut is_new = |path: &PathBuf| path.canonicalize().is_ok_and(|real| seen.insert(real));
        self.files.iter().filter(|path| is_new(path)).cloned().collect()
    }
}

/// An error of the walk in our words; none for what is no problem: a file just deleted.
fn walk_problem(error: &ignore::Error, root: &Path) -> Option<Problem> {
    let (path, cause) = locate(error, root);
    match cause {
        ignore::Error::Io(io) if io.kind() == std::io::ErrorKind::NotFound => None,
        ignore::Error::Io(io) => {
            let message = format!("cannot be read: {}", io_message(io));
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
