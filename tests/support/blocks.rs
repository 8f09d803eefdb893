//! The blocks of Python code in documentation that is written in Markdown or in reStructuredText.

use crate::engine;
use asyncwise_syntax::facts::ScopeId;
use serde_json::json;

/// A block of code that is Python.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// The line its code begins at, from 1.
    pub line: usize,
    /// The code, without its indentation and the prompts of a session.
    pub code: String,
}

/// The languages of blocks that hold Python.
const PYTHON: [&str; 7] = ["", "py", "python", "python3", "pycon", "py3", "default"];

/// The directives of reStructuredText whose content is code.
const DIRECTIVES: [&str; 4] = ["code-block", "code", "sourcecode", "testcode"];

impl Block {
    /// The first line that is not blank.
    pub fn first_line(&self) -> &str {
        self.code.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
    }

    /// The end of the file's name and its text: with an `await` outside functions it runs like the cell of a notebook.
    pub fn as_file(&self) -> (&'static str, String) {
        if !engine::facts(&self.code).scope(ScopeId::MODULE).has_await {
            return ("py", self.code.clone());
        }
        let cell = json!({
            "cell_type": "code", "execution_count": null, "id": "block", "metadata": {}, "outputs": [], "source": self.code,
        });
        let notebook = json!({ "cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5 });
        ("ipynb", notebook.to_string())
    }
}

/// The blocks of a document that are Python without an error, in order.
pub fn python_blocks(document: &str) -> Vec<Block> {
    let lines: Vec<&str> = document.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (content, after) = block_at(&lines, at);
        if let Some((from, to)) = content {
            let code = code(&lines[from..to]);
            if !code.trim().is_empty() && engine::facts(&code).errors.is_empty() {
                blocks.push(Block { line: from + 1, code });
            }
        }
        at = after;
    }
    blocks
}

/// The lines of the block that begins at a line, if one does, and the line to go on at.
fn block_at(lines: &[&str], at: usize) -> (Option<(usize, usize)>, usize) {
    let line = lines[at].trim();
    if let Some(info) = line.strip_prefix("```") {
        let end = (at + 1..lines.len()).find(|&i| lines[i].trim() == "```").unwrap_or(lines.len());
        let language = info.split([' ', ',', '{']).next().unwrap_or_default();
        return (is_python(language).then_some((at + 1, end)), end + 1);
    }
    if line.starts_with(">>> ") {
        let end = (at..lines.len()).find(|&i| lines[i].trim().is_empty()).unwrap_or(lines.len());
        return (Some((at, end)), end);
    }
    let (is_code, is_python) = match line.strip_prefix(".. ").and_then(|directive| directive.split_once("::")) {
        Some((name, language)) => (DIRECTIVES.contains(&name), is_python(language.trim())),
        None => (line.ends_with("::") && !line.starts_with(".. "), true),
    };
    if !is_code {
        return (None, at + 1);
    }
    let is_inside = |i: &usize| lines[*i].trim().is_empty() || indentation(lines[*i]) > indentation(lines[at]);
    let end = (at + 1..lines.len()).find(|i| !is_inside(i)).unwrap_or(lines.len());
    let is_option = |i: &usize| lines[*i].trim().starts_with(':');
    let from = (at + 1..end).find(|i| !is_option(i)).unwrap_or(end);
    let from = (from..end).find(|&i| !lines[i].trim().is_empty()).unwrap_or(end);
    (is_python.then_some((from, end)), end)
}

fn is_python(language: &str) -> bool {
    PYTHON.contains(&language.to_ascii_lowercase().as_str())
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Lines as they are run: dedented, and of a session what was typed.
fn code(lines: &[&str]) -> String {
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = filled.map(|line| indentation(line)).min().unwrap_or(0);
    let dedented = lines.iter().map(|line| line.get(indent..).unwrap_or_default());
    let is_session = dedented.clone().any(|line| line.starts_with(">>> "));
    let typed = dedented.filter_map(|line| {
        if is_session {
            let prompted = line.strip_prefix(">>>").or_else(|| line.strip_prefix("..."));
            return prompted.map(|line| line.strip_prefix(' ').unwrap_or(line));
        }
        Some(line)
    });
    typed.fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(document: &str) -> Vec<(usize, String)> {
        python_blocks(document).into_iter().map(|block| (block.line, block.code)).collect()
    }

    fn block(line: usize, code: &str) -> (usize, String) {
        (line, code.to_owned())
    }

    #[test]
    fn fences_of_other_languages_and_what_is_not_python_are_left_out() {
        let document = "```sh\npip\n```\n\n```python hl_lines=\"1\"\na = 1\n```\n\n```\n$ pip install a\n```\n";
        assert_eq!(blocks(document), [block(6, "a = 1\n")]);
    }

    #[test]
    fn literal_blocks_and_directives_are_dedented() {
        let document = "Do::\n\n    if a:\n        b()\n\n.. code-block:: python\n   :name: x\n\n   c()\n\n.. note::\n\n   d\n\n\
            .. code:: console\n\n   >>> e\n";
        assert_eq!(blocks(document), [block(3, "if a:\n    b()\n\n"), block(9, "c()\n\n")]);
    }

    #[test]
    fn sessions_are_what_was_typed() {
        let document = "Try:\n\n>>> with a:\n...     b()\n1\n>>> c\n\nend\n";
        assert_eq!(blocks(document), [block(3, "with a:\n    b()\nc\n")]);
    }

    #[test]
    fn an_await_outside_functions_makes_a_cell() {
        let name = |code: &str| Block { line: 1, code: code.to_owned() }.as_file().0;
        assert_eq!(name("async def f():\n    await a\n"), "py");
        assert_eq!(name("await a\n"), "ipynb");
    }
}
