//! Packages installed in an environment: what is read of them, and that they take nothing away.

use asyncwise_workspace::config::{Overrides, Source};
use asyncwise_workspace::live::{Cancel, Change, Opening, Project};
use asyncwise_workspace::session::{Report, Request, Session, Silent};
use std::path::{Path, PathBuf};

const SITE: &str = "env/lib/python3.12/site-packages";

/// A project in `app`, and an environment with these packages.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn new(project: &[(&str, &str)], packages: &[(&str, &str)]) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        machine.write(&format!("{SITE}/README"), "");
        machine.write("app/pyproject.toml", "");
        project.iter().for_each(|(name, text)| machine.write(&format!("app/{name}"), text));
        packages.iter().for_each(|(name, text)| machine.write(&format!("{SITE}/{name}"), text));
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn overrides(&self) -> Overrides {
        Overrides { python: Some(self.path("env")), ..Overrides::default() }
    }

    fn check(&self) -> Report {
        let app = self.path("app");
        let request = Request { cwd: app.clone(), paths: vec![app], overrides: self.overrides(), ..Request::default() };
        Session::open(request, &Silent).check(&Silent)
    }

    /// One line for each finding: file, line, rule.
    fn findings(&self) -> Vec<String> {
        let report = self.check();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let lines = report.findings.iter().map(|finding| {
            let file = &report.files[finding.place.file.index()];
            line(&self.path("app"), &file.path, &file.source.text, finding.place.span.start, &finding.rule)
        });
        lines.collect()
    }

    /// The files of packages that are read.
    fn read(&self) -> Vec<String> {
        let files = self.check().files;
        let site = self.path(SITE);
        let inside = files.iter().filter_map(|file| file.path.strip_prefix(&site).ok());
        inside.map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }

    fn open(&self) -> Project {
        let root = self.path("app");
        let (config, overrides) = (Source::Nearest, self.overrides());
        let opening = Opening { root: root.clone(), paths: vec![root], config, overrides, cache: false };
        Project::open(opening, Vec::new(), &Silent, &Cancel::default()).unwrap()
    }
}

fn line(root: &Path, path: &Path, text: &str, offset: u32, rule: &str) -> String {
    let line = text[..offset as usize].matches('\n').count() + 1;
    format!("{}:{line} {rule}", path.strip_prefix(root).unwrap().display())
}

const SLOW: &str = "import time\n\n\ndef slow():\n    time.sleep(1)\n";

#[test]
fn a_package_is_followed_into() {
    let main = "from tool import work\n\n\nasync def main():\n    work()\n";
    let packages = [
        ("tool/__init__.py", "from ._impl import work\n"),
        ("tool/_impl.py", "from . import low\n\n\ndef work():\n    low.slow()\n"),
        ("tool/low.py", SLOW),
    ];
    assert_eq!(Machine::new(&[("main.py", main)], &packages).findings(), ["main.py:5 blocking-call"]);
    assert!(Machine::new(&[("main.py", main)], &[]).findings().is_empty());
}

#[test]
fn of_a_package_that_re_exports_everything_only_what_is_asked_for_is_read() {
    let packages = [
        (
            "hub/__init__.py",
            "from .a import one\nfrom .b import two\nfrom .c import *\nfrom . import d\n\n__all__ = ['one', 'two']\n",
        ),
        (
            "hub/a.py",
            "from .shared import base\nfrom .rest import other\n\n\ndef one():\n    base()\n\n\ndef unused():\n    other()\n",
        ),
        ("hub/b.py", "def two(): pass\n"),
        ("hub/c.py", "def three(): pass\n"),
        ("hub/d.py", "def four(): pass\n"),
        ("hub/shared.py", "def base(): pass\n"),
        ("hub/rest.py", "def other(): pass\n"),
    ];
    let cases = [
        ("from hub import one", &["hub/__init__.py", "hub/a.py", "hub/shared.py"][..]),
        ("import hub\nhub.two()", &["hub/__init__.py", "hub/b.py"]),
        ("import hub as h\nh.three()", &["hub/__init__.py", "hub/c.py"]),
        ("from hub import *\ntwo()", &["hub/__init__.py", "hub/b.py"]),
        ("from hub import d", &["hub/__init__.py", "hub/d.py"]),
        ("def f():\n    from hub.b import two", &["hub/__init__.py", "hub/b.py"]),
        ("import hub", &["hub/__init__.py"]),
        ("import json", &[]),
    ];
    for (main, expected) in cases {
        assert_eq!(Machine::new(&[("main.py", main)], &packages).read(), expected, "{main}");
    }
}

