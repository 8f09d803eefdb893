//! Python text and what it says: decoding, positions, and [`facts::FileFacts`]. No IO, no language server protocol.
pub mod facts;
