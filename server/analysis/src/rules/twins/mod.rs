//! Async twins: the coroutine function that does what a plain one does, and what a call of it looks like.

mod arguments;
mod call;
mod find;
mod parallel;

pub(super) use call::twin_call;
pub(super) use find::{is_configured, twin};
pub(super) use parallel::{parallel_class, use_parallel_class};
