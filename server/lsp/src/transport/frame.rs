//! Cuts a stream of bytes into the bodies of messages, and finds the next message after damage.

use bytes::{Buf, BytesMut};
use std::fmt::{self, Display, Formatter};

const CONTENT_LENGTH: &[u8] = b"content-length:";
/// The longest line of a header, in bytes.
const MAX_HEADER_LINE: usize = 8 * 1024;
/// Beyond this many bytes a length is taken for damage: waiting for so long a body to pass would end the session.
const MAX_PLAUSIBLE_LENGTH: u64 = u32::MAX as u64;

/// Why a stretch of the input holds no message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// The header breaks the base protocol. All up to the next `Content-Length:` is skipped.
    Malformed,
    /// The body has this many bytes, which is more than is taken. It is skipped.
    TooLong(u64),
}

impl Display for FrameError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("malformed header"),
            Self::TooLong(length) => write!(f, "a message of {length} bytes is too long"),
        }
    }
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum State {
    /// A line of a header. The length is the one named in the lines before.
    Header { length: Option<u64>, first_line: bool },
    /// A body with this many bytes.
    Body(usize),
    /// A body that is skipped, of which this many bytes are still to come.
    Skipped(u64),
    /// Damage, up to the next `Content-Length:`.
    Damage,
}

const START: State = State::Header { length: None, first_line: true };

/// An incremental reader of the base protocol: bytes go in at [`Frames::buffer`], bodies come out of [`Frames::next`], the same however
/// the bytes were cut into chunks.
pub(super) struct Frames {
    buffer: BytesMut,
    state: State,
    max_body: u64,
    /// The damage that is being skipped was reported.
    reported: bool,
}

impl Frames {
    /// Takes bodies of up to `max_body` bytes.
    pub(super) fn new(max_body: u64) -> Self {
        Self { buffer: BytesMut::new(), state: START, max_body, reported: false }
    }

    /// Where received bytes are to be appended.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next body, or what stands in its place. `None` when more bytes are needed.
    pub(super) fn next(&mut self) -> Option<Result<BytesMut, FrameError>> {
        loop {
            match self.state {
                State::Header { length, first_line } => {
                    if let Err(error) = self.header_line(length, first_line)? {
                        return Some(Err(error));
                    }
                }
                State::Body(length) if self.buffer.len() < length => return None,
                State::Body(length) => {
                    self.state = START;
                    self.reported = false;
                    return Some(Ok(self.buffer.split_to(length)));
                }
                State::Skipped(left) => {
                    let here = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.buffer.advance(here);
                    let left = left - here as u64;
                    self.state = if left == 0 { START } else { State::Skipped(left) };
                    if left > 0 {
                        return None;
                    }
                }
                State::Damage => self.skip_damage()?,
            }
        }
    }

    /// Puts back bytes that turned out not to be of one message, and goes on at the next header. The damage counts as reported.
    pub(super) fn resynchronize(&mut self, mut damaged: BytesMut) {
        damaged.unsplit(std::mem::take(&mut self.buffer));
        self.buffer = damaged;
        self.state = State::Damage;
        self.reported = true;
    }

    /// Takes one line of a header. `None` when it has not ended yet.
    fn header_line(&mut self, length: Option<u64>, first_line: bool) -> Option<Result<(), FrameError>> {
        let Some(end) = self.buffer.iter().take(MAX_HEADER_LINE).position(|byte| *byte == b'\n') else {
            return (self.buffer.len() >= MAX_HEADER_LINE).then(|| self.damage());
        };
        let line = self.buffer[..end].trim_ascii();
        let next = match (header(line), length) {
            (Header::End, Some(length)) => match usize::try_from(length) {
                Ok(fitting) if length <= self.max_body => State::Body(fitting),
                _ => State::Skipped(length),
            },
            // Empty lines between messages harm nobody.
            (Header::End, None) if first_line => START,
            (Header::Length(length), _) => State::Header { length: Some(length), first_line: false },
            (Header::Other, length) => State::Header { length, first_line: false },
            (Header::End, None) | (Header::Malformed, _) => return Some(self.damage()),
        };
        self.buffer.advance(end + 1);
        self.state = next;
        match next {
            State::Skipped(length) => Some(Err(FrameError::TooLong(length))),
            _ => Some(Ok(())),
        }
    }

    /// Skips from the current line on, and reports it unless that was done.
    fn damage(&mut self) -> Result<(), FrameError> {
        // The header that is wrong must not be found again.
        self.buffer.advance(1);
        self.state = State::Damage;
        if std::mem::replace(&mut self.reported, true) { Ok(()) } else { Err(FrameError::Malformed) }
    }

    /// Skips to the next `Content-Length:`. `None` when it has not been received yet.
    fn skip_damage(&mut self) -> Option<()> {
        if let Some(start) = find_content_length(&self.buffer) {
            self.buffer.advance(start);
            self.state = START;
            return Some(());
        }
        // Its first bytes may be the last ones received.
        let kept = self.buffer.len().min(CONTENT_LENGTH.len() - 1);
        self.buffer.advance(self.buffer.len() - kept);
        None
    }
}

/// A line of a header, without its end.
enum Header {
    End,
    Length(u64),
    /// `Content-Type`, or one that the protocol may get later.
    Other,
    Malformed,
}

fn header(line: &[u8]) -> Header {
    if line.is_empty() {
        return Header::End;
    }
    match find_content_length(line) {
        Some(0) => {
            let value = line[CONTENT_LENGTH.len()..].trim_ascii();
            let digits =
                std::str::from_utf8(value).ok().filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
            let length = digits.and_then(|digits| digits.parse().ok());
            length.filter(|length| *length <= MAX_PLAUSIBLE_LENGTH).map_or(Header::Malformed, Header::Length)
        }
        // The rest of a body whose length was understated, with a header right behind it.
        Some(_) => Header::Malformed,
        None => {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let is_name =
                name.len() < line.len() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            if is_name && !name.is_empty() { Header::Other } else { Header::Malformed }
        }
    }
}

fn find_content_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(CONTENT_LENGTH.len()).position(|window| window.eq_ignore_ascii_case(CONTENT_LENGTH))
}
