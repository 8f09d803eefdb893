//! From facts to findings: names, modules, types, call graph, contexts, effects, flow, rules and fixes.
//!
//! Architecture invariants: no IO, no protocol, no syntax-tree types, and it does not fail: bad input gives fewer facts,
//! never a panic.
pub mod analysis;
pub mod audit;
mod by_loop;
mod contexts;
pub mod finding;
pub mod fixes;
pub mod flow;
pub mod graph;
pub mod incremental;
pub mod index;
pub mod infer;
pub mod knowledge;
mod ownership;
pub mod program;
pub mod query;
pub mod reach;
pub mod resources;
pub mod roots;
pub mod rules;
pub mod settings;
pub mod sites;
mod states;
pub mod suppress;
mod swallows;
pub mod types;

/// Answers the structural rest of a query rule: what the facts cannot say about the tree around a candidate.
pub trait Structure: Sync {
    /// The matches of `pattern` (tree-sitter query source, one pattern) in `file` whose root node is exactly `span`:
    /// for each match the captured nodes by name. Empty when nothing matches or the file cannot be read.
    fn matches(
        &self,
        file: finding::FileId,
        pattern: &str,
        span: asyncwise_syntax::facts::Span,
    ) -> Vec<Vec<(String, asyncwise_syntax::facts::Span)>>;
}

/// Checks the whole program: findings of project files after levels, confidence and suppressions, sorted by path, then
/// position, then rule; deterministic.
pub fn check(program: std::sync::Arc<program::Program>, structure: &dyn Structure) -> Vec<finding::Finding> {
    analysis::Analysis::new(program).findings(structure)
}
