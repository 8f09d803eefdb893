//! The cases are Python files. Every function in them is one case; the comments say what must come out:
//!
//! - `# loop: STATES` the states that reach the first call on the line, or the statement where it has no call;
//! - `# when running: NAME = A | B` (also `when not running`, `when any`): where the value of the first use of `NAME` (or
//!   `self.NAME`) on the line comes from;
//! - `# summary: WORDS` on a `def` line: what its callers are told;
//! - `# flag NAME: VALUE / VALUE` on a `def` line: what the attribute holds at the end, with and without a loop.
//!
//! Names mean what they mean in Python's libraries ([`ByName`]), and functions of the same file what their summary says.

mod limits;

use super::*;
use asyncwise_syntax::facts::{NameId, Span};
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// An oracle that goes by dotted names.
struct ByName<'a> {
    facts: &'a FileFacts,
    functions: FxHashMap<NameId, CallMeaning>,
    flags: FxHashMap<NameId, FlagMeaning>,
}

impl Oracle for ByName<'_> {
    fn call(&self, call: ExprId) -> CallMeaning {
        let ExprKind::Call { func, .. } = self.facts.expr(call).kind else { return CallMeaning::Other };
        if let ExprKind::Name(name) | ExprKind::Attribute { attr: name, .. } = self.facts.expr(func).kind
            && let Some(meaning) = self.functions.get(&name)
        {
            return meaning.clone();
        }
        match self.facts.dotted(func).as_deref() {
            Some("asyncio.get_running_loop") => CallMeaning::running_loop(),
            Some("sniffio.current_async_library") => {
                CallMeaning::probe_raises(ExceptionClass::named("AsyncLibraryNotFoundError"))
            }
            Some("asyncio._get_running_loop" | "events._get_running_loop") => CallMeaning::probe_none(),
            Some("trio.lowlevel.in_trio_run") => CallMeaning::probe_bool(),
            Some("asyncio.get_event_loop") => CallMeaning::CurrentLoop,
            Some("asyncio.new_event_loop") => CallMeaning::NewLoop,
            Some("asyncio.run") => CallMeaning::Starts,
            Some("asyncio.create_task") => CallMeaning::requires_loop(),
            Some("sys.exit") => CallMeaning::NeverReturns,
            Some("contextlib.suppress" | "suppress") => CallMeaning::Suppresses,
            Some(name) if name.ends_with(".run_until_complete") => CallMeaning::Starts,
            _ => self.method(func),
        }
    }
    fn attribute_flag(&self, expr: ExprId) -> Option<FlagMeaning> {
        match self.facts.expr(expr).kind {
            ExprKind::Name(name) if self.facts.name(name) == "ON_LOOP" => Some(FlagMeaning::TRUE_IFF_RUNNING),
            ExprKind::Attribute { attr, .. } => self.flags.get(&attr).copied(),
            _ => None,
        }
    }
}

impl ByName<'_> {
    fn method(&self, func: ExprId) -> CallMeaning {
        match self.facts.expr(func).kind {
            ExprKind::Attribute { attr, .. } if self.facts.name(attr) == "is_running" => CallMeaning::LoopIsRunning,
            ExprKind::Attribute { attr, .. } if self.facts.name(attr) == "run_until_complete" => CallMeaning::Starts,
            _ => CallMeaning::Other,
        }
    }
}

/// The oracle of a file, after its functions were summed up twice: helpers may use helpers.
fn oracle(facts: &FileFacts) -> ByName<'_> {
    let mut oracle = ByName { facts, functions: FxHashMap::default(), flags: FxHashMap::default() };
    for _ in 0..2 {
        for (id, scope) in facts.scopes() {
            if !matches!(scope.kind, ScopeKind::Function { .. }) {
                continue;
            }
            let flow = analyze(facts, id, usual_entry(facts, id), &oracle, Depth::WhereItMatters);
            if facts.name(scope.name) == "__init__" {
                oracle.flags.extend(flow.attributes().iter().filter_map(|a| Some((a.name, a.flag?))));
            } else {
                oracle.functions.insert(scope.name, flow.summary().meaning());
            }
        }
    }
    oracle
}

struct Checked<'a> {
    text: &'a str,
    facts: &'a FileFacts,
    flow: LoopFlow,
    id: ScopeId,
}

