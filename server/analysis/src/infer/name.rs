//! Names: scopes, bindings, imports.

use super::{Infer, Key};
use crate::finding::FileId;
use crate::program::{Module, Origin};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::sync::Arc;

impl Infer<'_> {
    pub(super) fn name_use(&mut self, file: FileId, expr: ExprId, name: NameId) -> Ty {
        let facts = self.facts(file);
        let at = facts.stmt_of(expr);
        self.lookup(file, facts.expr(expr).scope, name, at)
    }

    /// The type of a name used in `scope`, in statement `at`.
    pub(super) fn lookup(&mut self, file: FileId, scope: ScopeId, name: NameId, at: Option<StmtId>) -> Ty {
        let facts = self.facts(file);
        let code = facts.code_scope(scope);
        let mut current = Some(scope);
        while let Some(id) = current {
            let own = facts.scope(id);
            let visible = own.kind != ScopeKind::Class || id == code;
            let elsewhere = facts.name_lists[own.globals.range()].contains(&name);
            if elsewhere {
                return self.module_member(file, facts.name(name));
            }
            if visible && self.world.index_of(file).binds(id, name) {
                if id == ScopeId::MODULE && code != ScopeId::MODULE {
                    return self.module_member(file, facts.name(name));
                }
                return self.bound(file, id, name, at.filter(|&s| id == code && facts.stmt(s).scope == id));
            }
            current = own.parent;
        }
        match self.star_member(file, facts.name(name), &mut vec![file]) {
            Some(ty) => ty,
            None => self.external(&format!("builtins.{}", facts.name(name))),
        }
    }

    fn bound(&mut self, file: FileId, scope: ScopeId, name: NameId, at: Option<StmtId>) -> Ty {
        let facts = self.facts(file);
        let index = self.world.index_of(file);
        let bindings = match at {
            Some(stmt) => index.reaching(facts, scope, name, Some(stmt)),
            None if scope == ScopeId::MODULE => index.reaching(facts, scope, name, None),
            None => index.bindings(facts, scope, name).copied().collect(),
        };
        let parts: Vec<Ty> = bindings.iter().map(|b| self.binding(file, scope, b)).collect();
        Ty::union(parts)
    }

    /// The type that one binding gives its name.
    pub fn binding(&mut self, file: FileId, scope: ScopeId, binding: &Binding) -> Ty {
        match binding.kind {
            BindingKind::Import(import) => self.imported(file, import),
            BindingKind::Def(scope) => self.definition(Def { file, scope }),
            BindingKind::Param(i) => self.parameter(file, scope, i as usize),
            BindingKind::Assign { value, annotation } => match annotation.map(|a| self.annotation(file, a)) {
                None | Some(Ty::Unknown) => self.expr(file, value),
                Some(ty) => ty,
            },
            BindingKind::Unpack { value, index } => {
                let whole = self.expr(file, value);
                match (&whole, index) {
                    (Ty::Tuple(parts), Some(i)) => parts.get(i as usize).cloned().unwrap_or(Ty::Unknown),
                    _ => self.element(&whole),
                }
            }
            BindingKind::Annotated(annotation) => self.annotation(file, annotation),
            BindingKind::Iterated { iter, whole: true, .. } => {
                let ty = self.expr(file, iter);
                self.element(&ty)
            }
            BindingKind::With { context, whole: true, is_async } => {
                let ty = self.expr(file, context);
                self.entered(&ty, is_async)
            }
            BindingKind::Type(Some(value)) => Ty::Alias(file, value),
            _ => Ty::Unknown,
        }
    }

    fn parameter(&mut self, file: FileId, scope: ScopeId, index: usize) -> Ty {
        let facts = self.facts(file);
        let param = facts.params[index];
        if facts.params_of(scope).first().map(|p| p.span) == Some(param.span)
            && let Some(class) = self.world.class_of(Def { file, scope })
        {
            let traits = self.traits(Def { file, scope });
            if traits.is_class || facts.name(facts.scope(scope).name) == "__new__" {
                return Ty::Class(Class::Own(class));
            }
            if !traits.is_static {
                return Ty::Instance(Class::Own(class));
            }
        }
        let ty = match (param.annotation, param.default) {
            (Some(annotation), _) => self.annotation(file, annotation),
            // Callers may pass something else, so what the default is does not settle it.
            (None, Some(default)) => match self.expr(file, default) {
                Ty::None => Ty::Unknown,
                ty => Ty::union([ty, Ty::Unknown]),
            },
            (None, None) => Ty::Unknown,
        };
        match param.star {
            Star::No => ty,
            _ => Ty::Container(Arc::new(ty)),
        }
    }

    /// What an import binds.
    pub fn imported(&mut self, file: FileId, id: ImportId) -> Ty {
        let facts = self.facts(file);
        let import = facts.import(id);
        let program = &*self.world.program;
        match import.what {
            Imported::Module => {
                let dotted = match import.alias {
                    Some(_) => import.module.as_str(),
                    None => import.module.split('.').next().unwrap_or_default(),
                };
                match program.resolve(file, dotted, 0) {
                    Module::External => self.external(dotted),
                    module => Ty::Module(module, dotted.into()),
                }
            }
            Imported::Name(name) => {
                let name = facts.name(name);
                let module = program.resolve(file, &import.module, import.level);
                let dotted = program.external_name(file, &import.module, import.level);
                match module {
                    // `from . import x` in the package's own `__init__` names the submodule, not this binding.
                    Module::File(own) if own == file => match program.submodule(&module, name) {
                        Module::External => Ty::Unknown,
                        sub => Ty::Module(sub, format!("{dotted}.{name}").into()),
                    },
                    module => self.module_attribute(&module, &dotted, name),
                }
            }
            Imported::Star => Ty::Unknown,
        }
    }

    pub(super) fn module_attribute(&mut self, module: &Module, dotted: &str, name: &str) -> Ty {
        if let Module::File(file) = module
            && let Some(ty) = self.try_member_of_module(*file, name)
        {
            let is_dependency = self.world.program.file(*file).origin == Origin::Dependency;
            let may_be_known = is_dependency && !matches!(ty, Ty::Module(..) | Ty::External(_));
            let known = may_be_known.then(|| self.known(*file, &join(dotted, name))).flatten();
            return known.unwrap_or(ty);
        }
        let full = join(dotted, name);
        match (self.world.program.submodule(module, name), module) {
            (Module::External, Module::External) => self.external(&full),
            (Module::External, Module::Namespace(_)) => self.external(&full),
            (Module::External, Module::File(file)) => self.known(*file, &full).unwrap_or(Ty::Unknown),
            (found, _) => Ty::Module(found, SmolStr::from(full)),
        }
    }

    /// What the tables, or the project's settings, say of a name of a dependency's module: it is taken for that, also where its source is at hand.
    fn known(&self, file: FileId, path: &str) -> Option<Ty> {
        let source = self.world.program.file(file);
        let is_known = source.origin == Origin::Dependency
            && (self.world.knowledge.knows(path) || source.settings.speaks_of(path));
        is_known.then(|| self.external(path))
    }

    /// The same for what a dependency defines.
    pub(super) fn known_definition(&self, def: Def) -> Option<Ty> {
        let program = &self.world.program;
        let is_public = || program.facts(def.file).scope(def.scope).parent == Some(ScopeId::MODULE);
        if program.file(def.file).origin != Origin::Dependency || !is_public() {
            return None;
        }
        self.known(def.file, &join(program.module_name(def.file), self.world.name(def)))
    }

    /// What a name of a module is.
    pub fn module_member(&mut self, file: FileId, name: &str) -> Ty {
        self.try_member_of_module(file, name).unwrap_or(Ty::Unknown)
    }

    fn try_member_of_module(&mut self, file: FileId, name: &str) -> Option<Ty> {
        self.own_member(file, name).or_else(|| self.star_member(file, name, &mut vec![file]))
    }

    pub(super) fn own_member(&mut self, file: FileId, name: &str) -> Option<Ty> {
        let binds = self.world.noted(Key::Binds(file, name.into()), || self.binds(file, name));
        binds.then(|| {
            self.ask(Key::Member(file, name.into()), |me| match me.world.index_of(file).name(name) {
                Some(id) => me.bound(file, ScopeId::MODULE, id, None),
                None => Ty::Unknown,
            })
        })
    }

    pub(super) fn binds(&self, file: FileId, name: &str) -> bool {
        let index = self.world.index_of(file);
        index.name(name).is_some_and(|id| index.binds(ScopeId::MODULE, id))
    }

    /// A name that a star import of `file` brings in, from modules not yet `seen`: they may import each other.
    fn star_member(&mut self, file: FileId, name: &str, seen: &mut Vec<FileId>) -> Option<Ty> {
        for from in self.world.noted(Key::Stars(file), || self.stars(file)) {
            if seen.contains(&from) || !self.exports(from, name) {
                continue;
            }
            seen.push(from);
            let found = self.own_member(from, name).or_else(|| self.star_member(from, name, seen));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The files whose names a file imports with a star, the last import first.
    pub(super) fn stars(&self, file: FileId) -> Vec<FileId> {
        let facts = self.facts(file);
        let stars = self.world.index_of(file).star_imports.iter().rev().map(|&star| facts.import(star));
        let resolved = stars.map(|import| self.world.program.resolve(file, &import.module, import.level));
        let own = |module| match module {
            Module::File(from) => Some(from),
            _ => None,
        };
        resolved.filter_map(own).collect()
    }

    fn exports(&self, file: FileId, name: &str) -> bool {
        self.world.noted(Key::Exports(file, name.into()), || self.find_exports(file, name))
    }

    pub(super) fn find_exports(&self, file: FileId, name: &str) -> bool {
        match &self.world.index_of(file).all {
            Some(all) => all.iter().any(|n| n == name),
            None => !name.starts_with('_'),
        }
    }
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}
