//! All files of a check, and how modules find each other.

use crate::finding::FileId;
use crate::settings::Settings;
use asyncwise_syntax::facts::FileFacts;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, LazyLock};

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
    /// `setup.py` or `setup.cfg`, and their `src`. The directory of relative paths is written as the empty string.
    pub project: Vec<String>,
    /// Directories of dependencies, in order.
    pub dependencies: Vec<String>,
}

/// What a dotted module name stands for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Module {
    /// A file of the program.
    File(FileId),
    /// A directory without `__init__.py` (PEP 420): its path.
    Namespace(Arc<str>),
    /// Nothing in the program.
    External,
}

/// The program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The files, by [`FileId`]; in the order of their paths.
    pub files: Vec<SourceFile>,
    paths: Arc<Paths>,
}

/// What follows from the paths of the files.
#[derive(Clone, Debug, Default)]
struct Paths {
    roots: SearchRoots,
    by_path: FxHashMap<Arc<str>, FileId>,
    directories: FxHashSet<Arc<str>>,
    names: Vec<String>,
}

static STDLIB: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    include_str!("../../../queries/knowledge/stdlib.txt").lines().filter(|l| !l.starts_with('#')).collect()
});

/// Whether `name` is a top-level module of the standard library.
pub fn is_standard_library(name: &str) -> bool {
    STDLIB.contains(name)
}

