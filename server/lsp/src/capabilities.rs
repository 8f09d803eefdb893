//! What the client can do, resolved once, and what the server offers it.

use crate::encoding;
use crate::handlers::{action, command};
use asyncwise_syntax::text::Columns;
use std::fmt;
use tower_lsp::ls_types::*;

/// What the client can do.
#[derive(Clone, Debug)]
pub(crate) struct Capabilities {
    /// What columns of positions count.
    pub(crate) columns: Columns,
    /// It asks for diagnostics; otherwise they are pushed.
    pub(crate) pulls_diagnostics: bool,
    pub(crate) refreshes_diagnostics: bool,
    pub(crate) refreshes_lenses: bool,
    pub(crate) refreshes_hints: bool,
    /// Of diagnostics.
    pub(crate) related_information: bool,
    pub(crate) code_description: bool,
    pub(crate) diagnostic_data: bool,
    pub(crate) unnecessary_tag: bool,
    pub(crate) deprecated_tag: bool,
    /// Actions are more than commands.
    pub(crate) action_literals: bool,
    /// Edits of actions may be made when one is chosen.
    pub(crate) resolves_edits: bool,
    pub(crate) disabled_actions: bool,
    pub(crate) document_changes: bool,
    pub(crate) applies_edits: bool,
    /// Hovers may be Markdown.
    pub(crate) markdown: bool,
    pub(crate) configuration: bool,
    pub(crate) registers_configuration: bool,
    pub(crate) registers_watchers: bool,
    pub(crate) progress: bool,
    pub(crate) shows_documents: bool,
}

impl Capabilities {
    /// Reads them.
    pub(crate) fn of(client: &ClientCapabilities) -> Self {
        let text = client.text_document.clone().unwrap_or_default();
        let workspace = client.workspace.clone().unwrap_or_default();
        let window = client.window.clone().unwrap_or_default();
        let general = client.general.as_ref();
        let pushed = text.publish_diagnostics.clone().unwrap_or_default();
        let pulled = text.diagnostic.clone();
        // A client that cannot be asked to pull again (Neovim 0.11) would not hear of what an edit in another file changes.
        let refreshes = workspace.diagnostics.as_ref().and_then(|d| d.refresh_support) == Some(true);
        let pulls = pulled.is_some() && (refreshes || text.publish_diagnostics.is_none());
        let pulled = pulled.unwrap_or_default();
        let either = |push: Option<bool>, pull: Option<bool>| push == Some(true) || (pulls && pull == Some(true));
        let tags = pushed.tag_support.as_ref().map(|tags| tags.value_set.clone()).unwrap_or_default();
        // The set of tags of a client that pulls cannot be read from its type; both have always been in it.
        let has_tag = |tag| tags.contains(&tag) || (pulls && pulled.tag_support.is_some());
        let action = text.code_action.unwrap_or_default();
        // What comes with actions only, whether the client names them or not.
        let literals = action.code_action_literal_support.is_some()
            || action.resolve_support.is_some()
            || [action.data_support, action.disabled_support, action.is_preferred_support].contains(&Some(true));
        let resolves = action.resolve_support.is_some_and(|support| support.properties.iter().any(|p| p == "edit"));
        let hover = text.hover.and_then(|hover| hover.content_format).unwrap_or_default();
        Self {
            columns: encoding::negotiate(general.and_then(|general| general.position_encodings.as_deref())),
            pulls_diagnostics: pulls,
            refreshes_diagnostics: refreshes,
            refreshes_lenses: workspace.code_lens.and_then(|lens| lens.refresh_support).unwrap_or(false),
            refreshes_hints: workspace.inlay_hint.and_then(|hint| hint.refresh_support).unwrap_or(false),
            related_information: either(pushed.related_information, pulled.related_information),
            code_description: either(pushed.code_description_support, pulled.code_description_support),
            diagnostic_data: either(pushed.data_support, pulled.data_support),
            unnecessary_tag: has_tag(DiagnosticTag::UNNECESSARY),
            deprecated_tag: has_tag(DiagnosticTag::DEPRECATED),
            action_literals: literals,
            resolves_edits: resolves && action.data_support == Some(true),
            disabled_actions: action.disabled_support.unwrap_or(false),
            document_changes: workspace.workspace_edit.and_then(|edit| edit.document_changes).unwrap_or(false),
            applies_edits: workspace.apply_edit.unwrap_or(false),
            markdown: hover.first().is_some_and(|kind| *kind == MarkupKind::Markdown),
            configuration: workspace.configuration.unwrap_or(false),
            registers_configuration: workspace
                .did_change_configuration
                .and_then(|change| change.dynamic_registration)
                .unwrap_or(false),
            registers_watchers: workspace
                .did_change_watched_files
                .and_then(|watched| watched.dynamic_registration)
                .unwrap_or(false),
            progress: window.work_done_progress.unwrap_or(false),
            shows_documents: window.show_document.is_some_and(|show| show.support),
        }
    }

