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

/// Rows by name. `last` holds the last part of each name, to see early that there can be no row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Index {
    rows: FxHashMap<SmolStr, Vec<u32>>,
    last: FxHashSet<SmolStr>,
    /// Names with a `*` in them.
    patterns: Vec<(SmolStr, u32)>,
}

impl Index {
    fn put(&mut self, name: &SmolStr, row: u32) {
        if name.contains('*') {
            self.patterns.push((name.clone(), row));
            return;
        }
        let list = self.rows.entry(name.clone()).or_default();
        if list.last() != Some(&row) {
            list.push(row);
        }
        self.last.insert(last_part(name).into());
    }

    fn may_have(&self, last: &str) -> bool {
        self.last.contains(last) || self.patterns.iter().any(|(pattern, _)| matches(last_part(pattern), last))
    }

    fn rows_of<'a>(&'a self, name: &str) -> impl Iterator<Item = u32> + use<'a> {
        let by_pattern: Vec<u32> =
            self.patterns.iter().filter(|(p, _)| matches(p, name)).map(|(_, row)| *row).collect();
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

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the name of some row's decorator ends in `last`.
    pub fn is_decorator(&self, last: &str) -> bool {
        self.decorators.may_have(last)
    }

    /// Whether the name of some row's base ends in `last`.
    pub fn is_base(&self, last: &str) -> bool {
        self.bases.may_have(last)
    }

    /// Whether the name of a call that some row speaks of ends in `last`.
    pub fn is_call(&self, last: &str) -> bool {
        self.calls.may_have(last)
    }

    /// The rows for functions decorated with `decorator` (`fastapi.FastAPI.get`).
    pub fn by_decorator(&self, decorator: &str) -> impl Iterator<Item = &Context> {
        self.decorators.rows_of(decorator).map(|i| &self.rows[i as usize])
    }

    /// The rows for methods of direct subclasses of `base`; ask about every base.
    pub fn by_base(&self, base: &str) -> impl Iterator<Item = &Context> {
        self.bases.rows_of(base).map(|i| &self.rows[i as usize])
    }

    /// The rows for functions passed to `call`, with the argument each is about.
    pub fn by_argument<'a, 'c>(
        &'a self,
        call: &'c str,
    ) -> impl Iterator<Item = (&'a Context, &'a Argument)> + use<'a, 'c> {
        self.calls.rows_of(call).map(|i| &self.rows[i as usize]).flat_map(move |context| {
            context.arguments.iter().filter(move |a| matches(&a.call, call)).map(move |a| (context, a))
        })
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
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
