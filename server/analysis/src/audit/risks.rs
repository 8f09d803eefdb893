//! The findings, the worst first.

use super::Scene;
use super::reach::{Reach, Reacher};
use crate::finding::Finding;
use crate::rules;
use std::cmp::Reverse;

/// A finding and how much of the program leads to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Risk {
    /// The finding.
    pub finding: Finding,
    /// What leads to the function it is in.
    pub reach: Reach,
}

/// By severity and confidence, then by rule, then by what leads there.
pub(super) fn rank(scene: &Scene<'_>, findings: Vec<Finding>, reacher: &mut Reacher<'_>) -> Vec<Risk> {
    let with_reach = findings.into_iter().map(|finding| {
        let reach = reacher.of(scene.function_at(finding.place));
        Risk { finding, reach }
    });
    let mut risks: Vec<Risk> = with_reach.collect();
    risks.sort_by(|a, b| {
        let key = |risk: &Risk| (Reverse(risk.finding.severity), Reverse(risk.finding.confidence));
        // What raises or hangs is worse than what holds up.
        let group = |risk: &Risk| rules::find(&risk.finding.rule).is_none_or(|rule| rule.group != "loop-boundary");
        let by_rule = || (group(a), &a.finding.rule).cmp(&(group(b), &b.finding.rule));
        let by_reach = || b.reach.cmp(&a.reach);
        let by_place = || (a.finding.place, &a.finding.message).cmp(&(b.finding.place, &b.finding.message));
        key(a).cmp(&key(b)).then_with(by_rule).then_with(by_reach).then_with(by_place)
    });
    risks
}
