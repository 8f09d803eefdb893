//! The arguments of a call, carried over to the call of the twin.

use super::find::started_call;
use crate::analysis::Analysis;
use crate::fixes::Source;
use crate::infer::Infer;
use crate::sites::Happens;
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;

/// The text between the parentheses of a call of `twin` that does what `call`, a call of `plain`, does. None where that is
/// not clear.
pub(super) fn carried(
    analysis: &Analysis,
    infer: &mut Infer<'_>,
    (plain, twin): (Def, Def),
    (source, call): (&Source<'_>, ExprId),
) -> Option<String> {
    if let Some(inner) = call_inside(analysis, infer, plain, twin) {
        let given = Given::of(analysis, plain, source, call)?;
        if let Some(text) = given.translated(analysis, plain, inner) {
            return Some(text);
        }
    }
    fits(analysis, twin, source, call).then(|| source.arguments(call).map(str::to_owned))?
}

/// The call of the twin in the plain function's own body, if it is a wrapper around it.
fn call_inside(analysis: &Analysis, infer: &mut Infer<'_>, plain: Def, twin: Def) -> Option<ExprId> {
    let facts = analysis.world.facts(plain.file);
    let sites = analysis.graph.sites[plain.file.index()].iter().filter(|site| site.owner == plain.scope);
    let starts = sites.filter(|site| matches!(site.happens, Happens::StartsLoop(_)));
    let calls: Vec<ExprId> = starts.filter_map(|site| started_call(facts, site.expr)).collect();
    calls.into_iter().find(|&call| {
        let ExprKind::Call { func, .. } = facts.expr(call).kind else { return false };
        matches!(infer.expr(plain.file, func), Ty::Function(def, _) if def == twin)
    })
}

/// Whether a call fits the parameters of a function as it stands.
fn fits(analysis: &Analysis, twin: Def, source: &Source<'_>, call: ExprId) -> bool {
    let facts = analysis.world.facts(twin.file);
    let ExprKind::Call { args, .. } = source.facts.expr(call).kind else { return false };
    let args = source.facts.args(args);
    if args.iter().any(|a| a.star != Star::No) {
        return true;
    }
    let params = own_params(analysis, twin);
    let takes = |star: Star| params.iter().any(|p| p.star == star);
    let positional = args.iter().filter(|a| a.name.is_none()).count();
    let places = params.iter().filter(|p| p.star == Star::No && !p.keyword_only).count();
    if positional > places && !takes(Star::One) {
        return false;
    }
    let named =
        |param: &&Param| args.iter().any(|a| a.name.is_some_and(|n| source.facts.name(n) == facts.name(param.name)));
    let known = |arg: &Arg| {
        let Some(name) = arg.name else { return true };
        takes(Star::Two) || params.iter().any(|p| facts.name(p.name) == source.facts.name(name))
    };
    let filled = |(at, param): (usize, &Param)| {
        let by_place = !param.keyword_only && at < positional;
        param.star != Star::No || param.default.is_some() || by_place || named(&param)
    };
    args.iter().all(known) && params.iter().enumerate().all(filled)
}

/// The parameters of a function without the instance or class it is bound to.
fn own_params(analysis: &Analysis, def: Def) -> &[Param] {
    let params = analysis.world.facts(def.file).params_of(def.scope);
    let bound = analysis.world.class_of(def).is_some() && !Infer::new(&analysis.world).traits(def).is_static;
    &params[usize::from(bound && !params.is_empty())..]
}

/// The texts that a call gives the parameters of a function.
struct Given<'a> {
    facts: &'a FileFacts,
    text: &'a str,
    by_param: FxHashMap<NameId, Option<String>>,
}

impl<'a> Given<'a> {
    /// None where stars hide what is given.
    fn of(analysis: &'a Analysis, def: Def, source: &Source<'_>, call: ExprId) -> Option<Self> {
        let ExprKind::Call { args, .. } = source.facts.expr(call).kind else { return None };
        let args = source.facts.args(args);
        let facts = analysis.world.facts(def.file);
        let params = own_params(analysis, def);
        if args.iter().any(|a| a.star != Star::No) || params.iter().any(|p| p.star != Star::No) {
            return None;
        }
        let mut by_param: FxHashMap<NameId, Option<String>> = params.iter().map(|p| (p.name, None)).collect();
        let mut places = params.iter().filter(|p| !p.keyword_only);
        for arg in args {
            let param = match arg.name {
                None => places.next()?.name,
                Some(name) => params.iter().find(|p| facts.name(p.name) == source.facts.name(name))?.name,
            };
            by_param.insert(param, Some(source.expr(arg.value).to_owned()));
        }
        Some(Self { facts, text: &analysis.world.program.file(def.file).text, by_param })
    }

    /// The arguments of `inner`, a call in the function, in the caller's words. What the caller leaves at its default is left
    /// out where it is passed on by name.
    fn translated(&self, analysis: &Analysis, def: Def, inner: ExprId) -> Option<String> {
        let ExprKind::Call { args, .. } = self.facts.expr(inner).kind else { return None };
        let mut parts = Vec::new();
        for arg in self.facts.args(args) {
            if arg.star != Star::No {
                return None;
            }
            let text = self.value(analysis, def, arg.value, 0)?;
            parts.push(match arg.name {
                Some(name) => format!("{}={text}", self.facts.name(name)),
                None => text,
            });
        }
        Some(parts.join(", "))
    }

    /// An expression of the function in the caller's words.
    fn value(&self, analysis: &Analysis, def: Def, expr: ExprId, depth: u8) -> Option<String> {
        match &self.facts.expr(expr).kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Str(_) | ExprKind::Number => {
                Some(self.slice(expr))
            }
            ExprKind::Dict(items) | ExprKind::List(items) if self.facts.list(*items).is_empty() => {
                Some(self.slice(expr))
            }
            ExprKind::Name(name) => match self.by_param.get(name) {
                Some(Some(text)) => Some(text.clone()),
                Some(None) => {
                    let params = self.facts.params_of(def.scope);
                    let default = params.iter().find(|p| p.name == *name)?.default?;
                    self.literal(default).then(|| self.slice(default))
                }
                None => {
                    let index = analysis.world.index_of(def.file);
                    let mut bound = index.bindings(self.facts, def.scope, *name);
                    match (bound.next()?.kind, bound.next()) {
                        (BindingKind::Assign { value, .. }, None) if depth < 3 => {
                            self.value(analysis, def, value, depth + 1)
                        }
                        _ => None,
                    }
                }
            },
            // `parameters if parameters else {}`, `parameters or {}`
            ExprKind::IfExp { body, orelse, .. } => self.chosen(*body, *orelse),
            ExprKind::BoolOp { is_and: false, values } => match *self.facts.list(*values) {
                [first, second] => self.chosen(first, second),
                _ => None,
            },
            _ => None,
        }
    }

    /// The first where it is a parameter that the caller gives, else the second.
    fn chosen(&self, first: ExprId, second: ExprId) -> Option<String> {
        let ExprKind::Name(name) = self.facts.expr(first).kind else { return None };
        match self.by_param.get(&name)? {
            Some(text) => Some(text.clone()),
            None => self.literal(second).then(|| self.slice(second)),
        }
    }

    fn literal(&self, expr: ExprId) -> bool {
        match self.facts.expr(expr).kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Str(_) | ExprKind::Number => true,
            ExprKind::Dict(items) | ExprKind::List(items) => self.facts.list(items).is_empty(),
            _ => false,
        }
    }

    fn slice(&self, expr: ExprId) -> String {
        self.text.get(self.facts.expr(expr).span.range()).unwrap_or_default().to_owned()
    }
}
