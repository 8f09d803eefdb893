//! A project that stays open gives after every change what a check from nothing gives.

use asyncwise_workspace::config::{Overrides, Source};
use asyncwise_workspace::live::{Cancel, Change, Opening, Project};
use asyncwise_workspace::session::{Request, Session, Silent};
use std::path::{Path, PathBuf};

struct Folder {
    dir: tempfile::TempDir,
    project: Project,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(&dir.path().join(name), text);
        }
        let root = dir.path().to_owned();
        let opening = Opening {
            root: root.clone(),
            paths: vec![root],
            config: Source::Nearest,
            overrides: Overrides::default(),
            cache: false,
        };
        let project = Project::open(opening, Vec::new(), &Silent, &Cancel::default()).unwrap();
        Self { dir, project }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn type_in(&mut self, name: &str, text: &str) {
        let change = Change::Text { path: self.path(name), text: text.into(), is_notebook: false };
        self.project.update(vec![change], &Silent, &Cancel::default());
    }

    fn save(&mut self, name: &str, text: &str) {
        write(&self.path(name), text);
        self.update(Change::Disk(self.path(name)));
    }

    fn update(&mut self, change: Change) {
        self.project.update(vec![change], &Silent, &Cancel::default());
    }

    /// One line for each finding: file, line, rule.
    fn findings(&self) -> Vec<String> {
        let snapshot = self.project.snapshot();
        let all = snapshot.asked().flat_map(|file| snapshot.findings(file).to_vec());
        let describe = |finding: asyncwise_analysis::finding::Finding| {
            let file = finding.place.file;
            line(self.dir.path(), snapshot.path(file), snapshot.text(file), finding.place.span.start, &finding.rule)
        };
        all.map(describe).collect()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn line(root: &Path, path: &Path, text: &str, offset: u32, rule: &str) -> String {
    let line = text[..offset as usize].matches('\n').count() + 1;
    format!("{}:{line} {rule}", path.strip_prefix(root).unwrap().display())
}

/// What a check of the folder as it is on the disk finds.
fn fresh(root: &Path) -> Vec<String> {
    let request = Request { cwd: root.to_owned(), paths: vec![root.to_owned()], ..Request::default() };
    let report = Session::open(request, &Silent).check(&Silent);
    let describe = |finding: &asyncwise_analysis::finding::Finding| {
        let file = &report.files[finding.place.file.index()];
        line(root, &file.path, &file.source.text, finding.place.span.start, &finding.rule)
    };
    report.findings.iter().map(describe).collect()
}

const MAIN: &str = "from helper import load\n\n\nasync def main():\n    load()\n";
const BLOCKS: &str = "import time\n\n\ndef load():\n    time.sleep(1)\n";
const HARMLESS: &str = "import time\n\n\ndef load():\n    return 1\n";

#[test]
fn an_edit_in_one_file_is_seen_in_the_other() {
    let mut folder = Folder::new(&[("main.py", MAIN), ("helper.py", HARMLESS)]);
    assert!(folder.findings().is_empty());
    folder.type_in("helper.py", BLOCKS);
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"]);
    folder.update(Change::Closed(folder.path("helper.py")));
    assert!(folder.findings().is_empty(), "what is on the disk counts again");
    folder.save("helper.py", BLOCKS);
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"]);
}

#[test]
fn files_come_and_go() {
    let mut folder = Folder::new(&[("main.py", MAIN)]);
    assert!(folder.findings().is_empty());
    folder.type_in("helper.py", BLOCKS);
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"], "not saved yet");
    folder.update(Change::Closed(folder.path("helper.py")));
    assert!(folder.findings().is_empty());
    folder.save("helper.py", BLOCKS);
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"]);
    std::fs::remove_file(folder.path("helper.py")).unwrap();
    folder.update(Change::Disk(folder.path("helper.py")));
    assert!(folder.findings().is_empty());
}

#[test]
fn configuration_is_read_again() {
    let mut folder = Folder::new(&[("main.py", MAIN), ("helper.py", BLOCKS)]);
    folder.save("asyncwise.toml", "ignore = [\"blocking-call\"]\n");
    assert!(folder.findings().is_empty());
    folder.save("asyncwise.toml", "severity = { blocking-call = \"error\" }\n");
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"]);
}

#[test]
fn what_the_configuration_leaves_out_stays_out_when_it_is_opened() {
    let files = [("asyncwise.toml", "exclude = [\"gen\"]\n"), ("gen/main.py", MAIN), ("gen/helper.py", BLOCKS)];
    let mut folder = Folder::new(&files);
    folder.type_in("gen/helper.py", BLOCKS);
    assert!(folder.findings().is_empty());
    let before = folder.project.snapshot().revision();
    folder.type_in("gen/helper.py", HARMLESS);
    assert_eq!(folder.project.snapshot().revision(), before, "nothing is worked out for it");
}

#[test]
fn a_module_that_an_edit_imports_is_read() {
    let files = [("asyncwise.toml", "extra-paths = [\"lib\"]\nexclude = [\"lib\"]\n"), ("lib/dep.py", BLOCKS)];
    let mut folder = Folder::new(&files);
    folder.type_in("main.py", "async def main():\n    load()\n");
    assert!(folder.findings().is_empty());
    folder.type_in("main.py", "from dep import load\n\n\nasync def main():\n    load()\n");
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"]);
}

#[test]
fn a_cancelled_load_is_made_up_for() {
    let mut folder = Folder::new(&[("main.py", MAIN)]);
    write(&folder.path("helper.py"), BLOCKS);
    let cancel = Cancel::default();
    cancel.cancel();
    folder.project.update(vec![Change::Disk(folder.path("helper.py"))], &Silent, &cancel);
    assert!(folder.findings().is_empty());
    folder.project.update(Vec::new(), &Silent, &Cancel::default());
    assert_eq!(folder.findings(), ["main.py:5 blocking-call"]);
}

#[test]
fn a_saved_project_gives_what_a_check_gives() {
    let mut folder = Folder::new(&[("main.py", MAIN), ("helper.py", HARMLESS), ("package/__init__.py", "")]);
    let texts = [
        ("helper.py", BLOCKS),
        ("helper.py", "import time\n\n\ndef load(:\n    time.sleep(1)\n"),
        (
            "package/late.py",
            "from helper import load\n\n\nasync def late():\n    load()  # asyncwise: ignore[blocking-call]\n",
        ),
        ("helper.py", BLOCKS),
        ("main.py", "import asyncio\nfrom helper import load\n\n\nasync def main():\n    asyncio.run(main())\n"),
        ("helper.py", HARMLESS),
    ];
    for (name, text) in texts {
        folder.save(name, text);
        assert_eq!(folder.findings(), fresh(folder.dir.path()), "after {name} became {text}");
    }
}