impl Program {
    /// A program from its files, in any order; they are sorted by path.
    pub fn new(mut files: Vec<SourceFile>, roots: SearchRoots) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut by_path = FxHashMap::default();
        let mut directories: FxHashSet<Arc<str>> = FxHashSet::default();
        for (i, file) in files.iter().enumerate() {
            by_path.insert(file.path.clone(), FileId(i as u32));
            let mut at = parent(&file.path);
            while !at.is_empty() && directories.insert(at.into()) {
                at = parent(at);
            }
        }
        let paths = Paths { roots, by_path, directories, names: Vec::new() };
        let mut program = Self { files, paths: Arc::new(paths) };
        let names = program.ids().map(|id| program.make_name(id)).collect();
        Arc::make_mut(&mut program.paths).names = names;
        program
    }

    /// The same program with other texts in some files, which keep their paths.
    pub fn replace(&self, files: Vec<(FileId, SourceFile)>) -> Self {
        let mut program = self.clone();
        for (id, file) in files {
            debug_assert_eq!(program.files[id.index()].path, file.path, "ids are given by path");
            program.files[id.index()] = file;
        }
        program
    }

    /// A file.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.index()]
    }

    /// The facts of a file.
    pub fn facts(&self, id: FileId) -> &FileFacts {
        &self.files[id.index()].facts
    }

    /// All files by id.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    /// The dotted name of a file's module.
    pub fn module_name(&self, id: FileId) -> &str {
        &self.paths.names[id.index()]
    }

    /// A file's path from the folder that its module is imported from.
    pub fn import_path(&self, id: FileId) -> &str {
        let path = &self.file(id).path;
        let names = self.module_name(id).split('.').count() + usize::from(self.is_package(id));
        let start = path.rmatch_indices('/').nth(names - 1).map_or(0, |(at, _)| at + 1);
        &path[start..]
    }

    /// The file with this path.
    pub fn by_path(&self, path: &str) -> Option<FileId> {
        self.paths.by_path.get(path).copied()
    }

    /// Whether a file is a package's `__init__`.
    pub fn is_package(&self, id: FileId) -> bool {
        stem(&self.file(id).path) == "__init__"
    }

    /// The module that `dotted` names in `from`; `level` counts leading dots. Lookup follows the import system (search
    /// path in order, packages before modules, then namespace packages); the search path is: the directory that holds
    /// the importing file's package, the project's roots, the importing file's own directory, the dependencies.
    pub fn resolve(&self, from: FileId, dotted: &str, level: u32) -> Module {
        if level > 0 {
            let mut base = parent(&self.file(from).path);
            for _ in 1..level {
                base = parent(base);
            }
            return self.under(base, dotted);
        }
        let first = dotted.split('.').next().unwrap_or_default();
        let mut namespace = None;
        for root in self.search_path(from, is_standard_library(first)) {
            match self.under(root, dotted) {
                Module::External => {}
                Module::Namespace(n) => namespace = namespace.or(Some(n)),
                found => return found,
            }
        }
        if let Some(stub) = self.stub(dotted) {
            return Module::File(stub);
        }
        namespace.map_or(Module::External, Module::Namespace)
    }

    /// A module of a stub package (PEP 561): only where there is no source, which says more.
    fn stub(&self, dotted: &str) -> Option<FileId> {
        let path = stub_path(dotted);
        self.paths.roots.dependencies.iter().find_map(|root| match self.under(root, &path) {
            Module::File(file) => Some(file),
            _ => None,
        })
    }

    /// The module `name` inside the package or namespace `of`.
    pub fn submodule(&self, of: &Module, name: &str) -> Module {
        match of {
            Module::File(f) if self.is_package(*f) => self.under(parent(&self.file(*f).path), name),
            Module::Namespace(dir) => match self.under(dir, name) {
                Module::External => self.portion(dir, name),
                found => found,
            },
            _ => Module::External,
        }
    }

    /// A module in another portion (PEP 420) of the namespace package at `dir`.
    fn portion(&self, dir: &str, name: &str) -> Module {
        let roots = || self.paths.roots.project.iter().chain(&self.paths.roots.dependencies);
        let around = roots().filter(|root| within(dir, root));
        let inside = around.map(|root| dir[root.len()..].trim_start_matches('/'));
        let Some(package) = inside.min_by_key(|rest| rest.len()) else { return Module::External };
        let mut found = roots().map(|root| self.under(&join(root, package), name));
        found.find(|module| *module != Module::External).unwrap_or(Module::External)
    }

    /// The dotted path outside the program that a relative or absolute import names.
    pub fn external_name(&self, from: FileId, dotted: &str, level: u32) -> String {
        if level == 0 {
            return dotted.to_owned();
        }
        let mut base = self.module_name(from).split('.').collect::<Vec<_>>();
        let drop = level as usize - usize::from(self.is_package(from));
        base.truncate(base.len().saturating_sub(drop));
        if !dotted.is_empty() {
            base.push(dotted);
        }
        base.join(".")
    }

    fn search_path(&self, from: FileId, standard: bool) -> Vec<&str> {
        let path = &self.file(from).path;
        let own = self.import_root(path);
        let mut roots = vec![own];
        // A standard module is shadowed only by a file on the real search path, not by one that lies beside.
        if standard && own == parent(path) && !self.paths.roots.project.iter().any(|r| r == own) {
            roots.clear();
        }
        let covers = |root: &&String| within(path, root);
        roots.extend(self.paths.roots.project.iter().filter(covers).map(String::as_str));
        roots.extend(self.paths.roots.project.iter().filter(|r| !within(path, r)).map(String::as_str));
        if !standard {
            roots.push(parent(path));
        }
        roots.extend(self.paths.roots.dependencies.iter().map(String::as_str));
        roots
    }

    /// The directory that holds the outermost regular package around `path`.
    fn import_root<'a>(&self, path: &'a str) -> &'a str {
        let mut dir = parent(path);
        while !dir.is_empty() && self.has_init(dir) {
            dir = parent(dir);
        }
        dir
    }

    fn has_init(&self, dir: &str) -> bool {
        self.probe(&join(dir, "__init__.py")).is_some() || self.probe(&join(dir, "__init__.pyi")).is_some()
    }

    fn probe(&self, path: &str) -> Option<FileId> {
        self.paths.by_path.get(path).copied()
    }

    fn under(&self, dir: &str, dotted: &str) -> Module {
        let base = join(dir, &dotted.replace('.', "/"));
        let base = base.trim_end_matches('/');
        for tail in ["/__init__.py", ".py", "/__init__.pyi", ".pyi"] {
            let candidate =
                if base.is_empty() { tail.trim_start_matches('/').to_owned() } else { format!("{base}{tail}") };
            if let Some(file) = self.probe(&candidate) {
                return Module::File(file);
            }
        }
        match self.paths.directories.get(base) {
            Some(dir) => Module::Namespace(dir.clone()),
            None => Module::External,
        }
    }

    fn make_name(&self, id: FileId) -> String {
        let path = &self.file(id).path;
        let own = self.import_root(path);
        let root = if own == parent(path) && !self.is_package(id) {
            let all = self.paths.roots.project.iter().chain(&self.paths.roots.dependencies);
            all.filter(|r| within(path, r)).max_by_key(|r| r.len()).map_or(own, String::as_str)
        } else {
            own
        };
        let rest = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
        let rest = rest.rsplit_once('.').map_or(rest, |(head, _)| head);
        let rest = rest.strip_suffix("/__init__").unwrap_or(rest);
        let name = rest.replace('/', ".");
        match name.split_once("-stubs") {
            Some((package, rest)) if self.file(id).origin == Origin::Dependency => format!("{package}{rest}"),
            _ => name,
        }
    }
}

/// Where a stub package has a module: `a-stubs.b` for `a.b`.
pub fn stub_path(dotted: &str) -> String {
    let (first, rest) = dotted.split_at(dotted.find('.').unwrap_or(dotted.len()));
    format!("{first}-stubs{rest}")
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) if path.len() > 1 => "/",
        Some(i) => &path[..i],
        None => "",
    }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn join(dir: &str, rest: &str) -> String {
    match dir {
        "" => rest.to_owned(),
        d if d.ends_with('/') => format!("{d}{rest}"),
        d => format!("{d}/{rest}"),
    }
}

fn within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| dir.ends_with('/') || rest.starts_with('/'))
}
