//! From the text of a configuration file to its options. What is wrong with one key costs that key only.

use super::options::{At, Options, keys};
use super::{select, version};
use crate::problem::{Problem, nearest};
use std::borrow::Cow;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// The name of the file that holds nothing but the configuration.
pub const OWN_FILE: &str = "asyncwise.toml";
/// The name of the file that may hold it in a table.
pub const PROJECT_FILE: &str = "pyproject.toml";

/// What a file says.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct FileContent {
    /// The options; none when it is a `pyproject.toml` without our table.
    pub(crate) options: Option<Options>,
    /// The oldest Python that `requires-python` (or Poetry's `python`) allows.
    pub(crate) oldest_python: Option<(u8, u8)>,
}

/// Reads the text of the file at `path`. A file that is not TOML is one error, and counts as an empty configuration.
pub(crate) fn parse(path: &Path, text: &str) -> (FileContent, Vec<Problem>) {
    let is_project = path.file_name().is_some_and(|name| name == PROJECT_FILE);
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            let problem = broken(path, text, &error, "is not valid TOML")
                .advise("mend the file, or leave it out with `--isolated`");
            return (FileContent { options: Some(Options::default()), oldest_python: None }, vec![problem]);
        }
    };
    let mut problems = Vec::new();
    let content = if is_project {
        let table = at_path(root.get_ref(), &["tool", "asyncwise"]);
        FileContent {
            options: table.map(|value| options_of(path, text, value, &mut problems)),
            oldest_python: oldest_python(root.get_ref()),
        }
    } else {
        let span = root.span();
        let value = Spanned::new(span, DeValue::Table(root.into_inner()));
        FileContent { options: Some(options_of(path, text, &value, &mut problems)), oldest_python: None }
    };
    (content, problems)
}

fn broken(path: &Path, text: &str, error: &toml::de::Error, what: &str) -> Problem {
    let message: Vec<&str> = error.message().lines().map(str::trim).collect();
    let problem = Problem::error(path, format!("{what}: {}", message.join(", ")));
    match error.span() {
        Some(span) => problem.at(text, span.start),
        None => problem,
    }
}

fn at_path<'t, 'i>(table: &'t DeTable<'i>, path: &[&str]) -> Option<&'t Spanned<DeValue<'i>>> {
    let (last, parents) = path.split_last()?;
    let mut at = table;
    for part in parents {
        at = at.get(*part)?.get_ref().as_table()?;
    }
    at.get(*last)
}

fn oldest_python(root: &DeTable<'_>) -> Option<(u8, u8)> {
    let places: [&[&str]; 2] = [&["project", "requires-python"], &["tool", "poetry", "dependencies", "python"]];
    places.iter().find_map(|place| version::oldest(at_path(root, place)?.get_ref().as_str()?))
}

