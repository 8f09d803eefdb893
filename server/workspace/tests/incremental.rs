//! The oracle of incremental analysis: after any edits it gives what an analysis from nothing gives.

use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::incremental::Effort;
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_workspace::structure::Trees;
use proptest::prelude::*;
use std::sync::Arc;

/// Files that know each other by every way there is: imports at all depths, re-exports, star imports, subclasses, decorators,
/// attributes, properties, aliases, probes, bare names.
const FILES: &[(&str, &str)] = &[
    (
        "app/__init__.py",
        "from .client import Client, AsyncClient as Remote\nfrom .tools import *\n__all__ = ['Client', 'fetch', 'Remote']\n",
    ),
    (
        "app/client.py",
        "import time\nimport requests\nfrom app.base import Base, traced\nfrom typing import Optional\n\n\n\
         class Client(Base):\n    limit: int = 3\n\n    def __init__(self, inner: 'Optional[AsyncClient]' = None):\n        \
         self.inner = inner\n        self.session = requests.Session()\n        self.helper = make()\n\n    \
         def load(self, url):\n        return self.session.get(url)\n\n    @property\n    def token(self):\n        \
         return self.load('token')\n\n    @traced\n    def traced_load(self):\n        return self.load('x')\n\n\n\
         class AsyncClient:\n    async def load(self, url):\n        return url\n\n\n\
         def make():\n    from app.tools import Tool\n    return Tool()\n\n\nItems = Optional[Client]\n",
    ),
    (
        "app/base.py",
        "import asyncio\nimport functools\n\n\ndef traced(f):\n    @functools.wraps(f)\n    def wrapper(*args):\n        \
         return f(*args)\n    return wrapper\n\n\ndef in_loop():\n    try:\n        asyncio.get_running_loop()\n    \
         except RuntimeError:\n        return False\n    return True\n\n\nclass Base:\n    def load(self, url):\n        \
         raise NotImplementedError\n\n    def run(self):\n        return self.load('run')\n\n    def peculiar_name(self):\n        \
         import time\n        time.sleep(1)\n",
    ),
    (
        "app/tools.py",
        "import asyncio\nimport time\nfrom .base import in_loop, Base\n\n\nclass Tool(Base):\n    def __enter__(self):\n        \
         time.sleep(1)\n        return self\n\n    def __exit__(self, *e):\n        pass\n\n    def load(self, url):\n        \
         time.sleep(2)\n        return 1\n\n\ndef fetch(url):\n    if in_loop():\n        raise RuntimeError('await it')\n    \
         return asyncio.run(work(url))\n\n\nasync def work(url):\n    return Tool()\n\n\ndef plain():\n    return 1\n",
    ),
    (
        "app/runtime.py",
        "import asyncio\nfrom .base import in_loop, Base\n\n\nclass Runtime(Base):\n    def execute(self):\n        \
         return self.run()\n\n\nclass AsyncRuntime:\n    def execute(self):\n        if in_loop():\n            \
         raise RuntimeError('await execute_async()')\n        return asyncio.run(self.execute_async())\n\n    \
         async def execute_async(self):\n        return 1\n\n\ndef runtime():\n    \
         return AsyncRuntime() if in_loop() else Runtime()\n",
    ),
    (
        "app/engine.py",
        "from .runtime import runtime, Runtime, AsyncRuntime\nfrom .base import in_loop\n\n\nclass Engine:\n    \
         def __init__(self):\n        self.runtime = runtime()\n        if in_loop():\n            \
         self.other = AsyncRuntime()\n        else:\n            self.other = Runtime()\n\n    \
         def start(self):\n        self.other.execute()\n        return self.runtime.execute()\n\n    \
         async def stop(self):\n        self.runtime.execute()\n",
    ),
    (
        "main.py",
        "import asyncio\nimport app\nfrom app.engine import Engine\nfrom app import Client, Remote, fetch\nfrom app.client import Items\nfrom app import tools\n\n\n\
         async def main(client: Client, items: Items, thing):\n    client.load('x')\n    client.run()\n    client.token\n    \
         client.helper.load('y')\n    fetch('x')\n    tools.plain()\n    app.fetch('z')  # asyncwise: ignore[nested-event-loop]\n    \
         await Remote().load('x')\n    items.traced_load()\n    with tools.Tool() as tool:\n        tool.run()\n    \
         thing.peculiar_name()\n    tools.work('x')\n    Engine().start()\n    Engine().other.execute()\n\n\nif __name__ == '__main__':\n    asyncio.run(main(Client(), None, None))\n",
    ),
];

