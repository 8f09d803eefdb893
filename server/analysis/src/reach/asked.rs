//! Whether a text that was edited asks the same of modules as before: then the same files are reached.
//!
//! A number tells it for nearly every edit. Where the number differs, what is asked for no more, or only now, is followed to
//! the edge of the project: as all of the project's own files is asked for in any case, most of it ends inside.

use super::uses::{Uses, chain_of, top};
use super::{Edge, Request, Walk};
use crate::finding::FileId;
use crate::program::Program;
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use smol_str::SmolStr;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// What the file that was edited last asks of modules, as a number: the next edit is compared with it.
#[derive(Debug, Default)]
pub struct LastAsked(Mutex<Option<(Arc<FileFacts>, u64)>>);

impl LastAsked {
    fn digest(&self, program: &Program, file: FileId) -> u64 {
        let facts = &program.file(file).facts;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, digest)) if Arc::ptr_eq(of, facts) => *digest,
            _ => {
                let digest = digest(facts, program.is_package(file));
                *last = Some((facts.clone(), digest));
                digest
            }
        }
    }
}

/// The question whether files of the project ask the same of modules in two programs.
pub struct Ask<'a> {
    /// After the edit.
    pub new: &'a Program,
    /// Before it.
    pub old: &'a Program,
    /// What the file that was edited last asks.
    pub last: &'a LastAsked,
    /// Whether a module, by its dotted name, can be read.
    pub is_found: &'a dyn Fn(&str) -> bool,
}

impl Ask<'_> {
    /// Whether they do; no others were edited.
    pub fn is_same(&self, files: &[FileId]) -> bool {
        // The old one first: it is the one that is remembered, and then the new one is.
        let same = |file: &FileId| self.last.digest(self.old, *file) == self.last.digest(self.new, *file);
        match files {
            [file] => {
                same(file) || {
                    let (mut old, mut new) = (Side::new(self.old, *file), Side::new(self.new, *file));
                    self.has_same_surface(&mut old, &mut new) && self.has_same_edge(&mut old, &mut new)
                }
            }
            files => files.iter().all(same),
        }
    }

    /// Whether others get the same through a file: what is not is of no use to get out of the project.
    fn has_same_surface(&self, old: &mut Side<'_>, new: &mut Side<'_>) -> bool {
        let (before, after) = (Surface::of(old), Surface::of(new));
        let names: FxHashSet<&SmolStr> = before.names.keys().chain(after.names.keys()).collect();
        let mut others = names.into_iter().filter(|name| before.names.get(*name) != after.names.get(*name));
        before.stars == after.stars && others.all(|name| self.ends_inside(old, name) && self.ends_inside(new, name))
    }

    /// Whether who asks a file for a name, or for anything in what it stands for, gets nothing from outside of the project.
    fn ends_inside(&self, side: &mut Side<'_>, name: &SmolStr) -> bool {
        let edge = side.edge(|side, walk| {
            let (from, module) = (side.program.file(side.file).path.clone(), side.program.module_name(side.file));
            let path = vec![name.clone()];
            let request = Request { from, module: module.into(), level: 0, path, through_star: false };
            walk.ask(side.program, side.file, module, &request);
        });
        !edge.is_open && edge.statements.is_empty() && !edge.modules.iter().any(|name| (self.is_found)(name))
    }

    /// Whether a file itself asks for the same modules and top-level statements outside of the project.
    fn has_same_edge(&self, old: &mut Side<'_>, new: &mut Side<'_>) -> bool {
        let (asked, asks) = (Requests::of(old.facts()), Requests::of(new.facts()));
        let before = old.edge(|side, walk| asked.without(&asks, side, walk));
        let after = new.edge(|side, walk| asks.without(&asked, side, walk));
        let mut modules = before.modules.symmetric_difference(&after.modules).peekable();
        // What is imported in any case is read in any case, and what cannot be read is asked for in vain.
        let imported = modules.peek().map(|_| new.edge(|side, walk| asks.imports_in(&asked, side, walk)));
        let is_imported = |name: &String| imported.as_ref().is_some_and(|edge| edge.modules.contains(name));
        before.statements == after.statements && modules.all(|name| is_imported(name) || !(self.is_found)(name))
    }
}

