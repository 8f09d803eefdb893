//! The fix "generate `aclose`": a close for what the instances of a class keep and nothing closes, or what is missing in the
//! close that there is.

use super::super::CheckedFile;
use crate::analysis::Analysis;
use crate::finding::{Applicability, Edit, FileId, Fix};
use crate::fixes::Source;
use crate::ownership::owner::{Kept, Owner};
use crate::ownership::resource::Owned;
use crate::types::Def;
use asyncwise_syntax::facts::*;
use std::fmt::Write;

/// Methods that run where an instance is made: what they assign is always there.
const MAKING: &[&str] = &["__init__", "__post_init__", "__attrs_post_init__"];

/// The fix for what the instances of the class whose header holds `range` keep and nothing closes. None where there is nothing
/// of that kind, or it takes more than calling a method to close it.
pub fn generate_close(analysis: &Analysis, file: FileId, range: Span) -> Option<Fix> {
    let facts = analysis.world.facts(file);
    let is_here =
        |s: &Scope| s.kind == ScopeKind::Class && s.header_span.start <= range.start && range.end <= s.header_span.end;
    let (scope, _) = facts.scopes().find(|(_, s)| is_here(s))?;
    let mut checked = CheckedFile::new(analysis, file);
    let owners = checked.owners();
    let owner = owners.iter().find(|owner| owner.class.scope == scope)?;
    fix(&checked, owner)
}

/// The fix for all that nothing closes of what the instances of a class keep.
pub(super) fn fix(checked: &CheckedFile<'_>, owner: &Owner) -> Option<Fix> {
    let class = Class { source: Source::of(&checked.analysis.world, checked.file), owner };
    let keeps: Vec<&Kept> = owner.keeps.iter().filter(|kept| kept.is_open() && kept.is_never_closed()).collect();
    if keeps.is_empty() || checked.analysis.is_broken(checked.file, owner.class.scope) {
        return None;
    }
    let closes = keeps.iter().map(|kept| class.close_of(kept)).collect::<Option<Vec<Close>>>()?;
    let names: Vec<String> = keeps.iter().map(|kept| format!("self.{}", checked.facts.name(kept.attribute))).collect();
    let (title, edits) = match owner.closer {
        None => {
            let is_async = closes.iter().any(|close| close.is_async);
            let name = if is_async { "aclose" } else { "close" };
            (format!("Generate `{name}` for {}", listed(&names)), class.new_close(&closes, is_async)?)
        }
        // What the close does with it already, such as giving it None, would come before the added part.
        Some(closer)
            if closer.file == checked.file && keeps.iter().any(|kept| mentions(checked.facts, closer, kept)) =>
        {
            return None;
        }
        Some(closer) => {
            let name = checked.analysis.world.name(closer);
            (format!("Close {} in `{name}`", listed(&names)), class.added_close(checked, &closes, closer)?)
        }
    };
    Some(Fix { title, applicability: Applicability::Unsafe, edits })
}

/// Whether a method names an attribute.
fn mentions(facts: &FileFacts, method: Def, kept: &Kept) -> bool {
    let own = facts.scope(method.scope).span;
    let is_it = |e: &Expr| matches!(e.kind, ExprKind::Attribute { attr, .. } if attr == kept.attribute);
    facts.exprs.iter().any(|e| is_it(e) && own.contains(e.span))
}

fn listed(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        _ => format!("{} attributes", names.len()),
    }
}

/// How one attribute is closed.
struct Close {
    /// The condition under which there is something to close, and the name that the value has then.
    guard: Option<String>,
    /// The elements of a container: what to go through.
    each: Option<String>,
    /// The callables to call one after the other, with their arguments; the name of the value comes first.
    calls: Vec<(String, bool)>,
    /// Any of them must be awaited.
    is_async: bool,
}

struct Class<'a> {
    source: Source<'a>,
    owner: &'a Owner,
}

