//! What becomes of something that must be closed: where it is made, where it is closed, and on which ways it is not.

use crate::markup::{Inline, Line};
use crate::symbols::Symbol;
use crate::words::at_place;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Place};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::resources::{End, Holder, Leak, LeakKind, Resource, resources};
use asyncwise_analysis::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// The most places named in one line.
const MAX_PLACES: usize = 3;
/// The most things listed that a class keeps.
const MAX_KEPT: usize = 8;

/// Of what the variable or attribute has that a symbol names.
pub(super) fn of_value(analysis: &Analysis, infer: &mut Infer<'_>, file: FileId, symbol: &Symbol) -> Vec<Line> {
    let facts = analysis.world.facts(file);
    let attribute = symbol.expr.and_then(|expr| match facts.expr(expr).kind {
        ExprKind::Attribute { value, attr } => Some((value, facts.name(attr))),
        _ => None,
    });
    let found: Vec<Resource> = match attribute {
        Some((value, attr)) => {
            let Ty::Instance(Class::Own(class)) = infer.expr(file, value) else { return Vec::new() };
            kept_by(analysis, infer, class).into_iter().filter(|kept| attribute_of(kept) == Some(attr)).collect()
        }
        None => {
            let name = match symbol.expr.map(|expr| &facts.expr(expr).kind) {
                Some(ExprKind::Name(name)) => facts.name(*name),
                _ => analysis.world.program.file(file).text.get(symbol.span.range()).unwrap_or_default(),
            };
            let inside = around(facts, symbol);
            let is_it = |resource: &Resource| match &resource.holder {
                Holder::Variable { function, name: variable } => variable == name && inside.contains(&function.scope),
                Holder::Module { name: variable } => variable == name,
                _ => false,
            };
            let mut found: Vec<Resource> = resources(analysis, file).into_iter().filter(is_it).collect();
            if found.iter().any(|resource| matches!(resource.holder, Holder::Variable { .. })) {
                found.retain(|resource| matches!(resource.holder, Holder::Variable { .. }));
            }
            found
        }
    };
    found.iter().flat_map(|resource| told(analysis, resource, true)).collect()
}

/// Of what the call makes whose callee a symbol names.
pub(super) fn of_call(analysis: &Analysis, file: FileId, symbol: &Symbol) -> Vec<Line> {
    let facts = analysis.world.facts(file);
    let Some(expr) = symbol.expr else { return Vec::new() };
    let Parent::Expr(call) = facts.expr(expr).parent else { return Vec::new() };
    if !matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == expr) {
        return Vec::new();
    }
    let place = Place { file, span: facts.expr(call).span };
    let found = resources(analysis, file).into_iter().find(|resource| resource.made.contains(&place));
    found.map_or_else(Vec::new, |resource| told(analysis, &resource, false))
}

/// Of all that the instances of a class keep.
pub(super) fn of_owner(analysis: &Analysis, infer: &mut Infer<'_>, class: Def) -> Vec<Line> {
    let kept = kept_by(analysis, infer, class);
    let line = |resource: &Resource| {
        let name = attribute_of(resource).unwrap_or_default();
        let mut line = vec![
            Inline::text("keeps "),
            Inline::code(format!("self.{name}")),
            Inline::text(" ("),
            Inline::code(resource.what.clone()),
            Inline::text("): "),
        ];
        match (&resource.leaks.first(), closes(resource)) {
            (Some(_), _) => line.push(Inline::text("nothing closes it")),
            (None, closes) if !closes.is_empty() => {
                line.push(Inline::text("closed at "));
                line.extend(places(analysis, &closes));
            }
            (None, _) => line.push(Inline::text("handed on, or not to be closed")),
        }
        line
    };
    kept.iter().take(MAX_KEPT).map(line).collect()
}

/// What the instances of a class keep, by the class itself and its bases.
fn kept_by(analysis: &Analysis, infer: &mut Infer<'_>, class: Def) -> Vec<Resource> {
    let mro = infer.mro(class);
    let mut files: Vec<FileId> = mro.classes.iter().map(|class| class.file).collect();
    files.sort_unstable();
    files.dedup();
    let kept = files.into_iter().flat_map(|file| resources(analysis, file));
    kept.filter(|r| matches!(r.holder, Holder::Attribute { class, .. } if mro.classes.contains(&class))).collect()
}

fn attribute_of(resource: &Resource) -> Option<&str> {
    match &resource.holder {
        Holder::Attribute { name, .. } => Some(name),
        _ => None,
    }
}

/// The functions around a symbol, the innermost first.
fn around(facts: &FileFacts, symbol: &Symbol) -> Vec<ScopeId> {
    let mut inside: Vec<(u32, ScopeId)> =
        facts.scopes().filter(|(_, s)| s.span.contains(symbol.span)).map(|(scope, s)| (s.span.len(), scope)).collect();
    inside.sort_unstable();
    inside.into_iter().map(|(_, scope)| scope).collect()
}

fn closes(resource: &Resource) -> Vec<Place> {
    resource.ends.iter().filter(|end| end.is_close).map(|end| end.place).collect()
}

fn places(analysis: &Analysis, places: &[Place]) -> Line {
    let mut line = Line::new();
    for (i, &place) in places.iter().take(MAX_PLACES).enumerate() {
        if i > 0 {
            line.push(Inline::text(", "));
        }
        line.push(at_place(analysis, place));
    }
    if places.len() > MAX_PLACES {
        line.push(Inline::text(format!(" and {} more", places.len() - MAX_PLACES)));
    }
    line
}

fn told(analysis: &Analysis, resource: &Resource, with_maker: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |words: &str, at: &[Place]| {
        let mut line = vec![Inline::text(format!("{words} "))];
        line.extend(places(analysis, at));
        lines.push(line);
    };
    if with_maker {
        say("made at", &resource.made);
    }
    let closed = closes(resource);
    if resource.holder == Holder::Block {
        say("closed at the end of the block that begins at", &closed);
    } else if !closed.is_empty() {
        say("closed at", &closed);
    } else {
        let gone: Vec<Place> = resource.ends.iter().map(|end: &End| end.place).collect();
        if !gone.is_empty() {
            say("handed on at", &gone);
        }
    }
    lines.extend(resource.leaks.iter().take(MAX_PLACES).map(|leak| left_open(analysis, leak)));
    lines
}

fn left_open(analysis: &Analysis, leak: &Leak) -> Line {
    let words = match leak.how {
        LeakKind::Never => return vec![Inline::text("nothing closes it")],
        LeakKind::Returns => "stays open where the function returns",
        LeakKind::Overwritten => "stays open where the variable is given another value",
        LeakKind::Raises => "stays open if something raises",
        LeakKind::Cancelled => "stays open if the task is cancelled",
    };
    match leak.place {
        Some(place) => vec![Inline::text(format!("{words} at ")), at_place(analysis, place)],
        None => vec![Inline::text(words)],
    }
}
