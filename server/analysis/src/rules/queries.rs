//! The rules whose conditions stand in `queries/rules/*.scm`: the program answers their predicates.

use super::{CheckedFile, boundary, refusing};
use crate::Structure;
use crate::analysis::{Analysis, RawFinding};
use crate::finding::FileId;
use crate::graph::{CATEGORIES, Effect, SiteRef};
use crate::infer::Infer;
use crate::query::predicates::{Effect as Asked, Semantic};
use crate::query::{Budget, CompiledRule, Model, Node, Session, compile};
use crate::roots::is_test_module;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// Makes the finding of a match that reports an expression.
type Report = fn(&mut CheckedFile<'_>, ExprId) -> Option<RawFinding>;

/// The shipped query rules, compiled on first use.
static SHIPPED: LazyLock<Vec<(CompiledRule, Report)>> = LazyLock::new(|| {
    let sources: [(&str, Report); 3] = [
        (include_str!("../../../../queries/rules/blocking-call.scm"), boundary::blocking_call),
        (include_str!("../../../../queries/rules/loop-refusing-call.scm"), refusing::loop_refusing_call),
        (include_str!("../../../../queries/rules/nested-event-loop.scm"), boundary::nested_event_loop),
    ];
    // A test compiles them all and admits no error, so none is left out here.
    sources.into_iter().flat_map(|(source, report)| compile(source).0.into_iter().map(move |r| (r, report))).collect()
});

/// The findings of the shipped query rules in one file, with what tells those apart that say the same.
pub(crate) fn query_findings(
    checked: &mut CheckedFile<'_>,
    structure: &dyn Structure,
    on: &dyn Fn(&str) -> bool,
) -> Vec<RawFinding> {
    let session = Session::new(checked.file, checked.analysis, structure);
    let mut findings = Vec::new();
    for (rule, report) in SHIPPED.iter().filter(|(rule, _)| on(&rule.name)) {
        let unlimited = Budget { matches: usize::MAX, steps: u64::MAX, deadline: None };
        for found in session.run(rule, unlimited).matches {
            let Some(expr) = found.report.node.and_then(|node| site_expr(checked.facts, node)) else { continue };
            findings.extend(report(checked, expr));
        }
    }
    findings
}

impl Model for Analysis {
    fn facts(&self, file: FileId) -> &FileFacts {
        self.world.facts(file)
    }

    fn text(&self, file: FileId) -> &str {
        &self.world.program.file(file).text
    }

    fn holds(&self, file: FileId, node: Node, question: &Semantic) -> bool {
        let facts = self.world.facts(file);
        let owner = Def { file, scope: node.code(facts) };
        let expr = site_expr(facts, node);
        let sites: Vec<SiteRef> = expr.into_iter().flat_map(|e| self.sites_at(file, e)).collect();
        match question {
            Semantic::InTest => is_test_module(self.world.program.module_name(file)),
            Semantic::RunsOn(place) => match expr {
                Some(_) if !sites.is_empty() => sites.iter().any(|at| self.runs_on(*at, (*place).into())),
                _ => self.function_runs_on(owner, (*place).into()),
            },
            Semantic::Entry => match expr {
                Some(_) if !sites.is_empty() => sites.iter().any(|at| self.is_entry(*at)),
                _ => self.graph.loop_root(owner).is_some(),
            },
            Semantic::Reaches(asked) => sites.iter().any(|at| self.site_reaches(*at, asked)),
            Semantic::ResolvesTo(globs) => {
                let Some(name) = expr.and_then(|e| self.resolved_name(file, e)) else { return false };
                globs.iter().any(|g| g.matches(&name))
            }
            Semantic::Coroutine => {
                let Some(expr) = expr else { return false };
                let ty = Infer::new(&self.world).expr(file, expr);
                ty.parts().iter().all(|p| matches!(p, Ty::Coroutine(_)))
            }
        }
    }

    fn candidates(&self, file: FileId, question: &Semantic) -> Option<Vec<Node>> {
        let Semantic::Reaches(asked) = question else { return None };
        let count = self.graph.sites[file.index()].len() as u32;
        let mut found: Vec<Node> = (0..count)
            .map(|index| SiteRef { file, index })
            .filter(|&at| self.site_reaches(at, asked))
            .map(|at| Node::Expr(self.graph.site(at).expr))
            .collect();
        found.dedup();
        let exprs: FxHashSet<Node> = found.iter().copied().collect();
        let facts = self.world.facts(file);
        let items = (0..facts.with_items.len() as u32).map(Node::WithItem);
        let loops = (0..facts.stmts.len() as u32).map(|i| Node::Stmt(StmtId(i)));
        let around =
            items.chain(loops).filter(|n| site_expr(facts, *n).is_some_and(|e| exprs.contains(&Node::Expr(e))));
        found.extend(around);
        Some(found)
    }
}

/// The expression whose sites a node stands for: the context manager of a `with` item, what a `for` iterates over.
fn site_expr(facts: &FileFacts, node: Node) -> Option<ExprId> {
    match node {
        Node::WithItem(index) => Some(facts.with_items[index as usize].context),
        Node::Stmt(stmt) => match facts.stmt(stmt).kind {
            StmtKind::For { iter, .. } => Some(iter),
            _ => None,
        },
        node => node.expr(facts),
    }
}

impl Analysis {
    fn site_reaches(&self, at: SiteRef, asked: &Asked) -> bool {
        let has = |effect| self.graph.effect_at(at, effect).is_some();
        match asked {
            Asked::StartsLoop => has(Effect::StartsLoop),
            Asked::RefusesLoop => has(Effect::RefusesLoop),
            Asked::Blocking(categories) if categories.is_empty() => {
                (0..CATEGORIES.len() as u8).any(|i| has(Effect::Blocks(i)))
            }
            Asked::Blocking(categories) => {
                categories.iter().copied().chain(["project"]).filter_map(Effect::blocks).any(has)
            }
        }
    }

    /// The dotted name of what a callee, or the callee of a call, is.
    fn resolved_name(&self, file: FileId, expr: ExprId) -> Option<String> {
        let target = match self.world.facts(file).expr(expr).kind {
            ExprKind::Call { func, .. } => func,
            _ => expr,
        };
        match Infer::new(&self.world).expr(file, target) {
            Ty::External(path) | Ty::Class(Class::External(path)) => Some(path.into()),
            Ty::Function(def, _) | Ty::Class(Class::Own(def)) => Some(self.world.qualified_name(def)),
            Ty::Module(_, dotted) => Some(dotted.into()),
            _ => None,
        }
    }
}
