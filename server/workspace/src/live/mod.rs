//! A project that stays open: its files, the texts an editor holds in their place, and its analysis kept current.
//!
//! One owner changes a [`Project`]; whoever reads holds a [`Snapshot`], which never changes. The findings of a snapshot are
//! those that a check of the same texts gives.

mod files;
mod overlay;
mod snapshot;

pub use snapshot::Snapshot;

use crate::config::{Overrides, Source as ConfigSource};
use crate::pool;
use crate::session::Progress;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::program::SourceFile;
use files::Files;
use overlay::Overlay;
use rustc_hash::FxHashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a project is opened with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// The directory relative paths and configured patterns start from, absolute.
    pub root: PathBuf,
    /// What is checked, absolute: the directory of a workspace folder, or one file. Nothing is walked for a file that lies in
    /// no project. Without any, the texts that an editor holds are checked, and no other file is looked for.
    pub paths: Vec<PathBuf>,
    /// Where the configuration comes from.
    pub config: ConfigSource,
    /// What overrides it.
    pub overrides: Overrides,
    /// Whether facts of dependencies that earlier runs left may be used, and are kept for later ones.
    pub cache: bool,
}

/// Something that happened to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An editor holds this text in the file's place. Of a notebook, it is the code of its cells as one module.
    Text {
        /// The file, absolute; it need not be there.
        path: PathBuf,
        /// All of the text.
        text: Arc<str>,
        /// Its cells run on a running loop.
        is_notebook: bool,
    },
    /// No editor holds a text for it any more: what is on the disk counts.
    Closed(PathBuf),
    /// It was made, changed or deleted on the disk. A directory stands for all in it.
    Disk(PathBuf),
}

/// Ends a long piece of work early.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for the end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A project that stays open.
#[derive(Debug)]
pub struct Project {
    opening: Opening,
    files: Files,
    overlays: FxHashMap<PathBuf, Overlay>,
    /// The longest text that is read, in bytes.
    limit: u64,
    snapshot: Snapshot,
}

impl Project {
    /// Finds, reads and analyses the files, with the given texts ([`Change::Text`]) in the place of what is on the disk.
    /// None when it was cancelled.
    pub fn open(opening: Opening, texts: Vec<Change>, progress: &dyn Progress, cancel: &Cancel) -> Option<Self> {
        let limit = Files::default().limit(&opening);
        let mut overlays = FxHashMap::default();
        for change in texts {
            if let Change::Text { path, text, is_notebook } = change {
                overlays.insert(path, Overlay::new(text, is_notebook, limit));
            }
        }
        let (files, snapshot) = load(&opening, &overlays, None, progress, cancel)?;
        Some(Self { opening, files, overlays, limit, snapshot })
    }

    /// The current state.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What it was opened with.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Takes changes in. Where only texts of known files change, only what depends on them is worked out again; otherwise
    /// the files are found anew. When that is cancelled the changes count, but the snapshot stays the one before; the
    /// next call makes up for it.
    pub fn update(&mut self, changes: Vec<Change>, progress: &dyn Progress, cancel: &Cancel) {
        let mut touched = Vec::new();
        for change in changes {
            self.note(change, &mut touched);
        }
        touched.sort();
        touched.dedup();
        if self.files.is_stale || !self.refresh(&touched) {
            self.reload(progress, cancel);
        }
    }

    /// Puts another configuration in place.
    pub fn configure(&mut self, opening: Opening, progress: &dyn Progress, cancel: &Cancel) {
        self.opening = opening;
        self.reload(progress, cancel);
    }

    /// Finds and reads everything anew; facts of texts that are as before are kept.
    pub fn reload(&mut self, progress: &dyn Progress, cancel: &Cancel) {
        self.files.is_stale = true;
        self.limit = self.files.limit(&self.opening);
        self.overlays.values_mut().for_each(|overlay| overlay.limit(self.limit));
        if let Some((files, snapshot)) =
            load(&self.opening, &self.overlays, Some((&self.files, &self.snapshot)), progress, cancel)
        {
            self.files = files;
            self.snapshot = snapshot;
        }
    }

    /// Makes up, when there is time, for what incremental parses of texts with errors may have missed.
    pub fn settle(&mut self) {
        let broken = self.overlays.iter_mut().filter_map(|(path, overlay)| overlay.verify().then(|| path.clone()));
        let touched: Vec<PathBuf> = broken.collect();
        if !touched.is_empty() && !self.refresh(&touched) {
            self.files.is_stale = true;
        }
    }

    fn note(&mut self, change: Change, touched: &mut Vec<PathBuf>) {
        match change {
            Change::Text { path, text, is_notebook } => {
                let limit = self.limit;
                let was_unread = self.overlays.get(&path).is_some_and(|overlay| overlay.unread.is_some());
                let is_unread = text.len() as u64 > limit;
                match self.overlays.get_mut(&path) {
                    Some(overlay) if overlay.is_notebook == is_notebook => overlay.replace(text, limit),
                    _ => {
                        self.overlays.insert(path.clone(), Overlay::new(text, is_notebook, limit));
                    }
                }
                if !(was_unread && is_unread) {
                    touched.push(path);
                }
            }
            Change::Closed(path) => {
                if self.overlays.remove(&path).is_some() {
                    touched.push(path);
                }
            }
            Change::Disk(path) => touched.push(path),
        }
    }

    /// Works out again what depends on the files at these paths; false when the set of files may be another.
    fn refresh(&mut self, touched: &[PathBuf]) -> bool {
        let mut replaced: Vec<(FileId, SourceFile)> = Vec::new();
        for path in touched {
            let Some(id) = self.snapshot.file(path) else {
                if self.files.concerns(path) {
                    return false;
                }
                continue;
            };
            let Some(entry) = self.files.entry_mut(path) else { return false };
            let overlay = self.overlays.get(path);
            if overlay.is_some_and(|overlay| overlay.unread.is_some()) {
                return false;
            }
            if overlay.is_none() && !entry.read_again() {
                return false;
            }
            let new = entry.to_program(overlay);
            let old = self.snapshot.program().file(id);
            if *new.text != *old.text || new.is_notebook != old.is_notebook {
                replaced.push((id, new));
            }
        }
        if replaced.is_empty() {
            return true;
        }
        let changed: Vec<FileId> = replaced.iter().map(|(id, _)| *id).collect();
        let program = Arc::new(self.snapshot.program().replace(replaced));
        if self.files.reach_others(&program, self.snapshot.program(), &changed) {
            return false;
        }
        self.snapshot = self.snapshot.update(program, &changed, &self.overlays);
        true
    }
}

fn load(
    opening: &Opening,
    overlays: &FxHashMap<PathBuf, Overlay>,
    old: Option<(&Files, &Snapshot)>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Option<(Files, Snapshot)> {
    let files = Files::load(opening, overlays, old.map(|(files, _)| files), progress, cancel)?;
    progress.begin("Checking", None);
    let program = Arc::new(files.program(overlays));
    if cancel.is_cancelled() {
        return None;
    }
    let analysis = Arc::new(pool::install(program.files.len(), || Analysis::open(program)));
    let revision = old.map_or(0, |(_, snapshot)| snapshot.revision() + 1);
    let snapshot = Snapshot::new(revision, analysis, overlays, &files);
    Some((files, snapshot))
}
