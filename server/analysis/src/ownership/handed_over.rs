//! Functions that are given to somebody who runs them and decides what becomes of what they return, yield or are called with:
//! the dependencies of web frameworks, the handlers of stream servers.

use crate::analysis::Analysis;
use crate::contexts::Frameworks;
use crate::finding::FileId;
use crate::graph::{Graph, SiteRef};
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

/// A call, in its file.
type Call = (FileId, ExprId);

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
    pub(crate) fn provided_by(&self, infer: &mut Infer<'_>, graph: &Graph, def: Def) -> Vec<Call> {
        self.given(graph, def).filter(|&call| provides(infer, call)).collect()
    }

    /// The calls that start a server which runs the function for each connection.
    pub(crate) fn served_by(&self, infer: &mut Infer<'_>, graph: &Graph, def: Def) -> Vec<Call> {
        self.given(graph, def).filter(|&call| serves(infer, call)).collect()
    }

    fn given(&self, graph: &Graph, def: Def) -> impl Iterator<Item = Call> {
        let sites = self.0.get(&def).map_or(&[][..], Vec::as_slice);
        sites.iter().map(|&at| (at.file, graph.site(at).expr))
    }
}

fn serves(infer: &mut Infer<'_>, call: Call) -> bool {
    matches!(callee(infer, call), Ty::External(path) if SERVERS.contains(&path.as_str()))
}

fn callee(infer: &mut Infer<'_>, (file, call): Call) -> Ty {
    match infer.world.facts(file).expr(call).kind {
        ExprKind::Call { func, .. } => infer.expr(file, func),
        _ => Ty::Unknown,
    }
}

fn provides(infer: &mut Infer<'_>, call: Call) -> bool {
    let frameworks = Frameworks::of(infer.world, call.0);
    match callee(infer, call) {
        Ty::External(path) | Ty::Class(Class::External(path)) => {
            frameworks.by_call_named(&path).iter().any(|(row, _)| row.provides)
        }
        ty => frameworks.by_call(infer, &ty).is_some_and(|(_, rows)| rows.iter().any(|(row, _)| row.provides)),
    }
}
