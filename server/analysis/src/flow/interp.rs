//! The interpreter's state and what all its parts use: edges that leave a statement, variables, limits.

use super::exception::{Caught, ExceptionClass};
use super::oracle::Oracle;
use super::record::Record;
use super::scan::{Place, Scan};
use super::state::{Disjunct, LoopState, StateSet, States};
use super::value::{Definition, ExceptionId, Value, ValueTable, ValuesId};
use super::walk;
use asyncwise_syntax::facts::{ExprId, ExprKind, FileFacts, NameId, Run, StmtId};
use smol_str::SmolStr;
use std::rc::Rc;

/// Statements nested deeper are not followed (Python itself allows a hundred).
pub(super) const MAX_STATEMENTS: u32 = 100;
/// Expressions nested deeper are not followed.
pub(super) const MAX_EXPRESSIONS: u32 = 100;
/// How often, on average, a part of the scope may be interpreted: loops inside loops are repeated.
const MAX_VISITS: u32 = 24;
/// More exceptions than this are told apart by nothing.
const MAX_EXCEPTIONS: usize = 256;

/// Where an exception comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// Anything that may raise.
    Implicit,
    /// A `raise` or `assert`.
    Raise(StmtId),
    /// A call that raises for the sake of the loop.
    Call(ExprId),
}

/// One exception that may be raised.
#[derive(Clone, Debug)]
pub(super) struct Exception {
    pub(super) class: ExceptionClass,
    pub(super) message: Option<SmolStr>,
    pub(super) origin: Origin,
}

impl ExceptionId {
    /// Raised by anything, of any class.
    pub(super) const IMPLICIT: Self = Self(0);
    /// The same after an `except Exception`.
    pub(super) const EXIT: Self = Self(1);

    pub(super) const fn is_implicit(self) -> bool {
        self.0 <= 1
    }
}

/// The ways out of the statements inside a loop or `try` that do not go on to the next statement.
#[derive(Default)]
pub(super) struct Edges {
    pub(super) breaks: States,
    pub(super) continues: States,
    pub(super) returns: States,
    pub(super) thrown: Vec<(ExceptionId, States)>,
    /// The variables as they were when something last might have raised anything, for each kind of path.
    pub(super) noted: Vec<(StateSet, Rc<Vec<ValuesId>>)>,
    /// Exceptions that tell a probe's failure and that a handler around would get, raised or not in these states.
    pub(super) probes: Vec<ExceptionClass>,
}

impl Edges {
    pub(super) fn throw(&mut self, exception: ExceptionId, states: States, values: &mut ValueTable) {
        match self.thrown.iter_mut().find(|(e, _)| *e == exception) {
            Some((_, all)) => _ = all.absorb(states, values),
            None => self.thrown.push((exception, states)),
        }
    }
}

/// The interpretation of one scope.
pub(super) struct Interp<'a> {
    pub(super) facts: &'a FileFacts,
    pub(super) oracle: &'a dyn Oracle,
    pub(super) scan: Scan,
    /// Nothing in the scope matters for the loop: only reachability is followed, expressions are not evaluated.
    pub(super) light: bool,
    pub(super) values: ValueTable,
    pub(super) exceptions: Vec<Exception>,
    pub(super) record: Record,
    pub(super) edges: Vec<Edges>,
    /// How many statements around would catch.
    pub(super) catchers: u32,
    /// How many `try` statements are around, in any of their parts.
    pub(super) tries: u32,
    /// The places of the exceptions being handled, innermost last.
    pub(super) handled: Vec<Option<Place>>,
    pub(super) statement_depth: u32,
    pub(super) expression_depth: u32,
    pub(super) visits: u32,
    /// Something was too deep to be followed.
    pub(super) incomplete: bool,
}

