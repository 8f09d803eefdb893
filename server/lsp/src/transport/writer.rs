//! Writes to the client, from a queue, so that nobody waits for it to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{self, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// With more than this many bytes waiting, the client is taken for dead.
const MAX_UNREAD: usize = 64 * 1024 * 1024;

/// The client does not read what it is sent.
#[derive(Debug)]
pub(super) struct Stalled;

/// The sending end of the queue.
pub(super) struct Outbox {
    frames: mpsc::UnboundedSender<Vec<u8>>,
    unread: Arc<AtomicUsize>,
}

/// The receiving end of the queue.
pub(super) struct Writer {
    frames: mpsc::UnboundedReceiver<Vec<u8>>,
    unread: Arc<AtomicUsize>,
}

/// A new queue.
pub(super) fn queue() -> (Outbox, Writer) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let unread = Arc::new(AtomicUsize::new(0));
    (Outbox { frames: sender, unread: unread.clone() }, Writer { frames: receiver, unread })
}

impl Outbox {
    /// Appends a message to the queue, however long it is, unless too much is waiting already.
    pub(super) fn send(&self, frame: Vec<u8>) -> Result<(), Stalled> {
        if self.unread.fetch_add(frame.len(), Ordering::Relaxed) > MAX_UNREAD {
            return Err(Stalled);
        }
        // A writer that has ended is noticed by whoever waits for it.
        let _ = self.frames.send(frame);
        Ok(())
    }
}

impl Writer {
    /// Writes until the queue is closed and empty, or the client does not take any more.
    pub(super) async fn write(mut self, mut output: impl AsyncWrite + Unpin) -> io::Result<()> {
        while let Some(frame) = self.frames.recv().await {
            output.write_all(&frame).await?;
            if self.frames.is_empty() {
                output.flush().await?;
            }
            self.unread.fetch_sub(frame.len(), Ordering::Relaxed);
        }
        Ok(())
    }
}
