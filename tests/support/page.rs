//! A rule page as data: its headings and its examples.
//!
//! The page is Markdown. Only fenced blocks and headings are read:
//! - ```` ```py ```` is an example: it is checked, its expected findings stand at the end of their lines
//!   (`# error: [rule] "part of the message"`), and a finding nobody expects fails. `# file: pkg/mod.py` alone on a line
//!   starts a further file; what stands before the first such line is `main.py`. Files under `site-packages/` are an
//!   installed dependency, and a file that ends in `.ipynb` holds the code of a notebook's cells.
//! - ```` ```toml ```` right before an example is its `asyncwise.toml`.
//! - ```` ```py fixed ```` after an example shows the files once the first fix of each finding of the page's rule is
//!   applied; files that do not change may be left out. It is checked again, so its own findings are marked too. The
//!   fixes must be safe; with `py fixed unsafe` they must be unsafe.

use asyncwise_analysis::finding::Severity;

/// The headings every page has, in this order.
pub const HEADINGS: [&str; 8] = [
    "What it does",
    "Why is this bad?",
    "Example",
    "Use instead",
    "When it stays silent",
    "Fix safety",
    "Options",
    "References",
];

/// The last heading, which a page may have: hover text ends before it.
pub const MORE: &str = "More examples";

/// A rule page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The text of the `#` heading.
    pub title: String,
    /// The codes of other tools on the `Same as:` line; none when it says `nothing else`.
    pub same_as: Option<Vec<String>>,
    /// The `##` headings in order.
    pub headings: Vec<String>,
    /// The examples in order.
    pub examples: Vec<Example>,
}

/// One example of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    /// The line of its opening fence.
    pub line: usize,
    /// The `##` heading it stands under.
    pub section: String,
    /// Its `asyncwise.toml`.
    pub config: Option<String>,
    /// Its files in order.
    pub files: Vec<ExampleFile>,
    /// What it looks like when it is mended.
    pub fixed: Option<Fixed>,
}

/// An example after its fixes.
#[derive(Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The line of its opening fence.
    pub line: usize,
    /// Whether the fixes are unsafe ones.
    pub is_unsafe: bool,
    /// The files that are shown.
    pub files: Vec<ExampleFile>,
}

/// One file of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFile {
    /// Its path, relative to the example's root.
    pub path: String,
    /// The line of the page its text begins at.
    pub line: usize,
    /// Its text without the expectations.
    pub text: String,
    /// The findings it gives.
    pub expected: Vec<Expected>,
}

/// A finding an example gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The line in its file, from 1.
    pub line: usize,
    /// How loud it is.
    pub severity: Severity,
    /// Its rule.
    pub rule: String,
    /// A part of its message.
    pub fragment: Option<String>,
}

/// Something a page does not say properly, with its line.
pub type Mistake = (usize, String);

const NO_EXAMPLE: &str = "no example stands right after this configuration";

/// Reads a page. Mistakes do not stop it.
pub fn parse(text: &str) -> (Page, Vec<Mistake>) {
    let mut page = Page::default();
    let mut mistakes = Vec::new();
    let mut config: Option<(usize, String)> = None;
    let mut may_be_fixed = false;
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    while let Some((number, line)) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let mut body = Vec::new();
            let mut closed = false;
            for (_, line) in lines.by_ref() {
                if line == "```" {
                    closed = true;
                    break;
                }
                body.push(line);
            }
            if !closed {
                mistakes.push((number, "this block is not closed".into()));
            }
            let before = config.take();
            match info {
                "py" => {
                    let files = files(number + 1, &body, &mut mistakes);
                    let section = page.headings.last().cloned().unwrap_or_default();
                    let config = before.map(|(_, text)| text);
                    page.examples.push(Example { line: number, section, config, files, fixed: None });
                    may_be_fixed = true;
                    continue;
                }
                "py fixed" | "py fixed unsafe" => {
                    let files = files(number + 1, &body, &mut mistakes);
                    let fixed = Fixed { line: number, is_unsafe: info.ends_with("unsafe"), files };
                    match page.examples.last_mut() {
                        Some(example) if may_be_fixed => example.fixed = Some(fixed),
                        _ => mistakes.push((number, "no example stands before this `fixed` block".into())),
                    }
                    may_be_fixed = false;
                }
                "toml" => config = Some((number, body.join("\n") + "\n")),
                "text" => {}
                other => mistakes.push((number, format!("unknown kind of block `{other}`"))),
            }
            if let Some((line, _)) = before {
                mistakes.push((line, NO_EXAMPLE.into()));
            }
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            page.headings.push(heading.trim().to_owned());
            may_be_fixed = false;
        } else if let Some(title) = line.strip_prefix("# ") {
            page.title = title.trim().to_owned();
        } else if let Some(codes) = line.strip_prefix("Same as: ") {
            let codes = codes.trim_end_matches('.');
            let codes = if codes == "nothing else" { "" } else { codes };
            let codes = codes.split(',').map(|code| code.trim().replace('`', ""));
            page.same_as = Some(codes.filter(|code| !code.is_empty()).collect());
        }
        if !line.trim().is_empty()
            && let Some((line, _)) = config.take()
        {
            mistakes.push((line, NO_EXAMPLE.into()));
        }
    }
    if let Some((line, _)) = config {
        mistakes.push((line, NO_EXAMPLE.into()));
    }
    (page, mistakes)
}

