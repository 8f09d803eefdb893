//! Between the bodies of messages and JSON-RPC.

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

/// A message of the client.
pub(super) enum Incoming {
    /// A request or a notification.
    Call(Request),
    /// The answer to a request of the server.
    Response(Response),
    /// What is neither: the error to answer with.
    Invalid(Response),
}

/// Reads the message that `body` begins with, and says how many bytes it has: fewer than `body` when its length was overstated.
///
/// Lone surrogates and bytes that are not UTF-8 are replaced in `body` when JSON cannot be read otherwise: a wrong character in a text is
/// better than a lost edit, after which client and server have different texts.
pub(super) fn decode(body: &mut [u8]) -> Result<(Incoming, usize), Response> {
    let first = first_value(body).or_else(|_| {
        replace_invalid_utf8(body);
        replace_lone_surrogates(body);
        first_value(body)
    });
    match first {
        Ok((value, length)) => Ok((classify(value), length)),
        Err(error) => Err(failure(Id::Null, ErrorCode::ParseError, error.to_string())),
    }
}

/// A message with its header.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(message).expect("messages are made of JSON values, which always serialize");
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(&body);
    frame
}

/// A call of the server without parameters that are null: the library writes them for methods that have none, but by JSON-RPC
/// parameters are an array or an object, or left out.
pub(super) fn without_null(call: Request) -> Request {
    if call.params() != Some(&Value::Null) {
        return call;
    }
    let (method, id, _) = call.into_parts();
    let call = Request::build(method);
    if let Some(id) = id { call.id(id).finish() } else { call.finish() }
}

/// The answer that a request failed.
pub(super) fn failure(id: Id, code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Response {
    Response::from_error(id, Error { code, message: message.into(), data: None })
}

/// The first JSON value, and where it ends; white space behind it belongs to it.
fn first_value(body: &[u8]) -> serde_json::Result<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter();
    let value = values.next().unwrap_or_else(|| serde_json::from_slice(body))?;
    let end = values.byte_offset();
    let rest = body[end..].trim_ascii_start().len();
    Ok((value, body.len() - rest))
}

fn classify(value: Value) -> Incoming {
    let mut object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return invalid(Id::Null, "batches are not part of the Language Server Protocol"),
        _ => return invalid(Id::Null, "a message is an object"),
    };
    let id = match object.remove("id").map(serde_json::from_value::<Id>) {
        Some(Err(_)) => return invalid(Id::Null, "an id is an integer or a string"),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    match object.remove("method") {
        Some(Value::String(method)) => Incoming::Call(request(method, id, object.remove("params"))),
        None if object.contains_key("result") || object.contains_key("error") => response(id, object),
        _ => invalid(id.unwrap_or_default(), "a message has a method, a result or an error"),
    }
}

fn request(method: String, id: Option<Id>, params: Option<Value>) -> Request {
    // Some clients write null for parameters that are absent, some leave out an object without members, and some write one where the
    // method has no parameters.
    let params = match (method.as_str(), params) {
        ("shutdown" | "exit", _) => None,
        ("initialized", None | Some(Value::Null)) => Some(json!({})),
        (_, Some(Value::Null)) => None,
        (_, params) => params,
    };
    let request = Request::build(method);
    let request = if let Some(params) = params { request.params(params) } else { request };
    if let Some(id) = id { request.id(id).finish() } else { request.finish() }
}

fn response(id: Option<Id>, mut object: Map<String, Value>) -> Incoming {
    let result = match object.remove("error") {
        None | Some(Value::Null) => Ok(object.remove("result").unwrap_or_default()),
        Some(error) => Err(serde_json::from_value(error).unwrap_or_else(|_| Error::internal_error())),
    };
    Incoming::Response(Response::from_parts(id.unwrap_or_default(), result))
}

fn invalid(id: Id, message: &'static str) -> Incoming {
    Incoming::Invalid(failure(id, ErrorCode::InvalidRequest, message))
}

/// Puts `?` for each byte that is not part of a character, which keeps the length.
fn replace_invalid_utf8(body: &mut [u8]) {
    let mut start = 0;
    while let Err(error) = std::str::from_utf8(&body[start..]) {
        let from = start + error.valid_up_to();
        let to = error.error_len().map_or(body.len(), |length| from + length);
        body[from..to].fill(b'?');
        start = to;
    }
}

/// Puts `\ufffd` for each escaped surrogate without its other half, which keeps the length.
fn replace_lone_surrogates(body: &mut [u8]) {
    let mut at = 0;
    while let Some(offset) = body[at..].iter().position(|byte| *byte == b'\\') {
        at += offset;
        at += match (code_unit(&body[at..]), body.get(at + 6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                body[at..at + 6].copy_from_slice(br"\ufffd");
                6
            }
            // An escape has two bytes at least: the second of `\\` begins no other.
            _ => 2.min(body.len() - at),
        };
    }
}

/// The code unit that `text` begins with, written as `\uXXXX`.
fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
