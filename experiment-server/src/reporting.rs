//! The report of a stored experiment: what its sums say, what was decided, and what to know of the store.

use experiment_core::report::{Check, CheckCode, Inputs, InputsError, Level, Report};
use experiment_core::time::{Day, Timestamp};

use crate::decision::{DecisionError, Decisions};
use crate::store::{Reading, Store, StoreError};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was not there yet.
    #[error("{experiment} was made on {made}, so nothing is known of it at the end of {day}")]
    TooEarly {
        /// The experiment's key.
        experiment: String,
        /// The day on which its first version came.
        made: Day,
        /// The day that was asked for.
        day: Day,
    },
    /// The sums can't be read, or added up.
    #[error(transparent)]
    Inputs(#[from] InputsError),
    /// What was decided can't be made again.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

/// The report of an experiment at `now`, or as it was at the end of a day that is not past that.
///
/// # Errors
/// [`ReportError`].
pub fn report_of(
    store: &Store,
    decisions: &Decisions,
    key: &str,
    now: Timestamp,
    day: Option<Day>,
    with_inputs: bool,
) -> Result<Report, ReportError> {
    let made = store.catalog().get(key).and_then(|entry| Some(entry.versions.first()?.received_at.day()));
    if let Some((made, day)) = made.zip(day).filter(|(made, day)| day < made) {
        return Err(ReportError::TooEarly { experiment: key.to_owned(), made, day });
    }
    let reading = store.aggregates(key, day)?;
    // A day that has not ended yet is read as far as it has come. Once an experiment is concluded its
    // controls get the winner, so the days mature by then are all there will be.
    let concluded = store.catalog().get(key).and_then(|entry| entry.concluded_at());
    let as_of = day.map_or(now, |day| day.end().min(now)).min(concluded.unwrap_or(now));
    let checks = overflow_check(&reading)
        .into_iter()
        .chain(stale_check(store))
        .chain(erased_check(&reading, day))
        .collect();
    let Reading { design, aggregates, sequence, .. } = reading;
    let mut inputs = Inputs { design, aggregates, checks, decision: None };
    let found = inputs.report(Some(as_of))?;
    let mut found = decisions.settle(store, found)?;
    found.sequence = Some(sequence);
    if with_inputs {
        inputs.decision = Decisions::inputs(store, &found)?;
        found.inputs = Some(Box::new(inputs));
    }
    Ok(found)
}

/// A store that has failed, or that waits for room, still answers with what it had.
fn stale_check(store: &Store) -> Option<Check> {
    let behind = store.log_position().saturating_sub(store.position());
    let detail = match store.ready().failed {
        Some(failed) => format!("The sums no longer follow the facts: {failed}."),
        None if behind > 0 => format!("The sums lack the last {behind} facts: {}.", store.shortage()?),
        None => return None,
    };
    Some(Check { check: CheckCode::Stale, level: Level::Fail, detail })
}

/// Metrics without sums would otherwise look like metrics without customers.
fn overflow_check(reading: &Reading) -> Option<Check> {
    let metrics = &reading.design.metrics;
    let failed = reading.failed_metrics.iter().filter_map(|index| metrics.get(*index));
    let failed: Vec<&str> = failed.map(|metric| metric.key.as_str()).collect();
    let detail = format!(
        "The sums of {} left 128 bits and are not kept; give the metric a coarser scale under a new key.",
        failed.join(", ")
    );
    (!failed.is_empty()).then_some(Check { check: CheckCode::Overflow, level: Level::Fail, detail })
}

/// A past day is told without whoever was erased since, so it may differ from what was read then.
fn erased_check(reading: &Reading, day: Option<Day>) -> Option<Check> {
    let day = day.filter(|_| reading.erased_since > 0)?;
    let missing = match reading.erased_since {
        1 => "1 customer who was known by then has been erased since and is".to_owned(),
        more => format!("{more} customers who were known by then have been erased since and are"),
    };
    let detail = format!("{missing} missing: what was read at the end of {day} may have differed.");
    Some(Check { check: CheckCode::ErasedCustomers, level: Level::Warn, detail })
}
