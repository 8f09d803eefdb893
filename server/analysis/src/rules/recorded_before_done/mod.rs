//! `recorded-before-done`: a mark says that work is done although it failed: it is set before the work is awaited, or after
//! work that swallows every error. What asks the mark never tries again.

mod guards;
mod marks;
mod mend;

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::index::Slot;
use crate::roots::is_test_module;
use crate::sites::run_scope;
use crate::swallows::{Swallowers, Swallowing, called_name, is_lock, only_waits};
use asyncwise_syntax::facts::*;
use guards::Asked;
use marks::{Kept, Mark};
use std::sync::Arc;

const RULE: &str = "recorded-before-done";
/// Calls that tell others that something is so; the mark belongs before them.
const NOTICES: &[&str] =
    &["broadcast", "dispatch", "emit", "fire", "notify", "on_", "publish", "report", "send", "signal", "trigger"];

/// How the mark comes to be wrong.
enum Wrong {
    /// It is set before this work.
    Early(ExprId),
    /// It is set after this work, which swallows its errors.
    Swallowed(ExprId, Arc<Swallowing>),
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let marks = marks::marks(checked.facts);
    if marks.is_empty() {
        return Vec::new();
    }
    let mut swallowers = Swallowers::new(checked.analysis);
    let found = marks.iter().filter_map(|mark| finding(checked, &mut swallowers, mark));
    found.map(|finding| (None, finding)).collect()
}

fn finding(checked: &mut CheckedFile<'_>, swallowers: &mut Swallowers<'_>, mark: &Mark) -> Option<Finding> {
    let asked = guards::asked(checked, mark)?;
    let wrong = early(checked, mark, &asked).or_else(|| swallowed(checked, swallowers, mark, &asked))?;
    let facts = checked.facts;
    let text = &mark.text;
    let name = |checked: &CheckedFile<'_>, work: ExprId| match facts.expr(work).kind {
        ExprKind::Await(value) => match facts.expr(value).kind {
            ExprKind::Call { func, .. } => format!("{}()", checked.analysis.call_text(checked.file, func)),
            _ => "the awaited work".to_owned(),
        },
        _ => "the awaited work".to_owned(),
    };
    let (work, message) = match &wrong {
        Wrong::Early(work) => {
            let call = name(checked, *work);
            (*work, format!("{text} before {call} is done: when that fails it is not tried again"))
        }
        Wrong::Swallowed(work, how) => {
            let call = name(checked, *work);
            let why = if how.by_value { "tells its failure only by what it returns" } else { "swallows every error" };
            (*work, format!("{text} also when {call} fails, which {why}: it is not tried again"))
        }
    };
    let is_test = is_test_module(checked.analysis.world.program.module_name(checked.file));
    let is_sure = (mark.kept == Kept::Object || is_about(checked, mark, work) || gives_state(checked, mark, work))
        && !(matches!(wrong, Wrong::Early(_)) && guards::goes_on(checked, mark.stmt));
    let confidence = if is_sure && !is_test { Confidence::Likely } else { Confidence::Possible };
    let mut finding = checked.finding(RULE, confidence, mark.at, message)?;
    finding.chain = chain(checked, &wrong, &asked, work);
    if let Wrong::Early(_) = wrong {
        finding.fixes.extend(mend::fix(checked, mark, work));
    }
    Some(finding)
}

/// Whether all that an awaited call runs is known, waits for nothing and raises nothing: it makes a task, sets a flag.
fn cannot_fail(checked: &CheckedFile<'_>, work: ExprId) -> bool {
    let ExprKind::Await(call) = checked.facts.expr(work).kind else { return false };
    let analysis = checked.analysis;
    let sites = analysis.sites_at(checked.file, call);
    let mut runs = sites.filter_map(|at| analysis.graph.site(at).happens.runs()).peekable();
    runs.peek().is_some()
        && runs.all(|def| {
            let facts = analysis.world.facts(def.file);
            let scope = facts.scope(def.scope);
            let raises = |s: &Stmt| matches!(s.kind, StmtKind::Raise { .. }) && scope.span.contains(s.span);
            !scope.has_await && !facts.stmts.iter().any(raises)
        })
}