/// Lines that edits put in, with the indentation of the line they come before.
const LINES: &[&str] = &[
    "time.sleep(1)",
    "import time",
    "return self.load('z')",
    "return AsyncClient()",
    "return Tool()",
    "return None",
    "pass",
    "x = lambda: time.sleep(3)",
    "y = [fetch(u) for u in []]",
    "self.inner = make()",
    "self.helper = Client()",
    "asyncio.run(work('x'))",
    "asyncio.get_running_loop()",
    "from app.tools import Tool as Client",
    "from app.client import make",
    "def load(self, url): return 2",
    "async def load(self, url): return 2",
    "def peculiar_name(self): pass",
    "class Extra(Client):",
    "    def load(self, url): time.sleep(9)",
    "@property",
    "@traced",
    "yield 1",
    "await work('x')",
    "global make",
    "items = Client()",
    "self.runtime = AsyncRuntime()",
    "self.other = runtime()",
    "if in_loop(): return 1",
    "raise RuntimeError('no loop')",
    "return AsyncRuntime()",
    "foo(",
    "'''",
    "else:",
    "# asyncwise: ignore",
    "import nest_asyncio; nest_asyncio.apply()",
    "'One line, that says nothing.'",
    "# A comment, that says nothing.",
    "raise RuntimeError(f'no running loop, await {self} instead')",
];

#[derive(Clone, Debug)]
enum Typing {
    Insert { line: usize, text: usize },
    Delete { line: usize },
    Duplicate { line: usize },
    Rename { line: usize, letter: char },
    Indent { line: usize },
}

fn apply(text: &str, typing: &Typing) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    if lines.is_empty() {
        lines.push(String::new());
    }
    match typing {
        Typing::Insert { line, text } => {
            let at = line % count;
            let indent = lines[at].len() - lines[at].trim_start().len();
            lines.insert(at, " ".repeat(indent) + LINES[text % LINES.len()]);
        }
        Typing::Delete { line } => {
            lines.remove(line % count);
        }
        Typing::Duplicate { line } => {
            let copy = lines[line % count].clone();
            lines.insert(line % count, copy);
        }
        Typing::Rename { line, letter } => {
            let text = &mut lines[line % count];
            let end = text.find(['(', ':', ',']).unwrap_or(text.len());
            text.insert(end, *letter);
        }
        Typing::Indent { line } => lines[line % count].insert_str(0, "    "),
    }
    lines.join("\n") + "\n"
}

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        origin: Origin::Project,
        facts: Arc::new(asyncwise_syntax::facts(text)),
        text: text.into(),
        is_notebook: false,
        settings: Arc::default(),
    }
}

fn program(texts: &[(String, String)]) -> Program {
    let files = texts.iter().map(|(path, text)| source(path, text)).collect();
    Program::new(files, SearchRoots { project: vec![String::new()], dependencies: Vec::new() })
}

fn describe(analysis: &Analysis) -> String {
    let trees = Trees::new(analysis.world.program.clone());
    let findings = analysis.findings(&trees).into_iter().map(|finding| format!("{finding:#?}\n"));
    findings.collect()
}

/// Types, and compares after each step; gives what each step cost.
fn check(steps: &[(usize, Typing)]) -> Vec<Effort> {
    let mut texts: Vec<(String, String)> = FILES.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    let mut analysis = Analysis::open(Arc::new(program(&texts)));
    let mut efforts = Vec::new();
    for (i, (file, typing)) in steps.iter().enumerate() {
        let at = file % FILES.len();
        texts[at].1 = apply(&texts[at].1, typing);
        let (path, text) = &texts[at];
        let new = source(path, text);
        let id = analysis.world.program.by_path(path).unwrap();
        let next = Arc::new(analysis.world.program.replace(vec![(id, new)]));
        let (updated, effort) = analysis.update(next, &[id]);
        analysis = updated;
        let fresh = Analysis::new(Arc::new(program(&texts)));
        assert_eq!(describe(&analysis), describe(&fresh), "after step {i}, {typing:?}, of {path}:\n{text}");
        efforts.push(effort);
    }
    efforts
}

