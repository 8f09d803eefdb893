//! Rules written as queries: S-expressions over the syntax tree with predicates about the program.
//!
//! A pattern is planned like a database query. The facts of a file are the index: they list the candidates for the
//! pattern's root. What the predicates ask of the root is answered first, the cheapest question first, or by an index of
//! the program turned around. Only what then remains is looked up in the tree ([`crate::Structure`]), so a rule costs next
//! to nothing in a file without candidates, and rules run on files whose trees are not at hand.
//!
//! Text to [`parse`] to [`compile`](compile()) (words of the [`grammar`], [`predicates`], [`metadata`], a [`plan`] for each
//! pattern) to [`run`](run()). Mistakes are values: [`QueryError`].

mod compile;
mod error;
pub mod grammar;
pub mod kinds;
pub mod metadata;
mod node;
pub mod parse;
pub mod plan;
pub mod predicates;
mod run;
mod shape;
#[cfg(test)]
mod tests;

pub use compile::{CompiledPattern, CompiledRule, REPORT, compile};
pub use error::QueryError;
pub use node::{Node, View};
pub use predicates::{CATEGORIES, DottedGlob, Effect, Place, Semantic};
pub use run::{Budget, Captured, Found, Match, Model, Outcome, Session, run};
pub use shape::Capture;
