//! Which row says where a framework runs a function: by its decorator, by the class it is a method of, or by the call
//! it is given to. The rows of the file's configuration come before those of the knowledge.
//!
//! A framework may be outside the program, or its source may be part of it; rows find it under the same name.

use crate::finding::FileId;
use crate::graph::{Reason, Root};
use crate::infer::{Infer, Key, World};
use crate::knowledge::{Argument, Context, ContextRuns, Contexts, FunctionKind, Knowledge, Phase};
use crate::settings::RunsOn;
use crate::sites::holds;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// Longest way down through partials and decorators to what has a name.
const MAX_LAYERS: usize = 8;

/// Without one of these names a file has no method that runs while an instance is made.
const HOOKS: &[&str] = &["field_validator", "model_validator", "validator", "root_validator"];

/// A row, and the name it was found by.
pub(crate) type Found<'w> = (&'w Context, SmolStr);

/// A row, and the argument of a call that it speaks of.
pub(crate) type Given<'w> = (&'w Context, &'w Argument);

/// The rows that hold for one file.
#[derive(Copy, Clone)]
pub(crate) struct Frameworks<'w> {
    world: &'w World,
    own: &'w Contexts,
    shipped: &'static Contexts,
    knowledge: &'static Knowledge,
}

impl<'w> Frameworks<'w> {
    /// Those of `file`.
    pub(crate) fn of(world: &'w World, file: FileId) -> Self {
        let own = &world.program.file(file).settings.contexts;
        Self { world, own, shipped: world.knowledge.contexts(), knowledge: world.knowledge }
    }

    /// The row for a function with this decorator, where `args` are those of the decorator's call.
    pub(crate) fn by_decorator(
        &self,
        infer: &mut Infer<'w>,
        file: FileId,
        (target, args): (ExprId, Run),
        is_async: bool,
    ) -> Option<Found<'w>> {
        let facts = self.world.facts(file);
        let ty = infer.expr(file, target);
        let may = |rows: &Contexts, module: &str, last: &str| rows.may_be_decorator(module, last);
        self.names(&ty, may).into_iter().find_map(|path| {
            let mut rows: Vec<&'w Context> = self.own.by_decorator(&path).collect();
            rows.extend(self.inherited(&path, |name| self.shipped.by_decorator(name).collect()));
            rows.retain(|c| speaks_of(c, is_async));
            // A row with a condition is the special case of one without.
            rows.sort_by_key(|c| c.with.is_none());
            let row = rows.into_iter().find(|c| c.with.as_ref().is_none_or(|w| holds(facts, args, w)))?;
            Some((row, path))
        })
    }

    /// The row for a method called `name` of this class of the program.
    pub(crate) fn by_base(&self, infer: &mut Infer<'w>, class: Def, name: &str, is_async: bool) -> Option<Found<'w>> {
        let mro = infer.mro(class);
        let fits = |c: &&Context| speaks_of(c, is_async) && c.matches_method(name);
        let own = mro
            .classes
            .iter()
            .skip(1)
            .filter(|base| self.may(**base, |rows, module, last| rows.may_be_base(module, last)));
        let mut bases: Vec<SmolStr> = own.map(|base| self.name_of(*base)).collect();
        bases.extend(mro.externals.iter().cloned());
        let mut next = 0;
        while let Some(base) = bases.get(next).cloned() {
            let row = self.own.by_base(&base).chain(self.shipped.by_base(&base)).find(fits);
            if let Some(row) = row {
                return Some((row, base));
            }
            for above in self.knowledge.bases(&base) {
                if !bases.contains(above) {
                    bases.push(above.clone());
                }
            }
            next += 1;
        }
        None
    }

    /// The rows for functions given to the call of a function or class of the program, with the name they were found by.
    pub(crate) fn by_call(&self, infer: &mut Infer<'w>, callee: &Ty) -> Option<(SmolStr, Vec<Given<'w>>)> {
        let mut names = self.names(callee, |rows, module, last| rows.may_be_call(module, last));
        if let Ty::Class(Class::Own(class)) = callee {
            let mro = infer.mro(*class);
            if !mro.externals.is_empty() && infer.method(*class, "__init__").is_none() {
                names.extend(mro.externals.iter().cloned());
            }
        }
        let given = |name: SmolStr| {
            let mut rows: Vec<_> = self.own.by_argument(&name).collect();
            rows.extend(self.inherited(&name, |name| self.shipped.by_argument(name).collect()));
            (name, rows)
        };
        names.into_iter().map(given).find(|(_, rows)| !rows.is_empty())
    }

    /// The rows for functions given to the call of what is outside the program and has this name.
    pub(crate) fn by_call_named(&self, name: &str) -> Vec<Given<'w>> {
        // `super().__init__(...)`
        let name = name.strip_suffix(".__init__").unwrap_or(name);
        self.own.by_argument(name).chain(self.shipped.by_argument(name)).collect()
    }

    /// The shipped rows for a name, else for the method of a base of the class that stands in it.
    fn inherited<T>(&self, name: &str, rows: impl Fn(&str) -> Vec<T>) -> Vec<T> {
        let own = rows(name);
        if !own.is_empty() {
            return own;
        }
        let Some((class, method)) = name.rsplit_once('.') else { return own };
        let some = |full: &str| Some(rows(full)).filter(|rows| !rows.is_empty());
        self.knowledge.method(class, method, some).unwrap_or_default()
    }

    /// The names that rows may know a callable by.
    fn names(&self, ty: &Ty, may: impl Fn(&Contexts, &str, &str) -> bool + Copy) -> Vec<SmolStr> {
        let mut names = Vec::new();
        for part in ty.parts() {
            let mut part = part;
            for _ in 0..MAX_LAYERS {
                part = match part {
                    Ty::External(path) | Ty::Class(Class::External(path)) => {
                        names.push(path.clone());
                        break;
                    }
                    Ty::Function(def, _) | Ty::Class(Class::Own(def)) => {
                        names.extend(self.may(*def, may).then(|| self.name_of(*def)));
                        break;
                    }
                    Ty::Opaque(inner) | Ty::Partial(inner) | Ty::Wrapped { inner, .. } => inner,
                    _ => break,
                };
            }
        }
        names
    }

    /// Whether some row may speak of a definition of the program, as far as its module and its own name tell.
    fn may(&self, def: Def, may: impl Fn(&Contexts, &str, &str) -> bool) -> bool {
        let (module, last) = (self.world.program.module_name(def.file), self.world.name(def));
        may(self.shipped, module, last) || !self.own.is_empty() && may(self.own, module, last)
    }

    /// The name of a definition of the program, as the tables would know it.
    fn name_of(&self, def: Def) -> SmolStr {
        let name = self.world.qualified_name(def);
        SmolStr::from(&*self.knowledge.canonical(&name))
    }
}

