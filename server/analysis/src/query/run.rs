//! Running rules over one file.

use super::compile::{CompiledPattern, CompiledRule, REPORT};
use super::kinds::Kind;
use super::metadata::Template;
use super::node::{Node, SpanIndex, View};
use super::plan::Plan;
use super::predicates::{Check, Semantic, Test};
use crate::Structure;
use crate::finding::FileId;
use asyncwise_syntax::facts::{FileFacts, Span};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

/// What a query asks the program.
pub trait Model: Sync {
    /// What a file says.
    fn facts(&self, file: FileId) -> &FileFacts;
    /// The text of a file.
    fn text(&self, file: FileId) -> &str;
    /// Whether the answer to `question` is yes for `node`. What is not known is no.
    fn holds(&self, file: FileId, node: Node, question: &Semantic) -> bool;
    /// All nodes of `file` for which the answer is yes, if an index has them; others may be among them. None where
    /// there is no such index: then the facts are scanned and each candidate is asked.
    fn candidates(&self, _file: FileId, _question: &Semantic) -> Option<Vec<Node>> {
        None
    }
}

/// How much one rule may do in one file.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// The most matches.
    pub matches: usize,
    /// The most steps: a question is one, the tree of a candidate costs by its length.
    pub steps: u64,
    /// When to stop; steps alone give the same result every time.
    pub deadline: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { matches: 1_000, steps: 4_000_000, deadline: None }
    }
}

/// How a run ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Everything was looked at.
    Complete,
    /// There are more matches than the budget allows.
    TooManyMatches,
    /// The rule took more steps than the budget allows.
    OutOfSteps,
    /// The deadline passed.
    OutOfTime,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Complete => "complete",
            Outcome::TooManyMatches => "stopped: too many matches",
            Outcome::OutOfSteps => "stopped: too many steps",
            Outcome::OutOfTime => "stopped: out of time",
        })
    }
}

/// What a run found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The matches by the place they report, at most one for a place: the earliest pattern has it.
    pub matches: Vec<Match>,
    /// Whether that is all.
    pub outcome: Outcome,
}

/// A match of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Match {
    /// Index into [`CompiledRule::patterns`].
    pub pattern: usize,
    /// The first node captured as `@report`.
    pub report: Captured,
    /// All captures, `@report` too, in the order of the tree.
    pub captures: Vec<Captured>,
}

impl Match {
    /// The text of a template, with the source of its captures; a capture that did not take part is empty.
    pub fn render(&self, template: &Template, text: &str) -> String {
        template.render(|name| {
            let captured = self.captures.iter().find(|captured| captured.name == name);
            captured.and_then(|captured| text.get(captured.span.range())).unwrap_or_default()
        })
    }
}

/// A captured node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Captured {
    /// The capture, without `@`.
    pub name: SmolStr,
    /// Where it stands.
    pub span: Span,
    /// What it is, when the facts list it.
    pub node: Option<Node>,
}

/// Runs one rule over one file. For several rules on one file a [`Session`] shares the work.
pub fn run(rule: &CompiledRule, file: FileId, model: &dyn Model, structure: &dyn Structure, budget: Budget) -> Found {
    Session::new(file, model, structure).run(rule, budget)
}

/// One file with what its rules share: the nodes by kind, made when a rule first asks for them.
pub struct Session<'a> {
    file: FileId,
    view: View<'a>,
    model: &'a dyn Model,
    structure: &'a dyn Structure,
    by_kind: RefCell<FxHashMap<&'static str, Rc<ByKind>>>,
    by_span: OnceCell<SpanIndex>,
}

impl<'a> Session<'a> {
    /// A session for one file.
    pub fn new(file: FileId, model: &'a dyn Model, structure: &'a dyn Structure) -> Self {
        let view = View { facts: model.facts(file), text: model.text(file) };
        Self { file, view, model, structure, by_kind: RefCell::default(), by_span: OnceCell::new() }
    }

