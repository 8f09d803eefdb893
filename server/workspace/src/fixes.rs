//! Applying fixes: in memory, round after round until none is left, then to the disk all at once.

use crate::load::Loaded;
use crate::paths;
use crate::problem::{Problem, io_message};
use crate::session::{Progress, Report, Session};
use crate::source::Source;
use crate::write;
use asyncwise_analysis::finding::{Applicability, Edit, FileId, Finding, Fix};
use asyncwise_syntax::facts::Span;
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A fix may make another possible; fixes that undo each other must end some time.
const MAX_ROUNDS: usize = 10;

/// A file before and after.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// As it was read.
    pub before: Source,
    /// With the fixes.
    pub after: Source,
}

/// What fixing came to.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// How many findings were mended.
    pub applied: usize,
    /// The files that change, by path.
    pub changes: Vec<Change>,
    /// Files that change together or not at all.
    groups: Vec<BTreeSet<PathBuf>>,
    /// What is left.
    pub report: Report,
}

impl Change {
    /// The change as a unified diff; `cwd` is where its paths start.
    pub fn diff(&self, cwd: &Path) -> String {
        let shown = paths::shown(cwd, &self.path);
        TextDiff::from_lines(self.before.readable(), self.after.readable())
            .unified_diff()
            .header(&format!("a/{shown}"), &format!("b/{shown}"))
            .to_string()
    }
}

impl Fixed {
    /// Writes the changes. Files that one fix changes together are written together or not at all.
    pub fn write(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for group in &self.groups {
            if let Err(problem) = self.write_group(group) {
                problems.push(problem.advise("its fixes are not applied"));
            }
        }
        problems
    }

    fn write_group(&self, group: &BTreeSet<PathBuf>) -> Result<(), Problem> {
        let mut files = Vec::new();
        for change in self.changes.iter().filter(|change| group.contains(&change.path)) {
            let encoded = change.after.encode().map_err(|message| Problem::error(&change.path, message))?;
            files.push((change.path.clone(), encoded));
        }
        write::all_or_none(&files)
            .map_err(|(path, error)| Problem::error(&path, format!("cannot be written: {}", io_message(&error))))
    }
}

impl Session {
    /// Applies the preferred fix of every finding that has one of this applicability or a safer one, checks again, and
    /// so on. Nothing is written: see [`Fixed::write`].
    pub fn fix(&mut self, allowed: Applicability, progress: &dyn Progress) -> Fixed {
        let mut fixed = Fixed::default();
        let mut before: BTreeMap<PathBuf, Source> = BTreeMap::new();
        let mut findings = self.analyse(progress).0;
        for _ in 0..MAX_ROUNDS {
            let chosen = choose(&findings, allowed, &self.files);
            if chosen.fixes.is_empty() || !self.apply(&chosen, &mut before) {
                break;
            }
            fixed.applied += chosen.fixes.len();
            for fix in &chosen.fixes {
                let files = fix.edits.iter().map(|edit| self.files[edit.place.file.index()].path.clone());
                join(&mut fixed.groups, files.collect());
            }
            findings = self.analyse(progress).0;
        }
        let current: BTreeMap<&Path, &Source> =
            self.files.iter().map(|file| (file.path.as_path(), &file.source)).collect();
        for (path, before) in before {
            if let Some(after) = current.get(path.as_path()).copied()
                && after.readable() != before.readable()
            {
                fixed.changes.push(Change { path, before, after: after.clone() });
            }
        }
        fixed.report = self.report(findings);
        fixed
    }

    /// Puts the edits into the texts in memory. False, and nothing is changed, when a text would not be Python after it.
    fn apply(&mut self, chosen: &Chosen<'_>, before: &mut BTreeMap<PathBuf, Source>) -> bool {
        let mut new = Vec::new();
        for (file, edits) in &chosen.edits {
            let old = &self.files[file.index()];
            let edits: Vec<(Span, String)> = edits.iter().map(|e| (e.place.span, e.text.clone())).collect();
            let mut changed = old.clone();
            match old.source.edited(&edits) {
                Ok(source) => changed.replace(source),
                Err(message) => {
                    self.problems.push(Problem::error(&old.path, message).advise("its fixes are not applied"));
                    return false;
                }
            }
            if changed.facts().errors.len() > old.facts().errors.len() {
                let problem = Problem::error(&old.path, "a fix would break the syntax, and is not applied");
                self.problems.push(problem.advise("this is a mistake in asyncwise: please report it"));
                return false;
            }
            new.push((*file, changed));
        }
        for (file, changed) in new {
            let old = std::mem::replace(&mut self.files[file.index()], changed);
            before.entry(old.path).or_insert(old.source);
        }
        true
    }
}

