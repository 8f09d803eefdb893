//! Rows of the knowledge as what must be closed.

use super::{Closes, Needs, Origin, Owned, With};
use crate::finding::Confidence;
use crate::knowledge::{AsyncWith, Knowledge, Resource};
use smol_str::SmolStr;

/// What is reported by a rule of its own.
const EVENT_LOOP: &str = "asyncio.new_event_loop";

/// The row of a callable, or of the nearest base of a class or of a method's class that has one. None where nothing but a
/// context manager closes what it makes.
pub(super) fn of(knowledge: &'static Knowledge, path: &str) -> Option<&'static Resource> {
    let inherited = || {
        let (class, method) = path.rsplit_once('.')?;
        knowledge.method(class, method, |full| knowledge.resource(full))
    };
    let row = of_class(knowledge, path, 0).or_else(inherited)?;
    (!row.context_manager_only && row.names.iter().all(|name| name != EVENT_LOOP)).then_some(row)
}

fn of_class(knowledge: &'static Knowledge, path: &str, depth: u8) -> Option<&'static Resource> {
    const MAX_BASES: u8 = 8;
    knowledge.resource(path).or_else(|| {
        let mut bases = knowledge.bases(path).iter().take_while(|_| depth < MAX_BASES);
        bases.find_map(|base| of_class(knowledge, base, depth + 1))
    })
}

/// What the caller of a row's callable owns; `what` is how a person writes it.
pub(super) fn owned(row: &'static Resource, what: SmolStr) -> Owned {
    let needs = if row.after.is_empty() { Needs::Made } else { Needs::After(row.after.clone()) };
    let with = match row.async_with {
        Some(AsyncWith::Call) if row.awaited => With::AsyncCall,
        Some(AsyncWith::Call | AsyncWith::Awaited) => With::Async,
        None if row.with => With::Sync,
        None => With::No,
    };
    let closes = Closes {
        methods: row.closers.clone(),
        // What is awaited after a plain close is not the close.
        awaited: row.closer_awaited && row.then_await.is_none(),
        then_await: row.then_await.clone(),
        released_by: row.released_by.clone(),
        with,
    };
    let confidence = if row.lenient { Confidence::Possible } else { Confidence::Likely };
    let what = behind_private_modules(&what);
    Owned { what, closes, needs, origin: Origin::Known(row), factory: None, confidence }
}

/// A dotted name without the modules that only their package names: `Manager.start` of `package._manager.Manager.start`.
fn behind_private_modules(name: &SmolStr) -> SmolStr {
    let private = name.rfind("._").and_then(|at| name[at + 1..].split_once('.'));
    private.map_or_else(|| name.clone(), |(_, rest)| rest.into())
}
