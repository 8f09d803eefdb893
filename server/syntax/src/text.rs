//! Bytes to text, and positions in it.

use std::fmt;

use encoding_rs::{Encoding, UTF_8};

use crate::facts::Span;

/// A decoded file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// How the file said it is encoded, or `utf-8`.
    pub encoding: String,
    /// The file begins with a byte order mark.
    pub has_bom: bool,
}

/// Why bytes are no Python text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// The cookie names an encoding nobody here knows.
    UnknownEncoding {
        /// The name.
        name: String,
        /// Where it stands, in bytes of the file.
        offset: usize,
    },
    /// The bytes do not follow the encoding.
    Malformed {
        /// The encoding.
        encoding: String,
        /// The first byte that does not, when that is known.
        offset: Option<usize>,
        /// The file says itself how it is encoded.
        is_declared: bool,
    },
    /// A byte order mark, which says UTF-8, and a cookie that says otherwise.
    Contradiction {
        /// The cookie's encoding.
        name: String,
        /// Where it stands.
        offset: usize,
    },
    /// Larger than positions can say.
    TooLarge {
        /// Length in bytes.
        len: usize,
    },
}

impl DecodeError {
    /// The byte of the file the error is about.
    pub fn offset(&self) -> usize {
        match self {
            Self::UnknownEncoding { offset, .. } | Self::Contradiction { offset, .. } => *offset,
            Self::Malformed { offset, .. } => offset.unwrap_or(0),
            Self::TooLarge { .. } => 0,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownEncoding { name, offset } => {
                write!(
                    f,
                    "unknown encoding `{name}` declared at byte {offset}: save the file as UTF-8, or correct its name"
                )
            }
            Self::Malformed { encoding, offset, is_declared } => {
                write!(f, "not {encoding}")?;
                if let Some(offset) = offset {
                    write!(f, " at byte {offset}")?;
                }
                match is_declared {
                    true => write!(f, ": the encoding comment does not fit the file"),
                    false => {
                        write!(f, ": save the file as UTF-8, or declare `# -*- coding: ... -*-` in its first line")
                    }
                }
            }
            Self::Contradiction { name, offset } => write!(
                f,
                "encoding `{name}` declared at byte {offset} after a UTF-8 byte order mark: remove one of the two"
            ),
            Self::TooLarge { len } => write!(f, "{len} bytes are too many for one file: the limit is {MAX_LEN}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The longest text there are positions for; decoding can make a text three times longer.
pub const MAX_LEN: usize = 1 << 30;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Decodes a file as Python does: a byte order mark, the cookie of PEP 263 in the first two lines, else UTF-8.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    if bytes.len() > MAX_LEN {
        return Err(DecodeError::TooLarge { len: bytes.len() });
    }
    let has_bom = bytes.starts_with(BOM);
    let skipped = if has_bom { BOM.len() } else { 0 };
    let body = &bytes[skipped..];
    let Some((name, at)) = cookie(body) else {
        return utf8(body, skipped, has_bom, "utf-8", false);
    };
    let offset = skipped + at;
    match encoding(&name) {
        None => Err(DecodeError::UnknownEncoding { name, offset }),
        Some(Codec::Utf8) => utf8(body, skipped, has_bom, &name, true),
        Some(_) if has_bom => Err(DecodeError::Contradiction { name, offset }),
        Some(codec) => other(body, codec, name),
    }
}

fn utf8(body: &[u8], skipped: usize, has_bom: bool, name: &str, is_declared: bool) -> Result<Decoded, DecodeError> {
    match std::str::from_utf8(body) {
        Ok(text) => Ok(Decoded { text: text.to_owned(), encoding: name.to_owned(), has_bom }),
        Err(error) => {
            let offset = Some(skipped + error.valid_up_to());
            Err(DecodeError::Malformed { encoding: name.to_owned(), offset, is_declared })
        }
    }
}

fn other(body: &[u8], codec: Codec, name: String) -> Result<Decoded, DecodeError> {
    let malformed =
        |encoding: &str, offset| DecodeError::Malformed { encoding: encoding.to_owned(), offset, is_declared: true };
    let text = match codec {
        Codec::Utf8 => return utf8(body, 0, false, &name, true),
        Codec::Ascii => match body.iter().position(|b| !b.is_ascii()) {
            None => body.iter().map(|&b| char::from(b)).collect(),
            at => return Err(malformed(&name, at)),
        },
        Codec::Latin1 => body.iter().map(|&b| char::from(b)).collect(),
        Codec::Web(encoding) => match encoding.decode_without_bom_handling_and_without_replacement(body) {
            Some(text) => text.into_owned(),
            None => return Err(malformed(&name, first_malformed(body, encoding))),
        },
    };
    Ok(Decoded { text, encoding: name, has_bom: false })
}

/// The first byte of the first malformed sequence.
fn first_malformed(body: &[u8], encoding: &'static Encoding) -> Option<usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(body.len())?);
    match decoder.decode_to_string_without_replacement(body, &mut out, true) {
        (encoding_rs::DecoderResult::Malformed(len, after), read) => {
            Some(read.saturating_sub(usize::from(len) + usize::from(after)))
        }
        _ => None,
    }
}

/// How to decode.
#[derive(Copy, Clone)]
enum Codec {
    Utf8,
    Ascii,
    /// Python's latin-1, which gives every byte a character; the web's is windows-1252.
    Latin1,
    Web(&'static Encoding),
}

fn encoding(name: &str) -> Option<Codec> {
    let normal = name.to_ascii_lowercase().replace(['_', ' '], "-");
    Some(match normal.as_str() {
        "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "cp65001" => Codec::Utf8,
        "ascii" | "us-ascii" | "646" => Codec::Ascii,
        "latin-1" | "latin1" | "latin" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" | "l1" => Codec::Latin1,
        _ if normal.starts_with("utf-8-") => Codec::Utf8,
        _ if normal.starts_with("latin-1-") || normal.starts_with("iso-8859-1-") => Codec::Latin1,
        _ => {
            let label = match normal.strip_prefix("cp") {
                Some(page @ ("1250" | "1251" | "1252" | "1253" | "1254" | "1255" | "1256" | "1257" | "1258")) => {
                    format!("windows-{page}")
                }
                Some("932") => "shift_jis".to_owned(),
                Some("936") => "gbk".to_owned(),
                Some("949") => "euc-kr".to_owned(),
                Some("950") => "big5".to_owned(),
                _ => normal,
            };
            let found = Encoding::for_label(label.as_bytes())
                .or_else(|| Encoding::for_label(label.replace('-', "_").as_bytes()))?;
            // A cookie is ASCII, so an encoding that could not hold one is not the file's.
            match found.is_ascii_compatible() {
                true if found == UTF_8 => Codec::Utf8,
                true => Codec::Web(found),
                false => return None,
            }
        }
    })
}

/// The encoding named in a comment of the first two lines, and where it stands.
fn cookie(body: &[u8]) -> Option<(String, usize)> {
    let mut start = 0;
    for _ in 0..2 {
        let len = body[start..].iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(body.len() - start);
        let line = &body[start..start + len];
        let blank = line.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\x0c')).count();
        match line.get(blank) {
            None => {}
            Some(b'#') => {
                if let Some((name, at)) = cookie_in(line) {
                    return Some((name, start + at));
                }
            }
            Some(_) => return None,
        }
        start += len;
        start += if body[start..].starts_with(b"\r\n") { 2 } else { 1 };
        if start >= body.len() {
            return None;
        }
    }
    None
}

/// The name after `coding:` or `coding=`.
fn cookie_in(line: &[u8]) -> Option<(String, usize)> {
    let mut from = 0;
    while let Some(at) = line[from..].windows(6).position(|w| w == b"coding") {
        from += at + 6;
        if !matches!(line.get(from), Some(b':' | b'=')) {
            continue;
        }
        let blank = line[from + 1..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let start = from + 1 + blank;
        let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let len = line[start..].iter().take_while(is_name).count();
        if len > 0 {
            return Some((String::from_utf8_lossy(&line[start..start + len]).into_owned(), start));
        }
    }
    None
}

/// What columns count.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Columns {
    /// Bytes of UTF-8.
    Utf8,
    /// Units of UTF-16.
    Utf16,
    /// Characters.
    Chars,
}

/// A place in a text, both numbers from 0.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in what [`Columns`] says.
    pub column: u32,
}

/// Where the lines of a text begin. Lines end at `\n`, `\r\n` or a lone `\r`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    len: u32,
    /// All characters are one byte, so every kind of column is the same.
    is_ascii: bool,
}

impl LineIndex {
    /// Indexes a text.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for i in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[i] == b'\n' || bytes.get(i + 1) != Some(&b'\n') {
                starts.push(i as u32 + 1);
            }
        }
        Self { starts, len: bytes.len() as u32, is_ascii: text.is_ascii() }
    }

    /// How many lines; an empty text has one.
    pub fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The line a byte stands in. Offsets past the end are in the last line.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|start| *start <= offset) as u32 - 1
    }

    /// Where a line stands, its end (`\n`, `\r\n`, `\r`) included; past the last line, the empty end of the text.
    pub fn line_span(&self, line: u32) -> Span {
        let start = self.starts.get(line as usize).copied().unwrap_or(self.len);
        let end = self.starts.get(line as usize + 1).copied().unwrap_or(self.len);
        Span::new(start, end)
    }

    /// The text of a line without its end.
    pub fn line_text<'t>(&self, text: &'t str, line: u32) -> &'t str {
        slice(text, self.line_span(line)).trim_end_matches(['\n', '\r'])
    }

    /// The position of a byte offset. One past the end is the end, one inside a character is its start.
    pub fn position(&self, text: &str, offset: u32, columns: Columns) -> Position {
        let offset = floor_boundary(text, offset) as u32;
        let line = self.line(offset);
        let start = self.line_span(line).start;
        let column = match columns {
            _ if self.is_ascii => offset - start,
            Columns::Utf8 => offset - start,
            Columns::Utf16 => slice(text, Span::new(start, offset)).chars().map(|c| c.len_utf16() as u32).sum(),
            Columns::Chars => slice(text, Span::new(start, offset)).chars().count() as u32,
        };
        Position { line, column }
    }

    /// The byte offset of a position. Columns past the end of a line are its end (before `\n`, `\r\n` or `\r`), lines past the
    /// last are the end of the text, and a column inside a character is its start.
    pub fn offset(&self, text: &str, position: Position, columns: Columns) -> u32 {
        if position.line >= self.line_count() {
            return self.len;
        }
        let start = self.line_span(position.line).start;
        let line = self.line_text(text, position.line);
        let within = match columns {
            Columns::Utf8 => floor_boundary(line, position.column),
            _ if self.is_ascii => (position.column as usize).min(line.len()),
            Columns::Utf16 => byte_of(line, position.column, |c| c.len_utf16() as u32),
            Columns::Chars => byte_of(line, position.column, |_| 1),
        };
        start + within as u32
    }
}

/// The byte at which the character that holds column `column` begins.
fn byte_of(line: &str, column: u32, width: impl Fn(char) -> u32) -> usize {
    let mut passed = 0;
    for (at, c) in line.char_indices() {
        passed += width(c);
        if passed > column {
            return at;
        }
    }
    line.len()
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.range()).unwrap_or_default()
}

/// The last character boundary of a text that is not past `offset`.
pub(crate) fn floor_boundary(text: &str, offset: u32) -> usize {
    let mut at = (offset as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
