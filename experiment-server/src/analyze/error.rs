//! Why a file can't be analysed.

use std::collections::BTreeMap;
use std::io;

use experiment_core::measure::MomentsOverflow;
use experiment_core::report::InputsError;

/// Most variants a file may hold.
pub const MAX_VARIANTS: usize = 100;

/// Why a file can't be analysed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyzeError {
    /// The file can't be opened.
    #[error("cannot open {path:?}")]
    Open {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Reading failed on the way.
    #[error("reading stopped after {rows} rows")]
    Read {
        /// Rows read so far.
        rows: u64,
        /// Why.
        source: io::Error,
    },
    /// A compressed stream without its end.
    #[error("the gzip stream is cut short: it ended after {rows} rows")]
    CutShort {
        /// Rows read so far.
        rows: u64,
    },
    /// Neither CSV nor NDJSON.
    #[error("the input is {found}; analyze reads CSV and NDJSON in UTF-8, plain or gzipped")]
    Format {
        /// What it is.
        found: &'static str,
    },
    /// A CSV header that can't be read.
    #[error("the header is not UTF-8")]
    HeaderText,
    /// Nothing to read.
    #[error("the input holds no {0}")]
    Empty(&'static str),
    /// Two columns of one name.
    #[error("the header names the column {0:?} twice")]
    DuplicateColumn(String),
    /// A flag that names a column the file lacks.
    #[error(
        "{flag} {name:?}: there is no such column; the nearest is {nearest:?}; the columns are {columns}"
    )]
    MissingColumn {
        /// The flag.
        flag: &'static str,
        /// The column.
        name: String,
        /// The column with the most similar name.
        nearest: String,
        /// All columns.
        columns: String,
    },
    /// A quote that nobody closes.
    #[error("line {line}: a quoted field that begins in this row does not end where a field should end")]
    OpenQuote {
        /// The line on which the row begins.
        line: u64,
    },
    /// A row that would fill the memory.
    #[error("line {line}: a row of more than {limit} bytes; is a quote left open?")]
    RowTooLong {
        /// The line on which the row begins.
        line: u64,
        /// The bound.
        limit: u64,
    },
    /// Instants and numbers in one column.
    #[error(
        "--time: the column holds both numbers (line {number_line}) and dates (line {date_line}), which can't \
         be put in order"
    )]
    MixedTimes {
        /// A line with a number.
        number_line: u64,
        /// A line with a date.
        date_line: u64,
    },
    /// More values than an experiment has arms.
    #[error(
        "--variant {column:?} has more than {MAX_VARIANTS} values, such as {example:?}; is it the right column?"
    )]
    TooManyVariants {
        /// The column.
        column: String,
        /// One value too many.
        example: String,
    },
    /// Nothing to compare.
    #[error("--variant {column:?} has one value only, {variant:?}; there is nothing to compare it with")]
    OneVariant {
        /// The column.
        column: String,
        /// The value.
        variant: String,
    },
    /// Nobody left.
    #[error("none of the {rows} rows can be used{}", rejected_sentence(.rejected))]
    NoCustomers {
        /// Rows read.
        rows: u64,
        /// Why they are left out.
        rejected: BTreeMap<String, u64>,
    },
    /// A control that nobody was in.
    #[error("--control {control:?} does not occur; the variants are {found}")]
    NoSuchControl {
        /// The control.
        control: String,
        /// The variants that do occur.
        found: String,
    },
    /// A variant that --weights forgot.
    #[error("--weights: the variant {variant:?} has no weight; the variants are {found}")]
    Unweighted {
        /// The variant.
        variant: String,
        /// The variants that occur.
        found: String,
    },
    /// More customers than fit an index.
    #[error("more than {} customers", u32::MAX)]
    TooManyCustomers,
    /// A sum beyond 128 bits.
    #[error(transparent)]
    Overflow(#[from] MomentsOverflow),
    /// The sums make no report.
    #[error(transparent)]
    Inputs(#[from] InputsError),
    /// The rejected rows can't be written.
    #[error("--rejects: cannot write {path:?}")]
    Rejects {
        /// The path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The rejected rows would overwrite what they are made from.
    #[error("--rejects {path:?} is the input itself")]
    RejectsOverInput {
        /// The path.
        path: String,
    },
    /// The second reading, for the rejected rows, found others than the first.
    #[error("the input changed while it was read")]
    Changed,
}

fn rejected_sentence(rejected: &BTreeMap<String, u64>) -> String {
    let reasons: Vec<String> = rejected.iter().map(|(reason, rows)| format!("{reason} {rows}")).collect();
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) }
}

/// Names as they are shown in a message: quoted, control characters escaped, at most a hundred.
pub(super) fn listing<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 100;
    let names: Vec<&str> = names.into_iter().collect();
    let mut list = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        list.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    list
}
