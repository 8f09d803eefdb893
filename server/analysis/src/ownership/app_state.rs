//! What a web application keeps for its handlers: `app.state.client` (Starlette, FastAPI), `app["client"]` (aiohttp). Any code
//! that has the application may close it.

use super::lifetime::Graphs;
use super::resource::Owned;
use super::summary;
use super::uses::{Use, Uses, last_name};
use crate::analysis::Analysis;
use crate::finding::FileId;
use crate::infer::Infer;
use crate::types::{Class, Ty};
use asyncwise_syntax::facts::*;
use smol_str::{SmolStr, format_smolstr};

/// The attribute in which Starlette's applications and requests keep what is theirs.
const STATE: &str = "state";

/// A place in an application where something is kept: the name of an attribute of its state, or `[key]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Slot(SmolStr);

/// How `value[index]` is called among what is closed anywhere; none for an index that is worked out.
pub(crate) fn key(facts: &FileFacts, index: ExprId) -> Option<SmolStr> {
    match &facts.expr(index).kind {
        ExprKind::Str(text) => Some(format_smolstr!("[{text}]")),
        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => {
            Some(format_smolstr!("[{}]", facts.name(*name)))
        }
        _ => None,
    }
}

/// The slot that an expression names.
pub(crate) fn slot(facts: &FileFacts, expr: ExprId) -> Option<Slot> {
    match facts.expr(expr).kind {
        ExprKind::Attribute { value, attr } if last_name(facts, value) == STATE => Some(Slot(facts.name(attr).into())),
        ExprKind::Subscript { value, index } if matches!(last_name(facts, value), "app" | "application") => {
            Some(Slot(key(facts, index)?))
        }
        _ => None,
    }
}

impl Slot {
    /// The name without which a file does not mention it.
    fn name(&self) -> &str {
        if self.0.starts_with('[') { "app" } else { &self.0 }
    }

    /// The places in the program that name it.
    fn mentions(&self, analysis: &Analysis) -> Vec<(FileId, ExprId)> {
        let world = &analysis.world;
        let mut found = Vec::new();
        for file in world.program.ids() {
            let (facts, index) = (world.facts(file), world.index_of(file));
            if index.name(self.name()).is_some() {
                let named = facts.exprs().filter(|(id, _)| slot(facts, *id).as_ref() == Some(self));
                found.extend(named.map(|(id, _)| (file, id)));
            }
        }
        found
    }

    /// Whether nothing in the program closes what is kept there, or gives it to somebody who may.
    pub(crate) fn is_never_closed<'a>(
        &self,
        analysis: &'a Analysis,
        infer: &mut Infer<'a>,
        graphs: &mut Graphs<'a>,
        owned: &Owned,
    ) -> bool {
        if [&self.0, STATE].iter().any(|name| is_closed_by_name(analysis, infer, name)) || is_gone_through(analysis) {
            return false;
        }
        self.mentions(analysis).into_iter().all(|(file, at)| {
            let facts = analysis.world.facts(file);
            let scope = facts.code_scope(facts.expr(at).scope);
            let uses = Uses { infer, fates: &mut graphs.fates, file, scope, owned, yield_hands_on: true, depth: 0 };
            let Some(getters) = kept_by(uses, at) else { return false };
            getters.iter().all(|getter| !is_closed_by_name(analysis, infer, getter))
        })
    }

    /// The values that the program keeps there, but for `None`.
    pub(crate) fn values(&self, analysis: &Analysis) -> Vec<(FileId, ExprId)> {
        let stored = |&(file, at): &(FileId, ExprId)| {
            let facts = analysis.world.facts(file);
            let value = stored_at(facts, at)?;
            (facts.expr(value).kind != ExprKind::None).then_some((file, made_as(facts, value)))
        };
        self.mentions(analysis).iter().filter_map(stored).collect()
    }
}

