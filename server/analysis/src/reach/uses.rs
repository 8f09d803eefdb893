//! The names that each top-level statement of a file uses, and what binds names there.

use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// So many names of `a.b.c` matter.
const MAX_CHAIN: usize = 6;

/// What one file uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    /// For each statement, the one at the top level it stands in (blocks of `if`, `try` and the like are top level, too).
    top: Vec<StmtId>,
    /// `a.b.c` as a list of names, by top-level statement.
    chains: FxHashMap<StmtId, Vec<Vec<NameId>>>,
    /// Imports in functions and classes, by top-level statement.
    local_imports: FxHashMap<StmtId, Vec<ImportId>>,
    /// What binds a name of the module: indices into [`FileFacts::bindings`].
    bindings: FxHashMap<NameId, Vec<u32>>,
    names: FxHashMap<SmolStr, NameId>,
    stars: Vec<ImportId>,
}

impl Uses {
    /// All of it.
    pub(super) fn of(facts: &FileFacts) -> Self {
        let mut uses = Self { top: tops(facts), ..Self::bound(facts) };
        for (i, import) in facts.imports.iter().enumerate().filter(|(_, import)| import.scope != ScopeId::MODULE) {
            uses.local_imports.entry(uses.top(import.stmt)).or_default().push(ImportId(i as u32));
        }
        uses.add_chains(facts);
        uses
    }

    /// Only what binds the names of the module; nothing of its statements.
    pub(super) fn bound(facts: &FileFacts) -> Self {
        let mut uses = Self::default();
        for i in facts.scope(ScopeId::MODULE).bindings.range() {
            uses.bindings.entry(facts.bindings[i].name).or_default().push(i as u32);
        }
        let stars = facts
            .imports
            .iter()
            .enumerate()
            .filter(|(_, import)| import.scope == ScopeId::MODULE && import.what == Imported::Star);
        uses.stars = stars.map(|(i, _)| ImportId(i as u32)).collect();
        uses.names = uses.bindings.keys().map(|name| (facts.name(*name).into(), *name)).collect();
        uses
    }

    fn add_chains(&mut self, facts: &FileFacts) {
        let mut seen: FxHashSet<(StmtId, Vec<NameId>)> = FxHashSet::default();
        let mut found = Vec::new();
        for (id, expr) in facts.exprs() {
            match &expr.kind {
                ExprKind::Name(name) => found.push(chain(facts, id, *name)),
                ExprKind::Str(text) if is_annotation(text) => found.extend(in_text(text, &self.names)),
                _ => continue,
            }
            let Some(stmt) = facts.stmt_of(id).map(|stmt| self.top(stmt)) else {
                found.clear();
                continue;
            };
            // A string is a forward reference in a definition; elsewhere it is more often an entry of `__all__`.
            let is_definition = matches!(facts.stmt(stmt).kind, StmtKind::FunctionDef(_) | StmtKind::ClassDef(_));
            let counts = is_definition || matches!(expr.kind, ExprKind::Name(_));
            for chain in found.drain(..).filter(|_| counts) {
                if seen.insert((stmt, chain.clone())) {
                    self.chains.entry(stmt).or_default().push(chain);
                }
            }
        }
    }

    /// The statements that use anything or import in a function.
    pub(super) fn statements(&self) -> impl Iterator<Item = StmtId> + '_ {
        self.chains.keys().chain(self.local_imports.keys()).copied()
    }

    pub(super) fn chains(&self, stmt: StmtId) -> &[Vec<NameId>] {
        self.chains.get(&stmt).map_or(&[], Vec::as_slice)
    }

    pub(super) fn local_imports(&self, stmt: StmtId) -> &[ImportId] {
        self.local_imports.get(&stmt).map_or(&[], Vec::as_slice)
    }

    pub(super) fn bindings(&self, name: NameId) -> &[u32] {
        self.bindings.get(&name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn stars(&self) -> &[ImportId] {
        &self.stars
    }

    /// The name, if the module binds it.
    pub(super) fn module_name(&self, text: &str) -> Option<NameId> {
        self.names.get(text).copied()
    }

    fn top(&self, stmt: StmtId) -> StmtId {
        self.top[stmt.index()]
    }
}

/// For each statement, the one of the module's own scope it stands in.
fn tops(facts: &FileFacts) -> Vec<StmtId> {
    (0..facts.stmts.len()).map(|i| top(facts, StmtId(i as u32))).collect()
}

/// The statement of the module's own scope that a statement stands in.
pub(super) fn top(facts: &FileFacts, mut at: StmtId) -> StmtId {
    while let Some(around) = facts.scope(facts.stmt(at).scope).stmt {
        at = around;
    }
    at
}

/// The name and the attributes that are read of it at once.
fn chain(facts: &FileFacts, at: ExprId, name: NameId) -> Vec<NameId> {
    std::iter::once(name).chain(chain_of(facts, at)).collect()
}

/// The attributes that are read of a value at once, as far as they matter.
pub(super) fn chain_of(facts: &FileFacts, at: ExprId) -> impl Iterator<Item = NameId> + '_ {
    let read = move |at: ExprId| match facts.expr(at).parent {
        Parent::Expr(parent) => match facts.expr(parent).kind {
            ExprKind::Attribute { attr, .. } => Some((parent, attr)),
            _ => None,
        },
        _ => None,
    };
    std::iter::successors(read(at), move |(at, _)| read(*at)).map(|(_, attr)| attr).take(MAX_CHAIN - 1)
}

fn is_annotation(text: &str) -> bool {
    text.len() <= 120 && text.chars().all(|c| c.is_alphanumeric() || "_.[]|, ".contains(c))
}

fn in_text(text: &str, names: &FxHashMap<SmolStr, NameId>) -> Vec<Vec<NameId>> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || "_.".contains(c)));
    words.filter_map(|word| Some(vec![*names.get(word.split('.').next()?)?])).collect()
}
