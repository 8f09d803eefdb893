//! How a request about a text is served: its handler takes note of what the client sees in its first poll, waits until the analysis has
//! come to that, and computes on a thread that may block.

use crate::convert::Places;
use crate::documents::Document;
use crate::engine::View;
use crate::module::{Module, Part};
use crate::projects::{Awaited, Folder};
use crate::session::Session;
use crate::transport::cancellation;
use asyncwise_analysis::finding::{FileId, Finding};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::Uri;

/// A request about a text.
pub(crate) struct Asked {
    pub(crate) document: Arc<Document>,
    pub(crate) folder: Arc<Folder>,
    path: PathBuf,
    awaited: Awaited,
}

/// What a request is answered from.
pub(crate) struct Answering {
    pub(crate) view: Arc<View>,
    /// None for a text whose file the configuration leaves out.
    pub(crate) file: Option<FileId>,
    pub(crate) module: Arc<Module>,
    /// The text, in its module.
    pub(crate) part: Part,
    pub(crate) session: Arc<Session>,
    pub(crate) folder: Arc<Folder>,
}

impl Session {
    /// Takes note of what the client sees. None for texts that are not open or not analysed. Must be called in the first poll.
    pub(crate) fn asked(&self, uri: &Uri) -> Option<Asked> {
        let document = self.documents.get(uri).filter(|document| document.is_python)?;
        self.activity.asked();
        let unit = Session::unit(&document).clone();
        let path = self.path(&unit)?;
        let folder = self.folder_of(&path, &unit)?;
        let awaited = folder.now();
        Some(Asked { document, folder, path, awaited })
    }

    /// Computes on a thread that may block; so many at a time as there are processors.
    pub(crate) async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _permit = self.workers.acquire().await.map_err(|_| Error::internal_error())?;
        let token = cancellation();
        let work = tokio::task::spawn_blocking(move || (!token.is_cancelled()).then(work));
        match work.await {
            Ok(Some(done)) => Ok(done),
            Ok(None) => Err(Error::request_cancelled()),
            Err(error) => {
                tracing::error!(%error, "a mistake in asyncwise; please report it");
                Err(Error::internal_error())
            }
        }
    }
}

impl Asked {
    /// Waits for the analysis of the text as it was when it was asked about, and computes the answer.
    ///
    /// # Errors
    /// `ContentModified` when the text has changed meanwhile, or the analysis does not come to it in time.
    pub(crate) async fn answer<T: Send + 'static>(
        self,
        session: &Arc<Session>,
        work: impl FnOnce(&Answering) -> T + Send + 'static,
    ) -> Result<T> {
        let Self { document, folder, path, awaited } = self;
        let view = awaited.view().await.ok_or_else(Error::content_modified)?;
        compute(session, view, (&document, folder, &path), work).await
    }

    /// The same, and waits for the index: for what changes code, of which all callers have to be known.
    pub(crate) async fn answer_from_index<T: Send + 'static>(
        self,
        session: &Arc<Session>,
        work: impl FnOnce(&Answering) -> T + Send + 'static,
    ) -> Result<T> {
        let Self { document, folder, path, awaited } = self;
        let view = awaited.index().await.ok_or_else(Error::content_modified)?;
        compute(session, view, (&document, folder, &path), work).await
    }
}

async fn compute<T: Send + 'static>(
    session: &Arc<Session>,
    view: Arc<View>,
    (document, folder, path): (&Document, Arc<Folder>, &Path),
    work: impl FnOnce(&Answering) -> T + Send + 'static,
) -> Result<T> {
    let module = view.modules.get(path).ok_or_else(Error::content_modified)?.clone();
    let part = module.part(&document.uri).filter(|part| part.document.stamp == document.stamp);
    let part = part.ok_or_else(Error::content_modified)?.clone();
    let file = view.snapshot.file(path);
    let answering = Answering { view, file, module, part, session: session.clone(), folder };
    session.compute(move || work(&answering)).await
}

impl Answering {
    /// The findings of the file.
    pub(crate) fn findings(&self) -> Arc<[Finding]> {
        self.file.map_or_else(Arc::default, |file| self.view.snapshot.findings(file))
    }

    /// Turns places of the analysis into those of the client.
    pub(crate) fn places(&self) -> Places<'_> {
        Places::new(&self.view, self.session.capabilities().columns)
    }
}
