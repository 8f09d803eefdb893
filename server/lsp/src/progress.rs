//! Shows the client how far the reading of a project is, and lets it cancel that.

use crate::engine::Reporter;
use crate::session::Session;
use asyncwise_workspace::live::Cancel;
use asyncwise_workspace::session::{Progress, Silent};
use dashmap::DashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tower_lsp::ls_types::notification::Progress as ProgressNotification;
use tower_lsp::ls_types::{
    MessageType, ProgressParams, ProgressParamsValue, ProgressToken, WorkDoneProgress, WorkDoneProgressBegin,
    WorkDoneProgressEnd, WorkDoneProgressReport,
};

/// How long a client may take to make room for a progress.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the user is told who has cancelled a load.
const STOPPED: &str = "asyncwise: the indexing was stopped, so findings and fixes may not know of files that are not open. \
                       The command `asyncwise.restart` starts it again.";

/// The loads that are shown, by token.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    running: DashMap<String, Arc<Load>>,
    last: AtomicU64,
}

#[derive(Debug)]
struct Load {
    /// Ends it.
    cancel: Cancel,
    /// The user did, and not another load that comes in its place.
    is_stopped: AtomicBool,
}

impl Loads {
    /// The user does not want to wait for it.
    pub(crate) fn cancel(&self, token: &ProgressToken) {
        if let ProgressToken::String(token) = token
            && let Some(load) = self.running.get(token)
        {
            load.is_stopped.store(true, Ordering::Release);
            load.cancel.cancel();
        }
    }
}

/// Shows loads to clients that can. Called within the runtime.
pub(crate) fn reporter(session: &Arc<Session>) -> Reporter {
    let (session, runtime) = (Arc::downgrade(session), Handle::current());
    Arc::new(move |cancel| match Shown::begin(&session, &runtime, cancel) {
        Some(shown) => Box::new(shown),
        None => Box::new(Silent),
    })
}

enum Step {
    Begin(&'static str),
    Percent(u32),
}

/// A load that is shown, until this is dropped.
struct Shown {
    session: Weak<Session>,
    runtime: Handle,
    load: Arc<Load>,
    steps: UnboundedSender<Step>,
    total: AtomicUsize,
    done: AtomicUsize,
}

impl Shown {
    fn begin(session: &Weak<Session>, runtime: &Handle, cancel: Cancel) -> Option<Self> {
        let known = session.clone();
        let session = session.upgrade().filter(|session| session.capabilities().progress)?;
        let token = format!("asyncwise/{}", session.loads.last.fetch_add(1, Ordering::Relaxed));
        let load = Arc::new(Load { cancel, is_stopped: AtomicBool::new(false) });
        session.loads.running.insert(token.clone(), load.clone());
        let (steps, receiver) = unbounded_channel();
        runtime.spawn(show(session, token, receiver));
        let (total, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Some(Self { session: known, runtime: runtime.clone(), load, steps, total, done })
    }
}

impl Drop for Shown {
    /// Tells the user what it means that the load was stopped. One that was done before it could be says nothing.
    fn drop(&mut self) {
        if !self.load.is_stopped.load(Ordering::Acquire) {
            return;
        }
        if let Some(session) = self.session.upgrade() {
            self.runtime.spawn(async move { session.client.show_message(MessageType::INFO, STOPPED).await });
        }
    }
}

impl Progress for Shown {
    fn begin(&self, what: &'static str, steps: Option<usize>) {
        self.total.store(steps.unwrap_or(0), Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        let _ = self.steps.send(Step::Begin(what));
    }

    fn step(&self) {
        let (done, total) = (self.done.fetch_add(1, Ordering::Relaxed) + 1, self.total.load(Ordering::Relaxed));
        let percent = |done: usize| (done * 100).checked_div(total).unwrap_or(0).min(100) as u32;
        // Each ten percent once.
        if percent(done) / 10 != percent(done - 1) / 10 {
            let _ = self.steps.send(Step::Percent(percent(done)));
        }
    }
}

async fn show(session: Arc<Session>, token: String, mut steps: UnboundedReceiver<Step>) {
    let id = ProgressToken::String(token.clone());
    let create = session.client.create_work_done_progress(id.clone());
    if matches!(timeout(PATIENCE, create).await, Ok(Ok(()))) {
        let send = async |value| {
            let params = ProgressParams { token: id.clone(), value: ProgressParamsValue::WorkDone(value) };
            session.client.send_notification::<ProgressNotification>(params).await;
        };
        send(WorkDoneProgress::Begin(WorkDoneProgressBegin {
            title: "asyncwise".to_owned(),
            cancellable: Some(true),
            message: None,
            percentage: Some(0),
        }))
        .await;
        while let Some(step) = steps.recv().await {
            let (message, percentage) = match step {
                Step::Begin(what) => (Some(what.to_owned()), None),
                Step::Percent(percent) => (None, Some(percent)),
            };
            send(WorkDoneProgress::Report(WorkDoneProgressReport { cancellable: Some(true), message, percentage }))
                .await;
        }
        send(WorkDoneProgress::End(WorkDoneProgressEnd { message: None })).await;
    }
    session.loads.running.remove(&token);
}
