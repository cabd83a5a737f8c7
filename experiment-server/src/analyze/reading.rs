//! Reads a file into the exact sums of its experiment.

use experiment_core::definition::{Direction, Role, Window};
use experiment_core::report::{Aggregates, Design, Estimand, InputRows, MetricDesign, Stage};
use experiment_core::time::{DAY, Span};

use super::columns::Columns;
use super::distinct::{Distinct, OtherVariant};
use super::error::AnalyzeError;
use super::flag::KindFlag;
use super::fold::{Entry, Folder};
use super::input::{Rows, Source, Step};
use super::reject::{Problem, Reason, Rejected};
use super::rejects_file::RejectsFile;
use super::request::{Request, RowKind};
use super::row::{Checker, Row};
use super::totals::Totals;
use super::value::Value;

/// Rows between two calls of `progress`.
const PROGRESS_ROWS: u64 = 250_000;

/// What a file holds: everything a report is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What is compared.
    pub design: Design,
    /// The exact sums.
    pub aggregates: Aggregates,
    /// What was read.
    pub input: InputRows,
}

/// Reads `source`. The rows that are left out go to `rejects`, for which the source is read again.
/// `progress` is told from time to time how many rows were read.
///
/// # Errors
/// [`AnalyzeError`]; rejected rows are written even if what is left can't be analysed.
pub fn read(
    request: &Request,
    source: &mut Source<'_>,
    rejects: Option<RejectsFile>,
    progress: &mut dyn FnMut(u64),
) -> Result<Reading, AnalyzeError> {
    let columns = Columns::of(request);
    let mut checker = Checker::new(columns.clone(), request.rows);
    let mut grouping = Grouping::new(request, &columns);
    let mut rejected = Rejected::default();
    let mut row = Row::default();
    let mut count = 0;

    let mut rows = Rows::open(source, &columns.wanted)?;
    while let Some(problem) = step(&mut rows, &mut checker, count, &mut row)? {
        count += 1;
        match problem {
            Ok(()) => grouping.add(&rows, &columns, &row)?,
            Err(problem) => rejected.count(problem.reason, 1),
        }
        if count.is_multiple_of(PROGRESS_ROWS) {
            progress(count);
        }
    }
    rows.check_columns(&columns.wanted)?;
    drop(rows);
    checker.check_times()?;
    if let Some((reason, rows)) = grouping.conflicts() {
        rejected.count(reason, rows);
    }
    if let Some(file) = rejects {
        write_rejects(file, source, &columns, &mut checker, &grouping, rejected.total())?;
    }
    let duplicates = grouping.duplicates();
    let folder = grouping.fold(&columns)?;
    let customers = folder.customers();
    if customers == 0 {
        return Err(AnalyzeError::NoCustomers { rows: count, rejected: rejected.by_name() });
    }
    let arms = checker.variants.arms(request)?;
    let aggregates = folder.finish(&arms.places, &checker.dimension_values);
    let input = InputRows { rows: count, customers, duplicates, rejected: rejected.by_name() };
    Ok(Reading { design: design(request, arms.designs), aggregates, input })
}

/// The next row, checked; `None` at the end.
fn step(
    rows: &mut Rows<'_>,
    checker: &mut Checker,
    number: u64,
    row: &mut Row,
) -> Result<Option<Result<(), Problem>>, AnalyzeError> {
    Ok(match rows.advance()? {
        Step::End => None,
        Step::Unusable(problem) => Some(Err(problem)),
        Step::Row => Some(checker.check(rows, number, row)?),
    })
}

/// Reads everything again and writes what was left out, in the order of the file.
fn write_rejects(
    file: RejectsFile,
    source: &mut Source<'_>,
    columns: &Columns,
    checker: &mut Checker,
    grouping: &Grouping,
    expected: u64,
) -> Result<(), AnalyzeError> {
    let mut rows = Rows::open(source, &columns.wanted)?;
    let mut file = file.begin(&rows.reject_header())?;
    let mut row = Row::default();
    let (mut count, mut written) = (0, 0);
    while let Some(problem) = step(&mut rows, checker, count, &mut row)? {
        count += 1;
        let problem = match problem {
            Err(problem) => problem,
            Ok(()) => match grouping.conflict(&rows, columns) {
                Some(reason) => Problem { reason, column: None },
                None => continue,
            },
        };
        file.write(&rows.reject_line(problem.reason, columns.name(problem.column)))?;
        written += 1;
    }
    file.finish()?;
    if written == expected { Ok(()) } else { Err(AnalyzeError::Changed) }
}

/// How rows become customers.
enum Grouping {
    /// Each row is one.
    Rows(Box<Folder>),
    /// One row a customer.
    Customers(Box<Distinct>),
    /// Rows are added up; those with an id are held back until it is known which of them count.
    Events { totals: Box<Totals>, by_id: Box<Distinct>, key: Vec<u8> },
}

impl Grouping {
    fn new(request: &Request, columns: &Columns) -> Grouping {
        let (slots, dimensions) = (columns.slots.len(), columns.dimensions.len());
        match (columns.unit, request.rows) {
            (None, _) => Grouping::Rows(Box::new(Folder::new(columns.metrics.clone(), dimensions))),
            (Some(_), RowKind::Customer) => {
                let timed = columns.time.is_some();
                Grouping::Customers(Box::new(Distinct::new(
                    OtherVariant::CrossedOver,
                    timed,
                    slots,
                    dimensions,
                )))
            }
            (Some(_), RowKind::Event) => Grouping::Events {
                totals: Box::new(Totals::new(&columns.slots, dimensions)),
                by_id: Box::new(Distinct::new(OtherVariant::Conflict, true, slots, dimensions)),
                key: Vec::new(),
            },
        }
    }

