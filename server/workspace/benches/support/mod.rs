//! The project of the benchmarks: a thousand modules that use each other, one of them long.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Files of the project.
pub(crate) const MODULES: usize = 1000;

/// The coroutines of the long module: 5,000 lines.
const LONG: usize = 355;

/// One module, the first one long: classes with attributes of other modules' classes, coroutines, helpers, one chain that blocks.
pub(crate) fn module(i: usize) -> String {
    let coroutines = if i == 0 { LONG } else { 20 };
    let (a, b) = ((i * 7 + 1) % MODULES, (i * 13 + 5) % MODULES);
    let mut text = format!(
        "import asyncio\nimport requests\nfrom package.m{a} import Client{a}, helper{a}\nfrom . import m{b}\n\n\n\
         class Client{i}:\n    def __init__(self, other: 'Client{a}' = None):\n        self.other = other\n        \
         self.session = requests.Session()\n\n    def load(self, url):\n        return self.session.get(url)\n\n    \
         async def fetch(self, url):\n        loop = asyncio.get_running_loop()\n        \
         return await loop.run_in_executor(None, self.load, url)\n\n\n\
         def helper{i}(value):\n    if value > 3:\n        return m{b}.helper{b}(value - 1)\n    return value\n"
    );
    for k in 0..coroutines {
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

/// Writes the project, if it is not there, and gives its directory.
pub(crate) fn project() -> PathBuf {
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
