//! What a function of the program does with a parameter: closes it, keeps it, or only uses it while it runs.

use super::cfg::{Cfg, NodeId};
use super::flow::{Event, Events, Flow, Point, States};
use super::uses::{Use, Uses};
use crate::finding::FileId;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::rc::Rc;

/// What a function does with what it is given.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It uses it until it returns.
    Borrows,
    /// It closes it whenever it returns.
    Closes,
    /// It keeps it, closes it sometimes, or nobody can tell.
    Takes,
}

/// What is known of parameters, for values of one kind: by function, parameter and how the value is closed.
#[derive(Default)]
pub(crate) struct Fates {
    known: FxHashMap<(Def, NameId, SmolStr), Fate>,
    /// The expressions that name each variable, by file.
    names: FxHashMap<FileId, FxHashMap<NameId, Rc<[ExprId]>>>,
}

impl Fates {
    /// The places in a file where a name stands as an expression.
    pub(super) fn named(&mut self, facts: &FileFacts, file: FileId, name: NameId) -> Rc<[ExprId]> {
        let names = self.names.entry(file).or_insert_with(|| {
            let mut names: FxHashMap<NameId, Vec<ExprId>> = FxHashMap::default();
            for (id, expr) in facts.exprs() {
                if let ExprKind::Name(name) = expr.kind {
                    names.entry(name).or_default().push(id);
                }
            }
            names.into_iter().map(|(name, at)| (name, at.into())).collect()
        });
        names.get(&name).cloned().unwrap_or_default()
    }

    /// The places where a variable of a function is named, those in functions and lambdas inside it included.
    pub(super) fn mentions(&mut self, facts: &FileFacts, file: FileId, scope: ScopeId, name: NameId) -> Vec<ExprId> {
        let named = self.named(facts, file, name);
        named.iter().copied().filter(|&at| is_mention(facts, scope, name, at)).collect()
    }
}

/// How many functions of the program a value is followed into.
const MAX_DEPTH: u8 = 3;

/// What `def` does with an argument of a call in the function of `uses`.
pub(super) fn of_argument(uses: &mut Uses<'_, '_>, def: Def, bound: bool, args: Run, at: ExprId) -> Fate {
    if uses.depth >= MAX_DEPTH {
        return Fate::Takes;
    }
    let Some(name) = parameter_of(uses, def, bound, args, at) else { return Fate::Takes };
    let key = (def, name, uses.owned.what.clone());
    if let Some(&fate) = uses.fates.known.get(&key) {
        return fate;
    }
    // A function that passes it on to itself.
    uses.fates.known.insert(key.clone(), Fate::Takes);
    let fate = of_parameter(&mut uses.within(def), name);
    uses.fates.known.insert(key, fate);
    fate
}

/// What the function of `uses` does with one of its parameters.
pub(crate) fn of_parameter(uses: &mut Uses<'_, '_>, name: NameId) -> Fate {
    let facts = uses.infer.world.facts(uses.file);
    let Some(events) = events(uses, &[name], &[]) else { return Fate::Takes };
    let all = |wanted: fn(Use) -> bool| events.at.values().any(|e| matches!(e, Event::Use(u) if wanted(*u)));
    if all(|u| u == Use::Gone) {
        return Fate::Takes;
    }
    if !all(|u| u == Use::Closed) {
        return if all(|u| u == Use::Rebound) { Fate::Takes } else { Fate::Borrows };
    }
    let Some(cfg) = Cfg::new(facts, uses.scope) else { return Fate::Takes };
    let mut events = events;
    events.note_arms(facts);
    let flow = Flow::new(facts, &cfg, &events, States::OPEN);
    if flow.before(NodeId::RETURNED).has(States::ANY_OPEN) { Fate::Takes } else { Fate::Closes }
}

