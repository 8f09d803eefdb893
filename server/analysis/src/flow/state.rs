//! Loop states, sets of them, and the disjuncts an interpretation carries.

use super::value::{ValueTable, ValuesId};
use std::fmt;
use std::rc::Rc;

/// What a path knows about an event loop running on this thread.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum LoopState {
    /// Nothing: the caller decides.
    Unknown,
    /// A loop runs here.
    Running,
    /// No loop runs here.
    NotRunning,
}

/// A set of loop states, those of ordinary paths apart from those of *implicit* paths: paths on which something other
/// than the probe raised inside the probe's own `try` and was taken for the probe's failure.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Default)]
pub struct StateSet(u8);

impl StateSet {
    /// No path gets there: dead code, or code of another scope.
    pub const EMPTY: Self = Self(0);
    /// A path that knows nothing.
    pub const UNKNOWN: Self = Self(1);
    /// A path on which a loop runs.
    pub const RUNNING: Self = Self(2);
    /// A path on which no loop runs.
    pub const NOT_RUNNING: Self = Self(4);
    /// The ordinary paths that can be taken when a loop runs.
    pub const WHEN_RUNNING: Self = Self(1 | 2);
    /// The ordinary paths that can be taken when no loop runs.
    pub const WHEN_NOT_RUNNING: Self = Self(1 | 4);
    /// Every ordinary path.
    pub const EXPLICIT: Self = Self(7);
    /// Every implicit path.
    pub const IMPLICIT: Self = Self(7 << 3);
    /// Every path.
    pub const ALL: Self = Self(63);

    /// The set of one path's state.
    pub const fn of(state: LoopState, implicit: bool) -> Self {
        let bit = match state {
            LoopState::Unknown => Self::UNKNOWN.0,
            LoopState::Running => Self::RUNNING.0,
            LoopState::NotRunning => Self::NOT_RUNNING.0,
        };
        Self(if implicit { bit << 3 } else { bit })
    }
    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// What both have.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether the sets have something in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// The states of the ordinary paths.
    pub const fn explicit(self) -> Self {
        self.intersection(Self::EXPLICIT)
    }
    /// The states of the implicit paths, as if they were ordinary.
    pub const fn implicit(self) -> Self {
        Self((self.0 & Self::IMPLICIT.0) >> 3)
    }
    /// Whether an ordinary path gets there when a loop runs (if the caller's thread may have one).
    pub const fn may_run(self) -> bool {
        self.intersects(Self::WHEN_RUNNING)
    }
    /// Whether every ordinary path that gets there knows that a loop runs.
    pub const fn always_runs(self) -> bool {
        self.explicit().0 == Self::RUNNING.0
    }
    /// Whether no ordinary path gets there while a loop runs: guarded, or dead.
    pub const fn never_runs(self) -> bool {
        !self.may_run()
    }
    /// The paths that can be taken where a loop is known to run, or not to; that is then what they know.
    pub const fn given(self, runs: bool) -> Self {
        let (when, known) = match runs {
            true => (Self::WHEN_RUNNING, Self::RUNNING),
            false => (Self::WHEN_NOT_RUNNING, Self::NOT_RUNNING),
        };
        let explicit = if self.intersects(when) { known.0 } else { 0 };
        let implicit = if self.implicit().intersects(when) { known.0 << 3 } else { 0 };
        Self(explicit | implicit)
    }
    fn states(self) -> impl Iterator<Item = LoopState> {
        [LoopState::Unknown, LoopState::Running, LoopState::NotRunning]
            .into_iter()
            .filter(move |s| self.intersects(Self::of(*s, false)))
    }
}

impl fmt::Debug for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("dead");
        }
        let word = |s| match s {
            LoopState::Unknown => "unknown",
            LoopState::Running => "running",
            LoopState::NotRunning => "not-running",
        };
        let explicit = self.explicit().states().map(|s| ("", word(s)));
        let implicit = self.implicit().states().map(|s| ("implicit-", word(s)));
        for (i, (prefix, word)) in explicit.chain(implicit).enumerate() {
            write!(f, "{}{prefix}{word}", if i > 0 { "|" } else { "" })?;
        }
        Ok(())
    }
}

/// How a path came about.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Route {
    /// By nothing but what the code says.
    Plain,
    /// Anything that may raise did, and an ordinary handler went on. For all but a function's summary that is an ordinary
    /// path; but a handler for errors of any kind is not what a function does for its callers.
    Rescued,
    /// Anything but the probe raised inside the probe's `try`, or something as unlikely.
    Implicit,
}

