//! The examples that documentation teaches asynchronous Python with: in the READMEs of packages, in the manuals of trio and
//! anyio, and in asyncio's own documentation. They are right, so nothing may be reported in them, not even a hint, but where
//! they show what not to do. Skipped with a message without a registry.

use asyncwise_analysis::rules;
use asyncwise_tests::binary::{check_json, target};
use asyncwise_tests::blocks::{Block, python_blocks};
use asyncwise_tests::registry::{fetch, fetch_python_documentation, fetch_sources};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The groups of rules whose silence is asked for.
const GROUPS: &str = "ownership,state,await,loop-boundary";

/// Packages by name and version whose description, which is their README, has examples.
const PACKAGES: [(&str, &str); 16] = [
    ("aio-pika", "10.2.1"),
    ("aiofiles", "25.1.0"),
    ("aiohttp", "3.14.5"),
    ("aiokafka", "0.14.0"),
    ("aiomysql", "0.3.2"),
    ("aiosqlite", "0.22.1"),
    ("anthropic", "2.12.0"),
    ("asyncpg", "0.32.0"),
    ("asyncssh", "2.24.1"),
    ("fastapi", "0.165.0"),
    ("httpx", "0.28.1"),
    ("nats-py", "2.16.0"),
    ("openai", "3.54.0"),
    ("redis", "8.1.0"),
    ("starlette", "1.10.0"),
    ("websockets", "17.4"),
];

/// Packages whose examples stand in the manual that their source archive has.
const MANUALS: [(&str, &str); 2] = [("anyio", "4.16.0"), ("trio", "0.35.0")];

/// A finding that is right: the example shows what not to do, or no longer works.
struct Right {
    /// The package; `python` for its own documentation.
    package: &'static str,
    /// The first line of the block.
    first_line: &'static str,
    rule: &'static str,
    /// A part of what is said.
    message: &'static str,
    /// Why it is right.
    reason: &'static str,
}

const RIGHT: &[Right] = &[
    Right {
        package: "python",
        first_line: "import asyncio",
        rule: "unawaited-coroutine",
        message: "the coroutine test() is never awaited",
        reason: "asyncio-dev shows the warning of a coroutine that is never awaited",
    },
    Right {
        package: "python",
        first_line: "import asyncio",
        rule: "unawaited-coroutine",
        message: "the coroutine nested() is never awaited",
        reason: "asyncio-task: \"Nothing happens if we just call nested()\"",
    },
    Right {
        package: "trio",
        first_line: "import time",
        rule: "unawaited-coroutine",
        message: "the coroutine trio.sleep() is never awaited",
        reason: "the tutorial: \"Whoops, we forgot the 'await'!\"",
    },
    Right {
        package: "trio",
        first_line: "async def some_agen():",
        rule: "async-generator-without-safeguard",
        message: "has clean-up to run",
        reason: "the manual on a `yield` in a nursery: \"this is not OK\"",
    },
    Right {
        package: "anyio",
        first_line: "# Bad!",
        rule: "async-generator-without-safeguard",
        message: "has clean-up to run",
        reason: "says so itself",
    },
    Right {
        package: "aio-pika",
        first_line: "import asyncio",
        rule: "deprecated-get-event-loop",
        message: "3.14 raises RuntimeError",
        reason: "written for an older Python: `get_event_loop()` where no loop runs",
    },
    Right {
        package: "asyncssh",
        first_line: "import asyncio, asyncssh, sys",
        rule: "deprecated-get-event-loop",
        message: "3.14 raises RuntimeError",
        reason: "written for an older Python: `get_event_loop()` where no loop runs",
    },
];

impl Right {
    fn is(&self, block: &Block, finding: &Value) -> bool {
        self.first_line == block.first_line()
            && finding["rule"] == self.rule
            && finding["message"].as_str().is_some_and(|message| message.contains(self.message))
    }
}

/// Where a block stands: the document's path, and its line there.
type Source = (String, Block);

