//! The Python environment a project's packages are installed in, found by looking at files alone: nothing is run.
//!
//! The order: what the command line or the editor's setting names, then the configuration, then what is selected in the editor; the
//! environment that is activated (`VIRTUAL_ENV`, then `CONDA_PREFIX`); `.venv` in the project's directory or above it, up to the root
//! of the repository; `venv` and `env` there; PEP 582's `__pypackages__`; what Poetry, Pipenv, PDM or Hatch made for the project
//! elsewhere.
//! The system's Python counts only where it is named: what is installed in it says nothing about a project.

mod layout;
mod managers;
mod search_path;
#[cfg(test)]
mod tests;

use crate::problem::Problem;
use layout::Layout;
use std::path::{Path, PathBuf};

/// An environment that somebody names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Named {
    /// The environment's directory, or an interpreter in it; absolute.
    pub path: PathBuf,
    /// Where it is named, for messages.
    pub by: NamedBy,
}

/// Where an environment is named.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NamedBy {
    /// `--python`, or the editor's setting or selection.
    Caller,
    /// The key `python` of a configuration file.
    Configuration,
}

/// An environment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    /// Its directory.
    pub root: PathBuf,
    /// The directories that modules are looked up in, in the order of `sys.path`, without the standard library.
    pub search_path: Vec<PathBuf>,
}

/// The variables of the process's own environment.
pub(crate) type Variables<'v> = &'v dyn Fn(&str) -> Option<PathBuf>;

/// The environment of the project in `project` (absolute). What is named and is none is a problem, and then there is none: another
/// one in its place would not be what was asked for.
pub(crate) fn find(
    named: Option<&Named>,
    project: &Path,
    variables: Variables<'_>,
) -> (Option<Environment>, Option<Problem>) {
    let found = match named {
        Some(named) => match layout::of(&named.path) {
            Some(layout) => Some(layout),
            None => return (None, Some(no_environment(named))),
        },
        None => discover(project, variables),
    };
    let environment = found.map(|layout| {
        let search_path = search_path::of(&layout);
        tracing::info!(root = %layout.root.display(), ?search_path, "environment");
        Environment { root: layout.root, search_path }
    });
    (environment, None)
}

/// A variable of the process, if it says anything.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn no_environment(named: &Named) -> Problem {
    let what = "is no Python environment, so installed packages are not read";
    let problem = match named.by {
        NamedBy::Caller => Problem::error(&named.path, what),
        NamedBy::Configuration => Problem::warning(&named.path, what),
    };
    problem.advise(match named.path.exists() {
        true => "name a directory with `lib/python3.*/site-packages` or `Lib/site-packages`, or an interpreter in one",
        false => "it is not there; check `python`",
    })
}

fn discover(project: &Path, variables: Variables<'_>) -> Option<Layout> {
    let activated = [variables("VIRTUAL_ENV"), conda(variables)];
    let activated = activated.into_iter().flatten().find_map(|path| layout::of(&path));
    let dirs = up_to_repository(project);
    activated
        .or_else(|| dirs.iter().find_map(|dir| dot_venv(dir, variables)))
        .or_else(|| dirs.iter().find_map(|dir| in_project(dir)))
        .or_else(|| dirs.iter().find_map(|dir| managers::environment_of(dir, variables)))
}

/// The activated conda environment; the base one holds conda itself and what many projects share.
fn conda(variables: Variables<'_>) -> Option<PathBuf> {
    let prefix = variables("CONDA_PREFIX")?;
    let name = variables("CONDA_DEFAULT_ENV");
    let is_base = name.is_some_and(|name| name == Path::new("base") || name == Path::new("root"));
    (!is_base && !prefix.join("condabin").is_dir()).then_some(prefix)
}

/// The directory, and those above it up to the root of the repository it lies in.
fn up_to_repository(project: &Path) -> Vec<&Path> {
    match project.ancestors().position(|dir| dir.join(".git").exists()) {
        Some(root) => project.ancestors().take(root + 1).collect(),
        None => vec![project],
    }
}

/// `.venv`: an environment, or a file that names one.
fn dot_venv(dir: &Path, variables: Variables<'_>) -> Option<Layout> {
    let path = dir.join(".venv");
    if path.is_file() {
        let text = std::fs::read_to_string(&path).ok()?;
        let word = text.lines().next().unwrap_or_default().trim();
        let is_path = word.contains(['/', '\\']);
        let home = (!is_path && !word.is_empty()).then(|| managers::workon_home(variables)).flatten();
        return layout::of(&home.unwrap_or_else(|| dir.to_owned()).join(word));
    }
    layout::of(&path)
}

fn in_project(dir: &Path) -> Option<Layout> {
    let marked = ["venv", "env"].map(|name| dir.join(name));
    let environment = marked.iter().filter(|path| path.join("pyvenv.cfg").is_file()).find_map(|path| layout::of(path));
    environment.or_else(|| layout::of_pypackages(&dir.join("__pypackages__")))
}
