//! The rows of the tables, as `queries/knowledge/*.toml` spells them.

use serde::Deserialize;
use smol_str::SmolStr;

/// What a blocking call waits for.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Category {
    Sleep,
    Http,
    Socket,
    Dns,
    Db,
    Cloud,
    Subprocess,
    Input,
    File,
    Cpu,
    Lock,
    Queue,
    ThreadJoin,
    FutureResult,
}

/// How long a blocking call can take.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Metadata-sized.
    Low,
    /// Bounded, tens of milliseconds.
    Medium,
    /// Network or unbounded wait.
    High,
}

/// What a name is and when its effect happens.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Calling the function.
    Function,
    /// Calling the method.
    Method,
    /// Making an instance.
    Constructor,
    /// Entering or leaving it with `with`; the call itself does nothing.
    With,
    /// Iterating the result; for `Class.__iter__`, iterating an instance.
    Iterate,
    /// Calling what the call returns (`async_to_sync(f)(x)`).
    Wrapper,
}

/// How a blocking call is mended.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mend {
    /// With an async callable of the project's library.
    Replace,
    /// By running it in a thread.
    ToThread,
}

/// A literal an argument is compared with.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    /// `True`, `False`.
    Bool(bool),
    /// `0`; also stands for `0.0`.
    Int(i64),
    /// A string; `"None"` stands for `None`.
    Text(SmolStr),
}

/// What an argument of a call must be. Exactly one of `is`, `mentions` and `given` is set.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Its keyword.
    pub arg: SmolStr,
    /// Its position, from 0 without `self`; keyword only without one.
    pub position: Option<u32>,
    /// Equal to this literal.
    pub is: Option<Literal>,
    /// Its expression names this (`os.WNOHANG`).
    pub mentions: Option<SmolStr>,
    /// There at all, or not.
    pub given: Option<bool>,
}

/// A state of the receiver in which a method does not block.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiverState {
    /// `setblocking(False)` or `settimeout(0)` was called.
    NonBlocking,
    /// A queue made without a positive `maxsize`.
    Unbounded,
    /// A database opened as `:memory:`.
    InMemory,
    /// A future guarded by `done()`.
    Done,
}

/// An async library.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Library {
    Asyncio,
    Anyio,
    Trio,
    Any,
}

/// Calls that stop the thread they run on.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Blocking {
    /// Dotted names that behave alike; `Class.*` for every method.
    pub names: Vec<SmolStr>,
    /// What it waits for.
    pub category: Category,
    /// How long.
    pub severity: Severity,
    /// When it blocks.
    pub kind: Kind,
    /// How it is mended.
    pub fix: Mend,
    /// Async names for asyncio; `{name}` is the last part of the row's name. See [`Blocking::replacements`].
    #[serde(default)]
    pub asyncio: Vec<SmolStr>,
    /// Async names for anyio.
    #[serde(default)]
    pub anyio: Vec<SmolStr>,
    /// Async names for trio.
    #[serde(default)]
    pub trio: Vec<SmolStr>,
    /// A replacement that is not a name.
    pub advice: Option<SmolStr>,
    /// Methods a `.*` row leaves out.
    #[serde(default)]
    pub except: Vec<SmolStr>,
    /// Whether a `.*` row leaves out methods with a capital first letter.
    #[serde(default)]
    pub except_capitalised: bool,
    /// Any of these: the call does not block.
    #[serde(default)]
    pub unless: Vec<Condition>,
    /// The call blocks only if all of these hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// It does not block in this state of the receiver.
    pub unless_receiver: Option<ReceiverState>,
    /// Codes of other tools for the same finding.
    #[serde(default)]
    pub same_as: Vec<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

