//! What is remembered of answers, and which files relied on them.
//!
//! Answers are kept with the file they speak of. When a world records, each answer also knows the files whose own answers
//! or sites were made with it; after an edit the answers of the edited file are given anew, and only where one differs are
//! its readers looked at again. Code that works for a file says so ([`working_for`]); what it reads of another file
//! without a question of its own counts as having read that file whole.

use super::World;
use super::class::Mro;
use super::decorator::Traits;
use crate::by_loop::ByLoop;
use crate::finding::FileId;
use crate::flow::{CallMeaning, FlagMeaning};
use crate::types::{Def, Ty};
use asyncwise_syntax::facts::ExprId;
use rustc_hash::{FxHashMap, FxHasher};
use smol_str::SmolStr;
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

/// A question about one file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Key {
    /// The type of an expression.
    Expr(FileId, ExprId),
    /// The instances that an annotation admits.
    Annotation(FileId, ExprId),
    /// What a call of a function gives.
    Return(Def),
    /// What a generator function yields.
    Yield(Def),
    /// The value that a `def` statement binds.
    Value(Def),
    /// An attribute of the instances of a class.
    Attribute(Def, SmolStr),
    /// What a class (first) itself gives the instances of a class below it (second) under a name.
    Own(Def, Def, SmolStr),
    /// Whether a class itself gives its instances anything under a name.
    HasOwn(Def, SmolStr),
    /// A name of a module.
    Member(FileId, SmolStr),
    /// The method resolution order of a class.
    Mro(Def),
    /// The standard traits of a function.
    Traits(Def),
    /// What a call means for loop states: how deep the summary looks, and whether arguments are left to their defaults.
    Meaning(Def, u8, bool),
    /// The attributes that an `__init__` sets from a probe.
    Flags(Def),
    /// What an attribute that a class gives its instances holds, where that depends on the probe; found in so many steps.
    AttributeByLoop(Def, SmolStr, u8),
    /// What a function returns, where that depends on the probe; found in so many steps.
    ReturnByLoop(Def, u8),
    /// Name, kind and class of a definition.
    Header(Def),
    /// The dotted name of a definition.
    QualifiedName(Def),
    /// Whether a function has no body of its own.
    IsAbstract(Def),
    /// Whether a method returns its instance.
    ReturnsSelf(Def),
    /// What a decorator does with the function it is given.
    DecoratorEffect(Def),
    /// Whether a wrapper returns what the wrapped function returns.
    PassesOn(Def),
    /// Whether a wrapper calls the wrapped function, and always.
    CallsWrapped(Def),
    /// The method of a name in the body of a class.
    OwnMethod(Def, SmolStr),
    /// The methods in the body of a class that run while an instance is made.
    Hooks(Def),
    /// Whether a module binds a name.
    Binds(FileId, SmolStr),
    /// Whether `from module import *` brings a name.
    Exports(FileId, SmolStr),
    /// The star imports of a module.
    Stars(FileId),
    /// Anything of the file.
    Whole(FileId),
}

impl Key {
    /// The file whose text answers.
    pub(crate) fn file(&self) -> FileId {
        match self {
            Key::Expr(file, _)
            | Key::Annotation(file, _)
            | Key::Member(file, _)
            | Key::Binds(file, _)
            | Key::Exports(file, _)
            | Key::Stars(file)
            | Key::Whole(file) => *file,
            Key::Return(def)
            | Key::Yield(def)
            | Key::Value(def)
            | Key::Attribute(def, _)
            | Key::Own(def, ..)
            | Key::HasOwn(def, _)
            | Key::Mro(def)
            | Key::Traits(def)
            | Key::Meaning(def, ..)
            | Key::Flags(def)
            | Key::AttributeByLoop(def, ..)
            | Key::ReturnByLoop(def, _)
            | Key::Header(def)
            | Key::QualifiedName(def)
            | Key::IsAbstract(def)
            | Key::ReturnsSelf(def)
            | Key::DecoratorEffect(def)
            | Key::PassesOn(def)
            | Key::CallsWrapped(def)
            | Key::OwnMethod(def, _)
            | Key::Hooks(def) => def.file,
        }
    }
}

