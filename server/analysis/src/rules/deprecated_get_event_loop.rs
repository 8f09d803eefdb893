//! `deprecated-get-event-loop`: what `asyncio.get_event_loop()` means here, and in which Python it stops working.

use super::CheckedFile;
use super::made_loop::{self, Use};
use super::way::way_to;
use crate::analysis::{Analysis, RawFinding};
use crate::finding::{Applicability, ChainStep, Confidence, Edit, Finding, Fix, Place};
use crate::fixes::{Source, tidy};
use crate::graph::Reason;
use crate::index::Slot;
use crate::roots::is_test_module;
use crate::settings::RunsOn;
use crate::sites::run_scope;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "deprecated-get-event-loop";
/// The Python that raises where no loop runs and none is set; 3.12 and 3.13 warn.
const RAISES: (u8, u8) = (3, 14);

/// Where a call stands.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Where {
    /// In a coroutine or a notebook's cell: it gives the running loop.
    OnLoop,
    /// In a thread that has no loop.
    Worker,
    /// Where no loop runs: at module level, after a probe, or because it is to be run.
    NoLoop,
    /// In a plain function that anybody may call.
    Anywhere,
}

/// A call of `get_event_loop`.
#[derive(Copy, Clone)]
struct Call {
    call: ExprId,
    func: ExprId,
    owner: ScopeId,
    place: Where,
}

/// The findings in one file: one for each function and kind of place.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    if checked.index.name("get_event_loop").is_none()
        || is_test_module(checked.analysis.world.program.module_name(checked.file))
    {
        return Vec::new();
    }
    let facts = checked.facts;
    let calls = facts.exprs().filter_map(|(id, e)| match e.kind {
        ExprKind::Call { func, .. } => Some((id, func)),
        _ => None,
    });
    let named: Vec<(ExprId, ExprId)> = calls.filter(|(_, func)| is_named(facts, *func)).collect();
    let found: Vec<Call> = named.into_iter().filter_map(|(call, func)| looked_at(checked, call, func)).collect();
    let mut findings = Vec::new();
    for (i, call) in found.iter().enumerate() {
        let same = |other: &&Call| other.owner == call.owner && other.place == call.place;
        if found[..i].iter().any(|other| same(&other)) {
            continue;
        }
        let all: Vec<Call> = found.iter().filter(same).copied().collect();
        findings.extend(finding_of(checked, &all).map(|finding| (None, finding)));
    }
    findings
}

fn is_named(facts: &FileFacts, func: ExprId) -> bool {
    match facts.expr(func).kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(n) == "get_event_loop",
        _ => false,
    }
}

/// The call with where it stands; none where it is right as it is.
fn looked_at(checked: &mut CheckedFile<'_>, call: ExprId, func: ExprId) -> Option<Call> {
    let by_policy = match checked.infer.expr(checked.file, func) {
        Ty::External(path) if path == "asyncio.get_event_loop" => false,
        Ty::External(path) if path == "asyncio.AbstractEventLoopPolicy.get_event_loop" => true,
        _ => return None,
    };
    let facts = checked.facts;
    let owner = run_scope(facts, facts.expr(call).scope);
    let states = checked.flows.around(call).state_at(facts, call);
    let of = |place| Some(Call { call, func, owner, place });
    let kind = facts.scope(owner).kind;
    let is_notebook = checked.analysis.world.program.file(checked.file).is_notebook;
    let in_coroutine = kind == ScopeKind::Function { is_async: true } || is_notebook && kind == ScopeKind::Module;
    if states.is_empty() && kind != ScopeKind::Lambda || is_handled(checked, call) || minds_version(facts, owner) {
        return None;
    }
    // The error of a start is handled there: most likely because a loop runs.
    if after_start(checked, call) {
        return None;
    }
    if in_coroutine {
        return if by_policy || !states.always_runs() { None } else { of(Where::OnLoop) };
    }
    let def = Def { file: checked.file, scope: owner };
    let runs_on = |place| checked.analysis.function_runs_on(def, place);
    // A probe told that a loop runs, or a loop was set here: then this gives it.
    if states.always_runs() || runs_on(RunsOn::Loop) || sets_before(checked, call, owner) {
        return None;
    }
    if runs_on(RunsOn::Worker) {
        return if sets_in_thread(checked, def) { None } else { of(Where::Worker) };
    }
    let proven = !states.is_empty() && states.never_runs();
    if proven || owner == ScopeId::MODULE || is_run(checked, call) {
        return of(Where::NoLoop);
    }
    if is_for_coroutines(checked, owner) { None } else { of(Where::Anywhere) }
}

