//! Async twins: the coroutine function that does what a sync one does, by the names projects give such pairs.

use crate::infer::Infer;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// The async twin of a function, beside it in its class or module.
pub(super) fn twin(infer: &mut Infer<'_>, def: Def) -> Option<Def> {
    let name = infer.world.name(def);
    let bare = name.strip_suffix("_sync").or_else(|| name.strip_prefix("sync_")).unwrap_or(name);
    let mut names = vec![
        format!("{bare}_async"),
        format!("async_{bare}"),
        format!("a{bare}"),
        format!("{bare}Async"),
        format!("_async_{}", bare.trim_start_matches('_')),
    ];
    if bare != name {
        names.push(bare.to_owned());
    }
    let class = infer.world.class_of(def);
    names.iter().find_map(|candidate| {
        let found = match class {
            Some(class) => infer.method(class, candidate),
            None => beside(infer, def, candidate),
        }?;
        (infer.world.is_async(found) && !infer.world.scope(found).has_yield && found != def).then_some(found)
    })
}

fn beside(infer: &Infer<'_>, def: Def, name: &str) -> Option<Def> {
    let world = infer.world;
    let (facts, index) = (world.facts(def.file), world.index_of(def.file));
    let parent = world.scope(def).parent?;
    let id = index.name(name)?;
    index.bindings(facts, parent, id).find_map(|b| match b.kind {
        BindingKind::Def(scope) => Some(Def { file: def.file, scope }),
        _ => None,
    })
}
