//! Whether a text that was edited asks the same of modules as before: then the same files are reached.

use super::Edge;
use super::uses::chain_of;
use crate::finding::FileId;
use crate::program::{Module, Origin, Program, is_standard_library};
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashSet, FxHasher};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// What a file asks of modules, as numbers.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
struct Asked {
    /// What it imports and binds: what others may ask through it hangs on that.
    imports: u64,
    /// What it uses of what it imports.
    uses: u64,
}

/// What the file that was edited last asks of modules: the next edit is compared with it.
#[derive(Debug, Default)]
pub struct LastAsked(Mutex<Option<(Arc<FileFacts>, Asked)>>);

impl LastAsked {
    fn asked(&self, facts: &Arc<FileFacts>) -> Asked {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, asked)) if Arc::ptr_eq(of, facts) => *asked,
            _ => {
                let asked = asked(facts, &|_| true);
                *last = Some((facts.clone(), asked));
                asked
            }
        }
    }
}

/// The question whether a file of the project asks the same of modules in two programs.
pub struct Ask<'a> {
    /// After the edit.
    pub new: &'a Program,
    /// Before it.
    pub old: &'a Program,
    /// What the file that was edited last asks.
    pub last: &'a LastAsked,
    /// Whether a top-level package or module can be read at all, or one in a directory of the project.
    pub is_there: &'a dyn Fn(Option<&str>, &str) -> bool,
    /// Whether a module, by its dotted name, is one that can be read.
    pub is_found: &'a dyn Fn(&str) -> bool,
}

impl Ask<'_> {
    /// Whether it does. While each edited file does, the same files are reached. `is_only` says that no other file is edited.
    pub fn is_same(&self, file: FileId, is_only: bool) -> bool {
        let all = |program: &Program| self.last.asked(&program.file(file).facts);
        // The old one first: it is the one that is remembered, and then the new one is.
        if all(self.old) == all(self.new) {
            return true;
        }
        let outside = |program: &Program| asked(program.facts(file), &|import| self.counts(program, file, import));
        let (old, new) = (outside(self.old), outside(self.new));
        old == new || (is_only && old.imports == new.imports && self.has_same_edge(file))
    }

    /// Whether it asks for the same modules and top-level statements outside of the project: the slow way to tell.
    fn has_same_edge(&self, file: FileId) -> bool {
        let (mut old, mut new) = (Edge::of(self.old, file), Edge::of(self.new, file));
        if old.statements != new.statements {
            return false;
        }
        // What cannot be read is asked for in vain.
        let common: FxHashSet<String> = old.modules.intersection(&new.modules).cloned().collect();
        let differs = |name: &String| !common.contains(name) && (self.is_found)(name);
        old.modules.retain(differs);
        new.modules.retain(differs);
        old.modules.is_empty() && new.modules.is_empty()
    }

    /// Whether an import may reach anything. All of the project's own files is asked for in any case, and what is not there is
    /// asked for in vain.
    fn counts(&self, program: &Program, file: FileId, import: &Import) -> bool {
        match program.resolve(file, &import.module, import.level) {
            Module::External if import.level == 0 => {
                (self.is_there)(None, import.module.split('.').next().unwrap_or_default())
            }
            _ => !self.is_own(program, file, import),
        }
    }

    /// Whether an import asks only files of the project, and nothing through them, or the standard library.
    fn is_own(&self, program: &Program, file: FileId, import: &Import) -> bool {
        if import.level == 0 && is_standard_library(import.module.split('.').next().unwrap_or_default()) {
            return true;
        }
        let is_closed = |file: FileId| {
            let facts = program.facts(file);
            program.file(file).origin == Origin::Project
                && facts.imports.iter().all(|import| import.what != Imported::Star)
        };
        let module = program.resolve(file, &import.module, import.level);
        let Module::File(found) = module else { return false };
        if !is_closed(found) {
            return false;
        }
        let Imported::Name(name) = import.what else {
            // `import a.b` gives `a`, whose other submodules may be asked for.
            return import.alias.is_some() || !program.is_package(found) && !import.module.contains('.');
        };
        // A name that the package does not bind is a submodule.
        let name = program.facts(file).name(name);
        let is_bound = || {
            let facts = program.facts(found);
            facts.bindings_of(ScopeId::MODULE).iter().any(|binding| facts.name(binding.name) == name)
        };
        match program.submodule(&module, name) {
            Module::File(sub) => is_closed(sub),
            Module::Namespace(_) => false,
            Module::External => {
                let path = &program.file(found).path;
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                is_bound() || !program.is_package(found) || !(self.is_there)(Some(directory), name)
            }
        }
    }
}

/// What a file asks through some of its imports.
fn asked(facts: &FileFacts, counts: &dyn Fn(&Import) -> bool) -> Asked {
    let counted: Vec<bool> = facts.imports.iter().map(counts).collect();
    let hashes: Vec<u64> = facts.imports.iter().map(|import| import_hash(facts, import)).collect();
    let has_star = facts.imports.iter().zip(&counted).any(|(import, counts)| *counts && import.what == Imported::Star);
    // By name, which imports bind it.
    let mut by_name: Vec<Vec<u32>> = vec![Vec::new(); facts.names.len()];
    let mut imports: FxHashSet<u64> = FxHashSet::default();
    for binding in &facts.bindings {
        if let BindingKind::Import(import) = binding.kind
            && counted[import.index()]
        {
            by_name[binding.name.index()].push(import.0);
        }
    }
    for ((import, hash), _) in facts.imports.iter().zip(&hashes).zip(&counted).filter(|(_, counts)| **counts) {
        let alias = import.alias.map(|name| facts.name(name));
        imports.insert(hash_of(&(hash, alias, import.scope == ScopeId::MODULE)));
    }
    // What others may ask of it: a name that it binds itself is not asked of the modules it takes all names from.
    let bound = facts.bindings_of(ScopeId::MODULE).iter().filter(|_| has_star);
    imports.extend(bound.map(|binding| hash_of(&facts.name(binding.name))));
    let uses = uses(facts, &by_name, &hashes, has_star);
    let sum = |of: FxHashSet<u64>| of.into_iter().fold(0, u64::wrapping_add);
    Asked { imports: sum(imports), uses: sum(uses) }
}

/// The names that are used of what is imported.
fn uses(facts: &FileFacts, by_name: &[Vec<u32>], imports: &[u64], has_star: bool) -> FxHashSet<u64> {
    let mut uses: FxHashSet<u64> = FxHashSet::default();
    for (id, expr) in facts.exprs() {
        let ExprKind::Name(name) = expr.kind else { continue };
        let by = &by_name[name.index()];
        if by.is_empty() && !has_star {
            continue;
        }
        let mut attributes = FxHasher::default();
        chain_of(facts, id).for_each(|name| facts.name(name).hash(&mut attributes));
        let attributes = attributes.finish();
        if has_star {
            uses.insert(hash_of(&(facts.name(name), attributes)));
        }
        uses.extend(by.iter().map(|&import| hash_of(&(imports[import as usize], attributes))));
    }
    uses
}

fn import_hash(facts: &FileFacts, import: &Import) -> u64 {
    let name = match import.what {
        Imported::Name(name) => Some(facts.name(name)),
        Imported::Module | Imported::Star => None,
    };
    hash_of(&(&import.module, import.level, name, import.what == Imported::Star))
}

fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
