//! A class with all classes whose methods its instances may run.

use crate::finding::FileId;
use crate::infer::Infer;
use crate::ownership::resource::{Members, closer_rank};
use crate::sites::Whole;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::rc::Rc;

/// How many classes are looked at around one.
const MAX_CLASSES: usize = 200;
/// How many methods are followed from one.
const MAX_REACH: usize = 200;
/// Methods besides those of [`closer_rank`] that run when an instance is let go of.
const LEAVING: &[&str] = &["__aexit__", "__exit__", "__del__"];

/// What the methods of the classes of files do, worked out once.
#[derive(Default)]
pub(super) struct MembersOf(FxHashMap<FileId, Rc<Members>>);

impl MembersOf {
    fn file(&mut self, infer: &Infer<'_>, file: FileId) -> Rc<Members> {
        let (facts, index) = (infer.world.facts(file), infer.world.index_of(file));
        self.0.entry(file).or_insert_with(|| Rc::new(Members::of(facts, index))).clone()
    }
}

/// A method of a class of the family.
pub(super) struct Method {
    /// The method.
    pub(super) def: Def,
    /// The class it stands in.
    pub(super) class: Def,
    /// Its name.
    pub(super) name: SmolStr,
    /// The attributes of its instance that it mentions, and where.
    pub(super) mentions: Vec<(SmolStr, ExprId)>,
    /// The attributes of `super()` that it mentions.
    pub(super) supers: Vec<SmolStr>,
    /// A method runs when an instance is let go of: it is called so, or such a method calls it.
    pub(super) closes: bool,
}

/// A class, its bases, the classes below it and theirs.
pub(super) struct Family {
    /// The class.
    pub(super) class: Def,
    /// All of them, the class's own resolution order first.
    pub(super) classes: Vec<Def>,
    /// How many of them an instance of the class itself has.
    own: usize,
    /// A base of the class is not read, so that it may have a close of its own.
    pub(super) has_outside: bool,
    /// A base of the class is not known.
    pub(super) is_unknown: bool,
    /// The methods of all of them.
    pub(super) methods: Vec<Method>,
}

impl Family {
    /// The family of a class.
    pub(super) fn of(infer: &mut Infer<'_>, whole: &Whole, members: &mut MembersOf, class: Def) -> Self {
        let mro = infer.mro(class);
        let mut classes = mro.classes.clone();
        let own = classes.len();
        let mut seen: FxHashSet<Def> = classes.iter().copied().collect();
        for &below in whole.below(class) {
            let theirs = infer.mro(below);
            classes.extend(theirs.classes.iter().filter(|class| seen.insert(**class)));
        }
        classes.truncate(MAX_CLASSES.max(own));
        let mut methods = Vec::new();
        for class in &classes {
            let members = members.file(infer, class.file);
            let facts = infer.world.facts(class.file);
            let named = |name: &NameId| SmolStr::from(facts.name(*name));
            methods.extend(members.methods(class.scope).iter().map(|&scope| Method {
                def: Def { file: class.file, scope },
                class: *class,
                name: named(&facts.scope(scope).name),
                mentions: members.mentions(scope).iter().map(|(name, at)| (named(name), *at)).collect(),
                supers: members.supers(scope).iter().map(named).collect(),
                closes: false,
            }));
        }
        let has_outside = mro.unknown || !mro.externals.is_empty();
        let mut family = Self { class, classes, own, has_outside, is_unknown: mro.unknown, methods };
        let closers = |method: &Method| is_closer(&method.name);
        let closers: Vec<usize> = (0..family.methods.len()).filter(|&i| closers(&family.methods[i])).collect();
        for i in family.reach(&closers) {
            family.methods[i].closes = true;
        }
        family
    }

    /// The methods that run when some do: they, and what they call of their instance.
    fn reach(&self, from: &[usize]) -> Vec<usize> {
        let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        for (i, method) in self.methods.iter().enumerate() {
            by_name.entry(&method.name).or_default().push(i);
        }
        let mut found = from.to_vec();
        let mut seen: FxHashSet<usize> = found.iter().copied().collect();
        let mut next = 0;
        while let Some(&i) = found.get(next)
            && found.len() < MAX_REACH
        {
            next += 1;
            let method = &self.methods[i];
            for name in method.mentions.iter().map(|(name, _)| name).chain(&method.supers) {
                let callees = by_name.get(name.as_str()).into_iter().flatten();
                found.extend(callees.filter(|callee| seen.insert(**callee)));
            }
        }
        found
    }

    /// The methods that run when one does.
    pub(super) fn reached_from(&self, method: Def) -> Vec<Def> {
        let start = self.methods.iter().position(|m| m.def == method);
        self.reach(start.as_slice()).into_iter().map(|i| self.methods[i].def).collect()
    }

    /// The classes whose methods an instance of the class itself has, in resolution order.
    pub(super) fn own(&self) -> &[Def] {
        &self.classes[..self.own]
    }

    /// Whether there may be more classes than are looked at.
    pub(super) fn is_cut(&self) -> bool {
        self.classes.len() >= MAX_CLASSES
    }

    /// Whether a class belongs to it.
    pub(super) fn has(&self, class: Def) -> bool {
        self.classes.contains(&class)
    }

    /// The method that closes an instance of the class itself: the one to advise.
    pub(super) fn closer(&self) -> Option<&Method> {
        let own = self.own();
        let closers =
            self.methods.iter().filter(|m| is_closer(&m.name) && m.name != "__del__" && own.contains(&m.class));
        closers.min_by_key(|m| closer_rank(&m.name))
    }
}

/// Whether a method of this name runs when an instance is let go of.
pub(super) fn is_closer(name: &str) -> bool {
    closer_rank(name).is_some() || LEAVING.contains(&name)
}
