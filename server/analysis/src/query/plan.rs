//! How a pattern is answered: which nodes are candidates, what the facts say of each, and what is left for the tree.

use super::kinds::Kind;
use super::predicates::{Check, Semantic, Test};
use super::shape::{self, Capture, Root};
use smol_str::SmolStr;
use std::fmt;

/// The plan of one pattern.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The kinds whose nodes are candidates.
    pub candidates: Vec<&'static Kind>,
    /// The captures that are on the candidate itself.
    pub root_captures: Vec<SmolStr>,
    /// What is asked of a candidate, the cheapest first.
    pub checks: Vec<Check>,
    /// Whether the tree is asked about the candidates that remain.
    pub needs_tree: bool,
    /// What the tree is asked: the pattern without its predicates.
    pub structural: String,
    /// What is asked of the inner nodes of a match, the cheapest first.
    pub inner_checks: Vec<Check>,
}

impl Plan {
    pub(crate) fn new(root: Root, captures: &[Capture], checks: Vec<Check>, element: &super::parse::Element) -> Self {
        let on_root = |name: &SmolStr| {
            root.captures.contains(name)
                && captures.iter().all(|capture| capture.name != *name || is_once(capture, element))
        };
        let root_captures: Vec<SmolStr> = root.captures.iter().filter(|name| on_root(name)).cloned().collect();
        let (mut checks, mut inner_checks): (Vec<_>, Vec<_>) =
            checks.into_iter().partition(|check| check.captures().all(|name| root_captures.contains(name)));
        checks.sort_by_key(Check::cost);
        inner_checks.sort_by_key(Check::cost);
        let structural = shape::source(element);
        Self { candidates: root.kinds, root_captures, checks, needs_tree: root.needs_tree, structural, inner_checks }
    }

    /// The questions an index of the program may turn around, the most selective first: all candidates are among the
    /// nodes for which the answer is yes.
    pub fn drivers(&self) -> impl Iterator<Item = &Semantic> {
        self.checks.iter().rev().filter_map(|check| match &check.test {
            Test::Semantic(semantic) if !check.negated => Some(semantic),
            _ => None,
        })
    }
}

/// Whether every place of the capture is on a root: as many as there are branches, if it is written in each.
fn is_once(capture: &Capture, element: &super::parse::Element) -> bool {
    capture.sites == root_sites(&capture.name, element)
}

fn root_sites(name: &SmolStr, element: &super::parse::Element) -> u32 {
    let here = element.captures.iter().filter(|capture| capture.value == *name).count() as u32;
    let super::parse::ElementKind::Alternation(branches) = &element.kind else { return here };
    let branches = branches.iter().map(|branch| root_sites(name, &shape::unwrap(branch.clone())));
    here + branches.sum::<u32>()
}

/// `candidates: call, attribute; then runs on loop, entry; tree: no`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.candidates.iter().map(|kind| kind.name).collect();
        write!(f, "candidates: {}", kinds.join(", "))?;
        if !self.checks.is_empty() {
            let checks: Vec<_> = self.checks.iter().map(Check::to_string).collect();
            write!(f, "; then {}", checks.join(", "))?;
        }
        if !self.needs_tree {
            return f.write_str("; tree: no");
        }
        write!(f, "; tree: {}", self.structural)?;
        if !self.inner_checks.is_empty() {
            let checks: Vec<_> = self.inner_checks.iter().map(|check| format!("@{} {check}", check.capture)).collect();
            write!(f, "; then {}", checks.join(", "))?;
        }
        Ok(())
    }
}
