//! A program of one file whose answers are read off its text, and a tree that answers from a table.

use crate::Structure;
use crate::finding::FileId;
use crate::query::{Effect, Model, Node, Place, Semantic, View};
use asyncwise_syntax::facts::{ExprKind, FileFacts, Span};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The one file.
pub(super) const FILE: FileId = FileId(0);

/// A program whose coroutines run on the loop, and whose names say what they do.
pub(super) struct FakeModel {
    text: String,
    facts: FileFacts,
    /// Whether `#reaches?` and `#resolves-to?` are served from an index.
    pub(super) indexed: bool,
    /// How many questions were asked.
    pub(super) asked: AtomicUsize,
}

impl FakeModel {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), facts: asyncwise_syntax::facts(text), indexed: false, asked: AtomicUsize::new(0) }
    }
    pub(super) fn view(&self) -> View<'_> {
        View { facts: &self.facts, text: &self.text }
    }
    fn callee(&self, node: Node) -> Option<String> {
        let expr = node.expr(&self.facts)?;
        match self.facts.expr(expr).kind {
            ExprKind::Call { func, .. } => self.facts.dotted(func),
            _ => self.facts.dotted(expr),
        }
    }
    fn answer(&self, node: Node, question: &Semantic) -> bool {
        let text = self.view().slice(node.span(self.view()));
        match question {
            Semantic::RunsOn(Place::Loop) | Semantic::Entry => node.is_in_async(&self.facts),
            Semantic::RunsOn(_) => false,
            Semantic::InTest => self.facts.qualified_name(node.code(&self.facts)).starts_with("test_"),
            Semantic::Coroutine => self.callee(node).is_some_and(|callee| callee.starts_with("co_")),
            Semantic::ResolvesTo(names) => {
                self.callee(node).is_some_and(|callee| names.iter().any(|name| name.matches(&callee)))
            }
            Semantic::Reaches(Effect::StartsLoop) => text.starts_with("asyncio.run(") || text.ends_with(".token"),
            Semantic::Reaches(Effect::RefusesLoop) => text.starts_with("refuse"),
            Semantic::Reaches(Effect::Blocking(kinds)) => {
                let kind = if text.starts_with("time.sleep(") { "sleep" } else { "http" };
                let blocks = kind == "sleep" || text.starts_with("requests.") || text.starts_with("for row in cursor");
                blocks && (kinds.is_empty() || kinds.contains(&kind))
            }
        }
    }
}

impl Model for FakeModel {
    fn facts(&self, _: FileId) -> &FileFacts {
        &self.facts
    }
    fn text(&self, _: FileId) -> &str {
        &self.text
    }
    fn holds(&self, _: FileId, node: Node, question: &Semantic) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.answer(node, question)
    }
    fn candidates(&self, _: FileId, question: &Semantic) -> Option<Vec<Node>> {
        let served = matches!(question, Semantic::Reaches(_) | Semantic::ResolvesTo(_));
        let yes = |node: &Node| self.answer(*node, question);
        // Not in order, and each twice: the engine sorts.
        let nodes = || self.facts.exprs().map(|(id, _)| Node::Expr(id)).filter(yes);
        (self.indexed && served).then(|| nodes().chain(nodes()).rev_collect())
    }
}

trait RevCollect: Iterator + Sized {
    fn rev_collect(self) -> Vec<Self::Item> {
        let mut all: Vec<_> = self.collect();
        all.reverse();
        all
    }
}
impl<I: Iterator> RevCollect for I {}

/// One line of the table: in the candidate with this text, these captures on these parts of it.
pub(super) type Answer = (&'static str, &'static [(&'static str, &'static str)]);

/// A tree that answers from a table, and counts the questions.
#[derive(Default)]
pub(super) struct FakeTree {
    pub(super) text: String,
    pub(super) answers: Vec<Answer>,
    pub(super) asked: AtomicUsize,
}

impl Structure for FakeTree {
    fn matches(&self, _: FileId, pattern: &str, span: Span) -> Vec<Vec<(String, Span)>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(!pattern.contains('#'), "predicates are not the tree's to answer: {pattern}");
        let text = &self.text[span.range()];
        let place = |part: &str| {
            let start = span.start + text.find(part).expect("the part is in the candidate") as u32;
            Span::new(start, start + part.len() as u32)
        };
        let answers = self.answers.iter().filter(|(candidate, _)| *candidate == text);
        answers
            .map(|(_, captures)| captures.iter().map(|(name, part)| ((*name).into(), place(part))).collect())
            .collect()
    }
}
