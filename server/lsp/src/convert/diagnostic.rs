//! Findings as diagnostics.

use super::Places;
use crate::capabilities::Capabilities;
use asyncwise_analysis::finding::Severity;
use asyncwise_ide::diagnostics::{self, Tag, rule_url};
use std::str::FromStr;
use tower_lsp::ls_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, NumberOrString,
    Range, Uri,
};

/// Where the pages of the rules are published.
pub(crate) const RULES: &str = "https://github.com/asyncwise/asyncwise/blob/main/queries/rules";

/// A finding, at `range` of its text.
pub(crate) fn diagnostic(
    found: diagnostics::Diagnostic,
    range: Range,
    places: &Places<'_>,
    client: &Capabilities,
) -> Diagnostic {
    let related = || {
        let related = found.related.iter().filter_map(|related| {
            let location = places.location(related.place)?;
            Some(DiagnosticRelatedInformation { location, message: related.message.clone() })
        });
        related.collect::<Vec<_>>()
    };
    let tags: Vec<DiagnosticTag> = found.tags.iter().filter_map(|tag| self::tag(*tag, client)).collect();
    let url = client.code_description.then(|| Uri::from_str(&rule_url(RULES, &found.code)).ok()).flatten();
    Diagnostic {
        range,
        severity: Some(severity(found.severity)),
        code_description: url.map(|href| CodeDescription { href }),
        source: Some(crate::SOURCE.to_owned()),
        related_information: client.related_information.then(related).filter(|related| !related.is_empty()),
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        data: client.diagnostic_data.then(|| serde_json::to_value(&found.id).ok()).flatten(),
        code: Some(NumberOrString::String(found.code.to_string())),
        message: found.message,
    }
}

pub(crate) fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Info => DiagnosticSeverity::INFORMATION,
        Severity::Hint => DiagnosticSeverity::HINT,
    }
}

fn tag(tag: Tag, client: &Capabilities) -> Option<DiagnosticTag> {
    match tag {
        Tag::Unnecessary => client.unnecessary_tag.then_some(DiagnosticTag::UNNECESSARY),
        Tag::Deprecated => client.deprecated_tag.then_some(DiagnosticTag::DEPRECATED),
    }
}
