//! What is found in packages, before and after it is cut down to what serves.

use asyncwise_analysis::knowledge::{Knowledge, MemberKind};
use std::collections::{BTreeMap, BTreeSet};

/// What a member is: its kind, and the class of its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fact {
    /// The kind.
    pub kind: MemberKind,
    /// The class of the value, by its canonical name.
    pub class: Option<String>,
}

/// A module or class.
#[derive(Clone, Default, Debug)]
pub(super) struct Owner {
    /// A class.
    pub is_class: bool,
    /// Its bases, nearest first.
    pub bases: Vec<String>,
    /// Its members: of a class all that its instances have from classes of the package.
    pub members: BTreeMap<String, Fact>,
    /// What `async with` gives, where it is not the instance.
    pub entered: Option<String>,
}

/// What one input says.
#[derive(Default, Debug)]
pub(super) struct Table {
    /// Where it is from.
    pub origins: Vec<String>,
    /// By canonical name.
    pub owners: BTreeMap<String, Owner>,
    /// Other paths of modules' members, with their canonical names.
    pub aliases: BTreeMap<String, String>,
    /// The modules that users import from: no part of the path begins with an underscore, and they do not lie deep.
    pub open: BTreeSet<String>,
}

/// Cuts tables down to what serves: coroutines, and what leads to them.
pub(super) fn settle(tables: &mut [Table]) {
    let aliases: BTreeMap<String, String> = tables.iter().flat_map(|t| t.aliases.clone()).collect();
    for table in tables.iter_mut() {
        name_classes(table, &aliases);
    }
    let classes = useful_classes(tables);
    for table in tables.iter_mut() {
        cut(table, &classes);
    }
    inherit(tables);
    let reached = reached(tables);
    for table in tables.iter_mut() {
        table.owners.retain(|name, owner| !owner.is_class || reached.contains(name));
        drop_unused(table);
    }
}

/// Gives classes of other packages the names that those have for them.
fn name_classes(table: &mut Table, aliases: &BTreeMap<String, String>) {
    let name = |class: &mut String| {
        let listed = Knowledge::hand_made().canonical(class).into_owned();
        *class = aliases.get(&listed).cloned().unwrap_or(listed);
    };
    for owner in table.owners.values_mut() {
        owner.bases.iter_mut().for_each(name);
        owner.entered.iter_mut().for_each(name);
        owner.members.values_mut().filter_map(|fact| fact.class.as_mut()).for_each(name);
    }
}

/// The classes with members to await, those that lead to one, and those that rows made by hand speak of.
fn useful_classes(tables: &[Table]) -> BTreeSet<String> {
    let mut useful = BTreeSet::new();
    let owners = || tables.iter().flat_map(|t| &t.owners).filter(|(_, o)| o.is_class);
    loop {
        let before = useful.len();
        for (name, owner) in owners() {
            if useful.contains(name) {
                continue;
            }
            let serves = |fact: &Fact| match fact.kind {
                MemberKind::Coroutine | MemberKind::AsyncGenerator => true,
                _ => fact.class.as_ref().is_some_and(|c| useful.contains(c)),
            };
            let inherits = owner.bases.iter().any(|base| useful.contains(base));
            if inherits
                || owner.entered.as_ref().is_some_and(|c| useful.contains(c))
                || owner.members.values().any(serves)
            {
                useful.insert(name.clone());
            }
        }
        if useful.len() == before {
            return useful;
        }
    }
}

/// Leaves out classes that do not serve, as owners, bases and results.
fn cut(table: &mut Table, useful: &BTreeSet<String>) {
    let known = |class: &str| useful.contains(class) || Knowledge::hand_made().is_class(class);
    table.owners.retain(|name, owner| !owner.is_class || useful.contains(name));
    for owner in table.owners.values_mut() {
        owner.bases.retain(|base| known(base));
        if owner.entered.as_ref().is_some_and(|class| !known(class)) {
            // Not the instance, and nothing that serves.
            owner.entered = Some("builtins.object".to_owned());
        }
        for fact in owner.members.values_mut() {
            fact.class = fact.class.take().filter(|class| known(class));
            let typed = matches!(fact.kind, MemberKind::Awaitable | MemberKind::Function | MemberKind::Attribute);
            if typed && fact.class.is_none() {
                fact.kind = MemberKind::Other;
            }
        }
    }
}

