//! A fixed plan decides once: at the end of the first day on which its sample is complete.
//!
//! Looking at the same test again and again until it pleases finds effects that are not there. What was known
//! at the end of a day never changes (sums are kept by the day their facts were received), so the verdict of
//! that first day can be made again at any time, and stands.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use experiment_core::measure::MomentsOverflow;
use experiment_core::report::{Report, Verdict, VerdictCode, is_complete, report};
use experiment_core::time::{Day, Timestamp};

use crate::store::{Store, StoreError};

/// Why a decision can't be made again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecisionError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sums of a past day can't be added up.
    #[error(transparent)]
    Overflow(#[from] MomentsOverflow),
}

/// What was found so far, by experiment: at most one entry an experiment.
#[derive(Debug, Default)]
pub struct Decisions {
    found: Mutex<HashMap<String, Found>>,
}

#[derive(Debug, Clone)]
struct Found {
    /// Every day up to here was looked at.
    until: Day,
    /// The day of decision, with its verdict.
    decided: Option<(Day, Verdict)>,
}

impl Decisions {
    /// Puts the verdict of the day of decision in place of the present one, where that day is past. An
    /// invalid experiment stays invalid.
    ///
    /// # Errors
    /// [`DecisionError`].
    pub fn settle(&self, store: &Store, now: Report) -> Result<Report, DecisionError> {
        let undecided = matches!(now.verdict.verdict, VerdictCode::Continue | VerdictCode::Invalid);
        let Some(as_of) = now.as_of.filter(|_| !undecided) else { return Ok(now) };
        // The day that `as_of` ends or lies in is the present one; those before it are past.
        let yesterday = Day(Timestamp(as_of.0.saturating_sub(1)).day().0 - 1);
        let Some(verdict) = self.decided(store, &now.experiment, yesterday)? else { return Ok(now) };
        Ok(Report { verdict, ..now })
    }

    fn decided(&self, store: &Store, key: &str, until: Day) -> Result<Option<Verdict>, DecisionError> {
        let Some(started) = store.catalog().get(key).and_then(|entry| entry.started_at) else {
            return Ok(None);
        };
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let mut found = known.unwrap_or(Found { until: Day(started.day().0 - 1), decided: None });
        if found.decided.is_none() && found.until < until {
            // Facts that are logged and not yet in the sums would be missing from the last days.
            let all_folded = store.position() == store.log_position();
            if let Some(day) = first_complete(store, key, Day(found.until.0 + 1), until)? {
                found.decided = Some((day, verdict_of(store, key, day)?));
            }
            found.until = until;
            if all_folded {
                let mut cache = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                cache.insert(key.to_owned(), found.clone());
            }
        }
        let decided = found.decided.filter(|(day, _)| *day <= until);
        Ok(decided.map(|(day, verdict)| Verdict { decided_on: Some(day), ..verdict }))
    }
}

/// The first day from `first` to `last` at whose end the sample is complete; by bisection, since a complete
/// sample stays complete.
fn first_complete(store: &Store, key: &str, first: Day, last: Day) -> Result<Option<Day>, DecisionError> {
    let (mut low, mut high) = (first.0, last.0);
    if !complete_on(store, key, last)? {
        return Ok(None);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if complete_on(store, key, Day(middle))? { high = middle } else { low = middle + 1 }
    }
    Ok(Some(Day(low)))
}

fn complete_on(store: &Store, key: &str, day: Day) -> Result<bool, DecisionError> {
    let reading = store.aggregates(key, Some(day))?;
    Ok(is_complete(&reading.design, &reading.aggregates, day.end())?)
}

fn verdict_of(store: &Store, key: &str, day: Day) -> Result<Verdict, DecisionError> {
    let reading = store.aggregates(key, Some(day))?;
    Ok(report(&reading.design, &reading.aggregates, Some(day.end()))?.verdict)
}
