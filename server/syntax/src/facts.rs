//! What one file says, as flat arrays: the contract between the parsers and the analysis.
//!
//! [`FileFacts`] is a pure function of a file's text. It is defined without a parser in mind: today a tree-sitter walk
//! produces it, and a batch parser can produce the same for closed files. Everything is an index into an array of the
//! file; positions are byte offsets from 0 into the decoded text (UTF-8). Lowering appends the arrays of one top-level
//! statement after those of the one before (scopes in two runs), so the facts of unchanged statements can be copied and
//! shifted.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A half-open range of byte offsets, from 0, into the file's decoded text.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from its two offsets.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }
    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }
    /// Whether it covers no byte.
    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }
    /// Whether `other` lies inside.
    pub const fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
    /// Whether the byte at `offset` lies inside.
    pub const fn contains_offset(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }
    /// As a range to slice text with.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// As an index into its array.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// An expression of the file: index into [`FileFacts::exprs`].
    ExprId
    /// A statement of the file: index into [`FileFacts::stmts`].
    StmtId
    /// A scope of the file: index into [`FileFacts::scopes`], which says how they are numbered. 0 is the module.
    ScopeId
    /// An identifier of the file: index into [`FileFacts::names`]; equal names have equal ids.
    NameId
    /// An import of the file: index into [`FileFacts::imports`].
    ImportId
}

impl ScopeId {
    /// The scope of the module itself.
    pub const MODULE: ScopeId = ScopeId(0);
}

/// A run of elements in one of the arrays of [`FileFacts`]; which array is said by the field that holds it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    /// Index of the first element.
    pub start: u32,
    /// How many elements.
    pub len: u32,
}

impl Run {
    /// As a range of indices.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
    /// Whether it has no element.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A block of statements: a run of [`FileFacts::stmt_lists`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Block(pub Run);

/// A list of expressions: a run of [`FileFacts::expr_lists`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Exprs(pub Run);

/// What an expression or a statement stands in.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Parent {
    /// Directly in this expression.
    Expr(ExprId),
    /// Directly in this statement (also as a `with` item, a `case` pattern or guard, an `except` type).
    Stmt(StmtId),
    /// In a scope's header or, for a lambda and a comprehension, as its body: default, annotation, decorator, base.
    Scope(ScopeId),
}

/// An expression.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Expr {
    /// Where it stands. Parentheses around it are not part of it.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
    /// What it stands in.
    pub parent: Parent,
    /// The scope whose code evaluates it: a default argument or decorator belongs to the enclosing scope, the first
    /// iterable of a comprehension too.
    pub scope: ScopeId,
}

/// The kinds of expression. Children are ids; the source order of the children is the order of evaluation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ExprKind {
    /// A name, also as an assignment target.
    Name(NameId),
    /// `value.attr`; the attribute's own span ends with the expression's.
    Attribute {
        /// The receiver.
        value: ExprId,
        /// The attribute's name.
        attr: NameId,
    },
    /// `value[index]`.
    Subscript {
        /// The receiver.
        value: ExprId,
        /// The index; a tuple for several.
        index: ExprId,
    },
    /// `func(args)`.
    Call {
        /// The callee.
        func: ExprId,
        /// The arguments: a run of [`FileFacts::args`].
        args: Run,
    },
    /// `await value`.
    Await(ExprId),
    /// `yield value`.
    Yield(Option<ExprId>),
    /// `yield from value`.
    YieldFrom(ExprId),
    /// `lambda ...: body`; parameters and body are the scope's.
    Lambda(ScopeId),
    /// A comprehension or generator expression.
    Comprehension {
        /// Which of the four.
        kind: ComprehensionKind,
        /// The scope of its variables; its [`Scope::generators`] say the rest.
        scope: ScopeId,
    },
    /// `body if test else orelse`.
    IfExp {
        /// The condition.
        test: ExprId,
        /// The value when it holds.
        body: ExprId,
        /// The value when it does not.
        orelse: ExprId,
    },
    /// `a and b and c`, `a or b`: flattened.
    BoolOp {
        /// `and` (else `or`).
        is_and: bool,
        /// The operands.
        values: Exprs,
    },
    /// `not value`.
    Not(ExprId),
    /// `-x`, `+x`, `~x`.
    Unary(ExprId),
    /// `left op right` for an arithmetic or bit operator.
    Binary {
        /// Left operand.
        left: ExprId,
        /// Right operand.
        right: ExprId,
        /// `|`, which also writes a union of types.
        is_or: bool,
    },
    /// `left op right op ...`.
    Compare {
        /// The operands, one more than operators.
        operands: Exprs,
        /// The operators: a run of [`FileFacts::compare_ops`].
        ops: Run,
    },
    /// `target := value`.
    Named {
        /// The name that is bound.
        target: ExprId,
        /// Its value.
        value: ExprId,
    },
    /// A string without interpolation, adjacent literals joined; the value with simple escapes resolved.
    Str(SmolStr),
    /// Bytes.
    Bytes,
    /// An f-string or t-string; the interpolated expressions, format specifications' own included.
    FString {
        /// The interpolations.
        parts: Exprs,
        /// A t-string (PEP 750).
        is_template: bool,
    },
    /// An integer literal that fits.
    Int(i64),
    /// Any other number.
    Number,
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// `...`.
    Ellipsis,
    /// `[a, b]`.
    List(Exprs),
    /// `(a, b)` or `a, b`.
    Tuple(Exprs),
    /// `{a, b}`.
    Set(Exprs),
    /// `{k: v, **rest}`: keys and values in turn; for `**rest` both are the same [`ExprKind::Starred`].
    Dict(Exprs),
    /// `*value` or `**value` outside a call.
    Starred(ExprId),
    /// `a:b:c`; the parts that are there.
    Slice(Exprs),
    /// Broken code, or something without a name here; the whole expressions found inside.
    Other(Exprs),
}

