//! The diagnostics of texts, for whoever asks: clients that pull, and the publisher for those that do not.

use crate::capabilities::Capabilities;
use crate::convert::{Places, diagnostic};
use crate::engine::View;
use crate::held::Shown;
use crate::module::Module;
use crate::session::Session;
use crate::uri;
use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_ide::diagnostics as ide;
use rustc_hash::FxHasher;
use serde_json::json;
use std::hash::{Hash, Hasher};
use tower_lsp::ls_types::{Diagnostic, Uri};

/// Reported where a comment silences nothing, which is not known before the index is there.
const NEEDS_INDEX: &str = "unused-ignore";

/// The diagnostics of one text.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) uri: Uri,
    /// Of the text, when it is open.
    pub(crate) version: Option<i32>,
    pub(crate) stamp: Option<u64>,
    pub(crate) items: Vec<Diagnostic>,
}

impl Report {
    /// Of a file that is not open.
    pub(crate) fn of_closed(uri: Uri, items: Vec<Diagnostic>) -> Self {
        Self { uri, version: None, stamp: None, items }
    }
}

/// The diagnostics of an open text; of each cell of a notebook.
pub(crate) fn of_module(view: &View, module: &Module, session: &Session) -> Vec<Report> {
    let client = session.capabilities();
    let mut reports: Vec<Report> = module
        .parts
        .iter()
        .map(|part| Report {
            uri: part.document.uri.clone(),
            version: part.document.version,
            stamp: Some(part.document.stamp),
            items: Vec::new(),
        })
        .collect();
    let Some(file) = view.snapshot.file(&module.path) else { return reports };
    let places = Places::new(view, client.columns);
    let order = (!view.is_provisional, view.serial);
    let source = view.snapshot.program().file(file);
    let findings = shown(view, file);
    let is_disturbed = is_disturbed(view, module);
    let shown = session.held.show(&module.path, order, (&source.text, &source.facts), is_disturbed, &findings);
    if !module.parts.iter().any(|part| session.documents.get(&part.document.uri).is_some()) {
        // It was closed meanwhile, and nobody would forget it any more.
        session.held.forget(&module.path);
    }
    for Shown { diagnostic: found, is_held } in shown {
        if let Some((part, range)) = module.locate(found.span, client.columns)
            && let Some(report) = reports.iter_mut().find(|report| report.stamp == Some(part.document.stamp))
        {
            let mut item = diagnostic::diagnostic(found, range, &places, client);
            if is_held && client.diagnostic_data {
                item.data = Some(json!({ "held": true }));
            }
            report.items.push(item);
        }
    }
    reports
}

/// Whether another open text has a syntax error.
fn is_disturbed(view: &View, module: &Module) -> bool {
    let program = view.snapshot.program();
    let others = view.modules.keys().filter(|path| **path != module.path);
    others.filter_map(|path| view.snapshot.file(path)).any(|file| !program.facts(file).errors.is_empty())
}

/// The diagnostics of a file that is not open. None for a notebook, whose cells have no names then.
pub(crate) fn of_file(view: &View, file: FileId, client: &Capabilities) -> Option<Report> {
    if view.snapshot.program().file(file).is_notebook {
        return None;
    }
    let uri = uri::of_path(view.snapshot.path(file))?;
    let places = Places::new(view, client.columns);
    let items = shown(view, file).into_iter().filter_map(|finding| {
        let range = places.locate(finding.place)?.range;
        Some(diagnostic::diagnostic(ide::diagnostic(&finding), range, &places, client))
    });
    Some(Report::of_closed(uri, items.collect()))
}

fn shown(view: &View, file: FileId) -> Vec<Finding> {
    let findings = view.snapshot.findings(file);
    findings.iter().filter(|finding| !view.is_provisional || finding.rule != NEEDS_INDEX).cloned().collect()
}

/// The same for the same diagnostics, and for others another one.
pub(crate) fn result_id(items: &[Diagnostic]) -> String {
    let mut hasher = FxHasher::default();
    serde_json::to_string(items).unwrap_or_default().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