/// Whether something that may be what an application keeps is closed anywhere under a name.
fn is_closed_by_name(analysis: &Analysis, infer: &mut Infer<'_>, name: &str) -> bool {
    analysis.closed_elsewhere().named(name).iter().any(|closed| {
        let of = closed.of.map(|of| infer.expr(closed.file, of));
        // An attribute of the project's own classes is another one.
        of.is_none_or(|ty| !ty.parts().iter().all(|part| matches!(part, Ty::Instance(Class::Own(_)))))
    })
}

/// Whether something reads the state of an application by names that are worked out.
fn is_gone_through(analysis: &Analysis) -> bool {
    let world = &analysis.world;
    let in_file = |file: FileId| {
        let (facts, index) = (world.facts(file), world.index_of(file));
        let Some(state) = index.name(STATE) else { return false };
        facts.exprs().any(|(id, e)| {
            let is_state = match e.kind {
                ExprKind::Name(name) => name == state,
                ExprKind::Attribute { value, attr } => attr == state && is_application(facts, value),
                _ => false,
            };
            is_state && is_read_as_a_whole(facts, id)
        })
    };
    world.program.ids().any(in_file)
}

/// Whether an expression is called like an application, or like what has one.
fn is_application(facts: &FileFacts, expr: ExprId) -> bool {
    let name = last_name(facts, expr);
    name.contains("app") || matches!(name, "request" | "websocket" | "connection")
}

/// `vars(state)`, `state.__dict__`, `getattr(state, name)`.
fn is_read_as_a_whole(facts: &FileFacts, state: ExprId) -> bool {
    let Parent::Expr(parent) = facts.expr(state).parent else { return false };
    match facts.expr(parent).kind {
        ExprKind::Attribute { attr, .. } => matches!(facts.name(attr), "__dict__" | "_state"),
        ExprKind::Call { func, args } if func != state => match facts.dotted(func).as_deref() {
            Some("vars") => true,
            Some("getattr") => {
                let name = facts.args(args).get(1);
                name.is_some_and(|name| !matches!(facts.expr(name.value).kind, ExprKind::Str(_)))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The value that is stored at a target.
pub(crate) fn stored_at(facts: &FileFacts, target: ExprId) -> Option<ExprId> {
    let Parent::Stmt(stmt) = facts.expr(target).parent else { return None };
    match facts.stmt(stmt).kind {
        StmtKind::Assign { targets, value } if facts.list(targets).contains(&target) => Some(value),
        StmtKind::AnnAssign { target: to, value, .. } if to == target => value,
        _ => None,
    }
}

/// What a value was made as: for a variable that is bound once, what it is bound to.
fn made_as(facts: &FileFacts, value: ExprId) -> ExprId {
    let ExprKind::Name(name) = facts.expr(value).kind else { return value };
    let scope = facts.code_scope(facts.expr(value).scope);
    let mut bindings = facts.bindings_of(scope).iter().filter(|b| b.name == name);
    match (bindings.next(), bindings.next()) {
        (Some(Binding { kind: BindingKind::Assign { value, .. }, .. }), None) => *value,
        _ => value,
    }
}

/// The functions that return what is kept, if where it is named here it stays where it is; none if somebody else may close it.
fn kept_by(mut uses: Uses<'_, '_>, at: ExprId) -> Option<Vec<SmolStr>> {
    let facts = uses.infer.world.facts(uses.file);
    let returns = |at: ExprId| matches!(facts.expr(at).parent, Parent::Stmt(s) if matches!(facts.stmt(s).kind, StmtKind::Return(_)));
    let getter = SmolStr::from(facts.name(facts.scope(uses.scope).name));
    let named = match uses.of(at) {
        Use::Alias(name) => summary::mentions(facts, uses.scope, name),
        Use::Gone if returns(at) => return Some(vec![getter]),
        Use::Closed | Use::Gone => return None,
        _ => return Some(Vec::new()),
    };
    let mut getters = Vec::new();
    for mention in named {
        match uses.of(mention) {
            Use::Gone if returns(mention) => getters.push(getter.clone()),
            Use::Closed | Use::Gone | Use::Alias(_) => return None,
            _ => {}
        }
    }
    Some(getters)
}
