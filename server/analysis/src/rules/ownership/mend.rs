//! Fixes that close what a function makes: a `with` block around its use, or a `try` with a `finally`.

mod emptied;

use super::close_text;
use crate::finding::{Applicability, Edit, Fix};
use crate::fixes::{Source, block, tidy};
use crate::index::FileIndex;
use crate::ownership::lifetime::Lifetime;
use crate::ownership::resource::{Acquisition, Needs, Owned, With};
use crate::rules::CheckedFile;
use asyncwise_syntax::facts::*;

/// The use of a variable in the block that gives it its value.
struct Stretch<'a> {
    /// The statement that makes it.
    made: StmtId,
    /// What follows in the same block, up to the close: what was got from it may need it, too.
    used: &'a [StmtId],
    /// Statements that do nothing but close it: they go.
    closes: Vec<StmtId>,
}

/// The ways to close what a variable of a function holds; none where its use is not in one block, or it is handed on.
pub(super) fn close_it(checked: &CheckedFile<'_>, life: &Lifetime) -> Vec<Fix> {
    let source = Source::of(&checked.analysis.world, checked.file);
    let Some(stretch) = stretch(checked.facts, checked.index, life) else { return Vec::new() };
    let fix = with_block(checked, &source, life, &stretch).or_else(|| try_finally(checked, &source, life, &stretch));
    fix.into_iter().collect()
}

fn stretch<'a>(facts: &'a FileFacts, index: &FileIndex, life: &Lifetime) -> Option<Stretch<'a>> {
    if !life.handed_on.is_empty() || life.names.len() != 1 {
        return None;
    }
    let Parent::Stmt(made) = facts.expr(life.acquisition.value).parent else { return None };
    if !matches!(facts.stmt(made).kind, StmtKind::Assign { .. } | StmtKind::AnnAssign { .. }) {
        return None;
    }
    let siblings = siblings(facts, made, life.scope)?;
    let after = siblings.iter().position(|s| *s == made)? + 1;
    let closes = closes(facts, life)?;
    let mut last = None;
    for &mention in &life.mentions {
        let span = facts.expr(mention).span;
        if facts.stmt(made).span.contains(span) {
            continue;
        }
        let at = siblings.iter().position(|s| facts.stmt(*s).span.contains(span))?;
        if at < after {
            return None;
        }
        if closes.contains(&siblings[at]) {
            last = last.or(Some(at));
        } else if last.is_some() {
            return None;
        }
    }
    let used = &siblings[after..last.unwrap_or(siblings.len())];
    let is_plain = !is_started(facts, life) && !gives_what_hangs_on_it(facts, index, life);
    (!used.is_empty() && is_plain).then_some(Stretch { made, used, closes })
}

/// Whether it is started by hand, which entering it would do once more.
fn is_started(facts: &FileFacts, life: &Lifetime) -> bool {
    let starts = |name: &str| {
        let is_after =
            matches!(&life.acquisition.owned.needs, Needs::After(methods) if methods.iter().any(|m| m == name));
        is_after || matches!(name, "start" | "open" | "connect" | "__aenter__" | "__enter__")
    };
    life.mentions.iter().any(|&mention| match facts.expr(mention).parent {
        Parent::Expr(parent) => {
            matches!(facts.expr(parent).kind, ExprKind::Attribute { attr, .. } if starts(facts.name(attr)))
        }
        _ => false,
    })
}

/// Whether the function returns what one of its methods gave, at once or by way of a variable: that may need it open.
fn gives_what_hangs_on_it(facts: &FileFacts, index: &FileIndex, life: &Lifetime) -> bool {
    let returns = index.returns.get(&life.scope).map_or(&[][..], Vec::as_slice);
    let is_returned = |name: NameId| {
        let mut values = returns.iter().filter_map(|(_, value)| *value);
        values.any(|value| facts.expr(value).kind == ExprKind::Name(name))
    };
    let is_given = |expr: ExprId| {
        let Parent::Stmt(stmt) = facts.expr(expr).parent else { return false };
        match &facts.stmt(stmt).kind {
            StmtKind::Return(_) => true,
            StmtKind::Assign { targets, .. } => facts.list(*targets).iter().any(|&target| {
                let ExprKind::Name(name) = facts.expr(target).kind else { return true };
                is_returned(name)
            }),
            _ => false,
        }
    };
    life.mentions.iter().any(|&mention| {
        let Parent::Expr(attribute) = facts.expr(mention).parent else { return false };
        let Parent::Expr(call) = facts.expr(attribute).parent else { return false };
        let is_call = matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == attribute);
        let whole = match facts.expr(call).parent {
            Parent::Expr(parent) if matches!(facts.expr(parent).kind, ExprKind::Await(_)) => parent,
            _ => call,
        };
        is_call && is_given(whole)
    })
}

