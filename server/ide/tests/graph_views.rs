//! Lenses, hints, the call hierarchy and paths.

mod support;

use asyncwise_ide::{call_hierarchy, inlay, lens, paths};
use asyncwise_syntax::facts::Span;
use expect_test::{Expect, expect};
use std::fmt::Write;
use support::{Fixture, fixture};

const SERVICE: &str = r#"
import asyncio
from helpers import load, start

async def lifespan(app):
    load()

async def handler():
    load()
    start()

async def quiet():
    await asyncio.to_thread(load)

asyncio.run(handler())
# file: helpers.py
import asyncio
import requests

def load():
    return fetch()

def fetch():
    return requests.get("https://example.org")

async def work(): ...

def start():
    asyncio.run(work())

def unreached():
    start()
"#;

fn lines(source: &str, f: impl FnOnce(&Fixture, &mut String), expected: Expect) {
    let fixture = fixture(source);
    let mut out = String::new();
    f(&fixture, &mut out);
    expected.assert_eq(&out);
}

#[test]
fn lenses_stand_above_plain_functions_that_coroutines_reach() {
    lines(
        SERVICE,
        |fixture, out| {
            fixture.analysed(|analysis, _| {
                for file in fixture.program.ids() {
                    for lens in lens::lenses(analysis, file) {
                        let at = fixture.position(file, lens.span.start);
                        writeln!(out, "{at} {}", lens.title).unwrap();
                    }
                }
            });
        },
        expect![[r#"
            helpers.py:4:5 reached from 2 coroutines · blocks (requests.get)
            helpers.py:7:5 reached from 2 coroutines · blocks (requests.get)
            helpers.py:12:5 reached from 1 coroutine · starts an event loop (asyncio.run)
        "#]],
    );
}

#[test]
fn hints_stand_behind_calls_on_the_loop() {
    lines(
        SERVICE,
        |fixture, out| {
            fixture.analysed(|analysis, _| {
                for file in fixture.program.ids() {
                    let whole = Span::new(0, fixture.program.facts(file).len);
                    for hint in inlay::inlay_hints(analysis, file, whole) {
                        let at = fixture.position(file, hint.offset);
                        writeln!(out, "{at} {} ({})", hint.label, hint.tooltip.to_plain()).unwrap();
                    }
                }
            });
        },
        expect![[r#"
            helpers.py:5:19 blocks: requests.get (fetch → requests.get, which blocks the event loop)
            helpers.py:8:47 blocks: requests.get (requests.get, which blocks the event loop)
            helpers.py:13:24 starts a loop (asyncio.run, which starts an event loop)
            main.py:5:11 blocks: requests.get (load → fetch → requests.get, which blocks the event loop)
            main.py:8:11 blocks: requests.get (load → fetch → requests.get, which blocks the event loop)
            main.py:9:12 starts a loop (start → asyncio.run, which starts an event loop)
        "#]],
    );
}

#[test]
fn hints_outside_the_range_are_left_out() {
    let fixture = fixture("import time\n\nasync def f():\n    time.sleep(1)\n    time.sleep(2)\n");
    fixture.analysed(|analysis, _| {
        let hints = inlay::inlay_hints(analysis, fixture.file, Span::new(0, 46));
        assert_eq!(hints.len(), 1, "{hints:?}");
    });
}

fn hierarchy(fixture: &Fixture, out: &mut String) {
    fixture.analysed(|analysis, _| {
        for item in call_hierarchy::prepare(analysis, fixture.file, fixture.range.start) {
            writeln!(out, "{} ({})", item.name, item.detail).unwrap();
            let mut list = |title: &str, calls: Vec<call_hierarchy::Call>| {
                for call in calls {
                    let caller = if title == "from" { call.item.def.file } else { item.def.file };
                    let spans: Vec<_> = call.spans.iter().map(|s| fixture.position(caller, s.start)).collect();
                    let (name, detail) = (&call.item.name, &call.item.detail);
                    writeln!(out, "  {title} {name} ({detail}) {:?} {}", call.kind, spans.join(" ")).unwrap();
                }
            };
            list("from", call_hierarchy::incoming(analysis, item.def));
            list("to", call_hierarchy::outgoing(analysis, item.def));
        }
    });
}

#[test]
fn the_hierarchy_knows_callers_and_callees() {
    lines(
        &SERVICE.replace("def load", "def $0load"),
        hierarchy,
        expect![[r#"
        load (on the loop and in a worker thread · helpers.py)
          from lifespan (coroutine · main.py) Calls main.py:5:5
          from handler (coroutine · main.py) Calls main.py:8:5
          from quiet (coroutine · main.py) HandsOver main.py:12:11
          to fetch (on the loop and in a worker thread · helpers.py) Calls helpers.py:5:12
    "#]],
    );
    lines(
        &SERVICE.replace("return fetch()", "return $0fetch()"),
        hierarchy,
        expect![[r#"
        fetch (on the loop and in a worker thread · helpers.py)
          from load (on the loop and in a worker thread · helpers.py) Calls helpers.py:5:12
    "#]],
    );
    lines(
        &SERVICE.replace("async def handler", "async def $0handler"),
        hierarchy,
        expect![[r#"
        handler (coroutine · main.py)
          from main (main.py) Calls main.py:14:13
          to load (on the loop and in a worker thread · helpers.py) Calls main.py:8:5
          to start (on the loop · helpers.py) Calls main.py:9:5
    "#]],
    );
    lines("x = 1$0\n", hierarchy, expect![[""]]);
}

#[test]
fn items_are_found_again_by_their_selection() {
    let fixture = fixture("def f(): return map(lambda: g(), [])\n\ndef $0g(): ...\n\ng()\n");
    fixture.analysed(|analysis, _| {
        let items = call_hierarchy::prepare(analysis, fixture.file, fixture.range.start);
        let callers: Vec<_> = items.iter().flat_map(|item| call_hierarchy::incoming(analysis, item.def)).collect();
        let names: Vec<_> = callers.iter().map(|call| call.item.name.as_str()).collect();
        assert_eq!(names, ["main", "f.<lambda>"]);
        for item in items.iter().chain(callers.iter().map(|call| &call.item)) {
            assert_eq!(call_hierarchy::find(analysis, fixture.file, item.selection), Some(item.def));
        }
    });
}

fn show_paths(fixture: &Fixture, out: &mut String) {
    fixture.analysed(|analysis, _| {
        for path in paths::paths_at(analysis, fixture.file, fixture.range.start) {
            writeln!(out, "{}", path.title).unwrap();
            for step in path.steps {
                let at = fixture.position(step.place.file, step.place.span.start);
                writeln!(out, "  {at} {}", step.message).unwrap();
            }
        }
    });
}

#[test]
fn paths_lead_from_coroutines_to_the_sink() {
    lines(
        &SERVICE.replace("def fetch", "def $0fetch"),
        show_paths,
        expect![[r#"
        lifespan blocks: requests.get
          main.py:4:11 lifespan is a coroutine function
          main.py:5:5 lifespan calls load()
          helpers.py:5:12 load calls fetch()
          helpers.py:8:12 fetch calls requests.get(), which blocks the thread
        handler blocks: requests.get
          main.py:7:11 handler is a coroutine function
          main.py:8:5 handler calls load()
          helpers.py:5:12 load calls fetch()
          helpers.py:8:12 fetch calls requests.get(), which blocks the thread
    "#]],
    );
    lines(
        &SERVICE.replace("    start()\n\nasync", "    $0start()\n\nasync"),
        show_paths,
        expect![[r#"
        handler starts an event loop: asyncio.run
          main.py:7:11 handler is a coroutine function
          main.py:9:5 handler calls start()
          helpers.py:13:5 start calls asyncio.run(), which starts an event loop
    "#]],
    );
    lines(
        &SERVICE.replace("def unreached", "def $0unreached"),
        show_paths,
        expect![[r#"
        unreached starts an event loop: asyncio.run
          helpers.py:16:5 unreached calls start()
          helpers.py:13:5 start calls asyncio.run(), which starts an event loop
    "#]],
    );
}

#[test]
fn a_function_by_itself_is_no_path() {
    lines("async def $0f():\n    pass\n", show_paths, expect![""]);
    lines("def $0f():\n    pass\n", show_paths, expect![""]);
    lines(
        "async def main():\n    f()\n\ndef $0f():\n    pass\n",
        show_paths,
        expect![[r#"
            main reaches f
              1:11 main is a coroutine function
              2:5 main calls f()
        "#]],
    );
}

#[test]
fn paths_stop_at_cycles_and_at_a_number() {
    let mut source =
        "import time\n\ndef $0sink():\n    time.sleep(1)\n    again()\n\ndef again():\n    sink()\n\n".to_owned();
    for i in 0..40 {
        write!(source, "async def f{i}():\n    sink()\n\n").unwrap();
    }
    let fixture = fixture(&source);
    fixture.analysed(|analysis, _| {
        let found = paths::paths_at(analysis, fixture.file, fixture.range.start);
        assert_eq!(found.len(), paths::MAX_PATHS);
        assert!(found.is_sorted_by_key(|path| path.steps.len()));
    });
}

#[test]
fn the_paths_of_a_finding_are_those_through_its_call() {
    lines(
        SERVICE,
        |fixture, out| {
            fixture.analysed(|analysis, findings| {
                for finding in findings {
                    for path in paths::paths_of_finding(analysis, finding) {
                        writeln!(out, "{}: {} ({} steps)", finding.rule, path.title, path.steps.len()).unwrap();
                    }
                }
            });
        },
        expect![[r#"
            blocking-call: lifespan blocks: requests.get (4 steps)
            blocking-call: handler blocks: requests.get (4 steps)
            nested-event-loop: handler starts an event loop: asyncio.run (3 steps)
        "#]],
    );
}