impl Class<'_> {
    /// How what an attribute keeps is closed; none if that takes more than calling it.
    fn close_of(&self, kept: &Kept) -> Option<Close> {
        let facts = self.source.facts;
        let attribute = facts.name(kept.attribute);
        let owned = &kept.first().owned;
        if kept.made.iter().any(|made| made.acquisition.owned.closes != owned.closes) {
            return None;
        }
        let is_always = kept.made.iter().all(|made| self.is_made_first(made.method)) && !self.may_be_none(kept);
        let own = format!("self.{attribute}");
        if kept.is_element {
            let each = if self.is_mapping(kept.attribute)? { format!("{own}.values()") } else { own };
            let (calls, is_async) = calls("kept", owned)?;
            return Some(Close { guard: None, each: Some(each), calls, is_async });
        }
        let (calls, is_async) = calls(&own, owned)?;
        let guard = match (is_always, self.is_assigned_first(kept.attribute)) {
            (true, _) => None,
            (false, true) => Some(format!("{own} is not None")),
            (false, false) => Some(format!("getattr(self, \"{attribute}\", None) is not None")),
        };
        Some(Close { guard, each: None, calls, is_async })
    }

    /// Whether a method runs where an instance is made; the body of the class does.
    fn is_made_first(&self, method: Option<ScopeId>) -> bool {
        let facts = self.source.facts;
        method.is_none_or(|method| MAKING.contains(&facts.name(facts.scope(method).name)))
    }

    /// Whether the attribute is given something where an instance is made.
    fn is_assigned_first(&self, attribute: NameId) -> bool {
        let (index, class) = (self.source.index, self.owner.class.scope);
        let assigned = index.attributes(class, attribute).iter();
        assigned.filter(|def| def.value.is_some()).any(|def| self.is_made_first(Some(def.method)))
            || index.binds(class, attribute)
    }

    /// Whether the attribute is given `None` somewhere, or something only under a condition.
    fn may_be_none(&self, kept: &Kept) -> bool {
        let facts = self.source.facts;
        let assigned = self.source.index.attributes(self.owner.class.scope, kept.attribute);
        assigned.iter().any(|def| {
            let is_none = def.value.is_some_and(|v| match facts.expr(v).kind {
                ExprKind::None => true,
                ExprKind::IfExp { body, orelse, .. } => {
                    [body, orelse].iter().any(|&v| facts.expr(v).kind == ExprKind::None)
                }
                _ => false,
            });
            is_none || facts.stmt(def.stmt).parent.is_some()
        })
    }

    /// Whether the container in an attribute has its elements as values; none if it is not told.
    fn is_mapping(&self, attribute: NameId) -> Option<bool> {
        let facts = self.source.facts;
        let assigned = self.source.index.attributes(self.owner.class.scope, attribute);
        assigned.iter().find_map(|def| match facts.expr(def.value?).kind {
            ExprKind::Dict(_) | ExprKind::Comprehension { kind: ComprehensionKind::Dict, .. } => Some(true),
            ExprKind::List(_) | ExprKind::Set(_) | ExprKind::Tuple(_) | ExprKind::Comprehension { .. } => Some(false),
            ExprKind::Call { func, .. } => match facts.dotted(func)?.rsplit('.').next()? {
                "dict" | "defaultdict" | "OrderedDict" => Some(true),
                "list" | "set" | "deque" => Some(false),
                _ => None,
            },
            _ => None,
        })
    }

    /// The methods that close all, at the end of the class.
    fn new_close(&self, closes: &[Close], is_async: bool) -> Option<Vec<Edit>> {
        let facts = self.source.facts;
        let class = facts.scope(self.owner.class.scope);
        let indent = indent(&self.source, class.body)?;
        let step = step_of(indent);
        let name = facts.name(class.name);
        let (prefix, close, enter, exit, awaiting) = if is_async {
            ("async ", "aclose", "__aenter__", "__aexit__", "await ")
        } else {
            ("", "close", "__enter__", "__exit__", "")
        };
        let mut lines = vec![String::new(), format!("{prefix}def {close}(self) -> None:")];
        let (body, import) = self.body(closes, is_async, step);
        lines.extend(body.into_iter().map(|line| format!("{step}{line}")));
        let enters = [enter, exit].iter().any(|name| {
            self.source.index.name(name).is_some_and(|name| self.source.index.binds(self.owner.class.scope, name))
        });
        // A base that is not read may be entered in a way of its own.
        if !enters && !self.owner.has_outside {
            lines.push(String::new());
            lines.push(format!("{prefix}def {enter}(self) -> \"{name}\":"));
            lines.push(format!("{step}return self"));
            lines.push(String::new());
            lines.push(format!("{prefix}def {exit}(self, *exc_info: object) -> None:"));
            lines.push(format!("{step}{awaiting}self.{close}()"));
        }
        let last = *facts.block(class.body).last()?;
        let at = self.source.line_end(facts.stmt(last).span.end);
        let mut text = String::new();
        for line in lines {
            text.push_str(self.source.newline());
            if !line.is_empty() {
                let _ = write!(text, "{indent}{line}");
            }
        }
        let mut edits = vec![self.source.edit(Span::new(at, at), text)];
        edits.extend(import);
        crate::fixes::tidy(edits)
    }

    /// The lines that close all in reverse order, also when one close raises.
    fn body(&self, closes: &[Close], is_async: bool, step: &str) -> (Vec<String>, Option<Edit>) {
        if let [close] = closes
            && let ([_], None) | ([_, _], None) = (&close.calls[..], &close.each)
        {
            let mut lines = Vec::new();
            let inner = if close.guard.is_some() { step } else { "" };
            lines.extend(close.guard.iter().map(|guard| format!("if {guard}:")));
            for (call, is_awaited) in &close.calls {
                lines.push(format!("{inner}{}{call}()", if *is_awaited { "await " } else { "" }));
            }
            return (lines, None);
        }
        let stack = if is_async { "AsyncExitStack" } else { "ExitStack" };
        let (stack, import) = self.imported("contextlib", stack);
        let mut lines = vec![format!("{}with {stack}() as stack:", if is_async { "async " } else { "" })];
        for close in closes {
            let mut inner = step.to_owned();
            let around = match (&close.guard, &close.each) {
                (Some(guard), _) => Some(format!("if {guard}:")),
                (None, Some(each)) => Some(format!("for kept in {each}:")),
                (None, None) => None,
            };
            if let Some(around) = around {
                lines.push(format!("{inner}{around}"));
                inner.push_str(step);
            }
            // What is pushed last is called first.
            for (call, is_awaited) in close.calls.iter().rev() {
                let push = if *is_awaited { "push_async_callback" } else { "callback" };
                lines.push(format!("{inner}stack.{push}({call})"));
            }
        }
        (lines, import)
    }

    /// How a name of a module is written in the file, and the import if there is none yet.
    fn imported(&self, module: &str, name: &str) -> (String, Option<Edit>) {
        let facts = self.source.facts;
        let is_it = |import: &&Import| {
            import.scope == ScopeId::MODULE
                && import.module == module
                && import.alias.is_none()
                && !import.type_checking
                && matches!(import.what, Imported::Name(n) if facts.name(n) == name)
        };
        match facts.imports.iter().find(is_it) {
            Some(_) => (name.to_owned(), None),
            None => (format!("{module}.{name}"), self.source.import(module)),
        }
    }

    /// What is missing in the close that there is: in a `finally` after all that it does.
    fn added_close(&self, checked: &CheckedFile<'_>, closes: &[Close], closer: Def) -> Option<Vec<Edit>> {
        let world = &checked.analysis.world;
        let is_own = closer.file == checked.file
            && self.source.index.method_class.get(&closer.scope) == Some(&self.owner.class.scope);
        let is_async = world.is_async(closer);
        if !is_own || (!is_async && closes.iter().any(|close| close.is_async)) || world.has_yield(closer) {
            return None;
        }
        let body = self.source.facts.scope(closer.scope).body;
        let (lines, import) = self.body(closes, is_async, step_of(indent(&self.source, body)?));
        at_end(&self.source, closer.scope, &lines, import)
    }
}

