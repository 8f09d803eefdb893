//! The configuration that holds for a directory, and the settings of each file under it.

use super::contexts::ContextOption;
use super::options::{At, BlockingCallOption, OffloadOption, Options, RunsOnOption};
use super::pattern::Patterns;
use super::read::values;
use super::select::{Layers, Selection, parse_level, rule_table};
use super::{Overrides, version};
use crate::environment::{Named, NamedBy};
use crate::paths;
use asyncwise_analysis::finding::Confidence;
use asyncwise_analysis::knowledge::{Context, Contexts};
use asyncwise_analysis::settings::{BlockingCall, EntryPoint, Level, OffloadFunction, RunsOn, Settings, TwinPair};
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that is read unless the configuration says otherwise, in bytes.
pub const DEFAULT_MAX_FILE_SIZE: u64 = 10_000_000;

/// Directories that hold no code of the project, left out unless `exclude` says otherwise.
const DEFAULT_EXCLUDE: &[&str] = &[
    ".asyncwise_cache/",
    ".bzr/",
    ".direnv/",
    ".eggs/",
    ".git/",
    ".hg/",
    ".ipynb_checkpoints/",
    ".mypy_cache/",
    ".nox/",
    ".pyenv/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".svn/",
    ".tox/",
    ".venv/",
    "__pycache__/",
    "__pypackages__/",
    "build/",
    "dist/",
    "node_modules/",
    "site-packages/",
    "venv/",
];

/// One configuration, ready to be asked.
#[derive(Debug)]
pub struct Scope {
    /// Patterns of what is left out.
    exclude: Patterns,
    per_file: Vec<PerFile>,
    selection: Selection,
    severities: FxHashMap<String, Level>,
    command_line: Selection,
    base: Settings,
    /// Directories that imports start from, absolute.
    pub src: Vec<PathBuf>,
    /// Directories with installed packages, absolute.
    pub extra_paths: Vec<PathBuf>,
    /// The environment that is named, rather than found.
    pub python: Option<Named>,
    /// Files of more bytes are not read.
    pub max_file_size: u64,
    /// Whether .gitignore files count.
    pub respect_gitignore: bool,
    made: Mutex<FxHashMap<Vec<usize>, Arc<Settings>>>,
}

#[derive(Debug)]
struct PerFile {
    patterns: Patterns,
    /// The pattern began with `!`: it stands for all other files.
    inverted: bool,
    names: Vec<String>,
}

impl Scope {
    /// The options, relative to `root`, under the overrides of the command line.
    pub fn new(root: &Path, options: &Options, oldest_python: Option<(u8, u8)>, overrides: &Overrides) -> Self {
        let directory = |path: &String| paths::absolute(root, Path::new(path));
        let mut extra_paths: Vec<PathBuf> = overrides.extra_paths.clone();
        extra_paths.extend(options.extra_paths.iter().map(|path| directory(path.value())));
        let selection = Selection {
            select: options.select.as_ref().map(|list| values(list).into_iter().map(|s| s.0).collect()),
            ignore: values(&options.ignore).into_iter().map(|s| s.0).collect(),
        };
        let levels = options.severity.iter();
        Self {
            exclude: exclude(root, options),
            per_file: per_file(root, options),
            selection,
            severities: levels.filter_map(|(r, l)| Some((r.value().0.clone(), parse_level(l.value())?))).collect(),
            command_line: overrides.selection.clone(),
            base: base_settings(options, oldest_python, overrides),
            src: options.src.iter().map(|path| directory(path.value())).collect(),
            extra_paths,
            python: python(root, options, overrides),
            max_file_size: options.max_file_size.unwrap_or(DEFAULT_MAX_FILE_SIZE),
            respect_gitignore: options.respect_gitignore.unwrap_or(true),
            made: Mutex::default(),
        }
    }

    /// Whether the walk leaves this entry out.
    pub(crate) fn excludes(&self, path: &Path, is_dir: bool) -> bool {
        self.exclude.names(path, is_dir)
    }

    /// The settings of a file. Files to which the same per-file ignores apply share one value.
    pub fn settings(&self, file: &Path) -> Arc<Settings> {
        let applies = |p: &PerFile| p.patterns.cover(file) != p.inverted;
        let key: Vec<usize> = (0..self.per_file.len()).filter(|i| applies(&self.per_file[*i])).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = made.get(&key) {
            return settings.clone();
        }
        let ignored_here: Vec<String> = key.iter().flat_map(|i| self.per_file[*i].names.clone()).collect();
        let rules = rule_table(&Layers {
            file: &self.selection,
            severities: &self.severities,
            command_line: &self.command_line,
            ignored_here: &ignored_here,
        });
        let settings = Arc::new(Settings { rules, ..self.base.clone() });
        made.insert(key, settings.clone());
        settings
    }
}

