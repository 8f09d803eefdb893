//! What must be closed: the rows of the knowledge, classes of the program whose close has something to do, and functions
//! that return such a value to whoever calls them.

mod acquire;
mod class;
mod factory;
mod fresh;
mod members;
mod row;
#[cfg(test)]
mod tests;

pub(crate) use acquire::Resources;
pub(super) use class::closer_rank;
pub(crate) use fresh::called_method;
pub(super) use members::{Members, is_closing, lets_go, method_around};

use crate::finding::{Confidence, FileId};
use crate::knowledge::Resource;
use crate::types::Def;
use asyncwise_syntax::facts::ExprId;
use smol_str::SmolStr;
use std::sync::Arc;

/// How a value is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Closes {
    /// The methods of the value, any of which closes it: the first is the one to advise. `session.close` is a method of an attribute.
    pub(crate) methods: Vec<SmolStr>,
    /// The first must be awaited. The others mostly are of the same kind.
    pub(crate) awaited: bool,
    /// Awaited after the closer (`wait_closed` of a stream writer).
    pub(crate) then_await: Option<SmolStr>,
    /// Closed by being passed to this method instead, by dotted path.
    pub(crate) released_by: Option<SmolStr>,
    /// What may stand around its use.
    pub(crate) with: With,
}

/// Which block closes a value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum With {
    /// `async with value`.
    Async,
    /// `async with` of the call, although the value is what `await` of the call gives.
    AsyncCall,
    /// `with value`.
    Sync,
    /// None.
    No,
}

/// From when on a value must be closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Needs {
    /// Since it was made.
    Made,
    /// Since one of these methods was called on it, or it was entered.
    After(Vec<SmolStr>),
    /// Since it was first iterated, until it is exhausted: a generator.
    Iterated,
}

/// What makes a value a resource.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Origin {
    /// A row of the knowledge.
    Known(&'static Resource),
    /// A class of the program, and the place in it that acquires what its close lets go of.
    Own {
        /// The class.
        class: Def,
        /// Where it acquires something, for the words of a finding.
        acquires: Option<(FileId, ExprId)>,
    },
    /// An async generator function of the program with clean-up to run.
    Generator(Def),
}

/// What must be closed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Owned {
    /// As a person would write what is called: `httpx.AsyncClient`, `Station`.
    pub(crate) what: SmolStr,
    /// How.
    pub(crate) closes: Closes,
    /// From when on.
    pub(crate) needs: Needs,
    /// Why.
    pub(crate) origin: Origin,
    /// The function of the program that made it and gave it to this caller, if it is not made here.
    pub(crate) factory: Option<Def>,
    /// How sure it is that not closing it loses something.
    pub(crate) confidence: Confidence,
}

/// A call that makes something that its caller must close.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Acquisition {
    /// The call.
    pub(crate) call: ExprId,
    /// The expression whose value is the resource: the call, or the `await` of it.
    pub(crate) value: ExprId,
    /// The element of the tuple that `value` gives, where it gives one.
    pub(crate) part: Option<u32>,
    /// `value` is a list of such resources.
    pub(crate) is_list: bool,
    /// What it is.
    pub(crate) owned: Arc<Owned>,
}
