//! The thread that owns a project. It takes what happened from a queue, works it in, and publishes a [`View`] for those who read.

use crate::module::Module;
use asyncwise_workspace::live::{Cancel, Change, Opening, Project, Snapshot};
use asyncwise_workspace::session::Progress;
use rustc_hash::FxHashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tracing::{error, info};

/// Without anything new for this long, there is time for what typing leaves undone.
const IDLE: Duration = Duration::from_millis(300);

/// The next [`View::serial`].
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// The open texts of a project, by path.
pub(crate) type Modules = FxHashMap<PathBuf, Arc<Module>>;

/// One state of a project, and what went into it.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) snapshot: Snapshot,
    /// The open texts, as they are in the snapshot.
    pub(crate) modules: Arc<Modules>,
    /// Counts up over all projects of the process.
    pub(crate) serial: u64,
    /// The last job that it contains.
    pub(crate) ticket: u64,
    /// Only the open texts were looked at: what depends on others is not known yet.
    pub(crate) is_provisional: bool,
    /// How long the last step took.
    pub(crate) took: Duration,
}

/// Something for the thread to work in.
#[derive(Debug)]
pub(crate) enum Job {
    /// The client holds this text.
    Text(Arc<Module>),
    /// It holds none any more.
    Closed(PathBuf),
    /// Something happened to a file on the disk.
    Disk(PathBuf),
    /// Other settings.
    Configure(Opening),
    /// Read everything anew.
    Reload,
}

/// Makes what is told how far a load is, for each load; the token ends it.
pub(crate) type Reporter = Arc<dyn Fn(Cancel) -> Box<dyn Progress> + Send + Sync>;

/// The handle of a thread. The thread ends when this is dropped.
pub(crate) struct Engine {
    jobs: Sender<(u64, Job)>,
    views: watch::Receiver<Option<Arc<View>>>,
    load: Arc<Loading>,
}

/// The load that is going on, and what became of the last.
struct Loading {
    current: Mutex<Load>,
    /// The user cancelled it before there was any state, and none comes until somebody asks for it.
    is_stopped: watch::Sender<bool>,
}

#[derive(Default)]
struct Load {
    cancel: Cancel,
    /// It was ended because another comes in its place.
    is_superseded: bool,
}

impl Loading {
    fn new() -> Arc<Self> {
        Arc::new(Self { current: Mutex::default(), is_stopped: watch::Sender::new(false) })
    }

    fn current(&self) -> MutexGuard<'_, Load> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another load comes in place of this one.
    fn supersede(&self) {
        let mut current = self.current();
        current.is_superseded = true;
        current.cancel.cancel();
        self.is_stopped.send_replace(false);
    }

    /// A load begins.
    fn begin(&self) -> Cancel {
        let mut current = self.current();
        *current = Load::default();
        current.cancel.clone()
    }

    /// A load came to nothing.
    fn fail(&self) {
        let current = self.current();
        if current.cancel.is_cancelled() && !current.is_superseded {
            self.is_stopped.send_replace(true);
        }
    }
}

impl Engine {
    /// Starts a thread that opens a project with the open texts.
    pub(crate) fn start(opening: Opening, modules: Modules, is_provisional: bool, reporter: Reporter) -> Self {
        let (jobs, receiver) = mpsc::channel();
        let (publisher, views) = watch::channel(None);
        let load = Loading::new();
        let worker = Worker {
            opening,
            is_provisional,
            project: None,
            is_lost: false,
            modules: Arc::new(modules),
            ticket: 0,
            reporter,
            load: load.clone(),
            views: publisher,
        };
        let thread = std::thread::Builder::new().name("asyncwise-engine".to_owned());
        if let Err(problem) = thread.spawn(move || worker.run(&receiver)) {
            error!(%problem, "no thread to be had: nothing is checked");
        }
        Self { jobs, views, load }
    }

    /// Adds a job. Tickets count up.
    pub(crate) fn send(&self, ticket: u64, job: Job) {
        if matches!(job, Job::Configure(_) | Job::Reload) {
            self.load.supersede();
        }
        // The thread is gone only when none could be had.
        let _ = self.jobs.send((ticket, job));
    }

    /// The last state.
    pub(crate) fn view(&self) -> Option<Arc<View>> {
        self.views.borrow().clone()
    }

    /// Comes when the user has cancelled the load, so that no state comes; at once where that has happened.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as the engine.
        let _ = self.load.is_stopped.subscribe().wait_for(|is_stopped| *is_stopped).await;
    }

    /// All states that come.
    pub(crate) fn views(&self) -> watch::Receiver<Option<Arc<View>>> {
        self.views.clone()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.load.supersede();
    }
}

/// What the thread owns.
struct Worker {
    opening: Opening,
    is_provisional: bool,
    /// None until it is opened, and after a mistake of ours.
    project: Option<Project>,
    /// The project was lost: it is opened again as soon as something happens. After a load that somebody cancelled it is
    /// not, until somebody asks for it.
    is_lost: bool,
    modules: Arc<Modules>,
    ticket: u64,
    reporter: Reporter,
    load: Arc<Loading>,
    views: watch::Sender<Option<Arc<View>>>,
}

