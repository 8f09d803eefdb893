//! Values that depend on the probe: `AsyncRuntime` where a loop runs, `Runtime` where none does.
//!
//! Code that serves both worlds makes one object or the other, keeps it in a variable, an attribute, a property or a
//! factory, and calls it later without asking again. The loop-state flow knows which definition is made in which state;
//! this follows the definitions through assignments, `__init__`, getters and return values, across files.

use crate::flow::{self, Definition, LoopFlow, Options, StateSet};
use crate::infer::{Answer, Infer, Key, World, working_for};
use crate::states::{Flows, NameOracle, may_probe};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use std::sync::Arc;

/// How many assignments, attributes and factories a value is followed through.
const MAX_STEPS: u8 = 6;

/// What a value is, by whether a loop ran where it was made.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ByLoop {
    /// Where a loop ran.
    pub(crate) running: Ty,
    /// Where none did.
    pub(crate) not_running: Ty,
}

impl ByLoop {
    fn map(&self, mut f: impl FnMut(&Ty) -> Ty) -> Option<Self> {
        Self::telling(f(&self.running), f(&self.not_running))
    }

    /// Nothing is told by a value that is the same either way, or unknown where a loop ran.
    fn telling(running: Ty, not_running: Ty) -> Option<Self> {
        (running != not_running && running != Ty::Unknown).then_some(Self { running, not_running })
    }
}

/// Where a value is made that depends on the probe, for the words of a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    /// The function whose flow tells the two apart.
    pub(crate) def: Def,
    /// The expressions that make it where a loop runs.
    pub(crate) running: Vec<ExprId>,
}

/// Follows values of one file.
pub(crate) struct Follow<'f, 'w> {
    /// Types.
    pub(crate) infer: &'f mut Infer<'w>,
    /// The flows of the file the questions are about.
    pub(crate) flows: &'f mut Flows<'w>,
}

impl Follow<'_, '_> {
    /// What an expression of the file is, where that depends on the probe.
    pub(crate) fn expr(&mut self, expr: ExprId) -> Option<ByLoop> {
        self.step(expr, MAX_STEPS)
    }

    fn step(&mut self, expr: ExprId, steps: u8) -> Option<ByLoop> {
        let steps = steps.checked_sub(1)?;
        let (world, file) = (self.infer.world, self.flows.file());
        let facts = world.facts(file);
        match facts.expr(expr).kind {
            ExprKind::Name(_) => {
                let definitions = self.definitions(expr)?;
                self.made(&definitions, steps)
            }
            ExprKind::Attribute { value, attr } => {
                let name = facts.name(attr);
                match self.infer.expr(file, value) {
                    Ty::Instance(Class::Own(class)) => attribute(world, class, name, steps).map(Arc::unwrap_or_clone),
                    _ => {
                        let of = self.step(value, steps)?;
                        of.map(|ty| self.infer.member(ty, name))
                    }
                }
            }
            ExprKind::Call { func, .. } => match self.infer.expr(file, func) {
                Ty::Function(def, _) => returned(world, def, steps).map(Arc::unwrap_or_clone),
                _ => {
                    let callee = self.step(func, steps)?;
                    callee.map(|ty| self.infer.called(ty))
                }
            },
            _ => None,
        }
    }

    /// The definitions of a variable at a use, with a loop running and without.
    fn definitions(&mut self, name: ExprId) -> Option<Definitions> {
        let facts = self.infer.world.facts(self.flows.file());
        let flow = self.flows.around(name);
        if !flow.is_trivial() {
            return Some(Definitions {
                running: flow.definitions_at(facts, name, StateSet::WHEN_RUNNING),
                not_running: flow.definitions_at(facts, name, StateSet::WHEN_NOT_RUNNING),
            });
        }
        let ExprKind::Name(id) = facts.expr(name).kind else { return None };
        let (scope, at) = (facts.expr(name).scope, facts.stmt_of(name)?);
        let index = self.infer.world.index_of(self.flows.file());
        match index.reaching(facts, scope, id, Some(at)).as_slice() {
            [Binding { kind: BindingKind::Assign { value, annotation: None }, .. }] => {
                let only = vec![Definition::Expr(*value)];
                Some(Definitions { running: only.clone(), not_running: only })
            }
            _ => None,
        }
    }

    fn made(&mut self, definitions: &Definitions, steps: u8) -> Option<ByLoop> {
        if definitions.running.is_empty() {
            return None;
        }
        let running = self.union(&definitions.running, steps, |by| by.running.clone());
        let not_running = self.union(&definitions.not_running, steps, |by| by.not_running.clone());
        ByLoop::telling(running, not_running)
    }

    fn union(&mut self, definitions: &[Definition], steps: u8, of: impl Fn(&ByLoop) -> Ty) -> Ty {
        let file = self.flows.file();
        let parts: Vec<Ty> = definitions
            .iter()
            .map(|definition| match *definition {
                Definition::Expr(expr) => match self.step(expr, steps) {
                    Some(by_loop) => of(&by_loop),
                    None => self.infer.expr(file, expr),
                },
                Definition::Import(import) => self.infer.imported(file, import),
                Definition::Scope(scope) => self.infer.definition(Def { file, scope }),
                Definition::Other => Ty::Unknown,
            })
            .collect();
        Ty::union(parts)
    }
}

/// Where a value comes from, with a loop running and without.
struct Definitions {
    running: Vec<Definition>,
    not_running: Vec<Definition>,
}

/// What an attribute of the instances of a class holds, where that depends on the probe.
fn attribute(world: &World, class: Def, name: &str, steps: u8) -> Option<Arc<ByLoop>> {
    let class = giver(world, class, name)?;
    own_attribute(world, class, name, steps)
}

