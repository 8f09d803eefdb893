use super::*;

/// A directory with these files in it; one whose name ends with `/` is a directory.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        if name.ends_with('/') {
            std::fs::create_dir_all(path).unwrap();
            continue;
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.replace("ROOT", &root(&dir))).unwrap();
    }
    dir
}

fn root(dir: &tempfile::TempDir) -> String {
    dir.path().to_string_lossy().into_owned()
}

fn names(dir: &tempfile::TempDir, found: &(Option<Environment>, Option<Problem>)) -> Vec<String> {
    let search_path = found.0.iter().flat_map(|environment| &environment.search_path);
    search_path.map(|path| crate::paths::slashed(path.strip_prefix(dir.path()).unwrap_or(path))).collect()
}

/// The search path, with variables whose values are relative to the tree.
fn check(files: &[(&str, &str)], variables: &[(&str, &str)], expected: &[&str]) {
    let dir = tree(files);
    let variables = |name: &str| {
        let value = variables.iter().find(|(key, _)| *key == name)?.1;
        Some(if name == "CONDA_DEFAULT_ENV" { value.into() } else { dir.path().join(value) })
    };
    let found = find(None, &dir.path().join("project"), &variables);
    assert_eq!(names(&dir, &found), expected, "{files:?}");
    assert_eq!(found.1, None);
}

const PROJECT: (&str, &str) = ("project/pyproject.toml", "");

