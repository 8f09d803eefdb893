//! Who makes what must be closed, and what becomes of it.

use super::{Function, Scene};
use crate::finding::Place;
use crate::resources::{Holder, Leak, LeakKind, Resource, resources};
use crate::types::Def;
use asyncwise_syntax::facts::ScopeId;
use std::collections::BTreeMap;

/// What becomes of something that must be closed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Closing {
    /// Nothing closes it.
    Never,
    /// It is closed, or handed on, but not on every path.
    Sometimes {
        /// The worst way on which it stays open.
        leak: Leak,
        /// The first close.
        closed: Option<Place>,
    },
    /// It cannot be told, or need not be closed.
    Unknown,
    /// It is given to the caller, which has to close it.
    HandedToCaller,
    /// It is given to somebody who may close it.
    HandedOn,
    /// It is closed: the first place that does.
    Closed(Place),
    /// A `with` block or an exit stack closes it.
    Block(Place),
}

/// A call that makes something that must be closed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Maker {
    /// The call.
    pub place: Place,
    /// What it makes.
    pub resource: String,
    /// The attribute or variable that has it: `self.client`, `client`; none where nothing has a name for it.
    pub name: Option<String>,
    /// What becomes of it.
    pub closing: Closing,
    /// How it is closed: `await client.aclose()`.
    pub how: String,
    /// It is an instance of a class of the program, not what a library makes.
    pub is_own: bool,
}

/// A class, function or module that makes such things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The class whose instances have it, else the function or module that makes it.
    pub owner: Function,
    /// What it makes, in order.
    pub makers: Vec<Maker>,
}

impl Owner {
    /// How many of its resources nothing closes.
    pub fn never_closed(&self) -> usize {
        self.makers.iter().filter(|maker| maker.closing == Closing::Never).count()
    }

    /// How many of its resources are not closed on every path.
    pub fn sometimes_closed(&self) -> usize {
        self.makers.iter().filter(|maker| matches!(maker.closing, Closing::Sometimes { .. })).count()
    }
}

/// The owners in the project outside its tests: those with the most leaks first.
pub(super) fn find(scene: &Scene<'_>) -> Vec<Owner> {
    let mut by_owner: BTreeMap<Def, Vec<Maker>> = BTreeMap::new();
    for file in scene.product_files() {
        for resource in resources(scene.analysis, file) {
            let owner = owner_of(scene, &resource);
            by_owner.entry(owner).or_default().push(maker(&resource));
        }
    }
    let owner = |(def, mut makers): (Def, Vec<Maker>)| {
        makers.sort();
        Owner { owner: scene.function(def), makers }
    };
    let mut owners: Vec<Owner> = by_owner.into_iter().map(owner).collect();
    owners.sort_by_key(|owner| std::cmp::Reverse((owner.never_closed(), owner.sometimes_closed())));
    owners
}

fn owner_of(scene: &Scene<'_>, resource: &Resource) -> Def {
    let place = resource.made[0];
    match resource.holder {
        Holder::Variable { function, .. } | Holder::Other { function, .. } => function,
        Holder::Attribute { class, .. } => class,
        Holder::Module { .. } => Def { file: place.file, scope: ScopeId::MODULE },
        Holder::Block | Holder::Nobody => scene.function_at(place),
    }
}

fn maker(resource: &Resource) -> Maker {
    let name = match &resource.holder {
        Holder::Attribute { name, .. } => Some(format!("self.{name}")),
        Holder::Variable { name, .. } | Holder::Module { name } => Some(name.clone()),
        _ => None,
    };
    // The elements of a container have no name of their own.
    let is_element = matches!(resource.holder, Holder::Attribute { is_element: true, .. });
    let how = resource.how(name.as_deref().filter(|_| !is_element).unwrap_or("x"));
    let place = resource.made[0];
    Maker { place, resource: resource.what.clone(), name, closing: closing(resource), how, is_own: resource.is_own }
}

fn closing(resource: &Resource) -> Closing {
    let closed = resource.ends.iter().find(|end| end.is_close).map(|end| end.place);
    if let Some(&leak) = resource.leaks.first() {
        return match leak.how {
            LeakKind::Never => Closing::Never,
            _ => Closing::Sometimes { leak, closed },
        };
    }
    match (&resource.holder, closed) {
        (Holder::Block, _) => Closing::Block(resource.made[0]),
        (Holder::Other { .. }, Some(place)) => Closing::Block(place),
        (_, Some(place)) => Closing::Closed(place),
        (Holder::Other { is_returned: true, .. }, _) => Closing::HandedToCaller,
        (Holder::Other { .. }, _) => Closing::HandedOn,
        _ if !resource.ends.is_empty() => Closing::HandedOn,
        _ => Closing::Unknown,
    }
}
