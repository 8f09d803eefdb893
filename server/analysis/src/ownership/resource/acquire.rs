//! Which calls make something that must be closed.

use super::class::Wrapper;
use super::fresh::called_method;
use super::{Acquisition, Needs, Origin, Owned, With, members::Members, row};
use crate::finding::{Confidence, FileId};
use crate::infer::{Infer, World};
use crate::knowledge::{Knowledge, Parts, Resource, written_name};
use crate::sites::holds;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::sync::{Arc, LazyLock};

/// How many classes and factories stand between a question and the row it ends at.
const MAX_DEPTH: usize = 5;

/// Asks what calls make that must be closed. Keeps what it found out for one file's rules.
pub(crate) struct Resources<'w> {
    pub(super) world: &'w World,
    /// Of classes and functions of the program.
    known: FxHashMap<Def, Option<Arc<Model>>>,
    pub(super) members: FxHashMap<FileId, Arc<Members>>,
    pub(super) overridden: FxHashMap<Def, bool>,
    pub(super) wrappers: FxHashMap<Def, Option<Arc<Wrapper>>>,
    /// The classes and functions being worked out.
    stack: Vec<Def>,
    /// A question that led too far, or back to itself, was cut at nothing.
    cut: bool,
}

/// What an instance of a class, or what a function returns, must be closed as.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) owned: Arc<Owned>,
    /// Parameters of `__init__`: an instance that is given one of them holds nothing of its own.
    pub(super) unless: Vec<SmolStr>,
    /// How sure it is where none of them is given.
    pub(super) if_own: Confidence,
}

/// What a call makes.
pub(super) struct Made {
    pub(super) owned: Arc<Owned>,
    awaited: Awaited,
    /// The elements of the tuple that must be closed; the value itself without them.
    parts: Vec<u32>,
}

/// Whether the value is what `await` of the call gives.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Awaited {
    Yes,
    No,
    /// Where the call is awaited: an instance may have `__await__`.
    IfIs,
}

