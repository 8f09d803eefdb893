//! `unawaited-coroutine`: a statement makes a coroutine and drops it.

use super::{CheckedFile, make_async};
use crate::analysis::{Analysis, RawFinding};
use crate::finding::{Applicability, Confidence, FileId, Finding, Fix, Place};
use crate::fixes::Source;
use crate::infer::Infer;
use crate::sites::run_scope;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// The findings in one file.
pub(super) fn find(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let (analysis, file) = (checked.analysis, checked.file);
    let infer = &mut checked.infer;
    let source = Source::of(&analysis.world, file);
    let mut findings = Vec::new();
    for stmt in &source.facts.stmts {
        let StmtKind::Expr(expr) = stmt.kind else { continue };
        if stmt.broken || analysis.is_broken(file, stmt.scope) {
            continue;
        }
        for call in dropped(source.facts, expr) {
            let ExprKind::Call { func, .. } = source.facts.expr(call).kind else { continue };
            if let Some(confidence) = made_confidence(analysis, infer, file, call, func) {
                findings.push((None, finding(analysis, infer, &source, (call, func), confidence)));
            }
        }
    }
    findings
}

/// The calls whose value an expression statement drops: the expression itself, the arms of a conditional, the last
/// operand of `a and b()`.
fn dropped(facts: &FileFacts, expr: ExprId) -> Vec<ExprId> {
    match &facts.expr(expr).kind {
        ExprKind::Call { .. } => vec![expr],
        ExprKind::IfExp { body, orelse, .. } => {
            let mut all = dropped(facts, *body);
            all.extend(dropped(facts, *orelse));
            all
        }
        ExprKind::BoolOp { values, .. } => {
            facts.list(*values).last().map_or_else(Vec::new, |&last| dropped(facts, last))
        }
        _ => Vec::new(),
    }
}

/// How sure a call makes a coroutine; none where it may make something else.
pub(super) fn made_confidence(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    file: FileId,
    call: ExprId,
    func: ExprId,
) -> Option<Confidence> {
    let ty = infer.expr(file, call);
    if !ty.parts().iter().all(|p| matches!(p, Ty::Coroutine(_))) {
        return None;
    }
    let callee = infer.expr(file, func);
    // The union of the results forgets a `None` among them: ask each.
    if !callee.parts().iter().all(|p| matches!(infer.called(p), Ty::Coroutine(_))) {
        return None;
    }
    if callee.parts().iter().any(|p| has_plain_override(analysis, p)) {
        return None;
    }
    Some(if callee.parts().len() == 1 { Confidence::Certain } else { Confidence::Likely })
}

/// Whether a class below the receiver's overrides the method by one that is no coroutine function.
fn has_plain_override(analysis: &Analysis, callee: &Ty) -> bool {
    let Ty::Function(def, Some(Class::Own(class))) = callee else { return false };
    let world = &analysis.world;
    let name = world.name(*def);
    analysis.whole.below(*class).iter().any(|c| {
        let (facts, index) = (world.facts(c.file), world.index_of(c.file));
        let id = index.name(name);
        id.is_some_and(|id| {
            index.bindings(facts, c.scope, id).any(|b| match b.kind {
                BindingKind::Def(scope) => !world.is_async(Def { file: c.file, scope }),
                _ => true,
            })
        })
    })
}

fn finding(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    source: &Source<'_>,
    (call, func): (ExprId, ExprId),
    confidence: Confidence,
) -> Finding {
    let name = analysis.call_text(source.file, func);
    let message = format!("the coroutine {name}() is never awaited: it does not run");
    let scope = run_scope(source.facts, source.facts.expr(call).scope);
    let owner = Def { file: source.file, scope };
    let mut fixes = Vec::new();
    if source.await_is_legal(call) {
        fixes.push(Fix {
            title: format!("Await `{name}()`"),
            applicability: if confidence == Confidence::Certain { Applicability::Safe } else { Applicability::Unsafe },
            edits: source.insert_await(call),
        });
    } else if scope == ScopeId::MODULE {
        let span = source.facts.expr(call).span;
        let mut edits = vec![
            source.edit(Span::new(span.start, span.start), "asyncio.run("),
            source.edit(Span::new(span.end, span.end), ")"),
        ];
        edits.extend(source.import("asyncio"));
        edits.sort();
        fixes.push(Fix {
            title: format!("Run it: `asyncio.run({name}(...))`"),
            applicability: Applicability::Unsafe,
            edits,
        });
    } else if let Some(edits) = make_async::edits(analysis, infer, &[owner], source.insert_await(call)) {
        fixes.push(Fix {
            title: format!("Make `{}` async and await `{name}()`", analysis.world.name(owner)),
            applicability: Applicability::Unsafe,
            edits,
        });
    }
    Finding {
        rule: SmolStr::new_static("unawaited-coroutine"),
        severity: confidence.default_severity(),
        confidence,
        message,
        place: Place { file: source.file, span: source.facts.expr(call).span },
        function: analysis.function_name(owner),
        chain: Vec::new(),
        fixes,
    }
}
