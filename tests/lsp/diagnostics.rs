//! Diagnostics: pulled, pushed, of one text and of the workspace.

use crate::client::{Client, Start, brief, pulls, pushed};
use serde_json::{Value, json};

pub(crate) const MAIN: &str = "from helper import load\n\n\nasync def main():\n    load()\n";
pub(crate) const BLOCKS: &str = "import time\n\n\ndef load():\n    time.sleep(1)\n";
pub(crate) const HARMLESS: &str = "import time\n\n\ndef load():\n    return 1\n";
const FOUND: &[&str] = &["5:5-11 blocking-call"];

#[test]
fn a_client_that_pulls() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    client.indexed();
    client.open_file("main.py");
    let report = client.report("main.py", None);
    assert_eq!(brief(&report["items"]), FOUND);
    let item = &report["items"][0];
    assert_eq!((&item["source"], &item["severity"]), (&json!("asyncwise"), &json!(1)));
    let href = item["codeDescription"]["href"].as_str().unwrap();
    assert!(href.ends_with("/queries/rules/blocking-call.md"), "{href}");
    let related = &item["relatedInformation"][0]["location"];
    assert_eq!(related["uri"], client.uri("helper.py"));
    assert_eq!(related["range"]["start"], json!({ "line": 4, "character": 4 }));

    let id = report["resultId"].as_str().unwrap().to_owned();
    assert_eq!(client.report("main.py", Some(&id)), json!({ "kind": "unchanged", "resultId": id }));
    client.replace("main.py", &MAIN.replace("    load()", "    await load()"));
    let report = client.report("main.py", Some(&id));
    assert_eq!(report["kind"], "full");
    client.finish();
}

#[test]
fn a_client_that_is_sent_diagnostics() {
    let mut client = Client::pushed(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    client.indexed();
    client.open_file("main.py");
    client.pushes("main.py", FOUND);
    client.replace("main.py", "async def main():\n    pass\n");
    client.pushes("main.py", &[]);
    client.replace("main.py", MAIN);
    client.pushes("main.py", FOUND);
    client.close("main.py");
    client.pushes("main.py", &[]);
    client.finish();
}

/// Both texts are open, and the helper begins to block.
fn sees_what_a_helper_does(client: &mut Client) {
    client.indexed();
    client.open_file("main.py");
    client.pushes("main.py", &[]);
    client.open_file("helper.py");
    client.pushes("helper.py", &[]);
    client.replace("helper.py", BLOCKS);
    client.pushes("helper.py", &[]);
    client.pushes("main.py", FOUND);
}

#[test]
fn an_edit_in_one_text_is_seen_in_the_others() {
    let files = [("main.py", MAIN), ("helper.py", HARMLESS)];
    let mut client = Client::pushed(&files);
    sees_what_a_helper_does(&mut client);
    client.close("helper.py");
    client.pushes("main.py", &[]);
    client.finish();

    let mut client = Client::pulling(&files);
    client.indexed();
    client.open_file("main.py");
    client.open_file("helper.py");
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.replace("helper.py", BLOCKS);
    let refresh = client.expect("workspace/diagnostic/refresh");
    client.answer(&refresh, Value::Null);
    assert_eq!(client.pull("main.py"), FOUND);
    client.finish();
}

/// Neovim 0.11: it pulls after its own edits, and nobody could tell it that another text has other findings now.
#[test]
fn a_client_that_pulls_and_cannot_be_asked_again() {
    let files = [("main.py", MAIN), ("helper.py", HARMLESS)];
    let capabilities =
        json!({ "textDocument": { "diagnostic": {}, "publishDiagnostics": { "versionSupport": true } } });
    let mut client = Client::start(&files, Start { capabilities, ..Start::default() });
    assert!(client.capabilities["diagnosticProvider"].is_null(), "it would show everything twice");
    sees_what_a_helper_does(&mut client);
    client.finish();
}

/// Whoever types in a helper does not want the findings of its callers to come and go.
#[test]
fn a_syntax_error_in_one_text_takes_nothing_from_the_others() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    client.indexed();
    client.open_file("main.py");
    client.open_file("helper.py");
    assert_eq!(client.pull("main.py"), FOUND);
    client.replace("helper.py", &BLOCKS.replace("def load():", "x = [(\ndef load(:"));
    assert_eq!(client.pull("helper.py"), [""; 0]);
    assert_eq!(client.pull("main.py"), FOUND);
    client.replace("helper.py", HARMLESS);
    assert_eq!(client.pull("helper.py"), [""; 0]);
    let refresh = client.expect("workspace/diagnostic/refresh");
    client.answer(&refresh, Value::Null);
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.finish();
}

