//! Tells the client what it did not ask for: diagnostics where it cannot pull, those of configuration files, and that it should
//! ask again. One task, so that what is sent about a text is sent in order.

use crate::convert::diagnostic::severity;
use crate::diagnostics::{self, Report, result_id};
use crate::encoding;
use crate::engine::View;
use crate::handlers::workspace::show_warnings;
use crate::projects::Folder;
use crate::session::Session;
use crate::uri;
use asyncwise_analysis::finding::Severity;
use asyncwise_syntax::text::{self, Columns, LineIndex};
use asyncwise_workspace::problem::Problem;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};
use tower_lsp::ls_types::{Diagnostic, NumberOrString, Range, Uri};

/// Changes that come within this time need one refresh.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How long a client may take to answer that it refreshes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The code of what is wrong in a configuration file.
const CONFIGURATION: &str = "configuration";

/// Something that concerns the client.
pub(crate) enum Event {
    /// A project has a new state.
    View(Arc<Folder>, Arc<View>),
    /// A text was closed.
    Closed(Uri),
    /// A project was closed.
    Gone(Arc<Folder>),
    /// What is shown may be different from what was.
    Settings,
}

/// The task.
pub(crate) struct Publisher {
    session: Arc<Session>,
    /// What was sent, by URI.
    published: FxHashMap<String, Published>,
    /// States that clients that pull may have to be told about, by root, and when that is looked at.
    unseen: FxHashMap<PathBuf, Arc<View>>,
    due: Option<Instant>,
    /// What was wrong with the configuration of each root.
    problems: FxHashMap<PathBuf, Vec<Problem>>,
}

struct Published {
    uri: Uri,
    /// The state of the text, when it is open.
    stamp: Option<u64>,
    id: String,
    is_empty: bool,
    /// The project that is responsible for a text that is not open.
    root: Option<PathBuf>,
}

