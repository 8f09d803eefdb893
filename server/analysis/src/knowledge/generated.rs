//! What generated tables say of packages that are not installed: `queries/knowledge/generated/MODULE.txt`, one file for each
//! top-level module, read when the first name of that module is asked about.
//!
//! A line is a header (`#`), other paths of objects (`alias FROM TO name name ...`: `FROM.name` is `TO.name`), an owner
//! (`module PATH` or `class PATH BASE ...`), or one kind of the owner's members, indented by a space: `async`, `asyncgen`, `await`,
//! `def`, `attr` or `plain` and the names, each with `:CLASS` where the class of the value is known. ` enter CLASS` is what
//! `async with` gives for an instance. A `CLASS` that begins with a dot stands in the same top-level module.

use super::tables::Returns;
use include_dir::{Dir, include_dir};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::sync::OnceLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../queries/knowledge/generated");

/// What a member of a module or class is.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum MemberKind {
    /// A coroutine function; the class is that of the awaited value.
    Coroutine,
    /// A function that makes an async generator.
    AsyncGenerator,
    /// A plain function whose value is awaited or entered with `async with`; the class is that of what this gives.
    Awaitable,
    /// A plain function; the class is that of the value.
    Function,
    /// An attribute; the class is that of the value.
    Attribute,
    /// Something else, under the name of a member of a base.
    Other,
}

impl MemberKind {
    /// Every kind, in the order of the files.
    pub const ALL: [MemberKind; 6] = [
        MemberKind::Coroutine,
        MemberKind::AsyncGenerator,
        MemberKind::Awaitable,
        MemberKind::Function,
        MemberKind::Attribute,
        MemberKind::Other,
    ];

    /// The word of the files.
    pub const fn word(self) -> &'static str {
        match self {
            MemberKind::Coroutine => "async",
            MemberKind::AsyncGenerator => "asyncgen",
            MemberKind::Awaitable => "await",
            MemberKind::Function => "def",
            MemberKind::Attribute => "attr",
            MemberKind::Other => "plain",
        }
    }
}

/// A member of a module or class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// The class of its value, where it is known.
    pub returns: Option<Returns>,
}

/// A module or class.
#[derive(Debug, Default)]
pub(super) struct Owner {
    pub(super) is_class: bool,
    pub(super) bases: Vec<SmolStr>,
    pub(super) members: FxHashMap<&'static str, Member>,
    /// What `async with` gives, where it is not the instance.
    pub(super) entered: Option<Returns>,
}

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) owners: FxHashMap<&'static str, Owner>,
    pub(super) aliases: FxHashMap<SmolStr, SmolStr>,
}

/// The generated tables.
#[derive(Debug, Default)]
pub(super) struct Generated {
    files: FxHashMap<&'static str, (&'static str, OnceLock<Package>)>,
}

impl Generated {
    /// The shipped files; none is read yet.
    pub(super) fn shipped() -> Self {
        Self::new(FILES.files().filter_map(|file| {
            let module = file.path().file_stem()?.to_str()?;
            Some((module, file.contents_utf8()?))
        }))
    }

    /// Files from their top-level modules and texts.
    pub(super) fn new(files: impl Iterator<Item = (&'static str, &'static str)>) -> Self {
        Self { files: files.map(|(module, text)| (module, (text, OnceLock::new()))).collect() }
    }

    /// What is known of the top-level module of a dotted path.
    pub(super) fn package(&self, path: &str) -> Option<&Package> {
        let top = path.split('.').next()?;
        let (text, package) = self.files.get(top)?;
        Some(package.get_or_init(|| Package::read(top, text)))
    }

    pub(super) fn owner(&self, path: &str) -> Option<&Owner> {
        self.package(path)?.owners.get(path)
    }

    pub(super) fn member(&self, path: &str) -> Option<&Member> {
        let (owner, name) = path.rsplit_once('.')?;
        self.owner(owner)?.members.get(name)
    }

    /// The name that the tables use for the object at `path`.
    pub(super) fn canonical<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let Some(package) = self.package(path) else { return Cow::Borrowed(path) };
        let mut end = path.len();
        loop {
            if let Some(name) = package.aliases.get(&path[..end]) {
                return Cow::Owned(format!("{name}{}", &path[end..]));
            }
            match path[..end].rfind('.') {
                Some(dot) => end = dot,
                None => return Cow::Borrowed(path),
            }
        }
    }

    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.files.iter().map(|(module, (text, _))| (*module, *text))
    }
}

impl Package {
    /// Reads a file. Lines that say nothing are passed over: a test reads them all.
    fn read(top: &str, text: &'static str) -> Self {
        let mut package = Self::default();
        let mut owner = "";
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            match (line.starts_with(' '), words.next()) {
                (true, Some(kind)) => {
                    let owner = package.owners.entry(owner).or_default();
                    owner.read_members(top, kind, words);
                }
                (false, Some("alias")) => package.read_aliases(words),
                (false, Some(kind @ ("module" | "class"))) => {
                    owner = words.next().unwrap_or_default();
                    let bases = words.map(|base| class_name(top, base)).collect();
                    package.owners.insert(owner, Owner { is_class: kind == "class", bases, ..Owner::default() });
                }
                _ => {}
            }
        }
        package
    }

    fn read_aliases(&mut self, mut words: impl Iterator<Item = &'static str>) {
        let (Some(from), Some(to)) = (words.next(), words.next()) else { return };
        for word in words {
            let (name, real) = word.split_once('=').unwrap_or((word, word));
            self.aliases.insert(format!("{from}.{name}").into(), format!("{to}.{real}").into());
        }
    }
}

impl Owner {
    fn read_members(&mut self, top: &str, kind: &str, words: impl Iterator<Item = &'static str>) {
        let mut words = words.peekable();
        if kind == "enter" {
            self.entered = words.next().map(|class| returns(class_name(top, class), MemberKind::Awaitable));
            return;
        }
        let Some(kind) = MemberKind::ALL.into_iter().find(|k| k.word() == kind) else { return };
        for word in words {
            let (name, class) = word.split_once(':').map_or((word, None), |(name, class)| (name, Some(class)));
            let returns = class.map(|class| returns(class_name(top, class), kind));
            self.members.insert(name, Member { kind, returns });
        }
    }
}

/// The full name of a class in the file of a top-level module.
fn class_name(top: &str, word: &str) -> SmolStr {
    if word.starts_with('.') { format!("{top}{word}").into() } else { word.into() }
}

fn returns(result: SmolStr, kind: MemberKind) -> Returns {
    let awaited = matches!(kind, MemberKind::Coroutine | MemberKind::Awaitable);
    Returns { names: Vec::new(), result, awaited, entered: false, attribute: kind == MemberKind::Attribute }
}
