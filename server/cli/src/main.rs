//! The `asyncwise` binary: reads the command line, calls the workspace, prints.
mod args;
mod audit;
mod check;
mod completions;
mod exit;
mod explain;
mod manual;
mod output;
mod printer;
mod progress;
mod server;

use args::{Arguments, Command, Global};
use clap::Parser;
use exit::Exit;
use printer::Printer;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Facts and answers are many small pieces: an allocator made for those saves a tenth of a check.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Global { color, verbose, quiet } = arguments.global;
    if let Command::Server(server) = &arguments.command {
        return server::run(server, log_filter(verbose));
    }
    log(log_filter(verbose));
    let cwd = std::env::current_dir();
    let mut printer = Printer::new(color.into(), quiet, cwd.as_ref().cloned().unwrap_or_default());
    let exit = match cwd {
        Err(error) => {
            printer.error(&format!("the working directory cannot be read: {error}; change to one that can"));
            Exit::Failure
        }
        Ok(_) => run(&arguments.command, &mut printer),
    };
    let written = printer.finish();
    if written { exit.into() } else { Exit::Failure.into() }
}

/// Runs the command. A mistake of ours that panics ends in the exit code for failure, with a word about it.
fn run(command: &Command, printer: &mut Printer) -> Exit {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match command {
        Command::Check(check) => check::run(check, printer),
        Command::Audit(audit) => audit::run(audit, printer),
        Command::Explain { rule } => explain::explain(rule, printer),
        Command::Rules { output_format } => explain::list(*output_format, printer),
        Command::Schema { of } => explain::schema(*of, printer),
        Command::Completions { shell } => completions::completions(*shell, printer),
        Command::Man { command } => manual::print(command.as_deref(), printer),
        // Runs without a printer: stdout belongs to the protocol.
        Command::Server(_) => Exit::Nothing,
    }));
    result.unwrap_or_else(|_| {
        printer.error("this is a mistake in asyncwise; please report it with what stands above");
        Exit::Failure
    })
}

/// What is logged to stderr.
fn log_filter(verbose: u8) -> EnvFilter {
    let level = match verbose {
        // Ours only: the library of the protocol calls each request an error that the server does not offer, and Kate makes all the same.
        0 => "asyncwise=error,asyncwise_workspace=error,asyncwise_analysis=error,asyncwise_lsp=error",
        1 => "asyncwise=info,asyncwise_workspace=info,asyncwise_analysis=info,asyncwise_lsp=info",
        2 => "asyncwise=debug,asyncwise_workspace=debug,asyncwise_analysis=debug,asyncwise_lsp=debug",
        _ => "trace",
    };
    match std::env::var("ASYNCWISE_LOG") {
        Ok(words) if verbose == 0 => EnvFilter::try_new(words).unwrap_or_else(|_| EnvFilter::new(level)),
        _ => EnvFilter::new(level),
    }
}

fn log(filter: EnvFilter) {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .init();
}
