//! The command line: one file a subcommand, each `Args` and `run(args, console) -> anyhow::Result<Exit>`.

mod analyze;
mod apply;
mod assign;
mod audit;
mod backup;
mod calibration;
mod campaign;
mod console;
mod demo;
mod erase;
mod export;
mod format;
mod import;
mod key;
mod kpis;
mod new;
mod objects;
mod offer_table;
mod place;
mod power;
mod progress;
mod recompute;
mod report;
mod restore;
mod serve;
mod simulate;
mod verdict_table;
mod verify;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Parser;

pub use console::{Console, Exit};

/// A/B tests of retention offers: assign, measure, decide.
#[derive(Debug, Parser)]
#[command(name = "experiment", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// A subcommand: one line here, one line in [`Command::run`], one file.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Analyze(Box<analyze::Args>),
    Report(report::Args),
    Power(power::Args),
    Simulate(simulate::Args),
    New(new::Args),
    Apply(apply::Args),
    Export(export::Args),
    Import(import::Args),
    Assign(assign::Args),
    Kpis(kpis::Args),
    Verify(verify::Args),
    Audit(audit::Args),
    Erase(erase::Args),
    Key(key::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Recompute(recompute::Args),
}

impl Command {
    fn run(self, console: &mut Console<'_>) -> anyhow::Result<Exit> {
        match self {
            Command::Serve(args) => serve::run(args, console),
            Command::Demo(args) => demo::run(args, console),
            Command::Analyze(args) => analyze::run(*args, console),
            Command::Report(args) => report::run(args, console),
            Command::Power(args) => power::run(args, console),
            Command::Simulate(args) => simulate::run(args, console),
            Command::New(args) => new::run(args, console),
            Command::Apply(args) => apply::run(args, console),
            Command::Export(args) => export::run(args, console),
            Command::Import(args) => import::run(args, console),
            Command::Assign(args) => assign::run(args, console),
            Command::Kpis(args) => kpis::run(args, console),
            Command::Verify(args) => verify::run(args, console),
            Command::Audit(args) => audit::run(args, console),
            Command::Erase(args) => erase::run(args, console),
            Command::Key(args) => key::run(args, console),
            Command::Backup(args) => backup::run(args, console),
            Command::Restore(args) => restore::run(args, console),
            Command::Recompute(args) => recompute::run(args, console),
        }
    }
}

/// The whole program: the process's arguments and streams.
#[must_use]
pub fn run_process() -> ExitCode {
    let console = Console {
        stdin: &mut io::stdin(),
        stdout: &mut io::stdout(),
        stderr: &mut io::stderr(),
        progress: io::stderr().is_terminal(),
    };
    run(std::env::args_os(), console).into()
}

/// Runs the command that `args` spell (the program's name first), in this process.
///
/// Errors go to `stderr` as a chain of causes and give [`Exit::WrongUse`]; a reader that closes `stdout`
/// early ends the command quietly.
pub fn run<I, T>(args: I, mut console: Console<'_>) -> Exit
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let command = match Cli::try_parse_from(args) {
        Ok(cli) => cli.command,
        Err(message) => return explain(&message, &mut console),
    };
    let outcome = command.run(&mut console).and_then(|exit| Ok(console.stdout.flush().map(|()| exit)?));
    outcome.unwrap_or_else(|error| complain(&error, &mut console))
}

/// Help and version go to stdout and are fine, complaints to stderr.
fn explain(message: &clap::Error, console: &mut Console<'_>) -> Exit {
    let wrong = message.use_stderr();
    let stream = if wrong { &mut console.stderr } else { &mut console.stdout };
    // Nobody is left to be told if this fails.
    let _ = write!(stream, "{}", message.render());
    if wrong { Exit::WrongUse } else { Exit::Fine }
}

fn complain(error: &anyhow::Error, console: &mut Console<'_>) -> Exit {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(closed) {
        return Exit::Fine;
    }
    let _ = writeln!(console.stderr, "error: {error}");
    for cause in error.chain().skip(1) {
        let _ = writeln!(console.stderr, "  because: {cause}");
    }
    Exit::WrongUse
}
