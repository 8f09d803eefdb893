//! Texts and folders at the end of what is reasonable.

use crate::client::{Client, Start, pushed, write};
use crate::diagnostics::{BLOCKS, MAIN};
use serde_json::{Value, json};

const SLEEPS: &str = "import time\n\n\nasync def f():\n    time.sleep(1)\n";
const FOUND: &[&str] = &["5:5-18 blocking-call"];

#[test]
fn a_text_that_is_too_long_is_not_read_and_the_user_is_told() {
    let mut client = Client::pulling(&[]);
    client.indexed();
    let long = format!("{SLEEPS}x = [{}]\n", "1, ".repeat(3_400_000));
    client.open("main.py", &long);
    assert_eq!(client.pull("main.py"), [""; 0]);
    let message = client.expect("window/showMessage");
    let text = message["params"]["message"].as_str().expect("a message");
    assert!(text.contains("main.py: is too large: 10.2 MB, the limit is 10.0 MB"), "{text}");
    let edit = json!([{ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } }, "text": "#" }]);
    client.change("main.py", edit, &format!("#{long}"));
    assert_eq!(client.pull("main.py"), [""; 0]);
    assert_eq!(client.actions("main.py", 4, 6, None), [Value::Null; 0]);
    let at = json!({ "textDocument": { "uri": client.uri("main.py") }, "position": { "line": 4, "character": 6 } });
    assert_eq!(client.request("textDocument/hover", at), Value::Null);
    client.replace("main.py", SLEEPS);
    assert_eq!(client.pull("main.py"), FOUND);
    client.replace("main.py", &long);
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.close("main.py");
    client.finish();
}

#[test]
fn the_configuration_says_how_long_texts_may_be() {
    let mut client = Client::pulling(&[("asyncwise.toml", "max-file-size = 20\n"), ("main.py", SLEEPS)]);
    client.indexed();
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.expect("window/showMessage");
    client.save("asyncwise.toml", "max-file-size = 2000\n");
    assert_eq!(client.pull("main.py"), FOUND);
    client.finish();
}

#[test]
fn a_line_of_many_findings() {
    let mut client = Client::pulling(&[]);
    let text = format!("import time\nasync def f(): {}\n", "time.sleep(1); ".repeat(1000));
    client.open("main.py", &text);
    assert_eq!(client.pull("main.py").len(), 1000);
    client.finish();
}

#[test]
fn texts_that_are_closed_are_forgotten() {
    let mut client = Client::pulling(&[("helper.py", BLOCKS)]);
    client.indexed();
    for round in 0..2000 {
        let name = format!("{}.py", round % 7);
        client.open(&name, MAIN);
        if round % 100 == 0 {
            assert_eq!(client.pull(&name), ["5:5-11 blocking-call"]);
        }
        client.close(&name);
    }
    client.open("last.py", MAIN);
    client.pull("last.py");
    client.close("last.py");
    let text = client.command("asyncwise.debugInformation", json!([]));
    assert!(text.as_str().expect("text").contains("open texts: 0, told of 0, remembered 0\n"), "{text}");
    client.finish();
}

#[test]
fn folders_that_are_not_there() {
    for folder in ["empty", "vscode-remote://host/x", "untitled:x"] {
        let mut client = Client::start(&[], Start { folders: vec![folder], ..Start::default() });
        client.open("untitled:Untitled-1", SLEEPS);
        assert_eq!(client.pull("untitled:Untitled-1"), FOUND, "{folder}");
        client.open("empty/x.py", SLEEPS);
        assert_eq!(client.pull("empty/x.py"), FOUND, "{folder}");
        client.close("empty/x.py");
        client.finish();
    }
}

#[test]
fn a_folder_is_deleted_while_it_is_open() {
    let files = [("a/main.py", MAIN), ("a/helper.py", BLOCKS), ("b/x.py", "")];
    for capabilities in [crate::client::pulls(), pushed()] {
        let pulls = capabilities["textDocument"]["diagnostic"].is_object();
        let mut client = Client::start(&files, Start { capabilities, folders: vec!["a", "b"], ..Start::default() });
        client.indexed();
        client.open("a/main.py", SLEEPS);
        if !pulls {
            client.pushes("a/main.py", FOUND);
        }
        std::fs::remove_dir_all(client.path("a")).expect("it goes");
        client.touched("a", 3);
        client.indexed();
        client.replace("a/main.py", &format!("{SLEEPS}\n"));
        match pulls {
            true => assert_eq!(client.pull("a/main.py"), FOUND),
            false => client.pushes("a/main.py", FOUND),
        }
        let removed = json!([{ "uri": client.uri("a") + "/", "name": "a" }]);
        client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": [], "removed": removed } }));
        client.close("a/main.py");
        write(&client.path("a/main.py"), SLEEPS);
        client.request("workspace/executeCommand", json!({ "command": "asyncwise.debugInformation" }));
        if !pulls {
            client.pushes("a/main.py", &[]);
        }
        client.finish();
    }
}
