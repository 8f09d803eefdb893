//! The whole analysis of one program, from facts to findings.

use crate::Structure;
use crate::finding::{FileId, Finding};
use crate::graph::{Effect, Graph, Root, SiteRef};
use crate::index::FileIndex;
use crate::infer::{Keeping, World, working_for};
use crate::knowledge::Knowledge;
use crate::ownership::owner::Elsewhere;
use crate::program::{Origin, Program};
use crate::roots;
use crate::rules::{self, CheckedFile};
use crate::settings::{Level, RunsOn};
use crate::sites::{Happens, Site, SiteContext, SiteFinder, Whole};
use crate::states;
use crate::suppress::{self, Comments};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rayon::prelude::*;
use smol_str::SmolStr;
use std::sync::{Arc, OnceLock};

/// A program with its graph: what rules, hover and audits ask.
pub struct Analysis {
    /// Names and types.
    pub world: World,
    /// Sites, contexts and effects.
    pub graph: Graph,
    /// Classes by base and methods by name.
    pub whole: Whole,
    /// Where functions of each file are entered by themselves.
    pub(crate) roots: Vec<Arc<Roots>>,
    raw: Vec<OnceLock<Vec<RawFinding>>>,
    comments: Vec<OnceLock<Option<Comments>>>,
    elsewhere: OnceLock<Elsewhere>,
}

/// The functions of a file that are entered by themselves, in source order, and those of any file that a call in it hands to a
/// framework which runs them in a way of its own.
pub(crate) type Roots = Vec<(Def, Root)>;

/// What a rule found, with what tells whether an earlier finding says the same.
pub(crate) type RawFinding = (Option<rules::Identity>, Finding);

/// What stands for a callee that has no name: `handlers[0]()`.
const UNNAMED: &str = "the call";

impl Analysis {
    /// Analyses a program once.
    pub fn new(program: Arc<Program>) -> Self {
        Self::build(program, Keeping::Answers)
    }

    /// Analyses a program whose texts will change: see [`Self::update`].
    pub fn open(program: Arc<Program>) -> Self {
        let mut analysis = Self::build(program, Keeping::Readers);
        analysis.world.keeping = Keeping::Nothing;
        analysis
    }

    fn build(program: Arc<Program>, keeping: Keeping) -> Self {
        let indexes = program.files.par_iter().map(|f| Arc::new(FileIndex::new(&f.facts))).collect();
        let mut world = World::new(program.clone(), indexes, Knowledge::shipped());
        world.keeping = keeping;
        let whole = Whole::new(&world);
        let files: Vec<FileId> = program.ids().collect();
        let (sites, roots): (Vec<_>, Vec<_>) = files.par_iter().map(|&file| file_sites(&world, &whole, file)).unzip();
        let graph = Graph::solve(&world, sites, &roots);
        Self::of_parts(world, graph, whole, roots)
    }

    pub(crate) fn of_parts(world: World, graph: Graph, whole: Whole, roots: Vec<Arc<Roots>>) -> Self {
        let raw = roots.iter().map(|_| OnceLock::new()).collect();
        let comments = roots.iter().map(|_| OnceLock::new()).collect();
        Self { world, graph, whole, roots, raw, comments, elsewhere: OnceLock::new() }
    }

    /// The findings of all rules in the project's files, after levels, comments and confidence; sorted.
    pub fn findings(&self, structure: &dyn Structure) -> Vec<Finding> {
        let files: Vec<FileId> = self.project_files().collect();
        files.par_iter().for_each(|&file| {
            self.raw_findings(file, structure);
        });
        files.par_iter().flat_map_iter(|&file| self.findings_in(file, structure)).collect()
    }

    /// The findings in one file, the same that [`Self::findings`] has for it.
    pub fn findings_in(&self, file: FileId, structure: &dyn Structure) -> Vec<Finding> {
        let settings = &self.world.program.file(file).settings;
        let mut findings = suppress::apply(self, file, structure);
        findings.retain_mut(|finding| {
            match rules::level(settings, &finding.rule) {
                Level::Off => return false,
                Level::On => {}
                Level::At(severity) => finding.severity = severity,
            }
            finding.confidence >= settings.min_confidence
        });
        findings.sort_by(|a, b| (a.place, &a.rule, &a.message).cmp(&(b.place, &b.rule, &b.message)));
        findings
    }

