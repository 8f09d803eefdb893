//! Sessions over ports of this machine.

use crate::client::frame;
use crate::server;
use asyncwise_lsp::transport::{Channel, Exit, run};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// Initializes, shuts down and exits.
fn session(mut stream: TcpStream) {
    let bodies = [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","method":"exit"}"#,
    ];
    stream.write_all(bodies.map(frame).concat().as_bytes()).expect("the server reads");
    let mut output = String::new();
    stream.read_to_string(&mut output).expect("the server closes the connection");
    let answers =
        [r#"{"jsonrpc":"2.0","result":{"capabilities":{}},"id":1}"#, r#"{"jsonrpc":"2.0","result":null,"id":2}"#];
    assert_eq!(output, answers.map(frame).concat());
}

fn free_port() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port")
}

#[test]
fn connects_to_a_client_that_listens() {
    let listener = free_port();
    let port = listener.local_addr().expect("it is bound").port();
    let server = thread::spawn(move || run(Channel::Connect(port), server::service));
    session(listener.accept().expect("the server connects").0);
    assert_eq!(server.join().expect("it does not panic").expect("it has connected"), Exit::Success);
}

#[test]
fn listens_for_a_client() {
    let port = free_port().local_addr().expect("it was bound").port();
    let server = thread::spawn(move || run(Channel::Listen(port), server::service));
    let stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => break stream,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
        assert!(!server.is_finished(), "the server cannot listen");
    };
    session(stream);
    assert_eq!(server.join().expect("it does not panic").expect("it has listened"), Exit::Success);
}

#[test]
fn says_when_nobody_listens() {
    let port = free_port().local_addr().expect("it was bound").port();
    let error = run(Channel::Connect(port), server::service).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
