//! Types on demand: what a name, an attribute or a call is, across files, with memory of what is already known.
//!
//! A question may lead back to itself (`self.x = self.x or ...`). The walk cuts such a circle at `Unknown` and remembers
//! only answers that no cut had a part in, so that answers do not depend on which question was asked first or by which
//! thread.

mod again;
mod annotation;
mod call;
mod class;
mod decorator;
mod memo;
mod name;

pub(crate) use again::Again;
pub use class::Mro;
pub use decorator::Traits;
use memo::digest;
pub(crate) use memo::{Answer, FileMemo, Keeping, Key, working_for};

use crate::finding::FileId;
use crate::index::FileIndex;
use crate::knowledge::Knowledge;
use crate::program::Program;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
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
    /// What is remembered, by the file it speaks of.
    pub(crate) memos: Vec<Arc<FileMemo>>,
    /// Counts the worlds that share memory.
    generation: u32,
    pub(crate) keeping: Keeping,
}

impl World {
    /// A world of a program, with nothing remembered. It remembers what is asked of it.
    pub fn new(program: Arc<Program>, indexes: Vec<Arc<FileIndex>>, knowledge: &'static Knowledge) -> Self {
        let memos = program.ids().map(|_| Arc::default()).collect();
        Self { program, indexes, knowledge, memos, generation: 0, keeping: Keeping::Answers }
    }
    /// The world after `changed` files got other texts: what is remembered of the others still holds, as long as
    /// nobody shows that it does not.
    pub(crate) fn after(&self, program: Arc<Program>, changed: &[FileId]) -> Self {
        let (mut indexes, mut memos) = (self.indexes.clone(), self.memos.clone());
        for &file in changed {
            indexes[file.index()] = Arc::new(FileIndex::new(program.facts(file)));
            memos[file.index()] = Arc::new(FileMemo::like(&self.memos[file.index()]));
        }
        let generation = self.generation + 1;
        Self { program, indexes, knowledge: self.knowledge, memos, generation, keeping: Keeping::Readers }
    }
    /// The same world, of a program in which things only stand elsewhere.
    pub(crate) fn with_program(&self, program: Arc<Program>) -> Self {
        let (indexes, memos) = (self.indexes.clone(), self.memos.clone());
        Self { program, indexes, memos, ..*self }
    }
    /// The facts of a file.
    pub fn facts(&self, file: FileId) -> &FileFacts {
        self.reads(file);
        self.program.facts(file)
    }
    /// The look-ups of a file.
    pub fn index_of(&self, file: FileId) -> &FileIndex {
        self.reads(file);
        &self.indexes[file.index()]
    }
    /// The scope of a definition.
    pub fn scope(&self, def: Def) -> &Scope {
        self.facts(def.file).scope(def.scope)
    }
    /// Notes that the thread's file knows the name, the kind and the class of a definition.
    fn reads_header(&self, def: Def) {
        if self.keeping == Keeping::Readers {
            self.noted(Key::Header(def), || self.header_digest(def));
        }
    }
    /// What others may know of a definition without a question.
    pub(crate) fn header_digest(&self, def: Def) -> u64 {
        let facts = self.program.facts(def.file);
        let scope = facts.scope(def.scope);
        let class = self.indexes[def.file.index()].method_class.get(&def.scope);
        digest(&(facts.name(scope.name), scope.kind, scope.has_yield, class))
    }
    fn header(&self, def: Def) -> &Scope {
        self.reads_header(def);
        self.program.facts(def.file).scope(def.scope)
    }
    /// The name of a definition.
    pub fn name(&self, def: Def) -> &str {
        self.program.facts(def.file).name(self.header(def).name)
    }
    /// Whether it is an `async def`.
    pub fn is_async(&self, def: Def) -> bool {
        matches!(self.header(def).kind, ScopeKind::Function { is_async: true })
    }
    /// Whether it is a generator function, sync or async.
    pub fn has_yield(&self, def: Def) -> bool {
        self.header(def).has_yield
    }
    /// The class a method stands in.
    pub fn class_of(&self, def: Def) -> Option<Def> {
        self.reads_header(def);
        let class = self.indexes[def.file.index()].method_class.get(&def.scope);
        class.map(|&scope| Def { file: def.file, scope })
    }
    /// The dotted name of a definition, its module included.
    pub fn qualified_name(&self, def: Def) -> String {
        let module = self.program.module_name(def.file);
        let name = self.noted(Key::QualifiedName(def), || self.facts(def.file).qualified_name(def.scope));
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

    /// Asks for a type.
    fn ask(&mut self, key: Key, answer: impl FnOnce(&mut Self) -> Ty) -> Ty {
        if let Some(ty) = self.world.recall(&key) {
            return ty;
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
        let (ty, cut) = self.within(key.clone(), answer);
        self.world.remember(key.clone(), (!cut).then(|| Answer::Ty(ty.clone())));
        if cut {
            if self.stack.is_empty() { &mut self.top } else { &mut self.scratch }.insert(key, ty.clone());
        }
        if self.stack.is_empty() {
            self.scratch.clear();
            self.cut = false;
        }
        ty
    }

    /// Works a question out; whether the answer hangs on where a circle was cut.
    fn within<T>(&mut self, key: Key, answer: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let _own = memo::working_for(key.file());
        self.stack.push(key);
        let outer = std::mem::replace(&mut self.cut, false);
        let result = answer(self);
        self.stack.pop();
        let cut = self.cut;
        self.cut |= outer;
        (result, cut)
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
                || knowledge.contexts().by_decorator(full).next().is_some()
                || knowledge.contexts().by_argument(full).next().is_some();
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
