//! Elements of the arrays, copied from the facts of another text: ids and places move, names go through a table.

use super::bindings::RawBinding;
use super::scopes::FAR_BASE;
use super::units::Lengths;
use crate::facts::{
    Arg, Binding, BindingKind, Block, Case, Expr, ExprId, ExprKind, Exprs, Generator, Handler, Import, ImportId,
    Imported, NameId, Param, Parent, Run, Scope, ScopeId, Span, Stmt, StmtId, StmtKind, WithItem,
};

/// How what one unit holds moves.
pub(super) struct Shift<'a> {
    /// Where its arrays began.
    pub(super) from: Lengths,
    /// Where they begin now.
    pub(super) to: Lengths,
    /// Where its text started, and starts now.
    pub(super) start: (u32, u32),
    /// The scope it stands in, before and now.
    pub(super) outer: (ScopeId, ScopeId),
    /// How many scopes were visible.
    pub(super) visible: u32,
    /// The new id of each name that occurs in it.
    pub(super) names: &'a [NameId],
}

impl Shift<'_> {
    pub(super) fn span(&self, span: Span) -> Span {
        let (from, to) = self.start;
        match span {
            // Stands for none; no statement without an error has a part without text at its start.
            Span { start: 0, end: 0 } => span,
            _ => Span::new(span.start - from + to, span.end - from + to),
        }
    }

    pub(super) fn name(&self, name: NameId) -> NameId {
        self.names[name.index()]
    }

    pub(super) fn expr_id(&self, id: ExprId) -> ExprId {
        ExprId(id.0 - self.from.exprs + self.to.exprs)
    }

    pub(super) fn stmt_id(&self, id: StmtId) -> StmtId {
        StmtId(id.0 - self.from.stmts + self.to.stmts)
    }

    fn scope_id(&self, id: ScopeId) -> ScopeId {
        match id.0.checked_sub(self.visible) {
            Some(local) => ScopeId(FAR_BASE + local - self.from.local + self.to.local),
            None if id == self.outer.0 => self.outer.1,
            None => ScopeId(id.0 - self.from.visible + self.to.visible),
        }
    }

    fn exprs(&self, list: Exprs) -> Exprs {
        Exprs(run(list.0, self.from.expr_lists, self.to.expr_lists))
    }

    fn block(&self, block: Block) -> Block {
        Block(run(block.0, self.from.stmt_lists, self.to.stmt_lists))
    }

    fn args(&self, args: Run) -> Run {
        run(args, self.from.args, self.to.args)
    }

    fn name_list(&self, list: Run) -> Run {
        run(list, self.from.name_lists, self.to.name_lists)
    }

    pub(super) fn expr(&self, expr: &Expr) -> Expr {
        let parent = match expr.parent {
            Parent::Expr(id) => Parent::Expr(self.expr_id(id)),
            Parent::Stmt(id) => Parent::Stmt(self.stmt_id(id)),
            Parent::Scope(id) => Parent::Scope(self.scope_id(id)),
        };
        Expr { span: self.span(expr.span), kind: self.expr_kind(&expr.kind), parent, scope: self.scope_id(expr.scope) }
    }

    fn expr_kind(&self, kind: &ExprKind) -> ExprKind {
        use ExprKind::*;
        let id = |id: ExprId| self.expr_id(id);
        match *kind {
            Name(name) => Name(self.name(name)),
            Attribute { value, attr } => Attribute { value: id(value), attr: self.name(attr) },
            Subscript { value, index } => Subscript { value: id(value), index: id(index) },
            Call { func, args } => Call { func: id(func), args: self.args(args) },
            Await(value) => Await(id(value)),
            Yield(value) => Yield(value.map(id)),
            YieldFrom(value) => YieldFrom(id(value)),
            Lambda(scope) => Lambda(self.scope_id(scope)),
            Comprehension { kind, scope } => Comprehension { kind, scope: self.scope_id(scope) },
            IfExp { test, body, orelse } => IfExp { test: id(test), body: id(body), orelse: id(orelse) },
            BoolOp { is_and, values } => BoolOp { is_and, values: self.exprs(values) },
            Not(value) => Not(id(value)),
            Unary(value) => Unary(id(value)),
            Binary { left, right, is_or } => Binary { left: id(left), right: id(right), is_or },
            Compare { operands, ops } => {
                Compare { operands: self.exprs(operands), ops: run(ops, self.from.compare_ops, self.to.compare_ops) }
            }
            Named { target, value } => Named { target: id(target), value: id(value) },
            FString { parts, is_template } => FString { parts: self.exprs(parts), is_template },
            List(list) => List(self.exprs(list)),
            Tuple(list) => Tuple(self.exprs(list)),
            Set(list) => Set(self.exprs(list)),
            Dict(list) => Dict(self.exprs(list)),
            Starred(value) => Starred(id(value)),
            Slice(list) => Slice(self.exprs(list)),
            Other(list) => Other(self.exprs(list)),
            Str(_) | Bytes | Int(_) | Number | Bool(_) | None | Ellipsis => kind.clone(),
        }
    }

    pub(super) fn arg(&self, arg: &Arg) -> Arg {
        Arg { name: arg.name.map(|name| self.name(name)), star: arg.star, value: self.expr_id(arg.value) }
    }

    pub(super) fn stmt(&self, stmt: &Stmt) -> Stmt {
        Stmt {
            span: self.span(stmt.span),
            kind: self.stmt_kind(&stmt.kind),
            parent: stmt.parent.map(|id| self.stmt_id(id)),
            scope: self.scope_id(stmt.scope),
            broken: stmt.broken,
        }
    }

    fn stmt_kind(&self, kind: &StmtKind) -> StmtKind {
        use StmtKind::*;
        let id = |id: ExprId| self.expr_id(id);
        let block = |block: Block| self.block(block);
        let (from, to) = (&self.from, &self.to);
        match *kind {
            Expr(value) => Expr(id(value)),
            Assign { targets, value } => Assign { targets: self.exprs(targets), value: id(value) },
            AugAssign { target, value } => AugAssign { target: id(target), value: id(value) },
            AnnAssign { target, annotation, value } => {
                AnnAssign { target: id(target), annotation: id(annotation), value: value.map(id) }
            }
            Return(value) => Return(value.map(id)),
            Raise { exc, cause } => Raise { exc: exc.map(id), cause: cause.map(id) },
            Assert { test, message } => Assert { test: id(test), message: message.map(id) },
            Delete(list) => Delete(self.exprs(list)),
            Pass => Pass,
            Break => Break,
            Continue => Continue,
            Global(list) => Global(self.name_list(list)),
            Nonlocal(list) => Nonlocal(self.name_list(list)),
            Import(imports) => Import(run(imports, from.imports, to.imports)),
            If { test, body, orelse } => If { test: id(test), body: block(body), orelse: block(orelse) },
            While { test, body, orelse } => While { test: id(test), body: block(body), orelse: block(orelse) },
            For { target, iter, body, orelse, is_async } => {
                For { target: id(target), iter: id(iter), body: block(body), orelse: block(orelse), is_async }
            }
            With { items, body, is_async } => {
                With { items: run(items, from.with_items, to.with_items), body: block(body), is_async }
            }
            Try { body, handlers, orelse, finalbody, is_star } => Try {
                body: block(body),
                handlers: run(handlers, from.handlers, to.handlers),
                orelse: block(orelse),
                finalbody: block(finalbody),
                is_star,
            },
            Match { subject, cases } => Match { subject: id(subject), cases: run(cases, from.cases, to.cases) },
            FunctionDef(scope) => FunctionDef(self.scope_id(scope)),
            ClassDef(scope) => ClassDef(self.scope_id(scope)),
            TypeAlias { name, value } => TypeAlias { name: self.name(name), value: id(value) },
            Other(list) => Other(self.exprs(list)),
        }
    }

    pub(super) fn with_item(&self, item: &WithItem) -> WithItem {
        WithItem { context: self.expr_id(item.context), target: item.target.map(|id| self.expr_id(id)) }
    }

    pub(super) fn handler(&self, handler: &Handler) -> Handler {
        Handler {
            span: self.span(handler.span),
            types: handler.types.map(|id| self.expr_id(id)),
            name: handler.name.map(|name| self.name(name)),
            body: self.block(handler.body),
        }
    }

    pub(super) fn case(&self, case: &Case) -> Case {
        Case {
            span: self.span(case.span),
            pattern: self.exprs(case.pattern),
            guard: case.guard.map(|id| self.expr_id(id)),
            is_irrefutable: case.is_irrefutable,
            body: self.block(case.body),
        }
    }

    /// The scope without its bindings, which are given out at the end.
    pub(super) fn scope(&self, scope: &Scope) -> Scope {
        Scope {
            kind: scope.kind,
            name: self.name(scope.name),
            name_span: self.span(scope.name_span),
            span: self.span(scope.span),
            header_span: self.span(scope.header_span),
            parent: scope.parent.map(|id| self.scope_id(id)),
            stmt: scope.stmt.map(|id| self.stmt_id(id)),
            expr: scope.expr.map(|id| self.expr_id(id)),
            body: self.block(scope.body),
            body_exprs: self.exprs(scope.body_exprs),
            params: run(scope.params, self.from.params, self.to.params),
            returns: scope.returns.map(|id| self.expr_id(id)),
            decorators: self.exprs(scope.decorators),
            bases: self.args(scope.bases),
            generators: run(scope.generators, self.from.generators, self.to.generators),
            bindings: Run::default(),
            globals: self.name_list(scope.globals),
            nonlocals: self.name_list(scope.nonlocals),
            has_yield: scope.has_yield,
            has_await: scope.has_await,
            broken: scope.broken,
        }
    }

    pub(super) fn param(&self, param: &Param) -> Param {
        Param {
            name: self.name(param.name),
            span: self.span(param.span),
            annotation: param.annotation.map(|id| self.expr_id(id)),
            default: param.default.map(|id| self.expr_id(id)),
            ..*param
        }
    }

    pub(super) fn generator(&self, generator: &Generator) -> Generator {
        Generator {
            target: self.expr_id(generator.target),
            iter: self.expr_id(generator.iter),
            conditions: self.exprs(generator.conditions),
            is_async: generator.is_async,
        }
    }

    pub(super) fn binding(&self, raw: &RawBinding) -> RawBinding {
        let Binding { name, span, stmt, kind } = raw.binding;
        let binding = Binding {
            name: self.name(name),
            span: self.span(span),
            stmt: stmt.map(|id| self.stmt_id(id)),
            kind: self.binding_kind(kind),
        };
        RawBinding { scope: self.scope_id(raw.scope), binding }
    }

    fn binding_kind(&self, kind: BindingKind) -> BindingKind {
        use BindingKind::*;
        let id = |id: ExprId| self.expr_id(id);
        match kind {
            Import(import) => Import(ImportId(import.0 - self.from.imports + self.to.imports)),
            Def(scope) => Def(self.scope_id(scope)),
            Param(param) => Param(param - self.from.params + self.to.params),
            Assign { value, annotation } => Assign { value: id(value), annotation: annotation.map(id) },
            Unpack { value, index } => Unpack { value: id(value), index },
            Annotated(annotation) => Annotated(id(annotation)),
            Augmented(value) => Augmented(id(value)),
            Iterated { iter, whole, is_async } => Iterated { iter: id(iter), whole, is_async },
            With { context, whole, is_async } => With { context: id(context), whole, is_async },
            Except(types) => Except(types.map(id)),
            Pattern => Pattern,
            Delete => Delete,
            Type(bound) => Type(bound.map(id)),
        }
    }

    pub(super) fn import(&self, import: &Import) -> Import {
        let what = match import.what {
            Imported::Module => Imported::Module,
            Imported::Name(name) => Imported::Name(self.name(name)),
            Imported::Star => Imported::Star,
        };
        Import {
            module: import.module.clone(),
            level: import.level,
            what,
            alias: import.alias.map(|name| self.name(name)),
            span: self.span(import.span),
            stmt: self.stmt_id(import.stmt),
            scope: self.scope_id(import.scope),
            type_checking: import.type_checking,
            optional: import.optional,
        }
    }
}

/// A run in an array whose part moves; runs without elements start at 0.
fn run(run: Run, from: u32, to: u32) -> Run {
    match run.len {
        0 => run,
        len => Run { start: run.start - from + to, len },
    }
}
