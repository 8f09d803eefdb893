//! Which paths of a function come to a close: a walk over its statements that carries whether the loop is made, open or
//! closed. Arms are joined, so the walk is linear but for `finally` blocks, which are walked once for each way into them.

use asyncwise_syntax::facts::*;

/// What has become of the loop on the paths that come to a point: a set.
type States = u8;
const UNMADE: States = 1;
const OPEN: States = 2;
const CLOSED: States = 4;
/// Open after running it has raised.
const FAILED: States = 8;
/// More statements than this are not walked.
const MAX_STEPS: u32 = 20_000;

/// What is done with one loop, by the expressions that do it.
pub(in crate::rules) struct Events<'a> {
    /// The call that makes it.
    pub(in crate::rules) made: ExprId,
    /// The calls that close it.
    pub(in crate::rules) closed: &'a [ExprId],
    /// The calls that run it, and raise what was run raises.
    pub(in crate::rules) driven: &'a [ExprId],
    /// The names that are given another value.
    pub(in crate::rules) stored: &'a [ExprId],
}

/// The ways on which the loop stays open.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::rules) struct Leaks {
    /// The function returns, or the variable is given another loop.
    pub(in crate::rules) on_return: bool,
    /// Running it raises, and the exception leaves the function or is handled without a close.
    pub(in crate::rules) on_error: bool,
}

/// The states in which a statement is left, by how.
#[derive(Copy, Clone, Default)]
struct Exits {
    next: States,
    returned: States,
    raised: States,
    left: States,
    again: States,
}

impl Exits {
    fn next(next: States) -> Self {
        Self { next, ..Self::default() }
    }
    /// Both ways, the next statement's states apart.
    fn absorb(&mut self, other: Exits) {
        self.returned |= other.returned;
        self.raised |= other.raised;
        self.left |= other.left;
        self.again |= other.again;
    }
}

struct Walk<'a> {
    facts: &'a FileFacts,
    events: &'a Events<'a>,
    steps: u32,
    overwritten: bool,
}

/// Where a loop made in a function stays open; none where the function is too long to tell.
pub(in crate::rules) fn leaks(facts: &FileFacts, scope: ScopeId, events: &Events<'_>) -> Option<Leaks> {
    let mut walk = Walk { facts, events, steps: 0, overwritten: false };
    let exits = walk.block(facts.scope(scope).body, UNMADE);
    let on_return = (exits.next | exits.returned) & OPEN != 0 || walk.overwritten;
    let on_error = exits.raised & (OPEN | FAILED) != 0 || (exits.next | exits.returned) & FAILED != 0;
    (walk.steps < MAX_STEPS).then_some(Leaks { on_return, on_error })
}

