//! Who makes what must be closed, and whether a close of it is seen.

use super::close::{self, Holder};
use super::{Function, Scene};
use crate::finding::{FileId, Place};
use crate::infer::Infer;
use crate::knowledge::{Resource, written_name};
use crate::sites::{holds, run_scope};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use std::collections::BTreeMap;

pub use super::close::Closing;

/// A call that makes something that must be closed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Maker {
    /// The call.
    pub place: Place,
    /// What is called.
    pub resource: String,
    /// What becomes of it, as far as can be seen.
    pub closing: Closing,
    /// How it is closed: `await x.aclose()`.
    pub how: String,
    /// It is an instance of a class of the program, not what a library makes.
    pub is_own: bool,
}

/// A class, function or module that makes such things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The class whose instances hold it, else the function or module that makes it.
    pub owner: Function,
    /// The calls, in order.
    pub makers: Vec<Maker>,
}

impl Owner {
    /// How many of its resources have no close that is seen.
    pub fn not_seen(&self) -> usize {
        self.makers.iter().filter(|maker| maker.closing == Closing::NotSeen).count()
    }

    /// How many of those are what libraries make.
    fn foreign_not_seen(&self) -> usize {
        self.makers.iter().filter(|maker| maker.closing == Closing::NotSeen && !maker.is_own).count()
    }
}

/// The owners in the project outside its tests: those with most resources without a close that is seen first.
pub(super) fn find(scene: &Scene<'_>) -> Vec<Owner> {
    let names: FxHashSet<&str> = scene.analysis.world.knowledge.resources().map(last_part).collect();
    let mut by_owner: BTreeMap<Def, Vec<Maker>> = BTreeMap::new();
    for file in scene.product_files() {
        let mut search = Search { scene, infer: Infer::new(&scene.analysis.world), file, names: &names };
        for (owner, maker) in search.makers() {
            by_owner.entry(owner).or_default().push(maker);
        }
    }
    let owner = |(def, mut makers): (Def, Vec<Maker>)| {
        makers.sort();
        Owner { owner: scene.function(def), makers }
    };
    let mut owners: Vec<Owner> = by_owner.into_iter().map(owner).collect();
    owners.sort_by_key(|owner| std::cmp::Reverse((owner.foreign_not_seen(), owner.not_seen())));
    owners
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What a call makes.
struct Made {
    name: String,
    /// The methods that close it.
    closers: Vec<SmolStr>,
    /// How that is written.
    how: String,
    is_own: bool,
}

struct Search<'a> {
    scene: &'a Scene<'a>,
    infer: Infer<'a>,
    file: FileId,
    names: &'a FxHashSet<&'a str>,
}

impl Search<'_> {
    fn makers(&mut self) -> Vec<(Def, Maker)> {
        let facts = self.scene.analysis.world.facts(self.file);
        let mut found = Vec::new();
        for (id, expr) in facts.exprs() {
            let ExprKind::Call { func, args } = expr.kind else { continue };
            let (ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. }) = facts.expr(func).kind else {
                continue;
            };
            let name = facts.name(name);
            // A class of the project begins with a capital letter, or it is not looked at.
            if !self.names.contains(name) && !name.starts_with(|c: char| c.is_ascii_uppercase()) {
                continue;
            }
            if let Some(resource) = self.resource(func, args) {
                found.push(self.maker(id, resource));
            }
        }
        found
    }

    /// What a call makes.
    fn resource(&mut self, func: ExprId, args: Run) -> Option<Made> {
        let facts = self.scene.analysis.world.facts(self.file);
        match self.infer.expr(self.file, func) {
            Ty::External(path) | Ty::Class(Class::External(path)) => {
                let row = self.scene.analysis.world.knowledge.resource(&path)?;
                let applies = row.with_argument.as_ref().is_none_or(|wanted| holds(facts, args, wanted));
                if row.context_manager_only || !applies {
                    return None;
                }
                let name = written_name(&path).to_owned();
                Some(Made { name, closers: row.closers.to_vec(), how: how(row), is_own: false })
            }
            Ty::Class(Class::Own(class)) => self.own_class(class),
            _ => None,
        }
    }

    /// A class of the program that is closed by a coroutine, or by `async with`.
    fn own_class(&mut self, class: Def) -> Option<Made> {
        let world = &self.scene.analysis.world;
        let mut closers: Vec<SmolStr> = Vec::new();
        for name in ["aclose", "close"] {
            if self.infer.method(class, name).is_some_and(|method| world.is_async(method)) {
                closers.push(name.into());
            }
        }
        let with = self.infer.method(class, "__aexit__").is_some();
        let how = match closers.first() {
            Some(closer) => format!("await x.{closer}()"),
            None if with => "async with".to_owned(),
            None => return None,
        };
        Some(Made { name: world.name(class).to_owned(), closers, how, is_own: true })
    }

    fn maker(&mut self, call: ExprId, made: Made) -> (Def, Maker) {
        let facts = self.scene.analysis.world.facts(self.file);
        let def = Def { file: self.file, scope: run_scope(facts, facts.expr(call).scope) };
        let (holder, known) = close::holder(self.scene, def, call);
        let closing = known.unwrap_or_else(|| close::of_holder(self.scene, &holder, &made.closers));
        let owner = match holder {
            Holder::Attribute(class, _) => class,
            Holder::Variable(def, _) => def,
            Holder::Nobody => def,
        };
        let place = Place { file: self.file, span: facts.expr(call).span };
        (owner, Maker { place, resource: made.name, closing, how: made.how, is_own: made.is_own })
    }
}

/// How a resource of the knowledge is closed.
fn how(row: &Resource) -> String {
    match (row.closers.first(), &row.released_by) {
        (Some(closer), _) if row.closer_awaited => format!("await x.{closer}()"),
        (Some(closer), _) => format!("x.{closer}()"),
        (None, Some(method)) => format!("{}(x)", last_part(method)),
        (None, None) if row.with => "with".to_owned(),
        (None, None) => "async with".to_owned(),
    }
}
