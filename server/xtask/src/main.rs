//! Developer tasks of asyncwise.
fn main() {}
