//! What a session knows: the client, its texts, the projects, the settings.

use crate::capabilities::Capabilities;
use crate::documents::{Document, Documents};
use crate::handlers::command::SHOW_PATH;
use crate::handlers::hover::HOVERS_FINDINGS;
use crate::held::Held;
use crate::module::Module;
use crate::progress;
use crate::projects::{Folder, Kind, around, is_too_wide};
use crate::publish::{Event, Publisher};
use crate::settings::{Given, Settings};
use crate::uri;
use crate::watch::{self, Activity};
use dashmap::DashMap;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{Semaphore, mpsc};
use tower_lsp::Client;
use tower_lsp::ls_types::{ClientCapabilities, Uri};
use tracing::{info, warn};

/// What a session knows. One for each client.
pub(crate) struct Session {
    pub(crate) client: Client,
    capabilities: OnceLock<Capabilities>,
    /// What of its experimental capabilities the client says that it has.
    experimental: OnceLock<FxHashSet<String>>,
    /// The settings of `initialize`, which hold where the configuration says nothing else.
    initial: OnceLock<Given>,
    pub(crate) documents: Documents,
    projects: Mutex<Projects>,
    /// What the publisher is told.
    pub(crate) events: mpsc::UnboundedSender<Event>,
    /// Taken by the publisher when the session starts.
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Event>>>,
    /// What clients that pull were last told about each text.
    pub(crate) told: DashMap<String, Told>,
    /// How many requests may compute at once.
    pub(crate) workers: Semaphore,
    pub(crate) loads: progress::Loads,
    pub(crate) held: Held,
    pub(crate) activity: Activity,
    /// What is wrong with settings and texts and was not said yet, and what was.
    warnings: Mutex<Warnings>,
}

#[derive(Default)]
struct Warnings {
    waiting: Vec<String>,
    said: FxHashSet<String>,
}

/// What a client was told about a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// The state of the text.
    pub(crate) stamp: u64,
    /// The result.
    pub(crate) id: String,
}

#[derive(Default)]
struct Projects {
    /// The workspace folders, as the client writes them.
    wanted: Vec<(Uri, PathBuf)>,
    open: Vec<Arc<Folder>>,
    /// What holds where no folder has settings of its own.
    settings: Arc<Settings>,
    /// Settings of workspace folders, by root.
    own: FxHashMap<PathBuf, Arc<Settings>>,
    is_started: bool,
}

impl Session {
    pub(crate) fn new(client: Client) -> Arc<Self> {
        let (events, receiver) = mpsc::unbounded_channel();
        let workers = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        Arc::new(Self {
            client,
            capabilities: OnceLock::new(),
            experimental: OnceLock::new(),
            initial: OnceLock::new(),
            documents: Documents::default(),
            projects: Mutex::default(),
            events,
            receiver: Mutex::new(Some(receiver)),
            told: DashMap::new(),
            workers: Semaphore::new(workers),
            loads: progress::Loads::default(),
            held: Held::default(),
            activity: Activity::default(),
            warnings: Mutex::default(),
        })
    }

