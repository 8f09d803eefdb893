//! `textDocument/codeAction` and `codeAction/resolve`.

use super::command::{APPLY_FIX, EXPLAIN};
use crate::convert::{diagnostic, edit};
use crate::request::Answering;
use crate::session::Session;
use crate::settings::UnsafeFixes;
use asyncwise_analysis::finding::Applicability;
use asyncwise_ide::actions::{self, Action, ActionKind, Declined, What};
use asyncwise_ide::diagnostics as ide;
use asyncwise_syntax::facts::Span;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::*;

/// The kind of the action that mends a whole file.
const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.asyncwise");
const REWRITE: CodeActionKind = CodeActionKind::REFACTOR_REWRITE;

/// The kinds of actions there are.
pub(crate) fn kinds() -> Vec<CodeActionKind> {
    vec![CodeActionKind::QUICKFIX, REWRITE, FIX_ALL]
}

/// What finds a listed action again.
#[derive(Serialize, Deserialize)]
pub(super) struct Data {
    uri: Uri,
    /// The state of the text it was listed for.
    stamp: u64,
    what: What,
}

/// `textDocument/codeAction`.
pub(crate) async fn list(session: &Arc<Session>, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
    let Some(asked) = session.asked(&params.text_document.uri) else { return Ok(None) };
    asked
        .answer_from_index(session, move |answering| {
            let span = span_asked_about(&params, answering);
            let analysis = &answering.view.snapshot.analysis;
            let found = actions::actions(analysis, &answering.findings(), answering.file?, span);
            let wanted = found.into_iter().filter(|action| is_wanted(action, &params.context));
            let has_literals = answering.session.capabilities().action_literals;
            let form = |action| match has_literals {
                true => listed(action, answering).map(CodeActionOrCommand::CodeAction),
                false => command(action, answering).map(CodeActionOrCommand::Command),
            };
            Some(wanted.filter_map(form).collect())
        })
        .await
}

/// The range that the client asks about; where nothing was found in it, and a person asks, its lines: the sign beside a line and the
/// colour of a line (Neovim, Kate) do not tell where in the line the cursor has to be.
fn span_asked_about(params: &CodeActionParams, answering: &Answering) -> Span {
    let columns = answering.session.capabilities().columns;
    let span = answering.part.span_of(params.range, columns);
    let findings = answering.findings();
    let has_finding = |span: Span| {
        let mut places = findings.iter().map(|finding| finding.place);
        places.any(|p| Some(p.file) == answering.file && p.span.start <= span.end && span.start <= p.span.end)
    };
    if has_finding(span) || params.context.trigger_kind == Some(CodeActionTriggerKind::AUTOMATIC) {
        return span;
    }
    let (first, last) = (Position::new(params.range.start.line, 0), Position::new(params.range.end.line, u32::MAX));
    let lines = answering.part.span_of(Range::new(first, last), columns);
    if has_finding(lines) { lines } else { span }
}

/// `codeAction/resolve`.
pub(crate) async fn resolve(session: &Arc<Session>, mut action: CodeAction) -> Result<CodeAction> {
    let Some(data) = action.data.clone() else { return Ok(action) };
    let data: Data = serde_json::from_value(data).map_err(|error| Error::invalid_params(error.to_string()))?;
    action.edit = Some(edit_again(session, data).await?);
    Ok(action)
}

/// The edits of an action that was listed before.
///
/// # Errors
/// `ContentModified` when the text has changed since, `RequestFailed` when it cannot be done.
pub(super) async fn edit_again(session: &Arc<Session>, data: Data) -> Result<WorkspaceEdit> {
    let asked = session.asked(&data.uri).filter(|asked| asked.document.stamp == data.stamp);
    let Some(asked) = asked else { return Err(Error::content_modified()) };
    let edit = asked.answer_from_index(session, move |answering| {
        edit_of(&data.what, answering).map_err(|declined| declined.reason(&answering.view.snapshot.analysis))
    });
    edit.await?.map_err(|reason| match reason {
        None => Error::content_modified(),
        // The message is what the user sees.
        Some(reason) => {
            Error { message: reason.into(), ..Error::new(tower_lsp::jsonrpc::ErrorCode::ServerError(REQUEST_FAILED)) }
        }
    })
}

/// `RequestFailed` of the protocol: it was right, and cannot be done.
const REQUEST_FAILED: i64 = -32803;

fn kind(kind: ActionKind) -> CodeActionKind {
    match kind {
        ActionKind::QuickFix => CodeActionKind::QUICKFIX,
        ActionKind::Rewrite => REWRITE,
        ActionKind::FixAll => FIX_ALL,
    }
}