#[test]
fn layouts_of_environments() {
    let layouts: &[(&[&str], &[&str])] = &[
        (&["lib/python3.12/site-packages/"], &["lib/python3.12/site-packages"]),
        (&["lib/python3.9/site-packages/", "lib/python3.12/site-packages/"], &["lib/python3.12/site-packages"]),
        (
            &["lib/python3.12/site-packages/", "lib64/python3.12/site-packages/"],
            &["lib/python3.12/site-packages", "lib64/python3.12/site-packages"],
        ),
        (&["lib/python3.13t/site-packages/"], &["lib/python3.13t/site-packages"]),
        (&["Lib/site-packages/"], &["Lib/site-packages"]),
        (&["lib/pypy3.10/site-packages/"], &["lib/pypy3.10/site-packages"]),
        (
            &["lib/python3.11/dist-packages/", "lib/python3/dist-packages/", "local/lib/python3.11/dist-packages/"],
            &["local/lib/python3.11/dist-packages", "lib/python3.11/dist-packages", "lib/python3/dist-packages"],
        ),
        (&["lib/python3.12/"], &[]),
    ];
    for (dirs, expected) in layouts {
        let files: Vec<String> = dirs.iter().map(|dir| format!("project/.venv/{dir}")).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "")).collect();
        let expected: Vec<String> = expected.iter().map(|dir| format!("project/.venv/{dir}")).collect();
        check(&files, &[], &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn the_order_in_which_environments_are_found() {
    let all = [
        PROJECT,
        ("active/lib/python3.12/site-packages/", ""),
        ("conda/lib/python3.12/site-packages/", ""),
        ("project/.venv/lib/python3.12/site-packages/", ""),
        ("project/venv/lib/python3.12/site-packages/", ""),
        ("project/venv/pyvenv.cfg", ""),
        ("project/__pypackages__/3.9/lib/", ""),
        ("project/__pypackages__/3.12/lib/", ""),
    ];
    let active = ("VIRTUAL_ENV", "active");
    let conda = ("CONDA_PREFIX", "conda");
    check(&all, &[active, conda], &["active/lib/python3.12/site-packages"]);
    check(&all, &[conda], &["conda/lib/python3.12/site-packages"]);
    let dot_venv = ["project/.venv/lib/python3.12/site-packages"];
    check(&all, &[conda, ("CONDA_DEFAULT_ENV", "base")], &dot_venv);
    check(&all, &[("VIRTUAL_ENV", "gone")], &dot_venv);
    let without: Vec<(&str, &str)> = all.iter().filter(|(name, _)| !name.contains(".venv")).copied().collect();
    check(&without, &[], &["project/venv/lib/python3.12/site-packages"]);
    let without: Vec<(&str, &str)> = without.into_iter().filter(|(name, _)| !name.contains("cfg")).collect();
    check(&without, &[], &["project/__pypackages__/3.12/lib"]);
}

#[test]
fn an_environment_above_the_project_counts_up_to_the_repository() {
    let venv = (".venv/lib/python3.12/site-packages/", "");
    check(&[PROJECT, venv], &[], &[]);
    check(&[PROJECT, venv, (".git/", "")], &[], &[".venv/lib/python3.12/site-packages"]);
    check(&[PROJECT, venv, (".git/", ""), ("project/.git/", "")], &[], &[]);
}

#[test]
fn a_file_may_name_the_environment() {
    let venv = ("elsewhere/lib/python3.12/site-packages/", "");
    check(&[("project/.venv", "../elsewhere\n"), venv], &[], &["project/../elsewhere/lib/python3.12/site-packages"]);
    check(
        &[("project/.venv", "elsewhere\n"), venv],
        &[("WORKON_HOME", "")],
        &["elsewhere/lib/python3.12/site-packages"],
    );
}

#[test]
fn packages_of_the_system_count_where_the_environment_says_so() {
    let venv = ("project/.venv/lib/python3.12/site-packages/", "");
    let system = ("usr/lib/python3.12/site-packages/", "");
    let cfg = |value| format!("home = ROOT/usr/bin\nInclude-System-Site-Packages = {value}\nversion = 3.12.1\n");
    let (yes, no) = (cfg("true"), cfg("false"));
    let own = "project/.venv/lib/python3.12/site-packages";
    check(&[venv, system, ("project/.venv/pyvenv.cfg", &yes)], &[], &[own, "usr/lib/python3.12/site-packages"]);
    check(&[venv, system, ("project/.venv/pyvenv.cfg", &no)], &[], &[own]);
}

#[test]
fn lines_of_pth_files_are_paths_and_never_run() {
    let site = "project/.venv/lib/python3.12/site-packages";
    let file = |name: &str| format!("{site}/{name}");
    let (a, b, hidden) = (file("a.pth"), file("b.pth"), file(".hidden.pth"));
    let files = [
        (a.as_str(), "# a comment\n\nROOT/first\ninside\nROOT/gone\nimport os; os.system('touch ROOT/ran')\n"),
        (b.as_str(), "ROOT/first\r\nROOT/second\r\n"),
        (hidden.as_str(), "ROOT/third\n"),
        ("first/", ""),
        ("second/", ""),
        ("third/", ""),
        (&file("inside/"), ""),
    ];
    check(&files, &[], &[site, "first", &file("inside"), "second"]);
}

#[test]
fn editable_installs() {
    let site = "project/.venv/lib/python3.12/site-packages";
    let file = |name: &str| format!("{site}/{name}");
    let pth = file("__editable__.thing-1.0.pth");
    let finder = file("__editable___thing_1_0_finder.py");
    let mapping = "from x import y\nMAPPING: dict[str, str] = {'thing': 'ROOT/linked/src/thing', 'ns.inner': 'ROOT/other/ns/inner', \
                   'one': 'ROOT/single/one.py', 'renamed': 'ROOT/named/differently'}\nNAMESPACES: dict[str, list[str]] = \
                   {'space': ['ROOT/spaces/space']}\n";
    let hook = "import __editable___thing_1_0_finder; __editable___thing_1_0_finder.install()\n";
    let dirs = ["linked/src/thing/", "other/ns/inner/", "single/", "named/differently/", "spaces/space/"];
    let mut files = vec![(pth.as_str(), hook), (finder.as_str(), mapping)];
    files.extend(dirs.map(|dir| (dir, "")));
    check(&files, &[], &[site, "linked/src", "other", "single", "spaces"]);

    let egg_link = file("old.egg-link");
    check(&[(egg_link.as_str(), "ROOT/old\n.\n"), ("old/", "")], &[], &[site, "old"]);

    let url = file("plain-1.0.dist-info/direct_url.json");
    let editable = r#"{"url": "file://ROOT/a%20b", "dir_info": {"editable": true}}"#;
    check(&[(url.as_str(), editable), ("a b/src/", "")], &[], &[site, "a b/src"]);
    check(&[(url.as_str(), &editable.replace("true", "false")), ("a b/src/", "")], &[], &[site]);
    let known = file("plain.pth");
    let files =
        [(url.as_str(), editable), (known.as_str(), "ROOT/a b/python\n"), ("a b/python/", ""), ("a b/src/", "")];
    check(&files, &[], &[site, "a b/python"]);
}

#[test]
fn hashes_of_paths_are_those_of_poetry_and_pipenv() {
    // `base64.urlsafe_b64encode(hashlib.sha256(b"/home/user/project").digest())[:8]`
    assert_eq!(managers::path_hash(Path::new("/home/user/project")), "na0eTgiw");
}

#[cfg(unix)]
#[test]
fn environments_that_managers_keep_elsewhere() {
    let dir = tree(&[
        ("project/pyproject.toml", "[tool.poetry]\nname = \"My.Thing\"\n"),
        ("project/poetry.toml", "[virtualenvs]\npath = \"ROOT/poetry\"\n"),
        ("pipenv/Pipfile", ""),
        ("pdm/.pdm-python", "ROOT/interpreters/bin/python3.12"),
        ("interpreters/bin/python3.12", ""),
        ("interpreters/lib/python3.12/site-packages/", ""),
        ("interpreters/lib/python3.13/site-packages/", ""),
        ("hatch/pyproject.toml", "[project]\nname = \"h\"\n[tool.hatch]\n"),
    ]);
    let real = dir.path().canonicalize().unwrap();
    let hash = |path: &str| managers::path_hash(&real.join(path));
    let made = [
        format!("poetry/my-thing-{}-py3.9", hash("project")),
        format!("poetry/my-thing-{}-py3.10", hash("project")),
        format!("workon/pipenv-{}", hash("pipenv/Pipfile")),
        format!("hatch-data/env/virtual/h/{}/h", hash("hatch")),
    ];
    for path in &made {
        std::fs::create_dir_all(real.join(path).join("lib/python3.10/site-packages")).unwrap();
    }
    let variables = |name: &str| match name {
        "WORKON_HOME" => Some(real.join("workon")),
        "HATCH_DATA_DIR" => Some(real.join("hatch-data")),
        _ => None,
    };
    let root_of = |project: &str| {
        let environment = find(None, &real.join(project), &variables).0.unwrap_or_default();
        environment.root.strip_prefix(&real).map(crate::paths::slashed).unwrap_or_default()
    };
    assert_eq!(root_of("project"), made[1]);
    assert_eq!(root_of("pipenv"), made[2]);
    assert_eq!(root_of("hatch"), made[3]);
    let pdm = find(None, &real.join("pdm"), &variables).0.unwrap_or_default();
    assert_eq!(pdm.search_path, [real.join("interpreters/lib/python3.12/site-packages")]);
}

#[test]
fn what_is_named_outweighs_all_else() {
    let dir = tree(&[
        ("named/lib/python3.12/site-packages/", ""),
        ("named/bin/python", ""),
        ("project/.venv/lib/python3.12/site-packages/", ""),
        ("plain/", ""),
    ]);
    let find = |path: &str, by| {
        let named = Named { path: dir.path().join(path), by };
        super::find(Some(&named), &dir.path().join("project"), &|_| None)
    };
    for path in ["named", "named/bin/python"] {
        assert_eq!(names(&dir, &find(path, NamedBy::Caller)), ["named/lib/python3.12/site-packages"]);
    }
    for (path, by) in [("plain", NamedBy::Caller), ("gone", NamedBy::Configuration)] {
        let (environment, problem) = find(path, by);
        assert_eq!(environment, None, "another environment is not what was asked for");
        assert_eq!(problem.map(|problem| problem.is_error()), Some(by == NamedBy::Caller));
    }
}
