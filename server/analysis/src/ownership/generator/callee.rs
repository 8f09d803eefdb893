//! Which async generator functions of the program an expression may be a fresh generator of.

use super::Generators;
use crate::finding::FileId;
use crate::infer::Infer;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;

/// A call that makes an async generator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Called {
    /// The generator functions it may run: several where subclasses replace the method.
    pub(crate) defs: Vec<Def>,
    /// No other function may be run.
    pub(crate) is_exact: bool,
}

/// Functions that return what others make are followed so deep.
const MAX_DEPTH: u8 = 3;
/// With more methods under one name nothing is said.
const MAX_METHODS: usize = 16;

impl<'w> Generators<'w> {
    /// The generator functions whose fresh generator `expr` is; none where it may be anything else.
    pub(crate) fn called(&self, infer: &mut Infer<'w>, file: FileId, expr: ExprId) -> Option<Called> {
        self.made_by(infer, file, expr, 0)
    }

    fn made_by(&self, infer: &mut Infer<'w>, file: FileId, expr: ExprId, depth: u8) -> Option<Called> {
        let facts = self.world.facts(file);
        let (call, is_awaited) = match facts.expr(expr).kind {
            ExprKind::Await(call) => (call, true),
            _ => (expr, false),
        };
        let ExprKind::Call { func, args } = facts.expr(call).kind else { return None };
        let callee = infer.expr(file, func);
        if let (Ty::External(path), [arg]) = (&callee, facts.args(args))
            && path == "builtins.aiter"
            && depth < MAX_DEPTH
        {
            return self.made_by(infer, file, arg.value, depth + 1);
        }
        let mut all = Called { defs: Vec::new(), is_exact: true };
        for part in callee.parts() {
            let Ty::Function(def, receiver) = part else { return None };
            all.add(self.by_function(infer, *def, receiver.as_ref(), is_awaited, depth)?);
        }
        let is_stub = |def: &Def| self.is_stub(*def);
        if !all.defs.iter().all(is_stub) {
            all.defs.retain(|def| !is_stub(def));
        }
        (all.defs.len() <= MAX_METHODS).then_some(all)
    }

    fn by_function(
        &self,
        infer: &mut Infer<'w>,
        def: Def,
        receiver: Option<&Class>,
        is_awaited: bool,
        depth: u8,
    ) -> Option<Called> {
        let (is_async, has_yield) = (self.world.is_async(def), self.world.has_yield(def));
        if has_yield {
            let is_generator = is_async && !is_awaited && infer.traits(def).context_manager.is_none();
            let called = Called { defs: vec![def], is_exact: true };
            return is_generator.then(|| self.with_overrides(infer, called, receiver));
        }
        if is_async != is_awaited || depth >= MAX_DEPTH {
            return None;
        }
        // A function that returns what another makes.
        let returns = self.world.index_of(def.file).returns.get(&def.scope)?;
        let mut all = Called { defs: Vec::new(), is_exact: true };
        for (_, value) in returns {
            all.add(self.made_by(infer, def.file, (*value)?, depth + 1)?);
        }
        Some(all)
    }

    /// The methods of subclasses that may run instead.
    fn with_overrides(&self, infer: &mut Infer<'w>, mut called: Called, receiver: Option<&Class>) -> Called {
        let Some(Class::Own(class)) = receiver else { return called };
        let [def] = *called.defs else { return called };
        let name = self.world.name(def).to_owned();
        for &below in self.whole.below(*class) {
            if !infer.gives(below, &name) {
                continue;
            }
            match infer.method(below, &name) {
                Some(other) if self.world.is_async(other) && self.world.has_yield(other) => {
                    called.add(Called { defs: vec![other], is_exact: true });
                }
                _ => called.is_exact = false,
            }
        }
        called
    }

    /// Whether a generator function only stands for those of subclasses: `raise NotImplementedError` and a `yield`.
    fn is_stub(&self, def: Def) -> bool {
        let facts = self.world.facts(def.file);
        facts.block(facts.scope(def.scope).body).iter().all(|&stmt| is_idle(facts, stmt))
    }
}

fn is_idle(facts: &FileFacts, stmt: StmtId) -> bool {
    match facts.stmt(stmt).kind {
        StmtKind::Pass | StmtKind::Raise { .. } => true,
        StmtKind::If { body, .. } => facts.block(body).iter().all(|&stmt| is_idle(facts, stmt)),
        StmtKind::Expr(e) => match facts.expr(e).kind {
            ExprKind::Str(_) | ExprKind::Ellipsis | ExprKind::Yield(None) => true,
            ExprKind::Yield(Some(value)) => {
                !matches!(facts.expr(value).kind, ExprKind::Call { .. } | ExprKind::Await(_))
            }
            _ => false,
        },
        _ => false,
    }
}

impl Called {
    fn add(&mut self, other: Called) {
        self.is_exact &= other.is_exact;
        for def in other.defs {
            if !self.defs.contains(&def) {
                self.defs.push(def);
            }
        }
    }
}
