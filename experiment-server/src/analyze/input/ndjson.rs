//! Rows of an NDJSON file: one object a line. Numbers keep the digits they were written with.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::bounded::{Bounded, Budget};
use super::csv::missing;
use super::{MAX_ROW_BYTES, Step, Wanted, read_error};
use crate::analyze::error::AnalyzeError;
use crate::analyze::reject::{Problem, Reason};

const BUFFER_BYTES: usize = 1 << 16;
/// Most column names that are remembered for the message about a missing one.
const NAMES_REMEMBERED: usize = 1000;

/// Rows of an NDJSON file.
pub(crate) struct NdjsonRows<'a> {
    input: BufReader<Bounded<Box<dyn Read + 'a>>>,
    budget: Budget,
    buffer: Vec<u8>,
    line: u64,
    rows: u64,
    columns: Columns,
}

/// The wanted columns: what this row holds of them, and whether any row ever held them.
struct Columns {
    wanted: HashMap<String, usize>,
    cells: Vec<Cell>,
    occurred: Vec<bool>,
    others: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Absent,
    Text(String),
    /// An array or an object: no value of anything here.
    Nested,
}

impl<'a> NdjsonRows<'a> {
    pub(super) fn new(text: Box<dyn Read + 'a>, wanted: &[Wanted]) -> NdjsonRows<'a> {
        let budget = Budget::new(MAX_ROW_BYTES);
        let columns = Columns {
            wanted: wanted.iter().enumerate().map(|(i, column)| (column.name.clone(), i)).collect(),
            cells: vec![Cell::Absent; wanted.len()],
            occurred: vec![false; wanted.len()],
            others: BTreeSet::new(),
        };
        let input = BufReader::with_capacity(BUFFER_BYTES, Bounded::new(text, budget.clone()));
        NdjsonRows { input, budget, buffer: Vec::new(), line: 0, rows: 0, columns }
    }

    pub(super) fn advance(&mut self) -> Result<Step, AnalyzeError> {
        loop {
            self.buffer.clear();
            let read = self.input.read_until(b'\n', &mut self.buffer);
            self.budget.reset();
            self.line += 1;
            if read.map_err(|error| read_error(self.rows, self.line, error))? == 0 {
                return Ok(Step::End);
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        self.rows += 1;
        let problem = |reason| Ok(Step::Unusable(Problem { reason, column: None }));
        let Ok(text) = std::str::from_utf8(&self.buffer) else { return problem(Reason::InvalidUtf8) };
        match self.columns.fill(text) {
            Ok(()) => Ok(Step::Row),
            Err(reason) => problem(reason),
        }
    }

    pub(super) fn cell(&self, column: usize) -> Result<&str, Reason> {
        match self.columns.cells.get(column) {
            None | Some(Cell::Absent) => Ok(""),
            Some(Cell::Text(text)) => Ok(text),
            Some(Cell::Nested) => Err(Reason::BadValue),
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn check_columns(&self, wanted: &[Wanted]) -> Result<(), AnalyzeError> {
        let columns = &self.columns;
        match wanted.iter().zip(&columns.occurred).find(|(_, occurred)| !**occurred) {
            None => Ok(()),
            Some((column, _)) => {
                let known = columns.wanted.iter().filter(|(_, i)| columns.occurred[**i]);
                let names: BTreeSet<&str> = known
                    .map(|(name, _)| name.as_str())
                    .chain(columns.others.iter().map(String::as_str))
                    .collect();
                Err(missing(column, &names.into_iter().collect::<Vec<_>>()))
            }
        }
    }

    pub(super) fn reject_line(&self, reason: Reason, column: &str) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.buffer);
        let text = text.trim();
        // What was no JSON is kept as a text.
        let row = RawValue::from_string(text.to_owned())
            .or_else(|_| serde_json::value::to_raw_value(text))
            .map_or_else(|_| "null".to_owned(), |raw| raw.get().to_owned());
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let (line, reason, column) = (self.line, text(reason.as_str()), text(column));
        format!("{{\"line\":{line},\"reason\":{reason},\"column\":{column},\"row\":{row}}}\n").into_bytes()
    }
}

impl Columns {
    fn fill(&mut self, text: &str) -> Result<(), Reason> {
        self.cells.fill(Cell::Absent);
        let mut reader = serde_json::Deserializer::from_str(text);
        let twice = reader.deserialize_map(RowVisitor(self)).map_err(|_| not_a_row(text))?;
        reader.end().map_err(|_| Reason::BadJson)?;
        if twice { Err(Reason::DuplicateKey) } else { Ok(()) }
    }
}

/// Tells JSON that is no object from what is no JSON.
fn not_a_row(text: &str) -> Reason {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) if !raw.get().starts_with('{') => Reason::NotAnObject,
        _ => Reason::BadJson,
    }
}

/// Reads an object; says whether a wanted key came twice.
struct RowVisitor<'c>(&'c mut Columns);

impl<'de> Visitor<'de> for RowVisitor<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<bool, M::Error> {
        let mut twice = false;
        while let Some(column) = map.next_key_seed(KeySeed(self.0))? {
            let raw: &RawValue = map.next_value()?;
            let Some(column) = column else { continue };
            let cell = cell(raw.get());
            twice |= cell != Cell::Absent && self.0.cells[column] != Cell::Absent;
            self.0.cells[column] = cell;
        }
        Ok(twice)
    }
}

fn cell(raw: &str) -> Cell {
    match raw.as_bytes().first() {
        Some(b'n') => Cell::Absent,
        Some(b'{' | b'[') => Cell::Nested,
        // A lone surrogate is no text; it can't be a value either.
        Some(b'"') => serde_json::from_str::<Cow<'_, str>>(raw)
            .map_or(Cell::Nested, |text| Cell::Text(text.into_owned())),
        _ => Cell::Text(raw.to_owned()),
    }
}

/// Reads a key and finds its column.
struct KeySeed<'c>(&'c mut Columns);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        let column = self.0.wanted.get(key).copied();
        match column {
            Some(column) => self.0.occurred[column] = true,
            None if self.0.others.len() < NAMES_REMEMBERED && !self.0.others.contains(key) => {
                self.0.others.insert(key.to_owned());
            }
            None => {}
        }
        Ok(column)
    }
}
