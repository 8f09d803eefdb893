//! Facts as text, for people and tests: scopes with their bindings, the statements as a tree, calls with their use.

use std::fmt::{self, Write};

use crate::facts::{
    Arg, BindingKind, Block, Case, ExprId, ExprKind, FileFacts, Import, Imported, Param, Parent, Run, Scope, ScopeId,
    ScopeKind, Star, StmtId, StmtKind, SuppressionKind,
};

/// The facts of a file, a line for each.
pub fn dump(facts: &FileFacts) -> String {
    let mut dump = Dump { facts, out: String::new() };
    // Writing to a string does not fail.
    let _ = dump.file();
    dump.out
}

/// One expression as text, in a notation of its own.
pub fn expression(facts: &FileFacts, expr: ExprId) -> String {
    let mut dump = Dump { facts, out: String::new() };
    let _ = dump.expr(expr);
    dump.out
}

struct Dump<'f> {
    facts: &'f FileFacts,
    out: String,
}

impl Dump<'_> {
    fn file(&mut self) -> fmt::Result {
        for (id, scope) in self.facts.scopes() {
            self.scope(id, scope)?;
        }
        for import in &self.facts.imports {
            self.import(import)?;
        }
        self.calls()?;
        for suppression in &self.facts.suppressions {
            let kind = match suppression.kind {
                SuppressionKind::Line => "ignore",
                SuppressionKind::File => "ignore-file",
                SuppressionKind::Noqa => "noqa",
            };
            write!(self.out, "{kind}")?;
            for (name, span) in &suppression.names {
                write!(self.out, " {name}@{}..{}", span.start, span.end)?;
            }
            writeln!(self.out, " {:?}", suppression.reason)?;
        }
        for error in &self.facts.errors {
            writeln!(self.out, "error {}..{}", error.start, error.end)?;
        }
        Ok(())
    }

    fn scope(&mut self, id: ScopeId, scope: &Scope) -> fmt::Result {
        let kind = match scope.kind {
            ScopeKind::Module => "module",
            ScopeKind::Class => "class",
            ScopeKind::Function { is_async: true } => "async def",
            ScopeKind::Function { is_async: false } => "def",
            ScopeKind::Lambda => "lambda",
            ScopeKind::Comprehension { is_async: true } => "async comprehension",
            ScopeKind::Comprehension { is_async: false } => "comprehension",
        };
        write!(self.out, "#{} {kind}", id.0)?;
        let name = self.facts.name(scope.name);
        if !name.is_empty() && !name.starts_with('<') {
            write!(self.out, " {name}")?;
        }
        if let Some(parent) = scope.parent.filter(|parent| *parent != ScopeId::MODULE) {
            write!(self.out, " in #{}", parent.0)?;
        }
        for (flag, word) in [(scope.has_yield, "yield"), (scope.has_await, "await"), (scope.broken, "broken")] {
            if flag {
                write!(self.out, " [{word}]")?;
            }
        }
        self.out.push('\n');
        self.header(scope)?;
        for generator in &self.facts.generators[scope.generators.range()] {
            let word = if generator.is_async { "async for" } else { "for" };
            self.field(word, |d| {
                d.expr(generator.target)?;
                d.out.push_str(" in ");
                d.expr(generator.iter)?;
                for &condition in d.facts.list(generator.conditions) {
                    d.out.push_str(" if ");
                    d.expr(condition)?;
                }
                Ok(())
            })?;
        }
        self.fields("value", self.facts.list(scope.body_exprs))?;
        self.names("global", scope.globals)?;
        self.names("nonlocal", scope.nonlocals)?;
        self.bindings(id)?;
        self.block(scope.body, 1)
    }

    fn header(&mut self, scope: &Scope) -> fmt::Result {
        self.fields("@", self.facts.list(scope.decorators))?;
        if !scope.params.is_empty() {
            self.field("params", |d| d.separated(&d.facts.params[scope.params.range()], |d, param| d.param(param)))?;
        }
        if let Some(returns) = scope.returns {
            self.fields("->", &[returns])?;
        }
        if !scope.bases.is_empty() {
            self.field("bases", |d| d.args(scope.bases))?;
        }
        Ok(())
    }

    fn field(&mut self, word: &str, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        write!(self.out, "  {word} ")?;
        write(self)?;
        self.out.push('\n');
        Ok(())
    }

    fn fields(&mut self, word: &str, exprs: &[ExprId]) -> fmt::Result {
        exprs.iter().try_for_each(|&expr| self.field(word, |d| d.expr(expr)))
    }

    fn names(&mut self, word: &str, run: Run) -> fmt::Result {
        match run.is_empty() {
            true => Ok(()),
            false => self.field(word, |d| d.name_list(run)),
        }
    }

    fn name_list(&mut self, run: Run) -> fmt::Result {
        self.separated(&self.facts.name_lists[run.range()], |d, name| {
            d.out.push_str(d.facts.name(*name));
            Ok(())
        })
    }

    fn separated<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T) -> fmt::Result) -> fmt::Result {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            write(self, item)?;
        }
        Ok(())
    }

    fn param(&mut self, param: &Param) -> fmt::Result {
        self.out.push_str(stars(param.star));
        self.out.push_str(self.facts.name(param.name));
        if let Some(annotation) = param.annotation {
            self.out.push_str(": ");
            self.expr(annotation)?;
        }
        if let Some(default) = param.default {
            self.out.push_str(" = ");
            self.expr(default)?;
        }
        if param.positional_only {
            self.out.push_str(" [positional]");
        }
        if param.keyword_only {
            self.out.push_str(" [keyword]");
        }
        Ok(())
    }

    fn bindings(&mut self, id: ScopeId) -> fmt::Result {
        for binding in self.facts.bindings_of(id) {
            write!(self.out, "  {}@{}: ", self.facts.name(binding.name), binding.span.start)?;
            self.binding(&binding.kind)?;
            self.out.push_str(if binding.stmt.is_none() { " (no statement)\n" } else { "\n" });
        }
        Ok(())
    }

    fn binding(&mut self, kind: &BindingKind) -> fmt::Result {
        let (word, expr) = match kind {
            BindingKind::Import(id) => return write!(self.out, "import {}", id.0),
            BindingKind::Def(scope) => return write!(self.out, "#{}", scope.0),
            BindingKind::Param(_) => ("param", None),
            BindingKind::Assign { value, .. } => ("=", Some(*value)),
            BindingKind::Unpack { value, index } => {
                match index {
                    Some(index) => write!(self.out, "[{index}] of ")?,
                    None => write!(self.out, "part of ")?,
                }
                return self.expr(*value);
            }
            BindingKind::Annotated(annotation) => (":", Some(*annotation)),
            BindingKind::Augmented(value) => ("op=", Some(*value)),
            BindingKind::Iterated { iter, whole, is_async } => {
                (if *is_async { "async for" } else { "for" }, Some(self.whole(*whole, *iter)))
            }
            BindingKind::With { context, whole, is_async } => {
                (if *is_async { "async with" } else { "with" }, Some(self.whole(*whole, *context)))
            }
            BindingKind::Except(types) => ("except", *types),
            BindingKind::Pattern => ("pattern", None),
            BindingKind::Delete => ("del", None),
            BindingKind::Type(value) => ("type", *value),
        };
        self.out.push_str(word);
        if let Some(expr) = expr {
            self.out.push(' ');
            self.expr(expr)?;
        }
        Ok(())
    }

    /// Notes that a name is only a part of its target.
    fn whole(&mut self, whole: bool, expr: ExprId) -> ExprId {
        if !whole {
            self.out.push_str("part of ");
        }
        expr
    }

    fn import(&mut self, import: &Import) -> fmt::Result {
        write!(self.out, "import {}{}", ".".repeat(import.level as usize), import.module)?;
        match import.what {
            Imported::Module => {}
            Imported::Name(name) => write!(self.out, ":{}", self.facts.name(name))?,
            Imported::Star => self.out.push_str(":*"),
        }
        if let Some(alias) = import.alias {
            write!(self.out, " as {}", self.facts.name(alias))?;
        }
        if import.scope != ScopeId::MODULE {
            write!(self.out, " in #{}", import.scope.0)?;
        }
        for (flag, word) in [(import.type_checking, "type checking"), (import.optional, "optional")] {
            if flag {
                write!(self.out, " [{word}]")?;
            }
        }
        self.out.push('\n');
        Ok(())
    }

    fn calls(&mut self) -> fmt::Result {
        for (id, expr) in self.facts.exprs() {
            if let ExprKind::Call { func, .. } = expr.kind {
                self.out.push_str("call ");
                self.expr(func)?;
                writeln!(self.out, " in #{}: {}", expr.scope.0, use_of(self.facts, id))?;
            }
        }
        Ok(())
    }

    fn block(&mut self, block: Block, depth: usize) -> fmt::Result {
        self.facts.block(block).iter().try_for_each(|&stmt| self.stmt(stmt, depth))
    }

    fn line(&mut self, depth: usize, word: &str) {
        for _ in 0..depth {
            self.out.push_str("  ");
        }
        self.out.push_str("| ");
        self.out.push_str(word);
    }

    fn stmt(&mut self, id: StmtId, depth: usize) -> fmt::Result {
        let stmt = self.facts.stmt(id);
        self.line(depth, word_of(&stmt.kind));
        match &stmt.kind {
            StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) => write!(self.out, " #{}", scope.0)?,
            StmtKind::Global(run) | StmtKind::Nonlocal(run) => {
                self.out.push(' ');
                self.name_list(*run)?;
            }
            StmtKind::Import(run) => write!(self.out, " {}..{}", run.start, run.start + run.len)?,
            StmtKind::TypeAlias { name, .. } => write!(self.out, " {}", self.facts.name(*name))?,
            _ => {}
        }
        if !matches!(stmt.kind, StmtKind::Match { .. } | StmtKind::Try { .. }) {
            let mut exprs = Vec::new();
            self.facts.for_each_expr(&stmt.kind, |expr| exprs.push(expr));
            for (i, &expr) in exprs.iter().enumerate() {
                self.out.push_str(if i == 0 { " " } else { "; " });
                self.expr(expr)?;
            }
        }
        if stmt.broken {
            self.out.push_str(" [broken]");
        }
        self.out.push('\n');
        self.blocks(&stmt.kind, depth)
    }

    fn blocks(&mut self, kind: &StmtKind, depth: usize) -> fmt::Result {
        match kind {
            StmtKind::If { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::For { body, orelse, .. } => {
                self.block(*body, depth + 1)?;
                self.named_block("else", *orelse, depth)
            }
            StmtKind::With { body, .. } => self.block(*body, depth + 1),
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                self.block(*body, depth + 1)?;
                for handler in &self.facts.handlers[handlers.range()] {
                    self.line(depth, "except");
                    if let Some(types) = handler.types {
                        self.out.push(' ');
                        self.expr(types)?;
                    }
                    if let Some(name) = handler.name {
                        write!(self.out, " as {}", self.facts.name(name))?;
                    }
                    self.out.push('\n');
                    self.block(handler.body, depth + 1)?;
                }
                self.named_block("else", *orelse, depth)?;
                self.named_block("finally", *finalbody, depth)
            }
            StmtKind::Match { subject, cases } => {
                self.line(depth, "subject ");
                self.expr(*subject)?;
                self.out.push('\n');
                self.facts.cases[cases.range()].iter().try_for_each(|case| self.case(case, depth))
            }
            _ => Ok(()),
        }
    }

    fn named_block(&mut self, word: &str, block: Block, depth: usize) -> fmt::Result {
        if block.0.is_empty() {
            return Ok(());
        }
        self.line(depth, word);
        self.out.push('\n');
        self.block(block, depth + 1)
    }

    fn case(&mut self, case: &Case, depth: usize) -> fmt::Result {
        self.line(depth, "case ");
        self.exprs(self.facts.list(case.pattern))?;
        if let Some(guard) = case.guard {
            self.out.push_str(" if ");
            self.expr(guard)?;
        }
        self.out.push_str(if case.is_irrefutable { " [all]\n" } else { "\n" });
        self.block(case.body, depth + 1)
    }

    fn exprs(&mut self, exprs: &[ExprId]) -> fmt::Result {
        self.separated(exprs, |d, expr| d.expr(*expr))
    }

    fn args(&mut self, args: Run) -> fmt::Result {
        self.separated(self.facts.args(args), |d, Arg { name, star, value }| {
            if let Some(name) = name {
                write!(d.out, "{}=", d.facts.name(*name))?;
            }
            d.out.push_str(stars(*star));
            d.expr(*value)
        })
    }

    /// `(word part part ...)`
    fn form(&mut self, word: &str, parts: &[ExprId]) -> fmt::Result {
        write!(self.out, "({word}")?;
        for &part in parts {
            self.out.push(' ');
            self.expr(part)?;
        }
        self.out.push(')');
        Ok(())
    }

    fn expr(&mut self, id: ExprId) -> fmt::Result {
        match &self.facts.expr(id).kind {
            ExprKind::Name(name) => write!(self.out, "{}", self.facts.name(*name)),
            ExprKind::Attribute { value, attr } => {
                self.expr(*value)?;
                write!(self.out, ".{}", self.facts.name(*attr))
            }
            ExprKind::Call { func, args } => {
                self.expr(*func)?;
                self.out.push('(');
                self.args(*args)?;
                self.out.push(')');
                Ok(())
            }
            ExprKind::Str(value) => write!(self.out, "{value:?}"),
            ExprKind::Int(value) => write!(self.out, "{value}"),
            ExprKind::Lambda(scope) => write!(self.out, "lambda#{}", scope.0),
            ExprKind::Comprehension { kind, scope } => write!(self.out, "{kind:?}#{}", scope.0),
            ExprKind::Bool(true) => write!(self.out, "True"),
            ExprKind::Bool(false) => write!(self.out, "False"),
            ExprKind::None => write!(self.out, "None"),
            ExprKind::Ellipsis => write!(self.out, "..."),
            ExprKind::Compare { operands, ops } => {
                let ops: Vec<_> = self.facts.compare_ops[ops.range()].iter().map(|op| format!("{op:?}")).collect();
                self.form(&ops.join(","), self.facts.list(*operands))
            }
            kind => {
                let mut parts = Vec::new();
                self.facts.for_each_child(kind, |part| parts.push(part));
                self.form(form_of(kind), &parts)
            }
        }
    }
}

