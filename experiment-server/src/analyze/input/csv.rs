//! Rows of a CSV file (RFC 4180; lines end with LF or CRLF).

use experiment_core::spelling::nearest;
use std::io::{self, Chain, Read};

use ::csv::{ByteRecord, Reader, ReaderBuilder, Terminator, Writer, WriterBuilder};

use super::bounded::{Bounded, Budget};
use super::{MAX_ROW_BYTES, Step, Wanted, read_error};
use crate::analyze::error::{AnalyzeError, listing};
use crate::analyze::reject::{Problem, Reason};

const BUFFER_BYTES: usize = 1 << 16;
/// Read behind the last byte of the input. If it doesn't come out as a row of its own, a quote was left
/// open, and everything behind that quote was taken for one field.
const END_MARK: &[u8] = b"\0experiment: end of input\0";
const END: &[u8] = b"\n\0experiment: end of input\0\n";

type Text<'a> = Bounded<Chain<Box<dyn Read + 'a>, &'static [u8]>>;

/// Rows of a CSV file.
pub(crate) struct CsvRows<'a> {
    reader: Reader<Text<'a>>,
    budget: Budget,
    header: ByteRecord,
    record: ByteRecord,
    /// Field of each wanted column.
    fields: Vec<usize>,
    rows: u64,
    /// The line on which reading of `record` began.
    began: u64,
}

impl<'a> CsvRows<'a> {
    pub(super) fn open(text: Box<dyn Read + 'a>, wanted: &[Wanted]) -> Result<CsvRows<'a>, AnalyzeError> {
        let budget = Budget::new(MAX_ROW_BYTES);
        let text = Bounded::new(text.chain(END), budget.clone());
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // With CRLF as terminator the reader would lose count of the lines: the CR is taken off below.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(text);
        let (header, record) = (ByteRecord::new(), ByteRecord::new());
        let mut rows = CsvRows { reader, budget, header, record, fields: Vec::new(), rows: 0, began: 1 };
        if !rows.read()? {
            return Err(AnalyzeError::Empty("header"));
        }
        std::mem::swap(&mut rows.header, &mut rows.record);
        if rows.header.iter().next_back().is_some_and(|name| name.ends_with(END)) {
            return Err(AnalyzeError::OpenQuote { line: 1 });
        }
        rows.fields = find(&rows.header, wanted)?;
        Ok(rows)
    }

    pub(super) fn advance(&mut self) -> Result<Step, AnalyzeError> {
        if !self.read()? {
            return if self.rows == 0 { Err(AnalyzeError::Empty("rows")) } else { Ok(Step::End) };
        }
        self.rows += 1;
        if self.record.len() == self.header.len() {
            return Ok(Step::Row);
        }
        // A row over several lines with the wrong number of fields: most likely a stray quote swallowed
        // other rows, which must not vanish behind a single rejected one.
        if self.record.as_slice().contains(&b'\n') {
            return Err(AnalyzeError::OpenQuote { line: self.line() });
        }
        Ok(Step::Unusable(Problem { reason: Reason::FieldCount, column: None }))
    }

    /// Reads the next record that is no empty line; false at the end of the input.
    fn read(&mut self) -> Result<bool, AnalyzeError> {
        loop {
            let next = self.reader.position().line();
            let read = self.reader.read_byte_record(&mut self.record);
            self.budget.reset();
            let found = read.map_err(|error| {
                let source = match error.into_kind() {
                    ::csv::ErrorKind::Io(source) => source,
                    other => io::Error::other(format!("{other:?}")),
                };
                read_error(self.rows, next, source)
            })?;
            if !found {
                // The end mark was swallowed by the record before.
                return Err(AnalyzeError::OpenQuote { line: self.began });
            }
            self.began = next;
            match (self.record.len(), self.record.get(0)) {
                (1, Some(END_MARK)) => return Ok(false),
                (1, Some(b"\r")) => {}
                _ => return Ok(true),
            }
        }
    }

    pub(super) fn cell(&self, column: usize) -> Result<&str, Reason> {
        let bytes = self.fields.get(column).map(|field| field_of(&self.record, *field)).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Reason::InvalidUtf8)
    }

    pub(super) fn line(&self) -> u64 {
        // The reader stands behind the record's last line end.
        let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        self.reader.position().line().saturating_sub(1 + inside)
    }

    pub(super) fn reject_header(&self) -> Vec<u8> {
        written(["line", "reason", "column"].map(str::as_bytes).into_iter().chain(fields(&self.header)))
    }

    pub(super) fn reject_line(&self, reason: Reason, column: &str) -> Vec<u8> {
        let line = self.line().to_string();
        let why = [line.as_bytes(), reason.as_str().as_bytes(), column.as_bytes()];
        written(why.into_iter().chain(fields(&self.record)))
    }
}

/// A field; the last one without the CR of its line's end.
fn field_of(record: &ByteRecord, field: usize) -> &[u8] {
    let bytes = record.get(field).unwrap_or_default();
    if field + 1 == record.len() { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes }
}

fn fields(record: &ByteRecord) -> impl Iterator<Item = &[u8]> {
    (0..record.len()).map(|field| field_of(record, field))
}

/// One record as CSV.
fn written<'f>(fields: impl IntoIterator<Item = &'f [u8]>) -> Vec<u8> {
    let mut writer: Writer<Vec<u8>> = WriterBuilder::new().from_writer(Vec::new());
    // A vector takes everything.
    let _ = writer.write_record(fields);
    writer.into_inner().unwrap_or_default()
}

fn find(header: &ByteRecord, wanted: &[Wanted]) -> Result<Vec<usize>, AnalyzeError> {
    let names: Result<Vec<&str>, _> = fields(header).map(std::str::from_utf8).collect();
    let names = names.map_err(|_| AnalyzeError::HeaderText)?;
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            return Err(AnalyzeError::DuplicateColumn((*name).to_owned()));
        }
    }
    let field = |column: &Wanted| {
        names.iter().position(|name| *name == column.name).ok_or_else(|| missing(column, &names))
    };
    wanted.iter().map(field).collect()
}

/// The error for a wanted column that is not among `names`.
pub(super) fn missing(column: &Wanted, names: &[&str]) -> AnalyzeError {
    AnalyzeError::MissingColumn {
        flag: column.flag,
        name: column.name.clone(),
        nearest: nearest(&column.name, names.iter().copied()).unwrap_or_default().to_owned(),
        columns: listing(names.iter().copied()),
    }
}
