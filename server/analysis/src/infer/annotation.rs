//! Annotations: what instances a type form admits (PEP 484, 585, 604, 593).

use super::{Infer, Key};
use crate::finding::FileId;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use std::sync::Arc;

/// Forms that stand for their first argument.
const TRANSPARENT: &[&str] =
    &["Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "InitVar", "Mapped"];
/// Forms whose one argument is what iteration gives.
const ITERABLE: &[&str] = &[
    "list",
    "List",
    "set",
    "Set",
    "frozenset",
    "FrozenSet",
    "Sequence",
    "MutableSequence",
    "Iterable",
    "Iterator",
    "Collection",
    "AsyncIterable",
    "AsyncIterator",
    "AsyncGenerator",
    "Generator",
    "deque",
    "Deque",
    "AbstractSet",
];
/// Forms whose second argument is what a subscript gives.
const MAPPING: &[&str] =
    &["dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "WeakValueDictionary"];

impl Infer<'_> {
    /// The instances an annotation admits; `None` is dropped from unions.
    pub fn annotation(&mut self, file: FileId, expr: ExprId) -> Ty {
        // An alias may name itself (`Json = list['Json']`), so this is a question like any other.
        self.ask(Key::Annotation(file, expr), |me| me.evaluate(file, expr))
    }

    fn evaluate(&mut self, file: FileId, expr: ExprId) -> Ty {
        let facts = self.facts(file);
        match &facts.expr(expr).kind {
            ExprKind::None => Ty::None,
            ExprKind::Str(text) => self.annotation_text(file, facts.expr(expr).scope, text),
            ExprKind::Name(_) | ExprKind::Attribute { .. } => {
                let form = self.expr(file, expr);
                let scope = facts.expr(expr).scope;
                self.instance_of(form, file, scope)
            }
            ExprKind::Binary { left, right, is_or: true, .. } => {
                let parts = [self.annotation(file, *left), self.annotation(file, *right)];
                Ty::union(parts)
            }
            ExprKind::Subscript { value, index } => {
                let args = match &facts.expr(*index).kind {
                    ExprKind::Tuple(items) => facts.list(*items).to_vec(),
                    _ => vec![*index],
                };
                let base = self.expr(file, *value);
                self.generic(file, base, &args)
            }
            _ => Ty::Unknown,
        }
    }

    fn generic(&mut self, file: FileId, base: Ty, args: &[ExprId]) -> Ty {
        let path = match &base {
            Ty::External(path) | Ty::Class(Class::External(path)) => path.clone(),
            Ty::Class(class) => return Ty::Instance(class.clone()),
            _ => return Ty::Unknown,
        };
        let last = path.rsplit('.').next().unwrap_or_default();
        let Some(&first) = args.first() else { return Ty::Unknown };
        if TRANSPARENT.contains(&last) {
            self.annotation(file, first)
        } else if last == "Union" {
            let parts: Vec<Ty> = args.iter().map(|&a| self.annotation(file, a)).collect();
            Ty::union(parts)
        } else if ITERABLE.contains(&last) {
            Ty::Container(Arc::new(self.annotation(file, first)))
        } else if MAPPING.contains(&last) {
            Ty::Container(Arc::new(args.get(1).map_or(Ty::Unknown, |&a| self.annotation(file, a))))
        } else if matches!(last, "tuple" | "Tuple") {
            Ty::Tuple(args.iter().map(|&a| self.annotation(file, a)).collect())
        } else if matches!(last, "type" | "Type") {
            match self.annotation(file, first) {
                Ty::Instance(class) => Ty::Class(class),
                _ => Ty::Unknown,
            }
        } else if last == "Coroutine" {
            Ty::Coroutine(Arc::new(args.get(2).map_or(Ty::Unknown, |&a| self.annotation(file, a))))
        } else if matches!(last, "Awaitable" | "Future" | "Task") && !path.starts_with("concurrent.") {
            Ty::Awaitable(Arc::new(self.annotation(file, first)))
        } else if matches!(last, "Callable" | "Literal" | "TypeVar") {
            Ty::Unknown
        } else {
            Ty::Instance(Class::External(path))
        }
    }

    fn instance_of(&mut self, form: Ty, file: FileId, scope: ScopeId) -> Ty {
        form.map(|part| match part {
            Ty::Class(class) => Ty::Instance(class.clone()),
            Ty::External(path) => match path.as_str() {
                "typing.Any" | "builtins.object" | "typing.NoReturn" | "typing.Never" => Ty::Unknown,
                // Without an argument they leave the type to the value.
                "typing.Final" | "typing_extensions.Final" | "typing.ClassVar" | "dataclasses.InitVar" => Ty::Unknown,
                "typing.Self" | "typing_extensions.Self" => self.self_type(file, scope),
                _ => Ty::Instance(Class::External(path.clone())),
            },
            Ty::Alias(file, expr) => self.annotation(*file, *expr),
            Ty::None => Ty::None,
            _ => Ty::Unknown,
        })
    }

    fn self_type(&self, file: FileId, scope: ScopeId) -> Ty {
        let facts = self.facts(file);
        let mut at = Some(scope);
        while let Some(id) = at {
            if facts.scope(id).kind == ScopeKind::Class {
                return Ty::Instance(Class::Own(Def { file, scope: id }));
            }
            at = facts.scope(id).parent;
        }
        Ty::Unknown
    }

    /// An annotation in quotes: dotted names joined by `|`, at most wrapped in one transparent form.
    fn annotation_text(&mut self, file: FileId, scope: ScopeId, text: &str) -> Ty {
        let text = text.trim();
        if let Some((head, rest)) = text.split_once('[')
            && let Some(inner) = rest.strip_suffix(']')
        {
            let last = head.rsplit('.').next().unwrap_or_default();
            return match last {
                "Optional" | "Annotated" | "Final" | "ClassVar" => {
                    self.annotation_text(file, scope, inner.split(',').next().unwrap_or_default())
                }
                l if ITERABLE.contains(&l) => Ty::Container(Arc::new(self.annotation_text(file, scope, inner))),
                _ => self.dotted_annotation(file, scope, head),
            };
        }
        let parts: Vec<Ty> = text.split('|').map(|part| self.dotted_annotation(file, scope, part.trim())).collect();
        Ty::union(parts)
    }

    fn dotted_annotation(&mut self, file: FileId, scope: ScopeId, text: &str) -> Ty {
        if text == "None" {
            return Ty::None;
        }
        let mut names = text.split('.');
        let first = names.next().unwrap_or_default();
        if first.is_empty() || !first.chars().all(|c| c == '_' || c.is_alphanumeric()) {
            return Ty::Unknown;
        }
        let Some(id) = self.world.index_of(file).name(first) else { return Ty::Unknown };
        let mut form = self.lookup(file, scope, id, None);
        for name in names {
            form = self.member(&form, name);
        }
        self.instance_of(form, file, scope)
    }
}
