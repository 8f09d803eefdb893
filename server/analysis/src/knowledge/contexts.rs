//! The rows that say where frameworks run functions, and how they are looked up.

use super::{Argument, Context};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// Context rows and their indexes. Rows of one name stay in the order they were given in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contexts {
    rows: Vec<Context>,
    decorators: Index,
    bases: Index,
    calls: Index,
}

/// Rows by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Index {
    rows: FxHashMap<SmolStr, Vec<u32>>,
    /// The last part of each name, and the first: they tell without a whole name that there can be no row for it.
    last: FxHashSet<SmolStr>,
    packages: FxHashSet<SmolStr>,
    /// Names with a `*` in them.
    patterns: Vec<(SmolStr, u32)>,
    /// What each of those starts with, and their last parts.
    starts: Vec<(SmolStr, Vec<SmolStr>)>,
}

impl Index {
    fn put(&mut self, name: &SmolStr, row: u32) {
        if name.contains('*') {
            self.patterns.push((name.clone(), row));
            return self.put_start(name);
        }
        let list = self.rows.entry(name.clone()).or_default();
        if list.last() != Some(&row) {
            list.push(row);
        }
        self.last.insert(last_part(name).into());
        self.packages.insert(package(name).into());
    }

    fn put_start(&mut self, pattern: &str) {
        let (start, last) = (pattern.split('*').next().unwrap_or_default(), last_part(pattern));
        let at = self.starts.iter().position(|(other, _)| other == start).unwrap_or_else(|| {
            self.starts.push((start.into(), Vec::new()));
            self.starts.len() - 1
        });
        let lasts = &mut self.starts[at].1;
        if !lasts.iter().any(|other| other == last) {
            lasts.push(last.into());
        }
    }

    fn may_have(&self, module: &str, last: &str) -> bool {
        let is_named = self.last.contains(last) && self.packages.contains(package(module));
        is_named
            || self.starts.iter().any(|(start, lasts)| {
                (module.starts_with(&**start) || start.starts_with(module))
                    && lasts.iter().any(|part| matches(part, last))
            })
    }

    fn rows_of<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = u32> + use<'a, 'n> {
        let by_pattern = self.patterns.iter().filter(move |(pattern, _)| matches(pattern, name)).map(|(_, row)| *row);
        self.rows.get(name).into_iter().flatten().copied().chain(by_pattern)
    }
}

impl Contexts {
    /// Rows with their indexes.
    pub fn new(rows: Vec<Context>) -> Self {
        let mut this = Self::default();
        for (i, row) in rows.iter().enumerate() {
            let i = i as u32;
            row.decorators.iter().for_each(|name| this.decorators.put(name, i));
            row.bases.iter().for_each(|name| this.bases.put(name, i));
            row.arguments.iter().for_each(|argument| this.calls.put(&argument.call, i));
        }
        this.rows = rows;
        this
    }

    /// All rows.
    pub fn rows(&self) -> &[Context] {
        &self.rows
    }

    /// The names of decorators, bases and calls that there are rows for, without those that stand for many.
    pub(super) fn names(&self) -> impl Iterator<Item = &SmolStr> {
        [&self.decorators, &self.bases, &self.calls].into_iter().flat_map(|index| index.rows.keys())
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether some row may speak of a decorator of a module, where its name ends in `last`.
    pub fn may_be_decorator(&self, module: &str, last: &str) -> bool {
        self.decorators.may_have(module, last)
    }

    /// Whether some row may speak of a base class of a module, where its name ends in `last`.
    pub fn may_be_base(&self, module: &str, last: &str) -> bool {
        self.bases.may_have(module, last)
    }

    /// Whether some row may speak of functions that are given to a callable of a module, where its name ends in `last`.
    pub fn may_be_call(&self, module: &str, last: &str) -> bool {
        self.calls.may_have(module, last)
    }

    /// The rows for functions decorated with `decorator` (`fastapi.FastAPI.get`).
    pub fn by_decorator<'a, 'n>(&'a self, decorator: &'n str) -> impl Iterator<Item = &'a Context> + use<'a, 'n> {
        self.decorators.rows_of(decorator).map(|i| &self.rows[i as usize])
    }

    /// The rows for methods of direct subclasses of `base`; ask about every base.
    pub fn by_base<'a, 'n>(&'a self, base: &'n str) -> impl Iterator<Item = &'a Context> + use<'a, 'n> {
        self.bases.rows_of(base).map(|i| &self.rows[i as usize])
    }

    /// The rows for functions passed to `call`, with the argument each is about.
    pub fn by_argument<'a, 'n>(
        &'a self,
        call: &'n str,
    ) -> impl Iterator<Item = (&'a Context, &'a Argument)> + use<'a, 'n> {
        self.calls.rows_of(call).map(|i| &self.rows[i as usize]).flat_map(move |context| {
            context.arguments.iter().filter(move |a| matches(&a.call, call)).map(move |a| (context, a))
        })
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn package(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether `name` is `pattern`, in which each `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, mut rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    while let Some((part, after)) = rest.split_once('*') {
        let Some(at) = name.find(part) else { return false };
        (name, rest) = (&name[at + part.len()..], after);
    }
    name.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("*_pb2_grpc.*Servicer", "shop.order_pb2_grpc.OrderServicer", true),
            ("*_pb2_grpc.*Servicer", "shop.order_pb2.OrderServicer", false),
            ("a.*", "a.", true),
            ("*a*a", "a", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
