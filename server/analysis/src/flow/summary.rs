//! What a function's body tells its callers: how it comes out with and without a running loop.

use super::exception::ExceptionClass;
use super::interp::{Interp, Origin};
use super::oracle::{CallMeaning, FlagMeaning, Outcome};
use super::state::{StateSet, States};
use super::value::{Definition, ExceptionId, ValuesId};
use asyncwise_syntax::facts::{ExprId, NameId, ScopeKind, StmtId};

/// How a function comes out. What it does after an ordinary handler caught an error of any kind does not count, unless
/// there is nothing else; implicit paths never do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// With a loop running.
    pub running: Outcome,
    /// Without.
    pub not_running: Outcome,
    /// The probe it is, if its value tells whether a loop runs.
    pub probe: Option<FlagMeaning>,
    /// It returns normally only while no loop runs, and can: with one every path raises (or does not end).
    pub refuses_running: bool,
    /// It returns normally only with a loop running, and can.
    pub requires_running: bool,
    /// It does not return.
    pub never_returns: bool,
    /// A `raise` that only paths with a running loop reach and that leaves the function: the refusal, with its message,
    /// where the function refuses; the ones that refuse on some paths where it does not.
    pub running_raises: Vec<StmtId>,
    /// Calls whose refusal of a running loop leaves the function.
    pub running_calls: Vec<ExprId>,
}

/// What an attribute of `self` holds when the function returns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttributeAtExit {
    /// The attribute.
    pub name: NameId,
    /// What its value tells of the loop.
    pub flag: Option<FlagMeaning>,
    /// Where its value comes from with a loop running; [`Definition::Other`] also stands for "not assigned".
    pub running: Vec<Definition>,
    /// The same without.
    pub not_running: Vec<Definition>,
}

impl Default for Summary {
    fn default() -> Self {
        let any = || Outcome::Returns(super::value::Value::Any);
        Self {
            running: any(),
            not_running: any(),
            probe: None,
            refuses_running: false,
            requires_running: false,
            never_returns: false,
            running_raises: Vec::new(),
            running_calls: Vec::new(),
        }
    }
}

impl Summary {
    /// The first `raise` of a function that refuses a running loop.
    pub fn refusal_raise(&self) -> Option<StmtId> {
        self.running_raises.first().copied().filter(|_| self.refuses_running)
    }
    /// What a call of the function means for its caller's flow.
    pub fn meaning(&self) -> CallMeaning {
        if self.never_returns {
            return CallMeaning::NeverReturns;
        }
        match (&self.running, &self.not_running) {
            (Outcome::Returns(_), Outcome::Returns(_)) => self.probe.map_or(CallMeaning::Other, CallMeaning::flag),
            (running, not_running) => CallMeaning::Depends {
                running: running.clone(),
                not_running: not_running.clone(),
                may_fail: self.refuses_running,
            },
        }
    }
}