impl<'w> Resources<'w> {
    /// With nothing found out.
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            known: FxHashMap::default(),
            members: FxHashMap::default(),
            overridden: FxHashMap::default(),
            wrappers: FxHashMap::default(),
            stack: Vec::new(),
            cut: false,
        }
    }

    /// What the handler of a stream server is given to close.
    pub(crate) fn stream_writer() -> Option<Owned> {
        let row = row::of(Knowledge::shipped(), "asyncio.open_connection")?;
        Some(row::owned(row, "asyncio.StreamWriter".into()))
    }

    /// What the caller of a call has to close: several for a call that gives a tuple of such values. None for what only a
    /// context manager closes, for event loops (they have a rule of their own), and for a call that is not awaited where the
    /// value is what `await` gives.
    pub(crate) fn acquired(&mut self, infer: &mut Infer<'w>, file: FileId, call: ExprId) -> Vec<Acquisition> {
        let ExprKind::Call { func, args } = self.world.facts(file).expr(call).kind else { return Vec::new() };
        let callee = infer.expr(file, func);
        let Some(made) = self.made(infer, &callee, Some((file, func, args))) else { return Vec::new() };
        if let Some(entered) = entered_by_hand(self.world.facts(file), call, &made) {
            return vec![entered];
        }
        let found = match made.awaited {
            Awaited::No => Some(Given::just(call)),
            Awaited::Yes => awaited_value(infer, file, call),
            Awaited::IfIs => awaited_value(infer, file, call).or(Some(Given::just(call))),
        };
        let Some(mut given) = found else { return Vec::new() };
        given.is_list |= is_listed(self.world.facts(file), given.value);
        let Given { value, part, is_list } = given;
        let acquisition = |part| Acquisition { call, value, part, is_list, owned: made.owned.clone() };
        match (part, &*made.parts) {
            (part, []) => vec![acquisition(part)],
            (None, parts) if !is_list => parts.iter().map(|&part| acquisition(Some(part))).collect(),
            _ => Vec::new(),
        }
    }

    /// All acquisitions of a file, in source order.
    pub(crate) fn of_file(&mut self, infer: &mut Infer<'w>, file: FileId) -> Vec<Acquisition> {
        let facts = self.world.facts(file);
        let may: Vec<bool> = facts.names.iter().map(|name| may_make(name)).collect();
        let mut found = Vec::new();
        for (id, expr) in facts.exprs() {
            let ExprKind::Call { func, .. } = expr.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else {
                continue;
            };
            if may[name.index()] || self.is_own_function(&infer.expr(file, func)) {
                found.extend(self.acquired(infer, file, id));
            }
        }
        found.sort_by_key(|made: &Acquisition| (facts.expr(made.call).span.start, made.part));
        found
    }

    fn is_own_function(&self, callee: &Ty) -> bool {
        matches!(callee, Ty::Function(..) | Ty::Instance(Class::Own(_)) | Ty::Class(_) | Ty::Partial(_))
    }

    /// What calling a value makes; with the call's callee and arguments, where it is a call.
    pub(super) fn made(
        &mut self,
        infer: &mut Infer<'w>,
        callee: &Ty,
        call: Option<(FileId, ExprId, Run)>,
    ) -> Option<Made> {
        match callee {
            Ty::External(path) | Ty::Class(Class::External(path)) => self.known_row(path, call),
            Ty::Instance(Class::External(path)) => self.known_row(&format!("{path}.__call__"), call),
            Ty::Class(Class::Own(class)) => {
                let model = self.class(infer, *class);
                let owned = model.and_then(|model| self.given(infer, *class, &model, call));
                let owned = owned.or_else(|| self.wrapped(infer, *class, call?))?;
                Some(Made { owned, awaited: Awaited::IfIs, parts: Vec::new() })
            }
            Ty::Instance(Class::Own(class)) => {
                let def = infer.method(*class, "__call__")?;
                self.returned(infer, def, call)
            }
            Ty::Function(def, _) => self.returned(infer, *def, call),
            Ty::Partial(inner) => self.made(infer, inner, None),
            Ty::Union(parts) => {
                let mut all = parts.iter().map(|part| self.made(infer, part, call)).collect::<Option<Vec<_>>>()?;
                all.truncate(1);
                all.pop()
            }
            _ => None,
        }
    }

    fn known_row(&self, path: &str, call: Option<(FileId, ExprId, Run)>) -> Option<Made> {
        let row = row::of(self.world.knowledge, path)?;
        let applies = |wanted| call.is_some_and(|(file, _, args)| holds(self.world.facts(file), args, wanted));
        if !row.with_argument.as_ref().is_none_or(applies) {
            return None;
        }
        let what = written_name(path).trim_end_matches(".__call__").into();
        let awaited = if row.awaited { Awaited::Yes } else { Awaited::No };
        Some(Made { owned: Arc::new(row::owned(row, what)), awaited, parts: parts(row) })
    }

    fn returned(&mut self, infer: &mut Infer<'w>, def: Def, call: Option<(FileId, ExprId, Run)>) -> Option<Made> {
        let model = self.factory(infer, def)?;
        if !self.is_exact(infer, def, call.map(|(file, func, _)| (file, func))) {
            return None;
        }
        let awaited = if self.world.is_async(def) { Awaited::Yes } else { Awaited::No };
        Some(Made { owned: model.owned.clone(), awaited, parts: Vec::new() })
    }

    /// What an instance must be closed as, given the arguments it is made with.
    fn given(
        &self,
        infer: &mut Infer<'w>,
        class: Def,
        model: &Model,
        call: Option<(FileId, ExprId, Run)>,
    ) -> Option<Arc<Owned>> {
        let (Some((file, _, args)), false) = (call, model.unless.is_empty()) else { return Some(model.owned.clone()) };
        let facts = self.world.facts(file);
        let args = facts.args(args);
        let init = infer.method(class, "__init__");
        let mut sure = args.iter().all(|arg| arg.star == Star::No);
        for name in &model.unless {
            let position = init.and_then(|init| self.position(init, name));
            sure &= position.is_some();
            let by_name = args.iter().find(|arg| arg.name.is_some_and(|n| facts.name(n) == name));
            let by_position = || args.iter().filter(|arg| arg.name.is_none()).nth(position?);
            if let Some(arg) = by_name.or_else(by_position)
                && facts.expr(arg.value).kind != ExprKind::None
            {
                return None;
            }
        }
        if !sure || model.if_own == model.owned.confidence {
            return Some(model.owned.clone());
        }
        Some(Arc::new(Owned { confidence: model.if_own, ..(*model.owned).clone() }))
    }

    /// Where an argument for a parameter of a method stands, from 0 after the instance.
    pub(super) fn position(&self, method: Def, name: &str) -> Option<usize> {
        let facts = self.world.facts(method.file);
        facts.params_of(method.scope).iter().position(|p| facts.name(p.name) == name)?.checked_sub(1)
    }

    /// Works out what a class or function gives, once. What was cut short on the way is not remembered for others.
    pub(super) fn once(&mut self, def: Def, find: impl FnOnce(&mut Self) -> Option<Model>) -> Option<Arc<Model>> {
        if let Some(known) = self.known.get(&def) {
            return known.clone();
        }
        if self.stack.len() >= MAX_DEPTH || self.stack.contains(&def) {
            self.cut = true;
            return None;
        }
        self.stack.push(def);
        let outer = std::mem::replace(&mut self.cut, false);
        let found = find(self).map(Arc::new);
        self.stack.pop();
        if !self.cut || self.stack.is_empty() {
            self.known.insert(def, found.clone());
        }
        self.cut = (self.cut || outer) && !self.stack.is_empty();
        found
    }
}

