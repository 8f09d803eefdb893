//! `unclosed-async-generator`: an async generator with clean-up to run is left before its end, and nobody closes it.

mod mend;
mod words;

use super::CheckedFile;
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, FileId, Finding, Place};
use crate::ownership::generator::{Called, CleanUp, Exit, Generators, Weight, exits, left_early};
use crate::ownership::lifetime::Graphs;
use crate::roots::is_test_module;
use crate::sites::Happens;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;

const RULE: &str = "unclosed-async-generator";

/// What one file's findings share.
struct Finder<'c, 'a> {
    checked: &'c mut CheckedFile<'a>,
    generators: Generators<'a>,
    graphs: Graphs<'a>,
}

/// A generator that is left early.
struct Left<'f> {
    /// The call that makes it.
    call: ExprId,
    /// What that may run.
    called: &'f Called,
    /// The loop over it, if there is one.
    looped: Option<StmtId>,
    /// The ways out, the plainest first; none where only its first element is taken.
    exits: &'f [Exit],
}

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let facts = checked.facts;
    let asks = ["anext", "__anext__"].iter().any(|name| checked.index.name(name).is_some());
    let is_loop = |s: &Stmt| matches!(s.kind, StmtKind::For { is_async: true, .. });
    if !asks && !facts.stmts.iter().any(is_loop) {
        return Vec::new();
    }
    let graphs = Graphs::new(checked.analysis);
    let generators = Generators::new(&checked.analysis.world, &checked.analysis.whole);
    let mut finder = Finder { checked, generators, graphs };
    let mut found = finder.loops();
    found.extend(finder.variables(asks));
    if asks {
        found.extend(finder.first_elements());
    }
    found.into_iter().map(|finding| (None, finding)).collect()
}