/// The four comprehensions.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum ComprehensionKind {
    /// `[... for ...]`
    List,
    /// `{... for ...}`
    Set,
    /// `{k: v for ...}`
    Dict,
    /// `(... for ...)`
    Generator,
}

/// Comparison operators.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `<`, `<=`, `>`, `>=`
    Order,
}

/// An argument of a call, or a base of a class.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Arg {
    /// `name=` of a keyword argument.
    pub name: Option<NameId>,
    /// `*value` or `**value`.
    pub star: Star,
    /// The value.
    pub value: ExprId,
}

/// Stars before an argument or parameter.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Star {
    /// None.
    #[default]
    No,
    /// `*`
    One,
    /// `**`
    Two,
}

/// A statement.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stmt {
    /// Where it stands, its block included; decorators are part of a definition's span.
    pub span: Span,
    /// What it is.
    pub kind: StmtKind,
    /// The statement whose block holds it; none at the top of a module, class or function.
    pub parent: Option<StmtId>,
    /// The scope whose code runs it.
    pub scope: ScopeId,
    /// Whether it, or anything in it but nested statements that are whole, holds a syntax error.
    pub broken: bool,
}

/// The kinds of statement. `elif` is an [`StmtKind::If`] alone in `orelse`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum StmtKind {
    /// An expression.
    Expr(ExprId),
    /// `a = b = value`.
    Assign {
        /// The targets, left to right.
        targets: Exprs,
        /// The value.
        value: ExprId,
    },
    /// `target += value`.
    AugAssign {
        /// The target.
        target: ExprId,
        /// The operand.
        value: ExprId,
    },
    /// `target: annotation = value`.
    AnnAssign {
        /// The target.
        target: ExprId,
        /// The annotation.
        annotation: ExprId,
        /// The value, if there is one.
        value: Option<ExprId>,
    },
    /// `return value`.
    Return(Option<ExprId>),
    /// `raise exc from cause`.
    Raise {
        /// The exception; none re-raises.
        exc: Option<ExprId>,
        /// After `from`.
        cause: Option<ExprId>,
    },
    /// `assert test, message`.
    Assert {
        /// The condition.
        test: ExprId,
        /// The message.
        message: Option<ExprId>,
    },
    /// `del a, b`.
    Delete(Exprs),
    /// `pass`.
    Pass,
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `global a, b`: a run of [`FileFacts::name_lists`].
    Global(Run),
    /// `nonlocal a, b`: a run of [`FileFacts::name_lists`].
    Nonlocal(Run),
    /// `import ...` or `from ... import ...`: a run of [`FileFacts::imports`].
    Import(Run),
    /// `if`.
    If {
        /// The condition.
        test: ExprId,
        /// When it holds.
        body: Block,
        /// `elif` or `else`.
        orelse: Block,
    },
    /// `while`.
    While {
        /// The condition.
        test: ExprId,
        /// The loop's body.
        body: Block,
        /// `else`.
        orelse: Block,
    },
    /// `for` and `async for`.
    For {
        /// The loop's target.
        target: ExprId,
        /// What it iterates over.
        iter: ExprId,
        /// The loop's body.
        body: Block,
        /// `else`.
        orelse: Block,
        /// `async for`.
        is_async: bool,
    },
    /// `with` and `async with`.
    With {
        /// The items: a run of [`FileFacts::with_items`].
        items: Run,
        /// The body.
        body: Block,
        /// `async with`.
        is_async: bool,
    },
    /// `try`.
    Try {
        /// The guarded block.
        body: Block,
        /// The handlers: a run of [`FileFacts::handlers`].
        handlers: Run,
        /// `else`.
        orelse: Block,
        /// `finally`.
        finalbody: Block,
        /// `except*`.
        is_star: bool,
    },
    /// `match`.
    Match {
        /// What is matched.
        subject: ExprId,
        /// The cases: a run of [`FileFacts::cases`].
        cases: Run,
    },
    /// `def` and `async def`.
    FunctionDef(ScopeId),
    /// `class`.
    ClassDef(ScopeId),
    /// `type Name = value` (PEP 695).
    TypeAlias {
        /// The alias's name.
        name: NameId,
        /// The type.
        value: ExprId,
    },
    /// Broken code; the whole expressions found inside.
    Other(Exprs),
}

