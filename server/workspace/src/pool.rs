//! The threads that analyse: one pool for whole projects, and one for what somebody waits for, so that it does not stand in
//! line behind the other.

use std::sync::LazyLock;

/// Deep nesting in a file must not end the process.
const STACK: usize = 64 << 20;
/// As many files are no whole project.
const FEW: usize = 8;

static BULK: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(|| pool("index"));
static QUICK: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(|| pool("analysis"));

fn pool(name: &'static str) -> Option<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).thread_name(move |i| format!("{name}-{i}")).build();
    pool.inspect_err(|error| tracing::warn!(%error, "no threads")).ok()
}

/// Runs work on so many files on threads that have room for deep recursion; here where there are none.
pub(crate) fn install<R: Send>(files: usize, work: impl FnOnce() -> R + Send) -> R {
    run(if files <= FEW { &QUICK } else { &BULK }, work)
}

/// The same for work that somebody waits for.
pub(crate) fn install_now<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    run(&QUICK, work)
}

fn run<R: Send>(pool: &Option<rayon::ThreadPool>, work: impl FnOnce() -> R + Send) -> R {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