/// Jobs that waited, as one.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    opening: Option<Opening>,
    reload: bool,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<(u64, Job)>) {
        self.work(Batch { reload: true, ..Batch::default() });
        let mut is_settled = true;
        loop {
            let first = if is_settled {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                jobs.recv_timeout(IDLE)
            };
            match first {
                Ok(first) => {
                    let batch = self.gather(first, jobs);
                    self.work(batch);
                    is_settled = false;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.settle();
                    is_settled = true;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Takes every job that waits. Of several texts of one file only the last counts.
    fn gather(&mut self, first: (u64, Job), jobs: &Receiver<(u64, Job)>) -> Batch {
        let mut batch = Batch::default();
        let mut touched: FxHashMap<PathBuf, usize> = FxHashMap::default();
        for (ticket, job) in std::iter::once(first).chain(jobs.try_iter()) {
            self.ticket = ticket;
            let change = match job {
                Job::Text(module) => {
                    let (path, text, is_notebook) = (module.path.clone(), module.text.clone(), module.is_notebook);
                    Arc::make_mut(&mut self.modules).insert(path.clone(), module);
                    Change::Text { path, text, is_notebook }
                }
                Job::Closed(path) => {
                    Arc::make_mut(&mut self.modules).remove(&path);
                    Change::Closed(path)
                }
                Job::Disk(path) => Change::Disk(path),
                Job::Configure(opening) => {
                    batch.opening = Some(opening);
                    continue;
                }
                Job::Reload => {
                    batch.reload = true;
                    continue;
                }
            };
            let path = match &change {
                Change::Text { path, .. } | Change::Closed(path) => Some(path.clone()),
                Change::Disk(_) => None,
            };
            match path.and_then(|path| touched.insert(path, batch.changes.len())) {
                Some(earlier) if is_text(&change) && is_text(&batch.changes[earlier]) => {
                    touched.insert(path_of(&change), earlier);
                    batch.changes[earlier] = change;
                }
                _ => batch.changes.push(change),
            }
        }
        batch
    }

    /// Works jobs in and publishes. A mistake of ours that panics costs what the project knew, not the session.
    fn work(&mut self, batch: Batch) {
        let begun = Instant::now();
        if let Some(opening) = &batch.opening {
            self.opening = opening.clone();
        }
        let done = catch_unwind(AssertUnwindSafe(|| self.apply(batch)));
        if done.is_err() {
            error!("a mistake in asyncwise: the project is opened anew at the next change; please report it");
            self.project = None;
        }
        self.is_lost = done.is_err();
        self.publish(begun.elapsed());
    }

    fn apply(&mut self, batch: Batch) {
        let cancel = self.load.begin();
        let is_asked = batch.reload || batch.opening.is_some();
        let is_load = is_asked || self.is_lost;
        let progress: Box<dyn Progress> =
            if is_load { (self.reporter)(cancel.clone()) } else { Box::new(asyncwise_workspace::session::Silent) };
        match &mut self.project {
            None if !is_load => {}
            None => {
                let texts = self.modules.values().map(|module| Change::Text {
                    path: module.path.clone(),
                    text: module.text.clone(),
                    is_notebook: module.is_notebook,
                });
                self.project = Project::open(self.opening.clone(), texts.collect(), &*progress, &cancel);
                if self.project.is_none() && self.views.borrow().is_none() {
                    self.load.fail();
                }
            }
            Some(project) => {
                if !batch.changes.is_empty() {
                    project.update(batch.changes, &*progress, &cancel);
                }
                match batch.opening {
                    Some(opening) => project.configure(opening, &*progress, &cancel),
                    None if batch.reload => project.reload(&*progress, &cancel),
                    None => {}
                }
            }
        }
    }

    fn settle(&mut self) {
        let begun = Instant::now();
        let Some(project) = &mut self.project else { return };
        let before = project.snapshot().revision();
        let settled = catch_unwind(AssertUnwindSafe(|| project.settle()));
        match settled {
            Err(_) => (self.project, self.is_lost) = (None, true),
            Ok(()) if project.snapshot().revision() != before => self.publish(begun.elapsed()),
            Ok(()) => {}
        }
    }

    fn publish(&self, took: Duration) {
        let (ticket, is_provisional) = (self.ticket, self.is_provisional);
        let (snapshot, modules) = match (&self.project, &*self.views.borrow()) {
            (Some(project), _) => (project.snapshot().clone(), self.modules.clone()),
            // The last state that there was, so that nobody waits for the next.
            (None, Some(last)) => (last.snapshot.clone(), last.modules.clone()),
            (None, None) => return,
        };
        info!(files = snapshot.program().ids().count(), revision = snapshot.revision(), ?took, "worked in");
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        self.views.send_replace(Some(Arc::new(View { snapshot, modules, serial, ticket, is_provisional, took })));
    }
}

fn is_text(change: &Change) -> bool {
    matches!(change, Change::Text { .. })
}

fn path_of(change: &Change) -> PathBuf {
    match change {
        Change::Text { path, .. } | Change::Closed(path) | Change::Disk(path) => path.clone(),
    }
}
