//! Python text and what it says: decoding, positions, and [`facts::FileFacts`]. No IO, no language server protocol.
pub mod dump;
pub mod facts;
pub mod lower;
mod magics;
pub mod notebook;
pub mod parse;
mod same_code;
pub mod structure;
pub mod text;
pub mod visit;

pub use lower::{facts, lower};
pub use parse::{Edit, ParsedFile, Tree, parse};
pub use text::{Columns, LineIndex, Position};
