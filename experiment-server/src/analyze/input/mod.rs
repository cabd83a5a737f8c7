//! From bytes to rows of text: CSV or NDJSON, plain or gzipped, told by content.

mod bounded;
mod csv;
mod ndjson;
mod source;

use std::io;

pub use source::Source;

use self::csv::CsvRows;
use self::ndjson::NdjsonRows;
use super::error::AnalyzeError;
use super::reject::{Problem, Reason};

/// Most bytes of one row.
pub(crate) const MAX_ROW_BYTES: u64 = 16 << 20;

/// A column that some flag names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// The first flag that names it.
    pub(crate) flag: &'static str,
}

/// The rows of a file, one at a time.
pub(crate) enum Rows<'a> {
    /// Lines of fields under a header.
    Csv(CsvRows<'a>),
    /// Lines of objects.
    Ndjson(NdjsonRows<'a>),
}

/// What [`Rows::advance`] came to.
pub(crate) enum Step {
    /// A row whose cells can be asked for.
    Row,
    /// A row that can't be used at all.
    Unusable(Problem),
    /// Nothing more.
    End,
}

impl<'a> Rows<'a> {
    /// Opens the source and finds the columns; for NDJSON they are found as they appear.
    pub(crate) fn open(source: &'a mut Source<'_>, wanted: &[Wanted]) -> Result<Rows<'a>, AnalyzeError> {
        let (text, format) = source.open()?;
        match format {
            source::Format::Csv => Ok(Rows::Csv(CsvRows::open(text, wanted)?)),
            source::Format::Ndjson => Ok(Rows::Ndjson(NdjsonRows::new(text, wanted))),
        }
    }

    /// Moves to the next row.
    pub(crate) fn advance(&mut self) -> Result<Step, AnalyzeError> {
        match self {
            Rows::Csv(rows) => rows.advance(),
            Rows::Ndjson(rows) => rows.advance(),
        }
    }

    /// The text of a wanted column in this row; empty when absent or null.
    pub(crate) fn cell(&self, column: usize) -> Result<&str, Problem> {
        let cell = match self {
            Rows::Csv(rows) => rows.cell(column),
            Rows::Ndjson(rows) => rows.cell(column),
        };
        cell.map_err(|reason| Problem { reason, column: Some(column) })
    }

    /// The line on which this row begins, the first being 1.
    pub(crate) fn line(&self) -> u64 {
        match self {
            Rows::Csv(rows) => rows.line(),
            Rows::Ndjson(rows) => rows.line(),
        }
    }

    /// Checks, after the last row, that each wanted column occurred.
    pub(crate) fn check_columns(&self, wanted: &[Wanted]) -> Result<(), AnalyzeError> {
        match self {
            Rows::Csv(_) => Ok(()),
            Rows::Ndjson(rows) => rows.check_columns(wanted),
        }
    }

    /// The head of a file of rejected rows.
    pub(crate) fn reject_header(&self) -> Vec<u8> {
        match self {
            Rows::Csv(rows) => rows.reject_header(),
            Rows::Ndjson(_) => Vec::new(),
        }
    }

    /// This row as it stands in a file of rejected rows.
    pub(crate) fn reject_line(&self, reason: Reason, column: &str) -> Vec<u8> {
        match self {
            Rows::Csv(rows) => rows.reject_line(reason, column),
            Rows::Ndjson(rows) => rows.reject_line(reason, column),
        }
    }
}

/// What a failed read means.
fn read_error(rows: u64, line: u64, source: io::Error) -> AnalyzeError {
    if bounded::is_too_long(&source) {
        return AnalyzeError::RowTooLong { line, limit: MAX_ROW_BYTES };
    }
    match source.kind() {
        io::ErrorKind::UnexpectedEof => AnalyzeError::CutShort { rows },
        _ => AnalyzeError::Read { rows, source },
    }
}