    /// What the client can do.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        self.capabilities.get_or_init(|| Capabilities::of(&ClientCapabilities::default()))
    }

    /// Notes what the client can do, once.
    pub(crate) fn resolve(&self, client: &ClientCapabilities) -> &Capabilities {
        self.capabilities.get_or_init(|| Capabilities::of(client))
    }

    /// Notes what the client has beyond the protocol, once.
    pub(crate) fn resolve_experimental(&self, client: &ClientCapabilities) {
        let said = client.experimental.as_ref().and_then(|experimental| experimental.as_object()).into_iter().flatten();
        let has = said.filter(|(_, value)| value.as_bool() == Some(true)).map(|(name, _)| name.clone());
        let _ = self.experimental.set(has.collect());
    }

    /// Whether the client itself shows the paths that [`SHOW_PATH`] gives it.
    pub(crate) fn client_shows_paths(&self) -> bool {
        self.has_experimental(SHOW_PATH)
    }

    /// Whether the client shows diagnostics in its hovers, with their related places.
    pub(crate) fn client_hovers_findings(&self) -> bool {
        self.has_experimental(HOVERS_FINDINGS)
    }

    fn has_experimental(&self, name: &str) -> bool {
        self.experimental.get().is_some_and(|has| has.contains(name))
    }

    /// Takes note of the settings of `initialize`, once.
    pub(crate) fn begin_with(&self, given: Given) {
        self.configure(given.clone().over(&Given::default()), FxHashMap::default());
        let _ = self.initial.set(given);
    }

    /// The settings that a configuration comes to: what it does not name is as `initialize` said.
    pub(crate) fn configured(&self, given: Given) -> Settings {
        given.over(self.initial.get_or_init(Given::default))
    }

    /// The settings that hold where no folder has its own.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.projects().settings.clone()
    }

    /// Keeps messages, about settings for example, until the client can show them. Each is shown once.
    pub(crate) fn warn_later(&self, messages: Vec<String>) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            if warnings.said.insert(message.clone()) {
                warnings.waiting.push(message);
            }
        }
    }

    /// The messages that wait.
    pub(crate) fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    /// The projects that are open.
    pub(crate) fn folders(&self) -> Vec<Arc<Folder>> {
        self.projects().open.clone()
    }

    /// The roots of the workspace folders, as the client writes them.
    pub(crate) fn roots(&self) -> Vec<Uri> {
        self.projects().wanted.iter().map(|(uri, _)| uri.clone()).collect()
    }

    /// Starts to work. Idempotent: a client may forget to say that it is ready.
    pub(crate) fn start(self: &Arc<Self>) {
        if std::mem::replace(&mut self.projects().is_started, true) {
            return;
        }
        if let Some(receiver) = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(Publisher::new(self.clone()).run(receiver));
            if !self.capabilities().registers_watchers {
                tokio::spawn(watch::run(self.clone()));
            }
        }
        self.arrange();
    }

    /// Adds and removes workspace folders.
    pub(crate) fn change_roots(self: &Arc<Self>, removed: &[Uri], added: Vec<Uri>) {
        let mut projects = self.projects();
        let gone: Vec<PathBuf> = removed.iter().filter_map(uri::to_path).collect();
        projects.wanted.retain(|(_, root)| !gone.contains(root));
        for uri in added {
            match uri::to_path(&uri) {
                Some(path) if is_too_wide(&path) => {
                    warn!(path = %path.display(), "too wide to be walked: only what is open in it is checked");
                }
                Some(path) if !projects.wanted.iter().any(|(_, known)| *known == path) => {
                    projects.wanted.push((uri, path));
                }
                Some(_) => {}
                None => warn!(uri = uri.as_str(), "no folder of this machine"),
            }
        }
        let is_started = projects.is_started;
        drop(projects);
        if is_started {
            self.arrange();
        }
    }

    /// Opens the projects of workspace folders that are new, closes the others, and gives each text to the project that it belongs to now.
    fn arrange(self: &Arc<Self>) {
        let modules = self.modules();
        let mut projects = self.projects();
        let wanted = projects.wanted.clone();
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut projects.open)
            .into_iter()
            .partition(|folder| wanted.iter().any(|(_, root)| folder.is_workspace() && folder.root == *root));
        projects.open = kept;
        let mut texts: FxHashMap<PathBuf, FxHashMap<PathBuf, Arc<Module>>> = FxHashMap::default();
        let mut others = Vec::new();
        for module in modules {
            let root = wanted.iter().map(|(_, root)| root).filter(|root| module.path.starts_with(root));
            match root.max_by_key(|root| root.components().count()) {
                Some(root) => {
                    texts.entry(root.clone()).or_default().insert(module.path.clone(), Arc::new(module));
                }
                None => others.push(module),
            }
        }
        for (uri, root) in wanted {
            let texts = texts.remove(&root).unwrap_or_default();
            match projects.open.iter().find(|folder| folder.root == root) {
                Some(folder) => folder.hold(texts),
                None => {
                    let settings = projects.own.get(&root).unwrap_or(&projects.settings).clone();
                    let folder = Folder::open(root, Kind::Folder { uri }, settings, texts, self.reporter());
                    self.watch(&folder);
                    projects.open.push(folder);
                }
            }
        }
        drop(projects);
        for folder in gone {
            let _ = self.events.send(Event::Gone(folder));
        }
        for module in others {
            self.put(module);
        }
    }

    /// Every open text, as the analysis sees it.
    fn modules(&self) -> Vec<Module> {
        let notebooks = self.documents.notebooks();
        let notebooks = notebooks.iter().filter_map(|uri| self.documents.notebook_module(uri, self.path(uri)?));
        let texts = self.documents.all().into_iter().filter(|document| document.is_python);
        let texts = texts.filter_map(|document| Some(Module::of_document(self.path(&document.uri)?, document)));
        notebooks.chain(texts).collect()
    }

    /// The path by which a text is known to the analysis. None where nothing is checked.
    pub(crate) fn path(&self, uri: &Uri) -> Option<PathBuf> {
        if uri::is_untitled(uri) {
            let root = self.projects().wanted.first().map(|(_, root)| root.clone());
            let root = root.unwrap_or_else(std::env::temp_dir);
            return Some(root.join("untitled").join(uri::untitled_name(uri)).with_extension("py"));
        }
        uri::to_path(uri)
    }

    /// Tells the project of a text what it is now. Opens a project for it when there is none.
    pub(crate) fn put(self: &Arc<Self>, module: Module) {
        self.start();
        let mut projects = self.projects();
        if let Some(folder) = find(&projects.open, &module.path, &module.uri) {
            folder.text(module);
            return;
        }
        let (root, kind) = match uri::is_untitled(&module.uri) {
            true => (module.path.parent().unwrap_or(&module.path).to_owned(), Kind::Untitled),
            false => around(&module.path),
        };
        info!(root = %root.display(), ?kind, "a project outside of the workspace");
        let mut texts = FxHashMap::default();
        texts.insert(module.path.clone(), Arc::new(module));
        let folder = Folder::open(root, kind, projects.settings.clone(), texts, self.reporter());
        self.watch(&folder);
        projects.open.push(folder);
    }

    /// Tells the project of a text that the client does not hold it any more.
    pub(crate) fn take(&self, uri: &Uri) {
        let Some(path) = self.path(uri) else { return };
        self.held.forget(&path);
        let mut projects = self.projects();
        let Some(folder) = find(&projects.open, &path, uri).cloned() else { return };
        let is_used = folder.closed(&path);
        if !is_used && !folder.is_workspace() {
            projects.open.retain(|other| !Arc::ptr_eq(other, &folder));
            let _ = self.events.send(Event::Gone(folder));
        }
    }

    /// The project of a text.
    pub(crate) fn folder_of(&self, path: &Path, uri: &Uri) -> Option<Arc<Folder>> {
        find(&self.projects().open, path, uri).cloned()
    }

    /// The notebook of a cell, or the text itself: what the analysis knows.
    pub(crate) fn unit(document: &Document) -> &Uri {
        document.notebook.as_ref().unwrap_or(&document.uri)
    }

    /// Puts settings in place: those that hold for all, and those of folders.
    pub(crate) fn configure(&self, settings: Settings, own: FxHashMap<PathBuf, Settings>) {
        crate::log::set_level(settings.log_level);
        let mut projects = self.projects();
        projects.settings = Arc::new(settings);
        projects.own = own.into_iter().map(|(root, settings)| (root, Arc::new(settings))).collect();
        for folder in &projects.open {
            let own = projects.own.get(&folder.root).filter(|_| folder.is_workspace());
            folder.configure(own.unwrap_or(&projects.settings).clone());
        }
    }

    /// Tells the publisher about every state of a project.
    fn watch(&self, folder: &Arc<Folder>) {
        let (first, index) = folder.views();
        for mut views in first.into_iter().chain([index]) {
            let (folder, events) = (Arc::downgrade(folder), self.events.clone());
            tokio::spawn(async move {
                while views.changed().await.is_ok() {
                    let view = views.borrow_and_update().clone();
                    let (Some(folder), Some(view)) = (folder.upgrade(), view) else { return };
                    // What the index says is not taken back.
                    if !folder.is_late(&view) {
                        let _ = events.send(Event::View(folder, view));
                    }
                }
            });
        }
    }

    fn reporter(self: &Arc<Self>) -> crate::engine::Reporter {
        progress::reporter(self)
    }

    fn projects(&self) -> MutexGuard<'_, Projects> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The project that a path belongs to: the innermost workspace folder, else a project that was opened around another text.
fn find<'f>(open: &'f [Arc<Folder>], path: &Path, uri: &Uri) -> Option<&'f Arc<Folder>> {
    let is_untitled = uri::is_untitled(uri);
    let holds = |folder: &&Arc<Folder>| match folder.kind {
        Kind::Untitled => is_untitled,
        Kind::Files { .. } => !is_untitled && path.parent() == Some(&folder.root),
        Kind::Folder { .. } | Kind::Around => !is_untitled && path.starts_with(&folder.root),
    };
    open.iter().filter(holds).max_by_key(|folder| (folder.is_workspace(), folder.root.components().count()))
}
