//! Rows that are left out: why, how many, and which.

use std::collections::BTreeMap;

/// Why a row is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// More or fewer fields than the header.
    FieldCount,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// A line that is no JSON.
    BadJson,
    /// A line of JSON that is no object.
    NotAnObject,
    /// An object that holds a needed key twice.
    DuplicateKey,
    /// No customer.
    MissingUnit,
    /// No variant.
    MissingVariant,
    /// What `--require` demands does not hold.
    Require,
    /// A time that can't be read.
    BadTime,
    /// A blank where a value is needed.
    MissingValue,
    /// A value that is no number, or no 0/1, or beyond ±1e9.
    BadValue,
    /// Rows of one customer and one variant that differ.
    ConflictingRows,
    /// Rows of one customer and one event id that differ.
    ConflictingIds,
}

/// Why a row is left out, and which wanted column showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) reason: Reason,
    pub(crate) column: Option<usize>,
}

impl Reason {
    /// The word in reports and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::FieldCount => "field_count",
            Reason::InvalidUtf8 => "invalid_utf8",
            Reason::BadJson => "bad_json",
            Reason::NotAnObject => "not_an_object",
            Reason::DuplicateKey => "duplicate_key",
            Reason::MissingUnit => "missing_unit",
            Reason::MissingVariant => "missing_variant",
            Reason::Require => "require",
            Reason::BadTime => "bad_time",
            Reason::MissingValue => "missing_value",
            Reason::BadValue => "bad_value",
            Reason::ConflictingRows => "conflicting_rows",
            Reason::ConflictingIds => "conflicting_ids",
        }
    }
}

/// Rows by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rejected(BTreeMap<Reason, u64>);

impl Rejected {
    pub(crate) fn count(&mut self, reason: Reason, rows: u64) {
        if rows > 0 {
            *self.0.entry(reason).or_default() += rows;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn by_name(&self) -> BTreeMap<String, u64> {
        self.0.iter().map(|(reason, rows)| (reason.as_str().to_owned(), *rows)).collect()
    }
}
