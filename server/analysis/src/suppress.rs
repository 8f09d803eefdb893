//! Comments that silence findings, and the rule `unused-ignore` for those that silence nothing.

use crate::Structure;
use crate::analysis::Analysis;
use crate::finding::{Applicability, Confidence, FileId, Finding, Fix, Place};
use crate::fixes::Source;
use crate::infer::World;
use crate::rules;
use crate::sites::Happens;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// The comments of one file.
#[derive(Debug)]
pub(crate) struct Comments {
    file: FileId,
    /// For each comment the bytes it covers.
    covers: Vec<Span>,
}

/// Which names of the comments of a file silenced something: for each comment one entry per name, or one when it names
/// no rule.
struct Used(Vec<Vec<bool>>);

/// The findings of one file: without those that a comment silences, then without those that say again what an earlier one
/// says (the same rule, function and callee), and with one for each comment that silences nothing.
pub(crate) fn apply(analysis: &Analysis, file: FileId, structure: &dyn Structure) -> Vec<Finding> {
    let world = &analysis.world;
    let mut used = Used::of(world.facts(file));
    let mut kept = Vec::new();
    let mut seen = FxHashSet::default();
    for (identity, finding) in analysis.raw_findings(file, structure) {
        let silenced = silence(analysis, finding, file, &mut used);
        if !silenced && identity.is_none_or(|i| seen.insert((finding.rule.clone(), i))) {
            kept.push(finding.clone());
        }
    }
    // A comment may silence what others report through this file.
    for other in reporters(analysis, file, &used) {
        for (_, finding) in analysis.raw_findings(other, structure) {
            if finding.chain.iter().any(|step| step.place.file == file) {
                silence(analysis, finding, file, &mut used);
            }
        }
    }
    if let Some(comments) = analysis.comments(file) {
        comments.unused(world, &used, &mut kept);
    }
    kept
}

/// The other files of the project whose findings may lead through a line of `file` with a comment that has silenced nothing
/// so far: those with functions that call their way down to it.
fn reporters(analysis: &Analysis, file: FileId, used: &Used) -> Vec<FileId> {
    let (facts, graph) = (analysis.world.facts(file), &analysis.graph);
    let Some(comments) = analysis.comments(file) else { return Vec::new() };
    let idle = facts.suppressions.iter().zip(&used.0).zip(&comments.covers);
    let idle = idle.filter(|((c, used), _)| c.kind == SuppressionKind::Line && used.iter().any(|used| !used));
    let spans: Vec<Span> = idle.map(|(_, span)| *span).collect();
    if spans.is_empty() {
        return Vec::new();
    }
    let others = analysis.project_files().filter(|other| *other != file);
    let mut queue = Vec::new();
    for site in graph.sites[file.index()].iter() {
        let at = facts.expr(site.expr).span;
        if spans.iter().any(|span| touches(*span, at)) {
            if matches!(site.happens, Happens::Schedules(..)) {
                return others.collect();
            }
            queue.push(Def { file, scope: site.owner });
        }
    }
    let mut seen: FxHashSet<Def> = queue.iter().copied().collect();
    while let Some(def) = queue.pop() {
        let callers = graph.callers_of(def).iter().map(|caller| graph.owner(*caller));
        queue.extend(callers.filter(|caller| seen.insert(*caller)));
    }
    let files: FxHashSet<FileId> = seen.iter().map(|def| def.file).collect();
    others.filter(|other| files.contains(other)).collect()
}

/// Whether a comment that covers `span` speaks of the code at `at`.
fn touches(span: Span, at: Span) -> bool {
    let starts = span.start <= at.start && at.start < span.end;
    let stands_inside = at.start <= span.start && span.end <= at.end;
    starts || stands_inside
}

/// Whether a comment at a finding or at a step of its chain silences it. Notes which comments of `file` did.
fn silence(analysis: &Analysis, finding: &Finding, file: FileId, used: &mut Used) -> bool {
    let steps = finding.chain.iter().map(|step| (step.place, false));
    let mut silenced = false;
    for (place, is_finding) in std::iter::once((finding.place, true)).chain(steps) {
        if let Some(comments) = analysis.comments(place.file) {
            let used = if place.file == file { Some(&mut *used) } else { None };
            silenced |= comments.silence(&analysis.world, &finding.rule, place.span, is_finding, used);
        }
    }
    silenced
}