impl Interp<'_> {
    /// Sums up from the states of the normal exits, their values being the last ones, and the exceptions that leave.
    /// Where the entry knew more than nothing, or a call only makes a generator or coroutine, nothing is said.
    pub(super) fn summary(&mut self, entry: StateSet, returns: &States, thrown: &[(ExceptionId, States)]) -> Summary {
        let scope = self.facts.scope(self.scan.scope);
        let called = matches!(scope.kind, ScopeKind::Function { is_async: false } | ScopeKind::Lambda);
        if !called || scope.has_yield || self.incomplete || entry != StateSet::UNKNOWN {
            return Summary::default();
        }
        let never_returns = returns.bits().explicit().is_empty() && !self.is_abstract(thrown);
        let returns = &returns.plain();
        let exits = returns.bits();
        let (runs, idles) = (exits.intersects(StateSet::WHEN_RUNNING), exits.intersects(StateSet::WHEN_NOT_RUNNING));
        let running = self.way_out(returns, thrown, StateSet::WHEN_RUNNING, StateSet::RUNNING);
        let not_running = self.way_out(returns, thrown, StateSet::WHEN_NOT_RUNNING, StateSet::NOT_RUNNING);
        let probe = match (&running, &not_running) {
            (Outcome::Returns(a), Outcome::Returns(b)) => FlagMeaning::telling(*a, *b),
            _ => None,
        };
        let mut summary = Summary {
            refuses_running: !runs && idles,
            requires_running: runs && !idles,
            never_returns,
            running,
            not_running,
            probe,
            ..Summary::default()
        };
        for (exception, states) in thrown {
            if states.bits().explicit() == StateSet::RUNNING {
                match self.exceptions.get(exception.0 as usize).map(|e| e.origin) {
                    Some(Origin::Raise(stmt)) => summary.running_raises.push(stmt),
                    Some(Origin::Call(call)) => summary.running_calls.push(call),
                    _ => {}
                }
            }
        }
        summary
    }

    /// A method that raises NotImplementedError is there to be overridden.
    fn is_abstract(&self, thrown: &[(ExceptionId, States)]) -> bool {
        let class = |id: &ExceptionId| self.exceptions.get(id.0 as usize).map(|e| &e.class);
        thrown.iter().any(|(id, _)| class(id) == Some(&ExceptionClass::named("NotImplementedError")))
    }

    /// How the paths of `when` come out; `exactly` is the state in which an exception counts.
    fn way_out(
        &mut self,
        returns: &States,
        thrown: &[(ExceptionId, States)],
        when: StateSet,
        exactly: StateSet,
    ) -> Outcome {
        if let Some(value) = self.join_of(returns, when) {
            return Outcome::Returns(self.values.summary(value).portable());
        }
        let mut raised = thrown.iter().filter(|(_, s)| s.bits().intersects(exactly));
        match raised.next().and_then(|(id, _)| self.exceptions.get(id.0 as usize)) {
            Some(exception) => Outcome::Raises { class: exception.class.clone(), message: exception.message.clone() },
            None if thrown.iter().any(|(_, s)| s.bits().intersects(when)) => {
                Outcome::Raises { class: ExceptionClass::Unknown, message: None }
            }
            None => Outcome::Never,
        }
    }
    fn join_of(&mut self, states: &States, when: StateSet) -> Option<ValuesId> {
        let mut joined = None;
        for d in states.iter().filter(|d| d.bit().intersects(when)) {
            joined = Some(joined.map_or(d.acc, |j| self.values.join(j, d.acc)));
        }
        joined
    }

    /// The attributes of `self` that the scope assigns, as they are at its normal exits.
    pub(super) fn attributes(&mut self, returns: &States) -> Vec<AttributeAtExit> {
        let returns = &returns.plain();
        if self.light || self.incomplete || returns.is_empty() {
            return Vec::new();
        }
        let mut places: Vec<_> = self.scan.attributes.iter().map(|(name, p)| (*name, p.assigned)).collect();
        places.sort_unstable_by_key(|(name, _)| *name);
        let mut found = Vec::new();
        for (name, place) in places {
            let mut at = returns.clone();
            at.iter_mut().for_each(|d| d.acc = d.env.get(place.0 as usize).copied().unwrap_or(ValuesId::UNKNOWN));
            if at.iter().all(|d| d.acc == ValuesId::UNKNOWN) {
                continue;
            }
            let running = self.join_of(&at, StateSet::WHEN_RUNNING);
            let not_running = self.join_of(&at, StateSet::WHEN_NOT_RUNNING);
            let flag = running.zip(not_running).and_then(|(running, not_running)| {
                FlagMeaning::telling(self.values.summary(running), self.values.summary(not_running))
            });
            let definitions = |id: Option<ValuesId>| self.definitions(id);
            found.push(AttributeAtExit {
                name,
                flag,
                running: definitions(running),
                not_running: definitions(not_running),
            });
        }
        found
    }
    /// Where the values of the normal exits come from, with a loop running and without.
    pub(super) fn returned(&mut self, returns: &States) -> (Vec<Definition>, Vec<Definition>) {
        if self.light || self.incomplete {
            return Default::default();
        }
        let returns = &returns.plain();
        let running = self.join_of(returns, StateSet::WHEN_RUNNING);
        let not_running = self.join_of(returns, StateSet::WHEN_NOT_RUNNING);
        (self.definitions(running), self.definitions(not_running))
    }
    fn definitions(&self, id: Option<ValuesId>) -> Vec<Definition> {
        let mut all: Vec<Definition> = id.into_iter().flat_map(|id| self.values.bounds(id)).map(|b| b.def).collect();
        all.dedup();
        all
    }
}
