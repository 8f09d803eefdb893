//! Code actions: listed cheaply, with their edits made when one is chosen.

mod fix_all;
mod ignore;

pub use fix_all::fix_all;
pub use ignore::REASON;

use crate::diagnostics::FindingId;
use crate::symbols::{functions_at, meet};
use crate::words::place_label;
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{Applicability, Edit, FileId, Finding, Place};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::rules::generate_close;
use asyncwise_analysis::rules::make_function_async::{make_function_async, may_become_async};
use asyncwise_syntax::facts::*;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Where an editor offers an action.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum ActionKind {
    /// Mends, silences or explains a finding.
    QuickFix,
    /// Changes code without a finding.
    Rewrite,
    /// Mends a whole file at once.
    FixAll,
}

/// What an action does. Small enough to be sent to the client and back.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "action")]
pub enum What {
    /// Applies a fix of a finding.
    Fix {
        /// The finding.
        finding: FindingId,
        /// Which of its fixes, from 0.
        index: u32,
    },
    /// Silences a finding by a comment.
    Ignore {
        /// The finding.
        finding: FindingId,
    },
    /// Shows the page of a rule: no edits.
    Explain {
        /// The rule.
        rule: SmolStr,
    },
    /// Makes the function named at an offset async.
    MakeAsync {
        /// A byte of its name, in its definition or in a call.
        offset: u32,
    },
    /// Adds what is missing to close what the instances of the class keep.
    GenerateClose {
        /// A byte of the header of the class.
        offset: u32,
    },
    /// Applies the safe fixes of the file.
    FixAll,
}

/// An action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Action {
    /// What it does, in the imperative.
    pub title: String,
    /// Where it is offered.
    pub kind: ActionKind,
    /// The finding it is about.
    pub finding: Option<FindingId>,
    /// The best one for its finding.
    pub is_preferred: bool,
    /// Whether its edits may be applied unseen; none where it makes no claim.
    pub applicability: Option<Applicability>,
    /// For [`resolve`].
    pub what: What,
}

/// What a chosen action comes to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resolved {
    /// The replacements: sorted, apart from each other, maybe in several files.
    pub edits: Vec<Edit>,
    /// Words in one of the edits that a person is meant to replace.
    pub placeholder: Option<&'static str>,
}

/// Why an action does nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Declined {
    /// The finding or function is not there any more: the text has changed.
    Stale,
    /// Something stands in the way.
    Refused {
        /// What.
        place: Place,
        /// In words: one line.
        message: String,
    },
}

impl Declined {
    /// `pkg/main.py:12: ...`: why it cannot be done, and where that stands. None when the text has changed.
    pub fn reason(&self, analysis: &Analysis) -> Option<String> {
        match self {
            Declined::Stale => None,
            Declined::Refused { place, message } => Some(format!("{}: {message}", place_label(analysis, *place))),
        }
    }
}

/// The actions for a range, an empty one for a cursor: fixes first, then the rewriting, the whole file, comments and pages.
pub fn actions(analysis: &Analysis, findings: &[Finding], file: FileId, range: Span) -> Vec<Action> {
    let here: Vec<&Finding> =
        findings.iter().filter(|finding| finding.place.file == file && meet(finding.place.span, range)).collect();
    let mut actions: Vec<Action> = here.iter().flat_map(|finding| fixes(finding)).collect();
    // An async function that blocks is no better than one that is called by a coroutine.
    if !here.iter().any(|finding| finding.rule == "blocking-call") {
        actions.extend(make_async(analysis, file, range));
    }
    actions.extend(generated_close(analysis, file, range));
    if !fix_all(findings, file).is_empty() {
        actions.push(Action {
            title: "Apply all safe fixes of this file".to_owned(),
            kind: ActionKind::FixAll,
            finding: None,
            is_preferred: false,
            applicability: Some(Applicability::Safe),
            what: What::FixAll,
        });
    }
    // A comment that silences nothing is not mended by another one.
    let ignorable = here.iter().filter(|finding| finding.rule != "unused-ignore");
    actions.extend(ignorable.map(|finding| {
        let finding = FindingId::of(finding);
        let title = format!("Ignore `{}` here", finding.rule);
        about(&finding, title, What::Ignore { finding: finding.clone() })
    }));
    let mut explained: Vec<&str> = Vec::new();
    for finding in here {
        if !explained.contains(&finding.rule.as_str()) {
            explained.push(&finding.rule);
            let title = format!("Explain `{}`", finding.rule);
            actions.push(about(&FindingId::of(finding), title, What::Explain { rule: finding.rule.clone() }));
        }
    }
    actions
}

