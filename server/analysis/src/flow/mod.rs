//! The loop domain: does an event loop run on this thread, here?
//!
//! An abstract interpreter over the statements of one function, module, class body or lambda. It carries the paths apart
//! that know different things of the loop (nothing, one runs, none runs), and for each what local variables and attributes
//! of `self` hold and where that was defined. So a flag set from a probe tells the loop when it is tested later, and an
//! object made "AsyncX if a loop runs, else X" has one definition in each arm.
//!
//! Paths are *implicit* that start where something other than the probe raises inside the probe's own `try`: the author
//! took every RuntimeError there for "no loop runs". They are kept apart all the way, so that a rule can ignore them and
//! another can be about nothing else.
//!
//! Nothing here knows names: what a call or an attribute means is answered by an [`Oracle`].

mod bind;
mod call;
mod cond;
mod exception;
mod expr;
mod interp;
mod oracle;
mod record;
mod repeat;
mod scan;
mod state;
mod stmt;
mod summary;
#[cfg(test)]
mod tests;
mod try_stmt;
mod value;
mod walk;

pub use exception::ExceptionClass;
pub use oracle::{CallMeaning, FlagMeaning, Oracle, Outcome};
pub use state::{LoopState, StateSet};
pub use summary::{AttributeAtExit, Summary};
pub use value::{Definition, ExceptionId, LoopKind, Value};

use asyncwise_syntax::facts::{BindingKind, ExprId, ExprKind, FileFacts, ScopeId, ScopeKind, StmtId};
use interp::Interp;
use record::Record;
use scan::{Scan, scan};
use value::ValueTable;

/// What is asked of an interpretation.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Follow variables also where nothing in the scope tells anything about the loop: definitions are those that reach a
    /// use. Else such a scope is only looked through for dead code, and its definitions are those of the whole scope.
    pub full: bool,
    /// Parameters hold the constants they default to: what a call without those arguments does, such as one that
    /// refuses a running loop `if check:` with `check=True`.
    pub defaults: bool,
}

/// The flow of one scope.
pub struct LoopFlow {
    scope: ScopeId,
    light: bool,
    record: Record,
    values: ValueTable,
    summary: Summary,
    attributes: Vec<AttributeAtExit>,
    returned: (Vec<Definition>, Vec<Definition>),
}

/// The usual entry of a scope: nothing is known in a sync function, a loop runs in an `async def`.
pub fn usual_entry(facts: &FileFacts, scope: ScopeId) -> StateSet {
    match facts.scope(facts.code_scope(scope)).kind {
        ScopeKind::Function { is_async: true } => StateSet::RUNNING,
        _ => StateSet::UNKNOWN,
    }
}

/// Interprets a scope from the states at its entry.
pub fn analyze(facts: &FileFacts, scope: ScopeId, entry: StateSet, oracle: &dyn Oracle, options: Options) -> LoopFlow {
    let found = scan(facts, scope, oracle);
    let light = !options.full && !found.matters();
    let (flow, found) = interpret(facts, found, entry, oracle, (light, options.defaults));
    match flow {
        Some(flow) => flow,
        // Loops inside loops inside loops took too long: only reachability is worked out.
        None => {
            let flow = interpret(facts, found, entry, oracle, (true, false)).0;
            flow.unwrap_or_else(|| LoopFlow::of_nothing(scope))
        }
    }
}

/// None when it takes too long; the scan is given back then.
fn interpret(
    facts: &FileFacts,
    found: Scan,
    entry: StateSet,
    oracle: &dyn Oracle,
    (light, defaults): (bool, bool),
) -> (Option<LoopFlow>, Scan) {
    let scope = found.scope;
    let mut interp = Interp::new(facts, oracle, found, light);
    let states = interp.entry(entry, defaults);
    let s = facts.scope(scope);
    let out = match s.kind {
        ScopeKind::Lambda | ScopeKind::Comprehension { .. } => interp.eval_all(facts.list(s.body_exprs), states),
        _ => {
            let out = interp.block(s.body, states);
            interp.with_none(out)
        }
    };
    if interp.exhausted() {
        return (None, interp.scan);
    }
    let mut edges = interp.pop_edges();
    interp.absorb(&mut edges.returns, out);
    let summary = interp.summary(entry, &edges.returns, &edges.thrown);
    let attributes = interp.attributes(&edges.returns);
    let returned = interp.returned(&edges.returns);
    let Interp { record, values, scan, .. } = interp;
    (Some(LoopFlow { scope, light, record, values, summary, attributes, returned }), scan)
}

