//! `sync-twin-in-coroutine`: code on a loop calls the plain member of a pair whose other member is a coroutine function,
//! where no other rule says more of the same call.

use super::{CheckedFile, boundary, switch, twins};
use crate::analysis::{Analysis, RawFinding};
use crate::finding::{ChainStep, Confidence, FileId, Place};
use crate::graph::{CATEGORIES, Effect, Reason, SiteRef};
use crate::infer::Infer;
use crate::program::Origin;
use crate::settings::RunsOn;
use crate::sites::Happens;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};

const RULE: &str = "sync-twin-in-coroutine";

/// The findings in one file, but for the calls that `others` speak of already.
pub(crate) fn find(checked: &mut CheckedFile<'_>, others: &[RawFinding]) -> Vec<RawFinding> {
    let taken: FxHashSet<Span> = others.iter().map(|(_, finding)| finding.place.span).collect();
    let (analysis, file) = (checked.analysis, checked.file);
    let count = analysis.graph.sites[file.index()].len() as u32;
    let sites = (0..count).map(|index| SiteRef { file, index });
    let mut findings = Vec::new();
    let mut known = Known::default();
    for at in sites {
        let Happens::Runs(callee) = analysis.graph.site(at).happens else { continue };
        if !is_plain(analysis, callee) || taken.contains(&analysis.span(at)) || !matters(analysis, at) {
            continue;
        }
        findings.extend(finding_at(checked, at, callee, &mut known));
    }
    findings
}

fn is_plain(analysis: &Analysis, def: Def) -> bool {
    let scope = analysis.world.scope(def);
    scope.kind == (ScopeKind::Function { is_async: false }) && !scope.has_yield
}

/// Whether the loop's code enters here, and other work of the loop waits meanwhile.
fn matters(analysis: &Analysis, at: SiteRef) -> bool {
    let owner = analysis.graph.owner(at);
    let root = analysis.graph.loop_root(owner);
    let quiet = root.is_some_and(|root| !root.blocking_matters || root.is_startup || root.is_test);
    analysis.is_entry(at) && analysis.runs_on(at, RunsOn::Loop) && !quiet
}

/// The twins that were found already.
type Known = FxHashMap<Def, Option<Def>>;

fn finding_at(checked: &mut CheckedFile<'_>, at: SiteRef, callee: Def, known: &mut Known) -> Option<RawFinding> {
    let analysis = checked.analysis;
    let site = analysis.graph.site(at);
    let owner = analysis.graph.owner(at);
    let infer = &mut checked.infer;
    // A bare name is not enough here.
    if site.confidence < Confidence::Likely {
        return None;
    }
    let twin = *known.entry(callee).or_insert_with(|| twins::twin(analysis, infer, callee));
    let (twin, class) = match twin {
        Some(twin) => (twin, None),
        None if calls_itself(analysis, at) => return None,
        None => {
            let class = twins::parallel_class(infer, callee)?;
            (infer.method(class, analysis.world.name(callee))?, Some(class))
        }
    };
    // A coroutine function that falls back to its plain member is how such pairs are made; what calls both, or leads to
    // the twin itself, knows them apart.
    if is_of_pair(analysis, infer, owner, twin, callee)
        || leads_to(analysis, twin, owner)
        || !awaits(analysis, twin)
        || class.is_none() && (mentions(analysis, owner, twin) || mentions(analysis, callee, twin))
        || is_private(analysis, twin) && !is_private(analysis, callee)
    {
        return None;
    }
    let step = match evidence(analysis, infer, at, (callee, twin)) {
        Some(step) => Some(step),
        None if twins::is_configured(infer, callee) => None,
        None => return None,
    };
    let fix = boundary::use_twin(analysis, infer, at, callee);
    let name = analysis.site_text(at);
    let advice = match class {
        Some(class) => format!("use {}", analysis.world.name(class)),
        None => format!("await {}() instead", analysis.world.name(twin)),
    };
    let message = format!("{name} holds up the event loop while it works; {advice}");
    let mut confidence = site.confidence.min(Confidence::Likely);
    match caller(analysis, owner) {
        Caller::Known => {}
        Caller::Unknown => confidence = Confidence::Possible,
        Caller::None => return None,
    }
    let mut finding = checked.finding(RULE, confidence, site.expr, message)?;
    finding.chain.extend(step);
    finding.chain.push(ChainStep {
        place: Place { file: twin.file, span: analysis.world.scope(twin).name_span },
        message: format!("{} is its async twin", analysis.short_name(twin)),
    });
    finding.fixes.extend(fix);
    Some((Some((owner, Ok(callee))), finding))
}

