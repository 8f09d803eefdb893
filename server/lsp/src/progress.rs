//! Shows the client how far the reading of a project is, and lets it cancel that.

use crate::engine::Reporter;
use crate::session::Session;
use asyncwise_workspace::live::Cancel;
use asyncwise_workspace::session::{Progress, Silent};
use dashmap::DashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tower_lsp::ls_types::notification::Progress as ProgressNotification;
use tower_lsp::ls_types::{
    ProgressParams, ProgressParamsValue, ProgressToken, WorkDoneProgress, WorkDoneProgressBegin, WorkDoneProgressEnd,
    WorkDoneProgressReport,
};

/// How long a client may take to make room for a progress.
const PATIENCE: Duration = Duration::from_secs(10);

/// The loads that are shown, and what ends them, by token.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    running: DashMap<String, Cancel>,
    last: AtomicU64,
}

impl Loads {
    /// The user does not want to wait for it.
    pub(crate) fn cancel(&self, token: &ProgressToken) {
        if let ProgressToken::String(token) = token
            && let Some(cancel) = self.running.get(token)
        {
            cancel.cancel();
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
    steps: UnboundedSender<Step>,
    total: AtomicUsize,
    done: AtomicUsize,
}

impl Shown {
    fn begin(session: &Weak<Session>, runtime: &Handle, cancel: Cancel) -> Option<Self> {
        let session = session.upgrade().filter(|session| session.capabilities().progress)?;
        let token = format!("asyncwise/{}", session.loads.last.fetch_add(1, Ordering::Relaxed));
        session.loads.running.insert(token.clone(), cancel);
        let (steps, receiver) = unbounded_channel();
        runtime.spawn(show(session, token, receiver));
        Some(Self { steps, total: AtomicUsize::new(0), done: AtomicUsize::new(0) })
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
