//! Everything an editor shows, as plain data: positions are byte offsets into the decoded text of a file, files are
//! [`FileId`](asyncwise_analysis::finding::FileId)s.
//!
//! Architecture invariants: no protocol and no IO; nothing here panics on input, and the same program gives the same
//! answers in the same order. What is listed often (actions, lenses, hints) is cheap to list; what costs is computed when one
//! of them is chosen.
pub mod actions;
pub mod call_hierarchy;
pub mod diagnostics;
pub mod hover;
pub mod inlay;
pub mod lens;
pub mod markup;
pub mod paths;
pub mod symbols;
mod words;
