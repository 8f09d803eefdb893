//! `asyncwise completions`, made of the declaration of the command line.

use crate::args::{Arguments, ShellName};
use crate::exit::Exit;
use crate::printer::Printer;
use asyncwise_analysis::rules;
use asyncwise_workspace::config::select;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_complete_nushell::Nushell;

/// Prints what a shell reads to complete the commands.
pub(crate) fn completions(shell: ShellName, printer: &mut Printer) -> Exit {
    let mut command = with_names(Arguments::command());
    let mut script = Vec::new();
    let name = "asyncwise";
    match shell {
        ShellName::Bash => clap_complete::generate(Shell::Bash, &mut command, name, &mut script),
        ShellName::Elvish => clap_complete::generate(Shell::Elvish, &mut command, name, &mut script),
        ShellName::Fish => {
            clap_complete::generate(Shell::Fish, &mut command, name, &mut script);
            positionals_for_fish(&command, &mut script);
        }
        ShellName::Nushell => clap_complete::generate(Nushell, &mut command, name, &mut script),
        ShellName::PowerShell => clap_complete::generate(Shell::PowerShell, &mut command, name, &mut script),
        ShellName::Zsh => clap_complete::generate(Shell::Zsh, &mut command, name, &mut script),
    }
    printer.bytes(&script);
    Exit::Nothing
}

/// The command line with the names that may be given, where it takes names: of rules and groups, of rules, of commands.
fn with_names(command: Command) -> Command {
    let selecting = |command: Command| {
        let selector = |arg: Arg| arg.value_parser(PossibleValuesParser::new(select::names()));
        command.mut_arg("select", selector).mut_arg("ignore", selector)
    };
    let commands: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    command
        .mut_subcommand("check", selecting)
        .mut_subcommand("audit", selecting)
        .mut_subcommand("explain", |command| {
            let rules = rules::all().iter().map(|rule| rule.name);
            command.mut_arg("rule", |arg| arg.value_parser(PossibleValuesParser::new(rules)))
        })
        .mut_subcommand("man", |command| {
            command.mut_arg("command", |arg| arg.value_parser(PossibleValuesParser::new(commands)))
        })
}

/// What fish is told of the words that commands take without an option, which clap leaves out for it.
fn positionals_for_fish(whole: &Command, script: &mut Vec<u8>) {
    for command in whole.get_subcommands() {
        let values = command.get_positionals().flat_map(Arg::get_possible_values);
        let words: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        if !words.is_empty() {
            let (name, words) = (command.get_name(), words.join(" "));
            let line =
                format!("complete -c asyncwise -n \"__fish_asyncwise_using_subcommand {name}\" -f -a \"{words}\"\n");
            script.extend_from_slice(line.as_bytes());
        }
    }
}
