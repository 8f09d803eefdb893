//! Environments that package managers keep outside the project, under names made from its path.

use super::Variables;
use super::layout::{self, Layout, entries};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The environment a manager made for the project in `dir`.
pub(super) fn environment_of(dir: &Path, variables: Variables<'_>) -> Option<Layout> {
    let pyproject = std::fs::read_to_string(dir.join("pyproject.toml")).ok();
    let pyproject = pyproject.and_then(|text| text.parse::<toml::Table>().ok()).unwrap_or_default();
    pdm(dir)
        .or_else(|| poetry(dir, &pyproject, variables))
        .or_else(|| pipenv(dir, variables))
        .or_else(|| hatch(dir, &pyproject, variables))
}

/// PDM writes the path of the interpreter into the project.
fn pdm(dir: &Path) -> Option<Layout> {
    let text = std::fs::read_to_string(dir.join(".pdm-python")).ok()?;
    layout::of(&dir.join(text.trim()))
}

/// `NAME-HASH-py3.12` in the directory for virtual environments.
fn poetry(dir: &Path, pyproject: &toml::Table, variables: Variables<'_>) -> Option<Layout> {
    let table = pyproject.get("tool").and_then(|tool| tool.get("poetry"));
    if table.is_none() && !dir.join("poetry.lock").is_file() {
        return None;
    }
    let own = std::fs::read_to_string(dir.join("poetry.toml")).ok();
    let own = own.and_then(|text| text.parse::<toml::Table>().ok()).unwrap_or_default();
    let home = poetry_home(dir, &own, variables)?;
    let name = table.and_then(|poetry| poetry.get("name")).or_else(|| pyproject.get("project")?.get("name"));
    // PEP 503: runs of `-`, `_` and `.` are one `-`.
    let name = name.and_then(toml::Value::as_str).unwrap_or("non-package-mode").to_lowercase();
    let canonical: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    let hash = path_hash(&dir.canonicalize().ok()?);
    let names = [canonical.join("-"), name.clone()].map(|name| format!("{}-{hash}-py", sanitized(&name)));
    let is_own = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| names.iter().any(|own| name.starts_with(own)))
    };
    newest(entries(&home).into_iter().filter(is_own)).and_then(|path| layout::of(&path))
}

/// Poetry's own order: the project's `poetry.toml`, the variable, the cache directory.
fn poetry_home(dir: &Path, own: &toml::Table, variables: Variables<'_>) -> Option<PathBuf> {
    let cache = variables("POETRY_CACHE_DIR").or_else(|| {
        let cache = user_directory(variables, "LOCALAPPDATA", "Library/Caches", "XDG_CACHE_HOME", ".cache")?;
        Some(if cfg!(windows) { cache.join("pypoetry/Cache") } else { cache.join("pypoetry") })
    });
    let configured = own.get("virtualenvs").and_then(|table| table.get("path")).and_then(toml::Value::as_str);
    let configured = configured.map(PathBuf::from).or_else(|| variables("POETRY_VIRTUALENVS_PATH"));
    match configured {
        Some(path) => match (path.strip_prefix("{cache-dir}"), cache) {
            (Ok(rest), Some(cache)) => Some(cache.join(rest)),
            _ => Some(dir.join(path)),
        },
        None => cache.map(|cache| cache.join("virtualenvs")),
    }
}

/// `DIRECTORY-HASH`, the hash being that of the Pipfile's path.
fn pipenv(dir: &Path, variables: Variables<'_>) -> Option<Layout> {
    let pipfile = dir.join("Pipfile");
    if !pipfile.is_file() {
        return None;
    }
    let home = workon_home(variables)?;
    let name = match variables("PIPENV_CUSTOM_VENV_NAME") {
        Some(name) => name,
        None => {
            let name = sanitized(dir.file_name()?.to_str()?);
            format!("{name}-{}", path_hash(&pipfile)).into()
        }
    };
    layout::of(&home.join(name))
}

/// Where Pipenv and virtualenvwrapper keep environments.
pub(super) fn workon_home(variables: Variables<'_>) -> Option<PathBuf> {
    variables("WORKON_HOME").or_else(|| match cfg!(windows) {
        true => variables("USERPROFILE").map(|home| home.join(".virtualenvs")),
        false => {
            let data = variables("XDG_DATA_HOME").or_else(|| variables("HOME").map(|home| home.join(".local/share")));
            data.map(|data| data.join("virtualenvs"))
        }
    })
}

/// `virtual/NAME/HASH/NAME` in Hatch's data directory: the environment that is called `default`.
fn hatch(dir: &Path, pyproject: &toml::Table, variables: Variables<'_>) -> Option<Layout> {
    let has_table = pyproject.get("tool").is_some_and(|tool| tool.get("hatch").is_some());
    if !has_table && !dir.join("hatch.toml").is_file() {
        return None;
    }
    let data = variables("HATCH_DATA_DIR").or_else(|| {
        let support = "Library/Application Support";
        let data = user_directory(variables, "LOCALAPPDATA", support, "XDG_DATA_HOME", ".local/share")?;
        Some(data.join("hatch"))
    })?;
    let name = pyproject.get("project")?.get("name")?.as_str()?;
    layout::of(&data.join("env/virtual").join(name).join(path_hash(dir)).join(name))
}

/// A directory of the user, by the habits of the system.
fn user_directory(
    variables: Variables<'_>,
    windows: &str,
    mac: &str,
    variable: &str,
    fallback: &str,
) -> Option<PathBuf> {
    if cfg!(windows) {
        return variables(windows);
    }
    let home = || variables("HOME");
    if cfg!(target_os = "macos") {
        return home().map(|home| home.join(mac));
    }
    variables(variable).or_else(|| home().map(|home| home.join(fallback)))
}

/// The one whose name ends with the newest version.
fn newest(paths: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let minor = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.rsplit_once("-py")?.1.rsplit_once('.')?.1.parse::<u32>().ok()
    };
    paths.max_by_key(minor)
}

/// A name without what shells and file systems stumble over, and not longer than 42 characters.
fn sanitized(name: &str) -> String {
    let is_dangerous = |c: char| " &$`!*@\"()[]\\\r\n\t".contains(c);
    name.chars().take(42).map(|c| if is_dangerous(c) { '_' } else { c }).collect()
}

/// The first 8 characters of the URL-safe Base64 (RFC 4648) of the path's SHA-256: 6 bytes, so nothing is padded.
pub(super) fn path_hash(path: &Path) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.to_lowercase().replace('/', "\\") } else { text.into_owned() };
    let digest = Sha256::digest(text.as_bytes());
    let bits = digest.iter().take(6).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    (0..8).rev().map(|i| char::from(ALPHABET[(bits >> (6 * i)) as usize & 63])).collect()
}
