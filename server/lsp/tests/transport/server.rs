//! A server with one number as its document, and handlers that wait, panic, flood and ask.

use asyncwise_lsp::transport::cancellation;
use serde::Deserialize;
use serde_json::Value;
use std::sync::atomic::{AtomicI32, Ordering};
use tokio::task;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    ConfigurationItem, DidChangeTextDocumentParams, InitializeParams, InitializeResult, InitializedParams, MessageType,
};
use tower_lsp::{Client, ClientSocket, LanguageServer, LspService};

pub(crate) struct Toy {
    client: Client,
    /// The version of the document.
    version: AtomicI32,
}

pub(crate) fn service() -> (LspService<Toy>, ClientSocket) {
    LspService::build(|client| Toy { client, version: AtomicI32::new(0) })
        .custom_method("toy/version", Toy::version)
        .custom_method("toy/versionLater", Toy::version_later)
        .custom_method("toy/never", Toy::never)
        .custom_method("toy/compute", Toy::compute)
        .custom_method("toy/panic", Toy::panic)
        .custom_method("toy/panicLater", Toy::panic_later)
        .custom_method("toy/panicNotification", Toy::panic_notification)
        .custom_method("toy/say", Toy::say)
        .custom_method("toy/progress", Toy::progress)
        .custom_method("toy/flood", Toy::flood)
        .custom_method("toy/ask", Toy::ask)
        .custom_method("toy/refresh", Toy::refresh)
        .finish()
}

#[derive(Deserialize)]
pub(crate) struct Text {
    text: String,
}

impl LanguageServer for Toy {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        if params.locale.as_deref() == Some("slow") {
            task::yield_now().await;
        }
        Ok(InitializeResult::default())
    }

    async fn initialized(&self, _: InitializedParams) {
        self.client.log_message(MessageType::INFO, "initialized").await;
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.version.store(params.text_document.version, Ordering::SeqCst);
    }
}

impl Toy {
    async fn version(&self) -> Result<i32> {
        Ok(self.version.load(Ordering::SeqCst))
    }

    /// Takes its snapshot first, as handlers must, and answers when others have run.
    async fn version_later(&self) -> Result<i32> {
        let version = self.version.load(Ordering::SeqCst);
        for _ in 0..3 {
            task::yield_now().await;
        }
        Ok(version)
    }

    async fn never(&self) -> Result<Value> {
        std::future::pending().await
    }

    /// Computes on a thread of its own until nobody waits for it.
    async fn compute(&self) -> Result<Value> {
        let (token, client) = (cancellation(), self.client.clone());
        task::spawn_blocking(move || {
            while !token.is_cancelled() {
                std::hint::spin_loop();
            }
            tokio::runtime::Handle::current().block_on(client.log_message(MessageType::LOG, "noticed"));
        });
        std::future::pending().await
    }

    async fn panic(&self) -> Result<Value> {
        panic!("at once")
    }

    async fn panic_later(&self) -> Result<Value> {
        task::yield_now().await;
        panic!("later")
    }

    async fn panic_notification(&self) {
        panic!("in a notification")
    }

    async fn say(&self, params: Text) {
        self.client.log_message(MessageType::LOG, params.text).await;
    }

    /// Says much before it answers.
    async fn progress(&self) -> Result<()> {
        for step in 0..10 {
            self.client.log_message(MessageType::LOG, step.to_string()).await;
        }
        Ok(())
    }

    /// Answers with 8 MB.
    async fn flood(&self) -> Result<String> {
        Ok("x".repeat(8 << 20))
    }

    /// Asks the client, and says what it answered.
    async fn ask(&self) {
        let item = ConfigurationItem { scope_uri: None, section: Some("asyncwise".into()) };
        let answer = self.client.configuration(vec![item]).await;
        self.client.log_message(MessageType::LOG, format!("{answer:?}")).await;
    }

    /// Asks the client for something that has no parameters.
    async fn refresh(&self) {
        // What comes of it does not matter.
        let _ = self.client.workspace_diagnostic_refresh().await;
    }
}
