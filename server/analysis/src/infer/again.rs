//! Questions asked again after an edit, to see whether the answers are still the same.

use super::{Answer, Infer, Key, digest, working_for};
use crate::by_loop;
use crate::contexts::find_construction_hooks;
use crate::sites;
use crate::states;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::ScopeKind;
use std::sync::Arc;

/// What came of a question that was asked again.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Again {
    /// An answer that holds whoever asks.
    Kept(Answer),
    /// An answer that hangs on which question came first; this is the one when it comes first itself.
    Loose(Answer),
    /// Nothing is there to be asked about.
    Gone,
}

impl Infer<'_> {
    /// The answer to a question that was asked of another text of the same file.
    pub(crate) fn again(&mut self, key: &Key) -> Again {
        if !self.makes_sense(key) {
            return Again::Gone;
        }
        let _own = working_for(key.file());
        let world = self.world;
        Again::Kept(Answer::Digest(match key {
            Key::Header(def) => digest(&world.header_digest(*def)),
            Key::QualifiedName(def) => digest(&world.facts(def.file).qualified_name(def.scope)),
            Key::IsAbstract(def) => digest(&self.find_is_abstract(*def)),
            Key::ReturnsSelf(def) => digest(&self.find_returns_self(*def)),
            Key::DecoratorEffect(def) => digest(&self.find_effect(*def)),
            Key::PassesOn(def) => digest(&self.passes_on(*def)),
            Key::CallsWrapped(def) => digest(&sites::find_calls_wrapped(self, *def)),
            Key::OwnMethod(class, name) => digest(&sites::find_own_method(world, *class, name)),
            Key::Hooks(class) => digest(&find_construction_hooks(self, *class)),
            Key::HasOwn(class, name) => digest(&self.has_own(*class, name)),
            Key::Binds(file, name) => digest(&self.binds(*file, name)),
            Key::Exports(file, name) => digest(&self.find_exports(*file, name)),
            Key::Stars(file) => digest(&self.stars(*file)),
            _ => {
                let answer = self.ask_again(key);
                return match world.recall_any(key) {
                    Some(kept) => Again::Kept(kept),
                    None => Again::Loose(answer),
                };
            }
        }))
    }

    /// Asks so that the answer is remembered, if it can be.
    fn ask_again(&mut self, key: &Key) -> Answer {
        Answer::Ty(match key {
            Key::Return(def) => self.result(*def),
            Key::Yield(def) => self.yielded(*def),
            Key::Value(def) => self.definition(*def),
            Key::Attribute(class, name) => self.instance_attribute(*class, name),
            Key::Own(class, receiver, name) => self.own_attribute(*class, *receiver, name).unwrap_or(Ty::Unknown),
            Key::Member(file, name) => self.own_member(*file, name).unwrap_or(Ty::Unknown),
            Key::Mro(class) => return Answer::Mro(self.mro(*class)),
            Key::Traits(def) => return Answer::Traits(self.traits(*def)),
            Key::Meaning(def, depth, defaults) => {
                return Answer::Meaning(Arc::new(states::meaning(self.world, *def, *depth, *defaults)));
            }
            Key::Flags(init) => return Answer::Flags(states::flags(self.world, *init)),
            Key::AttributeByLoop(class, name, steps) => {
                return Answer::ByLoop(by_loop::own_attribute(self.world, *class, name, *steps));
            }
            Key::ReturnByLoop(def, steps) => return Answer::ByLoop(by_loop::returned(self.world, *def, *steps)),
            Key::Expr(file, expr) => self.expr(*file, *expr),
            Key::Annotation(file, expr) => self.annotation(*file, *expr),
            // The rest is answered by `again` itself.
            _ => Ty::Unknown,
        })
    }

    /// Whether a question asks about something that is there and of the kind it speaks of.
    fn makes_sense(&self, key: &Key) -> bool {
        let facts = self.world.program.facts(key.file());
        let kind = |def: &Def| facts.scopes.get(def.scope.index()).map(|scope| scope.kind);
        let is_function = |def: &Def| matches!(kind(def), Some(ScopeKind::Function { .. } | ScopeKind::Lambda));
        let is_class = |def: &Def| kind(def) == Some(ScopeKind::Class);
        match key {
            Key::Whole(_) => false,
            // It may be another expression now. That does not matter: whoever asked had its id from another answer.
            Key::Expr(_, expr) | Key::Annotation(_, expr) => expr.index() < facts.exprs.len(),
            Key::Binds(..) | Key::Exports(..) | Key::Stars(_) | Key::Member(..) => true,
            Key::Header(def) | Key::QualifiedName(def) | Key::Value(def) => kind(def).is_some(),
            Key::Attribute(class, _)
            | Key::Own(class, ..)
            | Key::HasOwn(class, _)
            | Key::OwnMethod(class, _)
            | Key::AttributeByLoop(class, ..)
            | Key::Hooks(class)
            | Key::Mro(class) => is_class(class),
            Key::Return(def)
            | Key::Yield(def)
            | Key::Traits(def)
            | Key::Meaning(def, ..)
            | Key::Flags(def)
            | Key::ReturnByLoop(def, _)
            | Key::IsAbstract(def)
            | Key::ReturnsSelf(def)
            | Key::DecoratorEffect(def)
            | Key::PassesOn(def)
            | Key::CallsWrapped(def) => is_function(def),
        }
    }
}
