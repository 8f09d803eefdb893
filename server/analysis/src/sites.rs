//! What happens at each place of a file: which functions of the program run there, which known outside calls.
//!
//! A pure function of one file, given what other files offer: an edit inside a function changes only its file's sites.

use crate::finding::{Confidence, FileId};
use crate::flow::StateSet;
use crate::index::Slot;
use crate::infer::{Infer, World};
use crate::knowledge::{
    Blocking, CallbackRuns, Category, Condition, Context, ContextRuns, FunctionKind, InRunningLoop, Kind, Literal,
    ReceiverState, RunsIn, Severity,
};
use crate::settings::RunsOn;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// What happens at a [`Site`].
#[derive(Clone, PartialEq, Debug)]
pub enum Happens {
    /// This function of the program runs, here and now.
    Runs(Def),
    /// This outside call starts an event loop, which raises where one runs.
    StartsLoop(SmolStr),
    /// This outside call refuses to work where a loop runs.
    RefusesLoop(SmolStr),
    /// This outside call blocks the thread.
    Blocks(SmolStr, BlockingFacts),
    /// This function is handed over to be run elsewhere.
    Schedules(Def, RunsOn),
}

/// What is known of a blocking call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockingFacts {
    /// Category of the knowledge (`http`, `sleep`, ...), or `project`.
    pub category: &'static str,
    /// How sure blocking is, from the severity of the knowledge.
    pub confidence: Confidence,
    /// What a project's own settings recommend.
    pub instead: Option<String>,
}

/// A place where something happens that the analysis follows.
#[derive(Clone, PartialEq, Debug)]
pub struct Site {
    /// The expression: a call, a property read, a context manager.
    pub expr: ExprId,
    /// The function whose code it is; the module for code at module level.
    pub owner: ScopeId,
    /// What happens.
    pub happens: Happens,
    /// How sure it is that exactly this happens.
    pub confidence: Confidence,
    /// It may be passed by: in a branch, a loop, a handler, or after a `return`.
    pub conditional: bool,
    /// Whether a loop runs here, as far as the function itself tells.
    pub states: StateSet,
}

/// Which classes of the program come below a class.
pub type Subclasses = FxHashMap<Def, Vec<Def>>;

/// What the sites of a file are found with.
pub struct SiteContext<'a, 'p> {
    /// Names and types.
    pub world: &'a World<'p>,
    /// Classes by base, transitively.
    pub subclasses: &'a Subclasses,
    /// Methods by name, where only one class of the program has one of that name.
    pub unique_methods: &'a FxHashMap<SmolStr, Def>,
}

/// A target of a call, before it is known whether it runs at once.
struct Target {
    ty: Ty,
    confidence: Confidence,
}

/// Finds the sites of one file, in the order of its expressions. States are filled in later, by flow.
pub struct SiteFinder<'a, 'p> {
    context: &'a SiteContext<'a, 'p>,
    /// Types, shared with what runs after.
    pub infer: Infer<'a, 'p>,
    file: FileId,
    facts: &'p FileFacts,
    sites: Vec<Site>,
}

impl<'a, 'p> SiteFinder<'a, 'p> {
    /// For the sites of `file`.
    pub fn new(context: &'a SiteContext<'a, 'p>, file: FileId) -> Self {
        let facts = context.world.facts(file);
        Self { context, infer: Infer::new(context.world), file, facts, sites: Vec::new() }
    }

    /// All sites of the file.
    pub fn find(&mut self) -> Vec<Site> {
        for (id, expr) in self.facts.exprs() {
            match expr.kind {
                ExprKind::Call { func, args } => self.call(id, func, args),
                ExprKind::Attribute { value, attr } => self.attribute(id, value, attr),
                _ => {}
            }
        }
        for i in 0..self.facts.stmts.len() {
            self.statement(StmtId(i as u32));
        }
        for (scope, _) in self.facts.scopes() {
            self.decorators(scope);
        }
        self.sites.sort_by_key(|s| s.expr);
        std::mem::take(&mut self.sites)
    }

    fn push(&mut self, expr: ExprId, happens: Happens, confidence: Confidence) {
        if self.is_left_lazy(expr) {
            return;
        }
        let owner = run_scope(self.facts, self.facts.expr(expr).scope);
        let conditional = is_conditional(self.context.world, self.file, expr, owner);
        let states = StateSet::default();
        self.sites.push(Site { expr, owner, happens, confidence, conditional, states });
    }