fn parts(row: &Resource) -> Vec<u32> {
    match (row.part, row.parts) {
        (Some(part), _) => vec![part],
        // What the rows know gives pairs.
        (None, Some(Parts::All)) => vec![0, 1],
        (None, None) => Vec::new(),
    }
}

/// Whether a name may be that of a class, or of a row.
fn may_make(name: &str) -> bool {
    static NAMES: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
        let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
        Knowledge::shipped().resources().map(last).collect()
    });
    name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase()) || NAMES.contains(name)
}

/// What `await call.__aenter__()` gives: the value itself, which must be closed from then on.
fn entered_by_hand(facts: &FileFacts, call: ExprId, made: &Made) -> Option<Acquisition> {
    let is_itself = matches!(made.owned.origin, Origin::Known(_)) && made.parts.is_empty();
    if !is_itself || !matches!(made.owned.closes.with, With::Async | With::AsyncCall) {
        return None;
    }
    let (method, enter) = called_method(facts, call)?;
    let Parent::Expr(value) = facts.expr(enter).parent else { return None };
    if facts.name(method) != "__aenter__" || !matches!(facts.expr(value).kind, ExprKind::Await(_)) {
        return None;
    }
    let mut owned = (*made.owned).clone();
    owned.needs = Needs::Made;
    owned.closes.with = With::AsyncCall;
    Some(Acquisition { call, value, part: None, is_list: false, owned: Arc::new(owned) })
}

/// Where the value is that a call gives.
struct Given {
    value: ExprId,
    /// It is an element of the tuple that `value` gives.
    part: Option<u32>,
    /// `value` gives a list of such values.
    is_list: bool,
}

impl Given {
    fn just(value: ExprId) -> Self {
        Self { value, part: None, is_list: false }
    }
}

/// The `await` whose operand a call is, also through `asyncio.wait_for(call, ...)` and `asyncio.gather(call, ...)`.
fn awaited_value(infer: &mut Infer<'_>, file: FileId, call: ExprId) -> Option<Given> {
    let facts = infer.world.facts(file);
    match facts.expr(call).parent {
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Await(_) => Some(Given::just(parent)),
            ExprKind::Call { func, args } if func != call => {
                let Ty::External(path) = infer.expr(file, func) else { return None };
                let args = facts.args(args);
                if is_wait(&path) && args.first().is_some_and(|arg| arg.value == call) {
                    return awaited_value(infer, file, parent);
                }
                // Beside other arguments than awaitables (`return_exceptions`) its elements may be errors.
                let is_plain = args.iter().all(|arg| arg.name.is_none() && arg.star == Star::No);
                let position = args.iter().position(|arg| arg.value == call)? as u32;
                let awaited = (path == GATHER && is_plain).then(|| awaited_value(infer, file, parent))??;
                awaited.part.is_none().then_some(Given { part: Some(position), ..awaited })
            }
            _ => None,
        },
        Parent::Scope(scope) => gathered(infer, file, call, scope),
        Parent::Stmt(_) => None,
    }
}

/// What gives the values of several calls at once.
const GATHER: &str = "asyncio.gather";

/// `await asyncio.gather(*(call for ...))`.
fn gathered(infer: &mut Infer<'_>, file: FileId, call: ExprId, scope: ScopeId) -> Option<Given> {
    let facts = infer.world.facts(file);
    let s = facts.scope(scope);
    let (ScopeKind::Comprehension { .. }, Some(all)) = (s.kind, s.expr) else { return None };
    let Parent::Expr(parent) = facts.expr(all).parent else { return None };
    // The argument behind the star may be an expression of its own.
    let (starred, outer) = match (&facts.expr(parent).kind, facts.expr(parent).parent) {
        (ExprKind::Starred(_), Parent::Expr(outer)) => (parent, outer),
        _ => (all, parent),
    };
    let ExprKind::Call { func, args } = facts.expr(outer).kind else { return None };
    let [Arg { value, .. }] = *facts.args(args) else { return None };
    let is_gather = matches!(infer.expr(file, func), Ty::External(path) if path == GATHER);
    if !is_gather || value != all && value != starred || *facts.list(s.body_exprs) != [call] {
        return None;
    }
    let awaited = awaited_value(infer, file, outer)?;
    (awaited.part.is_none() && !awaited.is_list).then_some(Given { is_list: true, ..awaited })
}

/// Whether a value is the element of a list comprehension.
fn is_listed(facts: &FileFacts, value: ExprId) -> bool {
    let Parent::Scope(scope) = facts.expr(value).parent else { return false };
    let s = facts.scope(scope);
    let is_list = s.expr.is_some_and(|expr| {
        matches!(facts.expr(expr).kind, ExprKind::Comprehension { kind: ComprehensionKind::List, .. })
    });
    is_list && *facts.list(s.body_exprs) == [value]
}

/// Whether a function gives what the awaitable it is given gives.
pub(super) fn is_wait(path: &str) -> bool {
    matches!(path, "asyncio.wait_for" | "asyncio.shield")
}
