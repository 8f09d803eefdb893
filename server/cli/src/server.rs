//! `asyncwise server`.

use crate::args::Server;
use asyncwise_lsp::transport::Channel;
use std::process::ExitCode;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Serves one client until it leaves. What is logged goes to stderr by `filter`, and to the client by its settings.
pub(crate) fn run(server: &Server, filter: EnvFilter) -> ExitCode {
    let stderr = fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time().with_filter(filter);
    tracing_subscriber::registry().with(stderr).with(asyncwise_lsp::log_layer()).init();
    let channel = match (server.port, server.socket) {
        (Some(port), _) => Channel::Listen(port),
        (_, Some(port)) => Channel::Connect(port),
        (None, None) => Channel::Stdio,
    };
    match asyncwise_lsp::serve(channel) {
        Ok(exit) => exit.into(),
        Err(error) => {
            tracing::error!(%error, ?channel, "no connection");
            ExitCode::from(2)
        }
    }
}
