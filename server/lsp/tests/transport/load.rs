//! Clients that do not answer and do not read.

use crate::Client;
use asyncwise_lsp::transport::Exit;
use serde_json::{Value, json};

#[tokio::test]
async fn questions_of_the_server_may_stay_without_an_answer() {
    let mut client = Client::initialized().await;
    for _ in 0..20 {
        client.notify("toy/ask", Value::Null).await;
        assert_eq!(client.receive().await["method"], "workspace/configuration");
    }
    client.change(3).await;
    assert_eq!(client.version().await, 3);
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn answers_reach_those_who_asked() {
    let mut client = Client::initialized().await;
    for id in [json!(77), json!("x"), Value::Null] {
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null })).await;
    }
    // Four of these already keep `Server::serve` from reading any answer.
    let mut questions = Vec::new();
    for _ in 0..8 {
        client.notify("toy/ask", Value::Null).await;
        questions.push(client.receive().await);
    }
    for question in questions {
        client.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": [5] })).await;
        client.receive_log("Ok([Number(5)])").await;
    }
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn questions_without_parameters_have_none() {
    let mut client = Client::initialized().await;
    client.notify("toy/refresh", Value::Null).await;
    let mut question = client.receive().await;
    let id = question["id"].take();
    assert_eq!(question, json!({ "jsonrpc": "2.0", "method": "workspace/diagnostic/refresh", "id": null }));
    client.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null })).await;
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn refused_questions_are_errors() {
    let mut client = Client::initialized().await;
    client.notify("toy/ask", Value::Null).await;
    let id = client.receive().await["id"].take();
    client.send(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "no" } })).await;
    client.receive_log(r#"Err(Error { code: MethodNotFound, message: "no", data: None })"#).await;
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn input_is_read_although_output_is_not() {
    let mut client = Client::initialized().await;
    // 40 MB of answers wait.
    for _ in 0..5 {
        client.start("toy/flood", Value::Null).await;
    }
    for version in 1..=1000 {
        client.change(version).await;
    }
    for _ in 0..5 {
        assert_eq!(client.receive().await["result"].as_str().map(str::len), Some(8 << 20));
    }
    assert_eq!(client.version().await, 1000);
    assert_eq!(client.exit().await, Exit::Success);
}

#[tokio::test]
async fn clients_that_do_not_read_are_taken_for_dead() {
    let mut client = Client::initialized().await;
    for _ in 0..10 {
        client.start("toy/flood", Value::Null).await;
    }
    assert_eq!(client.ended_unread().await, Exit::Failure);
}

#[tokio::test]
async fn messages_of_any_length_are_sent() {
    let mut client = Client::initialized().await;
    let text = "x".repeat(80 << 20);
    client.notify("toy/say", json!({ "text": text })).await;
    client.receive_log(&text).await;
    assert_eq!(client.exit().await, Exit::Success);
}
