//! The kinds of node the facts list: what a pattern's root may be, one row each.

use super::node::{Node, View};
use asyncwise_syntax::facts::{
    ComprehensionKind, ExprId, ExprKind, Imported, Run, Scope, ScopeKind, Span, Stmt, StmtKind,
};

/// A kind of tree node that the facts list.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the grammar.
    pub name: &'static str,
    /// Whether every node the facts list is of this kind; else some only look like it, and the tree must confirm each.
    /// Of a chain (`a and b and c`, `a = b = c`) only the outermost is listed, of identifiers only expressions; an
    /// `attribute` is listed in a `case` too, and of strings that stand side by side none alone.
    pub exact: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Expr(fn(&ExprKind) -> bool),
    Stmt(fn(&StmtKind) -> bool),
    /// Needs more than the statement's kind.
    StmtIn(fn(View<'_>, &Stmt) -> bool),
    Elif,
    Scope(fn(&Scope) -> bool),
    Decorated,
    Decorator,
    WithItem,
    Handler,
    Case,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Kind {}

const fn exact(name: &'static str, test: Test) -> Kind {
    Kind { name, exact: true, test }
}
const fn near(name: &'static str, test: Test) -> Kind {
    Kind { name, exact: false, test }
}

/// The kinds a pattern's root may be, sorted by name.
pub static ROOTS: &[Kind] = &[
    exact("assert_statement", Test::Stmt(|k| matches!(k, StmtKind::Assert { .. }))),
    exact("assignment", Test::Stmt(|k| matches!(k, StmtKind::Assign { .. } | StmtKind::AnnAssign { .. }))),
    exact("attribute", Test::Expr(|k| matches!(k, ExprKind::Attribute { .. }))),
    exact("augmented_assignment", Test::Stmt(|k| matches!(k, StmtKind::AugAssign { .. }))),
    exact("await", Test::Expr(|k| matches!(k, ExprKind::Await(_)))),
    near("binary_operator", Test::Expr(|k| matches!(k, ExprKind::Binary { .. }))),
    exact("boolean_operator", Test::Expr(|k| matches!(k, ExprKind::BoolOp { .. }))),
    exact("break_statement", Test::Stmt(|k| matches!(k, StmtKind::Break))),
    exact("call", Test::Expr(|k| matches!(k, ExprKind::Call { .. }))),
    exact("case_clause", Test::Case),
    exact("class_definition", Test::Scope(|s| matches!(s.kind, ScopeKind::Class))),
    exact("comparison_operator", Test::Expr(|k| matches!(k, ExprKind::Compare { .. }))),
    near("concatenated_string", Test::Expr(is_string)),
    exact("conditional_expression", Test::Expr(|k| matches!(k, ExprKind::IfExp { .. }))),
    exact("continue_statement", Test::Stmt(|k| matches!(k, StmtKind::Continue))),
    exact("decorated_definition", Test::Decorated),
    exact("decorator", Test::Decorator),
    exact("delete_statement", Test::Stmt(|k| matches!(k, StmtKind::Delete(_)))),
    exact("dictionary", Test::Expr(|k| matches!(k, ExprKind::Dict(_)))),
    exact("dictionary_comprehension", Test::Expr(|k| is_comprehension(k, ComprehensionKind::Dict))),
    exact("elif_clause", Test::Elif),
    exact("except_clause", Test::Handler),
    exact("expression_statement", Test::Stmt(is_expression_statement)),
    exact("for_statement", Test::Stmt(|k| matches!(k, StmtKind::For { .. }))),
    exact("function_definition", Test::Scope(|s| matches!(s.kind, ScopeKind::Function { .. }))),
    exact("future_import_statement", Test::StmtIn(|v, s| import_style(v, s) == Some(Style::Future))),
    exact("generator_expression", Test::Expr(|k| is_comprehension(k, ComprehensionKind::Generator))),
    exact("global_statement", Test::Stmt(|k| matches!(k, StmtKind::Global(_)))),
    exact("identifier", Test::Expr(|k| matches!(k, ExprKind::Name(_)))),
    exact("if_statement", Test::StmtIn(|v, s| matches!(s.kind, StmtKind::If { .. }) && !is_elif(v, s))),
    exact("import_from_statement", Test::StmtIn(|v, s| import_style(v, s) == Some(Style::From))),
    exact("import_statement", Test::StmtIn(|v, s| import_style(v, s) == Some(Style::Module))),
    near("integer", Test::Expr(|k| matches!(k, ExprKind::Int(_) | ExprKind::Number))),
    exact("lambda", Test::Scope(|s| matches!(s.kind, ScopeKind::Lambda))),
    near("list", Test::Expr(|k| matches!(k, ExprKind::List(_)))),
    exact("list_comprehension", Test::Expr(|k| is_comprehension(k, ComprehensionKind::List))),
    exact("match_statement", Test::Stmt(|k| matches!(k, StmtKind::Match { .. }))),
    exact("named_expression", Test::Expr(|k| matches!(k, ExprKind::Named { .. }))),
    exact("nonlocal_statement", Test::Stmt(|k| matches!(k, StmtKind::Nonlocal(_)))),
    exact("not_operator", Test::Expr(|k| matches!(k, ExprKind::Not(_)))),
    exact("pass_statement", Test::Stmt(|k| matches!(k, StmtKind::Pass))),
    exact("raise_statement", Test::Stmt(|k| matches!(k, StmtKind::Raise { .. }))),
    exact("return_statement", Test::Stmt(|k| matches!(k, StmtKind::Return(_)))),
    exact("set", Test::Expr(|k| matches!(k, ExprKind::Set(_)))),
    exact("set_comprehension", Test::Expr(|k| is_comprehension(k, ComprehensionKind::Set))),
    near("string", Test::Expr(is_string)),
    near("subscript", Test::Expr(|k| matches!(k, ExprKind::Subscript { .. }))),
    exact("try_statement", Test::Stmt(|k| matches!(k, StmtKind::Try { .. }))),
    near("tuple", Test::Expr(|k| matches!(k, ExprKind::Tuple(_)))),
    exact("type_alias_statement", Test::Stmt(|k| matches!(k, StmtKind::TypeAlias { .. }))),
    exact("while_statement", Test::Stmt(|k| matches!(k, StmtKind::While { .. }))),
    exact("with_item", Test::WithItem),
    exact("with_statement", Test::Stmt(|k| matches!(k, StmtKind::With { .. }))),
    exact("yield", Test::Expr(|k| matches!(k, ExprKind::Yield(_) | ExprKind::YieldFrom(_)))),
];

/// For kinds that cannot be a root: the root to start from to reach them.
static AROUND: &[(&str, &str)] = &[
    ("aliased_import", "import_from_statement"),
    ("argument_list", "call"),
    ("as_pattern", "with_item"),
    ("block", "function_definition"),
    ("default_parameter", "function_definition"),
    ("dotted_name", "import_statement"),
    ("else_clause", "if_statement"),
    ("finally_clause", "try_statement"),
    ("for_in_clause", "list_comprehension"),
    ("if_clause", "list_comprehension"),
    ("interpolation", "string"),
    ("keyword_argument", "call"),
    ("pair", "dictionary"),
    ("parameters", "function_definition"),
    ("typed_parameter", "function_definition"),
    ("with_clause", "with_statement"),
];

/// The kind of this name, when a pattern's root may be of it.
pub fn root(name: &str) -> Option<&'static Kind> {
    ROOTS.binary_search_by_key(&name, |kind| kind.name).ok().map(|index| &ROOTS[index])
}

/// The names of the kinds a root may be.
pub fn root_names() -> impl Iterator<Item = &'static str> + Clone {
    ROOTS.iter().map(|kind| kind.name)
}

