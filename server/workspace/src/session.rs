//! One run: find, read, analyse, report.

use crate::cache::{self, Cache};
use crate::config::{Configurations, Overrides, Scope, Source as ConfigSource};
use crate::dependencies::{Dependencies, Roots, Store};
use crate::discover::{self, Discovery, FoundFile};
use crate::environment;
use crate::facts_cache::FactsCache;
use crate::load::{Loaded, read};
use crate::pool;
use crate::problem::Problem;
use crate::source::Source;
use crate::structure::Trees;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::audit::Audit;
use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_analysis::program::{Origin, Program, SourceFile};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The directory relative paths start from, absolute.
    pub cwd: PathBuf,
    /// Files and directories, absolute.
    pub paths: Vec<PathBuf>,
    /// A text in place of a file: the absolute path it stands for, and its bytes.
    pub text: Option<(PathBuf, Vec<u8>)>,
    /// Where the configuration comes from.
    pub config: ConfigSource,
    /// What overrides it.
    pub overrides: Overrides,
    /// Whether findings of an earlier run may be used, and are kept for the next.
    pub cache: bool,
}

/// Told how far a run is.
pub trait Progress: Sync {
    /// A part of the work begins; it has so many steps, where that is known.
    fn begin(&self, what: &'static str, steps: Option<usize>);
    /// A step is done.
    fn step(&self);
}

/// Tells nobody.
#[derive(Copy, Clone, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: Option<usize>) {}
    fn step(&self) {}
}

/// A file of a report.
#[derive(Clone, Debug)]
pub struct ReportFile {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// Its text.
    pub source: Source,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files, by the ids in the findings.
    pub files: Vec<ReportFile>,
    /// What is wrong in the files that were asked for, sorted.
    pub findings: Vec<Finding>,
    /// What went wrong on the way.
    pub problems: Vec<Problem>,
    /// How many files were checked.
    pub checked: usize,
}

/// The files of a run, read and ready.
#[derive(Debug)]
pub struct Session {
    pub(crate) files: Vec<Loaded>,
    pub(crate) problems: Vec<Problem>,
    roots: Roots,
    scope: Arc<Scope>,
    cache: Option<Cache>,
    facts: Option<FactsCache>,
    /// Files that were read because something imports them: indices into `files`.
    demanded: Vec<usize>,
}

impl Session {
    /// Finds and reads the files. Whatever cannot be found or read is a problem in the report.
    pub fn open(request: Request, progress: &dyn Progress) -> Self {
        let mut configurations =
            Configurations::new(request.cwd.clone(), request.config.clone(), request.overrides.clone());
        let scope = configurations.scope(start(&request));
        let given = request.text.as_ref().map(|(path, _)| path.as_path());
        progress.begin("Finding files", None);
        let mut found = discover::discover(configurations, &request.paths, given);
        let mut problems = std::mem::take(&mut found.problems);
        let (files, failed) = pool::install(found.files.len(), || read_files(&found, request.text.as_ref(), progress));
        problems.extend(failed);
        let cache = if request.cache { Cache::new(found.project.as_deref(), &words(&request)) } else { None };
        let mut dependencies = extra_paths(&files, &found, &scope);
        problems.extend(dependencies.iter().filter_map(|dir| missing_directory(dir, &request.overrides)));
        let near = found.project.as_deref().unwrap_or(start(&request));
        let (environment, problem) = environment::find(scope.python.as_ref(), near, &environment::variable);
        problems.extend(problem);
        let mut roots = Roots { project: found.import_roots, dependencies: Vec::new() };
        roots.dependencies.append(&mut dependencies);
        roots.install(environment, near);
        tracing::info!(files = files.len(), ?roots, "read");
        let facts = request.cache.then(FactsCache::open).flatten();
        Self { files, problems, roots, scope, cache, facts, demanded: Vec::new() }
    }

    /// Checks the files.
    pub fn check(&mut self, progress: &dyn Progress) -> Report {
        let Some(cache) = self.cache.take() else {
            let findings = self.analyse(progress).0;
            return self.report(findings);
        };
        let key = cache::key(&self.files, &self.roots);
        if let Some(hit) = cache.load(&key, &self.scope)
            && let Some(findings) = self.use_cached(hit)
        {
            tracing::info!("nothing has changed since the last run: its findings are used");
            return self.report(findings);
        }
        let (findings, absent) = self.analyse(progress);
        // What could not be parsed is said every time, so such a run is not kept.
        if self.unparsed().is_empty() {
            cache.store(key, &self.files, &absent, &self.demanded, &findings);
        }
        self.report(findings)
    }

