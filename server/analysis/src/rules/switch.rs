//! Calls that switch off what the chain leads to: `f(wait=False)` where `f` waits only `if wait:`.

use crate::analysis::Analysis;
use crate::finding::FileId;
use crate::graph::SiteRef;
use crate::index::{Slot, leaves};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// A constant that a parameter holds.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Constant {
    None,
    Bool(bool),
    Int(i64),
    Str(SmolStr),
}

impl Constant {
    fn truth(&self) -> bool {
        match self {
            Constant::None => false,
            Constant::Bool(b) => *b,
            Constant::Int(i) => *i != 0,
            Constant::Str(s) => !s.is_empty(),
        }
    }
}

/// The parameters of a function that hold constants in the call at hand.
type Held = FxHashMap<NameId, Constant>;

/// Whether a step of the chain stands behind a test on parameters of its function that fails for the constants the
/// call passes, or leaves at their defaults; constants are followed as they are handed on.
pub(super) fn is_off(analysis: &Analysis, from: SiteRef, chain: &[SiteRef]) -> bool {
    let chain = chain.iter().map(|&at| (analysis.graph.owner(at), analysis.graph.site(at).expr, Some(at)));
    is_off_on(analysis, from, chain)
}

/// The same where the calls of `way` lead to an expression of a function.
pub(super) fn is_off_before(analysis: &Analysis, way: &[SiteRef], owner: Def, expr: ExprId) -> bool {
    let Some((&from, chain)) = way.split_first() else { return false };
    let calls = chain.iter().map(|&at| (analysis.graph.owner(at), analysis.graph.site(at).expr, Some(at)));
    is_off_on(analysis, from, calls.chain([(owner, expr, None)]))
}

/// Steps are places in functions; all but the last are calls that lead on.
fn is_off_on(analysis: &Analysis, from: SiteRef, steps: impl Iterator<Item = (Def, ExprId, Option<SiteRef>)>) -> bool {
    let mut held = Held::default();
    let mut caller = from;
    for (owner, expr, at) in steps {
        held = handed(analysis, caller, owner, &held);
        if !held.is_empty() && is_unreachable(analysis, owner.file, expr, &held) {
            return true;
        }
        caller = at.unwrap_or(caller);
    }
    false
}

/// What the parameters of `callee` hold when the call at `caller` runs it.
fn handed(analysis: &Analysis, caller: SiteRef, callee: Def, held: &Held) -> Held {
    let own = analysis.world.facts(callee.file);
    let index = analysis.world.index_of(callee.file);
    let facts = analysis.world.facts(caller.file);
    let mut new = Held::default();
    let ExprKind::Call { args, .. } = facts.expr(analysis.graph.site(caller).expr).kind else { return new };
    let args = facts.args(args);
    if args.iter().any(|a| a.star == Star::One) {
        return new;
    }
    // `**options` may give any of those that are not named here.
    let all_named = args.iter().all(|a| a.star == Star::No);
    let params = own.params_of(callee.scope);
    let is_method = analysis.world.class_of(callee).is_some();
    let positional: Vec<ExprId> =
        args.iter().filter(|a| a.name.is_none() && a.star == Star::No).map(|a| a.value).collect();
    for (i, param) in params.iter().enumerate().filter(|(_, p)| p.star == Star::No) {
        // A name that the function binds again is not what the caller passed.
        if index.bindings(own, callee.scope, param.name).count() > 1 {
            continue;
        }
        let name = own.name(param.name);
        let named = args.iter().find(|a| a.name.is_some_and(|n| facts.name(n) == name)).map(|a| a.value);
        let at = i.checked_sub(usize::from(is_method)).filter(|_| !param.keyword_only);
        let value = match named.or_else(|| at.and_then(|at| positional.get(at).copied())) {
            Some(given) => constant(facts, given, held),
            None => param.default.filter(|_| all_named).and_then(|default| constant(own, default, &Held::default())),
        };
        if let Some(value) = value {
            new.insert(param.name, value);
        }
    }
    new
}

fn constant(facts: &FileFacts, value: ExprId, held: &Held) -> Option<Constant> {
    match &facts.expr(value).kind {
        ExprKind::None => Some(Constant::None),
        ExprKind::Bool(b) => Some(Constant::Bool(*b)),
        ExprKind::Int(i) => Some(Constant::Int(*i)),
        ExprKind::Str(s) => Some(Constant::Str(s.clone())),
        ExprKind::Name(name) => held.get(name).cloned(),
        _ => None,
    }
}

/// Whether the tests around and before an expression keep it from running.
fn is_unreachable(analysis: &Analysis, file: FileId, expr: ExprId, held: &Held) -> bool {
    let facts = analysis.world.facts(file);
    let index = analysis.world.index_of(file);
    let mut at = facts.stmt_of(expr);
    while let Some(stmt) = at {
        let parent = facts.stmt(stmt).parent;
        if let Some(p) = parent
            && index.slot(stmt) == Slot::Branch
            && let StmtKind::If { test, body, .. } = facts.stmt(p).kind
            && holds(facts, test, held) == Some(!facts.block(body).contains(&stmt))
        {
            return true;
        }
        let mut before = index.previous(stmt);
        while let Some(earlier) = before {
            if let StmtKind::If { test, body, .. } = facts.stmt(earlier).kind
                && facts.block(body).iter().any(|s| leaves(facts, *s))
                && holds(facts, test, held) == Some(true)
            {
                return true;
            }
            before = index.previous(earlier);
        }
        at = parent;
    }
    false
}

/// The truth of a test, where the constants settle it.
fn holds(facts: &FileFacts, test: ExprId, held: &Held) -> Option<bool> {
    match &facts.expr(test).kind {
        ExprKind::Name(_) => constant(facts, test, held).map(|c| c.truth()),
        ExprKind::Not(inner) => holds(facts, *inner, held).map(|b| !b),
        ExprKind::BoolOp { is_and, values } => {
            let parts: Vec<Option<bool>> = facts.list(*values).iter().map(|v| holds(facts, *v, held)).collect();
            if parts.contains(&Some(!*is_and)) {
                return Some(!*is_and);
            }
            parts.iter().all(Option::is_some).then_some(*is_and)
        }
        ExprKind::Compare { operands, ops } => {
            let [left, right] = *facts.list(*operands) else { return None };
            let (left, right) = (constant(facts, left, held)?, constant(facts, right, held)?);
            match facts.compare_ops[ops.range()].first()? {
                CompareOp::Is | CompareOp::Eq => Some(left == right),
                CompareOp::IsNot | CompareOp::NotEq => Some(left != right),
                _ => None,
            }
        }
        ExprKind::Call { func, args } => {
            let ExprKind::Attribute { value, attr } = facts.expr(*func).kind else { return None };
            let [only] = facts.args(*args) else { return None };
            let (Constant::Str(text), Constant::Str(part)) =
                (constant(facts, value, held)?, constant(facts, only.value, held)?)
            else {
                return None;
            };
            match facts.name(attr) {
                "startswith" => Some(text.starts_with(part.as_str())),
                "endswith" => Some(text.ends_with(part.as_str())),
                _ => None,
            }
        }
        _ => None,
    }
}
