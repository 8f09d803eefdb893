//! Classes of the program: what their instances hold that their close lets go of, and since when.

mod wrapper;

pub(super) use wrapper::Wrapper;

use super::acquire::{Model, Resources};
use super::fresh::{Fresh, called_method};
use super::members::{Members, lets_go, method_around};
use super::{Closes, Needs, Origin, Owned, With, row};
use crate::finding::{Confidence, FileId};
use crate::infer::{Infer, Mro};
use crate::types::{Class, Def, Ty};
use asyncwise_syntax::facts::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::sync::Arc;

/// What methods that close are called, the one to advise first; also with `async_` or `_async`, or with what is closed.
const CLOSERS: &[&str] = &[
    "aclose",
    "close",
    "stop",
    "astop",
    "shutdown",
    "ashutdown",
    "disconnect",
    "adisconnect",
    "cleanup",
    "acleanup",
    "clean_up",
    "dispose",
    "adispose",
    "terminate",
    "teardown",
    "tear_down",
    "finalize",
    "release",
    "destroy",
    "unload",
    "exit",
    "quit",
];
/// What may follow the name of a closer.
const CLOSED: &[&str] = &[
    "_all",
    "_client",
    "_clients",
    "_session",
    "_sessions",
    "_connection",
    "_connections",
    "_pool",
    "_server",
    "_resources",
    "_everything",
];
/// Methods that run where an instance is made.
const MAKING: &[&str] = &["__init__", "__post_init__", "__attrs_post_init__", "model_post_init"];
/// Methods that run where an instance is let go of.
const LEAVING: &[&str] = &["__aexit__", "__exit__", "__del__"];
/// Methods of containers that take something in.
const TAKING: &[&str] = &["append", "add", "appendleft", "setdefault", "insert"];
/// How many methods are followed from one.
const MAX_REACH: usize = 64;

/// A method that closes.
#[derive(Clone)]
struct Closer {
    name: SmolStr,
    /// Its place among [`CLOSERS`]; the special methods come last.
    rank: usize,
    def: Def,
    /// The attributes it lets go of.
    attributes: FxHashSet<SmolStr>,
}

/// A place where an instance comes to hold something.
struct Point {
    /// The method; none where the class's body says what every instance is made with.
    method: Option<Def>,
    at: (FileId, ExprId),
    confidence: Confidence,
    unless: Option<SmolStr>,
    attribute: SmolStr,
}

/// A class being looked at.
struct Subject {
    class: Def,
    mro: Arc<Mro>,
    /// The methods that an instance runs, by name; those of all bases.
    methods: Vec<(SmolStr, Def)>,
    reach: FxHashMap<Def, Vec<Def>>,
}

impl<'w> Resources<'w> {
    /// What an instance of a class of the program must be closed as.
    pub(super) fn class(&mut self, infer: &mut Infer<'w>, class: Def) -> Option<Arc<Model>> {
        self.once(class, |me| me.find_class(infer, class))
    }

    fn find_class(&mut self, infer: &mut Infer<'w>, class: Def) -> Option<Model> {
        let mro = infer.mro(class);
        if mro.classes.iter().any(|&base| self.is_shared(base)) {
            return None;
        }
        if let Some(row) = mro.externals.iter().find_map(|base| row::of(self.world.knowledge, base))
            && !row.awaited
        {
            let owned = Arc::new(row::owned(row, self.world.name(class).into()));
            return Some(Model { if_own: owned.confidence, owned, unless: Vec::new() });
        }
        if !self.has_closer(&mro) {
            return None;
        }
        let mut subject =
            Subject { class, methods: self.methods(infer, class, &mro), mro, reach: FxHashMap::default() };
        let mut closers = self.closers(infer, &mut subject);
        let attributes: FxHashSet<SmolStr> = closers.iter().flat_map(|c| c.attributes.iter().cloned()).collect();
        let mut names: Vec<&SmolStr> = attributes.iter().collect();
        names.sort_unstable();
        let points: Vec<Point> = names.into_iter().flat_map(|name| self.points(infer, &subject, name)).collect();
        closers.retain(|c| points.iter().any(|point| c.attributes.contains(&point.attribute)));
        closers.sort_by(|a, b| self.closer_order(a).cmp(&self.closer_order(b)));
        let closes = closes(self, &closers.iter().collect::<Vec<_>>())?;
        self.model(infer, &mut subject, &points, closes)
    }

