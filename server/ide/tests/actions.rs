//! What actions are offered and what they do.

mod support;

use asyncwise_ide::actions::{Action, ActionKind, Declined, What, actions, fix_all, resolve};
use asyncwise_ide::diagnostics::FindingId;
use expect_test::{Expect, expect};
use support::{Fixture, Texts, findings_of, fixture, joined, split};

/// The titles at `$0`, the preferred ones with a star.
fn check_list(source: &str, expected: Expect) {
    let fixture = fixture(source);
    let listed = fixture.analysed(|analysis, findings| actions(analysis, findings, fixture.file, fixture.range));
    let line = |a: &Action| format!("{}{}\n", if a.is_preferred { "* " } else { "- " }, a.title);
    expected.assert_eq(&listed.iter().map(line).collect::<String>());
}

/// Applies the first action at `$0` whose title holds `title`.
fn applied(fixture: &Fixture, title: &str) -> Result<(Action, Texts), String> {
    fixture.analysed(|analysis, findings| {
        let listed = actions(analysis, findings, fixture.file, fixture.range);
        let titles: Vec<_> = listed.iter().map(|a| a.title.clone()).collect();
        let chosen = listed.into_iter().find(|a| a.title.contains(title));
        let chosen = chosen.ok_or_else(|| format!("no `{title}` in {titles:?}"))?;
        match resolve(analysis, findings, fixture.file, &chosen.what) {
            Ok(resolved) => Ok((chosen, fixture.edited(&resolved.edits))),
            Err(declined) => Err(declined.reason(analysis).unwrap_or_else(|| "stale".to_owned())),
        }
    })
}

/// Applies an action; the finding it is about must be gone after it.
#[track_caller]
fn check_fix(title: &str, before: &str, after: &str) {
    let fixture = fixture(before);
    let (action, texts) = applied(&fixture, title).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(joined(&texts), joined(&split(after)));
    if let Some(id) = action.finding {
        let is_it = |line: &&String| line.starts_with(id.rule.as_str());
        let left = findings_of(&texts);
        let before = findings_of(&fixture.texts);
        let count = |all: &[String]| all.iter().filter(is_it).count();
        assert!(count(&left) < count(&before), "not mended: {left:?}");
    }
}

#[track_caller]
fn check_refused(title: &str, source: &str, expected: Expect) {
    let fixture = fixture(source);
    let why = applied(&fixture, title).err().unwrap_or_else(|| "applied".to_owned());
    expected.assert_eq(&why);
}

/// `asyncio.run(...)` in a coroutine: the expression before and after.
#[track_caller]
fn check_run(before: &str, after: &str) {
    let program = |line: &str| {
        format!(
            "import asyncio\nfrom asyncio import run\n\nasync def main(): ...\n\ndef use(*args, **kw): ...\n\nasync def f(loop, coro, cond):\n    {line}\n"
        )
    };
    check_fix("by await", &program(before), &program(after));
}

#[test]
fn run_in_a_coroutine_becomes_await() {
    check_run("$0asyncio.run(main())", "await main()");
    check_run("x = asyncio.$0run(main())", "x = await main()");
    check_run("return $0run(main())", "return await main()");
    check_run("$0asyncio.run(main(), debug=True)", "await main()");
    check_run("$0asyncio.run(main(), debug=True,)", "await main()");
    check_run("$0asyncio.run(main=main())", "await main()");
    check_run("$0asyncio.run(debug=True, main=main())", "await main()");
    check_run("$0asyncio.run(\n        main(),\n    )", "await main()");
    check_run("$0asyncio.run(coro)", "await coro");
}

