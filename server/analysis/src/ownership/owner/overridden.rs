//! A class that has a close of its own in place of its base's, which closes what the base keeps and is not called any more.

use super::family::{Family, MembersOf, Method, is_closer};
use super::{Asked, End, Kept, Owner, closed_elsewhere};
use crate::finding::FileId;
use crate::infer::Infer;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;

/// A close that an instance of a class cannot run, as the class has another one of that name.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hidden {
    /// The close of the class.
    pub(crate) by: Def,
    /// That of the base.
    pub(crate) close: Def,
}

/// A class with closes that hide those of its bases, and which methods its instances can run.
pub(crate) struct Overriding {
    /// The closes, in source order.
    pub(crate) hidden: Vec<Hidden>,
    family: Family,
    /// The methods that may run, for instances of the class or of those below it.
    alive: FxHashSet<Def>,
}

impl Overriding {
    /// What a class of the program hides; none where it hides no close, or where nobody can tell.
    pub(crate) fn of(asked: &mut Asked<'_, '_>, class: Def, enters: &dyn Fn(Def) -> bool) -> Option<Self> {
        if !has_closer(asked.infer, class) {
            return None;
        }
        let mro = asked.infer.mro(class);
        if mro.unknown || mro.classes.len() < 2 {
            return None;
        }
        let family = Family::of(asked.infer, asked.whole, &mut MembersOf::default(), class);
        let hidden: Vec<Hidden> = family
            .methods
            .iter()
            .filter(|method| method.class == class && is_closer(&method.name) && method.name != "__del__")
            .filter_map(|method| {
                let mut above = family.own()[1..].iter();
                let close =
                    above.find_map(|base| family.methods.iter().find(|m| m.class == *base && m.name == method.name));
                (!method.supers.contains(&method.name)).then_some(Hidden { by: method.def, close: close?.def })
            })
            .collect();
        if hidden.is_empty() || family.is_cut() {
            return None;
        }
        let alive = alive(asked.infer, &family, enters)?;
        Some(Self { hidden, family, alive })
    }

    /// The bases of the class, in resolution order.
    pub(crate) fn bases(&self) -> &[Def] {
        &self.family.own()[1..]
    }

    /// The hidden close by which something that a base keeps was closed, and by nobody who still can be run.
    pub(crate) fn loses(&self, asked: &mut Asked<'_, '_>, base: &Owner, kept: &Kept) -> Option<Hidden> {
        let ends = &kept.ends;
        if ends.is_unclear || !kept.is_open() || base.family.is_cut() || self.is_replaced(asked.infer, base, kept) {
            return None;
        }
        let file = base.class.file;
        let is_made = |method: Option<ScopeId>| method.is_none_or(|scope| self.alive.contains(&Def { file, scope }));
        let is_ended = |end: &End| end.method.is_none_or(|method| self.alive.contains(&method));
        let goes = |&(file, at): &(FileId, ExprId)| self.runs(asked.infer, file, at);
        if !kept.made.iter().any(|made| is_made(made.method)) || ends.closed.iter().any(is_ended) {
            return None;
        }
        if ends.handed_on.iter().any(goes) {
            return None;
        }
        let lost = self.hidden.iter().find(|hidden| {
            let reached = base.reached_from(hidden.close);
            ends.closed.iter().any(|end| end.method.is_some_and(|method| reached.contains(&method)))
        })?;
        let facts = asked.infer.world.facts(file);
        let elsewhere = closed_elsewhere(asked, &self.family, facts.name(kept.attribute), ends);
        // A sibling of the class, or a close that is not run any more.
        let is_lost = |end: &End| {
            let facts = asked.infer.world.facts(end.file);
            let at = facts.expr(end.at).span;
            let mut around = base.methods().filter(|m| m.file == end.file && facts.scope(m.scope).span.contains(at));
            around.next().is_some_and(|method| !self.alive.contains(&method))
        };
        elsewhere.iter().all(is_lost).then_some(*lost)
    }

    /// Whether a place is in a method that may run, or in none of the family.
    fn runs(&self, infer: &Infer<'_>, file: FileId, at: ExprId) -> bool {
        let facts = infer.world.facts(file);
        let at = facts.expr(at).span;
        let around = |m: &&Method| m.def.file == file && facts.scope(m.def.scope).span.contains(at);
        self.family.methods.iter().find(around).is_none_or(|method| self.alive.contains(&method.def))
    }

