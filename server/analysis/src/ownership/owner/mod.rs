//! Owners: classes that keep what they made and must close, and what becomes of it: which of their methods, of their bases'
//! or subclasses', or which other code closes it.
//!
//! A class is looked at with its whole family: all methods that its instances may run, those of mixins and subclasses
//! included. Whatever is not understood (an attribute read by a computed name, a value passed on) counts as a close that may
//! be: what nobody can follow is not reported.

mod elsewhere;
mod ends;
mod family;
mod keeper;
mod overridden;

pub(crate) use elsewhere::Elsewhere;
pub(crate) use ends::{End, Ends, closes_argument};
pub(crate) use overridden::{Hidden, Overriding};

use super::file::Held;
use super::lifetime::Graphs;
use super::resource::{Acquisition, Needs, Resources};
use crate::finding::FileId;
use crate::infer::Infer;
use crate::sites::Whole;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use ends::Mentions;
use family::{Family, MembersOf};
use keeper::{Keeper, keeper};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// A class that keeps what must be closed.
pub(crate) struct Owner {
    /// The class.
    pub(crate) class: Def,
    /// What it keeps, in source order.
    pub(crate) keeps: Vec<Kept>,
    /// The method that closes an instance: the one to call.
    pub(crate) closer: Option<Def>,
    /// A base is not read: it may have a close of its own.
    pub(crate) has_outside: bool,
    /// A base is not known: it may close what nobody else does.
    pub(crate) is_unknown: bool,
    family: Family,
}

impl Owner {
    /// All methods that instances may run, those of the class's own resolution order first.
    pub(crate) fn methods(&self) -> impl Iterator<Item = Def> + '_ {
        self.family.methods.iter().map(|method| method.def)
    }

    /// The methods that run when one does, itself included.
    pub(crate) fn reached_from(&self, method: Def) -> Vec<Def> {
        self.family.reached_from(method)
    }
}

/// Something that an attribute of the instances of a class keeps.
pub(crate) struct Kept {
    /// The attribute.
    pub(crate) attribute: NameId,
    /// It is a container, which has it.
    pub(crate) is_element: bool,
    /// What makes it, in source order: at least one.
    pub(crate) made: Vec<Made>,
    /// The attribute may have something instead that was handed in.
    pub(crate) is_given: bool,
    /// What becomes of it.
    pub(crate) ends: Ends,
}

/// A call that makes what an attribute keeps.
#[derive(Clone)]
pub(crate) struct Made {
    /// The call.
    pub(crate) acquisition: Acquisition,
    /// The method that calls; none for the body of the class.
    pub(crate) method: Option<ScopeId>,
}

impl Kept {
    /// The first call that makes it.
    pub(crate) fn first(&self) -> &Acquisition {
        &self.made[0].acquisition
    }

    /// Whether anything must be closed: what only has to be closed after some method was called on it, was called so.
    pub(crate) fn is_open(&self) -> bool {
        match &self.first().owned.needs {
            Needs::Made => true,
            Needs::After(_) => self.ends.is_started,
            Needs::Iterated => false,
        }
    }

    /// Whether nobody closes it, and nobody else has it who could.
    pub(crate) fn is_never_closed(&self) -> bool {
        self.ends.closed.is_empty() && self.ends.handed_on.is_empty() && !self.ends.is_unclear
    }
}

/// What owners are looked for with.
pub(crate) struct Asked<'a, 'w> {
    /// Types.
    pub(crate) infer: &'a mut Infer<'w>,
    /// What callees do with arguments.
    pub(crate) graphs: &'a mut Graphs<'w>,
    /// The classes below a class.
    pub(crate) whole: &'w Whole,
    /// What other code closes, asked for where no method does.
    pub(crate) elsewhere: &'a dyn Fn() -> &'w Elsewhere,
}

/// The owners among the classes of a file that makes `held`, in source order.
pub(crate) fn owners(asked: &mut Asked<'_, '_>, file: FileId, held: &[Held]) -> Vec<Owner> {
    let world = asked.infer.world;
    let (facts, index) = (world.facts(file), world.index_of(file));
    let mut made: Vec<(Keeper, Acquisition)> =
        held.iter().filter_map(|held| Some((keeper(facts, index, held)?, held.acquisition.clone()))).collect();
    made.extend(defaults(asked.infer, file));
    let mut by_class: BTreeMap<ScopeId, Vec<(Keeper, Acquisition)>> = BTreeMap::new();
    for (keeper, acquisition) in made {
        by_class.entry(keeper.class).or_default().push((keeper, acquisition));
    }
    let mut members = MembersOf::default();
    let owner = |(scope, made)| {
        let family = Family::of(asked.infer, asked.whole, &mut members, Def { file, scope });
        owner(asked, family, made)
    };
    by_class.into_iter().map(owner).collect()
}

