//! The files of a project that stays open: what is on the disk, and what an editor holds in its place.

use super::overlay::Overlay;
use super::{Cancel, Opening};
use crate::config::{Configurations, LastGood, Scope};
use crate::dependencies::{self, Dependencies, Roots, Store};
use crate::discover::{self, Discovery, FoundFile};
use crate::environment::{self, Environment};
use crate::facts_cache::FactsCache;
use crate::load::{Loaded, read, too_large};
use crate::paths;
use crate::pool;
use crate::problem::Problem;
use crate::session::{Progress, extra_paths};
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::program::{Origin, Program, SourceFile};
use asyncwise_analysis::reach::{Ask, LastAsked};
use asyncwise_analysis::settings::Settings;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of files that say how the others are checked, or which there are.
const CONFIGURATION: &[&str] =
    &["asyncwise.toml", "pyproject.toml", "setup.py", "setup.cfg", ".gitignore", ".ignore", "pyvenv.cfg"];

/// A file of the project.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    path: PathBuf,
    name: Arc<str>,
    origin: Origin,
    pub(super) asked: bool,
    /// It is there because something imports it.
    is_reached: bool,
    scope: Arc<Scope>,
    settings: Arc<Settings>,
    /// As on the disk; none where it cannot be read and only an editor knows it.
    disk: Option<Loaded>,
}

impl Entry {
    fn of_disk(loaded: Loaded, scope: Arc<Scope>) -> Self {
        let (path, name, settings) = (loaded.path.clone(), loaded.name.clone(), loaded.settings.clone());
        Self {
            path,
            name,
            origin: loaded.origin,
            asked: loaded.asked,
            is_reached: false,
            scope,
            settings,
            disk: Some(loaded),
        }
    }

    fn of_editor(path: &Path, found: &FoundFile) -> Self {
        Self {
            path: path.to_owned(),
            name: paths::slashed(path).into(),
            origin: Origin::Project,
            asked: found.asked,
            is_reached: false,
            scope: found.scope.clone(),
            settings: found.scope.settings(path),
            disk: None,
        }
    }

    /// Reads it from the disk again; false when it is not there any more.
    pub(super) fn read_again(&mut self) -> bool {
        let found = FoundFile { asked: self.asked, scope: self.scope.clone() };
        let bytes = read(&self.path, self.scope.max_file_size);
        let new = bytes.and_then(|bytes| match &self.disk {
            Some(old) if old.hash == blake3::hash(&bytes) => Ok(old.clone()),
            _ => Loaded::new(&self.path, &found, self.origin, &bytes),
        });
        self.disk = new.inspect_err(|problem| tracing::debug!(problem = problem.text(), "gone")).ok();
        self.disk.is_some()
    }

    /// As a file of the program, with an editor's text before that of the disk.
    pub(super) fn to_program(&self, overlay: Option<&Overlay>) -> SourceFile {
        let (text, facts, is_notebook) = match (overlay, &self.disk) {
            (Some(overlay), _) => (overlay.parsed.text().clone(), overlay.facts.clone(), overlay.is_notebook),
            (None, Some(disk)) => (disk.source.text.clone(), disk.facts().clone(), disk.source.is_notebook()),
            (None, None) => ("".into(), Arc::default(), false),
        };
        let (path, origin, settings) = (self.name.clone(), self.origin, self.settings.clone());
        SourceFile { path, origin, text, facts, is_notebook, settings }
    }
}

/// All files of a project.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    entries: BTreeMap<PathBuf, Entry>,
    roots: Roots,
    /// What was wrong with configuration and files.
    pub(super) problems: Arc<[Problem]>,
    /// Texts of an editor that the configuration leaves out.
    left_out: FxHashSet<PathBuf>,
    dependencies: Option<Dependencies>,
    /// What the text that was edited last asks of modules.
    last_asked: Arc<LastAsked>,
    /// What configuration files said when they were last valid.
    last_good: LastGood,
    /// A change came that only finding the files anew can answer.
    pub(super) is_stale: bool,
}