impl<'a> Interp<'a> {
    pub(super) fn new(facts: &'a FileFacts, oracle: &'a dyn Oracle, scan: Scan, light: bool) -> Self {
        let implicit = |class| Exception { class, message: None, origin: Origin::Implicit };
        Self {
            facts,
            oracle,
            light,
            values: ValueTable::new(),
            exceptions: vec![implicit(ExceptionClass::Unknown), implicit(ExceptionClass::ExitOnly)],
            record: Record::new(&scan, light),
            scan,
            edges: vec![Edges::default()],
            catchers: 0,
            tries: 0,
            handled: Vec::new(),
            statement_depth: 0,
            expression_depth: 0,
            visits: 0,
            incomplete: false,
        }
    }
    /// The states at the entry of the scope.
    pub(super) fn entry(&mut self, entry: StateSet) -> States {
        let places = if self.light { 0 } else { self.scan.places as usize };
        let env = Rc::new(vec![ValuesId::UNKNOWN; places]);
        let mut states = States::default();
        for implicit in [false, true] {
            for state in [LoopState::Unknown, LoopState::Running, LoopState::NotRunning] {
                if entry.intersects(StateSet::of(state, implicit)) {
                    let acc = ValuesId::UNKNOWN;
                    states
                        .add(Disjunct { state, implicit, env: env.clone(), acc, stack: Vec::new() }, &mut self.values);
                }
            }
        }
        states
    }
    /// Counts a step; whether the scope was visited too often.
    pub(super) fn exhausted(&mut self) -> bool {
        self.visits += 1;
        self.visits > self.scan.size.saturating_mul(MAX_VISITS).saturating_add(10_000)
    }
    pub(super) fn absorb(&mut self, into: &mut States, from: States) {
        into.absorb(from, &mut self.values);
    }
    pub(super) fn top(&mut self) -> (&mut Edges, &mut ValueTable) {
        if self.edges.is_empty() {
            self.edges.push(Edges::default());
        }
        let last = self.edges.len() - 1;
        (&mut self.edges[last], &mut self.values)
    }
    pub(super) fn pop_edges(&mut self) -> Edges {
        self.edges.pop().unwrap_or_default()
    }

    /// The exception of an origin: the same one each time the origin is visited.
    pub(super) fn exception(&mut self, exception: Exception) -> ExceptionId {
        let known = self.exceptions.iter().position(|e| e.origin == exception.origin && e.class == exception.class);
        match known {
            Some(i) => ExceptionId(i as u32),
            None if self.exceptions.len() >= MAX_EXCEPTIONS => ExceptionId::IMPLICIT,
            None => {
                self.exceptions.push(exception);
                ExceptionId(self.exceptions.len() as u32 - 1)
            }
        }
    }
    pub(super) fn throw(&mut self, exception: ExceptionId, mut disjunct: Disjunct) {
        disjunct.stack.clear();
        disjunct.acc = ValuesId::UNKNOWN;
        let (edges, values) = self.top();
        edges.throw(exception, States::one(disjunct), values);
    }
    /// Something that may raise anything: only worth noting where it would be caught.
    pub(super) fn may_raise(&mut self, states: &States) {
        if self.catchers == 0 {
            return;
        }
        for d in states.iter() {
            let (edges, values) = self.top();
            let Some((_, last)) = edges.noted.iter_mut().find(|(bit, _)| *bit == d.bit()) else {
                edges.noted.push((d.bit(), d.env.clone()));
                self.throw(ExceptionId::IMPLICIT, d.clone());
                continue;
            };
            if !Rc::ptr_eq(last, &d.env) {
                let base = std::mem::replace(last, d.env.clone());
                if let Some((_, implicit)) = edges.thrown.iter_mut().find(|(e, _)| *e == ExceptionId::IMPLICIT) {
                    implicit.add_changes(&base, d, values);
                }
            }
        }
    }
    /// Notes that a handler for this class is one for the failure of a probe.
    pub(super) fn probes(&mut self, class: &ExceptionClass) {
        let (edges, _) = self.top();
        if !edges.probes.contains(class) {
            edges.probes.push(class.clone());
        }
    }
    /// Moves the edges of a finished part to the part around it.
    pub(super) fn pass_on(&mut self, edges: Edges) {
        let (top, values) = self.top();
        top.breaks.absorb(edges.breaks, values);
        top.continues.absorb(edges.continues, values);
        top.returns.absorb(edges.returns, values);
        for (exception, states) in edges.thrown {
            top.throw(exception, states, values);
        }
        for class in edges.probes {
            if !top.probes.contains(&class) {
                top.probes.push(class);
            }
        }
    }
    /// How well the classes of a handler fit an exception.
    pub(super) fn caught(&self, classes: &[ExceptionClass], exception: &ExceptionClass) -> Caught {
        let mut best = Caught::No;
        for class in classes {
            match class.catches(exception) {
                Caught::Yes => return Caught::Yes,
                Caught::Maybe => best = Caught::Maybe,
                Caught::No => {}
            }
        }
        best
    }

