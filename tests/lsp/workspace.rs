//! Folders, settings and files.

use crate::client::{Client, Start, pulls, write};
use crate::diagnostics::{BLOCKS, HARMLESS, MAIN};
use serde_json::{Value, json};

const FOUND: &[&str] = &["5:5-11 blocking-call"];
const NOTHING: &[&str] = &[];

#[test]
fn folders_come_and_go() {
    let files = [("a/main.py", MAIN), ("a/helper.py", BLOCKS), ("b/main.py", MAIN), ("b/helper.py", HARMLESS)];
    let mut client = Client::start(&files, Start { folders: vec!["a", "b"], ..Start::default() });
    client.indexed();
    client.open_file("a/main.py");
    client.open_file("b/main.py");
    assert_eq!(client.pull("a/main.py"), FOUND);
    assert_eq!(client.pull("b/main.py"), NOTHING);
    let removed = json!([{ "uri": client.uri("a"), "name": "a" }]);
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": [], "removed": removed } }));
    // It is checked as a file outside of the workspace: alone, as there is no project around it.
    client.pull("a/main.py");
    client.notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": removed, "removed": [] } }));
    client.indexed();
    assert_eq!(client.pull("a/main.py"), FOUND);
    client.finish();
}

#[test]
fn a_file_outside_of_the_workspace_is_checked_with_its_project() {
    let files = [("in/x.py", ""), ("out/pyproject.toml", ""), ("out/main.py", MAIN), ("out/helper.py", BLOCKS)];
    let mut client = Client::start(&files, Start { folders: vec!["in"], ..Start::default() });
    client.open_file("out/main.py");
    client.indexed();
    assert_eq!(client.pull("out/main.py"), FOUND);
    client.close("out/main.py");
    client.finish();

    let files = [("main.py", "import time\n\n\nasync def f():\n    time.sleep(1)\n")];
    let mut client = Client::start(&files, Start { folders: vec![], ..Start::default() });
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), ["5:5-18 blocking-call"]);
    client.finish();
}

#[test]
fn settings_of_each_folder() {
    let mut capabilities = pulls();
    capabilities["workspace"]["configuration"] = json!(true);
    let files = [("a/main.py", MAIN), ("a/helper.py", BLOCKS), ("b/main.py", MAIN), ("b/helper.py", BLOCKS)];
    let start = Start {
        capabilities,
        configuration: Some(json!([{}, { "ignore": ["blocking-call"] }, { "ignor": [] }])),
        folders: vec!["a", "b"],
        ..Start::default()
    };
    let mut client = Client::start(&files, start);
    client.open_file("a/main.py");
    client.open_file("b/main.py");
    let warning = client.expect("window/showMessage");
    assert_eq!(warning["params"]["message"], "asyncwise: unknown setting `ignor`; did you mean `ignore`?");
    client.indexed();
    assert_eq!(client.pull("a/main.py"), NOTHING);
    assert_eq!(client.pull("b/main.py"), FOUND);
    client.finish();
}

#[test]
fn a_client_that_does_not_tell_its_settings_gets_findings() {
    let mut capabilities = pulls();
    capabilities["workspace"]["configuration"] = json!(true);
    let start = Start { capabilities, configuration: None, ..Start::default() };
    let mut client = Client::start(&[("main.py", MAIN), ("helper.py", BLOCKS)], start);
    client.open_file("main.py");
    client.indexed();
    assert_eq!(client.pull("main.py"), FOUND);
    client.finish();
}

#[test]
fn settings_change() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    client.indexed();
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), FOUND);
    client.notify(
        "workspace/didChangeConfiguration",
        json!({ "settings": { "asyncwise": { "select": ["unused-ignore"] } } }),
    );
    assert_eq!(client.pull("main.py"), NOTHING);
    client.notify("workspace/didChangeConfiguration", json!({ "settings": {} }));
    assert_eq!(client.pull("main.py"), FOUND);
    client.finish();
}

#[test]
fn what_the_configuration_does_not_name_is_as_initialize_said() {
    let files = [("main.py", MAIN), ("helper.py", BLOCKS)];
    let options = json!({ "select": ["unused-ignore"] });
    let mut capabilities = pulls();
    capabilities["workspace"]["configuration"] = json!(true);
    let configuration = Some(json!([{}, {}]));
    let mut client =
        Client::start(&files, Start { capabilities, options: options.clone(), configuration, ..Start::default() });
    client.open_file("main.py");
    client.indexed();
    // A wrong setting is said when the answer was worked in.
    client.configure(json!([{}, { "ignor": [] }]));
    client.notify("workspace/didChangeConfiguration", json!({ "settings": null }));
    client.expect("window/showMessage");
    assert_eq!(client.pull("main.py"), NOTHING);
    client.finish();

    let mut client = Client::start(&files, Start { options, ..Start::default() });
    client.indexed();
    client.open_file("main.py");
    let mut told = |settings: Value| {
        client.notify("workspace/didChangeConfiguration", json!({ "settings": { "asyncwise": settings } }));
        client.pull("main.py")
    };
    assert_eq!(told(json!({ "codeLens": false })), NOTHING);
    assert_eq!(told(json!({ "select": ["all"] })), FOUND);
    assert_eq!(told(json!({})), NOTHING);
    client.finish();
}