impl Blocking {
    /// The async names that replace `name` (one of the row's names) in code written for `library`, best first.
    pub fn replacements(&self, name: &str, library: Library) -> Vec<SmolStr> {
        let list = match library {
            Library::Asyncio | Library::Any => &self.asyncio,
            Library::Anyio => &self.anyio,
            Library::Trio => &self.trio,
        };
        let last = name.rsplit('.').next().unwrap_or(name);
        list.iter().map(|r| if r.contains('{') { r.replace("{name}", last).into() } else { r.clone() }).collect()
    }

    /// Whether a `.*` row speaks about `method`.
    pub fn covers(&self, method: &str) -> bool {
        let capitalised = self.except_capitalised && method.starts_with(|c: char| c.is_ascii_uppercase());
        !method.starts_with('_') && !capitalised && !self.except.iter().any(|e| e == method)
    }
}

/// What happens when a loop runs on this thread.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InRunningLoop {
    /// It raises.
    Raises,
    /// It waits for itself.
    Deadlocks,
    /// It works, and the loop stands still.
    Blocks,
    /// Nothing bad.
    Ok,
}

/// What a starter takes at position 0.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StarterArgument {
    /// A coroutine object: `asyncio.run(f())`.
    Coroutine,
    /// An async function, then its arguments: `anyio.run(f, x)`.
    Function,
    /// Neither.
    None,
}

/// A place with a loop of its own rules.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Where no loop runs on this thread.
    NoLoop,
    /// A function called through anyio's worker threads.
    AnyioWorker,
    /// A function called through trio's worker threads.
    TrioWorker,
    /// A function called through `sync_to_async`.
    SyncToAsync,
    /// A thread other than the loop's.
    OtherThread,
    /// A function run in SQLAlchemy's greenlet.
    Greenlet,
}

/// Calls that run an event loop, wait for one, or refuse to work beside a running one.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Starter {
    /// Dotted names that behave alike.
    pub names: Vec<SmolStr>,
    /// Function, method, wrapper or with.
    pub kind: Kind,
    /// What happens on a running loop.
    pub in_running_loop: InRunningLoop,
    /// The error it raises there.
    pub error: Option<SmolStr>,
    /// What it takes at position 0.
    pub argument: StarterArgument,
    /// The replacement: `{0}` first argument, `{rest}` those after it, `{args}` all, `{receiver}`, `{callee}`.
    pub await_instead: Option<SmolStr>,
    /// What to do where no expression replaces the call.
    pub advice: Option<SmolStr>,
    /// Keyword arguments that the replacement does not take.
    #[serde(default)]
    pub drop_keywords: Vec<SmolStr>,
    /// It works nowhere else.
    #[serde(default)]
    pub only_in: Vec<Place>,
    /// It works there as well.
    #[serde(default)]
    pub legal_in: Vec<Place>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// What a patch changes for the whole process.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changes {
    /// A loop can be started inside a running one.
    Nesting,
    /// Standard blocking calls yield to other greenlets.
    Blocking,
}

/// Calls that change the meaning of other findings in the process.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Patch {
    /// Dotted names.
    pub names: Vec<SmolStr>,
    /// What it changes.
    pub changes: Changes,
    /// What to do instead.
    pub instead: Option<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// How a probe answers.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// By raising when no loop runs.
    Raises,
    /// With `None` when no loop runs.
    None,
    /// With `True` when one runs.
    Bool,
}

/// Functions that tell whether a loop runs on this thread.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// Dotted names.
    pub names: Vec<SmolStr>,
    /// Function or method.
    pub kind: Kind,
    /// How it answers.
    pub answers: Answers,
    /// The exceptions it raises when no loop runs; `RuntimeError` is the base of all of them.
    #[serde(default)]
    pub raises: Vec<SmolStr>,
    /// Whose loop.
    pub library: Library,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// Where an offloaded callable runs.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunsIn {
    /// A worker thread.
    Thread,
    /// A worker process.
    Process,
    /// A subinterpreter in a worker thread.
    Interpreter,
    /// A greenlet on the loop's own thread.
    Greenlet,
}

