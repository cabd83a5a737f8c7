//! The `experiment` binary again, built for the tests of this package, which may then start and kill it.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiment_server::command::run_process()
}
