//! One pass over a scope before it is interpreted: which variables it has, and what in it matters for the loop.

use super::oracle::{CallMeaning, FlagMeaning, Oracle};
use super::walk;
use asyncwise_syntax::facts::{
    BindingKind, Block, ExprId, ExprKind, FileFacts, ImportId, NameId, Parent, ScopeId, ScopeKind, StmtId, StmtKind,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// A variable: index into an environment.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place(pub(super) u32);

/// The two places of an attribute of `self`: what it holds now, which other methods may change, and what was assigned
/// to it last.
#[derive(Copy, Clone, Debug)]
pub(super) struct AttributePlaces {
    pub(super) now: Place,
    pub(super) assigned: Place,
}

/// The highest and lowest id that a scope uses, as a range.
#[derive(Copy, Clone, Debug)]
pub(super) struct IdRange {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl IdRange {
    const EMPTY: Self = Self { start: u32::MAX, end: 0 };
    fn include(&mut self, id: u32) {
        self.start = self.start.min(id);
        self.end = self.end.max(id + 1);
    }
}

/// What the pass found.
pub(super) struct Scan {
    pub(super) scope: ScopeId,
    pub(super) self_name: Option<NameId>,
    locals: FxHashMap<NameId, Place>,
    pub(super) imports: FxHashMap<ImportId, Place>,
    pub(super) attributes: FxHashMap<NameId, AttributePlaces>,
    /// Variables that any call may change: `global`, `nonlocal`, and those a nested function declares `nonlocal`.
    pub(super) shared: Vec<Place>,
    /// One place for each level of nested `try`: the exception being handled, or what a `finally` goes on with.
    pub(super) hidden: Vec<Place>,
    pub(super) places: u32,
    pub(super) calls: FxHashMap<ExprId, CallMeaning>,
    pub(super) flags: FxHashMap<ExprId, FlagMeaning>,
    pub(super) exprs: IdRange,
    pub(super) stmts: IdRange,
    /// Expressions and statements.
    pub(super) size: u32,
}

impl Scan {
    /// Whether anything in the scope tells something about the loop.
    pub(super) fn matters(&self) -> bool {
        !self.flags.is_empty() || self.calls.values().any(|meaning| *meaning != CallMeaning::Makes)
    }
    /// The place of a name as this scope sees it.
    pub(super) fn local(&self, facts: &FileFacts, expr: ExprId, name: NameId) -> Option<Place> {
        let mut at = facts.expr(expr).scope;
        // A comprehension's own variables are not the function's.
        while at != self.scope {
            if !matches!(facts.scope(at).kind, ScopeKind::Comprehension { .. })
                || facts.bindings_of(at).iter().any(|b| b.name == name)
            {
                return None;
            }
            at = facts.scope(at).parent?;
        }
        self.place_of(name)
    }
    /// The place of a name bound in this scope.
    pub(super) fn place_of(&self, name: NameId) -> Option<Place> {
        self.locals.get(&name).copied()
    }
    /// The attribute of `self` that an expression is.
    pub(super) fn self_attribute(&self, facts: &FileFacts, expr: ExprId) -> Option<(NameId, AttributePlaces)> {
        let ExprKind::Attribute { value, attr } = facts.expr(expr).kind else { return None };
        let ExprKind::Name(receiver) = facts.expr(value).kind else { return None };
        (Some(receiver) == self.self_name).then(|| self.attributes.get(&attr).map(|p| (attr, *p)))?
    }
    /// The place of a name or attribute of `self`.
    pub(super) fn place(&self, facts: &FileFacts, expr: ExprId) -> Option<Place> {
        match facts.expr(expr).kind {
            ExprKind::Name(name) => self.local(facts, expr, name),
            ExprKind::Attribute { .. } => self.self_attribute(facts, expr).map(|(_, p)| p.now),
            ExprKind::Named { target, .. } => self.place(facts, target),
            _ => None,
        }
    }
}

/// Looks through a scope, asking the oracle about each of its calls and attributes.
pub(super) fn scan(facts: &FileFacts, scope: ScopeId, oracle: &dyn Oracle) -> Scan {
    let result = Scan {
        scope,
        self_name: self_name(facts, scope),
        locals: FxHashMap::default(),
        imports: FxHashMap::default(),
        attributes: FxHashMap::default(),
        shared: Vec::new(),
        hidden: Vec::new(),
        places: 0,
        calls: FxHashMap::default(),
        flags: FxHashMap::default(),
        exprs: IdRange::EMPTY,
        stmts: IdRange::EMPTY,
        size: 0,
    };
    let mut scanner =
        Scanner { facts, oracle, result, work: Vec::new(), free: FxHashSet::default(), has_nested: false };
    scanner.bind_names();
    scanner.roots();
    scanner.run();
    scanner.share_names();
    scanner.result
}

/// The name of a method's first parameter; in a function inside a method `self` is the one of the method.
fn self_name(facts: &FileFacts, scope: ScopeId) -> Option<NameId> {
    let s = facts.scope(scope);
    let in_class = s.parent.is_some_and(|p| facts.scope(p).kind == ScopeKind::Class);
    if in_class && matches!(s.kind, ScopeKind::Function { .. }) {
        return facts.params_of(scope).first().map(|p| p.name);
    }
    let mut outer = s.parent;
    while let Some(at) = outer {
        if facts.scope(at).parent.is_some_and(|p| facts.scope(p).kind == ScopeKind::Class) {
            let first = facts.params_of(at).first()?.name;
            let rebound = facts.bindings_of(scope).iter().any(|b| b.name == first);
            return (!rebound && matches!(facts.name(first), "self" | "cls")).then_some(first);
        }
        outer = facts.scope(at).parent;
    }
    None
}

enum Work {
    Expr(ExprId),
    Stmt(StmtId, u32),
}

struct Scanner<'a> {
    facts: &'a FileFacts,
    oracle: &'a dyn Oracle,
    result: Scan,
    work: Vec<Work>,
    free: FxHashSet<NameId>,
    has_nested: bool,
}

impl Scanner<'_> {
    fn new_place(&mut self) -> Place {
        self.result.places += 1;
        Place(self.result.places - 1)
    }
    fn bind(&mut self, name: NameId) -> Place {
        if let Some(&place) = self.result.locals.get(&name) {
            return place;
        }
        let place = self.new_place();
        self.result.locals.insert(name, place);
        place
    }
    fn bind_names(&mut self) {
        for b in self.facts.bindings_of(self.result.scope) {
            let place = self.bind(b.name);
            if let BindingKind::Import(import) = b.kind {
                self.result.imports.insert(import, place);
            }
        }
    }
    fn roots(&mut self) {
        let s = self.facts.scope(self.result.scope);
        self.push_block(s.body, 0);
        if matches!(s.kind, ScopeKind::Lambda | ScopeKind::Comprehension { .. }) {
            self.work.extend(self.facts.list(s.body_exprs).iter().map(|e| Work::Expr(*e)));
        }
    }
    fn push_block(&mut self, block: Block, tries: u32) {
        self.work.extend(self.facts.block(block).iter().map(|s| Work::Stmt(*s, tries)));
    }
    fn run(&mut self) {
        while let Some(work) = self.work.pop() {
            self.result.size += 1;
            match work {
                Work::Expr(expr) => self.expr(expr),
                Work::Stmt(stmt, tries) => self.stmt(stmt, tries),
            }
        }
    }
    fn stmt(&mut self, stmt: StmtId, mut tries: u32) {
        self.result.stmts.include(stmt.0);
        let facts = self.facts;
        match &facts.stmt(stmt).kind {
            StmtKind::Try { .. } => {
                if self.result.hidden.len() as u32 == tries {
                    let place = self.new_place();
                    self.result.hidden.push(place);
                }
                tries += 1;
            }
            StmtKind::FunctionDef(_) => self.has_nested = true,
            _ => {}
        }
        walk::stmt_exprs(facts, stmt, &mut |e| self.work.push(Work::Expr(e)));
        facts.for_each_block(&facts.stmt(stmt).kind, |b| self.push_block(b, tries));
    }
    fn expr(&mut self, expr: ExprId) {
        self.result.exprs.include(expr.0);
        let facts = self.facts;
        match &facts.expr(expr).kind {
            ExprKind::Call { .. } => match self.oracle.call(expr) {
                CallMeaning::Other => {}
                meaning => _ = self.result.calls.insert(expr, meaning),
            },
            ExprKind::Attribute { value, attr } => self.attribute(expr, *value, *attr),
            ExprKind::Name(name) => self.free_name(expr, *name),
            _ => {}
        }
        walk::children(facts, expr, &mut |e| self.work.push(Work::Expr(e)));
    }
    /// A name that the scope does not bind is a variable only where it is tested.
    fn free_name(&mut self, expr: ExprId, name: NameId) {
        let is_bound = self.result.locals.contains_key(&name) && !self.free.contains(&name);
        if !is_bound && is_tested(self.facts, expr) {
            self.flag(expr);
            self.bind(name);
            self.free.insert(name);
        }
    }
    fn attribute(&mut self, expr: ExprId, value: ExprId, attr: NameId) {
        self.flag(expr);
        let receiver = match self.facts.expr(value).kind {
            ExprKind::Name(receiver) => Some(receiver),
            _ => None,
        };
        if receiver.is_some() && receiver == self.result.self_name && !self.result.attributes.contains_key(&attr) {
            let places = AttributePlaces { now: self.new_place(), assigned: self.new_place() };
            self.result.attributes.insert(attr, places);
        }
    }
    fn flag(&mut self, expr: ExprId) {
        if let Some(flag) = self.oracle.attribute_flag(expr) {
            self.result.flags.insert(expr, flag);
        }
    }
    /// Finds the variables that code outside this scope may change.
    fn share_names(&mut self) {
        let facts = self.facts;
        let own = facts.scope(self.result.scope);
        let mut shared: FxHashSet<NameId> = facts.name_lists[own.globals.range()].iter().copied().collect();
        shared.extend(&facts.name_lists[own.nonlocals.range()]);
        if self.has_nested {
            let nested = facts.scopes.iter().filter(|s| !s.nonlocals.is_empty() && own.span.contains(s.span));
            shared.extend(nested.flat_map(|s| &facts.name_lists[s.nonlocals.range()]));
        }
        if own.kind == ScopeKind::Module {
            let functions = facts.scopes.iter().filter(|s| !s.globals.is_empty());
            shared.extend(functions.flat_map(|s| &facts.name_lists[s.globals.range()]));
        }
        shared.extend(&self.free);
        let places = self.result.locals.iter();
        self.result.shared = places.filter(|(n, _)| shared.contains(n)).map(|(_, p)| *p).collect();
        self.result.shared.sort_unstable_by_key(|p| p.0);
    }
}

/// Whether an expression stands in a condition, so that its outcome tells something about it.
fn is_tested(facts: &FileFacts, expr: ExprId) -> bool {
    match facts.expr(expr).parent {
        Parent::Expr(parent) => match &facts.expr(parent).kind {
            ExprKind::Not(_) | ExprKind::BoolOp { .. } | ExprKind::Compare { .. } => true,
            ExprKind::IfExp { test, .. } => *test == expr,
            _ => false,
        },
        Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
            StmtKind::If { test, .. } | StmtKind::While { test, .. } | StmtKind::Assert { test, .. } => *test == expr,
            StmtKind::Match { subject, .. } => *subject == expr,
            _ => false,
        },
        Parent::Scope(_) => false,
    }
}