/// What an offloading call gives.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffloadResult {
    /// An awaitable of the callable's result.
    Await,
    /// A future whose `result()` blocks.
    Future,
    /// Nothing to wait for.
    None,
}

/// Calls that run a plain callable somewhere else.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Offload {
    /// Dotted names.
    pub names: Vec<SmolStr>,
    /// Function, method, constructor or wrapper.
    pub kind: Kind,
    /// Where the callable stands, from 0 without `self`.
    pub position: u32,
    /// Its keyword.
    pub keyword: Option<SmolStr>,
    /// Where it runs.
    pub runs_in: RunsIn,
    /// What the call gives.
    pub result: OffloadResult,
    /// Also used as a decorator.
    #[serde(default)]
    pub decorator: bool,
    /// Starters that are legal in the callable.
    #[serde(default)]
    pub grants: Vec<Place>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// When and where a callback runs.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackRuns {
    /// Later, on the loop's thread.
    Loop,
    /// During the call, on this thread.
    Here,
    /// On the thread that iterates the result.
    Lazily,
    /// Nobody can say.
    Unknown,
}

/// What happens to an async function passed as a plain callback.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsyncCallable {
    /// Its coroutine is made and never run.
    Dropped,
    /// The call raises.
    Raises,
    /// Its coroutine is used as a value.
    Truthy,
    /// It is run.
    Accepted,
}

/// Calls that take a plain callable and call it themselves.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Callback {
    /// Dotted names.
    pub names: Vec<SmolStr>,
    /// Function, method or constructor.
    pub kind: Kind,
    /// Where the callable stands, from 0 without `self`; keyword only without one.
    pub position: Option<u32>,
    /// Its keyword.
    pub keyword: Option<SmolStr>,
    /// When and where it runs.
    pub runs_on: CallbackRuns,
    /// What happens to an async function.
    pub async_callable: AsyncCallable,
    /// What to pass instead.
    pub fix: Option<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// Where a function that a framework calls runs.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextRuns {
    /// On the thread of a running loop.
    Loop,
    /// In a worker thread.
    Worker,
    /// On a loop made for this call alone.
    OwnLoop,
    /// In a process without a loop.
    Process,
    /// Where its caller runs: no loop of the framework's.
    Caller,
    /// On the thread that makes an instance of the class, while it is made.
    Construction,
    /// Nowhere: the framework drops the coroutine.
    Never,
}

/// Which functions a context row speaks about.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionKind {
    /// `async def`.
    Async,
    /// Plain `def`.
    Sync,
    /// Both.
    Any,
}

/// When in the life of the program a hook runs.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// While it serves.
    #[default]
    Serving,
    /// At its start or end, where a delay hurts less.
    Startup,
}

/// An argument that is called by a framework.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// Dotted name of the callable it is passed to.
    pub call: SmolStr,
    /// Its position, from 0 without `self`; keyword only without one.
    pub position: Option<u32>,
    /// Its keyword.
    pub keyword: Option<SmolStr>,
}

/// Where a framework runs a function. Exactly one of `decorators`, `bases` (with `methods`) and `arguments` is given.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    /// The function has one of these decorators: a function, or a method of an instance or class.
    #[serde(default)]
    pub decorators: Vec<SmolStr>,
    /// The function is a method of a subclass of one of these (a `*` stands for any text) ...
    #[serde(default)]
    pub bases: Vec<SmolStr>,
    /// ... whose name matches one of these; a `*` may stand at the end.
    #[serde(default)]
    pub methods: Vec<SmolStr>,
    /// The function is passed here.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// Only if an argument of the decorator or call is so.
    pub with: Option<Condition>,
    /// Which functions.
    pub function: FunctionKind,
    /// Where they run.
    pub runs_on: ContextRuns,
    /// When.
    #[serde(default)]
    pub phase: Phase,
    /// Whether it is test code.
    #[serde(default)]
    pub test: bool,
    /// Whether what it returns or yields is handed to whoever asks for it, and ends with that: a dependency.
    #[serde(default)]
    pub provides: bool,
    /// What starters are legal there, beyond what the place says.
    #[serde(default)]
    pub grants: Vec<Place>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    #[serde(default)]
    pub verified: SmolStr,
}