    fn use_cached(&mut self, mut hit: cache::Hit) -> Option<Vec<Finding>> {
        let own = self.files.clone();
        self.add(std::mem::take(&mut hit.loaded));
        let findings = hit.findings(&self.files);
        if findings.is_none() {
            self.files = own;
            self.demanded.clear();
        }
        findings
    }

    /// The findings in the files that were asked for, and the paths where a module was looked for in vain.
    pub(crate) fn analyse(&mut self, progress: &dyn Progress) -> (Vec<Finding>, Vec<PathBuf>) {
        pool::install(self.files.len(), || self.analyse_here(progress))
    }

    /// The report of the project's async health, about the files that were asked for. Findings of earlier runs are of no use
    /// to it.
    pub fn audit(&mut self, progress: &dyn Progress) -> (Report, Audit) {
        let audit = pool::install(self.files.len(), || {
            let (program, _) = self.program(progress);
            progress.begin("Checking", None);
            let analysis = Analysis::new(program.clone());
            let mut findings = analysis.findings(&Trees::new(program));
            let is_asked = |file: FileId| self.files.get(file.index()).is_some_and(|file| file.asked);
            findings.retain(|finding| is_asked(finding.place.file));
            progress.begin("Taking stock", None);
            asyncwise_analysis::audit::audit(&analysis, &findings, &is_asked)
        });
        let findings = audit.risks.iter().map(|risk| risk.finding.clone()).collect();
        (self.report(findings), audit)
    }

    fn analyse_here(&mut self, progress: &dyn Progress) -> (Vec<Finding>, Vec<PathBuf>) {
        let start = Instant::now();
        let (program, absent) = self.program(progress);
        progress.begin("Checking", None);
        let mut findings = asyncwise_analysis::check(program.clone(), &Trees::new(program));
        findings.retain(|finding| self.files.get(finding.place.file.index()).is_some_and(|file| file.asked));
        tracing::info!(milliseconds = start.elapsed().as_millis(), findings = findings.len(), "checked");
        (findings, absent)
    }

    /// The program with what it imports, and the paths where a module was looked for in vain.
    fn program(&mut self, progress: &dyn Progress) -> (Arc<Program>, Vec<PathBuf>) {
        let start = Instant::now();
        progress.begin("Reading code", Some(self.files.len()));
        self.files.par_iter().for_each(|file| {
            file.facts();
            progress.step();
        });
        tracing::info!(milliseconds = start.elapsed().as_millis(), "facts of all files");
        let unparsed = self.unparsed();
        self.problems.extend(unparsed.into_iter().filter(|p| !self.problems.contains(p)).collect::<Vec<_>>());
        progress.begin("Following imports", None);
        let roots = self.roots.to_program();
        let own: Vec<SourceFile> = self.files.iter().map(Loaded::to_program).collect();
        let known = self.files.iter().map(|file| file.path.clone()).collect();
        let mut dependencies = Dependencies::new(&self.roots, known);
        let store = Store { roots: &self.roots, scope: &self.scope, facts: self.facts.as_ref() };
        let new = dependencies.complete(&own, &roots, &|path, origin| store.load(path, origin));
        tracing::info!(milliseconds = start.elapsed().as_millis(), files = new.len(), "dependencies");
        store.keep(&new);
        self.add(new);
        let program = Arc::new(Program::new(self.files.iter().map(Loaded::to_program).collect(), roots));
        tracing::info!(milliseconds = start.elapsed().as_millis(), files = self.files.len(), "program");
        (program, dependencies.absent())
    }

    /// For each file that was asked for and is not Python from end to end: where that begins.
    fn unparsed(&self) -> Vec<Problem> {
        let broken = |file: &&Loaded| file.asked && !file.facts().errors.is_empty();
        let problem = |file: &Loaded| {
            let start = file.facts().errors[0].start as usize;
            let problem = Problem::warning(&file.path, "cannot be parsed here, so the code around is not checked");
            if file.source.is_notebook() { problem } else { problem.at(&file.source.text, start) }
        };
        self.files.iter().filter(broken).map(problem).collect()
    }

