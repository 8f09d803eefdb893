//! `workspace/executeCommand`.

use super::action::{edit_again, edit_of};
use crate::convert::diagnostic::RULES;
use crate::convert::{Places, edit};
use crate::engine::View;
use crate::projects::Folder;
use crate::session::Session;
use asyncwise_analysis::rules;
use asyncwise_ide::actions::{self, What};
use asyncwise_ide::diagnostics::rule_url;
use asyncwise_ide::paths::{Path, paths_at};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Write;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::{
    ExecuteCommandParams, MessageType, Position, ShowDocumentParams, TextDocumentEdit, Uri, WorkspaceEdit,
};

const RESTART: &str = "asyncwise.restart";
/// The paths from coroutines through a place; its arguments are a URI and a position. The shortest is shown to the user, unless the
/// client says in its experimental capabilities, under this name, that it shows them.
pub(crate) const SHOW_PATH: &str = "asyncwise.showPath";
/// What a rule is about, as Markdown; its argument is the name.
pub(crate) const EXPLAIN: &str = "asyncwise.explain";
const FIX_ALL: &str = "asyncwise.fixAll";
/// Applies the safe fixes of all files of the workspace, also of those that are not open. With the argument `false` it only answers
/// with the edit, for clients that ask the user first; null when there is nothing to fix.
const FIX_WORKSPACE: &str = "asyncwise.fixWorkspace";
/// Applies an action, for clients to which actions are commands; its argument is the action's data.
pub(crate) const APPLY_FIX: &str = "asyncwise.applyFix";
const DEBUG: &str = "asyncwise.debugInformation";

/// The commands.
pub(crate) const NAMES: &[&str] = &[RESTART, SHOW_PATH, EXPLAIN, FIX_ALL, FIX_WORKSPACE, APPLY_FIX, DEBUG];

/// How long a client may take to apply an edit or to show a document.
const PATIENCE: Duration = Duration::from_secs(30);

/// `workspace/executeCommand`.
pub(crate) async fn execute(session: &Arc<Session>, params: ExecuteCommandParams) -> Result<Option<Value>> {
    let arguments = &params.arguments;
    match params.command.as_str() {
        RESTART => {
            for folder in session.folders() {
                folder.reload();
            }
            Ok(None)
        }
        SHOW_PATH => show_path(session, argument(arguments, 0)?, argument(arguments, 1)?).await,
        EXPLAIN => {
            let name: String = argument(arguments, 0)?;
            let rule = rules::find(&name).ok_or_else(|| Error::invalid_params(format!("there is no rule `{name}`")))?;
            if arguments.get(1).and_then(Value::as_bool) == Some(true) {
                show_page(session, rule.name, rule.summary);
            }
            Ok(Some(json!(rule.explanation())))
        }
        FIX_ALL => fix_all(session, argument(arguments, 0)?).await,
        FIX_WORKSPACE => fix_workspace(session, arguments.first() != Some(&json!(false))).await,
        APPLY_FIX => {
            let edit = edit_again(session, argument(arguments, 0)?).await?;
            apply(session, edit);
            Ok(None)
        }
        DEBUG => Ok(Some(json!(debug_information(session)))),
        other => Err(Error::invalid_params(format!("there is no command `{other}`; there are {}", NAMES.join(", ")))),
    }
}

fn argument<T: DeserializeOwned>(arguments: &[Value], at: usize) -> Result<T> {
    let value = arguments.get(at).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Error::invalid_params(format!("argument {at}: {error}")))
}

async fn show_path(session: &Arc<Session>, uri: Uri, position: Position) -> Result<Option<Value>> {
    let Some(asked) = session.asked(&uri) else { return Ok(None) };
    let answer = asked
        .answer(session, move |answering| {
            let places = answering.places();
            let offset = answering.part.offset(position, places.columns);
            let paths = paths_at(&answering.view.snapshot.analysis, answering.file?, offset);
            let all = json!(paths.iter().map(|path| path_of(path, &places)).collect::<Vec<_>>());
            Some((all, paths.first().map(Path::line)))
        })
        .await?;
    let Some((paths, shortest)) = answer else { return Ok(None) };
    if let Some(line) = shortest.filter(|_| !session.client_shows_paths()) {
        session.client.show_message(MessageType::INFO, line).await;
    }
    Ok(Some(paths))
}

fn path_of(path: &Path, places: &Places<'_>) -> Value {
    let steps =
        path.steps.iter().map(|step| json!({ "message": step.message, "location": places.location(step.place) }));
    json!({ "title": path.title, "steps": steps.collect::<Vec<_>>() })
}

