//! The mark set when the work is done.

use super::super::CheckedFile;
use super::guards;
use super::marks::{Kept, Mark};
use crate::finding::{Applicability, Edit, Fix};
use crate::fixes::block::ends_its_line;
use crate::fixes::{Source, tidy};
use crate::sites::run_scope;
use asyncwise_syntax::facts::*;

/// The mark moved behind the work; for an object a variable that is kept when it is of use.
pub(super) fn fix(checked: &CheckedFile<'_>, mark: &Mark, work: ExprId) -> Option<Fix> {
    let source = Source::of(&checked.analysis.world, checked.file);
    let edits = match mark.kept {
        Kept::Object => keep_later(checked, &source, mark, work)?,
        _ => move_behind(checked, &source, mark)?,
    };
    let title = "Set it when the work is done".to_owned();
    tidy(edits).map(|edits| Fix { title, applicability: Applicability::Unsafe, edits })
}

/// The statement behind the last one of its block that awaits.
fn move_behind(checked: &CheckedFile<'_>, source: &Source<'_>, mark: &Mark) -> Option<Vec<Edit>> {
    let facts = checked.facts;
    let mut last = None;
    let mut next = guards::following(checked, mark.stmt);
    while let Some(stmt) = next {
        if awaits(facts, stmt, mark.scope) {
            last = Some(stmt);
        }
        next = guards::following(checked, stmt);
    }
    let last = last?;
    let mut next = guards::following(checked, mark.stmt);
    while let Some(stmt) = next {
        if leaves_within(facts, stmt) || !mentions(facts, facts.stmt(stmt).span, &mark.state).is_empty() {
            return None;
        }
        next = guards::following(checked, stmt).filter(|_| stmt != last);
    }
    let own = facts.stmt(mark.stmt).span;
    let (start, indent, newline) = whole_line(source, own)?;
    let removed = Span::new(start, own.end + newline.len() as u32);
    let end = line_end(source, facts.stmt(last).span.end)?;
    let moved = source.edit(Span::new(end, end), format!("{newline}{indent}{}", source.slice(own)));
    Some(vec![source.edit(removed, ""), moved])
}

/// `self._client = Client()` and what follows up to the work done with `client`, then `self._client = client`.
fn keep_later(checked: &CheckedFile<'_>, source: &Source<'_>, mark: &Mark, work: ExprId) -> Option<Vec<Edit>> {
    let facts = checked.facts;
    let variable = mark.state.rsplit_once('.')?.1.trim_start_matches('_');
    let is_taken = checked.index.name(variable).is_some_and(|name| {
        checked.index.binds(mark.scope, name) || facts.exprs().any(|(_, e)| e.kind == ExprKind::Name(name))
    });
    let work = facts.stmt_of(work)?;
    let own = facts.stmt(mark.stmt).span;
    let (_, indent, newline) = whole_line(source, own)?;
    if is_taken || variable.is_empty() {
        return None;
    }
    let mut edits = Vec::new();
    let mut next = Some(mark.stmt);
    loop {
        let stmt = next?;
        let span = facts.stmt(stmt).span;
        edits.extend(mentions(facts, span, &mark.state).into_iter().map(|at| source.edit(at, variable)));
        if stmt == work {
            break;
        }
        if leaves_within(facts, stmt) {
            return None;
        }
        next = guards::following(checked, stmt);
    }
    let end = line_end(source, facts.stmt(work).span.end)?;
    edits.push(source.edit(Span::new(end, end), format!("{newline}{indent}{} = {variable}", mark.state)));
    Some(edits)
}

/// Where the line of a statement begins that has it for itself, what stands before it, and how the line ends.
fn whole_line<'a>(source: &Source<'a>, own: Span) -> Option<(u32, &'a str, &'static str)> {
    let start = source.line_start(own.start);
    let indent = source.slice(Span::new(start, own.start));
    let rest = source.slice(Span::new(own.end, source.text.len() as u32));
    let newline = if rest.starts_with("\r\n") { "\r\n" } else { "\n" };
    let is_alone = indent.chars().all(char::is_whitespace) && rest.starts_with(newline);
    is_alone.then_some((start, indent, newline))
}

/// The end of the line at the end of a statement, after which nothing but a comment stands there.
fn line_end(source: &Source<'_>, at: u32) -> Option<u32> {
    ends_its_line(source, at).then(|| source.line_end(at))
}

fn awaits(facts: &FileFacts, stmt: StmtId, scope: ScopeId) -> bool {
    let span = facts.stmt(stmt).span;
    facts.exprs().any(|(_, e)| {
        matches!(e.kind, ExprKind::Await(_)) && span.contains(e.span) && run_scope(facts, e.scope) == scope
    })
}

/// Whether a statement, or one in it, leaves the block.
fn leaves_within(facts: &FileFacts, stmt: StmtId) -> bool {
    let outer = facts.stmt(stmt);
    facts.stmts.iter().any(|s| {
        s.scope == outer.scope
            && outer.span.contains(s.span)
            && matches!(s.kind, StmtKind::Return(_) | StmtKind::Continue | StmtKind::Break)
    })
}

/// Where a span mentions some state.
fn mentions(facts: &FileFacts, span: Span, state: &str) -> Vec<Span> {
    let is_state = |id: ExprId, e: &Expr| {
        span.contains(e.span)
            && matches!(e.kind, ExprKind::Attribute { .. } | ExprKind::Name(_))
            && facts.dotted(id).is_some_and(|text| text == state)
    };
    facts.exprs().filter(|(id, e)| is_state(*id, e)).map(|(_, e)| e.span).collect()
}
