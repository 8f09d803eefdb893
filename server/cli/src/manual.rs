//! `asyncwise man`: pages of the manual, made of the declaration of the command line and of what that cannot say.

use crate::args::Arguments;
use crate::exit::Exit;
use crate::printer::Printer;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// What a page tells in addition: a word, and what it means.
type Entries = &'static [(&'static str, &'static str)];

const CHECK_EXITS: Entries = &[
    ("0", "There are no findings, or --exit-zero was given."),
    ("1", "There are findings. With --fix: some are left. With --diff: something would be fixed, or is left."),
    ("2", "It could not do its work, or not all of it: a wrong option, or a file that cannot be read or written."),
];

const SERVER_EXITS: Entries = &[
    ("0", "The editor asked it to shut down, and then to exit."),
    ("1", "The editor left without asking it to shut down."),
    ("2", "There was no connection, or an option was wrong."),
];

const OTHER_EXITS: Entries = &[("0", "It has done its work."), ("2", "It could not, or not all of it.")];

const ENVIRONMENT: Entries = &[
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "Whether there are colours, where --color says auto."),
    (
        "ASYNCWISE_LOG",
        "What is logged to stderr, by module, where there is no --verbose: asyncwise_workspace=debug, for example.",
    ),
    ("VIRTUAL_ENV, CONDA_PREFIX", "The Python environment with the project's packages, where nothing else names one."),
    ("XDG_CACHE_HOME (LOCALAPPDATA on Windows)", "Where caches of this user are kept."),
];

const FILES: Entries = &[
    ("asyncwise.toml", "Configuration. The nearest above a Python file counts."),
    ("pyproject.toml", "The same in its table [tool.asyncwise]. Beside it, asyncwise.toml comes first."),
    (".asyncwise_cache", "In the project: what was found, for the next run. It can be deleted."),
    (
        "~/.cache/asyncwise",
        "What is known of installed packages, and what was found outside of projects. It can be deleted. \
         ~/Library/Caches/asyncwise on macOS, %LOCALAPPDATA%\\asyncwise on Windows.",
    ),
];

/// Prints the manual's page of the whole, or of one command.
pub(crate) fn print(name: Option<&str>, printer: &mut Printer) -> Exit {
    // `help` needs no page: it shows what the others have.
    let mut whole = Arguments::command().disable_help_subcommand(true);
    // Gives the commands their whole names, and what holds for every one.
    whole.build();
    let command = name.map_or(Some(&whole), |name| whole.find_subcommand(name));
    let Some(command) = command.cloned() else {
        printer.error("there is no such command; `asyncwise --help` lists them");
        return Exit::Failure;
    };
    match page(command, name, &whole) {
        Ok(page) => {
            printer.bytes(&page);
            Exit::Nothing
        }
        Err(error) => {
            printer.error(&format!("the page cannot be made: {error}"));
            Exit::Failure
        }
    }
}

/// The page of `command`, which is the one of this name, or the whole.
fn page(mut command: Command, name: Option<&str>, whole: &Command) -> std::io::Result<Vec<u8>> {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    let has_commands = command.has_subcommands();
    let man = Man::new(command.override_usage(usage))
        .source(format!("asyncwise {}", whole.get_version().unwrap_or_default()))
        .manual("asyncwise manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_commands {
        man.render_subcommands_section(&mut page)?;
    }
    let mut more = Roff::new();
    let (exits, environment, files): (_, _, Entries) = match name {
        None | Some("check") => (CHECK_EXITS, ENVIRONMENT, FILES),
        Some("audit") => (OTHER_EXITS, ENVIRONMENT, FILES),
        Some("server") => (SERVER_EXITS, &ENVIRONMENT[1..], FILES),
        Some(_) => (OTHER_EXITS, &ENVIRONMENT[..2], &[]),
    };
    if name.is_none() {
        more.control("SH", ["EXIT STATUS"]).text([roman("That of check; pages of other commands tell theirs.")]);
        entries(&mut more, exits);
    } else {
        section(&mut more, "EXIT STATUS", exits);
    }
    section(&mut more, "ENVIRONMENT", environment);
    section(&mut more, "FILES", files);
    see_also(&mut more, name, whole);
    more.to_writer(&mut page)?;
    Ok(page)
}

fn section(roff: &mut Roff, heading: &str, content: Entries) {
    if !content.is_empty() {
        roff.control("SH", [heading]);
        entries(roff, content);
    }
}

fn entries(roff: &mut Roff, content: Entries) {
    for (word, meaning) in content {
        roff.control("TP", []).text([bold(*word)]).text([roman(*meaning)]);
    }
}

/// The other pages.
fn see_also(roff: &mut Roff, name: Option<&str>, whole: &Command) {
    let others = whole.get_subcommands().map(Command::get_name).filter(|other| name != Some(*other));
    let mut pages: Vec<String> = others.map(|other| format!("asyncwise-{other}")).collect();
    pages.sort_unstable();
    if name.is_some() {
        pages.insert(0, "asyncwise".to_owned());
    }
    roff.control("SH", ["SEE ALSO"]);
    let last = pages.len() - 1;
    let words = pages.into_iter().enumerate();
    roff.text(
        words.flat_map(|(at, page)| [bold(page), roman(if at < last { "(1), " } else { "(1)" })]).collect::<Vec<_>>(),
    );
}
