//! The state of a lowering and the ways to append to the facts.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use tree_sitter::{Node, TreeCursor};

use super::bindings::RawBinding;
use super::kinds::{Field, Kind, Tables};
use super::reuse::Previous;
use super::scopes::Scopes;
use super::units::{Lookups, Unit, Units};
use crate::facts::{
    Arg, Block, ComprehensionKind, Expr, ExprId, ExprKind, Exprs, FileFacts, NameId, Parent, Run, Scope, ScopeId,
    ScopeKind, Span, Stmt, StmtId, StmtKind,
};

/// The parent of an expression until what it stands in is pushed.
const UNSET: Parent = Parent::Scope(ScopeId(u32::MAX));

/// What was there before the parts of a statement were lowered.
#[derive(Copy, Clone)]
pub(super) struct Mark {
    pub(super) unset: usize,
    pub(super) exprs: usize,
}

pub(super) struct Lowerer<'t> {
    pub(super) text: &'t str,
    pub(super) cursor: TreeCursor<'t>,
    pub(super) tables: Tables,
    /// Without scopes until the end.
    pub(super) facts: FileFacts,
    pub(super) scopes: Scopes,
    pub(super) names: FxHashMap<&'t str, NameId>,
    /// The scope whose code is being lowered.
    pub(super) scope: ScopeId,
    /// How deep expressions and blocks are nested here.
    pub(super) depth: u32,
    /// Expressions collected for lists that are not complete yet; each list owns the end of it.
    pub(super) exprs: Vec<ExprId>,
    /// The same for arguments.
    pub(super) args: Vec<Arg>,
    /// The same for statements.
    pub(super) stmts: Vec<StmtId>,
    pub(super) bindings: Vec<RawBinding>,
    /// Bindings whose statement is not pushed yet.
    pub(super) unset: Vec<u32>,
    /// Names declared `global` and `nonlocal` in the scopes that are open.
    pub(super) globals: Vec<NameId>,
    pub(super) nonlocals: Vec<NameId>,
    /// Kinds of the nodes a chain leads through, for those that are open.
    pub(super) links: Vec<Kind>,
    /// Which kind each comprehension scope is, by scope.
    pub(super) comprehensions: FxHashMap<ScopeId, ComprehensionKind>,
    pub(super) type_checking: bool,
    /// The file has errors at all.
    pub(super) has_errors: bool,
    /// Something around is broken in a way that makes what is inside uncertain.
    pub(super) is_uncertain: bool,
    /// Where the innermost function begins.
    pub(super) function_start: Option<u32>,
    /// A class here stands in nothing but classes.
    pub(super) in_members: bool,
    pub(super) units: Vec<Unit>,
    pub(super) lookups: Lookups,
    /// What may be copied.
    pub(super) previous: Option<Previous<'t>>,
}

impl<'t> Lowerer<'t> {
    pub(super) fn new(text: &'t str, root: Node<'t>, previous: Option<Previous<'t>>) -> Self {
        let errors = if root.has_error() { super::broken::error_spans(root) } else { Vec::new() };
        let facts = FileFacts { len: text.len() as u32, errors, ..FileFacts::default() };
        let mut lowerer = Self {
            text,
            cursor: root.walk(),
            tables: Tables::get(),
            facts,
            scopes: Scopes::default(),
            names: FxHashMap::default(),
            scope: ScopeId::MODULE,
            depth: 0,
            exprs: Vec::new(),
            args: Vec::new(),
            stmts: Vec::new(),
            bindings: Vec::new(),
            unset: Vec::new(),
            globals: Vec::new(),
            nonlocals: Vec::new(),
            links: Vec::new(),
            comprehensions: FxHashMap::default(),
            type_checking: false,
            has_errors: root.has_error(),
            is_uncertain: root.is_error(),
            function_start: None,
            in_members: true,
            units: Vec::new(),
            lookups: Lookups::default(),
            previous,
        };
        lowerer.reserve();
        let name = lowerer.name("");
        let span = Span::new(0, text.len() as u32);
        lowerer.push_scope(ScopeKind::Module, name, Span::default(), span);
        lowerer
    }

    /// Lowers the whole file.
    pub(super) fn module(&mut self) {
        self.members();
        let body = self.block_since(0);
        self.scope_mut(ScopeId::MODULE).body = body;
        self.close_names(ScopeId::MODULE, 0, 0);
    }

