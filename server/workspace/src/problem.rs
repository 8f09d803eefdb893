//! What went wrong around the findings: files that cannot be read, configuration that cannot be understood.

use std::path::{Path, PathBuf};

/// Whether the work could be done.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ProblemKind {
    /// Something that was asked for could not be done: the exit code is 2.
    Error,
    /// Something that was written is not used; the work is done without it.
    Warning,
}

/// Something that went wrong, as a value: the work goes on without it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Error or warning.
    pub kind: ProblemKind,
    /// The file or directory it is about, absolute.
    pub path: PathBuf,
    /// Line and column in it, both from 1, the column in characters.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Problem {
    /// An error.
    pub fn error(path: &Path, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Error, path, message)
    }

    /// A warning.
    pub fn warning(path: &Path, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Warning, path, message)
    }

    fn new(kind: ProblemKind, path: &Path, message: impl Into<String>) -> Self {
        Self { kind, path: path.to_owned(), position: None, message: message.into(), advice: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// At a byte offset of `text`.
    #[must_use]
    pub fn at(mut self, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        self.position = Some((line, before[start..].chars().count() + 1));
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.kind == ProblemKind::Error
    }

    /// What is wrong and what to do about it, in one line.
    pub fn text(&self) -> String {
        match &self.advice {
            Some(advice) => format!("{}; {advice}", self.message),
            None => self.message.clone(),
        }
    }
}

/// The word of `known` a person most probably meant by `word`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// An input or output error in words that do not depend on the system's numbers.
pub(crate) fn io_message(error: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::NotFound => "no such file or directory".to_owned(),
        K::PermissionDenied => "permission denied".to_owned(),
        _ => {
            // Some libraries put the path in front, which stands there already.
            let text = error.to_string();
            let text = text.rsplit(": ").next().unwrap_or(&text);
            text.find(" (os error").map_or(text, |end| &text[..end]).to_lowercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = "a = 1\né = ?\n";
        let problem = Problem::error(Path::new("x"), "bad").at(text, text.find('?').unwrap());
        assert_eq!(problem.position, Some((2, 5)));
        assert_eq!(Problem::error(Path::new("x"), "bad").at(text, 999).position, Some((3, 1)));
    }

    #[test]
    fn the_nearest_word_must_be_near() {
        assert_eq!(nearest("blocking-cal", ["blocking-call", "await"]), Some("blocking-call"));
        assert_eq!(nearest("min_confidence", ["min-confidence", "select"]), Some("min-confidence"));
        assert_eq!(nearest("zzz", ["blocking-call", "await"]), None);
    }
}
