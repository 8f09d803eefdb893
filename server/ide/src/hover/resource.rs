//! How a value that must be closed is closed.

use crate::markup::{Inline, Line};
use crate::symbols::Symbol;
use crate::words::at_place;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Place};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::knowledge::{AsyncWith, Resource};
use asyncwise_analysis::types::{Class, Def};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// How a resource of the knowledge is closed; `name` stands for the value.
pub(super) fn closing(row: &Resource, name: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let with = match (row.async_with, row.with) {
        (Some(AsyncWith::Call), _) => Some("async with"),
        (Some(AsyncWith::Awaited), _) => Some("async with await"),
        (None, true) => Some("with"),
        (None, false) => None,
    };
    let mut line = Vec::new();
    if let (Some(closer), false) = (row.closers.first(), row.context_manager_only) {
        let call = format!("{name}.{closer}()");
        line.push(Inline::text("close it with "));
        line.push(Inline::code(if row.closer_awaited { format!("await {call}") } else { call }));
        if let Some(then) = &row.then_await {
            line.push(Inline::text(" and then "));
            line.push(Inline::code(format!("await {name}.{then}()")));
        }
    } else if let Some(method) = &row.released_by {
        line.push(Inline::text("give it back with "));
        line.push(Inline::code(format!("{method}({name})")));
    }
    if let Some(with) = with {
        line.push(Inline::text(if line.is_empty() { "use it in " } else { ", or use " }));
        line.push(Inline::code(with));
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if let (Some(message), false) = (&row.unclosed, lines.is_empty()) {
        lines.push(vec![Inline::text(format!("left open, Python says: {message}"))]);
    }
    lines
}

/// How an instance of a class of the program is closed, where it has an async close.
pub(super) fn of_own_class(infer: &mut Infer<'_>, class: Def) -> Vec<Line> {
    own_class(infer, class, "x")
}

fn own_class(infer: &mut Infer<'_>, class: Def, name: &str) -> Vec<Line> {
    let closer = ["aclose", "close"].into_iter().find(|closer| {
        let method = infer.method(class, closer);
        method.is_some_and(|method| infer.world.is_async(method))
    });
    let with = infer.method(class, "__aexit__").is_some();
    let mut line = Vec::new();
    if let Some(closer) = closer {
        line.push(Inline::text("close it with "));
        line.push(Inline::code(format!("await {name}.{closer}()")));
    }
    if with {
        line.push(Inline::text(if line.is_empty() { "use it in " } else { ", or use " }));
        line.push(Inline::code("async with"));
    }
    if line.is_empty() { Vec::new() } else { vec![line] }
}

/// How the value that a name holds is closed, and where the function around does.
pub(super) fn of_instance(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    file: FileId,
    symbol: &Symbol,
    class: &Class,
) -> Vec<Line> {
    let text = &analysis.world.program.file(file).text;
    let name = match symbol.expr {
        Some(expr) => analysis.world.facts(file).dotted(expr),
        None => text.get(symbol.span.range()).map(str::to_owned),
    };
    let Some(name) = name else { return Vec::new() };
    let (mut lines, closers): (_, &[SmolStr]) = match class {
        Class::External(path) => match analysis.world.knowledge.resource(path) {
            Some(row) => (closing(row, &name), &row.closers),
            None => return Vec::new(),
        },
        Class::Own(def) => (own_class(infer, *def, &name), &[]),
    };
    if lines.is_empty() {
        return lines;
    }
    let life = super::life::of_value(analysis, infer, file, symbol);
    if !life.is_empty() {
        lines.extend(life);
        return lines;
    }
    let own = [SmolStr::new_static("aclose"), SmolStr::new_static("close")];
    let closers = if closers.is_empty() { &own[..] } else { closers };
    lines.extend(closed_at(analysis, file, symbol, &name, closers));
    lines
}

/// Where the function around closes what a name holds: the `with` that binds it, or the call of a closer.
fn closed_at(analysis: &Analysis, file: FileId, symbol: &Symbol, name: &str, closers: &[SmolStr]) -> Option<Line> {
    let facts = analysis.world.facts(file);
    let (code, bound) = around(analysis, file, symbol)?;
    if let Some(BindingKind::With { whole: true, context, .. }) = bound {
        let place = Place { file, span: facts.expr(context).span };
        return Some(vec![Inline::text("closed at the end of the block that begins at "), at_place(analysis, place)]);
    }
    let close = facts.exprs().find(|(_, e)| match e.kind {
        ExprKind::Call { func, .. } if facts.code_scope(e.scope) == code => match facts.expr(func).kind {
            ExprKind::Attribute { value, attr } => {
                closers.iter().any(|closer| closer == facts.name(attr)) && facts.dotted(value).as_deref() == Some(name)
            }
            _ => false,
        },
        _ => false,
    });
    let place = Place { file, span: close?.1.span };
    Some(vec![Inline::text("closed at "), at_place(analysis, place)])
}

/// The function whose code a name stands in, and how the name is bound there where that is told by one binding.
fn around(analysis: &Analysis, file: FileId, symbol: &Symbol) -> Option<(ScopeId, Option<BindingKind>)> {
    let facts = analysis.world.facts(file);
    let index = analysis.world.index_of(file);
    let only = |scope: ScopeId, name: NameId| {
        let mut bindings = index.bindings(facts, scope, name);
        let first = bindings.next().map(|binding| binding.kind);
        if bindings.next().is_none() { first } else { None }
    };
    match symbol.expr {
        Some(expr) => {
            let e = facts.expr(expr);
            let code = facts.code_scope(e.scope);
            let bound = match e.kind {
                ExprKind::Name(name) => only(code, name),
                _ => None,
            };
            Some((code, bound))
        }
        None => facts.scopes().find_map(|(scope, _)| {
            let binding = facts.bindings_of(scope).iter().find(|binding| binding.span == symbol.span)?;
            Some((facts.code_scope(scope), only(scope, binding.name)))
        }),
    }
}
