//! Carries messages between a client and a language server.
//!
//! [`run`] takes the place of `tower_lsp::Server::serve`, which lets at most four handlers run, and nothing else be read meanwhile, no
//! cancellation either; which ends the session at the first malformed message; which dies half when a handler panics; and which
//! does not tell how the session ended. The service below it, which finds the handler of a method and its parameters, is that of `tower_lsp`.
//!
//! What handlers may rely on:
//! - Each is polled once before the next message is looked at. A notification that changes state does so before its first `await` that
//!   waits, a request takes its snapshot there; so requests see the state that the client had when it sent them.
//! - Nothing they do holds up messages, except computing for long in that first poll.
//! - The future of a cancelled request is dropped. Work that it has left to other threads asks [`cancellation`].
//! - A panic costs the answer (`InternalError`), not the session.
//! - A message to the client that was sent before the answer arrives before it.
//! - A URI has one spelling, whichever the client uses; what is sent has the client's.

mod cancellation;
mod codec;
mod dispatch;
mod frame;
mod lifecycle;
mod parent;
mod reader;
mod uris;
mod writer;

pub use cancellation::cancellation;

use dispatch::{Dispatcher, End};
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time;
use tower_lsp::{ClientSocket, LanguageServer, LspService};
use tracing::info;

/// How many messages are parsed ahead of the one that is being taken.
const READ_AHEAD: usize = 64;
/// How long a client may take to read the last messages.
const FLUSH: Duration = Duration::from_secs(1);

/// What connects the server to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard input and output.
    Stdio,
    /// Waits for one client to connect to this port of 127.0.0.1.
    Listen(u16),
    /// Connects to a client that waits at this port of 127.0.0.1.
    Connect(u16),
}

/// How a session ended, in the sense of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The client had requested `shutdown`.
    Success,
    /// It had not, or it was taken for dead.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
        }
    }
}

/// Serves one client from its connection to its end. `service` is called within the tokio runtime.
///
/// When this returns, a thread may still wait for standard input; ending the process ends it.
///
/// # Errors
/// When there is no runtime or no connection to be had.
pub fn run<S: LanguageServer>(
    channel: Channel,
    service: impl FnOnce() -> (LspService<S>, ClientSocket),
) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let exit = runtime.block_on(async {
        let stream = match channel {
            Channel::Stdio => return Ok(serve(tokio::io::stdin(), tokio::io::stdout(), service()).await),
            Channel::Listen(port) => TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?.accept().await?.0,
            Channel::Connect(port) => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?,
        };
        stream.set_nodelay(true)?;
        let (input, output) = stream.into_split();
        Ok(serve(input, output, service()).await)
    });
    runtime.shutdown_background();
    exit
}

/// Serves one client over any two streams, within a tokio runtime.
pub async fn serve<S: LanguageServer>(
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
    (service, socket): (LspService<S>, ClientSocket),
) -> Exit {
    let (to_dispatcher, messages) = mpsc::channel(READ_AHEAD);
    let (outbox, queue) = writer::queue();
    let reader = tokio::spawn(reader::read(input, to_dispatcher));
    let mut writer = tokio::spawn(queue.write(output));

    // The queue is closed when the dispatcher, which owns its sending end, is gone.
    let (end, shut_down) = Dispatcher::new(service, socket, outbox).run(messages, &mut writer).await;
    reader.abort();
    if matches!(end, End::Exit | End::InputClosed) {
        let _ = time::timeout(FLUSH, &mut writer).await;
    }
    writer.abort();

    let alive = matches!(end, End::Exit | End::InputClosed | End::OutputClosed);
    let exit = if alive && shut_down { Exit::Success } else { Exit::Failure };
    info!(?end, ?exit, "the session ended");
    exit
}
