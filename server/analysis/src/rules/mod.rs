//! The rules: one Markdown page each in `queries/rules`, plus a `.scm` there or a module here.

mod async_error_told_by_text;
mod async_generator_without_safeguard;
mod boundary;
mod cleanup_by_sweep;
mod coroutine_escapes_cleanup;
mod cross_loop_object;
mod deprecated_get_event_loop;
mod dual_mode_bridge;
mod event_loop_in_thread;
mod job;
mod leaked_current_loop;
mod made_loop;
mod make_async;
pub mod make_function_async;
mod notebook_event_loop;
mod origins;
mod ownership;
mod queries;
mod quiet;
mod read_await_write;
mod recorded_before_done;
mod refusing;
mod self_deadlocking_wait;
mod swallowed_loop_error;
mod switch;
mod sync_twin;
mod task_without_loop;
mod tried;
mod twins;
mod unawaited_coroutine;
mod unclosed_async_generator;
mod unclosed_event_loop;
mod way;
mod work_inside_loop_probe;

pub(crate) use boundary::Identity;
pub use ownership::generate_close::generate_close;
pub(crate) use queries::query_findings;
pub(crate) use sync_twin::find as sync_twins;
pub(crate) use tried::tells;

use crate::analysis::{Analysis, RawFinding};
use crate::finding::{Confidence, FileId, Finding, Place};
use crate::graph::SiteRef;
use crate::index::FileIndex;
use crate::infer::Infer;
use crate::ownership::file::Held;
use crate::ownership::lifetime::Graphs;
use crate::ownership::owner::Owner;
use crate::settings::{Level, Settings};
use crate::sites::run_scope;
use crate::states::Flows;
use crate::types::Def;
use asyncwise_syntax::facts::{ExprId, FileFacts};
use smol_str::SmolStr;
use std::rc::Rc;

/// What is known of a rule without running it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleInfo {
    /// Its name, which is its code.
    pub name: &'static str,
    /// The group it belongs to (`loop-boundary`, `await`, `blocking`, `ownership`, `state`, `suppression`; `audit`: see
    /// [`Self::is_audit_only`]).
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

/// The group of the rules that speak of a whole project.
const AUDIT: &str = "audit";

macro_rules! page {
    ($name:literal) => {
        include_str!(concat!("../../../../queries/rules/", $name, ".md"))
    };
}

