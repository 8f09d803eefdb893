//! Which names the tables know, so that an installed package's source does not take their place.

use super::Knowledge;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// Packages that the analysis itself speaks of: special forms, and functions that end a test.
const SPECIAL: &[&str] = &["typing_extensions", "pytest"];

impl Knowledge {
    /// Whether a row speaks of the object at `path`, or of a method of it when it is a class. Such an object is taken for what
    /// the row says of it, whether its source is at hand or not. Modules are never known so.
    pub fn knows(&self, path: &str) -> bool {
        let names = self.known.get_or_init(|| self.all_names());
        let name = self.canonical(path);
        if names.contains(&*name) {
            return true;
        }
        let Some((owner, _)) = name.rsplit_once('.') else { return false };
        SPECIAL.contains(&owner) || names.contains(format!("{owner}.*").as_str())
    }

    /// The names of all rows, and the classes that own them.
    fn all_names(&self) -> FxHashSet<SmolStr> {
        let mut names = FxHashSet::default();
        let tables = [
            self.blocking.by_name.keys(),
            self.starters.by_name.keys(),
            self.patches.by_name.keys(),
            self.probes.by_name.keys(),
            self.offload.by_name.keys(),
            self.callbacks.by_name.keys(),
            self.awaitables.by_name.keys(),
            self.decorators.by_name.keys(),
            self.resources.by_name.keys(),
        ];
        let rows = tables.into_iter().flatten().chain(self.contexts.names());
        let rows = rows.chain(&self.coroutines.names).chain(self.returns.keys());
        let results = self.returns.values().flatten().map(|row| &row.result);
        for name in rows {
            names.insert(name.clone());
            names.extend(
                name.rsplit_once('.').map(|(owner, _)| owner).filter(|owner| self.is_owner(owner)).map(SmolStr::from),
            );
        }
        names.extend(results.cloned());
        for owner in self.coroutines.owners.keys() {
            names.insert(format!("{owner}.*").into());
            names.extend(self.is_owner(owner).then(|| owner.clone()));
        }
        for (name, class) in &self.classes {
            names.insert(name.clone());
            names.extend(class.bases.iter().cloned());
        }
        names
    }

    /// Whether what owns a name is a class, and not a module: classes begin with a capital, and the others are listed.
    fn is_owner(&self, name: &str) -> bool {
        let last = name.rsplit('.').next().unwrap_or_default();
        self.classes.contains_key(name) || last.trim_start_matches('_').starts_with(char::is_uppercase)
    }
}
