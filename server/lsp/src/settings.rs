//! The settings that editors send: one declaration for reading them, for their JSON Schema and for what is unknown.

use asyncwise_analysis::finding::Confidence;
use asyncwise_workspace::config::options::{ConfidenceOption, Selector};
use asyncwise_workspace::config::select::{self, Selection};
use asyncwise_workspace::config::{Overrides, Source, version};
use asyncwise_workspace::live::Opening;
use asyncwise_workspace::paths;
use asyncwise_workspace::problem::nearest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The files whose findings are shown.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DiagnosticMode {
    /// Those that are open.
    #[default]
    OpenFiles,
    /// All of the workspace.
    Workspace,
}

/// What becomes of fixes that change what the program does.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum UnsafeFixes {
    /// They are offered, one by one.
    #[default]
    Offer,
    /// They are listed, and cannot be chosen.
    Hint,
}

/// How much the server says in the log.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LogLevel {
    /// What failed.
    Error,
    /// What is not as it should be, too.
    #[default]
    Warning,
    /// What is done, too.
    Info,
    /// How it is done and how long it takes, too.
    Debug,
}

/// The settings of the asyncwise language server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(title = "asyncwise language server settings")]
pub(crate) struct Settings {
    /// The rules to check: names, groups, or `all`. Without it, what the configuration file says.
    #[schemars(with = "Option<Vec<Selector>>")]
    pub(crate) select: Option<Vec<String>>,
    /// The rules not to check, beside those of the configuration file.
    #[schemars(with = "Vec<Selector>")]
    pub(crate) ignore: Vec<String>,
    /// Report only findings that are at least this sure.
    #[schemars(with = "Option<ConfidenceOption>")]
    pub(crate) min_confidence: Option<Confidence>,
    /// The oldest Python the code runs on, such as `3.11`. Without it, what the project says.
    #[schemars(regex(pattern = r"^3\.[0-9]{1,2}$"))]
    pub(crate) target_version: Option<String>,
    /// A configuration file for all files of the folder, relative to it; the nearest one otherwise.
    pub(crate) configuration: Option<PathBuf>,
    /// Directories, relative to the folder, with installed packages whose source is read when it is imported.
    pub(crate) extra_paths: Vec<PathBuf>,
    /// The Python environment with the project's packages, relative to the folder: its directory, or an interpreter in it, which
    /// is not run. Without it, the one that the configuration file names, that is selected in the editor's extension for Python, that is
    /// activated, or that is found.
    pub(crate) python: Option<PathBuf>,
    /// The Python environment that is selected in the editor, as its extension for Python knows it. It counts where neither `python`
    /// nor the configuration file names one.
    #[schemars(extend("x-given-by" = "extension"))]
    pub(crate) selected_python: Option<PathBuf>,
    /// The files whose findings are shown.
    pub(crate) diagnostic_mode: DiagnosticMode,
    /// Show above functions that block or start an event loop how many coroutines reach them.
    pub(crate) code_lens: bool,
    /// Show behind calls on the event loop that they block it or start another.
    pub(crate) inlay_hints: bool,
    /// What becomes of fixes that change what the program does.
    pub(crate) unsafe_fixes: UnsafeFixes,
    /// How much the server says in the log.
    pub(crate) log_level: LogLevel,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            select: None,
            ignore: Vec::new(),
            min_confidence: None,
            target_version: None,
            configuration: None,
            extra_paths: Vec::new(),
            python: None,
            selected_python: None,
            diagnostic_mode: DiagnosticMode::default(),
            code_lens: true,
            inlay_hints: false,
            unsafe_fixes: UnsafeFixes::default(),
            log_level: LogLevel::default(),
        }
    }
}

/// The JSON Schema of the settings.
pub fn schema() -> Value {
    schemars::schema_for!(Settings).to_value()
}

/// Settings as a client gives them: those that are known, each with a value that is right.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Given(Map<String, Value>);

impl Given {
    /// Reads them from what a client sends. A setting that is unknown or has a wrong value is one message, and counts as not given; so
    /// does null, without a message.
    pub(crate) fn read(value: &Value) -> (Self, Vec<String>) {
        let mut messages = Vec::new();
        let mut good = Map::new();
        let known = known();
        for (key, value) in section(value).into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            if !known.contains(key) {
                messages.push(unknown(key, &known));
                continue;
            }
            match serde_json::from_value::<Settings>(Value::Object(Map::from_iter([(key.clone(), value.clone())]))) {
                Ok(alone) => match alone.complaint() {
                    Some(message) => messages.push(message),
                    None => {
                        good.insert(key.clone(), value.clone());
                    }
                },
                Err(error) => messages.push(format!("the setting `{key}` is not used: {error}")),
            }
        }
        (Self(good), messages)
    }

    /// The settings: each as it is given here, else as it is `below`, else as it is by default.
    pub(crate) fn over(self, below: &Given) -> Settings {
        let mut all = below.0.clone();
        all.extend(self.0);
        serde_json::from_value(Value::Object(all)).unwrap_or_default()
    }
}