    /// By what closers are sorted, the one to advise first.
    fn closer_order<'c>(&self, closer: &'c Closer) -> (bool, usize, &'c SmolStr) {
        (!self.world.is_async(closer.def), closer.rank, &closer.name)
    }

    /// Whether whoever makes an instance may get one that others have too.
    fn is_shared(&self, class: Def) -> bool {
        let facts = self.world.facts(class.file);
        let index = self.world.index_of(class.file);
        let makes_itself = index.name("__new__").is_some_and(|name| index.binds(class.scope, name));
        let bases = facts.args(facts.scope(class.scope).bases);
        let has_meta = bases.iter().any(|base| {
            base.name.is_some_and(|name| facts.name(name) == "metaclass")
                && facts.dotted(base.value).is_none_or(|meta| !meta.ends_with("ABCMeta"))
        });
        makes_itself || has_meta
    }

    /// Whether a class has a method that may close, by name alone.
    fn has_closer(&self, mro: &Mro) -> bool {
        mro.classes.iter().any(|base| {
            let facts = self.world.facts(base.file);
            facts.bindings_of(base.scope).iter().any(|binding| closer_rank(facts.name(binding.name)).is_some())
        })
    }

    pub(super) fn members_of(&mut self, file: FileId) -> Arc<Members> {
        let (facts, index) = (self.world.facts(file), self.world.index_of(file));
        self.members.entry(file).or_insert_with(|| Arc::new(Members::of(facts, index))).clone()
    }

    fn methods(&mut self, infer: &mut Infer<'w>, class: Def, mro: &Mro) -> Vec<(SmolStr, Def)> {
        let mut names: FxHashSet<SmolStr> = FxHashSet::default();
        for base in &mro.classes {
            let facts = self.world.facts(base.file);
            let members = self.members_of(base.file);
            names.extend(members.methods(base.scope).iter().map(|&m| SmolStr::from(facts.name(facts.scope(m).name))));
        }
        let instance = Ty::Instance(Class::Own(class));
        let mut methods: Vec<(SmolStr, Def)> = names
            .into_iter()
            .filter_map(|name| function_of(&infer.member(&instance, &name)).map(|def| (name, def)))
            .collect();
        methods.sort_unstable();
        methods
    }

    fn closers(&mut self, infer: &mut Infer<'w>, subject: &mut Subject) -> Vec<Closer> {
        let mut closers = Vec::new();
        for (name, def) in subject.methods.clone() {
            let Some(rank) = closer_rank(&name) else { continue };
            let mut attributes = FxHashSet::default();
            for method in self.reach(infer, subject, def) {
                let facts = self.world.facts(method.file);
                let members = self.members_of(method.file);
                let let_go = members.mentions(method.scope).iter().filter(|(_, mention)| lets_go(facts, *mention));
                attributes.extend(let_go.map(|(attr, _)| SmolStr::from(facts.name(*attr))));
            }
            if !attributes.is_empty() {
                closers.push(Closer { name, rank, def, attributes });
            }
        }
        closers
    }

    /// The methods that run when one does: itself, and what it calls of its instance.
    fn reach(&mut self, infer: &mut Infer<'w>, subject: &mut Subject, from: Def) -> Vec<Def> {
        if let Some(known) = subject.reach.get(&from) {
            return known.clone();
        }
        let mut found = vec![from];
        let mut next = 0;
        while let Some(&def) = found.get(next)
            && found.len() < MAX_REACH
        {
            next += 1;
            let facts = self.world.facts(def.file);
            let members = self.members_of(def.file);
            for (attr, _) in members.mentions(def.scope) {
                let name = facts.name(*attr);
                if let Ok(i) = subject.methods.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
                    let callee = subject.methods[i].1;
                    if !found.contains(&callee) {
                        found.push(callee);
                    }
                }
            }
            for attr in members.supers(def.scope) {
                let Some(class) = self.world.class_of(def) else { continue };
                if let Some(callee) = function_of(&infer.member(&Ty::Super(class), facts.name(*attr)))
                    && !found.contains(&callee)
                {
                    found.push(callee);
                }
            }
        }
        subject.reach.insert(from, found.clone());
        found
    }

    /// Where instances come to hold something in an attribute.
    fn points(&mut self, infer: &mut Infer<'w>, subject: &Subject, attribute: &SmolStr) -> Vec<Point> {
        let mut points = Vec::new();
        let mut after: Vec<(SmolStr, Confidence)> = vec![("__aenter__".into(), Confidence::Likely)];
        // A value that is given to the constructor, where the attribute may hold that too.
        let mut given = None;
        for &base in &subject.mro.classes {
            let facts = self.world.facts(base.file);
            let Some(attr) = self.world.index_of(base.file).name(attribute) else { continue };
            points.extend(self.default_point(infer, base, attr, attribute));
            for (method, value, fresh) in self.assigned(infer, base, attr) {
                match fresh {
                    Some(fresh) => match &fresh.needs {
                        Needs::After(methods) => {
                            after.extend(methods.iter().map(|name| (name.clone(), fresh.confidence)));
                        }
                        _ => points.push(point(facts, method, &fresh, attribute, attr)),
                    },
                    None => given = given.or_else(|| self.parameter(method, value?)),
                }
            }
        }
        if let Some(given) = given {
            for point in &mut points {
                point.confidence = Confidence::Possible;
                point.unless.get_or_insert_with(|| given.clone());
            }
        }
        self.started(subject, attribute, &after, &mut points);
        points
    }

    /// The parameter of a method that a value is, by name.
    fn parameter(&self, method: Def, value: ExprId) -> Option<SmolStr> {
        let facts = self.world.facts(method.file);
        let ExprKind::Name(name) = facts.expr(value).kind else { return None };
        facts.params_of(method.scope).iter().any(|p| p.name == name).then(|| facts.name(name).into())
    }

    /// What the methods of one class put into an attribute: assigned, or taken into the container that it is.
    fn assigned(
        &mut self,
        infer: &mut Infer<'w>,
        base: Def,
        attr: NameId,
    ) -> Vec<(Def, Option<ExprId>, Option<Fresh>)> {
        let world = self.world;
        let (facts, index) = (world.facts(base.file), world.index_of(base.file));
        let mut values: Vec<(Def, Option<ExprId>, Option<u32>)> = Vec::new();
        for assigned in index.attributes(base.scope, attr) {
            let Some(scope) = method_around(facts, index, assigned.method) else { continue };
            let method = Def { file: base.file, scope };
            match assigned.value {
                Some(value) => values.push((method, Some(value), None)),
                None => {
                    let unpacked = unpacked(facts, assigned.stmt, attr);
                    values.extend(unpacked.map(|(value, part)| (method, Some(value), Some(part))));
                }
            }
        }
        let members = self.members_of(base.file);
        for &scope in members.methods(base.scope) {
            let method = Def { file: base.file, scope };
            let mentions = members.mentions(scope).iter().filter(|(name, _)| *name == attr);
            values.extend(mentions.filter_map(|(_, at)| taken(facts, *at)).map(|value| (method, Some(value), None)));
        }
        values.retain(|(method, ..)| !infer.traits(*method).is_class);
        let fresh = |(method, value, part): (Def, Option<ExprId>, Option<u32>)| {
            let fresh = value.and_then(|value| self.fresh(infer, base.file, value, part));
            (method, value, fresh)
        };
        values.into_iter().map(fresh).collect()
    }

    /// `client: Client = field(default_factory=Client)` in a class's body.
    fn default_point(&mut self, infer: &mut Infer<'w>, base: Def, attr: NameId, attribute: &SmolStr) -> Option<Point> {
        let world = self.world;
        let facts = world.facts(base.file);
        let value = world.index_of(base.file).bindings(facts, base.scope, attr).find_map(|b| match b.kind {
            BindingKind::Assign { value, .. } => Some(value),
            _ => None,
        })?;
        let owned = self.default_of(infer, base.file, value)?;
        let confidence = owned.confidence;
        let point =
            Point { method: None, at: (base.file, value), confidence, unless: None, attribute: attribute.clone() };
        (owned.needs == Needs::Made).then_some(point)
    }

    /// What a field of a class is made with: `field(default_factory=Client)`.
    pub(in crate::ownership) fn default_of(
        &mut self,
        infer: &mut Infer<'w>,
        file: FileId,
        value: ExprId,
    ) -> Option<Arc<Owned>> {
        let facts = self.world.facts(file);
        let ExprKind::Call { args, .. } = facts.expr(value).kind else { return None };
        let is_factory = |arg: &&Arg| arg.name.is_some_and(|n| matches!(facts.name(n), "default_factory" | "factory"));
        let factory = facts.args(args).iter().find(is_factory)?.value;
        if let ExprKind::Lambda(scope) = facts.expr(factory).kind {
            let [made] = *facts.list(facts.scope(scope).body_exprs) else { return None };
            return self.acquired(infer, file, made).pop().map(|made| made.owned);
        }
        let callee = infer.expr(file, factory);
        self.made(infer, &callee, None).map(|made| made.owned)
    }

    /// Where a method is called on what an attribute holds that makes it something to close.
    fn started(
        &mut self,
        subject: &Subject,
        attribute: &SmolStr,
        after: &[(SmolStr, Confidence)],
        points: &mut Vec<Point>,
    ) {
        for &base in &subject.mro.classes {
            let facts = self.world.facts(base.file);
            let members = self.members_of(base.file);
            for &scope in members.methods(base.scope) {
                for &(name, mention) in members.mentions(scope) {
                    if facts.name(name) != attribute {
                        continue;
                    }
                    let Some((method, call)) = called_method(facts, mention) else { continue };
                    let Some((_, confidence)) = after.iter().find(|(name, _)| name == facts.name(method)) else {
                        continue;
                    };
                    points.push(Point {
                        method: Some(Def { file: base.file, scope }),
                        at: (base.file, call),
                        confidence: *confidence,
                        unless: None,
                        attribute: attribute.clone(),
                    });
                }
            }
        }
    }

    fn model(
        &mut self,
        infer: &mut Infer<'w>,
        subject: &mut Subject,
        points: &[Point],
        closes: Closes,
    ) -> Option<Model> {
        let mut made: Vec<&Point> = points.iter().filter(|point| point.method.is_none()).collect();
        let mut later: Vec<&Point> = Vec::new();
        let mut methods: Vec<SmolStr> = Vec::new();
        for (name, def) in subject.methods.clone() {
            if closer_rank(&name).is_some() || LEAVING.contains(&name.as_str()) {
                continue;
            }
            let reach = self.reach(infer, subject, def);
            let mut reached = points.iter().filter(|point| point.method.is_some_and(|m| reach.contains(&m))).peekable();
            if MAKING.contains(&name.as_str()) {
                made.extend(reached);
            } else if reached.peek().is_some() {
                later.extend(reached);
                methods.push(name);
            }
        }
        let (needs, holds) = if made.is_empty() { (Needs::After(methods), later) } else { (Needs::Made, made) };
        let first = holds.iter().max_by_key(|point| (point.confidence, std::cmp::Reverse(point.at)))?;
        let mut unless: Vec<SmolStr> = holds.iter().filter_map(|point| point.unless.clone()).collect();
        if unless.len() < holds.len() {
            unless.clear();
        }
        unless.sort_unstable();
        unless.dedup();
        let origin = Origin::Own { class: subject.class, acquires: Some(first.at) };
        let what = self.world.name(subject.class).into();
        let owned = Owned { what, closes, needs, origin, factory: None, confidence: first.confidence };
        let if_own = if unless.is_empty() { first.confidence } else { Confidence::Likely };
        Some(Model { owned: Arc::new(owned), unless, if_own })
    }
}

