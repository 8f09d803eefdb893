//! A client that wants every message of the server to be expected.

use asyncwise_tests::binary::asyncwise;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// After so long a test has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a client starts.
pub(crate) struct Start {
    pub(crate) capabilities: Value,
    pub(crate) options: Value,
    /// Answers to `workspace/configuration`: for all, then for each folder. None is never answered.
    pub(crate) configuration: Option<Value>,
    /// The folders of the workspace, in the directory of the test.
    pub(crate) folders: Vec<&'static str>,
}

impl Default for Start {
    fn default() -> Self {
        Self { capabilities: pulls(), options: json!({}), configuration: Some(json!([null])), folders: vec![""] }
    }
}

/// The capabilities of a client that asks for diagnostics.
pub(crate) fn pulls() -> Value {
    json!({
        "textDocument": {
            "diagnostic": { "relatedInformation": true, "codeDescriptionSupport": true, "dataSupport": true },
            "codeAction": {
                "dataSupport": true, "disabledSupport": true, "isPreferredSupport": true,
                "resolveSupport": { "properties": ["edit"] }
            },
            "hover": { "contentFormat": ["markdown", "plaintext"] }
        },
        "workspace": {
            "diagnostics": { "refreshSupport": true },
            "workspaceEdit": { "documentChanges": true },
            "applyEdit": true
        },
        "general": { "positionEncodings": ["utf-8", "utf-16"] }
    })
}

/// The capabilities of a client that is sent diagnostics.
pub(crate) fn pushed() -> Value {
    json!({ "textDocument": { "publishDiagnostics": { "versionSupport": true } } })
}

pub(crate) struct Client {
    pub(crate) dir: tempfile::TempDir,
    child: Child,
    to_server: ChildStdin,
    from_server: Receiver<Value>,
    /// Messages that nobody has asked for yet.
    unread: VecDeque<Value>,
    last_id: i64,
    pub(crate) capabilities: Value,
    configuration: Option<Value>,
    /// The texts as the client has them, by URI, with their versions.
    texts: BTreeMap<String, (i64, String)>,
}

