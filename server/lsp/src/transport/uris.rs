//! One spelling for every URI, and the client's own on the way back.
//!
//! Clients write the same URI in many ways: `file:///c%3A/x`, `file:///C:/x`, and, against RFC 3986 but all the same, `file:///a b/[x].py`.
//! The types of the protocol refuse the last, and with it the whole message. So every URI that comes in is written in one way, under which
//! handlers find it again, and every URI that goes out is written as the client wrote it when it opened the document or the folder.

use crate::documents::UNVERSIONED;
use dashmap::DashMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use serde_json::{Map, Value};
use std::str::FromStr;
use tower_lsp::jsonrpc::{Request, Response};
use tower_lsp::ls_types::Uri;

/// What is escaped: the same that is escaped where the URI of a path is made.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// The members of the protocol's objects that are URIs of documents and folders.
const MEMBERS: [&str; 7] = ["uri", "rootUri", "scopeUri", "baseUri", "document", "oldUri", "newUri"];
/// Those of other things, which are left as they are as long as they can be read.
const LINK: &str = "href";

/// The notifications whose types want the version of each text in them.
const VERSIONED: [&str; 3] = ["textDocument/didOpen", "textDocument/didChange", "notebookDocument/didChange"];

/// How the client spells what it has opened, where that is not the one spelling. One that was closed is kept: what is still said about
/// it, that there is nothing wrong any more for example, is said under the same name.
#[derive(Debug, Default)]
pub(super) struct Spellings(DashMap<String, String>);

impl Spellings {
    /// A message of the client, in the one spelling.
    pub(super) fn incoming(&self, request: Request) -> Request {
        let (method, id, params) = request.into_parts();
        let Some(mut params) = params else { return built(Request::build(method), id) };
        if method == "workspace/executeCommand" {
            let arguments = params.get_mut("arguments").and_then(Value::as_array_mut);
            arguments.into_iter().flatten().for_each(unify);
        }
        if VERSIONED.contains(&method.as_ref()) {
            number(&mut params);
        }
        self.take_in(&mut params);
        built(Request::build(method).params(params), id)
    }

    /// A message to the client, in its own spelling.
    pub(super) fn outgoing(&self, request: Request) -> Request {
        if self.0.is_empty() {
            return request;
        }
        let (method, id, params) = request.into_parts();
        let Some(mut params) = params else { return built(Request::build(method), id) };
        self.give_back(&mut params);
        built(Request::build(method).params(params), id)
    }

    /// An answer to the client, in its own spelling.
    pub(super) fn answer(&self, response: Response) -> Response {
        if self.0.is_empty() {
            return response;
        }
        let (id, result) = response.into_parts();
        let result = result.map(|mut result| {
            self.give_back(&mut result);
            result
        });
        Response::from_parts(id, result)
    }

    fn take_in(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.take_in(item)),
            Value::Object(object) => {
                let is_opened = is_opened(object);
                for (name, value) in object.iter_mut() {
                    if !value.is_string() {
                        self.take_in(value);
                    } else if MEMBERS.contains(&name.as_str()) {
                        let spelled = value.as_str().filter(|_| is_opened || name == "rootUri").map(str::to_owned);
                        unify(value);
                        if let (Some(spelled), Some(one)) = (spelled, value.as_str()) {
                            self.remember(one, spelled);
                        }
                    } else if name == LINK && value.as_str().is_some_and(|link| Uri::from_str(link).is_err()) {
                        unify(value);
                    }
                }
            }
            _ => {}
        }
    }

    fn remember(&self, one: &str, spelled: String) {
        if one == spelled {
            self.0.remove(one);
        } else {
            self.0.insert(one.to_owned(), spelled);
        }
    }

    fn give_back(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.give_back(item)),
            Value::Object(object) => {
                for (name, value) in object.iter_mut() {
                    if name == "changes" && value.is_object() {
                        self.give_back_keys(value);
                    } else if !MEMBERS.contains(&name.as_str()) {
                        self.give_back(value);
                    } else if let Some(spelled) = value.as_str().and_then(|one| self.0.get(one)) {
                        *value = Value::String(spelled.clone());
                    } else {
                        self.give_back(value);
                    }
                }
            }
            _ => {}
        }
    }

    /// The edits of a `WorkspaceEdit` by text.
    fn give_back_keys(&self, value: &mut Value) {
        if let Value::Object(edits) = value {
            let named = std::mem::take(edits).into_iter();
            let spelled = |one: String| self.0.get(&one).map(|spelled| spelled.clone()).unwrap_or(one);
            *edits = named.map(|(one, edits)| (spelled(one), edits)).collect();
        }
    }
}

