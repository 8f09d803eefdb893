//! The language server, and the only crate that knows the protocol.
//!
//! [`transport`] carries messages between a client and a [`tower_lsp::LanguageServer`], whichever it is. Above it, one file for each thing:
//! the client's texts (`documents`), which one writer changes; the projects and the threads that own them (`projects`,
//! `engine`); what is asked (`request`, `handlers`); what is told unasked (`publish`); and the protocol's types (`convert`).

mod backend;
mod capabilities;
mod convert;
mod diagnostics;
mod documents;
mod encoding;
mod engine;
mod handlers;
mod held;
mod log;
mod module;
mod progress;
mod projects;
mod publish;
mod request;
mod session;
mod settings;
pub mod transport;
mod uri;
mod watch;

pub use log::layer as log_layer;
pub use settings::schema as settings_schema;

use transport::{Channel, Exit};

/// The name that diagnostics go by.
const SOURCE: &str = "asyncwise";

/// Serves one client.
///
/// # Errors
/// When there is no runtime or no connection to be had.
pub fn serve(channel: Channel) -> std::io::Result<Exit> {
    transport::run(channel, backend::service)
}
