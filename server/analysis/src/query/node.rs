//! The nodes of a file's facts that rules talk about, and the way from a span back to them.

use asyncwise_syntax::facts::{Block, ExprId, ExprKind, FileFacts, Parent, ScopeId, ScopeKind, Span, StmtId, StmtKind};
use rustc_hash::FxHashMap;

/// A node of one file's facts.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Node {
    /// An expression.
    Expr(ExprId),
    /// A statement; a `def` and a `class` are their scopes.
    Stmt(StmtId),
    /// A function, class, lambda or the module.
    Scope(ScopeId),
    /// An `except`: index into [`FileFacts::handlers`].
    Handler(u32),
    /// An item of a `with`: index into [`FileFacts::with_items`].
    WithItem(u32),
    /// A `case`: index into [`FileFacts::cases`].
    Case(u32),
}

/// One file as a query sees it.
#[derive(Copy, Clone)]
pub struct View<'a> {
    /// What it says.
    pub facts: &'a FileFacts,
    /// Its text.
    pub text: &'a str,
}

impl<'a> View<'a> {
    /// The text of a span; empty where there is none.
    pub fn slice(self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// All statements.
    pub(crate) fn stmt_ids(self) -> impl Iterator<Item = StmtId> + 'a {
        (0..self.facts.stmts.len() as u32).map(StmtId)
    }

    /// The offset behind the next `count` closing parentheses after `end`, with blanks and comments between them.
    pub(crate) fn after_closing(self, end: u32, count: usize) -> u32 {
        let mut at = end as usize;
        for _ in 0..count {
            let Some(closing) = self.text.get(at..).and_then(|rest| rest.find(')')) else { break };
            at += closing + 1;
        }
        at as u32
    }
}

impl Node {
    /// Where the node stands: as the tree has it, so a definition without its decorators and an item of a `with` from
    /// the parentheses around its context to the end of its target.
    pub fn span(self, view: View<'_>) -> Span {
        let facts = view.facts;
        match self {
            Node::Expr(id) => facts.expr(id).span,
            Node::Stmt(id) => facts.stmt(id).span,
            Node::Scope(id) => {
                let scope = facts.scope(id);
                match scope.kind {
                    ScopeKind::Function { .. } | ScopeKind::Class => Span::new(scope.header_span.start, scope.span.end),
                    _ => scope.span,
                }
            }
            Node::Handler(index) => facts.handlers[index as usize].span,
            Node::WithItem(index) => with_item_span(view, index),
            Node::Case(index) => facts.cases[index as usize].span,
        }
    }

    /// The scope whose code the node is; a function, class or lambda is its own.
    pub fn scope(self, facts: &FileFacts) -> ScopeId {
        match self {
            Node::Expr(id) => facts.expr(id).scope,
            Node::Scope(id) => id,
            Node::WithItem(index) => facts.expr(facts.with_items[index as usize].context).scope,
            Node::Stmt(_) | Node::Handler(_) | Node::Case(_) => {
                self.stmt(facts).map_or(ScopeId::MODULE, |stmt| facts.stmt(stmt).scope)
            }
        }
    }

    /// The innermost function or lambda whose code the node is, or the module: class bodies and comprehensions run in
    /// the code around them.
    pub fn code(self, facts: &FileFacts) -> ScopeId {
        let mut scope = self.scope(facts);
        loop {
            let found = facts.scope(scope);
            match (found.kind, found.parent) {
                (ScopeKind::Class | ScopeKind::Comprehension { .. }, Some(parent)) => scope = parent,
                _ => return scope,
            }
        }
    }

    /// The statement the node is or stands in; of an `except` its `try`, of a `case` its `match`.
    pub fn stmt(self, facts: &FileFacts) -> Option<StmtId> {
        let around = |block: Block| facts.stmt(*facts.block(block).first()?).parent;
        match self {
            Node::Expr(id) => facts.stmt_of(id),
            Node::Stmt(id) => Some(id),
            Node::Scope(id) => match facts.scope(id).expr {
                Some(expr) => facts.stmt_of(expr),
                None => facts.scope(id).stmt,
            },
            Node::WithItem(index) => facts.stmt_of(facts.with_items[index as usize].context),
            Node::Handler(index) => around(facts.handlers[index as usize].body),
            Node::Case(index) => around(facts.cases[index as usize].body),
        }
    }

    /// The expression the node is; of a lambda the expression that makes it.
    pub fn expr(self, facts: &FileFacts) -> Option<ExprId> {
        match self {
            Node::Expr(id) => Some(id),
            Node::Scope(id) => facts.scope(id).expr,
            _ => None,
        }
    }