/// Whether the call's failure is handled: `except RuntimeError` and broader ones.
fn is_handled(checked: &CheckedFile<'_>, call: ExprId) -> bool {
    let facts = checked.facts;
    let mut at = facts.stmt_of(call);
    while let Some(stmt) = at {
        at = facts.stmt(stmt).parent;
        let Some(StmtKind::Try { handlers, .. }) = at.map(|parent| &facts.stmt(parent).kind) else { continue };
        let handles = |h: &Handler| h.types.is_none_or(|types| names_it(facts, types));
        if checked.index.slot(stmt) == Slot::Try && facts.handlers[handlers.range()].iter().any(handles) {
            return true;
        }
    }
    false
}

fn names_it(facts: &FileFacts, types: ExprId) -> bool {
    match &facts.expr(types).kind {
        ExprKind::Name(n) => matches!(facts.name(*n), "RuntimeError" | "Exception" | "BaseException"),
        ExprKind::Tuple(items) => facts.list(*items).iter().any(|&item| names_it(facts, item)),
        _ => false,
    }
}

/// Whether a private function is named in coroutine functions only, if in a lambda or function that they hand on.
fn is_for_coroutines(checked: &CheckedFile<'_>, owner: ScopeId) -> bool {
    let facts = checked.facts;
    let name = facts.scope(owner).name;
    if !facts.name(name).starts_with('_') || facts.name(name).starts_with("__") {
        return false;
    }
    let in_coroutine = |mut scope: ScopeId| loop {
        let s = facts.scope(scope);
        match s.parent {
            _ if s.kind == (ScopeKind::Function { is_async: true }) => return true,
            Some(parent) => scope = parent,
            None => return false,
        }
    };
    let named = |e: &&Expr| matches!(e.kind, ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } if n == name);
    let mut mentions = facts.exprs.iter().filter(named).peekable();
    mentions.peek().is_some() && mentions.all(|e| in_coroutine(e.scope))
}

/// Whether a call stands in the handler of a `try` that starts a loop.
fn after_start(checked: &mut CheckedFile<'_>, call: ExprId) -> bool {
    let facts = checked.facts;
    let mut at = facts.stmt_of(call);
    while let Some(stmt) = at {
        at = facts.stmt(stmt).parent;
        if let (Slot::Handler(_), Some(StmtKind::Try { body, .. })) =
            (checked.index.slot(stmt), at.map(|parent| &facts.stmt(parent).kind))
        {
            let owner = run_scope(facts, facts.expr(call).scope);
            let tried = checked.calls_in(checked.block_span(*body), owner);
            if tried.into_iter().any(|c| checked.starter(c).is_some()) {
                return true;
            }
        }
    }
    false
}

/// Whether the thread that comes to a worker's function may have made a loop its current one: what is called on the way
/// from where the thread begins does. What other threads set is theirs.
fn sets_in_thread(checked: &CheckedFile<'_>, def: Def) -> bool {
    let analysis = checked.analysis;
    let Some(way) = way_to(analysis, def, RunsOn::Worker) else { return true };
    let mut on_way: Vec<Def> = way.sites.iter().map(|at| analysis.graph.owner(*at)).collect();
    on_way.push(def);
    let called = |owner: &Def| {
        let sites = analysis.graph.sites[owner.file.index()].iter().filter(|s| s.owner == owner.scope);
        sites.filter_map(|s| s.happens.runs()).collect::<Vec<_>>()
    };
    on_way.iter().flat_map(called).chain(on_way.iter().copied()).any(|function| sets(analysis, function))
}

/// Whether the code of a function names `set_event_loop`.
fn sets(analysis: &Analysis, function: Def) -> bool {
    let (facts, index) = (analysis.world.facts(function.file), analysis.world.index_of(function.file));
    let Some(name) = index.name("set_event_loop") else { return false };
    facts.exprs.iter().any(|e| {
        let is_it = matches!(e.kind, ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } if n == name);
        is_it && run_scope(facts, e.scope) == function.scope
    })
}

