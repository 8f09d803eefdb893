//! Modules that the project imports and that the walk did not bring: read one by one, only what is reached.

use crate::config::Scope;
use crate::discover::FoundFile;
use crate::environment::Environment;
use crate::load::{Loaded, read};
use crate::paths;
use asyncwise_analysis::program::{Origin, Program, SearchRoots};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Looks modules up in directories and remembers where it looked in vain.
#[derive(Clone, Debug)]
pub(crate) struct Dependencies {
    dirs: Vec<(PathBuf, Origin)>,
    scope: Arc<Scope>,
    tried: FxHashSet<String>,
    known: FxHashSet<PathBuf>,
    /// Paths that were looked for and are not there: when one appears, another result may follow.
    pub(crate) absent: Vec<PathBuf>,
}

impl Dependencies {
    /// Looks in the project's import roots first, then in the dependency directories. `known` are read already.
    pub(crate) fn new(roots: &Roots, scope: Arc<Scope>, known: FxHashSet<PathBuf>) -> Self {
        let project = roots.project.iter().map(|dir| (dir.clone(), Origin::Project));
        let installed = roots.dependencies.iter().map(|dir| (dir.clone(), Origin::Dependency));
        let dirs = project.chain(installed).collect();
        Self { dirs, scope, tried: FxHashSet::default(), known, absent: Vec::new() }
    }

    /// Reads what `program` misses, then what that misses, until nothing new is found.
    pub(crate) fn complete(&mut self, program: &Program, roots: &SearchRoots) -> Vec<Loaded> {
        let mut all = Vec::new();
        let mut missing = program.missing_modules();
        loop {
            let places: Vec<(PathBuf, Origin)> = missing.iter().flat_map(|module| self.locate(module)).collect();
            let new: Vec<Loaded> =
                places.into_par_iter().filter_map(|(path, origin)| self.load(&path, origin)).collect();
            if new.is_empty() {
                return all;
            }
            let files = new.par_iter().map(Loaded::to_program).collect();
            missing = Program::new(files, roots.clone()).missing_modules();
            all.extend(new);
        }
    }

    /// Whether one of these modules is there and was not looked for before.
    pub(crate) fn finds(&mut self, modules: &[String]) -> bool {
        modules.iter().any(|module| !self.locate(module).is_empty())
    }

    /// The files of `a`, `a.b` and `a.b.c` for `a.b.c`, as far as they are there.
    fn locate(&mut self, module: &str) -> Vec<(PathBuf, Origin)> {
        let mut out = Vec::new();
        let ends = module.match_indices('.').map(|(at, _)| at).chain([module.len()]);
        for end in ends {
            let prefix = &module[..end];
            if prefix.is_empty() || !self.tried.insert(prefix.to_owned()) {
                continue;
            }
            self.locate_one(prefix, &mut out);
        }
        out
    }

    /// The first directory that has the module gives it; a stub file comes with the source it stands beside.
    fn locate_one(&mut self, module: &str, out: &mut Vec<(PathBuf, Origin)>) {
        let relative: PathBuf = module.split('.').collect();
        for (dir, origin) in &self.dirs {
            let mut found = false;
            for path in candidates(&dir.join(&relative)) {
                if self.known.contains(&path) {
                    found = true;
                } else if path.is_file() {
                    found = true;
                    self.known.insert(path.clone());
                    out.push((path, *origin));
                } else {
                    self.absent.push(path);
                }
            }
            if found {
                return;
            }
        }
    }

    fn load(&self, path: &Path, origin: Origin) -> Option<Loaded> {
        load(path, origin, &self.scope)
    }
}

/// Reads a file that nobody asked for: what is wrong with it is not worth an error.
pub(crate) fn load(path: &Path, origin: Origin, scope: &Arc<Scope>) -> Option<Loaded> {
    let found = FoundFile { asked: false, scope: scope.clone() };
    let loaded = read(path, scope.max_file_size).and_then(|bytes| Loaded::new(path, &found, origin, &bytes));
    loaded.inspect_err(|problem| tracing::debug!(path = %path.display(), problem = problem.text(), "left out")).ok()
}

fn candidates(base: &Path) -> [PathBuf; 4] {
    let beside = |end: &str| {
        let mut name = base.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    [base.join("__init__.py"), base.join("__init__.pyi"), beside(".py"), beside(".pyi")]
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