impl Context {
    /// Whether a method called `name` matches the row.
    pub fn matches_method(&self, name: &str) -> bool {
        self.methods.iter().any(|m| match m.strip_suffix('*') {
            // All but what is its own affair.
            Some("") => !name.starts_with('_'),
            Some(prefix) => name.starts_with(prefix),
            None => m == name,
        })
    }
}

/// Coroutine functions (`async def`, or returning a coroutine) of one owner.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Coroutines {
    /// The module or class.
    pub owner: SmolStr,
    /// What the owner is.
    pub kind: OwnerKind,
    /// Its coroutine functions; `*` for every public method not in `except`.
    pub names: Vec<SmolStr>,
    /// What a `*` leaves out.
    #[serde(default)]
    pub except: Vec<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// What owns a name.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum OwnerKind {
    Module,
    Class,
}

/// What it means not to await an awaitable.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unawaited {
    /// The work is not done.
    Bug,
    /// The work is done, its result and its errors are lost.
    Suspicious,
    /// As intended.
    Legal,
}

/// Plain functions that return awaitables.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Awaitable {
    /// Dotted names; `Class.*` for every public method not in `except`.
    pub names: Vec<SmolStr>,
    /// What a `.*` row leaves out.
    #[serde(default)]
    pub except: Vec<SmolStr>,
    /// What it means not to await it.
    pub unawaited: Unawaited,
    /// Whether `async with` is the usual way to use it.
    #[serde(default)]
    pub context_manager: bool,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// The type of what a callable or an attribute gives.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Returns {
    /// Dotted names.
    pub names: Vec<SmolStr>,
    /// The class of the value.
    pub result: SmolStr,
    /// The value is what `await` or `async with` gives.
    #[serde(default)]
    pub awaited: bool,
    /// The value is what `with ... as` gives.
    #[serde(default)]
    pub entered: bool,
    /// The name is an attribute: the value is what reading it gives.
    #[serde(default)]
    pub attribute: bool,
}

/// A class, or an object that is known by its own name (`sys.stdin`).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Class {
    /// Dotted name.
    pub name: SmolStr,
    /// Its bases, nearest first.
    #[serde(default)]
    pub bases: Vec<SmolStr>,
    /// The name is that of an instance.
    #[serde(default)]
    pub object: bool,
}

/// What a decorator makes of a function.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The name still calls the function, with its kind and on the caller's thread.
    Keeps,
    /// As [`Effect::Keeps`], and the result is cached.
    Caches,
    /// Reading the attribute calls it.
    Property,
    /// Reading the attribute calls it the first time.
    CachedProperty,
    /// A static method.
    Static,
    /// A class method.
    ClassMethod,
    /// Abstract: the body is not what runs.
    Abstract,
    /// An overload: no body.
    Overload,
    /// A generator made a context manager.
    ContextManager,
    /// An async generator made an async context manager.
    AsyncContextManager,
    /// A plain function that becomes a coroutine function running in a thread.
    ToThread,
    /// A coroutine function that becomes a plain one which starts a loop.
    ToSync,
    /// A coroutine function that becomes a plain one working on a loop in another thread.
    OwnThread,
    /// A task object of a task queue: calling it directly still runs the function here.
    Task,
    /// A command object that runs the function when the program starts.
    Command,
    /// Something else.
    Changes,
}

/// Decorators from outside the project.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Decorator {
    /// Dotted names.
    pub names: Vec<SmolStr>,
    /// What it makes of the function.
    pub effect: Effect,
    /// What else to know.
    pub note: Option<SmolStr>,
}