/// One item of a `with`.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct WithItem {
    /// The context manager.
    pub context: ExprId,
    /// After `as`.
    pub target: Option<ExprId>,
}

/// One `except` of a `try`.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Handler {
    /// From `except` to the end of its block.
    pub span: Span,
    /// The exception's type, or tuple of types; none catches all.
    pub types: Option<ExprId>,
    /// After `as`.
    pub name: Option<NameId>,
    /// The block.
    pub body: Block,
}

/// One `case` of a `match`.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Case {
    /// From `case` to the end of its block.
    pub span: Span,
    /// The value and class expressions in the pattern.
    pub pattern: Exprs,
    /// After `if`.
    pub guard: Option<ExprId>,
    /// A pattern that matches everything (`_` or a bare name).
    pub is_irrefutable: bool,
    /// The block.
    pub body: Block,
}

/// What kind of scope.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// A class body.
    Class,
    /// A `def` or `async def`.
    Function {
        /// `async def`.
        is_async: bool,
    },
    /// A lambda.
    Lambda,
    /// A comprehension or generator expression.
    Comprehension {
        /// Has `async for`, or an `await` of its own.
        is_async: bool,
    },
}

/// A module, class, function, lambda or comprehension.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// The name; empty for a module, `<lambda>` and `<comprehension>` for those.
    pub name: NameId,
    /// Where the name stands; the keyword `lambda` for a lambda, the whole for a comprehension, empty for a module.
    pub name_span: Span,
    /// The whole definition, decorators included.
    pub span: Span,
    /// From `def`, `async` or `class` up to and with the colon; for a lambda up to the colon; else empty.
    pub header_span: Span,
    /// The enclosing scope; none for the module.
    pub parent: Option<ScopeId>,
    /// The definition's statement, for a class or function.
    pub stmt: Option<StmtId>,
    /// The expression that a lambda or comprehension is.
    pub expr: Option<ExprId>,
    /// The statements of a module, class or function.
    pub body: Block,
    /// The value of a lambda, or the elements of a comprehension (key and value for a dict).
    pub body_exprs: Exprs,
    /// The parameters, in order: a run of [`FileFacts::params`].
    pub params: Run,
    /// The return annotation.
    pub returns: Option<ExprId>,
    /// The decorators, top to bottom.
    pub decorators: Exprs,
    /// The bases and keywords of a class: a run of [`FileFacts::args`].
    pub bases: Run,
    /// The `for` clauses of a comprehension: a run of [`FileFacts::generators`].
    pub generators: Run,
    /// What names are bound here, in source order: a run of [`FileFacts::bindings`].
    pub bindings: Run,
    /// Names declared `global` here: a run of [`FileFacts::name_lists`].
    pub globals: Run,
    /// Names declared `nonlocal` here: a run of [`FileFacts::name_lists`].
    pub nonlocals: Run,
    /// Has a `yield` of its own.
    pub has_yield: bool,
    /// Has an `await`, `async for` or `async with` of its own (those of its comprehensions count).
    pub has_await: bool,
    /// Its header, or its own path of statements, is broken: nothing may be reported in it.
    pub broken: bool,
}