static RULES: &[RuleInfo] = &[
    RuleInfo {
        name: "async-error-told-by-text",
        group: "loop-boundary",
        summary: "An error of the event loop or of a task group is recognised by the words of its message",
        same_as: &[],
        default_on: true,
        page: page!("async-error-told-by-text"),
    },
    RuleInfo {
        name: "async-generator-without-safeguard",
        group: "ownership",
        summary: "An async generator whose closing is left to whoever iterates over it",
        same_as: &["ASYNC900"],
        default_on: false,
        page: page!("async-generator-without-safeguard"),
    },
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
        name: "cleanup-by-sweep",
        group: "ownership",
        summary: "Everything is collected, cancelled or joined in place of closing what is owned",
        same_as: &[],
        default_on: true,
        page: page!("cleanup-by-sweep"),
    },
    RuleInfo {
        name: "close-not-awaited",
        group: "ownership",
        summary: "The coroutine that would close something is dropped",
        same_as: &[],
        default_on: true,
        page: page!("close-not-awaited"),
    },
    RuleInfo {
        name: "close-skipped-on-error",
        group: "ownership",
        summary: "Something is closed only where nothing raises and nobody cancels",
        same_as: &[],
        default_on: true,
        page: page!("close-skipped-on-error"),
    },
    RuleInfo {
        name: "coroutine-escapes-cleanup",
        group: "loop-boundary",
        summary: "A coroutine is returned out of a `with` or `try/finally` that is over before it begins",
        same_as: &[],
        default_on: true,
        page: page!("coroutine-escapes-cleanup"),
    },
    RuleInfo {
        name: "cross-loop-object",
        group: "loop-boundary",
        summary: "An object that works on one event loop is used on another",
        same_as: &[],
        default_on: true,
        page: page!("cross-loop-object"),
    },
    RuleInfo {
        name: "deprecated-get-event-loop",
        group: "loop-boundary",
        summary: "`asyncio.get_event_loop()` where it warns or raises, or says less than `get_running_loop()`",
        same_as: &[],
        default_on: true,
        page: page!("deprecated-get-event-loop"),
    },
    RuleInfo {
        name: "double-close",
        group: "ownership",
        summary: "Something is closed where the function has closed it on every path",
        same_as: &[],
        default_on: true,
        page: page!("double-close"),
    },
    RuleInfo {
        name: "dual-mode-bridge",
        group: "loop-boundary",
        summary: "A function gives a task where a loop runs and a value where none does, or drops the task",
        same_as: &[],
        default_on: true,
        page: page!("dual-mode-bridge"),
    },
    RuleInfo {
        name: "event-loop-in-thread",
        group: "loop-boundary",
        summary: "An event loop waits for a second one that runs in a thread",
        same_as: &[],
        default_on: true,
        page: page!("event-loop-in-thread"),
    },
    RuleInfo {
        name: "leaked-current-loop",
        group: "loop-boundary",
        summary: "A function leaves an event loop of its own, maybe closed, as the thread's current one",
        same_as: &[],
        default_on: true,
        page: page!("leaked-current-loop"),
    },
    RuleInfo {
        name: "loop-refusing-call",
        group: "loop-boundary",
        summary: "A call on a running event loop of what raises because one runs, here or through helpers",
        same_as: &[],
        default_on: true,
        page: page!("loop-refusing-call"),
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
        name: "notebook-event-loop",
        group: "loop-boundary",
        summary: "A notebook's cell starts an event loop although the kernel's runs, or patches asyncio for it",
        same_as: &[],
        default_on: true,
        page: page!("notebook-event-loop"),
    },
    RuleInfo {
        name: "owner-forgets-resource",
        group: "ownership",
        summary: "A class has a close, which leaves open something that its instances keep",
        same_as: &[],
        default_on: true,
        page: page!("owner-forgets-resource"),
    },
    RuleInfo {
        name: "owner-without-close",
        group: "ownership",
        summary: "The instances of a class keep something that must be closed, and nothing closes it",
        same_as: &[],
        default_on: true,
        page: page!("owner-without-close"),
    },
    RuleInfo {
        name: "read-await-write",
        group: "state",
        summary: "State is read before an `await` and written after it, and what other tasks do in between is lost",
        same_as: &[],
        default_on: true,
        page: page!("read-await-write"),
    },
    RuleInfo {
        name: "recorded-before-done",
        group: "state",
        summary: "A mark says that awaited work is done although it failed, and it is never tried again",
        same_as: &[],
        default_on: true,
        page: page!("recorded-before-done"),
    },
    RuleInfo {
        name: "self-deadlocking-wait",
        group: "loop-boundary",
        summary: "The thread of an event loop waits for what only this loop can do",
        same_as: &[],
        default_on: true,
        page: page!("self-deadlocking-wait"),
    },
    RuleInfo {
        name: "swallowed-loop-error",
        group: "loop-boundary",
        summary: "A loop is started on a running one, and the error of that is turned into a default",
        same_as: &[],
        default_on: true,
        page: page!("swallowed-loop-error"),
    },
    RuleInfo {
        name: "sync-twin-in-coroutine",
        group: "loop-boundary",
        summary: "A plain call on a running event loop of what has an async twin",
        same_as: &[],
        default_on: true,
        page: page!("sync-twin-in-coroutine"),
    },
    RuleInfo {
        name: "task-without-loop",
        group: "loop-boundary",
        summary: "A task is made where no event loop runs",
        same_as: &[],
        default_on: true,
        page: page!("task-without-loop"),
    },
    RuleInfo {
        name: "temporary-resource",
        group: "ownership",
        summary: "Something that must be closed is made, used and dropped in one expression",
        same_as: &[],
        default_on: true,
        page: page!("temporary-resource"),
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
        name: "unclosed-async-generator",
        group: "ownership",
        summary: "An async generator with clean-up to run is left early and not closed",
        same_as: &[],
        default_on: true,
        page: page!("unclosed-async-generator"),
    },
    RuleInfo {
        name: "unclosed-event-loop",
        group: "loop-boundary",
        summary: "A function makes an event loop and does not close it on every path",
        same_as: &[],
        default_on: true,
        page: page!("unclosed-event-loop"),
    },
    RuleInfo {
        name: "unclosed-resource",
        group: "ownership",
        summary: "Something that must be closed is not, on some path of the function that makes it",
        same_as: &[],
        default_on: true,
        page: page!("unclosed-resource"),
    },
    RuleInfo {
        name: "unused-ignore",
        group: "suppression",
        summary: "A comment that silences findings silences none",
        same_as: &[],
        default_on: true,
        page: page!("unused-ignore"),
    },
    RuleInfo {
        name: "use-after-close",
        group: "ownership",
        summary: "Something is used where the function has closed it on every path",
        same_as: &[],
        default_on: true,
        page: page!("use-after-close"),
    },
    RuleInfo {
        name: "work-inside-loop-probe",
        group: "loop-boundary",
        summary: "A RuntimeError of the work is taken for the answer that no loop runs",
        same_as: &[],
        default_on: true,
        page: page!("work-inside-loop-probe"),
    },
];

