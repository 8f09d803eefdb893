//! The `asyncwise` binary.
fn main() {}