fn stars(star: Star) -> &'static str {
    match star {
        Star::No => "",
        Star::One => "*",
        Star::Two => "**",
    }
}

fn form_of(kind: &ExprKind) -> &'static str {
    match kind {
        ExprKind::Subscript { .. } => "index",
        ExprKind::Await(_) => "await",
        ExprKind::Yield(_) => "yield",
        ExprKind::YieldFrom(_) => "yield-from",
        ExprKind::IfExp { .. } => "if",
        ExprKind::BoolOp { is_and: true, .. } => "and",
        ExprKind::BoolOp { is_and: false, .. } => "or",
        ExprKind::Not(_) => "not",
        ExprKind::Unary(_) => "unary",
        ExprKind::Binary { is_or: true, .. } => "|",
        ExprKind::Binary { is_or: false, .. } => "op",
        ExprKind::Named { .. } => ":=",
        ExprKind::Bytes => "bytes",
        ExprKind::FString { is_template: true, .. } => "t-string",
        ExprKind::FString { .. } => "f-string",
        ExprKind::Number => "number",
        ExprKind::List(_) => "list",
        ExprKind::Tuple(_) => "tuple",
        ExprKind::Set(_) => "set",
        ExprKind::Dict(_) => "dict",
        ExprKind::Starred(_) => "star",
        ExprKind::Slice(_) => "slice",
        _ => "other",
    }
}

