//! Where functions run and what they do, told for small programs: names, types, calls and both fixpoints.

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::graph::{CATEGORIES, Effect};
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_analysis::settings::{RunsOn, Settings};
use asyncwise_analysis::types::Def;
use asyncwise_syntax::facts::{ScopeKind, SuppressionKind};
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::sync::Arc;

/// Files start with `# file: path`; the first may go without and is `main.py`.
fn program(source: &str) -> Program {
    let mut files: Vec<(String, String)> = vec![("main.py".into(), String::new())];
    for line in source.lines() {
        match line.strip_prefix("# file: ") {
            Some(path) => files.push((path.trim().into(), String::new())),
            None => {
                let text = &mut files.last_mut().expect("one at least").1;
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files.retain(|(path, text)| !text.trim().is_empty() || path != "main.py");
    let settings = Arc::new(Settings::default());
    let files = files
        .into_iter()
        .map(|(path, text)| SourceFile {
            path: path.into(),
            origin: Origin::Project,
            facts: Arc::new(asyncwise_syntax::lower::facts(&text)),
            text: text.into(),
            is_notebook: false,
            settings: settings.clone(),
        })
        .collect();
    Program::new(files, SearchRoots { project: vec!["src".into(), String::new()], dependencies: vec![] })
}

/// One line for each function that has something to tell.
fn describe(source: &str) -> String {
    let program = program(source);
    let analysis = Analysis::new(std::sync::Arc::new(program.clone()));
    let mut out = String::new();
    for file in program.ids() {
        let facts = program.facts(file);
        assert!(facts.suppressions.iter().all(|s| s.kind != SuppressionKind::File));
        for (scope, s) in facts.scopes() {
            if matches!(s.kind, ScopeKind::Function { .. } | ScopeKind::Lambda | ScopeKind::Module) {
                function(&analysis, file, Def { file, scope }, &mut out);
            }
        }
    }
    out
}

fn function(analysis: &Analysis, file: FileId, def: Def, out: &mut String) {
    let graph = &analysis.graph;
    let mut says = Vec::new();
    for root in graph.roots_of(def) {
        says.push(match root.on {
            RunsOn::Loop => "enters on loop".to_owned(),
            RunsOn::Worker => "enters in worker".to_owned(),
            RunsOn::NoLoop => "enters without loop".to_owned(),
        });
    }
    if let Some(at) = graph.on_loop_from(def) {
        says.push(format!("on loop from {}", analysis.short_name(graph.owner(at))));
    }
    if let Some(at) = graph.in_worker_from(def) {
        says.push(format!("in worker from {}", analysis.short_name(graph.owner(at))));
    }
    let effects = [Effect::StartsLoop, Effect::RefusesLoop].into_iter();
    for effect in effects.chain((0..CATEGORIES.len() as u8).map(Effect::Blocks)) {
        if let Some(witness) = graph.witness(def, effect) {
            let chain: Vec<String> = graph.chain(witness, effect).iter().map(|at| analysis.site_text(*at)).collect();
            let confidence = format!("{:?}", witness.confidence).to_lowercase();
            let name = match effect {
                Effect::StartsLoop => "starts loop",
                Effect::RefusesLoop => "refuses loop",
                Effect::Blocks(i) => CATEGORIES[i as usize],
            };
            says.push(format!("{name} ({confidence}): {}", chain.join(" > ")));
        }
    }
    if !says.is_empty() {
        let _ = writeln!(out, "{}: {}", analysis.world.qualified_name(def), says.join("; "));
    }
    let _ = file;
}

fn check(source: &str, expected: Expect) {
    expected.assert_eq(&describe(source));
}

#[test]
fn chain_through_function_local_imports() {
    check(
        "
async def handler():
    from service import load
    load()
# file: service.py
def load():
    from deep.store import read
    return read()
# file: deep/__init__.py
# file: deep/store.py
import requests
def read():
    return requests.get('http://x')
",
        expect![[r#"
            deep.store.read: on loop from load; http (certain): requests.get()
            main.handler: enters on loop
            service.load: on loop from handler; http (certain): read() > requests.get()
        "#]],
    );
}

#[test]
fn methods_through_attributes_annotations_and_returns() {
    check(
        "
import asyncio
from clients import Client, make

class Service:
    def __init__(self, given: Client, other: 'Client | None' = None):
        self.own = Client()
        self.given = given
        self.other = other

    def by_own(self):
        return self.own.fetch()

    def by_given(self):
        return self.given.fetch()

    def by_quoted(self):
        return self.other.fetch()

    def by_factory(self):
        return make().fetch()

    def by_with(self):
        with Client() as c:
            return c.fetch()

    def by_element(self, all: list[Client]):
        for c in all:
            c.fetch()
        return [c.fetch() for c in all]
# file: clients.py
import requests

class Base:
    def __enter__(self):
        return self
    def __exit__(self, *args):
        pass
    def fetch(self):
        return requests.get('http://x')

class Client(Base):
    pass

def make() -> Client:
    return Client()
",
        expect![[r#"
            clients.Base.fetch: http (certain): requests.get()
            main.Service.by_own: http (certain): self.own.fetch() > requests.get()
            main.Service.by_given: http (certain): self.given.fetch() > requests.get()
            main.Service.by_quoted: http (certain): self.other.fetch() > requests.get()
            main.Service.by_factory: http (certain): fetch() > requests.get()
            main.Service.by_with: http (certain): c.fetch() > requests.get()
            main.Service.by_element: http (likely): c.fetch() > requests.get()
        "#]],
    );
}

#[test]
fn the_order_of_bases_is_c3() {
    check(
        "
import time
class A:
    def f(self): time.sleep(1)
class B(A): pass
class C(A):
    def f(self): pass
class D(B, C): pass
def run():
    D().f()
",
        expect![[r#"
            main.A.f: sleep (certain): time.sleep()
        "#]],
    );
}

#[test]
fn only_the_work_argument_leaves_the_loop() {
    check(
        "
import asyncio, time
def work(): time.sleep(1)
def args(): time.sleep(2)
async def main():
    await asyncio.to_thread(work, args())
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, lambda: work())
    loop.call_soon(args)
",
        expect![[r#"
            main.work: enters in worker; sleep (certain): time.sleep()
            main.args: enters on loop; sleep (certain): time.sleep()
            main.main: enters on loop
            main.main.<lambda>: enters in worker; sleep (certain): work() > time.sleep()
        "#]],
    );
}

#[test]
fn probes_guard_and_flags_remember() {
    check(
        "
import asyncio
async def work(): pass
def guarded():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    return asyncio.ensure_future(work())
def flagged():
    try:
        asyncio.get_running_loop()
        running = True
    except RuntimeError:
        running = False
    if not running:
        asyncio.run(work())
def helper():
    try:
        asyncio.get_running_loop()
        return True
    except RuntimeError:
        return False
def asks():
    if helper():
        raise RuntimeError('use await')
    asyncio.run(work())
def plain():
    asyncio.run(work())
async def main():
    guarded(); flagged(); asks(); plain()
",
        expect![[r#"
            main.work: enters on loop
            main.guarded: on loop from main
            main.flagged: on loop from main
            main.helper: on loop from asks
            main.asks: on loop from main; refuses loop (certain): RuntimeError()
            main.plain: starts loop (certain): asyncio.run()
            main.main: enters on loop
        "#]],
    );
}

#[test]
fn decorators_keep_wrap_and_hand_over() {
    check(
        "
import asyncio, functools, time
from asgiref.sync import sync_to_async, async_to_sync
def timed(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper
def threaded(f):
    @functools.wraps(f)
    async def wrapper(*args):
        return await asyncio.to_thread(f, *args)
    return wrapper
def synced(f):
    def wrapper(*args):
        return asyncio.run(f(*args))
    return wrapper
def registered(f):
    ALL.append(f)
    return f
@timed
def a(): time.sleep(1)
@threaded
def b(): time.sleep(1)
@synced
async def c(): pass
@registered
def d(): time.sleep(1)
@sync_to_async
def e(): time.sleep(1)
@async_to_sync
async def f(): pass
def call_a(): a()
def call_b(): b()
def call_c(): c()
def call_d(): d()
def call_e(): e()
def call_f(): f()
",
        expect![[r#"
            main.a: sleep (certain): time.sleep()
            main.b: sleep (certain): time.sleep()
            main.c: enters on loop
            main.d: sleep (certain): time.sleep()
            main.e: enters in worker; sleep (certain): time.sleep()
            main.f: enters on loop
            main.call_a: sleep (certain): a() > time.sleep()
            main.call_c: starts loop (certain): c() > asyncio.run()
            main.call_d: sleep (certain): d() > time.sleep()
            main.call_f: starts loop (certain): f()
            main.threaded.wrapper: enters on loop
            main.synced.wrapper: starts loop (certain): asyncio.run()
        "#]],
    );
}

#[test]
fn generators_run_where_they_are_consumed() {
    check(
        "
import time, contextlib
def lazy():
    time.sleep(1)
    yield 1
@contextlib.contextmanager
def entered():
    time.sleep(1)
    yield
def makes(): return lazy()
def runs():
    for _ in lazy(): pass
def lists(): return list(lazy())
def enters():
    with entered(): pass
",
        expect![[r#"
            main.lazy: sleep (certain): time.sleep()
            main.entered: sleep (certain): time.sleep()
            main.runs: sleep (certain): lazy() > time.sleep()
            main.lists: sleep (certain): lazy() > time.sleep()
            main.enters: sleep (certain): entered() > time.sleep()
        "#]],
    );
}

#[test]
fn properties_constructors_calls_and_partials_run_code() {
    check(
        "
import time, functools
class P:
    def __init__(self): time.sleep(1)
    @property
    def value(self): time.sleep(2)
    def __call__(self): time.sleep(3)
    def __enter__(self): time.sleep(4)
    def __exit__(self, *a): pass
def constructs(): P()
def reads(p: P): return p.value
def stores(p: P): p.value = 1
def calls(p: P): p()
def enters(p: P):
    with p: pass
def base(): time.sleep(5)
later = functools.partial(base)
def partials(): later()
",
        expect![[r#"
            main.P.__init__: sleep (certain): time.sleep()
            main.P.value: sleep (certain): time.sleep()
            main.P.__call__: sleep (certain): time.sleep()
            main.P.__enter__: sleep (certain): time.sleep()
            main.constructs: sleep (certain): P() > time.sleep()
            main.reads: sleep (certain): p.value > time.sleep()
            main.calls: sleep (certain): p() > time.sleep()
            main.enters: sleep (certain): P.__enter__ > time.sleep()
            main.base: sleep (certain): time.sleep()
            main.partials: sleep (certain): later() > time.sleep()
        "#]],
    );
}

#[test]
fn names_resolve_through_scopes_stars_and_reexports() {
    check(
        "
from pkg import *
from pkg import shown as other
import pkg.inner as inner
def a(): shown()
def b(): other()
def c(): inner.deep()
def d(): hidden()
def e(deep): deep()
def f():
    def shown(): pass
    shown()
# file: pkg/__init__.py
from .inner import deep as shown, hidden
__all__ = ['shown']
# file: pkg/inner.py
import time
def deep(): time.sleep(1)
def hidden(): time.sleep(1)
",
        expect![[r#"
            main.a: sleep (certain): shown() > time.sleep()
            main.b: sleep (certain): other() > time.sleep()
            main.c: sleep (certain): inner.deep() > time.sleep()
            pkg.inner.deep: sleep (certain): time.sleep()
            pkg.inner.hidden: sleep (certain): time.sleep()
        "#]],
    );
}

#[test]
fn src_layouts_namespaces_and_conditional_imports() {
    check(
        "
# file: src/app/main.py
from typing import TYPE_CHECKING
try:
    from app.fast import work
except ImportError:
    from app.slow import work
if TYPE_CHECKING:
    from app.slow import Tool
import space.part
def a(): work()
def b(tool: 'Tool'): tool.use()
def c(): space.part.go()
# file: src/app/__init__.py
# file: src/app/slow.py
import time
def work(): time.sleep(1)
class Tool:
    def use(self): time.sleep(1)
# file: src/space/part.py
import time
def go(): time.sleep(1)
",
        expect![[r#"
            app.main.a: sleep (likely): work() > time.sleep()
            app.main.b: sleep (certain): tool.use() > time.sleep()
            app.main.c: sleep (certain): space.part.go() > time.sleep()
            app.slow.work: sleep (certain): time.sleep()
            app.slow.Tool.use: sleep (certain): time.sleep()
            space.part.go: sleep (certain): time.sleep()
        "#]],
    );
}

#[test]
fn frameworks_say_where_functions_run() {
    check(
        "
from fastapi import FastAPI, Depends, APIRouter
import time
app = FastAPI()
router = APIRouter()
def dependency(): time.sleep(1)
@app.get('/')
def plain(d=Depends(dependency)): time.sleep(1)
@router.post('/x')
async def handler(): helper()
def helper(): time.sleep(1)
",
        expect![[r#"
            main.dependency: enters in worker; sleep (certain): time.sleep()
            main.plain: enters in worker; sleep (certain): time.sleep()
            main.handler: enters on loop
            main.helper: on loop from handler; sleep (certain): time.sleep()
        "#]],
    );
}
