//! Tree to facts: one walk with one cursor.
//!
//! Every method that lowers a node finds the cursor on it and leaves it there. Children are lowered before their
//! parents, so ids of children are known when the parent is pushed, and `push_expr` and `push_stmt` then write the
//! children's links to it. Recursion is bounded by [`MAX_DEPTH`]; chains that lean to the left, which real programs do
//! make long, are walked without recursion (`chains`).

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
mod scopes;
mod statements;
mod suppressions;

use crate::facts::FileFacts;
use crate::parse::{Tree, parse};
use builder::Lowerer;

/// How deep expressions and blocks may nest in the facts; what lies deeper becomes `Other`. Walks over facts may recurse.
pub const MAX_DEPTH: u32 = 200;

/// What a text says, from a fresh parse.
pub fn facts(text: &str) -> FileFacts {
    lower(text, &parse(text))
}

/// What a text says; `tree` is its tree.
pub fn lower(text: &str, tree: &Tree) -> FileFacts {
    let mut lowerer = Lowerer::new(text, tree.0.root_node());
    lowerer.module();
    let mut facts = lowerer.finish();
    facts.suppressions = suppressions::suppressions(text, tree.0.root_node());
    facts
}
