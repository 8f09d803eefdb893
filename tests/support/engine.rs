//! The one place that says how text becomes facts and configuration becomes settings in these tests.

use crate::binary::target;
use asyncwise_analysis::settings::Settings;
use asyncwise_syntax::facts::FileFacts;
use asyncwise_workspace::config::{Configurations, Overrides, Scope, Source};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

pub use asyncwise_workspace::structure::Trees;

/// The facts of a text.
pub fn facts(text: &str) -> FileFacts {
    asyncwise_workspace::source::facts(text)
}

/// What the `asyncwise.toml` of an example says.
#[derive(Debug)]
pub struct Configuration(Arc<Scope>);

impl Configuration {
    /// Reads it as if it lay in `root`. What the reader warns about is an error here.
    pub fn read(root: &str, text: &str) -> Result<Self, String> {
        let mut configurations = if text.is_empty() {
            Configurations::new(root.into(), Source::Isolated, Overrides::default())
        } else {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let folder = target().join("asyncwise-examples").join(format!("{:x}", hasher.finish()));
            std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            let file = folder.join("asyncwise.toml");
            std::fs::write(&file, text).map_err(|error| error.to_string())?;
            Configurations::new(root.into(), Source::File(file), Overrides::default())
        };
        let scope = configurations.scope(Path::new(root));
        match configurations.problems.first() {
            Some(problem) => Err(format!("the configuration is not understood: {}", problem.message)),
            None => Ok(Self(scope)),
        }
    }

    /// The settings of a file.
    pub fn settings(&self, path: &str) -> Arc<Settings> {
        self.0.settings(Path::new(path))
    }
}
