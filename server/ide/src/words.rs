//! The words that every part of the editor uses for the same thing.

use crate::markup::{Inline, Line};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Place};
use asyncwise_analysis::graph::{CATEGORIES, Effect, SiteRef};
use asyncwise_analysis::knowledge::written_name;
use asyncwise_analysis::sites::Happens;
use asyncwise_analysis::types::Def;

/// Categories too small to be shown unasked: a look at the file system, a short computation.
const QUIET: &[&str] = &["file", "cpu"];

/// Every effect, the worst first.
pub(crate) fn effects() -> impl Iterator<Item = Effect> {
    let blocks = (0..CATEGORIES.len() as u8).map(Effect::Blocks);
    [Effect::StartsLoop, Effect::RefusesLoop].into_iter().chain(blocks)
}

/// Whether an effect is worth showing where nobody asked.
pub(crate) fn is_loud(effect: Effect) -> bool {
    !matches!(effect, Effect::Blocks(i) if CATEGORIES.get(i as usize).is_some_and(|c| QUIET.contains(c)))
}

/// A file's path from the folder that its module is imported from.
pub(crate) fn short_path(analysis: &Analysis, file: FileId) -> String {
    analysis.world.program.import_path(file).to_owned()
}

/// `pkg/main.py:22`: a place as a person writes it, the line from 1. Of a notebook only the file, as lines count in cells.
pub(crate) fn place_label(analysis: &Analysis, place: Place) -> String {
    let path = short_path(analysis, place.file);
    let file = analysis.world.program.file(place.file);
    if file.is_notebook {
        return path;
    }
    format!("{path}:{}", line_number(&file.text, place.span.start))
}

/// The line of an offset, from 1.
fn line_number(text: &str, offset: u32) -> usize {
    let bytes = text.as_bytes();
    let before = &bytes[..(offset as usize).min(bytes.len())];
    let ends = before.iter().enumerate().filter(|&(i, b)| match b {
        b'\n' => true,
        b'\r' => bytes.get(i + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() + 1
}

/// A place as a piece of a line.
pub(crate) fn at_place(analysis: &Analysis, place: Place) -> Inline {
    Inline::Place { place, label: place_label(analysis, place), is_code: false }
}

/// Where a site is.
pub(crate) fn site_place(analysis: &Analysis, at: SiteRef) -> Place {
    Place { file: at.file, span: analysis.span(at) }
}

/// Where the name of a function, class or lambda stands.
pub(crate) fn name_place(analysis: &Analysis, def: Def) -> Place {
    Place { file: def.file, span: analysis.world.scope(def).name_span }
}

/// What runs at a site: the name of the function, or of the outside callable.
pub(crate) fn callee_name(analysis: &Analysis, at: SiteRef) -> String {
    match &analysis.graph.site(at).happens {
        Happens::Runs(def) | Happens::Schedules(def, _) => analysis.short_name(*def),
        _ => written_name(&analysis.sink_of(at)).to_owned(),
    }
}

/// `a` → `b` → `asyncio.run`: what runs at each of the sites, each leading to its place.
pub(crate) fn names_along(analysis: &Analysis, sites: &[SiteRef]) -> Line {
    let mut line = Line::new();
    for (i, &at) in sites.iter().enumerate() {
        if i > 0 {
            line.push(Inline::text(" → "));
        }
        line.push(Inline::Place { place: site_place(analysis, at), label: callee_name(analysis, at), is_code: true });
    }
    line
}

/// `1 coroutine`, `3 coroutines`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A text of at most `max` bytes; what is cut away is marked.
pub(crate) fn capped(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text[..end].trim_end())
}