impl Used {
    fn of(facts: &FileFacts) -> Self {
        Self(facts.suppressions.iter().map(|s| vec![false; s.names.len().max(1)]).collect())
    }
}

impl Comments {
    /// The comments of a file; none where it has none.
    pub(crate) fn of(world: &World, file: FileId) -> Option<Self> {
        let facts = world.facts(file);
        if facts.suppressions.is_empty() {
            return None;
        }
        let text = &*world.program.file(file).text;
        let covers = facts.suppressions.iter().map(|s| covered(facts, text, s)).collect();
        Some(Self { file, covers })
    }

    fn silence(&self, world: &World, rule: &str, at: Span, is_finding: bool, mut used: Option<&mut Used>) -> bool {
        let facts = world.facts(self.file);
        let mut silenced = false;
        for (c, (comment, span)) in facts.suppressions.iter().zip(&self.covers).enumerate() {
            if !touches(*span, at) {
                continue;
            }
            // A comment for the whole file speaks of the findings in it, not of causes that others reach.
            if comment.kind == SuppressionKind::File && !is_finding {
                continue;
            }
            let mut hit = |i: usize| {
                silenced = true;
                if let Some(used) = &mut used {
                    used.0[c][i] = true;
                }
            };
            if comment.names.is_empty() {
                hit(0);
            }
            for (i, (name, _)) in comment.names.iter().enumerate() {
                if names_rule(comment.kind, name, rule) {
                    hit(i);
                }
            }
        }
        silenced
    }

    fn unused(&self, world: &World, used: &Used, findings: &mut Vec<Finding>) {
        let source = Source::of(world, self.file);
        for (comment, used) in source.facts.suppressions.iter().zip(&used.0) {
            // Naming the rule itself keeps a comment that is not needed everywhere.
            if comment.kind == SuppressionKind::Noqa || comment.names.iter().any(|(n, _)| n == "unused-ignore") {
                continue;
            }
            if comment.names.is_empty() {
                if !used[0] {
                    findings.push(unused_finding(&source, comment, None, comment.span));
                }
                continue;
            }
            for (i, (name, span)) in comment.names.iter().enumerate() {
                let is_off = rules::find(name).is_some_and(|r| {
                    rules::level(&world.program.file(self.file).settings, r.name) == crate::settings::Level::Off
                });
                if !used[i] && !is_off {
                    findings.push(unused_finding(&source, comment, Some(name), *span));
                }
            }
        }
    }
}

/// Whether a name in a comment stands for a rule.
fn names_rule(kind: SuppressionKind, name: &str, rule: &str) -> bool {
    let known = rules::find(rule);
    match kind {
        SuppressionKind::Noqa => name == rule || known.is_some_and(|r| r.same_as.contains(&name)),
        _ => name == rule || name == "all" || known.is_some_and(|r| r.group == name),
    }
}

/// The bytes in which a comment silences what begins there.
pub fn covered(facts: &FileFacts, text: &str, comment: &Suppression) -> Span {
    match comment.kind {
        SuppressionKind::File => Span::new(0, facts.len),
        SuppressionKind::Line => logical_line(facts, text, comment.span),
        SuppressionKind::Noqa => line(text, comment.span.start),
    }
}

fn unused_finding(source: &Source<'_>, comment: &Suppression, name: Option<&SmolStr>, span: Span) -> Finding {
    let message = match name {
        Some(name) if rules::find(name).is_none() && !rules::is_group(name) => match rules::nearest(name) {
            Some(near) => format!("`{name}` is no rule: did you mean `{near}`?"),
            None => format!("`{name}` is no rule"),
        },
        Some(name) => format!("this comment silences no finding of `{name}`"),
        None => "this comment silences no finding".to_owned(),
    };
    let meant = name.filter(|n| rules::find(n).is_none() && !rules::is_group(n)).and_then(|n| rules::nearest(n));
    let fix = if let Some(near) = meant {
        Fix {
            title: format!("Write `{near}`"),
            applicability: Applicability::Safe,
            edits: vec![source.edit(span, near)],
        }
    } else if comment.names.len() <= 1 {
        Fix {
            title: "Remove the comment".into(),
            applicability: Applicability::Safe,
            edits: vec![source.edit(with_blanks(source.text, comment.span), "")],
        }
    } else {
        let rest: Vec<&str> = comment.names.iter().filter(|(_, s)| *s != span).map(|(n, _)| n.as_str()).collect();
        let (first, last) = (comment.names[0].1, comment.names[comment.names.len() - 1].1);
        Fix {
            title: format!("Remove `{}` from the comment", name.map_or("", |n| n.as_str())),
            applicability: Applicability::Safe,
            edits: vec![source.edit(Span::new(first.start, last.end), rest.join(", "))],
        }
    };
    Finding {
        rule: SmolStr::new_static("unused-ignore"),
        severity: Confidence::Likely.default_severity(),
        confidence: Confidence::Likely,
        message,
        place: Place { file: source.file, span },
        function: None,
        chain: Vec::new(),
        fixes: vec![fix],
    }
}