impl Checked<'_> {
    fn line(&self, offset: u32) -> usize {
        self.text[..offset as usize].matches('\n').count()
    }
    fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }
    fn is_own(&self, expr: ExprId) -> bool {
        self.facts.code_scope(self.facts.expr(expr).scope) == self.id
    }
    fn states(&self, line: usize) -> Option<String> {
        let facts = self.facts;
        let calls = facts.exprs().filter(|(_, e)| matches!(e.kind, ExprKind::Call { .. }));
        let on_line = calls.filter(|(_, e)| self.line(e.span.start) == line);
        if let Some((call, _)) = on_line.min_by_key(|(_, e)| (e.span.start, u32::MAX - e.span.end)) {
            return self.is_own(call).then(|| self.flow.state_at(facts, call).to_string());
        }
        let mut stmts = facts.stmts.iter().enumerate().filter(|(_, s)| s.scope == self.id);
        let (stmt, _) = stmts.find(|(_, s)| self.line(s.span.start) == line)?;
        Some(self.flow.state_of(StmtId(stmt as u32)).to_string())
    }
    fn definitions(&self, line: usize, name: &str, when: StateSet) -> Option<String> {
        let facts = self.facts;
        let mut uses = facts.exprs().filter(|(id, e)| {
            let is_use = matches!(e.kind, ExprKind::Name(_) | ExprKind::Attribute { .. });
            is_use && self.is_own(*id) && self.line(e.span.start) == line && self.slice(e.span) == name
        });
        let (at, _) = uses.next()?;
        let found = self.flow.definitions_at(facts, at, when);
        let words: Vec<String> = found.iter().map(|d| self.word(d)).collect();
        Some(if words.is_empty() { "-".to_owned() } else { words.join(" | ") })
    }
    fn word(&self, definition: &Definition) -> String {
        match definition {
            Definition::Other => "?".to_owned(),
            Definition::Expr(e) => self.slice(self.facts.expr(*e).span).to_owned(),
            Definition::Import(i) => format!("import {}", self.facts.import(*i).module),
            Definition::Scope(s) => format!("def {}", self.facts.name(self.facts.scope(*s).name)),
        }
    }
    fn summary(&self) -> String {
        let summary = self.flow.summary();
        let mut words = Vec::new();
        words.extend(summary.refuses_running.then(|| "refuses".to_owned()));
        words.extend(summary.requires_running.then(|| "requires".to_owned()));
        words.extend(summary.never_returns.then(|| "never".to_owned()));
        words.extend(summary.probe.map(|p| format!("{:?} / {:?}", p.running, p.not_running)));
        if let Some(raise) = summary.refusal_raise() {
            words.push(format!("raise on line +{}", self.line(self.facts.stmt(raise).span.start) - self.start()));
        }
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }
    fn start(&self) -> usize {
        self.line(self.facts.scope(self.id).name_span.start)
    }
    fn flag(&self, name: &str) -> String {
        let found = self.flow.attributes().iter().find(|a| self.facts.name(a.name) == name);
        let flag = found.and_then(|a| a.flag);
        flag.map_or("none".to_owned(), |f| format!("{:?} / {:?}", f.running, f.not_running))
    }
    /// What stands where a marker wants something.
    fn answer(&self, line: usize, key: &str, wanted: &str) -> Option<String> {
        let when = match key {
            "when running" => StateSet::WHEN_RUNNING,
            "when not running" => StateSet::WHEN_NOT_RUNNING,
            "when any" => StateSet::ALL,
            "loop" => return self.states(line),
            "summary" => return (self.start() == line).then(|| self.summary()),
            _ => {
                let name = key.strip_prefix("flag ")?;
                return (self.start() == line).then(|| self.flag(name));
            }
        };
        let (name, _) = wanted.split_once(" = ")?;
        Some(format!("{name} = {}", self.definitions(line, name, when)?))
    }
}

/// Checks every marker of a file, each in the innermost function around it.
fn check(name: &str, text: &str) {
    let facts = asyncwise_syntax::facts(text);
    assert!(facts.errors.is_empty(), "{name} is not Python: {:?}", facts.errors);
    let oracle = oracle(&facts);
    let mut wrong = String::new();
    let code = |line: &str| if line.trim_start().starts_with('#') { String::new() } else { line.to_owned() };
    let markers = |line: &str| code(line).split(" # ").skip(1).map(str::to_owned).collect::<Vec<_>>();
    let mut open: Vec<(usize, String)> = Vec::new();
    open.extend(text.lines().enumerate().flat_map(|(i, line)| markers(line).into_iter().map(move |m| (i, m))));
    for (id, scope) in facts.scopes() {
        if !matches!(scope.kind, ScopeKind::Function { .. } | ScopeKind::Module | ScopeKind::Lambda) {
            continue;
        }
        let flow = analyze(&facts, id, usual_entry(&facts, id), &oracle, Depth::WhereItMatters);
        let checked = Checked { text, facts: &facts, flow, id };
        open.retain(|(line, marker)| {
            let (key, wanted) = marker.split_once(": ").unwrap_or((marker, ""));
            let Some(found) = checked.answer(*line, key.trim(), wanted.trim()) else { return true };
            if found != wanted.trim() {
                let _ = writeln!(wrong, "{name}:{}: {key}: {found}, not {wanted}", line + 1);
            }
            false
        });
    }
    for (line, marker) in open {
        let _ = writeln!(wrong, "{name}:{}: {marker}: nothing to compare with", line + 1);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

macro_rules! cases {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(concat!(stringify!($name), ".py"), include_str!(concat!(stringify!($name), ".py")));
        }
    )*};
}

cases! { probes flags seeds tries conditions repeats definitions summaries reach }
