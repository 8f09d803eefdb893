//! Units: the statements of the module and of class bodies, which are lowered alike wherever their text is the same.
//!
//! What a statement lowers to depends on its text, its tree, and a little around it: how deep it nests, how far it is
//! indented, whether errors touch it or make it uncertain. Each unit notes which parts of the arrays it appended, so that
//! the next lowering copies them where it meets the same text under the same conditions (`reuse`). A unit may hold
//! others: a class is one, and so is each statement of its body.

use std::hash::Hasher;

use rustc_hash::FxHasher;
use tree_sitter::Node;

use super::bindings::RawBinding;
use super::builder::Lowerer;
use super::kinds::Kind;
use crate::facts::{FileFacts, NameId, ScopeId, Span};

/// How deep classes may nest for their members to be units. Each level reads the text once more.
const MAX_UNIT_DEPTH: u32 = 8;

macro_rules! lengths {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// How long each array is at some point of the lowering.
        #[derive(Copy, Clone, PartialEq, Eq, Default, Debug)]
        pub(super) struct Lengths {
            $($(#[$doc])* pub(super) $field: u32,)*
        }

        impl Lengths {
            /// Where the same point lies when what began at `from` begins at `to`.
            pub(super) fn moved(self, from: &Self, to: &Self) -> Self {
                Self { $($field: self.$field - from.$field + to.$field,)* }
            }
        }
    };
}

lengths! {
    exprs,
    expr_lists,
    args,
    compare_ops,
    stmts,
    stmt_lists,
    with_items,
    handlers,
    cases,
    params,
    generators,
    imports,
    name_lists,
    /// Scopes other files can see.
    visible,
    /// All other scopes.
    local,
    /// Bindings in the order they were found.
    bindings,
    /// The names looked up.
    lookups,
}

impl Lengths {
    /// The lengths of finished facts, but those of scopes and of what only the index holds.
    fn of(facts: &FileFacts) -> Self {
        Self {
            exprs: facts.exprs.len() as u32,
            expr_lists: facts.expr_lists.len() as u32,
            args: facts.args.len() as u32,
            compare_ops: facts.compare_ops.len() as u32,
            stmts: facts.stmts.len() as u32,
            stmt_lists: facts.stmt_lists.len() as u32,
            with_items: facts.with_items.len() as u32,
            handlers: facts.handlers.len() as u32,
            cases: facts.cases.len() as u32,
            params: facts.params.len() as u32,
            generators: facts.generators.len() as u32,
            imports: facts.imports.len() as u32,
            name_lists: facts.name_lists.len() as u32,
            ..Self::default()
        }
    }
}

/// What must be equal for a statement to lower to the same.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) struct Key {
    /// Of the text, with what it is indented by.
    pub(super) hash: u64,
    /// How many bytes it is indented by.
    pub(super) indent: u32,
    /// How many bytes it takes after that.
    pub(super) len: u32,
    /// The grammar's number for the kind of node.
    kind: u16,
    /// How many nodes its tree has.
    nodes: u32,
    /// See [`Lowerer::depth`].
    depth: u32,
}

/// A statement and what it appended.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) key: Key,
    /// Where its text starts, after what it is indented by.
    pub(super) start: u32,
    /// The module or class it stands in.
    pub(super) scope: ScopeId,
    pub(super) from: Lengths,
    pub(super) to: Lengths,
    /// The first of the units inside, which stand right before it.
    pub(super) first: u32,
    /// Awaits in the code of `scope` itself.
    pub(super) has_await: bool,
    /// Yields in the code of `scope` itself.
    pub(super) has_yield: bool,
}

/// What a lowering leaves for the next one, besides the facts.
#[derive(Debug, Default)]
pub(crate) struct Units {
    /// In the order of their ends.
    pub(super) units: Vec<Unit>,
    /// Each binding with the scope whose code makes it, in the order they were found.
    pub(super) bindings: Vec<RawBinding>,
    /// The names looked up, each once in each stretch between ends of units: ids are given in this order.
    pub(super) lookups: Vec<NameId>,
    /// How many scopes are visible.
    pub(super) visible: u32,
    /// The lengths of the facts' arrays.
    lengths: Lengths,
    names: usize,
    scopes: usize,
}

impl Units {
    pub(super) fn new(lowerer: Lowerer<'_>, visible: u32) -> (FileFacts, Self) {
        let facts = lowerer.facts;
        let units = Self {
            units: lowerer.units,
            bindings: lowerer.bindings,
            lookups: lowerer.lookups.list,
            visible,
            lengths: Lengths::of(&facts),
            names: facts.names.len(),
            scopes: facts.scopes.len(),
        };
        (facts, units)
    }

    /// Whether these can be the units of `facts`.
    pub(super) fn suit(&self, facts: &FileFacts) -> bool {
        let are_equal = self.lengths == Lengths::of(facts) && self.bindings.len() == facts.bindings.len();
        are_equal && self.names == facts.names.len() && self.scopes == facts.scopes.len()
    }
}

/// The names looked up so far.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    pub(super) list: Vec<NameId>,
    /// The stretch between ends of units in which each name was last looked up.
    last: Vec<u32>,
    stretch: u32,
}

