//! The language server, and the only crate that knows the protocol.
//!
//! [`transport`] carries messages between a client and a [`tower_lsp::LanguageServer`], whichever it is.

pub mod transport;