impl LoopFlow {
    fn of_nothing(scope: ScopeId) -> Self {
        Self {
            scope,
            light: true,
            record: Record::default(),
            values: ValueTable::new(),
            summary: Summary::default(),
            attributes: Vec::new(),
            returned: Default::default(),
        }
    }

    /// The states that reach an expression of this scope (or of a comprehension in it): for a call, when its arguments
    /// are evaluated and it happens; for a lambda, where it is made. Empty for dead code and for code of other scopes.
    pub fn state_at(&self, facts: &FileFacts, expr: ExprId) -> StateSet {
        if !self.light {
            return self.record.at_expr(expr);
        }
        let is_own = facts.code_scope(facts.expr(expr).scope) == self.scope;
        let stmt = facts.stmt_of(expr).filter(|_| is_own);
        stmt.map_or(StateSet::EMPTY, |stmt| self.state_of(stmt))
    }
    /// The states that reach a statement of this scope; for a definition, where it is made.
    pub fn state_of(&self, stmt: StmtId) -> StateSet {
        self.record.at_stmt(stmt)
    }
    /// Where the value of a variable or `self.attribute` comes from at a use, on the paths of `when`: with
    /// [`StateSet::WHEN_RUNNING`], what it can be when a loop runs. Sorted; empty in dead code and on dead paths.
    pub fn definitions_at(&self, facts: &FileFacts, at: ExprId, when: StateSet) -> Vec<Definition> {
        let Some(uses) = self.record.uses(at) else { return self.definitions_anywhere(facts, at, when) };
        let ids = uses.iter().filter(|(bit, _)| bit.intersects(when)).map(|(_, id)| *id);
        let mut found: Vec<Definition> = ids.flat_map(|id| self.values.bounds(id)).map(|b| b.def).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
    /// What the value of a variable or `self.attribute` can be at a use, on the paths of `when`.
    pub fn values_at(&self, at: ExprId, when: StateSet) -> Vec<Value> {
        let uses = self.record.uses(at).unwrap_or_default().iter();
        let ids = uses.filter(|(bit, _)| bit.intersects(when)).map(|(_, id)| *id);
        let mut found: Vec<Value> = ids.flat_map(|id| self.values.bounds(id)).map(|b| b.value).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
    /// All definitions of a name in the scope, for scopes whose variables were not followed.
    fn definitions_anywhere(&self, facts: &FileFacts, at: ExprId, when: StateSet) -> Vec<Definition> {
        if !self.state_at(facts, at).intersects(when) {
            return Vec::new();
        }
        let ExprKind::Name(name) = facts.expr(at).kind else { return vec![Definition::Other] };
        let bindings = facts.bindings_of(self.scope).iter().filter(|b| b.name == name && self.light);
        let mut found: Vec<Definition> = bindings
            .map(|b| match b.kind {
                BindingKind::Assign { value, .. } => Definition::Expr(value),
                BindingKind::Import(import) => Definition::Import(import),
                BindingKind::Def(scope) => Definition::Scope(scope),
                _ => Definition::Other,
            })
            .collect();
        if found.is_empty() {
            found.push(Definition::Other);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the function tells its callers.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
    /// What the attributes of `self` that the scope assigns hold at its end: for `__init__`, the flags of the class.
    /// Empty where nothing in the scope matters for the loop.
    pub fn attributes(&self) -> &[AttributeAtExit] {
        &self.attributes
    }
    /// Where the value that the scope returns comes from, with a loop running and without. Empty where it does not return
    /// then, and where nothing in the scope matters for the loop.
    pub fn returned(&self) -> (&[Definition], &[Definition]) {
        (&self.returned.0, &self.returned.1)
    }
    /// Whether nothing in the scope tells anything about the loop.
    pub fn is_trivial(&self) -> bool {
        self.light
    }
}
