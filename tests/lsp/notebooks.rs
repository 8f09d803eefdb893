//! Notebooks: their cells are one module.

use crate::client::{Client, Start, brief, pushed};
use serde_json::{Value, json};

fn cell(name: &str, text: &str) -> Value {
    json!({ "uri": format!("vscode-notebook-cell:/book.ipynb#{name}"), "languageId": "python", "version": 1, "text": text })
}

fn reference(name: &str) -> Value {
    json!({ "kind": 2, "document": format!("vscode-notebook-cell:/book.ipynb#{name}") })
}

fn open(client: &mut Client, cells: &[(&str, &str)]) {
    let texts: Vec<Value> = cells.iter().map(|(name, text)| cell(name, text)).collect();
    let mut references: Vec<Value> = cells.iter().map(|(name, _)| reference(name)).collect();
    references.insert(0, json!({ "kind": 1, "document": "vscode-notebook-cell:/book.ipynb#text" }));
    let uri = client.uri("book.ipynb");
    let notebook = json!({ "uri": uri, "notebookType": "jupyter-notebook", "version": 1, "cells": references });
    client.notify("notebookDocument/didOpen", json!({ "notebookDocument": notebook, "cellTextDocuments": texts }));
}

fn pull(client: &mut Client, name: &str) -> Vec<String> {
    client.pull(&format!("vscode-notebook-cell:/book.ipynb#{name}"))
}

#[test]
fn findings_are_in_their_cells() {
    let mut client = Client::pulling(&[]);
    let selector = json!([{ "notebook": "jupyter-notebook", "cells": [{ "language": "python" }] }]);
    assert_eq!(client.capabilities["notebookDocumentSync"]["notebookSelector"], selector);
    open(&mut client, &[("a", "import asyncio\n\nasync def f():\n    pass"), ("b", "await f()\nasyncio.run(f())\n")]);
    assert_eq!(pull(&mut client, "a"), [""; 0]);
    assert_eq!(pull(&mut client, "b"), ["2:1-17 notebook-event-loop"]);

    let actions = client.actions("vscode-notebook-cell:/book.ipynb#b", 1, 3, Some("quickfix"));
    let resolved = client.request("codeAction/resolve", actions[0].clone());
    let change = &resolved["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["uri"], "vscode-notebook-cell:/book.ipynb#b");
    assert_eq!(change["edits"][0]["range"]["start"]["line"], 1);

    // The cell before it goes, and another one comes behind.
    let uri = client.uri("book.ipynb");
    let structure = json!({
        "array": { "start": 1, "deleteCount": 1, "cells": [] },
        "didClose": [{ "uri": "vscode-notebook-cell:/book.ipynb#a" }]
    });
    let change = json!({ "cells": { "structure": structure, "textContent": [{
        "document": { "uri": "vscode-notebook-cell:/book.ipynb#b", "version": 2 },
        "changes": [{ "text": "import asyncio\n\nasync def f():\n    asyncio.run(f())\n" }]
    }] } });
    let id = json!({ "uri": uri, "version": 2 });
    client.notify("notebookDocument/didChange", json!({ "notebookDocument": id, "change": change }));
    assert_eq!(pull(&mut client, "a"), [""; 0]);
    assert_eq!(pull(&mut client, "b"), ["4:5-21 nested-event-loop"]);

    let cells = json!([{ "uri": "vscode-notebook-cell:/book.ipynb#b" }]);
    client
        .notify("notebookDocument/didClose", json!({ "notebookDocument": { "uri": uri }, "cellTextDocuments": cells }));
    assert_eq!(pull(&mut client, "b"), [""; 0]);
    client.finish();
}

#[test]
fn cells_are_sent_their_diagnostics() {
    let mut client = Client::start(&[], Start { capabilities: pushed(), ..Start::default() });
    client.indexed();
    open(&mut client, &[("a", "import time"), ("b", "async def f():\n    time.sleep(1)\n")]);
    client.pushes("vscode-notebook-cell:/book.ipynb#a", &[]);
    client.pushes("vscode-notebook-cell:/book.ipynb#b", &["2:5-18 blocking-call"]);
    let uri = client.uri("book.ipynb");
    let cells: Vec<Value> =
        ["a", "b"].iter().map(|name| json!({ "uri": format!("vscode-notebook-cell:/book.ipynb#{name}") })).collect();
    client
        .notify("notebookDocument/didClose", json!({ "notebookDocument": { "uri": uri }, "cellTextDocuments": cells }));
    client.pushes("vscode-notebook-cell:/book.ipynb#b", &[]);
    assert!(brief(&Value::Null).is_empty());
    client.finish();
}

#[test]
fn nothing_is_said_about_notebooks_that_are_not_open() {
    let code = "import asyncio\\n\\nasync def f():\\n    asyncio.run(g())\\n";
    let cell = format!("{{\"cell_type\": \"code\", \"metadata\": {{}}, \"outputs\": [], \"source\": \"{code}\"}}");
    let book = format!("{{\"cells\": [{cell}], \"metadata\": {{}}, \"nbformat\": 4, \"nbformat_minor\": 5}}");
    let files = [("book.ipynb", book.as_str()), ("main.py", "import time\n\nasync def f():\n    time.sleep(1)\n")];
    let options = json!({ "diagnosticMode": "workspace" });
    let mut client = Client::start(&files, Start { options: options.clone(), ..Start::default() });
    let report = client.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    let uris: Vec<_> = report["items"].as_array().unwrap().iter().map(|item| item["uri"].clone()).collect();
    assert_eq!(uris, [client.uri("main.py")]);
    client.finish();

    let mut client = Client::start(&files, Start { options, capabilities: pushed(), ..Start::default() });
    client.pushes("main.py", &["4:5-18 blocking-call"]);
    client.indexed();
    client.finish();
}
