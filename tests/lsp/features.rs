//! What an editor shows besides diagnostics.

use crate::client::{Client, Start, pulls};
use crate::diagnostics::{BLOCKS, HARMLESS, MAIN};
use serde_json::{Value, json};

const NESTED: &str =
    "import asyncio\n\n\nasync def work():\n    pass\n\n\nasync def main():\n    asyncio.run(work())\n";

fn at(client: &Client, name: &str, line: u32, character: u32) -> Value {
    json!({ "textDocument": { "uri": client.uri(name) }, "position": { "line": line, "character": character } })
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().expect("a title")).collect()
}

#[test]
fn run_becomes_await() {
    let mut client = Client::pulling(&[("main.py", NESTED)]);
    client.open_file("main.py");
    assert_eq!(client.pull("main.py"), ["9:5-24 nested-event-loop"]);
    let actions = client.actions("main.py", 8, 10, Some("quickfix"));
    let fix = &actions[0];
    assert_eq!((&fix["isPreferred"], &fix["kind"]), (&json!(true), &json!("quickfix")));
    assert_eq!(fix["diagnostics"][0]["code"], "nested-event-loop");
    assert!(fix.get("edit").is_none(), "made when it is chosen");
    let resolved = client.request("codeAction/resolve", fix.clone());
    client.apply(&resolved["edit"]);
    assert!(client.text("main.py").ends_with("    await work()\n"), "{}", client.text("main.py"));
    assert_eq!(client.pull("main.py"), [""; 0]);

    // The action was for the text before.
    let response = client.response("codeAction/resolve", fix.clone());
    assert_eq!(response["error"]["code"], -32801);
    client.finish();
}

#[test]
fn who_asks_anywhere_in_a_line_gets_the_actions_of_its_findings() {
    let mut client = Client::pulling(&[("main.py", NESTED)]);
    client.open_file("main.py");
    let fix = "Replace asyncio.run() by await";
    // 1 when a person asks, 2 while the cursor moves.
    for (line, trigger, expected) in
        [(8, json!(null), true), (8, json!(1), true), (8, json!(2), false), (7, json!(1), false)]
    {
        let at = json!({ "line": line, "character": 0 });
        let params = json!({
            "textDocument": { "uri": client.uri("main.py") },
            "range": { "start": at, "end": at },
            "context": { "diagnostics": [], "triggerKind": trigger },
        });
        let actions = client.request("textDocument/codeAction", params);
        let actions = actions.as_array().expect("actions");
        assert_eq!(titles(actions).contains(&fix), expected, "line {line}, {trigger}: {actions:?}");
    }
    client.finish();
}

#[test]
fn a_client_that_resolves_nothing_gets_the_edits_at_once() {
    let mut capabilities = pulls();
    let kinds = json!({ "codeActionKind": { "valueSet": ["quickfix"] } });
    capabilities["textDocument"]["codeAction"] = json!({ "codeActionLiteralSupport": kinds });
    capabilities["workspace"]["workspaceEdit"] = json!({});
    let mut client = Client::start(&[("main.py", NESTED)], Start { capabilities, ..Start::default() });
    client.open_file("main.py");
    let actions = client.actions("main.py", 8, 10, None);
    let uri = client.uri("main.py");
    assert_eq!(actions[0]["edit"]["changes"][&uri][0]["newText"], "await work()");
    client.finish();
}

#[test]
fn actions_are_listed_by_kind() {
    let mut client = Client::pulling(&[("main.py", NESTED)]);
    client.open_file("main.py");
    let fix_all = client.actions("main.py", 0, 0, Some("source.fixAll"));
    assert_eq!(fix_all.len(), 1);
    assert_eq!(fix_all[0]["kind"], "source.fixAll.asyncwise");
    let resolved = client.request("codeAction/resolve", fix_all[0].clone());
    assert!(resolved["edit"]["documentChanges"].is_array());
    assert_eq!(client.actions("main.py", 0, 0, Some("source.organizeImports")), [Value::Null; 0]);
    let quick = client.actions("main.py", 8, 10, Some("quickfix"));
    assert_eq!(
        titles(&quick)[1..],
        ["Ignore `nested-event-loop` here", "Explain `nested-event-loop`"],
        "{:?}",
        titles(&quick)
    );
    let ignore = client.request("codeAction/resolve", quick[1].clone());
    client.apply(&ignore["edit"]);
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.finish();
}

