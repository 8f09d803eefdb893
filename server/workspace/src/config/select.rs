//! Which rules a list of names, groups and `all` stands for, and how the lists of a project add up to rule levels.

use crate::problem::nearest;
use asyncwise_analysis::finding::Severity;
use asyncwise_analysis::rules::{self, RuleInfo};
use asyncwise_analysis::settings::{Level, RuleTable};
use rustc_hash::FxHashMap;

/// The word for every rule.
pub const ALL: &str = "all";

/// Everything that can be selected: rules, groups and `all`, in alphabetical order.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = rules::all().iter().flat_map(|rule| [rule.name, rule.group]).collect();
    names.push(ALL);
    names.sort_unstable();
    names.dedup();
    names
}

/// Why `name` selects nothing, with the name that was probably meant; none when it is one of [`names`].
pub fn unknown(name: &str) -> Option<String> {
    let known = names();
    if known.contains(&name) {
        return None;
    }
    Some(match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`asyncwise rules` lists the rules and their groups".to_owned(),
    })
}

/// How well `name` fits `rule`: 3 by name, 2 by group, 1 by `all`, 0 not at all.
fn specificity(name: &str, rule: &RuleInfo) -> u8 {
    if name == rule.name {
        3
    } else if name == rule.group {
        2
    } else if name == ALL {
        1
    } else {
        0
    }
}

fn best(names: &[String], rule: &RuleInfo) -> u8 {
    names.iter().map(|name| specificity(name, rule)).max().unwrap_or(0)
}

/// As [`best`], where the names say what is to be checked: a group does not stand for those of its rules that are off unless
/// somebody asks for them.
fn selected(names: &[String], rule: &RuleInfo) -> u8 {
    let fits = names.iter().map(|name| specificity(name, rule));
    fits.filter(|&fit| fit != 2 || rule.default_on).max().unwrap_or(0)
}

/// What a configuration or a command line says about rules.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// The rules to check; none when nothing was said.
    pub select: Option<Vec<String>>,
    /// The rules not to check.
    pub ignore: Vec<String>,
}

/// The selections, severities and per-file ignores that hold for one file.
#[derive(Debug)]
pub struct Layers<'a> {
    /// Of the configuration file.
    pub file: &'a Selection,
    /// Severities of the configuration file.
    pub severities: &'a FxHashMap<String, Level>,
    /// Of the command line: its `select` starts anew.
    pub command_line: &'a Selection,
    /// Rules that are not checked in this file.
    pub ignored_here: &'a [String],
}

/// The levels that differ from the rules' defaults.
pub fn rule_table(layers: &Layers<'_>) -> RuleTable {
    let mut table = RuleTable::default();
    for rule in rules::all() {
        let level = level(layers, rule);
        let default = if rule.default_on { Level::On } else { Level::Off };
        if level != default {
            table.levels.insert(rule.name.into(), level);
        }
    }
    table
}

fn level(layers: &Layers<'_>, rule: &RuleInfo) -> Level {
    let severity = layers.severities.get(rule.name).copied();
    let loud = match severity {
        Some(Level::At(severity)) => Level::At(severity),
        _ => Level::On,
    };
    let is_on = match layers.command_line.select.as_ref().map(|names| selected(names, rule)) {
        Some(fit) => fit > best(&layers.command_line.ignore, rule),
        None => on_by_configuration(layers, rule, severity) && best(&layers.command_line.ignore, rule) == 0,
    };
    if is_on && best(layers.ignored_here, rule) == 0 { loud } else { Level::Off }
}

/// Selection by the configuration alone. A severity for a rule switches it on or off by name.
fn on_by_configuration(layers: &Layers<'_>, rule: &RuleInfo, severity: Option<Level>) -> bool {
    // A list in which no name is known was warned about; taken at its word it would silently check nothing.
    let select =
        layers.file.select.as_ref().filter(|names| names.is_empty() || names.iter().any(|n| unknown(n).is_none()));
    let named = match (select, severity) {
        (_, Some(Level::Off)) => return false,
        (Some(names), _) => selected(names, rule),
        (None, Some(_)) => 3,
        (None, None) => u8::from(rule.default_on),
    };
    named > best(&layers.file.ignore, rule)
}

