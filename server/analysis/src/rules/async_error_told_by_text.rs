//! `async-error-told-by-text`: an error of the loop or of a task group is told from others by the words of its message.

use super::CheckedFile;
use super::tried::{catch_around, last_name};
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::fixes::Source;
use crate::roots::is_test_module;
use asyncwise_syntax::facts::*;

const RULE: &str = "async-error-told-by-text";
/// Functions that look for a text in another, given as their second argument.
const SEARCHES: &[&str] = &["search", "match", "fullmatch", "findall"];
/// Since this version of Python a handler can look into a group.
const EXCEPTION_GROUPS: (u8, u8) = (3, 11);
/// More names than this from the error to the text that is looked at, and nothing is followed.
const MAX_NAMES: usize = 4;

/// What a text is a part of.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Text {
    /// The message of a group of errors, that of a task group.
    Group,
    /// What a start on a running loop says, or a question for the loop where none runs.
    Running,
    /// Another message of the async libraries.
    Other,
    /// A message that the `try` itself raises to refuse a running loop.
    OwnRefusal,
}

/// A test of an error's text.
struct Test {
    /// The whole test.
    expr: ExprId,
    /// The literal.
    literal: ExprId,
    /// The handler's `except`, and its `try`.
    handler: u32,
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    if !facts.handlers.iter().any(|h| h.name.is_some()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (expr, _) in facts.exprs() {
        for (literal, subject) in compared(facts, expr) {
            let ExprKind::Str(text) = &facts.expr(literal).kind else { continue };
            // A look at the text first: it spares nearly all comparisons the rest.
            let kind = kind(checked, text);
            if kind.is_none() && !may_refuse(checked) {
                continue;
            }
            let Some(handler) = error_of(checked, subject) else { continue };
            let test = Test { expr, literal, handler };
            if is_asserted(facts, expr) {
                continue;
            }
            let Some(kind) = kind.or_else(|| own_refusal(checked, &test, text)) else { continue };
            findings.extend(finding(checked, &test, kind).map(|f| (None, f)));
        }
    }
    findings
}

/// The literal and the text it is compared with.
fn compared(facts: &FileFacts, expr: ExprId) -> Vec<(ExprId, ExprId)> {
    match &facts.expr(expr).kind {
        ExprKind::Compare { operands, ops } => {
            let [left, right] = *facts.list(*operands) else { return Vec::new() };
            match facts.compare_ops[ops.range()] {
                [CompareOp::In | CompareOp::NotIn] => vec![(left, right)],
                [CompareOp::Eq | CompareOp::NotEq] => vec![(left, right), (right, left)],
                _ => Vec::new(),
            }
        }
        ExprKind::Call { func, args } => {
            let name = last_name(facts, *func);
            match (facts.args(*args), &facts.expr(*func).kind) {
                ([first, ..], ExprKind::Attribute { value, .. })
                    if matches!(name, "startswith" | "endswith" | "find") =>
                {
                    vec![(first.value, *value)]
                }
                ([first, second, ..], _) if SEARCHES.contains(&name) => vec![(first.value, second.value)],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// What a literal is a part of, as far as the catalogue of messages tells.
fn kind(checked: &CheckedFile<'_>, literal: &str) -> Option<Text> {
    let text = literal.trim().to_ascii_lowercase();
    let has = |part: &str| text.contains(part);
    if has("taskgroup") || has("task group") || has("sub-exception") {
        return Some(Text::Group);
    }
    if !["loop", "async generator", "cancel scope", "never awaited"].iter().any(|part| has(part)) || text.len() < 10 {
        return None;
    }
    let messages = checked.analysis.world.knowledge.messages().iter().flat_map(|m| &m.messages);
    let is_known = messages.into_iter().any(|m| m.to_ascii_lowercase().contains(&text));
    let running = ["running event loop", "is already running", "loop is running", "current event loop"];
    match is_known || has("event loop") {
        true if running.iter().any(|part| has(part)) => Some(Text::Running),
        true => Some(Text::Other),
        false => None,
    }
}

fn may_refuse(checked: &CheckedFile<'_>) -> bool {
    checked.index.name("get_running_loop").is_some()
}

/// The handler whose error a text is the message of: `str(e)`, `e.args[0]`, or a name for such a text.
fn error_of(checked: &CheckedFile<'_>, mut subject: ExprId) -> Option<u32> {
    let facts = checked.facts;
    let mut names = 0;
    loop {
        subject = match &facts.expr(subject).kind {
            ExprKind::Call { func, args } => match (&facts.expr(*func).kind, facts.args(*args)) {
                // `str(e)`, `repr(e)`, `f(str(e))`
                (ExprKind::Name(_), [only]) => only.value,
                // `str(e).lower()`
                (ExprKind::Attribute { value, .. }, []) => *value,
                _ => return None,
            },
            // `e.args[0]`, `e.message`
            ExprKind::Attribute { value, .. } => *value,
            ExprKind::Subscript { value, .. } => *value,
            ExprKind::FString { parts, .. } => match *facts.list(*parts) {
                [only] => only,
                _ => return None,
            },
            ExprKind::Name(name) => {
                if let Some(handler) = handler_naming(checked, subject, *name) {
                    return Some(handler);
                }
                names += 1;
                if names > MAX_NAMES {
                    return None;
                }
                assigned(checked, subject, *name)?
            }
            _ => return None,
        };
    }
}

/// The innermost handler around a use that binds the name.
fn handler_naming(checked: &CheckedFile<'_>, at: ExprId, name: NameId) -> Option<u32> {
    let facts = checked.facts;
    let span = facts.expr(at).span;
    let around = facts.handlers.iter().enumerate().filter(|(_, h)| h.name == Some(name) && h.span.contains(span));
    around.min_by_key(|(_, h)| h.span.len()).map(|(i, _)| i as u32)
}

/// The one value a name has at a use.
fn assigned(checked: &CheckedFile<'_>, at: ExprId, name: NameId) -> Option<ExprId> {
    let facts = checked.facts;
    let scope = facts.code_scope(facts.expr(at).scope);
    let bindings = checked.index.reaching(facts, scope, name, facts.stmt_of(at));
    match bindings.as_slice() {
        [Binding { kind: BindingKind::Assign { value, .. }, .. }] => Some(*value),
        _ => None,
    }
}

/// Whether a test is what an `assert` checks.
fn is_asserted(facts: &FileFacts, expr: ExprId) -> bool {
    facts.stmt_of(expr).is_some_and(|s| matches!(facts.stmt(s).kind, StmtKind::Assert { .. }))
}

/// A text of an error that the `try` of the handler raises itself beside a probe: its author means to tell the two
/// apart.
fn own_refusal(checked: &CheckedFile<'_>, test: &Test, text: &str) -> Option<Text> {
    let facts = checked.facts;
    let handler = &facts.handlers[test.handler as usize];
    let is_probe = |e: &Expr| match e.kind {
        ExprKind::Call { func, .. } => last_name(facts, func) == "get_running_loop",
        _ => false,
    };
    let tried = facts.stmts.iter().find_map(|s| match s.kind {
        StmtKind::Try { body, handlers, .. } if handlers.range().contains(&(test.handler as usize)) => Some(body),
        _ => None,
    })?;
    let body = checked.block_span(tried);
    let probes = facts.exprs.iter().any(|e| body.contains(e.span) && is_probe(e));
    let raises = || {
        let source = Source::of(&checked.analysis.world, checked.file);
        let raised = facts.stmts.iter().filter(|s| matches!(s.kind, StmtKind::Raise { .. }) && body.contains(s.span));
        raised.into_iter().any(|s| source.slice(s.span).contains(text))
    };
    let names_error = handler.types.is_some_and(|t| super::tried::names(facts, t, &["RuntimeError", "Exception"]));
    (probes && names_error && !text.is_empty() && raises()).then_some(Text::OwnRefusal)
}

fn finding(checked: &CheckedFile<'_>, test: &Test, kind: Text) -> Option<Finding> {
    let analysis = checked.analysis;
    let source = Source::of(&analysis.world, checked.file);
    let quoted = source.expr(test.literal);
    let target = analysis.world.program.file(checked.file).settings.target_version;
    let groups = if target.is_some_and(|v| v < EXCEPTION_GROUPS) {
        "exceptiongroup.catch() looks at them"
    } else {
        "except* looks at them"
    };
    let (confidence, message) = match kind {
        Text::Group => (
            Confidence::Likely,
            format!("{quoted} is only the text of the group: the errors in it are not looked at; {groups}"),
        ),
        Text::Running if is_probed(checked, test) => (
            Confidence::Possible,
            format!(
                "{quoted} tells the probe's error from others by its words; with only the probe in the try no test is needed"
            ),
        ),
        Text::Running => (
            Confidence::Likely,
            format!(
                "{quoted} tells whether a loop runs by the words of an error; get_running_loop() tells it beforehand"
            ),
        ),
        Text::OwnRefusal => (
            Confidence::Possible,
            format!(
                "{quoted} tells this try's own error from the probe's by its words; raised in an else: it needs no test"
            ),
        ),
        Text::Other => (
            Confidence::Possible,
            format!("{quoted} tells an error of an async library by its words, which differ between versions"),
        ),
    };
    let is_test = is_test_module(analysis.world.program.module_name(checked.file));
    let confidence = if is_test { Confidence::Possible } else { confidence };
    let mut finding = checked.finding(RULE, confidence, test.expr, message)?;
    let place = Place { file: checked.file, span: checked.handler_head(test.handler) };
    finding.chain.push(ChainStep { place, message: "the error is caught here".to_owned() });
    Some(finding)
}

/// Whether the `try` of the handler asks whether a loop runs.
fn is_probed(checked: &CheckedFile<'_>, test: &Test) -> bool {
    let facts = checked.facts;
    facts.exprs().any(|(id, e)| {
        let ExprKind::Call { func, .. } = e.kind else { return false };
        matches!(last_name(facts, func), "get_running_loop" | "get_event_loop")
            && facts
                .stmt_of(id)
                .and_then(|s| catch_around(facts, checked.index, s))
                .is_some_and(|c| c.handler == test.handler)
    })
}
