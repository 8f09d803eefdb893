//! Tables as text; `asyncwise_analysis::knowledge` says how a line is read.

use super::table::{Owner, Table};
use asyncwise_analysis::knowledge::MemberKind;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The text of each top-level module.
pub(super) fn files(tables: &[Table]) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for table in tables {
        let tops: BTreeSet<&str> = table.owners.keys().chain(table.aliases.keys()).map(|name| top(name)).collect();
        for top in tops {
            files.entry(top.to_owned()).or_default().push_str(&file(table, top));
        }
    }
    files
}

fn top(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

fn file(table: &Table, module: &str) -> String {
    let mut text =
        String::from("# Made by `cargo run -p xtask -- stubs`, not by hand: names, kinds and classes of results.\n");
    for origin in &table.origins {
        let _ = writeln!(text, "# From {origin}.");
    }
    let mut groups: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for (path, name) in table.aliases.iter().filter(|(path, _)| top(path) == module) {
        let (Some((from, alias)), Some((to, real))) = (path.rsplit_once('.'), name.rsplit_once('.')) else { continue };
        let word = if alias == real { alias.to_owned() } else { format!("{alias}={real}") };
        groups.entry((from, to)).or_default().insert(word);
    }
    for ((from, to), names) in groups {
        let _ = writeln!(text, "alias {from} {to} {}", Vec::from_iter(names).join(" "));
    }
    for (name, owner) in table.owners.iter().filter(|(name, _)| top(name) == module) {
        write_owner(&mut text, module, name, owner);
    }
    text
}

fn write_owner(text: &mut String, module: &str, name: &str, owner: &Owner) {
    let class = |class: &str| match class.strip_prefix(module) {
        Some(rest) if rest.starts_with('.') => rest.to_owned(),
        _ => class.to_owned(),
    };
    text.push_str(if owner.is_class { "class " } else { "module " });
    text.push_str(name);
    for base in &owner.bases {
        text.push(' ');
        text.push_str(&class(base));
    }
    text.push('\n');
    for kind in MemberKind::ALL {
        let members: Vec<String> = owner
            .members
            .iter()
            .filter(|(_, fact)| fact.kind == kind)
            .map(|(member, fact)| match &fact.class {
                Some(result) => format!("{member}:{}", class(result)),
                None => member.clone(),
            })
            .collect();
        if !members.is_empty() {
            let _ = writeln!(text, " {} {}", kind.word(), members.join(" "));
        }
    }
    if let Some(entered) = &owner.entered {
        let _ = writeln!(text, " enter {}", class(entered));
    }
}