fn point(facts: &FileFacts, method: Def, fresh: &Fresh, attribute: &SmolStr, attr: NameId) -> Point {
    let is_sure = facts.stmt_of(fresh.call).is_none_or(|stmt| is_always(facts, stmt, attr));
    Point {
        method: Some(method),
        at: (method.file, fresh.call),
        confidence: if is_sure { fresh.confidence } else { Confidence::Possible },
        unless: fresh.unless.map(|name| facts.name(name).into()),
        attribute: attribute.clone(),
    }
}

/// Whether a statement that fills an attribute runs whenever its method does, unless something of the instance says that it
/// is filled already: `if self.client is None`, `if not self.started`.
fn is_always(facts: &FileFacts, stmt: StmtId, attr: NameId) -> bool {
    let mut above = std::iter::successors(facts.stmt(stmt).parent, |&at| facts.stmt(at).parent);
    above.all(|at| match facts.stmt(at).kind {
        StmtKind::If { test, .. } => is_guard(facts, test, attr),
        StmtKind::Match { .. } => false,
        _ => true,
    })
}

/// Whether a test asks the instance what it holds.
fn is_guard(facts: &FileFacts, test: ExprId, attr: NameId) -> bool {
    match facts.expr(test).kind {
        ExprKind::Not(inner) => is_guard(facts, inner, attr),
        ExprKind::BoolOp { values, .. } => facts.list(values).iter().any(|&value| is_guard(facts, value, attr)),
        ExprKind::Compare { operands, .. } => match facts.list(operands) {
            [left, right] => {
                facts.expr(*right).kind == ExprKind::None
                    || is_guard(facts, *left, attr)
                    || matches!(facts.expr(*right).kind, ExprKind::Attribute { attr: a, .. } if a == attr)
            }
            _ => false,
        },
        ExprKind::Attribute { value, .. } => matches!(facts.expr(value).kind, ExprKind::Name(_)),
        ExprKind::Call { args, .. } => {
            let named = |arg: &Arg| matches!(&facts.expr(arg.value).kind, ExprKind::Str(s) if s == facts.name(attr));
            facts.args(args).iter().any(named)
        }
        _ => false,
    }
}