/// The kind of root from which a node of kind `name` can be reached as a child.
pub(crate) fn around(name: &str) -> Option<&'static str> {
    AROUND.iter().find(|(inner, _)| *inner == name).map(|(_, root)| *root)
}

impl Kind {
    /// Whether the nodes of this kind are expressions.
    pub const fn is_expression(&self) -> bool {
        matches!(self.test, Test::Expr(_))
    }

    /// The span of the tree node when `node` is of this kind.
    pub fn span_of(&self, view: View<'_>, node: Node) -> Option<Span> {
        let facts = view.facts;
        let found = match (&self.test, node) {
            (Test::Expr(test), Node::Expr(id)) => test(&facts.expr(id).kind),
            (Test::Stmt(test), Node::Stmt(id)) => test(&facts.stmt(id).kind),
            (Test::StmtIn(test), Node::Stmt(id)) => test(view, facts.stmt(id)),
            (Test::Elif, Node::Stmt(id)) => return elif_span(view, facts.stmt(id)),
            (Test::Scope(test), Node::Scope(id)) => test(facts.scope(id)),
            (Test::Decorated, Node::Scope(id)) => {
                let scope = facts.scope(id);
                return (!facts.list(scope.decorators).is_empty()).then_some(scope.span);
            }
            (Test::Decorator, Node::Expr(id)) => return decorator_span(view, id),
            (Test::WithItem, Node::WithItem(_)) | (Test::Handler, Node::Handler(_)) | (Test::Case, Node::Case(_)) => {
                true
            }
            _ => false,
        };
        found.then(|| node.span(view))
    }