/// An answer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Answer {
    Ty(Ty),
    Mro(Arc<Mro>),
    Traits(Arc<Traits>),
    Meaning(Arc<CallMeaning>),
    Flags(Arc<Vec<(SmolStr, FlagMeaning)>>),
    ByLoop(Option<Arc<ByLoop>>),
    /// Of an answer that is found faster than it is kept: enough to tell whether it is another.
    Digest(u64),
}

macro_rules! answers {
    ($($variant:ident($ty:ty)),*) => {$(
        impl From<$ty> for Answer {
            fn from(value: $ty) -> Self {
                Answer::$variant(value)
            }
        }
        impl TryFrom<Answer> for $ty {
            type Error = ();
            fn try_from(answer: Answer) -> Result<Self, ()> {
                match answer {
                    Answer::$variant(value) => Ok(value),
                    _ => Err(()),
                }
            }
        }
    )*};
}

answers!(
    Ty(Ty),
    Mro(Arc<Mro>),
    Traits(Arc<Traits>),
    Meaning(Arc<CallMeaning>),
    Flags(Arc<Vec<(SmolStr, FlagMeaning)>>),
    ByLoop(Option<Arc<ByLoop>>)
);

/// One question and what came of it. There are many, so what few have is kept aside.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// None where the answer hangs on which question came first, so that it cannot be kept.
    pub(crate) answer: Option<Answer>,
    /// The world that gave it; earlier ones do not see it.
    generation: u32,
    observed: Option<Box<Observed>>,
}

/// Of a question that other files ask.
#[derive(Clone, Debug, Default)]
struct Observed {
    /// What the answer is when it comes first, if it cannot be kept and somebody found that out.
    loose: Option<Answer>,
    /// The other files that asked.
    readers: Vec<FileId>,
}

impl Entry {
    /// The other files that asked.
    pub(crate) fn readers(&self) -> &[FileId] {
        self.observed.as_ref().map_or(&[], |observed| observed.readers.as_slice())
    }

    /// Where no answer can be kept: what it is when it comes first, if somebody found that out.
    pub(crate) fn loose(&self) -> Option<&Answer> {
        self.observed.as_ref()?.loose.as_ref()
    }

    /// Notes what the answer is when it comes first.
    pub(crate) fn set_loose(&mut self, answer: Answer) {
        self.observed.get_or_insert_default().loose = Some(answer);
    }

    fn add_reader(&mut self, reader: FileId) {
        if !self.readers().contains(&reader) {
            self.observed.get_or_insert_default().readers.push(reader);
        }
    }
}

/// What is remembered of one file.
#[derive(Debug, Default)]
pub(crate) struct FileMemo {
    entries: RwLock<FxHashMap<Key, Entry>>,
}

impl FileMemo {
    /// For another text of the same file, of which about as much will be asked.
    pub(crate) fn like(old: &Self) -> Self {
        let entries = old.entries.read().unwrap_or_else(PoisonError::into_inner);
        Self { entries: RwLock::new(FxHashMap::with_capacity_and_hasher(entries.len(), Default::default())) }
    }

    /// The questions that other files asked, with their answers.
    pub(crate) fn observed(&self) -> Vec<(Key, Entry)> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|(_, e)| !e.readers().is_empty()).map(|(k, e)| (k.clone(), e.clone())).collect()
    }

    /// Takes over those who asked a question before, as its answer is the same.
    pub(crate) fn keep_readers(&self, key: Key, entry: Entry) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        match entries.get_mut(&key) {
            Some(new) => {
                entry.readers().iter().for_each(|reader| new.add_reader(*reader));
                if let Some(observed) = &mut new.observed {
                    observed.loose = entry.loose().cloned();
                }
            }
            None => {
                entries.insert(key, entry);
            }
        }
    }
}

