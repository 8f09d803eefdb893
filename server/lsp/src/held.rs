//! Keeps findings that a syntax error takes away until the text is whole again: whoever types the argument of a call does not want
//! everything below it to vanish and come back, nor what is shown in the other files that call the function.

use asyncwise_analysis::finding::Finding;
use asyncwise_ide::diagnostics::{Diagnostic, diagnostic};
use asyncwise_syntax::Edit;
use asyncwise_syntax::facts::{FileFacts, ScopeId, Span};
use dashmap::DashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A finding as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    pub(crate) diagnostic: Diagnostic,
    /// It is of an earlier text, and stands where its code is now.
    pub(crate) is_held: bool,
}

/// What is shown for one text.
#[derive(Debug, Default)]
struct Memory {
    /// Of the state of the project that it was worked out for; those of open texts alone come before those of the index.
    order: Option<(bool, u64)>,
    text: Arc<str>,
    shown: Vec<Shown>,
}

/// What is shown for each open text, by path.
#[derive(Debug, Default)]
pub(crate) struct Held(DashMap<PathBuf, Arc<Mutex<Memory>>>);

impl Held {
    /// What to show for a text, whose findings are these in the state of the project with this `order`. It is disturbed when
    /// another open text has a syntax error: what that one offers may be missing only for a moment.
    pub(crate) fn show(
        &self,
        path: &Path,
        order: (bool, u64),
        (text, facts): (&Arc<str>, &FileFacts),
        is_disturbed: bool,
        findings: &[Finding],
    ) -> Vec<Shown> {
        let memory = self.0.entry(path.to_owned()).or_default().clone();
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let current = findings.iter().map(|finding| Shown { diagnostic: diagnostic(finding), is_held: false });
        if memory.order.is_some_and(|last| last > order) {
            // A later state was shown already: this one is looked at for its own sake.
            return current.collect();
        }
        let mut shown: Vec<Shown> = current.collect();
        let edit = Edit::between(&memory.text, text);
        let is_edited = edit.is_some();
        if !facts.errors.is_empty() || (is_disturbed && !is_edited) {
            // An error may take away from statements that are whole what they are about, and only what is typed here can do so.
            let stays = |held: &Shown, was_held| {
                is_disturbed || is_edited || was_held || is_broken(facts, held.diagnostic.span)
            };
            let kept = memory.shown.drain(..).filter_map(|last| Some((last.is_held, moved(last, edit.as_ref())?)));
            let kept = kept.filter(|(was_held, held)| stays(held, *was_held) && !is_among(held, &shown));
            let kept: Vec<Shown> = kept.map(|(_, held)| held).collect();
            shown.extend(kept);
            shown.sort_by_key(|shown| shown.diagnostic.span);
        }
        *memory = Memory { order: Some(order), text: text.clone(), shown: shown.clone() };
        shown
    }

    /// How many texts are remembered.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets a text.
    pub(crate) fn forget(&self, path: &Path) {
        self.0.remove(path);
    }
}

fn is_among(held: &Shown, shown: &[Shown]) -> bool {
    let same = |other: &Shown| {
        (&other.diagnostic.code, other.diagnostic.span) == (&held.diagnostic.code, held.diagnostic.span)
    };
    shown.iter().any(same)
}

/// Whether the statement of the module that holds a span, if there is one, has a syntax error.
fn is_broken(facts: &FileFacts, span: Span) -> bool {
    let mut top = facts.stmts.iter().filter(|stmt| stmt.scope == ScopeId::MODULE && stmt.parent.is_none());
    match top.find(|stmt| stmt.span.contains(span)) {
        None => true,
        Some(stmt) => {
            let touches = |error: &Span| error.start <= stmt.span.end && stmt.span.start <= error.end;
            stmt.broken || facts.errors.iter().any(touches)
        }
    }
}

