//! Building blocks of fixes: edits of source text that keep it valid.

pub(crate) mod block;

use crate::finding::{Edit, FileId, Place};
use crate::index::FileIndex;
use crate::infer::World;
use asyncwise_syntax::facts::*;

/// The source around a place, for making edits in one file.
#[derive(Copy, Clone)]
pub struct Source<'a> {
    /// The file.
    pub file: FileId,
    /// Its facts.
    pub facts: &'a FileFacts,
    /// Its look-ups.
    pub index: &'a FileIndex,
    /// Its text.
    pub text: &'a str,
    /// Top-level `await` is legal.
    pub is_notebook: bool,
}

impl<'a> Source<'a> {
    /// The source of a file.
    pub fn of(world: &'a World, file: FileId) -> Self {
        let source = world.program.file(file);
        Self {
            file,
            facts: &source.facts,
            index: world.index_of(file),
            text: &source.text,
            is_notebook: source.is_notebook,
        }
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The text of an expression.
    pub fn expr(&self, expr: ExprId) -> &'a str {
        self.slice(self.facts.expr(expr).span)
    }

    /// A replacement.
    pub fn edit(&self, span: Span, text: impl Into<String>) -> Edit {
        Edit { place: Place { file: self.file, span }, text: text.into() }
    }

    /// Whether `await` may stand where `expr` stands.
    pub fn await_is_legal(&self, expr: ExprId) -> bool {
        let mut scope = self.facts.expr(expr).scope;
        loop {
            let s = self.facts.scope(scope);
            match s.kind {
                ScopeKind::Function { is_async } => return is_async,
                ScopeKind::Module => return self.is_notebook,
                ScopeKind::Lambda | ScopeKind::Class => return false,
                ScopeKind::Comprehension { .. } => {
                    let generator = s.expr.is_some_and(|e| {
                        matches!(
                            self.facts.expr(e).kind,
                            ExprKind::Comprehension { kind: ComprehensionKind::Generator, .. }
                        )
                    });
                    match s.parent {
                        Some(parent) if !generator => scope = parent,
                        _ => return false,
                    }
                }
            }
        }
    }

    /// `await <operand>` in place of `expr`, in parentheses where the place needs them; the operand alone where it is awaited already.
    pub fn awaited(&self, expr: ExprId, operand: &str) -> String {
        if let Parent::Expr(parent) = self.facts.expr(expr).parent
            && matches!(self.facts.expr(parent).kind, ExprKind::Await(_))
        {
            return operand.to_owned();
        }
        if self.binds_tighter(expr) { format!("(await {operand})") } else { format!("await {operand}") }
    }

    /// The edits that put `await` before an expression and keep the rest.
    pub fn insert_await(&self, expr: ExprId) -> Vec<Edit> {
        let span = self.facts.expr(expr).span;
        let before = Span::new(span.start, span.start);
        if self.binds_tighter(expr) {
            vec![self.edit(before, "(await "), self.edit(Span::new(span.end, span.end), ")")]
        } else {
            vec![self.edit(before, "await ")]
        }
    }

    /// Whether what stands around `expr` binds tighter than `await`.
    fn binds_tighter(&self, expr: ExprId) -> bool {
        let Parent::Expr(parent) = self.facts.expr(expr).parent else { return false };
        match self.facts.expr(parent).kind {
            ExprKind::Attribute { .. } | ExprKind::Await(_) => true,
            ExprKind::Subscript { value, .. } => value == expr,
            ExprKind::Call { func, .. } => func == expr,
            _ => false,
        }
    }

    /// The text of `expr` as the operand of `await`.
    pub fn operand(&self, expr: ExprId) -> String {
        let text = self.expr(expr);
        let primary = matches!(
            self.facts.expr(expr).kind,
            ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Call { .. } | ExprKind::Subscript { .. }
        );
        if primary && !breaks_line(text) { text.to_owned() } else { format!("({text})") }
    }

