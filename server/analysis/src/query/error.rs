//! What is wrong with a rule file: values, never panics.

use asyncwise_syntax::facts::Span;

/// A mistake in the source of a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryError {
    /// Where, in bytes of the source.
    pub span: Span,
    /// What is wrong; no full stop.
    pub message: String,
    /// What to write instead, when something is close enough or there is a short list.
    pub help: Option<String>,
}

impl QueryError {
    /// An error without help.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }
    /// With the name among `known` that was probably meant, or the whole list where none is close.
    pub(crate) fn with_known(mut self, name: &str, known: impl Iterator<Item = &'static str> + Clone) -> Self {
        self.help = Some(match closest(name, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known: {}", known.collect::<Vec<_>>().join(", ")),
        });
        self
    }
    /// With the name among `known` that was probably meant, if one is close.
    pub(crate) fn with_closest<'k>(mut self, name: &str, known: impl Iterator<Item = &'k str>) -> Self {
        self.help = closest(name, known).map(|meant| format!("did you mean `{meant}`?"));
        self
    }
    /// With this help.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The nearest of `known` within a third of the length of `name`; the first of equally near ones.
fn closest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (name.chars().count() / 3).max(1);
    let near = known.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}
