//! Where code enters a loop, a worker thread, or a program.

use super::bridges::Bridge;
use super::{Function, Scene};
use crate::contexts::{self, Frameworks};
use crate::finding::{FileId, Place};
use crate::graph::{Reason, SiteRef};
use crate::infer::Infer;
use crate::program::is_standard_library;
use crate::roots;
use crate::settings::RunsOn;
use crate::sites::Happens;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Why code is entered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EntryKind {
    /// A program starts here: a loop is started by the code of a module, or by what only that calls.
    Program,
    /// A loop is started while a module is imported, outside `if __name__ == "__main__":`.
    Import,
    /// A framework runs it: the framework's package.
    Framework(SmolStr),
    /// The project's settings say so.
    Settings,
    /// It is a notebook's cells.
    Notebook,
    /// A task is made of it.
    Task,
    /// It is handed to a loop, which calls it.
    Callback,
    /// It is handed to a worker thread.
    Worker,
    /// It is a test.
    Test,
}

/// A function that is entered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// The function.
    pub function: Function,
    /// What enters it: the framework's decorator, base class or function, or the call that starts it or hands it over.
    pub by: String,
    /// That call, where it is one.
    pub at: Option<Place>,
    /// How many more calls do.
    pub more: usize,
}

/// Functions that are entered for one reason in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryGroup {
    /// Why.
    pub kind: EntryKind,
    /// Where they run.
    pub runs_on: RunsOn,
    /// They are coroutine functions.
    pub is_async: bool,
    /// The functions, by file and position.
    pub entries: Vec<Entry>,
}

/// The key of a group: [`RunsOn`] has no order.
type Key = (EntryKind, u8, bool);

/// All of them, by function.
#[derive(Default)]
pub(super) struct Entries {
    groups: BTreeMap<Key, Vec<Entry>>,
    entry_points: FxHashSet<Def>,
    entered: FxHashSet<Def>,
    /// For coroutine functions that are handed over: by which sites.
    tasks: FxHashMap<Def, Vec<SiteRef>>,
}

