//! The report for programs: a contract, described by its JSON Schema.

use super::Report;
use super::graph::Graph;
use super::words;
use crate::output::json::{Error, Finding, convert, errors};
use asyncwise_analysis::audit::{self, Behaviour, Closing, EntryKind, Function, Mechanism};
use asyncwise_analysis::finding::Place;
use asyncwise_analysis::settings::RunsOn;
use schemars::JsonSchema;
use serde::Serialize;

/// The version of the form. It changes when something is taken away or means something else; new keys do not change it.
const VERSION: u32 = 1;

/// What `asyncwise audit --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "asyncwise audit")]
pub(super) struct Output {
    /// The version of this form: 1.
    version: u32,
    /// The project in numbers.
    size: Size,
    /// What is wrong, the worst first: by severity, confidence, rule, and how much leads there.
    findings: Vec<Risk>,
    /// Plain functions that lead to async code, by file and position.
    bridges: Vec<Bridge>,
    /// Where code enters loops, threads and programs.
    entries: Vec<EntryGroup>,
    /// What blocks event loops, the most reached first.
    hot_spots: Vec<HotSpot>,
    /// Who makes what must be closed.
    owners: Vec<Owner>,
    /// The functions around all of this.
    graph: Graph,
    /// What could not be done.
    errors: Vec<Error>,
}

/// The project in numbers.
#[derive(Debug, Serialize, JsonSchema)]
struct Size {
    /// How many files were asked for.
    files: usize,
    /// Plain functions and lambdas, tests left out.
    functions: usize,
    /// Coroutine functions, tests left out.
    coroutines: usize,
    /// Coroutine functions that nothing in the program is seen to call.
    uncalled: usize,
}

/// A finding and how much of the program leads to it.
#[derive(Debug, Serialize, JsonSchema)]
struct Risk {
    #[serde(flatten)]
    finding: Finding,
    /// How many functions that a framework, the settings or a notebook enter lead to the function it is in.
    entry_points: usize,
    /// How many coroutine functions do.
    coroutines: usize,
}

/// A place.
#[derive(Debug, Serialize, JsonSchema)]
struct At {
    /// The file, relative to the working directory, with `/`; of a dependency, from the folder it is imported from.
    path: String,
    /// In a notebook, the number of the code's cell among all cells, from 1. Lines are then lines of that cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<usize>,
    /// The line, from 1.
    line: usize,
    /// The column, from 1, in characters.
    column: usize,
}

/// A function, or the code of a module.
#[derive(Debug, Serialize, JsonSchema)]
struct Named {
    /// Its dotted name, module included.
    name: String,
    /// Where its name stands.
    at: At,
}

/// A call of something outside.
#[derive(Debug, Serialize, JsonSchema)]
struct Call {
    /// What is called.
    name: String,
    /// Where.
    at: At,
}

/// A plain function that leads from sync to async code.
#[derive(Debug, Serialize, JsonSchema)]
struct Bridge {
    /// The function.
    function: Named,
    /// How it is built: `starts-loop`, `loop-in-thread`, `threadsafe`, `portal`, `task`, `application`.
    mechanisms: Vec<&'static str>,
    /// The caller gets the work's result, or is meant to.
    waits: bool,
    /// The calls that make it a bridge.
    calls: Vec<Call>,
    /// What it does where no loop runs.
    without_loop: Vec<Does>,
    /// What it does where a loop runs.
    on_loop: Vec<Does>,
    /// The functions that call it.
    callers: Vec<Named>,
    /// Those of them that do so where a loop runs.
    loop_callers: Vec<Named>,
    /// It is known to run in worker threads, and nowhere else.
    in_worker: bool,
}

/// What comes of a call of a bridge.
#[derive(Debug, Serialize, JsonSchema)]
struct Does {
    /// One of `runs-loop`, `runs-loop-in-thread`, `waits-for-other-loop`, `blocks-loop`, `deadlocks`, `refuses`, `raises`,
    /// `catches-failed-start`, `leaves-to-thread`, `returns-awaitable`, `returns-task`, `keeps-task`, `drops-task`,
    /// `only-in-worker`, `needs-loop`, `calls-starter`, `does-other`.
    what: &'static str,
    /// In words.
    words: String,
}

