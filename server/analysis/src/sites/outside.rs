//! Calls of what is outside the program: what the knowledge and the project's settings say of them.

use super::{BlockingFacts, Happens, SiteFinder, run_scope};
use crate::finding::Confidence;
use crate::knowledge::{
    Blocking, CallbackRuns, Category, Condition, InRunningLoop, Kind, Literal, ReceiverState, RunsIn, Severity,
};
use crate::settings::RunsOn;
use crate::types::Ty;
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

impl SiteFinder<'_> {
    /// What the project's settings say of a call by name; whether they say anything.
    pub(super) fn by_settings(&mut self, expr: ExprId, name: &str, args: Run, confidence: Confidence) -> bool {
        let settings = self.context.world.program.file(self.file).settings.clone();
        let knowledge = self.context.world.knowledge;
        // A setting may use any path that the name can be imported from.
        let is = |listed: &str| {
            let listed = &*knowledge.canonical(listed);
            listed == name || name.strip_suffix(listed).is_some_and(|head| head.ends_with('.'))
        };
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

    pub(super) fn external(&mut self, expr: ExprId, path: &SmolStr, args: Run, confidence: Confidence) {
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
        self.given_by_name(expr, path, args);
        if !self.is_awaited(expr) || self.raises_anyway(path, confidence) {
            self.sink(expr, path, args, confidence);
        }
    }

    /// Whether a call that is awaited raises before there is anything to await: a function that starts a loop is no other function of that
    /// name where the very function is known.
    fn raises_anyway(&self, path: &str, confidence: Confidence) -> bool {
        let starter = self.context.world.knowledge.starter(path).filter(|starter| starter.kind == Kind::Function);
        let raises = starter.is_some_and(|starter| starter.in_running_loop == InRunningLoop::Raises);
        raises && confidence == Confidence::Certain
    }

    pub(super) fn run_argument(
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

    pub(super) fn sink(&mut self, expr: ExprId, path: &SmolStr, args: Run, confidence: Confidence) {
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

    pub(super) fn blocking(&mut self, expr: ExprId, path: &SmolStr, row: &Blocking, args: Run, confidence: Confidence) {
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
        // Nobody else can hold a lock that was just made.
        let fresh = row.category == Category::Lock
            && matches!(self.facts.expr(expr).kind, ExprKind::Call { func, .. } if self.maker(func).is_some());
        let excused = excused || fresh || waits && self.asks_for_thread(expr);
        if applies && !excused {
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
    pub(super) fn asks_for_done(&self, expr: ExprId) -> bool {
        if !self.mentions(&["done", "as_completed", "wait"]) {
            return false;
        }
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
    pub(super) fn asks_for_thread(&self, expr: ExprId) -> bool {
        if !self.mentions(&["get_ident", "current_thread", "main_thread", "get_native_id"]) {
            return false;
        }
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
    pub(super) fn is_non_blocking_socket(&self) -> bool {
        if !self.mentions(&["setblocking", "settimeout"]) {
            return false;
        }
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

    pub(super) fn hand_over(
        &mut self,
        expr: ExprId,
        args: Run,
        position: Option<u32>,
        keyword: Option<&str>,
        on: RunsOn,
    ) {
        if let Some(arg) = argument(self.facts, args, position, keyword) {
            let ty = self.infer.expr(self.file, arg);
            self.schedule(expr, &ty, on);
        }
    }

    pub(super) fn schedule(&mut self, expr: ExprId, ty: &Ty, on: RunsOn) {
        for target in self.targets(ty) {
            if let Ty::Function(def, _) = target.ty {
                self.push(expr, Happens::Schedules(def, on), target.confidence);
            }
        }
    }
}

/// The argument at a position from 0; none when stars come before it.
pub(super) fn positional(facts: &FileFacts, args: Run, position: usize) -> Option<ExprId> {
    let args = facts.args(args);
    let before = args.iter().take(position + 1);
    if before.clone().any(|a| a.star != Star::No) {
        return None;
    }
    args.iter().filter(|a| a.name.is_none()).nth(position).map(|a| a.value)
}

/// The argument by keyword, else by position.
pub(crate) fn argument(facts: &FileFacts, args: Run, position: Option<u32>, keyword: Option<&str>) -> Option<ExprId> {
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

/// A category as the configuration and the queries spell it.
pub(super) fn category_name(category: Category) -> &'static str {
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
