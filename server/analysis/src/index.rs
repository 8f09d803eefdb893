//! Look-ups over the facts of one file: who binds a name, which bindings reach a use, what a class has.

use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// An assignment to an attribute of the instance: `self.attr = value` or `self.attr: T = value`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct AttributeDef {
    /// The value, unless only annotated or taken apart.
    pub value: Option<ExprId>,
    /// The annotation.
    pub annotation: Option<ExprId>,
    /// The method that assigns.
    pub method: ScopeId,
    /// The statement.
    pub stmt: StmtId,
}

/// Which block of its parent a statement stands in.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Slot {
    /// A function's, class's or module's own block.
    Top,
    /// A branch of `if` or `match`.
    Branch,
    /// A loop's body.
    LoopBody,
    /// A `with` body.
    With,
    /// A guarded block.
    Try,
    /// A handler, by its place among the file's handlers.
    Handler(u32),
    /// `else` of a `try`.
    TryElse,
    /// `finally`.
    Finally,
    /// `else` of a loop.
    LoopElse,
}

/// What can be looked up in one file.
#[derive(Clone, Debug, Default)]
pub struct FileIndex {
    by_name: FxHashMap<(ScopeId, NameId), Vec<u32>>,
    names: FxHashMap<smol_str::SmolStr, NameId>,
    prev: Vec<Option<StmtId>>,
    slot: Vec<Slot>,
    attributes: FxHashMap<ScopeId, FxHashMap<NameId, Vec<AttributeDef>>>,
    /// Imports with a star, of the module.
    pub star_imports: Vec<ImportId>,
    /// Modules that the module imports by `import a.b` without another name.
    pub imported: FxHashSet<smol_str::SmolStr>,
    /// First parts of all modules that are imported anywhere in the file.
    pub packages: FxHashSet<smol_str::SmolStr>,
    /// The names in `__all__`, when it is written as a list of strings.
    pub all: Option<Vec<smol_str::SmolStr>>,
    /// The `return` values of each function; `None` is a bare `return`.
    pub returns: FxHashMap<ScopeId, Vec<(StmtId, Option<ExprId>)>>,
    /// The class around each method, by method.
    pub method_class: FxHashMap<ScopeId, ScopeId>,
}

impl FileIndex {
    /// The index of a file.
    pub fn new(facts: &FileFacts) -> Self {
        let mut index = FileIndex {
            prev: vec![None; facts.stmts.len()],
            slot: vec![Slot::Top; facts.stmts.len()],
            ..FileIndex::default()
        };
        index.names = facts.names.iter().enumerate().map(|(i, n)| (n.clone(), NameId(i as u32))).collect();
        for (id, scope) in facts.scopes() {
            for i in scope.bindings.range() {
                index.by_name.entry((id, facts.bindings[i].name)).or_default().push(i as u32);
            }
            index.link(facts, scope.body, Slot::Top);
            if let (ScopeKind::Function { .. }, Some(parent)) = (scope.kind, scope.parent)
                && facts.scope(parent).kind == ScopeKind::Class
            {
                index.method_class.insert(id, parent);
            }
        }
        for i in 0..facts.stmts.len() {
            index.statement(facts, StmtId(i as u32));
        }
        index.star_imports =
            (0..facts.imports.len() as u32).map(ImportId).filter(|i| facts.import(*i).what == Imported::Star).collect();
        for import in &facts.imports {
            index.packages.insert(import.module.split('.').next().unwrap_or_default().into());
            if import.scope == ScopeId::MODULE
                && !import.type_checking
                && import.what == Imported::Module
                && import.alias.is_none()
            {
                // `import a.b` gives `a` as well.
                let parts = import.module.match_indices('.').map(|(i, _)| i).chain([import.module.len()]);
                index.imported.extend(parts.map(|end| import.module[..end].into()));
            }
        }
        index.all = index.explicit_all(facts);
        index
    }

