//! Inlay hints: behind a call on the event loop that blocks it or starts another.

use crate::markup::{Inline, Markup};
use crate::symbols::meet;
use crate::words::{callee_name, effects, is_loud, names_along};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{Confidence, FileId};
use asyncwise_analysis::graph::{Effect, SiteRef};
use asyncwise_analysis::rules::is_switched_off;
use asyncwise_analysis::settings::RunsOn;
use asyncwise_syntax::facts::Span;

/// A hint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlayHint {
    /// The byte it stands before.
    pub offset: u32,
    /// What it says.
    pub label: String,
    /// The calls that lead there.
    pub tooltip: Markup,
}

/// The hints of calls that end in `range`, one for each, in source order.
pub fn inlay_hints(analysis: &Analysis, file: FileId, range: Span) -> Vec<InlayHint> {
    let count = analysis.graph.sites[file.index()].len() as u32;
    let mut hints: Vec<InlayHint> = Vec::new();
    for at in (0..count).map(|index| SiteRef { file, index }) {
        let end = analysis.span(at).end;
        if meet(range, Span::new(end, end))
            && analysis.runs_on(at, RunsOn::Loop)
            && let Some(hint) = hint(analysis, at)
        {
            hints.push(hint);
        }
    }
    hints.sort_by_key(|hint| hint.offset);
    hints.dedup_by_key(|hint| hint.offset);
    hints
}

fn hint(analysis: &Analysis, at: SiteRef) -> Option<InlayHint> {
    let graph = &analysis.graph;
    for effect in effects().filter(|effect| is_loud(*effect)) {
        let Some((confidence, witness)) = graph.effect_at(at, effect) else { continue };
        let chain = witness.map_or_else(Vec::new, |witness| graph.chain(witness, effect));
        if confidence == Confidence::Possible || is_switched_off(analysis, at, &chain) {
            continue;
        }
        let sink = callee_name(analysis, chain.last().copied().unwrap_or(at));
        let label = match effect {
            Effect::StartsLoop => "starts a loop".to_owned(),
            Effect::RefusesLoop => "refuses a running loop".to_owned(),
            Effect::Blocks(_) => format!("blocks: {sink}"),
        };
        let mut steps = vec![at];
        steps.extend(chain);
        let mut line = names_along(analysis, &steps);
        line.push(Inline::text(match effect {
            Effect::StartsLoop => ", which starts an event loop",
            Effect::RefusesLoop => ", which refuses a running loop",
            Effect::Blocks(_) => ", which blocks the event loop",
        }));
        let tooltip = Markup { blocks: vec![crate::markup::Block::Paragraph(line)] };
        return Some(InlayHint { offset: analysis.span(at).end, label, tooltip });
    }
    None
}
