//! The `experiment` binary again, built for the tests of this package, which may then start and kill it.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use experiment_server::command::{self, Console};

fn main() -> ExitCode {
    let console = Console {
        stdin: &mut io::stdin(),
        stdout: &mut io::stdout(),
        stderr: &mut io::stderr(),
        progress: io::stderr().is_terminal(),
    };
    command::run(std::env::args_os(), console).into()
}