    /// The text between the parentheses of a call, as written.
    pub fn arguments(&self, call: ExprId) -> Option<&'a str> {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return None };
        let span = self.facts.expr(call).span;
        // The callee may itself stand in parentheses, which are no part of its span.
        let after = self.slice(Span::new(self.facts.expr(func).span.end, span.end));
        let open = after.find('(')?;
        after[open + 1..].strip_suffix(')')
    }

    /// `await f` made of a call that takes the coroutine `argument`: `run(x)` -> `await x`.
    pub fn call_to_await(&self, call: ExprId, argument: ExprId) -> Edit {
        let whole = self.facts.expr(call).span;
        let inner = self.facts.expr(argument).span;
        let dropped = [Span::new(whole.start, inner.start), Span::new(inner.end, whole.end)];
        let operand = if dropped.iter().any(|s| self.slice(*s).contains('#')) {
            // Comments stand between the parentheses: keep all that is there.
            let kept = self.arguments(call).unwrap_or_default();
            let tail = self.slice(Span::new(inner.end, whole.end)).trim_start();
            let kept = if tail.starts_with(',') {
                without_comma(kept, inner.end - whole.start, self, whole)
            } else {
                kept.to_owned()
            };
            format!("({kept})")
        } else {
            self.operand(argument)
        };
        self.edit(whole, self.awaited(call, &operand))
    }

    /// The edit that imports `module`, unless the file does at module level.
    pub fn import(&self, module: &str) -> Option<Edit> {
        if self.index.imported.contains(module) {
            return None;
        }
        self.import_statement(&format!("import {module}"))
    }

    /// The edit that puts an import statement before the others at module level.
    pub fn import_statement(&self, statement: &str) -> Option<Edit> {
        let block = self.facts.block(self.facts.scope(ScopeId::MODULE).body);
        let is_header = |s: &&StmtId| match &self.facts.stmt(**s).kind {
            StmtKind::Expr(e) => matches!(self.facts.expr(*e).kind, ExprKind::Str(_)),
            StmtKind::Import(run) => self.facts.imports[run.range()].iter().any(|i| i.module == "__future__"),
            _ => false,
        };
        let header = block.iter().take_while(is_header).count();
        let newline = self.newline();
        Some(match block.get(header) {
            Some(&next) => {
                let start = self.facts.stmt(next).span.start;
                let start = self.line_start(start);
                self.edit(Span::new(start, start), format!("{statement}{newline}"))
            }
            None => {
                let end = self.text.len() as u32;
                self.edit(Span::new(end, end), format!("{newline}{statement}{newline}"))
            }
        })
    }

    /// The byte offset where the line that holds `offset` ends, before what ends it.
    pub fn line_end(&self, offset: u32) -> u32 {
        let rest = self.text.get(offset as usize..).unwrap_or_default();
        offset + rest.find(['\n', '\r']).unwrap_or(rest.len()) as u32
    }

    /// What ends the lines of the file.
    pub fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Offset of the first byte of the line that holds `offset`.
    pub fn line_start(&self, offset: u32) -> u32 {
        let before = &self.text[..(offset as usize).min(self.text.len())];
        before.rfind(['\n', '\r']).map_or(0, |i| i + 1) as u32
    }
}

fn without_comma(kept: &str, inner_end: u32, source: &Source<'_>, whole: Span) -> String {
    let open = source.slice(whole).len() - kept.len() - 1;
    let at = inner_end as usize - open;
    match kept[at..].find(',') {
        Some(comma) => format!("{}{}", &kept[..at + comma], &kept[at + comma + 1..]),
        None => kept.to_owned(),
    }
}

/// Whether the text has a line break outside of brackets and strings, so that it needs parentheses to stand alone.
fn breaks_line(text: &str) -> bool {
    let mut depth = 0i32;
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '\n' | '\r' if depth <= 0 => return true,
            _ => {}
        }
    }
    false
}

/// The library whose functions a fix should use: the one the file imports.
pub fn async_library(index: &FileIndex) -> &'static str {
    let imports = |name: &str| index.packages.contains(name);
    if imports("asyncio") {
        "asyncio"
    } else if imports("trio") {
        "trio"
    } else if imports("anyio") {
        "anyio"
    } else {
        "asyncio"
    }
}

/// Sorts edits and drops duplicates; none when some overlap.
pub fn tidy(mut edits: Vec<Edit>) -> Option<Vec<Edit>> {
    edits.sort();
    edits.dedup();
    let apart = |w: &[Edit]| w[0].place.file != w[1].place.file || w[0].place.span.end <= w[1].place.span.start;
    edits.windows(2).all(apart).then_some(edits)
}
