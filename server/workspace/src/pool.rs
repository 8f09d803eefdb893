//! The threads that analyse: one pool for the process.

use std::sync::LazyLock;

/// Deep nesting in a file must not end the process.
const STACK: usize = 64 << 20;

static POOL: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(|| {
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).thread_name(|i| format!("analysis-{i}")).build();
    pool.inspect_err(|error| tracing::warn!(%error, "no threads")).ok()
});

/// Runs `work` on the pool, whose threads have room for deep recursion; here where there is none.
pub(crate) fn install<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    match &*POOL {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