#[test]
fn a_client_that_hovers_findings_is_not_told_them_again() {
    let mut capabilities = pulls();
    capabilities["experimental"] = json!({ "asyncwise.hoversFindings": true });
    let mut client = Client::start(&[("main.py", NESTED)], Start { capabilities, ..Start::default() });
    client.open_file("main.py");
    let found = client.request("textDocument/diagnostic", json!({ "textDocument": { "uri": client.uri("main.py") } }));
    let start = found["items"][0]["range"]["start"].clone();
    let params = json!({ "textDocument": { "uri": client.uri("main.py") }, "position": start });
    let hover = client.request("textDocument/hover", params);
    let (text, message) =
        (hover["contents"]["value"].as_str().unwrap(), found["items"][0]["message"].as_str().unwrap());
    assert!(text.contains("**nested-event-loop**") && !text.contains(message), "{text}");
    client.finish();
}

#[test]
fn a_function_becomes_async_with_its_callers() {
    let main = "import helper\n\n\nasync def main():\n    helper.load()\n";
    let helper = "import asyncio\n\n\nasync def work():\n    pass\n\n\ndef load():\n    asyncio.run(work())\n";
    let mut client = Client::pulling(&[("main.py", main), ("helper.py", helper)]);
    client.indexed();
    client.open_file("main.py");
    client.open_file("helper.py");
    let actions = client.actions("helper.py", 7, 5, Some("refactor"));
    assert_eq!(titles(&actions), ["Make `load` an async function"]);
    let resolved = client.request("codeAction/resolve", actions[0].clone());
    client.apply(&resolved["edit"]);
    assert!(client.text("helper.py").contains("async def load"));
    assert!(client.text("main.py").contains("await helper.load()"));
    client.finish();
}

#[test]
fn unsafe_fixes_are_hints_where_the_settings_say_so() {
    let text = "import asyncio\nimport time\n\n\nasync def f():\n    time.sleep(1)\n";
    let first = |options: Value| {
        let mut client = Client::start(&[("main.py", text)], Start { options, ..Start::default() });
        client.open_file("main.py");
        let action = client.actions("main.py", 5, 6, Some("quickfix")).remove(0);
        client.finish();
        assert!(action["isPreferred"].is_null(), "a preferred fix is applied unseen");
        (action["title"].clone(), action["disabled"].is_object())
    };
    assert_eq!(first(json!({})), (json!("Await `asyncio.sleep()`"), false));
    assert_eq!(first(json!({ "unsafeFixes": "hint" })), (json!("Await `asyncio.sleep()`"), true));
}

#[test]
fn what_stands_in_the_way_of_an_action_is_named_with_its_place() {
    let files = [("app/__init__.py", ""), ("app/main.py", "from app.load import load\n\nload()\n")];
    let load = "import time\n\n\ndef load():\n    time.sleep(1)\n";
    let reason = "app/main.py:3: load() is called at module level, where nothing can be awaited";
    let refused = |capabilities: Value| {
        let mut client = Client::start(&files, Start { capabilities, ..Start::default() });
        client.open("app/load.py", load);
        client.indexed();
        let action = client.actions("app/load.py", 3, 5, Some("refactor.rewrite")).remove(0);
        let answer = match action["disabled"].is_object() {
            true => action["disabled"]["reason"].clone(),
            false => client.response("codeAction/resolve", action)["error"].clone(),
        };
        client.finish();
        answer
    };
    assert_eq!(refused(pulls()), json!({ "code": -32803, "message": reason }));
    let mut capabilities = pulls();
    capabilities["textDocument"]["codeAction"] = json!({ "isPreferredSupport": true, "disabledSupport": true });
    assert_eq!(refused(capabilities), reason);
}

