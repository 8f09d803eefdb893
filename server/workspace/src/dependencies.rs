//! Modules that the project imports and that the walk did not bring: read one by one, only what is reached.

mod lookup;

use crate::config::Scope;
use crate::discover::FoundFile;
use crate::environment::Environment;
use crate::facts_cache::FactsCache;
use crate::load::{Loaded, read};
use crate::paths;
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_analysis::reach::Walk;
use lookup::Lookup;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// So many files of dependencies are read, and no more: those that are nearest to the project's own imports.
const MAX_FILES: usize = 3_000;
/// So many bytes of them.
const MAX_BYTES: usize = 24 << 20;

/// What reads a file of a dependency.
pub(crate) type Reader<'r> = &'r (dyn Fn(&Path, Origin) -> Option<Loaded> + Sync);

/// The files that a project reaches beside its own.
#[derive(Clone, Debug)]
pub(crate) struct Dependencies {
    /// What is found stays found while the project is open; copies share it.
    lookup: Arc<Mutex<Lookup>>,
    /// Files of the project that are read already.
    known: Arc<FxHashSet<PathBuf>>,
    /// The files that were reached.
    reached: FxHashSet<PathBuf>,
}

impl Dependencies {
    /// Looks in the project's import roots first, then in the dependency directories. `known` are read already.
    pub(crate) fn new(roots: &Roots, known: FxHashSet<PathBuf>) -> Self {
        Self { lookup: Arc::new(Mutex::new(Lookup::new(roots))), known: Arc::new(known), reached: FxHashSet::default() }
    }

    /// Reads what `files` miss, then what that misses, until nothing new is found: nearest first, as far as the limit.
    pub(crate) fn complete(&mut self, files: &[SourceFile], roots: &SearchRoots, reader: Reader<'_>) -> Vec<Loaded> {
        let mut walk = Walk::default();
        let mut all: Vec<Loaded> = Vec::new();
        let mut program = Program::new(files.to_vec(), roots.clone());
        loop {
            let missing = walk.step(&program);
            if missing.is_empty() {
                return all;
            }
            let mut places = self.find(&missing);
            places.retain(|(path, _)| !self.known.contains(path) && self.reached.insert(path.clone()));
            let before = all.len();
            if !read_some(&places, reader, &mut all) {
                let read = all.len() - before;
                tracing::info!(
                    files = all.len(),
                    left_out = places.len() - read,
                    "only the nearest dependencies are read"
                );
                return all;
            }
            if all.len() > before {
                let read: Vec<SourceFile> = all.par_iter().map(Loaded::to_program).collect();
                program = Program::new(files.iter().cloned().chain(read).collect(), roots.clone());
            }
        }
    }

    /// Whether other files are reached now than before: `files` are the project's, `reader` knows those that were reached.
    pub(crate) fn differ(&self, files: &[SourceFile], roots: &SearchRoots, reader: Reader<'_>) -> bool {
        let mut now = Self { reached: FxHashSet::default(), ..self.clone() };
        now.complete(files, roots, reader);
        now.reached != self.reached
    }

    /// Whether there is a module of this dotted name.
    pub(crate) fn has(&self, module: &str) -> bool {
        !self.find(&[module.to_owned()]).is_empty()
    }

    fn find(&self, modules: &[String]) -> Vec<(PathBuf, Origin)> {
        let mut lookup = self.lookup.lock().unwrap_or_else(PoisonError::into_inner);
        modules.iter().flat_map(|name| lookup.find(name)).collect()
    }

    /// Paths that were looked for and are not there: when one appears, another result may follow.
    pub(crate) fn absent(&self) -> Vec<PathBuf> {
        self.lookup.lock().unwrap_or_else(PoisonError::into_inner).absent()
    }
}

/// Reads files as far as the limit; whether that was all of them.
fn read_some(places: &[(PathBuf, Origin)], reader: Reader<'_>, all: &mut Vec<Loaded>) -> bool {
    let mut bytes: usize = all.iter().map(|file| file.source.text.len()).sum();
    for some in places.chunks(128) {
        if all.len() + some.len() > MAX_FILES || bytes > MAX_BYTES {
            return false;
        }
        let read =
            |(path, origin): &(PathBuf, Origin)| reader(path, *origin).inspect(|file| drop(file.facts().clone()));
        let new: Vec<Loaded> = some.par_iter().filter_map(read).collect();
        bytes += new.iter().map(|file| file.source.text.len()).sum::<usize>();
        all.extend(new);
    }
    true
}

/// Reads files of dependencies, with the facts that an earlier run left.
pub(crate) struct Store<'s> {
    pub(crate) roots: &'s Roots,
    pub(crate) scope: &'s Arc<Scope>,
    /// None where nothing is to be kept between runs.
    pub(crate) facts: Option<&'s FactsCache>,
}

impl Store<'_> {
    /// Reads a file.
    pub(crate) fn load(&self, path: &Path, origin: Origin) -> Option<Loaded> {
        let file = load(path, origin, self.scope)?;
        if let (Some(facts), Origin::Dependency) = (self.facts, origin)
            && let Some(package) = self.roots.package_of(path)
        {
            facts.fill(&package, &file);
        }
        Some(file)
    }

    /// Leaves the facts of these files to the next run.
    pub(crate) fn keep(&self, files: &[Loaded]) {
        let Some(facts) = self.facts else { return };
        let installed = files.iter().filter(|file| file.origin == Origin::Dependency);
        facts.keep(installed.filter_map(|file| Some((self.roots.package_of(&file.path)?, file))));
    }
}

/// Reads a file that nobody asked for: what is wrong with it is not worth an error.
pub(crate) fn load(path: &Path, origin: Origin, scope: &Arc<Scope>) -> Option<Loaded> {
    let found = FoundFile { asked: false, scope: scope.clone() };
    let loaded = read(path, scope.max_file_size).and_then(|bytes| Loaded::new(path, &found, origin, &bytes));
    loaded.inspect_err(|problem| tracing::debug!(path = %path.display(), problem = problem.text(), "left out")).ok()
}

/// The directories imports are looked up in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    /// Of the project.
    pub(crate) project: Vec<PathBuf>,
    /// Of installed packages.
    pub(crate) dependencies: Vec<PathBuf>,
}

impl Roots {
    /// The top-level package that a file of a dependency belongs to.
    fn package_of(&self, path: &Path) -> Option<String> {
        let inside = self.dependencies.iter().filter_map(|dir| path.strip_prefix(dir).ok());
        let first = inside.min_by_key(|rest| rest.components().count())?.components().next()?;
        let name = first.as_os_str().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        Some(name.strip_suffix("-stubs").unwrap_or(name).to_owned())
    }

    /// Adds where an environment's packages lie. What is installed from the project itself (an editable install) stays the project's.
    pub(crate) fn install(&mut self, environment: Option<Environment>, project: &Path) {
        let Some(Environment { root, search_path }) = environment else { return };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (root, real_project) = (real(&root), real(project));
        for dir in search_path {
            let at = real(&dir);
            let dirs = match at.strip_prefix(&real_project) {
                Ok(inside) if !at.starts_with(&root) => (&mut self.project, project.join(inside)),
                _ => (&mut self.dependencies, dir),
            };
            let (dirs, dir) = dirs;
            if !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
    }

    /// As the program names them.
    pub(crate) fn to_program(&self) -> SearchRoots {
        let names = |dirs: &[PathBuf]| dirs.iter().map(|dir| paths::slashed(dir)).collect();
        SearchRoots { project: names(&self.project), dependencies: names(&self.dependencies) }
    }
}
