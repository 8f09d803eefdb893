//! The real editors, each started, fed with keys or calls, and asked what it shows: `tests/editors/NAME/run`. An editor that cannot be
//! had here is skipped, with a message that says why.

use asyncwise_tests::binary::{asyncwise, target};
use asyncwise_tests::repository;
use std::process::Command;

/// What a script says when it cannot do its work on this machine.
const SKIPPED: i32 = 77;

#[expect(clippy::print_stderr, reason = "a skipped test has no other way to say so")]
fn works_in(editor: &str) {
    let script = repository().join("tests/editors").join(editor).join("run");
    let mut command = Command::new("bash");
    command.arg(script).env("ASYNCWISE_BINARY", asyncwise().get_program());
    command.env("CARGO_TARGET_DIR", target());
    let Ok(output) = command.output() else {
        eprintln!("skipped: {editor}: there is no bash");
        return;
    };
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => {}
        Some(SKIPPED) => eprintln!("{editor}: {}", stdout.lines().last().unwrap_or_default()),
        _ => panic!("{editor}\n{stdout}\n{stderr}"),
    }
}

#[test]
fn neovim() {
    works_in("neovim");
}

#[test]
fn helix() {
    works_in("helix");
}

#[test]
fn emacs() {
    works_in("emacs");
}

#[test]
fn kate() {
    works_in("kate");
}

#[test]
fn vscode() {
    works_in("vscode");
}