    fn add(&mut self, rows: &Rows<'_>, columns: &Columns, row: &Row) -> Result<(), AnalyzeError> {
        let unit = cell(rows, columns.unit);
        match self {
            Grouping::Rows(folder) => Ok(folder.add(row.variant, false, &row.dimensions, entries(row))?),
            Grouping::Customers(customers) => customers.add(unit.as_bytes(), row),
            Grouping::Events { totals, by_id, key } => match cell(rows, columns.id) {
                "" => totals.add(unit.as_bytes(), row),
                id => {
                    event_key(unit, id, key);
                    by_id.add(key, row)
                }
            },
        }
    }

    fn conflicts(&self) -> Option<(Reason, u64)> {
        match self {
            Grouping::Rows(_) => None,
            Grouping::Customers(customers) => Some((Reason::ConflictingRows, customers.conflicting_rows())),
            Grouping::Events { by_id, .. } => Some((Reason::ConflictingIds, by_id.conflicting_rows())),
        }
    }

    /// Why a row that looked right by itself is left out after all.
    fn conflict(&self, rows: &Rows<'_>, columns: &Columns) -> Option<Reason> {
        let unit = cell(rows, columns.unit);
        match self {
            Grouping::Rows(_) => None,
            Grouping::Customers(customers) => {
                customers.is_conflicting(unit.as_bytes()).then_some(Reason::ConflictingRows)
            }
            Grouping::Events { by_id, .. } => {
                let mut key = Vec::new();
                event_key(unit, cell(rows, columns.id), &mut key);
                by_id.is_conflicting(&key).then_some(Reason::ConflictingIds)
            }
        }
    }

    fn duplicates(&self) -> u64 {
        match self {
            Grouping::Rows(_) => 0,
            Grouping::Customers(customers) => customers.duplicates(),
            Grouping::Events { by_id, .. } => by_id.duplicates(),
        }
    }

    fn fold(self, columns: &Columns) -> Result<Folder, AnalyzeError> {
        let mut folder = Folder::new(columns.metrics.clone(), columns.dimensions.len());
        let mut row = Row::default();
        match self {
            Grouping::Rows(folded) => folder = *folded,
            Grouping::Customers(customers) => {
                for number in 0..customers.len() {
                    if let Some(crossed) = customers.settle(number, &mut row) {
                        folder.add(row.variant, crossed, &row.dimensions, entries(&row))?;
                    }
                }
            }
            Grouping::Events { mut totals, by_id, .. } => {
                for number in 0..by_id.len() {
                    if by_id.settle(number, &mut row).is_some() {
                        totals.add(unit_of(by_id.key(number)), &row)?;
                    }
                }
                for number in 0..totals.len() {
                    let placed = totals.place(number);
                    let dimensions = totals.dimensions(number);
                    folder.add(placed.variant, placed.crossed, dimensions, totals.entries(number))?;
                }
            }
        }
        Ok(folder)
    }
}

fn entries(row: &Row) -> impl Iterator<Item = Entry> + '_ {
    let entry = |value: &Value| Entry {
        steps: value.steps(),
        rounded: value.is_rounded().into(),
        blank: *value == Value::Blank,
    };
    row.values.iter().map(entry)
}

/// The text of a column that was checked already.
fn cell<'r>(rows: &'r Rows<'_>, column: Option<usize>) -> &'r str {
    column.and_then(|column| rows.cell(column).ok()).unwrap_or_default()
}

/// Customer and id in one key; the length in front keeps any two pairs apart.
fn event_key(unit: &str, id: &str, key: &mut Vec<u8>) {
    key.clear();
    key.extend((unit.len() as u64).to_le_bytes());
    key.extend(unit.as_bytes());
    key.extend(id.as_bytes());
}

/// The customer of a key made by [`event_key`].
fn unit_of(key: &[u8]) -> &[u8] {
    let Some((length, rest)) = key.split_first_chunk() else { return key };
    &rest[..(u64::from_le_bytes(*length) as usize).min(rest.len())]
}

fn design(request: &Request, variants: Vec<experiment_core::report::VariantDesign>) -> Design {
    let metric = |metric: &super::request::MetricRequest| MetricDesign {
        key: metric.name.clone(),
        estimand: match metric.kind {
            KindFlag::Proportion(_) => Estimand::Proportion,
            KindFlag::Ratio { .. } => Estimand::Ratio,
            KindFlag::Mean(_) | KindFlag::Nps(_) => Estimand::Mean,
            KindFlag::Quantile { .. } => Estimand::Quantile,
            KindFlag::Survival { .. } => Estimand::Survival,
        },
        role: Role::Primary,
        direction: Direction::Up,
        margin: None,
        min_effect: None,
        places: metric.places,
        covariates: metric.covariates.len(),
        quantile: match &metric.kind {
            KindFlag::Quantile { share, .. } => Some(share.to_f64()),
            _ => None,
        },
        answered: matches!(metric.kind, KindFlag::Nps(_)),
        window: match metric.kind {
            KindFlag::Survival { horizon: Some(horizon), .. } => {
                Window { to: Some(Span(i64::from(horizon) * DAY)), ..Window::default() }
            }
            _ => Window::default(),
        },
    };
    Design {
        experiment: request.experiment.clone(),
        definition_version: None,
        stage: Stage::Final,
        variants,
        phases: Vec::new(),
        control: 0,
        metrics: request.metrics.iter().map(metric).collect(),
        economics: None,
        dimensions: request.dimensions.clone(),
        plan: request.plan.clone(),
    }
}
