//! Walks over facts: what stands directly in an expression or a statement, in source order.

use crate::facts::{Block, ExprId, ExprKind, FileFacts, Stmt, StmtId, StmtKind};

impl FileFacts {
    /// Calls `f` with each expression that stands directly in `kind`; the parts of a lambda or comprehension belong to
    /// its scope and are not among them.
    pub fn for_each_child(&self, kind: &ExprKind, mut f: impl FnMut(ExprId)) {
        match kind {
            ExprKind::Name(_)
            | ExprKind::Lambda(_)
            | ExprKind::Comprehension { .. }
            | ExprKind::Yield(None)
            | ExprKind::Str(_)
            | ExprKind::Bytes
            | ExprKind::Int(_)
            | ExprKind::Number
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Ellipsis => {}
            ExprKind::Attribute { value, .. }
            | ExprKind::Await(value)
            | ExprKind::Yield(Some(value))
            | ExprKind::YieldFrom(value)
            | ExprKind::Not(value)
            | ExprKind::Unary(value)
            | ExprKind::Starred(value) => f(*value),
            ExprKind::Subscript { value: a, index: b }
            | ExprKind::Binary { left: a, right: b, .. }
            | ExprKind::Named { target: a, value: b } => {
                f(*a);
                f(*b);
            }
            ExprKind::Call { func, args } => {
                f(*func);
                self.args(*args).iter().for_each(|arg| f(arg.value));
            }
            ExprKind::IfExp { test, body, orelse } => {
                f(*body);
                f(*test);
                f(*orelse);
            }
            ExprKind::Dict(items) => {
                for pair in self.list(*items).chunks(2) {
                    f(pair[0]);
                    if let Some(&value) = pair.get(1).filter(|&&value| value != pair[0]) {
                        f(value);
                    }
                }
            }
            ExprKind::BoolOp { values: list, .. }
            | ExprKind::Compare { operands: list, .. }
            | ExprKind::FString { parts: list, .. }
            | ExprKind::List(list)
            | ExprKind::Tuple(list)
            | ExprKind::Set(list)
            | ExprKind::Slice(list)
            | ExprKind::Other(list) => self.list(*list).iter().for_each(|&e| f(e)),
        }
    }

    /// Calls `f` with each expression that stands directly in a statement of this kind, blocks left out.
    pub fn for_each_expr(&self, kind: &StmtKind, mut f: impl FnMut(ExprId)) {
        match kind {
            StmtKind::Expr(value) | StmtKind::TypeAlias { value, .. } => f(*value),
            StmtKind::Assign { targets, value } => {
                self.list(*targets).iter().for_each(|&e| f(e));
                f(*value);
            }
            StmtKind::AugAssign { target, value } => {
                f(*target);
                f(*value);
            }
            StmtKind::AnnAssign { target, annotation, value } => {
                f(*target);
                f(*annotation);
                value.iter().for_each(|&e| f(e));
            }
            StmtKind::Return(value) => value.iter().for_each(|&e| f(e)),
            StmtKind::Raise { exc: first, cause: second } => first.iter().chain(second).for_each(|&e| f(e)),
            StmtKind::Assert { test, message } => {
                f(*test);
                message.iter().for_each(|&e| f(e));
            }
            StmtKind::If { test: e, .. } | StmtKind::While { test: e, .. } => f(*e),
            StmtKind::For { target, iter, .. } => {
                f(*target);
                f(*iter);
            }
            StmtKind::With { items, .. } => {
                for item in &self.with_items[items.range()] {
                    f(item.context);
                    item.target.iter().for_each(|&e| f(e));
                }
            }
            StmtKind::Try { handlers, .. } => {
                self.handlers[handlers.range()].iter().filter_map(|handler| handler.types).for_each(f);
            }
            StmtKind::Match { subject, cases } => {
                f(*subject);
                for case in &self.cases[cases.range()] {
                    self.list(case.pattern).iter().for_each(|&e| f(e));
                    case.guard.iter().for_each(|&e| f(e));
                }
            }
            StmtKind::Delete(list) | StmtKind::Other(list) => self.list(*list).iter().for_each(|&e| f(e)),
            StmtKind::Pass
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Global(_)
            | StmtKind::Nonlocal(_)
            | StmtKind::Import(_)
            | StmtKind::FunctionDef(_)
            | StmtKind::ClassDef(_) => {}
        }
    }

    /// Calls `f` with each block of a compound statement of this kind; the body of a definition belongs to its scope.
    pub fn for_each_block(&self, kind: &StmtKind, mut f: impl FnMut(Block)) {
        match kind {
            StmtKind::If { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::For { body, orelse, .. } => {
                f(*body);
                f(*orelse);
            }
            StmtKind::With { body, .. } => f(*body),
            StmtKind::Try { body, handlers, orelse, finalbody, .. } => {
                f(*body);
                self.handlers[handlers.range()].iter().for_each(|handler| f(handler.body));
                f(*orelse);
                f(*finalbody);
            }
            StmtKind::Match { cases, .. } => self.cases[cases.range()].iter().for_each(|case| f(case.body)),
            _ => {}
        }
    }

    /// All statements with their ids.
    pub fn stmts(&self) -> impl Iterator<Item = (StmtId, &Stmt)> {
        self.stmts.iter().enumerate().map(|(i, s)| (StmtId(i as u32), s))
    }
}
