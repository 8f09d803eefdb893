//! Reads the messages of the client.

use super::codec::{self, Incoming};
use super::frame::{FrameError, Frames};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tower_lsp::jsonrpc::{ErrorCode, Id};
use tracing::warn;

/// The longest body that is taken, in bytes.
const MAX_BODY: u64 = 256 * 1024 * 1024;
/// How many bytes are asked for at once.
const CHUNK: usize = 64 * 1024;

/// Sends on every message until the input ends or nobody wants them any more.
pub(super) async fn read(mut input: impl AsyncRead + Unpin, messages: mpsc::Sender<Incoming>) {
    let mut frames = Frames::new(MAX_BODY);
    loop {
        while let Some(message) = next_message(&mut frames) {
            if messages.send(message).await.is_err() {
                return;
            }
        }
        frames.buffer().reserve(CHUNK);
        match input.read_buf(frames.buffer()).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return warn!(%error, "cannot read from the client"),
        }
    }
}

fn next_message(frames: &mut Frames) -> Option<Incoming> {
    let mut body = match frames.next()? {
        Ok(body) => body,
        Err(error) => {
            let code = match error {
                FrameError::Malformed => ErrorCode::ParseError,
                FrameError::TooLong(_) => ErrorCode::InvalidRequest,
            };
            return Some(Incoming::Invalid(codec::failure(Id::Null, code, error.to_string())));
        }
    };
    match codec::decode(&mut body) {
        Ok((message, length)) => {
            if length < body.len() {
                warn!("the client sent a message shorter than its Content-Length");
                frames.resynchronize(body.split_off(length));
            }
            Some(message)
        }
        Err(response) => {
            frames.resynchronize(body);
            Some(Incoming::Invalid(response))
        }
    }
}
