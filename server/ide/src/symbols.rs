//! What stands at an offset: the function, the call, the finding, the name and what it means.

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// A name in the text, and what it stands for.
#[derive(Clone, PartialEq, Debug)]
pub struct Symbol {
    /// The name.
    pub span: Span,
    /// What it is.
    pub ty: Ty,
    /// The expression it is or ends, where it is used and not defined.
    pub expr: Option<ExprId>,
    /// It is the name in a `def`, `class` or assignment.
    pub is_definition: bool,
}

/// What a symbol leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// A function or lambda of the program.
    Function(Def),
    /// A class of the program.
    Class(Def),
    /// Something from outside, by its dotted path.
    Outside(SmolStr),
    /// An instance of a class.
    Instance(Class),
    /// A coroutine that was not awaited yet.
    Coroutine,
}

/// Whether an offset is in a span or right behind it, where an editor's cursor stands after a word.
pub(crate) fn touches(span: Span, offset: u32) -> bool {
    span.start <= offset && offset <= span.end
}

/// Whether two spans have something in common; an empty one is a cursor, see [`touches`].
pub(crate) fn meet(a: Span, b: Span) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// The innermost function whose definition holds `offset`; lambdas count.
pub fn function_at(analysis: &Analysis, file: FileId, offset: u32) -> Option<Def> {
    let facts = analysis.world.facts(file);
    let is_function = |s: &Scope| matches!(s.kind, ScopeKind::Function { .. } | ScopeKind::Lambda);
    let around = facts.scopes().filter(|(_, s)| is_function(s) && s.span.contains_offset(offset));
    around.min_by_key(|(_, s)| s.span.len()).map(|(scope, _)| Def { file, scope })
}

/// The function whose name stands at `offset` in its own definition.
pub fn definition_at(analysis: &Analysis, file: FileId, offset: u32) -> Option<Def> {
    let facts = analysis.world.facts(file);
    let is_function = |s: &Scope| matches!(s.kind, ScopeKind::Function { .. });
    let found = facts.scopes().find(|(_, s)| is_function(s) && touches(s.name_span, offset));
    found.map(|(scope, _)| Def { file, scope })
}

/// The innermost call that holds `offset`.
pub fn call_at(analysis: &Analysis, file: FileId, offset: u32) -> Option<ExprId> {
    let facts = analysis.world.facts(file);
    let calls = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. }) && touches(e.span, offset));
    calls.min_by_key(|(_, e)| e.span.len()).map(|(id, _)| id)
}

/// The findings at `offset`, the narrowest first.
pub fn findings_at(findings: &[Finding], file: FileId, offset: u32) -> Vec<&Finding> {
    let mut found: Vec<&Finding> =
        findings.iter().filter(|f| f.place.file == file && touches(f.place.span, offset)).collect();
    found.sort_by_key(|f| f.place.span.len());
    found
}

/// The narrowest finding at `offset`.
pub fn finding_at(findings: &[Finding], file: FileId, offset: u32) -> Option<&Finding> {
    findings_at(findings, file, offset).first().copied()
}

/// The name at `offset` and what it stands for.
pub fn symbol_at(infer: &mut Infer<'_>, file: FileId, offset: u32) -> Option<Symbol> {
    let facts = infer.world.facts(file);
    let named = |s: &Scope| matches!(s.kind, ScopeKind::Function { .. } | ScopeKind::Class);
    if let Some((scope, s)) = facts.scopes().find(|(_, s)| named(s) && touches(s.name_span, offset)) {
        let def = Def { file, scope };
        let ty = match s.kind {
            ScopeKind::Class => Ty::Class(Class::Own(def)),
            _ => Ty::Function(def, None),
        };
        return Some(Symbol { span: s.name_span, ty, expr: None, is_definition: true });
    }
    bound_at(infer, file, offset).or_else(|| used_at(infer, file, offset))
}

/// A name that is bound at `offset`: by an import, an assignment, a `with`.
fn bound_at(infer: &mut Infer<'_>, file: FileId, offset: u32) -> Option<Symbol> {
    let facts = infer.world.facts(file);
    for (scope, _) in facts.scopes() {
        for binding in facts.bindings_of(scope) {
            let (span, is_definition) = match binding.kind {
                BindingKind::Import(import) => (facts.import(import).span, false),
                BindingKind::Delete | BindingKind::Def(_) => continue,
                _ => (binding.span, true),
            };
            if touches(span, offset) {
                let ty = infer.binding(file, scope, binding);
                return Some(Symbol { span: binding.span, ty, expr: None, is_definition });
            }
        }
    }
    None
}

fn used_at(infer: &mut Infer<'_>, file: FileId, offset: u32) -> Option<Symbol> {
    let facts = infer.world.facts(file);
    let (expr, span) = facts.exprs().find_map(|(id, e)| {
        let span = match e.kind {
            ExprKind::Name(_) => e.span,
            ExprKind::Attribute { attr, .. } => {
                let len = facts.name(attr).len() as u32;
                Span::new(e.span.end.saturating_sub(len).max(e.span.start), e.span.end)
            }
            _ => return None,
        };
        touches(span, offset).then_some((id, span))
    })?;
    let ty = match facts.expr(expr).kind {
        // Not read: a property is to be seen as the function it is.
        ExprKind::Attribute { value, attr } => {
            let receiver = infer.expr(file, value);
            infer.member(&receiver, facts.name(attr))
        }
        _ => infer.expr(file, expr),
    };
    Some(Symbol { span, ty, expr: Some(expr), is_definition: false })
}

/// What a type leads to, in the order of its alternatives, without duplicates.
pub fn targets(ty: &Ty) -> Vec<Target> {
    let mut found = Vec::new();
    for part in ty.parts() {
        let target = match part {
            Ty::Function(def, _) | Ty::Property(def, _) => Target::Function(*def),
            Ty::Class(Class::Own(class)) => Target::Class(*class),
            Ty::External(path) | Ty::Class(Class::External(path)) | Ty::Bridge(path, _) => {
                Target::Outside(path.clone())
            }
            Ty::Instance(class) => Target::Instance(class.clone()),
            Ty::Coroutine(_) => Target::Coroutine,
            Ty::Wrapped { inner, .. } | Ty::Opaque(inner) | Ty::Partial(inner) | Ty::Offloaded(inner) => {
                found.extend(targets(inner));
                continue;
            }
            _ => continue,
        };
        found.push(target);
    }
    let mut seen = Vec::new();
    found.retain(|target| {
        let is_new = !seen.contains(target);
        seen.push(target.clone());
        is_new
    });
    found
}

/// The functions of the program that the name at `offset` stands for.
pub fn functions_at(infer: &mut Infer<'_>, file: FileId, offset: u32) -> Vec<Def> {
    let Some(symbol) = symbol_at(infer, file, offset) else { return Vec::new() };
    let mut functions = Vec::new();
    for target in targets(&symbol.ty) {
        match target {
            Target::Function(def) => functions.push(def),
            Target::Class(class) => functions.extend(infer.method(class, "__init__")),
            _ => {}
        }
    }
    functions
}