    /// Runs a rule.
    pub fn run(&self, rule: &CompiledRule, budget: Budget) -> Found {
        let mut run = Run { session: self, budget, steps: 0, matches: Vec::new() };
        let outcome = rule.patterns.iter().enumerate().find_map(|(index, pattern)| run.pattern(index, pattern).err());
        let mut matches = run.matches;
        matches.sort_by_key(|found| (found.report.span, found.pattern));
        matches.dedup_by_key(|found| found.report.span);
        Found { matches, outcome: outcome.unwrap_or(Outcome::Complete) }
    }

    fn by_kind(&self, kind: &'static Kind) -> Rc<ByKind> {
        let made = || Rc::new(ByKind::new(kind.list(self.view)));
        Rc::clone(self.by_kind.borrow_mut().entry(kind.name).or_insert_with(made))
    }

    /// The candidates of a plan: from an index of the program if it has one, else from the facts.
    fn candidates(&self, plan: &Plan) -> Vec<(Node, Span)> {
        let mut found: Vec<(Node, Span)> = Vec::new();
        match plan.drivers().find_map(|question| self.model.candidates(self.file, question)) {
            Some(nodes) => {
                let as_candidate =
                    |node| Some((node, plan.candidates.iter().find_map(|kind| kind.span_of(self.view, node))?));
                found.extend(nodes.into_iter().filter_map(as_candidate));
            }
            None => plan.candidates.iter().for_each(|kind| found.extend(&self.by_kind(kind).nodes)),
        }
        found.sort_by_key(|(node, span)| (*span, *node));
        found.dedup();
        found
    }

    fn node_at(&self, span: Span, expression: bool) -> Option<Node> {
        self.by_span.get_or_init(|| SpanIndex::new(self.view)).node(self.view, span, expression)
    }

    /// The smallest expression or statement around a span.
    fn node_around(&self, span: Span) -> Option<Node> {
        let exprs = self.view.facts.exprs().map(|(id, _)| Node::Expr(id));
        let all = exprs.chain(self.view.stmt_ids().map(Node::Stmt));
        let around = all.filter(|node| node.span(self.view).contains(span));
        around.min_by_key(|node| node.span(self.view).len())
    }
}

/// The nodes of one kind, and what spans lie in one of them.
struct ByKind {
    /// Sorted by span.
    nodes: Vec<(Node, Span)>,
    /// For each node the furthest end up to and with it.
    furthest: Vec<u32>,
}

impl ByKind {
    fn new(nodes: Vec<(Node, Span)>) -> Self {
        let mut furthest = Vec::with_capacity(nodes.len());
        let mut end = 0;
        for (_, span) in &nodes {
            end = end.max(span.end);
            furthest.push(end);
        }
        Self { nodes, furthest }
    }

    /// Whether one of the nodes is an ancestor of the node at `span`. Spans of a tree nest, so one that covers is around;
    /// of two nodes with one span the statement is around the expression.
    fn around(&self, span: Span, node: Option<Node>) -> bool {
        let before = self.nodes.partition_point(|(_, other)| other.start < span.start);
        if before > 0 && self.furthest[before - 1] >= span.end {
            return true;
        }
        let same_start = self.nodes[before..].iter().take_while(|(_, other)| other.start == span.start);
        let is_around =
            |(other, at): &(Node, Span)| at.end > span.end || (*at == span && rank(Some(*other)) > rank(node));
        same_start.into_iter().any(is_around)
    }
}

/// The outer of two nodes with one span has the higher rank.
const fn rank(node: Option<Node>) -> u32 {
    match node {
        None | Some(Node::Expr(_)) => 0,
        Some(Node::WithItem(_)) => 1,
        Some(Node::Stmt(_)) => 2,
        Some(Node::Scope(_) | Node::Handler(_) | Node::Case(_)) => 3,
    }
}

struct Run<'r, 'a> {
    session: &'r Session<'a>,
    budget: Budget,
    steps: u64,
    matches: Vec<Match>,
}

impl Run<'_, '_> {
    fn pattern(&mut self, index: usize, pattern: &CompiledPattern) -> Result<(), Outcome> {
        for (node, span) in self.session.candidates(&pattern.plan) {
            self.spend(1)?;
            if node.is_broken(self.session.view.facts) || !self.root_holds(&pattern.plan, node, span)? {
                continue;
            }
            if pattern.plan.needs_tree {
                self.ask_tree(index, pattern, node, span)?;
            } else {
                let captured = |name: &SmolStr| Captured { name: name.clone(), span, node: Some(node) };
                self.found(index, pattern.plan.root_captures.iter().map(captured).collect())?;
            }
        }
        Ok(())
    }