/// Whether the client wants actions of this kind: one that it names, or a part of one. Not asked, it gets everything when a person asks
/// for it, and no changes of a whole file as it types.
fn is_wanted(action: &Action, context: &CodeActionContext) -> bool {
    let kind = kind(action.kind);
    match &context.only {
        Some(only) => only.iter().any(|wanted| {
            let rest = kind.as_str().strip_prefix(wanted.as_str());
            wanted.as_str().is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }),
        None => action.kind != ActionKind::FixAll || context.trigger_kind != Some(CodeActionTriggerKind::AUTOMATIC),
    }
}

/// Whether the settings say not to offer it.
fn is_refused(action: &Action, answering: &Answering) -> bool {
    let is_safe = matches!(action.applicability, None | Some(Applicability::Safe));
    let is_unsafe = action.kind == ActionKind::QuickFix && !is_safe;
    is_unsafe && answering.folder.settings().unsafe_fixes == UnsafeFixes::Hint
}

/// An action for clients that know commands only. One that cannot be done is left out: there is no other way to say so.
fn command(action: Action, answering: &Answering) -> Option<Command> {
    let title = action.title.clone();
    if let What::Explain { rule } = &action.what {
        return Some(Command { title, command: EXPLAIN.to_owned(), arguments: Some(vec![json!(rule), json!(true)]) });
    }
    let can_apply = answering.session.capabilities().applies_edits && !is_refused(&action, answering);
    if !can_apply || edit_of(&action.what, answering).is_err() {
        return None;
    }
    let arguments = Some(vec![serde_json::to_value(data(action, answering)).ok()?]);
    Some(Command { title, command: APPLY_FIX.to_owned(), arguments })
}

fn data(action: Action, answering: &Answering) -> Data {
    let document = &answering.part.document;
    Data { uri: document.uri.clone(), stamp: document.stamp, what: action.what }
}

fn listed(action: Action, answering: &Answering) -> Option<CodeAction> {
    let client = answering.session.capabilities();
    let is_refused = is_refused(&action, answering);
    let mut listed = CodeAction {
        title: action.title.clone(),
        kind: Some(kind(action.kind)),
        diagnostics: diagnostics_of(&action, answering),
        is_preferred: (action.is_preferred && !is_refused).then_some(true),
        ..CodeAction::default()
    };
    if is_refused {
        let reason = "it may change what the program does; the setting `unsafeFixes` says not to offer it".to_owned();
        listed.disabled = client.disabled_actions.then_some(CodeActionDisabled { reason });
        return listed.disabled.is_some().then_some(listed);
    }
    if let What::Explain { rule } = &action.what {
        let arguments = Some(vec![json!(rule), json!(true)]);
        listed.command = Some(Command { title: action.title, command: EXPLAIN.to_owned(), arguments });
        return Some(listed);
    }
    if client.resolves_edits {
        listed.data = serde_json::to_value(data(action, answering)).ok();
        return Some(listed);
    }
    match edit_of(&action.what, answering) {
        Ok(edit) => listed.edit = Some(edit),
        Err(declined) if client.disabled_actions => {
            let reason = declined.reason(&answering.view.snapshot.analysis)?;
            listed.disabled = Some(CodeActionDisabled { reason });
        }
        Err(_) => return None,
    }
    Some(listed)
}

/// The diagnostic that an action mends.
fn diagnostics_of(action: &Action, answering: &Answering) -> Option<Vec<Diagnostic>> {
    let findings = answering.findings();
    let finding = action.finding.as_ref()?.find(&findings, answering.file?)?;
    let places = answering.places();
    let range = answering.part.range(finding.place.span, places.columns);
    let client = answering.session.capabilities();
    Some(vec![diagnostic::diagnostic(ide::diagnostic(finding), range, &places, client)])
}

/// The edits of an action.
pub(super) fn edit_of(what: &What, answering: &Answering) -> std::result::Result<WorkspaceEdit, Declined> {
    let file = answering.file.ok_or(Declined::Stale)?;
    let analysis = &answering.view.snapshot.analysis;
    let resolved = actions::resolve(analysis, &answering.findings(), file, what)?;
    let edit = edit::workspace_edit(&resolved.edits, &answering.places(), answering.session.capabilities());
    edit.ok_or_else(|| Declined::Refused {
        place: asyncwise_analysis::finding::Place { file, span: answering.part.span },
        message: "it would change a notebook that is not open".to_owned(),
    })
}
