//! Parallel classes: `Client` with plain methods and `AsyncClient` with coroutines of the same names.

use super::find::async_class;
use crate::analysis::Analysis;
use crate::finding::{Applicability, Edit, Fix};
use crate::fixes::{Source, tidy};
use crate::graph::SiteRef;
use crate::infer::Infer;
use crate::program::Module;
use crate::sites::run_scope;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// The class whose coroutine of the same name does what `method` does.
pub(in crate::rules) fn parallel_class(infer: &mut Infer<'_>, method: Def) -> Option<Def> {
    let class = infer.world.class_of(method)?;
    let name = infer.world.name(method);
    let found = async_class(infer, class)?;
    let twin = infer.method(found, name)?;
    infer.world.is_async(twin).then_some(found)
}

/// Makes the object of the async class where it is made in the same function, and awaits its methods there.
pub(in crate::rules) fn use_parallel_class(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    at: SiteRef,
    method: Def,
) -> Option<Fix> {
    let source = Source::of(&analysis.world, at.file);
    let call = analysis.graph.site(at).expr;
    let ExprKind::Call { func, .. } = source.facts.expr(call).kind else { return None };
    let ExprKind::Attribute { value, .. } = source.facts.expr(func).kind else { return None };
    if !source.await_is_legal(call) {
        return None;
    }
    let class = parallel_class(infer, method)?;
    let name = analysis.world.name(class).to_owned();
    let made = Made::of(&source, value)?;
    let ExprKind::Call { func: maker, .. } = source.facts.expr(made.call).kind else { return None };
    let mut edits = made.is_entered.map_or_else(Vec::new, |with| {
        let start = source.facts.stmt(with).span.start;
        vec![source.edit(Span::new(start, start), "async ")]
    });
    let (text, import) = class_name(analysis, infer, &source, maker, class)?;
    edits.push(source.edit(source.facts.expr(maker).span, text));
    edits.extend(import);
    for use_of in made.uses {
        edits.extend(awaited_use(infer, &source, use_of, class)?);
    }
    Some(Fix { title: format!("Use `{name}` and await it"), applicability: Applicability::Unsafe, edits: tidy(edits)? })
}

/// An object made in the function that uses it.
struct Made {
    call: ExprId,
    /// The `with` that enters it.
    is_entered: Option<StmtId>,
    /// What calls a method of it: the object itself, or the mentions of its variable.
    uses: Vec<ExprId>,
}

impl Made {
    fn of(source: &Source<'_>, object: ExprId) -> Option<Self> {
        let facts = source.facts;
        let is_call = |expr: ExprId| matches!(facts.expr(expr).kind, ExprKind::Call { .. });
        let ExprKind::Name(name) = facts.expr(object).kind else {
            return is_call(object).then(|| Self { call: object, is_entered: None, uses: vec![object] });
        };
        let scope = run_scope(facts, facts.expr(object).scope);
        let mut bound = source.index.bindings(facts, scope, name);
        let (only, None) = (bound.next()?, bound.next()) else { return None };
        let (call, is_entered) = match only.kind {
            BindingKind::Assign { value, .. } => (value, None),
            BindingKind::With { context, whole: true, is_async: false } => {
                let with = facts.stmt_of(context)?;
                let StmtKind::With { items, .. } = facts.stmt(with).kind else { return None };
                if items.range().len() != 1 {
                    return None;
                }
                (context, Some(with))
            }
            _ => return None,
        };
        let span = facts.scope(scope).span;
        let mentions = facts.exprs().filter(|(_, e)| e.kind == ExprKind::Name(name) && span.contains(e.span));
        let uses: Vec<ExprId> = mentions.map(|(id, _)| id).filter(|id| !is_target(facts, *id)).collect();
        is_call(call).then_some(Self { call, is_entered, uses })
    }
}

/// Whether an expression is assigned to, not read.
fn is_target(facts: &FileFacts, expr: ExprId) -> bool {
    let Parent::Stmt(stmt) = facts.expr(expr).parent else { return false };
    match &facts.stmt(stmt).kind {
        StmtKind::Assign { targets, .. } => facts.list(*targets).contains(&expr),
        StmtKind::AnnAssign { target, .. } => *target == expr,
        StmtKind::With { items, .. } => facts.with_items[items.range()].iter().any(|item| item.target == Some(expr)),
        _ => false,
    }
}

/// The edits that await a method call on the object; nothing for one that stays plain. None where the object is used in
/// another way.
fn awaited_use(infer: &mut Infer<'_>, source: &Source<'_>, object: ExprId, class: Def) -> Option<Vec<Edit>> {
    let facts = source.facts;
    let Parent::Expr(attribute) = facts.expr(object).parent else { return None };
    let ExprKind::Attribute { value, attr } = facts.expr(attribute).kind else { return None };
    let Parent::Expr(call) = facts.expr(attribute).parent else { return None };
    let is_called = matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == attribute);
    if value != object || !is_called {
        return None;
    }
    let method = infer.method(class, facts.name(attr))?;
    match infer.world.is_async(method) && !infer.world.has_yield(method) {
        true => source.await_is_legal(call).then(|| source.insert_await(call)),
        false => Some(Vec::new()),
    }
}

/// How the async class is written where `maker` calls the plain one, and the import it needs.
fn class_name(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    source: &Source<'_>,
    maker: ExprId,
    class: Def,
) -> Option<(String, Option<Edit>)> {
    let (world, facts) = (&analysis.world, source.facts);
    let name = world.name(class);
    let is_it = |ty: Ty| ty == Ty::Class(Class::Own(class));
    match facts.expr(maker).kind {
        ExprKind::Attribute { value, .. } => match infer.expr(source.file, value) {
            Ty::Module(Module::File(file), _) if is_it(infer.module_member(file, name)) => {
                Some((format!("{}.{name}", source.expr(value)), None))
            }
            _ => None,
        },
        ExprKind::Name(_) => {
            if is_it(infer.module_member(source.file, name)) {
                return Some((name.to_owned(), None));
            }
            let module = world.program.module_name(class.file);
            let import = source.import_statement(&format!("from {module} import {name}"));
            import.map(|import| (name.to_owned(), Some(import)))
        }
        _ => None,
    }
}
