//! Abstract values, where they were defined, and interned sets of both.

use asyncwise_syntax::facts::{ExprId, ImportId, ScopeId};
use rustc_hash::FxHashMap;

/// What is known of a value.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Value {
    /// Nothing.
    Any,
    /// `None`.
    None,
    /// `True`.
    True,
    /// `False`.
    False,
    /// Anything but `None`.
    NotNone,
    /// Something that counts as true.
    Truthy,
    /// Something that counts as false.
    Falsy,
    /// An event loop.
    Loop(LoopKind),
    /// A string or integer literal of this file.
    Literal {
        /// The literal.
        expr: ExprId,
        /// Whether it counts as true.
        truthy: bool,
    },
    /// An exception that a handler caught.
    Raised(ExceptionId),
    /// The text of an exception that a handler caught.
    Message {
        /// Of which.
        of: ExceptionId,
        /// In lower case.
        folded: bool,
    },
}

/// An exception of one interpretation.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExceptionId(pub(super) u32);

/// Which event loop a loop object is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum LoopKind {
    /// The one that runs on this thread.
    Running,
    /// This thread's current one, running or not.
    Current,
    /// One that was made and does not run.
    New,
}

impl Value {
    /// How it counts in a condition, when that is known.
    pub const fn truth(self) -> Option<bool> {
        match self {
            Self::True | Self::Truthy | Self::Loop(_) | Self::Raised(_) => Some(true),
            Self::None | Self::False | Self::Falsy => Some(false),
            Self::Literal { truthy, .. } => Some(truthy),
            Self::Any | Self::NotNone | Self::Message { .. } => Option::None,
        }
    }
    /// Whether it is `None`, when that is known.
    pub const fn is_none(self) -> Option<bool> {
        match self {
            Self::None => Some(true),
            Self::Any | Self::Falsy => Option::None,
            _ => Some(false),
        }
    }
    /// What both have in common.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Loop(_), Self::Loop(_)) => Self::Loop(LoopKind::Current),
            (a, b) if a.truth() == Some(true) && b.truth() == Some(true) => Self::Truthy,
            (a, b) if a.is_none() == Some(false) && b.is_none() == Some(false) => Self::NotNone,
            (a, b) if a.truth() == Some(false) && b.truth() == Some(false) => Self::Falsy,
            _ => Self::Any,
        }
    }
    /// The value where a condition on it came out as `wanted`; none where it cannot.
    pub fn refine_truth(self, wanted: bool) -> Option<Self> {
        match self.truth() {
            Some(truth) => (truth == wanted).then_some(self),
            Option::None if matches!(self, Self::Message { .. }) => Some(self),
            Option::None => Some(if wanted { Self::Truthy } else { Self::Falsy }),
        }
    }
    /// The value where `is None` came out as `wanted`; none where it cannot.
    pub fn refine_none(self, wanted: bool) -> Option<Self> {
        match self.is_none() {
            Some(is) => (is == wanted).then_some(self),
            Option::None if wanted => Some(Self::None),
            Option::None => Some(if self == Self::Any { Self::NotNone } else { self }),
        }
    }
    /// Whether no value is both.
    pub fn disjoint(self, other: Self) -> bool {
        let differ = |a: Option<bool>, b: Option<bool>| matches!((a, b), (Some(a), Some(b)) if a != b);
        differ(self.truth(), other.truth()) || differ(self.is_none(), other.is_none())
    }
    /// The value without what only means something inside this interpretation.
    pub fn portable(self) -> Self {
        match self {
            Self::Literal { truthy: true, .. } | Self::Raised(_) => Self::Truthy,
            Self::Literal { .. } | Self::Message { .. } => Self::NotNone,
            other => other,
        }
    }
}

/// Where a value comes from.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Definition {
    /// Not from an assignment here: a parameter, a loop variable, an unpacked value, another scope's.
    Other,
    /// The value of this expression; aliases, conditional expressions and `or` are looked through.
    Expr(ExprId),
    /// An import here.
    Import(ImportId),
    /// A function or class defined here.
    Scope(ScopeId),
}

/// A value with where it comes from.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Bound {
    pub(super) def: Definition,
    pub(super) value: Value,
}

/// An interned set of [`Bound`]s. The top bit marks "the value of this expression, nothing known", which needs no entry.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ValuesId(u32);

const FRESH: u32 = 1 << 31;
/// How many definitions are told apart; with more, nothing is known.
const MAX_BOUNDS: usize = 16;

impl ValuesId {
    pub(super) const UNKNOWN: Self = Self(0);
    pub(super) const fn fresh(expr: ExprId) -> Self {
        if expr.0 < FRESH { Self(expr.0 | FRESH) } else { Self::UNKNOWN }
    }
}

/// The sets of one interpretation.
pub(super) struct ValueTable {
    sets: Vec<Box<[Bound]>>,
    /// For each set, whether a value in it is known only by its truth, which a change in place may change.
    decaying: Vec<bool>,
    index: FxHashMap<Box<[Bound]>, u32>,
    joins: FxHashMap<(u32, u32), ValuesId>,
}