#[test]
fn a_broken_configuration_is_a_diagnostic_in_its_file() {
    let files = [("main.py", MAIN), ("helper.py", BLOCKS), ("asyncwise.toml", "ignore = [\"blocking-call\"]\n")];
    let mut client = Client::pulling(&files);
    client.indexed();
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), NOTHING);
    client.save("asyncwise.toml", "ignore = [\"blocking-call\"]\nselect = [\n");
    client.pushes("asyncwise.toml", &["2:11-11 configuration"]);
    assert_eq!(client.pull("main.py"), NOTHING, "what was last understood holds");
    client.save("asyncwise.toml", "");
    client.pushes("asyncwise.toml", &[]);
    assert_eq!(client.pull("main.py"), FOUND);
    client.finish();
}

#[test]
fn files_change_on_the_disk() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", HARMLESS)]);
    client.indexed();
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), NOTHING);
    client.save("helper.py", BLOCKS);
    assert_eq!(client.pull("main.py"), FOUND);
    std::fs::remove_file(client.path("helper.py")).unwrap();
    client.touched("helper.py", 3);
    assert_eq!(client.pull("main.py"), NOTHING);
    write(&client.path("helper/__init__.py"), BLOCKS);
    let created = json!({ "files": [{ "uri": client.uri("helper") }] });
    client.notify("workspace/didCreateFiles", created);
    assert_eq!(client.pull("main.py"), FOUND);
    let renamed = json!({ "files": [{ "oldUri": client.uri("helper"), "newUri": client.uri("other") }] });
    std::fs::rename(client.path("helper"), client.path("other")).unwrap();
    client.notify("workspace/didRenameFiles", renamed);
    assert_eq!(client.pull("main.py"), NOTHING);
    client.finish();
}

#[test]
fn watchers_are_registered_where_that_is_possible() {
    let mut capabilities = pulls();
    capabilities["workspace"]["didChangeWatchedFiles"] = json!({ "dynamicRegistration": true });
    let mut client = Client::start(&[], Start { capabilities, ..Start::default() });
    let request = client.expect("client/registerCapability");
    client.answer(&request, Value::Null);
    assert_eq!(request["params"]["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    client.finish();
}

#[test]
fn indexing_is_shown() {
    let mut capabilities = pulls();
    capabilities["window"] = json!({ "workDoneProgress": true });
    let mut client = Client::start(&[("main.py", MAIN)], Start { capabilities, ..Start::default() });
    let request = client.expect("window/workDoneProgress/create");
    client.answer(&request, Value::Null);
    let mut kind = Value::Null;
    while kind != "end" {
        let progress = client.expect("$/progress");
        assert_eq!(progress["params"]["token"], request["params"]["token"]);
        kind = progress["params"]["value"]["kind"].clone();
    }
    client.finish();
}

#[test]
fn files_are_looked_at_where_the_client_does_not_watch_them() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", HARMLESS), ("other.py", "")]);
    client.indexed();
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), NOTHING);
    write(&client.path("helper.py"), BLOCKS);
    let saved = json!({ "textDocument": { "uri": client.uri("other.py") } });
    client.notify("textDocument/didSave", saved);
    let refresh = client.expect("workspace/diagnostic/refresh");
    client.answer(&refresh, Value::Null);
    assert_eq!(client.pull("main.py"), FOUND);
    client.finish();
}

#[test]
fn settings_are_asked_for_again_when_they_change() {
    let mut capabilities = pulls();
    capabilities["workspace"]["configuration"] = json!(true);
    let files = [("main.py", MAIN), ("helper.py", BLOCKS)];
    let mut client =
        Client::start(&files, Start { capabilities, configuration: Some(json!([{}])), ..Start::default() });
    client.indexed();
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), FOUND);
    client.configure(json!([{}, { "minConfidence": "certain", "select": ["unused-ignore"] }]));
    client.notify("workspace/didChangeConfiguration", json!({ "settings": null }));
    let refresh = client.expect("workspace/diagnostic/refresh");
    client.answer(&refresh, Value::Null);
    assert_eq!(client.pull("main.py"), NOTHING);
    client.finish();
}

#[test]
fn indexing_can_be_cancelled_and_begun_again() {
    let mut capabilities = pulls();
    capabilities["window"] = json!({ "workDoneProgress": true });
    // So many that it is not done before the cancellation comes.
    let others: Vec<String> = (0..400).map(|i| format!("others/m{i}.py")).collect();
    let mut files = vec![("main.py", MAIN), ("helper.py", BLOCKS)];
    files.extend(others.iter().map(|name| (name.as_str(), MAIN)));
    let mut client = Client::start(&files, Start { capabilities, ..Start::default() });
    let request = client.expect("window/workDoneProgress/create");
    client.notify("window/workDoneProgress/cancel", json!({ "token": request["params"]["token"] }));
    let message = client.expect("window/showMessage");
    assert_eq!(message["params"]["type"], 3);
    assert!(message["params"]["message"].as_str().unwrap().contains("asyncwise.restart"), "{message}");
    // The client has no room for a progress; nothing waits for it.
    client.open_file("main.py");
    client.pull("main.py");
    // Actions, which want the index, come from what is open.
    client.open("alone.py", "import time\n\n\nasync def f():\n    time.sleep(1)\n");
    assert!(!client.actions("alone.py", 4, 6, Some("quickfix")).is_empty());
    client.command("asyncwise.restart", json!([]));
    client.indexed();
    assert_eq!(client.pull("main.py"), FOUND);
    client.expect("window/workDoneProgress/create");
    client.finish();
}
