//! `try` and `with`: where exceptions go.

use super::exception::{Caught, ExceptionClass};
use super::interp::{Edges, Interp, set};
use super::oracle::CallMeaning;
use super::scan::Place;
use super::state::{Disjunct, Route, StateSet, States};
use super::value::{Definition, ExceptionId, Value, ValuesId};
use asyncwise_syntax::facts::{Block, ExprId, ExprKind, Handler, NameId, Run, StmtId, StmtKind};

/// How a handler names what it caught.
#[derive(Copy, Clone, Default)]
struct Naming {
    hidden: Option<Place>,
    name: Option<NameId>,
}

impl Interp<'_> {
    pub(super) fn try_stmt(&mut self, stmt: StmtId, entry: States) -> States {
        let facts = self.facts;
        let StmtKind::Try { body, handlers, orelse, finalbody, .. } = facts.stmt(stmt).kind else { return entry };
        let hidden = self.scan.hidden.get(self.tries as usize).copied();
        self.tries += 1;
        let has_finally = !finalbody.0.is_empty();

        self.catchers += u32::from(has_finally);
        let only_asks = self.only_asks(body);
        let (after_body, mut edges) = self.guarded(body, entry.clone());
        let lost = self.somewhere_in(entry, &after_body);
        self.edges.push(Edges::default());
        let mut out = self.block(orelse, after_body);
        for handler in &facts.handlers[handlers.range()] {
            let after = self.handler(handler, hidden, (&lost, only_asks), &mut edges);
            self.absorb(&mut out, after);
        }
        self.pass_on(edges);
        self.catchers -= u32::from(has_finally);

        let outward = self.pop_edges();
        if has_finally {
            out = self.finally(finalbody, hidden, out, outward);
        } else {
            self.pass_on(outward);
        }
        self.tries -= 1;
        out
    }

    /// Runs a block whose exceptions something catches.
    fn guarded(&mut self, body: Block, entry: States) -> (States, Edges) {
        self.edges.push(Edges::default());
        self.catchers += 1;
        let after = self.block(body, entry);
        self.catchers -= 1;
        (after, self.pop_edges())
    }

    /// The states in which something may raise that is not known to: what the block knows of the loop at its end, and
    /// what its variables may hold from before it. Where it has no end, those before it.
    fn somewhere_in(&mut self, entry: States, after: &States) -> States {
        let mut lost = after.clone();
        if lost.is_empty() {
            return entry;
        }
        for key in after.iter() {
            for before in entry.iter() {
                let before = Disjunct { state: key.state, route: key.route, ..before.clone() };
                lost.add(before, &mut self.values);
            }
        }
        lost
    }

    /// Whether a block does nothing but ask a loop whether it runs, which no loop of asyncio fails to answer: what its
    /// handlers say is for other loops, or for none.
    fn only_asks(&self, body: Block) -> bool {
        let facts = self.facts;
        let &[only] = facts.block(body) else { return false };
        let (StmtKind::Assign { value, .. } | StmtKind::Return(Some(value))) = facts.stmt(only).kind else {
            return false;
        };
        let ExprKind::Call { func, .. } = facts.expr(value).kind else { return false };
        let ExprKind::Attribute { value: of, .. } = facts.expr(func).kind else { return false };
        let is_plain = match facts.expr(of).kind {
            ExprKind::Call { .. } => self.scan.calls.get(&of) == Some(&CallMeaning::CurrentLoop),
            _ => facts.dotted(of).is_some(),
        };
        is_plain && self.scan.calls.get(&value) == Some(&CallMeaning::LoopIsRunning)
    }

    fn handler(
        &mut self,
        handler: &Handler,
        hidden: Option<Place>,
        (lost, only_asks): (&States, bool),
        edges: &mut Edges,
    ) -> States {
        if let Some(types) = handler.types.filter(|_| !self.light) {
            let raised = edges.thrown.iter().fold(StateSet::EMPTY, |bits, (_, s)| bits.union(s.bits()));
            self.note_all(types, if raised.is_empty() { lost.bits() } else { raised });
        }
        let classes = self.classes(handler.types);
        let entry = self.catch(edges, &classes, Naming { hidden, name: handler.name }, (lost, only_asks));
        self.handled.push(hidden);
        let mut after = self.block(handler.body, entry);
        self.handled.pop();
        if let Some(place) = handler.name.and_then(|n| self.scan.place_of(n)) {
            after.iter_mut().for_each(|d| set(d, place, ValuesId::UNKNOWN));
        }
        after
    }

    /// The classes of a handler: one, or those of a tuple; all without a type.
    fn classes(&self, types: Option<ExprId>) -> Vec<ExceptionClass> {
        let facts = self.facts;
        match types.map(|t| (t, &facts.expr(t).kind)) {
            None => vec![ExceptionClass::named("BaseException")],
            Some((_, ExprKind::Tuple(list))) => {
                facts.list(*list).iter().map(|e| self.oracle.exception_class(facts, *e)).collect()
            }
            Some((one, _)) => vec![self.oracle.exception_class(facts, one)],
        }
    }

    /// Takes what a handler for `classes` catches out of `edges`. Where it is the handler for a probe's failure, whatever
    /// else it catches makes an implicit path. `lost` is where nothing is known to raise: such a handler is
    /// not dead, but for one of a block that only asks the path to it is implicit.
    fn catch(
        &mut self,
        edges: &mut Edges,
        classes: &[ExceptionClass],
        naming: Naming,
        (lost, only_asks): (&States, bool),
    ) -> States {
        let is_probe = only_asks || edges.probes.iter().any(|p| self.caught(classes, p) != Caught::No);
        edges.probes.retain(|p| self.caught(classes, p) != Caught::Yes);
        let mut entry = States::default();
        for (exception, states) in std::mem::take(&mut edges.thrown) {
            let class = self.class_of(exception);
            let caught = self.caught(classes, &class);
            match caught {
                Caught::No => {}
                // An error that is only passed on, of a class that nobody knows, is one of the work.
                Caught::Maybe if is_probe && class == ExceptionClass::Unknown => {
                    let states = states.iter().map(|d| d.clone().by(Route::Implicit));
                    let mut unlikely = States::default();
                    states.for_each(|d| _ = unlikely.add(d, &mut self.values));
                    self.enter(&mut entry, exception, unlikely, true, naming);
                }
                _ => self.enter(&mut entry, exception, states.clone(), is_probe, naming),
            }
            match caught {
                Caught::Yes => {}
                // What is left after `except Exception` is no `Exception`.
                Caught::Maybe if exception.is_implicit() && classes.contains(&exception_class()) => {
                    edges.throw(ExceptionId::EXIT, states, &mut self.values);
                }
                Caught::Maybe | Caught::No => edges.throw(exception, states, &mut self.values),
            }
        }
        if entry.is_empty() && (only_asks || !is_probe) {
            self.enter(&mut entry, ExceptionId::IMPLICIT, lost.clone(), only_asks, naming);
        }
        entry
    }

    fn class_of(&self, exception: ExceptionId) -> ExceptionClass {
        self.exceptions.get(exception.0 as usize).map_or(ExceptionClass::Unknown, |e| e.class.clone())
    }

    fn enter(&mut self, entry: &mut States, exception: ExceptionId, from: States, is_probe: bool, naming: Naming) {
        let value = self.values.single(Value::Raised(exception), Definition::Other);
        let name = naming.name.and_then(|n| self.scan.place_of(n));
        for mut d in from {
            if exception.is_implicit() && !self.light {
                d = d.by(if is_probe { Route::Implicit } else { Route::Rescued });
            }
            name.into_iter().chain(naming.hidden).for_each(|place| set(&mut d, place, value));
            entry.add(d, &mut self.values);
        }
    }

    /// Runs a `finally` for each way that leads into it, and goes on that way.
    fn finally(&mut self, body: Block, hidden: Option<Place>, normal: States, edges: Edges) -> States {
        let out = self.block(body, normal);
        let breaks = self.block(body, edges.breaks);
        let continues = self.block(body, edges.continues);
        let mut returns = edges.returns;
        if let Some(place) = hidden {
            returns.iter_mut().for_each(|d| set(d, place, d.acc));
        }
        let mut returns = self.block(body, returns);
        for d in returns.iter_mut() {
            d.acc = hidden.map_or(ValuesId::UNKNOWN, |place| d.env.get(place.0 as usize).copied().unwrap_or(d.acc));
        }
        let thrown = self.pending(hidden, edges.thrown);
        let thrown = self.block(body, thrown);
        for d in thrown {
            self.rethrow(hidden, &d);
        }
        self.pass_on(Edges { breaks, continues, returns, probes: edges.probes, ..Edges::default() });
        out
    }
    /// All exceptions on their way through a `finally` in one set of states: which, is the value of a hidden variable.
    fn pending(&mut self, hidden: Option<Place>, thrown: Vec<(ExceptionId, States)>) -> States {
        let mut pending = States::default();
        for (exception, states) in thrown {
            let value = self.values.single(Value::Raised(exception), Definition::Other);
            for mut d in states {
                hidden.into_iter().for_each(|place| set(&mut d, place, value));
                pending.add(d, &mut self.values);
            }
        }
        pending
    }
    fn rethrow(&mut self, hidden: Option<Place>, disjunct: &Disjunct) {
        let held = hidden.map_or(ValuesId::UNKNOWN, |place| self.get(disjunct, place));
        let exceptions: Vec<ExceptionId> = self
            .values
            .bounds(held)
            .map(|b| match b.value {
                Value::Raised(exception) => exception,
                _ => ExceptionId::IMPLICIT,
            })
            .collect();
        exceptions.into_iter().for_each(|e| self.throw(e, disjunct.clone()));
    }

    pub(super) fn with_stmt(&mut self, items: Run, body: Block, mut states: States) -> States {
        let facts = self.facts;
        let mut suppressed = Vec::new();
        for item in &facts.with_items[items.range()] {
            states = self.eval(item.context, states);
            self.may_raise(&states);
            // Entering may wait for a lock, while others run.
            self.forget(&mut states, true, true);
            if let Some(target) = item.target {
                states = self.assign_unknown(target, states);
            }
            if self.scan.calls.get(&item.context) == Some(&CallMeaning::Suppresses)
                && let ExprKind::Call { args, .. } = facts.expr(item.context).kind
            {
                let classes = facts.args(args).iter().filter(|a| a.name.is_none());
                suppressed.extend(classes.flat_map(|a| self.classes(Some(a.value))));
            }
        }
        if suppressed.is_empty() {
            return if self.only_leaves(body) { self.leaving_with(body, states) } else { self.block(body, states) };
        }
        let (mut out, mut edges) = self.guarded(body, states.clone());
        let lost = self.somewhere_in(states, &out);
        let swallowed = self.catch(&mut edges, &suppressed, Naming::default(), (&lost, false));
        self.pass_on(edges);
        self.absorb(&mut out, swallowed);
        out
    }
}

impl Interp<'_> {
    /// Whether a block is plainly meant to be left by `return` or an exception.
    fn only_leaves(&self, body: Block) -> bool {
        let last = self.facts.block(body).last().map(|s| &self.facts.stmt(*s).kind);
        matches!(last, Some(StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::While { .. }))
    }
    /// A `with` whose block does not reach its end: what follows is not dead, as any context manager may swallow the
    /// exceptions of the block; but those are implicit paths.
    fn leaving_with(&mut self, body: Block, states: States) -> States {
        let (mut out, edges) = self.guarded(body, states);
        if out.is_empty() {
            for d in edges.thrown.iter().flat_map(|(_, states)| states.iter()) {
                out.add(d.clone().by(Route::Implicit), &mut self.values);
            }
        }
        self.pass_on(edges);
        out
    }
}

fn exception_class() -> ExceptionClass {
    ExceptionClass::named("Exception")
}
