//! From source to rules that can run.

use super::error::QueryError;
use super::metadata::Metadata;
use super::parse::{self, Argument, Clause, Pattern};
use super::plan::Plan;
use super::predicates::{self, Check};
use super::shape::{self, Capture};
use asyncwise_syntax::facts::Span;
use smol_str::SmolStr;

/// The capture whose node is reported.
pub const REPORT: &str = "report";

/// A rule: the patterns of one name.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    /// Its name.
    pub name: SmolStr,
    /// Its patterns, in source order.
    pub patterns: Vec<CompiledPattern>,
}

/// A pattern of a rule.
#[derive(Clone, Debug)]
pub struct CompiledPattern {
    /// Where it stands in the source.
    pub span: Span,
    /// The comment block above it, or else the one above the directives at the top of the file.
    pub docs: String,
    /// What its directives, and those at the top of the file, say.
    pub metadata: Metadata,
    /// Its captures.
    pub captures: Vec<Capture>,
    /// How it is answered.
    pub plan: Plan,
}

/// Compiles a file of patterns: the rules that are whole, and what is wrong with the others.
pub fn compile(source: &str) -> (Vec<CompiledRule>, Vec<QueryError>) {
    let (parsed, mut errors) = parse::parse(source);
    let defaults = default_metadata(&parsed.defaults, &mut errors);
    let mut rules: Vec<CompiledRule> = Vec::new();
    for pattern in parsed.patterns {
        let before = errors.len();
        let docs = if pattern.docs.is_empty() { parsed.docs.clone() } else { pattern.docs.clone() };
        let compiled = compile_pattern(pattern, &defaults, docs, &mut errors);
        let Some((name, compiled)) = compiled.filter(|_| errors.len() == before) else { continue };
        match rules.iter_mut().find(|rule| rule.name == name) {
            Some(rule) => rule.patterns.push(compiled),
            None => rules.push(CompiledRule { name, patterns: vec![compiled] }),
        }
    }
    errors.sort_by_key(|error| error.span);
    (rules, errors)
}

/// What the directives before the first pattern say.
fn default_metadata(clauses: &[Clause], errors: &mut Vec<QueryError>) -> Metadata {
    let (directives, predicates): (Vec<_>, Vec<_>) =
        clauses.iter().partition(|clause| clause.name.value.ends_with('!'));
    for predicate in predicates {
        let error = QueryError::new(predicate.span, "there is no pattern before this predicate");
        errors.push(error.with_help("put it into the pattern's parentheses, or right after it"));
    }
    Metadata::read(&directives, errors)
}

fn compile_pattern(
    pattern: Pattern,
    defaults: &Metadata,
    docs: String,
    errors: &mut Vec<QueryError>,
) -> Option<(SmolStr, CompiledPattern)> {
    let element = shape::unwrap(pattern.root);
    shape::check_words(&element, errors);
    let captures = shape::captures(&element);
    let names: Vec<SmolStr> = captures.iter().map(|capture| capture.name.clone()).collect();
    if !names.iter().any(|name| name == REPORT) {
        let error = QueryError::new(pattern.span, "the pattern captures no `@report`, so there is nothing to report");
        errors.push(error.with_help("write `@report` after the node a person would change"));
    }
    let (directives, tests): (Vec<_>, Vec<_>) = pattern.clauses.iter().partition(|c| c.name.value.ends_with('!'));
    let checks = tests.into_iter().filter_map(|clause| check(clause, &names, &captures, errors)).collect();
    let metadata = Metadata::read(&directives, errors).or(defaults);
    for template in [&metadata.message, &metadata.fix].into_iter().flatten() {
        errors.extend(template.check(&names).err());
    }
    let names_a_rule =
        |clause: &&Clause| clause.args.first().is_some_and(|key| key.value == Argument::Text("rule".into()));
    if metadata.rule.is_none() && !directives.iter().any(names_a_rule) {
        let error = QueryError::new(pattern.span, "the pattern belongs to no rule");
        errors.push(error.with_help("write `(#set! rule \"name-of-the-rule\")` in it, or at the top of the file"));
    }
    // A root that is no word of the grammar has its error already.
    let root = shape::root(&element).map_err(|error| {
        if !errors.iter().any(|other| other.span == error.span) {
            errors.push(error);
        }
    });
    let plan = Plan::new(root.ok()?, &captures, checks, &element);
    let rule = metadata.rule.clone()?;
    Some((rule, CompiledPattern { span: pattern.span, docs, metadata, captures, plan }))
}

/// The predicate of a clause, with what its capture can be held against what it asks.
fn check(clause: &Clause, names: &[SmolStr], captures: &[Capture], errors: &mut Vec<QueryError>) -> Option<Check> {
    let check = match predicates::check(clause, names) {
        Ok(check) => check,
        Err(error) => {
            errors.push(error);
            return None;
        }
    };
    let capture = captures.iter().find(|capture| capture.name == check.capture)?;
    if check.wants_expression() && !capture.expression {
        let message = format!("`#{}` asks about an expression, and `@{}` is none", clause.name.value, capture.name);
        errors.push(QueryError::new(clause.span, message));
        return None;
    }
    Some(check)
}
