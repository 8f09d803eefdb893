//! The tables are well-formed, agree with each other and with the standard library of the machine's Python.

mod generated;

use super::*;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

fn known() -> &'static Knowledge {
    Knowledge::shipped()
}

fn dotted(name: &str) -> bool {
    let part = |p: &str| {
        p == "*"
            || (p.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && p.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    name.contains('.') && name.split('.').all(part) && name.find('*').is_none_or(|star| star == name.len() - 1)
}

fn owner(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(owner, _)| owner)
}

fn owned(name: &str) -> bool {
    known().is_class(owner(name)) || known().is_object(owner(name))
}

/// Every name of the tables that stands for a callable, with the table it is in.
fn names() -> Vec<(&'static str, &'static str)> {
    fn of<T: Named>(
        table: &'static Table<T>,
        label: &'static str,
    ) -> impl Iterator<Item = (&'static str, &'static str)> {
        table.rows.iter().flat_map(|row| row.names()).map(move |name| (name.as_str(), label))
    }
    let k = known();
    let mut all: Vec<_> = of(&k.blocking, "blocking").chain(of(&k.starters, "starters")).collect();
    all.extend(of(&k.patches, "patches").chain(of(&k.probes, "probes")).chain(of(&k.offload, "offload")));
    all.extend(of(&k.callbacks, "callbacks").chain(of(&k.awaitables, "awaitables")));
    all.extend(of(&k.decorators, "decorators").chain(of(&k.resources, "resources")));
    all.extend(k.coroutines.names.iter().map(|name| (name.as_str(), "coroutines")));
    all.extend(k.classes.keys().map(|name| (name.as_str(), "classes")));
    for context in k.contexts().rows() {
        let arguments = context.arguments.iter().map(|a| &a.call);
        let parts = context.decorators.iter().chain(&context.bases).chain(arguments);
        // A `*` makes a pattern of a name.
        all.extend(parts.filter(|name| !name.contains('*')).map(|name| (name.as_str(), "contexts")));
    }
    all.extend(k.returns.iter().flat_map(|(name, rows)| {
        std::iter::once((name.as_str(), "returns")).chain(rows.iter().map(|r| (r.result.as_str(), "returns")))
    }));
    all
}

/// Panics with all complaints at once.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn names_are_dotted_and_canonical() {
    let wrong = names().into_iter().filter(|(name, _)| !dotted(name) || known().canonical(name) != *name);
    none(wrong.map(|(name, table)| format!("{table}: {name} -> {}", known().canonical(name))).collect());
}

#[test]
fn no_table_says_two_things_about_a_name() {
    fn twice<T: Named>(table: &Table<T>, label: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let all = table.rows.iter().flat_map(|row| row.names());
        all.filter(|name| !seen.insert(name.as_str())).map(|name| format!("{label}: {name}")).collect()
    }
    let k = known();
    let mut wrong = twice(&k.blocking, "blocking");
    wrong.extend(twice(&k.starters, "starters"));
    wrong.extend(twice(&k.probes, "probes"));
    wrong.extend(twice(&k.offload, "offload"));
    wrong.extend(twice(&k.callbacks, "callbacks"));
    wrong.extend(twice(&k.awaitables, "awaitables"));
    wrong.extend(twice(&k.decorators, "decorators"));
    wrong.extend(twice(&k.resources, "resources"));
    for (name, rows) in &k.returns {
        let mut seen = BTreeSet::new();
        if rows.iter().any(|r| !seen.insert((r.awaited, r.entered, r.attribute))) {
            wrong.push(format!("returns: {name}"));
        }
    }
    none(wrong);
}

#[test]
fn methods_belong_to_classes() {
    let capital =
        |name: &str| owner(name).rsplit('.').next().is_some_and(|o| o.starts_with(|c: char| c.is_ascii_uppercase()));
    // Modules and functions with a capital letter.
    let modules = ["PIL.Image", "MySQLdb"];
    let mut wrong: Vec<_> = names().into_iter().filter(|(name, _)| capital(name) && !owned(name)).collect();
    wrong.retain(|(name, _)| !modules.contains(&owner(name)));
    let methods = |kind: Kind, name: &SmolStr| kind == Kind::Method && !owned(name);
    let k = known();
    let blocking = k.blocking.rows.iter().flat_map(|r| r.names.iter().filter(|n| methods(r.kind, n)));
    let starters = k.starters.rows.iter().flat_map(|r| r.names.iter().filter(|n| methods(r.kind, n)));
    let others = k.offload.rows.iter().flat_map(|r| r.names.iter().filter(|n| methods(r.kind, n)));
    let callbacks = k.callbacks.rows.iter().flat_map(|r| r.names.iter().filter(|n| methods(r.kind, n)));
    wrong.extend(blocking.chain(starters).chain(others).chain(callbacks).map(|n| (n.as_str(), "method")));
    none(wrong.into_iter().map(|(name, table)| format!("{table}: {name}")).collect());
}

