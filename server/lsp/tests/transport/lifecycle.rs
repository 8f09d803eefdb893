//! How sessions begin and end.

use crate::Client;
use asyncwise_lsp::transport::Exit;
use serde_json::{Value, json};

const SERVER_NOT_INITIALIZED: i64 = -32002;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;

// In all of these tests but those that hang up, the client keeps the input of the server open.

#[tokio::test]
async fn exit_after_shutdown_succeeds() {
    assert_eq!(Client::initialized().await.exit().await, Exit::Success);
}

#[tokio::test]
async fn exit_without_shutdown_fails() {
    let mut client = Client::initialized().await;
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Exit::Failure);
}

#[tokio::test]
async fn exit_before_initialize_fails() {
    let mut client = Client::connect();
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Exit::Failure);
}

#[tokio::test]
async fn end_of_input_fails() {
    assert_eq!(Client::initialized().await.hang_up().await, Exit::Failure);
}

#[tokio::test]
async fn end_of_input_after_shutdown_succeeds() {
    let mut client = Client::initialized().await;
    client.request("shutdown", Value::Null).await;
    assert_eq!(client.hang_up().await, Exit::Success);
}

#[tokio::test]
async fn end_of_output_ends_the_server() {
    let mut client = Client::initialized().await;
    client.start("toy/version", Value::Null).await;
    assert_eq!(client.close_output().await, Exit::Failure);
}

#[tokio::test]
async fn exit_does_not_wait_for_handlers() {
    let mut client = Client::initialized().await;
    client.start("toy/never", Value::Null).await;
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn requests_before_initialize_are_refused() {
    let mut client = Client::connect();
    for method in ["toy/version", "shutdown", "no/such/method"] {
        client.start(method, Value::Null).await;
        client.receive_error(SERVER_NOT_INITIALIZED).await;
    }
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Exit::Failure);
}

#[tokio::test]
async fn notifications_before_initialize_are_dropped() {
    let mut client = Client::connect();
    client.change(7).await;
    client.request("initialize", json!({ "capabilities": {} })).await;
    assert_eq!(client.version().await, 0);
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn initialize_is_taken_once() {
    let mut client = Client::initialized().await;
    client.start("initialize", json!({ "capabilities": {} })).await;
    client.receive_error(INVALID_REQUEST).await;
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn initialize_is_taken_once_while_it_runs() {
    let mut client = Client::connect();
    let both = [1, 2].map(|id| {
        let params = json!({ "capabilities": {}, "locale": "slow" });
        crate::client::frame(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "initialize", "params": params }).to_string(),
        )
    });
    client.send_bytes(both.concat().as_bytes()).await;
    let mut answers = [client.receive().await, client.receive().await];
    answers.sort_by_key(|answer| answer["id"].as_i64());
    assert_eq!(answers[0]["result"], json!({ "capabilities": {} }));
    assert_eq!(answers[1]["error"]["code"], INVALID_REQUEST);
    client.notify("exit", Value::Null).await;
    client.ended().await;
}

#[tokio::test]
async fn failed_initialize_may_be_tried_again() {
    let mut client = Client::connect();
    client.start("initialize", json!({ "capabilities": 3 })).await;
    client.receive_error(-32602).await;
    client.request("initialize", json!({ "capabilities": {} })).await;
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn requests_after_shutdown_are_refused() {
    let mut client = Client::initialized().await;
    client.request("shutdown", Value::Null).await;
    for method in ["toy/version", "shutdown", "initialize", "no/such/method"] {
        client.start(method, Value::Null).await;
        client.receive_error(INVALID_REQUEST).await;
    }
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, Exit::Success);
}

#[tokio::test]
async fn null_params_are_absent_params() {
    let mut client = Client::initialized().await;
    client.notify("initialized", Value::Null).await;
    client.receive_log("initialized").await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "initialized" })).await;
    client.receive_log("initialized").await;
    client.start("shutdown", json!({})).await;
    assert_eq!(client.receive().await["result"], Value::Null);
    client.notify("exit", json!({})).await;
    assert_eq!(client.ended().await, Exit::Success);
}

#[tokio::test]
async fn unknown_methods_are_not_found_and_unknown_notifications_ignored() {
    let mut client = Client::initialized().await;
    for method in ["no/such/method", "$/noSuchMethod"] {
        let id = client.start(method, Value::Null).await;
        assert_eq!(client.receive_error(METHOD_NOT_FOUND).await, id);
        client.notify(method, Value::Null).await;
    }
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn ids_of_unanswered_requests_are_refused() {
    let mut client = Client::initialized().await;
    for id in [json!(50), json!("a")] {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "toy/never" });
        client.send(&request).await;
        client.send(&request).await;
        assert_eq!(client.receive_error(INVALID_REQUEST).await, id);
        // The first one still gets its answer.
        client.cancel(id.clone()).await;
        assert_eq!(client.receive_error(-32800).await, id);
    }
    assert_eq!(client.exit().await, Exit::Success);
}

/// Two seconds or so pass until the server looks for the process again.
#[cfg(unix)]
#[tokio::test]
async fn death_of_the_parent_ends_the_server() {
    let mut parent = std::process::Command::new("sleep").arg("600").spawn().expect("there is a shell");
    let mut client = Client::connect();
    client.request("initialize", json!({ "capabilities": {}, "processId": parent.id() })).await;
    assert_eq!(client.version().await, 0);
    parent.kill().expect("it is ours");
    parent.wait().expect("it is ours");
    assert_eq!(client.ended().await, Exit::Failure);
}

#[tokio::test]
async fn parents_that_cannot_be_seen_are_not_watched() {
    let mut client = Client::connect();
    client.request("initialize", json!({ "capabilities": {}, "processId": i32::MAX })).await;
    assert_eq!(client.version().await, 0);
    assert_eq!(client.exit().await, Exit::Success);
}