fn owner(asked: &mut Asked<'_, '_>, family: Family, made: Vec<(Keeper, Acquisition)>) -> Owner {
    let facts = asked.infer.world.facts(family.class.file);
    let mut keeps: Vec<(Keeper, Vec<Made>)> = Vec::new();
    for (keeper, acquisition) in made {
        let method = method_around(asked.infer, family.class, acquisition.call);
        // What belongs to the class itself lives as long as the program.
        if method.is_some_and(|scope| asked.infer.traits(Def { file: family.class.file, scope }).is_class) {
            continue;
        }
        let made = Made { acquisition, method };
        match keeps.iter_mut().find(|(other, _)| other.name == keeper.name) {
            Some((_, others)) => others.push(made),
            None => keeps.push((keeper, vec![made])),
        }
    }
    let kept = |(keeper, mut made): (Keeper, Vec<Made>)| {
        made.sort_by_key(|made| facts.expr(made.acquisition.call).span.start);
        let owned = made[0].acquisition.owned.clone();
        let attribute = SmolStr::from(facts.name(keeper.name));
        let mut ends = Mentions {
            infer: asked.infer,
            fates: &mut asked.graphs.fates,
            family: &family,
            owned: &owned,
            is_element: keeper.is_element,
            ends: Ends::default(),
        }
        .of(&attribute);
        if let Needs::After(_) = owned.needs {
            ends.is_started |= is_started_before(facts, &made);
        }
        let is_given = is_given(asked.infer, &family, &attribute, &made);
        let mut kept = Kept { attribute: keeper.name, is_element: keeper.is_element, made, is_given, ends };
        if kept.is_never_closed() {
            let found = closed_elsewhere(asked, &family, &attribute, &kept.ends);
            kept.ends.closed.extend(found);
        }
        kept
    };
    let keeps = keeps.into_iter().map(kept).collect();
    let closer = family.closer().map(|method| method.def);
    let (has_outside, is_unknown) = (family.has_outside, family.is_unknown);
    Owner { class: family.class, keeps, closer, has_outside, is_unknown, family }
}

/// The method of a class that code stands in, also in a function nested in it.
fn method_around(infer: &Infer<'_>, class: Def, at: ExprId) -> Option<ScopeId> {
    let (facts, index) = (infer.world.facts(class.file), infer.world.index_of(class.file));
    let mut scope = facts.expr(at).scope;
    while index.method_class.get(&scope) != Some(&class.scope) {
        scope = facts.scope(scope).parent?;
    }
    Some(scope)
}

/// What the bodies of classes say that each instance is made with: `client: Client = field(default_factory=Client)`.
fn defaults(infer: &mut Infer<'_>, file: FileId) -> Vec<(Keeper, Acquisition)> {
    let world = infer.world;
    let (facts, index) = (world.facts(file), world.index_of(file));
    if index.name("default_factory").is_none() && index.name("factory").is_none() {
        return Vec::new();
    }
    let mut resources = Resources::new(world);
    let mut found = Vec::new();
    for (class, _) in facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Class) {
        for binding in facts.bindings_of(class) {
            let BindingKind::Assign { value, .. } = binding.kind else { continue };
            if let Some(owned) = resources.default_of(infer, file, value) {
                let keeper = Keeper { class, name: binding.name, is_element: false };
                found.push((keeper, Acquisition { call: value, value, part: None, is_list: false, owned }));
            }
        }
    }
    found
}

/// Whether a method after which it must be closed is called before it is stored: on the variable that has it first.
fn is_started_before(facts: &FileFacts, made: &[Made]) -> bool {
    made.iter().any(|made| {
        let Needs::After(methods) = &made.acquisition.owned.needs else { return false };
        let Some(stmt) = facts.stmt_of(made.acquisition.value) else { return false };
        let StmtKind::Assign { targets, .. } = facts.stmt(stmt).kind else { return false };
        facts.list(targets).iter().any(|&target| {
            let ExprKind::Name(name) = facts.expr(target).kind else { return false };
            let scope = facts.code_scope(facts.expr(target).scope);
            facts.exprs().any(|(_, e)| match e.kind {
                ExprKind::Attribute { value, attr } => {
                    facts.expr(value).kind == ExprKind::Name(name)
                        && facts.code_scope(e.scope) == scope
                        && methods.iter().any(|m| m == facts.name(attr))
                }
                _ => false,
            })
        })
    })
}

