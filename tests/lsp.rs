//! The language server over stdio, as an editor talks to it.

#[path = "lsp/client.rs"]
mod client;
#[path = "lsp/diagnostics.rs"]
mod diagnostics;
#[path = "lsp/editing.rs"]
mod editing;
#[path = "lsp/features.rs"]
mod features;
#[path = "lsp/lifecycle.rs"]
mod lifecycle;
#[path = "lsp/notebooks.rs"]
mod notebooks;
#[path = "lsp/oracle.rs"]
mod oracle;
#[path = "lsp/robust.rs"]
mod robust;
#[path = "lsp/uris.rs"]
mod uris;
#[path = "lsp/workspace.rs"]
mod workspace;
