//! Calls: what comes back.

use super::{Infer, Key};
use crate::finding::FileId;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use std::sync::Arc;

impl Infer<'_> {
    pub(super) fn call(&mut self, file: FileId, func: ExprId, args: Run) -> Ty {
        let callee = self.expr(file, func);
        callee.map(|part| match part {
            Ty::External(path) => self.external_call(file, func, path, args),
            part => self.called(part),
        })
    }

    /// What calling a value of the program gives.
    pub fn called(&mut self, callee: &Ty) -> Ty {
        callee.map(|part| match part {
            Ty::Function(def, receiver) => match (receiver, self.result(*def)) {
                // A method that returns `self` gives the receiver's class.
                (Some(Class::Own(class)), Ty::Instance(Class::Own(own)))
                    if self.world.class_of(*def) == Some(own) && self.returns_self(*def) =>
                {
                    Ty::Instance(Class::Own(*class))
                }
                (_, ty) => ty,
            },
            Ty::Class(class) => Ty::Instance(class.clone()),
            Ty::Instance(Class::Own(class)) => match self.method(*class, "__call__") {
                Some(def) => self.result(def),
                None => Ty::Unknown,
            },
            Ty::Partial(inner) => self.called(inner),
            Ty::Wrapped { wrapper, inner } => self.wrapped_result(*wrapper, inner),
            Ty::Opaque(inner) => self.called(inner).map(|ty| match ty {
                Ty::Coroutine(result) => Ty::Awaitable(result.clone()),
                ty => ty.clone(),
            }),
            Ty::Bridge(_, inner) => {
                let ty = self.called(inner);
                Self::awaited(&ty)
            }
            Ty::Offloaded(inner) => Ty::Coroutine(Arc::new(self.called(inner))),
            Ty::External(path) => self.external_result(path),
            _ => Ty::Unknown,
        })
    }

    fn returns_self(&self, def: Def) -> bool {
        self.world.noted(Key::ReturnsSelf(def), || self.find_returns_self(def))
    }

    pub(super) fn find_returns_self(&self, def: Def) -> bool {
        let facts = self.facts(def.file);
        let Some(first) = facts.params_of(def.scope).first() else { return false };
        let returns = self.world.index_of(def.file).returns.get(&def.scope);
        returns.is_some_and(|all| {
            all.iter().all(|(_, v)| v.is_some_and(|v| facts.expr(v).kind == ExprKind::Name(first.name)))
        })
    }

    fn wrapped_result(&mut self, wrapper: Def, inner: &Ty) -> Ty {
        if !self.world.noted(Key::PassesOn(wrapper), || self.passes_on(wrapper)) {
            return self.result(wrapper);
        }
        let ty = self.called(inner);
        if self.world.is_async(wrapper) { Ty::Coroutine(Arc::new(Self::awaited(&ty))) } else { ty }
    }

    /// Whether a decorator's wrapper returns what the decorated function returns.
    pub(super) fn passes_on(&self, wrapper: Def) -> bool {
        let facts = self.facts(wrapper.file);
        let returns = self.world.index_of(wrapper.file).returns.get(&wrapper.scope).map_or(&[][..], Vec::as_slice);
        returns.iter().any(|(_, value)| {
            let Some(mut value) = *value else { return false };
            if let ExprKind::Await(awaited) = facts.expr(value).kind {
                value = awaited;
            }
            matches!(facts.expr(value).kind, ExprKind::Call { func, .. } if self.is_wrapped_function(wrapper, func))
        })
    }

    /// Whether `func`, called in a decorator's `wrapper`, is the decorated function: the decorator's first parameter.
    pub fn is_wrapped_function(&self, wrapper: Def, func: ExprId) -> bool {
        let facts = self.facts(wrapper.file);
        let ExprKind::Name(name) = facts.expr(func).kind else { return false };
        let parent = facts.scope(wrapper.scope).parent;
        parent.and_then(|p| facts.params_of(p).first()).is_some_and(|p| p.name == name)
    }

    fn external_call(&mut self, file: FileId, func: ExprId, path: &str, args: Run) -> Ty {
        let facts = self.facts(file);
        let first = facts.args(args).iter().find(|a| a.name.is_none() && a.star == Star::No).map(|a| a.value);
        match (path, first) {
            ("functools.partial" | "functools.partialmethod", Some(f)) => Ty::Partial(Arc::new(self.expr(file, f))),
            ("builtins.super", None) => self.enclosing_class(file, func).map_or(Ty::Unknown, Ty::Super),
            ("builtins.super", Some(class)) => match self.expr(file, class) {
                Ty::Class(Class::Own(class)) => Ty::Super(class),
                _ => Ty::Unknown,
            },
            (
                "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.sorted" | "builtins.iter"
                | "builtins.reversed" | "builtins.frozenset",
                Some(items),
            ) => {
                let ty = self.expr(file, items);
                Ty::Container(Arc::new(self.element(&ty)))
            }
            ("builtins.next" | "builtins.anext" | "builtins.max" | "builtins.min", Some(items)) => {
                let ty = self.expr(file, items);
                self.element(&ty)
            }
            ("builtins.type", Some(value)) => match self.expr(file, value) {
                Ty::Instance(class) => Ty::Class(class),
                _ => Ty::Unknown,
            },
            ("typing.cast", Some(form)) => self.annotation(file, form),
            ("asyncio.wait_for" | "asyncio.shield", Some(inner)) => {
                let ty = self.expr(file, inner);
                Ty::Coroutine(Arc::new(Self::awaited(&ty)))
            }
            ("asyncio.create_task" | "asyncio.ensure_future", Some(inner)) => {
                let ty = self.expr(file, inner);
                Ty::Awaitable(Arc::new(Self::awaited(&ty)))
            }
            ("contextlib.closing" | "contextlib.aclosing", Some(inner)) => self.expr(file, inner),
            ("copy.copy" | "copy.deepcopy" | "dataclasses.replace", Some(inner)) => self.expr(file, inner),
            (path, Some(f)) if self.is_wrapper(path) => {
                let inner = self.expr(file, f);
                self.decorated_by_external(path, inner)
            }
            (path, _) => self.external_result(path),
        }
    }

    fn enclosing_class(&self, file: FileId, expr: ExprId) -> Option<Def> {
        let facts = self.facts(file);
        let mut at = Some(facts.expr(expr).scope);
        while let Some(scope) = at {
            if let Some(class) = self.world.class_of(Def { file, scope }) {
                return Some(class);
            }
            at = facts.scope(scope).parent;
        }
        None
    }

    /// What calling something outside the program gives, by what is known of it.
    fn external_result(&mut self, path: &str) -> Ty {
        let knowledge = self.world.knowledge;
        let known = |path: &str| {
            if let Some(returns) = knowledge.awaited_returns(path) {
                let ty = Arc::new(Ty::instance(&returns.result));
                return Some(if knowledge.coroutine(path) { Ty::Coroutine(ty) } else { Ty::Awaitable(ty) });
            }
            if knowledge.coroutine(path) {
                return Some(Ty::Coroutine(Arc::new(Ty::Unknown)));
            }
            knowledge.returns(path).map(|r| Ty::instance(&r.result))
        };
        // What the tables say of a method of a base holds for the class.
        let inherited = |(class, method)| knowledge.method(class, method, known);
        if let Some(ty) = known(path).or_else(|| path.rsplit_once('.').and_then(inherited)) {
            return ty;
        }
        if knowledge.is_class(path) {
            return Ty::instance(path);
        }
        let mut segments = path.rsplit('.');
        let last = segments.next().unwrap_or_default();
        let owner = segments.next().unwrap_or_default();
        if is_class_name(last) && !is_class_name(owner) { Ty::instance(path) } else { Ty::Unknown }
    }

    /// What calling a function of the program gives.
    pub fn result(&mut self, def: Def) -> Ty {
        let is_async = self.world.is_async(def);
        if self.world.has_yield(def) {
            return match self.traits(def).context_manager {
                Some(is_async) => Ty::ContextManager { def, is_async },
                None if is_async => Ty::AsyncGenerator(def),
                None => Ty::Generator(def),
            };
        }
        let inner = self.ask(Key::Return(def), |me| me.returned(def));
        if is_async { Ty::Coroutine(Arc::new(inner)) } else { inner }
    }

    fn returned(&mut self, def: Def) -> Ty {
        let facts = self.facts(def.file);
        let scope = facts.scope(def.scope);
        if scope.kind == ScopeKind::Lambda {
            return match facts.list(scope.body_exprs).first() {
                Some(&value) => self.expr(def.file, value),
                None => Ty::Unknown,
            };
        }
        if let Some(annotation) = scope.returns {
            let ty = self.annotation(def.file, annotation);
            if ty != Ty::Unknown {
                return ty;
            }
        }
        let returns = self.world.index_of(def.file).returns.get(&def.scope).cloned().unwrap_or_default();
        if returns.len() > 24 {
            return Ty::Unknown;
        }
        if returns.is_empty() {
            return if self.is_abstract(def) { Ty::Unknown } else { Ty::None };
        }
        let parts: Vec<Ty> =
            returns.iter().map(|(_, value)| value.map_or(Ty::None, |v| self.expr(def.file, v))).collect();
        Ty::union(parts)
    }

    /// What iteration over (or entering) a generator function gives.
    pub fn yielded(&mut self, def: Def) -> Ty {
        self.ask(Key::Yield(def), |me| {
            let facts = me.facts(def.file);
            if let Some(annotation) = facts.scope(def.scope).returns
                && let Ty::Container(element) = me.annotation(def.file, annotation)
                && *element != Ty::Unknown
            {
                return (*element).clone();
            }
            let yields: Vec<ExprId> = facts
                .exprs()
                .filter(|(_, e)| facts.code_scope(e.scope) == def.scope)
                .filter_map(|(_, e)| match e.kind {
                    ExprKind::Yield(value) => value,
                    _ => None,
                })
                .take(8)
                .collect();
            let parts: Vec<Ty> = yields.iter().map(|&y| me.expr(def.file, y)).collect();
            Ty::union(parts)
        })
    }

    /// What `with value as name` binds.
    pub fn entered(&mut self, ty: &Ty, is_async: bool) -> Ty {
        ty.map(|part| match part {
            Ty::ContextManager { def, .. } => self.yielded(*def),
            Ty::Coroutine(inner) | Ty::Awaitable(inner) if is_async => (**inner).clone(),
            Ty::Instance(Class::Own(class)) => {
                let name = if is_async { "__aenter__" } else { "__enter__" };
                match self.instance_attribute(*class, name) {
                    Ty::Function(def, receiver) => {
                        let ty = if self.returns_self(def) {
                            receiver.map_or(Ty::Unknown, Ty::Instance)
                        } else {
                            self.result(def)
                        };
                        if is_async && !matches!(ty, Ty::Instance(_)) { Self::awaited(&ty) } else { ty }
                    }
                    Ty::External(_) => part.clone(),
                    _ => Ty::Unknown,
                }
            }
            Ty::Instance(Class::External(path)) => {
                let knowledge = self.world.knowledge;
                let returns = if is_async { knowledge.async_entered(path) } else { knowledge.entered_returns(path) };
                returns.map_or_else(|| part.clone(), |r| Ty::instance(&r.result))
            }
            _ => Ty::Unknown,
        })
    }

    /// A function without a body of its own: `...`, `pass`, a docstring, `raise NotImplementedError`.
    pub fn is_abstract(&self, def: Def) -> bool {
        self.world.noted(Key::IsAbstract(def), || self.find_is_abstract(def))
    }

    pub(super) fn find_is_abstract(&self, def: Def) -> bool {
        let facts = self.facts(def.file);
        let block = facts.block(facts.scope(def.scope).body);
        block.iter().all(|&s| match &facts.stmt(s).kind {
            StmtKind::Pass => true,
            StmtKind::Expr(e) => matches!(facts.expr(*e).kind, ExprKind::Str(_) | ExprKind::Ellipsis),
            StmtKind::Raise { exc: Some(exc), .. } => {
                let name = match facts.expr(*exc).kind {
                    ExprKind::Call { func, .. } => facts.dotted(func),
                    _ => facts.dotted(*exc),
                };
                name.is_some_and(|n| n.ends_with("NotImplementedError"))
            }
            _ => false,
        })
    }
}

/// `CapWords`, as PEP 8 names classes.
fn is_class_name(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase())
}