#[test]
fn await_gets_parentheses_where_the_place_binds_tighter() {
    check_run("$0asyncio.run(main()).name", "(await main()).name");
    check_run("$0asyncio.run(main())[0]", "(await main())[0]");
    check_run("$0asyncio.run(main())()", "(await main())()");
    check_run("x = $0asyncio.run(main()) ** 2", "x = await main() ** 2");
    check_run("x = -$0asyncio.run(main())", "x = -await main()");
    check_run("x = not $0asyncio.run(main())", "x = not await main()");
    check_run("use(*$0asyncio.run(main()))", "use(*await main())");
    check_run("use(**$0asyncio.run(main()))", "use(**await main())");
    check_run("use($0asyncio.run(main()), 1)", "use(await main(), 1)");
    check_run("x = f'{$0asyncio.run(main())}'", "x = f'{await main()}'");
    check_run("x = f'{$0asyncio.run(main())!r:>10}'", "x = f'{await main()!r:>10}'");
    check_run("x = [$0asyncio.run(main()) for _ in 'ab']", "x = [await main() for _ in 'ab']");
    check_run("if (x := $0asyncio.run(main())):\n        pass", "if (x := await main()):\n        pass");
    check_run("x = $0asyncio.run(main()) if cond else 1", "x = await main() if cond else 1");
    check_run("with $0asyncio.run(main()) as x:\n        pass", "with await main() as x:\n        pass");
    check_run("assert $0asyncio.run(main()), 'no'", "assert await main(), 'no'");
    check_run("return ($0asyncio.run(main()))", "return (await main())");
}

#[test]
fn the_operand_of_await_gets_parentheses_where_it_binds_looser() {
    check_run("$0asyncio.run(main() if cond else coro)", "await (main() if cond else coro)");
    check_run("$0asyncio.run(cond and main())", "await (cond and main())");
    check_run("$0asyncio.run((lambda: main())())", "await (lambda: main())()");
    check_run("loop.$0run_until_complete(main())", "await main()");
    check_run("asyncio.get_event_loop().$0run_until_complete(main())", "await main()");
}

