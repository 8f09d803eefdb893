//! Between the client's URIs and paths.

use asyncwise_workspace::paths;
use std::path::{Path, PathBuf};
use tower_lsp::ls_types::Uri;

/// The file that a `file:` URI names, absolute. None for other schemes, and for what is no absolute path.
pub(crate) fn to_path(uri: &Uri) -> Option<PathBuf> {
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") {
        return None;
    }
    let path = uri.to_file_path()?;
    path.is_absolute().then(|| paths::absolute(Path::new(""), &path))
}

/// The URI of a file.
pub(crate) fn of_path(path: &Path) -> Option<Uri> {
    Uri::from_file_path(path)
}

/// Whether the client has not given the text a file yet.
pub(crate) fn is_untitled(uri: &Uri) -> bool {
    uri.scheme().as_str().eq_ignore_ascii_case("untitled")
}

/// The name that an untitled text goes by, usable as that of a file.
pub(crate) fn untitled_name(uri: &Uri) -> String {
    let path = uri.path().as_str();
    path.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect()
}

/// Whether the name says that it is Python, whatever language the client names.
pub(crate) fn is_python_source(uri: &Uri) -> bool {
    let path = uri.path().as_str();
    path.ends_with(".py") || path.ends_with(".pyi")
}
