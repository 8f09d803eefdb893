//! Classes that are given something and close it: an instance that is given what was made just now has to be closed.

use super::{Closer, MAKING, Subject, closes};
use crate::finding::{Confidence, FileId};
use crate::infer::Infer;
use crate::ownership::resource::acquire::Resources;
use crate::ownership::resource::factory::keeps_to_itself;
use crate::ownership::resource::fresh::{called_method, mentions};
use crate::ownership::resource::members::is_closing;
use crate::ownership::resource::{Needs, Origin, Owned};
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::sync::Arc;

/// What a class keeps of what its constructor is given, and closes whenever it is closed itself.
pub(in crate::ownership::resource) struct Wrapper {
    kept: Vec<Kept>,
}

/// A parameter that is kept.
struct Kept {
    /// Its name, and its place after the instance.
    parameter: (SmolStr, usize),
    /// The methods that close what is kept, the one to advise first, each with what they call on it.
    closers: Vec<(Closer, Vec<SmolStr>)>,
}

impl<'w> Resources<'w> {
    /// What an instance must be closed as that this call makes; none where it is given nothing that was made just now, for it
    /// alone.
    pub(in crate::ownership::resource) fn wrapped(
        &mut self,
        infer: &mut Infer<'w>,
        class: Def,
        (file, _, args): (FileId, ExprId, Run),
    ) -> Option<Arc<Owned>> {
        let args = self.world.facts(file).args(args);
        if args.is_empty() || args.iter().any(|arg| arg.star != Star::No) {
            return None;
        }
        let wrapper = self.wrapper(infer, class)?;
        wrapper.kept.iter().find_map(|kept| self.holding(infer, class, kept, (file, args)))
    }

    /// What an instance must be closed as for the sake of one parameter.
    fn holding(
        &mut self,
        infer: &mut Infer<'w>,
        class: Def,
        kept: &Kept,
        (file, args): (FileId, &[Arg]),
    ) -> Option<Arc<Owned>> {
        let facts = self.world.facts(file);
        let (name, position) = &kept.parameter;
        let by_name = args.iter().find(|arg| arg.name.is_some_and(|n| facts.name(n) == name));
        let by_position = || args.get(*position).filter(|arg| arg.name.is_none());
        let given = by_name.or_else(by_position)?.value;
        let fresh = self.fresh(infer, file, given, None)?;
        let inner = fresh.owned.filter(|_| fresh.unless.is_none() && fresh.needs == Needs::Made)?;
        if fresh.confidence < Confidence::Likely || !is_given_away(facts, given) {
            return None;
        }
        let ends = |called: &[SmolStr]| called.iter().any(|name| inner.closes.methods.contains(name));
        let closers: Vec<&Closer> =
            kept.closers.iter().filter(|(_, called)| ends(called)).map(|(closer, _)| closer).collect();
        Some(Arc::new(Owned {
            what: self.world.name(class).into(),
            closes: closes(self, &closers)?,
            needs: Needs::Made,
            origin: Origin::Own { class, acquires: Some((file, fresh.call)) },
            factory: None,
            confidence: Confidence::Likely,
        }))
    }

    fn wrapper(&mut self, infer: &mut Infer<'w>, class: Def) -> Option<Arc<Wrapper>> {
        if let Some(known) = self.wrappers.get(&class) {
            return known.clone();
        }
        let found = self.find_wrapper(infer, class).map(Arc::new);
        self.wrappers.insert(class, found.clone());
        found
    }

