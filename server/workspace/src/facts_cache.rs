//! Facts of installed packages, kept on disk between runs: packages change seldom, and parsing them is most of the work.
//!
//! One file (a pack) for each top-level package holds the facts of its files by the hash of their text, so that environments
//! share them. A pack that is damaged, or was written by another build, is none. Packs are written beside and put in place
//! whole; where two runs write at once, one of the two wins, and both are right.

use crate::cache;
use crate::load::Loaded;
use asyncwise_syntax::facts::FileFacts;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

/// The form of a pack. Another layout, or other types of facts, is another number.
const FORMAT: u32 = 1;
/// What a pack begins with.
const MAGIC: &[u8; 8] = b"asyncwis";
/// Less new source than this, in bytes, is parsed again sooner than it is written.
const MIN_NEW: usize = 64 << 10;
/// A pack keeps what the run did not use up to this size, in bytes.
const MAX_PACK: usize = 48 << 20;
/// All packs together, in bytes; the oldest go first.
const MAX_ALL: u64 = 512 << 20;
/// Packs of another build that have not been written for so long are dropped.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

type Hash = [u8; 32];

/// The facts that earlier runs left.
#[derive(Debug)]
pub(crate) struct FactsCache {
    /// Of all builds.
    home: PathBuf,
    /// Of this one.
    dir: PathBuf,
    packs: Mutex<FxHashMap<String, Arc<OnceLock<Pack>>>>,
}

/// The encoded facts of a package's files.
#[derive(Debug, Default)]
struct Pack {
    bytes: Vec<u8>,
    /// Start and end of each.
    files: FxHashMap<Hash, (usize, usize)>,
}

impl FactsCache {
    /// In the user's directory for caches; none without one.
    pub(crate) fn open() -> Option<Self> {
        Some(Self::in_directory(cache::user_directory()?.join("asyncwise")))
    }

    fn in_directory(home: PathBuf) -> Self {
        let tool = format!("{} {FORMAT} {}", env!("CARGO_PKG_VERSION"), cache::executable());
        let dir = home.join(format!("facts-{}", &blake3::hash(tool.as_bytes()).to_hex()[..16]));
        Self { home, dir, packs: Mutex::default() }
    }

    /// Gives the file of a package its facts, if an earlier run left them.
    pub(crate) fn fill(&self, package: &str, file: &Loaded) {
        let cell =
            self.packs.lock().unwrap_or_else(PoisonError::into_inner).entry(package.to_owned()).or_default().clone();
        let pack = cell.get_or_init(|| Pack::read(&self.path(package)).unwrap_or_default());
        if let Some(facts) =
            pack.facts(file.hash.as_bytes()).filter(|facts| facts.len as usize == file.source.text.len())
        {
            file.put_facts(facts);
        }
    }

    fn has(&self, package: &str, hash: &Hash) -> bool {
        let packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        packs.get(package).and_then(|cell| cell.get()).is_some_and(|pack| pack.files.contains_key(hash))
    }

