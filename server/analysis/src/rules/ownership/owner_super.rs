//! What `owner-forgets-resource` says of a class that has a close in place of its base's and does not call that one.

use super::CheckedFile;
use super::generate_close::at_end;
use super::owner::FORGETS;
use crate::finding::{Applicability, ChainStep, Confidence, Finding, Fix, Place};
use crate::fixes::Source;
use crate::graph::Reason;
use crate::infer::Infer;
use crate::ownership::lifetime::Graphs;
use crate::ownership::owner::{Asked, Hidden, Kept, Overriding, Owner};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use std::rc::Rc;

/// The closes of the file's classes that leave open what a base keeps.
pub(super) fn without_super(checked: &mut CheckedFile<'_>) -> Vec<Finding> {
    let classes: Vec<ScopeId> =
        checked.facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Class).map(|(scope, _)| scope).collect();
    let analysis = checked.analysis;
    let (mut infer, mut graphs) = (Infer::new(&analysis.world), Graphs::new(analysis));
    let mut asked = Asked {
        infer: &mut infer,
        graphs: &mut graphs,
        whole: &analysis.whole,
        elsewhere: &|| analysis.closed_elsewhere(),
    };
    let file = checked.file;
    classes.into_iter().flat_map(|scope| in_class(checked, &mut asked, Def { file, scope })).collect()
}

fn in_class<'a>(checked: &mut CheckedFile<'a>, asked: &mut Asked<'_, 'a>, class: Def) -> Vec<Finding> {
    let enters = |def: Def| is_entered(checked, def);
    let Some(overriding) = Overriding::of(asked, class, &enters) else { return Vec::new() };
    let mut told: Vec<Def> = Vec::new();
    let mut found = Vec::new();
    for &base in overriding.bases() {
        let owners = owners_of(checked, base);
        for owner in owners.iter().filter(|owner| owner.class == base) {
            for kept in &owner.keeps {
                let Some(hidden) = overriding.loses(asked, owner, kept) else { continue };
                if !told.contains(&hidden.by) {
                    told.push(hidden.by);
                    found.extend(finding(checked, class, hidden, owner, kept));
                }
            }
        }
    }
    found
}

/// The owners of the file of a class.
fn owners_of(checked: &mut CheckedFile<'_>, class: Def) -> Rc<Vec<Owner>> {
    if class.file == checked.file {
        return checked.owners();
    }
    CheckedFile::new(checked.analysis, class.file).owners()
}

/// Whether a method is run by something outside of its class.
fn is_entered(checked: &CheckedFile<'_>, method: Def) -> bool {
    let (graph, world) = (&checked.analysis.graph, &checked.analysis.world);
    let class = world.class_of(method);
    graph.roots_of(method).iter().any(|root| root.reason != Reason::Coroutine)
        || graph.callers_of(method).iter().any(|&site| world.class_of(graph.owner(site)) != class)
}

fn finding(checked: &CheckedFile<'_>, class: Def, hidden: Hidden, owner: &Owner, kept: &Kept) -> Option<Finding> {
    let world = &checked.analysis.world;
    let owned = &kept.first().owned;
    if checked.analysis.is_broken(checked.file, hidden.by.scope) {
        return None;
    }
    let sure = !kept.is_given && !kept.ends.is_lent;
    let confidence = if sure { owned.confidence } else { owned.confidence.min(Confidence::Possible) };
    let (name, close) = (world.name(class), world.name(hidden.by));
    let what = super::owner::described(world.facts(owner.class.file), kept);
    let made = Place { file: owner.class.file, span: world.facts(owner.class.file).expr(kept.first().call).span };
    let closes = Place { file: hidden.close.file, span: world.scope(hidden.close).name_span };
    let confidence = checked.where_it_matters(hidden.by.scope, confidence);
    Some(Finding {
        rule: FORGETS.into(),
        severity: confidence.default_severity(),
        confidence,
        message: format!("{name}.{close}() does not call super().{close}(), which closes {what}"),
        place: Place { file: checked.file, span: checked.facts.scope(hidden.by.scope).name_span },
        function: checked.analysis.function_name(hidden.by),
        chain: vec![
            ChainStep { place: made, message: "made here".to_owned() },
            ChainStep { place: closes, message: format!("{}.{close}() would close it", world.name(owner.class)) },
        ],
        fixes: fix(checked, hidden).into_iter().collect(),
    })
}

/// The call of the base's close, at the end of what the close does.
fn fix(checked: &CheckedFile<'_>, hidden: Hidden) -> Option<Fix> {
    let world = &checked.analysis.world;
    let is_awaited = world.is_async(hidden.close);
    let is_plain = |def: Def| {
        let scope = world.scope(def);
        scope.decorators.0.is_empty() && !scope.has_yield
    };
    if is_awaited && !world.is_async(hidden.by) || !is_plain(hidden.by) || !is_plain(hidden.close) {
        return None;
    }
    let own = checked.facts.params_of(hidden.by.scope).get(1..)?;
    let theirs = world.facts(hidden.close.file).params_of(hidden.close.scope).get(1..)?;
    let is_exit = matches!(world.name(hidden.by), "__aexit__" | "__exit__");
    let args: Vec<String> = match (own, theirs) {
        (_, []) => Vec::new(),
        _ if is_exit => own
            .iter()
            .map(|p| format!("{}{}", if p.star == Star::No { "" } else { "*" }, checked.facts.name(p.name)))
            .collect(),
        _ => return None,
    };
    let name = world.name(hidden.by);
    let awaiting = if is_awaited { "await " } else { "" };
    let line = format!("{awaiting}super().{name}({})", args.join(", "));
    let source = Source::of(world, checked.file);
    Some(Fix {
        title: format!("Call `super().{name}()`"),
        applicability: Applicability::Unsafe,
        edits: at_end(&source, hidden.by.scope, &[line], None)?,
    })
}
