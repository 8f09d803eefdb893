//! Input that is not as the protocol wants it. Each test ends with an answer, so the session has lived on.

use crate::Client;
use crate::client::frame;
use asyncwise_lsp::transport::Exit;
use serde_json::{Value, json};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;

/// Sends `input` to a server, expects these error codes, and then the document in this version.
async fn check(input: impl AsRef<[u8]>, codes: &[i64], version: i64) {
    let mut client = Client::initialized().await;
    client.send_bytes(input.as_ref()).await;
    for code in codes {
        assert_eq!(client.receive_error(*code).await, Value::Null);
    }
    assert_eq!(client.version().await, version);
    assert_eq!(client.exit().await, Exit::Success);
}

/// The body of an edit that leads to `version`.
fn edit(version: i64) -> String {
    let document = json!({ "uri": "file:///a.py", "version": version });
    let changes = json!([{ "text": "x" }]);
    let params = json!({ "textDocument": document, "contentChanges": changes });
    json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": params }).to_string()
}

/// A frame whose header is wrong by so many bytes.
fn misstated(body: &str, by: isize) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len().saturating_add_signed(by))
}

#[tokio::test]
async fn headers_in_any_dress() {
    let body = edit(1);
    let length = body.len();
    check(format!("content-length:{length}\n\n{body}"), &[], 1).await;
    check(format!("\r\n\nCONTENT-LENGTH:  {length} \r\n\r\n{body}"), &[], 1).await;
    let content_type = "Content-Type: application/vscode-jsonrpc; charset=utf8";
    check(format!("{content_type}\r\nContent-Length: {length}\r\n\r\n{body}"), &[], 1).await;
    check(format!("Content-Length: {length}\r\n{content_type}\r\nX-Later: 1\r\n\r\n{body}"), &[], 1).await;
}

#[tokio::test]
async fn malformed_headers() {
    let good = frame(&edit(1));
    check(format!("GET / HTTP/1.1\r\n\r\n{good}"), &[PARSE_ERROR], 1).await;
    check(format!("Content-Length: many\r\n\r\n{{}}{good}"), &[PARSE_ERROR], 1).await;
    check(format!("Content-Length: -5\r\n\r\n{good}"), &[PARSE_ERROR], 1).await;
    check(format!("Content-Length: 99999999999999999999\r\n\r\n{good}"), &[PARSE_ERROR], 1).await;
    check(format!("Content-Type: text\r\n\r\n{{}}{good}"), &[PARSE_ERROR], 1).await;
    check(format!("{}{good}", "x".repeat(100_000)), &[PARSE_ERROR], 1).await;
}

#[tokio::test]
async fn malformed_json() {
    let good = frame(&edit(1));
    check(format!("{}{good}", frame("{\"jsonrpc\": ")), &[PARSE_ERROR], 1).await;
    check(format!("{}{good}", frame("")), &[PARSE_ERROR], 1).await;
    check(format!("{}{}{good}", frame("nonsense"), frame("}")), &[PARSE_ERROR, PARSE_ERROR], 1).await;
}

#[tokio::test]
async fn messages_that_are_none() {
    let good = frame(&edit(1));
    for body in [
        "[]",
        "[{\"id\":1,\"method\":\"toy/version\"}]",
        "5",
        "{}",
        "{\"method\":5}",
        "{\"id\":1.5,\"method\":\"toy/version\"}",
    ] {
        check(format!("{}{good}", frame(body)), &[INVALID_REQUEST], 1).await;
    }
}

#[tokio::test]
async fn invalid_requests_keep_their_id() {
    let mut client = Client::initialized().await;
    client.send(&json!({ "jsonrpc": "2.0", "id": 9 })).await;
    assert_eq!(client.receive_error(INVALID_REQUEST).await, 9);
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn overstated_lengths_lose_nothing() {
    // The message is whole, and what was read too much begins the next one.
    for by in [1, 5, 15, 30] {
        check(format!("{}{}", misstated(&edit(1), by), frame(&edit(2))), &[], 2).await;
    }
}

#[tokio::test]
async fn understated_lengths_lose_one_message() {
    for by in [-1, -5, -30] {
        check(format!("{}{}", misstated(&edit(1), by), frame(&edit(2))), &[PARSE_ERROR], 2).await;
    }
}

#[tokio::test]
async fn oversized_bodies_are_skipped() {
    let mut client = Client::initialized().await;
    let length = 256 * 1024 * 1024 + 1;
    client.send_bytes(format!("Content-Length: {length}\r\n\r\n").as_bytes()).await;
    client.receive_error(INVALID_REQUEST).await;
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..256 {
        client.send_bytes(&chunk).await;
    }
    client.send_bytes(b" ").await;
    assert_eq!(client.version().await, 0);
    assert_eq!(client.exit().await, Exit::Success);
}

/// Sends the text of a JSON string, and gives what the server has understood.
async fn understood(text: &[u8]) -> String {
    let mut client = Client::initialized().await;
    let body = [br#"{"jsonrpc":"2.0","method":"toy/say","params":{"text":""#, text, br#""}}"#].concat();
    client.send_bytes(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes()).await;
    client.send_bytes(&body).await;
    let said = client.receive().await["params"]["message"].as_str().expect("a text").to_owned();
    assert_eq!(client.exit().await, Exit::Success);
    said
}

#[tokio::test]
async fn characters_that_do_not_exist_are_replaced() {
    assert_eq!(understood(br"a\ud800b").await, "a\u{fffd}b");
    assert_eq!(understood(br"\uDC00").await, "\u{fffd}");
    assert_eq!(understood(br"\ud83d\ud83d\ude00").await, "\u{fffd}\u{1f600}");
    assert_eq!(understood(br"\\ud800 \ud800\\").await, "\\ud800 \u{fffd}\\");
    assert_eq!(understood(b"caf\xe9").await, "caf?");
}