#[test]
fn constructors_and_results_are_classes() {
    let k = known();
    let made = k.blocking.rows.iter().filter(|r| r.kind == Kind::Constructor).flat_map(|r| &r.names);
    let offload = k.offload.rows.iter().filter(|r| r.kind == Kind::Constructor).flat_map(|r| &r.names);
    let results = k.returns.values().flatten().map(|r| &r.result);
    let bases = k.classes.values().flat_map(|c| &c.bases).chain(k.contexts().rows().iter().flat_map(|c| &c.bases));
    let all: BTreeSet<_> = made.chain(offload).chain(results).chain(bases).filter(|n| !n.contains('*')).collect();
    none(all.into_iter().filter(|n| !k.is_class(n) && !k.is_object(n)).map(|n| n.to_string()).collect());
}

#[test]
fn classes_do_not_inherit_from_themselves() {
    fn climbs(class: &str, from: &str, depth: usize) -> bool {
        known().bases(class).iter().any(|b| b == from || depth > 20 || climbs(b, from, depth + 1))
    }
    none(known().classes.keys().filter(|c| climbs(c, c, 0)).map(|c| c.to_string()).collect());
}

#[test]
fn blocking_rows_are_complete() {
    let mut wrong = Vec::new();
    for row in &known().blocking.rows {
        let name = &row.names[0];
        let some = !row.asyncio.is_empty() || !row.anyio.is_empty() || !row.trio.is_empty() || row.advice.is_some();
        if row.fix == Mend::Replace && !some {
            wrong.push(format!("{name}: replace with what?"));
        }
        for condition in row.unless.iter().chain(&row.when) {
            let set = [condition.is.is_some(), condition.mentions.is_some(), condition.given.is_some()];
            if set.iter().filter(|s| **s).count() != 1 {
                wrong.push(format!("{name}: {condition:?}"));
            }
        }
        let wildcard = row.names.iter().any(|n| n.ends_with(".*"));
        if !wildcard && (row.except_capitalised || !row.except.is_empty()) || row.verified.is_empty() {
            wrong.push(format!("{name}: except without `.*`, or not verified"));
        }
        for name in &row.names {
            for library in [Library::Asyncio, Library::Anyio, Library::Trio] {
                let bad =
                    |r: &SmolStr| !dotted(r) || r.contains('*') || (r == name && row.advice.is_none()) || blocks(r);
                wrong.extend(row.replacements(name, library).into_iter().filter(bad).map(|r| format!("{name} -> {r}")));
            }
        }
    }
    none(wrong);
}

/// Whether a proposed replacement blocks itself.
fn blocks(name: &str) -> bool {
    known().blocking(name).is_some_and(|row| row.kind != Kind::Constructor && row.advice.is_none())
}

#[test]
fn blocking_callables_are_neither_coroutines_nor_raising_starters() {
    let names = known().blocking.rows.iter().flat_map(|r| &r.names);
    let raises = |n: &SmolStr| known().starter(n).is_some_and(|s| s.in_running_loop != InRunningLoop::Blocks);
    let wrong = names.filter(|n| known().coroutine(n) || known().awaitable(n).is_some() || raises(n));
    none(wrong.map(|n| n.to_string()).collect());
}

#[test]
fn coroutines_are_not_listed_as_plain_awaitables() {
    let wrong =
        known().coroutines.names.iter().filter(|n| {
            known().awaitables.get(n).is_some() || known().starter(n).is_some() || known().probe(n).is_some()
        });
    none(wrong.map(|n| n.to_string()).collect());
}

#[test]
fn every_starter_says_what_to_do_instead() {
    let mut wrong = Vec::new();
    for row in &known().starters.rows {
        let name = &row.names[0];
        match (&row.await_instead, &row.advice) {
            (None, None) => wrong.push(format!("{name}: nothing")),
            (Some(template), _) => {
                let takes = template.contains("{0}");
                if !template.starts_with("await ") || takes != (row.argument != StarterArgument::None) {
                    wrong.push(format!("{name}: {template}"));
                }
                let mut rest = template.to_string();
                ["{0}", "{rest}", "{args}", "{receiver}", "{callee}"].iter().for_each(|p| rest = rest.replace(p, ""));
                if rest.contains(['{', '}']) || (template.contains("{receiver}") && row.kind != Kind::Method) {
                    wrong.push(format!("{name}: {template}"));
                }
            }
            _ => {}
        }
        if row.in_running_loop == InRunningLoop::Blocks && row.legal_in.is_empty() {
            wrong.push(format!("{name}: blocks a loop, legal where?"));
        }
    }
    none(wrong);
}

