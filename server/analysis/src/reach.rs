//! What a program needs of the modules it imports: which dependencies have to be read, and which parts of them are used.
//!
//! Packages re-export everything they have in their `__init__`, so to follow every import is to read all that is installed. What
//! is followed is what is asked for: each file of the project in whole; of a dependency the top-level statements that bind a
//! name somebody asks for, with the names those use. What the tables of the knowledge know is asked of nobody.

mod asked;
mod uses;

pub use asked::{Ask, LastAsked};

use crate::finding::FileId;
use crate::knowledge::Knowledge;
use crate::program::{Module, Origin, Program, is_standard_library};
use asyncwise_syntax::facts::*;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::{SmolStr, ToSmolStr};
use std::collections::BTreeSet;
use std::sync::Arc;
use uses::Uses;

/// A name that a file asks of a module.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Request {
    /// The path of the file that asks.
    from: Arc<str>,
    /// The module as an import writes it.
    module: SmolStr,
    level: u32,
    /// The name, and attributes of it; empty asks for the module alone.
    path: Vec<SmolStr>,
    /// The name comes through a star: submodules do not count.
    through_star: bool,
}

/// The walk from a project's files through what they import.
#[derive(Debug, Default)]
pub struct Walk {
    uses: FxHashMap<Arc<str>, Arc<Uses>>,
    /// Top-level statements that are asked for.
    statements: FxHashSet<(Arc<str>, StmtId)>,
    /// Names that were asked of a file.
    names: FxHashSet<(Arc<str>, SmolStr, bool)>,
    open: Vec<Request>,
    /// Requests whose module the program does not have.
    missing: Vec<Request>,
    /// The walk goes no further than to the edge of the project.
    edge: Option<Edge>,
}

/// What is asked of what is not the project's, directly or through the project's files.
#[derive(Debug, Default)]
struct Edge {
    /// Modules, with their packages.
    modules: FxHashSet<String>,
    /// Top-level statements of dependencies.
    statements: FxHashSet<(Arc<str>, StmtId)>,
    /// A module as a whole was asked for: who asks for more may get it.
    is_open: bool,
}

impl Edge {
    /// A top-level statement is asked for. All of the project's is asked for in any case.
    fn note_statement(&mut self, program: &Program, file: FileId, stmt: StmtId) {
        let source = program.file(file);
        if source.origin == Origin::Dependency {
            self.statements.insert((source.path.clone(), stmt));
        }
    }

    fn note_module(&mut self, name: &str, found: &Module, is_project: bool, path: &[SmolStr]) {
        self.is_open |= path.is_empty() && *found != Module::External;
        if !is_project {
            self.modules.extend(with_packages(name).map(str::to_owned));
        }
    }
}

impl Walk {
    /// Goes as far as the files of the program allow, and gives the dotted names of the modules that it misses, each with its
    /// prefixes, sorted. Call it again with a program that has those that are there: the others are not asked for again.
    pub fn step(&mut self, program: &Program) -> Vec<String> {
        let new: Vec<FileId> = program.ids().filter(|id| !self.uses.contains_key(&program.file(*id).path)).collect();
        let uses: Vec<Arc<Uses>> = new.par_iter().map(|id| Arc::new(Uses::of(program.facts(*id)))).collect();
        for (id, uses) in new.into_iter().zip(uses) {
            let file = program.file(id);
            self.uses.insert(file.path.clone(), uses);
            if file.origin == Origin::Project {
                self.whole(program, id);
            }
        }
        let again = std::mem::take(&mut self.missing);
        again.into_iter().for_each(|request| self.resolve(program, request, true));
        while let Some(request) = self.open.pop() {
            self.resolve(program, request, false);
        }
        let mut names = BTreeSet::new();
        for request in &self.missing {
            let Some(from) = program.by_path(&request.from) else { continue };
            let name = program.external_name(from, &request.module, request.level);
            names.extend(with_packages(&name).map(str::to_owned));
        }
        names.into_iter().collect()
    }

    /// Everything in a file of the project is asked for.
    fn whole(&mut self, program: &Program, file: FileId) {
        let uses = self.uses_of(program, file);
        uses.statements().for_each(|stmt| self.statement(program, file, stmt));
        for i in 0..program.facts(file).imports.len() {
            self.import(program, file, ImportId(i as u32), &[]);
        }
    }

    fn uses_of(&mut self, program: &Program, file: FileId) -> Arc<Uses> {
        let source = program.file(file);
        let made = || Arc::new(if self.edge.is_some() { Uses::bound(&source.facts) } else { Uses::of(&source.facts) });
        self.uses.entry(source.path.clone()).or_insert_with(made).clone()
    }

    /// A top-level statement is asked for, and with it the names in it.
    fn statement(&mut self, program: &Program, file: FileId, stmt: StmtId) {
        if let Some(edge) = &mut self.edge {
            return edge.note_statement(program, file, stmt);
        }
        if !self.statements.insert((program.file(file).path.clone(), stmt)) {
            return;
        }
        let uses = self.uses_of(program, file);
        let facts = program.facts(file);
        for chain in uses.chains(stmt) {
            let names: Vec<SmolStr> = chain.iter().map(|name| facts.name(*name).into()).collect();
            for &import in uses.local_imports(stmt) {
                if bound_by(facts, import) == Some(names[0].as_str()) {
                    self.import(program, file, import, &names[1..]);
                }
            }
            self.name(program, file, chain[0], &names);
        }
        for &import in uses.local_imports(stmt) {
            self.import(program, file, import, &[]);
        }
    }