/// The finding where its code is after an edit. None when its code is not there any more.
fn moved(mut shown: Shown, edit: Option<&Edit>) -> Option<Shown> {
    let span = &mut shown.diagnostic.span;
    if let Some(Edit { span: edited, text }) = edit
        && span.end > edited.start
    {
        if span.start < edited.end {
            return None;
        }
        let shift = |offset: u32| offset - edited.len() + text.len() as u32;
        *span = Span::new(shift(span.start), shift(span.end));
    }
    // Where its steps are now is not known.
    shown.diagnostic.related.clear();
    shown.is_held = true;
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use asyncwise_analysis::finding::{Confidence, FileId, Place, Severity};

    /// The findings of `time.sleep(1)`, wherever it stands, as if there were an analysis.
    fn findings(text: &str, facts: &FileFacts) -> Vec<Finding> {
        let found =
            text.match_indices("time.sleep(1)").map(|(at, call)| Span::new(at as u32, (at + call.len()) as u32));
        let whole = found.filter(|span| facts.errors.is_empty() || !is_broken(facts, *span));
        let finding = |span| Finding {
            rule: "blocking-call".into(),
            severity: Severity::Error,
            confidence: Confidence::Certain,
            message: String::new(),
            place: Place { file: FileId(0), span },
            function: None,
            chain: Vec::new(),
            fixes: Vec::new(),
        };
        whole.map(finding).collect()
    }

    /// The line of each finding that is shown after these texts, `?` behind those that are held.
    fn after(texts: &[&str]) -> Vec<String> {
        let held = Held::default();
        let mut shown = Vec::new();
        for (order, text) in texts.iter().enumerate() {
            let facts = asyncwise_syntax::facts(text);
            let text: Arc<str> = (*text).into();
            let findings = findings(&text, &facts);
            shown = held.show(Path::new("/x.py"), (true, order as u64), (&text, &facts), false, &findings);
        }
        let text = texts.last().expect("a text");
        let line = |shown: &Shown| {
            let line = text[..shown.diagnostic.span.start as usize].matches('\n').count() + 1;
            format!("{line}{}", if shown.is_held { "?" } else { "" })
        };
        shown.iter().map(line).collect()
    }

    const WHOLE: &str = "async def f():\n    time.sleep(1)\n\nasync def g():\n    time.sleep(1)\n";

    #[test]
    fn findings_stay_while_their_statement_is_broken() {
        let broken = WHOLE.replace("f():\n", "f():\n    x(\n");
        assert_eq!(after(&[WHOLE]), ["2", "5"]);
        assert_eq!(after(&[WHOLE, &broken]).first().map(String::as_str), Some("3?"));
        assert_eq!(after(&[WHOLE, &broken, &broken.replace("x(\n", "x(y\n")]).first().map(String::as_str), Some("3?"));
        assert_eq!(after(&[WHOLE, &broken, &broken.replace("x(\n", "x()\n")]), ["3", "6"]);
    }

    /// Whether the finding of a text is shown after it stayed the same and its finding went, and whether it is held.
    fn after_another_text(is_disturbed: bool) -> Vec<bool> {
        let held = Held::default();
        let facts = asyncwise_syntax::facts(WHOLE);
        let text: Arc<str> = WHOLE.into();
        let show = |order, is_disturbed, findings: &[Finding]| {
            held.show(Path::new("/x.py"), (true, order), (&text, &facts), is_disturbed, findings)
        };
        show(0, false, &findings(WHOLE, &facts));
        show(1, is_disturbed, &[]).iter().map(|shown| shown.is_held).collect()
    }

    #[test]
    fn what_a_broken_text_takes_from_others_is_held() {
        assert_eq!(after_another_text(true), [true, true]);
        assert!(after_another_text(false).is_empty());
    }

    #[test]
    fn a_finding_goes_with_its_code() {
        let broken = WHOLE.replacen("time.sleep(1)", "time.sleep(1", 1);
        assert!(!after(&[WHOLE, &broken]).contains(&"2?".to_owned()));
    }
}