impl Files {
    /// Finds and reads the files; facts of texts that `old` has are taken from there. None when cancelled.
    pub(super) fn load(
        opening: &Opening,
        overlays: &FxHashMap<PathBuf, Overlay>,
        old: Option<&Files>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Option<Self> {
        progress.begin("Finding files", None);
        let mut files =
            Files { last_good: old.map(|old| old.last_good.clone()).unwrap_or_default(), ..Self::default() };
        let mut configurations = files.configurations(opening);
        let scope = configurations.scope(&opening.root);
        let mut found = discover::discover(configurations, &opening.paths, None);
        files.place_overlays(opening, overlays, &mut found);
        let mut problems = std::mem::take(&mut found.problems);
        problems.extend(unread(overlays, scope.max_file_size, &mut found));
        let environment = files.environment(opening, &scope, &mut problems);
        files.read(&found, overlays, old, progress, cancel, problems)?;
        let settled: Vec<Loaded> = files.entries.values().filter_map(|entry| entry.disk.clone()).collect();
        files.roots =
            Roots { project: found.import_roots.clone(), dependencies: extra_paths(&settled, &found, &scope) };
        files.roots.install(environment, &opening.root);
        progress.begin("Following imports", None);
        files.follow_imports(opening, overlays, scope, old);
        (!cancel.is_cancelled()).then_some(files)
    }

    /// The environment; none for texts alone, beside which no file is looked for.
    fn environment(&self, opening: &Opening, scope: &Scope, problems: &mut Vec<Problem>) -> Option<Environment> {
        if opening.paths.is_empty() {
            return None;
        }
        let near = discover::project_of(&opening.root).unwrap_or(&opening.root);
        let (environment, problem) = environment::find(scope.python.as_ref(), near, &environment::variable);
        problems.extend(problem);
        environment
    }

    /// The longest text that is read, in bytes.
    pub(super) fn limit(&self, opening: &Opening) -> u64 {
        self.configurations(opening).scope(&opening.root).max_file_size
    }

    fn configurations(&self, opening: &Opening) -> Configurations {
        let Opening { root, config, overrides, .. } = opening.clone();
        Configurations::remembering(root, config, overrides, self.last_good.clone())
    }

    /// Editors' texts the walk did not come by: new files are taken in; files on the disk were left out on purpose.
    fn place_overlays(&mut self, opening: &Opening, overlays: &FxHashMap<PathBuf, Overlay>, found: &mut Discovery) {
        let read = overlays.iter().filter(|(_, overlay)| overlay.unread.is_none()).map(|(path, _)| path);
        let fresh = read.filter(|path| !found.files.contains_key(*path));
        let is_walked = !opening.paths.is_empty();
        let (there, new): (Vec<&PathBuf>, Vec<&PathBuf>) = fresh.partition(|path| is_walked && path.exists());
        self.left_out = there.into_iter().cloned().collect();
        let mut configurations = self.configurations(opening);
        for path in new {
            let scope = configurations.scope(path.parent().unwrap_or(path));
            found.files.insert(path.clone(), FoundFile { asked: true, scope });
        }
    }

    fn read(
        &mut self,
        found: &Discovery,
        overlays: &FxHashMap<PathBuf, Overlay>,
        old: Option<&Files>,
        progress: &dyn Progress,
        cancel: &Cancel,
        mut problems: Vec<Problem>,
    ) -> Option<()> {
        progress.begin("Reading files", Some(found.files.len()));
        let all: Vec<(&PathBuf, &FoundFile)> = found.files.iter().collect();
        let results: Vec<Result<Entry, Option<Problem>>> = pool::install(all.len(), || {
            let results = all.into_par_iter().map(|(path, file)| {
                if cancel.is_cancelled() {
                    return Err(None);
                }
                progress.step();
                entry(path, file, overlays.get(path), old).map_err(|problem| file.asked.then_some(problem))
            });
            results.collect()
        });
        for result in results {
            match result {
                Ok(entry) => {
                    self.entries.insert(entry.path.clone(), entry);
                }
                Err(problem) => problems.extend(problem),
            }
        }
        self.problems = problems.into();
        (!cancel.is_cancelled()).then_some(())
    }

    /// Reads what the files import and the walk did not bring.
    fn follow_imports(
        &mut self,
        opening: &Opening,
        overlays: &FxHashMap<PathBuf, Overlay>,
        scope: Arc<Scope>,
        old: Option<&Files>,
    ) {
        let roots = self.roots.to_program();
        let own = self.program(overlays).files;
        let unread = overlays.iter().filter(|(_, overlay)| overlay.unread.is_some()).map(|(path, _)| path);
        let known = self.entries.keys().chain(unread).cloned().collect();
        let mut dependencies = Dependencies::new(&self.roots, known);
        let facts = opening.cache.then(FactsCache::open).flatten();
        let store = Store { roots: &self.roots, scope: &scope, facts: facts.as_ref() };
        let reader = |path: &Path, origin| {
            let same = old.and_then(|old| old.entries.get(path)?.disk.clone());
            let loaded = match same.filter(|same| same.origin == origin) {
                // Without its facts: those before are taken if it is the same.
                Some(same) => {
                    let now = dependencies::load(path, origin, &scope)?;
                    if now.hash == same.hash { same } else { now }
                }
                None => store.load(path, origin)?,
            };
            Some(loaded)
        };
        let new = pool::install(own.len(), || dependencies.complete(&own, &roots, &reader));
        store.keep(&new);
        for loaded in new {
            let entry = Entry { is_reached: true, ..Entry::of_disk(loaded, scope.clone()) };
            self.entries.insert(entry.path.clone(), entry);
        }
        self.dependencies = Some(dependencies);
    }

    /// All files as a program.
    pub(super) fn program(&self, overlays: &FxHashMap<PathBuf, Overlay>) -> Program {
        let entries: Vec<&Entry> = self.entries.values().collect();
        let make = |entry: &&Entry| entry.to_program(overlays.get(&entry.path));
        let files = pool::install(entries.len(), || entries.par_iter().map(make).collect());
        Program::new(files, self.roots.to_program())
    }

    /// A file by its path.
    pub(super) fn entry(&self, path: &Path) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// A file by its path.
    pub(super) fn entry_mut(&mut self, path: &Path) -> Option<&mut Entry> {
        self.entries.get_mut(path)
    }

    /// Whether a path that is no file of the program may change which files are.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        if self.left_out.contains(path) {
            return false;
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let holds_files = || self.entries.range(path.to_owned()..).next().is_some_and(|(at, _)| at.starts_with(path));
        discover::is_python(path) || CONFIGURATION.contains(&name) || holds_files() || path.is_dir()
    }

