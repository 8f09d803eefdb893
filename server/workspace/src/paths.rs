//! Paths as the program and the reports write them: absolute inside, `/` between the parts, relative when shown.

use std::path::{Component, Path, PathBuf};

/// `path` as seen from `cwd`, absolute, without `.` and `..`; links are not followed.
pub fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in cwd.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// With `/` between the parts.
pub fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// `path` as it is shown to someone who stands in `cwd`: relative, with `/`; `..` leads out of `cwd`, and what has no
/// common root with it (another drive) stays absolute.
pub fn shown(cwd: &Path, path: &Path) -> String {
    let from: Vec<Component<'_>> = cwd.components().collect();
    let to: Vec<Component<'_>> = path.components().collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return slashed(path);
    }
    let up = from[common..].iter().map(|_| Component::ParentDir);
    let out: PathBuf = up.chain(to[common..].iter().copied()).collect();
    if out.as_os_str().is_empty() { ".".to_owned() } else { slashed(&out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_paths_start_in_the_working_directory() {
        let cases = [("/a/b/c.py", "c.py"), ("/a/c.py", "../c.py"), ("/a/b", "."), ("/x/y.py", "../../x/y.py")];
        for (path, expected) in cases {
            assert_eq!(shown(Path::new("/a/b"), Path::new(path)), expected);
        }
    }

    #[test]
    fn absolute_paths_have_no_dots() {
        assert_eq!(absolute(Path::new("/a/b"), Path::new("./../c/./d.py")), Path::new("/a/c/d.py"));
        assert_eq!(absolute(Path::new("/a"), Path::new("/../..")), Path::new("/"));
    }
}