impl Lookups {
    pub(super) fn note(&mut self, name: NameId) {
        if name.index() >= self.last.len() {
            self.last.resize(name.index() + 1, u32::MAX);
        }
        let last = &mut self.last[name.index()];
        if *last != self.stretch {
            *last = self.stretch;
            self.list.push(name);
        }
    }
}

/// The state when a unit begins.
struct Start {
    from: Lengths,
    first: u32,
    /// What lists under construction hold.
    open: [usize; 6],
    stmts: usize,
    has_await: bool,
    has_yield: bool,
}

impl<'t> Lowerer<'t> {
    /// Collects the statements of the module, or of a class body outside functions.
    pub(super) fn members(&mut self) {
        if self.depth >= MAX_UNIT_DEPTH {
            return self.statements();
        }
        self.depth += 1;
        self.children(|l, kind| {
            if !kind.is_token() {
                l.member(kind);
            }
        });
        self.depth -= 1;
    }

    fn member(&mut self, kind: Kind) {
        let key = self.key(kind);
        if let Some(key) = key
            && self.reuse(key)
        {
            return;
        }
        let start = key.is_some().then(|| self.begin_unit());
        let span = self.span();
        self.in_members = matches!(kind, Kind::ClassDefinition | Kind::DecoratedDefinition);
        self.statement();
        self.in_members = true;
        if let (Some(key), Some(start)) = (key, start) {
            self.end_unit(key, span.start, start);
        }
    }

    /// The key of the statement under the cursor; none when what it lowers to depends on more.
    fn key(&self, kind: Kind) -> Option<Key> {
        let node: Node<'t> = self.node();
        let span = self.span();
        let is_certain = kind.is_statement() && !self.is_uncertain && !node.has_error();
        if !is_certain || (self.has_errors && super::broken::touches(&self.facts.errors, span)) {
            return None;
        }
        let line = self.indentation(span)?;
        let mut hasher = FxHasher::default();
        hasher.write(self.slice(line).as_bytes());
        Some(Key {
            hash: hasher.finish(),
            indent: span.start - line.start,
            len: span.len(),
            kind: node.kind_id(),
            nodes: node.descendant_count() as u32,
            depth: self.depth,
        })
    }

    /// `span` with the blanks before it; none when more than those stands before it in its line.
    fn indentation(&self, span: Span) -> Option<Span> {
        let before = &self.text.as_bytes()[..span.start as usize];
        let blanks = before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t' | b'\x0c')).count();
        let starts_line = before[..before.len() - blanks].last().is_none_or(|b| matches!(b, b'\n' | b'\r'));
        starts_line.then(|| Span::new(span.start - blanks as u32, span.end))
    }

    pub(super) fn lengths(&self) -> Lengths {
        let (visible, local) = self.scopes.lengths();
        let (bindings, lookups) = (self.bindings.len() as u32, self.lookups.list.len() as u32);
        Lengths { visible, local, bindings, lookups, ..Lengths::of(&self.facts) }
    }

    fn open_lists(&self) -> [usize; 6] {
        [
            self.exprs.len(),
            self.args.len(),
            self.unset.len(),
            self.links.len(),
            self.globals.len(),
            self.nonlocals.len(),
        ]
    }

    fn begin_unit(&mut self) -> Start {
        self.lookups.stretch += 1;
        let (from, first) = (self.lengths(), self.units.len() as u32);
        let (open, stmts) = (self.open_lists(), self.stmts.len());
        let scope = self.scope_mut(self.scope);
        let has_await = std::mem::take(&mut scope.has_await);
        let has_yield = std::mem::take(&mut scope.has_yield);
        Start { from, first, open, stmts, has_await, has_yield }
    }

    fn end_unit(&mut self, key: Key, at: u32, start: Start) {
        self.lookups.stretch += 1;
        let scope = self.scope_mut(self.scope);
        let (has_await, has_yield) = (scope.has_await, scope.has_yield);
        scope.has_await |= start.has_await;
        scope.has_yield |= start.has_yield;
        let last = self.facts.stmts.len().wrapping_sub(1);
        let is_one = self.stmts.len() == start.stmts + 1 && self.stmts.last().is_some_and(|stmt| stmt.index() == last);
        // Names declared `global` or `nonlocal` wait for the end of the scope.
        if is_one && self.open_lists() == start.open {
            let (from, to, first) = (start.from, self.lengths(), start.first);
            self.units.push(Unit { key, start: at, scope: self.scope, from, to, first, has_await, has_yield });
        }
    }

    /// Takes over the units inside a reused one, and itself.
    pub(super) fn adopt_units(&mut self, units: &[Unit], span: Span, to: &Lengths) {
        let Some(outer) = units.last() else { return };
        self.lookups.stretch += 1;
        let (from, first, start) = (outer.from, outer.first, outer.start);
        let base = self.units.len() as u32;
        let (outer_scope, scope) = (outer.scope, self.scope);
        self.units.extend(units.iter().map(|unit| Unit {
            start: unit.start - start + span.start,
            scope: match unit.scope {
                inner if inner == outer_scope => scope,
                inner => ScopeId(inner.0 - from.visible + to.visible),
            },
            from: unit.from.moved(&from, to),
            to: unit.to.moved(&from, to),
            first: unit.first - first + base,
            ..unit.clone()
        }));
    }
}