    /// Whether the expression stands in a generator expression that is not consumed where it is made.
    fn is_left_lazy(&self, expr: ExprId) -> bool {
        let mut scope = self.facts.expr(expr).scope;
        loop {
            let s = self.facts.scope(scope);
            let (ScopeKind::Comprehension { .. }, Some(parent), Some(made)) = (s.kind, s.parent, s.expr) else {
                return false;
            };
            let generator = matches!(
                self.facts.expr(made).kind,
                ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. }
            );
            if generator && !self.is_exhausted(made) {
                return true;
            }
            scope = parent;
        }
    }

    fn call(&mut self, expr: ExprId, func: ExprId, args: Run) {
        let mut callee = self.callee(func);
        if self.is_awaited(expr) {
            callee = self.awaitable_part(&callee);
        }
        let parts = callee.parts();
        let exact = self.is_made_here(func);
        let whole = match (parts.len(), callee.has_unknown()) {
            (1, _) => Confidence::Certain,
            (_, false) => Confidence::Likely,
            (_, true) => Confidence::Possible,
        };
        for part in parts {
            match part {
                Ty::Unknown => self.by_name(expr, func),
                Ty::External(path) => {
                    let path = path.clone();
                    self.external(expr, &path, args, whole);
                }
                _ => {
                    let part = match part {
                        // The very class is known: nothing below it can override.
                        Ty::Function(def, Some(_)) if exact => &Ty::Function(*def, None),
                        part => part,
                    };
                    for target in self.targets(part) {
                        self.run(expr, target, args, whole);
                    }
                }
            }
        }
    }

    /// The alternatives of a callee whose result can be awaited: of `Client | AsyncClient`, an awaited call means the
    /// second.
    fn awaitable_part(&mut self, callee: &Ty) -> Ty {
        let can = |ty: &Ty| ty.parts().iter().any(|p| matches!(p, Ty::Coroutine(_) | Ty::Awaitable(_) | Ty::Unknown));
        let fits = |me: &mut Self, p: &Ty| matches!(p, Ty::External(_)) || can(&me.infer.called(p));
        let parts: Vec<Ty> = callee.parts().iter().filter(|p| fits(self, p)).cloned().collect();
        Ty::union(parts)
    }

    /// Whether the receiver of a method call is an object made by calling a class right here, or bound to one.
    fn is_made_here(&mut self, func: ExprId) -> bool {
        let ExprKind::Attribute { value, .. } = self.facts.expr(func).kind else { return false };
        let made = match self.facts.expr(value).kind {
            ExprKind::Name(name) => {
                let scope = self.facts.expr(value).scope;
                let at = self.facts.stmt_of(value).filter(|s| self.facts.stmt(*s).scope == scope);
                let bindings = self.context.world.index_of(self.file).reaching(self.facts, scope, name, at);
                match bindings.as_slice() {
                    [Binding { kind: BindingKind::Assign { value, annotation: None }, .. }] if at.is_some() => *value,
                    _ => return false,
                }
            }
            _ => value,
        };
        let ExprKind::Call { func, .. } = self.facts.expr(made).kind else { return false };
        matches!(self.infer.expr(self.file, func), Ty::Class(Class::Own(_)))
    }

    /// What is called: properties are read first.
    fn callee(&mut self, func: ExprId) -> Ty {
        self.infer.expr(self.file, func)
    }

    /// A call on a receiver nobody knows: the method of that name, if there is but one in the program.
    fn by_name(&mut self, expr: ExprId, func: ExprId) {
        let ExprKind::Attribute { value, attr } = self.facts.expr(func).kind else { return };
        let name = self.facts.name(attr);
        if name == "run_until_complete" {
            let path = SmolStr::new_static("asyncio.AbstractEventLoop.run_until_complete");
            if !self.is_awaited(expr) {
                self.push(expr, Happens::StartsLoop(path), Confidence::Likely);
            }
            return;
        }
        let from_outside = matches!(self.facts.expr(value).kind, ExprKind::Call { .. } | ExprKind::Await(_));
        if let Some(&def) = self.context.unique_methods.get(name)
            && !from_outside
            && !self.is_awaited(expr)
            && !self.context.world.scope(def).has_yield
        {
            self.push(expr, Happens::Runs(def), Confidence::Possible);
        }
    }

    fn targets(&mut self, callee: &Ty) -> Vec<Target> {
        let certain = |ty: Ty| Target { ty, confidence: Confidence::Certain };
        match callee {
            Ty::Function(def, receiver) => self.dispatch(*def, receiver.as_ref()),
            Ty::Wrapped { wrapper, inner } => {
                let mut all = vec![certain(Ty::Function(*wrapper, None))];
                match self.calls_wrapped(*wrapper) {
                    Some(true) => all.extend(self.targets(inner)),
                    Some(false) => all.extend(self.lowered(inner)),
                    None => {}
                }
                all
            }
            Ty::Opaque(inner) => self.lowered(inner),
            Ty::Partial(inner) => self.targets(inner),
            Ty::Class(Class::Own(class)) => {
                let names = ["__new__", "__init__", "__post_init__"];
                let methods = names.iter().filter_map(|n| self.infer.method(*class, n));
                methods.map(|def| certain(Ty::Function(def, None))).collect()
            }
            Ty::Instance(Class::Own(class)) => match self.infer.method(*class, "__call__") {
                Some(def) => self.dispatch(def, Some(&Class::Own(*class))),
                None => Vec::new(),
            },
            Ty::External(_) | Ty::Bridge(..) | Ty::Offloaded(_) => vec![certain(callee.clone())],
            Ty::Union(parts) => parts.iter().flat_map(|p| self.lowered(p)).collect(),
            _ => Vec::new(),
        }
    }

    fn lowered(&mut self, callee: &Ty) -> Vec<Target> {
        let mut targets = self.targets(callee);
        for target in &mut targets {
            target.confidence = target.confidence.min(Confidence::Likely);
        }
        targets
    }

    /// The functions a method call may run: the one found, or those that override it below the receiver's class.
    fn dispatch(&mut self, def: Def, receiver: Option<&Class>) -> Vec<Target> {
        let one = |def, confidence| Target { ty: Ty::Function(def, None), confidence };
        let Some(Class::Own(class)) = receiver else { return vec![one(def, Confidence::Certain)] };
        let name = self.context.world.name(def);
        let below = self.context.subclasses.get(class).map_or(&[][..], Vec::as_slice);
        let mut overriding: Vec<Def> = below.iter().filter_map(|c| self.own_method(*c, name)).collect();
        overriding.retain(|d| *d != def);
        overriding.sort_unstable();
        overriding.dedup();
        let is_abstract = self.infer.traits(def).is_abstract || self.infer.is_abstract(def);
        match (overriding.as_slice(), is_abstract) {
            ([], _) => vec![one(def, Confidence::Certain)],
            (_, false) => vec![one(def, Confidence::Likely)],
            ([only], true) => vec![one(*only, Confidence::Likely)],
            (several, true) if several.len() <= 3 => several.iter().map(|d| one(*d, Confidence::Possible)).collect(),
            _ => Vec::new(),
        }
    }

    fn own_method(&self, class: Def, name: &str) -> Option<Def> {
        let (world, file) = (self.context.world, class.file);
        let id = world.index_of(file).name(name)?;
        let bindings = world.index_of(file).bindings(world.facts(file), class.scope, id);
        bindings.rev().find_map(|b| match b.kind {
            BindingKind::Def(scope) => Some(Def { file, scope }),
            _ => None,
        })
    }

    /// Whether a decorator's wrapper calls the decorated function itself (and does not hand it over to a thread), and if
    /// so, always.
    fn calls_wrapped(&self, wrapper: Def) -> Option<bool> {
        let world = self.context.world;
        let facts = world.facts(wrapper.file);
        let calls = facts.exprs().filter(|(_, e)| match e.kind {
            ExprKind::Call { func, .. } => {
                facts.code_scope(e.scope) == wrapper.scope && self.infer.is_wrapped_function(wrapper, func)
            }
            _ => false,
        });
        calls.map(|(call, _)| !is_conditional(world, wrapper.file, call, wrapper.scope)).max()
    }

    fn run(&mut self, expr: ExprId, target: Target, args: Run, whole: Confidence) {
        let confidence = whole.min(target.confidence);
        match target.ty {
            Ty::Function(def, _) => self.run_function(expr, def, args, confidence),
            Ty::External(path) => self.external(expr, &path, args, confidence),
            Ty::Bridge(path, _) if !self.is_awaited(expr) => {
                self.push(expr, Happens::StartsLoop(path), confidence);
            }
            Ty::Offloaded(inner) => self.schedule(expr, &inner, RunsOn::Worker),
            _ => {}
        }
    }

    fn run_function(&mut self, expr: ExprId, def: Def, args: Run, confidence: Confidence) {
        let world = self.context.world;
        if self.infer.traits(def).is_overload {
            return;
        }
        let settings = &world.program.file(self.file).settings;
        let own = !settings.blocking_calls.is_empty()
            || !settings.offload_functions.is_empty()
            || !settings.loop_starters.is_empty();
        if own && self.by_settings(expr, &world.qualified_name(def), args, confidence) {
            return;
        }
        let lazy = world.scope(def).has_yield && !world.is_async(def);
        if !lazy || self.is_consumed(expr, def) {
            self.push(expr, Happens::Runs(def), confidence);
        }
    }

    /// What the project's settings say of a call by name; whether they say anything.
    fn by_settings(&mut self, expr: ExprId, name: &str, args: Run, confidence: Confidence) -> bool {
        let settings = self.context.world.program.file(self.file).settings.clone();
        let is = |listed: &str| listed == name || name.strip_suffix(listed).is_some_and(|head| head.ends_with('.'));
        if let Some(own) = settings.blocking_calls.iter().find(|b| is(&b.name)) {
            let facts =
                BlockingFacts { category: "project", confidence: Confidence::Certain, instead: own.instead.clone() };
            if !self.is_awaited(expr) {
                self.push(expr, Happens::Blocks(name.into(), facts), confidence);
            }
            return true;
        }
        if settings.loop_starters.iter().any(|s| is(s)) {
            self.push(expr, Happens::StartsLoop(name.into()), confidence);
            return true;
        }
        if let Some(offload) = settings.offload_functions.iter().find(|o| is(&o.name)) {
            if let Some(arg) = positional(self.facts, args, offload.argument as usize) {
                let ty = self.infer.expr(self.file, arg);
                self.schedule(expr, &ty, RunsOn::Worker);
            }
            return true;
        }
        false
    }

    fn external(&mut self, expr: ExprId, path: &SmolStr, args: Run, confidence: Confidence) {
        if self.by_settings(expr, path, args, confidence) {
            return;
        }
        let knowledge = self.context.world.knowledge;
        if let Some(offload) = knowledge.offload(path).filter(|o| o.kind != Kind::Wrapper) {
            if offload.runs_in != RunsIn::Greenlet {
                self.hand_over(expr, args, Some(offload.position), offload.keyword.as_deref(), RunsOn::Worker);
            }
            return;
        }
        if let Some(callback) = knowledge.callback(path) {
            let (position, keyword) = (callback.position, callback.keyword.as_deref());
            match callback.runs_on {
                CallbackRuns::Loop => self.hand_over(expr, args, position, keyword, RunsOn::Loop),
                CallbackRuns::Here => self.run_argument(expr, args, position, keyword, confidence),
                CallbackRuns::Lazily | CallbackRuns::Unknown => {}
            }
            return;
        }
        self.frameworks(expr, path, args);
        if !self.is_awaited(expr) {
            self.sink(expr, path, args, confidence);
        }
    }

    /// The functions that a framework is given here: the first row that speaks of one says where it runs.
    fn frameworks(&mut self, expr: ExprId, path: &str, args: Run) {
        let rows: Vec<_> = self.context.world.knowledge.contexts_by_argument(path).collect();
        let met = |c: &Context| c.with.as_ref().is_none_or(|w| holds(self.facts, args, w));
        let rows: Vec<_> = rows.into_iter().filter(|(c, _)| met(c)).collect();
        let mut seen = Vec::new();
        for (_, given) in &rows {
            let Some(arg) = argument(self.facts, args, given.position, given.keyword.as_deref()) else { continue };
            if seen.contains(&arg) {
                continue;
            }
            seen.push(arg);
            let ty = self.infer.expr(self.file, arg);
            for target in self.targets(&ty) {
                let Ty::Function(def, _) = target.ty else { continue };
                let is_async = self.context.world.is_async(def);
                let row = rows.iter().find(|(c, a)| {
                    (a.position, &a.keyword) == (given.position, &given.keyword) && speaks_of(c, is_async)
                });
                if let Some(on) = row.and_then(|(c, _)| place_of(c)) {
                    self.push(expr, Happens::Schedules(def, on), target.confidence);
                }
            }
        }
    }

    fn run_argument(
        &mut self,
        expr: ExprId,
        args: Run,
        position: Option<u32>,
        keyword: Option<&str>,
        confidence: Confidence,
    ) {
        let Some(arg) = argument(self.facts, args, position, keyword) else { return };
        let ty = self.infer.expr(self.file, arg);
        for target in self.lowered(&ty) {
            if let Ty::Function(def, _) = target.ty {
                self.push(expr, Happens::Runs(def), target.confidence.min(confidence));
            }
        }
    }

    fn sink(&mut self, expr: ExprId, path: &SmolStr, args: Run, confidence: Confidence) {
        let knowledge = self.context.world.knowledge;
        if let Some(starter) = knowledge.starter(path).filter(|s| matches!(s.kind, Kind::Function | Kind::Method)) {
            match starter.in_running_loop {
                InRunningLoop::Raises | InRunningLoop::Deadlocks if starter.only_in.is_empty() => {
                    self.push(expr, Happens::StartsLoop(path.clone()), confidence);
                }
                InRunningLoop::Raises | InRunningLoop::Deadlocks => {
                    self.push(expr, Happens::RefusesLoop(path.clone()), confidence);
                }
                InRunningLoop::Blocks | InRunningLoop::Ok => {}
            }
        } else if let Some(blocking) = knowledge.blocking(path) {
            self.blocking(expr, path, blocking, args, confidence);
        }
    }

    fn blocking(&mut self, expr: ExprId, path: &SmolStr, row: &Blocking, args: Run, confidence: Confidence) {
        let applies = matches!(row.kind, Kind::Function | Kind::Method | Kind::Constructor)
            && !row.unless.iter().any(|c| holds(self.facts, args, c))
            && row.when.iter().all(|c| holds(self.facts, args, c));
        let excused = match row.unless_receiver {
            Some(ReceiverState::NonBlocking) => self.is_non_blocking_socket(),
            Some(ReceiverState::InMemory) => {
                self.facts.exprs.iter().any(|e| matches!(&e.kind, ExprKind::Str(s) if s.contains(":memory:")))
            }
            Some(ReceiverState::Unbounded) => true,
            // Which futures are known to be done is not followed: a function that asks is taken to ask before it waits.
            Some(ReceiverState::Done) => self.asks_for_done(expr),
            None => false,
        };
        let waits =
            matches!(row.category, Category::Lock | Category::Queue | Category::ThreadJoin | Category::FutureResult);
        if applies && !excused && !(waits && self.asks_for_thread(expr)) {
            let sure = match row.severity {
                Severity::High => Confidence::Certain,
                Severity::Medium => Confidence::Likely,
                Severity::Low => Confidence::Possible,
            };
            let facts = BlockingFacts { category: category_name(row.category), confidence: sure, instead: None };
            self.push(expr, Happens::Blocks(path.clone(), facts), confidence);
        }
    }

    /// Whether the function around asks a future whether it is done, or waits for several in a way that does.
    fn asks_for_done(&self, expr: ExprId) -> bool {
        let own = self.facts.scope(run_scope(self.facts, self.facts.expr(expr).scope)).span;
        self.facts.exprs.iter().filter(|e| own.contains(e.span)).any(|e| match e.kind {
            ExprKind::Name(n) => matches!(self.facts.name(n), "as_completed"),
            ExprKind::Attribute { value, attr } => match self.facts.name(attr) {
                "done" | "as_completed" => true,
                "wait" => self.facts.dotted(value).is_some_and(|d| d.ends_with("futures")),
                _ => false,
            },
            _ => false,
        })
    }

    /// Whether the function around asks which thread it is on: it then waits only off the loop's.
    fn asks_for_thread(&self, expr: ExprId) -> bool {
        let own = self.facts.scope(run_scope(self.facts, self.facts.expr(expr).scope)).span;
        self.facts.exprs.iter().any(|e| match e.kind {
            ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => {
                matches!(self.facts.name(n), "get_ident" | "current_thread" | "main_thread" | "get_native_id")
                    && own.contains(e.span)
            }
            _ => false,
        })
    }

    /// Whether the file makes sockets non-blocking: which one is not followed.
    fn is_non_blocking_socket(&self) -> bool {
        self.facts.exprs().any(|(_, e)| {
            let ExprKind::Call { func, args } = e.kind else { return false };
            let ExprKind::Attribute { attr, .. } = self.facts.expr(func).kind else { return false };
            let value = self.facts.args(args).first().map(|a| &self.facts.expr(a.value).kind);
            match self.facts.name(attr) {
                "setblocking" => matches!(value, Some(ExprKind::Bool(false) | ExprKind::Int(0))),
                "settimeout" => matches!(value, Some(ExprKind::Int(0) | ExprKind::Number)),
                _ => false,
            }
        })
    }

    fn hand_over(&mut self, expr: ExprId, args: Run, position: Option<u32>, keyword: Option<&str>, on: RunsOn) {
        if let Some(arg) = argument(self.facts, args, position, keyword) {
            let ty = self.infer.expr(self.file, arg);
            self.schedule(expr, &ty, on);
        }
    }

    fn schedule(&mut self, expr: ExprId, ty: &Ty, on: RunsOn) {
        for target in self.targets(ty) {
            if let Ty::Function(def, _) = target.ty {
                self.push(expr, Happens::Schedules(def, on), target.confidence);
            }
        }
    }

    /// A property read runs its getter.
    fn attribute(&mut self, expr: ExprId, value: ExprId, attr: NameId) {
        if self.is_stored(expr) {
            return;
        }
        let receiver = self.infer.expr(self.file, value);
        if !receiver.parts().iter().any(|p| matches!(p, Ty::Instance(Class::Own(_)) | Ty::Super(_))) {
            return;
        }
        let member = self.infer.member(&receiver, self.facts.name(attr));
        let single = member.parts().len() == 1 && receiver.parts().len() == 1;
        for part in member.parts().to_vec() {
            if let Ty::Property(def, class) = part {
                for target in self.dispatch(def, Some(&class)) {
                    let confidence = if single { target.confidence } else { Confidence::Likely.min(target.confidence) };
                    if let Ty::Function(def, _) = target.ty {
                        self.push(expr, Happens::Runs(def), confidence);
                    }
                }
            }
        }
    }

    fn is_stored(&self, expr: ExprId) -> bool {
        let Parent::Stmt(stmt) = self.facts.expr(expr).parent else { return false };
        match &self.facts.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } => self.facts.list(*targets).contains(&expr),
            StmtKind::AnnAssign { target, .. } => *target == expr,
            StmtKind::Delete(targets) => self.facts.list(*targets).contains(&expr),
            _ => false,
        }
    }

    fn statement(&mut self, id: StmtId) {
        match &self.facts.stmt(id).kind {
            StmtKind::With { items, is_async: false, .. } => {
                for item in &self.facts.with_items[items.range()] {
                    self.special(item.context, &["__enter__", "__exit__"]);
                }
            }
            StmtKind::For { iter, is_async: false, .. } => self.special(*iter, &["__iter__"]),
            _ => {}
        }
    }

    /// The special methods that a statement runs on a value.
    fn special(&mut self, value: ExprId, names: &[&str]) {
        let ty = self.infer.expr(self.file, value);
        if let Ty::Instance(Class::Own(class)) = ty {
            for name in names {
                if let Some(def) = self.infer.method(class, name)
                    && !self.context.world.scope(def).has_yield
                {
                    self.push(value, Happens::Runs(def), Confidence::Certain);
                }
            }
        }
    }

    /// Decorators of the program run when the definition does.
    fn decorators(&mut self, scope: ScopeId) {
        for &decorator in self.facts.list(self.facts.scope(scope).decorators) {
            if matches!(self.facts.expr(decorator).kind, ExprKind::Call { .. }) {
                continue;
            }
            if let Ty::Function(def, _) = self.infer.expr(self.file, decorator)
                && !self.context.world.scope(def).has_yield
            {
                self.push(decorator, Happens::Runs(def), Confidence::Certain);
            }
        }
    }

    /// Whether the call is the operand of an `await`.
    fn is_awaited(&self, expr: ExprId) -> bool {
        match self.facts.expr(expr).parent {
            Parent::Expr(parent) => matches!(self.facts.expr(parent).kind, ExprKind::Await(_)),
            _ => false,
        }
    }

    /// Whether a generator made by calling `def` here is run here: iterated, entered, or given to something that
    /// exhausts it.
    fn is_consumed(&mut self, expr: ExprId, def: Def) -> bool {
        let enters = self.infer.traits(def).context_manager.is_some();
        match self.facts.expr(expr).parent {
            Parent::Stmt(stmt) if enters => matches!(self.facts.stmt(stmt).kind, StmtKind::With { .. }),
            _ => self.is_exhausted(expr),
        }
    }

    /// Whether an iterator made here is iterated here.
    fn is_exhausted(&self, expr: ExprId) -> bool {
        match self.facts.expr(expr).parent {
            Parent::Stmt(stmt) => match &self.facts.stmt(stmt).kind {
                StmtKind::For { iter, .. } => *iter == expr,
                StmtKind::Assign { targets, value } => {
                    let unpacks =
                        |t: &ExprId| matches!(self.facts.expr(*t).kind, ExprKind::Tuple(_) | ExprKind::List(_));
                    *value == expr && self.facts.list(*targets).iter().any(unpacks)
                }
                _ => false,
            },
            Parent::Scope(scope) => {
                self.facts.generators[self.facts.scope(scope).generators.range()].iter().any(|g| g.iter == expr)
            }
            Parent::Expr(parent) => match self.facts.expr(parent).kind {
                ExprKind::YieldFrom(_) | ExprKind::Starred(_) => true,
                ExprKind::Call { func, .. } => match self.facts.expr(func).kind {
                    ExprKind::Name(n) => EXHAUSTING.contains(&self.facts.name(n)),
                    ExprKind::Attribute { attr, .. } => matches!(self.facts.name(attr), "join" | "extend" | "fromkeys"),
                    _ => false,
                },
                _ => false,
            },
        }
    }
}

