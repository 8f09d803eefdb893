//! Size and depth: nothing blows up, and what is too much degrades to what is known at the entry.

use super::*;
use std::time::{Duration, Instant};

fn flow_of(text: &str) -> (FileFacts, LoopFlow) {
    let facts = asyncwise_syntax::facts(text);
    let flow = {
        let oracle = oracle(&facts);
        analyze(&facts, ScopeId(1), StateSet::UNKNOWN, &oracle, FULL)
    };
    (facts, flow)
}

fn states_of_last_call(text: &str) -> String {
    let (facts, flow) = flow_of(text);
    let calls = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. }));
    let last = calls.max_by_key(|(_, e)| e.span.start).map(|(id, _)| id);
    last.map(|call| flow.state_at(&facts, call).to_string()).unwrap_or_default()
}

#[test]
fn long_elif_chain() {
    let mut text = "def f(x):\n    asyncio.get_running_loop()\n    if x == 0:\n        pass\n".to_owned();
    for i in 1..2000 {
        let _ = writeln!(text, "    elif x == {i}:\n        pass");
    }
    text.push_str("    work()\n");
    assert_eq!(states_of_last_call(&text), "running");
}

#[test]
fn deep_expressions() {
    let calls = format!("def f(x):\n    asyncio.get_running_loop()\n    x{}\n    work()\n", ".a()".repeat(3000));
    assert_eq!(states_of_last_call(&calls), "running");
    let sums = format!("def f(x):\n    asyncio.get_running_loop()\n    y = x{}\n    work()\n", " + x".repeat(3000));
    assert_eq!(states_of_last_call(&sums), "running");
    let nots =
        format!("def f(x):\n    asyncio.get_running_loop()\n    if {}x: pass\n    work()\n", "not ".repeat(3000));
    assert_eq!(states_of_last_call(&nots), "running");
}

#[test]
fn deep_statements() {
    let mut text = "def f(x):\n    asyncio.get_running_loop()\n".to_owned();
    for i in 0..300 {
        let _ = writeln!(text, "{}if x:", " ".repeat(4 + i));
    }
    let _ = writeln!(text, "{}pass\n    work()", " ".repeat(304));
    assert_eq!(states_of_last_call(&text), "running");
}

/// The deepest of both at once, with the largest frames, on the small stack of a test's thread.
#[test]
fn deep_expression_in_deep_statements() {
    let mut text = "def f(x):\n    asyncio.get_running_loop()\n".to_owned();
    let pad = |depth: usize| " ".repeat(4 + depth);
    let heads = ["if x:", "with x:", "try:", "with suppress(x):"];
    (0..96).for_each(|i| _ = writeln!(text, "{}{}", pad(i), heads[i % 4]));
    let _ = writeln!(text, "{}return {}x{}", pad(96), "(x or not g(".repeat(40), "))".repeat(40));
    (0..96).rev().filter(|i| i % 4 == 2).for_each(|i| _ = writeln!(text, "{p}finally:\n{p} pass", p = pad(i)));
    text.push_str("    work()\n");
    assert!(states_of_last_call(&text).starts_with("running"));
}

#[test]
fn deep_loops_end() {
    let mut text = "def f(x):\n    a0 = None\n".to_owned();
    for i in 0..40 {
        let pad = " ".repeat(4 + i);
        let _ = writeln!(text, "{pad}for a{} in x:\n{pad} b{i} = a{i} or b{}", i + 1, i + 1);
    }
    let _ = writeln!(text, "{}asyncio._get_running_loop()\n    work()", " ".repeat(44));
    let start = Instant::now();
    let found = states_of_last_call(&text);
    assert!(found.contains("unknown"), "{found}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// The body of a function with everything in it, `lines` lines long.
fn big_function(lines: usize, probe: &str) -> String {
    let mut text = format!("def f(self, x, y):\n    {probe}\n    try:\n");
    let block = |i: usize| {
        format!(
            "        v{i} = self.make({i}, name='x', other=[x, y])\n\
             \x20       if v{i} is None and x.ready:\n\
             \x20           v{i} = other(v{i}, f'{{x}} and {{y}}')\n\
             \x20       for item in v{i}.items():\n\
             \x20           self.total += item.size * 2\n\
             \x20           if not item:\n\
             \x20               continue\n\
             \x20       with self.lock as held:\n\
             \x20           held.update({{'a': v{i}, 'b': [z for z in x if z]}})\n\
             \x20       logger.info('done %s', v{i})\n"
        )
    };
    (0..lines / 10).for_each(|i| text.push_str(&block(i)));
    text.push_str("    except ValueError as e:\n        logger.error(e)\n    return x\n");
    text
}

/// Run with `--release --nocapture` for the figures.
#[test]
#[expect(clippy::print_stdout, reason = "figures are asked for by hand")]
fn big_functions_are_fast() {
    for (what, probe) in [("probe", "loop = asyncio._get_running_loop()"), ("nothing", "pass")] {
        let text = big_function(3000, probe);
        let facts = asyncwise_syntax::facts(&text);
        let oracle = ByName { facts: &facts, functions: FxHashMap::default(), flags: FxHashMap::default() };
        let timed = || {
            let start = Instant::now();
            let flow = analyze(&facts, ScopeId(1), StateSet::UNKNOWN, &oracle, Options::default());
            (start.elapsed(), flow)
        };
        let Some((took, flow)) = (0..10).map(|_| timed()).min_by_key(|(took, _)| *took) else { return };
        println!("3000 lines, {what}: {took:?}, {} expressions", facts.exprs.len());
        assert_eq!(flow.is_trivial(), what == "nothing");
        assert!(took < Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 10 }), "{took:?}");
    }
}

#[test]
fn broken_code_is_survived() {
    for text in
        ["def f(:\n  try:\n  x", "def f():\n  if asyncio.get_running_loop(", "def f():\n  try:\n    break\n  finally"]
    {
        let facts = asyncwise_syntax::facts(text);
        let oracle = oracle(&facts);
        for (id, _) in facts.scopes() {
            analyze(&facts, id, StateSet::ALL, &oracle, FULL);
        }
    }
}

#[test]
fn entry_of_several_states() {
    let facts = asyncwise_syntax::facts("def f():\n    g()\n");
    let oracle = oracle(&facts);
    let entry = StateSet::RUNNING.union(StateSet::NOT_RUNNING);
    let flow = analyze(&facts, ScopeId(1), entry, &oracle, FULL);
    let call = facts.exprs().find(|(_, e)| matches!(e.kind, ExprKind::Call { .. })).map(|(id, _)| id);
    assert_eq!(call.map(|c| flow.state_at(&facts, c)), Some(entry));
}
