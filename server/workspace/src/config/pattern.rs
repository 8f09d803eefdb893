//! Patterns as in .gitignore, relative to a directory.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::Path;

/// Patterns and the directory they are relative to.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    matcher: Gitignore,
}

/// Why `pattern` is not one.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    let mut builder = GitignoreBuilder::new("/");
    builder.allow_unclosed_class(false);
    match builder.add_line(None, pattern) {
        Ok(_) => Ok(()),
        Err(ignore::Error::Glob { err, .. }) => Err(err),
        Err(error) => Err(error.to_string()),
    }
}

impl Patterns {
    /// The patterns that are right, relative to `root`.
    pub(crate) fn new<'a>(root: &Path, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut builder = GitignoreBuilder::new(root);
        builder.allow_unclosed_class(false);
        for pattern in patterns {
            if let Err(error) = builder.add_line(None, pattern) {
                tracing::debug!(%error, pattern, "pattern left out");
            }
        }
        Self { matcher: builder.build().unwrap_or_else(|_| Gitignore::empty()) }
    }

    /// Whether one of them names this entry itself.
    pub(crate) fn names(&self, path: &Path, is_dir: bool) -> bool {
        path.starts_with(self.matcher.path()) && self.matcher.matched(path, is_dir).is_ignore()
    }

    /// Whether one of them names this file or a directory it is in.
    pub(crate) fn cover(&self, file: &Path) -> bool {
        file.starts_with(self.matcher.path()) && self.matcher.matched_path_or_any_parents(file, false).is_ignore()
    }
}
