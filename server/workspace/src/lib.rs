//! The only IO of asyncwise: discovery, configuration, reading, cache, fixes.
pub mod config;
pub mod paths;
pub mod problem;
