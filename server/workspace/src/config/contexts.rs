//! The key `contexts`: frameworks of a project's own, and where they run the functions they are given.

use asyncwise_analysis::knowledge::{Argument, Context, ContextRuns, FunctionKind, Phase};
use schemars::JsonSchema;
use serde::Deserialize;

/// Where a framework runs a function.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContextRunsOption {
    /// On a thread whose event loop is running.
    Loop,
    /// In a worker thread or process.
    Worker,
    /// On an event loop made for this call alone, which nothing else waits for.
    OwnLoop,
    /// Where no event loop runs, or where its caller runs.
    None,
}

/// Which functions are meant.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionOption {
    /// `async def`.
    Async,
    /// Plain `def`.
    Sync,
    /// Both.
    #[default]
    Any,
}

/// When functions run.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseOption {
    /// While the program serves.
    #[default]
    Serving,
    /// When it starts or ends, where a delay hurts less.
    Startup,
}

/// A function given to a call.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgumentOption {
    /// The dotted name of what is called.
    pub call: String,
    /// The position of the function among the arguments, from 0, not counting `self`.
    pub position: Option<u32>,
    /// Its keyword.
    pub keyword: Option<String>,
}

/// Functions that a framework calls, found by their decorators, by the class they are methods of, or by the call they are
/// given to: one of the three. A `*` in a name stands for any text.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContextOption {
    /// Dotted names of decorators.
    #[serde(default)]
    pub decorators: Vec<String>,
    /// Dotted names of base classes; with `methods`.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Names of the methods that are called; a `*` may stand at the end.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Calls that functions are given to: themselves, in a list, or as values of a mapping.
    #[serde(default)]
    pub arguments: Vec<ArgumentOption>,
    /// Which of them are meant; by default all.
    #[serde(default)]
    pub function: FunctionOption,
    /// Where they run.
    pub runs_on: ContextRunsOption,
    /// When they run; by default while the program serves.
    #[serde(default)]
    pub phase: PhaseOption,
    /// Whether they are test code.
    #[serde(default)]
    pub test: bool,
}

impl ContextOption {
    /// What is wrong with it that its types do not tell, and what was expected.
    pub(crate) fn mistake(&self) -> Option<(String, String)> {
        let given = [
            ("decorators", !self.decorators.is_empty()),
            ("bases", !self.bases.is_empty()),
            ("arguments", !self.arguments.is_empty()),
        ];
        let named: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        let said =
            |what: &str, advice: &str| Some((format!("a row of `contexts` is not used: {what}"), advice.to_owned()));
        match named.as_slice() {
            [] => {
                return said(
                    "it does not say which functions",
                    "give it `decorators`, `bases` with `methods`, or `arguments`",
                );
            }
            [_] => {}
            several => {
                let what =
                    format!("it has {}", several.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" and "));
                return said(&what, "write a row for each");
            }
        }
        if self.bases.is_empty() != self.methods.is_empty() {
            let (has, lacks) = if self.methods.is_empty() { ("bases", "methods") } else { ("methods", "bases") };
            return said(&format!("it has `{has}` without `{lacks}`"), "both tell which methods are called");
        }
        if let Some(argument) = self.arguments.iter().find(|a| a.position.is_none() && a.keyword.is_none()) {
            let what = format!("the argument of `{}` has neither `position` nor `keyword`", argument.call);
            return said(&what, "say where the function stands");
        }
        let calls = self.arguments.iter().map(|a| &a.call);
        let wrong = self.decorators.iter().chain(&self.bases).chain(calls).find(|name| !is_dotted(name))?;
        said(&format!("`{wrong}` is not a dotted name"), "write it with its module, like `package.module.Class.method`")
    }

    /// The row it is for the analysis.
    pub(crate) fn row(&self) -> Context {
        let names = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
        let arguments = self.arguments.iter().map(|a| Argument {
            call: a.call.as_str().into(),
            position: a.position,
            keyword: a.keyword.as_deref().map(Into::into),
        });
        Context {
            decorators: names(&self.decorators),
            bases: names(&self.bases),
            methods: names(&self.methods),
            arguments: arguments.collect(),
            with: None,
            function: match self.function {
                FunctionOption::Async => FunctionKind::Async,
                FunctionOption::Sync => FunctionKind::Sync,
                FunctionOption::Any => FunctionKind::Any,
            },
            runs_on: match self.runs_on {
                ContextRunsOption::Loop => ContextRuns::Loop,
                ContextRunsOption::Worker => ContextRuns::Worker,
                ContextRunsOption::OwnLoop => ContextRuns::OwnLoop,
                ContextRunsOption::None => ContextRuns::Caller,
            },
            phase: match self.phase {
                PhaseOption::Serving => Phase::Serving,
                PhaseOption::Startup => Phase::Startup,
            },
            test: self.test,
            provides: false,
            grants: Vec::new(),
            note: None,
            verified: Default::default(),
        }
    }
}

/// `package.name`: identifiers, at least two, where a `*` may stand for any text.
fn is_dotted(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '*')
    };
    name.contains('.') && name.split('.').all(part)
}
