//! The whole report in full precision.

use std::io::{self, Write};

use experiment_core::report::Report;

/// Writes the report as indented JSON with a line end.
///
/// # Errors
/// What `out` fails with.
pub fn write_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