/// Who runs a coroutine function.
enum Caller {
    /// Code of the program does, or a framework.
    Known,
    /// Others may: nothing in the program names it.
    Unknown,
    /// Nobody: it is private, and nothing in the program names it.
    None,
}

fn caller(analysis: &Analysis, owner: Def) -> Caller {
    let (graph, world) = (&analysis.graph, &analysis.world);
    let facts = world.facts(owner.file);
    let is_handed = graph.roots_of(owner).iter().any(|root| root.reason != Reason::Coroutine);
    let is_decorated = !facts.list(facts.scope(owner.scope).decorators).is_empty();
    let is_known = is_handed || is_decorated || !graph.callers_of(owner).is_empty();
    let name = world.name(owner);
    // Python itself calls `__aenter__`; a lambda or nested function is at hand where it stands.
    let is_inside = facts
        .scope(owner.scope)
        .parent
        .is_some_and(|parent| !matches!(facts.scope(parent).kind, ScopeKind::Module | ScopeKind::Class));
    if is_known || is_inside || name.starts_with("__") || is_used(analysis, name) {
        return Caller::Known;
    }
    if is_private(analysis, owner) { Caller::None } else { Caller::Unknown }
}

/// Whether a name is used anywhere in the project other than to give the same thing another name.
fn is_used(analysis: &Analysis, name: &str) -> bool {
    let world = &analysis.world;
    let in_file = |index: usize| {
        let file = FileId(index as u32);
        let (facts, index) = (world.facts(file), world.index_of(file));
        let Some(id) = index.name(name) else { return false };
        facts.exprs().any(|(at, e)| {
            let named = matches!(e.kind, ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } if n == id);
            let renames = |stmt: StmtId| matches!(facts.stmt(stmt).kind, StmtKind::Assign { value, .. } | StmtKind::AnnAssign { value: Some(value), .. } if value == at);
            named && !matches!(e.parent, Parent::Stmt(stmt) if renames(stmt))
        })
    };
    let files = world.program.files.iter().enumerate();
    files.filter(|(_, file)| file.origin == Origin::Project).any(|(index, _)| in_file(index))
}

/// How many coroutine functions down the twin's own helpers are looked for.
const MAX_HELPERS: usize = 4;

/// Whether a twin runs a function itself, some calls down: what stands there is part of the twin.
fn leads_to(analysis: &Analysis, twin: Def, function: Def) -> bool {
    let mut callers = vec![function];
    for _ in 0..MAX_HELPERS {
        let sites = callers.iter().flat_map(|def| analysis.graph.callers_of(*def));
        callers = sites.map(|at| analysis.graph.owner(*at)).collect();
        callers.sort_unstable();
        callers.dedup();
        if callers.contains(&twin) {
            return true;
        }
    }
    false
}

/// Whether a coroutine function waits for anything at all.
fn awaits(analysis: &Analysis, twin: Def) -> bool {
    let facts = analysis.world.facts(twin.file);
    let in_twin = |scope: ScopeId| facts.code_scope(scope) == twin.scope;
    let is_async =
        |kind: &StmtKind| matches!(kind, StmtKind::With { is_async: true, .. } | StmtKind::For { is_async: true, .. });
    facts.exprs().any(|(_, e)| matches!(e.kind, ExprKind::Await(_)) && in_twin(e.scope))
        || facts.stmts.iter().any(|stmt| is_async(&stmt.kind) && in_twin(stmt.scope))
}