impl Entries {
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let mut entries = Self::default();
        for (at, site) in scene.analysis.graph.all_sites() {
            if let Happens::Schedules(target, on) = site.happens
                && scene.analysis.world.is_async(target)
            {
                entries.tasks.entry(target).or_default().push(at);
                entries.handed(scene, target, at, on);
            }
        }
        for &file in &scene.files {
            let mut infer = Infer::new(&scene.analysis.world);
            for (scope, s) in scene.analysis.world.facts(file).scopes() {
                if matches!(s.kind, ScopeKind::Module | ScopeKind::Function { .. } | ScopeKind::Lambda) {
                    entries.function(scene, &mut infer, Def { file, scope });
                }
            }
            entries.made_tasks(scene, &mut infer, file);
        }
        entries
    }

    /// Whether a framework, the settings or a notebook enters it.
    pub(super) fn is_entry_point(&self, def: Def) -> bool {
        self.entry_points.contains(&def)
    }

    /// Whether anything is known to enter it.
    pub(super) fn is_entered(&self, def: Def) -> bool {
        self.entered.contains(&def) || self.entry_points.contains(&def) || self.tasks.contains_key(&def)
    }

    /// The sites that hand a coroutine function over.
    pub(super) fn tasks_of(&self, def: Def) -> impl Iterator<Item = SiteRef> + '_ {
        self.tasks.get(&def).into_iter().flatten().copied()
    }

    /// What the graph and the frameworks say of one function.
    fn function(&mut self, scene: &Scene<'_>, infer: &mut Infer<'_>, def: Def) {
        let analysis = scene.analysis;
        let is_async = analysis.world.is_async(def);
        for root in analysis.graph.roots_of(def) {
            match &root.reason {
                Reason::Coroutine if root.is_test && scene.is_test(def.file) => {
                    if scene.analysis.world.name(def).starts_with("test") {
                        self.add(scene, EntryKind::Test, def, RunsOn::Loop, ("a test".to_owned(), None));
                    }
                }
                Reason::Coroutine => {}
                Reason::Notebook => self.point(scene, EntryKind::Notebook, def, root.on, "a notebook's cells"),
                Reason::Settings => self.point(scene, EntryKind::Settings, def, root.on, "the settings"),
                Reason::Framework(by) => self.point(scene, framework(by), def, root.on, by),
                Reason::Scheduled(at) => self.handed(scene, def, *at, root.on),
            }
        }
        if is_async
            && !scene.is_test(def.file)
            && let Some((context, by)) = roots::framework(infer, def, true)
            && let Some(on) = contexts::place_of(context)
        {
            self.point(scene, framework(&by), def, on, &by);
        }
    }

    fn point(&mut self, scene: &Scene<'_>, kind: EntryKind, def: Def, on: RunsOn, by: &str) {
        self.entry_points.insert(def);
        self.add(scene, kind, def, on, (by.to_owned(), None));
    }

    /// A function that code hands over: to a framework, a loop or a thread.
    fn handed(&mut self, scene: &Scene<'_>, def: Def, at: SiteRef, on: RunsOn) {
        let analysis = scene.analysis;
        if scene.is_test(at.file) || scene.is_dependency(at.file) {
            return;
        }
        let place = Place { file: at.file, span: analysis.span(at) };
        let by = (analysis.site_text(at), Some(place));
        self.entered.insert(def);
        let kind = match on {
            _ if let Some(framework) = framework_call(scene, at) => {
                self.entry_points.insert(def);
                EntryKind::Framework(framework)
            }
            RunsOn::Loop if analysis.world.is_async(def) => EntryKind::Task,
            RunsOn::Loop => EntryKind::Callback,
            RunsOn::Worker => EntryKind::Worker,
            RunsOn::NoLoop => return,
        };
        self.add(scene, kind, def, on, by);
    }

    /// Coroutines of which a task is made where they are called: `create_task(work())`.
    fn made_tasks(&mut self, scene: &Scene<'_>, infer: &mut Infer<'_>, file: FileId) {
        let index = scene.analysis.world.index_of(file);
        let makers: Vec<NameId> = ["create_task", "ensure_future"].iter().filter_map(|name| index.name(name)).collect();
        if makers.is_empty() || scene.is_test(file) {
            return;
        }
        let facts = scene.analysis.world.facts(file);
        for (_, expr) in facts.exprs() {
            let ExprKind::Call { func, args } = expr.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else {
                continue;
            };
            let Some(work) = facts.args(args).first().filter(|_| makers.contains(&name)) else { continue };
            let ExprKind::Call { func: made, .. } = facts.expr(work.value).kind else { continue };
            let Ty::Function(def, _) = infer.expr(file, made) else { continue };
            if scene.analysis.world.is_async(def) {
                let by = format!("{}()", scene.analysis.call_text(file, func));
                self.add(scene, EntryKind::Task, def, RunsOn::Loop, (by, Some(Place { file, span: expr.span })));
            }
        }
    }

    fn add(&mut self, scene: &Scene<'_>, kind: EntryKind, def: Def, on: RunsOn, by: (String, Option<Place>)) {
        let (by, at) = by;
        // What is not asked about is somebody else's.
        if scene.files.binary_search(&def.file).is_ok() {
            let entry = Entry { function: scene.function(def), by, at, more: 0 };
            let key = (kind, order(on), scene.analysis.world.is_async(def));
            self.groups.entry(key).or_default().push(entry);
        }
    }

    /// The groups, programs first, then frameworks by how much they enter.
    pub(super) fn into_groups(mut self, scene: &Scene<'_>, programs: Vec<Bridge>) -> Vec<EntryGroup> {
        for bridge in programs {
            let is_guarded = is_guarded(scene, &bridge);
            if let Some(call) = bridge.calls.first() {
                let by = format!("{}()", call.name);
                let kind = if is_guarded { EntryKind::Program } else { EntryKind::Import };
                let entry = Entry { function: bridge.function, by, at: Some(call.place), more: 0 };
                self.groups.entry((kind, order(RunsOn::NoLoop), false)).or_default().push(entry);
            }
        }
        let mut groups: Vec<EntryGroup> = Vec::new();
        for ((kind, on, is_async), mut entries) in self.groups {
            entries.sort();
            entries.dedup();
            entries.dedup_by(|next, first| {
                let is_same = next.function == first.function;
                first.more += usize::from(is_same);
                is_same
            });
            let runs_on = [RunsOn::Loop, RunsOn::Worker, RunsOn::NoLoop][usize::from(on)];
            groups.push(EntryGroup { kind, runs_on, is_async, entries });
        }
        groups.sort_by_key(|group| {
            let rank = match group.kind {
                EntryKind::Program => 0,
                EntryKind::Import => 1,
                EntryKind::Framework(_) => 2,
                EntryKind::Settings | EntryKind::Notebook => 3,
                EntryKind::Task => 4,
                EntryKind::Callback => 5,
                EntryKind::Worker => 6,
                EntryKind::Test => 7,
            };
            (rank, Reverse(group.entries.len()))
        });
        groups
    }
}

