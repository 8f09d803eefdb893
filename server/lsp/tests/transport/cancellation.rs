//! Requests that the client no longer wants.

use crate::Client;
use asyncwise_lsp::transport::Exit;
use serde_json::{Value, json};

const REQUEST_CANCELLED: i64 = -32800;

/// `Server::serve` reads nothing more once four of them run.
#[tokio::test]
async fn any_of_a_hundred_running_requests_can_be_cancelled() {
    let mut client = Client::initialized().await;
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(client.start("toy/never", Value::Null).await);
    }
    client.change(1).await;
    assert_eq!(client.version().await, 1);
    for id in ids.into_iter().rev() {
        client.cancel(id.into()).await;
        assert_eq!(client.receive_error(REQUEST_CANCELLED).await, id);
    }
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_may_be_text_and_used_again() {
    let mut client = Client::initialized().await;
    for _ in 0..200 {
        client.send(&json!({ "jsonrpc": "2.0", "id": "one", "method": "toy/never" })).await;
        client.cancel(json!("one")).await;
        assert_eq!(client.receive_error(REQUEST_CANCELLED).await, "one");
        // The end of the first handler is not the end of the second.
        client.send(&json!({ "jsonrpc": "2.0", "id": "one", "method": "toy/versionLater" })).await;
        assert_eq!(client.receive().await["result"], 0);
    }
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn answered_and_unknown_requests_are_not_answered_again() {
    let mut client = Client::initialized().await;
    client.version().await;
    for id in [json!(2), json!(99), json!("2"), json!(null), json!({})] {
        client.cancel(id).await;
    }
    client.notify("$/cancelRequest", Value::Null).await;
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn each_request_is_answered_once_whoever_wins() {
    let mut client = Client::initialized().await;
    for _ in 0..200 {
        let id = client.start("toy/versionLater", Value::Null).await;
        client.cancel(id.into()).await;
        let answer = client.receive().await;
        assert_eq!(answer["id"], id);
        assert!(answer["result"] == 0 || answer["error"]["code"] == REQUEST_CANCELLED, "{answer}");
    }
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn work_on_other_threads_notices() {
    let mut client = Client::initialized().await;
    let id = client.start("toy/compute", Value::Null).await;
    client.cancel(id.into()).await;
    assert_eq!(client.receive_error(REQUEST_CANCELLED).await, id);
    client.receive_log("noticed").await;
    assert_eq!(client.exit().await, Exit::Success);
}
