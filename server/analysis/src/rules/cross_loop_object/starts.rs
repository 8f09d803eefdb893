//! Loop starts that lead to a function, and whether they are several in one process.

use crate::analysis::Analysis;
use crate::finding::{Confidence, FileId};
use crate::graph::{Reason, SiteRef};
use crate::index::{FileIndex, Slot};
use crate::infer::Infer;
use crate::knowledge::Kind;
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

/// A start of a loop that is made for it.
#[derive(Copy, Clone)]
pub(super) struct Start {
    /// The call that starts it.
    pub(super) at: SiteRef,
    /// The coroutine function it runs.
    pub(super) runs: Def,
    /// The call that makes the loop: the start itself, or `new_event_loop()`.
    made: ExprId,
    /// The coroutine is one of an attribute of `self`, or of `self` itself.
    is_of_self: bool,
}

/// The starts of loops outside of tests. What runs on a loop that somebody keeps is none: it may be one for all.
pub(super) fn all_starts(analysis: &Analysis, infer: &mut Infer<'_>) -> Vec<Start> {
    let program = &analysis.world.program;
    let mut found = Vec::new();
    for (at, site) in analysis.graph.all_sites() {
        let Happens::StartsLoop(path) = &site.happens else { continue };
        if is_test_module(program.module_name(at.file)) {
            continue;
        }
        let facts = analysis.world.facts(at.file);
        let ExprKind::Call { func, args } = facts.expr(site.expr).kind else { continue };
        let Some(first) = facts.args(args).first().map(|a| a.value) else { continue };
        let Some(runs) = started(analysis, infer, at, first) else { continue };
        let keeps_loop = analysis.world.knowledge.starter(path).is_some_and(|s| s.kind == Kind::Method);
        let made = if keeps_loop { new_loop(analysis, infer, at, func) } else { Some(site.expr) };
        let is_of_self = is_of_self(analysis, at, first);
        found.extend(made.map(|made| Start { at, runs, made, is_of_self }));
    }
    found
}

/// The `new_event_loop()` that made the loop of `loop.run_until_complete`, in the same function.
fn new_loop(analysis: &Analysis, infer: &mut Infer<'_>, at: SiteRef, func: ExprId) -> Option<ExprId> {
    let (facts, index) = (analysis.world.facts(at.file), analysis.world.index_of(at.file));
    let ExprKind::Attribute { value, .. } = facts.expr(func).kind else { return None };
    let made = match facts.expr(value).kind {
        ExprKind::Name(name) => {
            let owner = analysis.graph.owner(at).scope;
            match index.reaching(facts, owner, name, facts.stmt_of(value)).as_slice() {
                [Binding { kind: BindingKind::Assign { value, .. }, .. }] => *value,
                _ => return None,
            }
        }
        _ => value,
    };
    let ExprKind::Call { func, .. } = facts.expr(made).kind else { return None };
    matches!(infer.expr(at.file, func), Ty::External(path) if path == "asyncio.new_event_loop").then_some(made)
}

/// Whether a coroutine is made by `self.method()` or `self.attribute.method()`: the object outlives the loop.
fn is_of_self(analysis: &Analysis, at: SiteRef, argument: ExprId) -> bool {
    let facts = analysis.world.facts(at.file);
    let mut root = match facts.expr(argument).kind {
        ExprKind::Call { func, .. } => func,
        _ => argument,
    };
    while let ExprKind::Attribute { value, .. } = facts.expr(root).kind {
        root = value;
    }
    let ExprKind::Name(name) = facts.expr(root).kind else { return false };
    analysis.world.index_of(at.file).self_class(facts, analysis.graph.owner(at).scope, name).is_some()
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
}

/// Whether starts make several loops in one process.
pub(super) fn several(analysis: &Analysis, starts: &[Start]) -> Option<Several> {
    let repeated =
        starts.iter().find_map(|start| Some(Several { starts: vec![start.at], why: repeats(analysis, start)? }));
    repeated.or_else(|| one_after_the_other(analysis, starts))
}

/// Whether plain methods of one object start several loops for what it keeps: a method in each round of a loop, or
/// several methods.
pub(super) fn by_methods(analysis: &Analysis, starts: &[Start]) -> Option<Several> {
    let owner = |start: &Start| analysis.graph.owner(start.at);
    let ours: Vec<&Start> = starts.iter().filter(|s| s.is_of_self).collect();
    for (i, first) in ours.iter().enumerate() {
        if is_in_loop(analysis, first) {
            let why = format!("{} makes one in each round of a loop", analysis.site_text(first.at));
            return Some(Several { starts: vec![first.at], why });
        }
        let class = analysis.world.class_of(owner(first));
        let other = |s: &&&Start| analysis.world.class_of(owner(s)) == class && owner(s) != owner(first);
        if class.is_some()
            && let Some(second) = ours[i + 1..].iter().find(other)
        {
            let name = |start: &Start| analysis.world.name(owner(start)).to_owned();
            let why = format!("{}() makes one for each call, and {}() others", name(first), name(second));
            return Some(Several { starts: vec![first.at, second.at], why });
        }
    }
    None
}

fn is_in_loop(analysis: &Analysis, start: &Start) -> bool {
    let facts = analysis.world.facts(start.at.file);
    let index = analysis.world.index_of(start.at.file);
    let runs = facts.stmt_of(analysis.graph.site(start.at).expr);
    runs.is_some_and(|s| in_loop(facts, index, s))
        && facts.stmt_of(start.made).is_some_and(|s| in_loop(facts, index, s))
}

/// Why a start happens more than once, where the code says so.
fn repeats(analysis: &Analysis, start: &Start) -> Option<String> {
    let owner = analysis.graph.owner(start.at);
    let text = analysis.site_text(start.at);
    if is_in_loop(analysis, start) {
        return Some(format!("{text} makes one in each round of a loop"));
    }
    let name = analysis.short_name(owner);
    let roots = analysis.graph.roots_of(owner);
    if roots.iter().any(|r| r.on == RunsOn::Worker && matches!(r.reason, Reason::Framework(_))) {
        return Some(format!("{text} makes one for each call of {name}"));
    }
    // Tests call again and again what a program calls once.
    let in_test = |file: FileId| is_test_module(analysis.world.program.module_name(file));
    let in_round = analysis.graph.callers_of(owner).iter().filter(|c| !in_test(c.file)).find(|c| {
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
fn one_after_the_other(analysis: &Analysis, starts: &[Start]) -> Option<Several> {
    for (i, first) in starts.iter().enumerate() {
        for second in &starts[i + 1..] {
            let is_one = analysis.graph.owner(first.at) == analysis.graph.owner(second.at);
            let both = if is_one {
                first.made != second.made && follows(analysis, first.at, second.at)
            } else {
                called_together(analysis, first.at, second.at)
            };
            if both {
                let [one, two] = [first, second].map(|s| analysis.site_text(s.at));
                let why = format!("{one} makes one, and {two} makes another");
                return Some(Several { starts: vec![first.at, second.at], why });
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
