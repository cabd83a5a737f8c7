//! What a command talks to: streams and an exit code, so that a test can run it in its own process.

use std::io::{Read, Write};
use std::process::ExitCode;

/// The streams of one run.
pub struct Console<'a> {
    /// Where `-` reads from.
    pub stdin: &'a mut dyn Read,
    /// Results.
    pub stdout: &'a mut dyn Write,
    /// Errors, warnings and progress.
    pub stderr: &'a mut dyn Write,
    /// Whether somebody watches `stderr`, so that progress is worth showing.
    pub progress: bool,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done: 0.
    Fine = 0,
    /// Done, and the answer is bad news (`verify` found differences): 1.
    BadNews = 1,
    /// Not done: wrong flags or unusable input: 2.
    WrongUse = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
