//! What the code of a file makes that must be closed, who has it, and what becomes of it: as hovers and audits tell it.
//!
//! Plain data. What cannot be followed is said to be handed on, and never to leak.

use crate::analysis::Analysis;
use crate::finding::{FileId, Place};
use crate::ownership::file::Held;
use crate::ownership::holder::Holder as Has;
use crate::ownership::lifetime::{How, Lifetime};
use crate::ownership::module::closed_in_program;
use crate::ownership::owner::closes_argument;
use crate::ownership::owner::{Kept, Owner as Keeps};
use crate::ownership::resource::{Acquisition, Closes, Needs, Origin, Owned, With};
use crate::rules::CheckedFile;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;

/// Something that must be closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The calls that make it: several where an attribute is given one in several places; at least one.
    pub made: Vec<Place>,
    /// What it is, as a person would write it: `httpx.AsyncClient`.
    pub what: String,
    /// An instance of a class of the program, not what a library makes.
    pub is_own: bool,
    /// Who has it.
    pub holder: Holder,
    /// The places where it is closed or handed on, in order, as far as they are known.
    pub ends: Vec<End>,
    /// The ways on which it stays open, the worst first.
    pub leaks: Vec<Leak>,
    /// How it is closed, see [`Self::how`].
    close: String,
}

/// Who has something that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holder {
    /// A variable of a function.
    Variable {
        /// The function.
        function: Def,
        /// The variable.
        name: String,
    },
    /// An attribute of the instances of a class.
    Attribute {
        /// The class.
        class: Def,
        /// The attribute.
        name: String,
        /// It is a container, which has it.
        is_element: bool,
    },
    /// A variable of the module.
    Module {
        /// The variable.
        name: String,
    },
    /// The block of a `with`.
    Block,
    /// Nobody: it was dropped.
    Nobody,
    /// Somebody else: the caller, a callee, a container.
    Other {
        /// The function that makes it, or the module.
        function: Def,
        /// It is given to the caller.
        is_returned: bool,
    },
}

/// A place where the duty to close something ends.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct End {
    /// The mention of what has it.
    pub place: Place,
    /// It is closed there; else somebody else has it from then on.
    pub is_close: bool,
}

/// A way on which something stays open.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Leak {
    /// What happens on it.
    pub how: LeakKind,
    /// Where.
    pub place: Option<Place>,
}

/// What happens on a way on which something stays open.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LeakKind {
    /// Nothing of the kind is ever done.
    Never,
    /// The function returns.
    Returns,
    /// What has it is given another value.
    Overwritten,
    /// Something is raised.
    Raises,
    /// The task is cancelled.
    Cancelled,
}

impl Resource {
    /// How it is closed when it has a name: `await client.aclose()`, `async with`.
    pub fn how(&self, name: &str) -> String {
        self.close.replace('\u{0}', name)
    }
}

/// What the code of a file makes that must be closed, in source order.
pub fn resources(analysis: &Analysis, file: FileId) -> Vec<Resource> {
    let mut checked = CheckedFile::new(analysis, file);
    let (held, owners) = (checked.held(), checked.owners());
    let teller = Teller { analysis, file, facts: &analysis.world.program.file(file).facts };
    let mut found: Vec<Resource> = Vec::new();
    let mut kept_calls: FxHashSet<ExprId> = FxHashSet::default();
    for owner in owners.iter() {
        for kept in &owner.keeps {
            kept_calls.extend(kept.made.iter().map(|made| made.acquisition.call));
            found.push(teller.kept(owner, kept));
        }
    }
    let others = held.iter().filter(|held| !kept_calls.contains(&held.acquisition.call));
    found.extend(others.map(|held| teller.held(held)));
    found.sort_by_key(|resource| resource.made[0]);
    found
}

struct Teller<'a> {
    analysis: &'a Analysis,
    file: FileId,
    facts: &'a FileFacts,
}

