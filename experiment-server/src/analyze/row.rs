//! One row, checked: what it says, or why it is left out.

use super::columns::Columns;
use super::error::AnalyzeError;
use super::input::Rows;
use super::instant::{self, Instant};
use super::keys::Keys;
use super::reject::{Problem, Reason};
use super::value::{self, Value, ValueKind};
use super::variants::Variants;
use crate::analyze::request::RowKind;

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Row {
    /// Number of the variant.
    pub(crate) variant: u16,
    /// When it happened.
    pub(crate) when: When,
    /// One value a slot.
    pub(crate) values: Vec<Value>,
    /// Number of the value of each dimension.
    pub(crate) dimensions: Vec<u32>,
}

/// The order of a customer's rows: by time, then as they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct When {
    /// Zero where nothing was said about time.
    pub(crate) time: i128,
    /// The row's number in the file.
    pub(crate) row: u64,
}

/// Checks rows and numbers what they name.
pub(crate) struct Checker {
    columns: Columns,
    rows: RowKind,
    /// The variants met so far in rows that keep the rules.
    pub(crate) variants: Variants,
    /// The values met so far of each dimension.
    pub(crate) dimension_values: Vec<Keys>,
    seen_number: Option<u64>,
    seen_date: Option<u64>,
}

impl Checker {
    pub(crate) fn new(columns: Columns, rows: RowKind) -> Checker {
        let dimension_values = columns.dimensions.iter().map(|_| Keys::default()).collect();
        let variants = Variants::new(columns.name(Some(columns.variant)));
        Checker { columns, rows, variants, dimension_values, seen_number: None, seen_date: None }
    }

    /// Reads the current row of `source` into `row`. The inner result says why the row is left out.
    pub(crate) fn check(
        &mut self,
        source: &Rows<'_>,
        number: u64,
        row: &mut Row,
    ) -> Result<Result<(), Problem>, AnalyzeError> {
        let variant = match self.variant(source) {
            Ok(variant) => variant,
            Err(problem) => return Ok(Err(problem)),
        };
        row.variant = self.variants.intern(variant)?;
        if let Err(problem) = self.fill(source, number, row) {
            return Ok(Err(problem));
        }
        row.dimensions.clear();
        for (column, values) in self.columns.dimensions.iter().zip(&mut self.dimension_values) {
            match source.cell(*column) {
                Ok(text) => row.dimensions.push(values.intern(text.as_bytes())?.0),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        Ok(Ok(()))
    }

    /// The variant, once the row has a customer and keeps the rules.
    fn variant<'r>(&self, source: &'r Rows<'_>) -> Result<&'r str, Problem> {
        let blank = |column: usize, reason| match source.cell(column) {
            Ok(text) if text.trim().is_empty() => Err(Problem { reason, column: Some(column) }),
            other => other,
        };
        if let Some(unit) = self.columns.unit {
            blank(unit, Reason::MissingUnit)?;
        }
        let variant = blank(self.columns.variant, Reason::MissingVariant)?;
        for rule in &self.columns.rules {
            if source.cell(rule.when.0)? == rule.when.1 && source.cell(rule.must.0)? != rule.must.1 {
                return Err(Problem { reason: Reason::Require, column: Some(rule.must.0) });
            }
        }
        Ok(variant)
    }

    fn fill(&mut self, source: &Rows<'_>, number: u64, row: &mut Row) -> Result<(), Problem> {
        row.when = When { time: self.time(source)?, row: number };
        row.values.clear();
        for slot in &self.columns.slots {
            let problem = |reason| Problem { reason, column: Some(slot.column) };
            let value = value::read(source.cell(slot.column)?, slot.kind, slot.places).map_err(problem)?;
            if value == Value::Blank && self.rows == RowKind::Customer && slot.kind != ValueKind::Score {
                return Err(problem(Reason::MissingValue));
            }
            row.values.push(value);
        }
        Ok(())
    }

    fn time(&mut self, source: &Rows<'_>) -> Result<i128, Problem> {
        // Where each row is a customer there is nothing to order.
        let (Some(column), Some(_)) = (self.columns.time, self.columns.unit) else { return Ok(0) };
        let problem = Problem { reason: Reason::BadTime, column: Some(column) };
        match instant::read(source.cell(column)?).ok_or(problem)? {
            Instant::Number(time) => {
                self.seen_number.get_or_insert_with(|| source.line());
                Ok(time)
            }
            Instant::Date(time) => {
                self.seen_date.get_or_insert_with(|| source.line());
                Ok(time)
            }
        }
    }

    /// Whether all times can be compared with each other.
    pub(crate) fn check_times(&self) -> Result<(), AnalyzeError> {
        match (self.seen_number, self.seen_date) {
            (Some(number_line), Some(date_line)) => Err(AnalyzeError::MixedTimes { number_line, date_line }),
            _ => Ok(()),
        }
    }
}