/// Whether a method is called on the caller's own instance.
fn calls_itself(analysis: &Analysis, at: SiteRef) -> bool {
    let facts = analysis.world.facts(at.file);
    let ExprKind::Call { func, .. } = facts.expr(analysis.graph.site(at).expr).kind else { return false };
    let ExprKind::Attribute { value, .. } = facts.expr(func).kind else { return false };
    matches!(facts.expr(value).kind, ExprKind::Name(name) if matches!(facts.name(name), "self" | "cls"))
}

fn is_private(analysis: &Analysis, def: Def) -> bool {
    analysis.world.name(def).starts_with('_')
}

/// Whether a function's code names another one, other than to run it on a loop of its own.
fn mentions(analysis: &Analysis, def: Def, other: Def) -> bool {
    let (facts, index) = (analysis.world.facts(def.file), analysis.world.index_of(def.file));
    let Some(name) = index.name(analysis.world.name(other)) else { return false };
    let span = facts.scope(def.scope).span;
    let starts = analysis.graph.sites[def.file.index()].iter();
    let started: Vec<Span> = starts
        .filter(|site| matches!(site.happens, Happens::StartsLoop(_)))
        .map(|site| facts.expr(site.expr).span)
        .collect();
    facts.exprs().any(|(_, e)| {
        let named = matches!(e.kind, ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } if n == name);
        named && span.contains(e.span) && !started.iter().any(|start| start.contains(e.span))
    })
}

/// Whether the function that calls is the twin itself, a replacement of it in another class, or the plain one's.
fn is_of_pair(analysis: &Analysis, infer: &mut Infer<'_>, owner: Def, twin: Def, callee: Def) -> bool {
    let world = &analysis.world;
    let same_name = world.name(owner) == world.name(twin);
    let class = world.class_of(owner).zip(world.class_of(twin));
    let related = class.is_some_and(|(a, b)| infer.mro(a).classes.contains(&b) || infer.mro(b).classes.contains(&a));
    owner == twin || owner == callee || same_name && related
}

/// What shows that the plain member does work that the other one waits for: something known of it that the twin does not do
/// as well, or a call that the twin awaits under its async name.
fn evidence(analysis: &Analysis, infer: &mut Infer<'_>, at: SiteRef, (callee, twin): (Def, Def)) -> Option<ChainStep> {
    let graph = &analysis.graph;
    let known = own_work(analysis, (callee, twin)).into_iter().filter(|work| {
        let tells = work.confidence >= Confidence::Likely && !is_short(work.effect);
        // What the twin does as well is no reason to take it.
        let only_here = graph.witness(twin, work.effect).is_none();
        tells && only_here && !switch::is_off(analysis, at, &work.chain)
    });
    let known = known.max_by_key(|work| (work.confidence, std::cmp::Reverse(work.chain.len())));
    if let Some(work) = known {
        return Some(boundary::step(analysis, work.chain[0], work.effect));
    }
    let (plain, awaited) = (calls(analysis, infer, callee, false), calls(analysis, infer, twin, true));
    let (call, name) = plain.into_iter().find(|(_, name)| awaited.iter().any(|(_, other)| other == name))?;
    Some(ChainStep {
        place: Place { file: callee.file, span: analysis.world.facts(callee.file).expr(call).span },
        message: format!("{} calls {name}(), which its async twin awaits", analysis.short_name(callee)),
    })
}

/// An effect of the plain member.
struct Work {
    effect: Effect,
    confidence: Confidence,
    /// The sites from the plain member down to the sink; not empty.
    chain: Vec<SiteRef>,
}