#[test]
fn the_workspace_when_it_is_asked_for() {
    let files = [("main.py", MAIN), ("helper.py", BLOCKS), ("other.py", &MAIN.replace("main", "other"))];
    let mut client = Client::pulling(&files);
    client.indexed();
    let params = json!({ "previousResultIds": [] });
    assert_eq!(client.request("workspace/diagnostic", params), json!({ "items": [] }));
    client.finish();

    let options = json!({ "diagnosticMode": "workspace" });
    let mut client = Client::start(&files, Start { options: options.clone(), ..Start::default() });
    let report = client.request("workspace/diagnostic", json!({ "previousResultIds": [], "partialResultToken": "t" }));
    assert_eq!(report, json!({ "items": [] }));
    let part = client.expect("$/progress");
    let items = part["params"]["value"]["items"].as_array().unwrap().clone();
    let uris: Vec<_> = items.iter().map(|item| item["uri"].clone()).collect();
    assert_eq!(uris, [client.uri("main.py"), client.uri("other.py")]);
    let known =
        json!([{ "uri": uris[0], "value": items[0]["resultId"] }, { "uri": client.uri("gone.py"), "value": "1" }]);
    let report = client.request("workspace/diagnostic", json!({ "previousResultIds": known }));
    let kinds: Vec<_> = report["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["unchanged", "full", "full"]);
    client.finish();

    let mut client = Client::start(&files, Start { options, capabilities: pushed(), ..Start::default() });
    client.pushes("main.py", FOUND);
    client.pushes("other.py", FOUND);
    client.open_file("main.py");
    client.pushes("main.py", FOUND);
    client.open_file("other.py");
    client.pushes("other.py", FOUND);
    client.close("other.py");
    client.save("helper.py", HARMLESS);
    client.pushes("main.py", &[]);
    client.pushes("other.py", &[]);
    client.close("main.py");
    client.finish();
}

#[test]
fn a_comment_that_silences_what_others_cause_is_not_unused_before_they_are_known() {
    let text = MAIN.replace("load()\n", "load()  # asyncwise: ignore[blocking-call]\n");
    let mut client = Client::pulling(&[("main.py", &text), ("helper.py", BLOCKS)]);
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.indexed();
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.finish();
}

#[test]
fn texts_that_nobody_knows_have_nothing_wrong_in_them() {
    let mut client = Client::start(&[], Start { capabilities: pulls(), folders: vec![], ..Start::default() });
    for name in ["git:/x/main.py?ref", "file:///nowhere/main.py", "untitled:Untitled-1", "vscode-notebook-cell:/x#1"] {
        assert_eq!(client.pull(name), [""; 0], "{name}");
        assert_eq!(client.actions(name, 0, 0, None), [Value::Null; 0]);
    }
    client.open("git:/x/main.py?ref", MAIN);
    client.open("untitled:Untitled-1", "import time\n\n\nasync def f():\n    time.sleep(1)\n");
    assert_eq!(client.pull("git:/x/main.py?ref"), [""; 0]);
    assert_eq!(client.pull("untitled:Untitled-1"), ["5:5-18 blocking-call"]);
    client.close("untitled:Untitled-1");
    client.close("untitled:Untitled-1");
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "file:///nowhere/main.py", "version": 2 }, "contentChanges": [{ "text": "" }] }),
    );
    client.finish();
}

#[test]
fn findings_of_a_statement_that_is_being_typed_stay() {
    let text = "import time\n\n\nasync def f():\n    time.sleep(1)\n";
    let mut client = Client::pulling(&[]);
    client.open("main.py", text);
    assert_eq!(client.pull("main.py"), ["5:5-18 blocking-call"]);
    client.replace("main.py", &text.replace("f():\n", "f():\n    g(\n"));
    let report = client.report("main.py", None);
    assert_eq!(brief(&report["items"]), ["6:5-18 blocking-call"]);
    assert_eq!(report["items"][0]["data"], json!({ "held": true }));
    client.replace("main.py", "import time\n\n\nasync def f():\n    pass\n");
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.finish();
}

#[test]
fn every_version_is_told_of_once() {
    let mut client = Client::pushed(&[]);
    client.indexed();
    let version = |client: &mut Client| client.expect("textDocument/publishDiagnostics")["params"]["version"].clone();
    client.open("main.py", "x = 1\n");
    assert_eq!(version(&mut client), 1);
    client.replace("main.py", "x = 2\n");
    assert_eq!(version(&mut client), 2);
    // Other texts say nothing new about it.
    client.open("other.py", "y = 1\n");
    assert_eq!(version(&mut client), 1);
    client.replace("main.py", "x = 3\n");
    assert_eq!(version(&mut client), 3);
    client.close("main.py");
    client.close("other.py");
    client.finish();
}
