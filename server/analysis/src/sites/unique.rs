//! Methods that a bare name is enough to find.

use crate::infer::World;
use crate::types::Def;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// Names of methods that objects of many libraries have.
const COMMON: &[&str] = &[
    "append",
    "apply",
    "build",
    "cancel",
    "check",
    "clear",
    "close",
    "commit",
    "configure",
    "connect",
    "copy",
    "count",
    "create",
    "debug",
    "decode",
    "delete",
    "detach",
    "disconnect",
    "dispatch",
    "dispose",
    "encode",
    "error",
    "execute",
    "extend",
    "fetch",
    "filter",
    "finish",
    "flush",
    "format",
    "fromkeys",
    "handle",
    "index",
    "insert",
    "invoke",
    "items",
    "parse",
    "process",
    "publish",
    "query",
    "refresh",
    "register",
    "release",
    "reload",
    "remove",
    "render",
    "replace",
    "reset",
    "resolve",
    "restart",
    "result",
    "resume",
    "rollback",
    "search",
    "setdefault",
    "setup",
    "shutdown",
    "split",
    "start",
    "startswith",
    "status",
    "strip",
    "submit",
    "subscribe",
    "terminate",
    "update",
    "upload",
    "validate",
    "values",
    "warning",
    "write",
];

/// Methods by name where the program has exactly one, and no well-known class has a method of that name.
pub fn unique_methods(world: &World) -> FxHashMap<SmolStr, Def> {
    let mut seen: FxHashMap<SmolStr, Option<Def>> = FxHashMap::default();
    let plain: FxHashSet<&str> = COMMON.iter().copied().collect();

    for file in world.program.ids() {
        let facts = world.facts(file);
        for &method in world.index_of(file).method_class.keys() {
            let name = facts.name(facts.scope(method).name);
            if name.starts_with("__") || plain.contains(name) || name.len() < 5 {
                continue;
            }
            let def = Def { file, scope: method };
            seen.entry(name.into()).and_modify(|d| *d = None).or_insert(Some(def));
        }
    }
    seen.into_iter().filter_map(|(name, def)| def.map(|d| (name, d))).collect()
}
