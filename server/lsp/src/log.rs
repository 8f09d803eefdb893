//! What is logged: in the log of the client what the settings name, in its trace everything while it traces.

use crate::settings::LogLevel;
use std::fmt::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::ls_types::notification::LogTrace;
use tower_lsp::ls_types::{LogTraceParams, MessageType, TraceValue};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

/// What the settings say, as a number of [`LogLevel`].
static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Warning as u8);
/// What `initialize` or `$/setTrace` say, as a number of [`TraceValue`].
static TRACE: AtomicU8 = AtomicU8::new(TraceValue::Off as u8);
/// Where the lines go while a session runs.
static LINES: Mutex<Option<UnboundedSender<Line>>> = Mutex::new(None);

/// A layer for the process's subscriber that sends events of the level that the settings name to the client.
pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>() -> impl Layer<S> {
    ToClient.with_filter(BySettings)
}

/// Takes the level over from the settings.
pub(crate) fn set_level(level: LogLevel) {
    LEVEL.store(level as u8, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}

/// Sends `$/logTrace` for all that is done, whatever the settings say, or does not any more. Details are for `verbose` only, says the protocol.
pub(crate) fn set_trace(value: TraceValue) {
    TRACE.store(value as u8, Ordering::Relaxed);
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

async fn send(client: Client, mut lines: UnboundedReceiver<Line>) {
    while let Some(line) = lines.recv().await {
        if line.trace != TraceValue::Off as u8 {
            let verbose = (line.trace == TraceValue::Verbose as u8).then(|| line.details.trim_start().to_owned());
            let verbose = verbose.filter(|details| !details.is_empty());
            client.send_notification::<LogTrace>(LogTraceParams { message: line.message.clone(), verbose }).await;
        }
        if !is_logged(line.level) {
            continue;
        }
        let kind = match line.level {
            Level::ERROR => MessageType::ERROR,
            Level::WARN => MessageType::WARNING,
            Level::INFO => MessageType::INFO,
            _ => MessageType::LOG,
        };
        client.log_message(kind, line.message + &line.details).await;
    }
}

/// Whether the settings want to see it in the log.
fn is_logged(level: Level) -> bool {
    let needed = match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warning,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    needed as u8 <= LEVEL.load(Ordering::Relaxed)
}

struct BySettings;

impl<S> Filter<S> for BySettings {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // Not what libraries say, least of all about the sending of these lines.
        let is_wanted = is_logged(*metadata.level()) || TRACE.load(Ordering::Relaxed) != TraceValue::Off as u8;
        metadata.target().starts_with("asyncwise") && *metadata.level() <= Level::DEBUG && is_wanted
    }
}

struct ToClient;

impl<S: Subscriber> Layer<S> for ToClient {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (level, trace) = (*event.metadata().level(), TRACE.load(Ordering::Relaxed));
        let mut line = Line { level, trace, message: String::new(), details: String::new() };
        event.record(&mut line);
        if let Ok(lines) = LINES.lock()
            && let Some(lines) = &*lines
        {
            let _ = lines.send(line);
        }
    }
}

/// Something that is logged.
struct Line {
    level: Level,
    /// What was traced then, as a number of [`TraceValue`].
    trace: u8,
    message: String,
    /// The other fields, each behind a space.
    details: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            let _ = write!(self.details, " {}={value:?}", field.name());
        }
    }
}
