//! One state of a project, for those who read.

use super::files::Files;
use super::overlay::Overlay;
use crate::paths;
use crate::pool;
use crate::problem::Problem;
use crate::structure::Trees;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_analysis::program::Program;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// One state of a project. Cheap to clone; it never changes.
#[derive(Clone)]
pub struct Snapshot {
    revision: u64,
    /// The program and its graph.
    pub analysis: Arc<Analysis>,
    trees: Arc<Trees>,
    /// For each file whether its findings are reported.
    asked: Arc<[bool]>,
    findings: Arc<[OnceLock<Arc<[Finding]>>]>,
    problems: Arc<[Problem]>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(super) fn new(
        revision: u64,
        analysis: Arc<Analysis>,
        overlays: &FxHashMap<PathBuf, Overlay>,
        files: &Files,
    ) -> Self {
        let program = &analysis.world.program;
        let is_asked = |id| files.entry(Path::new(&*program.file(id).path)).is_some_and(|entry| entry.asked);
        let asked = program.ids().map(is_asked).collect();
        let mut trees = Trees::new(program.clone());
        for (path, overlay) in overlays {
            if let Some(file) = program.by_path(&paths::slashed(path)) {
                trees.put(file, overlay.parsed.tree().clone());
            }
        }
        let findings = program.ids().map(|_| OnceLock::new()).collect();
        Self { revision, trees: Arc::new(trees), asked, findings, problems: files.problems.clone(), analysis }
    }

    /// The next state, in which only the texts of `changed` are others.
    pub(super) fn update(
        &self,
        program: Arc<Program>,
        changed: &[FileId],
        overlays: &FxHashMap<PathBuf, Overlay>,
    ) -> Self {
        let (analysis, effort) = pool::install_now(|| self.analysis.update(program.clone(), changed));
        tracing::debug!(?effort, "updated");
        let mut trees = self.trees.after(program, changed);
        for &file in changed {
            if let Some(overlay) = overlays.get(self.path(file)) {
                trees.put(file, overlay.parsed.tree().clone());
            }
        }
        let findings = self.findings.iter().map(|_| OnceLock::new()).collect();
        Self {
            revision: self.revision + 1,
            analysis: Arc::new(analysis),
            trees: Arc::new(trees),
            asked: self.asked.clone(),
            findings,
            problems: self.problems.clone(),
        }
    }

    /// Counts up with each state of the project.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.analysis.world.program
    }

    /// The file at an absolute path.
    pub fn file(&self, path: &Path) -> Option<FileId> {
        self.program().by_path(&paths::slashed(path))
    }

    /// Where a file is, absolute.
    pub fn path(&self, file: FileId) -> &Path {
        Path::new(&*self.program().file(file).path)
    }

    /// The text of a file, as analysed.
    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.program().file(file).text
    }

    /// The files whose findings are reported, in the order of their paths.
    pub fn asked(&self) -> impl Iterator<Item = FileId> + '_ {
        self.program().ids().filter(|file| self.asked[file.index()])
    }

    /// What is wrong in a file, sorted by place; nothing for one whose findings are not reported. Worked out once.
    pub fn findings(&self, file: FileId) -> Arc<[Finding]> {
        let Some(cell) = self.findings.get(file.index()).filter(|_| self.asked[file.index()]) else {
            return Arc::default();
        };
        cell.get_or_init(|| pool::install_now(|| self.analysis.findings_in(file, &*self.trees).into())).clone()
    }

    /// What is wrong with the configuration, and with files that cannot be read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}