/// What happens to the value of `names` (variables of the function of `uses`, all with the same value), and to that of the
/// variables it is given to. The expressions of `made` are targets that are given it. None where it cannot be followed: the
/// variable belongs to another scope, or an alias has other values too.
pub(crate) fn events(uses: &mut Uses<'_, '_>, names: &[NameId], made: &[(ExprId, Event)]) -> Option<Events> {
    let facts = uses.infer.world.facts(uses.file);
    let mut events = Events { names: names.to_vec(), ..Events::default() };
    let mut next = 0;
    while let Some(&name) = events.names.get(next) {
        next += 1;
        if !is_local(facts, uses.scope, name) {
            return None;
        }
        for mention in uses.fates.mentions(facts, uses.file, uses.scope, name) {
            let does = match uses.of(mention) {
                Use::Alias(other) if events.names.contains(&other) => Use::Looked,
                Use::Alias(other) if is_alias(facts, uses.scope, other) && events.names.len() < 4 => {
                    events.names.push(other);
                    Use::Looked
                }
                Use::Alias(_) => Use::Gone,
                // The target of an alias.
                Use::Rebound if !names.contains(&name) => Use::Looked,
                does => does,
            };
            let inside = facts.code_scope(facts.expr(mention).scope);
            let mention = if does == Use::Needed { done(facts, mention) } else { mention };
            let point = if inside == uses.scope {
                Point::Expr(mention)
            } else {
                Point::Define(outermost(facts, inside, uses.scope))
            };
            let event = events.at.entry(point).or_insert(Event::Use(does));
            if does == Use::Gone {
                *event = Event::Use(Use::Gone);
            }
        }
    }
    events.at.extend(made.iter().map(|&(at, event)| (Point::Expr(at), event)));
    Some(events)
}

/// Where the call of a method on a mention is over: a method that raises has not acquired anything.
fn done(facts: &FileFacts, mention: ExprId) -> ExprId {
    let mut at = mention;
    while let Parent::Expr(parent) = facts.expr(at).parent {
        let goes_on = match facts.expr(parent).kind {
            ExprKind::Attribute { .. } | ExprKind::Await(_) => true,
            ExprKind::Call { func, .. } => func == at,
            _ => false,
        };
        let is_over = matches!(facts.expr(at).kind, ExprKind::Await(_));
        if !goes_on || is_over {
            break;
        }
        at = parent;
    }
    at
}

/// The scope directly in `within` that holds `inside`.
fn outermost(facts: &FileFacts, mut inside: ScopeId, within: ScopeId) -> ScopeId {
    while let Some(parent) = facts.scope(inside).parent.map(|p| facts.code_scope(p)) {
        if parent == within {
            break;
        }
        inside = parent;
    }
    inside
}

/// Whether a variable belongs to the function.
pub(super) fn is_local(facts: &FileFacts, scope: ScopeId, name: NameId) -> bool {
    let s = facts.scope(scope);
    let declared = |run: Run| facts.name_lists[run.range()].contains(&name);
    let binds = facts.bindings_of(scope).iter().any(|b| b.name == name);
    binds && !declared(s.globals) && !declared(s.nonlocals) && !matches!(s.kind, ScopeKind::Module | ScopeKind::Class)
}

/// Whether a variable is only ever given one value.
fn is_alias(facts: &FileFacts, scope: ScopeId, name: NameId) -> bool {
    facts.bindings_of(scope).iter().filter(|b| b.name == name).count() == 1
}

/// The places where a variable of a function is named, those in functions and lambdas inside it included.
pub(crate) fn mentions(facts: &FileFacts, scope: ScopeId, name: NameId) -> Vec<ExprId> {
    let named = facts.exprs().filter(|(_, e)| e.kind == ExprKind::Name(name)).map(|(id, _)| id);
    named.filter(|&id| is_mention(facts, scope, name, id)).collect()
}

/// Whether a name stands for the variable of a function.
fn is_mention(facts: &FileFacts, scope: ScopeId, name: NameId, at: ExprId) -> bool {
    let e = facts.expr(at);
    facts.scope(scope).span.contains(e.span) && binding_scope(facts, e.scope, name) == scope
}

fn binding_scope(facts: &FileFacts, mut scope: ScopeId, name: NameId) -> ScopeId {
    loop {
        let binds = facts.bindings_of(scope).iter().any(|b| b.name == name);
        let declared = facts.name_lists[facts.scope(scope).nonlocals.range()].contains(&name);
        match facts.scope(scope).parent {
            Some(parent) if !binds || declared => scope = parent,
            _ => return scope,
        }
    }
}

/// The parameter of `def` that takes the argument `at` of a call.
fn parameter_of(uses: &mut Uses<'_, '_>, def: Def, bound: bool, args: Run, at: ExprId) -> Option<NameId> {
    let world = uses.infer.world;
    let facts = world.facts(uses.file);
    let args = facts.args(args);
    let position = args.iter().position(|a| a.value == at)?;
    if args[..=position].iter().any(|a| a.star != Star::No) {
        return None;
    }
    let is_static = uses.infer.traits(def).is_static;
    let theirs = world.facts(def.file);
    let params = theirs.params_of(def.scope);
    let found = match args[position].name {
        Some(keyword) => params.iter().find(|p| theirs.name(p.name) == facts.name(keyword)),
        None => params.get(position + usize::from(bound && !is_static)).filter(|p| !p.keyword_only),
    }?;
    (found.star == Star::No).then_some(found.name)
}
