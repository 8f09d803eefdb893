//! The schemas in `schemas/` are those of this version.

use std::path::Path;
use std::process::Command;

#[test]
fn the_shipped_schemas_are_generated() {
    for (argument, file) in [
        ("audit", "audit.schema.json"),
        ("config", "config.schema.json"),
        ("findings", "findings.schema.json"),
        ("server", "server.schema.json"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_asyncwise")).args(["schema", argument]).output();
        let now = String::from_utf8(output.expect("the binary runs").stdout).expect("JSON is UTF-8");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(file);
        let shipped = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(shipped == now, "{file} is out of date: run `cargo run -p xtask -- generate`");
    }
}
