//! Statements.

use super::exception::ExceptionClass;
use super::interp::{Exception, Interp, MAX_STATEMENTS, Origin, set};
use super::state::{Disjunct, States};
use super::value::{Definition, ExceptionId, Value, ValuesId};
use super::walk;
use asyncwise_syntax::facts::{
    Block, Case, ExprId, ExprKind, Import, ImportId, Imported, NameId, Run, ScopeId, StmtId, StmtKind,
};

impl Interp<'_> {
    /// Runs a block; the result is what falls out of its end.
    pub(super) fn block(&mut self, block: Block, mut states: States) -> States {
        let facts = self.facts;
        for &stmt in facts.block(block) {
            if states.is_empty() {
                break;
            }
            states = self.stmt(stmt, states);
        }
        states
    }

    fn stmt(&mut self, stmt: StmtId, mut states: States) -> States {
        if self.exhausted() {
            return states;
        }
        if self.statement_depth >= MAX_STATEMENTS {
            return self.too_deep(stmt, states);
        }
        self.record.stmt(stmt, states.bits());
        if self.light {
            self.may_raise(&states);
        }
        states.iter_mut().for_each(|d| d.stack.clear());
        self.statement_depth += 1;
        let out = self.stmt_kind(stmt, states);
        self.statement_depth -= 1;
        out
    }

    /// Goes on as if the statement did nothing that is known.
    fn too_deep(&mut self, stmt: StmtId, mut states: States) -> States {
        self.incomplete = true;
        self.note_statement(stmt, states.bits());
        self.may_raise(&states);
        for d in states.iter_mut() {
            std::rc::Rc::make_mut(&mut d.env).fill(ValuesId::UNKNOWN);
        }
        states
    }

    fn stmt_kind(&mut self, stmt: StmtId, states: States) -> States {
        let facts = self.facts;
        match &facts.stmt(stmt).kind {
            StmtKind::Expr(e) => self.eval(*e, states),
            StmtKind::Assign { targets, value } => self.assign_all(facts.list(*targets), *value, states),
            StmtKind::AugAssign { target, value } => self.augment(*target, *value, states),
            StmtKind::AnnAssign { target, annotation, value } => {
                let states = self.eval(*annotation, states);
                match value {
                    Some(value) => self.assign_all(&[*target], *value, states),
                    None => states,
                }
            }
            StmtKind::Return(value) => self.return_stmt(*value, states),
            StmtKind::Raise { exc, cause } => self.raise_stmt(stmt, *exc, *cause, states),
            StmtKind::Assert { test, message } => self.assert_stmt(stmt, *test, *message, states),
            StmtKind::Delete(list) => self.delete(facts.list(*list), states),
            StmtKind::Break => self.jump(|edges| &mut edges.breaks, states),
            StmtKind::Continue => self.jump(|edges| &mut edges.continues, states),
            StmtKind::Import(run) => self.import(*run, states),
            StmtKind::If { test, body, orelse } => self.if_stmt(*test, *body, *orelse, states),
            StmtKind::While { test, body, orelse } => self.while_stmt(*test, *body, *orelse, states),
            StmtKind::For { target, iter, body, orelse, .. } => self.for_stmt(*target, *iter, *body, *orelse, states),
            StmtKind::With { items, body, .. } => self.with_stmt(*items, *body, states),
            StmtKind::Try { .. } => self.try_stmt(stmt, states),
            StmtKind::Match { subject, cases } => self.match_stmt(*subject, *cases, states),
            StmtKind::FunctionDef(scope) | StmtKind::ClassDef(scope) => self.definition(stmt, *scope, states),
            StmtKind::TypeAlias { name, value } => {
                let mut states = self.eval(*value, states);
                self.bind_name(*name, &mut states, Value::Truthy, Definition::Expr(*value));
                states
            }
            StmtKind::Other(list) => self.eval_all(facts.list(*list), states),
            StmtKind::Pass | StmtKind::Global(_) | StmtKind::Nonlocal(_) => states,
        }
    }

    fn jump(&mut self, edge: impl FnOnce(&mut super::interp::Edges) -> &mut States, states: States) -> States {
        let (edges, values) = self.top();
        edge(edges).absorb(states, values);
        States::default()
    }

    fn return_stmt(&mut self, value: Option<ExprId>, states: States) -> States {
        let states = match value {
            Some(value) => self.eval(value, states),
            None => self.with_none(states),
        };
        self.jump(|edges| &mut edges.returns, states)
    }
    /// The states with None as their value: what a function that falls out of its end returns.
    pub(super) fn with_none(&mut self, mut states: States) -> States {
        let none = self.values.single(Value::None, Definition::Other);
        states.iter_mut().for_each(|d| d.acc = none);
        states
    }

    fn raise_stmt(&mut self, stmt: StmtId, exc: Option<ExprId>, cause: Option<ExprId>, states: States) -> States {
        let handled = self.handled.last().copied().flatten();
        let states = match exc {
            Some(exc) => self.raised_value(exc, states),
            None => states,
        };
        let mut raised: Vec<(ExceptionId, Disjunct)> = Vec::new();
        for d in states.iter() {
            let thrown = match (exc, handled) {
                (Some(_), _) => d.acc,
                (None, Some(place)) => self.get(d, place),
                (None, None) => ValuesId::UNKNOWN,
            };
            let known = self.values.bounds(thrown).filter_map(|b| match b.value {
                Value::Raised(e) => Some(e),
                _ => None,
            });
            let before = raised.len();
            raised.extend(known.map(|e| (e, d.clone())));
            if raised.len() == before {
                let own = self.own_exception(stmt, exc);
                raised.push((own, d.clone()));
            }
        }
        if let Some(cause) = cause {
            self.eval(cause, states);
        }
        raised.into_iter().for_each(|(e, d)| self.throw(e, d));
        States::default()
    }

    /// The value after `raise`. Making an exception is not taken to raise another.
    fn raised_value(&mut self, exc: ExprId, states: States) -> States {
        let facts = self.facts;
        match facts.expr(exc).kind {
            ExprKind::Call { func, args, .. } if !self.light => {
                let mut states = self.eval(func, states);
                for arg in facts.args(args) {
                    states = self.eval(arg.value, states);
                }
                self.finish(exc, states, Value::Any)
            }
            _ => self.eval(exc, states),
        }
    }

    fn own_exception(&mut self, stmt: StmtId, exc: Option<ExprId>) -> ExceptionId {
        let facts = self.facts;
        let class = exc.map_or(ExceptionClass::Unknown, |e| {
            let named = match facts.expr(e).kind {
                ExprKind::Call { func, .. } => func,
                _ => e,
            };
            self.oracle.exception_class(facts, named)
        });
        let message = exc.and_then(|e| match &facts.expr(e).kind {
            ExprKind::Call { args, .. } => match &facts.expr(facts.args(*args).first()?.value).kind {
                ExprKind::Str(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        });
        self.exception(Exception { class, message, origin: Origin::Raise(stmt) })
    }

    fn assert_stmt(&mut self, stmt: StmtId, test: ExprId, message: Option<ExprId>, states: States) -> States {
        let (holds, fails) = self.cond(test, states);
        let fails = match message {
            Some(message) => self.eval(message, fails),
            None => fails,
        };
        let class = ExceptionClass::named("AssertionError");
        let failure = self.exception(Exception { class, message: None, origin: Origin::Raise(stmt) });
        fails.into_iter().for_each(|d| self.throw(failure, d));
        holds
    }

    fn delete(&mut self, targets: &[ExprId], mut states: States) -> States {
        for &target in targets {
            states = self.eval_parts(target, states);
            if let ExprKind::Subscript { value, .. } = self.facts.expr(target).kind
                && let Some(place) = self.scan.place(self.facts, value)
            {
                self.decay(place, &mut states);
            }
            if let Some(place) = self.scan.place(self.facts, target) {
                states.iter_mut().for_each(|d| set(d, place, ValuesId::UNKNOWN));
            }
        }
        states
    }

    fn import(&mut self, run: Run, mut states: States) -> States {
        let facts = self.facts;
        self.may_raise(&states);
        for i in run.range() {
            let id = ImportId(i as u32);
            if let Some(name) = self.imported_name(facts.import(id)) {
                self.bind_name(name, &mut states, Value::NotNone, Definition::Import(id));
            }
        }
        states
    }
    fn imported_name(&self, import: &Import) -> Option<NameId> {
        match (import.alias, import.what) {
            (Some(alias), _) => Some(alias),
            (None, Imported::Name(name)) => Some(name),
            // `import a.b` binds `a`, which nothing but its name tells.
            (None, Imported::Module | Imported::Star) => None,
        }
    }

    fn definition(&mut self, stmt: StmtId, scope: ScopeId, mut states: States) -> States {
        let facts = self.facts;
        let mut parts = Vec::new();
        walk::stmt_exprs(facts, stmt, &mut |e| parts.push(e));
        states = self.eval_all(&parts, states);
        let s = facts.scope(scope);
        let value = if s.decorators.0.is_empty() { Value::Truthy } else { Value::Any };
        self.bind_name(s.name, &mut states, value, Definition::Scope(scope));
        states
    }

    fn if_stmt(&mut self, test: ExprId, body: Block, orelse: Block, states: States) -> States {
        let facts = self.facts;
        let (mut test, mut body, mut orelse) = (test, body, orelse);
        let mut states = states;
        let mut out = States::default();
        loop {
            let (holds, fails) = self.cond(test, states);
            let after = self.block(body, holds);
            self.absorb(&mut out, after);
            let next = match facts.block(orelse) {
                // A chain of `elif` is followed here, however long it is.
                [only] => match &facts.stmt(*only).kind {
                    StmtKind::If { test, body, orelse } => Some((*only, *test, *body, *orelse)),
                    _ => None,
                },
                _ => None,
            };
            match next {
                Some(_) if fails.is_empty() => return out,
                Some((stmt, t, b, o)) => {
                    self.record.stmt(stmt, fails.bits());
                    (test, body, orelse) = (t, b, o);
                    states = fails;
                }
                None => {
                    let after = self.block(orelse, fails);
                    self.absorb(&mut out, after);
                    return out;
                }
            }
        }
    }

    fn match_stmt(&mut self, subject: ExprId, cases: Run, states: States) -> States {
        let facts = self.facts;
        let mut rest = self.eval(subject, states);
        let mut out = States::default();
        for case in &facts.cases[cases.range()] {
            let (entered, missed) = self.case(subject, case, rest);
            let after = self.block(case.body, entered);
            self.absorb(&mut out, after);
            rest = missed;
        }
        self.absorb(&mut out, rest);
        out
    }
    /// The states that enter a case, and those that go on to the next.
    fn case(&mut self, subject: ExprId, case: &Case, mut states: States) -> (States, States) {
        let facts = self.facts;
        states.iter_mut().for_each(|d| d.stack = vec![d.acc]);
        let pattern = facts.list(case.pattern);
        states = self.eval_all(pattern, states);
        for d in states.iter_mut() {
            d.acc = d.stack.pop().unwrap_or(ValuesId::UNKNOWN);
        }
        let (entered, mut missed) = match (self.constant_pattern(case), case.is_irrefutable) {
            (Some(constant), _) => self.split_constant(subject, constant, states),
            (None, true) => (states, States::default()),
            (None, false) => (states.clone(), states),
        };
        let Some(guard) = case.guard else { return (entered, missed) };
        let subjects: Vec<_> = entered.iter().map(|d| (d.bit(), d.acc)).collect();
        let (entered, mut refused) = self.cond(guard, entered);
        for d in refused.iter_mut() {
            let subject = subjects.iter().find(|(bit, _)| *bit == d.bit());
            d.acc = subject.map_or(ValuesId::UNKNOWN, |(_, acc)| *acc);
        }
        self.absorb(&mut missed, refused);
        (entered, missed)
    }
    /// `case True:`, `case None:`: a pattern that is one constant and starts right after the keyword.
    fn constant_pattern(&self, case: &Case) -> Option<Value> {
        let [only] = self.facts.list(case.pattern) else { return None };
        let pattern = self.facts.expr(*only);
        if pattern.span.start != case.span.start + "case ".len() as u32 {
            return None;
        }
        match pattern.kind {
            ExprKind::Bool(true) => Some(Value::True),
            ExprKind::Bool(false) => Some(Value::False),
            ExprKind::None => Some(Value::None),
            ExprKind::Str(ref text) => Some(Value::Literal { expr: *only, truthy: !text.is_empty() }),
            _ => None,
        }
    }
}
