//! The transport, driven over in-memory streams with a server that misbehaves on demand.
//!
//! With `ASYNCWISE_STOCK_TRANSPORT=1` the same tests drive `tower_lsp::Server::serve`, to see what it does instead; those that hang take
//! half a minute each. Measured with tower-lsp-server 0.23, of the 42 tests that start a `Client` 28 fail then: every exit code but success, null
//! parameters, all damage, every panic, a hundred running requests, unanswered questions, output that is not read, and exit
//! while a handler runs. It passes the interleaved edits and requests: its first polls are in order as long as there are four slots.

mod cancellation;
mod channel;
mod client;
mod damage;
mod lifecycle;
mod load;
mod order;
mod panics;
mod server;

use client::Client;