/// The statements that close it and do nothing else; none where a close is part of something.
fn closes(facts: &FileFacts, life: &Lifetime) -> Option<Vec<StmtId>> {
    let mut found: Vec<StmtId> = Vec::new();
    for &mention in &life.closed {
        found.push(alone(facts, mention)?);
    }
    // `await writer.wait_closed()` goes with the close.
    if let Some(then) = &life.acquisition.owned.closes.then_await {
        let all = life.mentions.iter().copied();
        found.extend(all.filter(|&mention| is_method(facts, mention, then)).filter_map(|wait| alone(facts, wait)));
    }
    Some(found)
}

fn is_method(facts: &FileFacts, mention: ExprId, name: &str) -> bool {
    let Parent::Expr(parent) = facts.expr(mention).parent else { return false };
    matches!(facts.expr(parent).kind, ExprKind::Attribute { attr, .. } if facts.name(attr) == name)
}

/// The statement that is nothing but the call of a method on a mention, awaited or not.
fn alone(facts: &FileFacts, mention: ExprId) -> Option<StmtId> {
    let Parent::Expr(attribute) = facts.expr(mention).parent else { return None };
    let Parent::Expr(call) = facts.expr(attribute).parent else { return None };
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return None };
    let whole = match facts.expr(call).parent {
        Parent::Expr(parent) if matches!(facts.expr(parent).kind, ExprKind::Await(_)) => parent,
        _ => call,
    };
    let Parent::Stmt(stmt) = facts.expr(whole).parent else { return None };
    (func == attribute && matches!(facts.stmt(stmt).kind, StmtKind::Expr(_))).then_some(stmt)
}

