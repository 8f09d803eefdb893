//! Functions that frameworks are given: as an argument, in a list or as the values of a mapping, or by calling a
//! decorator with them.

use super::calls::Target;
use super::outside::{argument, positional};
use super::{Happens, SiteFinder, holds};
use crate::contexts::{Frameworks, Given, place_of, root_of, speaks_of};
use crate::finding::Confidence;
use crate::knowledge::{Context, ContextRuns, Phase};
use crate::types::{Class, Ty};
use asyncwise_syntax::facts::*;
use smol_str::SmolStr;

/// Methods of pydantic's models that make an instance.
const MAKERS: &[&str] = &["model_validate", "model_validate_json", "model_validate_strings", "parse_obj", "parse_raw"];

/// Longest list of functions that is looked through.
const MAX_ITEMS: usize = 64;

impl<'a> SiteFinder<'a> {
    fn frameworks(&self) -> Frameworks<'a> {
        Frameworks::of(self.context.world, self.file)
    }

    /// The functions given to a call of what is outside the program.
    pub(super) fn given_by_name(&mut self, expr: ExprId, path: &SmolStr, args: Run) {
        let rows = self.frameworks().by_call_named(path);
        self.given(expr, path, &rows, args);
    }

    /// The functions given to a call of what the program itself defines, among it the source of frameworks.
    pub(super) fn given_to(&mut self, expr: ExprId, callee: &Ty, args: Run) {
        if args.is_empty() {
            return;
        }
        let (Ty::Function(..) | Ty::Class(Class::Own(_)) | Ty::Opaque(_) | Ty::Wrapped { .. }) = callee else { return };
        if let Some((name, rows)) = self.frameworks().by_call(&mut self.infer, callee) {
            self.given(expr, &name, &rows, args);
        }
    }

    /// `app.get("/")(function)`: a decorator used as what it is, a call.
    pub(super) fn decorated_by_hand(&mut self, expr: ExprId, func: ExprId, args: Run) {
        let ExprKind::Call { func: decorator, args: own } = self.facts.expr(func).kind else { return };
        let Some(function) = positional(self.facts, args, 0) else { return };
        let frameworks = self.frameworks();
        for target in self.functions_in(function) {
            let Ty::Function(def, _) = target.ty else { continue };
            let is_async = self.context.world.is_async(def);
            let found = frameworks.by_decorator(&mut self.infer, self.file, (decorator, own), is_async);
            if let Some((row, name)) = found {
                self.enter(expr, row, name, target);
            }
        }
    }

    /// `Model.model_validate(data)`: makes an instance of a class of the program, by a method that is not.
    pub(super) fn made_by_method(&mut self, expr: ExprId, func: ExprId) {
        let ExprKind::Attribute { value, attr } = self.facts.expr(func).kind else { return };
        if !MAKERS.contains(&self.facts.name(attr)) {
            return;
        }
        let Ty::Class(Class::Own(class)) = self.infer.expr(self.file, value) else { return };
        if self.infer.method(class, self.facts.name(attr)).is_none() {
            for target in self.construction(class) {
                if let Ty::Function(def, _) = target.ty {
                    self.push(expr, Happens::Runs(def), target.confidence.min(Confidence::Likely));
                }
            }
        }
    }

    /// The functions among the arguments that `rows` speak of: the first row that speaks of one says where it runs.
    fn given(&mut self, expr: ExprId, name: &SmolStr, rows: &[Given<'a>], args: Run) {
        let met = |c: &Context| c.with.as_ref().is_none_or(|w| holds(self.facts, args, w));
        let rows: Vec<_> = rows.iter().filter(|(c, _)| met(c)).collect();
        let mut seen = Vec::new();
        for (_, given) in &rows {
            let Some(arg) = argument(self.facts, args, given.position, given.keyword.as_deref()) else { continue };
            if seen.contains(&arg) {
                continue;
            }
            seen.push(arg);
            for target in self.functions_in(arg) {
                let Ty::Function(def, _) = target.ty else { continue };
                let is_async = self.context.world.is_async(def);
                let row = rows.iter().find(|(c, a)| {
                    (a.position, &a.keyword) == (given.position, &given.keyword) && speaks_of(c, is_async)
                });
                if let Some((row, _)) = row {
                    self.enter(expr, row, name.clone(), target);
                }
            }
        }
    }

    /// A framework that was given a function here runs it as `row` says.
    fn enter(&mut self, expr: ExprId, row: &Context, name: SmolStr, target: Target) {
        let (Ty::Function(def, _), Some(on)) = (target.ty, place_of(row)) else { return };
        let is_plain = row.phase == Phase::Serving && !row.test && row.runs_on != ContextRuns::OwnLoop;
        if is_plain {
            self.push(expr, Happens::Schedules(def, on), target.confidence);
        } else {
            self.entered.extend(root_of(row, name, false).map(|root| (def, root)));
        }
    }

    /// The functions that a value is, or holds as a list or as the values of a mapping.
    fn functions_in(&mut self, value: ExprId) -> Vec<Target> {
        let items: Vec<ExprId> = match self.facts.expr(value).kind {
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                self.facts.list(items).iter().copied().take(MAX_ITEMS).collect()
            }
            ExprKind::Dict(items) => {
                self.facts.list(items).iter().skip(1).step_by(2).copied().take(MAX_ITEMS).collect()
            }
            ExprKind::Starred(inner) => vec![inner],
            _ => {
                let ty = self.infer.expr(self.file, value);
                return ty.parts().iter().flat_map(|part| self.functions_of(part)).collect();
            }
        };
        items.into_iter().flat_map(|item| self.functions_in(item)).collect()
    }

    fn functions_of(&mut self, ty: &Ty) -> Vec<Target> {
        match ty {
            Ty::Container(element) => self.lowered(element),
            Ty::Tuple(parts) => parts.iter().flat_map(|part| self.targets(part)).collect(),
            ty => self.targets(ty),
        }
    }
}
