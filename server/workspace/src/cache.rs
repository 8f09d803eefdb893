//! The findings of the last run, kept on disk. They are used again only when nothing that went into them has changed:
//! the tool, the settings, the text of every file, and which modules were looked for and not found.

use crate::config::Scope;
use crate::dependencies::{self, Roots};
use crate::load::Loaded;
use crate::write;
use asyncwise_analysis::finding::{Applicability, ChainStep, Confidence, Edit, FileId, Finding, Fix, Place, Severity};
use asyncwise_analysis::program::Origin;
use asyncwise_analysis::settings::{Level, Settings};
use asyncwise_syntax::facts::Span;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory in a project that holds the cache.
pub const DIRECTORY: &str = ".asyncwise_cache";
/// What backup tools look for.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by asyncwise; may be deleted at any time.\n";

/// Where one kind of run keeps its findings.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    file: PathBuf,
}

/// What one run leaves to the next.
#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    /// Files that were read on demand, with the hash of their bytes.
    loaded: Vec<(PathBuf, bool, String)>,
    absent: Vec<PathBuf>,
    /// The files findings lie in.
    paths: Vec<String>,
    findings: Vec<StoredFinding>,
}

#[derive(Serialize, Deserialize)]
struct StoredFinding {
    rule: String,
    severity: Severity,
    confidence: Confidence,
    message: String,
    place: StoredPlace,
    function: Option<String>,
    chain: Vec<(StoredPlace, String)>,
    fixes: Vec<StoredFix>,
}

/// Title, applicability, edits.
type StoredFix = (String, Applicability, Vec<(StoredPlace, String)>);

/// Index into [`Entry::paths`], start, end.
type StoredPlace = (u32, u32, u32);

/// What a run left behind, made fit for this one.
pub(crate) struct Hit {
    /// Files that were read on demand.
    pub(crate) loaded: Vec<Loaded>,
    stored: Entry,
}

impl Cache {
    /// The cache of runs with these words, in the project or, when there is none, in the user's cache directory.
    pub(crate) fn new(project: Option<&Path>, words: &[String]) -> Option<Self> {
        let dir = match project {
            Some(project) => project.join(DIRECTORY),
            None => user_directory()?.join("asyncwise"),
        };
        let mut hasher = blake3::Hasher::new();
        for word in words {
            hasher.update(word.as_bytes()).update(&[0]);
        }
        let name = &hasher.finalize().to_hex()[..16];
        let file = dir.join(format!("check-{name}.json"));
        Some(Self { dir, file })
    }

    /// What the last run left, when it is still true. A cache that cannot be read is no cache.
    pub(crate) fn load(&self, key: &str, scope: &Arc<Scope>) -> Option<Hit> {
        let stored: Entry = serde_json::from_slice(&std::fs::read(&self.file).ok()?).ok()?;
        if stored.key != key || stored.absent.iter().any(|path| path.exists()) {
            return None;
        }
        let mut loaded = Vec::with_capacity(stored.loaded.len());
        for (path, is_project, hash) in &stored.loaded {
            let origin = if *is_project { Origin::Project } else { Origin::Dependency };
            let file = dependencies::load(path, origin, scope)?;
            if file.hash.to_hex().as_str() != hash {
                return None;
            }
            loaded.push(file);
        }
        Some(Hit { loaded, stored })
    }

    /// Leaves the findings to the next run. A cache that cannot be written is done without.
    pub(crate) fn store(
        &self,
        key: String,
        files: &[Loaded],
        absent: &[PathBuf],
        demanded: &[usize],
        findings: &[Finding],
    ) {
        let mut table = PathTable { files, index: FxHashMap::default(), paths: Vec::new() };
        let findings = findings.iter().map(|finding| table.store(finding)).collect();
        let loaded = demanded.iter().map(|i| &files[*i]);
        let entry = Entry {
            key,
            loaded: loaded
                .map(|f| (f.path.clone(), f.origin == Origin::Project, f.hash.to_hex().to_string()))
                .collect(),
            absent: absent.to_vec(),
            paths: table.paths,
            findings,
        };
        if let Err(error) = self.write(&entry) {
            tracing::info!(%error, dir = %self.dir.display(), "the cache cannot be written");
        }
    }

    fn write(&self, entry: &Entry) -> std::io::Result<()> {
        if !self.dir.is_dir() {
            std::fs::create_dir_all(&self.dir)?;
            write::atomically(&self.dir.join("CACHEDIR.TAG"), TAG.as_bytes())?;
            write::atomically(&self.dir.join(".gitignore"), b"*\n")?;
        }
        write::atomically(&self.file, &serde_json::to_vec(entry)?)
    }
}

impl Hit {
    /// The findings, by the ids of `files`; none when one lies in a file that is not there.
    pub(crate) fn findings(self, files: &[Loaded]) -> Option<Vec<Finding>> {
        let ids: FxHashMap<&str, u32> = files.iter().zip(0..).map(|(file, id)| (&*file.name, id)).collect();
        let places: Option<Vec<FileId>> =
            self.stored.paths.iter().map(|path| ids.get(path.as_str()).map(|id| FileId(*id))).collect();
        let places = places?;
        self.stored.findings.into_iter().map(|finding| restore(finding, &places, files)).collect()
    }
}

struct PathTable<'f> {
    files: &'f [Loaded],
    index: FxHashMap<FileId, u32>,
    paths: Vec<String>,
}

