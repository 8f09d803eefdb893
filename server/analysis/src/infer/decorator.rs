//! Decorators: what stands under the name of a decorated definition.

use super::{Answer, Infer, Key, working_for};
use crate::finding::FileId;
use crate::knowledge::Kind;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use std::sync::Arc;

/// What decorators of the standard kinds make of a function.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traits {
    /// `property`, `cached_property` and the like.
    pub is_property: bool,
    /// `staticmethod`.
    pub is_static: bool,
    /// `classmethod`, and the methods that are class methods without one.
    pub is_class: bool,
    /// `contextmanager` (false) or `asynccontextmanager` (true).
    pub context_manager: Option<bool>,
    /// `overload`.
    pub is_overload: bool,
    /// `abstractmethod`.
    pub is_abstract: bool,
}

/// What a decorator of the program does with the function it is given.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Effect {
    /// It returns it.
    Keeps,
    /// It returns this nested function in its place.
    Wraps(Def),
    /// Nobody knows.
    Unknown,
}

impl Infer<'_> {
    /// The standard traits of a function.
    pub fn traits(&mut self, def: Def) -> Arc<Traits> {
        let key = Key::Traits(def);
        if let Some(traits) = self.world.recall(&key) {
            return traits;
        }
        let traits = {
            let _own = working_for(def.file);
            Arc::new(self.find_traits(def))
        };
        self.world.remember(key, Some(Answer::Traits(traits.clone())));
        traits
    }

    fn find_traits(&self, def: Def) -> Traits {
        let mut traits = Traits::default();
        let facts = self.facts(def.file);
        let name = facts.name(facts.scope(def.scope).name);
        traits.is_class = matches!(name, "__init_subclass__" | "__class_getitem__");
        for &decorator in facts.list(facts.scope(def.scope).decorators) {
            self.add_trait(&mut traits, def.file, decorator);
        }
        traits
    }

    fn add_trait(&self, traits: &mut Traits, file: FileId, decorator: ExprId) {
        let facts = self.facts(file);
        let target = match facts.expr(decorator).kind {
            ExprKind::Call { func, .. } => func,
            _ => decorator,
        };
        // Spelled, not inferred: whether a method is a property is asked while types are still being found.
        let Some(dotted) = facts.dotted(target) else { return };
        match dotted.rsplit('.').next().unwrap_or_default() {
            "property" | "cached_property" | "abstractproperty" | "hybrid_property" | "computed_field" => {
                traits.is_property = true;
            }
            "staticmethod" => traits.is_static = true,
            "classmethod" | "validator" | "root_validator" | "field_validator" => traits.is_class = true,
            "contextmanager" => traits.context_manager = Some(false),
            "asynccontextmanager" => traits.context_manager = Some(true),
            "overload" => traits.is_overload = true,
            "abstractmethod" => traits.is_abstract = true,
            _ => {}
        }
    }

    /// The value a `def` or `class` statement binds.
    pub fn definition(&mut self, def: Def) -> Ty {
        if let Some(known) = self.known_definition(def) {
            return known;
        }
        let scope = self.world.scope(def);
        if scope.kind == ScopeKind::Class {
            return Ty::Class(Class::Own(def));
        }
        if scope.decorators.0.is_empty() {
            return Ty::Function(def, None);
        }
        self.ask(Key::Value(def), |me| {
            let facts = me.facts(def.file);
            let mut ty = Ty::Function(def, None);
            for &decorator in facts.list(facts.scope(def.scope).decorators).iter().rev() {
                ty = me.decorated(def.file, decorator, ty);
            }
            ty
        })
    }

    fn decorated(&mut self, file: FileId, decorator: ExprId, inner: Ty) -> Ty {
        let facts = self.facts(file);
        let (target, is_call) = match facts.expr(decorator).kind {
            ExprKind::Call { func, .. } => (func, true),
            _ => (decorator, false),
        };
        match self.expr(file, target) {
            Ty::External(path) => self.decorated_by_external(&path, inner),
            Ty::Class(Class::External(path)) => self.decorated_by_external(&path, inner),
            Ty::Function(decorator, _) if decorator.scope != ScopeId::MODULE => {
                let effect = if is_call {
                    match self.effect(decorator) {
                        Effect::Wraps(factory) => self.effect(factory),
                        _ => Effect::Unknown,
                    }
                } else {
                    self.effect(decorator)
                };
                match effect {
                    Effect::Keeps => inner,
                    Effect::Wraps(wrapper) => Ty::Wrapped { wrapper, inner: Arc::new(inner) },
                    Effect::Unknown => Ty::Opaque(Arc::new(inner)),
                }
            }
            // `@value.setter` and the like on something of the program.
            Ty::Property(..) => inner,
            _ => match facts.dotted(target) {
                Some(d) if d.ends_with(".setter") || d.ends_with(".getter") || d.ends_with(".deleter") => inner,
                _ => Ty::Opaque(Arc::new(inner)),
            },
        }
    }

    /// Whether calling `path` with a function gives a function made of it.
    pub(super) fn is_wrapper(&self, path: &str) -> bool {
        let knowledge = self.world.knowledge;
        knowledge.decorator(path).is_some()
            || knowledge.offload(path).is_some_and(|o| o.kind == Kind::Wrapper)
            || knowledge.starter(path).is_some_and(|s| s.kind == Kind::Wrapper)
    }

    pub(super) fn decorated_by_external(&mut self, path: &str, inner: Ty) -> Ty {
        use crate::knowledge::Effect as Known;
        let knowledge = self.world.knowledge;
        if knowledge.offload(path).is_some_and(|o| o.kind == Kind::Wrapper) {
            return Ty::Offloaded(Arc::new(inner));
        }
        if knowledge.starter(path).is_some_and(|s| s.kind == Kind::Wrapper) {
            return Ty::Bridge(path.into(), Arc::new(inner));
        }
        match knowledge.decorator(path).map(|d| d.effect) {
            Some(Known::ToThread) => Ty::Offloaded(Arc::new(inner)),
            Some(Known::ToSync) => Ty::Bridge(path.into(), Arc::new(inner)),
            Some(Known::OwnThread | Known::Changes) => Ty::Opaque(Arc::new(inner)),
            Some(_) => inner,
            None if knowledge.contexts().by_decorator(path).next().is_some() => inner,
            None => Ty::Opaque(Arc::new(inner)),
        }
    }

    /// Whether the decorator function returns what it is given, or a nested function.
    fn effect(&self, decorator: Def) -> Effect {
        self.world.noted(Key::DecoratorEffect(decorator), || self.find_effect(decorator))
    }

    pub(super) fn find_effect(&self, decorator: Def) -> Effect {
        let facts = self.facts(decorator.file);
        if self.world.is_async(decorator) || self.world.has_yield(decorator) {
            return Effect::Unknown;
        }
        let returns = self.world.index_of(decorator.file).returns.get(&decorator.scope).cloned().unwrap_or_default();
        let mut effects = returns.iter().map(|(stmt, value)| match value {
            Some(value) => self.returned_function(facts, decorator, *stmt, *value),
            None => Effect::Unknown,
        });
        let Some(first) = effects.next() else { return Effect::Unknown };
        if effects.all(|e| e == first) { first } else { Effect::Unknown }
    }

    fn returned_function(&self, facts: &FileFacts, decorator: Def, stmt: StmtId, value: ExprId) -> Effect {
        match &facts.expr(value).kind {
            ExprKind::Name(name) => {
                let params = facts.params_of(decorator.scope);
                let skip = usize::from(self.world.class_of(decorator).is_some());
                if params.iter().skip(skip).take(1).any(|p| p.name == *name) {
                    return Effect::Keeps;
                }
                let index = self.world.index_of(decorator.file);
                let bindings = index.reaching(facts, decorator.scope, *name, Some(stmt));
                match bindings.as_slice() {
                    [Binding { kind: BindingKind::Def(scope), .. }] => {
                        Effect::Wraps(Def { file: decorator.file, scope: *scope })
                    }
                    _ => Effect::Unknown,
                }
            }
            // `functools.update_wrapper(wrapper, f)`, `functools.wraps(f)(wrapper)`, `cast(T, wrapper)`
            ExprKind::Call { func, args } => {
                let name = facts.dotted(*func).unwrap_or_default();
                let at = usize::from(name == "cast" || name.ends_with(".cast"));
                let known = at == 1
                    || name.ends_with("update_wrapper")
                    || matches!(facts.expr(*func).kind, ExprKind::Call { func, .. }
                        if facts.dotted(func).is_some_and(|n| n.ends_with("wraps")));
                match facts.args(*args).get(at) {
                    Some(arg) if known => self.returned_function(facts, decorator, stmt, arg.value),
                    _ => Effect::Unknown,
                }
            }
            _ => Effect::Unknown,
        }
    }
}