    /// Whether other files are reached from the project than before some of its files got other texts.
    pub(super) fn reach_others(&self, new: &Program, old: &Program, changed: &[FileId]) -> bool {
        let is_reached =
            |file: &FileId| self.entries.get(Path::new(&*new.file(*file).path)).is_some_and(|e| e.is_reached);
        let Some(dependencies) = &self.dependencies else { return false };
        let is_found = |name: &str| dependencies.has(name);
        let ask = Ask { new, old, last: &self.last_asked, is_found: &is_found };
        let (reached, own): (Vec<FileId>, Vec<FileId>) = changed.iter().partition(|file| is_reached(file));
        // What is used of a dependency hangs on all of its text.
        if reached.is_empty() && ask.is_same(&own) {
            return false;
        }
        let own: Vec<SourceFile> =
            new.ids().filter(|file| !is_reached(file)).map(|file| new.file(file).clone()).collect();
        let reader = |path: &Path, _| self.entries.get(path)?.disk.clone();
        pool::install(new.files.len(), || dependencies.differ(&own, &self.roots.to_program(), &reader))
    }
}

/// Leaves out the files in whose place an editor holds a text that is too long, and says so.
fn unread(overlays: &FxHashMap<PathBuf, Overlay>, limit: u64, found: &mut Discovery) -> Vec<Problem> {
    let too_long = overlays.iter().filter_map(|(path, overlay)| Some((path, overlay.unread.as_ref()?)));
    let left_out = too_long.map(|(path, text)| {
        found.files.remove(path);
        too_large(path, text.len() as u64, limit)
    });
    left_out.collect()
}

fn entry(path: &Path, file: &FoundFile, overlay: Option<&Overlay>, old: Option<&Files>) -> Result<Entry, Problem> {
    let bytes = read(path, file.scope.max_file_size);
    let loaded = bytes.and_then(|bytes| {
        let same = old.and_then(|old| old.entries.get(path)?.disk.clone());
        match same.filter(|same| same.hash == blake3::hash(&bytes)) {
            Some(mut same) => {
                (same.asked, same.settings, same.origin) = (file.asked, file.scope.settings(path), Origin::Project);
                Ok(same)
            }
            None => Loaded::new(path, file, Origin::Project, &bytes),
        }
    });
    match (loaded, overlay) {
        (Ok(loaded), None) => {
            loaded.facts();
            Ok(Entry::of_disk(loaded, file.scope.clone()))
        }
        (Ok(loaded), Some(_)) => Ok(Entry::of_disk(loaded, file.scope.clone())),
        (Err(_), Some(_)) => Ok(Entry::of_editor(path, file)),
        (Err(problem), None) => Err(problem),
    }
}
