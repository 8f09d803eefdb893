//! asyncwise in Zed: tells the editor how the language server is started, and hands on its settings.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree, serde_json::Value};

/// What the server is called when nothing else is said.
const PROGRAM: &str = "asyncwise";

/// The extension: it keeps nothing.
struct Asyncwise;

fn settings(server: &LanguageServerId, worktree: &Worktree) -> LspSettings {
    LspSettings::for_worktree(server.as_ref(), worktree).unwrap_or_default()
}

impl zed::Extension for Asyncwise {
    fn new() -> Self {
        Self
    }

    /// The program that `lsp.asyncwise.binary` of the settings names, else the one on the PATH of the worktree's shell, which has that of
    /// an activated environment first.
    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = settings(server, worktree).binary;
        let (path, arguments, variables) = match binary {
            Some(binary) => (binary.path, binary.arguments, binary.env),
            None => (None, None, None),
        };
        let command = path.or_else(|| worktree.which(PROGRAM)).ok_or_else(|| {
            "asyncwise is not on the PATH: install it, or name it in the settings: \
             { \"lsp\": { \"asyncwise\": { \"binary\": { \"path\": \"...\" } } } }"
                .to_owned()
        })?;
        let mut env = worktree.shell_env();
        env.extend(variables.into_iter().flatten());
        Ok(Command { command, args: arguments.unwrap_or_else(|| vec!["server".to_owned()]), env })
    }

    fn language_server_initialization_options(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        Ok(settings(server, worktree).initialization_options)
    }

    /// The server asks for its section, which Zed looks up in this.
    fn language_server_workspace_configuration(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        let section = settings(server, worktree).settings;
        Ok(section.map(|section| Value::Object([(PROGRAM.to_owned(), section)].into_iter().collect())))
    }
}

zed::register_extension!(Asyncwise);
