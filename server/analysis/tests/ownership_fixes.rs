//! Fixes of the ownership rules beside the first ones, which the rule pages show.

use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_analysis::program::{Origin, Program, SearchRoots, SourceFile};
use asyncwise_analysis::settings::Settings;
use asyncwise_syntax::facts::Span;
use expect_test::{Expect, expect};
use std::sync::Arc;

/// No query rules.
struct NoStructure;

impl asyncwise_analysis::Structure for NoStructure {
    fn matches(&self, _: FileId, _: &str, _: Span) -> Vec<Vec<(String, Span)>> {
        Vec::new()
    }
}

/// The source after the first fix of that title, which must leave nothing of the rules that it mends.
fn check(source: &str, title: &str, expected: Expect) {
    let findings = findings(source);
    let fix = findings.iter().flat_map(|f| &f.fixes).find(|fix| fix.title == title).expect("a fix of that title");
    let mut text = source.to_owned();
    for edit in fix.edits.iter().rev() {
        text.replace_range(edit.place.span.range(), &edit.text);
    }
    expected.assert_eq(&text);
    let left: Vec<String> = self::findings(&text).into_iter().map(|f| format!("{}: {}", f.rule, f.message)).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn findings(source: &str) -> Vec<Finding> {
    let file = SourceFile {
        path: "main.py".into(),
        origin: Origin::Project,
        facts: Arc::new(asyncwise_syntax::lower::facts(source)),
        text: source.into(),
        is_notebook: false,
        settings: Arc::new(Settings::default()),
    };
    assert!(file.facts.errors.is_empty(), "{source}");
    let roots = SearchRoots { project: vec![String::new()], dependencies: vec![] };
    asyncwise_analysis::check(Arc::new(Program::new(vec![file], roots)), &NoStructure)
}

#[test]
fn one_stack_for_several() {
    check(
        "\
import aiohttp
import httpx


async def both(url: str) -> str:
    session = aiohttp.ClientSession()
    # The second one.
    client = httpx.AsyncClient()
    text = (await client.get(url)).text
    async with session.get(url) as response:
        text += await response.text()
    await session.close()
    await client.aclose()
    return text
",
        "Close all of them with one `AsyncExitStack`",
        expect![[r#"
            import contextlib
            import aiohttp
            import httpx


            async def both(url: str) -> str:
                async with contextlib.AsyncExitStack() as stack:
                    session = await stack.enter_async_context(aiohttp.ClientSession())
                    # The second one.
                    client = await stack.enter_async_context(httpx.AsyncClient())
                    text = (await client.get(url)).text
                    async with session.get(url) as response:
                        text += await response.text()
                    return text
        "#]],
    );
}
