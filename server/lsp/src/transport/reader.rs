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

#[cfg(test)]
mod tests {
    use super::{Frames, Incoming, next_message};
    use proptest::prelude::*;

    /// The messages in `input`, received in chunks of these lengths, which are used in turn.
    fn messages(input: &[u8], lengths: &[usize]) -> Vec<String> {
        let mut frames = Frames::new(200);
        let mut found = Vec::new();
        let mut lengths = lengths.iter().cycle();
        let mut rest = input;
        while !rest.is_empty() {
            let length = lengths.next().map_or(rest.len(), |length| rest.len().min(*length));
            let (chunk, later) = rest.split_at(length);
            frames.buffer().extend_from_slice(chunk);
            found.extend(std::iter::from_fn(|| next_message(&mut frames)).map(|message| match message {
                Incoming::Call(request) => request.to_string(),
                Incoming::Response(response) | Incoming::Invalid(response) => format!("{response:?}"),
            }));
            rest = later;
        }
        found
    }

    /// Whole messages, messages with a wrong length or too long a body, and pieces of everything.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let body = prop_oneof![
            "[a-z]{0,9}".prop_map(|method| format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#)),
            "[ -~\u{e9}]{0,20}".prop_map(|text| format!("{{\"id\":1,\"result\":{text:?}}}")),
            Just(r#"{"method":"a","params":["\ud800 Content-Length: 5"]}"#.to_owned()),
            Just(" ".repeat(300)),
            ".{0,30}",
        ];
        let message = (body, prop_oneof![8 => Just(0_isize), 1 => -9..9_isize], "\r?\n").prop_map(|(body, by, end)| {
            let length = body.len().saturating_add_signed(by);
            format!("Content-Length: {length}{end}{end}{body}").into_bytes()
        });
        let fragment =
            prop::sample::select(vec!["Content-Length:", "content-length: 7\r\n", "\n", "\r\n\r\n", "{", "a: b\n"]);
        prop_oneof![
            6 => message,
            1 => fragment.prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ]
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            pieces in prop::collection::vec(piece(), 0..12),
            lengths in prop::collection::vec(1_usize..40, 1..10),
        ) {
            let input = pieces.concat();
            prop_assert_eq!(messages(&input, &lengths), messages(&input, &[]));
        }

        #[test]
        fn whole_messages_all_arrive(methods in prop::collection::vec("[a-z]{1,9}", 0..12), length in 1_usize..40) {
            let bodies = methods.iter().map(|method| format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#));
            let expected: Vec<_> = bodies.collect();
            let frames = expected.iter().map(|body| format!("Content-Length: {}\r\n\r\n{body}", body.len()));
            prop_assert_eq!(messages(frames.collect::<String>().as_bytes(), &[length]), expected);
        }

        #[test]
        fn whatever_came_before_a_later_message_arrives(garbage in prop::collection::vec(piece(), 0..6)) {
            // Of two whole messages the first may fall to a length that was overstated, and its end with it.
            let message = "Content-Length: 14\r\n\r\n{\"method\":\"m\"}";
            let filler = "\n".repeat(64);
            let input = [garbage.concat(), filler.into_bytes(), message.repeat(20).into_bytes()].concat();
            let last = r#"{"jsonrpc":"2.0","method":"m"}"#;
            let found = messages(&input, &[]);
            prop_assert_eq!(found.last().map(String::as_str), Some(last));
        }
    }
}
