//! The rules about what must be closed: what they share.

pub(super) mod after_close;
mod app_state;
mod attributes;
pub(super) mod close_not_awaited;
pub(super) mod generate_close;
mod left_running;
mod mend;
pub(super) mod owner;
mod owner_order;
mod owner_super;
mod provided;
pub(super) mod temporary_resource;
pub(super) mod unclosed_resource;
mod wait_closed;
mod writer;

use super::CheckedFile;
use crate::finding::{ChainStep, Confidence, Place};
use crate::ownership::file::Held;
use crate::ownership::lifetime::Lifetime;
use crate::ownership::resource::{Origin, Owned, With};
use crate::roots::is_test_module;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use std::rc::Rc;

/// Functions of these names run a whole program: what they leave open ends with it.
const PROGRAMS: &[&str] = &["main", "amain", "async_main", "main_async", "_main", "_amain", "_async_main"];

impl CheckedFile<'_> {
    /// What the file makes that must be closed.
    pub(crate) fn held(&mut self) -> Rc<Vec<Held>> {
        if let Some(held) = &self.held {
            return held.clone();
        }
        let held = Rc::new(crate::ownership::file::held(&mut self.infer, &mut self.graphs, self.file));
        self.held = Some(held.clone());
        held
    }

    /// What a test or a script leaves open hurts nobody for long.
    fn where_it_matters(&self, scope: ScopeId, confidence: Confidence) -> Confidence {
        let module = self.analysis.world.program.module_name(self.file);
        let scripts = ["examples", "example", "scripts", "docs", "benchmarks"];
        let is_script = module.split('.').any(|part| scripts.contains(&part));
        let is_program = PROGRAMS.contains(&self.facts.name(self.facts.scope(scope).name));
        if is_test_module(module) || is_script || is_program {
            confidence.min(Confidence::Possible)
        } else {
            confidence
        }
    }

    /// Whether a function runs once, for the whole program: module code starts it, or a function like that does. An error
    /// that leaves it ends the program, and all that is open with it.
    fn is_run_as_program(&self, scope: ScopeId, depth: u8) -> bool {
        let graph = &self.analysis.graph;
        let callers = graph.callers_of(Def { file: self.file, scope });
        !callers.is_empty()
            && callers.iter().all(|&at| {
                let owner = graph.owner(at);
                let is_here = owner.file == self.file;
                owner.scope == ScopeId::MODULE || is_here && depth < 3 && self.is_run_as_program(owner.scope, depth + 1)
            })
    }

    /// Where a value comes from that is not made at the call itself.
    fn origin_steps(&self, owned: &Owned) -> Vec<ChainStep> {
        let mut steps = Vec::new();
        let world = &self.analysis.world;
        if let Some(factory) = owned.factory {
            let place = Place { file: factory.file, span: world.scope(factory).name_span };
            steps.push(ChainStep {
                place,
                message: format!("{}() makes it and gives it to its caller", world.name(factory)),
            });
        }
        if let Origin::Own { class, acquires: Some((file, expr)) } = owned.origin {
            let place = Place { file, span: world.facts(file).expr(expr).span };
            let is_inside = file == class.file && world.scope(class).span.contains(place.span);
            let verb = if is_inside { "makes" } else { "is given" };
            steps
                .push(ChainStep { place, message: format!("{} {verb} this, and its close lets go of it", owned.what) });
        }
        steps
    }

    /// The line of a place in the file, from 1.
    fn line(&self, span: Span) -> usize {
        let text = &self.analysis.world.program.file(self.file).text;
        text.get(..span.start as usize).unwrap_or_default().matches('\n').count() + 1
    }
}

/// The variable and what is in it, for messages.
fn described(facts: &FileFacts, life: &Lifetime) -> String {
    named(facts.name(life.name), &life.acquisition.owned)
}

/// What has something, and what that is: `client (httpx.AsyncClient)`, `self.connection (from asyncpg.connect())`.
fn named(holder: impl std::fmt::Display, owned: &Owned) -> String {
    match given_by(owned) {
        Some(function) => format!("{holder} (from {function}())"),
        None => format!("{holder} ({})", owned.what),
    }
}

/// What a call makes that nobody has a name for.
fn nameless(owned: &Owned) -> String {
    match given_by(owned) {
        Some(function) => format!("what {function}() gives"),
        None => format!("this {}", owned.what),
    }
}

/// The function that makes it, if it is not known by its class.
fn given_by(owned: &Owned) -> Option<&str> {
    let last = owned.what.rsplit('.').next()?;
    (owned.factory.is_none() && last.starts_with(|c: char| c.is_ascii_lowercase())).then_some(&owned.what)
}

/// How something is closed, as code: `await client.aclose()`.
fn close_text(name: &str, owned: &Owned) -> String {
    let awaiting = if owned.closes.awaited { "await " } else { "" };
    match (owned.closes.methods.first(), &owned.closes.released_by) {
        (Some(method), _) => format!("{awaiting}{name}.{method}()"),
        (None, Some(by)) => format!("{awaiting}{}({name})", by.rsplit('.').next().unwrap_or(by)),
        (None, None) if owned.closes.with == With::Sync => format!("with {name}"),
        (None, None) => format!("async with {name}"),
    }
}