#[test]
fn namespaces_and_stubs() {
    let main = "from space.one import slow\nfrom space import two\nimport bare\n\n\nasync def main():\n    slow()\n    two.slow()\n    bare.make().run()\n";
    let packages = [
        ("space/one.py", SLOW),
        ("more.pth", "../../../second\n"),
        ("bare-stubs/__init__.pyi", "from tool import Tool\n\ndef make() -> Tool: ...\n"),
        ("tool.py", "import time\n\n\nclass Tool:\n    def run(self):\n        time.sleep(1)\n"),
    ];
    let machine = Machine::new(&[("main.py", main)], &packages);
    machine.write("env/second/space/two/__init__.py", SLOW);
    let expected = ["main.py:7 blocking-call", "main.py:8 blocking-call", "main.py:9 blocking-call"];
    assert_eq!(machine.findings(), expected);
}

#[test]
fn a_directory_of_the_project_does_not_hide_a_package_of_its_name() {
    let main = "from tool import slow\n\n\nasync def main():\n    slow()\n";
    let project = [("main.py", main), ("tool/example.py", "")];
    let packages = [("tool/__init__.py", "from .work import slow\n"), ("tool/work.py", SLOW)];
    assert_eq!(Machine::new(&project, &packages).findings(), ["main.py:5 blocking-call"]);
}

#[test]
fn a_project_that_is_installed_in_its_own_environment_stays_the_project() {
    let main = "from own import work\n\n\nasync def main():\n    work.slow()\n";
    let machine = Machine::new(&[("main.py", main), ("lib/own/__init__.py", ""), ("lib/own/work.py", SLOW)], &[]);
    machine.write(&format!("{SITE}/own.pth"), &format!("{}\n", machine.path("app/lib").display()));
    assert_eq!(machine.findings(), ["main.py:5 blocking-call"]);
    assert!(machine.check().files.iter().filter(|file| file.path.ends_with("work.py")).count() == 1);
    assert_eq!(machine.check().checked, 3);
}

