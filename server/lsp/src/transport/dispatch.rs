//! The loop that owns a session: it takes messages in the order of the wire, and everything that is sent passes through it.

use super::cancellation::CURRENT;
use super::codec::{self, Incoming};
use super::lifecycle::Lifecycle;
use super::parent::Parent;
use super::uris::Spellings;
use super::writer::{Outbox, Stalled};
use futures::{FutureExt, SinkExt, StreamExt};
use serde::Serialize;
use serde_json::json;
use std::any::Any;
use std::collections::HashMap;
use std::future::{self, Future};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet, coop};
use tokio_util::sync::CancellationToken;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp::ls_types::notification::{LogMessage, Notification};
use tower_lsp::ls_types::{LogMessageParams, MessageType};
use tower_lsp::{ClientSocket, ExitedError, LanguageServer, LspService};
use tower_service::Service;
use tracing::{debug, error};

type RequestStream = <ClientSocket as tower_lsp::Loopback>::RequestStream;
type ResponseSink = <ClientSocket as tower_lsp::Loopback>::ResponseSink;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client sent `exit`.
    Exit,
    /// There is no more input.
    InputClosed,
    /// The client takes no more output.
    OutputClosed,
    /// The client does not read the output.
    OutputStalled,
    /// The client's process is gone.
    ParentDied,
}

impl From<Stalled> for End {
    fn from(_: Stalled) -> Self {
        Self::OutputStalled
    }
}

/// A session.
pub(super) struct Dispatcher<S> {
    service: LspService<S>,
    /// What handlers send to the client.
    from_handlers: RequestStream,
    /// Where the answers of the client go.
    answers: ResponseSink,
    outbox: Outbox,
    spellings: Arc<Spellings>,
    lifecycle: Lifecycle,
    /// The requests without an answer. Whoever takes one out of here answers it, so that each is answered once.
    unanswered: HashMap<Id, CancellationToken>,
    /// The handlers that did not finish in their first poll.
    running: JoinSet<Finished>,
    /// Parent of the tokens of all handlers.
    session: CancellationToken,
    parent: Parent,
}

impl<S: LanguageServer> Dispatcher<S> {
    pub(super) fn new(service: LspService<S>, socket: ClientSocket, outbox: Outbox) -> Self {
        let (from_handlers, answers) = socket.split();
        Self {
            service,
            from_handlers,
            answers,
            outbox,
            spellings: Arc::default(),
            lifecycle: Lifecycle::Uninitialized,
            unanswered: HashMap::new(),
            running: JoinSet::new(),
            session: CancellationToken::new(),
            parent: Parent::new(),
        }
    }

