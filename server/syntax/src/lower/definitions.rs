//! Functions and classes, their headers and parameters.

use super::builder::{Lowerer, run_of, span_of};
use super::kinds::{Field, Kind};
use crate::facts::{BindingKind, ExprId, NameId, Param, Run, ScopeId, ScopeKind, Span, Star, StmtId, StmtKind};

/// The parameters read so far, and what the separators passed say of the next.
#[derive(Default)]
struct ParamList {
    params: Vec<Param>,
    keyword_only: bool,
}

impl Lowerer<'_> {
    /// Lowers the definition under the cursor, decorated or not.
    pub(super) fn definition(&mut self) -> StmtId {
        let (span, unset) = (self.span(), self.mark());
        let was_uncertain = self.is_uncertain;
        self.is_uncertain |= self.has_own_error() || self.follows_error_in_function(span.start);
        // Parents stand before their children: the scope comes before those in its decorators.
        let empty = self.name("");
        let scope = self.push_scope(ScopeKind::Class, empty, Span::default(), span);
        let mut is_class = self.kind() == Kind::ClassDefinition;
        if self.kind() == Kind::DecoratedDefinition {
            let mark = self.exprs.len();
            self.children(|l, kind| match kind {
                Kind::Decorator => l.decorator(scope),
                Kind::FunctionDefinition | Kind::ClassDefinition => {
                    let decorators = l.exprs_since(mark);
                    l.scope_mut(scope).decorators = decorators;
                    is_class = kind == Kind::ClassDefinition;
                    l.plain_definition(scope);
                }
                _ => {}
            });
            self.exprs.truncate(mark);
        } else {
            self.plain_definition(scope);
        }
        let kind = if is_class { StmtKind::ClassDef(scope) } else { StmtKind::FunctionDef(scope) };
        let stmt = self.push_stmt(span, kind, unset);
        self.scope_mut(scope).stmt = Some(stmt);
        self.is_uncertain = was_uncertain;
        stmt
    }

    fn decorator(&mut self, scope: ScopeId) {
        if self.first_node() {
            let decorator = self.expr();
            self.own_by_scope(decorator, scope);
            self.exprs.push(decorator);
            self.cursor.goto_parent();
        }
    }

    /// The `def` or `class` under the cursor. Its header is evaluated in the current scope.
    fn plain_definition(&mut self, scope: ScopeId) {
        let node = self.span();
        let is_class = self.kind() == Kind::ClassDefinition;
        self.name_definition(scope, is_class);
        let (mark, globals, nonlocals) = (self.stmts.len(), self.globals.len(), self.nonlocals.len());
        let mut header_end = None;
        self.children(|l, kind| match (kind, l.field()) {
            (Kind::TypeParameter, _) => l.type_parameters(Some(scope)),
            (Kind::Parameters, _) => l.parameters(scope),
            (Kind::ArgumentList, _) => l.bases(scope),
            (Kind::Type, Field::ReturnType) => {
                let returns = l.expr();
                l.own_by_scope(returns, scope);
                l.scope_mut(scope).returns = Some(returns);
            }
            (Kind::Colon, _) if header_end.is_none() => header_end = Some(l.span().end),
            (Kind::Error, _) => l.within(scope, Lowerer::error_statement),
            (Kind::Block, _) if is_class && l.in_members => l.within(scope, Lowerer::members),
            (Kind::Block, _) => l.within(scope, Lowerer::statements),
            _ => {}
        });
        let body = self.block_since(mark);
        self.close_names(scope, globals, nonlocals);
        let entry = self.scope_mut(scope);
        entry.body = body;
        entry.header_span = Span::new(node.start, header_end.unwrap_or(node.end));
    }

    /// Sets kind and name of the scope of the definition under the cursor, and binds the name.
    fn name_definition(&mut self, scope: ScopeId, is_class: bool) {
        let (mut name, mut is_async) = (None, false);
        self.children(|l, kind| match (kind, l.field()) {
            (Kind::Async, _) => is_async = true,
            (Kind::Identifier, Field::Name) => name = Some((l.name_here(), l.span())),
            _ => {}
        });
        let entry = self.scope_mut(scope);
        entry.kind = if is_class { ScopeKind::Class } else { ScopeKind::Function { is_async } };
        if let Some((name, span)) = name {
            entry.name = name;
            entry.name_span = span;
            self.bind(name, span, BindingKind::Def(scope));
        }
    }

    /// Lowers something as code of `scope`.
    fn within(&mut self, scope: ScopeId, lower: fn(&mut Self)) {
        let outer = std::mem::replace(&mut self.scope, scope);
        let entry = self.scopes.get(scope);
        let is_class = entry.kind == ScopeKind::Class;
        let start = entry.span.start;
        let function_start = std::mem::replace(&mut self.function_start, (!is_class).then_some(start));
        let in_members = self.in_members;
        self.in_members &= is_class;
        lower(self);
        self.in_members = in_members;
        self.function_start = function_start;
        self.scope = outer;
    }

    fn bases(&mut self, scope: ScopeId) {
        let run = self.arguments();
        for i in run.range() {
            self.own_by_scope(self.facts.args[i].value, scope);
        }
        self.scope_mut(scope).bases = run;
    }

    /// Binds the type parameters under the cursor in `scope`.
    fn type_parameters(&mut self, scope: Option<ScopeId>) {
        self.children(|l, kind| {
            if !kind.is_token() && kind != Kind::Error {
                l.type_parameter(scope);
            }
        });
    }

    /// `T`, `T: bound`, `*Ts` or `**P`, whatever the grammar wraps it in.
    fn type_parameter(&mut self, scope: Option<ScopeId>) {
        match self.kind() {
            Kind::Identifier => {
                if let Some(scope) = scope {
                    let (name, span) = (self.name_here(), self.span());
                    self.bind_without_statement(scope, name, span, BindingKind::Type(None));
                }
            }
            Kind::Type | Kind::SplatType | Kind::ListSplat | Kind::ListSplatPattern | Kind::DictionarySplat
                if self.first_node() =>
            {
                self.type_parameter(scope);
                self.cursor.goto_parent();
            }
            Kind::ConstrainedType => {
                if let Some(scope) = scope {
                    self.bounded_parameter(scope);
                }
            }
            _ => {}
        }
    }

    fn bounded_parameter(&mut self, scope: ScopeId) {
        if !self.first_node() {
            return;
        }
        let span = span_of(self.node());
        let name = self.slice(span);
        // The grammar takes any type for a name.
        let is_name = name.chars().all(|c| c == '_' || c.is_alphanumeric());
        let bound = (is_name && self.next_node()).then(|| self.expr());
        self.cursor.goto_parent();
        if let Some(bound) = bound {
            self.own_by_scope(bound, scope);
            let name = self.name(name);
            self.bind_without_statement(scope, name, span, BindingKind::Type(Some(bound)));
        }
    }

    /// The name of a type alias: under the cursor, or followed by type parameters there.
    pub(super) fn alias_name(&mut self) -> Option<(NameId, Span)> {
        let mut levels = 0;
        let mut found = None;
        while self.first_node() {
            levels += 1;
            if self.kind() == Kind::Identifier {
                found = Some((self.name_here(), self.span()));
                break;
            }
        }
        for _ in 0..levels {
            self.cursor.goto_parent();
        }
        found
    }

    /// The parameters under the cursor, of the function or lambda `scope`; defaults and annotations are evaluated in the
    /// current scope.
    pub(super) fn parameters(&mut self, scope: ScopeId) {
        let mut list = ParamList::default();
        self.children(|l, kind| match kind {
            Kind::PositionalSeparator => list.params.iter_mut().for_each(|param| param.positional_only = true),
            Kind::KeywordSeparator => list.keyword_only = true,
            kind if kind.is_token() => {}
            _ => l.parameter(&mut list),
        });
        let run: Run = run_of(self.facts.params.len(), list.params.len());
        for (i, param) in list.params.iter().enumerate() {
            for part in [param.annotation, param.default].into_iter().flatten() {
                self.own_by_scope(part, scope);
            }
            self.bind_without_statement(scope, param.name, param.span, BindingKind::Param(run.start + i as u32));
        }
        self.facts.params.extend(list.params);
        self.scope_mut(scope).params = run;
    }

    fn parameter(&mut self, list: &mut ParamList) {
        let (mut name, mut star) = (None, Star::No);
        let (mut annotation, mut default): (Option<ExprId>, Option<ExprId>) = (None, None);
        match self.kind() {
            Kind::Identifier | Kind::ListSplatPattern | Kind::DictionarySplatPattern => {
                name = self.parameter_name(&mut star);
            }
            Kind::TypedParameter | Kind::DefaultParameter | Kind::TypedDefaultParameter => {
                self.children(|l, kind| match l.field() {
                    Field::Type => annotation = Some(l.expr()),
                    Field::Value => default = Some(l.expr()),
                    _ if kind.is_token() => {}
                    _ => name = l.parameter_name(&mut star),
                });
            }
            _ => {}
        }
        if let Some((name, span)) = name {
            let keyword_only = list.keyword_only && star == Star::No;
            let param = Param { name, span, annotation, default, star, positional_only: false, keyword_only };
            list.keyword_only |= star == Star::One;
            list.params.push(param);
        }
    }

    /// The name under the cursor, with or without stars before it.
    fn parameter_name(&mut self, star: &mut Star) -> Option<(NameId, Span)> {
        match self.kind() {
            Kind::Identifier => Some((self.name_here(), self.span())),
            kind @ (Kind::ListSplatPattern | Kind::DictionarySplatPattern) => {
                *star = if kind == Kind::ListSplatPattern { Star::One } else { Star::Two };
                if !self.first_node() {
                    return None;
                }
                let name = (self.kind() == Kind::Identifier).then(|| (self.name_here(), self.span()));
                self.cursor.goto_parent();
                name
            }
            _ => None,
        }
    }
}
