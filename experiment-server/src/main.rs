//! The `experiment` binary.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    experiment_server::command::run_process()
}
