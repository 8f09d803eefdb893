//! What becomes of what a variable of a module has: any code may close it.

use super::owner::closes_argument;
use super::uses::ends;
use crate::analysis::Analysis;
use crate::finding::FileId;
use crate::types::Ty;
use asyncwise_syntax::facts::*;

/// A place where a variable of a module is closed, or given to somebody.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct ModuleEnd {
    /// The file.
    pub(crate) file: FileId,
    /// The mention.
    pub(crate) at: ExprId,
    /// It is closed there.
    pub(crate) is_close: bool,
}

/// Where a variable of a module is closed or given away, in its own file and in those that import it.
pub(crate) fn closed_in_program(analysis: &Analysis, file: FileId, name: NameId) -> Vec<ModuleEnd> {
    let world = &analysis.world;
    let (facts, index) = (world.facts(file), world.index_of(file));
    let is_shadowed = |expr: &Expr| {
        let scope = facts.code_scope(expr.scope);
        let declares = facts.name_lists[facts.scope(scope).globals.range()].contains(&name);
        scope != ScopeId::MODULE && index.binds(scope, name) && !declares
    };
    let mut found: Vec<ModuleEnd> = facts
        .exprs()
        .filter(|(_, e)| e.kind == ExprKind::Name(name) && !is_shadowed(e))
        .filter_map(|(at, _)| Some(ModuleEnd { file, at, is_close: end_at(facts, at)? }))
        .collect();
    for closed in analysis.closed_elsewhere().named(facts.name(name)) {
        let theirs = world.facts(closed.file);
        let is_it = match closed.of {
            Some(of) => {
                let mut infer = crate::infer::Infer::new(world);
                matches!(infer.expr(closed.file, of), Ty::Module(..) | Ty::Unknown)
            }
            None => closed.file != file && imports(theirs, facts.name(name)),
        };
        if is_it {
            found.push(ModuleEnd { file: closed.file, at: closed.at, is_close: true });
        }
    }
    found
}

fn imports(facts: &FileFacts, name: &str) -> bool {
    facts.imports.iter().any(|import| {
        matches!(import.what, Imported::Name(n) if facts.name(n) == name) || import.what == Imported::Star
    })
}

/// Whether a mention closes it; none where it is only used.
fn end_at(facts: &FileFacts, at: ExprId) -> Option<bool> {
    match facts.expr(at).parent {
        Parent::Expr(parent) => match &facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => ends(facts.name(*attr)).then_some(true),
            ExprKind::Call { func, .. } if *func != at => Some(closes_argument(facts, *func)),
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Set(_) | ExprKind::Dict(_) => Some(false),
            _ => None,
        },
        Parent::Stmt(stmt) => match &facts.stmt(stmt).kind {
            StmtKind::With { .. } => Some(true),
            StmtKind::Assign { value, .. } => (*value == at).then_some(false),
            _ => None,
        },
        Parent::Scope(_) => None,
    }
}