impl Publisher {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            published: FxHashMap::default(),
            unseen: FxHashMap::default(),
            due: None,
            problems: FxHashMap::default(),
        }
    }

    /// Works until the session ends.
    pub(crate) async fn run(mut self, mut events: UnboundedReceiver<Event>) {
        let mut waiting = Vec::new();
        loop {
            let due = self.due;
            tokio::select! {
                count = events.recv_many(&mut waiting, usize::MAX) => {
                    if count == 0 {
                        return;
                    }
                    for event in latest(waiting.drain(..)) {
                        self.take(event).await;
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.look().await,
            }
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::View(folder, view) => self.view(&folder, view).await,
            Event::Closed(uri) => self.closed(&uri).await,
            Event::Gone(folder) => self.gone(&folder).await,
            Event::Settings => {
                for folder in self.session.folders() {
                    if let Some(view) = folder.latest() {
                        self.view(&folder, view).await;
                    }
                }
                self.refresh();
            }
        }
    }

    async fn view(&mut self, folder: &Arc<Folder>, view: Arc<View>) {
        if !view.is_provisional {
            self.problems(folder, &view).await;
        }
        if self.session.capabilities().pulls_diagnostics {
            // The client asks for the text that is being typed in. Whether others are concerned can wait until it had its answer.
            self.unseen.insert(folder.root.clone(), view);
            self.due.get_or_insert_with(|| Instant::now() + DEBOUNCE);
        } else {
            self.push(folder, view).await;
        }
    }

    /// Sends what clients that do not pull do not know yet.
    async fn push(&mut self, folder: &Arc<Folder>, view: Arc<View>) {
        let is_whole = folder.shows_all() && !view.is_provisional;
        let session = self.session.clone();
        let Ok(reports) = self.session.compute(move || reports(&view, &session, is_whole)).await else { return };
        let known: FxHashSet<&str> = reports.iter().map(|report| report.uri.as_str()).collect();
        let of_closed = |published: &&Published| {
            published.root.as_deref() == Some(&folder.root) && !known.contains(published.uri.as_str())
        };
        let gone: Vec<Uri> = self.published.values().filter(of_closed).map(|published| published.uri.clone()).collect();
        for uri in gone.into_iter().filter(|uri| !is_configuration(uri)) {
            self.send(Report::of_closed(uri, Vec::new()), None).await;
        }
        for report in reports {
            let root = report.stamp.is_none().then(|| folder.root.clone());
            self.send(report, root).await;
        }
    }

    /// Looks whether a client that pulls was told what is not true any more.
    async fn look(&mut self) {
        self.due = None;
        let views = std::mem::take(&mut self.unseen);
        let session = self.session.clone();
        let is_news = self.session.compute(move || {
            let reports = views.values().flat_map(|view| reports(view, &session, false));
            reports.into_iter().any(|report| is_news(&session, &report))
        });
        if is_news.await == Ok(true) {
            self.refresh();
        }
    }

    async fn closed(&mut self, uri: &Uri) {
        let path = uri::to_path(uri);
        let folder = path.and_then(|path| self.session.folder_of(&path, uri)).filter(|folder| folder.shows_all());
        if let (Some(folder), Some(published)) = (folder, self.published.get_mut(uri.as_str())) {
            // It is shown as a file of the workspace from now on.
            published.root = Some(folder.root.clone());
            return;
        }
        let Some(published) = self.published.remove(uri.as_str()) else { return };
        if !published.is_empty && self.session.documents.get(uri).is_none() {
            self.session.client.publish_diagnostics(uri.clone(), Vec::new(), None).await;
        }
    }

    async fn gone(&mut self, folder: &Folder) {
        let of_folder = |published: &&Published| published.root.as_deref() == Some(&folder.root);
        let gone: Vec<Uri> = self.published.values().filter(of_folder).map(|published| published.uri.clone()).collect();
        self.problems.remove(&folder.root);
        for uri in gone {
            self.send(Report::of_closed(uri, Vec::new()), None).await;
        }
    }

    /// What is wrong in configuration files is pushed to every client: none asks for it. That an open text is not read is said in a message.
    async fn problems(&mut self, folder: &Folder, view: &View) {
        let is_left_out = |path: &Path| view.modules.contains_key(path) && view.snapshot.file(path).is_none();
        let of_open = view.snapshot.problems().iter().filter(|problem| is_left_out(&problem.path));
        let messages: Vec<String> =
            of_open.map(|problem| format!("{}: {}", problem.path.display(), problem.text())).collect();
        if !messages.is_empty() {
            self.session.warn_later(messages);
            show_warnings(&self.session);
        }
        let problems = view.snapshot.problems().iter();
        let is_ours = |problem: &&Problem| asyncwise_workspace::config::is_configuration(&problem.path);
        let problems: Vec<Problem> = problems.filter(is_ours).cloned().collect();
        if self.problems.get(&folder.root).map_or(problems.is_empty(), |known| *known == problems) {
            return;
        }
        self.problems.insert(folder.root.clone(), problems.clone());
        let columns = self.session.capabilities().columns;
        let Ok(mut reports) = self.session.compute(move || of_configuration(&problems, columns)).await else { return };
        let mended = self.published.values().filter(|published| {
            published.root.as_deref() == Some(&folder.root)
                && is_configuration(&published.uri)
                && !reports.iter().any(|(uri, _)| *uri == published.uri)
        });
        let mended: Vec<Uri> = mended.map(|published| published.uri.clone()).collect();
        reports.extend(mended.into_iter().map(|uri| (uri, Vec::new())));
        for (uri, items) in reports {
            self.send(Report::of_closed(uri, items), Some(folder.root.clone())).await;
        }
    }

    /// Sends what the client does not know yet. About each state of an open text that there are findings for it hears once, also when they
    /// are the same: clients move what they show with the edits, and lose what stands in a text that is deleted and comes back.
    async fn send(&mut self, report: Report, root: Option<PathBuf>) {
        let Report { uri, version, stamp, items } = report;
        let id = result_id(&items);
        let is_empty = items.is_empty();
        match self.published.get(uri.as_str()) {
            Some(published) if published.id == id && (stamp.is_none() || published.stamp == stamp) => return,
            // Nobody waits to hear that a file that is not open has nothing wrong in it.
            None if is_empty && version.is_none() => return,
            _ => {}
        }
        if is_empty && version.is_none() {
            self.published.remove(uri.as_str());
        } else {
            let published = Published { uri: uri.clone(), stamp, id, is_empty, root };
            self.published.insert(uri.as_str().to_owned(), published);
        }
        self.session.client.publish_diagnostics(uri, items, version).await;
    }

    /// Asks the client to ask again.
    fn refresh(&self) {
        let session = self.session.clone();
        tokio::spawn(async move {
            let (client, can) = (&session.client, session.capabilities());
            let diagnostics = async {
                if can.refreshes_diagnostics && can.pulls_diagnostics {
                    let _ = timeout(PATIENCE, client.workspace_diagnostic_refresh()).await;
                }
            };
            let lenses = async {
                if can.refreshes_lenses {
                    let _ = timeout(PATIENCE, client.code_lens_refresh()).await;
                }
            };
            let hints = async {
                if can.refreshes_hints {
                    let _ = timeout(PATIENCE, client.inlay_hint_refresh()).await;
                }
            };
            tokio::join!(diagnostics, lenses, hints);
        });
    }
}

/// The events without the states of a project that are not its last.
fn latest(events: impl DoubleEndedIterator<Item = Event>) -> Vec<Event> {
    let mut seen = FxHashSet::default();
    let is_last = |event: &Event| match event {
        Event::View(folder, _) => seen.insert(Arc::as_ptr(folder)),
        _ => true,
    };
    let mut last: Vec<Event> = events.rev().filter(is_last).collect();
    last.reverse();
    last
}

/// Whether a client that pulls was told something else about a text that has not changed since.
fn is_news(session: &Session, report: &Report) -> bool {
    let told = session.told.get(report.uri.as_str()).map(|told| told.clone());
    told.is_some_and(|told| Some(told.stamp) == report.stamp && told.id != result_id(&report.items))
}

/// The diagnostics of the open texts that have not changed since, and of all others where they are wanted.
fn reports(view: &View, session: &Session, is_whole: bool) -> Vec<Report> {
    let client = session.capabilities();
    let mut reports = Vec::new();
    for module in view.modules.values() {
        let of_parts = diagnostics::of_module(view, module, session);
        let is_current = |report: &Report| {
            let now = session.documents.get(&report.uri).map(|document| document.stamp);
            now.is_some() && now == report.stamp
        };
        reports.extend(of_parts.into_iter().filter(is_current));
    }
    if is_whole {
        let closed = view.snapshot.asked().filter(|file| !view.modules.contains_key(view.snapshot.path(*file)));
        reports.extend(closed.filter_map(|file| diagnostics::of_file(view, file, client)));
    }
    reports.sort_by(|a, b| a.uri.as_str().cmp(b.uri.as_str()));
    reports
}

fn is_configuration(uri: &Uri) -> bool {
    uri::to_path(uri).is_some_and(|path| asyncwise_workspace::config::is_configuration(&path))
}

/// What is wrong in configuration files, by file.
fn of_configuration(problems: &[Problem], columns: Columns) -> Vec<(Uri, Vec<Diagnostic>)> {
    let mut by_file: BTreeMap<&Path, Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        by_file.entry(&problem.path).or_default().push(problem);
    }
    let of_file =
        |(path, problems): (&Path, Vec<&Problem>)| Some((uri::of_path(path)?, of_problems(path, &problems, columns)));
    by_file.into_iter().filter_map(of_file).collect()
}

/// What is wrong in a configuration file, as diagnostics.
fn of_problems(path: &Path, problems: &[&Problem], columns: Columns) -> Vec<Diagnostic> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = LineIndex::new(&text);
    let diagnostic = |problem: &&Problem| {
        let start = problem.position.map_or(0, |(line, column)| {
            let at = text::Position { line: line.saturating_sub(1) as u32, column: column.saturating_sub(1) as u32 };
            lines.offset(&text, at, Columns::Chars)
        });
        let position = encoding::position(&text, &lines, start, columns);
        let end = lines.line_span(position.line).start + lines.line_text(&text, position.line).len() as u32;
        Diagnostic {
            range: Range::new(position, encoding::position(&text, &lines, end, columns)),
            severity: Some(severity(if problem.is_error() { Severity::Error } else { Severity::Warning })),
            source: Some(crate::SOURCE.to_owned()),
            code: Some(NumberOrString::String(CONFIGURATION.to_owned())),
            message: problem.text(),
            ..Diagnostic::default()
        }
    };
    problems.iter().map(diagnostic).collect()
}
