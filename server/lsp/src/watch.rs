//! Notices that files changed where the client does not say so: after a save, and while it asks for things.

use crate::engine::View;
use crate::projects::Folder;
use crate::session::Session;
use asyncwise_analysis::program::Origin;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

/// How often files are looked at while the client asks for things.
const PERIOD: Duration = Duration::from_secs(5);
/// Files that say how the others are checked.
const CONFIGURATION: [&str; 2] = ["asyncwise.toml", "pyproject.toml"];

/// What the client does.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    is_active: AtomicBool,
    saved: Notify,
}

impl Activity {
    /// It asked for something.
    pub(crate) fn asked(&self) {
        self.is_active.store(true, Ordering::Relaxed);
    }

    /// It saved something, and other programs may have been told to look at it.
    pub(crate) fn saved(&self) {
        self.saved.notify_one();
    }
}

/// What is known of the files on the disk.
struct Seen {
    /// When nothing was known yet: what is younger has changed since it was read.
    begun: SystemTime,
    files: FxHashMap<PathBuf, Option<(SystemTime, u64)>>,
    /// Directories, and what is in them that is not read.
    dirs: FxHashMap<PathBuf, (Option<SystemTime>, FxHashSet<PathBuf>)>,
}

/// Looks until the session ends.
pub(crate) async fn run(session: Arc<Session>) {
    let mut seen = Seen { begun: SystemTime::now(), files: FxHashMap::default(), dirs: FxHashMap::default() };
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = session.activity.saved.notified() => {}
            _ = ticks.tick() => {
                if !session.activity.is_active.swap(false, Ordering::Relaxed) {
                    continue;
                }
            }
        }
        let folders = session.folders();
        let looked = session.compute(move || {
            for folder in folders {
                look(&folder, &mut seen);
            }
            seen
        });
        match looked.await {
            Ok(back) => seen = back,
            Err(_) => return,
        }
    }
}

/// Tells a project what changed on the disk since the last look.
fn look(folder: &Folder, seen: &mut Seen) {
    let Some(view) = folder.latest().filter(|view| !view.is_provisional) else { return };
    for path in changes(&folder.root, &view, seen) {
        info!(path = %path.display(), "changed on the disk");
        folder.disk(path);
    }
}

fn changes(root: &Path, view: &View, seen: &mut Seen) -> Vec<PathBuf> {
    let program = view.snapshot.program();
    let own = program.ids().filter(|file| program.file(*file).origin == Origin::Project);
    let files: FxHashSet<PathBuf> = own.map(|file| view.snapshot.path(file).to_owned()).collect();
    let mut dirs: FxHashSet<&Path> = FxHashSet::default();
    for file in &files {
        dirs.extend(file.ancestors().skip(1).take_while(|dir| dir.starts_with(root)));
    }
    dirs.insert(root);
    let configuration =
        dirs.iter().copied().chain(root.ancestors()).flat_map(|dir| CONFIGURATION.map(|name| dir.join(name)));
    let configuration: FxHashSet<PathBuf> = configuration.collect();
    let mut changed = Vec::new();
    for path in files.iter().chain(&configuration) {
        let now = std::fs::metadata(path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        let is_news = match seen.files.insert(path.clone(), now) {
            Some(before) => before != now,
            None => now.is_some_and(|(modified, _)| modified > seen.begun),
        };
        if is_news {
            changed.push(path.clone());
        }
    }
    for dir in dirs {
        changed.extend(seen.new_entries(dir, &files));
    }
    changed
}

impl Seen {
    /// What has come into a directory since it was looked at last, and may be or hold Python.
    fn new_entries(&mut self, dir: &Path, known: &FxHashSet<PathBuf>) -> Vec<PathBuf> {
        let modified = std::fs::metadata(dir).ok().and_then(|meta| meta.modified().ok());
        let is_first = !self.dirs.contains_key(dir);
        let (last, others) = self.dirs.entry(dir.to_owned()).or_default();
        if !is_first && *last == modified {
            return Vec::new();
        }
        *last = modified;
        let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let may_matter = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_hidden = name.starts_with('.') || name == "__pycache__";
            !is_hidden
                && (path.extension().is_some_and(|end| end == "py" || end == "pyi" || end == "ipynb") || path.is_dir())
        };
        let new = entries.filter(|path| !known.contains(path) && may_matter(path));
        let new: Vec<PathBuf> = new.filter(|path| others.insert(path.clone())).collect();
        let is_late = modified.is_some_and(|modified| modified > self.begun);
        let is_young = |path: &PathBuf| {
            let made = std::fs::metadata(path).and_then(|meta| meta.modified());
            made.is_ok_and(|made| made > self.begun)
        };
        // At the first look, what was there when the project was read was left out on purpose.
        if is_first { new.into_iter().filter(|path| is_late && is_young(path)).collect() } else { new }
    }
}