fn chain(checked: &CheckedFile<'_>, wrong: &Wrong, asked: &Asked, work: ExprId) -> Vec<ChainStep> {
    let analysis = checked.analysis;
    let here = |expr: ExprId| Place { file: checked.file, span: checked.facts.expr(expr).span };
    let mut chain = Vec::new();
    match wrong {
        Wrong::Early(_) => {
            chain.push(ChainStep { place: here(work), message: "the work, which may fail".to_owned() });
        }
        Wrong::Swallowed(_, how) => {
            for (i, place) in how.through.iter().enumerate() {
                let message = if i == 0 { "the work" } else { "which calls this" };
                chain.push(ChainStep { place: *place, message: message.to_owned() });
            }
            let function = analysis.short_name(how.function);
            let message = format!("{function} catches every error here and goes on");
            chain.push(ChainStep { place: how.by, message });
        }
    }
    chain.push(ChainStep { place: here(asked.test), message: "where the mark is set the work is not done".to_owned() });
    chain
}

/// Whether the mark is set before the work that it is asked for.
fn early(checked: &CheckedFile<'_>, mark: &Mark, asked: &Asked) -> Option<Wrong> {
    let facts = checked.facts;
    let before = Span::new(asked.from, facts.stmt(mark.stmt).span.start);
    // What is awaited before may be what the mark is about.
    let works_before = facts.exprs().any(|(id, e)| {
        matches!(e.kind, ExprKind::Await(_))
            && before.contains(e.span)
            && run_scope(facts, e.scope) == mark.scope
            && !only_waits(facts, id)
    });
    if works_before && mark.kept != Kept::Object {
        return None;
    }
    let work = first_after(checked, mark, asked)?;
    if cannot_fail(checked, work) {
        return None;
    }
    let is_its_work = match mark.kept {
        Kept::Object => makes_ready(checked, mark, work),
        _ if mark.is_named() => is_about(checked, mark, work) || gives_state(checked, mark, work),
        _ => gives_state(checked, mark, work) && !guards::is_taken_back(checked, mark),
    };
    (is_its_work && !guards::is_undone(checked, mark)).then_some(Wrong::Early(work))
}

/// Whether the work gives the object something that it keeps: `self.data = await self.db.fetch()`. Without it, what is left out
/// where the mark is set is of no use, whatever the mark is called.
fn gives_state(checked: &CheckedFile<'_>, mark: &Mark, work: ExprId) -> bool {
    let facts = checked.facts;
    let Parent::Stmt(stmt) = facts.expr(work).parent else { return false };
    let target = match facts.stmt(stmt).kind {
        StmtKind::Assign { targets, value } if value == work => match *facts.list(targets) {
            [target] => target,
            _ => return false,
        },
        StmtKind::AnnAssign { target, value: Some(value), .. } if value == work => target,
        _ => return false,
    };
    let (ExprKind::Attribute { value: owner, .. }, Some((marked, _))) =
        (&facts.expr(target).kind, mark.state.rsplit_once('.'))
    else {
        return false;
    };
    mark.kept == Kept::Flag && facts.dotted(*owner).is_some_and(|owner| owner == marked)
}

/// Whether the names say that the mark is for this work.
fn is_about(checked: &CheckedFile<'_>, mark: &Mark, work: ExprId) -> bool {
    let facts = checked.facts;
    let called = match facts.expr(work).kind {
        ExprKind::Await(value) => called_name(facts, value),
        _ => "",
    };
    mark.is_about(facts.name(facts.scope(mark.scope).name)) || mark.is_about(called)
}

