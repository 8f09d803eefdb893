//! What is known about callables outside the project: the tables of `queries/knowledge/`, with fast lookups.
//!
//! Names are canonical dotted paths, as users import them (`requests.Session.get`, `builtins.open`). A name from
//! anywhere else goes through [`Knowledge::canonical`] first; methods are looked up through [`Knowledge::method`], which
//! follows the bases of external classes.

mod contexts;
mod generated;
mod known;
mod tables;

pub use contexts::Contexts;
pub use generated::{Member, MemberKind};
pub use tables::*;

use generated::Generated;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

#[cfg(test)]
mod tests;

/// A table row that stands for several names.
trait Named {
    fn names(&self) -> &[SmolStr];
}

/// Rows and where each name's row is.
#[derive(Debug)]
struct Table<T> {
    rows: Vec<T>,
    by_name: FxHashMap<SmolStr, u32>,
}

impl<T: Named> Table<T> {
    fn new(rows: Vec<T>) -> Self {
        let count = rows.iter().map(|row| row.names().len()).sum();
        let mut by_name = FxHashMap::with_capacity_and_hasher(count, Default::default());
        for (i, row) in rows.iter().enumerate() {
            for name in row.names() {
                by_name.insert(name.clone(), i as u32);
            }
        }
        Self { rows, by_name }
    }

    fn get(&self, name: &str) -> Option<&T> {
        self.by_name.get(name).map(|&i| &self.rows[i as usize])
    }

    /// The row of `Owner.*` for `Owner.method`.
    fn wildcard(&self, name: &str) -> Option<(&T, usize)> {
        let dot = name.rfind('.')?;
        let row = self.get(&format!("{}.*", &name[..dot]))?;
        Some((row, dot + 1))
    }
}

macro_rules! named {
    ($($row:ty),*) => {$(
        impl Named for $row {
            fn names(&self) -> &[SmolStr] {
                &self.names
            }
        }
    )*};
}
named!(Blocking, Starter, Patch, Probe, Offload, Callback, Awaitable, Decorator, Resource, LoopBound, Version);

/// Reads one shipped table: an array of rows called `$key`.
macro_rules! table {
    ($file:literal, $key:literal) => {
        rows(concat!($file, ".toml"), $key, include_str!(concat!("../../../../queries/knowledge/", $file, ".toml")))
    };
}

/// Everything known about callables outside the project.
#[derive(Debug)]
pub struct Knowledge {
    blocking: Table<Blocking>,
    starters: Table<Starter>,
    patches: Table<Patch>,
    probes: Table<Probe>,
    offload: Table<Offload>,
    callbacks: Table<Callback>,
    awaitables: Table<Awaitable>,
    decorators: Table<Decorator>,
    resources: Table<Resource>,
    contexts: Contexts,
    coroutines: Coroutine,
    returns: FxHashMap<SmolStr, Vec<Returns>>,
    classes: FxHashMap<SmolStr, Class>,
    aliases: FxHashMap<SmolStr, SmolStr>,
    /// The names of all rows, once somebody asks.
    known: OnceLock<FxHashSet<SmolStr>>,
    /// Asked where no row above speaks of a name.
    generated: Generated,
}

