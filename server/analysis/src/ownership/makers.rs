//! Which names functions have that may give their callers something to close: a filter over all files, by names alone, so that
//! the types of other callees need not be asked for.

use super::resource::closer_rank;
use super::uses::last_name;
use crate::index::FileIndex;
use crate::infer::World;
use crate::knowledge::Knowledge;
use asyncwise_syntax::facts::*;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// The names.
#[derive(Debug, Default)]
pub(crate) struct Makers {
    names: FxHashSet<SmolStr>,
    /// Attributes and variables that are given something which can be called.
    values: FxHashSet<SmolStr>,
}

/// What one file says.
#[derive(Default)]
struct Said {
    /// Names of classes that have a close.
    closing: Vec<SmolStr>,
    /// A name whose meaning hangs on others: a class on its bases, a function on what it calls for what it returns.
    from: Vec<(SmolStr, Vec<SmolStr>)>,
    values: Vec<SmolStr>,
}

impl Makers {
    /// Of a whole program.
    pub(crate) fn of(world: &World) -> Self {
        let files: Vec<_> = world.program.ids().collect();
        let said: Vec<Said> = files.par_iter().map(|&file| Said::of(world.facts(file), world.index_of(file))).collect();
        let last = |name: &'static str| SmolStr::new_static(name.rsplit('.').next().unwrap_or(name));
        let mut names: FxHashSet<SmolStr> = Knowledge::shipped().resources().map(last).collect();
        names.extend(said.iter().flat_map(|said| said.closing.iter().cloned()));
        let mut open: Vec<&(SmolStr, Vec<SmolStr>)> = said.iter().flat_map(|said| &said.from).collect();
        loop {
            let known = names.len();
            open.retain(|(name, from)| {
                let is_one = from.iter().any(|from| names.contains(from));
                if is_one {
                    names.insert(name.clone());
                }
                !is_one
            });
            if names.len() == known {
                break;
            }
        }
        let values = said.into_iter().flat_map(|said| said.values).collect();
        Self { names, values }
    }

    /// Whether calling something of this name may give what the caller must close.
    pub(crate) fn may_make(&self, name: &str) -> bool {
        self.names.contains(name) || self.values.contains(name) || self.names.contains("__call__")
    }
}

impl Said {
    fn of(facts: &FileFacts, index: &FileIndex) -> Self {
        let mut said = Self::default();
        for (id, scope) in facts.scopes().filter(|(_, s)| s.kind == ScopeKind::Class) {
            let name = SmolStr::from(facts.name(scope.name));
            if facts.bindings_of(id).iter().any(|binding| closer_rank(facts.name(binding.name)).is_some()) {
                said.closing.push(name.clone());
            }
            let bases = facts.args(scope.bases).iter().filter_map(|base| last_of(facts, base.value)).collect();
            said.from.push((name, bases));
        }
        for (&scope, returns) in &index.returns {
            let mut from = Vec::new();
            for value in returns.iter().filter_map(|(_, value)| *value) {
                callees(facts, index, scope, value, &mut from, 0);
            }
            if from.is_empty() {
                continue;
            }
            said.from.push((facts.name(facts.scope(scope).name).into(), from));
        }
        said.values = values(facts, index);
        said
    }
}

/// The names of what is called for a value, in the order of their evaluation.
fn callees(facts: &FileFacts, index: &FileIndex, scope: ScopeId, value: ExprId, found: &mut Vec<SmolStr>, depth: u8) {
    const MAX_DEPTH: u8 = 6;
    if depth > MAX_DEPTH {
        return;
    }
    let mut next = |value: ExprId| callees(facts, index, scope, value, found, depth + 1);
    match &facts.expr(value).kind {
        ExprKind::Await(inner) | ExprKind::Named { value: inner, .. } => next(*inner),
        ExprKind::IfExp { body, orelse, .. } => [*body, *orelse].into_iter().for_each(next),
        ExprKind::BoolOp { values, .. } => facts.list(*values).iter().copied().for_each(next),
        ExprKind::Name(name) => {
            for binding in index.bindings(facts, scope, *name) {
                if let BindingKind::Assign { value, .. } | BindingKind::Unpack { value, .. } = binding.kind {
                    next(value);
                }
            }
        }
        ExprKind::Call { func, args } => {
            let name = last_name(facts, *func);
            // What waits for a call gives what that gives.
            if let ("wait_for" | "shield", Some(first)) = (name, facts.args(*args).first()) {
                next(first.value);
            }
            let is_class = name == "cls" || name == "__class__";
            let class = index.method_class.get(&scope).filter(|_| is_class);
            found.push(class.map_or(name, |class| facts.name(facts.scope(*class).name)).into());
        }
        _ => {}
    }
}

/// The names by which functions are called that are not their own: of attributes, of variables of modules and classes, of
/// imports.
fn values(facts: &FileFacts, index: &FileIndex) -> Vec<SmolStr> {
    let may_be_called = |value: ExprId| match facts.expr(value).kind {
        ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Lambda(_) => true,
        ExprKind::Call { func, .. } => last_name(facts, func).contains("partial"),
        _ => false,
    };
    let aliases = facts.imports.iter().filter_map(|import| import.alias);
    let mut found: Vec<SmolStr> = aliases.map(|name| facts.name(name).into()).collect();
    for (id, scope) in facts.scopes() {
        match scope.kind {
            ScopeKind::Class => {
                let attributes = index.attribute_names(id);
                let called = attributes.filter(|&name| {
                    index.attributes(id, name).iter().any(|attribute| attribute.value.is_some_and(may_be_called))
                });
                found.extend(called.map(|name| SmolStr::from(facts.name(name))));
            }
            ScopeKind::Module => {}
            _ => continue,
        }
        found.extend(facts.bindings_of(id).iter().filter_map(|binding| match binding.kind {
            BindingKind::Assign { value, .. } if may_be_called(value) => Some(SmolStr::from(facts.name(binding.name))),
            _ => None,
        }));
    }
    found
}

/// The last name of a dotted expression, also of a generic one: `Base[int]`.
fn last_of(facts: &FileFacts, expr: ExprId) -> Option<SmolStr> {
    match facts.expr(expr).kind {
        ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } => Some(facts.name(name).into()),
        ExprKind::Subscript { value, .. } => last_of(facts, value),
        _ => None,
    }
}
