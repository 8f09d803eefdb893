//! Where functions are entered: coroutines by their nature, the rest by frameworks and settings.

use crate::contexts::{Found, Frameworks, root_of, used_decorator};
use crate::finding::FileId;
use crate::graph::{Reason, Root};
use crate::infer::Infer;
use crate::knowledge::{ContextRuns, Phase};
use crate::settings::RunsOn;
use crate::types::Def;
use asyncwise_syntax::facts::*;

/// The roots among the functions of one file, in source order.
pub fn roots(infer: &mut Infer<'_>, file: FileId) -> Vec<(Def, Root)> {
    let world = infer.world;
    let facts = world.facts(file);
    let source = world.program.file(file);
    let is_test = is_test_module(world.program.module_name(file));
    let mut roots = Vec::new();
    if source.is_notebook {
        let root = Root { blocking_matters: false, ..Root::new(RunsOn::Loop, Reason::Notebook) };
        roots.push((Def { file, scope: ScopeId::MODULE }, root));
    }
    for (scope, s) in facts.scopes() {
        let ScopeKind::Function { is_async } = s.kind else { continue };
        let def = Def { file, scope };
        let context = framework(infer, def, is_async);
        let configured = settings_root(infer, def);
        if is_async {
            let own_loop =
                context.as_ref().is_some_and(|(c, _)| matches!(c.runs_on, ContextRuns::OwnLoop | ContextRuns::Never));
            let startup = context.as_ref().is_some_and(|(c, _)| c.phase == Phase::Startup);
            let root = Root {
                blocking_matters: !own_loop,
                is_startup: startup || is_startup_name(facts.name(s.name)),
                is_test: is_test || context.as_ref().is_some_and(|(c, _)| c.test),
                ..Root::new(RunsOn::Loop, Reason::Coroutine)
            };
            roots.push((def, root));
        } else if let Some(root) = context.and_then(|(context, name)| root_of(context, name, is_test)) {
            roots.push((def, root));
        }
        if let Some(on) = configured {
            roots.push((def, Root::new(on, Reason::Settings)));
        }
    }
    roots
}

/// Whether a module is test code, by the names pytest and unittest look for.
pub(crate) fn is_test_module(name: &str) -> bool {
    let (packages, last) = name.rsplit_once('.').unwrap_or(("", name));
    let within = packages.split('.').any(|part| matches!(part, "tests" | "test" | "testing"));
    within || last.starts_with("test_") || last.ends_with("_test") || matches!(last, "conftest" | "tests")
}

/// Hooks that run while a program starts or stops, by the names frameworks give them.
fn is_startup_name(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    matches!(
        name,
        "lifespan"
            | "startup"
            | "shutdown"
            | "on_startup"
            | "on_shutdown"
            | "on_cleanup"
            | "setup_hook"
            | "app_lifespan"
            | "startup_event"
            | "shutdown_event"
            | "lifespan_context"
    )
}

fn settings_root(infer: &Infer<'_>, def: Def) -> Option<RunsOn> {
    let settings = &infer.world.program.file(def.file).settings;
    if settings.entry_points.is_empty() {
        return None;
    }
    let name = infer.world.qualified_name(def);
    let is = |listed: &str| listed == name || name.strip_suffix(listed).is_some_and(|head| head.ends_with('.'));
    settings.entry_points.iter().find(|e| is(&e.name)).map(|e| e.runs_on)
}

/// The row that says where a framework runs this function, and the name it was found by.
pub(crate) fn framework<'w>(infer: &mut Infer<'w>, def: Def, is_async: bool) -> Option<Found<'w>> {
    let frameworks = Frameworks::of(infer.world, def.file);
    let facts = infer.world.facts(def.file);
    for &decorator in facts.list(facts.scope(def.scope).decorators) {
        let found = frameworks.by_decorator(infer, def.file, used_decorator(facts, decorator), is_async);
        if found.is_some() {
            return found;
        }
    }
    let class = infer.world.class_of(def)?;
    frameworks.by_base(infer, class, facts.name(facts.scope(def.scope).name), is_async)
}