/// A comment with the blanks before it, or the whole line where it stands alone.
fn with_blanks(text: &str, comment: Span) -> Span {
    let start = text[..comment.start as usize].trim_end_matches([' ', '\t']).len();
    let alone = start == 0 || text[..start].ends_with(['\n', '\r']);
    let after = &text[comment.end as usize..];
    let newline = if after.starts_with("\r\n") { 2 } else { usize::from(after.starts_with(['\n', '\r'])) };
    let end = if alone { comment.end as usize + newline } else { comment.end as usize };
    Span::new(start as u32, end as u32)
}

fn line(text: &str, at: u32) -> Span {
    let at = (0..=(at as usize).min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |i| i + 1);
    let end = text[at..].find(['\n', '\r']).map_or(text.len(), |i| at + i);
    Span::new(start as u32, end as u32 + 1)
}

/// The lines that a comment speaks of: those of the statement on its line, without the block of a compound one; where
/// the comment stands alone, those of the next statement.
fn logical_line(facts: &FileFacts, text: &str, comment: Span) -> Span {
    let own = line(text, comment.start);
    let alone = text[own.start as usize..comment.start as usize].trim().is_empty();
    let stmts = facts.stmts.iter();
    let stmt = if alone {
        let inside = facts.exprs.iter().any(|e| {
            matches!(e.kind, ExprKind::Call { .. } | ExprKind::List(_) | ExprKind::Dict(_) | ExprKind::Tuple(_))
                && e.span.start < comment.start
                && comment.end < e.span.end
        });
        if inside {
            // Between the lines of one statement: the line that follows.
            return line(text, own.end.min(text.len() as u32));
        }
        stmts.filter(|s| s.span.start >= comment.end).min_by_key(|s| s.span.start)
    } else {
        let touches = |s: &&Stmt| {
            let header = header(facts, s);
            let end = text[..header.end as usize].trim_end().len() as u32;
            header.start < own.end && own.start < end
        };
        stmts.filter(touches).min_by_key(|s| header(facts, s).len())
    };
    match stmt {
        Some(s) => {
            let header = header(facts, s);
            // Without the blanks before the block, which stand on the block's first line.
            let last = text[..header.end as usize].trim_end().len().max(1) as u32 - 1;
            Span::new(line(text, header.start).start, line(text, last.max(header.start)).end)
        }
        None => own,
    }
}

/// A statement without its blocks.
fn header(facts: &FileFacts, stmt: &Stmt) -> Span {
    let body = match &stmt.kind {
        StmtKind::If { body, .. }
        | StmtKind::While { body, .. }
        | StmtKind::For { body, .. }
        | StmtKind::With { body, .. }
        | StmtKind::Try { body, .. } => *body,
        StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) => facts.scope(*scope).body,
        StmtKind::Match { cases, .. } => match facts.cases.get(cases.start as usize) {
            Some(case) => return Span::new(stmt.span.start, case.span.start.max(stmt.span.start + 1)),
            None => return stmt.span,
        },
        _ => return stmt.span,
    };
    match facts.block(body).first() {
        Some(&first) => Span::new(stmt.span.start, facts.stmt(first).span.start.max(stmt.span.start + 1)),
        None => stmt.span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_byte_inside_a_character() {
        for at in 2..=6 {
            assert_eq!(line("x\n\u{1f388}\ny", at), Span::new(2, 7));
        }
    }
}
