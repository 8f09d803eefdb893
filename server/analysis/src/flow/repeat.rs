//! Loops of Python: `while` and `for`, run until nothing new comes around.

use super::interp::{Edges, Interp, set};
use super::scan::Place;
use super::state::{Disjunct, States};
use super::value::{Definition, Value, ValuesId};
use asyncwise_syntax::facts::{Block, ExprId};

/// After this many rounds nothing is known any more of a variable that still changes.
const PRECISE_ROUNDS: u32 = 4;
/// The end in any case; what is known then is not extended any further.
const MAX_ROUNDS: u32 = 8;

/// One round of a loop.
struct Round {
    /// What comes back to the loop's head.
    back: States,
    /// What leaves because the loop is done.
    done: States,
    edges: Edges,
}

impl Interp<'_> {
    pub(super) fn while_stmt(&mut self, test: ExprId, body: Block, orelse: Block, states: States) -> States {
        self.repeat(orelse, states, |interp, head| {
            let (holds, done) = interp.cond(test, head);
            let back = interp.block(body, holds);
            (back, done)
        })
    }

    pub(super) fn for_stmt(
        &mut self,
        target: ExprId,
        iter: ExprId,
        body: Block,
        orelse: Block,
        states: States,
    ) -> States {
        let states = self.eval(iter, states);
        self.repeat(orelse, states, |interp, head| {
            interp.may_raise(&head);
            let item = interp.assign_unknown(target, head.clone());
            let back = interp.block(body, item);
            (back, head)
        })
    }

    fn repeat(
        &mut self,
        orelse: Block,
        entry: States,
        mut round: impl FnMut(&mut Self, States) -> (States, States),
    ) -> States {
        let mut head = entry;
        let mut rounds = 0;
        let last = loop {
            self.edges.push(Edges::default());
            let (back, done) = round(self, head.clone());
            let mut edges = self.pop_edges();
            let mut back = back;
            let continues = std::mem::take(&mut edges.continues);
            self.absorb(&mut back, continues);
            rounds += 1;
            let result = Round { back, done, edges };
            if rounds >= MAX_ROUNDS || !self.grow(&mut head, &result.back, rounds >= PRECISE_ROUNDS) {
                break result;
            }
        };
        let mut out = self.block(orelse, last.done);
        let mut edges = last.edges;
        let breaks = std::mem::take(&mut edges.breaks);
        self.absorb(&mut out, breaks);
        self.pass_on(edges);
        out
    }

    /// Joins what came back into the head; whether that is anything new.
    fn grow(&mut self, head: &mut States, back: &States, widen: bool) -> bool {
        let before = head.clone();
        let mut grown = false;
        for d in back.iter() {
            let mut d = Disjunct { stack: Vec::new(), acc: ValuesId::UNKNOWN, ..d.clone() };
            self.decay_all(&mut d);
            grown |= head.add(d, &mut self.values);
        }
        if grown && widen {
            self.widen(head, &before);
        }
        grown
    }
    /// A condition that held when the loop was entered need not hold the next time around: what it is about may have been
    /// changed in place.
    fn decay_all(&mut self, d: &mut Disjunct) {
        let places = d.env.iter().enumerate().filter(|(_, id)| self.values.decays(**id)).map(|(i, _)| Place(i as u32));
        for place in places.collect::<Vec<_>>() {
            let decayed = self.values.decay(self.get(d, place));
            set(d, place, decayed);
        }
    }
    fn widen(&mut self, head: &mut States, before: &States) {
        let other = self.values.single(Value::Any, Definition::Other);
        for d in head.iter_mut() {
            let Some(old) = before.iter().find(|b| b.bit() == d.bit()) else { continue };
            let changed = old.env.iter().zip(d.env.iter()).enumerate().filter(|(_, (a, b))| a != b);
            let changed: Vec<(Place, ValuesId)> = changed.map(|(i, (_, now))| (Place(i as u32), *now)).collect();
            for (place, now) in changed {
                let weak = self.values.weaken(now);
                let wide = self.values.join(weak, other);
                set(d, place, wide);
            }
        }
    }
}
