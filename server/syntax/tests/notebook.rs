//! Notebooks: cells as a module, and edits back into the JSON.

use asyncwise_syntax::facts::Span;
use asyncwise_syntax::notebook::{Notebook, apply_edits};
use asyncwise_syntax::{Edit, facts};
use expect_test::{Expect, expect};

/// A notebook in the layout Jupyter writes.
fn notebook(cells: &[&[&str]]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|lines| {
            let lines: Vec<String> = lines.iter().map(|line| format!("    {line:?}")).collect();
            format!(
                "  {{\n   \"cell_type\": \"code\",\n   \"outputs\": [ 1.0, 1e5 ],\n   \"source\": [\n{}\n   ]\n  }}",
                lines.join(",\n")
            )
        })
        .collect();
    format!(
        "{{\n \"cells\": [\n  {{\n   \"cell_type\": \"markdown\",\n   \"source\": \"# Title\"\n  }},\n{}\n ],\n \"metadata\": {{\n  \"language_info\": {{\n   \"name\": \"python\"\n  }}\n }},\n \"nbformat\": 4\n}}\n",
        cells.join(",\n")
    )
}

fn check_text(cells: &[&[&str]], expected: Expect) {
    let parsed = Notebook::parse(&notebook(cells)).expect("the test writes a notebook");
    assert!(parsed.is_python);
    for cell in &parsed.cells {
        assert_eq!(cell.source.len() as u32, cell.span.len());
    }
    assert!(facts(&parsed.text).errors.is_empty(), "{}", parsed.text);
    let shown: String = parsed.text.lines().map(|line| format!("{}|\n", line.replace(' ', "."))).collect();
    expected.assert_eq(&shown);
}

#[test]
fn cells_become_one_module() {
    check_text(
        &[&["import a\n", "b = 1"], &["await c()"], &[]],
        expect![[r#"
        import.a|
        b.=.1|
        await.c()|
        |
    "#]],
    );
}

#[test]
fn magics_are_blanked() {
    check_text(
        &[
            &[
                "%matplotlib inline\n",
                "!pip install é \\\n",
                "  more\n",
                "if x:\n",
                "    !ls\n",
                "y = %time f()\n",
                "z = !ls\n",
                "f?\n",
                "??g",
            ],
            &["%%bash\n", "rm -r \"\n"],
            &["%%time\n", "h()"],
            &["%%python3\n", "asyncio.run(h())"],
            &["a = (b\n", "  % c)\n", "s = '''\n", "%d\n", "!x\n", "'''\n", "d = e \\\n", "  % f\n", "g = h != i"],
        ],
        expect![[r#"
            0.................|
            0................|
            ......|
            if.x:|
            ....0..|
            y.=.0........|
            z.=.0..|
            0.|
            0..|
            ......|
            .......|
            |
            ......|
            h()|
            .........|
            ................|
            a.=.(b|
            ..%.c)|
            s.=.'''|
            %d|
            !x|
            '''|
            d.=.e.\|
            ..%.f|
            g.=.h.!=.i|
        "#]],
    );
}

#[test]
fn offsets_lead_to_cells() {
    let parsed = Notebook::parse(&notebook(&[&["a\n", "b"], &["c"]])).expect("a notebook");
    let places: Vec<_> = (0..7).map(|offset| parsed.locate(offset)).collect();
    let first = |line| Some((1, line));
    assert_eq!(places, [first(0), first(0), first(1), first(1), Some((2, 0)), Some((2, 0)), None]);
}

fn check_edits(json: &str, edits: &[(u32, u32, &str)], expected: Expect) {
    let edits: Vec<Edit> =
        edits.iter().map(|&(start, end, text)| Edit { span: Span::new(start, end), text: text.to_owned() }).collect();
    let actual = apply_edits(json, &edits).unwrap_or_else(|error| error.to_string());
    let changed: String = new_lines(json, &actual);
    expected.assert_eq(&changed);
}

/// The lines of `new` that `old` does not have, in order.
fn new_lines(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    new.lines().filter(|line| !old.contains(line)).map(|line| format!("+{line}\n")).collect()
}

#[test]
fn edits_touch_only_their_cell() {
    let json = notebook(&[&["import a\n", "b = \"é\""], &["%%time\n", "c()"]]);
    assert_eq!(apply_edits(&json, &[]).as_deref(), Ok(json.as_str()));
    check_edits(
        &json,
        &[(0, 0, "import asyncio\n"), (9, 10, "bb")],
        expect![[r#"
            +    "import asyncio\n",
            +    "bb = \"é\""
        "#]],
    );
    // A cell magic stays in front.
    check_edits(
        &json,
        &[(18, 18, "import x\n")],
        expect![[r#"
            +    "import x\n",
        "#]],
    );
    check_edits(
        &json,
        &[(25, 28, "await d()")],
        expect![[r#"
            +    "await d()"
        "#]],
    );
}

#[test]
fn sources_of_one_string_stay_so() {
    let json = r#"{"cells":[{"cell_type":"code","source":"a\nb"},{"cell_type":"code","source":["c\n","d"]}]}"#;
    check_edits(
        json,
        &[(0, 1, "x"), (4, 5, "y\nz")],
        expect![[r#"
            +{"cells":[{"cell_type":"code","source":"x\nb"},{"cell_type":"code","source":["y\n", "z\n", "d"]}]}
        "#]],
    );
}

#[test]
fn edits_that_cannot_be_made() {
    let json = notebook(&[&["a"], &["b"]]);
    check_edits(
        &json,
        &[(0, 3, "")],
        expect![[r#"
            +the edit reaches into another cell at byte 0
        "#]],
    );
    check_edits(
        &json,
        &[(0, 1, "x"), (0, 1, "y")],
        expect![[r#"
            +edits overlap at byte 0
        "#]],
    );
    check_edits(
        &json,
        &[(9, 9, "x")],
        expect![[r#"
            +the edit lies behind the last cell at byte 9
        "#]],
    );
}

#[test]
fn what_is_no_notebook() {
    let message = |json: &str| Notebook::parse(json).map_err(|error| error.to_string()).err().unwrap_or_default();
    expect!["not a notebook: invalid type: integer `1`, expected struct RawCell at line 2 column 12 at byte 13"]
        .assert_eq(&message("{\n \"cells\": [1]\n}"));
    expect!["not a notebook: EOF while parsing an object at line 1 column 1 at byte 0"].assert_eq(&message("{"));
    expect!["the source of a cell is neither text nor lines of text at byte 43"]
        .assert_eq(&message(r#"{"cells": [{"cell_type": "code", "source": 3}]}"#));
    let r = r#"{"cells": [], "metadata": {"kernelspec": {"name": "ir", "language": "R"}}}"#;
    assert_eq!(Notebook::parse(r).map(|notebook| notebook.is_python), Ok(false));
}
