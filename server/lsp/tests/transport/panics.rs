//! Handlers that panic. After each the server still answers.

use crate::Client;
use asyncwise_lsp::transport::Exit;
use serde_json::{Value, json};

#[tokio::test]
async fn in_a_request() {
    let mut client = Client::initialized().await;
    for (method, message) in
        [("toy/panic", "toy/panic panicked: at once"), ("toy/panicLater", "toy/panicLater panicked: later")]
    {
        // The id can be used again.
        for _ in 0..2 {
            client.send(&json!({ "jsonrpc": "2.0", "id": "p", "method": method })).await;
            let answer = client.receive().await;
            assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": "p", "error": { "code": -32603, "message": message } }));
        }
    }
    client.change(4).await;
    assert_eq!(client.version().await, 4);
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn in_a_notification() {
    let mut client = Client::initialized().await;
    client.notify("toy/panicNotification", Value::Null).await;
    client.receive_log("toy/panicNotification panicked: in a notification").await;
    client.change(4).await;
    assert_eq!(client.version().await, 4);
    assert_eq!(client.exit().await, Exit::Success);
}
