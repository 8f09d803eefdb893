//! A small package, and what its table says.

use super::{collect, inputs, render, table};
use expect_test::{Expect, expect};

/// `source` holds files, each after a line `# file: PATH`.
fn check(source: &str, expected: Expect) {
    let files = source.split("# file: ").skip(1).filter_map(|file| file.split_once('\n'));
    let program = inputs::program(files.map(|(path, text)| (path.to_owned(), text.to_owned())).collect());
    let mut tables = [collect::collect(program, vec!["pkg 1.0 (MIT)".to_owned()])];
    table::settle(&mut tables);
    let text: String = render::files(&tables).into_values().collect();
    expected.assert_eq(&text.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>());
}

#[test]
fn names_are_those_that_users_import() {
    check(
        "\
# file: pkg/__init__.py
from ._client import Client, connect
from .tools import *
# file: pkg/_client.py
class Client:
    async def get(self): ...
    async def _send(self): ...
    def close(self): ...
async def connect() -> Client: ...
async def _hidden(): ...
# file: pkg/tools.py
from ._client import Client
async def helper(): ...
# file: pkg/a/__init__.py
# file: pkg/a/b/__init__.py
# file: pkg/a/b/deep.py
async def nobody_writes_this(): ...
",
        expect![[r#"
            # From pkg 1.0 (MIT).
            alias pkg.tools pkg helper
            module pkg
             async connect:.Client helper
            class pkg.Client
             async get
        "#]],
    );
}

#[test]
fn values_have_classes() {
    check(
        "\
# file: pkg/__init__.py
from contextlib import asynccontextmanager
class Connection:
    async def execute(self): ...
class Acquired:
    async def __aenter__(self) -> Connection: ...
    def __await__(self): ...
class Entered:
    async def __aenter__(self): return 1
    async def start(self): ...
class Pool:
    connection: Connection
    async def __aenter__(self): return self
    async def rows(self):
        yield 1
    def acquire(self) -> Acquired: ...
    async def make(self) -> 'Connection | None': ...
    @property
    def first(self) -> Connection: ...
    @asynccontextmanager
    async def borrow(self):
        yield Connection()
class Plain:
    def size(self) -> int: ...
def pool() -> Pool: ...
def plain() -> Plain: ...
",
        expect![[r#"
            # From pkg 1.0 (MIT).
            module pkg
             def pool:.Pool
            class pkg.Acquired
             enter .Connection
            class pkg.Connection
             async execute
            class pkg.Entered
             async start
             enter builtins.object
            class pkg.Pool
             async make:.Connection
             asyncgen rows
             await acquire:.Connection borrow:.Connection
             attr connection:.Connection first:.Connection
        "#]],
    );
}

#[test]
fn what_is_only_sometimes_a_coroutine_is_none() {
    check(
        "\
# file: pkg/__init__.py
from typing import Awaitable, Coroutine, overload
from unknown import decorate
class Base:
    async def both(self): ...
    async def always(self): ...
    async def own(self): ...
class Direct(Base):
    def both(self): ...
    async def always(self): ...
    def own_only(self): ...
class Client:
    def maybe(self) -> Awaitable[int]: ...
    def told(self) -> Coroutine[None, None, int]: ...
    @decorate
    async def decorated(self): ...
    @overload
    def get(self, sync: bool) -> int: ...
    @overload
    async def get(self) -> int: ...
    @overload
    async def put(self, x: int) -> int: ...
    @overload
    async def put(self, x: str) -> str: ...
",
        expect![[r#"
            # From pkg 1.0 (MIT).
            class pkg.Base
             async always own
            class pkg.Client
             async put told
            class pkg.Direct .Base
        "#]],
    );
}

#[test]
fn a_class_says_what_differs_from_its_bases() {
    check(
        "\
# file: pkg/__init__.py
import asyncio
class Reader(asyncio.StreamReader):
    def read(self): ...
    async def more(self): ...
class Same(Reader):
    async def more(self): ...
class Failure(Exception):
    async def never_looked_at(self): ...
",
        expect![[r#"
            # From pkg 1.0 (MIT).
            class pkg.Reader asyncio.StreamReader
             async more
             plain read
            class pkg.Same .Reader
        "#]],
    );
}

#[test]
fn conditions_on_the_version_must_agree() {
    check(
        "\
# file: pkg/__init__.pyi
import sys
if sys.version_info >= (3, 12):
    async def same(x: int) -> None: ...
    async def changed() -> None: ...
else:
    async def same() -> None: ...
    def changed() -> None: ...
",
        expect![[r#"
            # From pkg 1.0 (MIT).
            module pkg
             async same
        "#]],
    );
}
