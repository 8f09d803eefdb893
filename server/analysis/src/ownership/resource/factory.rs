//! Functions that make something and give it to whoever calls them.

use super::Owned;
use super::acquire::{Model, Resources};
use super::fresh::{called_method, mentions};
use super::members::{is_closing, looks};
use crate::finding::FileId;
use crate::infer::Infer;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use std::sync::Arc;

/// Decorators that leave a function what it is; any other may keep what it returns.
const PLAIN: &[&str] = &["staticmethod", "classmethod", "override", "final", "no_type_check"];

impl<'w> Resources<'w> {
    /// What a function of the program returns that its caller must close: every value it returns was made by it, and nobody
    /// else has it.
    pub(super) fn factory(&mut self, infer: &mut Infer<'w>, def: Def) -> Option<Arc<Model>> {
        if !self.may_be_factory(def) {
            return None;
        }
        self.once(def, |me| me.find_factory(infer, def))
    }

    fn may_be_factory(&self, def: Def) -> bool {
        let facts = self.world.facts(def.file);
        let scope = facts.scope(def.scope);
        let name = facts.name(scope.name);
        let is_plain = |decorator: &ExprId| {
            facts.dotted(*decorator).is_some_and(|d| PLAIN.contains(&d.rsplit('.').next().unwrap_or_default()))
        };
        let returns = self.world.index_of(def.file).returns.get(&def.scope).map_or(&[][..], Vec::as_slice);
        matches!(scope.kind, ScopeKind::Function { .. })
            && !scope.has_yield
            && !scope.broken
            && (!name.starts_with("__") || name == "__call__")
            && facts.list(scope.decorators).iter().all(is_plain)
            && returns.iter().any(|(_, value)| value.is_some())
    }

    fn find_factory(&mut self, infer: &mut Infer<'w>, def: Def) -> Option<Model> {
        let facts = self.world.facts(def.file);
        let returns = self.world.index_of(def.file).returns.get(&def.scope)?;
        let mut found: Option<Owned> = None;
        for &value in returns.iter().filter_map(|(_, value)| value.as_ref()) {
            if facts.expr(value).kind == ExprKind::None {
                continue;
            }
            let fresh = self.fresh(infer, def.file, value, None)?;
            // What may be the caller's own is not given away.
            if fresh.unless.is_some() || !self.gives_away(def, value) {
                return None;
            }
            let owned = fresh.owned?;
            let confidence = fresh.confidence.min(owned.confidence);
            let owned = Owned { needs: fresh.needs, factory: Some(def), confidence, ..(*owned).clone() };
            match &mut found {
                None => found = Some(owned),
                Some(other) if other.closes == owned.closes => other.confidence = other.confidence.min(confidence),
                Some(_) => return None,
            }
        }
        let owned = Arc::new(found?);
        let if_own = owned.confidence;
        Some(Model { owned, unless: Vec::new(), if_own })
    }

    /// Whether nobody but the caller has a returned value.
    fn gives_away(&self, def: Def, value: ExprId) -> bool {
        let facts = self.world.facts(def.file);
        match &facts.expr(value).kind {
            ExprKind::Name(name) => {
                mentions(facts, def.scope, *name).all(|mention| keeps_to_itself(facts, def.scope, mention))
            }
            ExprKind::Call { .. } | ExprKind::Await(_) => true,
            ExprKind::IfExp { body, orelse, .. } => self.gives_away(def, *body) && self.gives_away(def, *orelse),
            ExprKind::None => true,
            _ => false,
        }
    }

    /// Whether it is sure that a call runs this function, and not one of a subclass.
    pub(super) fn is_exact(&mut self, infer: &mut Infer<'w>, def: Def, callee: Option<(FileId, ExprId)>) -> bool {
        let Some(class) = self.world.class_of(def) else { return true };
        if let Some((file, func)) = callee
            && let ExprKind::Attribute { value, .. } = self.world.facts(file).expr(func).kind
            && let ExprKind::Name(_) | ExprKind::Attribute { .. } = self.world.facts(file).expr(value).kind
            && let Ty::Class(Class::Own(_)) = infer.expr(file, value)
            && !is_first_parameter(self.world.facts(file), value)
        {
            return true;
        }
        if let Some(known) = self.overridden.get(&def) {
            return !known;
        }
        let overridden = self.is_overridden(infer, def, class);
        self.overridden.insert(def, overridden);
        !overridden
    }

    fn is_overridden(&self, infer: &mut Infer<'w>, def: Def, class: Def) -> bool {
        let name = self.world.name(def);
        self.world.program.ids().any(|file| {
            let index = self.world.index_of(file);
            let Some(id) = index.name(name) else { return false };
            let facts = self.world.facts(file);
            index.method_class.iter().any(|(&method, &other)| {
                let other = Def { file, scope: other };
                facts.scope(method).name == id && other != class && infer.mro(other).classes.contains(&class)
            })
        })
    }
}

/// `cls` in a class method: which class that is, is not known.
fn is_first_parameter(facts: &FileFacts, value: ExprId) -> bool {
    let ExprKind::Name(name) = facts.expr(value).kind else { return false };
    let scope = facts.code_scope(facts.expr(value).scope);
    facts.params_of(scope).first().is_some_and(|first| first.name == name)
}

/// Whether a mention of a variable leaves its value to the function: it is read, tested, awaited, returned, or one of its
/// methods is called.
pub(super) fn keeps_to_itself(facts: &FileFacts, scope: ScopeId, mention: ExprId) -> bool {
    // A nested function may keep it.
    if facts.code_scope(facts.expr(mention).scope) != scope {
        return false;
    }
    match facts.expr(mention).parent {
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => {
                called_method(facts, mention).is_some() || !is_closing(facts.name(attr))
            }
            ExprKind::Call { func, .. } => func != mention && looks(facts, func),
            ExprKind::Await(_) | ExprKind::BoolOp { .. } | ExprKind::Not(_) | ExprKind::Compare { .. } => true,
            ExprKind::FString { .. } | ExprKind::IfExp { .. } | ExprKind::Named { .. } => true,
            ExprKind::Tuple(_) => is_target(facts, mention),
            _ => false,
        },
        Parent::Stmt(stmt) => match facts.stmt(stmt).kind {
            StmtKind::Assign { value, .. } => value != mention,
            StmtKind::AnnAssign { value, .. } => value != Some(mention),
            StmtKind::Return(_) | StmtKind::If { .. } | StmtKind::While { .. } | StmtKind::Assert { .. } => true,
            StmtKind::Expr(_) | StmtKind::Delete(_) => true,
            _ => false,
        },
        Parent::Scope(_) => false,
    }
}

/// Whether a name is bound where it stands, as an element of what a value is taken apart to.
fn is_target(facts: &FileFacts, mention: ExprId) -> bool {
    let span = facts.expr(mention).span;
    facts.bindings_of(facts.expr(mention).scope).iter().any(|binding| binding.span == span)
}