impl Client {
    /// A client whose server has read the files.
    pub(crate) fn start(files: &[(&str, &str)], start: Start) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            write(&dir.path().join(name), text);
        }
        let mut command = asyncwise();
        let mut child = command
            .args(["server"])
            .env("HOME", std::env::temp_dir().join("nobody"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let to_server = child.stdin.take().expect("piped");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, from_server) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut client = Self {
            dir,
            child,
            to_server,
            from_server,
            unread: VecDeque::new(),
            last_id: 0,
            capabilities: Value::Null,
            configuration: start.configuration,
            texts: BTreeMap::new(),
        };
        let folders: Vec<Value> =
            start.folders.iter().map(|name| json!({ "uri": client.uri(name), "name": name })).collect();
        let mut result = client.request(
            "initialize",
            json!({
                "processId": null, "rootUri": null, "capabilities": start.capabilities,
                "initializationOptions": start.options, "workspaceFolders": folders
            }),
        );
        client.capabilities = result["capabilities"].take();
        client.notify("initialized", json!({}));
        client
    }

    /// A client that pulls, in one folder.
    pub(crate) fn pulling(files: &[(&str, &str)]) -> Self {
        Self::start(files, Start::default())
    }

    /// A client that is sent diagnostics, in one folder.
    pub(crate) fn pushed(files: &[(&str, &str)]) -> Self {
        Self::start(files, Start { capabilities: pushed(), ..Start::default() })
    }

    /// Answers `workspace/configuration` like this from now on.
    pub(crate) fn configure(&mut self, configuration: Value) {
        self.configuration = Some(configuration);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.dir.path().to_owned() } else { self.dir.path().join(name) }
    }

    /// The URI of a file of the test; a name with a scheme is one already.
    pub(crate) fn uri(&self, name: &str) -> String {
        if name.contains(':') { name.to_owned() } else { format!("file://{}", self.path(name).display()) }
    }

    /// Waits until the index of every folder is there.
    pub(crate) fn indexed(&mut self) {
        loop {
            let text = self.command("asyncwise.debugInformation", json!([]));
            let text = text.as_str().expect("text").to_owned();
            if !text.contains("nothing was read yet") && !text.contains("complete: false") {
                return;
            }
        }
    }

    pub(crate) fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        self.texts.insert(uri.clone(), (1, text.to_owned()));
        let item = json!({ "uri": uri, "languageId": "python", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": item }));
    }

    /// Opens a file as it is on the disk.
    pub(crate) fn open_file(&mut self, name: &str) {
        let text = std::fs::read_to_string(self.path(name)).expect("the file is there");
        self.open(name, &text);
    }

    /// Replaces the whole text.
    pub(crate) fn replace(&mut self, name: &str, text: &str) {
        self.change(name, json!([{ "text": text }]), text);
    }

    /// Sends changes; `text` is what they lead to.
    pub(crate) fn change(&mut self, name: &str, changes: Value, text: &str) {
        let uri = self.uri(name);
        let (version, known) = self.texts.get_mut(&uri).expect("it is open");
        *version += 1;
        *known = text.to_owned();
        let document = json!({ "uri": uri, "version": *version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub(crate) fn close(&mut self, name: &str) {
        let uri = self.uri(name);
        self.texts.remove(&uri);
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// Writes a file and tells the server.
    pub(crate) fn save(&mut self, name: &str, text: &str) {
        write(&self.path(name), text);
        self.touched(name, 2);
    }

    /// Tells the server that a file was made (1), changed (2) or deleted (3).
    pub(crate) fn touched(&mut self, name: &str, kind: i64) {
        let uri = self.uri(name);
        self.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri, "type": kind }] }));
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        &self.texts[&self.uri(name)].1
    }

    /// The report of a text.
    pub(crate) fn report(&mut self, name: &str, previous: Option<&str>) -> Value {
        let uri = self.uri(name);
        let params = json!({ "textDocument": { "uri": uri }, "previousResultId": previous });
        self.request("textDocument/diagnostic", params)
    }

    /// The diagnostics of a text, as a client that pulls gets them.
    pub(crate) fn pull(&mut self, name: &str) -> Vec<String> {
        brief(&self.report(name, None)["items"])
    }

    /// Waits until the diagnostics of a text, as they are pushed, are these.
    #[track_caller]
    pub(crate) fn pushes(&mut self, name: &str, expected: &[&str]) {
        let uri = self.uri(name);
        let mut last: Option<Vec<String>> = None;
        while last.as_ref().is_none_or(|last| last != expected) {
            let is_it = |message: &Value| {
                message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri.as_str()
            };
            match self.wait(is_it) {
                Some(message) => last = Some(brief(&message["params"]["diagnostics"])),
                None => panic!("{name} has {last:?}, not {expected:?}"),
            }
        }
    }

    pub(crate) fn command(&mut self, name: &str, arguments: Value) -> Value {
        self.request("workspace/executeCommand", json!({ "command": name, "arguments": arguments }))
    }

    /// The actions at a range, in which `kinds` may be named.
    pub(crate) fn actions(&mut self, name: &str, line: u32, column: u32, only: Option<&str>) -> Vec<Value> {
        let at = json!({ "line": line, "character": column });
        let context = match only {
            Some(kind) => json!({ "diagnostics": [], "only": [kind] }),
            None => json!({ "diagnostics": [] }),
        };
        let uri = self.uri(name);
        let params = json!({ "textDocument": { "uri": uri }, "range": { "start": at, "end": at }, "context": context });
        self.request("textDocument/codeAction", params).as_array().cloned().unwrap_or_default()
    }

    /// Applies an edit of the server to the open texts.
    pub(crate) fn apply(&mut self, edit: &Value) {
        let texts = edit["documentChanges"].as_array().expect("versioned changes").clone();
        for text in texts {
            let uri = text["textDocument"]["uri"].as_str().expect("a URI").to_owned();
            let (version, before) = self.texts[&uri].clone();
            assert_eq!(text["textDocument"]["version"], version);
            let mut edits = text["edits"].as_array().expect("edits").clone();
            edits.reverse();
            let mut after = before;
            for edit in &edits {
                let offset = |at: &Value| byte(&after, at);
                let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
                after.replace_range(range, edit["newText"].as_str().expect("text"));
            }
            self.replace(&uri, &after);
        }
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The result of a request.
    #[track_caller]
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let mut response = self.response(method, params);
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    /// The response to a request.
    #[track_caller]
    pub(crate) fn response(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.end(id)
    }

    /// Sends a request without waiting for the answer.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params }));
        self.last_id
    }

    /// The response to a request that was sent.
    #[track_caller]
    pub(crate) fn end(&mut self, id: i64) -> Value {
        let is_it = |message: &Value| message["id"] == id && message.get("method").is_none();
        self.wait(is_it).unwrap_or_else(|| panic!("request {id} was not answered"))
    }

    /// The next message of the server with this method.
    #[track_caller]
    pub(crate) fn expect(&mut self, method: &str) -> Value {
        self.wait(|message| message["method"] == method).unwrap_or_else(|| panic!("no {method} came"))
    }

    /// Answers a request of the server.
    pub(crate) fn answer(&mut self, request: &Value, result: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }));
    }

    /// The first message, of those that wait and those that come, that is wanted.
    fn wait(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.unread.iter().position(&is_wanted) {
            return self.unread.remove(at);
        }
        loop {
            let message = self.from_server.recv_timeout(PATIENCE).ok()?;
            if is_wanted(&message) {
                return Some(message);
            }
            self.take(message);
        }
    }

    /// Answers what every client answers by itself, and keeps the rest.
    fn take(&mut self, message: Value) {
        match message["method"].as_str().unwrap_or_default() {
            "client/registerCapability" | "workspace/diagnostic/refresh" | "workspace/codeLens/refresh" => {
                self.answer(&message, Value::Null);
            }
            "workspace/configuration" => {
                if let Some(configuration) = self.configuration.clone() {
                    self.answer(&message, configuration);
                }
            }
            "window/logMessage" | "$/logTrace" => {}
            _ => self.unread.push_back(message),
        }
    }

    fn send(&mut self, message: &Value) {
        send(&mut self.to_server, message);
    }

    /// Ends the session. Fails when a message was left unread.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        let result = self.request("shutdown", Value::Null);
        assert_eq!(result, Value::Null);
        self.notify("exit", Value::Null);
        while let Ok(message) = self.from_server.recv_timeout(PATIENCE) {
            self.take_last(message);
        }
        let status = self.child.wait().expect("the server ends");
        assert!(status.success(), "{status}");
        assert!(self.unread.is_empty(), "these messages were not expected: {:#?}", self.unread);
    }

    /// As [`Client::take`], when the server does not listen any more.
    fn take_last(&mut self, message: Value) {
        let is_request = message.get("id").is_some() && message.get("method").is_some();
        let is_log = message["method"] == "window/logMessage" || message["method"] == "$/logTrace";
        if !is_log && !is_request {
            self.unread.push_back(message);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `line:column-column rule` of each diagnostic, lines and columns from 1.
pub(crate) fn brief(items: &Value) -> Vec<String> {
    let one = |item: &Value| {
        let (start, end) = (&item["range"]["start"], &item["range"]["end"]);
        let number = |value: &Value| value.as_u64().expect("a number") + 1;
        let (line, from, to) = (number(&start["line"]), number(&start["character"]), number(&end["character"]));
        format!("{line}:{from}-{to} {}", item["code"].as_str().unwrap_or_default())
    };
    items.as_array().map(|items| items.iter().map(one).collect()).unwrap_or_default()
}

/// The byte at a position with UTF-8 columns.
fn byte(text: &str, position: &Value) -> usize {
    let line = position["line"].as_u64().expect("a line") as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    start + position["character"].as_u64().expect("a column") as usize
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("in a directory")).expect("a directory");
    std::fs::write(path, text).expect("a file");
}

/// Writes a message.
pub(crate) fn send(to_server: &mut impl Write, message: &Value) {
    let body = message.to_string();
    write!(to_server, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the server reads");
    to_server.flush().expect("the server reads");
}

/// Reads a message; none at the end.
pub(crate) fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => length = line.strip_prefix("Content-Length: ").and_then(|length| length.parse().ok()).or(length),
        }
    }
    let mut body = vec![0; length?];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
