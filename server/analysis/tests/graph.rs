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
    let analysis = Analysis::new(&program);
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

fn function(analysis: &Analysis<'_>, file: FileId, def: Def, out: &mut String) {
    let graph = &analysis.graph;
    let mut says = Vec::new();
    for root in graph.roots.get(&def).into_iter().flatten() {
        says.push(match root.on {
            RunsOn::Loop => "enters on loop".to_owned(),
            RunsOn::Worker => "enters in worker".to_owned(),
            RunsOn::NoLoop => "enters without loop".to_owned(),
        });
    }
    if let Some(at) = graph.on_loop.get(&def) {
        says.push(format!("on loop from {}", analysis.short_name(graph.owner(*at))));
    }
    if let Some(at) = graph.in_worker.get(&def) {
        says.push(format!("in worker from {}", analysis.short_name(graph.owner(*at))));
    }
    let effects = [Effect::StartsLoop, Effect::RefusesLoop].into_iter();
    for effect in effects.chain((0..CATEGORIES.len() as u8).map(Effect::Blocks)) {
        if let Some(witness) = graph.effects.get(&(def, effect)) {
            let chain: Vec<String> = graph.chain(*witness, effect).iter().map(|at| analysis.site_text(*at)).collect();
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
        expect![[""]],
    );
}
