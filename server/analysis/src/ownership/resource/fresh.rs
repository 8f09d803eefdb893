//! Whether a value was made just now, by the function that has it, and is nobody else's.

use super::acquire::{Resources, is_wait};
use super::{Needs, Owned};
use crate::finding::{Confidence, FileId};
use crate::infer::Infer;
use crate::types::Ty;
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;
use std::sync::Arc;

/// A value that was made just now.
#[derive(Clone)]
pub(super) struct Fresh {
    /// What it must be closed as; none for a task.
    pub(super) owned: Option<Arc<Owned>>,
    /// The call that makes it.
    pub(super) call: ExprId,
    /// How sure it is that it must be closed.
    pub(super) confidence: Confidence,
    /// It is taken from this parameter where that is given.
    pub(super) unless: Option<NameId>,
    /// From when on it must be closed.
    pub(super) needs: Needs,
}

impl Fresh {
    /// The same, where it may also be something else.
    fn maybe(mut self, unless: Option<NameId>) -> Self {
        self.confidence = Confidence::Possible;
        self.unless = self.unless.or(unless);
        self
    }
}

/// A tuple element, or the whole value.
type Part = Option<u32>;

impl<'w> Resources<'w> {
    /// What a value in a function is, if it was made there.
    pub(super) fn fresh(&mut self, infer: &mut Infer<'w>, file: FileId, value: ExprId, part: Part) -> Option<Fresh> {
        self.fresh_in(infer, file, value, part, 0)
    }

    fn fresh_in(&mut self, infer: &mut Infer<'w>, file: FileId, value: ExprId, part: Part, depth: u8) -> Option<Fresh> {
        const MAX_DEPTH: u8 = 6;
        if depth > MAX_DEPTH {
            return None;
        }
        let facts = self.world.facts(file);
        match &facts.expr(value).kind {
            ExprKind::Call { .. } | ExprKind::Await(_) => self.made_here(infer, file, value, part),
            ExprKind::Name(name) if part.is_none() => self.local(infer, file, value, *name, depth),
            ExprKind::Named { value, .. } => self.fresh_in(infer, file, *value, part, depth + 1),
            ExprKind::BoolOp { is_and: false, values } => self.one_of(infer, file, facts.list(*values), part, depth),
            ExprKind::IfExp { body, orelse, .. } => self.one_of(infer, file, &[*body, *orelse], part, depth),
            _ => None,
        }
    }

    /// What one of several operands makes; the others decide how sure it is that it is this one.
    fn one_of(
        &mut self,
        infer: &mut Infer<'w>,
        file: FileId,
        values: &[ExprId],
        part: Part,
        depth: u8,
    ) -> Option<Fresh> {
        let facts = self.world.facts(file);
        let mut found: Option<Fresh> = None;
        let (mut sure, mut unless) = (true, None);
        for &value in values {
            if let Some(fresh) = self.fresh_in(infer, file, value, part, depth + 1) {
                found.get_or_insert(fresh);
                continue;
            }
            match facts.expr(value).kind {
                ExprKind::Name(name) if is_parameter(self, file, value, name) => unless = Some(name),
                // `self.client or AsyncClient()`: what is there already was made so too.
                ExprKind::Attribute { .. } => continue,
                _ => {}
            }
            sure = false;
        }
        found.map(|fresh| if sure { fresh } else { fresh.maybe(unless) })
    }

    fn made_here(&mut self, infer: &mut Infer<'w>, file: FileId, value: ExprId, part: Part) -> Option<Fresh> {
        let call = call_behind(infer, file, value)?;
        let made = self.acquired(infer, file, call);
        if let Some(made) = made.into_iter().find(|made| made.value == value && made.part == part) {
            let (confidence, needs) = (made.owned.confidence, made.owned.needs.clone());
            return Some(Fresh { owned: Some(made.owned), call, confidence, unless: None, needs });
        }
        let is_task = call == value && part.is_none() && makes_task(infer, file, call);
        let task = Fresh { owned: None, call, confidence: Confidence::Possible, unless: None, needs: Needs::Made };
        is_task.then_some(task)
    }

