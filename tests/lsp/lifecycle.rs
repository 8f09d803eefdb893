//! How a session begins and ends, as the process sees it.

use crate::client::{Client, read, send};
use asyncwise_tests::binary::asyncwise;
use serde_json::{Value, json};
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Stdio};

/// A server that does not outlive its test.
struct Server(Child);

impl Deref for Server {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that is free, and none of those that the system gives to clients: one that tries a port of its own may find itself.
fn free_port() -> String {
    let first = 20_000 + (std::process::id() % 5_000) as u16;
    let port = (first..30_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    port.expect("a free port").to_string()
}

fn server(arguments: &[&str]) -> Server {
    let mut command = asyncwise();
    command.arg("server").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    Server(command.spawn().expect("the server starts"))
}

/// A whole session, up to `exit`.
fn session(mut to_server: impl Write, from_server: impl std::io::Read) {
    let mut output = BufReader::new(from_server);
    let params = json!({ "processId": null, "rootUri": null, "capabilities": {} });
    send(&mut to_server, &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }));
    let response = read(&mut output).expect("an answer");
    assert_eq!(response["result"]["serverInfo"]["name"], "asyncwise");
    send(&mut to_server, &json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
    send(&mut to_server, &json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }));
    assert_eq!(read(&mut output).expect("an answer")["result"], Value::Null);
    send(&mut to_server, &json!({ "jsonrpc": "2.0", "method": "exit" }));
}

#[test]
fn the_exit_code_says_whether_shutdown_came_first() {
    Client::pulling(&[]).finish();

    let mut child = server(&[]);
    send(child.stdin.as_mut().expect("piped"), &json!({ "jsonrpc": "2.0", "method": "exit" }));
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "exit without shutdown");

    let mut child = server(&["--stdio"]);
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "the end of input");
}

#[test]
fn a_session_over_a_port() {
    // The client waits.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let mut child = server(&["--socket", &port]);
    let stream = listener.accept().expect("the server connects").0;
    session(&stream, &stream);
    assert!(child.wait().expect("it ends").success());

    // The server waits.
    let port = free_port();
    let mut child = server(&["--port", &port]);
    let stream = loop {
        if let Ok(stream) = TcpStream::connect(format!("127.0.0.1:{port}")) {
            break stream;
        }
        assert!(child.try_wait().expect("it can be asked").is_none(), "the server has ended");
        std::thread::yield_now();
    };
    session(&stream, &stream);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn without_a_connection_there_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let output = asyncwise().args(["server", "--port", &port]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no connection"));
}

#[test]
fn a_client_that_traces() {
    let mut client = Client::pulling(&[]);
    client.indexed();
    for (value, has_details) in [("messages", false), ("verbose", true)] {
        client.notify("$/setTrace", json!({ "value": value }));
        let trace = client.expect("$/logTrace");
        let message = trace["params"]["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with("$/setTrace handled in "), "{message}");
        assert_eq!(trace["params"]["verbose"].is_string(), has_details, "{trace}");
    }
    client.notify("$/setTrace", json!({ "value": "off" }));
    client.notify("$/setTrace", json!({ "value": "messages" }));
    // Nothing was said while it was off, its own end least of all.
    let trace = client.expect("$/logTrace");
    assert!(trace["params"].get("verbose").is_none(), "{trace}");
    client.finish();
}
