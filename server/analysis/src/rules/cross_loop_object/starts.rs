//! Loop starts that lead to a function, and whether they are several in one process.

use crate::analysis::Analysis;
use crate::finding::Confidence;
use crate::graph::{Reason, SiteRef};
use crate::index::{FileIndex, Slot};
use crate::infer::Infer;
use crate::roots::is_test_module;
use crate::settings::RunsOn;
use crate::sites::Happens;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;
use std::collections::VecDeque;

/// More functions than this are not looked at.
const MAX_FUNCTIONS: usize = 2000;

/// The functions through which code gets to one of `functions`, those included.
pub(super) fn leading_to(analysis: &Analysis, functions: &[Def]) -> FxHashSet<Def> {
    let mut seen: FxHashSet<Def> = functions.iter().copied().collect();
    let mut queue: VecDeque<Def> = functions.iter().copied().collect();
    while let Some(def) = queue.pop_front() {
        for &at in analysis.graph.callers_of(def) {
            let owner = analysis.graph.owner(at);
            let is_known = analysis.graph.site(at).confidence >= Confidence::Likely;
            if is_known && owner.scope != ScopeId::MODULE && seen.len() < MAX_FUNCTIONS && seen.insert(owner) {
                queue.push_back(owner);
            }
        }
    }
    seen
}

/// The starts of loops outside of tests, each with the coroutine function it runs.
pub(super) fn all_starts(analysis: &Analysis, infer: &mut Infer<'_>) -> Vec<(SiteRef, Def)> {
    let program = &analysis.world.program;
    let mut found = Vec::new();
    for (at, site) in analysis.graph.all_sites() {
        if !matches!(site.happens, Happens::StartsLoop(_)) || is_test_module(program.module_name(at.file)) {
            continue;
        }
        let facts = analysis.world.facts(at.file);
        let ExprKind::Call { args, .. } = facts.expr(site.expr).kind else { continue };
        let first = facts.args(args).first();
        found.extend(first.and_then(|first| Some((at, started(analysis, infer, at, first.value)?))));
    }
    found
}

/// The coroutine function that a start runs: `run(main())`, `run(main)`.
fn started(analysis: &Analysis, infer: &mut Infer<'_>, at: SiteRef, argument: ExprId) -> Option<Def> {
    let function = match analysis.world.facts(at.file).expr(argument).kind {
        ExprKind::Call { func, .. } => func,
        _ => argument,
    };
    match infer.expr(at.file, function) {
        Ty::Function(def, _) if analysis.world.is_async(def) => Some(def),
        _ => None,
    }
}

/// Several loops in one process.
pub(super) struct Several {
    /// The starts that show it: one that happens again and again, or two.
    pub(super) starts: Vec<SiteRef>,
    /// Why, in words, from the first start on.
    pub(super) why: String,
    /// How sure it is.
    pub(super) confidence: Confidence,
}

/// Whether starts make several loops in one process.
pub(super) fn several(analysis: &Analysis, starts: &[SiteRef]) -> Option<Several> {
    let repeated = starts.iter().find_map(|&at| {
        let why = repeats(analysis, at)?;
        Some(Several { starts: vec![at], why, confidence: Confidence::Likely })
    });
    repeated.or_else(|| one_after_the_other(analysis, starts))
}

/// Several plain methods of a class that start a loop each, for what its instances keep.
pub(super) fn by_methods(analysis: &Analysis, starts: &[SiteRef], class: Def) -> Option<Several> {
    let name = |at: SiteRef| analysis.world.name(analysis.graph.owner(at)).to_owned();
    let is_ours = |at: &&SiteRef| analysis.world.class_of(analysis.graph.owner(**at)) == Some(class);
    let mut ours = starts.iter().filter(is_ours);
    let first = *ours.next()?;
    let second = *ours.find(|at| analysis.graph.owner(**at) != analysis.graph.owner(first))?;
    let why = format!("{}() makes one for each call, and {}() others", name(first), name(second));
    Some(Several { starts: vec![first, second], why, confidence: Confidence::Likely })
}