    /// A local variable that holds nothing else, but `None` or a parameter.
    fn local(&mut self, infer: &mut Infer<'w>, file: FileId, at: ExprId, name: NameId, depth: u8) -> Option<Fresh> {
        let facts = self.world.facts(file);
        let scope = facts.code_scope(facts.expr(at).scope);
        if !matches!(facts.scope(scope).kind, ScopeKind::Function { .. }) {
            return None;
        }
        let mut found: Option<Fresh> = None;
        let (mut sure, mut unless) = (true, None);
        for binding in self.world.index_of(file).bindings(facts, scope, name) {
            let fresh = match binding.kind {
                BindingKind::Assign { value, .. } if facts.expr(value).kind == ExprKind::None => continue,
                BindingKind::Assign { value, .. } => self.fresh_in(infer, file, value, None, depth + 1),
                BindingKind::Unpack { value, index: Some(index) } => {
                    self.fresh_in(infer, file, value, Some(index), depth + 1)
                }
                BindingKind::Param(_) => {
                    (sure, unless) = (false, Some(name));
                    continue;
                }
                BindingKind::Annotated(_) | BindingKind::Delete => continue,
                _ => return None,
            };
            found.get_or_insert(fresh?);
        }
        let mut fresh = found?;
        if let Needs::After(methods) = &fresh.needs
            && calls_one_of(self.world.facts(file), scope, name, methods)
        {
            fresh.needs = Needs::Made;
        }
        Some(if sure { fresh } else { fresh.maybe(unless) })
    }
}

/// The call that a value comes from: itself, what it awaits, or what it waits for.
fn call_behind(infer: &mut Infer<'_>, file: FileId, value: ExprId) -> Option<ExprId> {
    let facts = infer.world.facts(file);
    let mut at = value;
    if let ExprKind::Await(inner) = facts.expr(at).kind {
        at = inner;
    }
    while let ExprKind::Call { func, args } = facts.expr(at).kind {
        match facts.args(args).first() {
            Some(first) if matches!(infer.expr(file, func), Ty::External(path) if is_wait(&path)) => at = first.value,
            _ => return Some(at),
        }
    }
    None
}

fn makes_task(infer: &mut Infer<'_>, file: FileId, call: ExprId) -> bool {
    let ExprKind::Call { func, .. } = infer.world.facts(file).expr(call).kind else { return false };
    let Ty::External(path) = infer.expr(file, func) else { return false };
    matches!(path.as_str(), "asyncio.create_task" | "asyncio.ensure_future" | "asyncio.AbstractEventLoop.create_task")
}

fn is_parameter(resources: &Resources<'_>, file: FileId, at: ExprId, name: NameId) -> bool {
    let facts = resources.world.facts(file);
    let scope = facts.code_scope(facts.expr(at).scope);
    facts.params_of(scope).iter().any(|param| param.name == name)
}

/// The mentions of a local variable in a function, nested functions included, assignments too.
pub(super) fn mentions(facts: &FileFacts, scope: ScopeId, name: NameId) -> impl Iterator<Item = ExprId> + '_ {
    let span = facts.scope(scope).span;
    facts.exprs().filter(move |(_, e)| e.kind == ExprKind::Name(name) && span.contains(e.span)).map(|(id, _)| id)
}

/// The name of the method that is called on a value: `value.name(...)`.
pub(crate) fn called_method(facts: &FileFacts, value: ExprId) -> Option<(NameId, ExprId)> {
    let Parent::Expr(attribute) = facts.expr(value).parent else { return None };
    let ExprKind::Attribute { attr, .. } = facts.expr(attribute).kind else { return None };
    let Parent::Expr(call) = facts.expr(attribute).parent else { return None };
    matches!(facts.expr(call).kind, ExprKind::Call { func, .. } if func == attribute).then_some((attr, call))
}

fn calls_one_of(facts: &FileFacts, scope: ScopeId, name: NameId, methods: &[SmolStr]) -> bool {
    mentions(facts, scope, name)
        .filter_map(|mention| called_method(facts, mention))
        .any(|(method, _)| methods.iter().any(|m| m == facts.name(method)))
}