/// What groups paths.
pub(super) type PathKey = (LoopState, Route);
/// The value sets of all places.
pub(super) type Env = Rc<Vec<ValuesId>>;

/// One group of paths: those that agree on the loop and on how they came about. `env` holds a value set for each place;
/// `acc` is the value of the expression evaluated last, `stack` those of operands that wait for their sibling.
#[derive(Clone)]
pub(super) struct Disjunct {
    pub(super) state: LoopState,
    pub(super) route: Route,
    pub(super) env: Env,
    pub(super) acc: ValuesId,
    pub(super) stack: Vec<ValuesId>,
}

impl Disjunct {
    pub(super) fn bit(&self) -> StateSet {
        StateSet::of(self.state, self.route == Route::Implicit)
    }
    /// Which group it is.
    pub(super) fn key(&self) -> PathKey {
        (self.state, self.route)
    }
    /// The same on a route that is at least as unlikely.
    pub(super) fn by(mut self, route: Route) -> Self {
        self.route = self.route.max(route);
        self
    }
    pub(super) fn with_state(&self, state: LoopState) -> Self {
        Self { state, ..self.clone() }
    }
    fn same_key(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
    /// Joins `other` in; whether the environment changed.
    fn join(&mut self, other: &Self, values: &mut ValueTable) -> bool {
        self.acc = values.join(self.acc, other.acc);
        for (a, b) in self.stack.iter_mut().zip(&other.stack) {
            *a = values.join(*a, *b);
        }
        if Rc::ptr_eq(&self.env, &other.env) || self.env == other.env {
            return false;
        }
        let before = self.env.clone();
        self.join_changes(&before, other, values)
    }
    /// Joins the variables of `other` in that differ from those of `base`; whether the environment changed.
    fn join_changes(&mut self, base: &[ValuesId], other: &Self, values: &mut ValueTable) -> bool {
        let mut changed = false;
        for (i, (old, new)) in base.iter().zip(other.env.iter()).enumerate() {
            if old == new {
                continue;
            }
            let Some(held) = self.env.get(i).copied() else { break };
            let joined = values.join(held, *new);
            if joined != held {
                changed = true;
                Rc::make_mut(&mut self.env)[i] = joined;
            }
        }
        changed
    }
}

/// The disjuncts at one point: at most one for each loop state and route, so at most nine.
#[derive(Clone, Default)]
pub(super) struct States(Vec<Disjunct>);

impl States {
    pub(super) fn one(disjunct: Disjunct) -> Self {
        Self(vec![disjunct])
    }
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub(super) fn iter(&self) -> impl Iterator<Item = &Disjunct> {
        self.0.iter()
    }
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Disjunct> {
        self.0.iter_mut()
    }
    pub(super) fn bits(&self) -> StateSet {
        self.0.iter().fold(StateSet::EMPTY, |bits, d| bits.union(d.bit()))
    }
    /// The states of plain routes; of all that are not implicit when there is none.
    pub(super) fn plain(&self) -> States {
        let of = |routes: &[Route]| States(self.0.iter().filter(|d| routes.contains(&d.route)).cloned().collect());
        let plain = of(&[Route::Plain]);
        if plain.is_empty() { of(&[Route::Rescued]) } else { plain }
    }
    /// Adds a disjunct, joined with the one of its key; whether anything but values of expressions changed.
    pub(super) fn add(&mut self, disjunct: Disjunct, values: &mut ValueTable) -> bool {
        match self.0.iter_mut().find(|d| d.same_key(&disjunct)) {
            Some(d) => d.join(&disjunct, values),
            None => {
                self.0.push(disjunct);
                true
            }
        }
    }
    /// As [`States::add`] for a whole set.
    pub(super) fn absorb(&mut self, other: States, values: &mut ValueTable) -> bool {
        if self.is_empty() {
            let changed = !other.is_empty();
            *self = other;
            return changed;
        }
        other.0.into_iter().fold(false, |changed, d| changed | self.add(d, values))
    }
    /// As [`States::add`], when the variables as they were in `base` are already joined in.
    pub(super) fn add_changes(&mut self, base: &[ValuesId], disjunct: &Disjunct, values: &mut ValueTable) {
        if let Some(d) = self.0.iter_mut().find(|d| d.same_key(disjunct)) {
            d.join_changes(base, disjunct, values);
        }
    }
}

impl IntoIterator for States {
    type Item = Disjunct;
    type IntoIter = std::vec::IntoIter<Disjunct>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