/// Whether an awaited call is one of the object's own methods, by which it begins to be of use.
fn makes_ready(checked: &CheckedFile<'_>, mark: &Mark, work: ExprId) -> bool {
    let facts = checked.facts;
    let ExprKind::Await(mut call) = facts.expr(work).kind else { return false };
    if let ExprKind::Call { args, .. } = facts.expr(call).kind
        && matches!(called_name(facts, call), "wait_for" | "shield")
    {
        call = facts.args(args).first().map_or(call, |first| first.value);
    }
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return false };
    marks::beginning(facts, func).and_then(|of| facts.dotted(of)).is_some_and(|of| of == mark.state)
}

/// The first work that is awaited after the mark, on a path from it.
fn first_after(checked: &CheckedFile<'_>, mark: &Mark, asked: &Asked) -> Option<ExprId> {
    let (facts, index) = (checked.facts, checked.index);
    let mut at = mark.stmt;
    loop {
        if matches!(index.slot(at), Slot::Handler(_) | Slot::Finally) {
            return None;
        }
        let mut next = guards::following(checked, at);
        while let Some(stmt) = next {
            if let Some(work) = first_work(checked, stmt, mark) {
                return (!guards::is_handled(checked, stmt, work)).then_some(work);
            }
            if matches!(
                facts.stmt(stmt).kind,
                StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Continue | StmtKind::Break
            ) {
                return None;
            }
            next = guards::following(checked, stmt);
        }
        // What stands behind the condition that asks is done in any case.
        at = facts.stmt(at).parent.filter(|parent| Some(*parent) != asked.around)?;
    }
}

/// The first work in a statement; none where what comes first is only told to others.
fn first_work(checked: &CheckedFile<'_>, stmt: StmtId, mark: &Mark) -> Option<ExprId> {
    let (facts, scope) = (checked.facts, mark.scope);
    let span = facts.stmt(stmt).span;
    let awaits = facts.exprs().filter(|(id, e)| {
        matches!(e.kind, ExprKind::Await(_))
            && span.contains(e.span)
            && run_scope(facts, e.scope) == scope
            && !only_waits(facts, *id)
    });
    let first = awaits.min_by_key(|(_, e)| e.span.start).map(|(id, _)| id)?;
    let ExprKind::Await(value) = facts.expr(first).kind else { return None };
    let name = called_name(facts, value).trim_start_matches('_').to_ascii_lowercase();
    // A subscription is made by sending it.
    let is_done_by_sending = mark.is_by_sending() && mark.is_about(facts.name(facts.scope(scope).name));
    let is_work = is_done_by_sending && name.starts_with("send");
    let is_notice = name.is_empty() || !is_work && NOTICES.iter().any(|n| name.starts_with(n));
    (!is_notice).then_some(first)
}

/// Whether all work before the mark swallows its errors.
fn swallowed(checked: &CheckedFile<'_>, swallowers: &mut Swallowers<'_>, mark: &Mark, asked: &Asked) -> Option<Wrong> {
    let (facts, index) = (checked.facts, checked.index);
    if mark.kept == Kept::Object
        || !mark.is_named()
        || matches!(index.slot(mark.stmt), Slot::Handler(_) | Slot::Finally)
    {
        return None;
    }
    let before = Span::new(asked.from, facts.stmt(mark.stmt).span.start);
    let enters = facts.stmts.iter().any(|s| {
        s.scope == mark.scope
            && before.contains_offset(s.span.start)
            && match s.kind {
                StmtKind::For { is_async, .. } => is_async,
                StmtKind::With { is_async: true, items, .. } => {
                    facts.with_items[items.range()].iter().any(|i| !is_lock(facts, i.context))
                }
                _ => false,
            }
    });
    if enters {
        return None;
    }
    let mut found = None;
    for (id, e) in facts.exprs() {
        if !matches!(e.kind, ExprKind::Await(_)) || !before.contains(e.span) || run_scope(facts, e.scope) != mark.scope
        {
            continue;
        }
        if only_waits(facts, id) {
            continue;
        }
        let how = swallowers.of_await(checked.file, id)?;
        found.get_or_insert((id, how));
    }
    let (work, how) = found?;
    Some(Wrong::Swallowed(work, how))
}
