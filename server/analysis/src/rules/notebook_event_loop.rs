//! `notebook-event-loop`: a notebook's cell starts an event loop although the kernel's runs, or patches asyncio so that
//! it may.

use super::{CheckedFile, boundary};
use crate::analysis::RawFinding;
use crate::finding::{Confidence, Finding};
use crate::graph::SiteRef;
use crate::knowledge::{Changes, Patch};
use crate::types::Ty;
use asyncwise_syntax::facts::*;

/// Its name.
pub(super) const RULE: &str = "notebook-event-loop";

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut findings: Vec<RawFinding> = patches(checked).into_iter().map(|finding| (None, finding)).collect();
    let analysis = checked.analysis;
    if !analysis.world.program.file(checked.file).is_notebook {
        return findings;
    }
    let sites = &analysis.graph.sites[checked.file.index()];
    let mut exprs: Vec<ExprId> = sites
        .iter()
        .enumerate()
        .filter(|(_, site)| site.owner == ScopeId::MODULE)
        .filter(|(index, _)| analysis.is_entry(SiteRef { file: checked.file, index: *index as u32 }))
        .map(|(_, site)| site.expr)
        .collect();
    exprs.dedup();
    for expr in exprs {
        findings.extend(boundary::loop_in_cell(checked, expr));
    }
    findings
}

/// The calls that let event loops nest.
fn patches(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let facts = checked.facts;
    if !facts.imports.iter().any(|i| i.module.contains("nest_asyncio")) {
        return Vec::new();
    }
    let calls: Vec<(ExprId, ExprId)> = facts
        .exprs()
        .filter_map(|(id, e)| match e.kind {
            ExprKind::Call { func, .. } => Some((id, func)),
            _ => None,
        })
        .collect();
    let mut findings = Vec::new();
    for (call, func) in calls {
        let Ty::External(path) = checked.infer.expr(checked.file, func) else { continue };
        let patch = checked.analysis.world.knowledge.patch(&path);
        let Some(patch) = patch.filter(|p| p.changes == Changes::Nesting) else { continue };
        let (confidence, message) = told(checked, &path, patch);
        findings.extend(checked.finding(RULE, confidence, call, message));
    }
    findings
}

fn told(checked: &CheckedFile<'_>, path: &str, patch: &Patch) -> (Confidence, String) {
    let file = checked.analysis.world.program.file(checked.file);
    if file.is_notebook {
        let message = format!("{path}() patches asyncio so that its loop can nest; a cell may `await` without it");
        return (Confidence::Possible, message);
    }
    let instead = patch.instead.as_deref().unwrap_or("await");
    let message = format!("{path}() patches asyncio for the whole process; use {instead}");
    // Under the patch of the first `nest_asyncio` no task is the current one there, which timeouts and anyio rely on.
    let breaks = path.starts_with("nest_asyncio.") && file.settings.target_version.is_some_and(|t| t >= (3, 14));
    (if breaks { Confidence::Likely } else { Confidence::Possible }, message)
}
