//! The task `stubs`: what public packages and stubs say about coroutines, as tables that are shipped.
//!
//! Nothing is fetched here: the inputs are directories of unpacked packages (`stubs/fetch.sh` makes them). What stands in a
//! table is what the analysis itself finds out about the package when it is installed: names, kinds and classes of results,
//! no code.

mod collect;
mod inputs;
mod render;
mod table;

#[cfg(test)]
mod tests;

use inputs::Input;
use std::path::Path;
use table::Table;

/// Writes the tables of the packages in `site` (as `pip install --target` leaves it) and of typeshed's `stdlib` in it.
pub(super) fn run(site: &Path, folder: &Path) -> Result<String, String> {
    let mut tables: Vec<Table> = Vec::new();
    for input in inputs::find(site)? {
        tables.push(read(&input)?);
    }
    table::settle(&mut tables);
    let mut files = render::files(&tables);
    files.retain(|_, text| text.lines().any(|line| line.starts_with(" a") && !line.starts_with(" attr")));
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for old in inputs::entries(folder)? {
        std::fs::remove_file(&old).map_err(|e| format!("{}: {e}", old.display()))?;
    }
    let bytes: usize = files.values().map(String::len).sum();
    for (module, text) in &files {
        let path = folder.join(format!("{module}.txt"));
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(format!("{} files, {} kB", files.len(), bytes / 1000))
}

fn read(input: &Input) -> Result<Table, String> {
    let program = input.program()?;
    Ok(collect::collect(program, input.origins.clone()))
}