/// Whether the attribute may be given something that a method is called with.
fn is_given(infer: &Infer<'_>, family: &Family, attribute: &str, made: &[Made]) -> bool {
    let world = infer.world;
    let assigned = family.classes.iter().any(|class| {
        let (facts, index) = (world.facts(class.file), world.index_of(class.file));
        let Some(name) = index.name(attribute) else { return false };
        let defs = index.attributes(class.scope, name).iter();
        let mut values = defs.filter_map(|def| Some((def.method, def.value?)));
        values.any(|(method, value)| may_be_parameter(facts, index, method, value))
    });
    let facts = world.facts(family.class.file);
    assigned || made.iter().any(|made| is_beside_another(facts, made.acquisition.value))
}

fn may_be_parameter(facts: &FileFacts, index: &crate::index::FileIndex, method: ScopeId, value: ExprId) -> bool {
    match &facts.expr(value).kind {
        ExprKind::Name(name) => {
            facts.params_of(method).iter().any(|p| p.name == *name)
                || {
                    let mut bindings = index.bindings(facts, method, *name);
                    bindings.any(|b| matches!(b.kind, BindingKind::Assign { value: v, .. } if v != value && matches!(facts.expr(v).kind, ExprKind::BoolOp { .. } | ExprKind::IfExp { .. }) && may_be_parameter(facts, index, method, v)))
                }
        }
        ExprKind::BoolOp { values, .. } => {
            facts.list(*values).iter().any(|&v| may_be_parameter(facts, index, method, v))
        }
        ExprKind::IfExp { body, orelse, .. } => {
            may_be_parameter(facts, index, method, *body) || may_be_parameter(facts, index, method, *orelse)
        }
        ExprKind::Call { func, args } => {
            // `kwargs.pop("client", None)`, `kwargs.get("client")`
            let ExprKind::Attribute { value, attr } = facts.expr(*func).kind else { return false };
            matches!(facts.name(attr), "get" | "pop")
                && !args.is_empty()
                && may_be_parameter(facts, index, method, value)
        }
        _ => false,
    }
}

/// Whether a value is only made where there is no other: `kwargs.get("client") or Client()`.
fn is_beside_another(facts: &FileFacts, mut at: ExprId) -> bool {
    loop {
        let Parent::Expr(parent) = facts.expr(at).parent else { return false };
        match &facts.expr(parent).kind {
            ExprKind::BoolOp { values, .. } => {
                // What is there already was made so too.
                return facts
                    .list(*values)
                    .iter()
                    .any(|&v| v != at && !matches!(facts.expr(v).kind, ExprKind::Attribute { .. } | ExprKind::None));
            }
            ExprKind::IfExp { body, orelse, .. } => {
                let other = if *body == at { *orelse } else { *body };
                return !matches!(facts.expr(other).kind, ExprKind::None | ExprKind::Attribute { .. });
            }
            _ => at = parent,
        }
    }
}

/// The places anywhere that close the attribute of an instance of the family, or what one of its methods gives; not those where
/// a method of the family names the attribute, which were looked at.
fn closed_elsewhere(asked: &mut Asked<'_, '_>, family: &Family, attribute: &str, ends: &Ends) -> Vec<End> {
    let names = std::iter::once(attribute).chain(ends.given_by.iter().map(SmolStr::as_str));
    let mut known: FxHashMap<(FileId, ExprId), bool> = FxHashMap::default();
    let mut found = Vec::new();
    for name in names {
        for closed in (asked.elsewhere)().named(name) {
            let Some(of) = closed.of else { continue };
            let mut methods = family.methods.iter().filter(|method| method.def.file == closed.file);
            if methods.any(|method| method.mentions.iter().any(|(name, at)| name == attribute && *at == closed.at)) {
                continue;
            }
            let may_be = *known.entry((closed.file, of)).or_insert_with(|| {
                let ty = asked.infer.expr(closed.file, of);
                ty.parts().iter().any(|part| match part {
                    Ty::Instance(Class::Own(class)) | Ty::Class(Class::Own(class)) => family.has(*class),
                    Ty::Unknown | Ty::Super(_) => true,
                    _ => false,
                })
            });
            if may_be {
                found.push(End { file: closed.file, at: closed.at, method: None });
            }
        }
    }
    found
}
