//! The invariants of ARCHITECTURE.md that neither the compiler nor another test keeps.

use asyncwise_tests::repository;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The longest a source file may be.
const MAX_LINES: usize = 900;

/// A source file: its path from the root with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are not comments, counted from 1, without the unit tests at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        let lines = self.text[..end].lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
    /// A test, benchmark or example of a crate.
    fn is_test(&self) -> bool {
        ["/tests/", "/benches/", "/examples/"].iter().any(|folder| self.path.contains(folder))
    }
    fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(&format!("{folder}/")))
    }
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            walk(&path, extension, found);
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
}

fn sources(extension: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["server", "tests", "queries", "editors"] {
        walk(&repository().join(folder), extension, &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| Source {
        text: std::fs::read_to_string(&path).expect("sources are UTF-8"),
        path: path.strip_prefix(repository()).expect("it lies below the root").to_string_lossy().replace('\\', "/"),
    };
    paths.into_iter().map(read).collect()
}

/// Fails with every line of code outside `folders` that holds one of `words`.
#[track_caller]
fn only_in(folders: &[&str], words: &[&str]) {
    let mut wrong = String::new();
    let all = sources("rs");
    let product = all.iter().filter(|source| !source.is_test() && source.path != "tests/invariants.rs");
    for source in product.filter(|source| !source.is_in(folders)) {
        for (number, line) in source.code().filter(|(_, line)| words.iter().any(|word| line.contains(word))) {
            writeln!(wrong, "{}:{number}: {}", source.path, line.trim()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{words:?} may stand in {folders:?} only:\n{wrong}");
}

#[test]
fn only_the_lsp_crate_knows_the_protocol() {
    only_in(&["server/lsp"], &["tower_lsp", "lsp_types"]);
    let mut manifests = Vec::new();
    walk(&repository().join("server"), "toml", &mut manifests);
    for manifest in manifests.iter().filter(|path| path.ends_with("Cargo.toml") && !path.ends_with("lsp/Cargo.toml")) {
        let text = std::fs::read_to_string(manifest).expect("manifests are UTF-8");
        assert!(!text.contains("tower-lsp"), "{} depends on the protocol", manifest.display());
    }
}

#[test]
fn rules_never_see_the_parser() {
    only_in(&["server/syntax", "server/workspace", "server/xtask"], &["tree_sitter"]);
    let manifest = repository().join("server/analysis/Cargo.toml");
    let text = std::fs::read_to_string(manifest).expect("manifests are UTF-8");
    assert!(!text.contains("tree-sitter"), "the analysis depends on the parser");
}

#[test]
fn the_core_does_no_io() {
    let outside = ["server/workspace", "server/cli", "server/lsp", "server/xtask", "tests"];
    only_in(&outside, &["std::fs", "std::env", "std::process", "std::thread::sleep"]);
    // A client may be served over a port of this machine.
    only_in(&["server/lsp", "tests"], &["std::net", "TcpStream", "TcpListener"]);
    only_in(&[], &["UdpSocket"]);
}

#[test]
fn no_other_program_is_started() {
    // Neither the user's Python nor anything else. The tests run the binary, and fetch real projects.
    only_in(&["server/xtask", "tests"], &["Command::new", "process::Command"]);
}

#[test]
fn nothing_is_unsafe_or_left_to_do() {
    // The compiler refuses unsafe code where the lints of the workspace hold: see the next test.
    only_in(&[], &["allow(unsafe_code", "todo!(", "unimplemented!("]);
    let root = std::fs::read_to_string(repository().join("Cargo.toml")).expect("the manifest is UTF-8");
    assert!(root.contains("unsafe_code = \"forbid\""));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut manifests = Vec::new();
    walk(&repository().join("server"), "toml", &mut manifests);
    for manifest in manifests.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = std::fs::read_to_string(manifest).expect("manifests are UTF-8");
        assert!(text.contains("[lints]\nworkspace = true"), "{} has lints of its own", manifest.display());
    }
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<_> = sources("rs").iter().map(|source| (source.text.lines().count(), source.path.clone())).collect();
    let long: Vec<_> = long.into_iter().filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert!(long.is_empty(), "split these: {long:?}");
}

#[test]
fn every_query_belongs_to_a_rule_page() {
    let pages: Vec<_> = sources("md").into_iter().map(|source| source.path).collect();
    for query in sources("scm").iter().filter(|source| source.path.starts_with("queries/rules/")) {
        let page = query.path.replace(".scm", ".md");
        assert!(pages.contains(&page), "{} has no page", query.path);
    }
}

/// The page on PyPI stands nowhere near the files of the repository, and links into it by its address.
#[test]
fn links_of_the_python_package_are_absolute_and_lead_to_files() {
    let read = |file: &str| std::fs::read_to_string(repository().join(file)).expect("it is part of the repository");
    let package = read("pyproject.toml");
    assert!(package.contains("readme = \"python/README.md\""));
    let manifest: serde_json::Value =
        serde_json::from_str(&read("editors/vscode/package.json")).expect("the manifest is JSON");
    let home = manifest["homepage"].as_str().expect("the extension has a homepage");
    assert!(package.contains(&format!("Repository = \"{home}\"")) && read("Cargo.toml").contains(home));

    let page = read("python/README.md");
    let headings: Vec<String> = read("README.md")
        .lines()
        .filter_map(|line| Some(line.strip_prefix("## ")?.to_lowercase().replace(' ', "-")))
        .collect();
    let links: Vec<&str> = page.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    assert!(!links.is_empty());
    for link in links {
        let inside = link.strip_prefix(home).unwrap_or_else(|| panic!("{link} is not an address below {home}"));
        let is_there = match (inside.strip_prefix("/blob/HEAD/"), inside.strip_prefix('#')) {
            (Some(file), _) => repository().join(file).is_file(),
            (_, Some(heading)) => headings.iter().any(|is| is == heading),
            _ => false,
        };
        assert!(is_there, "{link} leads nowhere");
    }
}
