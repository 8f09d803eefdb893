//! The projects of a session: one for each workspace folder, and one for what lies around a document outside of them.

use crate::engine::{Engine, Job, Modules, Reporter, View};
use crate::module::Module;
use crate::settings::{DiagnosticMode, Settings};
use asyncwise_workspace::discover::project_of;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tower_lsp::ls_types::Uri;

/// How long a request waits for the analysis to come to its text.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which files a project consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A workspace folder, all of it.
    Folder {
        /// As the client writes it.
        uri: Uri,
    },
    /// The project around a document that lies in no workspace folder.
    Around,
    /// Single files of a directory that belongs to no project.
    Files {
        /// Nothing else is looked for: the project around is too wide to be walked.
        is_alone: bool,
    },
    /// Texts without a file.
    Untitled,
}

/// For a bug report.
impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Folder { .. } => "workspace folder",
            Self::Around => "around an open file",
            Self::Files { is_alone: false } => "single files and what they import",
            Self::Files { is_alone: true } => "single files, as the project around is too wide",
            Self::Untitled => "texts without a file",
        })
    }
}

/// A project and the threads that work on it.
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
    pub(crate) kind: Kind,
    inner: Mutex<Inner>,
    settings: RwLock<Arc<Settings>>,
}

struct Inner {
    /// The last ticket that was given out.
    ticket: u64,
    /// Knows the open texts only, and answers until the index is there.
    first: Option<Arc<Engine>>,
    index: Arc<Engine>,
    /// The open texts.
    modules: Modules,
}

/// A state that a request has to see.
pub(crate) struct Awaited {
    ticket: u64,
    first: Option<Arc<Engine>>,
    index: Arc<Engine>,
}

impl Folder {
    /// Starts to work on a project.
    pub(crate) fn open(
        root: PathBuf,
        kind: Kind,
        settings: Arc<Settings>,
        modules: Modules,
        reporter: Reporter,
    ) -> Arc<Self> {
        let paths = checked(&root, &kind, &modules);
        let opening = settings.opening(&root, paths);
        let first = matches!(kind, Kind::Folder { .. } | Kind::Around).then(|| {
            let alone = settings.opening(&root, Vec::new());
            let silent: Reporter = Arc::new(|_| Box::new(asyncwise_workspace::session::Silent));
            Arc::new(Engine::start(alone, modules.clone(), true, silent))
        });
        let index = Arc::new(Engine::start(opening, modules.clone(), false, reporter));
        let inner = Mutex::new(Inner { ticket: 0, first, index, modules });
        Arc::new(Self { root, kind, inner, settings: RwLock::new(settings) })
    }

    /// Whether all of it is checked, and not only what is open.
    pub(crate) fn is_workspace(&self) -> bool {
        matches!(self.kind, Kind::Folder { .. })
    }

    /// Whether the findings of files that are not open are shown.
    pub(crate) fn shows_all(&self) -> bool {
        self.is_workspace() && self.settings().diagnostic_mode == DiagnosticMode::Workspace
    }

    /// Its settings.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other settings in place.
    pub(crate) fn configure(&self, settings: Arc<Settings>) {
        let old =
            std::mem::replace(&mut *self.settings.write().unwrap_or_else(PoisonError::into_inner), settings.clone());
        let mut inner = self.lock();
        let opening = |settings: &Settings, inner: &Inner| {
            settings.opening(&self.root, checked(&self.root, &self.kind, &inner.modules))
        };
        let new = opening(&settings, &inner);
        if new != opening(&old, &inner) {
            let alone = settings.opening(&self.root, Vec::new());
            inner.send(Job::Configure(new), Job::Configure(alone));
        }
    }

    /// The client holds this text.
    pub(crate) fn text(&self, module: Module) {
        let module = Arc::new(module);
        let mut inner = self.lock();
        let is_new = inner.modules.insert(module.path.clone(), module.clone()).is_none();
        inner.send(Job::Text(module.clone()), Job::Text(module));
        self.name_files(&mut inner, is_new);
    }

    /// It does not any more. Says whether it holds another one of this project.
    pub(crate) fn closed(&self, path: &Path) -> bool {
        let mut inner = self.lock();
        let was_open = inner.modules.remove(path).is_some();
        inner.send(Job::Closed(path.to_owned()), Job::Closed(path.to_owned()));
        self.name_files(&mut inner, was_open);
        !inner.modules.is_empty()
    }

    /// The client holds these texts, and no others.
    pub(crate) fn hold(&self, modules: Modules) {
        let gone: Vec<PathBuf> =
            self.lock().modules.keys().filter(|path| !modules.contains_key(*path)).cloned().collect();
        for path in gone {
            self.closed(&path);
        }
        let mut inner = self.lock();
        for (path, module) in modules {
            inner.modules.insert(path, module.clone());
            inner.send(Job::Text(module.clone()), Job::Text(module));
        }
    }

    /// Something happened to a file.
    pub(crate) fn disk(&self, path: PathBuf) {
        self.lock().send(Job::Disk(path.clone()), Job::Disk(path));
    }

    /// Reads everything anew.
    pub(crate) fn reload(&self) {
        self.lock().send(Job::Reload, Job::Reload);
    }

