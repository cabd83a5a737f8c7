//! What was decided stands: the verdict of the first day at whose end the plan decided.
//!
//! Looking at a test again and again until it pleases finds effects that are not there, and an effect that was found
//! must not be lost because a later day is less sure of it. What was known at the end of a day never changes (sums
//! are kept by the day their facts were received), so the verdict of that first day can be made again at any time,
//! and stands. Harm is decided in the same way, under every plan.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use experiment_core::measure::MomentsOverflow;
use experiment_core::report::{DecisionInputs, Report, Verdict, VerdictCode, verdict_of};
use experiment_core::time::{Day, Timestamp};

use crate::store::{Reading, Store, StoreError};

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
        let valid = now.verdict.verdict != VerdictCode::Invalid;
        let Some(as_of) = now.as_of.filter(|_| valid) else { return Ok(now) };
        // The day that `as_of` ends or lies in is the present one; those before it are past.
        let yesterday = Day(Timestamp(as_of.0.saturating_sub(1)).day().0 - 1);
        let Some(verdict) = self.decided(store, &now.experiment, yesterday)? else { return Ok(now) };
        Ok(Report { verdict, ..now })
    }

    /// What the verdict of a past day was made from; nothing for a verdict of the present moment.
    ///
    /// # Errors
    /// [`DecisionError`].
    pub fn inputs(store: &Store, report: &Report) -> Result<Option<DecisionInputs>, DecisionError> {
        let Some(day) = report.verdict.decided_on else { return Ok(None) };
        let Reading { design, aggregates, .. } = store.aggregates(&report.experiment, Some(day))?;
        Ok(Some(DecisionInputs { day, design, aggregates }))
    }

    fn decided(&self, store: &Store, key: &str, until: Day) -> Result<Option<Verdict>, DecisionError> {
        let Some(started) = store.catalog().get(key).and_then(|entry| entry.started_at) else {
            return Ok(None);
        };
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let mut found = known.unwrap_or(Found { until: Day(started.day().0 - 1), decided: None });
        if found.decided.is_none() && found.until < until {
            // Facts that are logged and not yet in the sums are missing from the days on which they came.
            let whole = store.first_day_behind()?.map_or(until, |behind| until.min(Day(behind.0 - 1)));
            found.decided = first_decision(store, key, Day(found.until.0 + 1), whole)?;
            found.until = whole.max(found.until);
            let mut cache = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            cache.insert(key.to_owned(), found.clone());
        }
        let decided = found.decided.filter(|(day, _)| *day <= until);
        Ok(decided.map(|(day, verdict)| Verdict { decided_on: Some(day), ..verdict }))
    }
}

/// The first day from `first` to `last` at whose end there is a verdict that stands, with that verdict.
fn first_decision(
    store: &Store,
    key: &str,
    first: Day,
    last: Day,
) -> Result<Option<(Day, Verdict)>, DecisionError> {
    for day in (first.0..=last.0).map(Day) {
        let reading = store.aggregates(key, Some(day))?;
        let verdict = verdict_of(&reading.design, &reading.aggregates, Some(day.end()))?;
        if verdict.verdict.stands(reading.design.plan.method) {
            return Ok(Some((day, verdict)));
        }
    }
    Ok(None)
}
