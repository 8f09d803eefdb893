//! `textDocument/diagnostic` and `workspace/diagnostic`: what clients that pull ask for.

use crate::diagnostics::{self, Report, result_id};
use crate::request::Answering;
use crate::session::{Session, Told};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::notification::Notification;
use tower_lsp::ls_types::*;

/// How many reports of files a part of the answer holds.
const PART: usize = 50;

/// `textDocument/diagnostic`.
pub(crate) async fn document(
    session: &Arc<Session>,
    params: DocumentDiagnosticParams,
) -> Result<DocumentDiagnosticReportResult> {
    let uri = params.text_document.uri;
    let Some(asked) = session.asked(&uri) else { return Ok(full(None, Vec::new())) };
    let stamp = asked.document.stamp;
    let items = asked.answer(session, of_part).await.map_err(|error| match error.code {
        ErrorCode::ContentModified => outdated(session.documents.get(&uri).is_some_and(|now| now.stamp == stamp)),
        _ => error,
    })?;
    let id = result_id(&items);
    session.told.insert(uri.as_str().to_owned(), Told { stamp, id: id.clone() });
    if session.documents.get(&uri).is_none() {
        // It was closed meanwhile.
        session.told.remove(uri.as_str());
    }
    if params.previous_result_id.as_ref() == Some(&id) {
        let report = UnchangedDocumentDiagnosticReport { result_id: id };
        let report = RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: report,
        };
        return Ok(DocumentDiagnosticReport::Unchanged(report).into());
    }
    Ok(full(Some(id), items))
}

/// The answer that there is none. A text that has changed is asked about anyway; one that waits for the analysis has to be again.
fn outdated(retrigger_request: bool) -> Error {
    let data = DiagnosticServerCancellationData { retrigger_request };
    let code = ErrorCode::ServerError(error_codes::SERVER_CANCELLED);
    Error { data: serde_json::to_value(data).ok(), ..Error::new(code) }
}

fn of_part(answering: &Answering) -> Vec<Diagnostic> {
    let reports = diagnostics::of_module(&answering.view, &answering.module, &answering.session);
    let own = reports.into_iter().find(|report| report.stamp == Some(answering.part.document.stamp));
    own.map(|report| report.items).unwrap_or_default()
}

fn full(result_id: Option<String>, items: Vec<Diagnostic>) -> DocumentDiagnosticReportResult {
    let report = FullDocumentDiagnosticReport { result_id, items };
    let report =
        RelatedFullDocumentDiagnosticReport { related_documents: None, full_document_diagnostic_report: report };
    DocumentDiagnosticReport::Full(report).into()
}

/// `workspace/diagnostic`.
pub(crate) async fn workspace(
    session: &Arc<Session>,
    params: WorkspaceDiagnosticParams,
) -> Result<WorkspaceDiagnosticReportResult> {
    let awaited: Vec<_> =
        session.folders().iter().filter(|folder| folder.shows_all()).map(|folder| folder.now()).collect();
    let mut known: HashMap<Uri, String> = params.previous_result_ids.into_iter().map(|id| (id.uri, id.value)).collect();
    let mut items = Vec::new();
    for awaited in awaited {
        let Some(view) = awaited.index().await else { continue };
        let this = session.clone();
        let reports = session.compute(move || {
            let client = this.capabilities();
            let all = view.snapshot.asked().filter(|file| !view.modules.contains_key(view.snapshot.path(*file)));
            let mut reports: Vec<Report> = all.filter_map(|file| diagnostics::of_file(&view, file, client)).collect();
            for module in view.modules.values() {
                reports.extend(diagnostics::of_module(&view, module, &this));
            }
            reports.sort_by(|a, b| a.uri.as_str().cmp(b.uri.as_str()));
            reports
        });
        items.extend(reports.await?.into_iter().filter_map(|report| of_workspace(report, &mut known)));
    }
    // Files that are not there any more.
    items.extend(known.into_keys().map(|uri| {
        WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
            uri,
            version: None,
            full_document_diagnostic_report: FullDocumentDiagnosticReport::default(),
        })
    }));
    if let Some(token) = params.partial_result_params.partial_result_token {
        for part in items.chunks(PART) {
            let value = WorkspaceDiagnosticReportPartialResult { items: part.to_vec() };
            session.client.send_notification::<PartialResult>(Partial { token: token.clone(), value }).await;
        }
        items.clear();
    }
    Ok(WorkspaceDiagnosticReport { items }.into())
}

/// A report, unless the client knows already that there is nothing.
fn of_workspace(report: Report, known: &mut HashMap<Uri, String>) -> Option<WorkspaceDocumentDiagnosticReport> {
    let (uri, version) = (report.uri, report.version.map(i64::from));
    let id = result_id(&report.items);
    Some(match known.remove(&uri) {
        None if report.items.is_empty() => return None,
        Some(last) if last == id => {
            WorkspaceDocumentDiagnosticReport::Unchanged(WorkspaceUnchangedDocumentDiagnosticReport {
                uri,
                version,
                unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id: id },
            })
        }
        _ => WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
            uri,
            version,
            full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id: Some(id), items: report.items },
        }),
    })
}

/// `$/progress` with a part of an answer, for which the library has no type.
enum PartialResult {}

#[derive(Serialize, Deserialize)]
struct Partial {
    token: ProgressToken,
    value: WorkspaceDiagnosticReportPartialResult,
}

impl Notification for PartialResult {
    type Params = Partial;
    const METHOD: &'static str = "$/progress";
}