    /// Leaves the facts of files, each with its package, to the next run. What cannot be written is done without.
    pub(crate) fn keep<'f>(&self, files: impl Iterator<Item = (String, &'f Loaded)>) {
        let mut by_package: FxHashMap<String, Vec<&Loaded>> = FxHashMap::default();
        let mut new = 0;
        let mut changed: FxHashSet<String> = FxHashSet::default();
        for (package, file) in files {
            if !self.has(&package, file.hash.as_bytes()) {
                new += file.source.text.len();
                changed.insert(package.clone());
            }
            by_package.entry(package).or_default().push(file);
        }
        if new < MIN_NEW {
            return;
        }
        by_package.retain(|package, _| changed.contains(package));
        let written: std::io::Result<()> = std::fs::create_dir_all(&self.dir)
            .and_then(|()| by_package.par_iter().try_for_each(|(package, files)| self.write(package, files)));
        match written {
            Ok(()) => self.clear(),
            Err(error) => tracing::info!(%error, dir = %self.dir.display(), "facts cannot be kept"),
        }
    }

    fn write(&self, package: &str, files: &[&Loaded]) -> std::io::Result<()> {
        let cell = self.packs.lock().unwrap_or_else(PoisonError::into_inner).get(package).cloned();
        let old = cell.as_ref().and_then(|cell| cell.get());
        let mut entries: Vec<(Hash, std::borrow::Cow<'_, [u8]>)> = Vec::new();
        let mut size = 0;
        for file in files {
            let hash = *file.hash.as_bytes();
            let bytes: std::borrow::Cow<'_, [u8]> = match old.and_then(|old| old.encoded(&hash)) {
                Some(bytes) => bytes.into(),
                None => postcard::to_stdvec(&**file.facts()).map_err(std::io::Error::other)?.into(),
            };
            size += bytes.len();
            entries.push((hash, bytes));
        }
        let used: FxHashSet<Hash> = entries.iter().map(|(hash, _)| *hash).collect();
        for (hash, (start, end)) in old.iter().flat_map(|old| &old.files) {
            if size + (end - start) <= MAX_PACK && !used.contains(hash) {
                size += end - start;
                entries.extend(old.map(|old| (*hash, old.bytes[*start..*end].into())));
            }
        }
        entries.sort_by_key(|entry| entry.0);
        entries.dedup_by_key(|entry| entry.0);
        self.put(package, &packed(&entries))
    }

    fn put(&self, package: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&self.dir)?;
        file.write_all(bytes)?;
        file.persist(self.path(package)).map_err(|error| error.error)?;
        Ok(())
    }

    /// The name on the disk has no letters that a file system may not like, or take for others.
    fn path(&self, package: &str) -> PathBuf {
        let hash = blake3::hash(package.as_bytes()).to_hex();
        let letters: String = package.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        self.dir.join(format!("{letters}-{}.bin", &hash[..8]))
    }

    /// Drops what other builds left long ago, and the oldest packs where they are too much together.
    fn clear(&self) {
        let age = |path: &Path| {
            let modified = std::fs::metadata(path).and_then(|meta| meta.modified()).ok()?;
            SystemTime::now().duration_since(modified).ok()
        };
        for path in entries(&self.home) {
            let is_facts = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("facts-"));
            if is_facts && path != self.dir && age(&path).is_some_and(|age| age > MAX_AGE) {
                drop(std::fs::remove_dir_all(&path));
            }
        }
        let mut packs: Vec<(Option<Duration>, u64, PathBuf)> = entries(&self.dir)
            .into_iter()
            .filter_map(|path| Some((age(&path), std::fs::metadata(&path).ok()?.len(), path)))
            .collect();
        packs.sort();
        let mut all = 0;
        for (_, size, path) in packs {
            all += size;
            if all > MAX_ALL {
                drop(std::fs::remove_file(path));
            }
        }
    }
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Magic, the hash of all that follows, the number of entries, hash and length of each, the entries.
fn packed(entries: &[(Hash, std::borrow::Cow<'_, [u8]>)]) -> Vec<u8> {
    let mut body = (entries.len() as u32).to_le_bytes().to_vec();
    for (hash, bytes) in entries {
        body.extend(hash);
        body.extend((bytes.len() as u32).to_le_bytes());
    }
    entries.iter().for_each(|(_, bytes)| body.extend_from_slice(bytes));
    let mut out = MAGIC.to_vec();
    out.extend(blake3::hash(&body).as_bytes());
    out.extend(body);
    out
}

impl Pack {
    fn read(path: &Path) -> Option<Self> {
        let pack = Self::parse(std::fs::read(path).ok()?);
        if pack.is_none() {
            tracing::info!(path = %path.display(), "not a whole pack of facts: it is not used");
        }
        pack
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let body = bytes.strip_prefix(MAGIC)?;
        let (hash, body) = body.split_first_chunk::<32>()?;
        if blake3::hash(body) != *hash {
            return None;
        }
        let (count, mut index) = body.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let mut at = MAGIC.len() + 32 + 4 + count.checked_mul(36)?;
        let mut files = FxHashMap::default();
        for _ in 0..count {
            let (hash, rest) = index.split_first_chunk::<32>()?;
            let (len, rest) = rest.split_first_chunk::<4>()?;
            let end = at.checked_add(u32::from_le_bytes(*len) as usize)?;
            files.insert(*hash, (at, end));
            (at, index) = (end, rest);
        }
        (at == bytes.len()).then_some(Self { bytes, files })
    }

    fn encoded(&self, hash: &Hash) -> Option<&[u8]> {
        let (start, end) = *self.files.get(hash)?;
        self.bytes.get(start..end)
    }

    fn facts(&self, hash: &Hash) -> Option<FileFacts> {
        postcard::from_bytes(self.encoded(hash)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;
    use crate::discover::FoundFile;
    use asyncwise_analysis::program::Origin;

    fn file(text: &str) -> Loaded {
        let scope = Arc::new(Scope::new(Path::new("/"), &Default::default(), None, &Default::default()));
        let found = FoundFile { asked: false, scope };
        Loaded::new(Path::new("/a.py"), &found, Origin::Dependency, text.as_bytes()).unwrap()
    }

    fn long(name: &str) -> String {
        format!("async def {name}(a: int = 1, *rest, **more):\n    return await other(a, *rest)\n").repeat(1_000)
    }

    fn has(cache: &FactsCache, text: &str) -> bool {
        let file = file(text);
        cache.fill("package", &file);
        file.known_facts().is_some()
    }

    #[test]
    fn facts_come_back_as_they_went() {
        let dir = tempfile::tempdir().unwrap();
        let open = || FactsCache::in_directory(dir.path().to_owned());
        let (one, two) = (file(&long("one")), file(&long("two")));
        open().keep(std::iter::once(("package".to_owned(), &one)));
        let back = file(&long("one"));
        let second = open();
        second.fill("package", &back);
        assert_eq!(back.known_facts(), Some(one.facts()));
        second.keep([("package".to_owned(), &two)].into_iter());
        assert!(has(&open(), &long("one")) && has(&open(), &long("two")), "what was there before stays");
        assert!(!has(&open(), &long("three")));
    }

    #[test]
    fn a_damaged_pack_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FactsCache::in_directory(dir.path().to_owned());
        let text = long("one");
        cache.keep(std::iter::once(("package".to_owned(), &file(&text))));
        let path = cache.path("package");
        let whole = std::fs::read(&path).unwrap();
        let reopened = || FactsCache::in_directory(dir.path().to_owned());
        assert!(has(&reopened(), &text));
        for at in [0, 8, 41, 60, whole.len() / 2, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert!(!has(&reopened(), &text), "byte {at}");
        }
        for len in [0, 7, 40, 44, whole.len() - 1] {
            std::fs::write(&path, &whole[..len]).unwrap();
            assert!(!has(&reopened(), &text), "the first {len} bytes");
        }
        reopened().keep(std::iter::once(("package".to_owned(), &file(&text))));
        assert!(has(&reopened(), &text), "it is written anew");
    }

    #[test]
    fn a_few_small_files_are_not_worth_it() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FactsCache::in_directory(dir.path().join("cache"));
        cache.keep(std::iter::once(("package".to_owned(), &file("x = 1\n"))));
        assert!(!dir.path().join("cache").exists());
    }
}