/// How `async with` takes a resource.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsyncWith {
    /// `async with f() as x`.
    Call,
    /// `async with await f() as x`.
    Awaited,
}

/// Which elements of a tuple must be closed.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parts {
    /// Every one.
    All,
}

/// What must be closed.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resource {
    /// Dotted names of what makes it.
    pub names: Vec<SmolStr>,
    /// The value comes from `await f()`.
    #[serde(default)]
    pub awaited: bool,
    /// It must be closed only once one of these methods was called on it, or it was entered; without them since it was made.
    #[serde(default)]
    pub after: Vec<SmolStr>,
    /// Methods of the value (or of an attribute of it), any of which closes it; the one to advise first.
    #[serde(default)]
    pub closers: Vec<SmolStr>,
    /// The first closer must be awaited.
    #[serde(default)]
    pub closer_awaited: bool,
    /// Awaited after the closer.
    pub then_await: Option<SmolStr>,
    /// Closed by passing it to this method instead.
    pub released_by: Option<SmolStr>,
    /// How `async with` takes it.
    pub async_with: Option<AsyncWith>,
    /// Whether plain `with` closes it.
    #[serde(default)]
    pub with: bool,
    /// Nothing but a context manager closes it.
    #[serde(default)]
    pub context_manager_only: bool,
    /// The element of the tuple that must be closed.
    pub part: Option<u32>,
    /// All elements of the tuple must be closed.
    pub parts: Option<Parts>,
    /// Only if an argument is so.
    pub with_argument: Option<Condition>,
    /// Not closing it is common, and mostly does no harm.
    #[serde(default)]
    pub lenient: bool,
    /// What Python says when it is not closed; nothing at all without it.
    pub unclosed: Option<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// When an object takes the loop it works on.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binds {
    /// Where it is made.
    Creation,
    /// When it first does something.
    FirstUse,
    /// When somebody first has to wait for it.
    Contention,
}

/// What works on one event loop only.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoopBound {
    /// Dotted names of what makes it.
    pub names: Vec<SmolStr>,
    /// When it takes its loop.
    pub binds: Binds,
    /// What Python says on another one.
    pub error: SmolStr,
    /// A keyword argument with which it is bound to none.
    pub unless_keyword: Option<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// What is out of date.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Deprecation {
    /// Callables, classes or modules; none where it is syntax.
    pub names: Vec<SmolStr>,
    /// In words.
    pub what: SmolStr,
    /// `no-running-loop`, `keyword:NAME` or `coroutine-argument`: only then.
    pub when: Option<SmolStr>,
    /// The Python that deprecated it.
    pub deprecated: Option<SmolStr>,
    /// The Python that removed it.
    pub removed: Option<SmolStr>,
    /// The release of the package that deprecated it.
    pub package: Option<SmolStr>,
    /// What to use.
    pub replacement: Option<SmolStr>,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// Which Python a name or a behaviour came with.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Version {
    /// Dotted names; empty where it is a behaviour.
    pub names: Vec<SmolStr>,
    /// In words.
    pub what: SmolStr,
    /// The Python, as `3.11`.
    pub added: SmolStr,
    /// What else to know.
    pub note: Option<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}

/// What Python and the libraries say when a mistake happens.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Message {
    /// The texts; none where the program hangs.
    pub messages: Vec<SmolStr>,
    /// Why.
    pub cause: SmolStr,
    /// What to do.
    pub fix: SmolStr,
    /// What code it comes from.
    pub pattern: SmolStr,
    /// How surely that can be seen: `high`, `medium` or `low`.
    pub confidence: SmolStr,
    /// Words for a hover.
    pub hover: SmolStr,
    /// Words for a code action.
    pub quick_fix: Option<SmolStr>,
    /// Threads in which it was met.
    #[serde(default)]
    pub refs: Vec<SmolStr>,
    /// How the row was checked.
    pub verified: SmolStr,
}
