//! The trees of the program, parsed only where a rule asks about one.

use asyncwise_analysis::Structure;
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::program::Program;
use asyncwise_syntax::facts::Span;
use asyncwise_syntax::structure::CompiledPattern;
use asyncwise_syntax::{Tree, parse};
use rustc_hash::FxHashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

/// Answers what a query rule asks about the syntax around its candidates.
#[derive(Debug)]
pub struct Trees {
    program: Arc<Program>,
    trees: Vec<OnceLock<Tree>>,
}

/// The patterns of the process by their text; none for one that is not a pattern. Compiling one takes milliseconds.
static PATTERNS: LazyLock<Mutex<FxHashMap<String, Option<Arc<CompiledPattern>>>>> = LazyLock::new(Mutex::default);

impl Trees {
    /// None parsed yet.
    pub fn new(program: Arc<Program>) -> Self {
        let trees = program.files.iter().map(|_| OnceLock::new()).collect();
        Self { program, trees }
    }

    /// For a program in which only the texts of `changed` are others: the trees of the rest are kept.
    pub fn after(&self, program: Arc<Program>, changed: &[FileId]) -> Self {
        let mut trees = self.trees.clone();
        for file in changed {
            trees[file.index()] = OnceLock::new();
        }
        Self { program, trees }
    }

    /// Gives the tree of a file that is parsed already.
    pub fn put(&mut self, file: FileId, tree: Tree) {
        if let Some(place) = self.trees.get_mut(file.index()) {
            *place = OnceLock::from(tree);
        }
    }
}

fn pattern(text: &str) -> Option<Arc<CompiledPattern>> {
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = patterns.get(text) {
        return known.clone();
    }
    let compiled = CompiledPattern::compile(text);
    let compiled = compiled.inspect_err(|error| tracing::warn!(%error, text, "not a pattern")).ok().map(Arc::new);
    patterns.insert(text.to_owned(), compiled.clone());
    compiled
}

impl Structure for Trees {
    fn matches(&self, file: FileId, pattern: &str, span: Span) -> Vec<Vec<(String, Span)>> {
        let (Some(source), Some(tree)) = (self.program.files.get(file.index()), self.trees.get(file.index())) else {
            return Vec::new();
        };
        let Some(pattern) = self::pattern(pattern) else { return Vec::new() };
        pattern.matches(&source.text, tree.get_or_init(|| parse(&source.text)), span)
    }
}
