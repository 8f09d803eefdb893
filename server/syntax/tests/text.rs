//! Decoding, and positions.

use asyncwise_syntax::text::{DecodeError, decode};
use asyncwise_syntax::{Columns, LineIndex, Position};
use expect_test::{Expect, expect};

fn check(bytes: &[u8], expected: Expect) {
    let actual = match decode(bytes) {
        Ok(decoded) => format!("{} bom={} {:?}", decoded.encoding, decoded.has_bom, decoded.text),
        Err(error) => format!("byte {}: {error}", error.offset()),
    };
    expected.assert_eq(&actual);
}

#[test]
fn utf_8_with_and_without_a_mark() {
    check("é = 1".as_bytes(), expect![[r#"utf-8 bom=false "é = 1""#]]);
    check(b"\xef\xbb\xbfx", expect![[r#"utf-8 bom=true "x""#]]);
    check(b"\xef\xbb\xbf# coding: utf8\nx", expect![[r##"utf8 bom=true "# coding: utf8\nx""##]]);
    check(b"", expect![[r#"utf-8 bom=false """#]]);
}

#[test]
fn cookies() {
    check(b"# -*- coding: latin-1 -*-\n'\xe9'", expect![[r##"latin-1 bom=false "# -*- coding: latin-1 -*-\n'é'""##]]);
    check(
        b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'",
        expect![[r##"cp1252 bom=false "#!/bin/python\n# vim: set fileencoding=cp1252 :\n'€'""##]],
    );
    check(b"\r\n#coding=shift_jis\n'\x82\xa0'", expect![[r#"shift_jis bom=false "\r\n#coding=shift_jis\n'あ'""#]]);
    check(b"x = 1\n# coding: latin-1\n", expect![[r#"utf-8 bom=false "x = 1\n# coding: latin-1\n""#]]);
    check(b"#\n#\n# coding: latin-1\n", expect![[r##"utf-8 bom=false "#\n#\n# coding: latin-1\n""##]]);
    check(b"# coding: euc_jp\n'\xa4\xa2'", expect![[r##"euc_jp bom=false "# coding: euc_jp\n'あ'""##]]);
}

#[test]
fn what_is_no_text() {
    check(
        b"x = '\xe9'",
        expect![
            "byte 5: not utf-8 at byte 5: save the file as UTF-8, or declare `# -*- coding: ... -*-` in its first line"
        ],
    );
    check(
        b"# coding: utf-8\n\xff",
        expect!["byte 16: not utf-8 at byte 16: the encoding comment does not fit the file"],
    );
    check(
        b"# coding: ascii\n\xff",
        expect!["byte 16: not ascii at byte 16: the encoding comment does not fit the file"],
    );
    check(
        b"# coding: shift_jis\n'\x82'",
        expect!["byte 21: not shift_jis at byte 21: the encoding comment does not fit the file"],
    );
    check(
        b"# coding: nonsense\n",
        expect![
            "byte 10: unknown encoding `nonsense` declared at byte 10: save the file as UTF-8, or correct its name"
        ],
    );
    check(
        b"# coding: utf-16\n",
        expect!["byte 10: unknown encoding `utf-16` declared at byte 10: save the file as UTF-8, or correct its name"],
    );
    check(
        b"\xef\xbb\xbf# coding: latin-1\n",
        expect!["byte 13: encoding `latin-1` declared at byte 13 after a UTF-8 byte order mark: remove one of the two"],
    );
    assert!(matches!(decode(b"\xff"), Err(DecodeError::Malformed { offset: Some(0), .. })));
}

#[test]
fn lines_end_three_ways() {
    let text = "a\r\nb\rc\n\nd";
    let index = LineIndex::new(text);
    let lines: Vec<&str> = (0..index.line_count()).map(|line| index.line_text(text, line)).collect();
    assert_eq!(lines, ["a", "b", "c", "", "d"]);
    assert_eq!(index.line(2), 0);
    assert_eq!(index.line(3), 1);
    assert_eq!(index.line(100), 4);
    assert!(index.line_span(9).is_empty());
}

#[test]
fn columns_of_three_kinds() {
    let text = "x\né𝒳z\r\n";
    let index = LineIndex::new(text);
    let z = text.find('z').map_or(0, |at| at as u32);
    for (columns, column) in [(Columns::Utf8, 6), (Columns::Utf16, 3), (Columns::Chars, 2)] {
        assert_eq!(index.position(text, z, columns), Position { line: 1, column });
        assert_eq!(index.offset(text, Position { line: 1, column }, columns), z);
        // Past the end of the line is its end; past the last line is the end of the text.
        assert_eq!(index.offset(text, Position { line: 1, column: 99 }, columns), z + 1);
        assert_eq!(index.offset(text, Position { line: 9, column: 0 }, columns), text.len() as u32);
    }
    // The middle of a surrogate pair is the start of the character.
    assert_eq!(index.offset(text, Position { line: 1, column: 2 }, Columns::Utf16), 4);
    assert_eq!(index.position(text, 5, Columns::Chars), Position { line: 1, column: 1 });
}
