//! What an interpretation found: loop states and definitions at each point.

use super::scan::{IdRange, Scan};
use super::state::{StateSet, States};
use super::value::ValuesId;
use asyncwise_syntax::facts::{ExprId, StmtId};
use rustc_hash::FxHashMap;

/// The states that reach each expression and statement of a scope, and the value sets of each use of a variable.
#[derive(Default)]
pub(super) struct Record {
    expr_base: u32,
    stmt_base: u32,
    exprs: Vec<StateSet>,
    stmts: Vec<StateSet>,
    uses: FxHashMap<ExprId, Vec<(StateSet, ValuesId)>>,
}

impl Record {
    /// An empty record for a scope; `light` ones do without expressions.
    pub(super) fn new(scan: &Scan, light: bool) -> Self {
        let len = |r: IdRange| r.end.saturating_sub(r.start) as usize;
        Self {
            expr_base: scan.exprs.start,
            stmt_base: scan.stmts.start,
            exprs: if light { Vec::new() } else { vec![StateSet::EMPTY; len(scan.exprs)] },
            stmts: vec![StateSet::EMPTY; len(scan.stmts)],
            uses: FxHashMap::default(),
        }
    }
    pub(super) fn expr(&mut self, expr: ExprId, bits: StateSet) {
        add(&mut self.exprs, self.expr_base, expr.0, bits);
    }
    pub(super) fn stmt(&mut self, stmt: StmtId, bits: StateSet) {
        add(&mut self.stmts, self.stmt_base, stmt.0, bits);
    }
    /// A use of a variable whose value sets are the disjuncts' last values.
    pub(super) fn use_of(&mut self, expr: ExprId, states: &States) {
        let uses = self.uses.entry(expr).or_default();
        for d in states.iter() {
            if !uses.contains(&(d.bit(), d.acc)) {
                uses.push((d.bit(), d.acc));
            }
        }
    }
    pub(super) fn at_expr(&self, expr: ExprId) -> StateSet {
        get(&self.exprs, self.expr_base, expr.0)
    }
    pub(super) fn at_stmt(&self, stmt: StmtId) -> StateSet {
        get(&self.stmts, self.stmt_base, stmt.0)
    }
    pub(super) fn uses(&self, expr: ExprId) -> Option<&[(StateSet, ValuesId)]> {
        self.uses.get(&expr).map(Vec::as_slice)
    }
}

fn add(sets: &mut [StateSet], base: u32, id: u32, bits: StateSet) {
    if let Some(set) = id.checked_sub(base).and_then(|i| sets.get_mut(i as usize)) {
        *set = set.union(bits);
    }
}

fn get(sets: &[StateSet], base: u32, id: u32) -> StateSet {
    id.checked_sub(base).and_then(|i| sets.get(i as usize)).copied().unwrap_or_default()
}
