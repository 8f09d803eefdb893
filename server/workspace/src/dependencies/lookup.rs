//! Where modules lie: which of the directories has one. Directories are listed once, as most names are in none of them.

use super::Roots;
use asyncwise_analysis::program::{Origin, stub_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Looks modules up and remembers where it looked in vain.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    dirs: Vec<(PathBuf, Origin)>,
    found: FxHashMap<String, Vec<(PathBuf, Origin)>>,
    listings: FxHashMap<PathBuf, FxHashSet<OsString>>,
    absent: FxHashSet<PathBuf>,
}

impl Lookup {
    pub(super) fn new(roots: &Roots) -> Self {
        let project = roots.project.iter().map(|dir| (dir.clone(), Origin::Project));
        let installed = roots.dependencies.iter().map(|dir| (dir.clone(), Origin::Dependency));
        let dirs = project.chain(installed).collect();
        Self { dirs, found: FxHashMap::default(), listings: FxHashMap::default(), absent: FxHashSet::default() }
    }

    /// Paths that are not there.
    pub(super) fn absent(&self) -> Vec<PathBuf> {
        let mut absent: Vec<PathBuf> = self.absent.iter().cloned().collect();
        absent.sort();
        absent
    }

    /// The files of a module: the first directory that has it gives it, and a stub file comes with the source it stands beside.
    /// A stub package (PEP 561) counts where there is no source.
    pub(super) fn find(&mut self, module: &str) -> Vec<(PathBuf, Origin)> {
        if let Some(found) = self.found.get(module) {
            return found.clone();
        }
        let found = self.locate(module);
        self.found.insert(module.to_owned(), found.clone());
        found
    }

    fn locate(&mut self, module: &str) -> Vec<(PathBuf, Origin)> {
        for (dir, origin) in self.dirs.clone() {
            let files = self.files(&dir, module);
            if !files.is_empty() {
                return files.into_iter().map(|path| (path, origin)).collect();
            }
        }
        let stub = stub_path(module);
        for (dir, origin) in self.dirs.clone() {
            if origin == Origin::Dependency {
                let files = self.files(&dir, &stub);
                if !files.is_empty() {
                    return files.into_iter().map(|path| (path, origin)).collect();
                }
            }
        }
        Vec::new()
    }

    fn files(&mut self, root: &Path, module: &str) -> Vec<PathBuf> {
        let mut dir = root.to_owned();
        let (parents, last) = module.rsplit_once('.').unwrap_or(("", module));
        for part in parents.split('.').filter(|part| !part.is_empty()) {
            if !self.has(&dir, part) {
                return Vec::new();
            }
            dir.push(part);
        }
        let mut out = Vec::new();
        if self.has(&dir, last) {
            let package = dir.join(last);
            for name in ["__init__.py", "__init__.pyi"] {
                if self.has(&package, name) {
                    out.push(package.join(name));
                }
            }
        }
        for end in ["py", "pyi"] {
            let name = format!("{last}.{end}");
            if self.has(&dir, &name) {
                out.push(dir.join(name));
            }
        }
        out.retain(|path| path.is_file());
        out
    }

    fn has(&mut self, dir: &Path, name: &str) -> bool {
        if !self.listings.contains_key(dir) {
            let entries = std::fs::read_dir(dir).into_iter().flatten();
            let names = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
            self.listings.insert(dir.to_owned(), names);
        }
        let has = self.listings.get(dir).is_some_and(|names| names.contains(std::ffi::OsStr::new(name)));
        if !has {
            self.absent.insert(dir.join(name));
        }
        has
    }
}