/// Functions that are entered for one reason in one place.
#[derive(Debug, Serialize, JsonSchema)]
struct EntryGroup {
    /// One of `program`, `import`, `framework`, `settings`, `notebook`, `task`, `callback`, `worker`, `test`.
    kind: &'static str,
    /// The framework's package.
    #[serde(skip_serializing_if = "Option::is_none")]
    framework: Option<String>,
    /// Where they run: `loop`, `worker`, or `no-loop`.
    runs_on: &'static str,
    /// They are coroutine functions.
    coroutines: bool,
    /// In words.
    words: String,
    /// The functions.
    functions: Vec<Entry>,
}

/// A function that is entered.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// The function.
    function: Named,
    /// What enters it.
    by: String,
    /// The call that does, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<At>,
    /// How many more calls do.
    more: usize,
}

/// A function that blocks coroutines.
#[derive(Debug, Serialize, JsonSchema)]
struct HotSpot {
    /// The function in which the blocking calls stand.
    function: Named,
    /// It is a dependency's.
    dependency: bool,
    /// What is waited for.
    category: &'static str,
    /// The blocking calls.
    calls: Vec<Call>,
    /// How many functions that loops run reach it.
    coroutines: usize,
    /// The nearest of them.
    example: Named,
    /// The calls from it to the blocking one.
    chain: Vec<Step>,
}

/// A step of a chain.
#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// Where.
    at: At,
    /// What happens there.
    message: String,
}

/// A class, function or module that makes what must be closed.
#[derive(Debug, Serialize, JsonSchema)]
struct Owner {
    /// Its name and place.
    owner: Named,
    /// What it makes.
    makes: Vec<Maker>,
}

/// A call that makes something that must be closed.
#[derive(Debug, Serialize, JsonSchema)]
struct Maker {
    /// What is called.
    resource: String,
    /// Where.
    at: At,
    /// How it is closed.
    close_with: String,
    /// It is an instance of a class of the program.
    own_class: bool,
    /// The attribute or variable that has it: `self.client`, `client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What becomes of it: `never` (nothing closes it), `sometimes` (not on every path), `handed-to-caller`, `handed-on`, `closed`,
    /// `block`, `unknown` (it cannot be told, or need not be closed).
    end: &'static str,
    /// Where it is closed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_at: Option<At>,
    /// Where the way begins on which it stays open.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_at: Option<At>,
}

/// The JSON Schema of the form.
pub(crate) fn schema() -> serde_json::Value {
    schemars::schema_for!(Output).to_value()
}

pub(super) fn print(report: &Report<'_>) -> serde_json::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(&output(report))?))
}

pub(super) fn output(report: &Report<'_>) -> Output {
    let audit = report.audit;
    let size = audit.size;
    let risk = |risk: &audit::Risk| Risk {
        finding: convert(&report.view, &risk.finding),
        entry_points: risk.reach.entry_points,
        coroutines: risk.reach.coroutines,
    };
    Output {
        version: VERSION,
        size: Size {
            files: size.files,
            functions: size.functions,
            coroutines: size.coroutines,
            uncalled: size.uncalled,
        },
        findings: audit.risks.iter().map(risk).collect(),
        bridges: audit.bridges.iter().map(|bridge| self::bridge(report, bridge)).collect(),
        entries: audit.entries.iter().map(|group| self::group(report, group)).collect(),
        hot_spots: audit.hot_spots.iter().map(|spot| self::hot_spot(report, spot)).collect(),
        owners: audit.owners.iter().map(|owner| self::owner(report, owner)).collect(),
        graph: Graph::of(report),
        errors: errors(&report.view),
    }
}

fn at(report: &Report<'_>, place: Place) -> At {
    let start = report.view.start(place);
    At { path: report.view.path(place.file), cell: start.cell, line: start.line, column: start.column }
}

fn named(report: &Report<'_>, function: &Function) -> Named {
    Named { name: function.name.clone(), at: at(report, function.place) }
}

fn bridge(report: &Report<'_>, bridge: &audit::Bridge) -> Bridge {
    let mechanism = |mechanism: &Mechanism| match mechanism {
        Mechanism::StartsLoop => "starts-loop",
        Mechanism::LoopInThread => "loop-in-thread",
        Mechanism::Threadsafe => "threadsafe",
        Mechanism::Portal => "portal",
        Mechanism::Task => "task",
        Mechanism::Application => "application",
    };
    let functions = |all: &[Function]| all.iter().map(|function| named(report, function)).collect();
    let does = |all: &[Behaviour]| all.iter().map(|b| Does { what: behaviour(b), words: b.words() }).collect();
    let calls = bridge.calls.iter().map(|call| Call { name: call.name.to_string(), at: at(report, call.place) });
    Bridge {
        function: named(report, &bridge.function),
        mechanisms: bridge.mechanisms.iter().map(mechanism).collect(),
        waits: bridge.waits(),
        calls: calls.collect(),
        without_loop: does(&bridge.without_loop),
        on_loop: does(&bridge.on_loop),
        callers: functions(&bridge.callers),
        loop_callers: functions(&bridge.loop_callers),
        in_worker: bridge.is_in_worker,
    }
}

