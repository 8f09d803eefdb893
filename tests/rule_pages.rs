//! The rule pages in `queries/rules` say what the rules do: every example on them is run.

use asyncwise_tests::page::{HEADINGS, MORE, Mistake, Page, parse};
use asyncwise_tests::{example, rule_pages};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The pages by the names of their files, with what is not properly said on them.
fn pages() -> BTreeMap<String, (Page, Vec<Mistake>)> {
    let mut pages = BTreeMap::new();
    for entry in std::fs::read_dir(rule_pages()).expect("the folder of the rule pages is there") {
        let path = entry.expect("its entries can be read").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path).expect("pages are UTF-8");
            let name = path.file_stem().expect("a page has a name").to_string_lossy().into_owned();
            pages.insert(name, parse(&text));
        }
    }
    pages
}

#[track_caller]
fn assert_nothing(wrong: &str) {
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn pages_have_their_headings() {
    let mut wrong = String::new();
    for (name, (page, mistakes)) in pages() {
        for (line, message) in mistakes {
            writeln!(wrong, "queries/rules/{name}.md:{line}: {message}").unwrap();
        }
        let mut should: Vec<&str> = HEADINGS.to_vec();
        if page.headings.last().is_some_and(|last| last == MORE) {
            should.push(MORE);
        }
        if page.title != name || page.headings != should {
            writeln!(wrong, "queries/rules/{name}.md: title `{}`, headings {:?}", page.title, page.headings).unwrap();
        }
        if page.same_as.is_none() {
            writeln!(wrong, "queries/rules/{name}.md: no `Same as:` line").unwrap();
        }
        for section in ["Example", "Use instead"] {
            if !page.examples.iter().any(|example| example.section == section) {
                writeln!(wrong, "queries/rules/{name}.md: no example under `{section}`").unwrap();
            }
        }
    }
    assert_nothing(&wrong);
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let pages = pages();
    let rules = asyncwise_analysis::rules::all();
    let mut wrong = String::new();
    for rule in rules {
        match pages.get(rule.name) {
            None => writeln!(wrong, "{}: no page", rule.name).unwrap(),
            Some((page, _)) => {
                let named = page.same_as.as_deref().unwrap_or_default();
                for code in rule.same_as {
                    if !named.iter().any(|name| name.split(' ').next_back().is_some_and(|name| name.starts_with(code)))
                    {
                        writeln!(wrong, "{}: `# noqa: {code}` silences it, its page does not say so", rule.name)
                            .unwrap();
                    }
                }
            }
        }
    }
    for name in pages.keys().filter(|name| rules.iter().all(|rule| rule.name != name.as_str())) {
        writeln!(wrong, "{name}: a page without a rule").unwrap();
    }
    assert_nothing(&wrong);
}

#[test]
fn examples_give_what_they_say() {
    let only = std::env::var("ASYNCWISE_PAGE").ok();
    let (mut wrong, mut failed, mut all) = (String::new(), 0, 0);
    for (name, (page, _)) in pages() {
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        for block in &page.examples {
            let messages = example::check(&name, block);
            all += 1;
            failed += usize::from(!messages.is_empty());
            for (line, message) in messages {
                writeln!(wrong, "queries/rules/{name}.md:{line}: {message}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}\n{failed} of {all} examples do not give what they say");
}