/// The files of a block whose first line is line `first` of the page.
fn files(first: usize, body: &[&str], mistakes: &mut Vec<Mistake>) -> Vec<ExampleFile> {
    let new = |path: &str, line| ExampleFile { path: path.into(), line, text: String::new(), expected: Vec::new() };
    let mut files = vec![new("main.py", first)];
    for (index, line) in body.iter().enumerate() {
        let number = first + index;
        if let Some(path) = line.strip_prefix("# file: ") {
            let path = path.trim();
            if files.iter().any(|file| file.path == path && !file.text.trim().is_empty()) {
                mistakes.push((number, format!("`{path}` is there twice")));
            }
            if files.len() == 1 && files[0].text.trim().is_empty() {
                files.clear();
            }
            files.push(new(path, number + 1));
            continue;
        }
        let file = files.last_mut().expect("there is always one");
        let in_file = number - file.line + 1;
        let code = match split_expectations(line) {
            None => line,
            Some((code, comments)) => {
                match expectations(comments, in_file) {
                    Ok(expected) => file.expected.extend(expected),
                    Err(message) => mistakes.push((number, message)),
                }
                code
            }
        };
        file.text.push_str(code);
        file.text.push('\n');
    }
    files
}

const SEVERITIES: [(&str, Severity); 4] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info), ("hint", Severity::Hint)];

/// The code of a line and, where there are any, its expectations from their `#`.
fn split_expectations(line: &str) -> Option<(&str, &str)> {
    let at = SEVERITIES.iter().filter_map(|(word, _)| line.find(&format!("# {word}:"))).min()?;
    Some((line[..at].trim_end(), &line[at..]))
}

/// Reads `# error: [rule] "part" # hint: [rule]`.
fn expectations(mut rest: &str, line: usize) -> Result<Vec<Expected>, String> {
    let mut all = Vec::new();
    while !rest.is_empty() {
        let wrong = || format!("not an expectation: `{rest}`; write `# error: [rule] \"part of the message\"`");
        let after = rest.strip_prefix("# ").ok_or_else(wrong)?;
        let (word, after) = after.split_once(": [").ok_or_else(wrong)?;
        let severity = SEVERITIES.iter().find(|(name, _)| *name == word).ok_or_else(wrong)?.1;
        let (rule, after) = after.split_once(']').ok_or_else(wrong)?;
        let mut after = after.trim_start();
        let mut fragment = None;
        if let Some(quoted) = after.strip_prefix('"') {
            let (inside, left) = quoted.split_once('"').ok_or_else(wrong)?;
            fragment = Some(inside.to_owned());
            after = left.trim_start();
        }
        if rule.is_empty() || !(after.is_empty() || after.starts_with('#')) {
            return Err(wrong());
        }
        all.push(Expected { line, severity, rule: rule.to_owned(), fragment });
        rest = after;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_example(text: &str) -> Example {
        let (page, mistakes) = parse(text);
        assert_eq!(mistakes, []);
        page.examples.into_iter().next().expect("one example")
    }

    #[test]
    fn a_page_has_a_title_codes_and_headings() {
        let (page, mistakes) = parse("# some-rule\n\nSame as: `ASYNC1`, mypy x.\n\n## What it does\n\n## Example\n");
        assert_eq!(mistakes, []);
        assert_eq!(page.title, "some-rule");
        assert_eq!(page.same_as, Some(vec!["ASYNC1".to_owned(), "mypy x".to_owned()]));
        assert_eq!(page.headings, ["What it does", "Example"]);
        assert_eq!(parse("Same as: nothing else.\n").0.same_as, Some(vec![]));
    }

    #[test]
    fn expectations_leave_the_code_and_keep_their_line() {
        let example = only_example("```py\na()\nb()  # error: [x] \"says\" # hint: [y]\n```\n");
        let [file] = &example.files[..] else { panic!("{:?}", example.files) };
        assert_eq!((file.path.as_str(), file.line, file.text.as_str()), ("main.py", 2, "a()\nb()\n"));
        let got: Vec<_> =
            file.expected.iter().map(|e| (e.line, e.severity, e.rule.as_str(), e.fragment.as_deref())).collect();
        assert_eq!(got, [(2, Severity::Error, "x", Some("says")), (2, Severity::Hint, "y", None)]);
    }

    #[test]
    fn files_are_counted_from_their_own_first_line() {
        let example = only_example("```py\n# file: a.py\nx = 1\n# file: p/b.py\n\ny()  # warning: [r]\n```\n");
        let got: Vec<_> = example.files.iter().map(|f| (f.path.as_str(), f.line, f.text.as_str())).collect();
        assert_eq!(got, [("a.py", 3, "x = 1\n"), ("p/b.py", 5, "\ny()\n")]);
        assert_eq!(example.files[1].expected[0].line, 2);
    }

    #[test]
    fn configuration_belongs_to_the_example_right_after_it() {
        let example = only_example("```toml\na = 1\n```\n\n```py\nx\n```\n");
        assert_eq!(example.config.as_deref(), Some("a = 1\n"));
        let (_, mistakes) = parse("```toml\na = 1\n```\nwords\n```py\nx\n```\n");
        assert_eq!(mistakes, [(1, NO_EXAMPLE.to_owned())]);
    }

    #[test]
    fn a_fixed_block_belongs_to_the_example_before_it() {
        let example = only_example("```py\nx\n```\nafter:\n```py fixed unsafe\ny\n```\n");
        let fixed = example.fixed.expect("a fixed block");
        assert_eq!((fixed.line, fixed.is_unsafe, fixed.files[0].text.as_str()), (5, true, "y\n"));
        assert_eq!(parse("```py fixed\ny\n```\n").1.len(), 1);
    }

    #[test]
    fn what_is_not_understood_is_a_mistake() {
        for text in ["```py\nx # error: rule\n```\n", "```py\nx # error: [r] \"open\n```\n", "```rb\n```\n", "```py\n"]
        {
            assert_eq!(parse(text).1.len(), 1, "{text}");
        }
    }
}
