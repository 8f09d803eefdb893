//! IPython's magics in a cell, blanked so that Python is left and every byte stays where it is.

/// Cell magics whose cell is Python that the kernel runs; `%%python` and the like run another interpreter.
const PYTHON_CELLS: &[&str] = &["time", "timeit", "capture", "prun", "mprun", "memit", "debug"];

/// The source with its magics blanked; of the same length.
pub(crate) fn blank_magics(source: &str) -> String {
    let mut out = source.as_bytes().to_vec();
    let mut at = 0;
    if let Some(magic) = source.trim_start().strip_prefix("%%") {
        let name: String = magic.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let end = source.find('\n').unwrap_or(source.len());
        let is_python = PYTHON_CELLS.contains(&name.as_str());
        at = if is_python { end } else { source.len() };
        blank(&mut out[..at]);
    }
    let mut state = State::default();
    for line in source[at..].split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        if state.in_magic {
            state.in_magic = ends_with_backslash(line);
            blank(&mut out[range]);
        } else if let Some(start) = state.is_fresh().then(|| magic_start(line)).flatten() {
            state.in_magic = ends_with_backslash(line);
            replace(&mut out[range.start + start..range.end]);
        } else {
            state.read(line);
        }
    }
    // Bytes of whole characters were replaced by blanks.
    String::from_utf8(out).unwrap_or_else(|_| " ".repeat(source.len()))
}

fn blank(bytes: &mut [u8]) {
    for b in bytes.iter_mut().filter(|b| !matches!(b, b'\n' | b'\r')) {
        *b = b' ';
    }
}

/// Puts a statement, that is also a value, in the place of a magic.
fn replace(bytes: &mut [u8]) {
    blank(bytes);
    if let Some(first) = bytes.first_mut() {
        *first = b'0';
    }
}

fn ends_with_backslash(line: &str) -> bool {
    line.trim_end_matches(['\n', '\r']).ends_with('\\')
}

/// Where the magic in a line that begins a statement starts: at its first word, or after `=`.
fn magic_start(line: &str) -> Option<usize> {
    let body = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - body.len();
    let code = body.trim_end();
    if body.starts_with(['%', '!', '?']) {
        return Some(indent);
    }
    let is_help =
        code.ends_with('?') && code.trim_end_matches('?').chars().all(|c| c.is_alphanumeric() || "._%*".contains(c));
    if is_help {
        return Some(indent);
    }
    let equals = body.find('=')?;
    let is_target = body[..equals].chars().all(|c| c.is_alphanumeric() || "_., \t".contains(c));
    let value = body[equals + 1..].trim_start_matches([' ', '\t']);
    let is_magic = value.starts_with('!') && !value.starts_with("!=") || value.starts_with('%');
    (is_target && is_magic).then(|| line.len() - value.len())
}

/// What is open at the end of a line.
#[derive(Default)]
struct State {
    brackets: u32,
    /// The three quotes that close the string.
    string: Option<&'static str>,
    continued: bool,
    in_magic: bool,
}

impl State {
    fn is_fresh(&self) -> bool {
        self.brackets == 0 && self.string.is_none() && !self.continued
    }

    fn read(&mut self, line: &str) {
        let mut rest = line;
        self.continued = false;
        while let Some(c) = rest.chars().next() {
            if let Some(quotes) = self.string {
                if c == '\\' {
                    rest = skip_escape(rest);
                } else if let Some(after) = rest.strip_prefix(quotes) {
                    self.string = None;
                    rest = after;
                } else {
                    rest = &rest[c.len_utf8()..];
                }
                continue;
            }
            match c {
                '#' => return,
                '\\' => self.continued = true,
                '(' | '[' | '{' => self.brackets += 1,
                ')' | ']' | '}' => self.brackets = self.brackets.saturating_sub(1),
                '"' | '\'' => {
                    rest = self.quote(rest, c);
                    continue;
                }
                _ => {}
            }
            rest = &rest[c.len_utf8()..];
        }
    }

    /// Passes the string that begins `rest`, or notes that it goes on in the next line.
    fn quote<'a>(&mut self, rest: &'a str, quote: char) -> &'a str {
        let triple = if quote == '"' { "\"\"\"" } else { "'''" };
        if let Some(after) = rest.strip_prefix(triple) {
            self.string = Some(triple);
            return after;
        }
        let mut rest = &rest[1..];
        while let Some(c) = rest.chars().next() {
            match c {
                '\\' => rest = skip_escape(rest),
                '\n' | '\r' => return rest,
                _ => {
                    rest = &rest[c.len_utf8()..];
                    if c == quote {
                        return rest;
                    }
                }
            }
        }
        rest
    }
}

/// What follows a backslash and the character after it.
fn skip_escape(rest: &str) -> &str {
    let mut chars = rest.chars();
    chars.next();
    chars.next();
    chars.as_str()
}