impl PathTable<'_> {
    fn place(&mut self, place: Place) -> StoredPlace {
        let index = *self.index.entry(place.file).or_insert_with(|| {
            self.paths.push(self.files[place.file.index()].name.to_string());
            self.paths.len() as u32 - 1
        });
        (index, place.span.start, place.span.end)
    }

    fn store(&mut self, finding: &Finding) -> StoredFinding {
        let chain = finding.chain.iter().map(|step| (self.place(step.place), step.message.clone())).collect();
        let mut fixes = Vec::new();
        for fix in &finding.fixes {
            let edits = fix.edits.iter().map(|edit| (self.place(edit.place), edit.text.clone())).collect();
            fixes.push((fix.title.clone(), fix.applicability, edits));
        }
        StoredFinding {
            rule: finding.rule.to_string(),
            severity: finding.severity,
            confidence: finding.confidence,
            message: finding.message.clone(),
            place: self.place(finding.place),
            function: finding.function.clone(),
            chain,
            fixes,
        }
    }
}

fn restore(finding: StoredFinding, ids: &[FileId], files: &[Loaded]) -> Option<Finding> {
    let place = |(index, start, end): StoredPlace| {
        let file = *ids.get(index as usize)?;
        let is_inside =
            start <= end && files.get(file.index())?.source.text.get(start as usize..end as usize).is_some();
        is_inside.then_some(Place { file, span: Span::new(start, end) })
    };
    let mut chain = Vec::new();
    for (at, message) in finding.chain {
        chain.push(ChainStep { place: place(at)?, message });
    }
    let mut fixes = Vec::new();
    for (title, applicability, stored) in finding.fixes {
        let edits: Option<Vec<Edit>> =
            stored.into_iter().map(|(at, text)| Some(Edit { place: place(at)?, text })).collect();
        fixes.push(Fix { title, applicability, edits: edits? });
    }
    Some(Finding {
        rule: finding.rule.into(),
        severity: finding.severity,
        confidence: finding.confidence,
        message: finding.message,
        place: place(finding.place)?,
        function: finding.function,
        chain,
        fixes,
    })
}

/// The name of everything that decides what is found, but for what is read on demand.
pub(crate) fn key(files: &[Loaded], roots: &Roots) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(executable().as_bytes());
    for dir in roots.project.iter().chain(&roots.dependencies) {
        hasher.update(dir.to_string_lossy().as_bytes()).update(&[0]);
    }
    let mut settings: FxHashMap<*const Settings, String> = FxHashMap::default();
    for file in files {
        let words = settings.entry(Arc::as_ptr(&file.settings)).or_insert_with(|| settings_words(&file.settings));
        hasher.update(file.name.as_bytes()).update(&[0, u8::from(file.asked)]);
        hasher.update(file.hash.as_bytes()).update(words.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The same version built anew is another tool.
pub(crate) fn executable() -> String {
    let meta = std::env::current_exe().and_then(std::fs::metadata);
    meta.map_or_else(|_| String::new(), |meta| format!("{} {:?}", meta.len(), meta.modified().ok()))
}

fn settings_words(settings: &Settings) -> String {
    let mut levels: Vec<(&str, Level)> = settings.rules.levels.iter().map(|(rule, level)| (&**rule, *level)).collect();
    levels.sort_unstable_by_key(|(rule, _)| *rule);
    let Settings {
        rules: _,
        min_confidence,
        target_version,
        blocking_calls,
        offload_functions,
        loop_starters,
        entry_points,
        twins,
        contexts,
    } = settings;
    format!(
        "{levels:?}{min_confidence:?}{target_version:?}{blocking_calls:?}{offload_functions:?}{loop_starters:?}{entry_points:?}{twins:?}{:?}",
        contexts.rows()
    )
}

/// The directory for caches of this user, by the habits of the system.
pub(crate) fn user_directory() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::FoundFile;

    #[test]
    fn findings_come_back_as_they_went() {
        let dir = tempfile::tempdir().unwrap();
        let scope = Arc::new(Scope::new(dir.path(), &Default::default(), None, &Default::default()));
        let found = FoundFile { asked: true, scope: scope.clone() };
        let file = |name: &str| Loaded::new(&dir.path().join(name), &found, Origin::Project, b"f()\n").unwrap();
        let files = [file("a.py"), file("b.py")];
        let place = |file: u32, start: u32, end: u32| Place { file: FileId(file), span: Span::new(start, end) };
        let finding = Finding {
            rule: "blocking-call".into(),
            severity: Severity::Info,
            confidence: Confidence::Likely,
            message: "m".to_owned(),
            place: place(1, 0, 3),
            function: Some("f".to_owned()),
            chain: vec![ChainStep { place: place(0, 1, 2), message: "c".to_owned() }],
            fixes: vec![Fix {
                title: "t".to_owned(),
                applicability: Applicability::Unsafe,
                edits: vec![Edit { place: place(1, 0, 0), text: "await ".to_owned() }],
            }],
        };
        let cache = Cache::new(Some(dir.path()), &[]).unwrap();
        let absent = dir.path().join("c.py");
        cache.store("key".to_owned(), &files, std::slice::from_ref(&absent), &[], std::slice::from_ref(&finding));
        assert_eq!(cache.load("key", &scope).unwrap().findings(&files), Some(vec![finding]));
        assert_eq!(cache.load("key", &scope).unwrap().findings(&files[..1]), None);
        assert!(cache.load("other", &scope).is_none());
        std::fs::write(absent, "").unwrap();
        assert!(cache.load("key", &scope).is_none());
    }
}