/// What the plain member does by calls that the twin does not make.
fn own_work(analysis: &Analysis, (callee, twin): (Def, Def)) -> Vec<Work> {
    let graph = &analysis.graph;
    let sites_of = |def: Def| {
        let sites = graph.sites[def.file.index()].iter().enumerate();
        let own = sites.filter(move |(_, site)| site.owner == def.scope);
        own.map(move |(index, _)| SiteRef { file: def.file, index: index as u32 })
    };
    let shared = |at: SiteRef| {
        sites_of(twin).any(|other| match (&graph.site(at).happens, &graph.site(other).happens) {
            (Happens::Runs(a), Happens::Runs(b)) => a == b,
            (Happens::Blocks(..), Happens::Blocks(..)) => analysis.sink_of(at) == analysis.sink_of(other),
            _ => false,
        })
    };
    let mut found = Vec::new();
    for at in sites_of(callee).filter(|at| !shared(*at)) {
        for effect in graph.effects_at(at) {
            let Some((confidence, witness)) = graph.effect_at(at, effect) else { continue };
            let mut chain = vec![at];
            chain.extend(witness.map(|w| graph.chain(w, effect)).unwrap_or_default());
            let confidence = if graph.site(at).conditional { confidence.min(Confidence::Likely) } else { confidence };
            found.push(Work { effect, confidence, chain });
        }
    }
    found
}

/// Whether an effect is over in a moment as a rule: a lock that guards a few lines.
fn is_short(effect: Effect) -> bool {
    matches!(effect, Effect::Blocks(i) if matches!(CATEGORIES[i as usize], "lock" | "cpu"))
}

/// The calls in a function that are (or are not) awaited, with the name of what is called, without what says which kind it
/// is. Calls of functions whose code is known say by themselves what they do.
fn calls(analysis: &Analysis, infer: &mut Infer<'_>, def: Def, awaited: bool) -> Vec<(ExprId, String)> {
    let facts = analysis.world.facts(def.file);
    let span = facts.scope(def.scope).span;
    let inside = facts.exprs().filter(|(_, e)| span.contains(e.span) && facts.code_scope(e.scope) == def.scope);
    let mut found = Vec::new();
    for (id, expr) in inside {
        let ExprKind::Call { func, .. } = expr.kind else { continue };
        let is_awaited = matches!(expr.parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)));
        let ExprKind::Attribute { attr, .. } = facts.expr(func).kind else { continue };
        if is_awaited != awaited || (!awaited && !is_unknown(infer, def, func, id)) {
            continue;
        }
        found.push((id, bare(facts.name(attr)).to_owned()));
    }
    found
}

/// Whether nothing is known of what a call runs: its code is not at hand, and it gives no coroutine.
fn is_unknown(infer: &mut Infer<'_>, def: Def, func: ExprId, call: ExprId) -> bool {
    let callee = infer.expr(def.file, func);
    let known = callee
        .parts()
        .iter()
        .any(|part| matches!(part, Ty::Function(..) | Ty::Class(_) | Ty::Wrapped { .. } | Ty::Instance(Class::Own(_))));
    let result = infer.expr(def.file, call);
    !known && !result.parts().iter().any(|part| matches!(part, Ty::Coroutine(_) | Ty::Awaitable(_)))
}

/// A method's name without what says that it is the async one.
fn bare(name: &str) -> &str {
    let name = name.strip_suffix("_async").or_else(|| name.strip_prefix("async_")).unwrap_or(name);
    match name.strip_prefix('a') {
        Some(rest) if VERBS.contains(&rest) => rest,
        _ => name,
    }
}

/// What methods are called that wait for something; `a` stands before their async names.
const VERBS: &[&str] = &[
    "batch",
    "call",
    "chat",
    "complete",
    "completion",
    "create",
    "delete",
    "embed",
    "embed_documents",
    "embed_query",
    "execute",
    "fetch",
    "generate",
    "get",
    "invoke",
    "post",
    "predict",
    "put",
    "query",
    "read",
    "request",
    "retrieve",
    "run",
    "save",
    "search",
    "send",
    "set",
    "stream",
    "update",
    "write",
];