    /// Files that are checked by name are named again when others are open.
    fn name_files(&self, inner: &mut Inner, is_other: bool) {
        if self.kind == (Kind::Files { is_alone: false }) && is_other {
            let paths = checked(&self.root, &self.kind, &inner.modules);
            let opening = self.settings().opening(&self.root, paths);
            inner.send(Job::Configure(opening.clone()), Job::Configure(opening));
        }
    }

    /// The state that contains everything that was sent up to now.
    pub(crate) fn now(&self) -> Awaited {
        let inner = self.lock();
        Awaited { ticket: inner.ticket, first: inner.first.clone(), index: inner.index.clone() }
    }

    /// Whether a state came too late: the open texts alone, when the index is there.
    pub(crate) fn is_late(&self, view: &View) -> bool {
        view.is_provisional && self.lock().index.view().is_some()
    }

    /// The last state of the index, else of the open texts alone.
    pub(crate) fn latest(&self) -> Option<Arc<View>> {
        let inner = self.lock();
        inner.index.view().or_else(|| inner.first.as_ref()?.view())
    }

    /// All states that come, of the open texts alone and of the index.
    pub(crate) fn views(&self) -> (Option<Views>, Views) {
        let inner = self.lock();
        (inner.first.as_ref().map(|first| first.views()), inner.index.views())
    }

    /// Once the index is there nobody needs the state of the open texts alone.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.first.is_some() && inner.index.view().is_some() {
            inner.first = None;
        }
        inner
    }
}

/// The states of an engine.
pub(crate) type Views = watch::Receiver<Option<Arc<View>>>;

impl Inner {
    fn send(&mut self, job: Job, to_first: Job) {
        self.ticket += 1;
        if let Some(first) = &self.first {
            first.send(self.ticket, to_first);
        }
        self.index.send(self.ticket, job);
    }
}

impl Awaited {
    /// Waits for it, from the index alone; where the user has stopped the index, from the open texts.
    pub(crate) async fn index(self) -> Option<Arc<View>> {
        let view = async {
            tokio::select! {
                biased;
                view = reach(self.index.views(), self.ticket) => view,
                () = self.index.stopped() => reach(self.first.as_ref()?.views(), self.ticket).await,
            }
        };
        timeout(PATIENCE, view).await.ok().flatten()
    }

    /// Waits for it. None when the analysis does not come to it in time.
    pub(crate) async fn view(self) -> Option<Arc<View>> {
        let view = async {
            match &self.first {
                None => tokio::select! {
                    biased;
                    view = reach(self.index.views(), self.ticket) => view,
                    () = self.index.stopped() => None,
                },
                Some(first) => tokio::select! {
                    biased;
                    view = reach(self.index.views(), self.ticket) => view,
                    Some(view) = reach(first.views(), self.ticket) => Some(view),
                },
            }
        };
        timeout(PATIENCE, view).await.ok().flatten()
    }
}

async fn reach(mut views: Views, ticket: u64) -> Option<Arc<View>> {
    let found = views.wait_for(|view| view.as_ref().is_some_and(|view| view.ticket >= ticket)).await;
    found.ok().and_then(|view| view.clone())
}

/// The paths that are checked.
fn checked(root: &Path, kind: &Kind, modules: &Modules) -> Vec<PathBuf> {
    match kind {
        Kind::Folder { .. } | Kind::Around => vec![root.to_owned()],
        Kind::Untitled | Kind::Files { is_alone: true } => Vec::new(),
        Kind::Files { is_alone: false } => {
            let mut paths: Vec<PathBuf> = modules.keys().cloned().collect();
            paths.sort();
            paths
        }
    }
}

/// Whether a directory is too much to walk: the home directory, what lies above it, and the root of a drive.
pub(crate) fn is_too_wide(dir: &Path) -> bool {
    dir.parent().is_none() || std::env::home_dir().is_some_and(|home| home.starts_with(dir))
}

/// The root and the kind of the project for a file that lies in no workspace folder.
pub(crate) fn around(path: &Path) -> (PathBuf, Kind) {
    let dir = path.parent().unwrap_or(path);
    match project_of(dir) {
        Some(project) if is_too_wide(project) => (dir.to_owned(), Kind::Files { is_alone: true }),
        Some(project) => (project.to_owned(), Kind::Around),
        None => (dir.to_owned(), Kind::Files { is_alone: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asyncwise_workspace::session::Silent;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn a_stopped_index_leaves_the_open_texts_until_it_is_started_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let is_first = AtomicBool::new(true);
        let reporter: Reporter = Arc::new(move |cancel| {
            if is_first.swap(false, Ordering::Relaxed) {
                cancel.cancel();
            }
            Box::new(Silent)
        });
        let folder = Folder::open(dir.path().to_owned(), Kind::Around, Arc::default(), Modules::default(), reporter);
        assert!(folder.now().index().await.expect("it is answered").is_provisional);
        folder.disk(dir.path().join("x.py"));
        assert!(folder.now().index().await.expect("it is answered").is_provisional);
        folder.reload();
        assert!(!folder.now().index().await.expect("it is answered").is_provisional);
    }
}
