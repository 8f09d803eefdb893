//! The only IO of asyncwise: discovery, configuration, reading, cache, fixes.
//!
//! Architecture invariant: nothing here fails. What cannot be read or understood is a [`problem::Problem`] beside the
//! result, and the work goes on without it.
mod cache;
pub mod config;
mod dependencies;
pub mod discover;
mod encode;
pub mod environment;
mod facts_cache;
pub mod fixes;
pub mod live;
pub mod load;
pub mod paths;
mod pool;
pub mod problem;
pub mod session;
pub mod source;
pub mod structure;
mod write;

pub use cache::DIRECTORY as CACHE_DIRECTORY;