/// The class that gives instances of `class` an attribute: itself, or one it is derived from.
fn giver(world: &World, class: Def, name: &str) -> Option<Def> {
    let mut infer = Infer::new(world);
    let mro = infer.mro(class);
    mro.classes.iter().copied().find(|class| infer.gives(*class, name))
}

/// What a class itself gives its instances under a name, where that depends on the probe. What fewer steps cut off is not
/// remembered under the same key.
pub(crate) fn own_attribute(world: &World, class: Def, name: &str, steps: u8) -> Option<Arc<ByLoop>> {
    remembered(world, Key::AttributeByLoop(class, name.into(), steps), |world| {
        let method = assigning_method(world, class, name)?;
        match method {
            Maker::Getter(def) => returned(world, def, steps).map(Arc::unwrap_or_clone),
            Maker::Method(def) => attribute_after(world, def, name, steps),
        }
    })
}

/// What makes the value of an attribute.
enum Maker {
    /// A property's getter returns it.
    Getter(Def),
    /// A method assigns it, the only one that assigns anything but None.
    Method(Def),
}

fn assigning_method(world: &World, class: Def, name: &str) -> Option<Maker> {
    let (facts, index) = (world.facts(class.file), world.index_of(class.file));
    let id = index.name(name)?;
    let mut bound = index.bindings(facts, class.scope, id);
    if let Some(BindingKind::Def(scope)) = bound.next().map(|b| b.kind) {
        let def = Def { file: class.file, scope };
        return Infer::new(world).traits(def).is_property.then_some(Maker::Getter(def));
    }
    let something =
        |a: &&crate::index::AttributeDef| a.value.is_none_or(|value| !matches!(facts.expr(value).kind, ExprKind::None));
    let mut methods: Vec<ScopeId> =
        index.attributes(class.scope, id).iter().filter(something).map(|a| a.method).collect();
    methods.dedup();
    match methods.as_slice() {
        [only] => Some(Maker::Method(Def { file: class.file, scope: *only })),
        _ => None,
    }
}

/// What `self.name` holds when a method returns, where that depends on the probe.
fn attribute_after(world: &World, method: Def, name: &str, steps: u8) -> Option<ByLoop> {
    let flow = flow_of(world, method)?;
    let facts = world.facts(method.file);
    let at_exit = flow.attributes().iter().find(|a| facts.name(a.name) == name)?;
    let definitions = Definitions { running: at_exit.running.clone(), not_running: at_exit.not_running.clone() };
    let mut flows = Flows::new(world, method.file);
    Follow { infer: &mut Infer::new(world), flows: &mut flows }.made(&definitions, steps)
}

/// What a plain function returns, where that depends on the probe.
pub(crate) fn returned(world: &World, def: Def, steps: u8) -> Option<Arc<ByLoop>> {
    if world.is_async(def) || world.has_yield(def) {
        return None;
    }
    remembered(world, Key::ReturnByLoop(def, steps), |world| {
        let mut flows = Flows::new(world, def.file);
        let flow = flow_of(world, def);
        let definitions = match &flow {
            Some(flow) => {
                let (running, not_running) = flow.returned();
                Definitions { running: running.to_vec(), not_running: not_running.to_vec() }
            }
            // A wrapper around another factory.
            None => {
                let index = world.index_of(def.file);
                let [(_, Some(value))] = index.returns.get(&def.scope)?.as_slice() else { return None };
                let only = vec![Definition::Expr(*value)];
                Definitions { running: only.clone(), not_running: only }
            }
        };
        Follow { infer: &mut Infer::new(world), flows: &mut flows }.made(&definitions, steps)
    })
}

/// The flow of a function; none where nothing in it tells anything about the loop.
fn flow_of(world: &World, def: Def) -> Option<LoopFlow> {
    if !may_probe(world, def.file) {
        return None;
    }
    let oracle = NameOracle::new(world, def.file, 0);
    let flow = flow::analyze(world.facts(def.file), def.scope, StateSet::UNKNOWN, &oracle, Options::default());
    (!flow.is_trivial()).then_some(flow)
}

/// Where an attribute of a class gets its two values.
pub(crate) fn attribute_origin(world: &World, class: Def, name: &str) -> Option<Origin> {
    let class = giver(world, class, name)?;
    let Maker::Method(def) = assigning_method(world, class, name)? else { return None };
    let facts = world.facts(def.file);
    let flow = flow_of(world, def)?;
    let at_exit = flow.attributes().iter().find(|a| facts.name(a.name) == name)?;
    Some(Origin { def, running: made_exprs(&at_exit.running) })
}

/// Where a variable gets its two values.
pub(crate) fn variable_origin(flows: &mut Flows<'_>, facts: &FileFacts, name: ExprId) -> Option<Origin> {
    let flow = flows.around(name);
    let running = made_exprs(&flow.definitions_at(facts, name, StateSet::WHEN_RUNNING));
    let def = Def { file: flows.file(), scope: facts.code_scope(facts.expr(name).scope) };
    (!flow.is_trivial() && !running.is_empty()).then_some(Origin { def, running })
}

fn made_exprs(definitions: &[Definition]) -> Vec<ExprId> {
    let exprs = definitions.iter().filter_map(|definition| match definition {
        Definition::Expr(expr) => Some(*expr),
        _ => None,
    });
    exprs.collect()
}

fn remembered(world: &World, key: Key, find: impl FnOnce(&World) -> Option<ByLoop>) -> Option<Arc<ByLoop>> {
    if let Some(known) = world.recall::<Option<Arc<ByLoop>>>(&key) {
        return known;
    }
    let found = {
        let _own = working_for(key.file());
        find(world).map(Arc::new)
    };
    world.remember(key, Some(Answer::ByLoop(found.clone())));
    found
}