/// Names of coroutine functions, and owners all of whose methods are.
#[derive(Debug, Default)]
struct Coroutine {
    names: FxHashSet<SmolStr>,
    owners: FxHashMap<SmolStr, Vec<SmolStr>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasRow {
    name: SmolStr,
    paths: Vec<SmolStr>,
}

fn rows<T: DeserializeOwned>(file: &str, key: &str, text: &str) -> Vec<T> {
    let mut parsed: FxHashMap<String, Vec<T>> = match toml::from_str(text) {
        Ok(parsed) => parsed,
        // The tables are compiled in and a test reads them all: this is a mistake in the source, not in any input.
        Err(error) => panic!("queries/knowledge/{file}: {error}"),
    };
    parsed.remove(key).unwrap_or_default()
}

/// The name of an outside callable as people write it.
pub fn written_name(path: &str) -> &str {
    path.strip_prefix("builtins.").or_else(|| path.strip_prefix("asyncio.AbstractEventLoop.")).unwrap_or(path)
}

impl Knowledge {
    /// The shipped tables, read once.
    pub fn shipped() -> &'static Knowledge {
        static SHIPPED: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::read(Generated::shipped()));
        &SHIPPED
    }

    /// The shipped tables without the generated ones: what a generator may look at.
    pub fn hand_made() -> &'static Knowledge {
        static HAND_MADE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::read(Generated::default()));
        &HAND_MADE
    }

    fn read(generated: Generated) -> Self {
        // Two threads halve a few milliseconds of every start. Not rayon: a worker that waits here could pick up a job
        // that asks for the tables, and wait for itself.
        std::thread::scope(|scope| {
            let half = scope.spawn(|| (Table::new(table!("blocking", "blocking")), read_aliases(), read_returns()));
            let rest = Self::read_rest();
            let (blocking, aliases, returns) = half.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Self { blocking, aliases, returns, generated, ..rest }
        })
    }

    /// The tables that the other thread does not read.
    fn read_rest() -> Self {
        Self {
            blocking: Table::new(Vec::new()),
            starters: Table::new(table!("starters", "starter")),
            patches: Table::new(table!("patches", "patch")),
            probes: Table::new(table!("probes", "probe")),
            offload: Table::new(table!("offload", "offload")),
            callbacks: Table::new(table!("callbacks", "callback")),
            awaitables: Table::new(table!("awaitables", "awaitable")),
            decorators: Table::new(table!("decorators", "decorator")),
            resources: Table::new(table!("resources", "resource")),
            contexts: Contexts::new(table!("contexts", "context")),
            coroutines: Coroutine::new(table!("coroutines", "coroutine")),
            returns: FxHashMap::default(),
            classes: read_classes(),
            aliases: FxHashMap::default(),
            known: OnceLock::new(),
            generated: Generated::default(),
        }
    }

    /// The row of a blocking callable, `Class.*` rows included.
    pub fn blocking(&self, name: &str) -> Option<&Blocking> {
        self.blocking.get(name).or_else(|| {
            let (row, method) = self.blocking.wildcard(name)?;
            row.covers(&name[method..]).then_some(row)
        })
    }

    /// The row of a callable that starts a loop, waits for one or refuses a running one.
    pub fn starter(&self, name: &str) -> Option<&Starter> {
        self.starters.get(name)
    }

    /// The row of a call that patches the process.
    pub fn patch(&self, name: &str) -> Option<&Patch> {
        self.patches.get(name)
    }

    /// The row of a function that tells whether a loop runs.
    pub fn probe(&self, name: &str) -> Option<&Probe> {
        self.probes.get(name)
    }

    /// The row of a callable that runs another one elsewhere.
    pub fn offload(&self, name: &str) -> Option<&Offload> {
        self.offload.get(name)
    }

    /// The row of a callable that calls a plain callback.
    pub fn callback(&self, name: &str) -> Option<&Callback> {
        self.callbacks.get(name)
    }

    /// Whether calling it gives a coroutine that must be awaited.
    pub fn coroutine(&self, name: &str) -> bool {
        match self.coroutines.says(name) {
            Some(says) => says,
            None => self.generated(name).is_some_and(|m| m.kind == MemberKind::Coroutine),
        }
    }

    /// What the generated tables say of a name that no hand-made row about values speaks of.
    pub fn generated(&self, name: &str) -> Option<&Member> {
        let member = self.generated.member(name)?;
        let listed = self.coroutines.says(name).is_some() || self.awaitable(name).is_some();
        let returns = || self.returns.get(name).is_some_and(|rows| rows.iter().any(|r| !r.awaited));
        (!listed && !returns()).then_some(member)
    }

    fn generated_returns(&self, name: &str, kinds: &[MemberKind]) -> Option<&Returns> {
        self.generated(name).filter(|m| kinds.contains(&m.kind))?.returns.as_ref()
    }

    /// The row of a plain callable that gives an awaitable. Ask [`Knowledge::coroutine`] first: a `.*` row here also covers
    /// the few coroutine functions of its class.
    pub fn awaitable(&self, name: &str) -> Option<&Awaitable> {
        self.awaitables.get(name).or_else(|| {
            let (row, method) = self.awaitables.wildcard(name)?;
            let method = &name[method..];
            (!method.starts_with('_') && !row.except.iter().any(|e| e == method)).then_some(row)
        })
    }

    /// The type of what calling `name` gives, without `await` and `with`.
    pub fn returns(&self, name: &str) -> Option<&Returns> {
        match self.returns.get(name) {
            Some(rows) => rows.iter().find(|r| !r.awaited && !r.entered && !r.attribute),
            None => self.generated_returns(name, &[MemberKind::Function]),
        }
    }

    /// The type of what `await name(...)` and `async with name(...) as` give.
    pub fn awaited_returns(&self, name: &str) -> Option<&Returns> {
        match self.returns.get(name) {
            Some(rows) => rows.iter().find(|r| r.awaited),
            None => self.generated_returns(name, &[MemberKind::Coroutine, MemberKind::Awaitable]),
        }
    }

    /// The type of what `async with` gives for an instance of `class`, where it is not the instance.
    pub fn async_entered(&self, class: &str) -> Option<&Returns> {
        self.awaited_returns(class).or_else(|| self.generated.owner(class)?.entered.as_ref())
    }

    /// The type of what `with name(...) as` gives, where it is not the call's own type.
    pub fn entered_returns(&self, name: &str) -> Option<&Returns> {
        self.returns.get(name)?.iter().find(|r| r.entered)
    }

    /// The type of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&Returns> {
        match self.returns.get(name) {
            Some(rows) => rows.iter().find(|r| r.attribute),
            // `@router.message()`: the row speaks of the attribute under this name, not under that of its class.
            None if self.contexts.by_decorator(name).next().is_some()
                || self.contexts.by_argument(name).next().is_some() =>
            {
                None
            }
            None => self.generated_returns(name, &[MemberKind::Attribute]),
        }
    }

    /// Whether calling `name` makes an instance of a class named so.
    pub fn is_class(&self, name: &str) -> bool {
        match self.classes.get(name) {
            Some(class) => !class.object,
            None => self.generated.owner(name).is_some_and(|owner| owner.is_class),
        }
    }

    /// Whether `name` is an object known by its own name, whose methods are listed under it (`sys.stdin`).
    pub fn is_object(&self, name: &str) -> bool {
        self.classes.get(name).is_some_and(|class| class.object)
    }

    /// The direct bases of an external class.
    pub fn bases(&self, name: &str) -> &[SmolStr] {
        match self.classes.get(name) {
            Some(class) => &class.bases,
            None => self.generated.owner(name).map_or(&[], |owner| &owner.bases),
        }
    }

    /// Asks `get` about `class.method`, then about the same method of the bases, breadth first, until it answers.
    pub fn method<T>(&self, class: &str, method: &str, mut get: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let mut queue = vec![class];
        let mut full = String::with_capacity(64);
        let mut next = 0;
        while next < queue.len() {
            let class = queue[next];
            full.clear();
            full.push_str(class);
            full.push('.');
            full.push_str(method);
            if let Some(found) = get(&full) {
                return Some(found);
            }
            if self.generated.member(&full).is_some_and(|m| m.kind == MemberKind::Other) {
                return None;
            }
            for base in self.bases(class) {
                if !queue.contains(&base.as_str()) {
                    queue.push(base);
                }
            }
            next += 1;
        }
        None
    }

    /// Whether `class` is `base` or one of its descendants, as far as the tables know.
    pub fn is_subclass(&self, class: &str, base: &str) -> bool {
        class == base || self.bases(class).iter().any(|b| self.is_subclass(b, base))
    }

    /// The name that the tables use for the object at `path`: aliases of the path itself, its class or its module.
    pub fn canonical<'a>(&'a self, path: &'a str) -> Cow<'a, str> {
        let mut end = path.len();
        loop {
            if let Some(name) = self.aliases.get(&path[..end]) {
                return match &path[end..] {
                    "" => Cow::Borrowed(name),
                    rest => Cow::Owned(format!("{name}{rest}")),
                };
            }
            match path[..end].rfind('.') {
                Some(dot) => end = dot,
                None => return self.generated.canonical(path),
            }
        }
    }

    /// The row of a decorator.
    pub fn decorator(&self, name: &str) -> Option<&Decorator> {
        self.decorators.get(name)
    }

    /// The row of what makes a value that must be closed.
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.get(name)
    }

    /// The names of all that makes a value that must be closed.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.rows.iter().flat_map(|row| row.names.iter().map(SmolStr::as_str))
    }

    /// The row of what makes an object that works on one event loop only; read on first use.
    pub fn loop_bound(&self, name: &str) -> Option<&'static LoopBound> {
        LOOP_BOUND.get(name)
    }

    /// The last parts of the names that [`Knowledge::loop_bound`] knows: without one of them, a file makes no such object.
    pub fn loop_bound_names(&self) -> impl Iterator<Item = &'static str> {
        let names = LOOP_BOUND.rows.iter().flat_map(|row| &row.names);
        names.map(|name| name.rsplit('.').next().unwrap_or_default())
    }

    /// What is out of date, read on first use.
    pub fn deprecations(&self) -> &'static [Deprecation] {
        static ROWS: LazyLock<Vec<Deprecation>> = LazyLock::new(|| table!("deprecations", "deprecation"));
        &ROWS
    }

    /// Since when names and behaviours are there, read on first use.
    pub fn versions(&self) -> &'static [Version] {
        static ROWS: LazyLock<Vec<Version>> = LazyLock::new(|| table!("versions", "version"));
        &ROWS
    }

    /// The Python (major, minor) that a standard library name came with, where it is younger than 3.7.
    pub fn added_in(&self, name: &str) -> Option<(u8, u8)> {
        let row = self.versions().iter().find(|row| row.names.iter().any(|n| n == name))?;
        let (major, minor) = row.added.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }

    /// What Python says when mistakes happen, read on first use.
    pub fn messages(&self) -> &'static [Message] {
        static ROWS: LazyLock<Vec<Message>> = LazyLock::new(|| table!("messages", "message"));
        &ROWS
    }

    /// Where frameworks run functions.
    pub fn contexts(&self) -> &Contexts {
        &self.contexts
    }
}