    fn link(&mut self, facts: &FileFacts, block: Block, slot: Slot) {
        let mut prev = None;
        for &stmt in facts.block(block) {
            self.prev[stmt.index()] = prev;
            self.slot[stmt.index()] = slot;
            prev = Some(stmt);
        }
    }

    fn statement(&mut self, facts: &FileFacts, id: StmtId) {
        match &facts.stmt(id).kind {
            StmtKind::If { body, orelse, .. } => {
                self.link(facts, *body, Slot::Branch);
                self.link(facts, *orelse, Slot::Branch);
            }
            StmtKind::While { body, orelse, .. } | StmtKind::For { body, orelse, .. } => {
                self.link(facts, *body, Slot::LoopBody);
                self.link(facts, *orelse, Slot::LoopElse);
            }
            StmtKind::With { body, .. } => self.link(facts, *body, Slot::With),
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                self.link(facts, *body, Slot::Try);
                for h in handlers.range() {
                    self.link(facts, facts.handlers[h].body, Slot::Handler(h as u32));
                }
                self.link(facts, *orelse, Slot::TryElse);
                self.link(facts, *finalbody, Slot::Finally);
            }
            StmtKind::Match { cases, .. } => {
                for case in &facts.cases[cases.range()] {
                    self.link(facts, case.body, Slot::Branch);
                }
            }
            StmtKind::Return(value) => {
                let scope = facts.stmt(id).scope;
                self.returns.entry(scope).or_default().push((id, *value));
            }
            StmtKind::Assign { targets, value } => {
                for &target in facts.list(*targets) {
                    self.attribute(facts, id, target, Some(*value), None);
                }
            }
            StmtKind::AnnAssign { target, annotation, value } => {
                self.attribute(facts, id, *target, *value, Some(*annotation));
            }
            _ => {}
        }
    }

    fn attribute(
        &mut self,
        facts: &FileFacts,
        stmt: StmtId,
        target: ExprId,
        value: Option<ExprId>,
        annotation: Option<ExprId>,
    ) {
        match &facts.expr(target).kind {
            ExprKind::Attribute { value: receiver, attr } => {
                let ExprKind::Name(name) = facts.expr(*receiver).kind else { return };
                let method = facts.code_scope(facts.expr(target).scope);
                let Some(class) = self.self_class(facts, method, name) else { return };
                let def = AttributeDef { value, annotation, method, stmt };
                self.attributes.entry(class).or_default().entry(*attr).or_default().push(def);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                let values = match value.map(|v| &facts.expr(v).kind) {
                    Some(ExprKind::Tuple(v)) if v.0.len == items.0.len => Some(facts.list(*v)),
                    _ => None,
                };
                for (i, &item) in facts.list(*items).iter().enumerate() {
                    self.attribute(facts, stmt, item, values.map(|v| v[i]), None);
                }
            }
            _ => {}
        }
    }

    /// The class whose instance `name` is in `method`: its first parameter, in a method that is not static; nested
    /// functions see the method's.
    pub fn self_class(&self, facts: &FileFacts, mut method: ScopeId, name: NameId) -> Option<ScopeId> {
        loop {
            if facts.params_of(method).iter().any(|p| p.name == name) {
                let class = *self.method_class.get(&method)?;
                let first = facts.params_of(method).first()?;
                return (first.name == name && first.star == Star::No).then_some(class);
            }
            if self.by_name.contains_key(&(method, name)) {
                return None;
            }
            method = facts.scope(method).parent?;
        }
    }

    fn explicit_all(&self, facts: &FileFacts) -> Option<Vec<smol_str::SmolStr>> {
        let mut names = Vec::new();
        let mut found = false;
        for binding in self.bindings(facts, ScopeId::MODULE, self.name("__all__")?) {
            let (BindingKind::Assign { value, .. } | BindingKind::Augmented(value)) = binding.kind else { return None };
            let (ExprKind::List(items) | ExprKind::Tuple(items)) = &facts.expr(value).kind else { return None };
            found = true;
            for &item in facts.list(*items) {
                if let ExprKind::Str(s) = &facts.expr(item).kind {
                    names.push(s.clone());
                }
            }
        }
        found.then_some(names)
    }

    /// The id of an identifier that occurs in the file.
    pub fn name(&self, name: &str) -> Option<NameId> {
        self.names.get(name).copied()
    }

    /// The bindings of a name in a scope, in source order.
    pub fn bindings<'a>(
        &'a self,
        facts: &'a FileFacts,
        scope: ScopeId,
        name: NameId,
    ) -> impl DoubleEndedIterator<Item = &'a Binding> {
        let ids = self.by_name.get(&(scope, name)).map_or(&[][..], Vec::as_slice);
        ids.iter().map(move |&i| &facts.bindings[i as usize])
    }

    /// Whether a scope binds a name.
    pub fn binds(&self, scope: ScopeId, name: NameId) -> bool {
        self.by_name.contains_key(&(scope, name))
    }

    /// The assignments to attributes of a class's instances.
    pub fn attributes(&self, class: ScopeId, attr: NameId) -> &[AttributeDef] {
        self.attributes.get(&class).and_then(|a| a.get(&attr)).map_or(&[], Vec::as_slice)
    }

    /// All attributes a class's methods assign on the instance.
    pub fn attribute_names(&self, class: ScopeId) -> impl Iterator<Item = NameId> {
        self.attributes.get(&class).into_iter().flat_map(|a| a.keys().copied())
    }

    /// The nearest block of a statement.
    pub fn slot(&self, stmt: StmtId) -> Slot {
        self.slot[stmt.index()]
    }

    /// The statement before, in the same block.
    pub fn previous(&self, stmt: StmtId) -> Option<StmtId> {
        self.prev[stmt.index()]
    }

    /// The bindings of `name` in `scope` that may reach the use in statement `at` of that scope: reaching definitions over
    /// the structured statements. With no statement, those that reach the end of the scope.
    pub fn reaching(&self, facts: &FileFacts, scope: ScopeId, name: NameId, at: Option<StmtId>) -> Vec<Binding> {
        let all: Vec<Binding> =
            self.bindings(facts, scope, name).filter(|b| b.kind != BindingKind::Delete).copied().collect();
        if all.len() <= 1 {
            return all;
        }
        let mut walk = Reach { facts, all: &all, found: Vec::new() };
        let stopped = match at {
            Some(stmt) => walk.before(self, stmt),
            None => match facts.block(facts.scope(scope).body).last() {
                Some(&last) => walk.enter(last) || walk.before(self, last),
                None => false,
            },
        };
        let mut found = walk.found;
        // Parameters reach unless something stopped the walk; so do bindings made from other scopes (`global`).
        found.extend(all.iter().enumerate().filter_map(|(i, b)| match b.stmt {
            None => (!stopped).then_some(i),
            Some(s) => (facts.stmt(s).scope != scope).then_some(i),
        }));
        found.sort_unstable();
        found.dedup();
        if found.is_empty() { all } else { found.into_iter().map(|i| all[i]).collect() }
    }
}