#[test]
fn starts_that_are_no_plain_await_are_left_alone() {
    let program = "import asyncio\n\nasync def main(): ...\n\nasync def f(args):\n    $0asyncio.run(*args)\n";
    check_refused(
        "by await",
        program,
        expect![[r#"no `by await` in ["Ignore `nested-event-loop` here", "Explain `nested-event-loop`"]"#]],
    );
    let lambda =
        "import asyncio\n\nasync def main(): ...\n\nasync def f():\n    g = lambda: $0asyncio.run(main())\n    g()\n";
    check_refused("by await", lambda, expect!["no `by await` in []"]);
}

#[test]
fn a_thread_for_a_generator_is_not_offered() {
    check_list(
        "import time\n\ndef ticks():\n    time.sleep(1)\n    yield 1\n\nasync def f():\n    for _ in $0ticks():\n        pass\n",
        expect![[r#"
            - Ignore `blocking-call` here
            - Explain `blocking-call`
        "#]],
    );
}

#[test]
fn fixes_come_first_and_a_safe_one_is_preferred() {
    check_list(
        "import time\n\nasync def f():\n    $0time.sleep(1)\n",
        expect![[r#"
            - Await `asyncio.sleep()`
            - Ignore `blocking-call` here
            - Explain `blocking-call`
        "#]],
    );
    check_list(
        "async def g(): ...\n\nasync def f():\n    $0g()\n",
        expect![[r#"
            * Await `g()`
            - Apply all safe fixes of this file
            - Ignore `unawaited-coroutine` here
            - Explain `unawaited-coroutine`
        "#]],
    );
    check_list("x = 1$0\n", expect![[""]]);
    check_list("async def $0g(): ...\n", expect![[""]]);
}

#[test]
fn a_range_lists_the_actions_of_every_finding_in_it() {
    check_list(
        "import time\n\nasync def f():\n    $0time.sleep(1)\n    f()\n    time.sleep(2)$0\n",
        expect![[r#"
            - Await `asyncio.sleep()`
            * Await `f()`
            - Await `asyncio.sleep()`
            - Apply all safe fixes of this file
            - Ignore `blocking-call` here
            - Ignore `unawaited-coroutine` here
            - Ignore `blocking-call` here
            - Explain `blocking-call`
            - Explain `unawaited-coroutine`
        "#]],
    );
}

#[test]
fn actions_survive_the_way_to_the_client_and_back_or_are_stale() {
    let fixture = fixture("import time\n\nasync def f():\n    $0time.sleep(1)\n");
    fixture.analysed(|analysis, findings| {
        let id = FindingId::of(&findings[0]);
        let gone = FindingId { message: id.message ^ 1, ..id.clone() };
        let resolved = |finding| resolve(analysis, findings, fixture.file, &What::Ignore { finding });
        assert!(resolved(id.clone()).is_ok());
        assert_eq!(resolved(gone), Err(Declined::Stale));
        let past = What::Fix { finding: id, index: 9 };
        assert_eq!(resolve(analysis, findings, fixture.file, &past), Err(Declined::Stale));
    });
}

#[test]
fn ignoring_writes_a_comment_at_the_end_of_the_line() {
    let cases = [
        ("    $0time.sleep(1)\n", "    time.sleep(1)  # asyncwise: ignore[blocking-call] <reason>\n"),
        ("    $0time.sleep(1)   \n", "    time.sleep(1)  # asyncwise: ignore[blocking-call] <reason>\n"),
        ("    $0time.sleep(1)", "    time.sleep(1)  # asyncwise: ignore[blocking-call] <reason>"),
        (
            "    $0time.sleep(1)\r\n    x = 1\r\n",
            "    time.sleep(1)  # asyncwise: ignore[blocking-call] <reason>\r\n    x = 1\r\n",
        ),
        ("    $0time.sleep(1)  # wait\n", "    time.sleep(1)  # wait  # asyncwise: ignore[blocking-call] <reason>\n"),
        (
            "    x = [\n        $0time.sleep(1),\n    ]\n",
            "    x = [\n        time.sleep(1),  # asyncwise: ignore[blocking-call] <reason>\n    ]\n",
        ),
        (
            "    $0time.sleep(\n        1,\n    )\n",
            "    time.sleep(  # asyncwise: ignore[blocking-call] <reason>\n        1,\n    )\n",
        ),
        (
            "    x = 1 + \\\n        $0time.sleep(1) + \\\n        2\n",
            "    x = 1 + \\\n        time.sleep(1) + \\\n        2  # asyncwise: ignore[blocking-call] <reason>\n",
        ),
        (
            "    x = $0time.sleep(1), \"\"\"\n    text\n    \"\"\"\n",
            "    x = time.sleep(1), \"\"\"\n    text\n    \"\"\"  # asyncwise: ignore[blocking-call] <reason>\n",
        ),
        (
            "    if $0time.sleep(1):\n        pass\n",
            "    if time.sleep(1):  # asyncwise: ignore[blocking-call] <reason>\n        pass\n",
        ),
        (
            "    if x: $0time.sleep(1); y()\n",
            "    if x: time.sleep(1); y()  # asyncwise: ignore[blocking-call] <reason>\n",
        ),
        (
            "    x = f'''\n    {$0time.sleep(1)}\n    '''\n",
            "    x = f'''\n    {time.sleep(1)}\n    '''  # asyncwise: ignore[blocking-call] <reason>\n",
        ),
    ];
    for (before, after) in cases {
        let head = "import time\n\nasync def f(x, y):\n";
        check_fix("Ignore", &format!("{head}{before}"), &format!("{head}{after}"));
    }
}

#[test]
fn ignoring_adds_to_a_comment_that_is_there() {
    let head = "import time\n\nasync def f():\n";
    check_fix(
        "Ignore `blocking-call`",
        &format!("{head}    $0time.sleep(1), f()  # asyncwise: ignore[unused-ignore] later\n"),
        &format!("{head}    time.sleep(1), f()  # asyncwise: ignore[unused-ignore, blocking-call] later\n"),
    );
    check_fix(
        "Ignore `blocking-call`",
        &format!("{head}    # asyncwise: ignore[unused-ignore]\n    $0time.sleep(1)\n"),
        &format!("{head}    # asyncwise: ignore[unused-ignore, blocking-call]\n    time.sleep(1)\n"),
    );
    check_fix(
        "Ignore `blocking-call`",
        &format!("{head}    $0time.sleep(1)  # noqa: E501\n"),
        &format!("{head}    time.sleep(1)  # noqa: E501  # asyncwise: ignore[blocking-call] <reason>\n"),
    );
}

#[test]
fn all_safe_fixes_of_a_file_are_applied_at_once() {
    let fixture = fixture(
        r#"
import asyncio

async def g(): ...

async def f():
    g()
    asyncio.run(g())
    x = asyncio.run(asyncio.run(g()))
    await asyncio.sleep(1)  # asyncwise: ignore[blocking-call]
"#,
    );
    let (edits, kinds) = fixture.analysed(|analysis, findings| {
        let whole = asyncwise_syntax::facts::Span::new(0, 0);
        let kinds: Vec<_> = actions(analysis, findings, fixture.file, whole).iter().map(|a| a.kind).collect();
        (fix_all(findings, fixture.file), kinds)
    });
    assert!(kinds.contains(&ActionKind::FixAll));
    expect![[r#"
        import asyncio

        async def g(): ...

        async def f():
            await g()
            await g()
            x = await asyncio.run(g())
            await asyncio.sleep(1)
    "#]]
    .assert_eq(&joined(&fixture.edited(&edits)));
}

#[test]
fn making_a_function_async_awaits_it_in_all_callers() {
    check_fix(
        "Make `load` an async function",
        r#"
# file: helpers.py
def $0load(): return 1

def twice():
    return load() + load().bit_length()
# file: main.py
import helpers
from helpers import twice

async def handler():
    x = twice()
    return [helpers.load() for _ in "ab"]
"#,
        r#"
# file: helpers.py
async def load(): return 1

async def twice():
    return await load() + (await load()).bit_length()
# file: main.py
import helpers
from helpers import twice

async def handler():
    x = await twice()
    return [await helpers.load() for _ in "ab"]
"#,
    );
}

#[test]
fn loops_that_the_function_starts_become_await() {
    check_fix(
        "Make `load` an async function",
        r#"
import asyncio

async def fetch(): ...

def load():
    return asyncio.run(fetch())

async def handler():
    return lo$0ad()
"#,
        r#"
import asyncio

async def fetch(): ...

async def load():
    return await fetch()

async def handler():
    return await load()
"#,
    );
}

#[test]
fn methods_that_replace_each_other_become_async_together() {
    check_fix(
        "Make `load` an async function",
        r#"
from abc import ABC, abstractmethod

class Base(ABC):
    @abstractmethod
    def load(self): ...

class A(Base):
    def $0load(self):
        return 1

class B(Base):
    def load(self):
        return 2

async def f(base: Base, a: A):
    base.load()
    a.load()
"#,
        r#"
from abc import ABC, abstractmethod

class Base(ABC):
    @abstractmethod
    async def load(self): ...

class A(Base):
    async def load(self):
        return 1

class B(Base):
    async def load(self):
        return 2

async def f(base: Base, a: A):
    await base.load()
    await a.load()
"#,
    );
}

#[test]
fn a_function_stays_plain_where_a_caller_cannot_await() {
    let refused = |rest: &str, expected: Expect| {
        check_refused("Make `f` an async", &format!("def $0f(): return 1\n\n{rest}"), expected);
    };
    refused("f()\n", expect!["main.py:3: f() is called at module level, where nothing can be awaited"]);
    refused("g = lambda: f()\n", expect!["main.py:3: f() is called in a lambda, where nothing can be awaited"]);
    refused("g = f\n", expect!["main.py:3: `f` is used as a value, not only called"]);
    refused("def g(x): x.f()\n", expect!["main.py:3: nobody can tell whether `x.f` is this `f`"]);
    refused("def g(): return (f() for _ in 'ab')\n", expect!["main.py:3: `f` is used as a value, not only called"]);
    refused(
        "class A:\n    x = f()\n",
        expect!["main.py:4: f() is called at module level, where nothing can be awaited"],
    );
    refused(
        "class A:\n    def __init__(self): f()\n",
        expect!["main.py:4: `__init__` is called by Python itself, which does not await it"],
    );
    refused(
        "class A:\n    @property\n    def x(self): return f()\n",
        expect!["main.py:5: `x` has a decorator, which expects it as it is"],
    );
    refused("def g():\n    yield f()\n", expect!["main.py:3: `g` is a generator"]);
    refused("import asyncio\n\nasync def g(): await asyncio.to_thread(f)\n", expect!["no `Make `f` an async` in []"]);
    refused(
        "class A(Unknown):\n    def g(self): f()\n",
        expect!["main.py:4: `g` may replace a method of a class outside the project"],
    );
    refused(
        "class A:\n    def g(self): f()\n\nclass B(A):\n    g = 1\n",
        expect!["main.py:6: `B` is no plain function"],
    );
    refused(
        "def g():\n    with open('x'):\n        f()\n\nmap(g, [])\n",
        expect!["main.py:7: `g` is used as a value, not only called"],
    );
}

#[test]
fn imports_under_another_name_and_calls_of_the_base_are_followed() {
    check_fix(
        "Make `load` an async function",
        r#"
# file: helpers.py
class Base:
    def $0load(self): return 1

class Child(Base):
    def load(self): return super().load() + 1
# file: main.py
from helpers import Child as C

async def handler(c: C):
    c.load()
"#,
        r#"
# file: helpers.py
class Base:
    async def load(self): return 1

class Child(Base):
    async def load(self): return await super().load() + 1
# file: main.py
from helpers import Child as C

async def handler(c: C):
    await c.load()
"#,
    );
    let alias = "def $0f(): return 1\n# file: other.py\nfrom main import f as g\n\nx = [g]\n";
    check_refused("Make `f` an async", alias, expect!["other.py:3: `g` is used as a value, not only called"]);
    let protocol =
        "from typing import Protocol\n\nclass P(Protocol):\n    def f(self): ...\n\nclass A:\n    def $0f(self): ...\n";
    check_refused("Make `f` an async", protocol, expect!["no `Make `f` an async` in []"]);
}

#[test]
fn making_async_is_offered_where_it_may_succeed() {
    check_list(
        "def $0f(): ...\n",
        expect![[r#"
            - Make `f` an async function
        "#]],
    );
    check_list(
        "$0def f(): ...\n",
        expect![[r#"
            - Make `f` an async function
        "#]],
    );
    check_list(
        "def f(): ...\n\ndef g():\n    f$0()\n",
        expect![[r#"
            - Make `f` an async function
        "#]],
    );
    check_list("async def $0f(): ...\n", expect![[""]]);
    check_list("class A:\n    def $0__init__(self): ...\n", expect![[""]]);
    check_list("class A:\n    @property\n    def $0x(self): ...\n", expect![[""]]);
    check_list("def f():\n    $0pass\n", expect![[""]]);
}

#[test]
fn a_close_is_generated_at_the_header_of_a_class() {
    check_fix(
        "Generate `aclose`",
        r#"
import httpx

class $0Api:
    def __init__(self):
        self.client = httpx.AsyncClient()
"#,
        r#"
import httpx

class Api:
    def __init__(self):
        self.client = httpx.AsyncClient()

    async def aclose(self) -> None:
        await self.client.aclose()

    async def __aenter__(self) -> "Api":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
"#,
    );
    check_list(
        r#"
import httpx

class $0Api:
    def __init__(self):
        self.client = httpx.AsyncClient()

    async def aclose(self):
        await self.client.aclose()
"#,
        expect![""],
    );
}
