//! The transport, driven over in-memory streams with a server that misbehaves on demand.
//!
//! With `ASYNCWISE_STOCK_TRANSPORT=1` the same tests drive `tower_lsp::Server::serve`, to see what it does instead.

mod cancellation;
mod client;
mod damage;
mod lifecycle;
mod load;
mod order;
mod panics;
mod server;

use client::Client;
