//! `owner-without-close` and `owner-forgets-resource`: what the instances of a class keep and nobody closes.

use super::{CheckedFile, app_state, generate_close, nameless, owner_order, owner_super};
use crate::analysis::RawFinding;
use crate::finding::{ChainStep, Confidence, Finding, Place};
use crate::ownership::file::Held;
use crate::ownership::holder::Holder;
use crate::ownership::module::closed_in_program;
use crate::ownership::owner::{Asked, Kept, Owner, owners};
use crate::ownership::resource::{Needs, Origin};
use crate::roots::is_test_module;
use crate::types::Def;
use asyncwise_syntax::facts::FileFacts;
use std::rc::Rc;

pub(super) const WITHOUT_CLOSE: &str = "owner-without-close";
pub(super) const FORGETS: &str = "owner-forgets-resource";

impl CheckedFile<'_> {
    /// The classes of the file that keep what must be closed.
    pub(crate) fn owners(&mut self) -> Rc<Vec<Owner>> {
        if let Some(owners) = &self.owners {
            return owners.clone();
        }
        let held = self.held();
        let analysis = self.analysis;
        let mut asked = Asked {
            infer: &mut self.infer,
            graphs: &mut self.graphs,
            whole: &analysis.whole,
            elsewhere: &|| analysis.closed_elsewhere(),
        };
        let found = Rc::new(owners(&mut asked, self.file, &held));
        self.owners = Some(found.clone());
        found
    }
}

/// What nothing closes, of classes without a close.
pub(in crate::rules) fn without_close(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut found = of_each(checked, |checked, owner, kept| match owner.closer {
        None => never_closed(checked, owner, kept),
        Some(_) => None,
    });
    let held = checked.held();
    found.extend(held.iter().filter_map(|held| of_module(checked, held)).map(|finding| (None, finding)));
    found.extend(app_state::never_closed(checked).into_iter().map(|finding| (None, finding)));
    found
}

/// What a variable of a module has and nothing closes, if Python says something of it when it is left open, or it is a pool:
/// it lives as long as the program, so that this is no more than untidy.
fn of_module(checked: &CheckedFile<'_>, held: &Held) -> Option<Finding> {
    let (Holder::Module { name }, owned) = (&held.holder, &held.acquisition.owned) else { return None };
    let Origin::Known(row) = owned.origin else { return None };
    let is_heard = row.unclosed.is_some() || owned.what.to_lowercase().contains("pool");
    let module = checked.analysis.world.program.module_name(checked.file);
    let matters = owned.needs == Needs::Made && !row.lenient && !is_test_module(module);
    if !is_heard || !matters || checked.analysis.is_script(checked.file) {
        return None;
    }
    if !closed_in_program(checked.analysis, checked.file, *name).is_empty() {
        return None;
    }
    let variable = checked.facts.name(*name);
    let what = super::named(variable, owned);
    let message = format!("the module keeps {what}, and nothing closes it when the program ends");
    checked.finding(WITHOUT_CLOSE, Confidence::Possible, held.acquisition.call, message)
}

/// What the close of a class leaves open.
pub(in crate::rules) fn forgets(checked: &mut CheckedFile<'_>) -> Vec<RawFinding> {
    let mut found = of_each(checked, |checked, owner, kept| forgotten(checked, owner, kept, owner.closer?));
    let owners = checked.owners();
    for owner in owners.iter() {
        found.extend(owner_order::overwritten(checked, owner).into_iter().map(|finding| (None, finding)));
        found.extend(owner_order::skipped(checked, owner).map(|finding| (None, finding)));
    }
    found.extend(owner_super::without_super(checked).into_iter().map(|finding| (None, finding)));
    found
}

fn of_each(
    checked: &mut CheckedFile<'_>,
    find: impl Fn(&CheckedFile<'_>, &Owner, &Kept) -> Option<Finding>,
) -> Vec<RawFinding> {
    let owners = checked.owners();
    let kept = owners.iter().flat_map(|owner| owner.keeps.iter().map(move |kept| (owner, kept)));
    kept.filter_map(|(owner, kept)| find(checked, owner, kept)).map(|finding| (None, finding)).collect()
}

/// How sure it is that what is never closed does harm.
pub(super) fn confidence(checked: &CheckedFile<'_>, owner: &Owner, kept: &Kept) -> Confidence {
    let owned = &kept.first().owned;
    let sure = !kept.is_given && !kept.ends.is_lent && !owner.is_unknown;
    let confidence = if sure { owned.confidence } else { owned.confidence.min(Confidence::Possible) };
    checked.where_it_matters(owner.class.scope, confidence)
}

fn never_closed(checked: &CheckedFile<'_>, owner: &Owner, kept: &Kept) -> Option<Finding> {
    if !kept.is_open() || !kept.is_never_closed() {
        return None;
    }
    let class = checked.analysis.world.name(owner.class);
    let what = described(checked.facts, kept);
    let message = match (kept.is_given, owner.has_outside) {
        (true, _) => format!("{class} keeps {what} where none is handed in, and has no close for it"),
        (false, true) => format!("{class} keeps {what}, and nothing closes it"),
        (false, false) => format!("{class} keeps {what} and has no close: it is never closed"),
    };
    let mut finding = checked.finding(WITHOUT_CLOSE, confidence(checked, owner, kept), kept.first().call, message)?;
    finding.chain = checked.origin_steps(&kept.first().owned);
    finding.fixes.extend(generate_close::fix(checked, owner));
    Some(finding)
}

fn forgotten(checked: &CheckedFile<'_>, owner: &Owner, kept: &Kept, closer: Def) -> Option<Finding> {
    if !kept.is_open() || !kept.is_never_closed() {
        return None;
    }
    let world = &checked.analysis.world;
    let (class, what) = (world.name(owner.class), described(checked.facts, kept));
    let close = world.name(closer);
    let message = match kept.is_given {
        true => format!("{class}.{close}() does not close {what}, also where the class made it itself"),
        false => format!("{class}.{close}() does not close {what}, and nothing else does"),
    };
    let mut finding = checked.finding(FORGETS, confidence(checked, owner, kept), kept.first().call, message)?;
    let place = Place { file: closer.file, span: world.scope(closer).name_span };
    finding.chain.push(ChainStep { place, message: "the close of the class".to_owned() });
    finding.chain.extend(checked.origin_steps(&kept.first().owned));
    finding.fixes.extend(generate_close::fix(checked, owner));
    Some(finding)
}

/// `self.client (httpx.AsyncClient)`. `facts` are those of the owner's file.
pub(super) fn described(facts: &FileFacts, kept: &Kept) -> String {
    let attribute = facts.name(kept.attribute);
    let owned = &kept.first().owned;
    if kept.is_element {
        return format!("{} in self.{attribute}", nameless(owned));
    }
    super::named(format_args!("self.{attribute}"), owned)
}