fn python(root: &Path, options: &Options, overrides: &Overrides) -> Option<Named> {
    let by_caller = |path: &Option<PathBuf>| path.clone().map(|path| Named { path, by: NamedBy::Caller });
    let own = options.python.as_ref().filter(|path| !path.value().is_empty());
    let by_configuration =
        own.map(|own| Named { path: paths::absolute(root, Path::new(own.value())), by: NamedBy::Configuration });
    by_caller(&overrides.python).or(by_configuration).or_else(|| by_caller(&overrides.selected_python))
}

fn exclude(root: &Path, options: &Options) -> Patterns {
    let own = options.exclude.as_ref().map(|list| list.iter().map(|p| p.value().as_str()).collect::<Vec<_>>());
    let patterns = own.unwrap_or_else(|| DEFAULT_EXCLUDE.to_vec());
    Patterns::new(root, patterns.into_iter().chain(options.extend_exclude.iter().map(|p| p.value().as_str())))
}

fn per_file(root: &Path, options: &Options) -> Vec<PerFile> {
    let entries = options.per_file_ignores.iter();
    entries
        .map(|(pattern, names)| {
            let (inverted, pattern) = match pattern.value().strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, pattern.value().as_str()),
            };
            let names = values(names).into_iter().map(|s| s.0).collect();
            PerFile { patterns: Patterns::new(root, [pattern]), inverted, names }
        })
        .collect()
}

fn base_settings(options: &Options, oldest_python: Option<(u8, u8)>, overrides: &Overrides) -> Settings {
    let own_target = options.target_version.as_ref().and_then(|target| version::parse(target.value()));
    let own_confidence = options.min_confidence.map(Confidence::from);
    Settings {
        min_confidence: overrides.min_confidence.or(own_confidence).unwrap_or(Confidence::Possible),
        target_version: overrides.target_version.or(own_target).or(oldest_python),
        blocking_calls: options.blocking_calls.iter().map(blocking_call).collect(),
        offload_functions: options.offload_functions.iter().map(offload_function).collect(),
        loop_starters: options.loop_starters.iter().map(Into::into).collect(),
        entry_points: options
            .entry_points
            .iter()
            .map(|entry| EntryPoint {
                name: entry.name.as_str().into(),
                runs_on: match entry.runs_on {
                    RunsOnOption::Loop => RunsOn::Loop,
                    RunsOnOption::Worker => RunsOn::Worker,
                    RunsOnOption::None => RunsOn::NoLoop,
                },
            })
            .collect(),
        twins: options
            .twins
            .iter()
            .map(|pair| TwinPair { name: pair.name.as_str().into(), twin: pair.twin.as_str().into() })
            .collect(),
        contexts: Contexts::new(contexts(options).collect()),
        ..Settings::default()
    }
}

/// The rows that say what they should.
fn contexts(options: &Options) -> impl Iterator<Item = Context> {
    options.contexts.iter().map(At::value).filter(|row| row.mistake().is_none()).map(ContextOption::row)
}

fn blocking_call(option: &BlockingCallOption) -> BlockingCall {
    match option {
        BlockingCallOption::Name(name) => BlockingCall { name: name.as_str().into(), instead: None },
        BlockingCallOption::Table(table) => {
            BlockingCall { name: table.name.as_str().into(), instead: table.instead.clone() }
        }
    }
}

fn offload_function(option: &OffloadOption) -> OffloadFunction {
    match option {
        OffloadOption::Name(name) => OffloadFunction { name: name.as_str().into(), argument: 0 },
        OffloadOption::Table(table) => OffloadFunction { name: table.name.as_str().into(), argument: table.argument },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_named_by_the_caller_then_the_configuration_then_the_editor() {
        let (caller, editor) = (Some(PathBuf::from("/caller")), Some(PathBuf::from("/editor")));
        let by_caller = |path: &str| Some((PathBuf::from(path), NamedBy::Caller));
        let cases = [
            ("python = 'own'", caller.clone(), editor.clone(), by_caller("/caller")),
            ("python = 'own'", None, editor.clone(), Some((PathBuf::from("/p/own"), NamedBy::Configuration))),
            ("python = ''", None, editor.clone(), by_caller("/editor")),
            ("", None, editor, by_caller("/editor")),
            ("", caller, None, by_caller("/caller")),
            ("", None, None, None),
        ];
        for (file, python, selected_python, expected) in cases {
            let options: Options = toml::from_str(file).unwrap();
            let overrides = Overrides { python, selected_python, ..Overrides::default() };
            let named = super::python(Path::new("/p"), &options, &overrides);
            assert_eq!(named.map(|named| (named.path, named.by)), expected, "{file} {overrides:?}");
        }
    }
}