impl Coroutine {
    fn new(rows: Vec<Coroutines>) -> Self {
        let mut this = Self::default();
        for row in rows {
            for name in &row.names {
                match name.as_str() {
                    "*" => drop(this.owners.insert(row.owner.clone(), row.except.clone())),
                    name => drop(this.names.insert(format!("{}.{name}", row.owner).into())),
                }
            }
        }
        this
    }

    /// Whether `name` is one, where the rows tell: those of an owner all of whose methods are speak of each.
    fn says(&self, name: &str) -> Option<bool> {
        if self.names.contains(name) {
            return Some(true);
        }
        let (owner, method) = name.rsplit_once('.')?;
        let except = self.owners.get(owner)?;
        Some(!method.starts_with('_') && !except.iter().any(|e| e == method))
    }
}

fn read_returns() -> FxHashMap<SmolStr, Vec<Returns>> {
    let mut returns: FxHashMap<SmolStr, Vec<Returns>> = FxHashMap::default();
    for mut row in rows::<Returns>("returns.toml", "returns", RETURNS) {
        for name in std::mem::take(&mut row.names) {
            returns.entry(name).or_default().push(row.clone());
        }
    }
    returns
}

fn read_classes() -> FxHashMap<SmolStr, Class> {
    let rows: Vec<Class> = table!("classes", "class");
    rows.into_iter().map(|class| (class.name.clone(), class)).collect()
}

fn read_aliases() -> FxHashMap<SmolStr, SmolStr> {
    let rows: Vec<AliasRow> = table!("aliases", "alias");
    let pairs = |row: AliasRow| row.paths.into_iter().map(move |path| (path, row.name.clone()));
    rows.into_iter().flat_map(pairs).collect()
}

static LOOP_BOUND: LazyLock<Table<LoopBound>> = LazyLock::new(|| Table::new(table!("loop-bound", "loop-bound")));

const RETURNS: &str = include_str!("../../../../queries/knowledge/returns.toml");