/// `async with X() as name:` around what uses it.
fn with_block(checked: &CheckedFile<'_>, source: &Source<'_>, life: &Lifetime, stretch: &Stretch<'_>) -> Option<Fix> {
    let facts = checked.facts;
    let acquisition = &life.acquisition;
    if acquisition.part.is_some() {
        return None;
    }
    let keyword = keyword(checked, acquisition)?;
    let value = source.expr(entered(acquisition));
    let made = facts.stmt(stretch.made).span;
    let comment = comment_after(source, made.end);
    let name = facts.name(life.name);
    let space = if comment.is_empty() { "" } else { "  " };
    let header = format!("{keyword} {value} as {name}:{space}{comment}");
    let mut edits = vec![source.edit(whole_lines(source, made)?, "")];
    edits.extend(moved(source, stretch, &header)?);
    Some(Fix {
        title: format!("Close `{name}` with `{keyword}`"),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}

/// What a `with` takes: the call, although the value may be what `await` of it gives.
fn entered(acquisition: &Acquisition) -> ExprId {
    if acquisition.owned.closes.with == With::AsyncCall { acquisition.call } else { acquisition.value }
}

/// The keyword of the block that closes it, where it may stand.
fn keyword(checked: &CheckedFile<'_>, acquisition: &Acquisition) -> Option<&'static str> {
    let source = Source::of(&checked.analysis.world, checked.file);
    match acquisition.owned.closes.with {
        With::Async | With::AsyncCall => source.await_is_legal(acquisition.call).then_some("async with"),
        With::Sync => Some("with"),
        With::No => None,
    }
}

/// `try:` around what uses it, with the close in its `finally`.
fn try_finally(checked: &CheckedFile<'_>, source: &Source<'_>, life: &Lifetime, stretch: &Stretch<'_>) -> Option<Fix> {
    let facts = checked.facts;
    let owned = &life.acquisition.owned;
    let waits = owned.closes.awaited || owned.closes.then_await.is_some();
    // What is waited for need not end.
    let ends = owned.closes.methods.first().is_some_and(|method| method != "wait");
    if !ends || waits && !source.await_is_legal(life.acquisition.call) {
        return None;
    }
    let mut edits = moved(source, stretch, "try:")?;
    let first = *stretch.used.first()?;
    let indent = block::indentation(source, facts.stmt(first).span.start)?;
    let step = block::step(source, first, indent);
    let newline = source.newline();
    let name = facts.name(life.name);
    let mut text = format!("{newline}{indent}finally:{newline}{indent}{step}{}", close_text(name, owned));
    if let Some(then) = &owned.closes.then_await {
        text.push_str(&format!("{newline}{indent}{step}await {name}.{then}()"));
    }
    let end = source.line_end(facts.stmt(*stretch.used.last()?).span.end);
    // Where the last lines go, it comes in their place.
    match edits
        .iter_mut()
        .find(|edit| edit.text.is_empty() && (edit.place.span.start..=edit.place.span.end).contains(&end))
    {
        Some(gone) => gone.text = format!("{}{newline}", text.trim_start_matches(['\r', '\n'])),
        None => edits.push(source.edit(Span::new(end, end), text)),
    }
    Some(Fix {
        title: format!("Close `{name}` in a `finally`"),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}

/// More than this many are not closed with one `AsyncExitStack`: nobody would look through the change.
const MAX_TOGETHER: usize = 12;

/// What functions of a file leave open that one `AsyncExitStack` may close.
pub(super) struct Together<'l, 'f>(Vec<(&'l Lifetime, Stretch<'f>)>);

impl<'l, 'f> Together<'l, 'f> {
    /// Of the values of a file.
    pub(super) fn new(checked: &CheckedFile<'f>, lives: &[&'l Lifetime]) -> Self {
        let is_open = |life: &Lifetime| {
            let enters = matches!(life.acquisition.owned.closes.with, With::Async | With::AsyncCall);
            enters && life.acquisition.part.is_none() && !life.leaks.is_empty()
        };
        let open = lives.iter().filter(|life| is_open(life));
        Self(open.filter_map(|life| Some((*life, stretch(checked.facts, checked.index, life)?))).collect())
    }
}

/// One `AsyncExitStack` for all that is made in the block of `life` and stays open; none where there is no other.
pub(super) fn close_all(checked: &CheckedFile<'_>, life: &Lifetime, together: &Together<'_, '_>) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let stretches = || together.0.iter().filter(|(other, _)| other.scope == life.scope);
    let block = siblings(facts, stretches().find(|(other, _)| other.name == life.name)?.1.made, life.scope)?;
    let here: Vec<_> = stretches().filter(|(_, s)| block.contains(&s.made)).take(MAX_TOGETHER + 1).collect();
    let is_taken = checked.index.name("stack").is_some_and(|name| checked.index.binds(life.scope, name));
    let is_some = (2..=MAX_TOGETHER).contains(&here.len());
    if !is_some || is_taken || !source.await_is_legal(life.acquisition.call) {
        return None;
    }
    let first = here.iter().filter_map(|(_, s)| block.iter().position(|stmt| *stmt == s.made)).min()?;
    let all = Stretch {
        made: block[first],
        used: &block[first..],
        closes: here.iter().flat_map(|(_, s)| s.closes.iter().copied()).collect(),
    };
    let mut edits = moved(&source, &all, "async with contextlib.AsyncExitStack() as stack:")?;
    for (other, _) in &here {
        let value = source.expr(entered(&other.acquisition));
        let entering = format!("await stack.enter_async_context({value})");
        edits.push(source.edit(facts.expr(other.acquisition.value).span, entering));
    }
    edits.extend(source.import("contextlib"));
    Some(Fix {
        title: "Close all of them with one `AsyncExitStack`".to_owned(),
        applicability: Applicability::Unsafe,
        edits: tidy(edits)?,
    })
}

/// No more statements of a block than this are put one level deeper: nobody would look through the change.
const MAX_MOVED: usize = 200;

/// The statements put under a header, and the closes taken out.
fn moved(source: &Source<'_>, stretch: &Stretch<'_>, header: &str) -> Option<Vec<Edit>> {
    let facts = source.facts;
    if stretch.used.len() > MAX_MOVED {
        return None;
    }
    let mut edits = block::in_block(source, stretch.used, header)?;
    let mut dissolved: Vec<Span> = Vec::new();
    for &close in &stretch.closes {
        let span = facts.stmt(close).span;
        let block = siblings(facts, close, facts.stmt(close).scope)?;
        if block.iter().all(|stmt| stretch.closes.contains(stmt)) {
            // Nothing is left of the block: the first one speaks for the others.
            if block.first() == Some(&close) {
                empty(source, block, &mut edits, &mut dissolved);
            }
            continue;
        }
        if !comment_after(source, span.end).is_empty() {
            let blanks = source.text[span.end as usize..].find('#').unwrap_or(0) as u32;
            edits.push(source.edit(Span::new(span.start, span.end + blanks), ""));
            continue;
        }
        let lines = whole_lines(source, span)?;
        edits.retain(|edit| !lines.contains_offset(edit.place.span.start));
        edits.push(source.edit(lines, ""));
    }
    Some(edits)
}

/// Takes out a block with all that is in it; where it cannot go as a whole, a `pass` stays.
fn empty(source: &Source<'_>, block: &[StmtId], edits: &mut Vec<Edit>, dissolved: &mut Vec<Span>) {
    let (Some(&first), Some(&last)) = (block.first(), block.last()) else { return };
    let span = Span::new(source.facts.stmt(first).span.start, source.facts.stmt(last).span.end);
    match emptied::emptied(source, block, span).filter(|emptied| emptied.stands_alone(dissolved)) {
        Some(emptied) => {
            dissolved.extend(emptied.body());
            emptied.take_out(source, edits);
        }
        None => {
            edits.retain(|edit| !(span.start + 1..span.end).contains(&edit.place.span.start));
            edits.push(source.edit(span, "pass"));
        }
    }
}

/// The lines of a statement that has them for itself, with the line break.
fn whole_lines(source: &Source<'_>, span: Span) -> Option<Span> {
    block::indentation(source, span.start)?;
    let rest = source.text[span.end as usize..].split('\n').next().unwrap_or_default();
    let is_alone = rest.trim().is_empty() || rest.trim_start().starts_with('#');
    let end = (span.end as usize + rest.len() + 1).min(source.text.len());
    is_alone.then(|| Span::new(source.line_start(span.start), end as u32))
}

fn comment_after<'a>(source: &Source<'a>, end: u32) -> &'a str {
    let rest = source.text[end as usize..].lines().next().unwrap_or_default().trim();
    if rest.starts_with('#') { rest } else { "" }
}

/// The statements of the block that holds `stmt`.
pub(super) fn siblings(facts: &FileFacts, stmt: StmtId, scope: ScopeId) -> Option<&[StmtId]> {
    let mut found = None;
    match facts.stmt(stmt).parent {
        None => found = Some(facts.scope(scope).body),
        Some(parent) => facts.for_each_block(&facts.stmt(parent).kind, |block| {
            if facts.block(block).contains(&stmt) {
                found = Some(block);
            }
        }),
    }
    found.map(|block| facts.block(block))
}

/// `async with X() as name:` around the one statement that uses it, with a name for it.
pub(super) fn name_it(checked: &CheckedFile<'_>, acquisition: &Acquisition) -> Option<Fix> {
    let facts = checked.facts;
    let source = Source::of(&checked.analysis.world, checked.file);
    let keyword = keyword(checked, acquisition)?;
    let stmt = facts.stmt_of(acquisition.value)?;
    // What stands in the header of a compound statement may be evaluated again and again.
    let is_simple = matches!(
        facts.stmt(stmt).kind,
        StmtKind::Expr(_)
            | StmtKind::Assign { .. }
            | StmtKind::AnnAssign { .. }
            | StmtKind::Return(_)
            | StmtKind::With { .. }
    );
    let is_own = facts.expr(acquisition.value).scope == facts.stmt(stmt).scope;
    if !is_simple || !is_own {
        return None;
    }
    let name = name_for(checked, &acquisition.owned, facts.stmt(stmt).scope);
    let header = format!("{keyword} {} as {name}:", source.expr(entered(acquisition)));
    let mut edits = block::in_block(&source, &[stmt], &header)?;
    edits.push(source.edit(facts.expr(acquisition.value).span, name.clone()));
    Some(Fix { title: format!("Close it with `{keyword}`"), applicability: Applicability::Unsafe, edits: tidy(edits)? })
}

/// A name for it that the function has not yet: `client` for an `AsyncClient`.
fn name_for(checked: &CheckedFile<'_>, owned: &Owned, scope: ScopeId) -> String {
    let class = owned.what.rsplit('.').next().unwrap_or_default();
    let start = class.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
    let mut name = class[start..].to_ascii_lowercase();
    if name.is_empty() || name.len() < 3 {
        name = "resource".to_owned();
    }
    let is_taken = |name: &str| {
        let id = checked.index.name(name);
        id.is_some_and(|id| [scope, ScopeId::MODULE].iter().any(|&s| checked.index.binds(s, id)))
    };
    while is_taken(&name) {
        name.push('_');
    }
    name
}
