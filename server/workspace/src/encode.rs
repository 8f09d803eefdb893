//! Text to bytes, in the encoding a file declares.

use asyncwise_syntax::text::decode;
use encoding_rs::Encoding;

/// The bytes that read as `text` in the encoding named in its own comment; an error when there are none.
///
/// The names of encodings are many, so whatever way was tried is checked by reading the bytes again as they will be read.
pub(crate) fn encode(text: &str, encoding: &str) -> Result<Vec<u8>, String> {
    let ways = [Some(text.as_bytes().to_vec()), latin1(text), by_label(text, encoding)];
    let is_right = |bytes: &Vec<u8>| decode(bytes).is_ok_and(|decoded| decoded.text == text);
    ways.into_iter().flatten().find(is_right).ok_or_else(|| format!("the new text cannot be written as {encoding}"))
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn by_label(text: &str, name: &str) -> Option<Vec<u8>> {
    let label = name.to_ascii_lowercase().replace('_', "-");
    let label = match label.strip_prefix("cp") {
        Some("932") => "shift_jis".to_owned(),
        Some("936") => "gbk".to_owned(),
        Some("949") => "euc-kr".to_owned(),
        Some("950") => "big5".to_owned(),
        Some(page) => format!("windows-{page}"),
        None => label,
    };
    let found = Encoding::for_label(label.as_bytes());
    let found = found.or_else(|| Encoding::for_label(label.replace('-', "_").as_bytes()))?;
    let (bytes, _, has_unmappable) = found.encode(text);
    (!has_unmappable).then(|| bytes.into_owned())
}