    /// Every node of this kind in the file, with the span of its tree node, in the order of their spans.
    pub fn list(&self, view: View<'_>) -> Vec<(Node, Span)> {
        let facts = view.facts;
        let all: Box<dyn Iterator<Item = Node>> = match self.test {
            Test::Expr(_) => Box::new(facts.exprs().map(|(id, _)| Node::Expr(id))),
            Test::Stmt(_) | Test::StmtIn(_) | Test::Elif => Box::new(view.stmt_ids().map(Node::Stmt)),
            Test::Scope(_) | Test::Decorated => Box::new(facts.scopes().map(|(id, _)| Node::Scope(id))),
            Test::Decorator => {
                Box::new(facts.scopes().flat_map(|(_, s)| facts.list(s.decorators)).copied().map(Node::Expr))
            }
            Test::WithItem => Box::new((0..facts.with_items.len() as u32).map(Node::WithItem)),
            Test::Handler => Box::new((0..facts.handlers.len() as u32).map(Node::Handler)),
            Test::Case => Box::new((0..facts.cases.len() as u32).map(Node::Case)),
        };
        let mut found: Vec<_> = all.filter_map(|node| Some((node, self.span_of(view, node)?))).collect();
        found.sort_by_key(|(node, span)| (*span, *node));
        found
    }
}

fn is_string(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Str(_) | ExprKind::Bytes | ExprKind::FString { .. })
}

fn is_comprehension(kind: &ExprKind, which: ComprehensionKind) -> bool {
    matches!(kind, ExprKind::Comprehension { kind, .. } if *kind == which)
}

fn is_expression_statement(kind: &StmtKind) -> bool {
    matches!(
        kind,
        StmtKind::Expr(_) | StmtKind::Assign { .. } | StmtKind::AugAssign { .. } | StmtKind::AnnAssign { .. }
    )
}

/// `elif` is an `if` of its own in the facts; the text tells them apart.
fn is_elif(view: View<'_>, stmt: &Stmt) -> bool {
    view.slice(stmt.span).starts_with("elif")
}

/// An `elif` up to the end of its own block: in the facts the branches after it are part of it.
fn elif_span(view: View<'_>, stmt: &Stmt) -> Option<Span> {
    let StmtKind::If { body, .. } = stmt.kind else { return None };
    let last = view.facts.block(body).last()?;
    is_elif(view, stmt).then(|| Span::new(stmt.span.start, view.facts.stmt(*last).span.end))
}

#[derive(PartialEq, Eq)]
enum Style {
    Module,
    From,
    Future,
}

fn import_style(view: View<'_>, stmt: &Stmt) -> Option<Style> {
    let StmtKind::Import(Run { start, len }) = stmt.kind else { return None };
    let imports = view.facts.imports.get(start as usize..(start + len) as usize)?;
    Some(match imports.first()? {
        import if matches!(import.what, Imported::Module) => Style::Module,
        import if import.level == 0 && import.module == "__future__" => Style::Future,
        _ => Style::From,
    })
}

/// From the `@` to the end of the decorator, if the expression is one. The grammar makes a comment after it its own.
fn decorator_span(view: View<'_>, expr: ExprId) -> Option<Span> {
    let facts = view.facts;
    let asyncwise_syntax::facts::Parent::Scope(scope) = facts.expr(expr).parent else { return None };
    if !facts.list(facts.scope(scope).decorators).contains(&expr) {
        return None;
    }
    let span = facts.expr(expr).span;
    let before = view.text.get(..span.start as usize)?;
    let opened = before.trim_end_matches(|c: char| c == '(' || c.is_whitespace());
    let at = opened.strip_suffix('@')?.len();
    let parentheses = before[at..].matches('(').count();
    let end = view.after_closing(span.end, parentheses);
    let line = view.text.get(end as usize..)?.split(['\n', '\r']).next()?;
    let comment = if line.trim_start().starts_with('#') { line.len() as u32 } else { 0 };
    Some(Span::new(at as u32, end + comment))
}
