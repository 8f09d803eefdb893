//! The beginning and the end of a session.

use crate::capabilities;
use crate::session::Session;
use crate::settings::Given;
use crate::uri;
use std::sync::Arc;
use tower_lsp::ls_types::{InitializeParams, InitializeResult, ServerInfo, Uri};

/// `initialize`.
pub(crate) fn initialize(session: &Arc<Session>, params: InitializeParams) -> InitializeResult {
    let capabilities = capabilities::offered(session.resolve(&params.capabilities));
    session.resolve_experimental(&params.capabilities);
    crate::log::set_trace(params.trace.unwrap_or_default());
    if let Some(options) = &params.initialization_options {
        let (given, messages) = Given::read(options);
        session.begin_with(given);
        session.warn_later(messages);
    }
    session.change_roots(&[], roots(&params));
    let info = ServerInfo { name: "asyncwise".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
    InitializeResult { capabilities, server_info: Some(info), ..InitializeResult::default() }
}

/// `initialized`.
pub(crate) fn initialized(session: &Arc<Session>) {
    session.start();
    super::workspace::show_warnings(session);
    super::workspace::register(session);
    super::workspace::ask_configuration(session);
}

/// The workspace folders; from clients that know none, the root.
#[expect(deprecated, reason = "what old clients send")]
fn roots(params: &InitializeParams) -> Vec<Uri> {
    match &params.workspace_folders {
        Some(folders) if !folders.is_empty() => folders.iter().map(|folder| folder.uri.clone()).collect(),
        _ => {
            let root = params.root_path.as_ref().and_then(|path| uri::of_path(path.as_ref()));
            params.root_uri.clone().or(root).into_iter().collect()
        }
    }
}
