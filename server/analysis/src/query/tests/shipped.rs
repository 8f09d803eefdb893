//! The queries of `queries/rules` compile.

use crate::query::compile;
use include_dir::{Dir, include_dir};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../queries/rules");

#[test]
fn shipped_queries_compile_to_the_rule_they_are_named_for() {
    let queries = RULES.files().filter(|file| file.path().extension().is_some_and(|extension| extension == "scm"));
    let mut count = 0;
    for file in queries {
        let (rules, errors) = compile(file.contents_utf8().expect("queries are UTF-8"));
        assert_eq!(errors, [], "{}", file.path().display());
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(Some(names.as_slice()), file.path().file_stem().and_then(|stem| stem.to_str()).as_slice().get(..));
        for pattern in &rules[0].patterns {
            assert!(!pattern.docs.is_empty(), "{}: every pattern says what it finds", file.path().display());
        }
        count += 1;
    }
    assert!(count >= 2);
}
