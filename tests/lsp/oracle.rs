//! After any edits the server finds what a check of the same texts finds.

use crate::client::{Client, write};
use asyncwise_tests::binary::asyncwise;
use serde_json::{Value, json};
use std::path::Path;

/// Pieces that edits are made of.
const PIECES: &[&str] = &[
    "",
    "\n",
    "    ",
    "await ",
    "async ",
    "def load():\n    time.sleep(1)\n",
    "async def other():\n    load()\n",
    "import time\n",
    "from helper import load\n",
    "asyncio.run(work())",
    "time.sleep(1)",
    "return\n",
    "(",
    ")",
    "\"\"\"",
    "# asyncwise: ignore[blocking-call]",
    "é🎈",
];

const FILES: [(&str, &str); 3] = [
    (
        "main.py",
        "import asyncio\nfrom helper import load\n\n\nasync def main():\n    load()\n    asyncio.run(work())\n\n\nasync def work():\n    pass\n",
    ),
    ("helper.py", "import time\nfrom deep import slow\n\n\ndef load():\n    slow()\n    time.sleep(1)\n"),
    ("deep.py", "import time\n\n\ndef slow():\n    time.sleep(2)\n\n\nasync def here():\n    slow()\n"),
];

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

#[test]
fn edits_lead_to_what_a_check_finds() {
    for seed in 1..=seeds() {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        let mut client = Client::pulling(&FILES);
        client.indexed();
        for (name, _) in &FILES {
            client.open_file(name);
        }
        for round in 0..4 {
            for _ in 0..5 {
                let name = FILES[random.below(FILES.len())].0;
                edit(&mut client, name, &mut random);
            }
            compare(&mut client, &format!("seed {seed}, round {round}"));
        }
        client.finish();
    }
}

/// How many sessions are tried: `ASYNCWISE_SEEDS`, or few.
fn seeds() -> u64 {
    std::env::var("ASYNCWISE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(6)
}

fn edit(client: &mut Client, name: &str, random: &mut Random) {
    let before = client.text(name).to_owned();
    let boundary = |mut at: usize| {
        while !before.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(random.below(before.len() + 1));
    let end = boundary((start + random.below(12)).min(before.len())).max(start);
    let piece = PIECES[random.below(PIECES.len())];
    let after = format!("{}{piece}{}", &before[..start], &before[end..]);
    let range = json!({ "start": position(&before, start), "end": position(&before, end) });
    client.change(name, json!([{ "range": range, "text": piece }]), &after);
}

fn position(text: &str, offset: usize) -> Value {
    let line = text[..offset].matches('\n').count();
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": line, "character": offset - start })
}

/// Pulls until the answer is that of a check: what an incremental parse of broken code has missed is made up for when the server
/// has time, and it says so.
fn compare(client: &mut Client, when: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, _) in &FILES {
        write(&dir.path().join(name), client.text(name));
    }
    for (name, _) in &FILES {
        let expected = checked(dir.path(), name);
        let mut found = found(client, name);
        if found != expected {
            let refresh = client.expect("workspace/diagnostic/refresh");
            client.answer(&refresh, Value::Null);
            found = self::found(client, name);
        }
        assert_eq!(found, expected, "{when}: {name}\n{}", client.text(name));
    }
}

fn found(client: &mut Client, name: &str) -> Vec<String> {
    let report = client.report(name, None);
    let describe = |item: &Value| {
        let line = item["range"]["start"]["line"].as_u64().expect("a line") + 1;
        format!("{line} {} {}", item["code"].as_str().unwrap_or_default(), item["message"].as_str().unwrap_or_default())
    };
    // What is held of an earlier text is no finding of this one.
    let current = report["items"].as_array().expect("items").iter().filter(|item| item["data"]["held"].is_null());
    current.map(describe).collect()
}

fn checked(dir: &Path, name: &str) -> Vec<String> {
    let mut command = asyncwise();
    command.current_dir(dir).args(["check", "--output-format", "json", "--no-cache", "."]);
    let output = command.output().expect("the binary runs");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let texts = FILES.map(|(name, _)| std::fs::read_to_string(dir.join(name)).expect("the file is there"));
        panic!("{error}:\n{}\n{texts:#?}", String::from_utf8_lossy(&output.stderr))
    });
    let findings = report["findings"].as_array().expect("findings").iter();
    let describe = |finding: &Value| {
        let (line, rule, message) = (&finding["range"]["start"]["line"], &finding["rule"], &finding["message"]);
        format!("{line} {} {}", rule.as_str().unwrap_or_default(), message.as_str().unwrap_or_default())
    };
    findings.filter(|finding| finding["path"].as_str() == Some(name)).map(describe).collect()
}
