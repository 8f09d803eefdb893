//! `asyncwise audit` on the example project: the report a person reads, the one a program reads, and the page.

use asyncwise_tests::binary::asyncwise;
use asyncwise_tests::repository;
use expect_test::expect_file;
use scraper::{Html, Selector};
use serde_json::Value;

/// Runs `asyncwise` with `arguments` in the example project.
fn run(arguments: &[&str]) -> String {
    let mut command = asyncwise();
    command.args(arguments).current_dir(repository().join("tests/projects/web-service"));
    let output = command.output().expect("the binary starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "an audit that was made exits with 0:\n{stderr}");
    String::from_utf8(output.stdout).expect("reports are UTF-8")
}

fn json() -> Value {
    serde_json::from_str(&run(&["audit", "--format", "json"])).expect("it is JSON")
}

/// `UPDATE_EXPECT=1 cargo test -p asyncwise-tests --test audit` writes it anew.
#[test]
fn the_report_for_people() {
    expect_file!["projects/web-service/audit.md"].assert_eq(&run(&["audit"]));
}

#[test]
fn the_report_for_programs_fits_its_schema() {
    let schema = serde_json::from_str(&run(&["schema", "audit"])).expect("a schema is JSON");
    let report = json();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(report["version"], 1);
    let bridge = &report["bridges"][1];
    assert_eq!(bridge["function"]["name"], "app.services.bridge.run_blocking");
    assert_eq!(bridge["on_loop"][0]["what"], "refuses");
    assert_eq!(report["hot_spots"][0]["calls"][0]["name"], "requests.get");
}

#[test]
fn edges_and_findings_point_into_their_lists() {
    let report = json();
    let nodes = report["graph"]["nodes"].as_array().expect("a list");
    let number = |value: &Value| value.as_u64().expect("a number") as usize;
    for edge in report["graph"]["edges"].as_array().expect("a list") {
        assert!(number(&edge["from"]) < nodes.len() && number(&edge["to"]) < nodes.len());
    }
    let findings = report["findings"].as_array().expect("a list").len();
    let named: Vec<usize> =
        nodes.iter().flat_map(|node| node["findings"].as_array().expect("a list")).map(number).collect();
    assert!((0..findings).all(|finding| named.contains(&finding)), "each finding has a node");
}

#[test]
fn no_report_names_a_place_of_this_machine_and_each_is_the_same_again() {
    let root = repository().canonicalize().expect("it is there");
    let root = root.to_string_lossy();
    for format in ["markdown", "json", "html"] {
        let report = run(&["audit", "--format", format]);
        assert!(!report.contains(&*root), "{format} names {root}");
        assert!(report == run(&["audit", "--format", format]), "{format} differs from run to run");
    }
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(selector).expect("a selector")).collect()
}

#[test]
fn the_page_is_sound_and_needs_nothing_else() {
    let text = run(&["audit", "--format", "html"]);
    let page = Html::parse_document(&text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    for outside in ["link", "img", "iframe", "object", "embed", "script[src]", "base", "form", "video", "audio"] {
        assert!(select(&page, outside).is_empty(), "the page has <{outside}>");
    }
    for link in select(&page, "[href]") {
        let target = link.attr("href").unwrap_or_default();
        assert!(target.starts_with('#') || target.starts_with("app/"), "{target}");
    }
    let own = text.replace("url(#arrow)", "");
    assert!(!own.contains("@import") && !own.contains("url("), "the style loads nothing");
    let policy = select(&page, "meta[http-equiv='Content-Security-Policy']");
    assert!(policy[0].attr("content").is_some_and(|policy| policy.contains("default-src 'none'")));
    let ids: Vec<&str> = select(&page, "[id]").iter().filter_map(|element| element.attr("id")).collect();
    for link in select(&page, "nav a") {
        let target = link.attr("href").unwrap_or_default().trim_start_matches('#');
        assert!(ids.contains(&target), "{target} leads nowhere");
    }
    let data = select(&page, "#data")[0].text().collect::<String>();
    let data: Value = serde_json::from_str(&data).expect("the data are JSON");
    assert_eq!(data["findings"].as_array().map(Vec::len), Some(3));
}

#[test]
fn names_from_the_code_are_text_on_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = "import asyncio\nasync def f(): ...\ndef run():\n    try:\n        asyncio.get_running_loop()\n    except \
                RuntimeError:\n        return asyncio.run(f())\n    raise RuntimeError(\"</script><img src=x> `|*_&'\")\n";
    std::fs::write(folder.path().join("a'&<b>.py"), code).expect("it can be written");
    let audit = |format: &str| {
        let output = asyncwise().args(["audit", "--format", format]).current_dir(folder.path()).output();
        String::from_utf8(output.expect("the binary starts").stdout).expect("reports are UTF-8")
    };
    let page = Html::parse_document(&audit("html"));
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    assert!(select(&page, "img").is_empty() && select(&page, "b").is_empty());
    assert_eq!(select(&page, "script").len(), 2);
    let row = audit("markdown").lines().find(|line| line.contains("refuses")).expect("the bridge is told").to_owned();
    let cells = row.replace("\\|", "");
    assert_eq!(cells.matches('|').count(), 6, "{row}");
    assert!(row.contains("\\</script\\>\\<img src=x\\> \\`\\|\\*\\_\\&'"), "{row}");
}