    fn root_holds(&mut self, plan: &Plan, node: Node, span: Span) -> Result<bool, Outcome> {
        for check in &plan.checks {
            self.spend(1)?;
            let captured = Captured { name: check.capture.clone(), span, node: Some(node) };
            if !self.holds(check, &captured, &[]) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn ask_tree(&mut self, index: usize, pattern: &CompiledPattern, node: Node, span: Span) -> Result<(), Outcome> {
        self.spend(8 + u64::from(span.len()) / 16)?;
        let session = self.session;
        for found in session.structure.matches(session.file, &pattern.plan.structural, span) {
            let captured = |(name, at): (String, Span)| {
                let name = SmolStr::from(name);
                let expression = pattern.captures.iter().any(|capture| capture.name == name && capture.expression);
                let on_root = at == span && pattern.plan.root_captures.contains(&name);
                let node = if on_root { Some(node) } else { session.node_at(at, expression) };
                Captured { name, span: at, node }
            };
            let captures: Vec<Captured> = found.into_iter().map(captured).collect();
            if self.inner_holds(&pattern.plan, &captures)? {
                self.found(index, captures)?;
            }
        }
        Ok(())
    }

    /// A predicate holds when it holds for every node of its capture; so also when the capture took no part.
    fn inner_holds(&mut self, plan: &Plan, captures: &[Captured]) -> Result<bool, Outcome> {
        for check in &plan.inner_checks {
            for captured in captures.iter().filter(|captured| captured.name == check.capture) {
                self.spend(1)?;
                if !self.holds(check, captured, captures) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What cannot be answered, because the facts do not list the node, holds in neither form.
    fn holds(&self, check: &Check, captured: &Captured, all: &[Captured]) -> bool {
        self.answer(&check.test, captured, all).is_some_and(|answer| answer != check.negated)
    }

    fn answer(&self, test: &Test, captured: &Captured, all: &[Captured]) -> Option<bool> {
        let session = self.session;
        let facts = session.view.facts;
        let text = session.view.slice(captured.span);
        let around = || captured.node.or_else(|| session.node_around(captured.span));
        Some(match test {
            Test::Awaited => captured.node?.is_awaited(facts),
            Test::Statement => captured.node?.is_statement(facts),
            Test::InAsync => around()?.is_in_async(facts),
            Test::Text(texts) => texts.iter().any(|is| is == text),
            Test::SameText(other) => {
                let mut others = all.iter().filter(|captured| captured.name == *other);
                others.all(|other| session.view.slice(other.span) == text)
            }
            Test::Regex(regex) => regex.is_match(text),
            Test::Ancestor(kinds) => {
                kinds.iter().any(|kind| session.by_kind(kind).around(captured.span, captured.node))
            }
            Test::Semantic(question) => {
                let is_of_place = matches!(question, Semantic::InTest | Semantic::RunsOn(_) | Semantic::Entry);
                let node = if is_of_place { around()? } else { captured.node? };
                session.model.holds(session.file, node, question)
            }
        })
    }

    fn found(&mut self, pattern: usize, captures: Vec<Captured>) -> Result<(), Outcome> {
        let Some(report) = captures.iter().find(|captured| captured.name == REPORT).cloned() else { return Ok(()) };
        if self.matches.len() >= self.budget.matches {
            return Err(Outcome::TooManyMatches);
        }
        self.matches.push(Match { pattern, report, captures });
        Ok(())
    }

    fn spend(&mut self, steps: u64) -> Result<(), Outcome> {
        let before = self.steps;
        self.steps += steps;
        if self.steps > self.budget.steps {
            return Err(Outcome::OutOfSteps);
        }
        let look = before / 256 != self.steps / 256 || steps > 1;
        match self.budget.deadline {
            Some(deadline) if look && Instant::now() >= deadline => Err(Outcome::OutOfTime),
            _ => Ok(()),
        }
    }
}