/// The framework that a function is given to, by the call that gives it.
fn framework_call(scene: &Scene<'_>, at: SiteRef) -> Option<SmolStr> {
    let world = &scene.analysis.world;
    let ExprKind::Call { func, .. } = world.facts(at.file).expr(scene.analysis.graph.site(at).expr).kind else {
        return None;
    };
    let mut infer = Infer::new(world);
    let callee = infer.expr(at.file, func);
    let (path, _) = Frameworks::of(world, at.file).by_call(&mut infer, &callee)?;
    let package = SmolStr::new(path.split('.').next()?);
    // What the standard library runs is a matter of threads and loops, not of a framework.
    (!is_standard_library(&package)).then_some(package)
}

/// Whether what starts a loop in, or is called by, the code of a module runs only as a program.
fn is_guarded(scene: &Scene<'_>, bridge: &Bridge) -> bool {
    let graph = &scene.analysis.graph;
    let from_modules = graph.callers_of(bridge.def).iter().filter(|at| graph.owner(**at).scope == ScopeId::MODULE);
    let mut calls: Vec<(FileId, Span)> = from_modules.map(|at| (at.file, scene.analysis.span(*at))).collect();
    if bridge.def.scope == ScopeId::MODULE {
        calls.extend(bridge.calls.iter().map(|call| (call.place.file, call.place.span)));
    }
    calls.iter().all(|(file, span)| is_program_only(scene, *file, *span))
}

/// Whether code of a module runs only where that is the program: below `if __name__ == "__main__":`, in `__main__.py`, in a
/// notebook.
fn is_program_only(scene: &Scene<'_>, file: FileId, span: Span) -> bool {
    let program = &scene.analysis.world.program;
    let facts = scene.analysis.world.facts(file);
    let asks_name = |test: ExprId| {
        let span = facts.expr(test).span;
        let is_name = |expr: &Expr| matches!(expr.kind, ExprKind::Name(name) if facts.name(name) == "__name__");
        facts.exprs.iter().any(|expr| span.contains(expr.span) && is_name(expr))
    };
    let is_guard = |stmt: &Stmt| match stmt.kind {
        StmtKind::If { test, .. } => stmt.span.contains(span) && asks_name(test),
        _ => false,
    };
    facts.stmts.iter().any(is_guard)
        || program.module_name(file).ends_with("__main__")
        || program.file(file).is_notebook
}

fn order(on: RunsOn) -> u8 {
    match on {
        RunsOn::Loop => 0,
        RunsOn::Worker => 1,
        RunsOn::NoLoop => 2,
    }
}

/// The package of what enters.
fn framework(by: &str) -> EntryKind {
    EntryKind::Framework(by.split('.').next().unwrap_or(by).into())
}
