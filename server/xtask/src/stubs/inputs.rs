//! The packages in a directory, and where they come from.

use asyncwise_analysis::finding::FileId;
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_syntax::lower::facts;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Directories of a package that are no part of what it offers.
const ASIDE: &[&str] =
    &["tests", "test", "testing_suite", "_vendor", "vendor", "vendored", "__pycache__", "examples", "_pytest"];
/// Top-level directories that packages leave beside their own by mistake.
const STRAY: &[&str] = &["tests", "test", "docs", "examples", "bin", "scripts", "schemas", "profiling"];
/// Modules of the standard library whose decorators and forms the analysis knows by name: not read, they stay what it knows.
const FORMS: &[&str] =
    &["abc", "builtins", "contextlib", "dataclasses", "enum", "functools", "types", "typing", "typing_extensions"];
/// A text longer than this, in bytes, is generated code that nobody calls by hand.
const LONGEST: usize = 2_000_000;

/// A top-level module, or typeshed's standard library.
pub(super) struct Input {
    /// The directory that imports are looked up in.
    root: PathBuf,
    /// What stands in it: `aiohttp`, `aiofiles-stubs`; everything, where there is none.
    top: Option<String>,
    /// The distributions it is from: name, version, licence.
    pub origins: Vec<String>,
}

/// What `site` holds, sorted by name.
pub(super) fn find(site: &Path) -> Result<Vec<Input>, String> {
    let mut tops: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut inputs = Vec::new();
    for info in entries(site)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "dist-info")) {
        let metadata = text(&info.join("METADATA"))?;
        let origin = origin(&metadata);
        if field(&metadata, "Name") == Some("mypy") {
            let root = site.join("mypy/typeshed/stdlib");
            inputs.push(Input {
                root,
                top: None,
                origins: vec![format!("the standard library's stubs of typeshed, as in {origin}")],
            });
            continue;
        }
        for top in top_levels(&text(&info.join("RECORD"))?) {
            tops.entry(top).or_default().push(origin.clone());
        }
    }
    // Stubs are the interface of the package they are for.
    let stubs: Vec<String> = tops.keys().filter_map(|top| top.strip_suffix("-stubs").map(str::to_owned)).collect();
    tops.retain(|top, _| !stubs.contains(top));
    let packages = tops.into_iter().map(|(top, origins)| Input { root: site.to_owned(), top: Some(top), origins });
    inputs.extend(packages);
    Ok(inputs)
}

fn field<'a>(metadata: &'a str, name: &str) -> Option<&'a str> {
    metadata.lines().take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
}

fn origin(metadata: &str) -> String {
    let of = |name| field(metadata, name).map(str::trim).unwrap_or_default();
    let classified = metadata.lines().find_map(|l| l.strip_prefix("Classifier: License :: ")?.rsplit(" :: ").next());
    let licence = field(metadata, "License-Expression").or(classified).or_else(|| field(metadata, "License"));
    let licence = licence.filter(|l| l.len() < 60).unwrap_or("licence in the package");
    format!("{} {} ({licence})", of("Name"), of("Version"))
}

/// The importable top-level names of a distribution, from the list of its files.
fn top_levels(record: &str) -> Vec<String> {
    let mut tops: Vec<String> = Vec::new();
    for line in record.lines() {
        let file = line.split(',').next().unwrap_or_default();
        let Some(stem) = file.strip_suffix(".py").or_else(|| file.strip_suffix(".pyi")) else { continue };
        let top = stem.split('/').next().unwrap_or_default();
        let public = top.starts_with(|c: char| c.is_ascii_alphabetic()) && !top.contains('.') && !STRAY.contains(&top);
        if public && !tops.iter().any(|t| t == top) {
            tops.push(top.to_owned());
        }
    }
    tops
}

impl Input {
    /// The program that the package is.
    pub(super) fn program(&self) -> Result<Program, String> {
        let mut paths = Vec::new();
        match &self.top {
            Some(top) => {
                walk(&self.root.join(top), &mut paths)?;
                paths.extend(
                    ["py", "pyi"].map(|e| self.root.join(format!("{top}.{e}"))).into_iter().filter(|p| p.is_file()),
                );
            }
            None => {
                walk(&self.root, &mut paths)?;
                paths.retain(|path| !FORMS.iter().any(|form| path.with_extension("") == self.root.join(form)));
            }
        }
        // The interface of a module that lies beside it is what type checkers read.
        let stubs: BTreeSet<PathBuf> =
            paths.iter().filter(|p| p.extension().is_some_and(|e| e == "pyi")).cloned().collect();
        paths.retain(|path| stubs.contains(path) || !stubs.contains(&path.with_extension("pyi")));
        let files: Vec<(String, String)> = paths
            .iter()
            .filter_map(|path| {
                let name = path.strip_prefix(&self.root).ok()?.to_str()?;
                let text = std::fs::read_to_string(path).ok().filter(|t| t.len() <= LONGEST)?;
                Some((module_path(name), text))
            })
            .collect();
        Ok(program(files))
    }
}

/// `aiofiles-stubs/os.pyi` is the interface of `aiofiles/os.py`.
fn module_path(name: &str) -> String {
    match name.split_once('/') {
        Some((top, rest)) => format!("{}/{rest}", top.strip_suffix("-stubs").unwrap_or(top)),
        None => name.to_owned(),
    }
}

/// A program from paths below one search root, and their texts.
pub(super) fn program(files: Vec<(String, String)>) -> Program {
    let files = files.into_par_iter().map(|(path, text)| SourceFile {
        path: path.into(),
        origin: Origin::Dependency,
        facts: Arc::new(facts(&text)),
        text: text.into(),
        is_notebook: false,
        settings: Arc::default(),
    });
    Program::new(files.collect(), SearchRoots { project: Vec::new(), dependencies: vec![String::new()] })
}

/// Whether a file is a stub.
pub(super) fn is_stub(program: &Program, file: FileId) -> bool {
    program.file(file).path.ends_with(".pyi")
}

fn walk(dir: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    if !dir.is_dir() {
        return Ok(());
    }
    for path in entries(dir)? {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            if !ASIDE.contains(&name.as_str()) {
                walk(&path, paths)?;
            }
        } else if (name.ends_with(".py") || name.ends_with(".pyi")) && !is_test(&name) {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_test(file: &str) -> bool {
    file.starts_with("test_") || file.contains("_test.py") || file == "conftest.py"
}

/// What a directory holds, sorted.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .map_err(failed)?
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}
