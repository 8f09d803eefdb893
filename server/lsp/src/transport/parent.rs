//! Notices that the process that started the server has died.

use std::time::Duration;
use tokio::time::{self, Interval};
use tracing::warn;

/// How often the process is looked for.
const PERIOD: Duration = Duration::from_secs(2);

/// The process to outlive which makes no sense, if the client named one.
pub(super) struct Parent {
    process: Option<Process>,
    interval: Interval,
}

impl Parent {
    /// No process, until [`Parent::watch`] names one.
    pub(super) fn new() -> Self {
        Self { process: None, interval: time::interval(PERIOD) }
    }

    /// Watches the process with this id.
    pub(super) fn watch(&mut self, id: i64) {
        self.process = Process::with_id(id).filter(Process::is_alive);
        if self.process.is_none() {
            // An editor outside the container that the server runs in names a process that cannot be seen.
            warn!(id, "the client's process is not watched");
        }
    }

    /// Returns once the process has died, never without one. May be dropped and called again.
    pub(super) async fn died(&mut self) {
        loop {
            self.interval.tick().await;
            if self.process.as_ref().is_some_and(|process| !process.is_alive()) {
                return;
            }
        }
    }
}

#[cfg(unix)]
struct Process(rustix::process::Pid);

#[cfg(unix)]
impl Process {
    fn with_id(id: i64) -> Option<Self> {
        let id = i32::try_from(id).ok().filter(|id| *id > 0)?;
        rustix::process::Pid::from_raw(id).map(Self)
    }

    fn is_alive(&self) -> bool {
        // Not being allowed to signal it shows that it exists.
        rustix::process::test_kill_process(self.0) != Err(rustix::io::Errno::SRCH)
    }
}

/// Elsewhere no process is watched: asking Windows takes unsafe code or a dependency larger than this crate. There, as everywhere, the
/// server ends with its input, which the system closes when the client dies.
#[cfg(not(unix))]
enum Process {}

#[cfg(not(unix))]
impl Process {
    fn with_id(_: i64) -> Option<Self> {
        None
    }

    fn is_alive(&self) -> bool {
        match *self {}
    }
}
