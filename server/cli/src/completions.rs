//! `asyncwise completions` and `asyncwise man`: what is made of the declaration of the command line.

use crate::args::{Arguments, ShellName};
use crate::exit::Exit;
use crate::printer::Printer;
use asyncwise_analysis::rules;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_complete_nushell::Nushell;

/// Prints what a shell reads to complete the commands.
pub(crate) fn completions(shell: ShellName, printer: &mut Printer) -> Exit {
    let mut command = with_rules(Arguments::command());
    let mut script = Vec::new();
    let name = "asyncwise";
    match shell {
        ShellName::Bash => clap_complete::generate(Shell::Bash, &mut command, name, &mut script),
        ShellName::Elvish => clap_complete::generate(Shell::Elvish, &mut command, name, &mut script),
        ShellName::Fish => clap_complete::generate(Shell::Fish, &mut command, name, &mut script),
        ShellName::Nushell => clap_complete::generate(Nushell, &mut command, name, &mut script),
        ShellName::PowerShell => clap_complete::generate(Shell::PowerShell, &mut command, name, &mut script),
        ShellName::Zsh => clap_complete::generate(Shell::Zsh, &mut command, name, &mut script),
    }
    printer.bytes(&script);
    Exit::Nothing
}

/// The command line with the names of the rules where it takes one.
fn with_rules(command: Command) -> Command {
    let named = |arg: Arg| arg.value_parser(PossibleValuesParser::new(rules::all().iter().map(|rule| rule.name)));
    let selecting = |command: Command| command.mut_arg("select", named).mut_arg("ignore", named);
    command
        .mut_subcommand("check", selecting)
        .mut_subcommand("audit", selecting)
        .mut_subcommand("explain", |command| command.mut_arg("rule", named))
}

/// Prints the manual's page of the whole, or of one command.
pub(crate) fn manual(name: Option<&str>, printer: &mut Printer) -> Exit {
    let mut all = Arguments::command();
    // Gives the commands their whole names, and what holds for every one.
    all.build();
    let command = name.map_or(Some(&all), |name| all.find_subcommand(name));
    let Some(command) = command.cloned() else {
        printer.error("there is no such command; `asyncwise --help` lists them");
        return Exit::Failure;
    };
    let mut page = Vec::new();
    match clap_mangen::Man::new(command).render(&mut page) {
        Ok(()) => {
            printer.bytes(&page);
            Exit::Nothing
        }
        Err(error) => {
            printer.error(&format!("the page cannot be made: {error}"));
            Exit::Failure
        }
    }
}
