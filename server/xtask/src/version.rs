//! `version`: the version of asyncwise, in every file that says it.

use crate::{root, say};
use std::fmt::Write;
use std::fs;
use std::ops::Range;

/// How it is called.
const USAGE: &str = "usage: cargo run -p xtask -- version X.Y.Z | version --check X.Y.Z";

/// Where in a file the version stands.
enum Place {
    /// Between the first text and the second, as often as it says.
    Between(&'static str, &'static str, usize),
    /// In a lock file of Cargo: with each package that comes from no registry.
    OwnPackages,
}

use Place::{Between, OwnPackages};

/// The files, from the root. The changelogs are not among them: somebody has to write what changed, see [`missing_headings`].
const PLACES: [(&str, Place); 13] = [
    ("Cargo.toml", Between("[workspace.package]\nversion = \"", "\"", 1)),
    ("Cargo.lock", OwnPackages),
    ("README.md", Between("rev: v", " ", 1)),
    ("editors/emacs/asyncwise.el", Between("\n;; Version: ", "\n", 1)),
    ("editors/emacs/asyncwise-lsp-mode.el", Between("\n;; Version: ", "\n", 1)),
    ("editors/neovim/mason/packages/asyncwise/package.yaml", Between("pkg:pypi/asyncwise@", "\n", 1)),
    ("editors/vscode/package.json", Between("\n  \"version\": \"", "\"", 1)),
    // Of the file, and of the package at the root.
    ("editors/vscode/package-lock.json", Between("\"name\": \"asyncwise\",\n  \"version\": \"", "\"", 1)),
    ("editors/vscode/package-lock.json", Between("\"name\": \"asyncwise\",\n      \"version\": \"", "\"", 1)),
    ("editors/zed/Cargo.toml", Between("name = \"zed-asyncwise\"\nversion = \"", "\"", 1)),
    ("editors/zed/Cargo.lock", OwnPackages),
    ("editors/zed/extension.toml", Between("\nversion = \"", "\"", 1)),
    ("tests/projects/web-service/audit.md", Between("Made by `asyncwise audit ", "`", 1)),
];

/// The changelogs, and what stands before and after the version in their headings.
const CHANGELOGS: [(&str, &str, &str); 2] =
    [("CHANGELOG.md", "\n## [", "]"), ("editors/vscode/CHANGELOG.md", "\n## ", "\n")];

/// Sets the version everywhere, or compares it with the one that is given.
///
/// # Errors
/// In words, which files say something else, or have no place for it.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    match arguments {
        [check, version] if check == "--check" => {
            let wrong = [differing(version)?, missing_headings(version)?].concat();
            if wrong.is_empty() { Ok(()) } else { Err(format!("this is not ready to be {version}:{wrong}")) }
        }
        [version] if is_version(version) => {
            set(version)?;
            say(&format!("{version} stands in all files{}", missing_headings(version)?));
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    }
}

/// Whether this is a version that all package registries take: three numbers.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok_and(|number| number.to_string() == *part))
}

/// Where the versions of `place` are in the text.
///
/// # Errors
/// How many there are, where that is not how many there should be.
fn versions(place: &Place, text: &str) -> Result<Vec<Range<usize>>, String> {
    let (found, wanted) = match *place {
        Between(before, after, times) => (between(text, before, after), times),
        OwnPackages => {
            let packages = between(text, "[[package]]\n", "\n\n");
            let own = packages.into_iter().filter(|range| !text[range.clone()].contains("\nsource = "));
            let version = |range: Range<usize>| {
                let inside = between(&text[range.clone()], "\nversion = \"", "\"").into_iter().next()?;
                Some(range.start + inside.start..range.start + inside.end)
            };
            let found: Vec<_> = own.filter_map(version).collect();
            let wanted = found.len().max(1);
            (found, wanted)
        }
    };
    if found.len() == wanted { Ok(found) } else { Err(format!("{} versions in place of {wanted}", found.len())) }
}

/// What lies between each `before` and the next `after`, or the end of the text.
fn between(text: &str, before: &str, after: &str) -> Vec<Range<usize>> {
    let starts = text.match_indices(before).map(|(at, _)| at + before.len());
    starts.map(|start| start..text[start..].find(after).map_or(text.len(), |length| start + length)).collect()
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(root().join(file)).map_err(|e| format!("{file}: {e}"))
}

fn set(version: &str) -> Result<(), String> {
    for (file, place) in &PLACES {
        let mut text = read(file)?;
        let ranges = versions(place, &text).map_err(|why| format!("{file}: {why}"))?;
        for range in ranges.into_iter().rev() {
            text.replace_range(range, version);
        }
        fs::write(root().join(file), text).map_err(|e| format!("{file}: {e}"))?;
    }
    Ok(())
}

/// A line for each file that says another version.
fn differing(version: &str) -> Result<String, String> {
    let mut wrong = String::new();
    for (file, place) in &PLACES {
        let text = read(file)?;
        match versions(place, &text) {
            Ok(ranges) => {
                for range in ranges.into_iter().filter(|range| text[range.clone()] != *version) {
                    let _ = write!(wrong, "\n  {file} says {}", &text[range]);
                }
            }
            Err(why) => _ = write!(wrong, "\n  {file}: {why}"),
        }
    }
    Ok(wrong)
}

/// A line for each changelog that does not tell of the version.
fn missing_headings(version: &str) -> Result<String, String> {
    let mut missing = String::new();
    for (file, before, after) in CHANGELOGS {
        if !read(file)?.contains(&format!("{before}{version}{after}")) {
            let _ = write!(missing, "\n  {file} has no heading `{}{version}{}`", before.trim_start(), after.trim_end());
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_says_the_same_version() {
        let wrong = differing(env!("CARGO_PKG_VERSION")).expect("they are part of the repository");
        assert!(wrong.is_empty(), "run `cargo run -p xtask -- version {}`:{wrong}", env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn a_version_is_three_numbers() {
        assert!(is_version("0.1.0") && is_version("1.20.3"));
        for wrong in ["", "1.0", "v1.0.0", "1.0.0-rc.1", "1.0.00", "1.0.+1"] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }

    #[test]
    fn places_are_found() {
        let lock = "version = 4\n\n[[package]]\nname = \"other\"\nversion = \"1.0.0\"\nsource = \"registry\"\n\n\
                    [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let found = versions(&OwnPackages, lock).expect("there is one");
        assert_eq!(found.iter().map(|range| &lock[range.clone()]).collect::<Vec<_>>(), ["0.1.0"]);
        let named = Between("rev: v", " ", 1);
        assert!(versions(&named, "rev: v1.0.0 # a tag").is_ok());
        assert!(versions(&named, "rev: main").is_err() && versions(&OwnPackages, "").is_err());
    }
}