fn word_of(kind: &StmtKind) -> &'static str {
    match kind {
        StmtKind::Expr(_) => "expr",
        StmtKind::Assign { .. } => "assign",
        StmtKind::AugAssign { .. } => "augment",
        StmtKind::AnnAssign { .. } => "annotate",
        StmtKind::Return(_) => "return",
        StmtKind::Raise { .. } => "raise",
        StmtKind::Assert { .. } => "assert",
        StmtKind::Delete(_) => "del",
        StmtKind::Pass => "pass",
        StmtKind::Break => "break",
        StmtKind::Continue => "continue",
        StmtKind::Global(_) => "global",
        StmtKind::Nonlocal(_) => "nonlocal",
        StmtKind::Import(_) => "import",
        StmtKind::If { .. } => "if",
        StmtKind::While { .. } => "while",
        StmtKind::For { is_async: true, .. } => "async for",
        StmtKind::For { .. } => "for",
        StmtKind::With { is_async: true, .. } => "async with",
        StmtKind::With { .. } => "with",
        StmtKind::Try { is_star: true, .. } => "try*",
        StmtKind::Try { .. } => "try",
        StmtKind::Match { .. } => "match",
        StmtKind::FunctionDef(_) => "def",
        StmtKind::ClassDef(_) => "class",
        StmtKind::TypeAlias { .. } => "type",
        StmtKind::Other(_) => "other",
    }
}

/// What becomes of an expression's value, in a word or two.
fn use_of(facts: &FileFacts, id: ExprId) -> &'static str {
    match facts.expr(id).parent {
        Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
            StmtKind::Expr(_) => "dropped",
            StmtKind::If { .. } | StmtKind::While { .. } | StmtKind::Assert { .. } => "condition",
            ref kind => word_of(kind),
        },
        Parent::Scope(scope) => match facts.scope(scope).kind {
            ScopeKind::Lambda => "of a lambda",
            ScopeKind::Comprehension { .. } => "of a comprehension",
            _ => "of a header",
        },
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Call { func, .. } if func == id => "called",
            ExprKind::Call { .. } => "argument",
            ExprKind::Attribute { .. } => "receiver",
            ref kind => form_of(kind),
        },
    }
}