/// A parameter.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: NameId,
    /// Where its name stands.
    pub span: Span,
    /// Its annotation.
    pub annotation: Option<ExprId>,
    /// Its default.
    pub default: Option<ExprId>,
    /// `*args` or `**kwargs`.
    pub star: Star,
    /// Before `/`.
    pub positional_only: bool,
    /// After `*`.
    pub keyword_only: bool,
}

/// One `for` of a comprehension.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Generator {
    /// The target.
    pub target: ExprId,
    /// What is iterated; the first belongs to the enclosing scope.
    pub iter: ExprId,
    /// The conditions.
    pub conditions: Exprs,
    /// `async for`.
    pub is_async: bool,
}

/// How a name gets its value.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Binding {
    /// The name.
    pub name: NameId,
    /// Where the name stands.
    pub span: Span,
    /// The statement that binds it; none for parameters and comprehension variables.
    pub stmt: Option<StmtId>,
    /// How.
    pub kind: BindingKind,
}

/// The ways to bind a name.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum BindingKind {
    /// By an import.
    Import(ImportId),
    /// By a definition.
    Def(ScopeId),
    /// A parameter: index into [`FileFacts::params`].
    Param(u32),
    /// `name = value` or `name := value`; also `name: T = value`.
    Assign {
        /// The value.
        value: ExprId,
        /// Its annotation.
        annotation: Option<ExprId>,
    },
    /// `a, name = value`: one element of a value that is taken apart.
    Unpack {
        /// The whole value.
        value: ExprId,
        /// The position from 0, when there is no nesting and no star before it.
        index: Option<u32>,
    },
    /// `name: T` without a value.
    Annotated(ExprId),
    /// `name += value`.
    Augmented(ExprId),
    /// The target, or a part of it, of a `for` or comprehension.
    Iterated {
        /// What is iterated over.
        iter: ExprId,
        /// The name is the whole target.
        whole: bool,
        /// `async for`.
        is_async: bool,
    },
    /// `with context as name`.
    With {
        /// The context manager.
        context: ExprId,
        /// The name is the whole target.
        whole: bool,
        /// `async with`.
        is_async: bool,
    },
    /// `except types as name`.
    Except(Option<ExprId>),
    /// A capture of a `match` pattern.
    Pattern,
    /// `del name`.
    Delete,
    /// A type alias or type parameter.
    Type(Option<ExprId>),
}

/// One imported name.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Import {
    /// The dotted module as written, without leading dots; empty for `from . import x`.
    pub module: SmolStr,
    /// How many leading dots.
    pub level: u32,
    /// What is imported.
    pub what: Imported,
    /// After `as`.
    pub alias: Option<NameId>,
    /// The clause of this one name (`a.b as c`, `x as y`, `*`).
    pub span: Span,
    /// The statement.
    pub stmt: StmtId,
    /// The scope that is given the name.
    pub scope: ScopeId,
    /// Under `if TYPE_CHECKING:`.
    pub type_checking: bool,
    /// In the handler, or the body, of a `try` with `except ImportError` (or broader).
    pub optional: bool,
}

/// What an import binds.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Imported {
    /// `import a.b`: binds `a`, or the alias to `a.b`.
    Module,
    /// `from m import name`.
    Name(NameId),
    /// `from m import *`.
    Star,
}

/// A comment that silences findings.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Suppression {
    /// The comment, from its `#`.
    pub span: Span,
    /// The part between the brackets, or the codes of a `noqa`, each with where it stands; empty silences every rule.
    pub names: Vec<(SmolStr, Span)>,
    /// Which comment.
    pub kind: SuppressionKind,
    /// The words after it.
    pub reason: SmolStr,
}

/// The comments that silence.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum SuppressionKind {
    /// `# asyncwise: ignore[...]`: this logical line, or the next when the comment stands alone on its line.
    Line,
    /// `# asyncwise: ignore-file[...]`: the file.
    File,
    /// `# noqa: CODE`: this line.
    Noqa,
}

