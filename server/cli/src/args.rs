//! The words of the command line.

use asyncwise_analysis::finding::Confidence;
use asyncwise_workspace::config::{select, version};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds async-correctness bugs in Python.
#[derive(Debug, Parser)]
#[command(name = "asyncwise", version, about, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What holds for every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Colours in the output.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Color,
    /// Say on stderr what is done; twice says more. `ASYNCWISE_LOG` sets it by module.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// Print findings and errors only: no summary, no warnings, no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check files and directories.
    Check(Box<Check>),
    /// Report on a project's async health: findings by risk, bridges, entry points, what blocks, who closes what.
    ///
    /// The exit code is 0 whatever the report says, and 2 when it could not be made.
    Audit(Box<Audit>),
    /// Print the page of a rule: what it finds, why it matters, what to write instead.
    Explain {
        /// The rule's name.
        rule: String,
    },
    /// List the rules.
    Rules {
        /// The form of the list.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        output_format: ListFormat,
    },
    /// Run the language server; an editor starts it, and talks to it over stdin and stdout.
    Server(Server),
    /// Print a JSON Schema.
    Schema {
        /// Of what.
        #[arg(default_value = "config")]
        of: SchemaOf,
    },
    /// Print what completes these commands in a shell.
    Completions {
        /// The shell.
        shell: ShellName,
    },
    /// Print a page of the manual, in roff: `asyncwise man check | man -l -`.
    Man {
        /// Of this command; without it, of the whole.
        command: Option<String>,
    },
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ShellName {
    Bash,
    Elvish,
    Fish,
    Nushell,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
}

/// `asyncwise server`.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Wait for the editor to connect to this port of 127.0.0.1.
    #[arg(long, value_name = "PORT", conflicts_with = "socket")]
    pub(crate) port: Option<u16>,
    /// Connect to the editor, which waits at this port of 127.0.0.1.
    #[arg(long, value_name = "PORT")]
    pub(crate) socket: Option<u16>,
    /// Talk over stdin and stdout, as is done without it: many editors pass it on.
    #[arg(long, conflicts_with_all = ["port", "socket"])]
    pub(crate) stdio: bool,
}

/// `asyncwise check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files and directories; `-` reads a file from stdin.
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: Rules,
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) fixing: Fixing,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Do not use what earlier runs kept (findings, facts of installed packages), and keep nothing for the next.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// The path the text on stdin stands for: it decides configuration, imports and what is printed.
    #[arg(long, value_name = "PATH")]
    pub(crate) stdin_filename: Option<PathBuf>,
}

/// `asyncwise audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Files and directories.
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: Rules,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The form of the report.
    #[arg(long, value_name = "FORMAT", default_value = "markdown", help_heading = "Output")]
    pub(crate) format: AuditFormat,
    /// Write the report to this file; links in it are relative to it.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Show at most this many of a kind, the worst first; 0 shows all. JSON always has all.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, help_heading = "Output")]
    pub(crate) limit: usize,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum AuditFormat {
    /// To read and to keep beside the code.
    Markdown,
    /// One page with the graph to click through; it needs no network.
    Html,
    /// For programs; `asyncwise schema audit` describes it.
    Json,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct Rules {
    /// Check these rules only: names, groups or `all`, separated by commas.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = selector)]
    pub(crate) select: Option<Vec<String>>,
    /// Do not check these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = selector)]
    pub(crate) ignore: Vec<String>,
    /// Report only findings that are at least this sure.
    #[arg(long, value_name = "CONFIDENCE")]
    pub(crate) min_confidence: Option<ConfidenceArg>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Settings {
    /// Read no configuration file.
    #[arg(long, conflicts_with = "config")]
    pub(crate) isolated: bool,
    /// Use this configuration file for all files; its paths and patterns are relative to the working directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The oldest Python the code runs on, such as 3.11.
    #[arg(long, value_name = "VERSION", value_parser = target)]
    pub(crate) target_version: Option<(u8, u8)>,
    /// A directory with installed packages whose source is read when it is imported; may be given several times.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) extra_path: Vec<PathBuf>,
    /// The Python environment with the project's packages: its directory, or an interpreter in it, which is not run. By default
    /// the one that is activated, or that is found in or for the project.
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Fixes")]
pub(crate) struct Fixing {
    /// Apply safe fixes and report what is left.
    #[arg(long, group = "applies")]
    pub(crate) fix: bool,
    /// With `--fix` or `--diff`: fixes that change what the program does, too.
    #[arg(long, requires = "applies")]
    pub(crate) unsafe_fixes: bool,
    /// Print what `--fix` would change, and change nothing.
    #[arg(long, group = "applies", conflicts_with_all = ["fix", "output_format", "statistics"])]
    pub(crate) diff: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// The form of the report.
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(crate) output_format: Format,
    /// Print how often each rule reports instead of the findings.
    #[arg(long)]
    pub(crate) statistics: bool,
    /// Exit with 0 although there are findings.
    #[arg(long)]
    pub(crate) exit_zero: bool,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// With source, chain and fix.
    Full,
    /// One line for each finding.
    Concise,
    /// For programs; `asyncwise schema findings` describes it.
    Json,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ListFormat {
    Text,
    Json,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// `[tool.asyncwise]` and asyncwise.toml.
    Config,
    /// What `asyncwise check --output-format json` prints.
    Findings,
    /// What `asyncwise audit --format json` prints.
    Audit,
    /// The settings that editors send to the language server.
    Server,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ConfidenceArg {
    /// It raises, deadlocks, blocks or is lost.
    Certain,
    /// It does unless something unusual prevents it.
    Likely,
    /// It may.
    Possible,
}

impl From<ConfidenceArg> for Confidence {
    fn from(arg: ConfidenceArg) -> Self {
        match arg {
            ConfidenceArg::Certain => Confidence::Certain,
            ConfidenceArg::Likely => Confidence::Likely,
            ConfidenceArg::Possible => Confidence::Possible,
        }
    }
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }
}

fn selector(word: &str) -> Result<String, String> {
    match select::unknown(word) {
        None => Ok(word.to_owned()),
        Some(advice) => Err(format!("unknown rule or group; {advice}")),
    }
}

fn target(word: &str) -> Result<(u8, u8), String> {
    version::parse(word).ok_or_else(|| "not a Python version; write it like 3.11".to_owned())
}
