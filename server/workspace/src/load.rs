//! Reading files: bytes, then text, then facts, on all cores.

use crate::discover::FoundFile;
use crate::paths;
use crate::problem::{Problem, io_message};
use crate::source::{self, Source};
use asyncwise_analysis::program::{Origin, SourceFile};
use asyncwise_analysis::settings::Settings;
use asyncwise_syntax::facts::FileFacts;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file whose text is known.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// The same with `/`, as the program names it.
    pub name: Arc<str>,
    /// Its findings are reported.
    pub asked: bool,
    /// Project or dependency.
    pub origin: Origin,
    /// Its text.
    pub source: Source,
    /// Its settings.
    pub settings: Arc<Settings>,
    /// Of its bytes.
    pub hash: blake3::Hash,
    facts: OnceLock<Arc<FileFacts>>,
}

impl Loaded {
    /// From the bytes of a file.
    pub fn new(path: &Path, found: &FoundFile, origin: Origin, bytes: &[u8]) -> Result<Self, Problem> {
        let hash = blake3::hash(bytes);
        let source = Source::decode(path, bytes)?;
        let name = paths::slashed(path).into();
        let settings = found.scope.settings(path);
        Ok(Self {
            path: path.to_owned(),
            name,
            asked: found.asked,
            origin,
            source,
            settings,
            hash,
            facts: OnceLock::new(),
        })
    }

    /// Puts another text in its place.
    pub fn replace(&mut self, source: Source) {
        self.hash = blake3::hash(source.readable().as_bytes());
        self.source = source;
        self.facts = OnceLock::new();
    }

    /// What the text says, worked out once.
    pub fn facts(&self) -> &Arc<FileFacts> {
        self.facts.get_or_init(|| Arc::new(source::facts(&self.source.text)))
    }

    /// Its facts, if they are worked out already.
    #[cfg(test)]
    pub(crate) fn known_facts(&self) -> Option<&Arc<FileFacts>> {
        self.facts.get()
    }

    /// Gives it the facts that were worked out from the same text before.
    pub(crate) fn put_facts(&self, facts: FileFacts) {
        self.facts.get_or_init(|| Arc::new(facts));
    }

    /// As a file of the program.
    pub fn to_program(&self) -> SourceFile {
        SourceFile {
            path: self.name.clone(),
            origin: self.origin,
            text: self.source.text.clone(),
            facts: self.facts().clone(),
            is_notebook: self.source.is_notebook(),
            settings: self.settings.clone(),
        }
    }
}

/// The bytes of a file that is a regular one and not too large.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let failed = |error: std::io::Error| {
        Problem::error(path, format!("cannot be read: {}", io_message(&error))).advise("it is left out")
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(Problem::error(path, "is not a regular file").advise("give a file, a directory, or `-` for stdin"));
    }
    if meta.len() > limit {
        return Err(too_large(path, meta.len(), limit));
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte over the limit tells, even of a file that grows while it is read.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 > limit {
        true => Err(too_large(path, bytes.len() as u64, limit)),
        false => Ok(bytes),
    }
}

/// That a text of `size` bytes is more than is read.
pub(crate) fn too_large(path: &Path, size: u64, limit: u64) -> Problem {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    Problem::error(path, format!("is too large: {:.1} MB, the limit is {:.1} MB", megabytes(size), megabytes(limit)))
        .advise("it is skipped; raise `max-file-size` or exclude it")
}
