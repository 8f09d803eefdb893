//! The paths from coroutines through a function down to what blocks the event loop or starts another.

use crate::symbols::{call_at, definition_at, function_at, functions_at};
use crate::words::{callee_name, effects, is_loud, name_place, site_place};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Finding, Place};
use asyncwise_analysis::graph::{Effect, Reason, SiteRef};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::sites::Happens;
use asyncwise_analysis::types::Def;
use asyncwise_syntax::facts::ScopeId;
use std::collections::VecDeque;

/// The most paths that are given.
pub const MAX_PATHS: usize = 20;
/// The longest path.
const MAX_LENGTH: usize = 30;
/// How many unfinished paths are looked at before the search stops.
const MAX_STEPS: usize = 5_000;

/// A step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Where.
    pub place: Place,
    /// What happens there: one line.
    pub message: String,
}

/// A way from where code enters the event loop down to an effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// What it comes to: one line.
    pub title: String,
    /// The steps, top down.
    pub steps: Vec<Step>,
    /// The names of the functions on the way, top down, and of what is called at its end.
    pub names: Vec<String>,
}

impl Path {
    /// `main -> load -> requests.get`: all of it in one line.
    pub fn line(&self) -> String {
        self.names.join(" -> ")
    }
}

/// The paths through what stands at `offset`: the call there if it does something to the loop, else the function named
/// there, else the function around. Shortest first.
pub fn paths_at(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Path> {
    if let Some(def) = definition_at(analysis, file, offset) {
        return paths_of(analysis, def);
    }
    if let Some(call) = call_at(analysis, file, offset) {
        let downs: Vec<_> = analysis.sites_at(file, call).flat_map(|at| downs_at(analysis, at)).collect();
        if !downs.is_empty() {
            let scope = asyncwise_analysis::sites::run_scope(
                analysis.world.facts(file),
                analysis.world.facts(file).expr(call).scope,
            );
            return join(analysis, Def { file, scope }, downs);
        }
    }
    let mut infer = Infer::new(&analysis.world);
    let named = functions_at(&mut infer, file, offset).first().copied();
    match named.or_else(|| function_at(analysis, file, offset)) {
        Some(def) => paths_of(analysis, def),
        None => Vec::new(),
    }
}

/// The paths through the call of a finding.
pub fn paths_of_finding(analysis: &Analysis, finding: &Finding) -> Vec<Path> {
    let facts = analysis.world.facts(finding.place.file);
    let sites = &analysis.graph.sites[finding.place.file.index()];
    match sites.iter().find(|site| facts.expr(site.expr).span == finding.place.span) {
        Some(site) => {
            let downs = analysis.sites_at(finding.place.file, site.expr).flat_map(|at| downs_at(analysis, at));
            let owner = Def { file: finding.place.file, scope: site.owner };
            join(analysis, owner, downs.collect())
        }
        None => Vec::new(),
    }
}

/// The paths through a function.
pub fn paths_of(analysis: &Analysis, def: Def) -> Vec<Path> {
    let downs = effects().filter(|effect| is_loud(*effect)).filter_map(|effect| {
        let witness = analysis.graph.witness(def, effect)?;
        Some((effect, analysis.graph.chain(witness, effect)))
    });
    let mut downs: Vec<_> = downs.collect();
    if downs.is_empty() {
        // What it does besides is not shown unasked, but was asked for here.
        downs.extend(effects().filter_map(|effect| {
            let witness = analysis.graph.witness(def, effect)?;
            Some((effect, analysis.graph.chain(witness, effect)))
        }));
    }
    join(analysis, def, downs)
}

/// A way down: the effect at its end, and the sites that lead there.
type Down = (Effect, Vec<SiteRef>);

fn downs_at(analysis: &Analysis, at: SiteRef) -> Vec<Down> {
    let graph = &analysis.graph;
    let down = |effect| {
        let (_, witness) = graph.effect_at(at, effect)?;
        let mut sites = vec![at];
        sites.extend(witness.map_or_else(Vec::new, |witness| graph.chain(witness, effect)));
        Some((effect, sites))
    };
    effects().filter_map(down).collect()
}

/// Every way up from `def`, joined with every way down from it; shortest first.
fn join(analysis: &Analysis, def: Def, mut downs: Vec<Down>) -> Vec<Path> {
    downs.sort_by_key(|(effect, sites)| (sites.len(), *effect));
    let ups = ups(analysis, def);
    if downs.is_empty() {
        // A function by itself is no way.
        let ways = ups.iter().filter(|up| !up.is_empty());
        return ways.take(MAX_PATHS).map(|up| path(analysis, def, up, None)).collect();
    }
    let mut pairs: Vec<(&Vec<SiteRef>, &Down)> =
        ups.iter().flat_map(|up| downs.iter().map(move |down| (up, down))).collect();
    pairs.sort_by_key(|(up, (_, down))| up.len() + down.len());
    pairs.truncate(MAX_PATHS);
    pairs.into_iter().map(|(up, down)| path(analysis, def, up, Some(down))).collect()
}

/// The calls from where code enters the loop down to `def`, shortest first; one empty way where nothing on a loop comes
/// there, or `def` is itself entered on one.
fn ups(analysis: &Analysis, def: Def) -> Vec<Vec<SiteRef>> {
    let graph = &analysis.graph;
    let mut found = Vec::new();
    if graph.loop_root(def).is_some() {
        found.push(Vec::new());
    }
    let mut queue: VecDeque<Vec<SiteRef>> = VecDeque::new();
    if !analysis.world.is_async(def) {
        queue.push_back(Vec::new());
    }
    let mut steps = 0;
    while let Some(up) = queue.pop_front() {
        let top = up.first().map_or(def, |at| graph.owner(*at));
        for &caller in graph.callers_of(top) {
            steps += 1;
            let owner = graph.owner(caller);
            let again = owner == def || up.iter().any(|at| graph.owner(*at) == owner);
            if !graph.site(caller).states.may_run() || again || up.len() >= MAX_LENGTH || steps > MAX_STEPS {
                continue;
            }
            let mut longer = vec![caller];
            longer.extend(&up);
            if graph.loop_root(owner).is_some() {
                found.push(longer);
            } else {
                queue.push_back(longer);
            }
        }
        if found.len() >= MAX_PATHS {
            break;
        }
    }
    if found.is_empty() {
        found.push(Vec::new());
    }
    found
}

fn path(analysis: &Analysis, def: Def, up: &[SiteRef], down: Option<&Down>) -> Path {
    let top = up.first().map_or(def, |at| analysis.graph.owner(*at));
    let mut steps: Vec<Step> = entered(analysis, top).into_iter().collect();
    steps.extend(up.iter().map(|&at| step(analysis, at, None)));
    let from = analysis.short_name(top);
    let sites = up.iter().chain(down.iter().flat_map(|(_, sites)| sites));
    let mut names: Vec<String> = sites.map(|&at| analysis.short_name(analysis.graph.owner(at))).collect();
    let title = match down {
        None => {
            names.push(analysis.short_name(def));
            format!("{from} reaches {}", analysis.short_name(def))
        }
        Some((effect, sites)) => {
            steps.extend(sites.iter().map(|&at| step(analysis, at, Some(*effect))));
            let sink = sites.last().map_or_else(String::new, |&at| callee_name(analysis, at));
            names.push(sink.clone());
            let does = match effect {
                Effect::StartsLoop => "starts an event loop",
                Effect::RefusesLoop => "refuses a running loop",
                Effect::Blocks(_) => "blocks",
            };
            format!("{from} {does}: {sink}")
        }
    };
    Path { title, steps, names }
}

/// How code enters the loop at the top of a path, where that is not a coroutine.
fn entered(analysis: &Analysis, top: Def) -> Option<Step> {
    let name = analysis.short_name(top);
    let here = name_place(analysis, top);
    let root = analysis.graph.loop_root(top)?;
    let (place, message) = match &root.reason {
        Reason::Coroutine => (here, format!("{name} is a coroutine function")),
        Reason::Notebook => (here, format!("{name} is a notebook, whose cells run on the event loop")),
        Reason::Framework(by) => (here, format!("{name} is called on the event loop by {by}")),
        Reason::Settings => (here, format!("{name} runs on the event loop, as the settings say")),
        Reason::Scheduled(at) => {
            let message = format!("{name} is handed to the event loop by {}", analysis.site_text(*at));
            (site_place(analysis, *at), message)
        }
    };
    Some(Step { place, message })
}

fn step(analysis: &Analysis, at: SiteRef, effect: Option<Effect>) -> Step {
    let owner = analysis.graph.owner(at);
    let owner = match owner.scope {
        ScopeId::MODULE => format!("module {}", analysis.short_name(owner)),
        _ => analysis.short_name(owner),
    };
    let message = match (&analysis.graph.site(at).happens, effect) {
        (Happens::Runs(_) | Happens::Schedules(..), _) | (_, None) => {
            format!("{owner} calls {}", analysis.site_text(at))
        }
        (_, Some(effect)) => {
            let does = match effect {
                Effect::StartsLoop => "starts an event loop",
                Effect::RefusesLoop => "refuses to run on an event loop",
                Effect::Blocks(_) => "blocks the thread",
            };
            format!("{owner} calls {}(), which {does}", callee_name(analysis, at))
        }
    };
    Step { place: site_place(analysis, at), message }
}