fn behaviour(behaviour: &Behaviour) -> &'static str {
    match behaviour {
        Behaviour::RunsLoop => "runs-loop",
        Behaviour::RunsLoopInThread => "runs-loop-in-thread",
        Behaviour::WaitsForOtherLoop => "waits-for-other-loop",
        Behaviour::BlocksLoop => "blocks-loop",
        Behaviour::Deadlocks => "deadlocks",
        Behaviour::Refuses(_) => "refuses",
        Behaviour::Raises(_) => "raises",
        Behaviour::CatchesFailedStart(_) => "catches-failed-start",
        Behaviour::LeavesToThread => "leaves-to-thread",
        Behaviour::ReturnsAwaitable => "returns-awaitable",
        Behaviour::ReturnsTask => "returns-task",
        Behaviour::KeepsTask => "keeps-task",
        Behaviour::DropsTask => "drops-task",
        Behaviour::OnlyInWorker(_) => "only-in-worker",
        Behaviour::NeedsLoop => "needs-loop",
        Behaviour::Calls(_) => "calls-starter",
        Behaviour::DoesOther => "does-other",
    }
}

fn group(report: &Report<'_>, group: &audit::EntryGroup) -> EntryGroup {
    let entry = |entry: &audit::Entry| Entry {
        function: named(report, &entry.function),
        by: entry.by.clone(),
        at: entry.at.map(|place| at(report, place)),
        more: entry.more,
    };
    let (kind, framework) = match &group.kind {
        EntryKind::Program => ("program", None),
        EntryKind::Import => ("import", None),
        EntryKind::Framework(name) => ("framework", Some(name.to_string())),
        EntryKind::Settings => ("settings", None),
        EntryKind::Notebook => ("notebook", None),
        EntryKind::Task => ("task", None),
        EntryKind::Callback => ("callback", None),
        EntryKind::Worker => ("worker", None),
        EntryKind::Test => ("test", None),
    };
    EntryGroup {
        kind,
        framework,
        runs_on: match group.runs_on {
            RunsOn::Loop => "loop",
            RunsOn::Worker => "worker",
            RunsOn::NoLoop => "no-loop",
        },
        coroutines: group.is_async,
        words: words::entry_kind(&group.kind),
        functions: group.entries.iter().map(entry).collect(),
    }
}

fn hot_spot(report: &Report<'_>, spot: &audit::HotSpot) -> HotSpot {
    let steps = spot.chain.iter().map(|step| Step { at: at(report, step.place), message: step.message.clone() });
    HotSpot {
        function: named(report, &spot.function),
        dependency: spot.is_dependency,
        category: spot.category,
        calls: spot.sinks.iter().map(|sink| Call { name: sink.name.to_string(), at: at(report, sink.place) }).collect(),
        coroutines: spot.coroutines,
        example: named(report, &spot.example),
        chain: steps.collect(),
    }
}

fn owner(report: &Report<'_>, owner: &audit::Owner) -> Owner {
    let maker = |maker: &audit::Maker| {
        let (end, place) = match maker.closing {
            Closing::Never => ("never", None),
            Closing::Sometimes { closed, .. } => ("sometimes", closed),
            Closing::Unknown => ("unknown", None),
            Closing::HandedToCaller => ("handed-to-caller", None),
            Closing::HandedOn => ("handed-on", None),
            Closing::Closed(place) => ("closed", Some(place)),
            Closing::Block(place) => ("block", Some(place)),
        };
        Maker {
            resource: maker.resource.clone(),
            at: at(report, maker.place),
            close_with: maker.how.clone(),
            own_class: maker.is_own,
            name: maker.name.clone(),
            end,
            end_at: place.map(|place| at(report, place)),
            open_at: match maker.closing {
                Closing::Sometimes { leak, .. } => leak.place.map(|place| at(report, place)),
                _ => None,
            },
        }
    };
    Owner { owner: named(report, &owner.owner), makes: owner.makers.iter().map(maker).collect() }
}