/// Shows the page of a rule in a browser, or a word about it where the client opens none.
fn show_page(session: &Arc<Session>, rule: &'static str, summary: &'static str) {
    let session = session.clone();
    let url = rule_url(RULES, rule);
    tokio::spawn(async move {
        if let Some(uri) = Uri::from_str(&url).ok().filter(|_| session.capabilities().shows_documents) {
            let page = ShowDocumentParams { uri, external: Some(true), take_focus: None, selection: None };
            if matches!(timeout(PATIENCE, session.client.show_document(page)).await, Ok(Ok(true))) {
                return;
            }
        }
        session.client.show_message(MessageType::INFO, format!("{rule}: {summary}. {url}")).await;
    });
}

async fn fix_all(session: &Arc<Session>, uri: Uri) -> Result<Option<Value>> {
    let Some(asked) = session.asked(&uri) else { return Ok(None) };
    let edit = asked.answer_from_index(session, |answering| edit_of(&What::FixAll, answering).ok()).await?;
    if let Some(edit) = edit {
        apply(session, edit);
    }
    Ok(None)
}

async fn fix_workspace(session: &Arc<Session>, applies: bool) -> Result<Option<Value>> {
    let folders: Vec<_> = session.folders().into_iter().filter(|folder| folder.is_workspace()).collect();
    let awaited: Vec<_> = folders.iter().map(|folder| folder.now()).collect();
    let mut edits = Vec::new();
    for awaited in awaited {
        let view = awaited.index().await.ok_or_else(Error::content_modified)?;
        let this = session.clone();
        edits.extend(session.compute(move || fixes_of(&view, &this)).await?);
    }
    if edits.is_empty() {
        return Ok(None);
    }
    let edit = edit::of_texts(edits, session.capabilities());
    if applies {
        apply(session, edit);
        return Ok(None);
    }
    Ok(serde_json::to_value(edit).ok())
}

/// The safe fixes of a project, by text. A notebook that is not open has no text that the client could change.
fn fixes_of(view: &View, session: &Session) -> Vec<TextDocumentEdit> {
    let places = Places::new(view, session.capabilities().columns);
    let fixes = |file| actions::fix_all(&view.snapshot.findings(file), file);
    view.snapshot.asked().filter_map(|file| edit::texts(&fixes(file), &places)).flatten().collect()
}

/// Asks the client to apply edits, if it can.
fn apply(session: &Session, edit: WorkspaceEdit) {
    if !session.capabilities().applies_edits {
        return;
    }
    let client = session.client.clone();
    tokio::spawn(async move {
        match timeout(PATIENCE, client.apply_edit(edit)).await {
            Ok(Ok(response)) if !response.applied => {
                tracing::warn!(reason = response.failure_reason, "the client did not apply the fixes");
            }
            Ok(Err(error)) => tracing::warn!(%error, "the client did not apply the fixes"),
            _ => {}
        }
    });
}

/// What a bug report needs.
fn debug_information(session: &Session) -> String {
    let mut out = format!("asyncwise {}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(out, "{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let _ = writeln!(out, "client: {}", session.capabilities());
    let _ = writeln!(out, "settings: {}", serde_json::to_string(&*session.settings()).unwrap_or_default());
    let (open, told, held) = (session.documents.all().len(), session.told.len(), session.held.len());
    let _ = writeln!(out, "open texts: {open}, told of {told}, remembered {held}");
    for folder in session.folders() {
        folder_information(&mut out, &folder);
    }
    out
}

fn folder_information(out: &mut String, folder: &Folder) {
    let _ = writeln!(out, "project {} ({})", folder.root.display(), folder.kind);
    let _ = writeln!(out, "  settings: {}", serde_json::to_string(&*folder.settings()).unwrap_or_default());
    let Some(view) = folder.latest() else {
        let _ = writeln!(out, "  nothing was read yet");
        return;
    };
    let program = view.snapshot.program();
    let bytes: usize = program.ids().map(|file| program.file(file).text.len()).sum();
    let asked = view.snapshot.asked().count();
    let _ = writeln!(out, "  files: {} ({asked} checked), {bytes} bytes", program.ids().count());
    let _ = writeln!(out, "  complete: {}, revision {}", !view.is_provisional, view.snapshot.revision());
    let _ = writeln!(out, "  last step: {:.1} ms", view.took.as_secs_f64() * 1000.0);
    for problem in view.snapshot.problems() {
        let _ = writeln!(out, "  {}: {}", problem.path.display(), problem.text());
    }
}
