//! What hovers say.

mod support;

use asyncwise_ide::hover::hover;
use expect_test::{Expect, expect};
use support::fixture;

/// The hover at `$0`, with `>` before its span's text.
fn check(source: &str, expected: Expect) {
    let fixture = fixture(source);
    let text = fixture.analysed(|analysis, findings| {
        let found = hover(analysis, findings, fixture.file, fixture.range.start)?;
        let code = &fixture.program.file(fixture.file).text[found.span.range()];
        let text = found.markup.to_markdown(&|_| None);
        // The rule's page is the same for all findings of a rule: one test shows it.
        let text = text.split_once("\n\n---\n\n**").map_or(text.as_str(), |(before, _)| before);
        Some(format!("> {code}\n{text}\n"))
    });
    expected.assert_eq(&text.unwrap_or_else(|| "nothing\n".to_owned()));
}

#[test]
fn a_function_says_where_it_runs_and_what_it_does() {
    check(
        r#"
import requests
from helpers import load

async def lifespan(app):
    load()
# file: helpers.py
import requests
import asyncio

def $0load():
    return fetch()

def fetch():
    return requests.get("https://example.org")
"#,
        expect![[r#"
            > load
            - runs on the event loop: called from `lifespan` main.py:5
            - blocks: `requests.get` through `fetch`
        "#]],
    );
    check(
        r#"
import asyncio

async def main():
    outer()

def outer():
    inner()

def inner():
    start()

def start():
    asyncio.run(main())

def other():
    $0start()
"#,
        expect![[r#"
            > start
            - runs on the event loop: called from `main` main.py:4 through `outer` → `inner`
            - starts an event loop: `asyncio.run` main.py:13
        "#]],
    );
}

#[test]
fn a_coroutine_function_does_nothing_until_awaited() {
    check(
        "async def $0f(): ...\n",
        expect![[r#"
        > f
        - coroutine function: nothing runs until it is awaited
    "#]],
    );
    check(
        "async def $0f():\n    yield 1\n",
        expect![[r#"
        > f
        - async generator: runs while it is iterated over with `async for`
    "#]],
    );
    check(
        "async def f(): ...\n\ndef g():\n    $0x = f()\n    return x\n",
        expect![[r#"
        > x
        - a coroutine: nothing runs until it is awaited
    "#]],
    );
}

#[test]
fn a_function_that_is_handed_over_runs_in_a_worker_thread() {
    check(
        r#"
import asyncio, time

def $0work():
    deeper()

def deeper():
    time.sleep(1)

async def main():
    await asyncio.to_thread(work)
"#,
        expect![[r#"
            > work
            - runs in a worker thread: handed over by `asyncio.to_thread()` main.py:10
            - blocks: `time.sleep` through `deeper`
        "#]],
    );
    check(
        r#"
import asyncio, time

def work():
    $0deeper()

def deeper():
    time.sleep(1)

async def main():
    asyncio.get_running_loop().call_soon(work)
"#,
        expect![[r#"
            > deeper()
            deeper() blocks the event loop: it calls time.sleep() (`blocking-call`)

            1. main.py:10 work is handed to the event loop by call\_soon()
            2. main.py:7 deeper calls time.sleep(), which blocks the thread

            ---

            - runs on the event loop: called from `work` main.py:4
            - blocks: `time.sleep` main.py:7
        "#]],
    );
}

#[test]
fn a_framework_says_where_it_runs_a_function() {
    check(
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n@app.get('/')\ndef $0endpoint(): ...\n",
        expect![[r#"
        > endpoint
        - runs in a worker thread: run by `fastapi.FastAPI.get`
    "#]],
    );
    check(
        "import asyncio\n\ndef f(): ...\n# file: a.ipynb\nfrom main import f\n\n$0f()\n",
        expect![[r#"
        > f
        - runs on the event loop: called from `a` a.ipynb
    "#]],
    );
}

#[test]
fn an_uncertain_effect_is_told_as_such() {
    check(
        "import time\n\nclass A:\n    def refresh_configuration(self):\n        time.sleep(1)\n\ndef $0f(a):\n    a.refresh_configuration()\n",
        expect![[r#"
            > f
            - runs where no event loop is known
            - may block: `time.sleep` through `A.refresh_configuration`
        "#]],
    );
}

#[test]
fn a_function_nobody_calls_runs_where_no_loop_is_known() {
    check(
        "def $0f(): ...\n",
        expect![[r#"
        > f
        - runs where no event loop is known
    "#]],
    );
}

#[test]
fn a_property_and_an_import_are_functions_too() {
    check(
        r#"
import time

class Settings:
    @property
    def token(self):
        time.sleep(1)

async def main(settings: Settings):
    print(settings.tok$0en)
"#,
        expect![[r#"
            > settings.token
            settings.token blocks the event loop: it calls time.sleep() (`blocking-call`)

            1. main.py:6 Settings.token calls time.sleep(), which blocks the thread

            ---

            - runs on the event loop: called from `main` main.py:9
            - blocks: `time.sleep` main.py:6
        "#]],
    );
    check(
        "from helpers import $0load\n# file: helpers.py\ndef load(): ...\n",
        expect![[r#"
        > load
        - runs where no event loop is known
    "#]],
    );
}

#[test]
fn a_finding_tells_its_message_its_chain_and_its_rule() {
    check(
        r#"
import asyncio

async def fetch(): ...

def fetch_sync():
    return asyncio.run(fetch())

async def handler():
    return fetch_$0sync()
"#,
        expect![[r#"
            > fetch_sync()
            fetch\_sync() calls asyncio.run(), which raises here: an event loop is already running (`nested-event-loop`)

            1. main.py:6 fetch\_sync calls asyncio.run(), which starts an event loop

            ---

            - runs on the event loop: called from `handler` main.py:9
            - starts an event loop: `asyncio.run` main.py:6
        "#]],
    );
}

#[test]
fn outside_functions_say_what_the_tables_know() {
    for (name, expected) in [
        (
            "asyncio.run",
            expect![[r#"
            > run
            `asyncio.run`

            - starts an event loop, or waits for one
            - on a running event loop it raises `RuntimeError: asyncio.run() cannot be called from a running event loop`
            - in a coroutine instead: `await x`
            - The coroutine passed in is dropped, so 'coroutine ... was never awaited' follows.
        "#]],
        ),
        (
            "asyncio.get_event_loop().run_until_complete",
            expect![[r#"
            > run_until_complete
            `run_until_complete`

            - starts an event loop, or waits for one
            - on a running event loop it raises `RuntimeError: This event loop is already running`
            - in a coroutine instead: `await x`
            - Another loop's says 'Cannot run the event loop while another loop is running'. Also takes a future or task.
        "#]],
        ),
        (
            "time.sleep",
            expect![[r#"
            > sleep
            `time.sleep`

            - blocks the thread, and with it a running event loop: it sleeps
            - in a coroutine use `asyncio.sleep`
            - The replacement must be awaited; replacing only the callee creates a never-awaited coroutine.
        "#]],
        ),
        (
            "requests.get",
            expect![[r#"
            > get
            `requests.get`

            - blocks the thread, and with it a running event loop: it waits for an HTTP answer
            - in a coroutine use `aiohttp.ClientSession` or `httpx.AsyncClient` or `niquests.AsyncSession`
        "#]],
        ),
        (
            "asyncio.to_thread",
            expect![[r#"
            > to_thread
            `asyncio.to_thread`

            - runs the function it is given in a worker thread, where no event loop runs; awaiting the call gives its result
            - Keyword arguments go to the callable, so func is positional only in practice. An async callable is not run: a coroutine comes back.
        "#]],
        ),
        (
            "asyncio.create_task",
            expect![[r#"
            > create_task
            `asyncio.create_task`

            - gives an awaitable, which need not be awaited
            - Starts by itself; whether the reference is kept is another question.
        "#]],
        ),
        (
            "asyncio.get_running_loop",
            expect![[r#"
            > get_running_loop
            `asyncio.get_running_loop`

            - tells whether an event loop runs here: raises `RuntimeError` where none does
        "#]],
        ),
        (
            "asyncio.get_event_loop",
            expect![[r#"
            > get_event_loop
            `asyncio.get_event_loop`

            - deprecated since Python 3.12, gone in 3.14 where no event loop runs; use asyncio.run / asyncio.Runner / asyncio.get\_running\_loop inside coroutines
        "#]],
        ),
        (
            "asyncio.get_running_loop().call_soon",
            expect![[r#"
            > call_soon
            `call_soon`

            - calls the function it is given later, on the thread of the event loop
            - an async function given to it never runs: its coroutine is dropped; give it a plain function that makes a task and keeps it
        "#]],
        ),
        (
            "asyncio.sleep",
            expect![[r#"
            > sleep
            `asyncio.sleep`

            - coroutine function: nothing runs until it is awaited
        "#]],
        ),
        (
            "nest_asyncio.apply",
            expect![[r#"
            > apply
            `nest_asyncio.apply`

            - lets an event loop be started inside a running one, in the whole process
            - instead: await, or top-level await in a notebook
            - Archived upstream. On Python 3.14 asyncio.current\_task() returns None under the patch, which breaks anyio, httpx and Starlette. Cannot patch uvloop loops.
            - deprecated; use await, or nest\_asyncio2
        "#]],
        ),
        (
            "httpx.AsyncClient",
            expect![[r#"
            > AsyncClient
            `httpx.AsyncClient`

            - close it with `await x.aclose()`, or use `async with`
        "#]],
        ),
        (
            "os.path.join",
            expect![[r#"
            nothing
        "#]],
        ),
    ] {
        check(
            &format!("import asyncio, time, requests, nest_asyncio, httpx, os\n\ndef f():\n    {name}$0\n"),
            expected,
        );
    }
}

#[test]
fn a_resource_says_how_it_is_closed() {
    check(
        r#"
import httpx

async def main():
    $0client = httpx.AsyncClient()
    await client.get("https://example.org")
    await client.aclose()
"#,
        expect![[r#"
            > client
            - close it with `await client.aclose()`, or use `async with`
            - made at main.py:4
            - closed at main.py:6
            - stays open if something raises at main.py:5
            - stays open if the task is cancelled at main.py:5
        "#]],
    );
    check(
        r#"
import httpx

async def main():
    async with httpx.AsyncClient() as client:
        await cli$0ent.get("https://example.org")
"#,
        expect![[r#"
            > client
            - close it with `await client.aclose()`, or use `async with`
            - closed at the end of the block that begins at main.py:4
        "#]],
    );
    check(
        r#"
class Pool:
    async def aclose(self): ...
    async def __aenter__(self): ...
    async def __aexit__(self, *args): ...

def f():
    $0pool = Pool()
"#,
        expect![[r#"
            > pool
            - close it with `await pool.aclose()`, or use `async with`
        "#]],
    );
}

#[test]
fn nothing_is_said_elsewhere() {
    for source in ["x$0 = 1\n", "# comm$0ent\n", "print($0)\n", "$0", "def f(a$0): ...\n", "'str$0'\n"] {
        check(source, expect![["nothing\n"]]);
    }
}

#[test]
fn plain_text_says_the_same() {
    let fixture = fixture("import time\n\nasync def main():\n    time.sle$0ep(1)\n");
    let text = fixture.analysed(|analysis, findings| {
        hover(analysis, findings, fixture.file, fixture.range.start).map(|found| found.markup.to_plain())
    });
    expect![[r#"
        time.sleep() blocks the event loop (blocking-call)

        time.sleep

        - blocks the thread, and with it a running event loop: it sleeps
        - in a coroutine use asyncio.sleep
        - The replacement must be awaited; replacing only the callee creates a never-awaited coroutine.

        blocking-call

        What it does

        Finds calls that block the thread of a running event loop: sleeping, synchronous network and database clients, waiting for
        processes, locks, queues, threads and futures, reading from the terminal. The call may stand in the coroutine itself, or any
        number of calls below it, in other files.

        Why is this bad?

        An event loop does one thing at a time. While a call blocks its thread nothing else runs: no other request, no timeout, no
        heartbeat, no cancellation. One slow server behind one such call stops the whole service.

        The finding is at the call in the coroutine, since that is what a person changes; its chain leads to the call that blocks. Where
        the call is conditional, the finding is a warning. In tests, and in code that runs at start-up and shut-down only, it is a hint.

        Use instead

        import asyncio

        import httpx
        import requests


        async def load_config(url: str) -> dict:
            async with httpx.AsyncClient() as client:
                response = await client.get(url, timeout=5)
            return response.json()


        async def handler() -> dict:
            return await load_config("https://example.org")


        async def with_a_thread(url: str) -> requests.Response:
            return await asyncio.to_thread(requests.get, url, timeout=5)"#]].assert_eq(&text.unwrap_or_default());
}

#[test]
fn an_owner_says_what_it_keeps_and_who_closes_it() {
    let source = r#"
import httpx

class Api:
    def __init__(self):
        self.client = httpx.AsyncClient()
        self.other = httpx.AsyncClient()

    async def get(self, url):
        return await self.client.get(url)

    async def aclose(self):
        await self.client.aclose()
"#;
    check(
        &source.replace("class Api", "class $0Api"),
        expect![[r#"
        > Api
        - close it with `await x.aclose()`
        - keeps `self.client` (`httpx.AsyncClient`): closed at main.py:12
        - keeps `self.other` (`httpx.AsyncClient`): nothing closes it
    "#]],
    );
    check(
        &source.replace("await self.client.get", "await self.cl$0ient.get"),
        expect![[r#"
        > client
        - close it with `await self.client.aclose()`, or use `async with`
        - made at main.py:5
        - closed at main.py:12
    "#]],
    );
    check(
        &source.replace("self.other = httpx.AsyncClient", "self.other = httpx.Async$0Client"),
        expect![[r#"
        > httpx.AsyncClient()
        Api.aclose() does not close self.other (httpx.AsyncClient), and nothing else does (`owner-forgets-resource`)

        1. main.py:11 the close of the class

        ---

        `httpx.AsyncClient`

        - close it with `await x.aclose()`, or use `async with`
        - nothing closes it
    "#]],
    );
}
