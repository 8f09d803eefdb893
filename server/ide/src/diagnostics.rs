//! Findings as an editor marks them.

use asyncwise_analysis::finding::{FileId, Finding, Place, Severity};
use asyncwise_syntax::facts::Span;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The most related places one diagnostic names: an editor shows each as a line.
const MAX_RELATED: usize = 20;

/// How an editor may draw a diagnostic besides its severity.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Tag {
    /// The code does nothing: drawn faded.
    Unnecessary,
    /// The code is out of date: drawn struck through.
    Deprecated,
}

/// A place that a diagnostic speaks of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What happens there.
    pub message: String,
}

/// What finds a finding again in a later answer about the same text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct FindingId {
    /// The rule.
    pub rule: SmolStr,
    /// Its first byte.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// FNV-1a of the message: 32 bits, as clients keep numbers as 64-bit floats.
    pub message: u32,
}

/// A finding as an editor marks it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What is marked.
    pub span: Span,
    /// How loudly.
    pub severity: Severity,
    /// The rule's name.
    pub code: SmolStr,
    /// What happens at run time: one line.
    pub message: String,
    /// How it may be drawn.
    pub tags: Vec<Tag>,
    /// The steps from the finding to its cause.
    pub related: Vec<Related>,
    /// Finds it again.
    pub id: FindingId,
}

impl FindingId {
    /// The identity of a finding.
    pub fn of(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.clone(),
            start: finding.place.span.start,
            end: finding.place.span.end,
            message: fnv1a(&finding.message),
        }
    }

    /// The finding of `file` it stands for.
    pub fn find<'f>(&self, findings: &'f [Finding], file: FileId) -> Option<&'f Finding> {
        findings.iter().find(|finding| finding.place.file == file && Self::of(finding) == *self)
    }
}

/// The diagnostics of a file, in the order of its findings.
pub fn diagnostics(findings: &[Finding], file: FileId) -> Vec<Diagnostic> {
    findings.iter().filter(|finding| finding.place.file == file).map(diagnostic).collect()
}

/// A finding as a diagnostic.
pub fn diagnostic(finding: &Finding) -> Diagnostic {
    let related = finding.chain.iter().take(MAX_RELATED);
    Diagnostic {
        span: finding.place.span,
        severity: finding.severity,
        code: finding.rule.clone(),
        message: finding.message.clone(),
        tags: tags(&finding.rule),
        related: related.map(|step| Related { place: step.place, message: step.message.clone() }).collect(),
        id: FindingId::of(finding),
    }
}

/// The address of a rule's page below `base`, where the pages of `queries/rules` are published.
pub fn rule_url(base: &str, rule: &str) -> String {
    format!("{}/{rule}.md", base.trim_end_matches('/'))
}

fn tags(rule: &str) -> Vec<Tag> {
    match rule {
        "unused-ignore" => vec![Tag::Unnecessary],
        rule if rule.starts_with("deprecated-") || rule.starts_with("removed-") => vec![Tag::Deprecated],
        _ => Vec::new(),
    }
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