/// Whether an expression of the function `owner` may be passed by when the function runs: it stands in a branch, a loop,
/// a handler or behind `and`, or after a `return`.
fn is_conditional(world: &World<'_>, file: FileId, expr: ExprId, owner: ScopeId) -> bool {
    let facts = world.facts(file);
    let returns = world.index_of(file).returns.get(&owner).map_or(&[][..], Vec::as_slice);
    let at = facts.expr(expr).span;
    let after_return = |(s, _): &(StmtId, Option<ExprId>)| facts.stmt(*s).span.end <= at.start;
    if returns.iter().any(after_return) {
        return true;
    }
    let mut child = expr;
    let mut at = facts.expr(expr).parent;
    loop {
        match at {
            Parent::Expr(parent) => {
                match &facts.expr(parent).kind {
                    ExprKind::IfExp { test, .. } if *test != child => return true,
                    ExprKind::BoolOp { values, .. } if facts.list(*values).first() != Some(&child) => return true,
                    _ => {}
                }
                child = parent;
                at = facts.expr(parent).parent;
            }
            Parent::Scope(scope) => match facts.scope(scope).expr {
                Some(_) if scope == owner => return false,
                Some(_) if facts.scope(scope).kind != ScopeKind::Lambda => return true,
                _ => return false,
            },
            Parent::Stmt(stmt) => return is_in_branch(world, file, stmt, child),
        }
    }
}