/// The edited file in one of the programs.
struct Side<'a> {
    program: &'a Program,
    file: FileId,
    /// What binds names in the files that requests went through.
    uses: FxHashMap<Arc<str>, Arc<Uses>>,
}

impl<'a> Side<'a> {
    fn new(program: &'a Program, file: FileId) -> Self {
        Self { program, file, uses: FxHashMap::default() }
    }

    fn facts(&self) -> &'a FileFacts {
        self.program.facts(self.file)
    }

    /// What lies at the edge of the project on the way from what `start` asks for.
    fn edge(&mut self, start: impl FnOnce(&Self, &mut Walk)) -> Edge {
        let uses = std::mem::take(&mut self.uses);
        let mut walk = Walk { edge: Some(Edge::default()), uses, ..Walk::default() };
        start(self, &mut walk);
        while let Some(request) = walk.open.pop() {
            walk.resolve(self.program, request, true);
        }
        self.uses = walk.uses;
        walk.edge.unwrap_or_default()
    }
}

/// What others may ask through a file.
struct Surface {
    /// The names of the module, with the imports that bind each. Names that no import binds count where it matters that they
    /// are bound: else a star, or a submodule, may give them.
    names: FxHashMap<SmolStr, Vec<u64>>,
    stars: Vec<u64>,
}

impl Surface {
    fn of(side: &Side<'_>) -> Self {
        let (facts, is_package) = (side.facts(), side.program.is_package(side.file));
        let imports = hashes(facts);
        let stars = (0..imports.len()).filter(|&i| is_star(&facts.imports[i])).map(|i| imports[i]).collect::<Vec<_>>();
        let mut names: FxHashMap<SmolStr, Vec<u64>> = FxHashMap::default();
        for binding in facts.bindings_of(ScopeId::MODULE) {
            let name = || facts.name(binding.name).into();
            match binding.kind {
                BindingKind::Import(import) => names.entry(name()).or_default().push(imports[import.index()]),
                _ if is_package || !stars.is_empty() => {
                    names.entry(name()).or_default();
                }
                _ => {}
            }
        }
        names.values_mut().for_each(|imports| imports.sort_unstable());
        Self { names, stars }
    }
}

/// What a file asks for, by the hashes of it.
struct Requests {
    imports: FxHashMap<u64, ImportId>,
    uses: FxHashMap<u64, Use>,
}

impl Requests {
    fn of(facts: &FileFacts) -> Self {
        let hashes = hashes(facts);
        let mut uses = FxHashMap::default();
        each_use(facts, &hashes, |hash, used| {
            uses.insert(hash, used);
        });
        let imports = hashes.into_iter().enumerate().map(|(i, hash)| (hash, ImportId(i as u32))).collect();
        Self { imports, uses }
    }

    /// Asks for what `others` do not.
    fn without(&self, others: &Self, side: &Side<'_>, walk: &mut Walk) {
        let (program, file, facts) = (side.program, side.file, side.facts());
        for (_, import) in self.imports.iter().filter(|(hash, _)| !others.imports.contains_key(*hash)) {
            walk.import(program, file, *import, &[]);
        }
        for (_, used) in self.uses.iter().filter(|(hash, _)| !others.uses.contains_key(*hash)) {
            let rest = chain_of(facts, used.name).map(|name| facts.name(name).into());
            match (used.import, &facts.expr(used.name).kind) {
                (Some(import), _) => walk.import(program, file, import, &rest.collect::<Vec<SmolStr>>()),
                (None, ExprKind::Name(name)) => {
                    let path: Vec<SmolStr> = std::iter::once(facts.name(*name).into()).chain(rest).collect();
                    let uses = walk.uses_of(program, file);
                    walk.through_stars(program, file, &uses, &path);
                }
                _ => {}
            }
        }
    }