#[test]
fn hovers() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    client.indexed();
    client.open_file("main.py");
    let params = at(&client, "main.py", 4, 5);
    let hover = client.request("textDocument/hover", params);
    assert_eq!(hover["contents"]["kind"], "markdown");
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("time.sleep") && text.contains("helper.py#L"), "{text}");
    let params = at(&client, "main.py", 99, 99);
    assert_eq!(client.request("textDocument/hover", params), Value::Null);
    client.finish();

    let mut capabilities = pulls();
    capabilities["textDocument"]["hover"] = json!({});
    let mut client = Client::start(&[("helper.py", BLOCKS)], Start { capabilities, ..Start::default() });
    client.open_file("helper.py");
    let params = at(&client, "helper.py", 4, 10);
    let hover = client.request("textDocument/hover", params);
    assert_eq!(hover["contents"]["kind"], "plaintext");
    client.finish();
}

#[test]
fn lenses_and_hints() {
    let files = [("main.py", MAIN), ("helper.py", BLOCKS)];
    let mut client = Client::start(&files, Start { options: json!({ "inlayHints": true }), ..Start::default() });
    client.indexed();
    client.open_file("helper.py");
    client.open_file("main.py");
    let document = json!({ "textDocument": { "uri": client.uri("helper.py") } });
    let lenses = client.request("textDocument/codeLens", document.clone());
    let command = &lenses[0]["command"];
    assert_eq!(command["title"], "reached from 1 coroutine · blocks (time.sleep)");
    let paths = client.command("asyncwise.showPath", command["arguments"].clone());
    let steps = paths[0]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["location"]["uri"] == client.uri("main.py")), "{paths}");
    let message = client.expect("window/showMessage");
    assert_eq!(message["params"], json!({ "type": 3, "message": "main -> load -> time.sleep" }));

    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({ "textDocument": { "uri": client.uri("main.py") }, "range": range });
    let hints = client.request("textDocument/inlayHint", params.clone());
    assert_eq!(hints[0]["label"], "blocks: time.sleep");
    assert_eq!(hints[0]["position"], json!({ "line": 4, "character": 10 }));
    client.finish();

    let mut client = Client::start(&files, Start { options: json!({ "codeLens": false }), ..Start::default() });
    client.indexed();
    client.open_file("helper.py");
    client.open_file("main.py");
    let document = json!({ "textDocument": { "uri": client.uri("helper.py") } });
    assert_eq!(client.request("textDocument/codeLens", document), Value::Null);
    let params = json!({ "textDocument": { "uri": client.uri("main.py") }, "range": range });
    assert_eq!(client.request("textDocument/inlayHint", params), Value::Null);
    client.finish();
}

#[test]
fn a_client_that_shows_paths_is_not_shown_one() {
    let mut capabilities = pulls();
    capabilities["experimental"] = json!({ "asyncwise.showPath": true });
    let mut client = Client::start(&[("helper.py", BLOCKS)], Start { capabilities, ..Start::default() });
    client.open_file("helper.py");
    let arguments = json!([client.uri("helper.py"), { "line": 3, "character": 5 }]);
    let paths = client.command("asyncwise.showPath", arguments);
    assert_eq!(paths[0]["title"], "load blocks: time.sleep");
    client.finish();
}

