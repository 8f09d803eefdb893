//! Text: edits, encodings, line ends, versions.

use crate::client::{Client, Start, pulls};
use serde_json::{Value, json};

fn range(start: (u32, u32), end: (u32, u32)) -> Value {
    let at = |(line, character): (u32, u32)| json!({ "line": line, "character": character });
    json!({ "start": at(start), "end": at(end) })
}

#[test]
fn several_edits_in_one_change_follow_each_other() {
    let mut client = Client::pulling(&[]);
    client.open("main.py", "");
    let changes = json!([
        { "text": "import time\r\n\r\nasync def f():\r\n    pass\r\n" },
        { "range": range((3, 4), (3, 8)), "text": "time.sleep(1)" },
        { "range": range((0, 0), (0, 0)), "text": "# é\r" },
        { "range": range((99, 0), (99, 9)), "text": "# the end" },
    ]);
    client.change("main.py", changes, "");
    assert_eq!(client.pull("main.py"), ["5:5-18 blocking-call"]);
    client.finish();
}

#[test]
fn columns_count_what_was_agreed_on() {
    let text = "import time\n\n\nasync def f():\n    s = '🎈é'; time.sleep(1)\n";
    let cases = [
        (json!(["utf-8", "utf-16"]), "utf-8", "5:19-32 blocking-call"),
        (json!(["utf-16", "utf-32"]), "utf-16", "5:16-29 blocking-call"),
        (json!(["utf-32"]), "utf-32", "5:15-28 blocking-call"),
        (Value::Null, "utf-16", "5:16-29 blocking-call"),
    ];
    for (offered, agreed, expected) in cases {
        let mut capabilities = pulls();
        capabilities["general"]["positionEncodings"] = offered;
        let mut client = Client::start(&[], Start { capabilities, ..Start::default() });
        assert_eq!(client.capabilities["positionEncoding"], agreed);
        client.open("main.py", text);
        assert_eq!(client.pull("main.py"), [expected]);
        client.finish();
    }
}

#[test]
fn a_text_may_be_opened_again_and_its_versions_may_skip() {
    let mut client = Client::pulling(&[]);
    let uri = client.uri("main.py");
    client.open("main.py", "import time\n\n\nasync def f():\n    time.sleep(1)\n");
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri, "version": 70 }, "contentChanges": [{ "text": "" }] }),
    );
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri, "version": 3 }, "contentChanges": [
            { "text": "import time\n\n\nasync def f():\n    time.sleep(1)\n" }
        ] }),
    );
    assert_eq!(client.pull("main.py").len(), 1);
    client.close("main.py");
    assert_eq!(client.pull("main.py"), [""; 0]);
    client.open("main.py", "import time\n\n\nasync def g():\n    time.sleep(1)\n");
    assert_eq!(client.pull("main.py").len(), 1);
    client.finish();
}

#[test]
fn edits_may_come_without_a_version() {
    let text = "import time\n\n\nasync def f():\n    time.sleep(1)\n";
    let mut client = Client::pulling(&[]);
    let uri = client.uri("main.py");
    client.open("main.py", "");
    for document in [json!({ "uri": uri, "version": null }), json!({ "uri": uri })] {
        let mut change = |text: &str| {
            let params = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
            client.notify("textDocument/didChange", params);
            client.pull("main.py").len()
        };
        assert_eq!((change(text), change(""), change(text)), (1, 0, 1));
    }
    let fix = client.actions("main.py", 4, 6, Some("quickfix")).remove(0);
    let fix = client.request("codeAction/resolve", fix);
    assert_eq!(fix["edit"]["documentChanges"][0]["textDocument"], json!({ "uri": uri, "version": null }));
    client.finish();
}

#[test]
fn an_answer_is_never_about_another_text() {
    const EDITS: usize = 300;
    let mut client = Client::pulling(&[]);
    client.open("main.py", "");
    let uri = client.uri("main.py");
    let mut asked = Vec::new();
    for lines in 0..EDITS {
        let text = format!("import time\n\n\nasync def f():\n{}    time.sleep(1)\n", "\n".repeat(lines));
        client.replace("main.py", &text);
        let document = json!({ "uri": uri });
        let position = json!({ "line": lines + 4, "character": 12 });
        let pull = client.begin("textDocument/diagnostic", json!({ "textDocument": document }));
        let hover = client.begin("textDocument/hover", json!({ "textDocument": document, "position": position }));
        asked.push((lines as u64 + 4, pull, hover));
    }
    let mut answered = 0;
    for (line, pull, hover) in asked {
        let (pull, hover) = (client.end(pull), client.end(hover));
        match pull.get("result") {
            Some(report) => {
                assert_eq!(report["items"][0]["range"]["start"]["line"], line);
                answered += 1;
            }
            None => assert_eq!(pull["error"]["code"], -32802),
        }
        match hover.get("result") {
            Some(hover) => assert_eq!(hover["range"]["start"]["line"], line),
            None => assert_eq!(hover["error"]["code"], -32801),
        }
    }
    assert!(answered > 0, "the last text does not change any more");
    client.finish();
}
