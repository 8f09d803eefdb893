//! The server, as a client sees it that others have written: `pytest-lsp`, whose types check every message. Our own client could have
//! the same misunderstandings of the protocol as the server. What it does is told in `tests/clients`.

use asyncwise_tests::binary::asyncwise;
use asyncwise_tests::registry::environment;
use asyncwise_tests::repository;
use std::process::Command;

#[test]
fn a_client_of_others_finds_nothing_wrong() {
    let folder = repository().join("tests/clients");
    let Some(python) = environment("asyncwise-clients", &folder.join("requirements.txt")) else { return };
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "--tb=short"]).current_dir(&folder);
    pytest.env("ASYNCWISE", asyncwise().get_program()).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = pytest.output().expect("the interpreter of the environment starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
}
