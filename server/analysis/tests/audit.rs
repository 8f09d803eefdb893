//! What the audit says of bridges, entry points, blocking calls and owners, for small programs.

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::audit::{self, Audit, Behaviour, Closing};
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_analysis::settings::Settings;
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::sync::Arc;

/// Files start with `# file: path`; the first may go without and is `main.py`.
fn audit(source: &str) -> Audit {
    let mut files: Vec<(String, String)> = vec![("main.py".into(), String::new())];
    for line in source.lines() {
        match line.strip_prefix("# file: ") {
            Some(path) => files.push((path.trim().into(), String::new())),
            None => files.last_mut().expect("one at least").1.push_str(&format!("{line}\n")),
        }
    }
    let settings = Arc::new(Settings::default());
    let file = |(path, text): (String, String)| SourceFile {
        path: path.as_str().into(),
        origin: if path.starts_with("deps/") { Origin::Dependency } else { Origin::Project },
        facts: Arc::new(asyncwise_syntax::facts(&text)),
        text: text.into(),
        is_notebook: false,
        settings: settings.clone(),
    };
    let roots = SearchRoots { project: vec![String::new()], dependencies: vec!["deps".into()] };
    let program = Program::new(files.into_iter().map(file).collect(), roots);
    audit::audit(&Analysis::new(Arc::new(program)), &[], &|_| true)
}

/// A line for each bridge: what it does without a loop, and with one.
#[track_caller]
fn bridges(source: &str, expected: Expect) {
    let mut out = String::new();
    for bridge in audit(source).bridges {
        let words = |all: &[Behaviour]| all.iter().map(Behaviour::words).collect::<Vec<_>>().join(", or ");
        let name = bridge.function.short.clone();
        writeln!(out, "{name}\n  without: {}\n  with: {}", words(&bridge.without_loop), words(&bridge.on_loop))
            .unwrap();
    }
    expected.assert_eq(&out);
}