    fn find_wrapper(&mut self, infer: &mut Infer<'w>, class: Def) -> Option<Wrapper> {
        let mro = infer.mro(class);
        if mro.classes.iter().any(|&base| self.is_shared(base)) || !self.has_closer(&mro) {
            return None;
        }
        let methods = self.methods(infer, class, &mro);
        let init = methods.iter().find(|(name, _)| name == MAKING[0]).map(|(_, def)| *def)?;
        let stored = self.stored(init);
        if stored.is_empty() {
            return None;
        }
        let mut subject = Subject { class, methods, mro, reach: FxHashMap::default() };
        let closers = self.closers(infer, &mut subject);
        let mut kept = Vec::new();
        for (parameter, attribute) in stored {
            let mut found = Vec::new();
            for closer in &closers {
                let called = self.called_on(infer, &mut subject, closer.def, &attribute);
                if !called.is_empty() {
                    found.push((closer.clone(), called));
                }
            }
            found.sort_by(|(a, _), (b, _)| self.closer_order(a).cmp(&self.closer_order(b)));
            if let Some(position) = self.position(init, &parameter).filter(|_| !found.is_empty()) {
                kept.push(Kept { parameter: (parameter, position), closers: found });
            }
        }
        (!kept.is_empty()).then_some(Wrapper { kept })
    }

    /// The parameters that a constructor keeps as they are, with the attributes.
    fn stored(&self, init: Def) -> Vec<(SmolStr, SmolStr)> {
        let facts = self.world.facts(init.file);
        let Some((instance, params)) = facts.params_of(init.scope).split_first() else { return Vec::new() };
        let stored = |stmt: &StmtId| {
            let (target, value) = match facts.stmt(*stmt).kind {
                StmtKind::Assign { targets, value } => match *facts.list(targets) {
                    [target] => (target, value),
                    _ => return None,
                },
                StmtKind::AnnAssign { target, value: Some(value), .. } => (target, value),
                _ => return None,
            };
            let ExprKind::Attribute { value: of, attr } = facts.expr(target).kind else { return None };
            let ExprKind::Name(name) = facts.expr(value).kind else { return None };
            let is_own = facts.expr(of).kind == ExprKind::Name(instance.name);
            let is_param = params.iter().any(|param| param.name == name && param.star == Star::No);
            (is_own && is_param).then(|| (facts.name(name).into(), facts.name(attr).into()))
        };
        facts.block(facts.scope(init.scope).body).iter().filter_map(stored).collect()
    }

    /// The methods that are called on an attribute when a closer runs, under no condition that asks for anything else.
    fn called_on(
        &mut self,
        infer: &mut Infer<'w>,
        subject: &mut Subject,
        closer: Def,
        attribute: &SmolStr,
    ) -> Vec<SmolStr> {
        let mut called = Vec::new();
        for method in self.reach(infer, subject, closer) {
            let facts = self.world.facts(method.file);
            let Some(attr) = self.world.index_of(method.file).name(attribute) else { continue };
            let members = self.members_of(method.file);
            let mentions = members.mentions(method.scope).iter().filter(|(name, _)| *name == attr);
            for &(_, mention) in mentions {
                if let Some((name, call)) = called_method(facts, mention)
                    && is_unconditional(facts, call, attr)
                {
                    called.push(facts.name(name).into());
                }
            }
        }
        called
    }
}

/// Whether each `if` around an expression asks for an attribute.
fn is_unconditional(facts: &FileFacts, at: ExprId, attr: NameId) -> bool {
    let asks = |test: ExprId| {
        let span = facts.expr(test).span;
        let is_it = |kind: &ExprKind| matches!(kind, ExprKind::Attribute { attr: name, .. } if *name == attr);
        facts.exprs().any(|(_, e)| span.contains(e.span) && is_it(&e.kind))
    };
    let mut above = std::iter::successors(facts.stmt_of(at), |&stmt| facts.stmt(stmt).parent);
    above.all(|stmt| match facts.stmt(stmt).kind {
        StmtKind::If { test, .. } => asks(test),
        StmtKind::Match { .. } => false,
        _ => true,
    })
}

/// Whether an argument is the last that a function does with it: a value that nobody has a name for, or a variable that is not
/// closed or handed to anybody else.
fn is_given_away(facts: &FileFacts, given: ExprId) -> bool {
    let ExprKind::Name(name) = facts.expr(given).kind else { return true };
    let scope = facts.code_scope(facts.expr(given).scope);
    mentions(facts, scope, name).filter(|&mention| mention != given).all(|mention| {
        match called_method(facts, mention) {
            Some((method, _)) => !is_closing(facts.name(method)),
            None => keeps_to_itself(facts, scope, mention),
        }
    })
}