impl<'a> Finder<'_, 'a> {
    /// Loops over a call.
    fn loops(&mut self) -> Vec<Finding> {
        let facts = self.checked.facts;
        let mut found = Vec::new();
        for (i, stmt) in facts.stmts.iter().enumerate() {
            let StmtKind::For { iter, is_async: true, .. } = stmt.kind else { continue };
            let looped = StmtId(i as u32);
            let exits = exits(facts, looped);
            if exits.is_empty() {
                continue;
            }
            let called = self.generators.called(&mut self.checked.infer, self.checked.file, iter);
            let Some(called) = called else { continue };
            let left = Left { call: iter, called: &called, looped: Some(looped), exits: &exits };
            found.extend(self.finding(&left));
        }
        found
    }

    /// Generators that a variable holds, which a loop iterates over, or which may be asked for one element.
    fn variables(&mut self, asks: bool) -> Vec<Finding> {
        let (facts, file) = (self.checked.facts, self.checked.file);
        let name_of = |expr: ExprId| match facts.expr(expr).kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        };
        let iterated = |stmt: &Stmt| match stmt.kind {
            StmtKind::For { iter, is_async: true, .. } => name_of(iter),
            _ => None,
        };
        let iterated: Vec<NameId> = facts.stmts.iter().filter_map(iterated).collect();
        let mut found = Vec::new();
        for stmt in &facts.stmts {
            let (target, value) = match stmt.kind {
                StmtKind::Assign { targets, value } => (facts.list(targets).first().copied(), value),
                StmtKind::AnnAssign { target, value: Some(value), .. } => (Some(target), value),
                _ => continue,
            };
            let is_asked_for = target.and_then(name_of).is_some_and(|name| asks || iterated.contains(&name));
            if !is_asked_for || !matches!(facts.expr(value).kind, ExprKind::Call { .. }) {
                continue;
            }
            let called = self.generators.called(&mut self.checked.infer, file, value);
            let Some(called) = called.filter(|called| !called.defs.is_empty()) else { continue };
            if self.generators.of_any(&mut self.checked.infer, &called).is_none() {
                continue;
            }
            let index = self.checked.index;
            let infer = &mut self.checked.infer;
            let left = left_early(infer, &mut self.graphs, (file, index), value, called.defs[0]);
            let Some((looped, exits)) = left else { continue };
            let left = Left { call: value, called: &called, looped, exits: &exits };
            found.extend(self.finding(&left));
        }
        found
    }

    /// `await anext(rows())`, `await rows().__anext__()`: nobody has the generator afterwards.
    fn first_elements(&mut self) -> Vec<Finding> {
        let (facts, file) = (self.checked.facts, self.checked.file);
        let mut found = Vec::new();
        for (_, e) in facts.exprs() {
            let ExprKind::Call { func, args } = e.kind else { continue };
            let made = match facts.expr(func).kind {
                ExprKind::Attribute { value, attr } if facts.name(attr) == "__anext__" => value,
                ExprKind::Name(name) if facts.name(name) == "anext" => match facts.args(args).first() {
                    Some(arg) if self.checked.infer.expr(file, func) == Ty::External("builtins.anext".into()) => {
                        arg.value
                    }
                    _ => continue,
                },
                _ => continue,
            };
            let called = self.generators.called(&mut self.checked.infer, file, made);
            let Some(called) = called else { continue };
            found.extend(self.finding(&Left { call: made, called: &called, looped: None, exits: &[] }));
        }
        found
    }

    fn finding(&mut self, left: &Left<'_>) -> Option<Finding> {
        let (clean_up, all) = self.generators.of_any(&mut self.checked.infer, left.called)?;
        let confidence = self.confidence(left, &clean_up, all)?;
        let message = words::message(self.checked, left, &clean_up);
        let mut finding = self.checked.finding(RULE, confidence, left.call, message)?;
        finding.chain = words::chain(self.checked, left, &clean_up);
        finding.fixes.extend(mend::with_aclosing(self.checked, left, &clean_up));
        Some(finding)
    }

    /// How sure it is that something is lost; none where it is not worth a word.
    fn confidence(&mut self, left: &Left<'_>, clean_up: &CleanUp, all: bool) -> Option<Confidence> {
        let (file, facts) = (self.checked.file, self.checked.facts);
        let only_passes_on = matches!(left.exits.first(), Some(Exit::Yield(_)));
        if only_passes_on {
            let scope = facts.code_scope(facts.expr(left.call).scope);
            // Of several loops that pass the elements on, the one next to the clean-up.
            let matters = all && clean_up.weight >= Weight::Waits && clean_up.via.is_empty();
            let matters = matters && !is_closed_by_its_runner(self.checked, Def { file, scope });
            return matters.then_some(Confidence::Possible);
        }
        let is_test = is_test_module(self.checked.analysis.world.program.module_name(file));
        let is_sure = all && left.called.is_exact && clean_up.weight >= Weight::Calls && !is_test;
        Some(if is_sure { Confidence::Likely } else { Confidence::Possible })
    }
}

/// Whether an async generator function is run and closed by a framework: by a decorator that makes a context manager or a fixture
/// of it, or as a dependency.
pub(super) fn is_closed_by_its_runner(checked: &mut CheckedFile<'_>, def: Def) -> bool {
    let facts = checked.facts;
    let by_decorator = facts.list(facts.scope(def.scope).decorators).iter().any(|&decorator| {
        let target = match facts.expr(decorator).kind {
            ExprKind::Call { func, .. } => func,
            _ => decorator,
        };
        let name = facts.dotted(target).unwrap_or_default();
        name.ends_with("contextmanager") || name.ends_with("context_manager") || name.ends_with("fixture")
    });
    by_decorator
        || crate::roots::framework(&mut checked.infer, def, true).is_some()
        || checked
            .analysis
            .graph
            .all_sites()
            .any(|(_, site)| matches!(site.happens, Happens::Schedules(d, _) if d == def))
}

/// A step of a chain.
fn step(file: FileId, span: Span, message: String) -> ChainStep {
    ChainStep { place: Place { file, span }, message }
}