    /// What it can do, and what it cannot, by the names that the protocol has for it.
    fn by_name(&self) -> [(&'static str, bool); 20] {
        [
            ("pull diagnostics", self.pulls_diagnostics),
            ("diagnostic refresh", self.refreshes_diagnostics),
            ("code lens refresh", self.refreshes_lenses),
            ("inlay hint refresh", self.refreshes_hints),
            ("related information", self.related_information),
            ("code description", self.code_description),
            ("diagnostic data", self.diagnostic_data),
            ("tag `unnecessary`", self.unnecessary_tag),
            ("tag `deprecated`", self.deprecated_tag),
            ("code action literals", self.action_literals),
            ("code action resolve", self.resolves_edits),
            ("disabled code actions", self.disabled_actions),
            ("document changes", self.document_changes),
            ("apply edit", self.applies_edits),
            ("Markdown hovers", self.markdown),
            ("configuration", self.configuration),
            ("configuration registration", self.registers_configuration),
            ("file watcher registration", self.registers_watchers),
            ("work done progress", self.progress),
            ("show document", self.shows_documents),
        ]
    }
}

/// For a bug report: `utf-8; it has pull diagnostics, ...; it lacks ...`.
impl fmt::Display for Capabilities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (has, lacks): (Vec<_>, Vec<_>) = self.by_name().into_iter().partition(|(_, is_there)| *is_there);
        let words = |of: Vec<(&'static str, bool)>| match of.is_empty() {
            true => "nothing".to_owned(),
            false => of.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", "),
        };
        write!(out, "{}; it has {}; it lacks {}", encoding::kind(self.columns).as_str(), words(has), words(lacks))
    }
}

/// What the server offers this client.
pub(crate) fn offered(client: &Capabilities) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(encoding::kind(client.columns)),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        notebook_document_sync: Some(OneOf::Left(notebooks())),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(code_actions(client)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        inlay_hint_provider: Some(OneOf::Left(true)),
        call_hierarchy_provider: Some(CallHierarchyServerCapability::Simple(true)),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: command::NAMES.iter().map(|name| (*name).to_owned()).collect(),
            ..ExecuteCommandOptions::default()
        }),
        diagnostic_provider: client.pulls_diagnostics.then(|| {
            DiagnosticServerCapabilities::Options(DiagnosticOptions {
                identifier: Some(crate::SOURCE.to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: true,
                ..DiagnosticOptions::default()
            })
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: Some(file_operations()),
        }),
        ..ServerCapabilities::default()
    }
}

/// The options are for clients that know what an action is; commands have neither kinds nor anything to resolve.
fn code_actions(client: &Capabilities) -> CodeActionProviderCapability {
    if !client.action_literals {
        return CodeActionProviderCapability::Simple(true);
    }
    CodeActionProviderCapability::Options(CodeActionOptions {
        code_action_kinds: Some(action::kinds()),
        resolve_provider: Some(client.resolves_edits),
        ..CodeActionOptions::default()
    })
}

fn notebooks() -> NotebookDocumentSyncOptions {
    let python = NotebookCellSelector { language: "python".to_owned() };
    // As a string: the library writes `notebookType` of a filter as `notebook_type`, which no client knows.
    let jupyter = tower_lsp::ls_types::Notebook::String("jupyter-notebook".to_owned());
    NotebookDocumentSyncOptions {
        notebook_selector: vec![NotebookSelector::ByNotebook { notebook: jupyter, cells: Some(vec![python]) }],
        save: Some(true),
    }
}

fn file_operations() -> WorkspaceFileOperationsServerCapabilities {
    let filter = |glob: &str, matches| FileOperationFilter {
        scheme: Some("file".to_owned()),
        pattern: FileOperationPattern { glob: glob.to_owned(), matches: Some(matches), options: None },
    };
    let options = FileOperationRegistrationOptions {
        filters: vec![
            filter("**/*.{py,pyi,ipynb}", FileOperationPatternKind::File),
            filter("**", FileOperationPatternKind::Folder),
        ],
    };
    WorkspaceFileOperationsServerCapabilities {
        did_create: Some(options.clone()),
        did_rename: Some(options.clone()),
        did_delete: Some(options),
        ..WorkspaceFileOperationsServerCapabilities::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_told_in_words() {
        let nothing = Capabilities::of(&ClientCapabilities::default()).to_string();
        assert!(nothing.starts_with("utf-16; it has nothing; it lacks pull diagnostics, "), "{nothing}");
        let window = WindowClientCapabilities { work_done_progress: Some(true), ..WindowClientCapabilities::default() };
        let client = ClientCapabilities { window: Some(window), ..ClientCapabilities::default() };
        let told = Capabilities::of(&client).to_string();
        assert!(told.starts_with("utf-16; it has work done progress; it lacks "), "{told}");
    }
}
