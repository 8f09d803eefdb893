//! The methods of the protocol, each handed to its handler.
//!
//! What a handler does before its first `await` happens in the order of the wire: notifications do all of their work there, and requests take
//! note of what the client sees.

use crate::handlers::{
    action, command, diagnostic, hierarchy, hover, inlay, lens, lifecycle, notebook, text, workspace,
};
use crate::session::Session;
use std::sync::Arc;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::*;
use tower_lsp::{ClientSocket, LanguageServer, LspService};

/// The server of one client.
pub(crate) struct Backend {
    session: Arc<Session>,
}

/// The service of one client.
pub(crate) fn service() -> (LspService<Backend>, ClientSocket) {
    LspService::build(|client| {
        crate::log::attach(client.clone());
        Backend { session: Session::new(client) }
    })
    .custom_method("$/setTrace", Backend::set_trace)
    .custom_method("window/workDoneProgress/cancel", Backend::cancel_progress)
    .finish()
}

impl Backend {
    async fn set_trace(&self, params: SetTraceParams) {
        crate::log::set_trace(params.value);
    }

    async fn cancel_progress(&self, params: WorkDoneProgressCancelParams) {
        self.session.loads.cancel(&params.token);
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        Ok(lifecycle::initialize(&self.session, params))
    }

    async fn initialized(&self, _: InitializedParams) {
        lifecycle::initialized(&self.session);
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        text::did_open(&self.session, params);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        text::did_change(&self.session, params);
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        text::did_save(&self.session, &params);
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        text::did_close(&self.session, params);
    }

    async fn notebook_did_open(&self, params: DidOpenNotebookDocumentParams) {
        notebook::did_open(&self.session, params);
    }

    async fn notebook_did_change(&self, params: DidChangeNotebookDocumentParams) {
        notebook::did_change(&self.session, params);
    }

    async fn notebook_did_save(&self, params: DidSaveNotebookDocumentParams) {
        notebook::did_save(&self.session, &params);
    }

    async fn notebook_did_close(&self, params: DidCloseNotebookDocumentParams) {
        notebook::did_close(&self.session, params);
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        diagnostic::document(&self.session, params).await
    }

    async fn workspace_diagnostic(&self, params: WorkspaceDiagnosticParams) -> Result<WorkspaceDiagnosticReportResult> {
        diagnostic::workspace(&self.session, params).await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        action::list(&self.session, params).await
    }

    async fn code_action_resolve(&self, params: CodeAction) -> Result<CodeAction> {
        action::resolve(&self.session, params).await
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        hover::show(&self.session, params).await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        lens::list(&self.session, params).await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        inlay::list(&self.session, params).await
    }

    async fn prepare_call_hierarchy(
        &self,
        params: CallHierarchyPrepareParams,
    ) -> Result<Option<Vec<CallHierarchyItem>>> {
        hierarchy::prepare(&self.session, params).await
    }

    async fn incoming_calls(
        &self,
        params: CallHierarchyIncomingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyIncomingCall>>> {
        hierarchy::incoming(&self.session, params).await
    }

    async fn outgoing_calls(
        &self,
        params: CallHierarchyOutgoingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyOutgoingCall>>> {
        hierarchy::outgoing(&self.session, params).await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        command::execute(&self.session, params).await
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        workspace::did_change_configuration(&self.session, &params);
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        workspace::did_change_folders(&self.session, params);
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        workspace::did_change_watched(&self.session, params);
    }

    async fn did_create_files(&self, params: CreateFilesParams) {
        workspace::did_create(&self.session, &params);
    }

    async fn did_rename_files(&self, params: RenameFilesParams) {
        workspace::did_rename(&self.session, &params);
    }

    async fn did_delete_files(&self, params: DeleteFilesParams) {
        workspace::did_delete(&self.session, &params);
    }
}