    /// A name is used in a file: what binds it there is asked for.
    fn name(&mut self, program: &Program, file: FileId, name: NameId, names: &[SmolStr]) {
        let uses = self.uses_of(program, file);
        let facts = program.facts(file);
        let bindings = uses.bindings(name);
        for &binding in bindings {
            let binding = &facts.bindings[binding as usize];
            match (binding.kind, binding.stmt) {
                (BindingKind::Import(import), _) => self.import(program, file, import, &names[1..]),
                (_, Some(stmt)) => self.statement(program, file, uses::top(facts, stmt)),
                _ => {}
            }
        }
        if bindings.is_empty() {
            self.through_stars(program, file, &uses, names);
        }
    }

    fn through_stars(&mut self, program: &Program, file: FileId, uses: &Uses, names: &[SmolStr]) {
        for &star in uses.stars() {
            let import = program.facts(file).import(star);
            self.request(program, file, &import.module, import.level, names.to_vec(), true);
        }
    }

    /// An import is asked for, with attributes of what it binds.
    fn import(&mut self, program: &Program, file: FileId, import: ImportId, rest: &[SmolStr]) {
        let facts = program.facts(file);
        let import = facts.import(import);
        match import.what {
            Imported::Module if import.alias.is_some() => {
                self.request(program, file, &import.module, 0, rest.to_vec(), false);
            }
            Imported::Module => {
                let first = import.module.split('.').next().unwrap_or_default();
                self.request(program, file, &import.module, 0, Vec::new(), false);
                if !rest.is_empty() {
                    self.request(program, file, first, 0, rest.to_vec(), false);
                }
            }
            Imported::Name(name) => {
                let path = std::iter::once(facts.name(name).into()).chain(rest.iter().cloned());
                self.request(program, file, &import.module, import.level, path.collect(), false);
            }
            Imported::Star => self.request(program, file, &import.module, import.level, Vec::new(), false),
        }
    }

    fn request(
        &mut self,
        program: &Program,
        from: FileId,
        module: &str,
        level: u32,
        path: Vec<SmolStr>,
        through_star: bool,
    ) {
        if level == 0 && is_standard_library(module.split('.').next().unwrap_or_default()) {
            return;
        }
        let from = program.file(from).path.clone();
        self.open.push(Request { from, module: module.into(), level, path, through_star });
    }

    /// Finds the module of a request and asks it; `is_last` when it was looked for on the disk already.
    fn resolve(&mut self, program: &Program, mut request: Request, is_last: bool) {
        let Some(from) = program.by_path(&request.from) else { return };
        let module = program.resolve(from, &request.module, request.level);
        let name = program.external_name(from, &request.module, request.level);
        let is_project = matches!(module, Module::File(file) if program.file(file).origin == Origin::Project);
        if !is_project && is_known(&name, &request.path) {
            return;
        }
        if let Some(edge) = &mut self.edge {
            edge.note_module(&name, &module, is_project, &request.path);
        }
        match module {
            Module::File(file) if file == from && !request.path.is_empty() => {
                // `from . import x` in the package itself names the submodule.
                self.submodule(program, file, &name, &request.path);
            }
            Module::File(file) => self.ask(program, file, &name, &request),
            // A regular package that comes later on the path outweighs a directory.
            Module::Namespace(_) | Module::External if !is_last => self.missing.push(request),
            Module::Namespace(_) if !request.path.is_empty() => {
                let module = join(&name, &request.path[0]);
                request.path.remove(0);
                self.request(program, from, &module, 0, request.path, false);
            }
            _ => {}
        }
    }

    /// Asks a file for a name.
    fn ask(&mut self, program: &Program, file: FileId, module: &str, request: &Request) {
        let Some(first) = request.path.first() else { return };
        let key = (program.file(file).path.clone(), request.path.join(".").to_smolstr(), request.through_star);
        if !self.names.insert(key) {
            return;
        }
        let uses = self.uses_of(program, file);
        match uses.module_name(first) {
            Some(name) => self.name(program, file, name, &request.path),
            None => {
                self.through_stars(program, file, &uses, &request.path);
                if !request.through_star {
                    self.submodule(program, file, module, &request.path);
                }
            }
        }
    }

    /// Asks the submodule that a path begins with for the rest.
    fn submodule(&mut self, program: &Program, file: FileId, module: &str, path: &[SmolStr]) {
        if program.is_package(file) {
            self.request(program, file, &join(module, &path[0]), 0, path[1..].to_vec(), false);
        }
    }
}

/// Whether the knowledge tells of a path in a module, or of the first attribute of it.
fn is_known(module: &str, path: &[SmolStr]) -> bool {
    let [first, rest @ ..] = path else { return false };
    let knowledge = Knowledge::shipped();
    let name = join(module, first);
    knowledge.knows(&name) || rest.first().is_some_and(|second| knowledge.knows(&join(&name, second)))
}

fn bound_by(facts: &FileFacts, import: ImportId) -> Option<&str> {
    let import = facts.import(import);
    match (import.alias, import.what) {
        (Some(alias), _) => Some(facts.name(alias)),
        (None, Imported::Name(name)) => Some(facts.name(name)),
        (None, Imported::Module) => import.module.split('.').next(),
        (None, Imported::Star) => None,
    }
}

/// A dotted name after those of the packages around it.
fn with_packages(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
    ends.map(|end| &name[..end]).filter(|name| !name.is_empty())
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}
