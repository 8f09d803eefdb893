//! Tree to facts: one walk with one cursor.
//!
//! Every method that lowers a node finds the cursor on it and leaves it there. Children are lowered before their
//! parents, so ids of children are known when the parent is pushed, and `push_expr` and `push_stmt` then write the
//! children's links to it. Recursion is bounded by [`MAX_DEPTH`]; chains that lean to the left, which real programs do
//! make long, are walked without recursion (`chains`).
//!
//! After an edit, statements whose text was lowered before are not walked at all: what they appended is copied (`units`,
//! `reuse`, `shift`).

mod bindings;
mod broken;
mod builder;
mod chains;
mod compound;
mod comprehensions;
mod definitions;
mod expressions;
mod imports;
mod kinds;
mod literals;
mod patterns;
mod reuse;
mod scopes;
mod shift;
mod statements;
mod suppressions;
#[cfg(test)]
mod tests;
mod units;

use crate::facts::FileFacts;
use crate::parse::{Tree, parse};
use builder::Lowerer;
pub(crate) use reuse::Lowered;
use reuse::Previous;
pub(crate) use units::Units;

/// How deep expressions and blocks may nest in the facts; what lies deeper becomes `Other`. Walks over facts may recurse.
pub const MAX_DEPTH: u32 = 200;

/// What a text says, from a fresh parse.
pub fn facts(text: &str) -> FileFacts {
    lower(text, &parse(text))
}

/// What a text says; `tree` is its tree.
pub fn lower(text: &str, tree: &Tree) -> FileFacts {
    lower_with(text, tree, None).0
}

/// What a text says, and what the next lowering may make use of.
pub(crate) fn lower_units(text: &str, tree: &Tree) -> (FileFacts, Units) {
    lower_with(text, tree, None)
}

/// The same, with a text before it from which to copy what did not change; `shown` is what the grammar was shown.
pub(crate) fn lower_after(text: &str, shown: &str, tree: &Tree, old: Lowered<'_>) -> (FileFacts, Units) {
    lower_with(text, tree, Previous::new(old, shown))
}

fn lower_with<'t>(text: &'t str, tree: &'t Tree, previous: Option<Previous<'t>>) -> (FileFacts, Units) {
    let root = tree.0.root_node();
    let mut lowerer = Lowerer::new(text, root, previous);
    lowerer.module();
    let previous = lowerer.previous.take();
    let (mut facts, units) = lowerer.finish();
    facts.suppressions = suppressions::suppressions(text, root, previous.as_ref());
    (facts, units)
}