#[test]
fn call_hierarchy() {
    let mut client = Client::pulling(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    client.indexed();
    client.open_file("helper.py");
    let params = at(&client, "helper.py", 3, 5);
    let items = client.request("textDocument/prepareCallHierarchy", params);
    assert_eq!((&items[0]["name"], &items[0]["kind"]), (&json!("load"), &json!(12)));
    let callers = client.request("callHierarchy/incomingCalls", json!({ "item": items[0] }));
    assert_eq!(callers[0]["from"]["name"], "main");
    assert_eq!(callers[0]["fromRanges"][0]["start"], json!({ "line": 4, "character": 4 }));
    // The caller's file is not open.
    let calls = client.request("callHierarchy/outgoingCalls", json!({ "item": callers[0]["from"] }));
    assert_eq!(calls[0]["to"]["name"], "load");
    client.finish();
}

#[test]
fn commands() {
    let mut client = Client::pulling(&[("main.py", NESTED)]);
    client.open_file("main.py");
    let page = client.command("asyncwise.explain", json!(["blocking-call"]));
    let page = page.as_str().unwrap();
    assert!(page.starts_with('#') && !page.contains("## More examples"), "{page}");
    let response =
        client.response("workspace/executeCommand", json!({ "command": "asyncwise.explain", "arguments": ["x"] }));
    assert_eq!(response["error"]["code"], -32602);
    let response = client.response("workspace/executeCommand", json!({ "command": "rm", "arguments": [] }));
    assert_eq!(response["error"]["code"], -32602);

    let uri = client.uri("main.py");
    assert_eq!(client.command("asyncwise.fixAll", json!([uri])), Value::Null);
    let request = client.expect("workspace/applyEdit");
    client.apply(&request["params"]["edit"]);
    client.answer(&request, json!({ "applied": true }));
    assert_eq!(client.pull("main.py"), [""; 0]);

    std::fs::write(client.path("helper.py"), HARMLESS).unwrap();
    client.indexed();
    client.command("asyncwise.restart", json!([]));
    client.finish();
}

#[test]
fn fixes_of_the_whole_workspace() {
    let mut client = Client::pulling(&[("main.py", NESTED), ("closed.py", NESTED), ("harmless.py", HARMLESS)]);
    client.indexed();
    client.open_file("main.py");
    let edit = client.command("asyncwise.fixWorkspace", json!([false]));
    let mut texts: Vec<_> =
        edit["documentChanges"].as_array().unwrap().iter().map(|text| &text["textDocument"]).collect();
    texts.sort_by_key(|text| text["uri"].as_str());
    let (closed, open) = (client.uri("closed.py"), client.uri("main.py"));
    assert_eq!(texts, [&json!({ "uri": closed, "version": null }), &json!({ "uri": open, "version": 1 })]);

    assert_eq!(client.command("asyncwise.fixWorkspace", json!([])), Value::Null);
    let request = client.expect("workspace/applyEdit");
    assert_eq!(request["params"]["edit"], edit);
    client.answer(&request, json!({ "applied": true }));
    client.finish();
}

#[test]
fn actions_of_clients_that_know_commands_only() {
    let mut capabilities = pulls();
    capabilities["textDocument"]["codeAction"] = json!({});
    let mut client = Client::start(&[], Start { capabilities, ..Start::default() });
    assert_eq!(client.capabilities["codeActionProvider"], true, "commands have no options");
    client.open("main.py", "import asyncio\n\n\nasync def g(): ...\n\n\nasync def f():\n    asyncio.run(g())\n");
    let commands = client.actions("main.py", 7, 6, None);
    let names: Vec<_> = commands.iter().map(|command| command["command"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| **name == "asyncwise.explain").count(), 1, "{commands:?}");
    let fix = commands.iter().find(|command| command["command"] == "asyncwise.applyFix").unwrap().clone();
    assert_eq!(fix["title"], "Replace asyncio.run() by await");
    assert_eq!(client.command("asyncwise.applyFix", fix["arguments"].clone()), Value::Null);
    let request = client.expect("workspace/applyEdit");
    client.apply(&request["params"]["edit"]);
    client.answer(&request, json!({ "applied": true }));
    assert!(client.text("main.py").ends_with("    await g()\n"), "{}", client.text("main.py"));
    let stale = client.response(
        "workspace/executeCommand",
        json!({ "command": "asyncwise.applyFix", "arguments": fix["arguments"] }),
    );
    assert_eq!(stale["error"]["code"], -32801);
    client.finish();
}