#[test]
fn probes_that_raise_say_what() {
    let wrong = known().probes.rows.iter().filter(|p| (p.answers == Answers::Raises) == p.raises.is_empty());
    none(wrong.map(|p| p.names[0].to_string()).collect());
}

#[test]
fn contexts_match_by_one_thing() {
    let mut wrong = Vec::new();
    for row in known().contexts().rows() {
        let by = [!row.decorators.is_empty(), !row.bases.is_empty(), !row.arguments.is_empty()];
        if by.iter().filter(|b| **b).count() != 1 || row.bases.is_empty() != row.methods.is_empty() {
            wrong.push(format!("{row:?}"));
        }
        wrong.extend(
            row.arguments.iter().filter(|a| a.position.is_none() && a.keyword.is_none()).map(|a| format!("{a:?}")),
        );
        if row.runs_on == ContextRuns::Never && row.function != FunctionKind::Async {
            wrong.push(format!("only an async function can be dropped: {row:?}"));
        }
    }
    none(wrong);
}

#[test]
fn every_decorator_of_a_context_is_described() {
    let decorators = known().contexts().rows().iter().flat_map(|c| &c.decorators).collect::<BTreeSet<_>>();
    none(decorators.into_iter().filter(|d| known().decorator(d).is_none()).map(|d| d.to_string()).collect());
}

#[test]
fn every_resource_can_be_closed() {
    let mut wrong = Vec::new();
    for row in &known().resources.rows {
        let closed = !row.closers.is_empty() || row.released_by.is_some();
        let managed = row.async_with.is_some() || row.with;
        if closed == row.context_manager_only || (row.context_manager_only && !managed) {
            wrong.push(row.names[0].to_string());
        }
    }
    none(wrong);
}

#[test]
fn the_late_tables_are_well_formed() {
    let version = |v: &SmolStr| v.split_once('.').is_some_and(|(a, b)| a == "3" && b.parse::<u8>().is_ok());
    let k = known();
    let stamps = k.deprecations().iter().flat_map(|d| d.deprecated.iter().chain(&d.removed));
    let wrong = stamps.chain(k.versions().iter().map(|v| &v.added)).filter(|v| !version(v));
    none(wrong.map(|v| v.to_string()).collect());
    assert!(k.messages().iter().all(|m| ["high", "medium", "low"].contains(&m.confidence.as_str())));
    assert_eq!(k.added_in("asyncio.TaskGroup"), Some((3, 11)));
}

#[test]
fn aliases_lead_to_names_that_are_used() {
    let used: BTreeSet<&str> = names().into_iter().map(|(name, _)| name).collect();
    let below =
        |target: &str| used.iter().any(|u| u.strip_prefix(target).is_some_and(|r| r.is_empty() || r.starts_with('.')));
    let wrong = known().aliases.iter().filter(|(path, name)| used.contains(path.as_str()) || !below(name));
    none(wrong.map(|(path, name)| format!("{path} -> {name}")).collect());
}

#[test]
fn lookups_follow_aliases_bases_and_wildcards() {
    let k = known();
    assert_eq!(k.canonical("requests.sessions.Session.get"), "requests.Session.get");
    assert_eq!(k.canonical("asyncio.runners.run"), "asyncio.run");
    assert_eq!(k.canonical("fastapi.concurrency.run_in_threadpool"), "starlette.concurrency.run_in_threadpool");
    assert_eq!(k.canonical("posixpath.exists"), "os.path.exists");
    assert_eq!(k.canonical("my.own.name"), "my.own.name");
    let starts = k.method("uvloop.Loop", "run_until_complete", |full| k.starter(full));
    assert_eq!(starts.map(|s| s.in_running_loop), Some(InRunningLoop::Raises));
    let joins = k.method("pathlib.PosixPath", "read_text", |full| k.blocking(full));
    assert_eq!(joins.map(|b| b.category), Some(Category::File));
    let handler = k.method("fastapi.FastAPI", "exception_handler", |full| k.contexts().by_decorator(full).next());
    assert!(handler.is_some());
    assert!(k.blocking("botocore.client.BaseClient.put_object").is_some());
    assert!(k.blocking("botocore.client.BaseClient.get_paginator").is_none());
    assert!(k.blocking("boto3.resources.base.ServiceResource.Bucket").is_none());
    let queues = |method| k.method("redis.client.Pipeline", method, |full| k.blocking(full)).is_none();
    assert!(queues("get") && !queues("execute"));
    assert!(k.coroutine("httpx.AsyncClient.get") && !k.coroutine("httpx.Response.json"));
    assert!(k.awaitable("redis.asyncio.Redis.get").is_some() && k.awaitable("redis.asyncio.Redis.pipeline").is_none());
    assert_eq!(k.returns("asyncio.get_event_loop").map(|r| r.result.as_str()), Some("asyncio.AbstractEventLoop"));
    assert_eq!(
        k.awaited_returns("aiohttp.ClientSession.get").map(|r| r.result.as_str()),
        Some("aiohttp.ClientResponse")
    );
    assert_eq!(k.attribute("openai.OpenAI.chat").map(|r| r.result.as_str()), Some("openai.resources.chat.Chat"));
    assert_eq!(k.contexts().by_argument("fastapi.Depends").count(), 2);
    assert!(k.is_object("sys.stdin") && k.is_class("socket.socket") && !k.is_class("requests.get"));
    assert!(k.is_subclass("unittest.IsolatedAsyncioTestCase", "unittest.TestCase"));
    let exists = k.blocking("pathlib.Path.exists").expect("a row");
    assert_eq!(exists.replacements("pathlib.Path.exists", Library::Anyio), ["anyio.Path.exists"]);
}