/// What a rule finds in one file.
type Find = fn(&mut CheckedFile<'_>) -> Vec<RawFinding>;

/// The rules written in Rust.
static IN_RUST: &[(&str, Find)] = &[
    ("async-error-told-by-text", async_error_told_by_text::find),
    ("cleanup-by-sweep", cleanup_by_sweep::find),
    ("close-not-awaited", ownership::close_not_awaited::find),
    ("close-skipped-on-error", ownership::unclosed_resource::skipped),
    ("async-generator-without-safeguard", async_generator_without_safeguard::find),
    ("coroutine-escapes-cleanup", coroutine_escapes_cleanup::find),
    ("cross-loop-object", cross_loop_object::find),
    ("deprecated-get-event-loop", deprecated_get_event_loop::find),
    ("double-close", ownership::after_close::closed_twice),
    ("dual-mode-bridge", dual_mode_bridge::find),
    ("event-loop-in-thread", event_loop_in_thread::find),
    ("leaked-current-loop", leaked_current_loop::find),
    ("notebook-event-loop", notebook_event_loop::find),
    ("owner-forgets-resource", ownership::owner::forgets),
    ("owner-without-close", ownership::owner::without_close),
    ("read-await-write", read_await_write::find),
    ("recorded-before-done", recorded_before_done::find),
    ("self-deadlocking-wait", self_deadlocking_wait::find),
    ("swallowed-loop-error", swallowed_loop_error::find),
    ("task-without-loop", task_without_loop::find),
    ("temporary-resource", ownership::temporary_resource::find),
    ("unawaited-coroutine", unawaited_coroutine::find),
    ("unclosed-async-generator", unclosed_async_generator::find),
    ("unclosed-event-loop", unclosed_event_loop::find),
    ("unclosed-resource", ownership::unclosed_resource::unclosed),
    ("use-after-close", ownership::after_close::used),
    ("work-inside-loop-probe", work_inside_loop_probe::find),
];

/// One file of a solved analysis, and what rules share while they look at it.
pub(crate) struct CheckedFile<'a> {
    /// The whole.
    pub(crate) analysis: &'a Analysis,
    /// The file.
    pub(crate) file: FileId,
    /// What it says.
    pub(crate) facts: &'a FileFacts,
    /// Its look-ups.
    pub(crate) index: &'a FileIndex,
    /// Types.
    pub(crate) infer: Infer<'a>,
    /// Loop states, worked out where a rule asks.
    pub(crate) flows: Flows<'a>,
    /// Control-flow graphs, worked out where a rule asks.
    pub(crate) graphs: Graphs<'a>,
    held: Option<Rc<Vec<Held>>>,
    owners: Option<Rc<Vec<Owner>>>,
}

impl<'a> CheckedFile<'a> {
    pub(crate) fn new(analysis: &'a Analysis, file: FileId) -> Self {
        let world = &analysis.world;
        let (facts, index) = (world.facts(file), world.index_of(file));
        Self {
            analysis,
            file,
            facts,
            index,
            infer: Infer::new(world),
            flows: Flows::new(world, file),
            graphs: Graphs::new(analysis),
            held: None,
            owners: None,
        }
    }

    /// A finding at an expression, without a chain and without fixes. None where the code around is broken.
    pub(crate) fn finding(
        &self,
        rule: &'static str,
        confidence: Confidence,
        at: ExprId,
        message: String,
    ) -> Option<Finding> {
        let expr = self.facts.expr(at);
        let scope = run_scope(self.facts, expr.scope);
        let is_broken = self.facts.stmt_of(at).is_some_and(|stmt| self.facts.stmt(stmt).broken);
        if is_broken || self.analysis.is_broken(self.file, scope) {
            return None;
        }
        Some(Finding {
            rule: SmolStr::new_static(rule),
            severity: confidence.default_severity(),
            confidence,
            message,
            place: Place { file: self.file, span: expr.span },
            function: self.analysis.function_name(Def { file: self.file, scope }),
            chain: Vec::new(),
            fixes: Vec::new(),
        })
    }
}

/// What the rules written in Rust find in a file, of those that are on.
pub(crate) fn file_findings(checked: &mut CheckedFile<'_>, on: &dyn Fn(&str) -> bool) -> Vec<RawFinding> {
    IN_RUST.iter().filter(|(rule, _)| on(rule)).flat_map(|(_, find)| find(checked)).collect()
}

/// Takes out the findings of `blocking-call` at places where another rule says what is worse about the same wait: there
/// itself, or as surely on its way there; and those of `unawaited-coroutine` where what is not awaited is a close.
pub(crate) fn drop_told_better(findings: &mut Vec<RawFinding>) {
    let tells = |f: &Finding| matches!(f.rule.as_str(), "event-loop-in-thread" | "self-deadlocking-wait");
    let mut better: Vec<(Place, Confidence)> = Vec::new();
    for (_, finding) in findings.iter().filter(|(_, f)| tells(f)) {
        let itself =
            if finding.confidence == Confidence::Possible { Confidence::Possible } else { Confidence::Certain };
        better.push((finding.place, itself));
        // The wait itself is the finding, wherever it is shown.
        let sure = |text: &str| if text == event_loop_in_thread::STANDS_STILL { itself } else { finding.confidence };
        better.extend(finding.chain.iter().map(|step| (step.place, sure(&step.message))));
    }
    if !better.is_empty() {
        let is_told = |f: &Finding| better.iter().any(|(place, sure)| *place == f.place && *sure >= f.confidence);
        findings.retain(|(_, f)| f.rule != "blocking-call" || !is_told(f));
    }
    let closes: Vec<Place> =
        findings.iter().filter(|(_, f)| f.rule == "close-not-awaited").map(|(_, f)| f.place).collect();
    if !closes.is_empty() {
        findings.retain(|(_, f)| f.rule != "unawaited-coroutine" || !closes.contains(&f.place));
    }
}

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
