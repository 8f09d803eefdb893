//! What is closed through a name of it anywhere in the program: `app.client.aclose()`, `pool = owner.get_pool(); ... pool.close()`.

use super::ends::{GIVING, closes_argument, is_dunder_exit};
use crate::finding::FileId;
use crate::infer::World;
use crate::ownership::uses::ends;
use asyncwise_syntax::facts::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// A place that closes what something is called.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Closed {
    /// The file.
    pub(crate) file: FileId,
    /// What is closed.
    pub(crate) at: ExprId,
    /// What the name is an attribute or method of; none for a plain name.
    pub(crate) of: Option<ExprId>,
}

/// What is closed anywhere, by the last name that leads to it.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere(FxHashMap<SmolStr, Vec<Closed>>);

impl Elsewhere {
    /// Of the whole program.
    pub(crate) fn of(world: &World) -> Self {
        let files: Vec<FileId> = world.program.ids().collect();
        let found: Vec<Vec<(SmolStr, Closed)>> = files.par_iter().map(|&file| in_file(world, file)).collect();
        let mut all: FxHashMap<SmolStr, Vec<Closed>> = FxHashMap::default();
        for (name, closed) in found.into_iter().flatten() {
            all.entry(name).or_default().push(closed);
        }
        Self(all)
    }

    /// The places that close what a name leads to.
    pub(crate) fn named(&self, name: &str) -> &[Closed] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

fn in_file(world: &World, file: FileId) -> Vec<(SmolStr, Closed)> {
    let facts = world.facts(file);
    let mut names = Names { world, file, facts, at: ExprId(0), is_entered: false, found: Vec::new() };
    for (_, expr) in facts.exprs() {
        match expr.kind {
            ExprKind::Attribute { value, attr } if ends(facts.name(attr)) || is_dunder_exit(facts.name(attr)) => {
                names.closed(value);
            }
            ExprKind::Call { func, args } if closes_argument(facts, func) => {
                facts.args(args).iter().for_each(|arg| names.closed(arg.value));
            }
            _ => {}
        }
    }
    names.is_entered = true;
    for stmt in &facts.stmts {
        if let StmtKind::With { items, .. } = stmt.kind {
            facts.with_items[items.range()].iter().for_each(|item| names.closed(item.context));
        }
    }
    names.found
}

struct Names<'w> {
    world: &'w World,
    file: FileId,
    facts: &'w FileFacts,
    at: ExprId,
    /// It is entered by a `with`: `session.get(url)` gives nothing that was in the session.
    is_entered: bool,
    found: Vec<(SmolStr, Closed)>,
}

impl Names<'_> {
    /// Notes that something is closed.
    fn closed(&mut self, value: ExprId) {
        self.at = value;
        self.led(value, 0);
    }

    /// Notes the names that lead to a value.
    fn led(&mut self, value: ExprId, depth: u8) {
        const MAX_DEPTH: u8 = 6;
        let facts = self.facts;
        if depth > MAX_DEPTH {
            return;
        }
        match &facts.expr(value).kind {
            ExprKind::Attribute { value: of, attr } => self.note(*attr, Some(*of)),
            ExprKind::Name(name) => {
                self.note(*name, None);
                let index = self.world.index_of(self.file);
                let inner = facts.expr(value).scope;
                let code = facts.code_scope(inner);
                let outer = Some(code).filter(|code| *code != inner);
                let bindings = |scope| index.bindings(facts, scope, *name);
                for binding in bindings(inner).chain(outer.into_iter().flat_map(bindings)) {
                    match binding.kind {
                        BindingKind::Assign { value: from, .. } if from != value => self.led(from, depth + 1),
                        BindingKind::Iterated { iter, .. } => self.led(iter, depth + 1),
                        BindingKind::With { context, .. } => self.led(context, depth + 1),
                        _ => {}
                    }
                }
            }
            ExprKind::Call { func, args } => match facts.expr(*func).kind {
                ExprKind::Name(name) if facts.name(name) == "getattr" => {
                    if let [of, name, ..] = facts.args(*args)
                        && let ExprKind::Str(text) = &facts.expr(name.value).kind
                    {
                        self.found.push((text.clone(), Closed { file: self.file, at: self.at, of: Some(of.value) }));
                    }
                }
                ExprKind::Attribute { value: of, attr } => {
                    self.note(attr, Some(of));
                    // `self.clients.values()`, `self.clients.pop(key)`
                    if GIVING.contains(&facts.name(attr)) && !self.is_entered {
                        self.led(of, depth + 1);
                    }
                }
                ExprKind::Name(name) => self.note(name, None),
                _ => {}
            },
            ExprKind::Await(inner) => self.led(*inner, depth + 1),
            ExprKind::Subscript { value: of, index } => {
                let key = crate::ownership::app_state::key(facts, *index);
                self.found.extend(key.map(|key| (key, Closed { file: self.file, at: self.at, of: Some(*of) })));
                self.led(*of, depth + 1);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                facts.list(*items).iter().for_each(|&item| self.led(item, depth + 1));
            }
            ExprKind::BoolOp { values, .. } => {
                facts.list(*values).iter().for_each(|&item| self.led(item, depth + 1));
            }
            ExprKind::IfExp { body, orelse, .. } => {
                self.led(*body, depth + 1);
                self.led(*orelse, depth + 1);
            }
            _ => {}
        }
    }

    fn note(&mut self, name: NameId, of: Option<ExprId>) {
        let name = SmolStr::from(self.facts.name(name));
        self.found.push((name, Closed { file: self.file, at: self.at, of }));
    }
}
