//! Requests see the state that the client had when it sent them.

use crate::Client;
use asyncwise_lsp::transport::Exit;
use serde_json::Value;
use std::collections::HashMap;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_edits_and_requests_interleave() {
    let mut client = Client::initialized().await;
    let mut expected = HashMap::new();
    for version in 1..=1000 {
        client.change(version).await;
        let method = if version % 2 == 0 { "toy/version" } else { "toy/versionLater" };
        expected.insert(client.start(method, Value::Null).await, version);
    }
    while !expected.is_empty() {
        let answer = client.receive().await;
        let id = answer["id"].as_i64().expect("requests have numbers");
        assert_eq!(Some(answer["result"].as_i64().expect("a version")), expected.remove(&id), "request {id}");
    }
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn what_a_handler_sends_before_its_answer_arrives_before_it() {
    let mut client = Client::initialized().await;
    let id = client.start("toy/progress", Value::Null).await;
    for step in 0..10 {
        client.receive_log(&step.to_string()).await;
    }
    assert_eq!(client.receive().await["id"], id);
    assert_eq!(client.exit().await, Exit::Success);
}
