//! What is logged, in the log of the client.

use crate::settings::LogLevel;
use std::fmt::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::ls_types::{MessageType, TraceValue};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

/// What the settings say, as a number of [`LogLevel`].
static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Warning as u8);
/// What `$/setTrace` says, likewise.
static TRACE: AtomicU8 = AtomicU8::new(0);
/// Where the lines go while a session runs.
static LINES: Mutex<Option<UnboundedSender<(Level, String)>>> = Mutex::new(None);

/// A layer for the process's subscriber that sends events of the level that the settings name to the client.
pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>() -> impl Layer<S> {
    ToClient.with_filter(BySettings)
}

/// Takes the level over from the settings.
pub(crate) fn set_level(level: LogLevel) {
    LEVEL.store(level as u8, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}

/// A client that traces wants to see what is done, whatever the settings say.
pub(crate) fn set_trace(value: TraceValue) {
    TRACE.store(
        match value {
            TraceValue::Off => 0,
            TraceValue::Messages => LogLevel::Info as u8,
            TraceValue::Verbose => LogLevel::Debug as u8,
        },
        Ordering::Relaxed,
    );
    tracing::callsite::rebuild_interest_cache();
}

/// Sends what is logged to a client, from now on.
pub(crate) fn attach(client: Client) {
    let (sender, receiver) = unbounded_channel();
    if let Ok(mut lines) = LINES.lock() {
        *lines = Some(sender);
    }
    tokio::spawn(send(client, receiver));
}

async fn send(client: Client, mut lines: UnboundedReceiver<(Level, String)>) {
    while let Some((level, line)) = lines.recv().await {
        let kind = match level {
            Level::ERROR => MessageType::ERROR,
            Level::WARN => MessageType::WARNING,
            Level::INFO => MessageType::INFO,
            _ => MessageType::LOG,
        };
        client.log_message(kind, line).await;
    }
}

fn is_wanted(level: Level) -> bool {
    let needed = match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warning,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    needed as u8 <= LEVEL.load(Ordering::Relaxed).max(TRACE.load(Ordering::Relaxed))
}

struct BySettings;

impl<S> Filter<S> for BySettings {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // Not what libraries say, least of all about the sending of these lines.
        metadata.target().starts_with("asyncwise") && *metadata.level() <= Level::DEBUG && is_wanted(*metadata.level())
    }
}

struct ToClient;

impl<S: Subscriber> Layer<S> for ToClient {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if let Ok(lines) = LINES.lock()
            && let Some(lines) = &*lines
        {
            let _ = lines.send((*event.metadata().level(), line.0));
        }
    }
}

/// The message, and the other fields behind it.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?}"));
        } else {
            let _ = write!(self.0, " {}={value:?}", field.name());
        }
    }
}
