//! What `#set!` says of a rule, and text with captures in it.

use super::error::QueryError;
use super::parse::{Argument, Clause, Spanned};
use crate::finding::{Confidence, Severity};
use asyncwise_syntax::facts::Span;
use smol_str::SmolStr;

/// What is known of a key of `#set!`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct KeyInfo {
    /// The key.
    pub name: &'static str,
    /// What its value says.
    pub docs: &'static str,
}

/// The keys of `#set!`, in the order they are usually written.
pub static KEYS: &[KeyInfo] = &[
    KeyInfo { name: "rule", docs: "The rule's name, in words joined by `-`. Patterns with one name make one rule." },
    KeyInfo { name: "severity", docs: "How loudly it is shown: `error`, `warning`, `info` or `hint`." },
    KeyInfo { name: "confidence", docs: "How sure a finding is: `certain`, `likely` or `possible`." },
    KeyInfo { name: "message", docs: "What a finding says; `{capture}` is the text of a capture, `{{` a brace." },
    KeyInfo { name: "url", docs: "Where to read more: an `https://` or `http://` address." },
    KeyInfo { name: "fix", docs: "What to put in place of `@report`; `{capture}` is the text of a capture." },
];

/// What the directives of a pattern say; those before the first pattern hold where the pattern says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Metadata {
    /// The rule's name.
    pub rule: Option<SmolStr>,
    /// How loudly it is shown.
    pub severity: Option<Severity>,
    /// How sure a finding is.
    pub confidence: Option<Confidence>,
    /// What a finding says.
    pub message: Option<Template>,
    /// Where to read more.
    pub url: Option<SmolStr>,
    /// What to put in place of `@report`.
    pub fix: Option<Template>,
}

/// Text with captures in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    parts: Vec<Part>,
    span: Span,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Capture(SmolStr),
}

impl Template {
    /// The text, with `value(name)` for each capture.
    pub fn render<'t>(&self, value: impl Fn(&str) -> &'t str) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Capture(name) => value(name).to_owned(),
        };
        self.parts.iter().map(text).collect()
    }

    /// An error for the first capture that is not among `captures`.
    pub(crate) fn check(&self, captures: &[SmolStr]) -> Result<(), QueryError> {
        for part in &self.parts {
            if let Part::Capture(name) = part
                && !captures.contains(name)
            {
                let error = QueryError::new(self.span, format!("the pattern captures no `@{name}`"));
                return Err(error.with_closest(name, captures.iter().map(SmolStr::as_str)));
            }
        }
        Ok(())
    }

    fn parse(text: &Spanned<SmolStr>) -> Result<Self, QueryError> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text.value.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            rest = &brace[1..];
            if rest.starts_with(&brace[..1]) {
                plain.push_str(&brace[..1]);
                rest = &rest[1..];
                continue;
            }
            let closed = if brace.starts_with('{') { rest.split_once('}') } else { None };
            let Some((name, after)) = closed.filter(|(name, _)| is_capture_name(name.trim_start_matches('@'))) else {
                let error = QueryError::new(text.span, "braces hold the name of a capture");
                return Err(error.with_help("write `{{` or `}}` for a brace"));
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Capture(name.trim_start_matches('@').into()));
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self { parts, span: text.span })
    }
}

fn is_capture_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

impl Metadata {
    /// What these directives say. A key is said once.
    pub(crate) fn read(directives: &[&Clause], errors: &mut Vec<QueryError>) -> Self {
        let mut metadata = Self::default();
        let mut seen: Vec<SmolStr> = Vec::new();
        for clause in directives {
            match key_and_value(clause) {
                Ok((key, _)) if seen.contains(&key.value) => {
                    errors.push(QueryError::new(key.span, format!("`{}` is set twice", key.value)));
                }
                Ok((key, value)) => {
                    if let Err(error) = metadata.set(&key, &value) {
                        errors.push(error);
                    }
                    seen.push(key.value);
                }
                Err(error) => errors.push(error),
            }
        }
        metadata
    }

    fn set(&mut self, key: &Spanned<SmolStr>, value: &Spanned<SmolStr>) -> Result<(), QueryError> {
        match key.value.as_str() {
            "rule" => self.rule = Some(rule_name(value)?),
            "severity" => {
                let known = [
                    ("error", Severity::Error),
                    ("warning", Severity::Warning),
                    ("info", Severity::Info),
                    ("hint", Severity::Hint),
                ];
                self.severity = Some(word("severity", value, &known)?);
            }
            "confidence" => {
                let known = [
                    ("certain", Confidence::Certain),
                    ("likely", Confidence::Likely),
                    ("possible", Confidence::Possible),
                ];
                self.confidence = Some(word("confidence", value, &known)?);
            }
            "message" if value.value.trim().is_empty() => {
                return Err(QueryError::new(value.span, "the message is empty"));
            }
            "message" => self.message = Some(Template::parse(value)?),
            "url" if !value.value.starts_with("https://") && !value.value.starts_with("http://") => {
                return Err(QueryError::new(value.span, "an address begins with `https://` or `http://`"));
            }
            "url" => self.url = Some(value.value.clone()),
            "fix" => self.fix = Some(Template::parse(value)?),
            unknown => {
                let error = QueryError::new(key.span, format!("`#set!` has no key `{unknown}`"));
                return Err(error.with_known(unknown, KEYS.iter().map(|key| key.name)));
            }
        }
        Ok(())
    }

    /// With what `defaults` say where this says nothing.
    pub(crate) fn or(self, defaults: &Self) -> Self {
        Self {
            rule: self.rule.or_else(|| defaults.rule.clone()),
            severity: self.severity.or(defaults.severity),
            confidence: self.confidence.or(defaults.confidence),
            message: self.message.or_else(|| defaults.message.clone()),
            url: self.url.or_else(|| defaults.url.clone()),
            fix: self.fix.or_else(|| defaults.fix.clone()),
        }
    }
}

fn key_and_value(clause: &Clause) -> Result<(Spanned<SmolStr>, Spanned<SmolStr>), QueryError> {
    if clause.name.value != "set!" {
        let error = QueryError::new(clause.name.span, format!("there is no directive `#{}`", clause.name.value));
        return Err(error.with_help("the only directive is `#set!`"));
    }
    let text = |index: usize| match clause.args.get(index) {
        Some(Spanned { value: Argument::Text(text), span }) => Some(Spanned { value: text.clone(), span: *span }),
        _ => None,
    };
    match (text(0), text(1), clause.args.len()) {
        (Some(key), Some(value), 2) => Ok((key, value)),
        _ => {
            Err(QueryError::new(clause.span, "`#set!` takes a key and a string")
                .with_help("write `(#set! key \"value\")`"))
        }
    }
}

fn rule_name(text: &Spanned<SmolStr>) -> Result<SmolStr, QueryError> {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if text.value.split('-').all(part) {
        return Ok(text.value.clone());
    }
    let error = QueryError::new(text.span, format!("`{}` is no name for a rule", text.value));
    Err(error.with_help("write lower-case words joined by `-`: `no-sync-redis`"))
}

fn word<T: Copy>(what: &str, text: &Spanned<SmolStr>, known: &[(&'static str, T)]) -> Result<T, QueryError> {
    let found = known.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let error = QueryError::new(text.span, format!("there is no {what} `{}`", text.value));
        error.with_known(&text.value, known.iter().map(|(word, _)| *word))
    })
}