    /// Takes in files that were read on demand. The order stays that of the program: by name.
    fn add(&mut self, new: Vec<Loaded>) {
        let mut demanded: FxHashSet<PathBuf> = self.demanded.iter().map(|i| self.files[*i].path.clone()).collect();
        demanded.extend(new.iter().map(|file| file.path.clone()));
        self.files.extend(new);
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        let is_demanded = |i: &usize| demanded.contains(&self.files[*i].path);
        self.demanded = (0..self.files.len()).filter(is_demanded).collect();
    }

    pub(crate) fn report(&self, findings: Vec<Finding>) -> Report {
        let files = self.files.iter();
        let mut problems = self.problems.clone();
        problems.sort_by(|a, b| (&a.path, a.position, &a.message).cmp(&(&b.path, b.position, &b.message)));
        problems.dedup();
        Report {
            files: files.map(|file| ReportFile { path: file.path.clone(), source: file.source.clone() }).collect(),
            findings,
            problems,
            checked: self.files.iter().filter(|file| file.asked).count(),
        }
    }
}

/// Where the configuration that holds for what was asked is looked for first.
fn start(request: &Request) -> &Path {
    let first = request.paths.first().or(request.text.as_ref().map(|(path, _)| path));
    match first {
        Some(path) if path.is_dir() => path,
        Some(path) => path.parent().unwrap_or(path),
        None => &request.cwd,
    }
}

/// What tells one kind of run from another, so that they do not overwrite each other's cache.
fn words(request: &Request) -> Vec<String> {
    let paths = request.paths.iter().chain(request.text.as_ref().map(|(path, _)| path));
    let mut words: Vec<String> = paths.map(|path| path.to_string_lossy().into_owned()).collect();
    words.push(format!("{:?}{:?}", request.config, request.overrides));
    words
}

/// A dependency directory that is not there: an error where the command line names it, as no run could do what it says.
fn missing_directory(dir: &Path, overrides: &Overrides) -> Option<Problem> {
    if dir.is_dir() {
        return None;
    }
    let message = "is not a directory, so no packages are read from it";
    Some(match overrides.extra_paths.iter().any(|path| path == dir) {
        true => Problem::error(dir, message).advise("check `--extra-path`"),
        false => Problem::warning(dir, message).advise("check `extra-paths`"),
    })
}

/// The dependency directories of all configurations, in order, each once.
pub(crate) fn extra_paths(files: &[Loaded], found: &Discovery, scope: &Arc<Scope>) -> Vec<PathBuf> {
    let scopes = files.iter().filter_map(|file| found.files.get(&file.path)).map(|file| &file.scope);
    let mut out: Vec<PathBuf> = Vec::new();
    let mut last: Option<*const Scope> = None;
    for scope in std::iter::once(scope).chain(scopes) {
        if last == Some(Arc::as_ptr(scope)) {
            continue;
        }
        last = Some(Arc::as_ptr(scope));
        for path in &scope.extra_paths {
            if !out.contains(path) {
                out.push(path.clone());
            }
        }
    }
    out
}

/// Reads and decodes; in the order of the program, by name.
fn read_files(
    found: &Discovery,
    text: Option<&(PathBuf, Vec<u8>)>,
    progress: &dyn Progress,
) -> (Vec<Loaded>, Vec<Problem>) {
    progress.begin("Reading files", Some(found.files.len()));
    let files: Vec<(&PathBuf, &FoundFile)> = found.files.iter().collect();
    let results: Vec<Result<Loaded, (bool, Problem)>> = files
        .into_par_iter()
        .map(|(path, file)| {
            let bytes = match text {
                Some((given, bytes)) if given == path => Ok(bytes.clone()),
                _ => read(path, file.scope.max_file_size),
            };
            progress.step();
            bytes
                .and_then(|bytes| Loaded::new(path, file, Origin::Project, &bytes))
                .map_err(|problem| (file.asked, problem))
        })
        .collect();
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(file) => files.push(file),
            Err((true, problem)) => problems.push(problem),
            Err((false, problem)) => {
                tracing::debug!(path = %problem.path.display(), problem = problem.text(), "left out")
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    (files, problems)
}
