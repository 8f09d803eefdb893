//! What one package says, as the analysis sees it: every class and function that can be imported from a public place, under
//! the name that users know it by.

use super::inputs::is_stub;
use super::table::{Fact, Owner, Table, speaks};
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::index::FileIndex;
use asyncwise_analysis::infer::{Infer, World};
use asyncwise_analysis::knowledge::{Knowledge, MemberKind};
use asyncwise_analysis::program::{Module, Program};
use asyncwise_analysis::types::{Class, Def, Ty};
use asyncwise_syntax::facts::{BindingKind, ScopeId, ScopeKind};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many packages and modules users write, at most, before a name.
const DEEPEST: usize = 3;

/// The table of a package.
pub(super) fn collect(program: Program, origins: Vec<String>) -> Table {
    let program = Arc::new(program);
    let indexes = program.files.iter().map(|f| Arc::new(FileIndex::new(&f.facts))).collect();
    let world = World::new(program, indexes, Knowledge::hand_made());
    let mut collector = Collector { infer: Infer::new(&world), paths: BTreeMap::new(), names: FxHashMap::default() };
    collector.find_paths();
    collector.choose_names();
    let mut table = collector.table();
    table.origins = origins;
    table
}

struct Collector<'w> {
    infer: Infer<'w>,
    /// Every place that a definition can be imported from.
    paths: BTreeMap<Def, BTreeSet<String>>,
    /// The canonical names.
    names: FxHashMap<Def, String>,
}

