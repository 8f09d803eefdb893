//! Calls: which functions of the program they run, or may.

use super::order::is_conditional;
use super::{Happens, SiteFinder, run_scope};
use crate::by_loop::Follow;
use crate::contexts::construction_hooks;
use crate::finding::Confidence;
use crate::infer::{Infer, Key, World};
use crate::settings::RunsOn;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// A target of a call, before it is known whether it runs at once.
pub(super) struct Target {
    pub(super) ty: Ty,
    pub(super) confidence: Confidence,
}

impl SiteFinder<'_> {
    pub(super) fn call(&mut self, expr: ExprId, func: ExprId, args: Run) {
        self.decorated_by_hand(expr, func, args);
        self.made_by_method(expr, func);
        let callee = self.callee(func);
        let by_loop = match callee.parts() {
            [_] => None,
            _ => Follow { infer: &mut self.infer, flows: &mut self.flows }.expr(func),
        };
        let Some(by_loop) = by_loop else {
            let exact = self.is_made_here(func);
            return self.call_of(expr, func, args, callee, exact);
        };
        // What was made where a loop ran is called where one runs, and the other where none does.
        for (runs, callee) in [(true, by_loop.running), (false, by_loop.not_running)] {
            self.made_running = Some(runs);
            if callee != Ty::Unknown {
                self.call_of(expr, func, args, callee, true);
            }
        }
        self.made_running = None;
    }

    /// A call of a known callee; `exact` where the receiver's very class is known.
    fn call_of(&mut self, expr: ExprId, func: ExprId, args: Run, mut callee: Ty, exact: bool) {
        if self.is_awaited(expr) {
            callee = self.awaitable_part(&callee);
        }
        let parts = callee.parts();
        // `Client | AsyncClient`: code that serves both knows what it does with each.
        let either = parts.len() > 1 && parts.iter().any(|p| self.is_coroutine_function(p));
        let whole = match (parts.len(), callee.has_unknown() || either) {
            (1, _) => Confidence::Certain,
            (_, false) => Confidence::Likely,
            (_, true) => Confidence::Possible,
        };
        for part in parts {
            match part {
                Ty::Unknown => self.by_name(expr, func),
                Ty::External(path) => {
                    let path = path.clone();
                    self.external(expr, &path, args, whole);
                }
                _ => {
                    let part = match part {
                        // The very class is known: nothing below it can override.
                        Ty::Function(def, Some(_)) if exact => &Ty::Function(*def, None),
                        part => part,
                    };
                    self.given_to(expr, part, args);
                    for target in self.targets(part) {
                        self.run(expr, target, args, whole);
                    }
                }
            }
        }
    }

    /// The alternatives of a callee whose result can be awaited: of `Client | AsyncClient`, an awaited call means the
    /// second.
    pub(super) fn awaitable_part(&mut self, callee: &Ty) -> Ty {
        let can = |ty: &Ty| ty.parts().iter().any(|p| matches!(p, Ty::Coroutine(_) | Ty::Awaitable(_) | Ty::Unknown));
        let fits = |me: &mut Self, p: &Ty| matches!(p, Ty::External(_)) || can(&me.infer.called(p));
        let parts: Vec<Ty> = callee.parts().iter().filter(|p| fits(self, p)).cloned().collect();
        Ty::union(parts)
    }

    /// Whether nothing is known of a receiver because a caller gives it: a parameter without annotation, or an attribute
    /// that holds one. What an outside call made is no object of the program.
    fn is_given(&self, receiver: ExprId) -> bool {
        let index = self.context.world.index_of(self.file);
        let is_parameter = |name: NameId, scope: ScopeId| {
            let mut bindings = index.bindings(self.facts, scope, name);
            let first = bindings.next().map(|b| b.kind);
            let plain =
                matches!(first, Some(BindingKind::Param(i)) if self.facts.params[i as usize].annotation.is_none());
            plain && bindings.next().is_none()
        };
        match self.facts.expr(receiver).kind {
            ExprKind::Name(name) => is_parameter(name, run_scope(self.facts, self.facts.expr(receiver).scope)),
            ExprKind::Attribute { value, attr } => {
                let ExprKind::Name(of) = self.facts.expr(value).kind else { return false };
                let method = run_scope(self.facts, self.facts.expr(receiver).scope);
                let Some(class) = index.self_class(self.facts, method, of) else { return false };
                let assigned = index.attributes(class, attr);
                !assigned.is_empty()
                    && assigned.iter().all(|a| match a.value.map(|v| &self.facts.expr(v).kind) {
                        Some(ExprKind::Name(name)) => a.annotation.is_none() && is_parameter(*name, a.method),
                        _ => false,
                    })
            }
            _ => false,
        }
    }

    fn is_coroutine_function(&self, callee: &Ty) -> bool {
        match callee {
            Ty::Function(def, _) => self.context.world.is_async(*def),
            Ty::External(path) => self.context.world.knowledge.coroutine(path),
            _ => false,
        }
    }

    /// Whether the receiver of a method call is an object made by calling a class right here, or bound to one.
    pub(super) fn is_made_here(&mut self, func: ExprId) -> bool {
        let Some(class) = self.maker(func) else { return false };
        matches!(self.infer.expr(self.file, class), Ty::Class(Class::Own(_)))
    }

    /// What is called to make the receiver of a method call: right there, or in the one assignment that reaches it.
    pub(super) fn maker(&self, func: ExprId) -> Option<ExprId> {
        let ExprKind::Attribute { value, .. } = self.facts.expr(func).kind else { return None };
        let made = match self.facts.expr(value).kind {
            ExprKind::Name(name) => {
                let scope = self.facts.expr(value).scope;
                let at = self.facts.stmt_of(value).filter(|s| self.facts.stmt(*s).scope == scope);
                let bindings = self.context.world.index_of(self.file).reaching(self.facts, scope, name, at);
                match bindings.as_slice() {
                    [Binding { kind: BindingKind::Assign { value, annotation: None }, .. }] if at.is_some() => *value,
                    _ => return None,
                }
            }
            _ => value,
        };
        match self.facts.expr(made).kind {
            ExprKind::Call { func, .. } => Some(func),
            _ => None,
        }
    }

    /// What is called: properties are read first.
    pub(super) fn callee(&mut self, func: ExprId) -> Ty {
        self.infer.expr(self.file, func)
    }

    /// A call on a receiver nobody knows: the method of that name, if there is but one in the program.
    pub(super) fn by_name(&mut self, expr: ExprId, func: ExprId) {
        let ExprKind::Attribute { value, attr } = self.facts.expr(func).kind else { return };
        let name = self.facts.name(attr);
        if name == "run_until_complete" {
            let path = SmolStr::new_static("asyncio.AbstractEventLoop.run_until_complete");
            if !self.is_awaited(expr) {
                self.push(expr, Happens::StartsLoop(path), Confidence::Likely);
            }
            return;
        }
        if self.is_given(value)
            && let Some(def) = self.context.unique_method(self.file, name)
            && !self.is_awaited(expr)
            && !self.context.world.has_yield(def)
        {
            self.push(expr, Happens::Runs(def), Confidence::Possible);
        }
    }

    pub(super) fn targets(&mut self, callee: &Ty) -> Vec<Target> {
        let certain = |ty: Ty| Target { ty, confidence: Confidence::Certain };
        match callee {
            Ty::Function(def, receiver) => self.dispatch(*def, receiver.as_ref()),
            Ty::Wrapped { wrapper, inner } => {
                let mut all = vec![certain(Ty::Function(*wrapper, None))];
                match self.calls_wrapped(*wrapper) {
                    Some(true) => all.extend(self.targets(inner)),
                    Some(false) => all.extend(self.lowered(inner)),
                    None => {}
                }
                all
            }
            Ty::Opaque(inner) => self.lowered(inner),
            Ty::Partial(inner) => self.targets(inner),
            Ty::Class(Class::Own(class)) => self.construction(*class),
            Ty::Instance(Class::Own(class)) => match self.infer.method(*class, "__call__") {
                Some(def) => self.dispatch(def, Some(&Class::Own(*class))),
                None => Vec::new(),
            },
            Ty::External(_) | Ty::Bridge(..) | Ty::Offloaded(_) => vec![certain(callee.clone())],
            Ty::Union(parts) => parts.iter().flat_map(|p| self.lowered(p)).collect(),
            _ => Vec::new(),
        }
    }

    /// The methods that making an instance runs.
    pub(super) fn construction(&mut self, class: Def) -> Vec<Target> {
        let target = |def, confidence| Target { ty: Ty::Function(def, None), confidence };
        let names = ["__new__", "__init__", "__post_init__", "__attrs_post_init__", "model_post_init"];
        let methods = names.iter().filter_map(|n| self.infer.method(class, n));
        let mut all: Vec<Target> = methods.map(|def| target(def, Confidence::Certain)).collect();
        let hooks = construction_hooks(&mut self.infer, class).into_iter();
        all.extend(hooks.map(|def| target(def, Confidence::Likely)));
        all
    }

    pub(super) fn lowered(&mut self, callee: &Ty) -> Vec<Target> {
        let mut targets = self.targets(callee);
        for target in &mut targets {
            target.confidence = target.confidence.min(Confidence::Likely);
        }
        targets
    }

    /// The functions a method call may run: the one found, or those that override it below the receiver's class.
    pub(super) fn dispatch(&mut self, def: Def, receiver: Option<&Class>) -> Vec<Target> {
        let one = |def, confidence| Target { ty: Ty::Function(def, None), confidence };
        let Some(Class::Own(class)) = receiver else { return vec![one(def, Confidence::Certain)] };
        let name = self.context.world.name(def);
        let below = self.context.below(self.file, *class);
        let mut overriding: Vec<Def> = below.iter().filter_map(|c| self.own_method(*c, name)).collect();
        overriding.retain(|d| *d != def);
        overriding.sort_unstable();
        overriding.dedup();
        let is_abstract = self.infer.traits(def).is_abstract || self.infer.is_abstract(def);
        match (overriding.as_slice(), is_abstract) {
            ([], _) => vec![one(def, Confidence::Certain)],
            (_, false) => vec![one(def, Confidence::Likely)],
            ([only], true) => vec![one(*only, Confidence::Likely)],
            (several, true) if several.len() <= 3 => several.iter().map(|d| one(*d, Confidence::Possible)).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn own_method(&self, class: Def, name: &str) -> Option<Def> {
        let world = self.context.world;
        world.noted(Key::OwnMethod(class, name.into()), || find_own_method(world, class, name))
    }

    /// Whether a decorator's wrapper calls the decorated function itself (and does not hand it over to a thread), and if
    /// so, always.
    pub(super) fn calls_wrapped(&self, wrapper: Def) -> Option<bool> {
        self.context.world.noted(Key::CallsWrapped(wrapper), || find_calls_wrapped(&self.infer, wrapper))
    }

    pub(super) fn run(&mut self, expr: ExprId, target: Target, args: Run, whole: Confidence) {
        let confidence = whole.min(target.confidence);
        match target.ty {
            Ty::Function(def, _) => self.run_function(expr, def, args, confidence),
            Ty::External(path) => self.external(expr, &path, args, confidence),
            Ty::Bridge(path, _) if !self.is_awaited(expr) => {
                self.push(expr, Happens::StartsLoop(path), confidence);
            }
            Ty::Offloaded(inner) => self.schedule(expr, &inner, RunsOn::Worker),
            _ => {}
        }
    }

    pub(super) fn run_function(&mut self, expr: ExprId, def: Def, args: Run, confidence: Confidence) {
        let world = self.context.world;
        if self.infer.traits(def).is_overload {
            return;
        }
        let settings = &world.program.file(self.file).settings;
        let own = !settings.blocking_calls.is_empty()
            || !settings.offload_functions.is_empty()
            || !settings.loop_starters.is_empty();
        if own && self.by_settings(expr, &world.qualified_name(def), args, confidence) {
            return;
        }
        // A plain function whose result is awaited, though it gives nothing to await. Found by its bare name, something else
        // of that name runs; where the very function is known, it runs before the `await` fails.
        let is_guess = confidence == Confidence::Possible;
        if is_guess && self.is_awaited(expr) && !world.is_async(def) {
            let result = self.infer.result(def);
            if !result.parts().iter().any(|p| matches!(p, Ty::Coroutine(_) | Ty::Awaitable(_))) {
                return;
            }
        }
        let lazy = world.has_yield(def) && !world.is_async(def);
        if !lazy || self.is_consumed(expr, def) {
            self.push(expr, Happens::Runs(def), confidence);
        }
    }
}

/// The method `name` in the body of a class.
pub(crate) fn find_own_method(world: &World, class: Def, name: &str) -> Option<Def> {
    let (file, index) = (class.file, world.index_of(class.file));
    let id = index.name(name)?;
    index.bindings(world.facts(file), class.scope, id).rev().find_map(|b| match b.kind {
        BindingKind::Def(scope) => Some(Def { file, scope }),
        _ => None,
    })
}

/// Whether the code of a decorator's wrapper calls the decorated function, and if so, always.
pub(crate) fn find_calls_wrapped(infer: &Infer<'_>, wrapper: Def) -> Option<bool> {
    let world = infer.world;
    let facts = world.facts(wrapper.file);
    let calls = facts.exprs().filter(|(_, e)| match e.kind {
        ExprKind::Call { func, .. } => {
            facts.code_scope(e.scope) == wrapper.scope && infer.is_wrapped_function(wrapper, func)
        }
        _ => false,
    });
    calls.map(|(call, _)| !is_conditional(world, wrapper.file, call, wrapper.scope)).max()
}
