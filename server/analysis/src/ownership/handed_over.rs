//! Functions that are given to somebody who runs them and decides what becomes of what they return, yield or are called with:
//! the dependencies of web frameworks, the handlers of stream servers.

use crate::analysis::Analysis;
use crate::contexts::Frameworks;
use crate::finding::FileId;
use crate::graph::SiteRef;
use crate::infer::Infer;
use crate::knowledge::Knowledge;
use crate::sites::Happens;
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::sync::LazyLock;

/// Callables that run a function for each connection, with a reader and a writer.
const SERVERS: &[&str] = &["asyncio.start_server", "asyncio.start_unix_server"];

/// What the callables that functions are given to are called.
static NAMES: LazyLock<Vec<SmolStr>> = LazyLock::new(|| {
    let rows = Knowledge::shipped().contexts().rows().iter().filter(|row| row.provides);
    let calls = rows.flat_map(|row| &row.arguments).map(|argument| argument.call.as_str());
    let last = |path: &str| SmolStr::from(path.rsplit('.').next().unwrap_or(path));
    let mut names: Vec<SmolStr> = calls.chain(SERVERS.iter().copied()).map(last).collect();
    names.sort_unstable();
    names.dedup();
    names
});

/// The calls that functions are given to, by function.
#[derive(Debug, Default)]
pub(crate) struct HandedOver(FxHashMap<Def, Vec<SiteRef>>);

impl HandedOver {
    /// In the whole program.
    pub(crate) fn of(analysis: &Analysis) -> Self {
        let world = &analysis.world;
        let mut found: FxHashMap<Def, Vec<SiteRef>> = FxHashMap::default();
        for file in world.program.ids() {
            let (facts, index) = (world.facts(file), world.index_of(file));
            if !NAMES.iter().any(|name| index.name(name).is_some()) {
                continue;
            }
            for (i, site) in analysis.graph.sites[file.index()].iter().enumerate() {
                if let (Happens::Schedules(def, _), ExprKind::Call { .. }) =
                    (&site.happens, &facts.expr(site.expr).kind)
                {
                    found.entry(*def).or_default().push(SiteRef { file, index: i as u32 });
                }
            }
        }
        Self(found)
    }

    /// The calls that a framework provides what the function gives by: `Depends(function)`.
    pub(crate) fn provided_by(
        &self,
        infer: &mut Infer<'_>,
        graph: &crate::graph::Graph,
        def: Def,
    ) -> Vec<(FileId, ExprId)> {
        self.given(graph, def).filter(|&(file, call)| provides(infer, file, call)).collect()
    }

    /// The calls that start a server which runs the function for each connection.
    pub(crate) fn served_by(
        &self,
        infer: &mut Infer<'_>,
        graph: &crate::graph::Graph,
        def: Def,
    ) -> Vec<(FileId, ExprId)> {
        let serves = |infer: &mut Infer<'_>, (file, call): (FileId, ExprId)| matches!(callee(infer, file, call), Ty::External(path) if SERVERS.contains(&path.as_str()));
        self.given(graph, def).filter(|&at| serves(infer, at)).collect()
    }

    fn given(&self, graph: &crate::graph::Graph, def: Def) -> impl Iterator<Item = (FileId, ExprId)> {
        let sites = self.0.get(&def).map_or(&[][..], Vec::as_slice);
        sites.iter().map(|&at| (at.file, graph.site(at).expr))
    }
}

fn callee(infer: &mut Infer<'_>, file: FileId, call: ExprId) -> Ty {
    match infer.world.facts(file).expr(call).kind {
        ExprKind::Call { func, .. } => infer.expr(file, func),
        _ => Ty::Unknown,
    }
}

fn provides(infer: &mut Infer<'_>, file: FileId, call: ExprId) -> bool {
    let frameworks = Frameworks::of(infer.world, file);
    match callee(infer, file, call) {
        Ty::External(path) | Ty::Class(Class::External(path)) => {
            frameworks.by_call_named(&path).iter().any(|(row, _)| row.provides)
        }
        ty => frameworks.by_call(infer, &ty).is_some_and(|(_, rows)| rows.iter().any(|(row, _)| row.provides)),
    }
}