/// Everything the analysis knows of one file.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct FileFacts {
    /// Length of the text in bytes.
    pub len: u32,
    /// Identifiers.
    pub names: Vec<SmolStr>,
    /// Expressions; children stand before their parents.
    pub exprs: Vec<Expr>,
    /// Lists of expressions.
    pub expr_lists: Vec<ExprId>,
    /// Arguments of calls and bases of classes.
    pub args: Vec<Arg>,
    /// Operators of comparisons.
    pub compare_ops: Vec<CompareOp>,
    /// Statements; children stand before their parents.
    pub stmts: Vec<Stmt>,
    /// Lists of statements.
    pub stmt_lists: Vec<StmtId>,
    /// Items of `with`.
    pub with_items: Vec<WithItem>,
    /// Handlers of `try`.
    pub handlers: Vec<Handler>,
    /// Cases of `match`.
    pub cases: Vec<Case>,
    /// Scopes; parents stand before their children. First come those that other files can refer to: the module, and the
    /// classes and functions that do not stand in a function or lambda. Then come all others. Each of the two runs is in
    /// the order of the text, so that what changes in a body renumbers nothing outside the file.
    pub scopes: Vec<Scope>,
    /// Parameters.
    pub params: Vec<Param>,
    /// `for` clauses of comprehensions.
    pub generators: Vec<Generator>,
    /// Bindings, grouped by scope.
    pub bindings: Vec<Binding>,
    /// Imports, at any depth.
    pub imports: Vec<Import>,
    /// Names in `global` and `nonlocal`.
    pub name_lists: Vec<NameId>,
    /// Comments that silence findings, in order.
    pub suppressions: Vec<Suppression>,
    /// Where the text is not Python, in order.
    pub errors: Vec<Span>,
}

impl FileFacts {
    /// The text of an identifier.
    pub fn name(&self, id: NameId) -> &str {
        &self.names[id.index()]
    }
    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }
    /// A statement.
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.index()]
    }
    /// A scope.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }
    /// An import.
    pub fn import(&self, id: ImportId) -> &Import {
        &self.imports[id.index()]
    }
    /// The expressions of a list.
    pub fn list(&self, list: Exprs) -> &[ExprId] {
        &self.expr_lists[list.0.range()]
    }
    /// The statements of a block.
    pub fn block(&self, block: Block) -> &[StmtId] {
        &self.stmt_lists[block.0.range()]
    }
    /// The arguments of a call, or bases of a class.
    pub fn args(&self, run: Run) -> &[Arg] {
        &self.args[run.range()]
    }
    /// The bindings of a scope, in source order.
    pub fn bindings_of(&self, scope: ScopeId) -> &[Binding] {
        &self.bindings[self.scope(scope).bindings.range()]
    }
    /// The parameters of a scope.
    pub fn params_of(&self, scope: ScopeId) -> &[Param] {
        &self.params[self.scope(scope).params.range()]
    }
    /// All scopes with their ids.
    pub fn scopes(&self) -> impl Iterator<Item = (ScopeId, &Scope)> {
        self.scopes.iter().enumerate().map(|(i, s)| (ScopeId(i as u32), s))
    }
    /// All expressions with their ids.
    pub fn exprs(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(i, e)| (ExprId(i as u32), e))
    }
    /// The statement an expression stands in; none in a lambda's or comprehension's parts is not possible: they climb to
    /// the statement around; none only in a header of a scope without a statement.
    pub fn stmt_of(&self, expr: ExprId) -> Option<StmtId> {
        let mut at = self.expr(expr).parent;
        loop {
            match at {
                Parent::Expr(e) => at = self.expr(e).parent,
                Parent::Stmt(s) => return Some(s),
                Parent::Scope(s) => match self.scope(s).expr {
                    Some(e) => at = self.expr(e).parent,
                    None => return self.scope(s).stmt,
                },
            }
        }
    }
    /// The nearest scope that is a function, lambda, class or the module: comprehensions run in the code around them.
    pub fn code_scope(&self, mut scope: ScopeId) -> ScopeId {
        while let ScopeKind::Comprehension { .. } = self.scope(scope).kind {
            match self.scope(scope).parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope
    }
    /// Dotted name of a scope in its module (`Class.method.<locals>` is written `Class.method.inner`); empty for the module.
    pub fn qualified_name(&self, scope: ScopeId) -> String {
        let mut parts = Vec::new();
        let mut at = Some(scope);
        while let Some(id) = at {
            let s = self.scope(id);
            if !matches!(s.kind, ScopeKind::Module | ScopeKind::Comprehension { .. }) {
                parts.push(self.name(s.name));
            }
            at = s.parent;
        }
        parts.reverse();
        parts.join(".")
    }
    /// `a.b.c` for a chain of attributes on a name; none for anything else.
    pub fn dotted(&self, expr: ExprId) -> Option<String> {
        match &self.expr(expr).kind {
            ExprKind::Name(n) => Some(self.name(*n).to_owned()),
            ExprKind::Attribute { value, attr } => {
                let mut s = self.dotted(*value)?;
                s.push('.');
                s.push_str(self.name(*attr));
                Some(s)
            }
            _ => None,
        }
    }
}