fn typing() -> impl Strategy<Value = Typing> {
    let line = 0..60usize;
    prop_oneof![
        4 => (line.clone(), 0..LINES.len()).prop_map(|(line, text)| Typing::Insert { line, text }),
        2 => line.clone().prop_map(|line| Typing::Delete { line }),
        1 => line.clone().prop_map(|line| Typing::Duplicate { line }),
        2 => (line.clone(), prop_oneof![Just('x'), Just('_'), Just('d')])
            .prop_map(|(line, letter)| Typing::Rename { line, letter }),
        1 => line.prop_map(|line| Typing::Indent { line }),
    ]
}

/// A small fixed budget; `PROPTEST_CASES` says otherwise.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(32)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn incremental_equals_fresh(steps in prop::collection::vec((0..FILES.len(), typing()), 1..12)) {
        check(&steps);
    }
}

/// Replaces `from` by `to` in one file; gives the paths of the files that were worked out again, and whether the graph was
/// solved again. What comes out equals an analysis from nothing.
fn effort(path: &str, from: &str, to: &str) -> (Vec<&'static str>, bool) {
    effort_in(path, &[from], to)
}

/// The same, where each of `before` takes the place of the one before it at first.
fn effort_in(path: &str, before: &[&str], to: &str) -> (Vec<&'static str>, bool) {
    let mut texts: Vec<(String, String)> = FILES.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    let at = texts.iter().position(|(p, _)| p == path).expect("the file is there");
    let put = |text: &mut String, from: &str, to: &str| {
        assert!(text.contains(from));
        *text = text.replacen(from, to, 1);
    };
    before.windows(2).for_each(|pair| put(&mut texts[at].1, pair[0], pair[1]));
    let analysis = Analysis::open(Arc::new(program(&texts)));
    put(&mut texts[at].1, before[before.len() - 1], to);
    let own = &texts[at];
    let id = analysis.world.program.by_path(path).expect("the file is there");
    let next = Arc::new(analysis.world.program.replace(vec![(id, source(path, &own.1))]));
    let (updated, effort) = analysis.update(next, &[id]);
    assert_eq!(describe(&updated), describe(&Analysis::new(Arc::new(program(&texts)))));
    assert!(!effort.whole);
    // Files are sorted by path in a program.
    let mut paths: Vec<&str> = FILES.iter().map(|(p, _)| *p).collect();
    paths.sort_unstable();
    let mut files: Vec<&str> = effort.files.iter().map(|file| paths[file.index()]).collect();
    files.sort_unstable();
    files.dedup();
    (files, effort.solved)
}

#[test]
fn an_edit_inside_a_function_does_no_work_elsewhere() {
    let only = |path| (vec![path], false);
    assert_eq!(effort("app/tools.py", "time.sleep(2)", "time.sleep(22)"), only("app/tools.py"));
    assert_eq!(effort("main.py", "tools.plain()", "tools.plain"), (vec!["main.py"], true));
}

#[test]
fn comments_blanks_and_docstrings_are_no_work() {
    let none = (Vec::new(), false);
    assert_eq!(effort("app/tools.py", "return 1\n", "return 1  # one\n"), none);
    assert_eq!(effort("app/tools.py", "return 1\n", "return (\n        1)\n"), none);
    assert_eq!(effort("app/tools.py", "def plain():\n", "\n\n# asyncwise: ignore\ndef plain():\n"), none);
    let with = |words: &str| format!("def plain():\n    \"{words}\"\n");
    let texts = [with("One."), with("Another word.")];
    assert_eq!(effort_in("app/tools.py", &["def plain():\n", &texts[0]], &texts[1]), none);
}

/// The words of an error tell whether it refuses a running loop.
#[test]
fn the_words_of_an_error_are_code() {
    let guard = "def plain():\n    try:\n        asyncio.get_running_loop()\n    except RuntimeError:\n        pass\n    \
                 else:\n        raise RuntimeError(f\"no {1}\")\n";
    let (files, _) = effort_in("app/tools.py", &["def plain():\n", guard], &guard.replace("no {1}", "await {1}"));
    assert_eq!(files, ["app/tools.py"]);
}

#[test]
fn a_call_that_blocks_is_passed_on_by_the_graph_alone() {
    let expected = (vec!["app/tools.py"], true);
    assert_eq!(effort("app/tools.py", "def plain():\n", "def plain():\n    time.sleep(5)\n"), expected);
}

#[test]
fn another_return_type_concerns_those_who_call() {
    let (files, _) = effort("app/client.py", "return Tool()", "return AsyncClient()");
    assert_eq!(files, ["app/client.py", "main.py"]);
}

#[test]
fn a_new_function_before_all_others_moves_their_ids() {
    check(&[(2, Typing::Insert { line: 0, text: 15 })]);
}
