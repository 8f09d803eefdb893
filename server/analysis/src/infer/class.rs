//! Classes: method resolution order, attributes of instances and classes.

use super::{Answer, Infer, Key};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::sync::Arc;

/// The method resolution order of a class.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mro {
    /// The classes of the program, the class itself first: C3 linearisation (Barrett et al. 1996, as in CPython).
    pub classes: Vec<Def>,
    /// External bases, in order.
    pub externals: Vec<SmolStr>,
    /// A base is not known.
    pub unknown: bool,
}

impl Infer<'_> {
    /// The method resolution order of a class.
    pub fn mro(&mut self, class: Def) -> Arc<Mro> {
        let key = Key::Mro(class);
        if let Some(mro) = self.world.recall(&key) {
            return mro;
        }
        if self.stack.contains(&key) {
            self.cut = true;
            return Arc::new(Mro { classes: vec![class], externals: Vec::new(), unknown: true });
        }
        let (mro, cut) = self.within(key.clone(), |me| Arc::new(me.linearise(class)));
        self.world.remember(key, (!cut).then(|| Answer::Mro(mro.clone())));
        mro
    }

    fn linearise(&mut self, class: Def) -> Mro {
        let facts = self.facts(class.file);
        let mut mro = Mro::default();
        let mut orders: Vec<Vec<Def>> = Vec::new();
        let mut direct = Vec::new();
        for arg in facts.args(facts.scope(class.scope).bases) {
            if arg.name.is_some() || arg.star != Star::No {
                continue;
            }
            let base = match &facts.expr(arg.value).kind {
                // `Generic[T]`, `Base[int]`
                ExprKind::Subscript { value, .. } => self.expr(class.file, *value),
                _ => self.expr(class.file, arg.value),
            };
            match base {
                Ty::Class(Class::Own(base)) => {
                    let inner = self.mro(base);
                    mro.externals.extend(inner.externals.iter().cloned());
                    mro.unknown |= inner.unknown;
                    orders.push(inner.classes.clone());
                    direct.push(base);
                }
                Ty::Class(Class::External(path)) | Ty::External(path) => {
                    if !matches!(path.as_str(), "builtins.object" | "typing.Generic" | "typing.Protocol" | "abc.ABC") {
                        mro.externals.push(path);
                    }
                }
                _ => mro.unknown = true,
            }
        }
        orders.push(direct);
        mro.classes = vec![class];
        mro.classes.extend(merge(orders));
        mro
    }

    pub(super) fn instance_attribute(&mut self, class: Def, name: &str) -> Ty {
        self.ask(Key::Attribute(class, name.into()), |me| {
            let mro = me.mro(class);
            me.attribute_in(&mro, &mro.classes, class, name)
        })
    }

    fn attribute_in(&mut self, mro: &Mro, classes: &[Def], receiver: Def, name: &str) -> Ty {
        for &class in classes {
            if let Some(ty) = self.own_attribute(class, receiver, name) {
                return ty;
            }
        }
        for external in &mro.externals {
            if let Some(known) = self.known_method(external, name) {
                return known;
            }
        }
        match mro.externals.first() {
            Some(external) if !mro.unknown => self.external(&format!("{external}.{name}")),
            _ => Ty::Unknown,
        }
    }

    /// What `class` itself gives instances of `receiver` under this name: its body, and what its methods assign.
    pub(super) fn own_attribute(&mut self, class: Def, receiver: Def, name: &str) -> Option<Ty> {
        if !self.gives(class, name) {
            return None;
        }
        let key = Key::Own(class, receiver, name.into());
        Some(self.ask(key, |me| me.find_own_attribute(class, receiver, name)))
    }

    /// Whether a class itself gives its instances anything under a name.
    pub(crate) fn gives(&self, class: Def, name: &str) -> bool {
        self.world.noted(Key::HasOwn(class, name.into()), || self.has_own(class, name))
    }

    pub(super) fn has_own(&self, class: Def, name: &str) -> bool {
        let index = self.world.index_of(class.file);
        index.name(name).is_some_and(|id| index.binds(class.scope, id) || !index.attributes(class.scope, id).is_empty())
    }

    fn find_own_attribute(&mut self, class: Def, receiver: Def, name: &str) -> Ty {
        let index = self.world.index_of(class.file);
        let Some(id) = index.name(name) else { return Ty::Unknown };
        let mut parts = Vec::new();
        if index.binds(class.scope, id) {
            parts.push(self.body_attribute(class, receiver, id));
        }
        let assigned = index.attributes(class.scope, id);
        let annotated = assigned.iter().find_map(|a| a.annotation);
        match annotated.map(|a| self.annotation(class.file, a)) {
            Some(ty) if ty != Ty::Unknown => parts.push(ty),
            _ if parts.iter().any(|p| !matches!(p, Ty::None | Ty::Unknown)) => {}
            _ => {
                for def in assigned {
                    parts.push(def.value.map_or(Ty::Unknown, |v| self.expr(class.file, v)));
                }
            }
        }
        Ty::union(parts)
    }

    fn body_attribute(&mut self, class: Def, receiver: Def, name: NameId) -> Ty {
        let facts = self.facts(class.file);
        let bindings = self.world.index_of(class.file).reaching(facts, class.scope, name, None);
        let file = class.file;
        // `@overload` variants and property setters are bound again under the same name: the getter is what reads run.
        let all: Vec<Binding> = self.world.index_of(file).bindings(facts, class.scope, name).copied().collect();
        for binding in &all {
            if let BindingKind::Def(scope) = binding.kind
                && self.traits(Def { file, scope }).is_property
            {
                return Ty::Property(Def { file, scope }, Class::Own(receiver));
            }
        }
        let parts: Vec<Ty> = bindings
            .iter()
            .map(|b| {
                let ty = self.binding(file, class.scope, b);
                self.bind(ty, receiver)
            })
            .collect();
        Ty::union(parts)
    }

    /// A class's function seen through an instance.
    fn bind(&mut self, ty: Ty, receiver: Def) -> Ty {
        ty.map(|part| match part {
            Ty::Function(def, None) => {
                let traits = self.traits(*def);
                if traits.is_static { part.clone() } else { Ty::Function(*def, Some(Class::Own(receiver))) }
            }
            part => part.clone(),
        })
    }

    pub(super) fn class_attribute(&mut self, class: Def, name: &str) -> Ty {
        match self.instance_attribute(class, name) {
            Ty::Function(def, Some(_)) if !self.traits(def).is_class => Ty::Function(def, None),
            Ty::Property(..) => Ty::Unknown,
            ty => ty,
        }
    }

    pub(super) fn super_attribute(&mut self, class: Def, name: &str) -> Ty {
        let mro = self.mro(class);
        self.attribute_in(&mro, &mro.classes[1..], class, name)
    }

    /// The method `name` that an instance of `class` runs, if the program defines it.
    pub fn method(&mut self, class: Def, name: &str) -> Option<Def> {
        match self.instance_attribute(class, name) {
            Ty::Function(def, _) => Some(def),
            _ => None,
        }
    }
}

/// The merge step of C3. Where the order is inconsistent (Python would refuse the class) the first candidate is taken.
fn merge(mut orders: Vec<Vec<Def>>) -> Vec<Def> {
    let mut result = Vec::new();
    loop {
        orders.retain(|o| !o.is_empty());
        let Some(first) = orders.first() else { return result };
        let in_no_tail = |c: &Def| orders.iter().all(|o| !o[1..].contains(c));
        let next = orders.iter().map(|o| o[0]).find(in_no_tail).unwrap_or(first[0]);
        result.push(next);
        for order in &mut orders {
            order.retain(|c| *c != next);
        }
    }
}
