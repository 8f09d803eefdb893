//! A whole check of a project of 1,000 files: reading, facts, program, findings. `cargo bench -p asyncwise-workspace`.

use asyncwise_workspace::session::{Request, Session, Silent};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Files of the project.
const MODULES: usize = 1000;

fn main() {
    divan::main();
}

/// One module: classes with attributes of other modules' classes, coroutines, helpers, one chain that blocks.
fn module(i: usize) -> String {
    let (a, b) = ((i * 7 + 1) % MODULES, (i * 13 + 5) % MODULES);
    let mut text = format!(
        "import asyncio\nimport requests\nfrom package.m{a} import Client{a}, helper{a}\nfrom . import m{b}\n\n\n\
         class Client{i}:\n    def __init__(self, other: 'Client{a}' = None):\n        self.other = other\n        \
         self.session = requests.Session()\n\n    def load(self, url):\n        return self.session.get(url)\n\n    \
         async def fetch(self, url):\n        loop = asyncio.get_running_loop()\n        \
         return await loop.run_in_executor(None, self.load, url)\n\n\n\
         def helper{i}(value):\n    if value > 3:\n        return m{b}.helper{b}(value - 1)\n    return value\n"
    );
    for k in 0..20 {
        let _ = write!(
            text,
            "\n\nasync def task{i}_{k}(items: list[Client{a}]):\n    total = 0\n    for item in items:\n        \
             total += helper{a}(len(items))\n        data = await item.fetch(f'https://example.org/{{total}}')\n        \
             if data is None and total > {k}:\n            continue\n        try:\n            total += data.size\n        \
             except AttributeError as error:\n            print('none', error)\n    return [x for x in items if x]\n"
        );
    }
    let _ = write!(text, "\n\nasync def slow{i}(client: Client{i}):\n    client.load('https://example.org')\n");
    text
}

fn project() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-project");
    let package = root.join("package");
    let _ = std::fs::create_dir_all(&package);
    let _ = std::fs::write(root.join("pyproject.toml"), "[project]\nname = \"bench\"\n");
    let _ = std::fs::write(package.join("__init__.py"), "");
    for i in 0..MODULES {
        let _ = std::fs::write(package.join(format!("m{i}.py")), module(i));
    }
    root
}

fn check(root: &Path, cache: bool) -> usize {
    let request = Request { cwd: root.to_owned(), paths: vec![root.to_owned()], cache, ..Request::default() };
    Session::open(request, &Silent).check(&Silent).findings.len()
}

/// Everything, from the bytes on disk.
#[divan::bench(sample_count = 10)]
fn cold(bencher: divan::Bencher<'_, '_>) {
    let root = project();
    assert!(check(&root, false) >= MODULES, "each module has a finding");
    bencher.bench(|| check(&root, false));
}

/// Nothing has changed since the last run.
#[divan::bench(sample_count = 10)]
fn warm(bencher: divan::Bencher<'_, '_>) {
    let root = project();
    check(&root, true);
    bencher.bench(|| check(&root, true));
}