fn closes(resources: &Resources<'_>, closers: &[&Closer]) -> Option<Closes> {
    let has = |name: &str| closers.iter().any(|closer| closer.name == name);
    let with = match (has("__aexit__"), has("__exit__")) {
        (true, _) => With::Async,
        (false, true) => With::Sync,
        (false, false) => With::No,
    };
    let named: Vec<&&Closer> = closers.iter().filter(|closer| !closer.name.starts_with("__")).collect();
    let awaited = named.first().map_or(with == With::Async, |first| resources.world.is_async(first.def));
    let methods: Vec<SmolStr> = named.iter().map(|closer| closer.name.clone()).collect();
    let is_closed = !methods.is_empty() || with != With::No;
    is_closed.then_some(Closes { methods, awaited, then_await: None, released_by: None, with })
}

/// The place of a method's name among those that close; none for any other.
pub(in crate::ownership) fn closer_rank(name: &str) -> Option<usize> {
    if matches!(name, "__aexit__" | "__exit__") {
        return Some(CLOSERS.len());
    }
    let bare = name.strip_prefix("async_").unwrap_or(name);
    let bare = bare.strip_suffix("_async").unwrap_or(bare);
    let bare = CLOSED.iter().find_map(|what| bare.strip_suffix(what)).unwrap_or(bare);
    CLOSERS.iter().position(|closer| *closer == bare)
}