fn built(request: tower_lsp::jsonrpc::RequestBuilder, id: Option<tower_lsp::jsonrpc::Id>) -> Request {
    if let Some(id) = id { request.id(id).finish() } else { request.finish() }
}

/// Gives [`UNVERSIONED`] to texts that come without one, as from clients of version 2 of the protocol, where it may be null: the
/// types refuse them, and with them the edit.
fn number(params: &mut Value) {
    let number_one = |text: &mut Value| {
        if let Value::Object(text) = text
            && text.get("version").is_none_or(Value::is_null)
        {
            text.insert("version".to_owned(), Value::from(UNVERSIONED));
        }
    };
    for member in ["textDocument", "notebookDocument"] {
        params.get_mut(member).into_iter().for_each(number_one);
    }
    let cells = params.pointer_mut("/change/cells/textContent").and_then(Value::as_array_mut);
    for cell in cells.into_iter().flatten() {
        cell.get_mut("document").into_iter().for_each(number_one);
    }
}

/// Whether the client makes something known by this: a text, a notebook, a workspace folder.
fn is_opened(object: &Map<String, Value>) -> bool {
    ["languageId", "notebookType", "name"].iter().any(|member| object.contains_key(*member))
}

fn unify(value: &mut Value) {
    if let Value::String(text) = value
        && let Some(one) = unified(text)
    {
        *text = one;
    }
}

