//! Types on demand: what a name, an attribute or a call is, across files, with memory of what is already known.
//!
//! A question may lead back to itself (`self.x = self.x or ...`). The walk cuts such a circle at `Unknown` and remembers
//! only answers that no cut had a part in, so that answers do not depend on which question was asked first or by which
//! thread.

mod annotation;
mod call;
mod class;
mod decorator;
mod name;

pub use class::Mro;
pub use decorator::Traits;

use crate::finding::FileId;
use crate::flow::{CallMeaning, FlagMeaning};
use crate::index::FileIndex;
use crate::knowledge::Knowledge;
use crate::program::Program;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use dashmap::DashMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smol_str::SmolStr;
use std::sync::Arc;

/// What the questions are about, and what may be remembered of the answers across threads.
pub struct World {
    /// The program.
    pub program: Arc<Program>,
    /// The look-ups of each file.
    pub indexes: Vec<Arc<FileIndex>>,
    /// What is known of the outside.
    pub knowledge: &'static Knowledge,
    memo: DashMap<Key, Ty, FxBuildHasher>,
    mros: DashMap<Def, Arc<Mro>, FxBuildHasher>,
    traits: DashMap<Def, Arc<Traits>, FxBuildHasher>,
    /// What calls of functions mean for loop states, by how deep the summary looks and whether arguments are
    /// left to their defaults.
    pub(crate) meanings: DashMap<(Def, u8, bool), CallMeaning, FxBuildHasher>,
    /// Attributes set from a probe, by the `__init__` that sets them.
    pub(crate) flags: DashMap<Def, Arc<Vec<(SmolStr, FlagMeaning)>>, FxBuildHasher>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Expr(FileId, ExprId),
    Annotation(FileId, ExprId),
    Return(Def),
    Yield(Def),
    Value(Def),
    Attribute(Def, SmolStr),
    Member(FileId, SmolStr),
    Mro(Def),
}

impl World {
    /// A world of a program, with nothing remembered.
    pub fn new(program: Arc<Program>, indexes: Vec<Arc<FileIndex>>, knowledge: &'static Knowledge) -> Self {
        Self {
            program,
            indexes,
            knowledge,
            memo: DashMap::default(),
            mros: DashMap::default(),
            traits: DashMap::default(),
            meanings: DashMap::default(),
            flags: DashMap::default(),
        }
    }
    /// The facts of a file.
    pub fn facts(&self, file: FileId) -> &FileFacts {
        self.program.facts(file)
    }
    /// The look-ups of a file.
    pub fn index_of(&self, file: FileId) -> &FileIndex {
        &self.indexes[file.index()]
    }
    /// The scope of a definition.
    pub fn scope(&self, def: Def) -> &Scope {
        self.facts(def.file).scope(def.scope)
    }
    /// The name of a definition.
    pub fn name(&self, def: Def) -> &str {
        let facts = self.facts(def.file);
        facts.name(facts.scope(def.scope).name)
    }
    /// Whether it is an `async def`.
    pub fn is_async(&self, def: Def) -> bool {
        matches!(self.scope(def).kind, ScopeKind::Function { is_async: true })
    }
    /// The class a method stands in.
    pub fn class_of(&self, def: Def) -> Option<Def> {
        self.index_of(def.file).method_class.get(&def.scope).map(|&scope| Def { file: def.file, scope })
    }
    /// The dotted name of a definition, its module included.
    pub fn qualified_name(&self, def: Def) -> String {
        let module = self.program.module_name(def.file);
        let name = self.facts(def.file).qualified_name(def.scope);
        match (module.is_empty(), name.is_empty()) {
            (_, true) => module.to_owned(),
            (true, false) => name,
            (false, false) => format!("{module}.{name}"),
        }
    }
}

/// Longest chain of questions before the answer is taken for unknown.
const MAX_DEPTH: usize = 60;

/// A line of questions, for one thread.
pub struct Infer<'w> {
    /// What the questions are about.
    pub world: &'w World,
    stack: Vec<Key>,
    scratch: FxHashMap<Key, Ty>,
    top: FxHashMap<Key, Ty>,
    cut: bool,
}

impl<'w> Infer<'w> {
    /// A new line of questions.
    pub fn new(world: &'w World) -> Self {
        Self { world, stack: Vec::new(), scratch: FxHashMap::default(), top: FxHashMap::default(), cut: false }
    }