    /// Asks for the modules that both import.
    fn imports_in(&self, others: &Self, side: &Side<'_>, walk: &mut Walk) {
        for (_, import) in self.imports.iter().filter(|(hash, _)| others.imports.contains_key(*hash)) {
            walk.import(side.program, side.file, *import, &[]);
        }
    }
}

/// A use of an imported name.
struct Use {
    /// The import; none for a name that only a star may give.
    import: Option<ImportId>,
    /// The name that is used.
    name: ExprId,
}

/// What a file asks for, and what others may ask through it, as one number.
fn digest(facts: &FileFacts, is_package: bool) -> u64 {
    let imports = hashes(facts);
    let mut asked: FxHashSet<u64> = FxHashSet::default();
    for (import, hash) in facts.imports.iter().zip(&imports) {
        let alias = import.alias.map(|name| facts.name(name));
        asked.insert(hash_of(&(hash, alias, import.scope == ScopeId::MODULE)));
    }
    let has_star = facts.imports.iter().any(is_star);
    let bound = facts.bindings_of(ScopeId::MODULE).iter().filter(|_| is_package || has_star);
    asked.extend(bound.map(|binding| hash_of(&facts.name(binding.name))));
    each_use(facts, &imports, |hash, _| {
        asked.insert(hash);
    });
    asked.into_iter().fold(0, u64::wrapping_add)
}

/// Tells each use of what is imported, with a hash of it.
fn each_use(facts: &FileFacts, imports: &[u64], mut tell: impl FnMut(u64, Use)) {
    let mut names = vec![Name::default(); facts.names.len()];
    for binding in facts.bindings_of(ScopeId::MODULE) {
        let name = &mut names[binding.name.index()];
        name.is_bound = true;
        if let BindingKind::Import(import) = binding.kind {
            name.imports.push(import);
        }
    }
    for binding in facts.scopes().skip(1).flat_map(|(scope, _)| facts.bindings_of(scope)) {
        if let BindingKind::Import(import) = binding.kind {
            names[binding.name.index()].local.push(import);
        }
    }
    let has_star = facts.imports.iter().any(is_star);
    for (id, expr) in facts.exprs() {
        let ExprKind::Name(name) = expr.kind else { continue };
        let Name { is_bound, imports: global, local } = &names[name.index()];
        let through_star = has_star && !is_bound;
        if global.is_empty() && local.is_empty() && !through_star {
            continue;
        }
        let mut attributes = FxHasher::default();
        chain_of(facts, id).for_each(|name| facts.name(name).hash(&mut attributes));
        let attributes = attributes.finish();
        if through_star {
            tell(hash_of(&(facts.name(name), attributes)), Use { import: None, name: id });
        }
        let near = local.iter().filter(|import| top_of_import(facts, **import) == top_of(facts, id));
        for &import in global.iter().chain(near) {
            tell(hash_of(&(imports[import.index()], attributes)), Use { import: Some(import), name: id });
        }
    }
}

/// What binds a name.
#[derive(Clone, Default)]
struct Name {
    /// The module does.
    is_bound: bool,
    imports: Vec<ImportId>,
    /// Imports in functions and classes.
    local: Vec<ImportId>,
}

fn top_of(facts: &FileFacts, expr: ExprId) -> Option<StmtId> {
    facts.stmt_of(expr).map(|stmt| top(facts, stmt))
}

fn top_of_import(facts: &FileFacts, import: ImportId) -> Option<StmtId> {
    Some(top(facts, facts.import(import).stmt))
}

fn is_star(import: &Import) -> bool {
    import.what == Imported::Star
}

/// For each import a hash of what it asks for.
fn hashes(facts: &FileFacts) -> Vec<u64> {
    let hash = |import: &Import| {
        let (name, alias) = match import.what {
            Imported::Name(name) => (Some(facts.name(name)), false),
            Imported::Module => (None, import.alias.is_some()),
            Imported::Star => (Some("*"), false),
        };
        hash_of(&(&import.module, import.level, name, alias))
    };
    facts.imports.iter().map(hash).collect()
}

fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
