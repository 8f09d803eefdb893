//! From the plain data of the analysis to the types of the protocol.

pub(crate) mod diagnostic;
pub(crate) mod edit;
pub(crate) mod markup;

use crate::encoding;
use crate::engine::View;
use crate::uri;
use asyncwise_analysis::finding::{FileId, Place};
use asyncwise_syntax::text::{Columns, LineIndex};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;
use tower_lsp::ls_types::{Location, Range, Uri};

/// Turns places into locations. Remembers the lines of the files it has come by.
pub(crate) struct Places<'v> {
    view: &'v View,
    pub(crate) columns: Columns,
    lines: RefCell<FxHashMap<FileId, Rc<LineIndex>>>,
}

/// Where a place is for the client.
pub(crate) struct Located {
    pub(crate) uri: Uri,
    pub(crate) range: Range,
    /// Of the text, when it is open.
    pub(crate) version: Option<i32>,
}

impl<'v> Places<'v> {
    pub(crate) fn new(view: &'v View, columns: Columns) -> Self {
        Self { view, columns, lines: RefCell::default() }
    }

    /// Where a place is. None where the client has no name for it, as for a cell of a notebook that is not open.
    pub(crate) fn locate(&self, place: Place) -> Option<Located> {
        let snapshot = &self.view.snapshot;
        let path = snapshot.path(place.file);
        if let Some(module) = self.view.modules.get(path) {
            let (part, range) = module.locate(place.span, self.columns)?;
            return Some(Located { uri: part.document.uri.clone(), range, version: part.document.version });
        }
        if snapshot.program().file(place.file).is_notebook {
            return None;
        }
        let text = snapshot.text(place.file);
        let lines = self.lines.borrow_mut().entry(place.file).or_insert_with(|| Rc::new(LineIndex::new(text))).clone();
        let range = encoding::range(text, &lines, place.span, self.columns);
        Some(Located { uri: uri::of_path(path)?, range, version: None })
    }

    /// Where a place is; the beginning of its file where nothing better is known.
    pub(crate) fn location(&self, place: Place) -> Option<Location> {
        if let Some(located) = self.locate(place) {
            return Some(Location::new(located.uri, located.range));
        }
        let uri = uri::of_path(self.view.snapshot.path(place.file))?;
        Some(Location::new(uri, Range::default()))
    }
}