#[test]
fn what_is_known_is_known_whether_it_is_installed_or_not() {
    let main = "import aiohttp, httpx, requests\nfrom fastapi import APIRouter, Depends, FastAPI\nfrom sqlalchemy import create_engine\n\
                from sqlalchemy.orm import Session\n\napp = FastAPI()\nrouter = APIRouter()\n\n\ndef plain(session: Session):\n    \
                requests.get('x')\n\n\n@app.get('/')\nasync def one(session: Session, x=Depends(plain)):\n    requests.get('x')\n    \
                requests.Session().post('x')\n    httpx.get('x')\n    httpx.AsyncClient().get('x')\n    session.commit()\n    \
                create_engine('x').connect()\n    aiohttp.ClientSession().get('x')\n\n\n@router.get('/two')\ndef two():\n    \
                requests.get('x')\n";
    let without = Machine::new(&[("main.py", main)], &[]).findings();
    assert!(without.len() >= 6, "{without:?}");
    let packages = [
        ("requests/__init__.py", "from .api import get\nfrom .sessions import Session\n"),
        ("requests/api.py", "from . import sessions\n\n\ndef get(url):\n    return sessions.Session().request(url)\n"),
        (
            "requests/sessions.py",
            "class Session:\n    def request(self, url):\n        return url\n\n    def post(self, url):\n        return self.request(url)\n",
        ),
        ("httpx/__init__.py", "from ._api import *\nfrom ._client import *\n"),
        ("httpx/_api.py", "__all__ = ['get']\n\n\ndef get(url):\n    return url\n"),
        ("httpx/_client.py", "class AsyncClient:\n    def get(self, url):\n        return url\n"),
        ("aiohttp/__init__.py", "from .client import ClientSession as ClientSession\n"),
        ("aiohttp/client.py", "class ClientSession:\n    def get(self, url):\n        return None\n"),
        (
            "fastapi/__init__.py",
            "from .applications import FastAPI as FastAPI\nfrom .routing import APIRouter\nfrom .param_functions import Depends\n",
        ),
        ("fastapi/applications.py", "class FastAPI:\n    def get(self, path):\n        return self.router.get(path)\n"),
        ("fastapi/routing.py", "class APIRouter:\n    def get(self, path):\n        return lambda f: None\n"),
        ("fastapi/param_functions.py", "def Depends(f):\n    return None\n"),
        ("sqlalchemy/__init__.py", "from .engine import create_engine\n"),
        (
            "sqlalchemy/engine.py",
            "class Engine:\n    def connect(self):\n        pass\n\n\ndef create_engine(url) -> Engine:\n    return Engine()\n",
        ),
        ("sqlalchemy/orm/__init__.py", "from .session import Session\n"),
        ("sqlalchemy/orm/session.py", "class Session:\n    def commit(self):\n        pass\n"),
    ];
    let machine = Machine::new(&[("main.py", main)], &packages);
    assert_eq!(machine.findings(), without);
    let unknown = [("other.py", "from fastapi import FastAPI, other\nfrom httpx import thing\n"), ("main.py", main)];
    let machine = Machine::new(&unknown, &packages);
    assert_eq!(machine.findings(), without, "also when the packages are read for something else");
}

#[test]
fn names_that_the_configuration_lists_are_found_where_they_are_written() {
    let toml = "blocking-calls = [\"tool.query\", \"tool.Client.send\"]\n";
    let main = "import tool\n\n\nasync def main():\n    tool.query()\n    tool.Client().send()\n";
    let packages = [
        ("tool/__init__.py", "from ._impl import query, Client\n"),
        ("tool/_impl.py", "def query(): pass\n\n\nclass Client:\n    def send(self): pass\n"),
    ];
    let machine = Machine::new(&[("main.py", main), ("asyncwise.toml", toml)], &packages);
    assert_eq!(machine.findings(), ["main.py:5 blocking-call", "main.py:6 blocking-call"]);
}

#[test]
fn edits_bring_packages_in_and_let_them_go() {
    let packages = [
        ("hub/__init__.py", "from .a import fine\nfrom .b import slow\nfrom . import sub\n"),
        ("hub/a.py", "def fine(): pass\n"),
        ("hub/b.py", SLOW),
        ("hub/sub.py", SLOW),
    ];
    let machine = Machine::new(&[("main.py", "import hub\n")], &packages);
    let mut project = machine.open();
    let bodies = ["hub.fine()", "hub.slow()", "hub.sub.slow()", "pass", "hub.sub.slow", "hub.slow()"];
    for body in bodies {
        let text = format!("import hub\n\n\nasync def main():\n    {body}\n");
        let change = Change::Text { path: machine.path("app/main.py"), text: text.as_str().into(), is_notebook: false };
        project.update(vec![change], &Silent, &Cancel::default());
        machine.write("app/main.py", &text);
        let snapshot = project.snapshot();
        let found: Vec<String> = snapshot
            .asked()
            .flat_map(|file| snapshot.findings(file).to_vec())
            .map(|finding| {
                let file = finding.place.file;
                let (path, text) = (snapshot.path(file), snapshot.text(file));
                line(&machine.path("app"), path, text, finding.place.span.start, &finding.rule)
            })
            .collect();
        assert_eq!(found, machine.findings(), "{body}");
        let paths: Vec<PathBuf> = machine.check().files.into_iter().map(|file| file.path).collect();
        let now: Vec<PathBuf> = snapshot.program().ids().map(|file| snapshot.path(file).to_owned()).collect();
        assert_eq!(now, paths, "{body}");
    }
}