/// The function behind a member, also one that is decorated.
fn function_of(member: &Ty) -> Option<Def> {
    match member {
        Ty::Function(def, _) | Ty::Property(def, _) => Some(*def),
        Ty::Opaque(inner) | Ty::Offloaded(inner) | Ty::Partial(inner) | Ty::Wrapped { inner, .. } => function_of(inner),
        _ => None,
    }
}

/// Which element of which value an attribute is given by `self.a, self.b = value`.
fn unpacked(facts: &FileFacts, stmt: StmtId, attr: NameId) -> Option<(ExprId, u32)> {
    let StmtKind::Assign { targets, value } = facts.stmt(stmt).kind else { return None };
    facts.list(targets).iter().find_map(|&target| {
        let (ExprKind::Tuple(items) | ExprKind::List(items)) = facts.expr(target).kind else { return None };
        let is_it = |item: &ExprId| matches!(facts.expr(*item).kind, ExprKind::Attribute { attr: a, .. } if a == attr);
        facts.list(items).iter().position(is_it).map(|part| (value, part as u32))
    })
}

/// The value that a container, mentioned here, takes in: `self.x[key] = value`, `self.x.append(value)`.
fn taken(facts: &FileFacts, mention: ExprId) -> Option<ExprId> {
    if let Some((method, call)) = called_method(facts, mention) {
        let ExprKind::Call { args, .. } = facts.expr(call).kind else { return None };
        return facts.args(args).last().filter(|_| TAKING.contains(&facts.name(method))).map(|arg| arg.value);
    }
    let Parent::Expr(subscript) = facts.expr(mention).parent else { return None };
    let ExprKind::Subscript { value, .. } = facts.expr(subscript).kind else { return None };
    let Parent::Stmt(stmt) = facts.expr(subscript).parent else { return None };
    let StmtKind::Assign { targets, value: assigned } = facts.stmt(stmt).kind else { return None };
    (value == mention && facts.list(targets).contains(&subscript)).then_some(assigned)
}