fn is_in_branch(world: &World<'_>, file: FileId, stmt: StmtId, child: ExprId) -> bool {
    let facts = world.facts(file);
    let index = world.index_of(file);
    // A guard, or the pattern of a later case.
    if matches!(facts.stmt(stmt).kind, StmtKind::Match { subject, .. } if subject != child) {
        return true;
    }
    let mut at = stmt;
    while let Some(parent) = facts.stmt(at).parent {
        let always = matches!(&facts.stmt(parent).kind, StmtKind::While { test, .. }
            if matches!(facts.expr(*test).kind, ExprKind::Bool(true) | ExprKind::Int(1)));
        match index.slot(at) {
            Slot::Branch | Slot::Handler(_) | Slot::LoopElse => return true,
            Slot::LoopBody if !always => return true,
            _ => at = parent,
        }
    }
    false
}

/// The function, lambda or module whose code an expression of `scope` is: class bodies and comprehensions run in the
/// code around them.
pub fn run_scope(facts: &FileFacts, mut scope: ScopeId) -> ScopeId {
    loop {
        let s = facts.scope(scope);
        match (s.kind, s.parent) {
            (ScopeKind::Comprehension { .. } | ScopeKind::Class, Some(parent)) => scope = parent,
            _ => return scope,
        }
    }
}