/// What a world does with answers.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Keeping {
    /// They are kept.
    Answers,
    /// They are kept, and who asked.
    Readers,
    /// Nothing more is kept: newer worlds share the memory.
    Nothing,
}

const NOBODY: FileId = FileId(u32::MAX);

thread_local! {
    /// The file this thread works for.
    static READER: Cell<FileId> = const { Cell::new(NOBODY) };
}

/// Until it is dropped, the thread works for a file.
pub(crate) struct WorkingFor(FileId);

/// Says for which file this thread works from here on.
pub(crate) fn working_for(file: FileId) -> WorkingFor {
    WorkingFor(READER.replace(file))
}

impl Drop for WorkingFor {
    fn drop(&mut self) {
        READER.set(self.0);
    }
}

impl World {
    /// The answer that is remembered.
    pub(crate) fn recall<T: TryFrom<Answer>>(&self, key: &Key) -> Option<T> {
        let owner = key.file();
        let memo = &self.memos[owner.index()];
        let entries = memo.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key).filter(|e| e.generation <= self.generation)?;
        let answer = entry.answer.clone();
        if self.keeping == Keeping::Readers {
            let reader = READER.get();
            if reader != owner && reader != NOBODY && !entry.readers().contains(&reader) {
                drop(entries);
                self.add_reader(key, reader);
            }
        }
        answer.and_then(|answer| T::try_from(answer).ok())
    }

    /// The answer that is remembered, whatever it is.
    pub(super) fn recall_any(&self, key: &Key) -> Option<Answer> {
        let entries = self.memos[key.file().index()].entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|e| e.generation <= self.generation)?.answer.clone()
    }

    fn add_reader(&self, key: &Key, reader: FileId) {
        let mut entries = self.memos[key.file().index()].entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(key) {
            entry.add_reader(reader);
        }
    }

    /// Remembers an answer, or that there is none that can be kept. The thread must work for the one who asked.
    pub(crate) fn remember(&self, key: Key, answer: Option<Answer>) {
        if self.keeping == Keeping::Nothing || (answer.is_none() && self.keeping != Keeping::Readers) {
            return;
        }
        let owner = key.file();
        let reader = READER.get();
        let is_read = self.keeping == Keeping::Readers && reader != owner && reader != NOBODY;
        let mut entries = self.memos[owner.index()].entries.write().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(key).or_insert(Entry { answer: None, generation: self.generation, observed: None });
        entry.answer = answer.or(entry.answer.take());
        entry.generation = self.generation;
        if is_read {
            entry.add_reader(reader);
        }
    }

    /// An answer that is found at once, noted for those who read it.
    pub(crate) fn noted<T: Hash>(&self, key: Key, find: impl FnOnce() -> T) -> T {
        let owner = key.file();
        let reader = READER.get();
        if self.keeping != Keeping::Readers || reader == owner || reader == NOBODY {
            return find();
        }
        let value = {
            let _own = working_for(owner);
            find()
        };
        self.note(key, digest(&value));
        value
    }

    fn note(&self, key: Key, digest: u64) {
        let reader = READER.get();
        let memo = &self.memos[key.file().index()];
        {
            let entries = memo.entries.read().unwrap_or_else(PoisonError::into_inner);
            if entries
                .get(&key)
                .is_some_and(|e| e.answer == Some(Answer::Digest(digest)) && e.readers().contains(&reader))
            {
                return;
            }
        }
        self.remember(key, Some(Answer::Digest(digest)));
    }

    /// Notes that the thread's file reads another one's facts as they come.
    pub(super) fn reads(&self, file: FileId) {
        if self.keeping == Keeping::Readers {
            let reader = READER.get();
            if reader != file && reader != NOBODY {
                self.note(Key::Whole(file), 0);
            }
        }
    }
}

/// Enough of a value to tell it from another.
pub(crate) fn digest<T: Hash>(value: &T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
