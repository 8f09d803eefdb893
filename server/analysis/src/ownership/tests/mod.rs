//! The cases are Python files. In every function `Resource()` must be closed with `await x.aclose()`; the comment on its line
//! says on which ways it is not: `# leaks: returns, overwritten, raises, call raises, cancelled`, `# no leaks`, `# not followed`.
//! `# closed` and `# closed again` and `# used closed` mark lines with such mentions, and are complete for closed ones.

use super::holder::holder;
use super::lifetime::{Graphs, How, Lifetime, lifetime};
use super::resource::{Acquisition, Closes, Needs, Origin, Owned, With};
use crate::analysis::Analysis;
use crate::finding::{Confidence, FileId};
use crate::infer::Infer;
use crate::program::{Origin as FileOrigin, Program, SearchRoots, SourceFile};
use crate::settings::Settings;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use std::fmt::Write;
use std::sync::Arc;

fn analysis(source: &str) -> Analysis {
    let file = SourceFile {
        path: "main.py".into(),
        origin: FileOrigin::Project,
        facts: Arc::new(asyncwise_syntax::lower::facts(source)),
        text: source.into(),
        is_notebook: false,
        settings: Arc::new(Settings::default()),
    };
    let roots = SearchRoots { project: vec![String::new()], dependencies: vec![] };
    Analysis::new(Arc::new(Program::new(vec![file], roots)))
}

/// What a call of a class named `Resource` makes; `Lazy` has to be closed once it was started.
fn made(facts: &FileFacts, call: ExprId) -> Option<Acquisition> {
    let ExprKind::Call { func, .. } = facts.expr(call).kind else { return None };
    let ExprKind::Name(name) = facts.expr(func).kind else { return None };
    let needs = match facts.name(name) {
        "Resource" => Needs::Made,
        "Lazy" => Needs::After(vec!["start".into()]),
        _ => return None,
    };
    let closes = Closes {
        methods: vec!["aclose".into()],
        awaited: true,
        then_await: None,
        released_by: None,
        with: With::Async,
    };
    let origin = Origin::Own { class: Def { file: FileId(0), scope: ScopeId::MODULE }, acquires: None };
    let what = facts.name(name).into();
    let owned = Owned { what, closes, needs, origin, factory: None, confidence: Confidence::Likely };
    Some(Acquisition { call, value: call, part: None, is_list: false, owned: Arc::new(owned) })
}

fn line_of(source: &str, at: u32) -> usize {
    source[..at as usize].matches('\n').count()
}

fn notes(facts: &FileFacts, source: &str, call: ExprId, life: Option<&Lifetime>) -> Vec<(usize, String)> {
    let line = |expr: ExprId| line_of(source, facts.expr(expr).span.start);
    let Some(life) = life else { return vec![(line(call), "not followed".to_owned())] };
    let word = |how: How| match how {
        How::Returns => "returns",
        How::Overwritten => "overwritten",
        How::Raises => "raises",
        How::CallRaises => "call raises",
        How::Cancelled => "cancelled",
    };
    let leaks: Vec<&str> = life.leaks.iter().map(|leak| word(leak.how)).collect();
    let said = if leaks.is_empty() { "no leaks".to_owned() } else { format!("leaks: {}", leaks.join(", ")) };
    let mut all = vec![(line(call), said)];
    for &closed in &life.closed {
        let words = if life.closed_again.contains(&closed) { "closed again" } else { "closed" };
        all.push((line(closed), words.to_owned()));
    }
    all.extend(life.used_closed.iter().map(|&used| (line(used), "used closed".to_owned())));
    all
}

/// The source with its comments taken off, and those that tell the truth put on.
fn told(source: &str) -> String {
    let bare: Vec<&str> = source.lines().map(|line| line.split("  # ").next().unwrap_or(line)).collect();
    let analysis = analysis(&format!("{}\n", bare.join("\n")));
    let (world, file) = (&analysis.world, FileId(0));
    let facts = world.facts(file);
    let text = &world.program.file(file).text;
    let (mut infer, mut graphs) = (Infer::new(world), Graphs::default());
    let mut said = Vec::new();
    for (call, _) in facts.exprs() {
        let Some(acquisition) = made(facts, call) else { continue };
        let holder = holder(facts, world.index_of(file), &acquisition);
        let life = lifetime(&mut infer, &mut graphs, file, &acquisition, &holder);
        said.extend(notes(facts, text, call, life.as_ref()));
    }
    let mut out = String::new();
    for (i, line) in bare.iter().enumerate() {
        let here: Vec<&str> = said.iter().filter(|(at, _)| *at == i).map(|(_, words)| words.as_str()).collect();
        let comment = if here.is_empty() { String::new() } else { format!("  # {}", here.join("; ")) };
        writeln!(out, "{line}{comment}").expect("a string takes all");
    }
    out
}

macro_rules! cases {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            expect_test::expect_file![concat!(stringify!($name), ".py")].assert_eq(&told(include_str!(concat!(stringify!($name), ".py"))));
        }
    )*};
}

cases! { paths handlers hand_on conditions callees after_close loops }

/// A function of 3,000 lines with many resources stays linear.
#[test]
fn long_functions_have_graphs() {
    let body = "    x = Resource()\n    if a:\n        await x.get()\n    await x.aclose()\n".repeat(750);
    let source = format!("async def f(a):\n{body}");
    let analysis = analysis(&source);
    let facts = analysis.world.facts(FileId(0));
    let scope = facts.scopes().find(|(_, s)| s.stmt.is_some()).expect("the function").0;
    let cfg = super::cfg::Cfg::new(facts, scope).expect("a graph");
    assert!(cfg.len() < 30_000, "{}", cfg.len());
}

/// `finally` in `finally` does not grow without bound.
#[test]
fn nested_finally_is_bounded() {
    let mut source = "async def f():\n".to_owned();
    for depth in 1..40 {
        let indent = "    ".repeat(depth);
        let _ = writeln!(source, "{indent}try:\n{indent}    await g()\n{indent}finally:");
    }
    let _ = writeln!(source, "{}await h()", "    ".repeat(40));
    let facts = asyncwise_syntax::lower::facts(&source);
    let scope = facts.scopes().find(|(_, s)| s.stmt.is_some()).expect("the function").0;
    let _ = super::cfg::Cfg::new(&facts, scope);
}