    /// Whether a class nearer than the base gives the attribute something else.
    fn is_replaced(&self, infer: &Infer<'_>, base: &Owner, kept: &Kept) -> bool {
        let attribute = infer.world.facts(base.class.file).name(kept.attribute);
        let nearer = self.family.own().iter().take_while(|class| **class != base.class);
        nearer.into_iter().any(|class| {
            let (facts, index) = (infer.world.facts(class.file), infer.world.index_of(class.file));
            let Some(name) = index.name(attribute) else { return false };
            let mut given = index.attributes(class.scope, name).iter();
            index.binds(class.scope, name)
                || given.any(|def| def.value.is_none_or(|value| facts.expr(value).kind != ExprKind::None))
        })
    }
}

/// Whether a class has a method that closes.
fn has_closer(infer: &Infer<'_>, class: Def) -> bool {
    let facts = infer.world.facts(class.file);
    let is_close = |b: &Binding| matches!(b.kind, BindingKind::Def(_)) && is_closer(facts.name(b.name));
    facts.bindings_of(class.scope).iter().any(is_close)
}

/// The methods that an instance of the class, or of one below it, may run: from those that anybody can call (`enters` tells of
/// others, that code outside of the family does) on to what these call. None where somebody has `super()` itself.
fn alive(infer: &mut Infer<'_>, family: &Family, enters: &dyn Fn(Def) -> bool) -> Option<FxHashSet<Def>> {
    let own = family.own();
    let rank = |method: &Method| own.iter().position(|class| *class == method.class);
    let hides = |nearer: &Def, name: &str| {
        let index = infer.world.index_of(nearer.file);
        index.name(name).is_some_and(|name| index.binds(nearer.scope, name))
    };
    // The classes in front of a method's own that have something of its name.
    let is_hidden =
        |method: &Method| rank(method).is_some_and(|rank| own[..rank].iter().any(|nearer| hides(nearer, &method.name)));
    let hidden: Vec<bool> = family.methods.iter().map(is_hidden).collect();
    let mut alive: FxHashSet<Def> = FxHashSet::default();
    let mut work: Vec<usize> = Vec::new();
    for (i, method) in family.methods.iter().enumerate() {
        let is_private = method.name.starts_with('_') && !method.name.starts_with("__");
        let is_entered = if hidden[i] { is_named(infer, family, method) } else { !is_private || enters(method.def) };
        if is_entered && alive.insert(method.def) {
            work.push(i);
        }
    }
    while let Some(i) = work.pop() {
        let method = &family.methods[i];
        if has_super_itself(infer, method) {
            return None;
        }
        for (j, callee) in family.methods.iter().enumerate() {
            let is_called = !hidden[j] && method.mentions.iter().any(|(name, _)| *name == callee.name)
                || callee.class != method.class && method.supers.contains(&callee.name);
            if is_called && alive.insert(callee.def) {
                work.push(j);
            }
        }
    }
    Some(alive)
}

/// Whether a class of the family names the method by its class: `Base.close(self)`.
fn is_named(infer: &mut Infer<'_>, family: &Family, method: &Method) -> bool {
    family.classes.iter().filter(|class| **class != method.class).any(|class| {
        let (facts, index) = (infer.world.facts(class.file), infer.world.index_of(class.file));
        let Some(name) = index.name(&method.name) else { return false };
        let own = facts.scope(class.scope).span;
        let named = facts.exprs().filter_map(|(_, e)| match e.kind {
            ExprKind::Attribute { value, attr } if attr == name && own.contains(e.span) => Some(value),
            _ => None,
        });
        named.into_iter().any(|of| match infer.expr(class.file, of) {
            Ty::Class(Class::Own(named)) => family.has(named),
            Ty::Unknown => true,
            _ => false,
        })
    })
}

/// Whether a method does more with `super()` than calling a method of it.
fn has_super_itself(infer: &Infer<'_>, method: &Method) -> bool {
    let (facts, index) = (infer.world.facts(method.def.file), infer.world.index_of(method.def.file));
    let Some(name) = index.name("super") else { return false };
    let own = facts.scope(method.def.scope).span;
    let is_got = |at: ExprId| {
        let Parent::Expr(call) = facts.expr(at).parent else { return false };
        let Parent::Expr(attribute) = facts.expr(call).parent else { return false };
        matches!(facts.expr(call).kind, ExprKind::Call { .. })
            && matches!(facts.expr(attribute).kind, ExprKind::Attribute { .. })
    };
    facts.exprs().any(|(id, e)| e.kind == ExprKind::Name(name) && own.contains(e.span) && !is_got(id))
}