impl ValueTable {
    pub(super) fn new() -> Self {
        let unknown: Box<[Bound]> = Box::new([Bound { def: Definition::Other, value: Value::Any }]);
        Self {
            sets: vec![unknown.clone()],
            decaying: vec![false],
            index: std::iter::once((unknown, 0)).collect(),
            joins: FxHashMap::default(),
        }
    }
    /// The members of a set, sorted by definition.
    pub(super) fn bounds(&self, id: ValuesId) -> impl Iterator<Item = Bound> + '_ {
        let is_fresh = id.0 & FRESH != 0;
        let fresh = Bound { def: Definition::Expr(ExprId(id.0 & !FRESH)), value: Value::Any };
        let set: &[Bound] = if is_fresh { &[] } else { self.sets.get(id.0 as usize).map_or(&[], |s| s) };
        is_fresh.then_some(fresh).into_iter().chain(set.iter().copied())
    }
    /// The set of one value.
    pub(super) fn single(&mut self, value: Value, def: Definition) -> ValuesId {
        match (value, def) {
            (Value::Any, Definition::Expr(expr)) => ValuesId::fresh(expr),
            (Value::Any, Definition::Other) => ValuesId::UNKNOWN,
            _ => self.intern(vec![Bound { def, value }]),
        }
    }
    /// The union; values of one definition are joined.
    pub(super) fn join(&mut self, a: ValuesId, b: ValuesId) -> ValuesId {
        if a == b {
            return a;
        }
        let key = (a.0.min(b.0), a.0.max(b.0));
        if let Some(&joined) = self.joins.get(&key) {
            return joined;
        }
        let all: Vec<Bound> = self.bounds(a).chain(self.bounds(b)).collect();
        let joined = self.intern(all);
        self.joins.insert(key, joined);
        joined
    }
    /// The set with each value changed, or left out where `change` says none; none when nothing is left.
    pub(super) fn filter(&mut self, id: ValuesId, change: &dyn Fn(Value) -> Option<Value>) -> Option<ValuesId> {
        if self.bounds(id).all(|b| change(b.value) == Some(b.value)) {
            return Some(id);
        }
        let kept: Vec<Bound> = self.bounds(id).filter_map(|b| Some(Bound { value: change(b.value)?, ..b })).collect();
        (!kept.is_empty()).then(|| self.intern(kept))
    }
    /// The set with each value changed and all of one definition.
    pub(super) fn rebase(&mut self, id: ValuesId, def: Definition, change: &dyn Fn(Value) -> Value) -> ValuesId {
        let changed: Vec<Bound> = self.bounds(id).map(|b| Bound { def, value: change(b.value) }).collect();
        self.intern(changed)
    }
    /// The set after the values may have been changed in place: a list that was empty need not be any more.
    pub(super) fn decay(&mut self, id: ValuesId) -> ValuesId {
        if !self.decays(id) {
            return id;
        }
        let change = |v| match v {
            Value::Truthy => Value::NotNone,
            Value::Falsy => Value::Any,
            other => other,
        };
        self.filter(id, &|v| Some(change(v))).unwrap_or(id)
    }
    /// Whether [`ValueTable::decay`] changes it.
    pub(super) fn decays(&self, id: ValuesId) -> bool {
        self.decaying.get(id.0 as usize).copied().unwrap_or(false)
    }
    /// The same definitions with nothing known of the values.
    pub(super) fn weaken(&mut self, id: ValuesId) -> ValuesId {
        self.filter(id, &|_| Some(Value::Any)).unwrap_or(id)
    }
    /// The value when the set has only one.
    pub(super) fn only(&self, id: ValuesId) -> Option<Value> {
        let mut bounds = self.bounds(id);
        let first = bounds.next()?.value;
        bounds.all(|b| b.value == first).then_some(first)
    }
    /// The join of all values.
    pub(super) fn summary(&self, id: ValuesId) -> Value {
        self.bounds(id).map(|b| b.value).reduce(Value::join).unwrap_or(Value::Any)
    }
    fn intern(&mut self, mut bounds: Vec<Bound>) -> ValuesId {
        bounds.sort_unstable();
        bounds.dedup_by(|next, kept| {
            let same = next.def == kept.def && !tells_exceptions_apart(next.value, kept.value);
            if same {
                kept.value = kept.value.join(next.value);
            }
            same
        });
        if bounds.len() > MAX_BOUNDS {
            return ValuesId::UNKNOWN;
        }
        if let [Bound { def: Definition::Expr(expr), value: Value::Any }] = bounds[..] {
            return ValuesId::fresh(expr);
        }
        let set: Box<[Bound]> = bounds.into();
        if let Some(&id) = self.index.get(&set) {
            return ValuesId(id);
        }
        let id = self.sets.len() as u32;
        self.decaying.push(set.iter().any(|b| matches!(b.value, Value::Truthy | Value::Falsy)));
        self.sets.push(set.clone());
        self.index.insert(set, id);
        ValuesId(id)
    }
}

/// Two exceptions that one handler may have caught stay two values, so that a test of the text can tell them apart.
fn tells_exceptions_apart(a: Value, b: Value) -> bool {
    use Value::{Message, Raised};
    a != b && matches!((a, b), (Raised(_), Raised(_)) | (Message { .. }, Message { .. }))
}
