//! Units of the text before, copied where the new text says the same.

use rustc_hash::FxHashMap;

use super::builder::Lowerer;
use super::shift::Shift;
use super::units::{Key, Unit, Units};
use crate::facts::{FileFacts, NameId, Span, StmtId, Suppression};

/// A text with its facts.
#[derive(Copy, Clone)]
pub(crate) struct Lowered<'a> {
    pub(crate) text: &'a str,
    /// What the grammar was shown; the text itself but for what it does not know.
    pub(crate) shown: &'a str,
    pub(crate) facts: &'a FileFacts,
    pub(crate) units: &'a Units,
}

/// The text before, and what is known of the way from there.
pub(super) struct Previous<'a> {
    old: Lowered<'a>,
    /// What the grammar was shown of the new text.
    shown: &'a str,
    /// The units by the hash in their key.
    by_hash: FxHashMap<u64, u32>,
    /// The new ids of the old names, of those that occurred.
    names: Vec<NameId>,
    /// What was copied: where it stands, and where it stood.
    pub(super) copied: Vec<(Span, Span)>,
}

/// Stands for a name that did not occur so far.
const NOT_SEEN: NameId = NameId(u32::MAX);

impl<'a> Previous<'a> {
    /// None when `old.units` are not those of `old.facts`.
    pub(super) fn new(old: Lowered<'a>, shown: &'a str) -> Option<Self> {
        if !old.units.suit(old.facts) || old.facts.len as usize != old.text.len() {
            return None;
        }
        let by_hash = old.units.units.iter().enumerate().map(|(i, unit)| (unit.key.hash, i as u32)).collect();
        let names = vec![NOT_SEEN; old.facts.names.len()];
        Some(Self { old, shown, by_hash, names, copied: Vec::new() })
    }

    /// The units in and with the one whose key and text are these.
    fn find(&self, key: Key, text: &str, line: Span) -> Option<&'a [Unit]> {
        let Lowered { units, text: old_text, shown: old_shown, .. } = self.old;
        let at = *self.by_hash.get(&key.hash)?;
        let unit = &units.units[at as usize];
        let old_line = Span::new(unit.start - unit.key.indent, unit.start + unit.key.len);
        let is_same = unit.key == key
            && old_text.get(old_line.range()) == text.get(line.range())
            && old_shown.get(old_line.range()) == self.shown.get(line.range());
        is_same.then(|| &units.units[unit.first as usize..=at as usize])
    }

    /// The suppressions in one of the places that were copied.
    pub(super) fn suppressions_in(&self, place: (Span, Span)) -> impl Iterator<Item = Suppression> {
        let (new, old) = place;
        let all = &self.old.facts.suppressions;
        let first = all.partition_point(|suppression| suppression.span.start < old.start);
        let moved = move |span: Span| Span::new(span.start - old.start + new.start, span.end - old.start + new.start);
        all[first..].iter().take_while(move |suppression| suppression.span.start < old.end).map(move |suppression| {
            let names = suppression.names.iter().map(|(name, span)| (name.clone(), moved(*span))).collect();
            Suppression { span: moved(suppression.span), names, ..suppression.clone() }
        })
    }
}

impl<'t> Lowerer<'t> {
    /// Makes room for as much as was there before and a little more: growing the arrays would copy what was copied.
    pub(super) fn reserve(&mut self) {
        let Some(Previous { old: Lowered { facts: old, units, .. }, .. }) = &self.previous else { return };
        let new = &mut self.facts;
        macro_rules! reserve {
            ($($array:ident)*) => {
                $(new.$array.reserve(old.$array.len() + 64);)*
            };
        }
        reserve!(names exprs expr_lists args stmts stmt_lists params imports);
        self.names.reserve(old.names.len());
        self.bindings.reserve(units.bindings.len() + 64);
        self.units.reserve(units.units.len() + 64);
        self.lookups.list.reserve(units.lookups.len() + 64);
        self.scopes.reserve(old.scopes.len() + 64, units.visible as usize + 64);
    }

    /// Copies what the statement under the cursor lowers to, if its text was lowered before.
    pub(super) fn reuse(&mut self, key: Key) -> bool {
        let Some(mut previous) = self.previous.take() else { return false };
        let span = self.span();
        let found = previous.find(key, self.text, Span::new(span.start - key.indent, span.end));
        if let Some(units) = found {
            self.copy(&mut previous, units, span);
        }
        self.previous = Some(previous);
        found.is_some()
    }

    /// Appends what a unit, the last of `units`, appended to the old arrays.
    fn copy(&mut self, previous: &mut Previous<'t>, units: &[Unit], span: Span) {
        let Some(unit) = units.last() else { return };
        let Lowered { facts: old, units: index, .. } = previous.old;
        let to = self.lengths();
        for &name in &index.lookups[unit.from.lookups as usize..unit.to.lookups as usize] {
            let new = &mut previous.names[name.index()];
            if *new == NOT_SEEN {
                *new = self.intern(old.name(name));
            }
            self.lookups.list.push(*new);
        }
        let shift = Shift {
            from: unit.from,
            to,
            start: (unit.start, span.start),
            outer: (unit.scope, self.scope),
            visible: index.visible,
            names: &previous.names,
        };
        self.copy_arrays(old, unit, &shift);
        let bindings = &index.bindings[unit.from.bindings as usize..unit.to.bindings as usize];
        self.bindings.extend(bindings.iter().map(|raw| shift.binding(raw)));
        self.scopes.copy(&old.scopes, index.visible, unit, &shift);
        let scope = self.scope_mut(self.scope);
        scope.has_await |= unit.has_await;
        scope.has_yield |= unit.has_yield;
        self.stmts.push(StmtId(self.facts.stmts.len() as u32 - 1));
        self.adopt_units(units, span, &to);
        previous.copied.push((span, Span::new(unit.start, unit.start + unit.key.len)));
    }

    fn copy_arrays(&mut self, old: &FileFacts, unit: &Unit, shift: &Shift<'_>) {
        let new = &mut self.facts;
        macro_rules! copy {
            ($($array:ident: $element:expr,)*) => {$(
                let part = &old.$array[unit.from.$array as usize..unit.to.$array as usize];
                new.$array.extend(part.iter().map($element));
            )*};
        }
        copy! {
            exprs: |expr| shift.expr(expr),
            expr_lists: |&id| shift.expr_id(id),
            args: |arg| shift.arg(arg),
            compare_ops: |&op| op,
            stmts: |stmt| shift.stmt(stmt),
            stmt_lists: |&id| shift.stmt_id(id),
            with_items: |item| shift.with_item(item),
            handlers: |handler| shift.handler(handler),
            cases: |case| shift.case(case),
            params: |param| shift.param(param),
            generators: |generator| shift.generator(generator),
            imports: |import| shift.import(import),
            name_lists: |&name| shift.name(name),
        }
    }
}
