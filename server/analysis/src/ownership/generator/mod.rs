//! Async generators: what one has to clean up when it is left before its end, and which loops leave one early.
//!
//! A generator that nobody closes runs its clean-up when the garbage collector comes, in a task that the event loop makes for
//! it (<https://docs.python.org/3/library/sys.html#sys.set_asyncgen_hooks>). Task groups, timeouts and cancel scopes belong to
//! the task that entered them and cannot be left there (<https://peps.python.org/pep-0789/>).

mod callee;
mod exits;
mod guards;
mod held;

pub(crate) use callee::Called;
pub(crate) use exits::{Exit, exits};
pub(crate) use guards::{CleanUp, Guard, Weight};
pub(crate) use held::left_early;

use crate::infer::{Infer, World};
use crate::sites::Whole;
use crate::types::Def;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Generators that yield what another yields are followed so deep.
const MAX_DEPTH: u8 = 4;

/// Asks what async generator functions have to clean up, and remembers it.
pub(crate) struct Generators<'w> {
    world: &'w World,
    whole: &'w Whole,
    known: FxHashMap<Def, Option<Arc<CleanUp>>>,
    depth: u8,
}

impl<'w> Generators<'w> {
    /// Nothing is asked yet.
    pub(crate) fn new(world: &'w World, whole: &'w Whole) -> Self {
        Self { world, whole, known: FxHashMap::default(), depth: 0 }
    }

    /// What a generator function has to clean up when it is left at a `yield`: what weighs most; none where there is nothing.
    pub(crate) fn clean_up(&mut self, infer: &mut Infer<'w>, def: Def) -> Option<Arc<CleanUp>> {
        if let Some(known) = self.known.get(&def) {
            return known.clone();
        }
        if self.depth >= MAX_DEPTH {
            return None;
        }
        // One that yields what it yields itself.
        self.known.insert(def, None);
        self.depth += 1;
        let found = self.find_clean_up(infer, def).map(Arc::new);
        self.depth -= 1;
        // What was cut off may be found by who asks from above.
        if found.is_none() && self.depth > 0 {
            self.known.remove(&def);
        } else {
            self.known.insert(def, found.clone());
        }
        found
    }
}