fn about(finding: &FindingId, title: String, what: What) -> Action {
    let finding = Some(finding.clone());
    Action { title, kind: ActionKind::QuickFix, finding, is_preferred: false, applicability: None, what }
}

fn fixes(finding: &Finding) -> Vec<Action> {
    let id = FindingId::of(finding);
    let safe = finding.fixes.iter().position(|fix| fix.applicability == Applicability::Safe);
    let fix = |(index, fix): (usize, &asyncwise_analysis::finding::Fix)| Action {
        title: fix.title.clone(),
        kind: ActionKind::QuickFix,
        finding: Some(id.clone()),
        // Editors apply a preferred fix unseen.
        is_preferred: Some(index) == safe,
        applicability: Some(fix.applicability),
        what: What::Fix { finding: id.clone(), index: index as u32 },
    };
    finding.fixes.iter().enumerate().map(fix).collect()
}

/// Offered at the name of a plain function, in its `def` line or a call, where its own definition allows it.
fn make_async(analysis: &Analysis, file: FileId, range: Span) -> Option<Action> {
    let mut infer = Infer::new(&analysis.world);
    let offset = name_in_header(analysis.world.facts(file), range).unwrap_or(range.start);
    let [def] = functions_at(&mut infer, file, offset)[..] else { return None };
    may_become_async(analysis, &mut infer, def).then(|| Action {
        title: format!("Make `{}` an async function", analysis.world.name(def)),
        kind: ActionKind::Rewrite,
        finding: None,
        is_preferred: false,
        applicability: Some(Applicability::Unsafe),
        what: What::MakeAsync { offset },
    })
}

/// Offered in the header of a class whose instances keep something that nothing closes.
fn generated_close(analysis: &Analysis, file: FileId, range: Span) -> Option<Action> {
    let fix = generate_close(analysis, file, range)?;
    Some(Action {
        title: fix.title,
        kind: ActionKind::Rewrite,
        finding: None,
        is_preferred: false,
        applicability: Some(fix.applicability),
        what: What::GenerateClose { offset: range.start },
    })
}

/// The name of the function whose `def name` holds `range`.
fn name_in_header(facts: &FileFacts, range: Span) -> Option<u32> {
    let is_function = |s: &&Scope| matches!(s.kind, ScopeKind::Function { .. });
    let mut functions = facts.scopes().map(|(_, s)| s).filter(is_function);
    let found = functions.find(|s| s.header_span.start <= range.start && range.end <= s.name_span.end);
    found.map(|s| s.name_span.start)
}

/// The edits of an action, made for the texts as they are in `analysis`.
pub fn resolve(analysis: &Analysis, findings: &[Finding], file: FileId, what: &What) -> Result<Resolved, Declined> {
    let edits = match what {
        What::Fix { finding, index } => {
            let found = finding.find(findings, file).ok_or(Declined::Stale)?;
            found.fixes.get(*index as usize).ok_or(Declined::Stale)?.edits.clone()
        }
        What::Ignore { finding } => {
            return ignore::ignore(analysis, finding.find(findings, file).ok_or(Declined::Stale)?);
        }
        What::Explain { .. } => Vec::new(),
        What::FixAll => fix_all(findings, file),
        What::GenerateClose { offset } => {
            generate_close(analysis, file, Span::new(*offset, *offset)).ok_or(Declined::Stale)?.edits
        }
        What::MakeAsync { offset } => {
            let mut infer = Infer::new(&analysis.world);
            let [def] = functions_at(&mut infer, file, *offset)[..] else { return Err(Declined::Stale) };
            let made = make_function_async(analysis, &mut infer, def);
            made.map_err(|why| Declined::Refused { place: why.place, message: why.message })?.edits
        }
    };
    Ok(Resolved { edits, placeholder: None })
}
