//! The generated files are well-formed and agree with the tables made by hand; the look-ups read them.

use super::{dotted, known, none};
use crate::knowledge::generated::Generated;
use crate::knowledge::{Knowledge, MemberKind};
use std::collections::BTreeSet;

fn shipped() -> &'static Generated {
    &known().generated
}

/// The full path of a class in a file.
fn full(module: &str, class: &str) -> String {
    if class.starts_with('.') { format!("{module}{class}") } else { class.to_owned() }
}

#[test]
fn files_are_small_sorted_and_name_their_origin() {
    let mut wrong = Vec::new();
    let mut size = 0;
    for (module, text) in shipped().texts() {
        size += text.len();
        if !text.lines().any(|l| l.starts_with("# From ")) {
            wrong.push(format!("{module}: from where?"));
        }
        let lines = |first: &'static str| text.lines().filter(move |l| l.starts_with(first));
        let owners = text.lines().filter_map(|l| l.strip_prefix("module ").or(l.strip_prefix("class ")));
        let owners: Vec<&str> = owners.filter_map(|l| l.split(' ').next()).collect();
        if !owners.is_sorted() || owners.windows(2).any(|w| w[0] == w[1]) || !lines("alias ").is_sorted() {
            wrong.push(format!("{module}: not sorted"));
        }
        if owners.iter().any(|o| o.split('.').next() != Some(module)) {
            wrong.push(format!("{module}: speaks of another module"));
        }
        for line in lines(" ").filter(|l| !l.starts_with(" enter ")) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let names = words[1..].iter().map(|word| word.split(':').next());
            if !MemberKind::ALL.iter().any(|k| k.word() == words[0]) || words.len() < 2 || !names.is_sorted() {
                wrong.push(format!("{module}: {line}"));
            }
        }
    }
    assert!(size < 1_500_000, "{size} bytes");
    none(wrong);
}

#[test]
fn names_are_canonical_and_classes_are_known() {
    let mut wrong = Vec::new();
    for (module, text) in shipped().texts() {
        let package = shipped().package(module).expect("the file");
        for (path, name) in &package.aliases {
            if !dotted(path) || known().canonical(path) != name.as_str() || known().canonical(name) != name.as_str() {
                wrong.push(format!("alias {path} -> {name}, but {}", known().canonical(path)));
            }
        }
        for (owner, says) in &package.owners {
            if says.is_class && known().canonical(owner) != *owner {
                wrong.push(format!("{owner} -> {}", known().canonical(owner)));
            }
            let names = says.members.keys().map(|name| format!("{owner}.{name}"));
            wrong.extend(names.filter(|n| known().canonical(n) != n.as_str()).map(|n| format!("alias of {n}")));
        }
        let classes = text.lines().filter(|l| l.starts_with("class ")).flat_map(|l| l.split(' ').skip(2));
        let values = text.lines().filter(|l| l.starts_with(' ')).flat_map(|l| l.split(' ').skip(2));
        let values = values.filter_map(|word| word.split_once(':').map(|(_, class)| class));
        let used: BTreeSet<String> = classes.chain(values).map(|class| full(module, class)).collect();
        wrong.extend(used.into_iter().filter(|c| !known().is_class(c)).map(|c| format!("{module}: no class {c}")));
    }
    none(wrong);
}

#[test]
fn what_blocks_by_hand_is_no_generated_coroutine() {
    let hand = Knowledge::hand_made();
    let mut wrong = Vec::new();
    for (module, _) in shipped().texts() {
        let package = shipped().package(module).expect("the file");
        for (owner, says) in &package.owners {
            let coroutines = says.members.iter().filter(|(_, m)| m.kind == MemberKind::Coroutine);
            let names = coroutines.map(|(name, _)| format!("{owner}.{name}"));
            wrong.extend(names.filter(|n| hand.blocking(n).is_some() || hand.starter(n).is_some()));
        }
    }
    none(wrong);
}

const TEXT: &str = "\
# From pkg 1.0 (MIT).
alias pkg.impl pkg Client helper
alias pkg.old pkg Session=Client
module pkg
 async helper
 def connect:.Client
class pkg.Base
 async close get:.Answer
class pkg.Client .Base
 async send:other.Answer
 asyncgen rows
 await borrow:.Connection
 attr first:.Connection
 plain close
 enter .Connection
";

#[test]
fn lookups_read_what_the_file_says() {
    let k = Knowledge { generated: Generated::new([("pkg", TEXT)].into_iter()), ..Knowledge::read_rest() };
    assert_eq!(k.canonical("pkg.impl.Client.send"), "pkg.Client.send");
    assert_eq!(k.canonical("pkg.old.Session"), "pkg.Client");
    assert_eq!(k.canonical("pkg.impl"), "pkg.impl");
    assert!(k.coroutine("pkg.helper") && k.coroutine("pkg.Base.close") && !k.coroutine("pkg.Client.rows"));
    assert!(k.is_class("pkg.Client") && !k.is_class("pkg") && k.bases("pkg.Client") == ["pkg.Base"]);
    let result = |returns: Option<&super::Returns>| returns.map(|r| r.result.to_string());
    assert_eq!(result(k.returns("pkg.connect")), Some("pkg.Client".to_owned()));
    assert_eq!(result(k.awaited_returns("pkg.Client.send")), Some("other.Answer".to_owned()));
    assert_eq!(result(k.awaited_returns("pkg.Client.borrow")), Some("pkg.Connection".to_owned()));
    assert_eq!(result(k.attribute("pkg.Client.first")), Some("pkg.Connection".to_owned()));
    assert_eq!(result(k.async_entered("pkg.Client")), Some("pkg.Connection".to_owned()));
    assert!(k.awaited_returns("pkg.Client").is_none() && k.returns("pkg.Client.borrow").is_none());
    let inherited = |method| k.method("pkg.Client", method, |full| k.coroutine(full).then(|| full.to_owned()));
    assert_eq!(inherited("get"), Some("pkg.Base.get".to_owned()));
    assert_eq!(inherited("close"), None);
}

#[test]
fn rows_made_by_hand_win() {
    let text = "# From httpx and redis.\nclass httpx.AsyncClient\n async build_request get\nclass httpx.Response\n async json\n";
    let k = Knowledge { generated: Generated::new([("httpx", text)].into_iter()), ..Knowledge::read_rest() };
    assert!(k.coroutine("httpx.AsyncClient.get"));
    assert!(k.coroutine("httpx.Response.json"), "no row of the tables speaks of it");
    let hand = k.coroutines.owners.iter().find(|(_, except)| !except.is_empty()).expect("an owner with exceptions");
    assert!(!k.coroutine(&format!("{}.{}", hand.0, hand.1[0])));
}
