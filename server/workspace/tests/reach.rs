//! After every edit a project that stays open has read the same files of dependencies as one that is opened with these texts.

use asyncwise_workspace::config::{Overrides, Source};
use asyncwise_workspace::live::{Cancel, Change, Opening, Project};
use asyncwise_workspace::session::Silent;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// What is on the disk beside the texts that are edited.
const DISK: &[(&str, &str)] = &[
    ("asyncwise.toml", "extra-paths = [\"lib\"]\nexclude = [\"lib\"]\n"),
    (
        "lib/dep/__init__.py",
        "from .one import First\nfrom . import two\n\n\ndef lazy():\n    from .late import Late\n    return Late()\n",
    ),
    ("lib/dep/one.py", "import other\n\n\nclass First:\n    made = other.maker()\n\n\ndef unused():\n    import far\n"),
    ("lib/dep/two.py", "from other import deep\nvalue = 1\n\n\ndef run():\n    return deep.run()\n"),
    ("lib/dep/late.py", "import far\n\n\nclass Late:\n    pass\n\n\nunseen = far.away\n"),
    ("lib/other/__init__.py", "def maker():\n    return 1\n"),
    ("lib/other/deep.py", "import dep\n\n\ndef run():\n    return dep.First()\n"),
    ("lib/far.py", "from hidden import *\naway = Hidden\n"),
    ("lib/hidden.py", "class Hidden:\n    pass\n"),
    ("lib/space/part/mod.py", "from other import maker\n\n\ndef go():\n    return maker()\n"),
];

/// The texts that are edited, as they are at first.
const TEXTS: &[(&str, &str)] = &[
    ("app/__init__.py", "from .base import *\nfrom . import util\n"),
    ("app/base.py", "import dep\n\n\ndef base():\n    return 1\n"),
    ("app/util.py", "import other as o\nfrom dep import two as t\n\n\ndef helper():\n    return t.value\n"),
    ("main.py", "import app\nfrom app import util\n\n\ndef main():\n    return util.helper()\n"),
];

const LINES: &[&str] = &[
    "import dep",
    "import dep as o",
    "dep.First()",
    "dep.two.run()",
    "dep.lazy()",
    "dep.nothing.of_the_kind",
    "import other",
    "other.maker()",
    "other.deep.run()",
    "from dep import two as t",
    "from dep import First, two",
    "two.run()",
    "t.run()",
    "from dep.late import Late",
    "import dep.late",
    "dep.late.unseen",
    "from far import *",
    "Hidden()",
    "away",
    "import nowhere.at_all",
    "nowhere.at_all.f()",
    "import space.part.mod",
    "space.part.mod.go()",
    "from space.part import mod",
    "mod.go()",
    "app.dep.lazy()",
    "app.util.o.deep",
    "util.t.run()",
    "util.o.maker()",
    "from app import base",
    "base.dep.two.value",
    "from app.base import dep",
    "def local(): import far; return far.away",
    "class Open(",
    "t = 1",
    "dep = None",
    "# import far",
    "'dep.late.Late'",
];

#[derive(Clone, Debug)]
enum Typing {
    Insert { line: usize, text: usize },
    Delete { line: usize },
    Letter { line: usize, at: usize },
}

fn apply(text: &str, typing: &Typing) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.push(String::new());
    let count = lines.len();
    match typing {
        Typing::Insert { line, text } => {
            let at = line % count;
            let indent = lines[at].len() - lines[at].trim_start().len();
            lines.insert(at, " ".repeat(indent) + LINES[text % LINES.len()]);
        }
        Typing::Delete { line } => {
            lines.remove(line % count);
        }
        Typing::Letter { line, at } => {
            let text = &mut lines[line % count];
            let at = at % (text.len() + 1);
            text.insert(at, 'x');
        }
    }
    lines.join("\n")
}

fn open(root: &Path, texts: Vec<Change>) -> Project {
    let opening = Opening {
        root: root.to_owned(),
        paths: vec![root.to_owned()],
        config: Source::Nearest,
        overrides: Overrides::default(),
        cache: false,
    };
    Project::open(opening, texts, &Silent, &Cancel::default()).expect("nobody cancels")
}

fn change(root: &Path, name: &str, text: &str) -> Change {
    Change::Text { path: root.join(name), text: text.into(), is_notebook: false }
}

fn files(root: &Path, project: &Project) -> Vec<PathBuf> {
    let snapshot = project.snapshot();
    let inside = |path: &Path| path.strip_prefix(root).expect("nothing else is read").to_owned();
    snapshot.program().ids().map(|file| inside(snapshot.path(file))).collect()
}

struct Folder {
    dir: tempfile::TempDir,
    texts: Vec<(&'static str, String)>,
    project: Project,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory can be made");
        for (name, text) in DISK.iter().chain(TEXTS) {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it lies in one")).expect("directories can be made");
            std::fs::write(path, text).expect("files can be written");
        }
        let texts: Vec<_> = TEXTS.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        let changes = texts.iter().map(|(name, text)| change(dir.path(), name, text)).collect();
        let project = open(dir.path(), changes);
        Self { dir, texts, project }
    }

    /// Puts texts in place, and compares.
    fn put(&mut self, edits: &[(usize, String)]) {
        let root = self.dir.path();
        for (at, text) in edits {
            self.texts[*at].1.clone_from(text);
        }
        let changes = edits.iter().map(|(at, text)| change(root, self.texts[*at].0, text)).collect();
        self.project.update(changes, &Silent, &Cancel::default());
        let all = self.texts.iter().map(|(name, text)| change(root, name, text)).collect();
        assert_eq!(files(root, &self.project), files(root, &open(root, all)), "with {:#?}", self.texts);
    }

    fn has(&self, name: &str) -> bool {
        files(self.dir.path(), &self.project).iter().any(|path| path == Path::new(name))
    }

    fn revised(&mut self, at: usize, text: &str) -> u64 {
        let before = self.project.snapshot().revision();
        self.put(&[(at, text.to_owned())]);
        self.project.snapshot().revision() - before
    }
}

fn typing() -> impl Strategy<Value = Typing> {
    let line = 0..12usize;
    prop_oneof![
        5 => (line.clone(), 0..LINES.len()).prop_map(|(line, text)| Typing::Insert { line, text }),
        2 => line.clone().prop_map(|line| Typing::Delete { line }),
        2 => (line, 0..30usize).prop_map(|(line, at)| Typing::Letter { line, at }),
    ]
}

/// A small fixed budget; `PROPTEST_CASES` says otherwise.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(32)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn an_edit_reaches_what_a_walk_from_nothing_reaches(
        steps in prop::collection::vec(prop::collection::vec((0..TEXTS.len(), typing()), 1..3), 1..10)
    ) {
        let mut folder = Folder::new();
        for step in steps {
            let mut edits: Vec<(usize, String)> = Vec::new();
            for (at, typing) in step {
                let text = edits.iter().rev().find(|(edited, _)| *edited == at).map_or(&folder.texts[at].1, |(_, text)| text);
                edits.push((at, apply(text, &typing)));
            }
            folder.put(&edits);
        }
    }
}

#[test]
fn a_module_comes_into_reach_and_goes_out_of_it() {
    let mut folder = Folder::new();
    assert!(!folder.has("lib/dep/late.py"));
    folder.revised(3, "import app\n\n\ndef main():\n    return app.dep.lazy()\n");
    assert!(folder.has("lib/dep/late.py"));
    folder.revised(3, "import app\n\n\ndef main():\n    return app.dep.lazyx()\n");
    assert!(!folder.has("lib/dep/late.py"));
}