/// The level a word stands for.
pub(crate) fn parse_level(word: &str) -> Option<Level> {
    Some(match word {
        "error" => Level::At(Severity::Error),
        "warning" => Level::At(Severity::Warning),
        "info" => Level::At(Severity::Info),
        "hint" => Level::At(Severity::Hint),
        "off" => Level::Off,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: RuleInfo =
        RuleInfo { name: "blocking-call", group: "blocking", summary: "", same_as: &[], default_on: true, page: "" };
    const OFF: RuleInfo = RuleInfo { name: "blocking-file", default_on: false, ..ON };

    /// Selected, ignored, the levels that follow.
    type Case<'c> = (Option<&'c [&'c str]>, &'c [&'c str], [Level; 2]);

    fn selection(select: Option<&[&str]>, ignore: &[&str]) -> Selection {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Selection { select: select.map(owned), ignore: owned(ignore) }
    }

    /// The levels of the rule that is on by default and of the one that is off.
    fn levels(file: Selection, severities: &[(&str, Level)], command_line: Selection) -> [Level; 2] {
        let severities = severities.iter().map(|(rule, level)| ((*rule).to_owned(), *level)).collect();
        let layers = Layers { file: &file, severities: &severities, command_line: &command_line, ignored_here: &[] };
        [level(&layers, &ON), level(&layers, &OFF)]
    }

    #[test]
    fn the_more_specific_name_wins() {
        use Level::{Off, On};
        let cases: &[Case<'_>] = &[
            (None, &[], [On, Off]),
            (Some(&["all"]), &[], [On, On]),
            (Some(&["blocking"]), &["blocking-file"], [On, Off]),
            (Some(&["blocking-call"]), &["blocking"], [On, Off]),
            // A group stands for what is on; what is off is asked for by its name.
            (Some(&["blocking"]), &[], [On, Off]),
            (Some(&["blocking", "blocking-file"]), &[], [On, On]),
            (Some(&["all"]), &["all"], [Off, Off]),
            (Some(&[]), &[], [Off, Off]),
            (None, &["blocking-call"], [Off, Off]),
        ];
        for (select, ignore, expected) in cases {
            assert_eq!(
                levels(selection(*select, ignore), &[], Selection::default()),
                *expected,
                "{select:?} {ignore:?}"
            );
            // The same on the command line, but that ignoring there is final.
            let expected = if select.is_none() || !ignore.contains(&"blocking") { expected } else { &[On, Off] };
            assert_eq!(levels(Selection::default(), &[], selection(*select, ignore)), *expected);
        }
    }

    #[test]
    fn a_selection_on_the_command_line_starts_anew() {
        let file = selection(Some(&["blocking-file"]), &["blocking-call"]);
        assert_eq!(levels(file.clone(), &[], selection(Some(&["blocking-call"]), &[])), [Level::On, Level::Off]);
        assert_eq!(levels(file, &[], selection(None, &["all"])), [Level::Off, Level::Off]);
    }

    #[test]
    fn severities_switch_on_and_off_and_set_the_tone() {
        let hint = Level::At(Severity::Hint);
        let table = [("blocking-call", Level::Off), ("blocking-file", hint)];
        assert_eq!(levels(Selection::default(), &table, Selection::default()), [Level::Off, hint]);
        assert_eq!(levels(Selection::default(), &table, selection(Some(&["all"]), &[])), [Level::On, hint]);
        assert_eq!(
            levels(selection(Some(&["blocking-call"]), &[]), &table[1..], Selection::default()),
            [Level::On, Level::Off]
        );
    }
}