/// Why a start happens more than once, where the code says so.
fn repeats(analysis: &Analysis, at: SiteRef) -> Option<String> {
    let facts = analysis.world.facts(at.file);
    let index = analysis.world.index_of(at.file);
    let owner = analysis.graph.owner(at);
    let stmt = facts.stmt_of(analysis.graph.site(at).expr)?;
    let text = analysis.site_text(at);
    if in_loop(facts, index, stmt) {
        return Some(format!("{text} makes one in each round of a loop"));
    }
    let name = analysis.short_name(owner);
    let roots = analysis.graph.roots_of(owner);
    let framework = roots.iter().find(|r| r.on == RunsOn::Worker && matches!(r.reason, Reason::Framework(_)));
    if framework.is_some() {
        return Some(format!("{text} makes one for each call of {name}"));
    }
    let callers = analysis.graph.callers_of(owner);
    let in_round = callers.iter().find(|c| {
        let facts = analysis.world.facts(c.file);
        let stmt = facts.stmt_of(analysis.graph.site(**c).expr);
        let is_sure = analysis.graph.site(**c).confidence >= Confidence::Likely;
        is_sure && stmt.is_some_and(|s| in_loop(facts, analysis.world.index_of(c.file), s))
    });
    in_round.map(|_| format!("{text} makes one for each call of {name}"))
}

/// Whether a statement is run again and again by a loop of its function.
fn in_loop(facts: &FileFacts, index: &FileIndex, mut stmt: StmtId) -> bool {
    if leaves_loop(facts, stmt) {
        return false;
    }
    while let Some(parent) = facts.stmt(stmt).parent {
        if index.slot(stmt) == Slot::LoopBody {
            return true;
        }
        stmt = parent;
    }
    false
}

/// Whether what stands in a statement happens once, as it leaves the loop around.
fn leaves_loop(facts: &FileFacts, stmt: StmtId) -> bool {
    matches!(facts.stmt(stmt).kind, StmtKind::Return(_) | StmtKind::Raise { .. })
}

/// Two starts in one function of which the second follows the first, or two functions with one each that a third calls.
fn one_after_the_other(analysis: &Analysis, starts: &[SiteRef]) -> Option<Several> {
    let describe = |a: SiteRef, b: SiteRef, confidence| {
        let why = format!("{} makes one, and {} makes another", analysis.site_text(a), analysis.site_text(b));
        Several { starts: vec![a, b], why, confidence }
    };
    for (i, &first) in starts.iter().enumerate() {
        for &second in &starts[i + 1..] {
            if analysis.graph.owner(first) == analysis.graph.owner(second) {
                if follows(analysis, first, second) {
                    return Some(describe(first, second, Confidence::Likely));
                }
            } else if called_together(analysis, first, second) {
                return Some(describe(first, second, Confidence::Likely));
            }
        }
    }
    None
}

/// Whether some function calls those around two starts one after the other.
fn called_together(analysis: &Analysis, first: SiteRef, second: SiteRef) -> bool {
    let callers = |at: SiteRef| {
        let all = analysis.graph.callers_of(analysis.graph.owner(at)).iter().copied();
        all.filter(|c| analysis.graph.site(*c).confidence >= Confidence::Likely)
    };
    callers(first).any(|a| {
        callers(second).any(|b| {
            analysis.graph.owner(a) == analysis.graph.owner(b) && (follows(analysis, a, b) || follows(analysis, b, a))
        })
    })
}

/// Whether both places of one function run in one call of it, the second after the first.
fn follows(analysis: &Analysis, first: SiteRef, second: SiteRef) -> bool {
    let facts = analysis.world.facts(first.file);
    let (a, b) = (analysis.graph.site(first), analysis.graph.site(second));
    let (Some(one), Some(two)) = (facts.stmt_of(a.expr), facts.stmt_of(b.expr)) else { return false };
    if leaves_loop(facts, one) || facts.expr(a.expr).span.start >= facts.expr(b.expr).span.start {
        return false;
    }
    // Neither in a branch that the other is not in: one of them may be what happens instead.
    let branches = |stmt: StmtId| {
        let index = analysis.world.index_of(first.file);
        let mut all = Vec::new();
        let mut at = stmt;
        while let Some(parent) = facts.stmt(at).parent {
            let slot = index.slot(at);
            if matches!(slot, Slot::Branch | Slot::Handler(_) | Slot::TryElse | Slot::LoopElse)
                && !is_main(facts, parent)
            {
                all.push(at);
            }
            at = parent;
        }
        all
    };
    branches(one).is_empty() && branches(two).is_empty()
}

/// `if __name__ == "__main__"`: no branch among others.
fn is_main(facts: &FileFacts, stmt: StmtId) -> bool {
    let StmtKind::If { test, .. } = facts.stmt(stmt).kind else { return false };
    let ExprKind::Compare { operands, .. } = facts.expr(test).kind else { return false };
    facts.list(operands).iter().any(|o| facts.dotted(*o).is_some_and(|d| d == "__name__"))
}