/// Takes from classes what a look-up finds in their bases anyway.
fn inherit(tables: &mut [Table]) {
    let mut rows: BTreeMap<String, Owner> =
        tables.iter().flat_map(|t| t.owners.clone()).filter(|(_, o)| o.is_class).collect();
    // Bases first: what they leave out, they inherit.
    let mut order: Vec<(usize, String)> =
        rows.keys().map(|name| (ancestors(&rows, name).len(), name.clone())).collect();
    order.sort();
    for (_, name) in order {
        let above = ancestors(&rows, &name);
        let Some(mut owner) = rows.remove(&name) else { continue };
        owner.members.retain(|member, fact| differs(&rows, &above, member, fact));
        rows.insert(name, owner);
    }
    for (name, owner) in tables.iter_mut().flat_map(|t| &mut t.owners) {
        if let Some(row) = rows.remove(name) {
            *owner = row;
        }
    }
}

/// Whether a look-up in the classes `above` finds something else than `fact`. Rows made by hand stay, unless they would make a
/// coroutine of what is none.
fn differs(rows: &BTreeMap<String, Owner>, above: &[String], member: &str, fact: &Fact) -> bool {
    for class in above {
        let name = format!("{class}.{member}");
        if speaks(&name) {
            return Knowledge::hand_made().coroutine(&name) && fact.kind != MemberKind::Coroutine;
        }
        if let Some(found) = rows.get(class).and_then(|owner| owner.members.get(member)) {
            return found != fact;
        }
    }
    fact.kind != MemberKind::Other
}

/// The classes above one, in the order in which they are looked at: breadth first.
fn ancestors(rows: &BTreeMap<String, Owner>, class: &str) -> Vec<String> {
    let listed = Knowledge::hand_made();
    let bases = |class: &str| -> Vec<String> {
        match listed.is_class(class) {
            true => listed.bases(class).iter().map(|base| base.to_string()).collect(),
            false => rows.get(class).map(|owner| owner.bases.clone()).unwrap_or_default(),
        }
    };
    let mut all = bases(class);
    let mut next = 0;
    while let Some(base) = all.get(next).cloned() {
        for further in bases(&base) {
            if further != class && !all.contains(&further) {
                all.push(further);
            }
        }
        next += 1;
    }
    all
}

/// Whether rows made by hand speak of a name.
pub(super) fn speaks(name: &str) -> bool {
    let k = Knowledge::hand_made();
    k.coroutine(name)
        || k.awaitable(name).is_some()
        || k.returns(name).is_some()
        || k.awaited_returns(name).is_some()
        || k.attribute(name).is_some()
        || k.blocking(name).is_some()
        || k.starter(name).is_some()
        || k.offload(name).is_some()
        || k.callback(name).is_some()
        || k.probe(name).is_some()
}

/// The classes that can be had by name from a public module, and those that come out of them.
fn reached(tables: &[Table]) -> BTreeSet<String> {
    let owners: BTreeMap<&str, &Owner> = tables.iter().flat_map(|t| &t.owners).map(|(n, o)| (n.as_str(), o)).collect();
    let public =
        |table: &Table, name: &String| table.open.contains(name.rsplit_once('.').map_or("", |(module, _)| module));
    let mut queue: Vec<&str> = Vec::new();
    for table in tables {
        let classes = table.owners.iter().filter(|(name, owner)| owner.is_class && public(table, name));
        queue.extend(classes.map(|(name, _)| name.as_str()));
        let functions = table.owners.values().filter(|owner| !owner.is_class).flat_map(|owner| owner.members.values());
        queue.extend(functions.filter_map(|fact| fact.class.as_deref()));
    }
    let mut reached = BTreeSet::new();
    while let Some(name) = queue.pop() {
        let Some(owner) = owners.get(name) else { continue };
        if reached.insert(name.to_owned()) {
            let values = owner.members.values().filter_map(|fact| fact.class.as_ref());
            queue.extend(owner.bases.iter().chain(&owner.entered).chain(values).map(String::as_str));
        }
    }
    reached
}

/// Leaves out aliases of what is not in the table, and modules without a member that serves.
fn drop_unused(table: &mut Table) {
    let mut members: BTreeSet<String> =
        table.owners.iter().filter(|(_, o)| o.is_class).map(|(n, _)| n.clone()).collect();
    for (name, owner) in table.owners.iter_mut().filter(|(_, o)| !o.is_class) {
        let open = table.open.contains(name);
        owner.members.retain(|_, fact| open && fact.kind != MemberKind::Other);
        members.extend(owner.members.keys().map(|member| format!("{name}.{member}")));
    }
    table.owners.retain(|_, owner| owner.is_class || !owner.members.is_empty());
    table.aliases.retain(|path, name| members.contains(name) && !path.contains("._"));
}
