//! What the analysis reports: plain data, positions in bytes, files by id.

use asyncwise_syntax::facts::Span;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A file of the [`Program`](crate::program::Program): index into its files.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

impl FileId {
    /// As an index into the program's files.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How sure a finding is. Ordered: `Certain` is greatest.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It may; shown as a hint.
    Possible,
    /// It does unless something unusual prevents it; shown as a warning.
    Likely,
    /// When the line runs it raises, blocks or is lost; shown as an error.
    Certain,
}

/// How loudly a finding is shown. Ordered: `Error` is greatest.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A remark the editor shows discreetly.
    Hint,
    /// Information.
    Info,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

impl Confidence {
    /// The severity a finding has where the configuration does not say otherwise.
    pub const fn default_severity(self) -> Severity {
        match self {
            Confidence::Certain => Severity::Error,
            Confidence::Likely => Severity::Warning,
            Confidence::Possible => Severity::Hint,
        }
    }
}

/// A place in the program.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// Bytes in that file's text.
    pub span: Span,
}

/// One step from the finding to its cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainStep {
    /// Where.
    pub place: Place,
    /// What happens there.
    pub message: String,
}

/// Whether a fix may be applied without being looked at.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// The old code could not do its work; the new code does what the old one says.
    Safe,
    /// It changes what the program does in ways a person should look at.
    Unsafe,
    /// It is the first step of a change that a person has to go on with: an editor offers it, nothing applies it unasked.
    Partial,
}

/// A replacement of text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub place: Place,
    /// By what.
    pub text: String,
}

/// A way to mend a finding. Edits are sorted by place, do not overlap, and may be in several files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// The replacements.
    pub edits: Vec<Edit>,
}

/// Something that is wrong, or may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The rule's name.
    pub rule: SmolStr,
    /// How loudly it is shown.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What happens at run time: short, no full stop.
    pub message: String,
    /// The code a person would change.
    pub place: Place,
    /// Qualified name of the enclosing function, module included (`pkg.mod.Class.method`); none at module level.
    pub function: Option<String>,
    /// From the finding to its cause; empty when the finding is the cause.
    pub chain: Vec<ChainStep>,
    /// The ways to mend it, the preferred one first.
    pub fixes: Vec<Fix>,
}