struct Reach<'a> {
    facts: &'a FileFacts,
    all: &'a [Binding],
    found: Vec<usize>,
}

impl Reach<'_> {
    /// Adds what `stmt` binds; whether it binds on every path.
    fn enter(&mut self, stmt: StmtId) -> bool {
        let span = self.facts.stmt(stmt).span;
        let mut any = false;
        for (i, b) in self.all.iter().enumerate() {
            if b.stmt.is_some() && span.contains(b.span) {
                self.found.push(i);
                any = true;
            }
        }
        any && self.definitely(stmt)
    }

    fn within(&mut self, block: Block) {
        for &stmt in self.facts.block(block) {
            let _ = self.enter(stmt);
        }
    }

    fn before(&mut self, index: &FileIndex, mut stmt: StmtId) -> bool {
        loop {
            let mut prev = index.prev[stmt.index()];
            while let Some(p) = prev {
                if self.enter(p) {
                    return true;
                }
                prev = index.prev[p.index()];
            }
            let Some(parent) = self.facts.stmt(stmt).parent else { return false };
            if self.header(index, stmt, parent) {
                return true;
            }
            stmt = parent;
        }
    }

    /// What the parent of `stmt` binds before the block of `stmt` runs.
    fn header(&mut self, index: &FileIndex, stmt: StmtId, parent: StmtId) -> bool {
        let own = self.all.iter().position(|b| {
            b.stmt == Some(parent)
                && match b.kind {
                    BindingKind::Except(_) => matches!(index.slot[stmt.index()], Slot::Handler(h)
                        if self.facts.handlers[h as usize].span.contains(b.span)),
                    _ => b.span.end <= self.facts.stmt(stmt).span.start,
                }
        });
        match (&self.facts.stmt(parent).kind, index.slot[stmt.index()]) {
            (StmtKind::For { body, .. } | StmtKind::While { body, .. }, Slot::LoopBody) => {
                if let Some(i) = own {
                    self.found.push(i);
                    return true;
                }
                self.within(*body);
            }
            (StmtKind::For { body, .. } | StmtKind::While { body, .. }, _) => self.within(*body),
            (StmtKind::Try { body, .. }, Slot::Handler(_)) => {
                if let Some(i) = own {
                    self.found.push(i);
                    return true;
                }
                self.within(*body);
            }
            (StmtKind::Try { body, .. }, Slot::TryElse) => {
                for &s in self.facts.block(*body).iter().rev() {
                    if self.enter(s) {
                        return true;
                    }
                }
            }
            (StmtKind::Try { body, handlers, orelse, .. }, Slot::Finally) => {
                self.within(*body);
                self.within(*orelse);
                for handler in &self.facts.handlers[handlers.range()] {
                    self.within(handler.body);
                }
            }
            _ => {
                if let Some(i) = own {
                    self.found.push(i);
                    return true;
                }
            }
        }
        false
    }

    fn definitely(&self, stmt: StmtId) -> bool {
        let direct = self.all.iter().any(|b| b.stmt == Some(stmt));
        match &self.facts.stmt(stmt).kind {
            StmtKind::If { body, orelse, .. } => {
                !orelse.0.is_empty() && self.block_definitely(*body) && self.block_definitely(*orelse)
            }
            StmtKind::With { body, .. } => direct || self.block_definitely(*body),
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                self.block_definitely(*finalbody)
                    || ((self.block_definitely(*body) || self.block_definitely(*orelse))
                        && self.facts.handlers[handlers.range()].iter().all(|h| self.block_definitely(h.body)))
            }
            StmtKind::Match { cases, .. } => {
                let cases = &self.facts.cases[cases.range()];
                cases.iter().any(|c| c.is_irrefutable && c.guard.is_none())
                    && cases.iter().all(|c| self.block_definitely(c.body))
            }
            StmtKind::For { .. } | StmtKind::While { .. } => false,
            _ => direct,
        }
    }

    fn block_definitely(&self, block: Block) -> bool {
        self.facts.block(block).iter().any(|&s| self.definitely(s) || leaves(self.facts, s))
    }
}

/// Whether a statement never lets the next one run.
pub fn leaves(facts: &FileFacts, stmt: StmtId) -> bool {
    let block = |b: Block| facts.block(b).iter().any(|&s| leaves(facts, s));
    match &facts.stmt(stmt).kind {
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Break | StmtKind::Continue => true,
        StmtKind::If { body, orelse, .. } => !orelse.0.is_empty() && block(*body) && block(*orelse),
        _ => false,
    }
}

/// Whether a block never lets what comes after it run.
pub fn leaves_block(facts: &FileFacts, block: Block) -> bool {
    facts.block(block).iter().any(|&s| leaves(facts, s))
}
