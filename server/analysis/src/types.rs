//! What an expression can be: the few types the analysis tells apart.

use crate::finding::FileId;
use crate::program::Module;
use asyncwise_syntax::facts::{ExprId, ScopeId};
use smol_str::SmolStr;
use std::sync::Arc;

/// A definition in the program: a function, class or lambda.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Def {
    /// The file.
    pub file: FileId,
    /// The scope it opens.
    pub scope: ScopeId,
}

/// A class of the program or from outside.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// Defined in the program.
    Own(Def),
    /// Known by its dotted path.
    External(SmolStr),
}

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ty {
    /// Anything.
    Unknown,
    /// `None`.
    None,
    /// A module.
    Module(Module, SmolStr),
    /// A function or lambda of the program; with the instance's class when bound to one.
    Function(Def, Option<Class>),
    /// A class object.
    Class(Class),
    /// An instance.
    Instance(Class),
    /// Something from outside, by dotted path: function, method or value. Called, the knowledge says what comes back.
    External(SmolStr),
    /// What a call of an `async def` gives before it is awaited; awaiting gives the inner type.
    Coroutine(Arc<Ty>),
    /// Awaitable that is not a coroutine (task, future), or where dropping it is legal.
    Awaitable(Arc<Ty>),
    /// An async generator object of this function.
    AsyncGenerator(Def),
    /// A generator object of this function.
    Generator(Def),
    /// `functools.partial(f, ...)`.
    Partial(Arc<Ty>),
    /// The function that a decorator of the program puts in place of `inner`.
    Wrapped {
        /// The nested function the decorator returns.
        wrapper: Def,
        /// What it wraps.
        inner: Arc<Ty>,
    },
    /// A function behind a decorator nobody knows: it most likely still runs `inner`.
    Opaque(Arc<Ty>),
    /// A callable that runs `inner` in a worker thread and gives an awaitable (`sync_to_async(f)`).
    Offloaded(Arc<Ty>),
    /// A callable that starts or enters an event loop to run `inner` (`async_to_sync(f)`), by the bridge's name.
    Bridge(SmolStr, Arc<Ty>),
    /// A property of an instance, read by its getter.
    Property(Def, Class),
    /// What `with` a call of this generator function enters.
    ContextManager {
        /// The function decorated with `contextmanager`.
        def: Def,
        /// `asynccontextmanager`.
        is_async: bool,
    },
    /// `super()` in a method of this class.
    Super(Def),
    /// A list, tuple, set, iterable or mapping whose elements (values) have this type.
    Container(Arc<Ty>),
    /// A tuple taken apart by position.
    Tuple(Arc<[Ty]>),
    /// A type form: the annotation at this expression, not yet evaluated.
    Alias(FileId, ExprId),
    /// One of several; flat, without `None`, at least two.
    Union(Arc<[Ty]>),
}

impl Ty {
    /// The union of `types`: flat, without duplicates. `None` is kept only when it is alone or beside a coroutine: a value
    /// that may be nothing is used as what it otherwise is, but need not be awaited.
    pub fn union(types: impl IntoIterator<Item = Ty>) -> Ty {
        let mut parts: Vec<Ty> = Vec::new();
        let mut none = false;
        let mut push = |ty: Ty| {
            if ty == Ty::None {
                none = true;
            } else if !parts.contains(&ty) {
                parts.push(ty);
            }
        };
        for ty in types {
            match ty {
                Ty::Union(inner) => inner.iter().cloned().for_each(&mut push),
                ty => push(ty),
            }
        }
        if none && parts.iter().any(|p| matches!(p, Ty::Coroutine(_))) {
            parts.push(Ty::None);
        }
        match parts.len() {
            0 if none => Ty::None,
            0 => Ty::Unknown,
            1 => parts.swap_remove(0),
            // A union of very many is as good as unknown.
            n if n > 8 => Ty::Unknown,
            _ => Ty::Union(parts.into()),
        }
    }

    /// The alternatives of a union, or the type itself.
    pub fn parts(&self) -> &[Ty] {
        match self {
            Ty::Union(parts) => parts,
            ty => std::slice::from_ref(ty),
        }
    }

    /// Each alternative mapped, and joined again.
    pub fn map(&self, mut f: impl FnMut(&Ty) -> Ty) -> Ty {
        match self {
            Ty::Union(parts) => Ty::union(parts.iter().map(f)),
            ty => f(ty),
        }
    }

    /// An external instance.
    pub fn instance(path: &str) -> Ty {
        Ty::Instance(Class::External(path.into()))
    }

    /// Whether nothing is known of at least one alternative.
    pub fn has_unknown(&self) -> bool {
        self.parts().contains(&Ty::Unknown)
    }
}