/// Fixes that do not disturb each other, and their edits by file, sorted.
struct Chosen<'f> {
    fixes: Vec<&'f Fix>,
    edits: BTreeMap<FileId, Vec<&'f Edit>>,
}

/// The first allowed fix of each finding, unless it touches what an earlier one changes: that comes in the next round.
fn choose<'f>(findings: &'f [Finding], allowed: Applicability, files: &[Loaded]) -> Chosen<'f> {
    let mut chosen = Chosen { fixes: Vec::new(), edits: BTreeMap::new() };
    for finding in findings {
        let preferred = finding.fixes.iter().find(|fix| {
            let is_allowed = match fix.applicability {
                Applicability::Safe => true,
                Applicability::Unsafe => allowed == Applicability::Unsafe,
                Applicability::Partial => false,
            };
            is_allowed && is_possible(fix, files)
        });
        if let Some(fix) = preferred
            && fix.edits.iter().all(|edit| fits(edit, chosen.edits.get(&edit.place.file)))
        {
            chosen.take(fix);
        }
    }
    for edits in chosen.edits.values_mut() {
        edits.sort();
    }
    chosen
}

impl<'f> Chosen<'f> {
    fn take(&mut self, fix: &'f Fix) {
        for edit in &fix.edits {
            let edits = self.edits.entry(edit.place.file).or_default();
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
        self.fixes.push(fix);
    }
}

/// It changes only files that were asked for, at places that are there.
fn is_possible(fix: &Fix, files: &[Loaded]) -> bool {
    let mut last: Option<&Edit> = None;
    !fix.edits.is_empty()
        && fix.edits.iter().all(|edit| {
            let in_order = last.is_none_or(|l| {
                l.place.file < edit.place.file
                    || (l.place.file == edit.place.file && l.place.span.end <= edit.place.span.start)
            });
            last = Some(edit);
            let Some(file) = files.get(edit.place.file.index()) else { return false };
            let span = edit.place.span;
            in_order && file.asked && span.start <= span.end && file.source.text.get(span.range()).is_some()
        })
}

/// Edits that touch would depend on their order; the same edit twice is one.
fn fits(edit: &Edit, others: Option<&Vec<&Edit>>) -> bool {
    let touches = |a: Span, b: Span| a.start <= b.end && b.start <= a.end;
    others.into_iter().flatten().all(|other| *other == edit || !touches(other.place.span, edit.place.span))
}

fn join(groups: &mut Vec<BTreeSet<PathBuf>>, files: BTreeSet<PathBuf>) {
    let mut all = files;
    groups.retain(|group| {
        let apart = group.is_disjoint(&all);
        if !apart {
            all.extend(group.iter().cloned());
        }
        apart
    });
    groups.push(all);
}

#[cfg(test)]
mod tests {
    use super::*;
    use asyncwise_analysis::finding::Place;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { place: Place { file: FileId(0), span: Span::new(start, end) }, text: text.to_owned() }
    }

    #[test]
    fn edits_that_touch_wait_for_the_next_round() {
        let first = edit(4, 8, "x");
        let cases =
            [(edit(0, 3, ""), true), (edit(8, 9, ""), false), (edit(5, 5, "y"), false), (edit(4, 8, "x"), true)];
        for (other, expected) in cases {
            assert_eq!(fits(&other, Some(&vec![&first])), expected, "{other:?}");
        }
    }

    #[test]
    fn files_that_a_fix_joins_are_one_group() {
        let set = |names: &[&str]| names.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        let mut groups = Vec::new();
        for names in [&["a"][..], &["b", "c"], &["d"], &["a", "b"]] {
            join(&mut groups, set(names));
        }
        assert_eq!(groups, [set(&["d"]), set(&["a", "b", "c"])]);
    }
}