impl Teller<'_> {
    fn place(&self, expr: ExprId) -> Place {
        Place { file: self.file, span: self.facts.expr(expr).span }
    }

    fn place_in(&self, file: FileId, expr: ExprId) -> Place {
        Place { file, span: self.analysis.world.program.file(file).facts.expr(expr).span }
    }

    fn resource(&self, acquisition: &Acquisition, holder: Holder) -> Resource {
        let owned = &acquisition.owned;
        Resource {
            made: vec![self.place(acquisition.call)],
            what: owned.what.to_string(),
            is_own: matches!(owned.origin, Origin::Own { .. }),
            holder,
            ends: Vec::new(),
            leaks: Vec::new(),
            close: close_text(&owned.closes),
        }
    }

    fn kept(&self, owner: &Keeps, kept: &Kept) -> Resource {
        let name = self.facts.name(kept.attribute).to_owned();
        let holder = Holder::Attribute { class: owner.class, name, is_element: kept.is_element };
        let mut resource = self.resource(kept.first(), holder);
        resource.made = kept.made.iter().map(|made| self.place(made.acquisition.call)).collect();
        let closed = kept.ends.closed.iter().map(|end| End { place: self.place_in(end.file, end.at), is_close: true });
        let gone =
            kept.ends.handed_on.iter().map(|&(file, at)| End { place: self.place_in(file, at), is_close: false });
        resource.ends = closed.chain(gone).collect();
        resource.ends.sort_unstable();
        resource.ends.dedup();
        if kept.is_open() && kept.is_never_closed() {
            resource.leaks.push(Leak { how: LeakKind::Never, place: None });
        }
        resource
    }

    fn held(&self, held: &Held) -> Resource {
        let acquisition = &held.acquisition;
        let function = |scope: ScopeId| Def { file: self.file, scope };
        let around = crate::sites::run_scope(self.facts, self.facts.expr(acquisition.call).scope);
        let name = |name: NameId| self.facts.name(name).to_owned();
        let holder = match held.holder {
            Has::Variable { scope, name: variable, .. } => {
                Holder::Variable { function: function(scope), name: name(variable) }
            }
            Has::Module { name: variable } => Holder::Module { name: name(variable) },
            Has::Block => Holder::Block,
            Has::Temporary { .. } | Has::Dropped => Holder::Nobody,
            Has::Attribute { .. } | Has::Elements { .. } | Has::Other => {
                let stmt = self.facts.stmt_of(acquisition.value).map(|stmt| &self.facts.stmt(stmt).kind);
                let is_returned = matches!(stmt, Some(StmtKind::Return(_)));
                Holder::Other { function: function(around), is_returned }
            }
        };
        let mut resource = self.resource(acquisition, holder);
        match (&held.holder, &held.life) {
            (_, Some(life)) => self.lived(&mut resource, life),
            (Has::Block, _) => resource.ends.push(End { place: resource.made[0], is_close: true }),
            (Has::Dropped, _) if acquisition.owned.needs == Needs::Made => {
                resource.leaks.push(Leak { how: LeakKind::Never, place: None });
            }
            (Has::Other, _) if self.is_entered(acquisition.value) => {
                resource.ends.push(End { place: resource.made[0], is_close: true });
            }
            (Has::Module { name }, _) => self.of_module(&mut resource, &acquisition.owned, *name),
            _ => {}
        }
        resource
    }

    /// Whether a stack, or whatever else closes it in the end, is given it at once.
    fn is_entered(&self, value: ExprId) -> bool {
        let Parent::Expr(parent) = self.facts.expr(value).parent else { return false };
        matches!(self.facts.expr(parent).kind, ExprKind::Call { func, .. } if func != value && closes_argument(self.facts, func))
    }

    fn lived(&self, resource: &mut Resource, life: &Lifetime) {
        let end = |is_close| move |&at: &ExprId| End { place: self.place(at), is_close };
        resource.ends = life.closed.iter().map(end(true)).chain(life.handed_on.iter().map(end(false))).collect();
        resource.ends.sort_unstable();
        let never = resource.ends.is_empty();
        resource.leaks = life
            .leaks
            .iter()
            .map(|leak| {
                let exit = leak.exit.map(|stmt| Place { file: self.file, span: self.facts.stmt(stmt).span });
                let cause = leak.cause.map(|at| self.place(at));
                match leak.how {
                    _ if never => Leak { how: LeakKind::Never, place: None },
                    How::Returns => Leak { how: LeakKind::Returns, place: exit },
                    How::Overwritten => Leak { how: LeakKind::Overwritten, place: cause },
                    How::Raises | How::CallRaises => Leak { how: LeakKind::Raises, place: cause.or(exit) },
                    How::Cancelled => Leak { how: LeakKind::Cancelled, place: cause },
                }
            })
            .collect();
        resource.leaks.dedup();
    }

    fn of_module(&self, resource: &mut Resource, owned: &Owned, name: NameId) {
        let found = closed_in_program(self.analysis, self.file, name);
        resource.ends = found
            .into_iter()
            .map(|end| End { place: self.place_in(end.file, end.at), is_close: end.is_close })
            .collect();
        resource.ends.sort_unstable();
        if resource.ends.is_empty() && owned.needs == Needs::Made {
            resource.leaks.push(Leak { how: LeakKind::Never, place: None });
        }
    }
}

/// How something is closed, with a null character for its name.
fn close_text(closes: &Closes) -> String {
    let awaiting = if closes.awaited { "await " } else { "" };
    match (closes.methods.first(), &closes.released_by, closes.with) {
        (Some(method), ..) => format!("{awaiting}\u{0}.{method}()"),
        (None, Some(by), _) => format!("{awaiting}{}(\u{0})", by.rsplit('.').next().unwrap_or(by)),
        (None, None, With::Sync) => "with".to_owned(),
        (None, None, _) => "async with".to_owned(),
    }
}