/// A URI in the one spelling: everything escaped that is not a letter, a digit or one of `-._~/`, as where the URI of a path is made. An
/// absolute path is taken for the URI of a file. None for what begins with no scheme.
fn unified(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ if text.starts_with('/') => ("file".to_owned(), text),
        _ => return None,
    };
    let (rest, fragment) = split(rest, '#');
    let (rest, query) = split(rest, '?');
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let mut one = format!("{scheme}:");
    let mut path = escaped(path);
    if scheme == "file" {
        let host = authority.filter(|host| !host.eq_ignore_ascii_case("localhost")).unwrap_or_default();
        one.push_str(&format!("//{}", escaped(host)));
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        if cfg!(windows) {
            capitalize_drive(&mut path);
        }
    } else if let Some(host) = authority {
        one.push_str(&format!("//{}", escaped(host)));
    }
    one.push_str(&path);
    for (mark, part) in [('?', query), ('#', fragment)] {
        if let Some(part) = part {
            one.push(mark);
            one.push_str(&escaped(part));
        }
    }
    Some(one)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn split(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn escaped(part: &str) -> String {
    percent_encode(&percent_decode_str(part).collect::<Vec<u8>>(), ESCAPED).to_string()
}

/// Drives are told apart by letter, whatever its case.
fn capitalize_drive(path: &mut str) {
    if path.get(2..5) == Some("%3A")
        && let Some(letter) = path.get_mut(1..2)
    {
        letter.make_ascii_uppercase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_spelling() {
        let cases = [
            ("file:///a/b-c_d.py", "file:///a/b-c_d.py"),
            ("file:///a b/[x].py", "file:///a%20b/%5Bx%5D.py"),
            ("file:///a%20b/%5bx%5D.py", "file:///a%20b/%5Bx%5D.py"),
            ("file:///x/100%.py", "file:///x/100%25.py"),
            ("file:///x/é{}|^`\\.py", "file:///x/%C3%A9%7B%7D%7C%5E%60%5C.py"),
            ("file:///x/%E9.py", "file:///x/%E9.py"),
            ("FILE://localhost/x.py", "file:///x.py"),
            ("file:/x.py", "file:///x.py"),
            ("/a b.py", "file:///a%20b.py"),
            ("file://wsl$/x.py", "file://wsl%24/x.py"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
            ("untitled:c:\\x\\new.py", "untitled:c%3A%5Cx%5Cnew.py"),
            ("vscode-notebook-cell:/b.ipynb#W0sZmlsZQ%3D%3D", "vscode-notebook-cell:/b.ipynb#W0sZmlsZQ%3D%3D"),
            ("vscode-notebook-cell:/b.ipynb#W0sZmlsZQ==", "vscode-notebook-cell:/b.ipynb#W0sZmlsZQ%3D%3D"),
            ("git:/x.py?{\"path\":\"/x.py\"}", "git:/x.py?%7B%22path%22%3A%22/x.py%22%7D"),
            ("vscode-remote://ssh-remote+[h]:1/x", "vscode-remote://ssh-remote%2B%5Bh%5D%3A1/x"),
            ("jar:///x!/a#b#c", "jar:///x%21/a#b%23c"),
        ];
        for (spelled, expected) in cases {
            let one = unified(spelled).expect(spelled);
            assert_eq!(one, expected);
            assert_eq!(unified(&one).as_deref(), Some(expected), "of the one spelling");
            Uri::from_str(&one).expect("handlers can read it");
        }
        assert_eq!(["", "x.py", "a b:c", "1:2"].map(unified), [const { None }; 4]);
    }

    #[test]
    fn drives_are_written_with_a_capital() {
        let capitalized = |path: &str| {
            let mut path = path.to_owned();
            capitalize_drive(&mut path);
            path
        };
        assert_eq!(capitalized("/c%3A/x"), "/C%3A/x");
        assert_eq!(capitalized("/cc/x"), "/cc/x");
        assert_eq!(capitalized("/"), "/");
    }

    proptest::proptest! {
        #[test]
        fn whatever_has_a_scheme_becomes_a_uri(text in "[a-z]{1,4}:(//)?\\PC{0,20}") {
            let one = unified(&text).expect("it has a scheme");
            proptest::prop_assert!(Uri::from_str(&one).is_ok(), "{one}");
            proptest::prop_assert_eq!(unified(&one), Some(one.clone()));
        }
    }

    #[test]
    fn what_was_opened_keeps_its_name() {
        let spellings = Spellings::default();
        let said = |uri: &str| {
            let params = json!({ "uri": uri, "edit": { "changes": { uri: [] } }, "list": [{ "document": uri }] });
            let message = spellings.outgoing(Request::build("x").params(params).finish());
            message.params().cloned().unwrap_or_default()
        };
        let open = |uri: &str| {
            let item = json!({ "textDocument": { "uri": uri, "languageId": "python", "text": "" } });
            spellings.incoming(Request::build("textDocument/didOpen").params(item).finish());
        };
        let close = |uri: &str| {
            let item = json!({ "textDocument": { "uri": uri } });
            spellings.incoming(Request::build("textDocument/didClose").params(item).finish());
        };
        let (one, other, third) = ("file:///a%20b.py", "file:///a b.py", "file:/a b.py");
        let as_written =
            |uri: &str| json!({ "uri": uri, "edit": { "changes": { uri: [] } }, "list": [{ "document": uri }] });
        assert_eq!(said(one), as_written(one));
        open(other);
        assert_eq!(said(one), as_written(other));
        close(third);
        assert_eq!(said(one), as_written(other));
        open(third);
        assert_eq!(said(one), as_written(third));
        open(one);
        assert_eq!(said(one), as_written(one));
    }

    #[test]
    fn changes_without_a_version_get_one() {
        let numbered = |method: &'static str, params: Value| {
            let message = Spellings::default().incoming(Request::build(method).params(params).finish());
            message.params().cloned().unwrap_or_default()
        };
        for (given, expected) in [
            (json!({}), json!({ "version": UNVERSIONED })),
            (json!({ "version": null }), json!({ "version": UNVERSIONED })),
            (json!({ "version": 7 }), json!({ "version": 7 })),
        ] {
            let text = |document: &Value| json!({ "textDocument": document });
            assert_eq!(numbered("textDocument/didChange", text(&given)), text(&expected));
            assert_eq!(numbered("textDocument/didSave", text(&given)), text(&given));
            let cell = |document: &Value| {
                let cells = json!({ "textContent": [{ "document": document }] });
                json!({ "notebookDocument": document, "change": { "cells": cells } })
            };
            assert_eq!(numbered("notebookDocument/didChange", cell(&given)), cell(&expected));
        }
    }

    #[test]
    fn commands_and_links() {
        let spellings = Spellings::default();
        let params = json!({ "arguments": ["file:///a b.py", { "line": 1 }, "blocking-call"] });
        let message = spellings.incoming(Request::build("workspace/executeCommand").params(params).finish());
        assert_eq!(message.params().expect("params")["arguments"][0], "file:///a%20b.py");
        assert_eq!(message.params().expect("params")["arguments"][2], "blocking-call");
        let params = json!({ "a": { "href": "https://x.org/?q=1#y" }, "b": { "href": "https://x.org/[ ]" } });
        let message = spellings.incoming(Request::build("x").params(params).finish());
        let links = message.params().expect("params");
        assert_eq!(
            (&links["a"]["href"], &links["b"]["href"]),
            (&json!("https://x.org/?q=1#y"), &json!("https://x.org/%5B%20%5D"))
        );
    }
}
