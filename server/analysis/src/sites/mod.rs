//! What happens at each place of a file: which functions of the program run there, which known outside calls.
//!
//! A pure function of one file, given what other files offer: an edit inside a function changes only its file's sites.

mod calls;
mod frameworks;
mod order;
mod outside;
mod whole;

pub(crate) use calls::{find_calls_wrapped, find_own_method};

pub(crate) use order::is_conditional;
pub(crate) use outside::argument;
pub use outside::holds;
pub use whole::{Share, Whole};

use crate::finding::{Confidence, FileId};
use crate::flow::StateSet;
use crate::graph::Root;
use crate::infer::{Infer, Keeping, World};
use crate::program::Origin;
use crate::settings::RunsOn;
use crate::states::Flows;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
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
    /// This function of the program, whose code it is, raises because a loop runs.
    Refuses(Def),
    /// This function is handed over to be run elsewhere.
    Schedules(Def, RunsOn),
}

impl Happens {
    /// The function of the program that runs.
    pub fn runs(&self) -> Option<Def> {
        match self {
            Happens::Runs(def) => Some(*def),
            _ => None,
        }
    }
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
    /// A RuntimeError that comes from here is handled as the sign of a running loop, and something else is done.
    pub attempted: bool,
}

/// Which classes of the program come below a class.
pub type Subclasses = FxHashMap<Def, Vec<Def>>;

/// What the sites of a file are found with.
pub struct SiteContext<'a> {
    /// Names and types.
    pub world: &'a World,
    /// What only the whole program tells.
    pub whole: &'a Whole,
}

impl SiteContext<'_> {
    /// The classes below a class, for a call in `reader`.
    fn below(&self, reader: FileId, class: Def) -> &[Def] {
        if self.world.keeping == Keeping::Readers {
            self.whole.note_class(class, reader);
        }
        self.whole.below(class)
    }

    /// The method that a bare name is enough to find, for a call in `reader`.
    fn unique_method(&self, reader: FileId, name: &str) -> Option<Def> {
        if self.world.program.file(reader).origin == Origin::Dependency {
            return None;
        }
        if self.world.keeping == Keeping::Readers {
            self.whole.note_name(name, reader);
        }
        self.whole.unique_method(name)
    }
}

/// Finds the sites of one file, in the order of its expressions. States are filled in later, by flow.
pub(crate) struct SiteFinder<'a> {
    context: &'a SiteContext<'a>,
    /// Types, shared with what runs after.
    pub infer: Infer<'a>,
    file: FileId,
    facts: &'a FileFacts,
    /// Loop states, shared with what runs after.
    pub flows: Flows<'a>,
    /// Whether a loop ran where what is called was made, if that is what decides which function it is.
    made_running: Option<bool>,
    sites: Vec<Site>,
    /// Functions that frameworks are given here and run in a way of their own (at start-up, on a loop for each call).
    pub(crate) entered: Vec<(Def, Root)>,
}

impl<'a> SiteFinder<'a> {
    /// For the sites of `file`.
    pub(crate) fn new(context: &'a SiteContext<'a>, file: FileId) -> Self {
        let facts = context.world.facts(file);
        let flows = Flows::new(context.world, file);
        let infer = Infer::new(context.world);
        let (sites, entered) = (Vec::new(), Vec::new());
        Self { context, infer, file, facts, flows, made_running: None, sites, entered }
    }

    /// All sites of the file.
    pub(crate) fn find(&mut self) -> Vec<Site> {
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

    pub(super) fn push(&mut self, expr: ExprId, happens: Happens, confidence: Confidence) {
        if self.is_left_lazy(expr) || self.is_maybe_awaited(expr) {
            return;
        }
        let owner = run_scope(self.facts, self.facts.expr(expr).scope);
        let conditional = is_conditional(self.context.world, self.file, expr, owner);
        let states = self.made_running.map_or(StateSet::ALL, |runs| StateSet::UNKNOWN.given(runs));
        self.sites.push(Site { expr, owner, happens, confidence, conditional, states, attempted: false });
    }

    /// A property read runs its getter.
    pub(super) fn attribute(&mut self, expr: ExprId, value: ExprId, attr: NameId) {
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

    pub(super) fn is_stored(&self, expr: ExprId) -> bool {
        let Parent::Stmt(stmt) = self.facts.expr(expr).parent else { return false };
        match &self.facts.stmt(stmt).kind {
            StmtKind::Assign { targets, .. } => self.facts.list(*targets).contains(&expr),
            StmtKind::AnnAssign { target, .. } => *target == expr,
            StmtKind::Delete(targets) => self.facts.list(*targets).contains(&expr),
            _ => false,
        }
    }

    pub(super) fn statement(&mut self, id: StmtId) {
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
    pub(super) fn special(&mut self, value: ExprId, names: &[&str]) {
        let ty = self.infer.expr(self.file, value);
        if let Ty::Instance(Class::Own(class)) = ty {
            for name in names {
                if let Some(def) = self.infer.method(class, name)
                    && !self.context.world.has_yield(def)
                {
                    self.push(value, Happens::Runs(def), Confidence::Certain);
                }
            }
        }
    }

    /// Decorators of the program run when the definition does.
    pub(super) fn decorators(&mut self, scope: ScopeId) {
        for &decorator in self.facts.list(self.facts.scope(scope).decorators) {
            if matches!(self.facts.expr(decorator).kind, ExprKind::Call { .. }) {
                continue;
            }
            if let Ty::Function(def, _) = self.infer.expr(self.file, decorator)
                && !self.context.world.has_yield(def)
            {
                self.push(decorator, Happens::Runs(def), Confidence::Certain);
            }
        }
    }

    /// Whether the call is the operand of an `await`.
    pub(super) fn is_awaited(&self, expr: ExprId) -> bool {
        match self.facts.expr(expr).parent {
            Parent::Expr(parent) => matches!(self.facts.expr(parent).kind, ExprKind::Await(_)),
            _ => false,
        }
    }
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