/// The argument at a position from 0; none when stars come before it.
pub fn positional(facts: &FileFacts, args: Run, position: usize) -> Option<ExprId> {
    let args = facts.args(args);
    let before = args.iter().take(position + 1);
    if before.clone().any(|a| a.star != Star::No) {
        return None;
    }
    args.iter().filter(|a| a.name.is_none()).nth(position).map(|a| a.value)
}

/// The argument by keyword, else by position.
pub fn argument(facts: &FileFacts, args: Run, position: Option<u32>, keyword: Option<&str>) -> Option<ExprId> {
    let named = keyword
        .and_then(|k| facts.args(args).iter().find(|a| a.name.is_some_and(|n| facts.name(n) == k)).map(|a| a.value));
    named.or_else(|| position.and_then(|p| positional(facts, args, p as usize)))
}

/// Whether a condition on the arguments of a call holds.
pub fn holds(facts: &FileFacts, args: Run, condition: &Condition) -> bool {
    let value = argument(facts, args, condition.position, Some(&condition.arg));
    if let Some(given) = condition.given {
        return value.is_some() == given;
    }
    let Some(value) = value else { return false };
    if let Some(name) = &condition.mentions {
        let last = name.rsplit('.').next().unwrap_or_default();
        let span = facts.expr(value).span;
        return facts.exprs.iter().any(|e| {
            span.contains(e.span)
                && match e.kind {
                    ExprKind::Name(n) | ExprKind::Attribute { attr: n, .. } => facts.name(n) == last,
                    _ => false,
                }
        });
    }
    match (&condition.is, &facts.expr(value).kind) {
        (Some(Literal::Bool(wanted)), ExprKind::Bool(b)) => wanted == b,
        (Some(Literal::Bool(wanted)), ExprKind::Int(i)) => *wanted == (*i != 0),
        (Some(Literal::Int(wanted)), ExprKind::Int(i)) => wanted == i,
        (Some(Literal::Text(wanted)), ExprKind::None) => wanted == "None",
        (Some(Literal::Text(wanted)), ExprKind::Str(s)) => wanted == s,
        _ => false,
    }
}

