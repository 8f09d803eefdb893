//! `textDocument/prepareCallHierarchy`, `callHierarchy/incomingCalls` and `callHierarchy/outgoingCalls`.

use crate::convert::Places;
use crate::engine::View;
use crate::session::Session;
use asyncwise_analysis::finding::{FileId, Place};
use asyncwise_ide::call_hierarchy::{self, Call, Item, ItemKind};
use asyncwise_syntax::facts::Span;
use asyncwise_syntax::text::LineIndex;
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::*;

/// `textDocument/prepareCallHierarchy`.
pub(crate) async fn prepare(
    session: &Arc<Session>,
    params: CallHierarchyPrepareParams,
) -> Result<Option<Vec<CallHierarchyItem>>> {
    let at = params.text_document_position_params;
    let Some(asked) = session.asked(&at.text_document.uri) else { return Ok(None) };
    asked
        .answer(session, move |answering| {
            let places = answering.places();
            let offset = answering.part.offset(at.position, places.columns);
            let found = call_hierarchy::prepare(&answering.view.snapshot.analysis, answering.file?, offset);
            let items: Vec<_> = found.iter().filter_map(|found| item(found, &places)).collect();
            (!items.is_empty()).then_some(items)
        })
        .await
}

/// `callHierarchy/incomingCalls`.
pub(crate) async fn incoming(
    session: &Arc<Session>,
    params: CallHierarchyIncomingCallsParams,
) -> Result<Option<Vec<CallHierarchyIncomingCall>>> {
    of_item(session, params.item, |item, view, places| {
        let analysis = &view.snapshot.analysis;
        let calls = call_hierarchy::incoming(analysis, item.def).into_iter().filter_map(|call| {
            let from_ranges = ranges(&call, call.item.def.file, places);
            Some(CallHierarchyIncomingCall { from: self::item(&call.item, places)?, from_ranges })
        });
        calls.collect()
    })
    .await
}

/// `callHierarchy/outgoingCalls`.
pub(crate) async fn outgoing(
    session: &Arc<Session>,
    params: CallHierarchyOutgoingCallsParams,
) -> Result<Option<Vec<CallHierarchyOutgoingCall>>> {
    of_item(session, params.item, |item, view, places| {
        let analysis = &view.snapshot.analysis;
        let calls = call_hierarchy::outgoing(analysis, item.def).into_iter().filter_map(|call| {
            let from_ranges = ranges(&call, item.def.file, places);
            Some(CallHierarchyOutgoingCall { to: self::item(&call.item, places)?, from_ranges })
        });
        calls.collect()
    })
    .await
}

/// Finds an item again, which may lie in a text that is not open, and answers from it.
async fn of_item<T: Send + 'static>(
    session: &Arc<Session>,
    wanted: CallHierarchyItem,
    answer: impl FnOnce(&Item, &View, &Places<'_>) -> Vec<T> + Send + 'static,
) -> Result<Option<Vec<T>>> {
    let document = session.documents.get(&wanted.uri);
    let unit = document.as_ref().map_or(&wanted.uri, |document| Session::unit(document)).clone();
    let Some(path) = session.path(&unit) else { return Ok(None) };
    let Some(folder) = session.folder_of(&path, &unit) else { return Ok(None) };
    let awaited = folder.now();
    let view = awaited.view().await.ok_or_else(Error::content_modified)?;
    let columns = session.capabilities().columns;
    session
        .compute(move || {
            let file = view.snapshot.file(&path)?;
            let places = Places::new(&view, columns);
            let offset = offset(&view, file, &wanted, columns)?;
            let analysis = &view.snapshot.analysis;
            // The name alone is not enough: several functions may be meant by one.
            let found = call_hierarchy::prepare(analysis, file, offset);
            let found = found
                .into_iter()
                .find(|found| found.name == wanted.name)
                .or_else(|| module(analysis, file, &wanted))?;
            Some(answer(&found, &view, &places))
        })
        .await
}

/// The code of a module has no name in its text to find it by.
fn module(analysis: &asyncwise_analysis::analysis::Analysis, file: FileId, wanted: &CallHierarchyItem) -> Option<Item> {
    let def = asyncwise_analysis::types::Def { file, scope: asyncwise_syntax::facts::ScopeId::MODULE };
    let item = call_hierarchy::item(analysis, def);
    (wanted.kind == SymbolKind::MODULE && item.name == wanted.name).then_some(item)
}

fn offset(
    view: &View,
    file: FileId,
    item: &CallHierarchyItem,
    columns: asyncwise_syntax::text::Columns,
) -> Option<u32> {
    let at = item.selection_range.start;
    match view.modules.get(view.snapshot.path(file)) {
        Some(module) => Some(module.part(&item.uri)?.offset(at, columns)),
        None => {
            let text = view.snapshot.text(file);
            Some(crate::encoding::offset(text, &LineIndex::new(text), at, columns))
        }
    }
}

fn item(item: &Item, places: &Places<'_>) -> Option<CallHierarchyItem> {
    let file = item.def.file;
    let selection = places.locate(Place { file, span: item.selection })?;
    let whole = places.locate(Place { file, span: item.span }).filter(|whole| whole.uri == selection.uri);
    let kind = match item.kind {
        ItemKind::Module => SymbolKind::MODULE,
        ItemKind::Function => SymbolKind::FUNCTION,
        ItemKind::Method => SymbolKind::METHOD,
    };
    Some(CallHierarchyItem {
        name: item.name.clone(),
        kind,
        tags: None,
        detail: Some(item.detail.clone()).filter(|detail| !detail.is_empty()),
        uri: selection.uri,
        range: whole.map_or(selection.range, |whole| whole.range),
        selection_range: selection.range,
        data: None,
    })
}

fn ranges(call: &Call, file: FileId, places: &Places<'_>) -> Vec<Range> {
    let range = |span: &Span| Some(places.locate(Place { file, span: *span })?.range);
    call.spans.iter().filter_map(range).collect()
}
