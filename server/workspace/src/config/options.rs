//! The keys of `[tool.asyncwise]` and `asyncwise.toml`: one declaration for reading them and for their JSON Schema.

use super::contexts::ContextOption;
use asyncwise_analysis::finding::Confidence;
use asyncwise_analysis::rules;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// A value and where it stands in the file, in bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(transparent)]
pub struct At<T>(toml::Spanned<T>);

impl<T> At<T> {
    /// The value.
    pub fn value(&self) -> &T {
        self.0.get_ref()
    }

    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The name of a rule, the name of a group of rules, or `all`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(transparent)]
pub struct Selector(pub String);

impl JsonSchema for Selector {
    fn schema_name() -> Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = super::select::names();
        json_schema!({
            "description": "The name of a rule, the name of a group of rules, or `all`",
            "type": "string",
            "enum": names,
        })
    }
}

/// The name of a rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(transparent)]
pub struct RuleName(pub String);

impl JsonSchema for RuleName {
    fn schema_name() -> Cow<'static, str> {
        "RuleName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = rules::all().iter().map(|rule| rule.name).collect();
        json_schema!({ "description": "The name of a rule", "type": "string", "enum": names })
    }
}

/// How loudly a rule reports.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LevelOption {
    /// As an error.
    Error,
    /// As a warning.
    Warning,
    /// As information.
    Info,
    /// As a hint.
    Hint,
    /// Not at all.
    Off,
}

/// How sure a finding must be.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfidenceOption {
    /// It may happen.
    Possible,
    /// It does unless something unusual prevents it.
    Likely,
    /// It does.
    Certain,
}

impl From<ConfidenceOption> for Confidence {
    fn from(option: ConfidenceOption) -> Self {
        match option {
            ConfidenceOption::Possible => Confidence::Possible,
            ConfidenceOption::Likely => Confidence::Likely,
            ConfidenceOption::Certain => Confidence::Certain,
        }
    }
}

/// Where an entry point runs.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunsOnOption {
    /// On a thread whose event loop is running.
    Loop,
    /// In a worker thread or process.
    Worker,
    /// Where no event loop runs.
    None,
}

/// A call that blocks.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a dotted name, or a table with `name` and, if there is one, `instead`")]
pub enum BlockingCallOption {
    /// Its dotted name.
    Name(String),
    /// Its dotted name and what to use instead.
    Table(BlockingCallTable),
}

/// A call that blocks, with advice.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockingCallTable {
    /// The dotted name of the function or method, such as `pkg.module.Class.method`.
    pub name: String,
    /// What to use on the event loop instead; shown in the message.
    pub instead: Option<String>,
}

/// A function that runs its argument in another thread.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a dotted name, or a table with `name` and, if it is not 0, `argument`")]
pub enum OffloadOption {
    /// Its dotted name; the work is its first argument.
    Name(String),
    /// Its dotted name and which argument is the work.
    Table(OffloadTable),
}

/// A function that runs one of its arguments in another thread.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffloadTable {
    /// The dotted name.
    pub name: String,
    /// The position of the work among the arguments, from 0, not counting `self`.
    #[serde(default)]
    pub argument: u32,
}

/// A plain function and the coroutine function that does the same.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwinOption {
    /// The dotted name of the plain function.
    pub name: String,
    /// The name of the coroutine function beside it, in the same class or module.
    pub twin: String,
}

/// A function that a framework calls.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EntryPointOption {
    /// The dotted name.
    pub name: String,
    /// Where it runs.
    pub runs_on: RunsOnOption,
}

/// The settings of asyncwise: the table `[tool.asyncwise]` of `pyproject.toml`, or a whole `asyncwise.toml`.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "asyncwise configuration")]
pub struct Options {
    /// The rules to check: names, groups, or `all`. Without it, every rule that is on by default.
    pub select: Option<Vec<At<Selector>>>,
    /// The rules not to check. A rule's name outweighs a group, and a group outweighs `all`.
    pub ignore: Vec<At<Selector>>,
    /// Report only findings that are at least this sure.
    pub min_confidence: Option<ConfidenceOption>,
    /// How loudly each rule reports, whatever its confidence; `off` switches it off.
    #[schemars(with = "BTreeMap<RuleName, LevelOption>")]
    pub severity: BTreeMap<At<RuleName>, At<String>>,
    /// Rules that are not checked in files that match a pattern (as in .gitignore, relative to this file; `!` in front
    /// stands for all other files).
    pub per_file_ignores: BTreeMap<At<String>, Vec<At<Selector>>>,
    /// Files and directories to leave out, as patterns like those of .gitignore; replaces the default list.
    pub exclude: Option<Vec<At<String>>>,
    /// Files and directories to leave out, beside those of `exclude`.
    pub extend_exclude: Vec<At<String>>,
    /// Directories, relative to this file, that the project's imports start from.
    pub src: Vec<At<String>>,
    /// Directories, relative to this file, with installed packages whose source is read when it is imported.
    pub extra_paths: Vec<At<String>>,
    /// The Python environment the project's packages are installed in, relative to this file: its directory, or an
    /// interpreter in it. By default the one that is activated, or that is found in or for the project.
    pub python: Option<At<String>>,
    /// Functions and methods that block.
    pub blocking_calls: Vec<BlockingCallOption>,
    /// Functions that run one of their arguments in another thread.
    pub offload_functions: Vec<OffloadOption>,
    /// Functions that start an event loop and wait for it.
    pub loop_starters: Vec<String>,
    /// Functions that a framework calls, and where they run.
    pub entry_points: Vec<EntryPointOption>,
    /// Plain functions and the coroutine functions that do the same.
    pub twins: Vec<TwinOption>,
    /// Frameworks of the project's own, and where they run the functions they are given.
    pub contexts: Vec<At<ContextOption>>,
    /// The oldest Python the project runs on, such as `3.11`; by default the one of `requires-python`.
    #[schemars(regex(pattern = r"^3\.[0-9]{1,2}$"))]
    #[schemars(with = "Option<String>")]
    pub target_version: Option<At<String>>,
    /// Files of more bytes than this are not read; 10,000,000 by default.
    pub max_file_size: Option<u64>,
    /// Whether to leave out what .gitignore files name; `true` by default.
    pub respect_gitignore: Option<bool>,
}

/// The JSON Schema of the configuration.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Options).to_value()
}

/// The keys, in alphabetical order.
pub(crate) fn keys() -> Vec<String> {
    let schema = schema();
    let mut keys: Vec<String> =
        schema["properties"].as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default();
    keys.sort();
    keys
}