    pub(super) fn get(&self, disjunct: &Disjunct, place: Place) -> ValuesId {
        disjunct.env.get(place.0 as usize).copied().unwrap_or(ValuesId::UNKNOWN)
    }
    /// Gives the place of a name that this scope binds without an expression.
    pub(super) fn bind_name(&mut self, name: NameId, states: &mut States, value: Value, def: Definition) {
        if let Some(place) = self.scan.place_of(name) {
            let id = self.values.single(value, def);
            states.iter_mut().for_each(|d| set(d, place, id));
        }
    }
    /// Forgets what is known of variables that other code may have changed: shared ones, and attributes of `self`.
    pub(super) fn forget(&mut self, states: &mut States, shared: bool, attributes: bool) {
        if (!shared || self.scan.shared.is_empty()) && (!attributes || self.scan.attributes.is_empty()) {
            return;
        }
        let shared = shared.then_some(&self.scan.shared).into_iter().flatten().copied();
        let attributes = attributes.then_some(&self.scan.attributes).into_iter().flatten().map(|(_, p)| p.now);
        let places: Vec<Place> = shared.chain(attributes).collect();
        for d in states.iter_mut() {
            for &place in &places {
                let old = d.env.get(place.0 as usize).copied().unwrap_or(ValuesId::UNKNOWN);
                let weak = self.values.weaken(old);
                if weak != old {
                    set(d, place, weak);
                }
            }
        }
    }

    /// Forgets whether the objects that a call is given, or is a method of, count as true.
    pub(super) fn decay_operands(&mut self, func: ExprId, args: Run, states: &mut States) {
        let facts = self.facts;
        let receiver = match facts.expr(func).kind {
            ExprKind::Attribute { value, .. } => Some(value),
            _ => None,
        };
        let operands = receiver.into_iter().chain(facts.args(args).iter().map(|a| a.value));
        for place in operands.filter_map(|e| self.scan.place(facts, e)).collect::<Vec<_>>() {
            self.decay(place, states);
        }
    }
    pub(super) fn decay(&mut self, place: Place, states: &mut States) {
        for d in states.iter_mut() {
            let decayed = self.values.decay(self.get(d, place));
            set(d, place, decayed);
        }
    }

    pub(super) fn note(&mut self, expr: ExprId, states: &States) {
        self.record.expr(expr, states.bits());
    }
    /// Gives everything under an expression these states, without following it.
    pub(super) fn note_all(&mut self, root: ExprId, bits: StateSet) {
        let mut work = vec![root];
        while let Some(expr) = work.pop() {
            self.record.expr(expr, bits);
            walk::children(self.facts, expr, &mut |e| work.push(e));
        }
    }
    /// Gives everything under a statement these states, without following it.
    pub(super) fn note_statement(&mut self, root: StmtId, bits: StateSet) {
        let facts = self.facts;
        let mut work = vec![root];
        while let Some(stmt) = work.pop() {
            self.record.stmt(stmt, bits);
            if !self.light {
                walk::stmt_exprs(facts, stmt, &mut |e| self.note_all(e, bits));
            }
            walk::blocks(facts, stmt, &mut |b| work.extend(facts.block(b)));
        }
    }
}

/// Writes a variable.
pub(super) fn set(disjunct: &mut Disjunct, place: Place, id: ValuesId) {
    let index = place.0 as usize;
    if disjunct.env.get(index).is_some_and(|old| *old != id)
        && let Some(slot) = Rc::make_mut(&mut disjunct.env).get_mut(index)
    {
        *slot = id;
    }
}
