//! `sync-twin-in-coroutine`: code on a loop calls the plain member of a pair whose other member is a coroutine function,
//! where no other rule says more of the same call.

use super::{CheckedFile, boundary, switch, twins};
use crate::analysis::{Analysis, RawFinding};
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::Source;
use crate::graph::{Effect, SiteRef};
use crate::infer::Infer;
use crate::knowledge::written_name;
use crate::settings::RunsOn;
use crate::sites::Happens;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;

const RULE: &str = "sync-twin-in-coroutine";

/// The findings in one file, but for the calls that `others` speak of already.
pub(crate) fn find(checked: &mut CheckedFile<'_>, others: &[RawFinding]) -> Vec<RawFinding> {
    let taken: FxHashSet<Span> = others.iter().map(|(_, finding)| finding.place.span).collect();
    let mut findings = of_program(checked, &taken);
    findings.extend(of_libraries(checked, &taken));
    findings
}

/// Calls of functions of the program.
fn of_program(checked: &mut CheckedFile<'_>, taken: &FxHashSet<Span>) -> Vec<RawFinding> {
    let (analysis, file) = (checked.analysis, checked.file);
    let count = analysis.graph.sites[file.index()].len() as u32;
    let sites = (0..count).map(|index| SiteRef { file, index });
    let mut findings = Vec::new();
    for at in sites {
        let Happens::Runs(callee) = analysis.graph.site(at).happens else { continue };
        if !is_plain(analysis, callee) || taken.contains(&analysis.span(at)) || !matters(analysis, at) {
            continue;
        }
        findings.extend(finding_at(checked, at, callee));
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

fn finding_at(checked: &mut CheckedFile<'_>, at: SiteRef, callee: Def) -> Option<RawFinding> {
    let (analysis, file) = (checked.analysis, checked.file);
    let site = analysis.graph.site(at);
    let owner = analysis.graph.owner(at);
    let infer = &mut checked.infer;
    // A bare name is not enough here.
    if site.confidence < Confidence::Likely {
        return None;
    }
    let (twin, class) = match twins::twin(analysis, infer, callee) {
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
        || mentions(analysis, owner, twin)
        || mentions(analysis, callee, twin)
        || is_private(analysis, twin) && !is_private(analysis, callee)
    {
        return None;
    }
    let step = evidence(analysis, infer, at, (callee, twin))?;
    let fix = boundary::use_twin(analysis, infer, at, callee);
    let name = analysis.site_text(at);
    let advice = match class {
        Some(class) => format!("use {}", analysis.world.name(class)),
        None => format!("await {}() instead", analysis.world.name(twin)),
    };
    let message = format!("{name} holds up the event loop while it works; {advice}");
    let confidence = site.confidence.min(Confidence::Likely);
    let mut finding = checked.finding(RULE, confidence, site.expr, message)?;
    finding.chain = vec![
        step,
        ChainStep {
            place: Place { file: twin.file, span: analysis.world.scope(twin).name_span },
            message: format!("{} is its async twin", analysis.short_name(twin)),
        },
    ];
    finding.fixes.extend(fix);
    debug_assert_eq!(finding.place.file, file);
    Some((Some((owner, Ok(callee))), finding))
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

/// What shows that the plain member does work that the other one waits for: something known of it, or a call that the twin
/// awaits under its async name.
fn evidence(analysis: &Analysis, infer: &mut Infer<'_>, at: SiteRef, (callee, twin): (Def, Def)) -> Option<ChainStep> {
    let graph = &analysis.graph;
    let reached = Effect::all().filter_map(|effect| Some((effect, graph.witness(callee, effect)?)));
    let reached = reached.filter(|(effect, witness)| !switch::is_off(analysis, at, &graph.chain(*witness, *effect)));
    let known = reached.max_by_key(|(_, witness)| (witness.confidence, std::cmp::Reverse(witness.distance)));
    if let Some((effect, witness)) = known {
        return Some(boundary::step(analysis, witness.site, effect));
    }
    let (plain, awaited) = (calls(analysis, infer, callee, false), calls(analysis, infer, twin, true));
    let (call, name) = plain.into_iter().find(|(_, name)| awaited.iter().any(|(_, other)| other == name))?;
    Some(ChainStep {
        place: Place { file: callee.file, span: analysis.world.facts(callee.file).expr(call).span },
        message: format!("{} calls {name}(), which its async twin awaits", analysis.short_name(callee)),
    })
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

/// Calls of outside methods beside which the knowledge knows a coroutine function: `chain.invoke()` and `ainvoke()`.
fn of_libraries(checked: &mut CheckedFile<'_>, taken: &FxHashSet<Span>) -> Vec<RawFinding> {
    let analysis = checked.analysis;
    let calls: Vec<(ExprId, ExprId, NameId)> = checked
        .facts
        .exprs()
        .filter_map(|(id, expr)| match expr.kind {
            ExprKind::Call { func, .. } => match checked.facts.expr(func).kind {
                ExprKind::Attribute { attr, .. } => Some((id, func, attr)),
                _ => None,
            },
            _ => None,
        })
        .filter(|(_, _, attr)| VERBS.contains(&checked.facts.name(*attr)))
        .collect();
    let mut findings = Vec::new();
    for (call, func, attr) in calls {
        let scope = crate::sites::run_scope(checked.facts, checked.facts.expr(call).scope);
        let owner = Def { file: checked.file, scope };
        let is_coroutine = checked.facts.scope(scope).kind == (ScopeKind::Function { is_async: true });
        if !is_coroutine || taken.contains(&checked.facts.expr(call).span) || is_awaited(checked.facts, call) {
            continue;
        }
        let quiet = analysis.graph.loop_root(owner).is_some_and(|r| !r.blocking_matters || r.is_startup || r.is_test);
        if let Some((path, twin)) = library_twin(checked, func, attr).filter(|_| !quiet) {
            findings
                .extend(library_finding(checked, (call, func), &path, &twin).map(|f| (Some((owner, Err(call))), f)));
        }
    }
    findings
}

fn is_awaited(facts: &FileFacts, call: ExprId) -> bool {
    matches!(facts.expr(call).parent, Parent::Expr(p) if matches!(facts.expr(p).kind, ExprKind::Await(_)))
}

/// The dotted name of an outside method, and the name of the coroutine function beside it.
fn library_twin(checked: &mut CheckedFile<'_>, func: ExprId, attr: NameId) -> Option<(String, String)> {
    let ExprKind::Attribute { value, .. } = checked.facts.expr(func).kind else { return None };
    let receiver = checked.infer.expr(checked.file, value);
    let knowledge = checked.analysis.world.knowledge;
    let name = checked.facts.name(attr);
    let class = match &receiver {
        Ty::Instance(Class::External(class)) => class.clone(),
        Ty::External(path) => path.clone(),
        Ty::Module(_, dotted) => dotted.clone(),
        _ => return None,
    };
    let twin = [format!("a{name}"), format!("{name}_async")]
        .into_iter()
        .find(|twin| knowledge.method(&class, twin, |path| knowledge.coroutine(path).then_some(())).is_some())?;
    // What the plain one is known to do is for other rules to say.
    let plain = format!("{class}.{name}");
    let known = knowledge.method(&class, name, |path| {
        (knowledge.coroutine(path) || knowledge.blocking(path).is_some() || knowledge.starter(path).is_some())
            .then_some(())
    });
    known.is_none().then_some((plain, twin))
}

fn library_finding(
    checked: &CheckedFile<'_>,
    (call, func): (ExprId, ExprId),
    path: &str,
    twin: &str,
) -> Option<Finding> {
    let text = checked.analysis.call_text(checked.file, func);
    let message =
        format!("{text}() holds up the event loop while it works; await {twin}() instead of {}()", written_name(path));
    let mut finding = checked.finding(RULE, Confidence::Likely, call, message)?;
    let source = Source::of(&checked.analysis.world, checked.file);
    let ExprKind::Attribute { value, .. } = checked.facts.expr(func).kind else { return Some(finding) };
    if source.await_is_legal(call)
        && let Some(arguments) = source.arguments(call)
    {
        let operand = format!("{}.{twin}({arguments})", source.expr(value));
        finding.fixes.push(Fix {
            title: format!("Await its async twin `{twin}()`"),
            applicability: Applicability::Unsafe,
            edits: vec![source.edit(checked.facts.expr(call).span, source.awaited(call, &operand))],
        });
    }
    Some(finding)
}