impl<'w> Collector<'w> {
    fn world(&self) -> &'w World {
        self.infer.world
    }

    fn find_paths(&mut self) {
        for file in self.world().program.ids() {
            let module = module_name(&self.world().program, file);
            for name in self.public_names(file, &mut Vec::new()) {
                let ty = self.infer.module_member(file, &name);
                let Some(def) = defined(&ty) else { continue };
                if def.file == file || self.offers(file, &name) {
                    self.paths.entry(def).or_default().insert(format!("{module}.{name}"));
                }
            }
        }
        // What nobody can import by name is still made and returned.
        for file in self.world().program.ids() {
            let facts = self.world().program.facts(file);
            for (scope, s) in facts.scopes() {
                if s.kind == ScopeKind::Class && s.parent == Some(ScopeId::MODULE) {
                    let name = format!("{}.{}", module_name(&self.world().program, file), facts.name(s.name));
                    self.paths.entry(Def { file, scope }).or_default().insert(name);
                }
            }
        }
    }

    /// Names of a module that do not begin with an underscore, those of star imports included.
    fn public_names(&self, file: FileId, seen: &mut Vec<FileId>) -> BTreeSet<String> {
        let world = self.world();
        let facts = world.program.facts(file);
        let mut names: BTreeSet<String> =
            facts.bindings_of(ScopeId::MODULE).iter().map(|b| facts.name(b.name).to_owned()).collect();
        seen.push(file);
        for &star in &world.index_of(file).star_imports {
            let import = facts.import(star);
            if let Module::File(from) = world.program.resolve(file, &import.module, import.level)
                && !seen.contains(&from)
            {
                names.extend(self.public_names(from, seen));
            }
        }
        names.retain(|name| !name.starts_with('_'));
        names
    }

    /// Whether a module means others to import a name from it that it imports itself.
    fn offers(&self, file: FileId, name: &str) -> bool {
        match &self.world().index_of(file).all {
            Some(all) => all.iter().any(|n| n == name),
            None => self.world().program.is_package(file),
        }
    }

    /// The name that rows made by hand use, else the shortest public one.
    fn choose_names(&mut self) {
        let listed = Knowledge::hand_made();
        for (def, paths) in &self.paths {
            let mut ranked: Vec<(bool, bool, usize, String)> = paths
                .iter()
                .map(|path| {
                    let name = listed.canonical(path).into_owned();
                    let known = listed.is_class(&name) || speaks(&name) || listed.resource(&name).is_some();
                    let private = name.split('.').any(|part| part.starts_with('_'));
                    (!known && name == *path, private, name.matches('.').count(), name)
                })
                .collect();
            ranked.sort();
            if let Some((.., name)) = ranked.into_iter().next() {
                self.names.insert(*def, name);
            }
        }
    }

    fn table(mut self) -> Table {
        let mut table = Table::default();
        let defs: Vec<(Def, String)> = self.names.iter().map(|(def, name)| (*def, name.clone())).collect();
        let mut facts: BTreeMap<Def, BTreeMap<String, Fact>> = BTreeMap::new();
        for (def, name) in &defs {
            if self.world().scope(*def).kind == ScopeKind::Class {
                if !self.is_exception(*def) {
                    facts.insert(*def, self.members(*def));
                }
            } else if let Some((module, last)) = name.rsplit_once('.') {
                let ty = self.infer.module_member(def.file, self.world().name(*def).to_owned().as_str());
                let fact = self.fact(&ty);
                table.owners.entry(module.to_owned()).or_default().members.insert(last.to_owned(), fact);
            }
        }
        self.drop_mixed(&mut facts);
        for (def, members) in facts {
            let owner = Owner { is_class: true, bases: self.bases(def), members, entered: self.entered(def) };
            table.owners.insert(self.names[&def].clone(), owner);
        }
        for (def, paths) in &self.paths {
            let name = &self.names[def];
            let others = paths.iter().filter(|path| *path != name);
            table.aliases.extend(others.map(|path| (path.clone(), name.clone())));
        }
        let listed = Knowledge::hand_made();
        table.open = self.open_modules();
        table.aliases.retain(|path, _| listed.canonical(path) == path.as_str() && !listed.is_class(path));
        table
    }

    fn open_modules(&self) -> BTreeSet<String> {
        let program = &self.world().program;
        let modules: Vec<String> = program.ids().map(|file| module_name(program, file)).collect();
        let packages: BTreeSet<&str> = modules.iter().map(String::as_str).collect();
        let is_open = |module: &str| {
            let ends = module.match_indices('.').map(|(end, _)| end).chain([module.len()]);
            // The parts of a namespace do not count.
            let depth = ends.filter(|&end| packages.contains(&module[..end])).count();
            depth <= DEEPEST && !module.split('.').any(|part| part.starts_with('_'))
        };
        modules.iter().filter(|module| is_open(module)).cloned().collect()
    }

    /// Whether a class is an exception: what it carries is looked at, not awaited.
    fn is_exception(&mut self, class: Def) -> bool {
        let mro = self.infer.mro(class);
        mro.externals.iter().any(|base| base.ends_with("Exception") || base.ends_with("Error"))
    }

    /// What instances of a class have from classes of the package.
    fn members(&mut self, class: Def) -> BTreeMap<String, Fact> {
        let mro = self.infer.mro(class);
        let mut names = BTreeSet::new();
        for own in &mro.classes {
            let facts = self.world().program.facts(own.file);
            let index = self.world().index_of(own.file);
            names.extend(facts.bindings_of(own.scope).iter().map(|b| facts.name(b.name).to_owned()));
            names.extend(index.attribute_names(own.scope).map(|n| facts.name(n).to_owned()));
        }
        names.retain(|name| !name.starts_with('_'));
        let receiver = Ty::Instance(Class::Own(class));
        let fact = |name: String| {
            let ty = self.infer.member(&receiver, &name);
            let fact = self.fact(&ty);
            (name, fact)
        };
        names.into_iter().map(fact).collect()
    }

    /// Coroutine functions that a class below replaces by something else are neither.
    fn drop_mixed(&mut self, facts: &mut BTreeMap<Def, BTreeMap<String, Fact>>) {
        let mut mixed: Vec<(Def, String)> = Vec::new();
        for (&class, members) in facts.iter() {
            for &above in self.infer.mro(class).classes.iter().skip(1) {
                let Some(all) = facts.get(&above) else { continue };
                let differs = |(name, fact): &(&String, &Fact)| {
                    fact.kind == MemberKind::Coroutine
                        && members.get(*name).is_some_and(|own| own.kind != MemberKind::Coroutine)
                };
                mixed.extend(all.iter().filter(differs).map(|(name, _)| (above, name.clone())));
            }
        }
        for (class, name) in mixed {
            facts.entry(class).or_default().insert(name, Fact { kind: MemberKind::Other, class: None });
        }
    }

    fn bases(&mut self, class: Def) -> Vec<String> {
        let facts = self.world().program.facts(class.file);
        let mut bases = Vec::new();
        for arg in facts.args(facts.scope(class.scope).bases) {
            let form = match facts.expr(arg.value).kind {
                asyncwise_syntax::facts::ExprKind::Subscript { value, .. } => value,
                _ => arg.value,
            };
            if arg.name.is_none()
                && let Ty::Class(base) = self.class_of(class.file, form)
                && let Some(name) = self.class_name(&base)
            {
                bases.push(name);
            }
        }
        bases
    }

    fn class_of(&mut self, file: FileId, form: asyncwise_syntax::facts::ExprId) -> Ty {
        match self.infer.expr(file, form) {
            Ty::External(path) => Ty::Class(Class::External(path)),
            ty => ty,
        }
    }

    fn class_name(&self, class: &Class) -> Option<String> {
        match class {
            Class::Own(def) => self.names.get(def).cloned(),
            Class::External(path) => (!path.starts_with("builtins.")).then(|| path.to_string()),
        }
    }

    /// The one class that a value is an instance of.
    fn value(&self, ty: &Ty) -> Option<String> {
        match ty {
            Ty::Instance(class) => self.class_name(class),
            _ => None,
        }
    }

    /// What `async with` gives for an instance, where it is not the instance.
    fn entered(&mut self, class: Def) -> Option<String> {
        let receiver = Ty::Instance(Class::Own(class));
        if !self.has_method(class, "__aenter__") {
            return None;
        }
        match self.infer.entered(&receiver, true) {
            Ty::Instance(Class::Own(own)) if self.infer.mro(class).classes.contains(&own) => None,
            ty => Some(self.value(&ty).unwrap_or_else(|| "builtins.object".to_owned())),
        }
    }

    fn fact(&mut self, member: &Ty) -> Fact {
        let read = match member {
            Ty::Property(..) => Some(self.infer.read(member.clone())),
            Ty::Instance(_) => Some(member.clone()),
            _ => None,
        };
        if let Some(value) = read {
            return Fact { kind: MemberKind::Attribute, class: self.value(&value) };
        }
        let called = member.parts().iter().all(|part| matches!(part, Ty::Function(..) | Ty::Wrapped { .. }));
        if !called || member.parts().iter().any(|part| self.has_two_kinds(part)) {
            return Fact { kind: MemberKind::Other, class: None };
        }
        let result = self.infer.called(member);
        self.result_fact(&result)
    }

    fn result_fact(&mut self, result: &Ty) -> Fact {
        let awaited = |me: &mut Self, ty: &Ty| Fact { kind: MemberKind::Awaitable, class: me.value(ty) };
        match result {
            Ty::Coroutine(inner) => Fact { kind: MemberKind::Coroutine, class: self.value(inner) },
            Ty::Union(parts) if parts.iter().all(|p| matches!(p, Ty::Coroutine(_))) => {
                Fact { kind: MemberKind::Coroutine, class: None }
            }
            Ty::AsyncGenerator(_) => Fact { kind: MemberKind::AsyncGenerator, class: None },
            Ty::Awaitable(inner) => awaited(self, inner),
            Ty::ContextManager { def, is_async: true } => {
                let inner = self.infer.yielded(*def);
                awaited(self, &inner)
            }
            Ty::Instance(Class::Own(class)) if self.has_method(*class, "__await__") => {
                let inner = match self.has_method(*class, "__aenter__") {
                    true => self.infer.entered(result, true),
                    false => Ty::Unknown,
                };
                awaited(self, &inner)
            }
            ty => Fact { kind: MemberKind::Function, class: self.value(ty) },
        }
    }

    /// Whether a class of the package gives instances of `class` this method.
    fn has_method(&mut self, class: Def, name: &str) -> bool {
        matches!(self.infer.member(&Ty::Instance(Class::Own(class)), name), Ty::Function(..))
    }

    /// Whether a name is bound to coroutine functions and to others, by conditions or overloads.
    fn has_two_kinds(&self, function: &Ty) -> bool {
        let Some(def) = defined(function) else { return false };
        let world = self.world();
        let facts = world.program.facts(def.file);
        let scope = facts.scope(def.scope);
        let Some(parent) = scope.parent else { return false };
        let is_async = world.is_async(def);
        let mut bindings = facts.bindings_of(parent).iter().filter(|b| b.name == scope.name);
        bindings.any(|b| match b.kind {
            BindingKind::Def(other) => world.is_async(Def { file: def.file, scope: other }) != is_async,
            // A stub says nothing twice; code may put something else in the place of a function.
            _ => !is_stub(&world.program, def.file),
        })
    }
}

/// The definition that a name stands for.
fn defined(ty: &Ty) -> Option<Def> {
    match ty {
        Ty::Class(Class::Own(def)) | Ty::Function(def, _) => Some(*def),
        Ty::Wrapped { inner, .. } => defined(inner),
        Ty::Union(parts) if parts.iter().all(|p| matches!(p, Ty::Function(..))) => parts.first().and_then(defined),
        _ => None,
    }
}

/// The dotted name of a file's module, also in a namespace package.
fn module_name(program: &Program, file: FileId) -> String {
    let path = &program.file(file).path;
    let stem = path.rsplit_once('.').map_or(&**path, |(stem, _)| stem);
    stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".")
}
