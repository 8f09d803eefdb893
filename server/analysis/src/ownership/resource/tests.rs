//! What calls make that must be closed, told for small programs: one line for each acquisition of `main.py`.

use super::{Acquisition, Needs, Origin, Resources, With};
use crate::finding::FileId;
use crate::index::FileIndex;
use crate::infer::{Infer, World};
use crate::knowledge::Knowledge;
use crate::program::{Origin as From, Program, SearchRoots, SourceFile};
use crate::settings::Settings;
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::sync::Arc;

/// Files start with `# file: path`; the first is `main.py`.
fn world(source: &str) -> World {
    let mut files: Vec<(String, String)> = vec![("main.py".into(), String::new())];
    for line in source.trim_start().lines() {
        match line.strip_prefix("# file: ") {
            Some(path) => files.push((path.into(), String::new())),
            None => {
                if let Some((_, text)) = files.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    let settings = Arc::new(Settings::default());
    let file = |(path, text): (String, String)| SourceFile {
        path: path.into(),
        origin: From::Project,
        facts: Arc::new(asyncwise_syntax::lower::facts(&text)),
        text: text.into(),
        is_notebook: false,
        settings: settings.clone(),
    };
    let roots = SearchRoots { project: vec![String::new()], dependencies: Vec::new() };
    let program = Arc::new(Program::new(files.into_iter().map(file).collect(), roots));
    let indexes = program.ids().map(|file| Arc::new(FileIndex::new(program.facts(file)))).collect();
    World::new(program, indexes, Knowledge::shipped())
}

fn line(world: &World, at: FileId, offset: u32) -> usize {
    world.program.file(at).text[..offset as usize].matches('\n').count() + 1
}

fn tell(world: &World, made: &Acquisition, out: &mut String) {
    let facts = world.facts(FileId(0));
    let (owned, closes) = (&made.owned, &made.owned.closes);
    write!(out, "{}: {}", line(world, FileId(0), facts.expr(made.call).span.start), owned.what).expect("a string");
    if made.value != made.call {
        out.push_str(" awaited");
    }
    if let Some(part) = made.part {
        write!(out, "[{part}]").expect("a string");
    }
    let mut ways: Vec<String> = Vec::new();
    ways.extend((!closes.methods.is_empty()).then(|| closes.methods.join("/")));
    ways.extend(closes.released_by.as_ref().map(|by| format!("by {by}")));
    ways.extend(match closes.with {
        With::Async => Some("async with".to_owned()),
        With::AsyncCall => Some("async with call".to_owned()),
        With::Sync => Some("with".to_owned()),
        With::No => None,
    });
    let wait = if closes.awaited { "await " } else { "" };
    write!(out, ": {wait}{}", ways.join(", ")).expect("a string");
    if let Some(then) = &closes.then_await {
        write!(out, ", then {then}").expect("a string");
    }
    match &owned.needs {
        Needs::Made => {}
        Needs::After(methods) => write!(out, ", after {}", methods.join("/")).expect("a string"),
        Needs::Iterated => out.push_str(", iterated"),
    }
    if let Origin::Own { acquires: Some((file, at)), .. } = owned.origin {
        let at = world.facts(file).expr(at).span.start;
        write!(out, ", acquires at {}", line(world, file, at)).expect("a string");
    }
    if let Some(factory) = owned.factory {
        write!(out, ", from {}", world.name(factory)).expect("a string");
    }
    writeln!(out, ", {:?}", owned.confidence).expect("a string");
}

fn check(source: &str, expected: Expect) {
    let world = world(source);
    let mut infer = Infer::new(&world);
    let mut resources = Resources::new(&world);
    let found = resources.of_file(&mut infer, FileId(0));
    let mut out = String::new();
    found.iter().for_each(|made| tell(&world, made, &mut out));
    expected.assert_eq(&out);
}

#[test]
fn rows_of_the_knowledge() {
    check(
        r#"
import asyncio, httpx, aiohttp, asyncpg, anyio, openai
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
async def main(db):
    client = httpx.AsyncClient()
    reader, writer = await asyncio.open_connection("h", 1)
    reader, writer = await asyncio.wait_for(asyncio.open_connection("h", 1), 5)
    pool = await asyncpg.create_pool(db)
    conn = await pool.acquire()
    async with asyncpg.create_pool(db) as pool: ...
    send, receive = anyio.create_memory_object_stream(1)
    stack = AsyncExitStack()
    pool = ThreadPoolExecutor()
    await client.send(r, stream=True)
    await client.send(r)
    openai.AsyncOpenAI()
    session = aiohttp.ClientSession()
    ws = await session.ws_connect("u")
    server = await asyncio.start_server(f)
"#,
        expect![[r#"
            5: httpx.AsyncClient: await aclose, async with, Likely
            6: asyncio.open_connection awaited[1]: close, then wait_closed, Likely
            7: asyncio.open_connection awaited[1]: close, then wait_closed, Likely
            8: asyncpg.create_pool awaited: await close/terminate, async with call, Likely
            9: asyncpg.Pool.acquire awaited: await by asyncpg.Pool.release, async with call, Likely
            11: anyio.create_memory_object_stream[0]: aclose/close, async with, Possible
            11: anyio.create_memory_object_stream[1]: aclose/close, async with, Possible
            12: contextlib.AsyncExitStack: await aclose, async with, after enter_async_context/enter_context/push_async_exit/push/push_async_callback/callback, Likely
            13: concurrent.futures.ThreadPoolExecutor: shutdown, with, after submit/map, Possible
            14: httpx.AsyncClient.send awaited: await aclose/aread, Likely
            16: openai.AsyncOpenAI: await close, async with, Possible
            17: aiohttp.ClientSession: await close, async with, Likely
            18: aiohttp.ClientSession.ws_connect awaited: await close, async with call, Likely
            19: asyncio.start_server awaited: close/serve_forever/wait_closed, async with, then wait_closed, Possible
        "#]],
    );
}

#[test]
fn what_only_a_context_manager_closes_event_loops_and_coroutines_never_awaited_are_none() {
    check(
        r#"
import asyncio, httpx
async def main(client: httpx.AsyncClient):
    asyncio.new_event_loop()
    asyncio.TaskGroup()
    asyncio.timeout(3)
    client.stream("GET", "u")
    asyncio.open_connection("h", 1)
    asyncio.create_task(asyncio.open_connection("h", 1))
    open("f")
"#,
        expect![[""]],
    );
}

#[test]
fn subclasses_of_what_libraries_define() {
    check(
        r#"
import httpx, discord
from discord.ext import commands
class Client(httpx.AsyncClient):
    async def get_it(self): ...
class Bot(commands.Bot): ...
class Below(Client): ...
Client()
Bot()
Below()
commands.Bot("!")
"#,
        expect![[r#"
            7: Client: await aclose, async with, Likely
            8: Bot: await close/run, async with, after start/login/connect/run, Likely
            9: Below: await aclose, async with, Likely
            10: discord.ext.commands.Bot: await close/run, async with, after start/login/connect/run, Likely
        "#]],
    );
}

#[test]
fn rows_of_instances_and_generics() {
    check(
        r#"
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
engine = create_async_engine("u")
Session = async_sessionmaker(engine)
async def main():
    session = Session()
    async with engine.begin() as c: ...
    await engine.connect()
"#,
        expect![[r#"
            2: sqlalchemy.ext.asyncio.create_async_engine: await dispose, Likely
            5: sqlalchemy.ext.asyncio.async_sessionmaker: await close, async with, Likely
            7: sqlalchemy.ext.asyncio.AsyncEngine.connect awaited: await close, async with call, Likely
        "#]],
    );
}

#[test]
fn classes_that_acquire_when_made() {
    check(
        r#"
import asyncio, httpx
from dataclasses import dataclass, field
class Direct:
    def __init__(self):
        self.client = httpx.AsyncClient()
    async def aclose(self):
        await self.client.aclose()
class ByHelper:
    def __init__(self):
        self._setup()
    def _setup(self):
        client = httpx.AsyncClient()
        self.client = client
    async def close(self):
        await self._teardown()
    async def _teardown(self):
        if self.client is not None:
            client, self.client = self.client, None
            await client.aclose()
@dataclass
class Data:
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    async def __aenter__(self): return self
    async def __aexit__(self, *a):
        await self.client.aclose()
class Nested:
    def __init__(self):
        self.inner = Direct()
    async def shutdown(self):
        await asyncio.gather(self.inner.aclose())
class Below(Direct):
    def __init__(self):
        super().__init__()
        self.more = 1
class Forgets(Direct):
    async def aclose(self):
        pass
Direct(); ByHelper(); Data(); Nested(); Below(); Forgets()
"#,
        expect![[r#"
            5: httpx.AsyncClient: await aclose, async with, Likely
            12: httpx.AsyncClient: await aclose, async with, Likely
            28: Direct: await aclose, acquires at 5, Likely
            38: Direct: await aclose, acquires at 5, Likely
            38: ByHelper: await close, acquires at 12, Likely
            38: Data: await async with, acquires at 22, Likely
            38: Nested: await shutdown, acquires at 28, Likely
            38: Below: await aclose, acquires at 5, Likely
        "#]],
    );
}

#[test]
fn classes_that_acquire_later() {
    check(
        r#"
import asyncio, httpx
from contextlib import AsyncExitStack
class Lazy:
    def __init__(self):
        self._session = None
    def _get_session(self):
        if self._session is None:
            self._session = httpx.AsyncClient()
        return self._session
    @property
    def session(self):
        return self._get_session()
    async def get(self):
        return await self.session.get("u")
    def name(self):
        return "lazy"
    async def close(self):
        if self._session:
            await self._session.aclose()
class Entered:
    async def __aenter__(self):
        self.client = httpx.AsyncClient()
        return self
    async def __aexit__(self, *a):
        await self.client.aclose()
class Connection:
    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection("h", 1)
    async def disconnect(self):
        self.writer.close()
class Worker:
    def __init__(self):
        self._tasks = set()
    def start(self):
        self._tasks.add(asyncio.create_task(self.run()))
    async def run(self): ...
    async def stop(self):
        for task in self._tasks:
            task.cancel()
class Stack:
    def __init__(self):
        self.stack = AsyncExitStack()
    async def open(self, cm):
        await self.stack.enter_async_context(cm)
    async def aclose(self):
        await self.stack.aclose()
class Owner:
    def __init__(self):
        self.worker = Worker()
    async def up(self):
        self.worker.start()
    async def close(self):
        await self.worker.stop()
class Pools:
    def __init__(self):
        self.clients = {}
    def client(self, name):
        self.clients[name] = httpx.AsyncClient()
        return self.clients[name]
    async def close(self):
        for client in self.clients.values():
            await client.aclose()
Lazy(); Entered(); Connection(); Worker(); Stack(); Owner(); Pools()
"#,
        expect![[r#"
            8: httpx.AsyncClient: await aclose, async with, Likely
            22: httpx.AsyncClient: await aclose, async with, Likely
            28: asyncio.open_connection awaited[1]: close, then wait_closed, Likely
            42: contextlib.AsyncExitStack: await aclose, async with, after enter_async_context/enter_context/push_async_exit/push/push_async_callback/callback, Likely
            49: Worker: await stop, after start, acquires at 35, Possible
            58: httpx.AsyncClient: await aclose, async with, Likely
            63: Lazy: await close, after _get_session/get/session, acquires at 8, Likely
            63: Entered: await async with, after __aenter__, acquires at 22, Likely
            63: Connection: await disconnect, after connect, acquires at 28, Likely
            63: Worker: await stop, after start, acquires at 35, Possible
            63: Stack: await aclose, after open, acquires at 44, Likely
            63: Owner: await close, after up, acquires at 51, Possible
            63: Pools: await close, after client, acquires at 58, Likely
        "#]],
    );
}

#[test]
fn classes_whose_close_has_nothing_to_do() {
    check(
        r#"
import httpx
class Passes:
    def __init__(self): self.client = httpx.AsyncClient()
    async def close(self): pass
class Logs:
    def __init__(self): self.client = httpx.AsyncClient()
    async def close(self):
        logger.info("closing", self.client)
        self.closed = True
class Refuses:
    async def close(self): raise NotImplementedError
class Stores:
    def __init__(self, client): self.client = client
    async def close(self): await self.client.aclose()
class Single:
    def __new__(cls): ...
    def __init__(self): self.client = httpx.AsyncClient()
    async def close(self): await self.client.aclose()
class Shared:
    @classmethod
    def set_up(cls): cls.client = httpx.AsyncClient()
    @classmethod
    async def close(cls): await cls.client.aclose()
class Record:
    def __init__(self): self.items = []
    async def close(self): self.items.clear()
Passes(); Logs(); Refuses(); Stores(1); Single(); Shared(); Record()
"#,
        expect![[r#"
            3: httpx.AsyncClient: await aclose, async with, Likely
            6: httpx.AsyncClient: await aclose, async with, Likely
            17: httpx.AsyncClient: await aclose, async with, Likely
            21: httpx.AsyncClient: await aclose, async with, Likely
        "#]],
    );
}

#[test]
fn what_is_given_to_a_class_is_not_its_own() {
    check(
        r#"
import httpx
class Maybe:
    def __init__(self, url, client=None):
        self.client = client or httpx.AsyncClient()
    async def aclose(self): await self.client.aclose()
class Either:
    def __init__(self, *, client=None):
        if client is None:
            client = httpx.AsyncClient()
        self.client = client
    async def aclose(self): await self.client.aclose()
class Split:
    def __init__(self, client=None):
        if client is not None:
            self.client = client
        else:
            self.client = httpx.AsyncClient()
    async def aclose(self): await self.client.aclose()
shared = httpx.AsyncClient()
Maybe("u")
Maybe("u", shared)
Maybe("u", client=shared)
Maybe("u", None)
Maybe(*args)
Either()
Either(client=shared)
Split()
Split(shared)
"#,
        expect![[r#"
            4: httpx.AsyncClient: await aclose, async with, Likely
            9: httpx.AsyncClient: await aclose, async with, Likely
            17: httpx.AsyncClient: await aclose, async with, Likely
            19: httpx.AsyncClient: await aclose, async with, Likely
            20: Maybe: await aclose, acquires at 4, Likely
            23: Maybe: await aclose, acquires at 4, Likely
            24: Maybe: await aclose, acquires at 4, Possible
            25: Either: await aclose, acquires at 9, Likely
            27: Split: await aclose, acquires at 17, Likely
        "#]],
    );
}

#[test]
fn what_is_held_only_for_some_arguments() {
    check(
        r#"
import asyncio, httpx
class Branch:
    async def open(self, url):
        if url == "memory":
            self.reader, self.writer = await asyncio.open_connection(url)
    async def close(self): self.writer.close()
class Guard:
    def __init__(self): self.client = None
    async def open(self):
        if not self.is_open:
            self.client = httpx.AsyncClient()
    async def close(self): await self.client.aclose()
Branch(); Guard()
"#,
        expect![[r#"
            5: asyncio.open_connection awaited[1]: close, then wait_closed, Likely
            11: httpx.AsyncClient: await aclose, async with, Likely
            13: Branch: await close, after open, acquires at 5, Possible
            13: Guard: await close, after open, acquires at 11, Likely
        "#]],
    );
}

#[test]
fn factories() {
    check(
        r#"
import asyncio, httpx
from other import make_elsewhere
class Connection:
    async def connect(self):
        self.client = httpx.AsyncClient()
    async def close(self):
        await self.client.aclose()
    @classmethod
    async def create(cls):
        self = cls()
        await self.connect()
        return self
def make():
    return httpx.AsyncClient(timeout=3)
def configured():
    client = httpx.AsyncClient()
    client.headers["x"] = "y"
    logger.info("made", client)
    return client
async def opened():
    connection = Connection()
    await connection.connect()
    return connection
def unopened():
    return Connection()
def chain():
    return make()
async def main():
    make()
    configured()
    await opened()
    opened()
    unopened()
    chain()
    make_elsewhere()
    await Connection.create()
# file: other.py
import httpx
def make_elsewhere():
    if broken:
        return None
    return httpx.AsyncClient()
"#,
        expect![[r#"
            5: httpx.AsyncClient: await aclose, async with, Likely
            10: Connection: await close, after connect, acquires at 5, Likely
            14: httpx.AsyncClient: await aclose, async with, Likely
            16: httpx.AsyncClient: await aclose, async with, Likely
            21: Connection: await close, after connect, acquires at 5, Likely
            25: Connection: await close, after connect, acquires at 5, Likely
            27: httpx.AsyncClient: await aclose, async with, from make, Likely
            29: httpx.AsyncClient: await aclose, async with, from make, Likely
            30: httpx.AsyncClient: await aclose, async with, from configured, Likely
            31: Connection awaited: await close, acquires at 5, from opened, Likely
            33: Connection: await close, after connect, acquires at 5, from unopened, Likely
            34: httpx.AsyncClient: await aclose, async with, from chain, Likely
            35: httpx.AsyncClient: await aclose, async with, from make_elsewhere, Likely
            36: Connection awaited: await close, acquires at 5, from create, Likely
        "#]],
    );
}

#[test]
fn functions_whose_value_others_have_too() {
    check(
        r#"
import functools, httpx, atexit
from contextlib import asynccontextmanager
cache = {}
kept = None
@functools.lru_cache
def cached(): return httpx.AsyncClient()
@asynccontextmanager
async def managed():
    yield httpx.AsyncClient()
def stored():
    client = httpx.AsyncClient()
    cache["x"] = client
    return client
def module_wide():
    global kept
    kept = httpx.AsyncClient()
    return kept
def told():
    client = httpx.AsyncClient()
    register(client)
    return client
def registered():
    client = httpx.AsyncClient()
    atexit.register(client.close)
    return client
def closed_over():
    client = httpx.AsyncClient()
    def later(): return client
    later()
    return client
def maybe(client=None):
    return client or httpx.AsyncClient()
def one_of_two(x):
    if x: return httpx.AsyncClient()
    return x
class Base:
    def make(self): return httpx.AsyncClient()
    def make_too(self): return httpx.AsyncClient()
    @property
    def client(self): return httpx.AsyncClient()
class Sub(Base):
    def make(self): return None
def test(base: Base):
    cached(); managed(); stored(); module_wide(); told(); registered(); closed_over(); maybe(); one_of_two(1)
    base.make()
    base.make_too()
    base.client
"#,
        expect![[r#"
            6: httpx.AsyncClient: await aclose, async with, Likely
            9: httpx.AsyncClient: await aclose, async with, Likely
            11: httpx.AsyncClient: await aclose, async with, Likely
            16: httpx.AsyncClient: await aclose, async with, Likely
            19: httpx.AsyncClient: await aclose, async with, Likely
            23: httpx.AsyncClient: await aclose, async with, Likely
            27: httpx.AsyncClient: await aclose, async with, Likely
            32: httpx.AsyncClient: await aclose, async with, Likely
            34: httpx.AsyncClient: await aclose, async with, Likely
            37: httpx.AsyncClient: await aclose, async with, Likely
            38: httpx.AsyncClient: await aclose, async with, Likely
            40: httpx.AsyncClient: await aclose, async with, Likely
            46: httpx.AsyncClient: await aclose, async with, from make_too, Likely
        "#]],
    );
}