/// The edits by which a function does something at its end, also when what it does before raises.
pub(super) fn at_end(
    source: &Source<'_>,
    function: ScopeId,
    lines: &[String],
    import: Option<Edit>,
) -> Option<Vec<Edit>> {
    let facts = source.facts;
    let body = facts.scope(function).body;
    let indent = indent(source, body)?;
    let (step, newline) = (step_of(indent), source.newline());
    let is_text = |stmt: &StmtId| match facts.stmt(*stmt).kind {
        StmtKind::Expr(e) => matches!(facts.expr(e).kind, ExprKind::Str(_)),
        _ => false,
    };
    let statements = facts.block(body);
    let statements = &statements[usize::from(statements.first().is_some_and(is_text))..];
    let all =
        |prefix: &str| lines.iter().fold(String::new(), |text, line| format!("{text}{newline}{indent}{prefix}{line}"));
    let mut edits: Vec<Edit> = import.into_iter().collect();
    let plain = |stmt: &StmtId| match facts.stmt(*stmt).kind {
        StmtKind::Pass => true,
        StmtKind::Assign { value, .. } => !matches!(facts.expr(value).kind, ExprKind::Await(_) | ExprKind::Call { .. }),
        StmtKind::Expr(e) => facts.expr(e).kind == ExprKind::Ellipsis,
        _ => false,
    };
    let end = source.line_end(facts.stmt(*facts.block(body).last()?).span.end);
    if statements.iter().all(plain) {
        edits.push(source.edit(Span::new(end, end), all("")));
        return crate::fixes::tidy(edits);
    }
    let start = source.line_start(facts.stmt(*statements.first()?).span.start);
    let whole = Span::new(start, end);
    // What stands in a string must not be indented.
    let breaks = |e: &Expr| {
        matches!(e.kind, ExprKind::Str(_) | ExprKind::FString { .. } | ExprKind::Bytes)
            && whole.contains(e.span)
            && source.slice(e.span).contains('\n')
    };
    if facts.exprs().any(|(_, e)| breaks(e)) {
        return None;
    }
    let mut text = format!("{indent}try:");
    for line in source.slice(whole).lines() {
        text.push_str(newline);
        if !line.trim().is_empty() {
            let _ = write!(text, "{step}{line}");
        }
    }
    let _ = write!(text, "{newline}{indent}finally:{}", all(step));
    edits.push(source.edit(whole, text));
    crate::fixes::tidy(edits)
}

/// By how much a block in code that is indented like this is indented further.
fn step_of(indent: &str) -> &'static str {
    if indent.contains('\t') { "\t" } else { "    " }
}

/// The indentation of the first statement of a block that begins on a line of its own.
fn indent<'a>(source: &Source<'a>, block: Block) -> Option<&'a str> {
    let first = *source.facts.block(block).first()?;
    crate::fixes::block::indentation(source, source.facts.stmt(first).span.start)
}

/// The callables that close a value of this name, and whether any is awaited.
fn calls(name: &str, owned: &Owned) -> Option<(Vec<(String, bool)>, bool)> {
    let closes = &owned.closes;
    let method = closes.methods.first().filter(|_| closes.released_by.is_none())?;
    let mut calls = vec![(format!("{name}.{method}"), closes.awaited)];
    calls.extend(closes.then_await.iter().map(|then| (format!("{name}.{then}"), true)));
    let is_async = calls.iter().any(|(_, awaited)| *awaited);
    Some((calls, is_async))
}