/// Resolves names given on standard input, one a line, and prints those of the standard library that are not there.
const RESOLVE: &str = r#"
import importlib, inspect, sys, warnings
warnings.simplefilter("ignore")
GONE = {"asyncore", "telnetlib", "nntplib"}
def missing(name):
    parts = name.split(".")
    if parts[0] not in sys.stdlib_module_names or parts[0] in GONE: return False
    for i in range(len(parts), 0, -1):
        try: thing = importlib.import_module(".".join(parts[:i]))
        except ImportError: continue
        rest = parts[i:]
        break
    else: return True
    for part in rest:
        if part == "*": return False
        if not hasattr(thing, part):
            return inspect.isclass(thing) or inspect.ismodule(thing)
        thing = getattr(thing, part)
    return False
for line in sys.stdin:
    if missing(line.strip()): print(line.strip())
"#;

#[test]
fn names_of_the_standard_library_exist() {
    // Newer or older than some supported Python, other systems, and attributes that only instances have.
    let elsewhere = [
        "asyncio.ProactorEventLoop",
        "os.posix_spawn",
        "os.splice",
        "os.lockf",
        "pathlib.Path.walk",
        "pathlib.Path.copy",
        "pathlib.Path.copy_into",
        "pathlib.Path.move",
        "pathlib.Path.move_into",
        "pathlib.Path.is_junction",
        "pathlib.Path.lchmod",
        "typing.override",
        "warnings.deprecated",
        "typing.type_check_only",
        "threading.Condition.acquire",
        "asyncio.subprocess.Process.",
        "subprocess.Popen.std",
        "asyncio.Condition.acquire",
        "pathlib.Path.with_segments",
        "enum.nonmember",
        "typing.dataclass_transform",
        "asyncio.Runner",
        "asyncio.TaskGroup",
        "asyncio.Barrier",
        "importlib.resources.",
        "hashlib.file_digest",
        "tomllib.",
        "asyncio.DefaultEventLoopPolicy",
        "wsgiref.",
        "select.epoll",
    ];
    let names: BTreeSet<&str> = names().into_iter().map(|(name, _)| name).collect();
    let python = Command::new("python3").args(["-c", RESOLVE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = python else {
        let message = b"no python3 here: the names of the standard library were not compared\n";
        return std::io::stderr().write_all(message).expect("stderr");
    };
    let list: Vec<&str> = names.into_iter().collect();
    python.stdin.take().expect("piped").write_all(list.join("\n").as_bytes()).expect("python reads");
    let output = python.wait_with_output().expect("python ends");
    let output = String::from_utf8(output.stdout).expect("names");
    none(output.lines().filter(|n| !elsewhere.iter().any(|e| n.starts_with(e))).map(str::to_owned).collect());
}

#[test]
fn what_rows_speak_of_is_known_and_modules_are_not() {
    let knowledge = Knowledge::shipped();
    for name in ["requests.get", "requests.Session", "requests.sessions.Session", "fastapi.FastAPI", "pytest.raises"] {
        assert!(knowledge.knows(name), "{name}");
    }
    for name in ["requests", "sqlalchemy.orm", "fastapi.routing", "fastapi.nothing", "requests.sessions", "vendor.get"]
    {
        assert!(!knowledge.knows(name), "{name}");
    }
}
