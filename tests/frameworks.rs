//! The pages in `tests/frameworks` say where frameworks run functions: every example on them is checked like those of a
//! rule page, and every comment `# runs: ...` on the line of a `def` against the contexts of the graph.

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::settings::RunsOn;
use asyncwise_analysis::types::Def;
use asyncwise_syntax::facts::ScopeKind;
use asyncwise_tests::page::{Example, parse};
use asyncwise_tests::{example, repository};
use std::fmt::Write;

/// The words of the comments.
const PLACES: [(RunsOn, &str); 2] = [(RunsOn::Loop, "loop"), (RunsOn::Worker, "worker")];

#[test]
fn functions_run_where_the_pages_say() {
    let (mut wrong, mut all) = (String::new(), 0);
    for entry in std::fs::read_dir(repository().join("tests/frameworks")).expect("the pages are there") {
        let path = entry.expect("its entries can be read").path();
        let name = path.file_name().expect("a page has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("pages are UTF-8");
        let (page, mistakes) = parse(&text);
        for block in &page.examples {
            for (line, message) in example::check("", block).into_iter().chain(places(block, &mut all)) {
                writeln!(wrong, "tests/frameworks/{name}:{line}: {message}").unwrap();
            }
        }
        for (line, message) in mistakes {
            writeln!(wrong, "tests/frameworks/{name}:{line}: {message}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(all > 100, "only {all} functions have a place");
}

/// The steps of the chains of all findings in a program.
fn steps(source: &str) -> Vec<String> {
    let (page, _) = parse(&format!("```py\n{source}```\n"));
    let findings = example::all_findings(&page.examples[0]).expect("there is no configuration");
    findings.into_iter().flat_map(|finding| finding.chain).map(|step| step.message).collect()
}

#[test]
fn a_chain_tells_why_a_plain_function_is_on_the_loop() {
    let by_decorator = "import time\nfrom litestar import get\n\n@get('/')\ndef show():\n    time.sleep(1)\n";
    assert_eq!(steps(by_decorator), ["litestar.get runs the plain function show on the event loop"]);
    let by_base = "import time\nfrom tornado.web import RequestHandler\n\nclass Main(RequestHandler):\n    \
        def get(self):\n        time.sleep(1)\n";
    assert_eq!(steps(by_base), ["tornado.web.RequestHandler runs the plain function Main.get on the event loop"]);
    let by_call = "import time\nfrom sanic import Sanic\napp = Sanic('a')\n\ndef show(request):\n    time.sleep(1)\n\n\
        app.add_route(show, '/')\n";
    assert_eq!(steps(by_call), ["show is handed to the event loop by app.add_route()"]);
    let coroutine = "import time\nfrom litestar import get\n\n@get('/')\nasync def show():\n    time.sleep(1)\n";
    assert_eq!(steps(coroutine), Vec::<String>::new());
}

/// What is otherwise than the comments of an example say, by line of the page; counts the comments.
fn places(block: &Example, all: &mut usize) -> Vec<(usize, String)> {
    let analysis = match example::analysis(block) {
        Ok(analysis) => analysis,
        Err(message) => return vec![(block.line, message)],
    };
    let mut wrong = Vec::new();
    for file in &block.files {
        let Some(id) = example::file(&analysis, &file.path) else { continue };
        let facts = analysis.world.facts(id);
        let mut start = 0;
        for (number, line) in file.text.split_inclusive('\n').enumerate() {
            let end = start + line.len();
            let on_line = |at: u32| (start..end).contains(&(at as usize));
            if let Some((_, expected)) = line.trim_end().split_once("# runs: ") {
                *all += 1;
                let is_function = |kind| matches!(kind, ScopeKind::Function { .. });
                let function = facts.scopes().find(|(_, s)| is_function(s.kind) && on_line(s.name_span.start));
                let found = function.map_or_else(
                    || "no function".to_owned(),
                    |(scope, _)| places_of(&analysis, Def { file: id, scope }),
                );
                if found != expected {
                    wrong.push((file.line + number, format!("runs: {found}, not {expected}")));
                }
            }
            start = end;
        }
    }
    wrong
}

fn places_of(analysis: &Analysis, function: Def) -> String {
    let places = PLACES.iter().filter(|(on, _)| analysis.function_runs_on(function, *on));
    let words: Vec<&str> = places.map(|(_, word)| *word).collect();
    if words.is_empty() { "nowhere".to_owned() } else { words.join(", ") }
}
