//! The fix: the loop in the block of `contextlib.aclosing()`.

use super::Left;
use crate::finding::{Applicability, Edit, FileId, Fix};
use crate::fixes::block::in_block;
use crate::fixes::{Source, tidy};
use crate::ownership::generator::CleanUp;
use crate::program::Origin;
use crate::rules::CheckedFile;
use asyncwise_syntax::facts::*;

/// Names for the generator, the first that the file does not use.
const NAMES: &[&str] = &["generator", "async_generator", "elements", "closing_generator"];

/// `async with aclosing(...)` around the loop over a call, and around those that pass the generator's elements on.
pub(super) fn with_aclosing(checked: &CheckedFile<'_>, left: &Left<'_>, clean_up: &CleanUp) -> Option<Fix> {
    let looped = left.looped?;
    let world = &checked.analysis.world;
    let settings = &world.program.file(checked.file).settings;
    if settings.target_version.is_some_and(|version| version < (3, 10)) {
        return None;
    }
    let mut edits = around_loop(checked, checked.file, looped, left.call)?;
    for &(def, looped) in &clean_up.via {
        if world.program.file(def.file).origin != Origin::Project {
            return None;
        }
        let StmtKind::For { iter, .. } = world.facts(def.file).stmt(looped).kind else { return None };
        edits.extend(around_loop(checked, def.file, looped, iter)?);
    }
    Some(Fix {
        title: "Close the generator with `contextlib.aclosing()`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}

fn around_loop(checked: &CheckedFile<'_>, file: FileId, looped: StmtId, call: ExprId) -> Option<Vec<Edit>> {
    let source = Source::of(&checked.analysis.world, file);
    let facts = source.facts;
    let StmtKind::For { iter, .. } = facts.stmt(looped).kind else { return None };
    if iter != call {
        return None;
    }
    let call_span = facts.expr(call).span;
    let name = NAMES.iter().find(|name| source.index.name(name).is_none())?;
    let (aclosing, import) = aclosing(&source);
    let header = format!("async with {aclosing}({}) as {name}:", source.expr(call));
    let mut edits = in_block(&source, &[looped], &header)?;
    // The lines of the call move into the header.
    edits.retain(|edit| edit.place.span.start <= call_span.start || edit.place.span.start >= call_span.end);
    edits.push(source.edit(call_span, *name));
    edits.extend(import);
    Some(edits)
}

/// How the file names `aclosing`, and the edit that imports it if nothing does.
fn aclosing(source: &Source<'_>) -> (&'static str, Option<Edit>) {
    let named = |import: &Import| {
        import.module == "contextlib"
            && import.level == 0
            && import.scope == ScopeId::MODULE
            && import.alias.is_none()
            && matches!(import.what, Imported::Name(name) if source.facts.name(name) == "aclosing")
    };
    if source.facts.imports.iter().any(named) {
        return ("aclosing", None);
    }
    ("contextlib.aclosing", source.import("contextlib"))
}
