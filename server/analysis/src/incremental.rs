//! The analysis after an edit: only what the edit reaches is worked out again.
//!
//! What a file has (its sites, its roots, the answers to questions about it) follows from its own text and from the
//! answers that it was given about other files. So after an edit the edited files are worked out anew; then the questions
//! that others asked about them are asked again, and the files that were given an answer that is now another are worked out
//! in their turn. The graph is solved again only where sites or roots differ. The scheme is that of demand-driven incremental
//! computation with early cut-off (Hammer et al., Adapton, 2014), with files as its nodes and answers as its edges.

use crate::analysis::{Analysis, Roots, file_sites};
use crate::finding::FileId;
use crate::graph::Graph;
use crate::infer::{Again, FileMemo, Infer, Keeping, World};
use crate::program::{Program, SourceFile};
use crate::sites::{Site, Whole};
use asyncwise_syntax::facts::{ExprId, Stmt, StmtKind};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// After so many rounds the whole program is worked out anew: something runs in circles.
const MAX_ROUNDS: usize = 24;

/// How an update was done, for figures and tests.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Effort {
    /// The files that were worked out again, each as often as that was done.
    pub files: Vec<FileId>,
    /// Both fixpoints were solved again.
    pub solved: bool,
    /// Everything was worked out.
    pub whole: bool,
}

impl Analysis {
    /// The analysis of a program that differs only in the texts of `changed` (see [`Program::replace`]); the same as one from
    /// nothing. `self` must be made by [`Analysis::open`] or by this; it stays as it is.
    pub fn update(&self, program: Arc<Program>, changed: &[FileId]) -> (Self, Effort) {
        // Comments, docstrings and blanks: nothing is another but where things stand.
        if changed.iter().all(|&file| is_same_code(&self.world.program, &program, file)) {
            let mut world = self.world.with_program(program);
            world.keeping = Keeping::Nothing;
            let (graph, whole) = (self.graph.clone(), self.whole.clone());
            return (Self::of_parts(world, graph, whole, self.roots.clone()), Effort::default());
        }
        let mut update = Update {
            old: &self.world,
            world: self.world.after(program.clone(), changed),
            whole: self.whole.clone(),
            sites: self.graph.sites.clone(),
            roots: self.roots.clone(),
            effort: Effort::default(),
            differs: changed.iter().any(|&file| scopes_differ(&self.world, &program, file)),
            uncertain: FxHashSet::default(),
        };
        let memos = changed.iter().map(|file| self.world.memos[file.index()].clone()).collect();
        if !update.run(changed.to_vec(), memos) {
            let effort = Effort { whole: true, ..update.effort };
            return (Self::open(program), effort);
        }
        let Update { mut world, whole, sites, roots, mut effort, differs, .. } = update;
        effort.solved = differs;
        let graph = match differs {
            true => Graph::solve(&world, sites, &roots),
            false => self.graph.with_sites(sites),
        };
        world.keeping = Keeping::Nothing;
        (Self::of_parts(world, graph, whole, roots), effort)
    }
}

struct Update<'a> {
    /// Before the edit.
    old: &'a World,
    world: World,
    whole: Whole,
    sites: Vec<Arc<Vec<Site>>>,
    roots: Vec<Arc<Roots>>,
    effort: Effort,
    /// The graph is another.
    differs: bool,
    /// Files that were looked at again because an answer they had cannot be kept: once is enough.
    uncertain: FxHashSet<FileId>,
}