/// Whether a row speaks of async, or of plain, functions.
pub(crate) fn speaks_of(context: &Context, is_async: bool) -> bool {
    match context.function {
        FunctionKind::Async => is_async,
        FunctionKind::Sync => !is_async,
        FunctionKind::Any => true,
    }
}

/// Where a framework runs what a row speaks of; none where it is the caller's thread, or never run.
pub(crate) fn place_of(context: &Context) -> Option<RunsOn> {
    match context.runs_on {
        ContextRuns::Loop | ContextRuns::OwnLoop => Some(RunsOn::Loop),
        ContextRuns::Worker | ContextRuns::Process => Some(RunsOn::Worker),
        ContextRuns::Caller | ContextRuns::Construction | ContextRuns::Never => None,
    }
}

/// The root of a function that a row speaks of.
pub(crate) fn root_of(context: &Context, name: SmolStr, is_test: bool) -> Option<Root> {
    Some(Root {
        blocking_matters: context.runs_on != ContextRuns::OwnLoop,
        is_startup: context.phase == Phase::Startup,
        is_test: is_test || context.test,
        ..Root::new(place_of(context)?, Reason::Framework(name))
    })
}

/// The methods of a class of the program that run while an instance is made, beside `__init__` and the like: pydantic's
/// validators.
pub(crate) fn construction_hooks(infer: &mut Infer<'_>, class: Def) -> Vec<Def> {
    let mro = infer.mro(class);
    let world = infer.world;
    mro.classes.iter().flat_map(|&c| world.noted(Key::Hooks(c), || find_construction_hooks(infer, c))).collect()
}

/// Those in the body of the class itself.
pub(crate) fn find_construction_hooks(infer: &mut Infer<'_>, class: Def) -> Vec<Def> {
    let world = infer.world;
    let index = world.index_of(class.file);
    if !HOOKS.iter().any(|name| index.name(name).is_some()) {
        return Vec::new();
    }
    let facts = world.facts(class.file);
    let mut methods: Vec<ScopeId> =
        index.method_class.iter().filter(|(_, c)| **c == class.scope).map(|(method, _)| *method).collect();
    methods.sort_unstable();
    let frameworks = Frameworks::of(world, class.file);
    methods.retain(|&method| {
        facts.list(facts.scope(method).decorators).iter().any(|&decorator| {
            let used = used_decorator(facts, decorator);
            let found = frameworks.by_decorator(infer, class.file, used, false);
            found.is_some_and(|(row, _)| row.runs_on == ContextRuns::Construction)
        })
    });
    methods.into_iter().map(|scope| Def { file: class.file, scope }).collect()
}

/// What a decorator is, and the arguments it is made with.
pub(crate) fn used_decorator(facts: &FileFacts, decorator: ExprId) -> (ExprId, Run) {
    match facts.expr(decorator).kind {
        ExprKind::Call { func, args } => (func, args),
        _ => (decorator, Run::default()),
    }
}
