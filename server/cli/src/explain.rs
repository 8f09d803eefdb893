//! `asyncwise explain`, `asyncwise rules` and `asyncwise schema`.

use crate::args::{ListFormat, SchemaOf};
use crate::exit::Exit;
use crate::output::json;
use crate::printer::{BOLD, DIM, Printer};
use asyncwise_analysis::rules::{self, RuleInfo};
use asyncwise_workspace::config::options;
use asyncwise_workspace::problem::nearest;
use serde::Serialize;

/// Prints the page of a rule.
pub(crate) fn explain(name: &str, printer: &mut Printer) -> Exit {
    let rules = rules::all();
    if let Some(rule) = rules.iter().find(|rule| rule.name == name) {
        printer.line(rule.explanation());
        return Exit::Nothing;
    }
    let advice = match nearest(name, rules.iter().map(|rule| rule.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`asyncwise rules` lists them".to_owned(),
    };
    printer.error(&format!("there is no rule `{name}`; {advice}"));
    Exit::Failure
}

/// A rule as a program reads it.
#[derive(Serialize)]
struct Listed<'r> {
    name: &'r str,
    group: &'r str,
    summary: &'r str,
    same_as: &'r [&'r str],
    default: bool,
    audit_only: bool,
}

/// Lists the rules by group.
pub(crate) fn list(format: ListFormat, printer: &mut Printer) -> Exit {
    let mut rules: Vec<&RuleInfo> = rules::all().iter().collect();
    rules.sort_by_key(|rule| (rule.group, rule.name));
    match format {
        ListFormat::Json => {
            let listed = rules.iter().map(|rule| Listed {
                name: rule.name,
                group: rule.group,
                summary: rule.summary,
                same_as: rule.same_as,
                default: rule.default_on && !rule.is_audit_only(),
                audit_only: rule.is_audit_only(),
            });
            print_json(&listed.collect::<Vec<_>>(), printer)
        }
        ListFormat::Text => {
            table(&rules, printer);
            Exit::Nothing
        }
    }
}

fn table(rules: &[&RuleInfo], printer: &mut Printer) {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut group = "";
    for rule in rules {
        if rule.group != group {
            if !group.is_empty() {
                printer.line("");
            }
            group = rule.group;
            printer.line(&format!("{DIM}{group}{DIM:#}"));
        }
        let when = match (rule.is_audit_only(), rule.default_on) {
            (true, _) => " (`asyncwise audit` only)",
            (false, true) => "",
            (false, false) => " (off by default)",
        };
        printer.line(&format!("  {BOLD}{:<width$}{BOLD:#}  {}{when}", rule.name, rule.summary));
    }
}

/// Prints a JSON Schema.
pub(crate) fn schema(of: SchemaOf, printer: &mut Printer) -> Exit {
    match of {
        SchemaOf::Config => print_json(&options::schema(), printer),
        SchemaOf::Findings => print_json(&json::schema(), printer),
        SchemaOf::Audit => print_json(&crate::audit::schema(), printer),
        SchemaOf::Server => print_json(&asyncwise_lsp::settings_schema(), printer),
    }
}

fn print_json(value: &impl Serialize, printer: &mut Printer) -> Exit {
    match serde_json::to_string_pretty(value) {
        Ok(text) => {
            printer.line(&text);
            Exit::Nothing
        }
        Err(error) => {
            printer.error(&format!("it cannot be written as JSON: {error}"));
            Exit::Failure
        }
    }
}
