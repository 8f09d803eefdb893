//! What a file makes that must be closed, who has it, and what becomes of it: worked out once for all rules.

use super::holder::{Holder, holder};
use super::lifetime::{Graphs, Lifetime, lifetime};
use super::resource::{Acquisition, Resources};
use crate::finding::FileId;
use crate::infer::Infer;

/// Something that must be closed.
pub(crate) struct Held {
    /// What makes it.
    pub(crate) acquisition: Acquisition,
    /// Who has it then.
    pub(crate) holder: Holder,
    /// What becomes of it, where a variable of a function holds it and it can be followed.
    pub(crate) life: Option<Lifetime>,
}

/// What one file makes, in source order.
pub(crate) fn held(infer: &mut Infer<'_>, graphs: &mut Graphs<'_>, file: FileId) -> Vec<Held> {
    let world = infer.world;
    let (facts, index) = (world.facts(file), world.index_of(file));
    let acquisitions = Resources::new(world).of_file(infer, file);
    let held = |acquisition: Acquisition| {
        let holder = holder(facts, index, &acquisition);
        let life = lifetime(infer, graphs, file, &acquisition, &holder);
        Held { acquisition, holder, life }
    };
    acquisitions.into_iter().map(held).collect()
}