    /// Whether a syntax error is near enough that nothing may be said of the node.
    pub fn is_broken(self, facts: &FileFacts) -> bool {
        let mut scope = Some(self.scope(facts));
        while let Some(id) = scope {
            if facts.scope(id).broken {
                return true;
            }
            scope = facts.scope(id).parent;
        }
        self.stmt(facts).is_some_and(|stmt| facts.stmt(stmt).broken)
    }

    /// Whether the expression is awaited: `await node`.
    pub fn is_awaited(self, facts: &FileFacts) -> bool {
        let Some(expr) = self.expr(facts) else { return false };
        matches!(facts.expr(expr).parent, Parent::Expr(parent) if matches!(facts.expr(parent).kind, ExprKind::Await(_)))
    }

    /// Whether the expression stands alone as a statement, its value thrown away.
    pub fn is_statement(self, facts: &FileFacts) -> bool {
        let Some(expr) = self.expr(facts) else { return false };
        matches!(facts.expr(expr).parent, Parent::Stmt(stmt) if facts.stmt(stmt).kind == StmtKind::Expr(expr))
    }

    /// Whether the node's code is an `async def`.
    pub fn is_in_async(self, facts: &FileFacts) -> bool {
        facts.scope(self.code(facts)).kind == ScopeKind::Function { is_async: true }
    }
}

/// From the context to the end of the target, each with the parentheses around it.
fn with_item_span(view: View<'_>, index: u32) -> Span {
    let item = view.facts.with_items[index as usize];
    let context = view.facts.expr(item.context).span;
    let Some(target) = item.target.map(|target| view.facts.expr(target).span) else { return context };
    let between = view.slice(Span::new(context.end, target.start));
    let (after_context, before_target) = between.split_once(" as").unwrap_or((between, ""));
    let mut start = context.start;
    for _ in 0..after_context.matches(')').count() {
        let before = view.text.get(..start as usize).unwrap_or_default().trim_end();
        let Some(before) = before.strip_suffix('(') else { break };
        start = before.len() as u32;
    }
    Span::new(start, view.after_closing(target.end, before_target.matches('(').count()))
}

/// From spans to nodes. Several nodes may have one span: an expression and the statement it makes up.
#[derive(Default)]
pub(crate) struct SpanIndex {
    exprs: FxHashMap<Span, Node>,
    others: FxHashMap<Span, Node>,
    /// Names that are no expression (of an attribute, of a definition) to what they name.
    names: FxHashMap<Span, Node>,
}

impl SpanIndex {
    pub(crate) fn new(view: View<'_>) -> Self {
        let facts = view.facts;
        let mut index = Self::default();
        for (id, expr) in facts.exprs() {
            // Children stand before their parents: of two with one span the outer stays.
            index.exprs.insert(expr.span, Node::Expr(id));
            if let ExprKind::Attribute { attr, .. } = expr.kind {
                let start = expr.span.end.saturating_sub(facts.name(attr).len() as u32);
                index.names.insert(Span::new(start, expr.span.end), Node::Expr(id));
            }
        }
        for id in view.stmt_ids() {
            index.others.entry(facts.stmt(id).span).or_insert(Node::Stmt(id));
        }
        for item in (0..facts.with_items.len() as u32).map(Node::WithItem) {
            index.others.entry(item.span(view)).or_insert(item);
        }
        for handler in (0..facts.handlers.len() as u32).map(Node::Handler) {
            index.others.insert(handler.span(view), handler);
        }
        for case in (0..facts.cases.len() as u32).map(Node::Case) {
            index.others.insert(case.span(view), case);
        }
        for (id, scope) in facts.scopes().skip(1) {
            let node = Node::Scope(id);
            if !matches!(scope.kind, ScopeKind::Comprehension { .. }) {
                index.others.insert(node.span(view), node);
                index.others.insert(scope.span, node);
                index.names.insert(scope.name_span, node);
            }
        }
        index
    }

    /// The node at `span`: an expression first if `expression`, else a statement or the like first.
    pub(crate) fn node(&self, view: View<'_>, span: Span, expression: bool) -> Option<Node> {
        let (first, second) = if expression { (&self.exprs, &self.others) } else { (&self.others, &self.exprs) };
        let exact =
            |span: &Span| first.get(span).or_else(|| second.get(span)).or_else(|| self.names.get(span)).copied();
        exact(&span).or_else(|| exact(&inside_parentheses(view, span).filter(|_| expression)?))
    }
}

/// The span without the parentheses at its two ends.
fn inside_parentheses(view: View<'_>, mut span: Span) -> Option<Span> {
    let whole = span;
    while let Some(inner) = view.slice(span).strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let start = span.start + 1 + (inner.len() - inner.trim_start().len()) as u32;
        span = Span::new(start, start + inner.trim().len() as u32);
    }
    (span != whole).then_some(span)
}