/// Whether the function asks which Python it runs on.
fn minds_version(facts: &FileFacts, owner: ScopeId) -> bool {
    let own = facts.scope(owner).span;
    let asks = |name: &str| name == "version_info" || name.starts_with("PY3") || name.starts_with("PY_3");
    let stmts = facts.stmts.iter().filter(|s| owner == ScopeId::MODULE && s.scope == owner || own.contains(s.span));
    let tests = stmts.filter_map(|s| match s.kind {
        StmtKind::If { test, .. } => Some(facts.expr(test).span),
        _ => None,
    });
    let tests: Vec<Span> = tests.collect();
    if tests.is_empty() || !facts.names.iter().any(|n| asks(n)) {
        return false;
    }
    facts.exprs.iter().any(|e| match e.kind {
        ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => {
            asks(facts.name(n)) && tests.iter().any(|t| t.contains(e.span))
        }
        _ => false,
    })
}

/// Whether the function has made a loop the current one before.
fn sets_before(checked: &CheckedFile<'_>, call: ExprId, owner: ScopeId) -> bool {
    let facts = checked.facts;
    let Some(name) = checked.index.name("set_event_loop") else { return false };
    let before = facts.expr(call).span.start;
    facts.exprs.iter().any(|e| {
        let is_it = matches!(e.kind, ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } if n == name);
        is_it && e.span.start < before && run_scope(facts, e.scope) == owner
    })
}

/// Whether the loop is run here, so that none runs yet.
fn is_run(checked: &mut CheckedFile<'_>, call: ExprId) -> bool {
    let facts = checked.facts;
    if run_here(facts, call).is_some() {
        return true;
    }
    let scope = facts.code_scope(facts.expr(call).scope);
    let Some(name) = made_loop::bound_name(facts, call) else { return false };
    let mentions = made_loop::mentions(facts, scope, name);
    // It is run only where the function finds that it does not run.
    if mentions.iter().any(|&at| is_attribute(facts, at, "is_running")) {
        return false;
    }
    mentions.into_iter().any(|mention| {
        let used = made_loop::use_of(&mut checked.infer, checked.file, scope, mention, 0);
        matches!(used, Use::Driven(_) | Use::Forever)
    })
}

fn is_attribute(facts: &FileFacts, value: ExprId, name: &str) -> bool {
    let Parent::Expr(parent) = facts.expr(value).parent else { return false };
    matches!(facts.expr(parent).kind, ExprKind::Attribute { attr, .. } if facts.name(attr) == name)
}

/// The call of `run_until_complete` or `run_forever` directly on a value.
fn run_here(facts: &FileFacts, value: ExprId) -> Option<ExprId> {
    let Parent::Expr(attribute) = facts.expr(value).parent else { return None };
    let ExprKind::Attribute { attr, .. } = facts.expr(attribute).kind else { return None };
    let Parent::Expr(outer) = facts.expr(attribute).parent else { return None };
    let is_call = matches!(facts.expr(outer).kind, ExprKind::Call { func, .. } if func == attribute);
    (is_call && matches!(facts.name(attr), "run_until_complete" | "run_forever")).then_some(outer)
}

fn finding_of(checked: &mut CheckedFile<'_>, all: &[Call]) -> Option<Finding> {
    let first = all.first()?;
    let (analysis, file) = (checked.analysis, checked.file);
    let target = analysis.world.program.file(file).settings.target_version;
    let raises_always = target.is_some_and(|t| t >= RAISES);
    let sets_somewhere = checked.index.name("set_event_loop").is_some();
    let (confidence, message) = match first.place {
        Where::OnLoop => (Confidence::Possible, "gives the running loop here, as get_running_loop() would say"),
        Where::Worker => (Confidence::Likely, "raises RuntimeError here: a worker thread has no current event loop"),
        Where::NoLoop if raises_always => {
            let certain =
                !sets_somewhere && first.owner == ScopeId::MODULE && run_here(checked.facts, first.call).is_some();
            let confidence = if certain { Confidence::Certain } else { Confidence::Likely };
            (confidence, "raises RuntimeError here: no event loop runs, and Python 3.14 makes none")
        }
        Where::NoLoop => {
            let likely = target.is_some() && !sets_somewhere;
            let confidence = if likely { Confidence::Likely } else { Confidence::Possible };
            (confidence, "no event loop runs here: Python 3.12 warns, 3.14 raises RuntimeError")
        }
        Where::Anywhere => (Confidence::Possible, "where no event loop runs, this raises RuntimeError on Python 3.14"),
    };
    let mut finding = checked.finding(RULE, confidence, first.call, message.to_owned())?;
    match first.place {
        Where::OnLoop => finding.fixes.extend(ask_for_running(checked, all)),
        Where::Worker => finding.chain.extend(handed_over(checked, first.owner)),
        Where::NoLoop => finding.fixes.extend(run_with_asyncio(checked, first)),
        Where::Anywhere => {}
    }
    Some(finding)
}

