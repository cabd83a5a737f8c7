//! `--format`: whom an answer is printed for.

use clap::ValueEnum;

/// What a command that prints a table, JSON or CSV can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs, in full precision
    Json,
    /// For spreadsheets
    Csv,
}
