//! The rules: one Markdown page each in `queries/rules`, plus a `.scm` there or a module here.

/// What is known of a rule without running it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleInfo {
    /// Its name, which is its code.
    pub name: &'static str,
    /// The group it belongs to (`loop-boundary`, `await`, `blocking`, `suppression`).
    pub group: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// Codes of other tools whose `# noqa` silences it too (`ASYNC251`), also prefixes.
    pub same_as: &'static [&'static str],
    /// Whether it reports unless it is switched on.
    pub default_on: bool,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// All rules, by name.
pub fn all() -> &'static [RuleInfo] {
    &[]
}
