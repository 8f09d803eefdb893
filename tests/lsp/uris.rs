//! URIs as clients write them, and texts with odd bytes in them.

use crate::client::{Client, Start, pushed};
use serde_json::{Value, json};

const BLOCKS: &str = "import time\n\n\nasync def f():\n    time.sleep(1)\n";
const FOUND: &[&str] = &["5:5-18 blocking-call"];

/// Names of texts that a server must take, though RFC 3986 allows not all of them.
const NAMES: &[&str] = &[
    "file:///a b/[x].py",
    "file:///c%3A/x.py",
    "file:///x/{y}/100%.py",
    "file:/x/é.py",
    "untitled:Untitled-1",
    "untitled:c:\\x\\new one.py",
];

#[test]
fn diagnostics_go_out_under_the_name_that_the_client_uses() {
    for name in NAMES {
        let mut client = Client::start(&[], Start { capabilities: pushed(), ..Start::default() });
        client.open(name, BLOCKS);
        client.pushes(name, FOUND);
        client.replace(name, "x = 1\n");
        client.pushes(name, &[]);
        client.replace(name, BLOCKS);
        client.pushes(name, FOUND);
        client.close(name);
        client.pushes(name, &[]);
        client.finish();

        let mut client = Client::pulling(&[]);
        client.open(name, BLOCKS);
        assert_eq!(client.pull(name), FOUND, "{name}");
        client.finish();
    }
}

#[test]
fn a_text_is_found_under_every_spelling() {
    let mut client = Client::pulling(&[("a b/[x].py", "")]);
    let root = client.uri("");
    let (opened, other) = (format!("{root}/a b/[x].py"), format!("{root}/a%20b/%5bx%5d.py"));
    client.open(&opened, BLOCKS);
    assert_eq!(client.pull(&other), FOUND);
    let actions = client.actions(&other, 4, 6, Some("quickfix"));
    let resolved = client.request("codeAction/resolve", actions[0].clone());
    assert_eq!(resolved["edit"]["documentChanges"][0]["textDocument"]["uri"], opened.as_str());
    let path = client.command("asyncwise.showPath", json!([other, { "line": 4, "character": 6 }]));
    client.expect("window/showMessage");
    assert_eq!(path[0]["steps"][0]["location"]["uri"], opened.as_str(), "{path}");
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": other } }));
    assert_eq!(client.pull(&opened), [""; 0]);
    client.finish();
}

#[test]
fn the_cells_of_vs_code() {
    let mut client = Client::pulling(&[]);
    let (book, cell) = (client.uri("a book.ipynb"), "vscode-notebook-cell:/a book.ipynb#W0sZmlsZQ==");
    let item = json!({ "uri": cell, "languageId": "python", "version": 1, "text": BLOCKS });
    let cells = json!([{ "kind": 2, "document": "vscode-notebook-cell:/a%20book.ipynb#W0sZmlsZQ%3D%3D" }]);
    let notebook = json!({ "uri": book, "notebookType": "jupyter-notebook", "version": 1, "cells": cells });
    client.notify("notebookDocument/didOpen", json!({ "notebookDocument": notebook, "cellTextDocuments": [item] }));
    assert_eq!(client.pull(cell), FOUND);
    client.finish();
}

#[test]
fn a_folder_is_asked_about_under_its_own_name() {
    let capabilities = json!({ "workspace": { "configuration": true } });
    let mut client = Client::start(
        &[("my project/x.py", BLOCKS)],
        Start { capabilities, configuration: None, folders: vec!["my project"], ..Start::default() },
    );
    let folder = client.uri("my project");
    let asked = client.expect("workspace/configuration");
    assert_eq!(asked["params"]["items"][1]["scopeUri"], folder.as_str());
    client.answer(&asked, json!([{ "diagnosticMode": "workspace" }, Value::Null]));
    client.pushes("my%20project/x.py", FOUND);
    client.finish();
}

#[test]
fn a_byte_order_mark_is_a_character_of_the_text_and_none_of_the_code() {
    let text = "\u{feff}import time; x = 1\n\n\nasync def f():\n    time.sleep(1)\n";
    let mut client = Client::pulling(&[]);
    client.open("main.py", text);
    assert_eq!(client.pull("main.py"), FOUND);
    // In the first line it counts.
    let one_line = "\u{feff}import time\nasync def f(): time.sleep(1)\n";
    client.replace("main.py", one_line);
    assert_eq!(client.pull("main.py"), ["2:16-29 blocking-call"]);
    let first = "\u{feff}async def f(): __import__('time'); import time; time.sleep(1)\n";
    client.replace("main.py", first);
    let start = 1 + first.find("time.sleep").unwrap();
    assert_eq!(client.pull("main.py"), [format!("1:{start}-{} blocking-call", start + 13)]);
    let actions = client.actions("main.py", 0, start as u32 + 2, Some("quickfix"));
    let resolved = client.request("codeAction/resolve", actions[0].clone());
    client.apply(&resolved["edit"]);
    assert!(client.text("main.py").starts_with("\u{feff}"), "{}", client.text("main.py"));
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.finish();
}

#[test]
fn line_ends_and_bytes_that_nobody_types() {
    let mut client = Client::pulling(&[]);
    client.open("main.py", &BLOCKS.replace('\n', "\r"));
    assert_eq!(client.pull("main.py"), FOUND);
    // Python takes no text with a NUL, and what is told about it is nobody's business but that it ends.
    client.replace("main.py", &format!("x = '\0'\r{BLOCKS}"));
    client.pull("main.py");
    let range = json!({ "start": { "line": 0, "character": 5 }, "end": { "line": 0, "character": 6 } });
    client.change("main.py", json!([{ "range": range, "text": "" }]), &format!("x = ''\r{BLOCKS}"));
    assert_eq!(client.pull("main.py"), ["6:5-18 blocking-call"]);
    client.finish();
}
