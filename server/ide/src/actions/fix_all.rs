//! All safe fixes of a file at once.

use asyncwise_analysis::finding::{Applicability, Edit, FileId, Finding, Fix};
use asyncwise_syntax::facts::Span;

/// The edits of the first safe fix of each finding of `file`, in order, without those that touch an earlier one or change
/// another file: they come when the action is asked for again.
pub fn fix_all(findings: &[Finding], file: FileId) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    let safe = |fix: &&Fix| {
        fix.applicability == Applicability::Safe
            && !fix.edits.is_empty()
            && fix.edits.iter().all(|edit| edit.place.file == file)
    };
    for finding in findings.iter().filter(|finding| finding.place.file == file) {
        if let Some(fix) = finding.fixes.iter().find(safe)
            && fix.edits.iter().all(|edit| edits.iter().all(|other| other == edit || !touch(other, edit)))
        {
            for edit in &fix.edits {
                if !edits.contains(edit) {
                    edits.push(edit.clone());
                }
            }
        }
    }
    edits.sort();
    edits
}

/// Whether the result of two edits depends on their order.
fn touch(one: &Edit, other: &Edit) -> bool {
    let (a, b): (Span, Span) = (one.place.span, other.place.span);
    a.start <= b.end && b.start <= a.end
}
