//! The refactoring "make this function async": which other functions must become async with it, up to the coroutines
//! that can await, or why it cannot be done.

use super::{boundary, make_async};
use crate::analysis::Analysis;
use crate::finding::{Edit, Place};
use crate::fixes::Source;
use crate::graph::SiteRef;
use crate::infer::Infer;
use crate::knowledge::written_name;
use crate::sites::Happens;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// More functions than this are a change to plan.
const MAX_FUNCTIONS: usize = 60;

/// Why a function cannot be made async.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What stands in the way.
    pub place: Place,
    /// What it does: one line.
    pub message: String,
}

/// The functions that become async, and the edits that do it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeAsync {
    /// The function itself, those that replace it or are replaced by it in other classes, and the callers up to
    /// coroutines; sorted.
    pub functions: Vec<Def>,
    /// `async` at each definition, `await` at each call, and `await` in place of the loops they start; sorted.
    pub edits: Vec<Edit>,
}

/// Whether it is worth asking: the function is a plain one of the project, and nothing in its own definition forbids it.
pub fn may_become_async(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> bool {
    make_async::obstacle(analysis, infer, def).is_none()
}

/// Makes `def` async, its callers with it where they cannot await.
pub fn make_function_async(analysis: &Analysis, infer: &mut Infer<'_>, def: Def) -> Result<MadeAsync, Refusal> {
    make_function_async_with(analysis, infer, def, Vec::new())
}

/// The same, with other edits in the function.
pub(super) fn make_function_async_with(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    def: Def,
    mut extra: Vec<Edit>,
) -> Result<MadeAsync, Refusal> {
    let functions = closure(analysis, infer, def)?;
    for &function in &functions {
        extra.extend(awaited_starts(analysis, function));
    }
    let edits = make_async::edits_of(analysis, infer, &functions, extra)?;
    Ok(MadeAsync { functions, edits })
}

/// All functions that become async together with `start`.
fn closure(analysis: &Analysis, infer: &mut Infer<'_>, start: Def) -> Result<Vec<Def>, Refusal> {
    let mut functions = vec![start];
    let mut next = 0;
    while let Some(&def) = functions.get(next) {
        next += 1;
        if let Some(why) = make_async::obstacle(analysis, infer, def) {
            return Err(Refusal { place: name_of(analysis, def), message: why });
        }
        let mut found = make_async::relatives(analysis, infer, def);
        for &caller in analysis.graph.callers_of(def) {
            found.extend(becomes_async(analysis, caller)?);
        }
        for def in found {
            if !functions.contains(&def) {
                functions.push(def);
            }
        }
        if functions.len() > MAX_FUNCTIONS {
            let message = format!("more than {MAX_FUNCTIONS} functions would become async");
            return Err(Refusal { place: name_of(analysis, start), message });
        }
    }
    functions.sort_unstable();
    Ok(functions)
}

/// The function around a call, where it must become async for the call to be awaited.
fn becomes_async(analysis: &Analysis, caller: SiteRef) -> Result<Option<Def>, Refusal> {
    let site = analysis.graph.site(caller);
    let source = Source::of(&analysis.world, caller.file);
    let refuse = |why: &str| {
        let place = Place { file: caller.file, span: analysis.span(caller) };
        Err(Refusal { place, message: format!("{} {why}", analysis.site_text(caller)) })
    };
    if !matches!(source.facts.expr(site.expr).kind, ExprKind::Call { .. }) {
        return refuse("is not a plain call, so it cannot be awaited");
    }
    if source.await_is_legal(site.expr) {
        return Ok(None);
    }
    let owner = analysis.graph.owner(caller);
    match analysis.world.scope(owner).kind {
        ScopeKind::Module => refuse("is called at module level, where nothing can be awaited"),
        ScopeKind::Lambda => refuse("is called in a lambda, where nothing can be awaited"),
        _ if !make_async::in_own_code(source.facts, site.expr, site.owner) => {
            refuse("is called in a generator expression or class body, where nothing can be awaited")
        }
        _ => Ok(Some(owner)),
    }
}

/// The loops that a function starts, replaced by `await`: once it is async, one runs already.
fn awaited_starts(analysis: &Analysis, def: Def) -> Vec<Edit> {
    let source = Source::of(&analysis.world, def.file);
    let sites = analysis.graph.sites[def.file.index()].iter().filter(|site| site.owner == def.scope);
    let starts = sites.filter_map(|site| match &site.happens {
        Happens::StartsLoop(sink) if make_async::in_own_code(source.facts, site.expr, site.owner) => {
            boundary::starter_edit(analysis, &source, site.expr, sink).map(|(edit, _)| edit)
        }
        _ => None,
    });
    starts.collect()
}

fn name_of(analysis: &Analysis, def: Def) -> Place {
    Place { file: def.file, span: analysis.world.scope(def).name_span }
}

/// The words for a framework that runs a function as it is.
pub(super) fn run_by(name: &str) -> String {
    format!("is run by {}, which would run it elsewhere if it were async", written_name(name))
}