impl Settings {
    /// What the types cannot check.
    fn complaint(&self) -> Option<String> {
        let selectors = self.select.iter().flatten().map(|word| ("select", word));
        for (key, word) in selectors.chain(self.ignore.iter().map(|word| ("ignore", word))) {
            if let Some(advice) = select::unknown(word) {
                return Some(format!("the setting `{key}` is not used: unknown rule or group `{word}`; {advice}"));
            }
        }
        let target = self.target_version.as_ref().filter(|target| version::parse(target).is_none());
        target.map(|target| format!("the setting `targetVersion` is not used: `{target}` is not like `3.11`"))
    }

    /// How a project at `root` is opened to check `paths`.
    pub(crate) fn opening(&self, root: &Path, paths: Vec<PathBuf>) -> Opening {
        let absolute = |path: &PathBuf| paths::absolute(root, path);
        let named = |path: &Option<PathBuf>| path.as_ref().filter(|path| !path.as_os_str().is_empty()).map(absolute);
        Opening {
            root: root.to_owned(),
            paths,
            cache: true,
            config: match &self.configuration {
                Some(file) if !file.as_os_str().is_empty() => Source::File(absolute(file)),
                _ => Source::Nearest,
            },
            overrides: Overrides {
                selection: Selection { select: self.select.clone(), ignore: self.ignore.clone() },
                min_confidence: self.min_confidence,
                target_version: self.target_version.as_deref().and_then(version::parse),
                extra_paths: self.extra_paths.iter().map(absolute).collect(),
                python: named(&self.python),
                selected_python: named(&self.selected_python),
            },
        }
    }
}

/// The settings in what a client sends: some put them below the name of the server, some below `settings`.
fn section(value: &Value) -> Option<&Map<String, Value>> {
    let object = value.as_object()?;
    match object.get("asyncwise").or_else(|| object.get("settings")) {
        Some(inner @ Value::Object(_)) => section(inner),
        _ => Some(object),
    }
}

fn known() -> Vec<String> {
    let schema = schema();
    schema["properties"].as_object().map(|keys| keys.keys().cloned().collect()).unwrap_or_default()
}

fn unknown(key: &str, known: &[String]) -> String {
    match nearest(key, known.iter().map(String::as_str)) {
        Some(near) => format!("unknown setting `{key}`; did you mean `{near}`?"),
        None => format!("unknown setting `{key}`; the settings are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> (Settings, Vec<String>) {
        let (given, messages) = Given::read(value);
        (given.over(&Given::default()), messages)
    }

    #[test]
    fn what_is_given_later_goes_over_what_was_given_key_by_key() {
        let (below, _) = Given::read(&json!({ "select": ["unused-ignore"], "codeLens": false }));
        let (given, _) = Given::read(&json!({ "select": null, "codeLens": true, "logLevel": "loud" }));
        let expected = Settings { select: Some(vec!["unused-ignore".to_owned()]), ..Settings::default() };
        assert_eq!(given.over(&below), expected);
    }

    #[test]
    fn settings_are_found_where_clients_put_them() {
        let plain = json!({ "codeLens": false });
        for value in [plain.clone(), json!({ "asyncwise": plain }), json!({ "settings": plain })] {
            let (settings, messages) = read(&value);
            assert!(!settings.code_lens && messages.is_empty(), "{value}");
        }
        for value in [json!(null), json!([]), json!({ "codeLens": null })] {
            assert_eq!(read(&value), (Settings::default(), Vec::new()));
        }
    }

    #[test]
    fn a_wrong_setting_costs_itself_only() {
        let value = json!({ "codeLense": true, "inlayHints": true, "logLevel": "loud", "select": ["blocking-cal"] });
        let (settings, messages) = read(&value);
        assert_eq!(settings, Settings { inlay_hints: true, ..Settings::default() });
        assert_eq!(messages[0], "unknown setting `codeLense`; did you mean `codeLens`?");
        assert!(messages.iter().any(|message| message.starts_with("the setting `logLevel` is not used:")));
        assert!(messages.iter().any(|message| message.ends_with("did you mean `blocking-call`?")), "{messages:?}");
    }
}