impl Update<'_> {
    /// Works out `files` and all that follows; `memos` is what was remembered of them. False when it does not end.
    fn run(&mut self, mut files: Vec<FileId>, mut memos: Vec<Arc<FileMemo>>) -> bool {
        for _ in 0..MAX_ROUNDS {
            let mut next = self.whole.update(&self.world, &files);
            self.work_out(&files);
            let batch: FxHashSet<FileId> = files.iter().copied().collect();
            // These were worked out with what the whole tells now.
            next.retain(|file| !batch.contains(file));
            for memo in &memos {
                self.compare(memo, &batch, &mut next);
            }
            if next.is_empty() {
                return true;
            }
            files = next.into_iter().collect();
            files.sort_unstable();
            memos = files.iter().map(|file| std::mem::take(&mut self.world.memos[file.index()])).collect();
        }
        false
    }

    fn work_out(&mut self, files: &[FileId]) {
        let (world, whole) = (&self.world, &self.whole);
        let results: Vec<_> = match files {
            [file] => vec![file_sites(world, whole, *file)],
            files => files.par_iter().map(|&file| file_sites(world, whole, file)).collect(),
        };
        for (&file, (sites, roots)) in files.iter().zip(results) {
            let at = file.index();
            self.differs |= !same_sites(&self.sites[at], &sites) || self.roots[at] != roots;
            self.sites[at] = sites;
            self.roots[at] = roots;
        }
        self.effort.files.extend(files);
    }

    /// Asks again what others asked of a file, as remembered in `memo`; adds those whose answer is another to `next`. The
    /// files of `batch` were worked out with the new text already.
    fn compare(&mut self, memo: &FileMemo, batch: &FxHashSet<FileId>, next: &mut FxHashSet<FileId>) {
        let mut infer = Infer::new(&self.world);
        let mut before = Infer::new(self.old);
        let (mut loose, mut is_other) = (Vec::new(), false);
        for (key, mut entry) in memo.observed() {
            match (&entry.answer, infer.again(&key)) {
                (Some(old), Again::Kept(new)) if *old == new => {
                    self.world.memos[key.file().index()].keep_readers(key, entry);
                }
                (None, Again::Loose(new)) => {
                    let old = entry.loose().cloned().or_else(|| match before.again(&key) {
                        Again::Loose(old) => Some(old),
                        _ => None,
                    });
                    is_other |= old.as_ref() != Some(&new);
                    entry.set_loose(new);
                    loose.push((key, entry));
                }
                _ => {
                    is_other = true;
                    next.extend(entry.readers().iter().filter(|reader| !batch.contains(reader)));
                }
            }
        }
        // What hangs on the order of questions may have come out differently for those who asked in another order, though
        // it is the same here: they are looked at once more, unless nothing at all is another.
        for (key, entry) in loose {
            if is_other {
                next.extend(entry.readers().iter().filter(|reader| self.uncertain.insert(**reader)));
            }
            self.world.memos[key.file().index()].keep_readers(key, entry);
        }
    }
}

/// Whether all that is worked out from a file's text is as before, but for findings. The words of errors count: they are read
/// from the text.
fn is_same_code(old: &Program, new: &Program, file: FileId) -> bool {
    let (old, new) = (old.file(file), new.file(file));
    let same_words = |(a, b): (&Stmt, &Stmt)| match (&a.kind, &b.kind) {
        (StmtKind::Raise { exc: Some(a), .. }, StmtKind::Raise { exc: Some(b), .. }) => {
            words(old, *a) == words(new, *b)
        }
        _ => true,
    };
    old.is_notebook == new.is_notebook
        && old.facts.is_same_code(&new.facts)
        && old.facts.stmts.iter().zip(&new.facts.stmts).all(same_words)
}

fn words(file: &SourceFile, expr: ExprId) -> Option<&str> {
    file.text.get(file.facts.expr(expr).span.range())
}

/// Whether the graph's numbers of functions are others now.
fn scopes_differ(old: &World, new: &Program, file: FileId) -> bool {
    let (old, new) = (&old.program.facts(file).scopes, &new.facts(file).scopes);
    old.len() != new.len() || old.iter().zip(new).any(|(a, b)| a.kind != b.kind)
}

/// Whether two lists say the same but for the ids of expressions: the graph knows sites by their places in the list.
fn same_sites(old: &[Site], new: &[Site]) -> bool {
    let same = |(a, b): (&Site, &Site)| {
        (a.owner, &a.happens, a.confidence, a.conditional, a.states, a.attempted)
            == (b.owner, &b.happens, b.confidence, b.conditional, b.states, b.attempted)
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}
