//! What only the whole program tells of a call: the classes below a class, and methods that a bare name is enough to find.

use super::{Subclasses, run_scope};
use crate::finding::FileId;
use crate::infer::{Infer, World, working_for};
use crate::knowledge::Changes;
use crate::program::Origin;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::sync::{Arc, Mutex, PoisonError};

/// Names of methods that objects of many libraries have.
const COMMON: &[&str] = &[
    "append",
    "apply",
    "build",
    "cancel",
    "check",
    "clear",
    "close",
    "commit",
    "configure",
    "connect",
    "copy",
    "count",
    "create",
    "debug",
    "decode",
    "delete",
    "detach",
    "disconnect",
    "dispatch",
    "dispose",
    "encode",
    "error",
    "execute",
    "extend",
    "fetch",
    "filter",
    "finish",
    "flush",
    "format",
    "fromkeys",
    "handle",
    "index",
    "insert",
    "invoke",
    "items",
    "parse",
    "process",
    "publish",
    "query",
    "refresh",
    "register",
    "release",
    "reload",
    "remove",
    "render",
    "replace",
    "reset",
    "resolve",
    "restart",
    "result",
    "resume",
    "rollback",
    "search",
    "setdefault",
    "setup",
    "shutdown",
    "split",
    "start",
    "startswith",
    "status",
    "strip",
    "submit",
    "subscribe",
    "terminate",
    "update",
    "upload",
    "validate",
    "values",
    "warning",
    "write",
];

/// What one file adds to what only the whole program tells.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Share {
    /// Classes with their bases: base, class.
    bases: Vec<(Def, Def)>,
    /// Methods with a name that may be enough to find them.
    methods: Vec<(SmolStr, Def)>,
    /// It lets loops nest (`nest_asyncio.apply()`).
    patches_nesting: bool,
    /// Its code runs in a kernel of its own, so that its patches are its own too.
    is_notebook: bool,
}

/// What only the whole program tells: which classes come below a class, which method names occur once.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    shares: Vec<Arc<Share>>,
    subclasses: Arc<Subclasses>,
    /// By name: the method where it is the only one, none where there are several.
    methods: Arc<FxHashMap<SmolStr, Option<Def>>>,
    readers: Arc<Mutex<Readers>>,
    /// Some file that is no notebook lets loops nest.
    patches_nesting: bool,
}

/// The files that asked something of [`Whole`].
#[derive(Clone, Debug, Default)]
struct Readers {
    /// For a method by its bare name.
    names: FxHashMap<SmolStr, FxHashSet<FileId>>,
    /// For the classes below a class.
    classes: FxHashMap<Def, FxHashSet<FileId>>,
}

impl Whole {
    /// Of all files.
    pub fn new(world: &World) -> Self {
        let files: Vec<FileId> = world.program.ids().collect();
        let shares = files.par_iter().map(|&file| Arc::new(Share::of(world, file))).collect();
        let mut whole = Self { shares, ..Self::default() };
        whole.join();
        whole
    }

    fn join(&mut self) {
        let mut subclasses = Subclasses::default();
        let mut methods: FxHashMap<SmolStr, Option<Def>> = FxHashMap::default();
        for share in &self.shares {
            for &(base, class) in &share.bases {
                subclasses.entry(base).or_default().push(class);
            }
            for (name, def) in &share.methods {
                methods.entry(name.clone()).and_modify(|d| *d = None).or_insert(Some(*def));
            }
        }
        self.subclasses = Arc::new(subclasses);
        self.methods = Arc::new(methods);
        self.patches_nesting = self.shares.iter().any(|share| share.patches_nesting && !share.is_notebook);
    }

    /// Takes in what `files` add now. Gives the files that were given an answer which is now another.
    pub(crate) fn update(&mut self, world: &World, files: &[FileId]) -> FxHashSet<FileId> {
        let mut is_same = true;
        for &file in files {
            let share = Share::of(world, file);
            if *self.shares[file.index()] != share {
                self.shares[file.index()] = Arc::new(share);
                is_same = false;
            }
        }
        let mut misled = FxHashSet::default();
        if is_same {
            return misled;
        }
        let (subclasses, methods) = (self.subclasses.clone(), self.methods.clone());
        self.join();
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, files) in &readers.names {
            if methods.get(name) != self.methods.get(name) {
                misled.extend(files);
            }
        }
        for (class, files) in &readers.classes {
            if subclasses.get(class) != self.subclasses.get(class) {
                misled.extend(files);
            }
        }
        misled
    }

    /// Whether loops can nest in the code of a file.
    pub(crate) fn lets_loops_nest(&self, file: FileId) -> bool {
        self.patches_nesting || self.shares.get(file.index()).is_some_and(|share| share.patches_nesting)
    }

    /// The classes below a class.
    pub fn below(&self, class: Def) -> &[Def] {
        self.subclasses.get(&class).map_or(&[][..], Vec::as_slice)
    }

    /// The only method of a name.
    pub(super) fn unique_method(&self, name: &str) -> Option<Def> {
        self.methods.get(name).copied().flatten()
    }

    /// Notes that a file asked for a method by its bare name.
    pub(super) fn note_name(&self, name: &str, reader: FileId) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.names.entry(name.into()).or_default().insert(reader);
    }

    /// Notes that a file asked for the classes below a class.
    pub(super) fn note_class(&self, class: Def, reader: FileId) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.classes.entry(class).or_default().insert(reader);
    }
}

impl Share {
    fn of(world: &World, file: FileId) -> Self {
        let _own = working_for(file);
        let facts = world.facts(file);
        let mut infer = Infer::new(world);
        let mut share = Self { methods: methods(world, file), ..Self::default() };
        for (scope, _) in facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Class) {
            let class = Def { file, scope };
            share.bases.extend(infer.mro(class).classes[1..].iter().map(|base| (*base, class)));
        }
        share.patches_nesting = patches_nesting(&mut infer, file);
        share.is_notebook = world.program.file(file).is_notebook;
        share
    }
}

/// The methods of a file whose names no well-known class has.
fn methods(world: &World, file: FileId) -> Vec<(SmolStr, Def)> {
    // A bare name says nothing of what a package that happens to be installed calls by it.
    if world.program.file(file).origin == Origin::Dependency {
        return Vec::new();
    }
    let facts = world.facts(file);
    let methods = facts.scopes().filter(|(id, _)| world.index_of(file).method_class.contains_key(id));
    let named = methods.map(|(scope, s)| (facts.name(s.name), Def { file, scope }));
    let telling = |name: &str| !name.starts_with("__") && !COMMON.contains(&name) && name.len() >= 5;
    named.filter(|(name, _)| telling(name)).map(|(name, def)| (name.into(), def)).collect()
}

fn patches_nesting(infer: &mut Infer<'_>, file: FileId) -> bool {
    let world = infer.world;
    let facts = world.facts(file);
    if !facts.imports.iter().any(|i| i.module.contains("nest_asyncio")) {
        return false;
    }
    // Only what runs when the module is imported or started: a function may never be called.
    let at_top = |e: &Expr| run_scope(facts, e.scope) == ScopeId::MODULE;
    facts.exprs().filter(|(_, e)| at_top(e)).any(|(_, e)| match e.kind {
        ExprKind::Call { func, .. } => match infer.expr(file, func) {
            Ty::External(path) => world.knowledge.patch(&path).is_some_and(|p| p.changes == Changes::Nesting),
            _ => false,
        },
        _ => false,
    })
}
