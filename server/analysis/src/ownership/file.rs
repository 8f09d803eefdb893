//! What a file makes that must be closed, who has it, and what becomes of it: worked out once for all rules.

use super::elements;
use super::holder::{Holder, holder};
use super::lifetime::{Graphs, Lifetime, lifetime};
use super::resource::{Acquisition, Resources};
use super::uses::Uses;
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
    /// It is the elements of a list that a function has for itself, and nothing closes them.
    pub(crate) is_left_in_list: bool,
}

/// What one file makes, in source order.
pub(crate) fn held(infer: &mut Infer<'_>, graphs: &mut Graphs<'_>, file: FileId) -> Vec<Held> {
    let world = infer.world;
    let (facts, index) = (world.facts(file), world.index_of(file));
    let acquisitions = Resources::new(world).of_file(infer, file);
    let held = |acquisition: Acquisition| {
        let holder = holder(facts, index, &acquisition);
        let life = lifetime(infer, graphs, file, &acquisition, &holder);
        let is_left_in_list = match holder {
            Holder::Elements { scope, name } => {
                let (fates, owned) = (&mut graphs.fates, &*acquisition.owned);
                let mut uses = Uses { infer, fates, file, scope, owned, yield_hands_on: true, depth: 0 };
                elements::stay_open(&mut uses, name)
            }
            _ => false,
        };
        Held { acquisition, holder, life, is_left_in_list }
    };
    acquisitions.into_iter().map(held).collect()
}
