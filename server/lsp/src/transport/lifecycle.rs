//! The order in which a session begins and ends.

use tower_lsp::jsonrpc::{Error, ErrorCode, Request};

/// Where a session stands.
///
/// `LspService` has such a state too. It answers unknown methods by its own rules in every state, lets a second `initialize` in while
/// the first one runs, and does not tell whether `shutdown` came, which decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifecycle {
    Uninitialized,
    /// `initialize` has not been answered yet.
    Initializing,
    Running,
    /// `shutdown` was received.
    ShutDown,
}

impl Lifecycle {
    /// Whether a request or notification may be handled now; if not, what a request is answered with. Notifications are dropped then.
    pub(super) fn admit(&mut self, request: &Request) -> Result<(), Error> {
        match (*self, request.method()) {
            (_, "initialize" | "shutdown") if request.id().is_none() => return Err(refusal("not a notification")),
            (Self::Uninitialized, "initialize") => *self = Self::Initializing,
            (Self::Running, "shutdown") => *self = Self::ShutDown,
            (Self::Initializing | Self::Running, "initialize") => {
                return Err(refusal("initialize was requested before"));
            }
            (Self::Running, _) => {}
            (Self::Uninitialized | Self::Initializing, _) => {
                // -32002 is ServerNotInitialized.
                let message = "the server is not initialized".into();
                return Err(Error { code: ErrorCode::ServerError(-32002), message, data: None });
            }
            (Self::ShutDown, _) => return Err(refusal("the server was shut down")),
        }
        Ok(())
    }

    /// `initialize` was answered. After a failure it may be requested again.
    pub(super) fn initialized(&mut self, successfully: bool) {
        *self = if successfully { Self::Running } else { Self::Uninitialized };
    }
}

fn refusal(message: &'static str) -> Error {
    Error { message: message.into(), ..Error::invalid_request() }
}
