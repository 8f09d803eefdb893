//! One report of a project's async health for its maintainer: what is wrong, where sync code enters async code and how, where
//! code enters loops and threads, what blocks the most coroutines, and who owns what must be closed.
//!
//! Plain data, worked out from the solved [`Analysis`]: positions are bytes, files ids. Only the functions of the files that
//! were asked for are listed; what they call in other files counts.

mod bridges;
mod entries;
mod evidence;
mod graph;
mod hot_spots;
mod mixed;
mod owners;
mod reach;
mod risks;

pub use bridges::{Behaviour, Bridge, BridgeCall, Mechanism};
pub use entries::{Entry, EntryGroup, EntryKind};
pub use graph::{BoundaryGraph, Edge, EdgeKind, Node, NodeEffect, NodeKind};
pub use hot_spots::{HotSpot, Sink};
pub use mixed::mixed_bridges;
pub use owners::{Closing, Maker, Owner};
pub use reach::Reach;
pub use risks::Risk;

use crate::analysis::Analysis;
use crate::finding::{FileId, Finding, Place};
use crate::program::Origin;
use crate::roots::is_test_module;
use crate::types::Def;
use asyncwise_syntax::facts::{ScopeId, ScopeKind, Span};
use std::collections::BTreeMap;

/// The whole report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audit {
    /// The project in numbers.
    pub size: Size,
    /// The findings, the worst first.
    pub risks: Vec<Risk>,
    /// Where sync code starts a loop, waits for a coroutine or hands one over, by file and position.
    pub bridges: Vec<Bridge>,
    /// Where code enters a loop, a worker thread, or starts a program.
    pub entries: Vec<EntryGroup>,
    /// What blocks event loops, by how many coroutines reach it.
    pub hot_spots: Vec<HotSpot>,
    /// Who makes what must be closed.
    pub owners: Vec<Owner>,
    /// The functions around all of this and the calls between them.
    pub graph: BoundaryGraph,
    /// The files of dependencies, by their paths from the folders they are imported from: where they are installed is of no
    /// interest to a reader.
    pub dependencies: BTreeMap<FileId, String>,
}

/// A project in numbers.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Size {
    /// How many files were asked for.
    pub files: usize,
    /// Plain functions and lambdas in them, tests left out.
    pub functions: usize,
    /// Coroutine functions in them, tests left out.
    pub coroutines: usize,
    /// Coroutine functions among these that no code of the program is seen to call or hand over, and no framework is known
    /// to run.
    pub uncalled: usize,
}

/// A function, or the code of a module, by name and place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Function {
    /// Where its name stands; of a module, its first byte.
    pub place: Place,
    /// Its dotted name, module included.
    pub name: String,
    /// Its name in its module; the module's own name for its code.
    pub short: String,
}

/// What the parts of the report are made from.
pub(crate) struct Scene<'a> {
    pub(crate) analysis: &'a Analysis,
    /// The files that were asked for, in order.
    pub(crate) files: Vec<FileId>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(analysis: &'a Analysis, is_asked: &dyn Fn(FileId) -> bool) -> Self {
        Self { analysis, files: analysis.project_files().filter(|file| is_asked(*file)).collect() }
    }

    /// The files that are not tests.
    pub(crate) fn product_files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.files.iter().copied().filter(|file| !self.is_test(*file))
    }

    pub(crate) fn is_test(&self, file: FileId) -> bool {
        is_test_module(self.analysis.world.program.module_name(file))
    }

    pub(crate) fn is_dependency(&self, file: FileId) -> bool {
        self.analysis.world.program.file(file).origin == Origin::Dependency
    }

    pub(crate) fn function(&self, def: Def) -> Function {
        let world = &self.analysis.world;
        let span = match def.scope {
            ScopeId::MODULE => Span::default(),
            _ => world.scope(def).name_span,
        };
        let place = Place { file: def.file, span };
        Function { place, name: world.qualified_name(def), short: self.analysis.short_name(def) }
    }

    /// The function whose code stands at a place: what class bodies and comprehensions hold is the code around them.
    pub(crate) fn function_at(&self, place: Place) -> Def {
        let facts = self.analysis.world.facts(place.file);
        let holds = |kind: ScopeKind, span: Span| {
            matches!(kind, ScopeKind::Function { .. } | ScopeKind::Lambda) && span.contains(place.span)
        };
        let around = facts.scopes().filter(|(_, scope)| holds(scope.kind, scope.span));
        let innermost = around.min_by_key(|(_, scope)| scope.span.end - scope.span.start);
        Def { file: place.file, scope: innermost.map_or(ScopeId::MODULE, |(scope, _)| scope) }
    }
}

/// The report about the files that `is_asked` names; `findings` are those in them.
pub fn audit(analysis: &Analysis, findings: &[Finding], is_asked: &dyn Fn(FileId) -> bool) -> Audit {
    let scene = Scene::new(analysis, is_asked);
    let entries = entries::Entries::of(&scene);
    let (all, programs) = bridges::find(&scene);
    let mut findings = findings.to_vec();
    findings.extend(mixed::finding(&scene, &all));
    let mut reacher = reach::Reacher::new(&scene, &entries);
    let risks = risks::rank(&scene, findings, &mut reacher);
    let hot_spots = hot_spots::find(&scene);
    let owners = owners::find(&scene);
    let graph = graph::boundary(&scene, &risks, &all, &hot_spots);
    let size = size(&scene, &entries);
    let program = &analysis.world.program;
    let dependencies = program.ids().filter(|file| scene.is_dependency(*file));
    let dependencies = dependencies.map(|file| (file, program.import_path(file).to_owned())).collect();
    let entries = entries.into_groups(&scene, programs);
    Audit { size, risks, bridges: all, entries, hot_spots, owners, graph, dependencies }
}

fn size(scene: &Scene<'_>, entries: &entries::Entries) -> Size {
    let graph = &scene.analysis.graph;
    let mut size = Size { files: scene.files.len(), ..Size::default() };
    for file in scene.product_files() {
        for (scope, s) in scene.analysis.world.facts(file).scopes() {
            let def = Def { file, scope };
            match s.kind {
                ScopeKind::Function { is_async: false } | ScopeKind::Lambda => size.functions += 1,
                ScopeKind::Function { is_async: true } => {
                    size.coroutines += 1;
                    let is_called = !graph.callers_of(def).is_empty() || entries.is_entered(def);
                    size.uncalled += usize::from(!is_called);
                }
                _ => {}
            }
        }
    }
    size
}
