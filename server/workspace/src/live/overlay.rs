//! The texts that an editor holds.

use asyncwise_syntax::facts::FileFacts;
use asyncwise_syntax::{Edit, ParsedFile};
use std::sync::Arc;

/// A text that an editor holds, with its tree.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    pub(super) parsed: ParsedFile,
    pub(super) facts: Arc<FileFacts>,
    pub(super) is_notebook: bool,
    /// The text, where it is longer than is read. Nothing of it is parsed then.
    pub(super) unread: Option<Arc<str>>,
}

impl Overlay {
    /// A text, which is read when it has at most `limit` bytes.
    pub(super) fn new(text: Arc<str>, is_notebook: bool, limit: u64) -> Self {
        let is_read = text.len() as u64 <= limit;
        let (text, unread) = if is_read { (text, None) } else { (Arc::default(), Some(text)) };
        let parsed = ParsedFile::new(text);
        let facts = Arc::new(parsed.facts());
        Self { parsed, facts, is_notebook, unread }
    }

    /// Puts another text in place: parses what lies between the common start and the common end.
    pub(super) fn replace(&mut self, text: Arc<str>, limit: u64) {
        if self.unread.is_some() || text.len() as u64 > limit {
            *self = Self::new(text, self.is_notebook, limit);
            return;
        }
        let Some(edit) = Edit::between(self.parsed.text(), &text) else { return };
        let parsed = self.parsed.edit(&[edit]);
        self.facts = Arc::new(parsed.facts_after(&self.parsed, &self.facts));
        self.parsed = parsed;
    }

    /// Puts another limit in place.
    pub(super) fn limit(&mut self, limit: u64) {
        let text = self.unread.as_ref().unwrap_or(self.parsed.text()).clone();
        if self.unread.is_none() != (text.len() as u64 <= limit) {
            *self = Self::new(text, self.is_notebook, limit);
        }
    }

    /// Parses a text with errors from nothing, where an incremental parse may have gone astray; whether it had.
    pub(super) fn verify(&mut self) -> bool {
        if !self.parsed.tree().has_error() {
            return false;
        }
        let fresh = Self::new(self.parsed.text().clone(), self.is_notebook, u64::MAX);
        let differs = fresh.facts != self.facts;
        *self = fresh;
        differs
    }
}
