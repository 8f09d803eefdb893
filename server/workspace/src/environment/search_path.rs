//! The directories modules are looked up in: the directories for packages, and those that `.pth` files and editable
//! installs add. Lines of `.pth` files that are code are not run; the well-known hooks are read as text.

use super::layout::{Layout, entries, without_doubles};
use std::path::{Path, PathBuf};

/// The directories, in the order of `sys.path`.
pub(super) fn of(layout: &Layout) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for site in &layout.site_packages {
        out.push(site.clone());
        out.extend(added_by(site));
    }
    out.retain(|dir| dir.is_dir());
    without_doubles(out)
}

/// What the files in a directory for packages add to the path.
fn added_by(site: &Path) -> Vec<PathBuf> {
    let (mut added, mut editable) = (Vec::new(), Vec::new());
    for path in entries(site) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match name.rsplit_once('.') {
            // A hidden one is not read by Python either.
            Some((_, "pth")) if !name.starts_with('.') => added.extend(pth(&path, site)),
            Some((_, "egg-link")) => added.extend(first_line(&path).map(|line| site.join(line))),
            Some((_, "dist-info")) => editable.extend(editable_project(&path)),
            _ => {}
        }
    }
    // Only where nothing else says where the code of an editable install is.
    for project in editable {
        if !added.iter().any(|dir| dir.starts_with(&project)) {
            let src = project.join("src");
            added.push(if src.is_dir() { src } else { project });
        }
    }
    added
}

/// The directories that a `.pth` file names, as the module `site` reads it.
fn pth(path: &Path, site: &Path) -> Vec<PathBuf> {
    let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let mut out = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim_end) {
        if line.trim_start().is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("import ") || line.starts_with("import\t") {
            out.extend(finder(line, site));
        } else {
            out.push(crate::paths::absolute(site, Path::new(line)));
        }
    }
    out
}

/// What the finder of an editable install by setuptools maps: `import __editable___NAME_finder; ...install()`.
fn finder(line: &str, site: &Path) -> Vec<PathBuf> {
    let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let Some(module) = words.into_iter().find(|word| word.starts_with("__editable__") && word.ends_with("_finder"))
    else {
        return Vec::new();
    };
    let Ok(text) = std::fs::read_to_string(site.join(format!("{module}.py"))) else { return Vec::new() };
    let mut out = Vec::new();
    for table in ["MAPPING", "NAMESPACES"] {
        let strings = dictionary(&text, table);
        let mut key = String::new();
        for (is_key, string) in strings {
            if is_key {
                key = string;
            } else {
                out.extend(directory_of(&key, Path::new(&string)));
            }
        }
    }
    out
}

/// The directory that has to be searched so that `module` is found at `path`; none where the names differ.
fn directory_of(module: &str, path: &Path) -> Option<PathBuf> {
    let mut dir =
        if path.extension().is_some_and(|end| end == "py") { path.with_extension("") } else { path.to_owned() };
    for part in module.rsplit('.') {
        if dir.file_name()?.to_str()? != part {
            return None;
        }
        dir.pop();
    }
    Some(dir)
}

/// The strings of a dictionary literal that is assigned to `name` at the start of a line, and whether each is a key.
fn dictionary(text: &str, name: &str) -> Vec<(bool, String)> {
    let is_start = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ' ', '=']));
    let Some(line) = text.lines().find(is_start) else { return Vec::new() };
    let literal = line.split_once('=').map_or("", |(_, literal)| literal);
    let mut out = Vec::new();
    let mut chars = literal.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' && c != '"' {
            continue;
        }
        let mut string = String::new();
        while let Some(inner) = chars.next() {
            match inner {
                '\\' => string.extend(chars.next()),
                end if end == c => break,
                other => string.push(other),
            }
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        out.push((chars.peek() == Some(&':'), string));
    }
    out
}

/// The project that an editable install (PEP 610) was made from.
fn editable_project(dist_info: &Path) -> Option<PathBuf> {
    let bytes = std::fs::read(dist_info.join("direct_url.json")).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    json["dir_info"]["editable"].as_bool().filter(|is_editable| *is_editable)?;
    let path = percent_decoded(json["url"].as_str()?.strip_prefix("file://")?);
    // `file:///C:/project`
    let is_drive = path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if is_drive { &path[1..] } else { &path }))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn first_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}
