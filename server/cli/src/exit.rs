//! What the process tells its parent.

use std::process::ExitCode;

/// The exit code.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Nothing was found.
    Nothing,
    /// There are findings.
    Findings,
    /// It could not do its work, or not all of it.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Nothing => 0,
            Exit::Findings => 1,
            Exit::Failure => 2,
        })
    }
}
