//! What `unclosed-resource` says of the handlers of stream servers: the connection stays open when they return.

use super::CheckedFile;
use super::unclosed_resource::UNCLOSED;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::ownership::handler::{Writer, writers};

/// The writers that handlers leave open.
pub(super) fn unclosed(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let writers = writers(checked.analysis, &mut checked.infer, &mut checked.graphs, checked.file);
    writers.iter().filter_map(|writer| finding(checked, writer)).collect()
}

fn finding(checked: &CheckedFile<'_>, writer: &Writer) -> Option<Finding> {
    if writer.is_handed_on || !writer.stays_open || checked.analysis.is_broken(checked.file, writer.scope) {
        return None;
    }
    let (facts, world) = (checked.facts, &checked.analysis.world);
    let (name, handler) = (facts.name(writer.param.name), facts.name(facts.scope(writer.scope).name));
    let message = match writer.closed.first() {
        None => format!("{name} is never closed: the connection stays open when {handler}() returns"),
        Some(_) => format!("{name} is still open on some path on which {handler}() returns"),
    };
    let confidence = checked.where_it_matters(writer.scope, Confidence::Likely);
    let (file, call) = writer.served_by;
    let served = Place { file, span: world.facts(file).expr(call).span };
    let mut chain = vec![ChainStep { place: served, message: format!("runs {handler}() for each connection") }];
    chain.extend(writer.closed.first().map(|&at| checked.step_at(at, "closed here, on other paths")));
    Some(Finding {
        rule: UNCLOSED.into(),
        severity: confidence.default_severity(),
        confidence,
        message,
        place: Place { file: checked.file, span: writer.param.span },
        function: checked.analysis.function_name(crate::types::Def { file: checked.file, scope: writer.scope }),
        chain,
        fixes: Vec::new(),
    })
}
