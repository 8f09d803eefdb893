//! Python text and what it says: decoding, positions, and [`facts::FileFacts`]. No IO, no language server protocol.
pub mod facts;
pub mod lower;
pub mod parse;
pub mod visit;

pub use lower::{facts, lower};
pub use parse::{Edit, ParsedFile, Tree, parse};