/// Whether a context row speaks of async, or of plain, functions.
pub fn speaks_of(context: &Context, is_async: bool) -> bool {
    match context.function {
        FunctionKind::Async => is_async,
        FunctionKind::Sync => !is_async,
        FunctionKind::Any => true,
    }
}

/// Where a framework runs what a context row speaks of; none where it is the caller's thread, or never run.
pub fn place_of(context: &Context) -> Option<RunsOn> {
    match context.runs_on {
        ContextRuns::Loop | ContextRuns::OwnLoop => Some(RunsOn::Loop),
        ContextRuns::Worker | ContextRuns::Process => Some(RunsOn::Worker),
        ContextRuns::Caller | ContextRuns::Never => None,
    }
}

/// A category as the configuration and the queries spell it.
pub fn category_name(category: Category) -> &'static str {
    match category {
        Category::Sleep => "sleep",
        Category::Http => "http",
        Category::Socket => "socket",
        Category::Dns => "dns",
        Category::Db => "db",
        Category::Cloud => "cloud",
        Category::Subprocess => "subprocess",
        Category::Input => "input",
        Category::File => "file",
        Category::Cpu => "cpu",
        Category::Lock => "lock",
        Category::Queue => "queue",
        Category::ThreadJoin => "thread-join",
        Category::FutureResult => "future-result",
    }
}