    pub(super) fn finish(mut self) -> (FileFacts, Units) {
        let visible = std::mem::take(&mut self.scopes).finish(&mut self.facts, &mut self.bindings);
        self.resolve_bindings();
        Units::new(self, visible)
    }

    // The cursor.

    pub(super) fn node(&self) -> Node<'t> {
        self.cursor.node()
    }

    pub(super) fn kind(&self) -> Kind {
        self.tables.kind(self.cursor.node())
    }

    pub(super) fn field(&self) -> Field {
        self.tables.field(&self.cursor)
    }

    pub(super) fn span(&self) -> Span {
        span_of(self.cursor.node())
    }

    /// The text of a span.
    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Calls `f` on each child but comments, with the cursor on it.
    pub(super) fn children(&mut self, mut f: impl FnMut(&mut Self, Kind)) {
        if !self.cursor.goto_first_child() {
            return;
        }
        loop {
            let kind = self.kind();
            if !kind.is_trivia() {
                f(self, kind);
            }
            if !self.cursor.goto_next_sibling() {
                break;
            }
        }
        self.cursor.goto_parent();
    }

    /// Moves to the next sibling that is neither comment nor token.
    pub(super) fn next_node(&mut self) -> bool {
        while self.cursor.goto_next_sibling() {
            let kind = self.kind();
            if !kind.is_trivia() && !kind.is_token() {
                return true;
            }
        }
        false
    }

    /// Moves to the first child that is neither comment nor token. Otherwise stays.
    pub(super) fn first_node(&mut self) -> bool {
        if !self.cursor.goto_first_child() {
            return false;
        }
        let kind = self.kind();
        if (!kind.is_trivia() && !kind.is_token()) || self.next_node() {
            return true;
        }
        self.cursor.goto_parent();
        false
    }

    // The arrays.

    /// The id of an identifier.
    pub(super) fn name(&mut self, text: &'t str) -> NameId {
        let name = self.intern(text);
        self.lookups.note(name);
        name
    }

    /// The id of an identifier whose lookup is noted otherwise.
    pub(super) fn intern(&mut self, text: &'t str) -> NameId {
        *self.names.entry(text).or_insert_with(|| {
            let id = NameId(self.facts.names.len() as u32);
            self.facts.names.push(SmolStr::new(text));
            id
        })
    }

    /// The id of the identifier under the cursor.
    pub(super) fn name_here(&mut self) -> NameId {
        let span = self.span();
        self.name(self.slice(span))
    }

    pub(super) fn push_expr(&mut self, span: Span, kind: ExprKind) -> ExprId {
        let id = ExprId(self.facts.exprs.len() as u32);
        self.adopt_children(&kind, id);
        // The parent of the new expression is set when what it stands in is pushed.
        self.facts.exprs.push(Expr { span, kind, parent: UNSET, scope: self.scope });
        id
    }

    /// Links the children of a new expression to it.
    fn adopt_children(&mut self, kind: &ExprKind, id: ExprId) {
        let parent = Parent::Expr(id);
        let facts = &mut self.facts;
        match kind {
            // The common kinds, without a detour over a list of children.
            ExprKind::Name(_) | ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::None | ExprKind::Bool(_) => {}
            ExprKind::Attribute { value, .. } => facts.exprs[value.index()].parent = parent,
            ExprKind::Call { func, args } => {
                facts.exprs[func.index()].parent = parent;
                for arg in &facts.args[args.range()] {
                    facts.exprs[arg.value.index()].parent = parent;
                }
            }
            _ => {
                let own = self.exprs.len();
                facts.for_each_child(kind, |child| self.exprs.push(child));
                for child in self.exprs.drain(own..) {
                    facts.exprs[child.index()].parent = parent;
                }
            }
        }
    }

    /// Stands in for an expression the grammar requires and the text lacks.
    pub(super) fn missing(&mut self, at: u32) -> ExprId {
        self.push_expr(Span::new(at, at), ExprKind::Other(Exprs::default()))
    }

    /// Turns the expressions collected since `mark` into a list.
    pub(super) fn exprs_since(&mut self, mark: usize) -> Exprs {
        let run = run_of(self.facts.expr_lists.len(), self.exprs.len() - mark);
        self.facts.expr_lists.extend(self.exprs.drain(mark..));
        Exprs(run)
    }

    /// Turns the statements collected since `mark` into a block.
    pub(super) fn block_since(&mut self, mark: usize) -> Block {
        let run = run_of(self.facts.stmt_lists.len(), self.stmts.len() - mark);
        self.facts.stmt_lists.extend(self.stmts.drain(mark..));
        Block(run)
    }

    /// Where a statement begins.
    pub(super) fn mark(&self) -> Mark {
        Mark { unset: self.unset.len(), exprs: self.facts.exprs.len() }
    }

    /// Pushes a statement whose parts were lowered since `mark`.
    pub(super) fn push_stmt(&mut self, span: Span, kind: StmtKind, mark: Mark) -> StmtId {
        let id = StmtId(self.facts.stmts.len() as u32);
        for i in self.unset.drain(mark.unset..) {
            self.bindings[i as usize].binding.stmt = Some(id);
        }
        let facts = &mut self.facts;
        let own = self.exprs.len();
        facts.for_each_expr(&kind, |e| self.exprs.push(e));
        for e in self.exprs.drain(own..) {
            facts.exprs[e.index()].parent = Parent::Stmt(id);
        }
        let own = self.stmts.len();
        facts.for_each_block(&kind, |block| self.stmts.extend_from_slice(facts.block(block)));
        for s in self.stmts.drain(own..) {
            facts.stmts[s.index()].parent = Some(id);
        }
        let broken = self.has_errors && super::broken::touches(&facts.errors, span);
        // Pieces of broken code, or of what only the grammar allows, that nothing took up.
        for expr in facts.exprs[mark.exprs..].iter_mut().filter(|expr| expr.parent == UNSET) {
            expr.parent = Parent::Stmt(id);
        }
        facts.stmts.push(Stmt { span, kind, parent: None, scope: self.scope, broken });
        id
    }

    /// Pushes a scope inside the current one, its contents still empty.
    pub(super) fn push_scope(&mut self, kind: ScopeKind, name: NameId, name_span: Span, span: Span) -> ScopeId {
        self.scopes.push(Scope {
            kind,
            name,
            name_span,
            span,
            header_span: Span::default(),
            parent: (kind != ScopeKind::Module).then_some(self.scope),
            stmt: None,
            expr: None,
            body: Block::default(),
            body_exprs: Exprs::default(),
            params: Run::default(),
            returns: None,
            decorators: Exprs::default(),
            bases: Run::default(),
            generators: Run::default(),
            bindings: Run::default(),
            globals: Run::default(),
            nonlocals: Run::default(),
            has_yield: false,
            has_await: false,
            broken: self.is_uncertain,
        })
    }

    pub(super) fn scope_mut(&mut self, id: ScopeId) -> &mut Scope {
        self.scopes.get_mut(id)
    }

    /// Links an expression to the scope whose header or body it is a part of.
    pub(super) fn own_by_scope(&mut self, expr: ExprId, scope: ScopeId) {
        self.facts.exprs[expr.index()].parent = Parent::Scope(scope);
    }

    /// Notes an `await`, `async for` or `async with` of the current scope.
    pub(super) fn mark_await(&mut self) {
        let mut at = self.scope;
        let mut suspends = true;
        loop {
            let generator = self.comprehensions.get(&at).map(|kind| *kind == ComprehensionKind::Generator);
            let scope = self.scope_mut(at);
            scope.has_await = true;
            let ScopeKind::Comprehension { is_async } = &mut scope.kind else { return };
            *is_async |= suspends;
            // What a generator awaits is awaited by whoever iterates over it.
            suspends &= generator == Some(false);
            match scope.parent {
                Some(parent) => at = parent,
                None => return,
            }
        }
    }

    /// Notes a `yield` of the current scope.
    pub(super) fn mark_yield(&mut self) {
        let scope = self.scopes.code_scope(self.scope);
        self.scope_mut(scope).has_yield = true;
    }
}

/// Where a node stands.
pub(super) fn span_of(node: Node<'_>) -> Span {
    Span::new(node.start_byte() as u32, node.end_byte() as u32)
}

pub(super) fn run_of(start: usize, len: usize) -> Run {
    Run { start: if len == 0 { 0 } else { start as u32 }, len: len as u32 }
}
