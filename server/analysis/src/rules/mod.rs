//! The rules: one Markdown page each in `queries/rules`, plus a `.scm` there or a module here.

mod boundary;
mod make_async;
pub mod make_function_async;
mod queries;
mod switch;
mod twin;
mod unawaited_coroutine;

pub(crate) use boundary::Identity;
pub(crate) use queries::query_findings;
pub(crate) use unawaited_coroutine::unawaited_coroutines;

use crate::analysis::Analysis;
use crate::graph::SiteRef;
use crate::settings::{Level, Settings};

/// What is known of a rule without running it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleInfo {
    /// Its name, which is its code.
    pub name: &'static str,
    /// The group it belongs to (`loop-boundary`, `await`, `blocking`, `suppression`; `audit`: see [`Self::is_audit_only`]).
    pub group: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// Codes of other tools whose `# noqa` silences it too.
    pub same_as: &'static [&'static str],
    /// Whether it reports unless it is switched on.
    pub default_on: bool,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// The group of the rules that speak of a whole project.
const AUDIT: &str = "audit";

impl RuleInfo {
    /// Whether it speaks of the whole project, so that only [`audit`](crate::audit) reports it, never a check.
    pub fn is_audit_only(&self) -> bool {
        self.group == AUDIT
    }

    /// Its page without the examples at the end, which are its test suite and too many to read through.
    pub fn explanation(&self) -> &'static str {
        self.page.split_once("\n## More examples").map_or(self.page, |(page, _)| page).trim_end()
    }

    /// The text under a `##` heading of its page.
    pub fn section(&self, heading: &str) -> Option<&'static str> {
        let sections = self.page.split("\n## ").skip(1);
        let found = sections.filter_map(|section| section.split_once('\n')).find(|(title, _)| *title == heading);
        found.map(|(_, text)| text.trim())
    }
}

macro_rules! page {
    ($name:literal) => {
        include_str!(concat!("../../../../queries/rules/", $name, ".md"))
    };
}

static RULES: &[RuleInfo] = &[
    RuleInfo {
        name: "blocking-call",
        group: "blocking",
        summary: "A call blocks the thread of a running event loop, itself or through helpers",
        same_as: &[
            "ASYNC200", "ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC250", "ASYNC251", "S7487",
            "S7488", "S7489", "S7499", "S7501",
        ],
        default_on: true,
        page: page!("blocking-call"),
    },
    RuleInfo {
        name: "mixed-bridges",
        group: AUDIT,
        summary: "Several functions lead from sync to async code, and differ in what they do on a running loop",
        same_as: &[],
        default_on: true,
        page: page!("mixed-bridges"),
    },
    RuleInfo {
        name: "nested-event-loop",
        group: "loop-boundary",
        summary: "An event loop is started where one is already running, here or through helpers",
        same_as: &[],
        default_on: true,
        page: page!("nested-event-loop"),
    },
    RuleInfo {
        name: "unawaited-coroutine",
        group: "await",
        summary: "A coroutine is made and dropped, so its code never runs",
        same_as: &["ASYNC105"],
        default_on: true,
        page: page!("unawaited-coroutine"),
    },
    RuleInfo {
        name: "unused-ignore",
        group: "suppression",
        summary: "A comment that silences findings silences none",
        same_as: &[],
        default_on: true,
        page: page!("unused-ignore"),
    },
];

/// All rules, by name.
pub fn all() -> &'static [RuleInfo] {
    RULES
}

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static RuleInfo> {
    RULES.iter().find(|r| r.name == name)
}

/// Whether `name` is a group of rules, or `all`.
pub fn is_group(name: &str) -> bool {
    name == "all" || RULES.iter().any(|r| r.group == name)
}

/// The name of a rule or group that is spelled most like `name`.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names = RULES.iter().flat_map(|r| [r.name, r.group]);
    let best = names.map(|n| (strsim::jaro_winkler(n, name), n)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then_some(best.1)
}

/// The level of a rule under some settings.
pub fn level(settings: &Settings, rule: &str) -> Level {
    match settings.rules.levels.get(rule) {
        Some(level) => *level,
        None if find(rule).is_none_or(|r| r.default_on) => Level::On,
        None => Level::Off,
    }
}

/// Whether the constants that the call at `from` passes switch off what the chain leads to.
pub fn is_switched_off(analysis: &Analysis, from: SiteRef, chain: &[SiteRef]) -> bool {
    switch::is_off(analysis, from, chain)
}