    /// Serves until the session ends. Says why it did, and whether `shutdown` was requested before.
    pub(super) async fn run<E>(
        mut self,
        mut messages: mpsc::Receiver<Incoming>,
        writer: &mut JoinHandle<E>,
    ) -> (End, bool) {
        let _cancel_handlers = self.session.clone().drop_guard();
        let end = loop {
            let handled = tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.take(message).await,
                    None => Err(End::InputClosed),
                },
                Some(Ok(finished)) = self.running.join_next() => self.finish(finished).await,
                Some(request) = self.from_handlers.next() => self.forward(request),
                _ = &mut *writer => Err(End::OutputClosed),
                () = self.parent.died() => Err(End::ParentDied),
            };
            if let Err(end) = handled {
                break end;
            }
        };
        (end, self.lifecycle == Lifecycle::ShutDown)
    }

    async fn take(&mut self, message: Incoming) -> Result<(), End> {
        match message {
            Incoming::Call(request) => match request.method() {
                "exit" => Err(End::Exit),
                "$/cancelRequest" if request.id().is_none() => self.cancel(request).await,
                _ => self.call(self.spellings.incoming(request)).await,
            },
            Incoming::Response(response) => {
                // The sink never waits, and fails only after the exit of the service, which is never told to.
                let _ = self.answers.send(response).await;
                Ok(())
            }
            Incoming::Invalid(response) => self.send(&response),
        }
    }

    /// Polls the handler once, so that what it does at first happens in the order of the wire, and leaves the rest to the runtime.
    async fn call(&mut self, request: Request) -> Result<(), End> {
        let id = request.id().cloned();
        if let Err(error) = self.admit(&request) {
            debug!(error = %error.message, "{} refused", request.method());
            return id.map_or(Ok(()), |id| self.send(&Response::from_error(id, error)));
        }
        let token = self.session.child_token();
        if let Some(id) = &id {
            self.unanswered.insert(id.clone(), token.clone());
        }
        let method = request.method().to_owned();
        let spellings = self.spellings.clone();
        let call = Call { id, method, started: Instant::now(), token: token.clone(), spellings };
        let response = self.serve(request).await;
        let mut handler = Box::pin(CURRENT.scope(token, handle(call, response)));
        // Without a budget: a lock that is free must not look taken because this task has done much.
        match coop::unconstrained(&mut handler).now_or_never() {
            Some(finished) => self.finish(finished).await,
            None => {
                self.running.spawn(handler);
                Ok(())
            }
        }
    }

    fn admit(&mut self, request: &Request) -> Result<(), Error> {
        if request.id().is_some_and(|id| self.unanswered.contains_key(id)) {
            let message = "a request with this id has not been answered yet".into();
            return Err(Error { message, ..Error::invalid_request() });
        }
        self.lifecycle.admit(request)?;
        if request.method() == "initialize"
            && let Some(process) = request.params().and_then(|params| params.get("processId")?.as_i64())
        {
            self.parent.watch(process);
        }
        Ok(())
    }

    /// What the service makes of a request, not yet polled.
    async fn serve(&mut self, request: Request) -> <LspService<S> as Service<Request>>::Future {
        // Fails after the exit of the service only, and then so does the future.
        let _ = future::poll_fn(|context| self.service.poll_ready(context)).await;
        self.service.call(request)
    }

    /// Answers a request at once; its task drops the handler.
    async fn cancel(&mut self, notification: Request) -> Result<(), End> {
        let id = notification.params().and_then(|params| serde_json::from_value(params.get("id")?.clone()).ok());
        let Some((id, token)) = id.and_then(|id: Id| self.unanswered.remove_entry(&id)) else { return Ok(()) };
        token.cancel();
        self.release(&id).await;
        self.send(&Response::from_error(id, Error::request_cancelled()))
    }

    /// Makes the service forget a request. Nothing but this takes one that was not answered off its list, and it
    /// refuses every later request with such an id.
    async fn release(&mut self, id: &Id) {
        let request = Request::build("$/cancelRequest").params(json!({ "id": id })).finish();
        let released = self.serve(request).await;
        let _ = released.now_or_never();
    }

    async fn finish(&mut self, finished: Finished) -> Result<(), End> {
        let Finished { call, reply, panic } = finished;
        debug!(id = ?call.id, "{} handled in {:?}", call.method, call.started.elapsed());
        // What the handler sent before its answer, progress for example, arrives before its answer.
        while let Some(Some(request)) = self.from_handlers.next().now_or_never() {
            self.forward(request)?;
        }
        if call.token.is_cancelled() {
            // It was answered, and its id may be that of another request by now.
            return Ok(());
        }
        if let Some(panic) = panic {
            error!(method = call.method, panic, "a handler panicked");
            match &call.id {
                Some(id) => self.release(id).await,
                None => self.send(&log_message(&call.method, &panic))?,
            }
        }
        match call.id.and_then(|id| self.unanswered.remove(&id)).and(reply) {
            Some(reply) => {
                if call.method == "initialize" {
                    self.lifecycle.initialized(reply.is_ok);
                }
                Ok(self.outbox.send(reply.frame)?)
            }
            None => Ok(()),
        }
    }

    /// Sends what a handler has to say.
    fn forward(&self, request: Request) -> Result<(), End> {
        self.send(&codec::without_null(self.spellings.outgoing(request)))
    }

    fn send(&self, message: &impl Serialize) -> Result<(), End> {
        Ok(self.outbox.send(codec::encode(message))?)
    }
}

/// A request or notification in the hands of its handler.
struct Call {
    id: Option<Id>,
    method: String,
    started: Instant,
    /// Cancelled once the client has cancelled the request and got its answer.
    token: CancellationToken,
    spellings: Arc<Spellings>,
}

struct Finished {
    call: Call,
    /// To a request.
    reply: Option<Reply>,
    /// What the handler panicked with.
    panic: Option<String>,
}

/// A response, serialized by the task of the handler.
struct Reply {
    is_ok: bool,
    frame: Vec<u8>,
}

async fn handle(call: Call, response: impl Future<Output = Result<Option<Response>, ExitedError>>) -> Finished {
    let response = AssertUnwindSafe(response).catch_unwind();
    let (response, panic) = match call.token.run_until_cancelled(response).await {
        Some(Ok(response)) => (response.ok().flatten(), None),
        Some(Err(payload)) => (None, Some(panic_message(payload.as_ref()))),
        None => (None, None),
    };
    let reply = call.id.clone().map(|id| {
        let response = response.unwrap_or_else(|| match &panic {
            Some(panic) => codec::failure(id, ErrorCode::InternalError, format!("{} panicked: {panic}", call.method)),
            // The service is silent about unknown methods that begin with `$/`. As notifications they are ignored.
            None => Response::from_error(id, Error::method_not_found()),
        });
        Reply { is_ok: response.is_ok(), frame: codec::encode(&call.spellings.answer(response)) }
    });
    Finished { call, reply, panic }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.and_then(|text| text.lines().next()).unwrap_or("unknown cause").to_owned()
}

fn log_message(method: &str, panic: &str) -> Request {
    let params = LogMessageParams { typ: MessageType::ERROR, message: format!("{method} panicked: {panic}") };
    Request::build(LogMessage::METHOD).params(json!(params)).finish()
}