impl Walk<'_> {
    fn block(&mut self, block: Block, states: States) -> Exits {
        let mut exits = Exits::next(states);
        for &stmt in self.facts.block(block) {
            if exits.next == 0 {
                break;
            }
            let one = self.statement(stmt, exits.next);
            exits.next = one.next;
            exits.absorb(one);
        }
        exits
    }

    fn statement(&mut self, stmt: StmtId, states: States) -> Exits {
        self.steps += 1;
        if self.steps >= MAX_STEPS {
            return Exits::default();
        }
        let facts = self.facts;
        match &facts.stmt(stmt).kind {
            StmtKind::Return(_) => {
                let done = self.simple(facts.stmt(stmt).span, states);
                Exits { next: 0, returned: done.next, ..done }
            }
            StmtKind::Raise { .. } => {
                let done = self.simple(facts.stmt(stmt).span, states);
                Exits { next: 0, raised: done.raised | done.next, ..done }
            }
            StmtKind::Break => Exits { left: states, ..Exits::default() },
            StmtKind::Continue => Exits { again: states, ..Exits::default() },
            StmtKind::FunctionDef(_) | StmtKind::ClassDef(_) => Exits::next(states),
            StmtKind::If { test, body, orelse } => {
                let mut exits = self.simple(facts.expr(*test).span, states);
                let entry = exits.next;
                let (then, other) = (self.block(*body, entry), self.block(*orelse, entry));
                exits.next = join(entry, &[then.next, other.next]);
                exits.absorb(then);
                exits.absorb(other);
                exits
            }
            StmtKind::While { test, body, orelse } => {
                let endless = matches!(facts.expr(*test).kind, ExprKind::Bool(true) | ExprKind::Int(1));
                self.repeated(facts.expr(*test).span, (*body, *orelse), endless, states)
            }
            StmtKind::For { iter, body, orelse, .. } => {
                self.repeated(facts.expr(*iter).span, (*body, *orelse), false, states)
            }
            StmtKind::With { items, body, .. } => {
                let mut exits = Exits::next(states);
                for item in &facts.with_items[items.range()] {
                    let one = self.simple(facts.expr(item.context).span, exits.next);
                    exits.next = one.next;
                    exits.absorb(one);
                }
                let inner = self.block(*body, exits.next);
                exits.next = inner.next;
                exits.absorb(inner);
                exits
            }
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                let guarded = self.guarded((*body, *handlers, *orelse), states);
                if finalbody.0.is_empty() { guarded } else { self.finally(*finalbody, guarded) }
            }
            StmtKind::Match { subject, cases } => {
                let mut exits = self.simple(facts.expr(*subject).span, states);
                let entry = exits.next;
                let cases = &facts.cases[cases.range()];
                let complete = cases.iter().any(|c| c.is_irrefutable && c.guard.is_none());
                let mut nexts = vec![if complete { 0 } else { entry }];
                for case in cases {
                    let one = self.block(case.body, entry);
                    nexts.push(one.next);
                    exits.absorb(one);
                }
                exits.next = join(entry, &nexts);
                exits
            }
            _ => self.simple(facts.stmt(stmt).span, states),
        }
    }

    /// A statement without statements in it, or the header of one, in the order: run, closed, made or given another value.
    fn simple(&mut self, span: Span, states: States) -> Exits {
        let within = |exprs: &[ExprId]| exprs.iter().any(|e| span.contains(self.facts.expr(*e).span));
        let mut exits = Exits::next(states);
        if within(self.events.driven) {
            exits.raised = if states & (OPEN | FAILED) != 0 { FAILED } else { 0 };
        }
        if within(self.events.closed) {
            exits.next = closed(states);
        }
        let made = span.contains(self.facts.expr(self.events.made).span);
        if made || within(self.events.stored) {
            self.overwritten |= exits.next & (OPEN | FAILED) != 0;
            exits.next = if made { OPEN } else { UNMADE };
        }
        exits
    }

    fn repeated(&mut self, header: Span, (body, orelse): (Block, Block), endless: bool, states: States) -> Exits {
        let mut exits = self.simple(header, states);
        let entry = exits.next;
        let first = self.block(body, entry);
        let around = entry | first.next | first.again;
        // A second time round with what the first one left.
        let inner = if around == entry { first } else { self.block(body, around) };
        let done = if endless { 0 } else { join(around, &[entry, inner.next | inner.again]) };
        let after = self.block(orelse, done);
        exits.next = after.next | inner.left;
        exits.absorb(after);
        exits.returned |= inner.returned;
        exits.raised |= inner.raised;
        exits
    }

    /// A `try` without its `finally`.
    fn guarded(&mut self, (body, handlers, orelse): (Block, Run, Block), states: States) -> Exits {
        let facts = self.facts;
        let tried = self.block(body, states);
        let after = self.block(orelse, tried.next);
        let mut exits = Exits { next: after.next, ..Exits::default() };
        exits.absorb(after);
        exits.absorb(Exits { raised: 0, ..tried });
        let handlers = &facts.handlers[handlers.range()];
        // Anything may raise; with the loop open only what runs it is taken to.
        let entry = tried.raised | states & !OPEN;
        for handler in handlers {
            let one = self.block(handler.body, entry);
            exits.next |= one.next;
            exits.absorb(one);
        }
        if !handlers.iter().any(|h| catches_all(facts, h)) {
            exits.raised |= tried.raised;
        }
        exits
    }

    /// A `finally` runs on every way out.
    fn finally(&mut self, block: Block, exits: Exits) -> Exits {
        let mut all = Exits::default();
        let mut through = |states: States| {
            if states == 0 {
                return 0;
            }
            let one = self.block(block, states);
            all.absorb(one);
            one.next
        };
        let next = through(exits.next);
        let returned = through(exits.returned);
        let raised = through(exits.raised);
        let left = through(exits.left);
        let again = through(exits.again);
        all.absorb(Exits { next: 0, returned, raised, left, again });
        Exits { next, ..all }
    }
}

fn closed(states: States) -> States {
    if states & (OPEN | FAILED) == 0 { states } else { states & !(OPEN | FAILED) | CLOSED }
}

/// The states after several arms. Where one of them closes the loop, its condition is taken to ask whether there is one
/// to close: flags that tell whose loop it is are not followed.
fn join(entry: States, arms: &[States]) -> States {
    let all = arms.iter().fold(0, |all, arm| all | arm);
    let open = OPEN | FAILED;
    let closes = arms.iter().any(|arm| arm & CLOSED & !entry != 0 && arm & open == 0);
    if entry & open != 0 && closes { all & !open } else { all }
}

fn catches_all(facts: &FileFacts, handler: &Handler) -> bool {
    let names_it = |expr: ExprId| {
        let name = facts.dotted(expr);
        matches!(name.as_deref(), Some("Exception" | "BaseException"))
    };
    handler.types.is_none_or(|types| match &facts.expr(types).kind {
        ExprKind::Tuple(items) => facts.list(*items).iter().any(|&item| names_it(item)),
        _ => names_it(types),
    })
}