/// The options of a table: every key is tried alone, and those that are wrong are left out with a warning.
fn options_of(path: &Path, text: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Options {
    let Some(table) = value.get_ref().as_table() else {
        let message = format!("`tool.asyncwise` is not a table but {}", value.get_ref().type_str());
        problems.push(Problem::warning(path, message).at(text, value.span().start));
        return Options::default();
    };
    let known = keys();
    let mut good = DeTable::new();
    for (key, value) in table {
        let name: &Cow<'_, str> = key.get_ref();
        if !known.iter().any(|k| k == name) {
            problems.push(unknown_key(path, name, &known).at(text, key.span().start));
            continue;
        }
        let rows = match alone(key, value) {
            Ok(()) => {
                good.insert(key.clone(), value.clone());
                continue;
            }
            Err(problem) => match value.get_ref() {
                DeValue::Array(rows) => rows,
                _ => {
                    problems.push(not_used(path, text, &format!("`{name}`"), value, &problem));
                    continue;
                }
            },
        };
        // A row that is wrong costs that row only.
        let mut kept = DeArray::new();
        for row in rows.iter() {
            let mut only = DeArray::new();
            only.push(row.clone());
            match alone(key, &Spanned::new(value.span(), DeValue::Array(only))) {
                Ok(()) => kept.push(row.clone()),
                Err(error) => {
                    problems.push(not_used(path, text, &format!("a row of `{name}`"), row, &error));
                }
            }
        }
        if !kept.is_empty() {
            good.insert(key.clone(), Spanned::new(value.span(), DeValue::Array(kept)));
        }
    }
    let options = deserialize(good).unwrap_or_default();
    check_values(path, text, &options, problems);
    options
}

/// Whether a key with this value is understood.
fn alone(key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Result<(), toml::de::Error> {
    let mut table = DeTable::new();
    table.insert(key.clone(), value.clone());
    deserialize(table).map(|_| ())
}

fn not_used(path: &Path, text: &str, what: &str, value: &Spanned<DeValue<'_>>, error: &toml::de::Error) -> Problem {
    let at = error.span().map_or(value.span().start, |span| span.start);
    let message = error.message().trim().replace('\n', ", ");
    Problem::warning(path, format!("{what} is not used: {message}")).at(text, at)
}

fn deserialize(table: DeTable<'_>) -> Result<Options, toml::de::Error> {
    use serde::Deserialize;
    Options::deserialize(toml::Deserializer::from(Spanned::new(0..0, table)))
}

fn unknown_key(path: &Path, name: &str, known: &[String]) -> Problem {
    let problem = Problem::warning(path, format!("unknown key `{name}`"));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => problem.advise(format!("did you mean `{near}`?")),
        None => problem.advise(format!("the keys are {}", known.join(", "))),
    }
}

/// Names and words that the types cannot check.
fn check_values(path: &Path, text: &str, options: &Options, problems: &mut Vec<Problem>) {
    let mut warn = |at: usize, message: String, advice: String| {
        problems.push(Problem::warning(path, message).advise(advice).at(text, at));
    };
    let lists = options.per_file_ignores.values().chain(options.select.iter()).chain([&options.ignore]);
    for selector in lists.flatten() {
        if let Some(advice) = select::unknown(&selector.value().0) {
            warn(selector.span().start, format!("unknown rule or group `{}`", selector.value().0), advice);
        }
    }
    for (rule, level) in &options.severity {
        if let Some(advice) = unknown_rule(&rule.value().0) {
            warn(rule.span().start, format!("unknown rule `{}`", rule.value().0), advice);
        }
        if select::parse_level(level.value()).is_none() {
            let message = format!("`{}` is not a severity", level.value());
            warn(level.span().start, message, "use error, warning, info, hint or off".to_owned());
        }
    }
    if let Some(target) = &options.target_version
        && version::parse(target.value()).is_none()
    {
        let message = format!("`{}` is not a Python version", target.value());
        warn(target.span().start, message, "write it like \"3.11\"".to_owned());
    }
    for row in &options.contexts {
        if let Some((message, advice)) = row.value().mistake() {
            warn(row.span().start, message, advice);
        }
    }
    check_patterns(options, &mut warn);
}

fn unknown_rule(name: &str) -> Option<String> {
    let rules = asyncwise_analysis::rules::all();
    if rules.iter().any(|rule| rule.name == name) {
        return None;
    }
    Some(match nearest(name, rules.iter().map(|rule| rule.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "severities are set by rule; `asyncwise rules` lists them".to_owned(),
    })
}

fn check_patterns(options: &Options, warn: &mut impl FnMut(usize, String, String)) {
    let patterns = options.exclude.iter().flatten().chain(&options.extend_exclude);
    for pattern in patterns.chain(options.per_file_ignores.keys()) {
        if let Err(message) = super::pattern::check(pattern.value()) {
            let message = format!("`{}` is not a pattern: {message}", pattern.value());
            warn(pattern.span().start, message, "patterns are written as in .gitignore".to_owned());
        }
    }
}

/// The values of a list with positions.
pub(crate) fn values<T: Clone>(list: &[At<T>]) -> Vec<T> {
    list.iter().map(|item| item.value().clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_python_is_named_by_the_project() {
        let cases = [
            ("[project]\nrequires-python = '>=3.9'\n", Some((3, 9))),
            ("[tool.poetry.dependencies]\npython = '^3.10'\n", Some((3, 10))),
            ("[project]\nrequires-python = 3\n", None),
            ("[tool]\npoetry = 1\n", None),
        ];
        for (text, expected) in cases {
            let (content, problems) = parse(Path::new("/x/pyproject.toml"), text);
            assert_eq!((content.oldest_python, content.options, problems.len()), (expected, None, 0), "{text}");
        }
    }

    #[test]
    fn a_row_that_is_wrong_costs_that_row_only() {
        let text = "twins = [\n  { name = 'a.b', twin = 'c' },\n  { name = 'a.d', other = 'e' },\n]\n";
        let (content, problems) = parse(Path::new("/x/asyncwise.toml"), text);
        let twins = content.options.map(|o| o.twins).unwrap_or_default();
        assert_eq!(twins.iter().map(|pair| pair.name.as_str()).collect::<Vec<_>>(), ["a.b"]);
        let told: Vec<(&str, Option<(usize, usize)>)> =
            problems.iter().map(|p| (p.message.split(':').next().unwrap_or_default(), p.position)).collect();
        assert_eq!(told, [("a row of `twins` is not used", Some((3, 19)))]);
    }

    #[test]
    fn a_list_without_a_right_row_is_not_set() {
        let (content, problems) = parse(Path::new("/x/asyncwise.toml"), "select = [1, 2]\n");
        assert_eq!((content.options.and_then(|o| o.select), problems.len()), (None, 2));
    }

    #[test]
    fn a_table_that_is_none_is_a_warning() {
        let (content, problems) = parse(Path::new("/x/pyproject.toml"), "[tool]\nasyncwise = true\n");
        assert_eq!(content.options, Some(Options::default()));
        assert_eq!(problems[0].message, "`tool.asyncwise` is not a table but boolean");
        assert_eq!(problems[0].position, Some((2, 13)));
    }
}