/// The blocks of the documents below a folder that a name fits, in the order of their paths.
fn blocks_below(folder: &Path, fits: &dyn Fn(&Path) -> bool) -> Vec<Source> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // Not through links: they lead to the same documents.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if fits(&path) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let of = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("documents are UTF-8");
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        python_blocks(&text).into_iter().map(move |block| (name.clone(), block)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

fn has_name(path: &Path, name: impl Fn(&str) -> bool) -> bool {
    path.file_name().is_some_and(|is| name(&is.to_string_lossy()))
}

/// What is reported in blocks, each a file of a project beside the installed package, and is not right; and what is right and
/// not reported.
fn reported(package: &str, blocks: &[Source], installed: Option<&Path>) -> Vec<String> {
    assert!(!blocks.is_empty(), "{package}: no examples are found in its documentation");
    let folder = target().join("asyncwise-doc-examples").join(package);
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut sources = BTreeMap::new();
    for (index, source) in blocks.iter().enumerate() {
        let (end, text) = source.1.as_file();
        let name = format!("block_{index:03}.{end}");
        std::fs::write(folder.join(&name), text).expect("the target folder can be written");
        sources.insert(name, source);
    }
    let mut arguments = vec!["--isolated", "--select", GROUPS, folder.to_str().expect("the target folder is UTF-8")];
    let installed = installed.map(|path| path.to_str().expect("the target folder is UTF-8"));
    arguments.extend(installed.into_iter().flat_map(|path| ["--extra-path", path]));
    let report = check_json(arguments);
    assert_eq!(report.json["summary"]["files"], blocks.len(), "{package}: every block is checked");
    let findings = report.json["findings"].as_array().expect("findings are a list");
    let with_source = findings.iter().filter_map(|finding| {
        let name = Path::new(finding["path"].as_str()?).file_name()?.to_str()?;
        Some((*sources.get(name)?, finding))
    });
    let found: Vec<_> = with_source.collect();
    let right: Vec<&Right> = RIGHT.iter().filter(|right| right.package == package).collect();
    let unmeant = found.iter().filter(|((_, block), finding)| !right.iter().any(|right| right.is(block, finding)));
    let told = unmeant.map(|((document, block), finding)| told(package, document, block, finding));
    let missed = right.iter().filter(|right| {
        rules::find(right.rule).is_some() && !found.iter().any(|((_, block), finding)| right.is(block, finding))
    });
    told.chain(missed.map(|right| format!("{package}: [{}] is missed: {}", right.rule, right.reason))).collect()
}

fn told(package: &str, document: &str, block: &Block, finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let line = finding["range"]["start"]["line"].as_u64().unwrap_or_default();
    let at = block.line;
    let (severity, rule, message) = (text("severity"), text("rule"), text("message"));
    format!("{package}: {document}:{at}, line {line}: {severity} [{rule}] {message}\n{}", block.code)
}

#[test]
fn nothing_is_reported_in_the_readmes_of_packages() {
    let mut wrong = Vec::new();
    for (name, version) in PACKAGES {
        let Some(folder) = fetch(name, version) else { continue };
        let blocks = blocks_below(&folder, &|path| {
            has_name(path, |is| is == "METADATA")
                && path.parent().is_some_and(|p| has_name(p, |is| is.ends_with(".dist-info")))
        });
        wrong.extend(reported(name, &blocks, Some(&folder)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_reported_in_the_manuals_of_packages() {
    let mut wrong = Vec::new();
    for (name, version) in MANUALS {
        let (Some(sources), Some(folder)) = (fetch_sources(name, version), fetch(name, version)) else { continue };
        let is_page = |path: &Path| {
            has_name(path, |is| is.ends_with(".rst") && is != "versionhistory.rst" && is != "history.rst")
        };
        wrong.extend(reported(name, &blocks_below(&sources, &is_page), Some(&folder)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_reported_in_the_documentation_of_asyncio() {
    let Some(folder) = fetch_python_documentation() else { return };
    let is_page = |path: &Path| {
        has_name(path, |is| is.ends_with(".rst.txt") && (is.starts_with("asyncio") || is == "contextlib.rst.txt"))
    };
    let wrong = reported("python", &blocks_below(&folder, &is_page), None);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
