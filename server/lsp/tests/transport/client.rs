//! A client that wants every message of the server to be expected.

use crate::server;
use asyncwise_lsp::transport::{Exit, serve};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// After so long a test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    to_server: Option<DuplexStream>,
    from_server: BufReader<DuplexStream>,
    server: JoinHandle<Exit>,
    last_id: i64,
}

impl Client {
    /// A client that has sent nothing yet.
    pub(crate) fn connect() -> Self {
        let (to_server, input) = io::duplex(64 * 1024);
        let (output, from_server) = io::duplex(64 * 1024);
        let server = if std::env::var_os("ASYNCWISE_STOCK_TRANSPORT").is_some() {
            tokio::spawn(async move {
                let (service, socket) = server::service();
                tower_lsp::Server::new(input, output, socket).serve(service).await;
                // It has no other result.
                Exit::Success
            })
        } else {
            tokio::spawn(serve(input, output, server::service()))
        };
        Self { to_server: Some(to_server), from_server: BufReader::new(from_server), server, last_id: 0 }
    }

    /// A client that has initialized its server.
    pub(crate) async fn initialized() -> Self {
        let mut client = Self::connect();
        let response = client.request("initialize", json!({ "capabilities": {} })).await;
        assert_eq!(response["result"], json!({ "capabilities": {} }));
        client
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let sent = self.to_server.as_mut().expect("not closed yet").write_all(bytes);
        timeout(PATIENCE, sent).await.expect("the server does not read").expect("the server has gone");
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_bytes(frame(&message.to_string()).as_bytes()).await;
    }

    pub(crate) async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    pub(crate) async fn change(&mut self, version: i64) {
        let document = json!({ "uri": "file:///a.py", "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [] })).await;
    }

    pub(crate) async fn cancel(&mut self, id: Value) {
        self.notify("$/cancelRequest", json!({ "id": id })).await;
    }

    /// Sends a request without waiting for its answer; gives its id.
    pub(crate) async fn start(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params })).await;
        self.last_id
    }

    /// The answer to a request, which must be the next message of the server.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        let response = self.receive().await;
        assert_eq!(response["id"], id, "{response}");
        response
    }

    /// The version of the document.
    pub(crate) async fn version(&mut self) -> Value {
        self.request("toy/version", Value::Null).await["result"].take()
    }

    /// The next message of the server.
    pub(crate) async fn receive(&mut self) -> Value {
        let message = timeout(PATIENCE, self.read()).await.expect("the server says nothing");
        message.expect("the server has gone")
    }

    /// The next message must be an error with this code; gives its id.
    pub(crate) async fn receive_error(&mut self, code: i64) -> Value {
        let mut message = self.receive().await;
        assert_eq!(message["error"]["code"], code, "{message}");
        message["id"].take()
    }

    /// The next message must be the log of this text.
    pub(crate) async fn receive_log(&mut self, text: &str) {
        let message = self.receive().await;
        assert_eq!((&message["method"], &message["params"]["message"]), (&json!("window/logMessage"), &json!(text)));
    }

    async fn read(&mut self) -> Option<Value> {
        let mut header = String::new();
        self.from_server.read_line(&mut header).await.expect("headers are text");
        if header.is_empty() {
            return None;
        }
        let length = header.trim_end().strip_prefix("Content-Length: ").expect("the only header");
        self.from_server.read_line(&mut String::new()).await.expect("headers are text");
        let mut body = vec![0; length.parse().expect("a length")];
        self.from_server.read_exact(&mut body).await.expect("the whole body");
        Some(serde_json::from_slice(&body).expect("bodies are JSON"))
    }

    /// Ends the session as clients should, and leaves the input of the server open.
    pub(crate) async fn exit(mut self) -> Exit {
        let response = self.request("shutdown", Value::Null).await;
        assert_eq!(response["result"], Value::Null, "{response}");
        self.notify("exit", Value::Null).await;
        self.ended().await
    }

    /// Closes the input of the server.
    pub(crate) async fn hang_up(mut self) -> Exit {
        self.to_server = None;
        self.ended().await
    }

    /// Closes the output of the server.
    pub(crate) async fn close_output(self) -> Exit {
        drop(self.from_server);
        timeout(PATIENCE, self.server).await.expect("the server goes on").expect("the server does not panic")
    }

    /// Waits for the end of the server, without which it fails, as it does when a message was left unread.
    pub(crate) async fn ended(mut self) -> Exit {
        let unread = timeout(PATIENCE, self.read()).await.expect("the server goes on");
        assert_eq!(unread, None, "the test has not read this message");
        timeout(PATIENCE, self.server).await.expect("the server goes on").expect("the server does not panic")
    }

    /// Waits for the end of the server without reading anything.
    pub(crate) async fn ended_unread(self) -> Exit {
        timeout(PATIENCE, self.server).await.expect("the server goes on").expect("the server does not panic")
    }
}

pub(crate) fn frame(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}