/// The call that hands the function to a thread.
fn handed_over(checked: &CheckedFile<'_>, owner: ScopeId) -> Option<ChainStep> {
    let analysis = checked.analysis;
    let def = Def { file: checked.file, scope: owner };
    let root = analysis.graph.roots_of(def).iter().find(|r| r.on == RunsOn::Worker);
    let (at, does) = match root.map(|r| &r.reason) {
        Some(Reason::Scheduled(at)) => (*at, "is handed to a thread by"),
        Some(_) => return None,
        None => (analysis.graph.in_worker_from(def)?, "is called, in a worker thread, by"),
    };
    let message = format!("{} {does} {}", analysis.short_name(def), analysis.site_text(at));
    Some(ChainStep { place: Place { file: at.file, span: analysis.span(at) }, message })
}

/// `get_running_loop()` in place of each call.
fn ask_for_running(checked: &CheckedFile<'_>, all: &[Call]) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let mut edits = Vec::new();
    for call in all {
        let span = facts.expr(call.func).span;
        match facts.expr(call.func).kind {
            ExprKind::Attribute { attr, .. } => {
                let name = facts.name(attr).len() as u32;
                edits.push(source.edit(Span::new(span.end - name, span.end), "get_running_loop"));
            }
            _ => {
                edits.push(source.edit(span, "asyncio.get_running_loop"));
                edits.extend(source.import("asyncio"));
            }
        }
    }
    let edits = tidy(edits)?;
    Some(Fix { title: "Ask for the running loop".to_owned(), applicability: Applicability::Safe, edits })
}

/// `asyncio.run(x)` for a loop that only runs one coroutine.
fn run_with_asyncio(checked: &mut CheckedFile<'_>, at: &Call) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let mut edits = Vec::new();
    let run = match run_here(facts, at.call) {
        Some(run) => run,
        None => {
            let scope = facts.code_scope(facts.expr(at.call).scope);
            let name = made_loop::bound_name(facts, at.call)?;
            let (mut runs, mut dropped) = (Vec::new(), vec![facts.stmt_of(at.call)?]);
            for mention in made_loop::mentions(facts, scope, name) {
                match made_loop::use_of(&mut checked.infer, checked.file, scope, mention, 0) {
                    Use::Stored if facts.stmt_of(mention) == dropped.first().copied() => {}
                    Use::Driven(run) => runs.push(run),
                    Use::Closed(close) => dropped.push(facts.stmt_of(close)?),
                    _ => return None,
                }
            }
            for stmt in dropped {
                edits.push(delete_line(&source, stmt)?);
            }
            <[ExprId; 1]>::try_from(runs).ok()?[0]
        }
    };
    let ExprKind::Call { func, args } = facts.expr(run).kind else { return None };
    let ExprKind::Attribute { attr, .. } = facts.expr(func).kind else { return None };
    let [only] = facts.args(args) else { return None };
    let is_coroutine = matches!(checked.infer.expr(checked.file, only.value), Ty::Coroutine(_));
    if facts.name(attr) != "run_until_complete" || !is_coroutine {
        return None;
    }
    edits.push(source.edit(facts.expr(run).span, format!("asyncio.run({})", source.expr(only.value))));
    edits.extend(source.import("asyncio"));
    Some(Fix {
        title: "Run it with `asyncio.run()`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}

/// The whole line of a statement that has it for itself, in a block that does not end up empty.
fn delete_line(source: &Source<'_>, stmt: StmtId) -> Option<Edit> {
    let facts = source.facts;
    let span = facts.stmt(stmt).span;
    let mut alone = false;
    match facts.stmt(stmt).parent {
        Some(parent) => facts.for_each_block(&facts.stmt(parent).kind, |b| {
            let block = facts.block(b);
            alone |= block.contains(&stmt) && block.len() == 1;
        }),
        None => alone = facts.block(facts.scope(facts.stmt(stmt).scope).body).len() == 1,
    }
    let start = source.line_start(span.start);
    let end = source.text[span.end as usize..].find('\n').map(|n| span.end + n as u32 + 1)?;
    let whole = source.slice(Span::new(start, end)).trim() == source.slice(span);
    (whole && !alone).then(|| source.edit(Span::new(start, end), ""))
}
