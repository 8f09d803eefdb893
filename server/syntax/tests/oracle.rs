//! CPython's own parser as the oracle: on every file of the standard library the facts count what `ast` counts.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use asyncwise_syntax::facts::{ExprKind, FileFacts, ScopeKind, Star, StmtKind};

type Counts = BTreeMap<&'static str, usize>;

fn count(facts: &FileFacts) -> Counts {
    let mut counts = Counts::new();
    let mut add = |kind: &'static str, n: usize| {
        if n > 0 {
            *counts.entry(kind).or_default() += n;
        }
    };
    for expr in &facts.exprs {
        let kind = match &expr.kind {
            ExprKind::Name(_) => "names",
            ExprKind::Attribute { .. } => "attributes",
            ExprKind::Subscript { .. } => "subscripts",
            ExprKind::Call { .. } => "calls",
            ExprKind::Await(_) => "awaits",
            ExprKind::Yield(_) => "yields",
            ExprKind::YieldFrom(_) => "yield_froms",
            ExprKind::Lambda(_) => "lambdas",
            ExprKind::Comprehension { .. } => "comprehensions",
            ExprKind::IfExp { .. } => "conditionals",
            ExprKind::BoolOp { .. } => "bool_ops",
            ExprKind::Binary { .. } => "binaries",
            ExprKind::Compare { .. } => "compares",
            ExprKind::Named { .. } => "walruses",
            ExprKind::FString { .. } => "f_strings",
            ExprKind::List(_) => "lists",
            ExprKind::Tuple(_) => "tuples",
            ExprKind::Set(_) => "sets",
            ExprKind::Dict(_) => "dicts",
            ExprKind::Slice(_) => "slices",
            _ => continue,
        };
        add(kind, 1);
    }
    for stmt in &facts.stmts {
        let kind = match &stmt.kind {
            StmtKind::Expr(_) => "expression_statements",
            StmtKind::Assign { .. } => "assigns",
            StmtKind::AugAssign { .. } => "aug_assigns",
            StmtKind::AnnAssign { .. } => "ann_assigns",
            StmtKind::Return(_) => "returns",
            StmtKind::Raise { .. } => "raises",
            StmtKind::Assert { .. } => "asserts",
            StmtKind::Delete(_) => "deletes",
            StmtKind::Pass => "passes",
            StmtKind::Global(_) => "globals",
            StmtKind::Nonlocal(_) => "nonlocals",
            StmtKind::If { .. } => "ifs",
            StmtKind::While { .. } => "whiles",
            StmtKind::For { .. } => "fors",
            StmtKind::With { .. } => "withs",
            StmtKind::Try { .. } => "tries",
            StmtKind::Match { .. } => "matches",
            StmtKind::ClassDef(_) => "classes",
            StmtKind::TypeAlias { .. } => "type_aliases",
            StmtKind::FunctionDef(scope) => match facts.scope(*scope).kind {
                ScopeKind::Function { is_async: true } => "async_functions",
                _ => "functions",
            },
            _ => continue,
        };
        add(kind, 1);
    }
    add("imports", facts.imports.len());
    add("with_items", facts.with_items.len());
    add("handlers", facts.handlers.len());
    add("cases", facts.cases.len());
    add("params", facts.params.len());
    add("keywords", facts.args.iter().filter(|arg| arg.name.is_some() || arg.star == Star::Two).count());
    counts
}

fn standard_library() -> Option<PathBuf> {
    let program = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
    let output = Command::new("python3").args(["-c", program]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_dir().then_some(path)
}

fn python_files(dir: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "site-packages") {
            python_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
}

/// What CPython counts, for the files it can parse.
fn oracle(files: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle.py");
    let mut child = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 ran a moment ago");
    let list: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    let mut stdin = child.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || stdin.write_all(list.as_bytes()));
    let output = child.wait_with_output().expect("the script ends");
    let _ = writer.join();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(_, counts)| *counts != "-")
        .map(|(path, counts)| (PathBuf::from(path), counts.to_owned()))
        .collect()
}

/// Files where the difference is known: what is in them.
const KNOWN: &[(&str, &str)] = &[
    (
        "test/test_compile.py",
        "lines inside parentheses that are indented less than the block: the grammar ends the block",
    ),
    ("test/test_future_stmt/badsyntax_future8.py", "`from __future__ import *`, which only the compiler refuses"),
    ("test/test_future_import/badsyntax_future8.py", "the same under another name"),
    ("test/test_print.py", "`print >>file, text` is Python 2 to the grammar"),
];

#[test]
fn standard_library_counts_equal_those_of_cpython() {
    let Some(library) = standard_library() else {
        #[expect(clippy::print_stderr, reason = "a test says that it did not run")]
        {
            eprintln!("skipped: no python3 with a standard library");
        }
        return;
    };
    let mut files = Vec::new();
    python_files(&library, &mut files);
    files.sort();
    let expected = oracle(&files);
    let mut differences = Vec::new();
    for (path, expected) in &expected {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let facts = asyncwise_syntax::facts(text);
        support::check_invariants(text, &facts);
        let counts = count(&facts);
        let actual: Vec<String> = counts.iter().map(|(kind, n)| format!("{kind}={n}")).collect();
        let is_known = KNOWN.iter().any(|(known, _)| path.ends_with(known));
        if actual.join(" ") != *expected && !is_known {
            let expected: Vec<&str> = expected.split(' ').collect();
            let missing: Vec<_> = expected.iter().filter(|e| !actual.iter().any(|a| a == *e)).collect();
            let surplus: Vec<_> = actual.iter().filter(|a| !expected.contains(&a.as_str())).collect();
            let errors: Vec<_> =
                facts.errors.iter().take(3).map(|e| text[..e.start as usize].lines().count()).collect();
            differences.push(format!("{}: python {missing:?} facts {surplus:?} errors {errors:?}", path.display()));
        }
    }
    let shown = differences.join("\n");
    assert!(differences.is_empty(), "{} of {} files differ\n{shown}", differences.len(), expected.len());
}
