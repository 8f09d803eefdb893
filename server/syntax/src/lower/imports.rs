//! Imports.

use smol_str::SmolStr;

use super::builder::{Lowerer, run_of};
use super::kinds::{Field, Kind};
use crate::facts::{BindingKind, Import, ImportId, Imported, NameId, Run, Span, StmtId, StmtKind};

/// One clause: its span, what is imported, and where the name it binds stands.
struct Clause {
    span: Span,
    module: SmolStr,
    what: Imported,
    alias: Option<NameId>,
    bound: Option<(NameId, Span)>,
}

impl Lowerer<'_> {
    /// Lowers the `import` or `from ... import` under the cursor.
    pub(super) fn import_statement(&mut self, kind: Kind) -> StmtId {
        let (span, mark) = (self.span(), self.mark());
        let is_from = kind != Kind::ImportStatement;
        let mut module = SmolStr::default();
        if kind == Kind::FutureImportStatement {
            module = SmolStr::new_static("__future__");
        }
        let mut level = 0;
        let first = self.facts.imports.len();
        self.children(|l, kind| match (l.field(), kind) {
            (Field::ModuleName, _) => (module, level) = l.module_name(),
            (_, Kind::WildcardImport) => {
                let clause =
                    Clause { span: l.span(), module: module.clone(), what: Imported::Star, alias: None, bound: None };
                l.push_import(clause, level);
            }
            (Field::Name, Kind::DottedName | Kind::AliasedImport) => {
                if let Some(clause) = l.clause(is_from, &module) {
                    l.push_import(clause, level);
                }
            }
            _ => {}
        });
        let run = run_of(first, self.facts.imports.len() - first);
        let stmt = self.push_stmt(span, StmtKind::Import(run), mark);
        for import in &mut self.facts.imports[run.range()] {
            import.stmt = stmt;
        }
        stmt
    }

    /// The module after `from`, and its leading dots.
    fn module_name(&mut self) -> (SmolStr, u32) {
        let mut level = 0;
        if self.kind() == Kind::DottedName {
            return (self.dotted_text(), level);
        }
        let mut module = SmolStr::default();
        self.children(|l, kind| match kind {
            Kind::ImportPrefix => {
                let span = l.span();
                level = l.slice(span).bytes().filter(|b| *b == b'.').count() as u32;
            }
            Kind::DottedName => module = l.dotted_text(),
            _ => {}
        });
        (module, level)
    }

    /// `a.b.c` under the cursor, without the blanks and comments that may stand in it.
    fn dotted_text(&mut self) -> SmolStr {
        let span = self.span();
        let text = self.slice(span);
        if text.bytes().all(|b| b == b'.' || b == b'_' || b.is_ascii_alphanumeric()) {
            return SmolStr::new(text);
        }
        let mut joined = String::new();
        self.children(|l, kind| {
            if kind == Kind::Identifier {
                if !joined.is_empty() {
                    joined.push('.');
                }
                let span = l.span();
                joined.push_str(l.slice(span));
            }
        });
        SmolStr::new(joined)
    }

    fn clause(&mut self, is_from: bool, module: &SmolStr) -> Option<Clause> {
        if self.has_direct_error() {
            return None;
        }
        let span = self.span();
        let mut alias = None;
        let is_aliased = self.kind() == Kind::AliasedImport && self.first_node();
        if is_aliased {
            self.cursor.goto_parent();
            self.children(|l, _| {
                if l.field() == Field::Alias {
                    alias = Some((l.name_here(), l.span()));
                }
            });
            self.first_node();
        }
        let dotted = self.dotted_text();
        let mut first = None;
        self.children(|l, kind| {
            if kind == Kind::Identifier && first.is_none() {
                first = Some((l.name_here(), l.span()));
            }
        });
        if is_aliased {
            self.cursor.goto_parent();
        }
        let first = first?;
        let (module, what) =
            if is_from { (module.clone(), Imported::Name(first.0)) } else { (dotted, Imported::Module) };
        Some(Clause { span, module, what, alias: alias.map(|(name, _)| name), bound: alias.or(Some(first)) })
    }

    fn push_import(&mut self, clause: Clause, level: u32) {
        let Clause { span, module, what, alias, bound } = clause;
        let id = ImportId(self.facts.imports.len() as u32);
        self.facts.imports.push(Import {
            module,
            level,
            what,
            alias,
            span,
            // Set when the statement is pushed.
            stmt: StmtId(0),
            scope: self.scope,
            type_checking: self.type_checking,
            optional: false,
        });
        if let Some((name, span)) = bound {
            self.bind(name, span, BindingKind::Import(id));
        }
    }

    /// Marks the imports of `run` that the current scope makes as ones that may fail.
    pub(super) fn mark_optional(&mut self, run: Run) {
        let scope = self.scope;
        for import in &mut self.facts.imports[run.range()] {
            import.optional |= import.scope == scope;
        }
    }
}
