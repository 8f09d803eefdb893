//! Where an environment keeps its packages.

use std::path::{Path, PathBuf};

/// An environment's directory and the directories packages are installed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
    /// In the order of `sys.path`.
    pub(super) site_packages: Vec<PathBuf>,
}

/// What a `pyvenv.cfg` says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct PyvenvCfg {
    /// The directory of the interpreter it was made with.
    pub(super) home: Option<PathBuf>,
    /// Packages of that interpreter can be imported, too.
    pub(super) system_site_packages: bool,
    /// Of Python.
    pub(super) version: Option<(u8, u8)>,
}

impl PyvenvCfg {
    /// Reads lines of `key = value`.
    pub(super) fn parse(text: &str) -> Self {
        let mut out = Self::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "home" if !value.is_empty() => out.home = Some(value.into()),
                "include-system-site-packages" => out.system_site_packages = value.eq_ignore_ascii_case("true"),
                "version" | "version_info" => out.version = version(value),
                _ => {}
            }
        }
        out
    }
}

/// The environment that a path names: its directory, or an interpreter in it.
pub(super) fn of(path: &Path) -> Option<Layout> {
    if path.is_dir() {
        return of_root(path, version_in_name(path));
    }
    if !path.is_file() {
        return None;
    }
    // A virtual environment's interpreter is a link out of it, so the link is followed only where it lies in none.
    let real = path.canonicalize().ok();
    [Some(path), real.as_deref()].into_iter().flatten().find_map(|interpreter| {
        let dir = interpreter.parent()?;
        let root = match dir.file_name()?.to_str()? {
            "bin" | "Scripts" => dir.parent()?,
            _ => dir,
        };
        of_root(root, version_in_name(interpreter))
    })
}

/// PEP 582: `__pypackages__/3.12/lib`, the newest.
pub(super) fn of_pypackages(dir: &Path) -> Option<Layout> {
    let mut versions: Vec<((u8, u8), PathBuf)> = entries(dir)
        .into_iter()
        .filter_map(|path| Some((version(path.file_name()?.to_str()?)?, path.join("lib"))))
        .filter(|(_, lib)| lib.is_dir())
        .collect();
    versions.sort();
    let (_, lib) = versions.pop()?;
    Some(Layout { root: dir.to_owned(), site_packages: vec![lib] })
}

fn of_root(root: &Path, asked: Option<(u8, u8)>) -> Option<Layout> {
    let text = std::fs::read_to_string(root.join("pyvenv.cfg")).ok();
    let cfg = text.map(|text| PyvenvCfg::parse(&text)).unwrap_or_default();
    let mut site_packages = site_packages(root, asked.or(cfg.version));
    if site_packages.is_empty() {
        return None;
    }
    if cfg.system_site_packages
        && let Some(home) = &cfg.home
    {
        let is_bin = home.file_name().is_some_and(|name| name == "bin");
        let prefix = if is_bin { home.parent().unwrap_or(home) } else { home };
        site_packages.extend(self::site_packages(prefix, cfg.version));
    }
    Some(Layout { root: root.to_owned(), site_packages: without_doubles(site_packages) })
}

/// The directories for packages below a prefix: those of one version, the asked or else the newest.
fn site_packages(prefix: &Path, asked: Option<(u8, u8)>) -> Vec<PathBuf> {
    let mut out = vec![prefix.join("Lib/site-packages")];
    let libs = ["lib", "lib64"].map(|lib| prefix.join(lib));
    let versioned: Vec<(bool, (u8, u8), PathBuf)> = libs.iter().flat_map(|lib| versioned(lib)).collect();
    let newest = || versioned.iter().map(|(cpython, version, _)| (*cpython, *version)).max();
    let chosen = asked.filter(|asked| versioned.iter().any(|(_, version, _)| version == asked));
    let chosen = chosen.or_else(|| newest().map(|(_, version)| version));
    for (_, _, dir) in versioned.iter().filter(|(_, version, _)| Some(*version) == chosen) {
        // Debian installs what pip brings below /usr/local, and its own packages for all versions together.
        if let Some((name, local)) = dir.file_name().zip(debian_local(prefix)) {
            out.push(local.join("lib").join(name).join("dist-packages"));
        }
        out.extend(["site-packages", "dist-packages"].map(|name| dir.join(name)));
    }
    out.push(prefix.join("lib/python3/dist-packages"));
    // PyPy before 3.8.
    out.push(prefix.join("site-packages"));
    out.retain(|dir| dir.is_dir());
    without_doubles(out)
}

fn debian_local(prefix: &Path) -> Option<PathBuf> {
    prefix.join("lib/python3/dist-packages").is_dir().then(|| prefix.join("local"))
}

/// The directories `python3.12`, `python3.13t` and `pypy3.10`: whether it is CPython's, the version, the path.
fn versioned(lib: &Path) -> Vec<(bool, (u8, u8), PathBuf)> {
    let read = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        let (cpython, digits) = match name.strip_prefix("python") {
            Some(rest) => (true, rest),
            None => (false, name.strip_prefix("pypy")?),
        };
        Some((cpython, version(digits)?, path))
    };
    entries(lib).into_iter().filter_map(read).collect()
}

fn version_in_name(path: &Path) -> Option<(u8, u8)> {
    let name = path.file_name()?.to_str()?;
    version(name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"))?)
}

/// `3.12` of `3.12.1`, `3.13t` or `3.12.0.final.0`.
fn version(text: &str) -> Option<(u8, u8)> {
    let (major, rest) = text.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..end].parse().ok()?))
}

/// The entries of a directory in the order of their names; none where it cannot be read.
pub(super) fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// Each directory once, whatever links lead to it.
pub(super) fn without_doubles(dirs: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut is_new = |dir: &PathBuf| {
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let is_new = !seen.contains(&real);
        seen.push(real);
        is_new
    };
    dirs.into_iter().filter(|dir| is_new(dir)).collect()
}