#[test]
fn a_plain_start_raises() {
    bridges(
        "import asyncio\nasync def work(): ...\ndef run():\n    return asyncio.run(work())\n",
        expect![[r#"
            run
              without: runs a loop and waits for it
              with: raises from asyncio.run()
        "#]],
    );
}

#[test]
fn a_refusal_is_told_with_its_text() {
    bridges(
        r#"
import asyncio
async def work(): ...
def run():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    raise RuntimeError("await work() instead")
"#,
        expect![[r#"
            run
              without: runs a loop and waits for it
              with: refuses: "await work() instead"
        "#]],
    );
}

#[test]
fn two_modes() {
    bridges(
        r#"
import asyncio
async def work(): ...
def drops():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    asyncio.create_task(work())
def gives():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    return asyncio.create_task(work())
def leaves_it():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    return work()
"#,
        expect![[r#"
            drops
              without: runs a loop and waits for it
              with: makes a task and drops it
            gives
              without: runs a loop and waits for it
              with: returns a task
            leaves_it
              without: runs a loop and waits for it
              with: returns something to await
        "#]],
    );
}

#[test]
fn loops_in_threads() {
    bridges(
        r#"
import asyncio, threading
from concurrent.futures import ThreadPoolExecutor
async def work(): ...
def by_pool():
    with ThreadPoolExecutor() as pool:
        return pool.submit(asyncio.run, work()).result()
def by_lambda():
    with ThreadPoolExecutor() as pool:
        return pool.submit(lambda: asyncio.run(work())).result()
def by_thread():
    def target():
        asyncio.run(work())
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
def no_wait():
    threading.Thread(target=asyncio.run, args=(work(),)).start()
def both():
    def start():
        return asyncio.run(work())
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return start()
    with ThreadPoolExecutor() as pool:
        return pool.submit(start).result()
"#,
        expect![[r#"
            by_pool
              without: runs a loop in another thread and waits for it
              with: blocks the loop while it waits for another thread
            by_lambda
              without: runs a loop in another thread and waits for it
              with: blocks the loop while it waits for another thread
            by_thread
              without: runs a loop in another thread and waits for it
              with: blocks the loop while it waits for another thread
            no_wait
              without: leaves it to another thread and does not wait
              with: leaves it to another thread and does not wait
            both
              without: runs a loop and waits for it
              with: blocks the loop while it waits for another thread
        "#]],
    );
}

#[test]
fn loops_of_other_threads() {
    bridges(
        r#"
import asyncio
async def work(): ...
def itself():
    return asyncio.run_coroutine_threadsafe(work(), asyncio.get_running_loop()).result()
def other(loop):
    future = asyncio.run_coroutine_threadsafe(work(), loop)
    return future.result(timeout=5)
def hands_over(loop):
    return asyncio.run_coroutine_threadsafe(work(), loop)
"#,
        expect![[r#"
            itself
              without: raises: it needs a running loop
              with: waits for the loop whose thread it holds: a deadlock
            other
              without: waits for a loop in another thread
              with: blocks the loop while it waits for another thread
            hands_over
              without: leaves it to another thread and does not wait
              with: leaves it to another thread and does not wait
        "#]],
    );
}

#[test]
fn starts_of_programs_and_tests_are_no_bridges() {
    let audit = audit(
        r#"
import asyncio
async def work(): ...
def main():
    asyncio.run(work())
if __name__ == "__main__":
    main()
# file: early.py
import asyncio
async def work(): ...
asyncio.run(work())
# file: test_it.py
import asyncio
async def work(): ...
def test_it():
    asyncio.run(work())
"#,
    );
    assert_eq!(audit.bridges, Vec::new());
    let groups = audit.entries.iter().map(|g| format!("{:?}: {}", g.kind, g.entries[0].function.name));
    expect![[r#"
        [
            "Program: main.main",
            "Import: early",
        ]
    "#]]
    .assert_debug_eq(&groups.collect::<Vec<_>>());
}

#[test]
fn blocking_calls_by_what_reaches_them() {
    let audit = audit(
        r#"
import time, functools, requests
def wait():
    time.sleep(1)
async def one():
    wait()
async def two():
    wait()
@functools.cache
def table():
    return requests.get("https://example.org").json()
async def three():
    table()
"#,
    );
    let lines: Vec<_> = audit
        .hot_spots
        .iter()
        .map(|s| format!("{} {} {} from {}", s.coroutines, s.function.short, s.category, s.example.short))
        .collect();
    assert_eq!(lines, ["2 wait sleep from one"]);
}

#[test]
fn owners_and_what_is_seen_of_the_end() {
    let audit = audit(
        r#"
import httpx
from contextlib import AsyncExitStack
class Open:
    def __init__(self):
        self.client = httpx.AsyncClient()
class Closed:
    def __init__(self):
        self.client = httpx.AsyncClient()
    async def aclose(self):
        await self.client.aclose()
class Stacked:
    async def start(self, stack: AsyncExitStack):
        self.client = httpx.AsyncClient()
        await stack.enter_async_context(self.client)
async def block():
    async with httpx.AsyncClient() as client:
        await client.get("/")
def give():
    return httpx.AsyncClient()
async def own():
    closed = Closed()
    forgotten = Closed()
    await closed.aclose()
"#,
    );
    let mut lines = Vec::new();
    for owner in &audit.owners {
        for maker in &owner.makers {
            let end = match maker.closing {
                Closing::Never => "never closed",
                Closing::Sometimes { .. } => "closed on some ways",
                Closing::Unknown => "unknown",
                Closing::HandedToCaller => "to the caller",
                Closing::HandedOn => "on",
                Closing::Closed(_) => "closed",
                Closing::Block(_) => "block",
            };
            lines.push(format!("{}: {} {end}", owner.owner.short, maker.resource));
        }
    }
    expect![[r#"
        [
            "own: Closed closed on some ways",
            "own: Closed never closed",
            "Open: httpx.AsyncClient never closed",
            "Closed: httpx.AsyncClient closed",
            "Stacked: httpx.AsyncClient closed",
            "block: httpx.AsyncClient block",
            "give: httpx.AsyncClient to the caller",
        ]
    "#]]
    .assert_debug_eq(&lines);
}

#[test]
fn the_graph_holds_what_leads_to_a_start() {
    let audit = audit(
        r#"
import asyncio
from lib import start
async def work(): ...
def bridge():
    return asyncio.run(work())
async def caller():
    bridge()
# file: deps/lib.py
def start(): ...
"#,
    );
    let nodes: Vec<_> = audit.graph.nodes.iter().map(|n| (n.short.as_str(), n.is_core)).collect();
    assert_eq!(nodes, [("work", false), ("bridge", true), ("caller", false), ("asyncio.run", true)]);
    let edges: Vec<_> = audit.graph.edges.iter().map(|e| (e.from, e.to)).collect();
    assert_eq!(edges, [(1, 0), (1, 3), (2, 1)]);
    assert_eq!(audit.dependencies.values().collect::<Vec<_>>(), ["lib.py"]);
}