/// Methods by name where the program has exactly one, and no well-known class has a method of that name.
pub fn unique_methods(world: &World<'_>) -> FxHashMap<SmolStr, Def> {
    let mut seen: FxHashMap<SmolStr, Option<Def>> = FxHashMap::default();
    let plain: FxHashSet<&str> = COMMON.iter().copied().collect();

    for file in world.program.ids() {
        let facts = world.facts(file);
        for &method in world.index_of(file).method_class.keys() {
            let name = facts.name(facts.scope(method).name);
            if name.starts_with("__") || plain.contains(name) || name.len() < 5 {
                continue;
            }
            let def = Def { file, scope: method };
            seen.entry(name.into()).and_modify(|d| *d = None).or_insert(Some(def));
        }
    }
    seen.into_iter().filter_map(|(name, def)| def.map(|d| (name, d))).collect()
}

/// Builtins that iterate their argument at once.
const EXHAUSTING: &[&str] =
    &["list", "tuple", "set", "frozenset", "sum", "any", "all", "sorted", "next", "dict", "max", "min", "bytes"];

/// Names of methods that objects of many libraries have.
const COMMON: &[&str] = &[
    "append",
    "apply",
    "build",
    "cancel",
    "check",
    "clear",
    "close",
    "commit",
    "configure",
    "connect",
    "copy",
    "count",
    "create",
    "debug",
    "decode",
    "delete",
    "detach",
    "disconnect",
    "dispatch",
    "dispose",
    "encode",
    "error",
    "execute",
    "extend",
    "fetch",
    "filter",
    "finish",
    "flush",
    "format",
    "fromkeys",
    "handle",
    "index",
    "insert",
    "invoke",
    "items",
    "parse",
    "process",
    "publish",
    "query",
    "refresh",
    "register",
    "release",
    "reload",
    "remove",
    "render",
    "replace",
    "reset",
    "resolve",
    "restart",
    "result",
    "resume",
    "rollback",
    "search",
    "setdefault",
    "setup",
    "shutdown",
    "split",
    "start",
    "startswith",
    "status",
    "strip",
    "submit",
    "subscribe",
    "terminate",
    "update",
    "upload",
    "validate",
    "values",
    "warning",
    "write",
];