    /// The files whose findings are reported, in order.
    pub fn project_files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.world.program.ids().filter(|f| self.world.program.file(*f).origin == Origin::Project)
    }

    /// What the rules find in a file before comments are looked at; worked out once.
    pub(crate) fn raw_findings(&self, file: FileId, structure: &dyn Structure) -> &[RawFinding] {
        self.raw[file.index()].get_or_init(|| self.file_findings(file, structure))
    }

    /// The comments of a file that silence findings.
    pub(crate) fn comments(&self, file: FileId) -> Option<&Comments> {
        self.comments[file.index()].get_or_init(|| Comments::of(&self.world, file)).as_ref()
    }

    /// What is closed through a name anywhere; worked out once.
    pub(crate) fn closed_elsewhere(&self) -> &Elsewhere {
        self.elsewhere.get_or_init(|| Elsewhere::of(&self.world))
    }

    fn file_findings(&self, file: FileId, structure: &dyn Structure) -> Vec<RawFinding> {
        let settings = &self.world.program.file(file).settings;
        let on = |rule: &str| rules::level(settings, rule) != Level::Off;
        let mut checked = CheckedFile::new(self, file);
        let mut findings = rules::file_findings(&mut checked, &on);
        findings.extend(rules::query_findings(&mut checked, structure, &on));
        if on("sync-twin-in-coroutine") {
            let twins = rules::sync_twins(&mut checked, &findings);
            findings.extend(twins);
        }
        rules::drop_told_better(&mut findings);
        findings
    }

    /// The sites at an expression.
    pub fn sites_at(&self, file: FileId, expr: ExprId) -> impl Iterator<Item = SiteRef> + '_ {
        let sites = &self.graph.sites[file.index()];
        let start = sites.partition_point(|s| s.expr < expr);
        let count = sites[start..].iter().take_while(|s| s.expr == expr).count();
        (start..start + count).map(move |i| SiteRef { file, index: i as u32 })
    }

    /// Every effect a site may have.
    pub fn effects_at(&self, at: SiteRef) -> impl Iterator<Item = Effect> + use<> {
        self.graph.effects_at(at)
    }

    /// Whether code enters a loop's thread in the function around an expression, or is proven to be on one there.
    pub fn is_entry(&self, at: SiteRef) -> bool {
        let site = self.graph.site(at);
        site.states.always_runs() || self.graph.loop_root(self.graph.owner(at)).is_some()
    }

    /// Whether the code at a site may run in `place`.
    pub fn runs_on(&self, at: SiteRef, place: RunsOn) -> bool {
        let states = self.graph.site(at).states;
        let by_function = self.function_runs_on(self.graph.owner(at), place);
        match place {
            RunsOn::Loop => states.may_run() && (states.always_runs() || by_function),
            RunsOn::Worker | RunsOn::NoLoop => by_function,
        }
    }

    /// Whether a function may run in `place`: it is entered there, or called by what runs there.
    pub fn function_runs_on(&self, def: Def, place: RunsOn) -> bool {
        let rooted = self.graph.roots_of(def).iter().any(|r| r.on == place);
        rooted
            || match place {
                RunsOn::Loop => self.graph.on_loop_from(def).is_some(),
                RunsOn::Worker => self.graph.in_worker_from(def).is_some(),
                RunsOn::NoLoop => {
                    !self.function_runs_on(def, RunsOn::Loop) && !self.function_runs_on(def, RunsOn::Worker)
                }
            }
    }

    /// The dotted name of the outside call at a sink.
    pub fn sink_of(&self, at: SiteRef) -> SmolStr {
        match &self.graph.site(at).happens {
            Happens::StartsLoop(path) | Happens::RefusesLoop(path) | Happens::Blocks(path, _) => path.clone(),
            Happens::Runs(def) | Happens::Refuses(def) | Happens::Schedules(def, _) => {
                self.world.qualified_name(*def).into()
            }
        }
    }

    /// The code to point at: the call, or for `with` its context manager.
    pub fn span(&self, at: SiteRef) -> Span {
        self.world.facts(at.file).expr(self.graph.site(at).expr).span
    }

    /// How the code at a site names what runs there: `client.fetch()`, `settings.token`.
    pub fn site_text(&self, at: SiteRef) -> String {
        let facts = self.world.facts(at.file);
        let site = self.graph.site(at);
        match facts.expr(site.expr).kind {
            ExprKind::Call { func, .. } => match self.call_text(at.file, func) {
                text if text == UNNAMED => text,
                // `with Station():` makes it, and runs its `__enter__`.
                text => match self.protocol_method(at, func) {
                    Some(method) => format!("{text}().{method}()"),
                    None => format!("{text}()"),
                },
            },
            _ => match site.happens {
                Happens::Runs(def) => {
                    let name = self.world.name(def);
                    if name.starts_with("__") { self.short_name(def) } else { self.call_text(at.file, site.expr) }
                }
                _ => self.call_text(at.file, site.expr),
            },
        }
    }

    /// The method that `with` or `for` runs on what a call gives.
    fn protocol_method(&self, at: SiteRef, func: ExprId) -> Option<&str> {
        let Happens::Runs(def) = self.graph.site(at).happens else { return None };
        let name = self.world.name(def);
        let facts = self.world.facts(at.file);
        let is_named = match facts.expr(func).kind {
            ExprKind::Attribute { attr, .. } => facts.name(attr) == name,
            _ => false,
        };
        let by_python = matches!(name, "__enter__" | "__exit__" | "__iter__" | "__next__" | "__del__");
        (by_python && !is_named).then_some(name)
    }

    /// The text of a callee, or its last name where the text is long.
    pub fn call_text(&self, file: FileId, func: ExprId) -> String {
        let facts = self.world.facts(file);
        match facts.dotted(func) {
            Some(dotted) if dotted.len() <= 48 => dotted,
            _ => match &facts.expr(func).kind {
                ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(*n).to_owned(),
                ExprKind::Call { func, .. } => format!("{}(...)", self.call_text(file, *func)),
                _ => UNNAMED.to_owned(),
            },
        }
    }

    /// The name of a function in its module, or the module's name.
    pub fn short_name(&self, def: Def) -> String {
        let name = self.world.facts(def.file).qualified_name(def.scope);
        if name.is_empty() { self.world.program.module_name(def.file).to_owned() } else { name }
    }

    /// The qualified name of a function for a finding; none for module code.
    pub fn function_name(&self, def: Def) -> Option<String> {
        (def.scope != ScopeId::MODULE).then(|| self.world.qualified_name(def))
    }

    /// Whether code of a scope must not be reported in, because its own path in the tree is broken.
    pub fn is_broken(&self, file: FileId, scope: ScopeId) -> bool {
        let facts = self.world.facts(file);
        let mut at = Some(scope);
        while let Some(id) = at {
            let s = facts.scope(id);
            if s.broken && id != ScopeId::MODULE {
                return true;
            }
            at = s.parent;
        }
        false
    }

    /// A program of one coroutine: started under `__main__`, with nothing beside it that waiting could hold up.
    pub fn is_script(&self, file: FileId) -> bool {
        let index = self.world.index_of(file);
        let is_start = |s: &Site| s.owner == ScopeId::MODULE && matches!(s.happens, Happens::StartsLoop(_));
        const CONCURRENT: &[&str] = &[
            "create_task",
            "gather",
            "TaskGroup",
            "ensure_future",
            "start_server",
            "start_soon",
            "open_nursery",
            "create_task_group",
            "as_completed",
            "wait",
            "run_forever",
            "create_server",
            "start_unix_server",
            "serve",
        ];
        !CONCURRENT.iter().any(|n| index.name(n).is_some()) && self.graph.sites[file.index()].iter().any(is_start)
    }
}

/// The sites and the roots of one file.
pub(crate) fn file_sites(world: &World, whole: &Whole, file: FileId) -> (Arc<Vec<Site>>, Arc<Roots>) {
    let _own = working_for(file);
    let context = SiteContext { world, whole };
    let mut finder = SiteFinder::new(&context, file);
    let mut sites = finder.find();
    states::fill(&mut finder.flows, &mut sites);
    let mut roots = roots::roots(&mut finder.infer, file);
    roots.append(&mut finder.entered);
    (Arc::new(sites), Arc::new(roots))
}