    fn facts(&self, file: FileId) -> &'w FileFacts {
        self.world.facts(file)
    }

    fn ask(&mut self, key: Key, answer: impl FnOnce(&mut Self) -> Ty) -> Ty {
        if let Some(ty) = self.world.memo.get(&key) {
            return ty.clone();
        }
        if self.stack.is_empty()
            && let Some(ty) = self.top.get(&key)
        {
            return ty.clone();
        }
        if let Some(ty) = self.scratch.get(&key) {
            self.cut = true;
            return ty.clone();
        }
        if self.stack.len() >= MAX_DEPTH || self.stack.contains(&key) {
            self.cut = true;
            return Ty::Unknown;
        }
        self.stack.push(key.clone());
        let outer = std::mem::replace(&mut self.cut, false);
        let ty = answer(self);
        self.stack.pop();
        if !self.cut {
            self.world.memo.insert(key, ty.clone());
        } else if self.stack.is_empty() {
            self.top.insert(key, ty.clone());
        } else {
            self.scratch.insert(key, ty.clone());
        }
        self.cut |= outer;
        if self.stack.is_empty() {
            self.scratch.clear();
            self.cut = false;
        }
        ty
    }

    /// The type of an expression's value.
    pub fn expr(&mut self, file: FileId, expr: ExprId) -> Ty {
        match &self.facts(file).expr(expr).kind {
            // Cheap, and not worth remembering.
            ExprKind::None => Ty::None,
            ExprKind::Str(_) | ExprKind::FString { is_template: false, .. } => Ty::instance("builtins.str"),
            ExprKind::Int(_) => Ty::instance("builtins.int"),
            ExprKind::Bool(_) => Ty::instance("builtins.bool"),
            ExprKind::Bytes => Ty::instance("builtins.bytes"),
            ExprKind::Lambda(scope) => Ty::Function(Def { file, scope: *scope }, None),
            _ => self.ask(Key::Expr(file, expr), |me| me.compute(file, expr)),
        }
    }

    fn compute(&mut self, file: FileId, expr: ExprId) -> Ty {
        let facts = self.facts(file);
        match &facts.expr(expr).kind {
            ExprKind::Name(name) => self.name_use(file, expr, *name),
            ExprKind::Attribute { value, attr } => {
                let receiver = self.expr(file, *value);
                let member = self.member(&receiver, facts.name(*attr));
                self.read(member)
            }
            ExprKind::Call { func, args } => self.call(file, *func, *args),
            ExprKind::Await(value) => {
                let ty = self.expr(file, *value);
                Self::awaited(&ty)
            }
            ExprKind::IfExp { body, orelse, .. } => {
                let parts = [self.expr(file, *body), self.expr(file, *orelse)];
                Ty::union(parts)
            }
            ExprKind::BoolOp { values, .. } => {
                let parts: Vec<Ty> = facts.list(*values).iter().map(|&v| self.expr(file, v)).collect();
                Ty::union(parts)
            }
            ExprKind::Named { value, .. } => self.expr(file, *value),
            ExprKind::Subscript { value, index } => self.subscript(file, expr, *value, *index),
            ExprKind::Binary { left, is_or: true, .. } => match self.expr(file, *left) {
                Ty::Class(_) | Ty::Alias(..) | Ty::None | Ty::External(_) => Ty::Alias(file, expr),
                _ => Ty::Unknown,
            },
            ExprKind::List(items) | ExprKind::Set(items) => self.container(file, *items, 0, 1),
            ExprKind::Dict(items) => self.container(file, *items, 1, 2),
            ExprKind::Tuple(items) => {
                let items = facts.list(*items);
                if items.len() > 16 {
                    return Ty::Unknown;
                }
                Ty::Tuple(items.iter().map(|&i| self.expr(file, i)).collect())
            }
            ExprKind::Comprehension { scope, .. } => match facts.list(facts.scope(*scope).body_exprs).last() {
                Some(&element) => Ty::Container(Arc::new(self.expr(file, element))),
                None => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    fn container(&mut self, file: FileId, items: Exprs, from: usize, step: usize) -> Ty {
        let items = self.facts(file).list(items);
        if items.is_empty() || items.len() > 32 {
            return Ty::instance("builtins.list");
        }
        let parts: Vec<Ty> = items.iter().skip(from).step_by(step).map(|&i| self.expr(file, i)).collect();
        Ty::Container(Arc::new(Ty::union(parts)))
    }

    fn subscript(&mut self, file: FileId, expr: ExprId, value: ExprId, index: ExprId) -> Ty {
        let base = self.expr(file, value);
        match &base {
            Ty::Container(element) => (**element).clone(),
            Ty::Tuple(parts) => match self.facts(file).expr(index).kind {
                ExprKind::Int(i) if i >= 0 => parts.get(i as usize).cloned().unwrap_or(Ty::Unknown),
                _ => Ty::union(parts.iter().cloned()),
            },
            Ty::Class(_) | Ty::External(_) | Ty::Alias(..) => Ty::Alias(file, expr),
            _ => Ty::Unknown,
        }
    }

    /// What reading a member gives: properties run their getter.
    pub fn read(&mut self, member: Ty) -> Ty {
        member.map(|part| match part {
            Ty::Property(def, _) => self.result(*def),
            part => part.clone(),
        })
    }

    /// What `await` gives.
    pub fn awaited(ty: &Ty) -> Ty {
        ty.map(|part| match part {
            Ty::Coroutine(inner) | Ty::Awaitable(inner) => (**inner).clone(),
            _ => Ty::Unknown,
        })
    }

    /// The attribute `name` of a value; properties are not yet read.
    pub fn member(&mut self, of: &Ty, name: &str) -> Ty {
        of.map(|part| match part {
            Ty::Module(module, dotted) => self.module_attribute(module, dotted, name),
            Ty::Instance(Class::Own(class)) => self.instance_attribute(*class, name),
            Ty::Instance(Class::External(path)) | Ty::Class(Class::External(path)) => {
                self.external_attribute(path, name)
            }
            Ty::Class(Class::Own(class)) => self.class_attribute(*class, name),
            Ty::External(path) => {
                if self.world.knowledge.is_class(path) || self.world.knowledge.is_object(path) {
                    self.external_attribute(path, name)
                } else {
                    self.external(&format!("{path}.{name}"))
                }
            }
            Ty::Awaitable(_) => self.known_method("asyncio.Task", name).unwrap_or(Ty::Unknown),
            Ty::Super(class) => self.super_attribute(*class, name),
            Ty::Function(def, _) if name == "__wrapped__" => Ty::Function(*def, None),
            _ => Ty::Unknown,
        })
    }

    /// Something outside the program, by its canonical path.
    pub fn external(&self, path: &str) -> Ty {
        Ty::External(SmolStr::from(&*self.world.knowledge.canonical(path)))
    }

    fn external_attribute(&self, class: &str, name: &str) -> Ty {
        self.known_method(class, name).unwrap_or_else(|| self.external(&format!("{class}.{name}")))
    }

    /// A method or attribute of an outside class, under the name of the class that the knowledge lists it for.
    fn known_method(&self, class: &str, name: &str) -> Option<Ty> {
        let knowledge = self.world.knowledge;
        knowledge.method(class, name, |full| {
            if let Some(attribute) = knowledge.attribute(full) {
                return Some(Ty::instance(&attribute.result));
            }
            let known = knowledge.blocking(full).is_some()
                || knowledge.starter(full).is_some()
                || knowledge.coroutine(full)
                || knowledge.offload(full).is_some()
                || knowledge.callback(full).is_some()
                || knowledge.probe(full).is_some()
                || knowledge.awaitable(full).is_some()
                || knowledge.returns(full).is_some()
                || knowledge.awaited_returns(full).is_some()
                || knowledge.contexts_by_decorator(full).next().is_some()
                || knowledge.contexts_by_argument(full).next().is_some();
            known.then(|| Ty::External(full.into()))
        })
    }

    /// The type of what `for x in value` gives.
    pub fn element(&mut self, ty: &Ty) -> Ty {
        ty.map(|part| match part {
            Ty::Container(element) => (**element).clone(),
            Ty::Tuple(parts) => Ty::union(parts.iter().cloned()),
            Ty::Generator(def) | Ty::AsyncGenerator(def) => self.yielded(*def),
            _ => Ty::Unknown,
        })
    }
}
