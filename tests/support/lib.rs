//! What the black-box tests share: the rule pages as data, checking one example in memory, the built binary, and real
//! projects fetched by name.
pub mod binary;
pub mod blocks;
pub mod engine;
pub mod example;
pub mod page;
pub mod registry;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies in the repository")
}

/// The folder of the rule pages.
pub fn rule_pages() -> PathBuf {
    repository().join("queries/rules")
}
