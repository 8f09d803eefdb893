//! `workspace/did...`: folders, settings and files.

use crate::publish::Event;
use crate::session::Session;
use crate::settings::{Given, Settings};
use crate::uri;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tower_lsp::ls_types::*;
use tracing::warn;

/// How long a client may take to answer what it is asked.
const PATIENCE: Duration = Duration::from_secs(10);
/// The section of the client's settings that is ours.
const SECTION: &str = "asyncwise";
/// What changes what is checked, or how.
const WATCHED: &[&str] = &[
    "**/*.{py,pyi,ipynb}",
    "**/asyncwise.toml",
    "**/pyproject.toml",
    "**/setup.{py,cfg}",
    "**/.gitignore",
    "**/.ignore",
    "**/pyvenv.cfg",
];

/// Registers for what can be registered for only once the client runs.
pub(super) fn register(session: &Arc<Session>) {
    let can = session.capabilities();
    let mut registrations = Vec::new();
    if can.registers_watchers {
        let watcher =
            |glob: &&str| FileSystemWatcher { glob_pattern: GlobPattern::String((*glob).to_owned()), kind: None };
        let options = DidChangeWatchedFilesRegistrationOptions { watchers: WATCHED.iter().map(watcher).collect() };
        registrations.push(Registration {
            id: "asyncwise/watched".to_owned(),
            method: "workspace/didChangeWatchedFiles".to_owned(),
            register_options: serde_json::to_value(options).ok(),
        });
    }
    if can.registers_configuration {
        registrations.push(Registration {
            id: "asyncwise/configuration".to_owned(),
            method: "workspace/didChangeConfiguration".to_owned(),
            register_options: serde_json::to_value(serde_json::json!({ "section": SECTION })).ok(),
        });
    }
    if !registrations.is_empty() {
        let client = session.client.clone();
        tokio::spawn(async move {
            if !matches!(timeout(PATIENCE, client.register_capability(registrations)).await, Ok(Ok(()))) {
                warn!("the client does not say when files change");
            }
        });
    }
}

/// Asks the client for the settings of every folder, if it can tell. Nothing waits for the answer.
pub(super) fn ask_configuration(session: &Arc<Session>) {
    if session.capabilities().configuration {
        tokio::spawn(take_configuration(session.clone()));
    }
}

async fn take_configuration(session: Arc<Session>) {
    let roots = session.roots();
    let item = |scope_uri| ConfigurationItem { scope_uri, section: Some(SECTION.to_owned()) };
    let items = std::iter::once(None).chain(roots.iter().cloned().map(Some)).map(item).collect();
    let answers = match timeout(PATIENCE, session.client.configuration(items)).await {
        Ok(Ok(answers)) => answers,
        Ok(Err(error)) => return warn!(%error, "the client does not tell its settings"),
        Err(_) => return warn!("the client does not tell its settings in time"),
    };
    let mut answers = answers.into_iter();
    let mut messages = Vec::new();
    let mut read = |answer: serde_json::Value| {
        let (given, new) = Given::read(&answer);
        messages.extend(new);
        session.configured(given)
    };
    // A client that knows of no settings answers null or an empty object.
    let settings = read(answers.next().unwrap_or_default());
    let own = roots.iter().zip(answers).filter(|(_, answer)| !answer.is_null());
    let own = own.filter_map(|(root, answer)| Some((uri::to_path(root)?, read(answer)))).collect();
    put_in_place(&session, settings, own, messages);
}

fn put_in_place(session: &Arc<Session>, settings: Settings, own: FxHashMap<PathBuf, Settings>, messages: Vec<String>) {
    session.configure(settings, own);
    session.warn_later(messages);
    show_warnings(session);
    let _ = session.events.send(Event::Settings);
}

/// Says what is wrong with the settings.
pub(crate) fn show_warnings(session: &Arc<Session>) {
    let messages = session.warnings();
    let client = session.client.clone();
    if !messages.is_empty() {
        tokio::spawn(async move {
            for message in messages {
                client.show_message(MessageType::WARNING, format!("asyncwise: {message}")).await;
            }
        });
    }
}

/// `workspace/didChangeConfiguration`. A client that tells settings when it is asked often sends none here.
pub(crate) fn did_change_configuration(session: &Arc<Session>, params: &DidChangeConfigurationParams) {
    if session.capabilities().configuration {
        ask_configuration(session);
    } else {
        let (given, messages) = Given::read(&params.settings);
        put_in_place(session, session.configured(given), FxHashMap::default(), messages);
    }
}

/// `workspace/didChangeWorkspaceFolders`.
pub(crate) fn did_change_folders(session: &Arc<Session>, params: DidChangeWorkspaceFoldersParams) {
    let uris = |folders: Vec<WorkspaceFolder>| folders.into_iter().map(|folder| folder.uri).collect::<Vec<_>>();
    session.change_roots(&uris(params.event.removed), uris(params.event.added));
    ask_configuration(session);
}

/// `workspace/didChangeWatchedFiles`.
pub(crate) fn did_change_watched(session: &Arc<Session>, params: DidChangeWatchedFilesParams) {
    for change in params.changes {
        disk(session, &change.uri);
    }
}

/// `workspace/didCreateFiles`.
pub(crate) fn did_create(session: &Arc<Session>, params: &CreateFilesParams) {
    params.files.iter().for_each(|file| disk_text(session, &file.uri));
}

/// `workspace/didRenameFiles`.
pub(crate) fn did_rename(session: &Arc<Session>, params: &RenameFilesParams) {
    for file in &params.files {
        disk_text(session, &file.old_uri);
        disk_text(session, &file.new_uri);
    }
}

/// `workspace/didDeleteFiles`.
pub(crate) fn did_delete(session: &Arc<Session>, params: &DeleteFilesParams) {
    params.files.iter().for_each(|file| disk_text(session, &file.uri));
}

/// A text was saved: what is on the disk is another, and may be a configuration.
pub(super) fn saved(session: &Arc<Session>, uri: &Uri) {
    disk(session, uri);
    session.activity.saved();
}

fn disk_text(session: &Arc<Session>, uri: &str) {
    match Uri::from_str(uri) {
        Ok(uri) => disk(session, &uri),
        Err(error) => warn!(uri, %error, "no URI"),
    }
}

/// Something happened to a file, which concerns every project that it may lie in.
fn disk(session: &Arc<Session>, uri: &Uri) {
    let Some(path) = uri::to_path(uri) else { return };
    for folder in session.folders() {
        if path.starts_with(&folder.root) || is_above(&path, &folder.root) {
            folder.disk(path.clone());
        }
    }
}

/// Whether a file is in a directory above a root, where it may be the configuration of what is below.
fn is_above(path: &Path, root: &Path) -> bool {
    path.parent().is_some_and(|dir| root.starts_with(dir)) && asyncwise_workspace::config::is_configuration(path)
}
