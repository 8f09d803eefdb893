//! Writing files so that nobody ever sees half of one.

use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// Puts `bytes` in place of the file at `path`, or makes it. Permissions are kept; a link is followed, not replaced.
pub(crate) fn atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    Prepared::new(path, bytes)?.commit()
}

/// Puts all in place, or none: when one cannot be written, those before it get their old content back.
pub(crate) fn all_or_none(files: &[(PathBuf, Vec<u8>)]) -> Result<(), (PathBuf, std::io::Error)> {
    let mut prepared = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let old = std::fs::read(path).map_err(|error| (path.clone(), error))?;
        prepared.push((path, old, Prepared::new(path, bytes).map_err(|error| (path.clone(), error))?));
    }
    let mut done: Vec<(&Path, Vec<u8>)> = Vec::new();
    for (path, old, new) in prepared {
        if let Err(error) = new.commit() {
            for (path, old) in done {
                if let Err(error) = atomically(path, &old) {
                    tracing::error!(%error, path = %path.display(), "the old content cannot be put back");
                }
            }
            return Err((path.clone(), error));
        }
        done.push((path, old));
    }
    Ok(())
}

/// The new content beside the file, on the same disk.
struct Prepared {
    target: PathBuf,
    temporary: TempPath,
}

impl Prepared {
    fn new(path: &Path, bytes: &[u8]) -> std::io::Result<Self> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let dir = target.parent().unwrap_or(Path::new("."));
        let permissions = std::fs::metadata(&target).ok().map(|meta| meta.permissions());
        if permissions.as_ref().is_some_and(std::fs::Permissions::readonly) {
            return Err(std::io::ErrorKind::PermissionDenied.into());
        }
        let mut temporary = tempfile::Builder::new().prefix(".asyncwise-").make_in(dir, create_new)?;
        temporary.write_all(bytes)?;
        temporary.as_file().sync_all()?;
        if let Some(permissions) = permissions {
            temporary.as_file().set_permissions(permissions)?;
        }
        Ok(Self { target, temporary: temporary.into_temp_path() })
    }

    fn commit(self) -> std::io::Result<()> {
        self.temporary.persist(&self.target).map_err(|error| error.error)
    }
}

/// With the permissions of any new file, where a temporary one would be the owner's alone.
fn create_new(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_cannot_be_written_stops_all() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&first, "old").unwrap();
        let files = [(first.clone(), b"new".to_vec()), (second.clone(), b"new".to_vec())];
        assert_eq!(all_or_none(&files).unwrap_err().0, second);
        assert_eq!(std::fs::read(&first).unwrap(), b"old");
        std::fs::write(&second, "old").unwrap();
        all_or_none(&files).unwrap();
        assert_eq!(std::fs::read(&first).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left over");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_read_only_file_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        atomically(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        let mut permissions = std::fs::metadata(&file).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&file, permissions).unwrap();
        assert!(atomically(&file, b"newer").is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
    }
}
