//! Tells handlers that nobody waits for their answer any more.

use tokio_util::sync::CancellationToken;

tokio::task_local! {
    /// Of the request that is being handled.
    pub(super) static CURRENT: CancellationToken;
}

/// The token of the request or notification that the calling handler serves. It is cancelled when the client cancels the request and when
/// the session ends.
///
/// The future of a cancelled request is dropped, so a handler needs this only for work that goes on without it, on another
/// thread: pass the token along, and look at [`CancellationToken::is_cancelled`] between steps. Outside of handlers the token is one that
/// is never cancelled.
pub fn cancellation() -> CancellationToken {
    CURRENT.try_with(CancellationToken::clone).unwrap_or_default()
}
