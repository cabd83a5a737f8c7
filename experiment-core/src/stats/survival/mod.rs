//! Time until something happens, when for some customers it has not happened yet.
//!
//! [`SurvivalTable`] counts, per distinct time of an event, who was still at risk and how many had it: all that
//! [`kaplan_meier`], [`nelson_aalen`] and [`restricted_mean`] need. [`log_rank_test`] and [`cox_two_arms`] compare
//! arms; [`cox_regression`] takes covariates too, and one row a customer. Customers without the event are censored at their last day: they count as at risk up to and including it.
//!
//! Assumes that being censored says nothing about the time to the event, as with a fixed end of the study.

mod cox;
mod cox_regression;
mod curve;
mod log_rank;
mod restricted_mean_test;

pub use cox::{CoxEstimate, cox_two_arms};
pub use cox_regression::{CoxRegression, Ties, cox_regression};
pub use curve::{
    CumulativeHazard, RestrictedMean, SurvivalPoint, kaplan_meier, nelson_aalen, restricted_mean,
};
pub use log_rank::{LogRankTest, TimeWeight, log_rank_test, weighted_log_rank_test};
pub use restricted_mean_test::{RestrictedMeanTest, restricted_mean_test};

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{non_negative_input, require_that};

/// One customer's follow-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FollowUp {
    /// Time from the start to the event, or to the last time that the customer was seen without it; at least 0.
    pub time: f64,
    /// Whether the event occurred at `time`; otherwise the customer is censored there.
    pub event: bool,
}

/// What happened at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurvivalRow {
    /// The time.
    pub time: f64,
    /// Customers without the event before it and not yet censored.
    pub at_risk: u64,
    /// Events at this time.
    pub events: u64,
    /// Customers censored at this time, after the events.
    pub censored: u64,
}

/// One arm by distinct time.
#[derive(Clone, Debug, PartialEq)]
pub struct SurvivalTable {
    rows: Vec<SurvivalRow>,
}

impl SurvivalTable {
    /// Sorts the customers of one arm.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for a time that is
    /// negative or not finite.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::survival::{FollowUp, SurvivalTable};
    /// let arm = [FollowUp { time: 3.0, event: true }, FollowUp { time: 3.0, event: false }];
    /// let table = SurvivalTable::from_follow_ups(&arm)?;
    /// assert_eq!((table.rows()[0].at_risk, table.rows()[0].events, table.rows()[0].censored), (2, 1, 1));
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_follow_ups(customers: &[FollowUp]) -> Result<Self, NotEstimable> {
        if customers.is_empty() {
            return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
        }
        for customer in customers {
            non_negative_input("a time", customer.time)?;
        }
        let mut sorted = customers.to_vec();
        sorted.sort_unstable_by(|a, b| a.time.total_cmp(&b.time));
        let mut at_risk = sorted.len() as u64;
        let by_time = sorted.chunk_by(|a, b| a.time == b.time);
        let rows = by_time.map(|together| {
            let events = together.iter().filter(|customer| customer.event).count() as u64;
            let censored = together.len() as u64 - events;
            let row = SurvivalRow { time: together[0].time, at_risk, events, censored };
            at_risk -= together.len() as u64;
            row
        });
        Ok(Self { rows: rows.collect() })
    }

    /// The same from counts: (time, events, customers censored) by distinct time, ascending.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] without customers, [`NotEstimable::ImpossibleInput`] for a time that is
    /// negative, not finite or not after the one before it.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::survival::{FollowUp, SurvivalTable};
    /// let arm = [(2.0, true), (3.0, true), (3.0, false)].map(|(time, event)| FollowUp { time, event });
    /// let counted = SurvivalTable::from_counts(&[(2.0, 1, 0), (3.0, 1, 1)])?;
    /// assert_eq!(counted, SurvivalTable::from_follow_ups(&arm)?);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_counts(counts: &[(f64, u64, u64)]) -> Result<Self, NotEstimable> {
        let mut at_risk = counts
            .iter()
            .fold(0_u64, |sum, (_, events, censored)| sum.saturating_add(events.saturating_add(*censored)));
        if at_risk == 0 {
            return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
        }
        let mut rows: Vec<SurvivalRow> = Vec::with_capacity(counts.len());
        for &(time, events, censored) in counts {
            non_negative_input("a time", time)?;
            let after = rows.last().is_none_or(|row| row.time < time);
            require_that(after, "a time", time, "after the one before it")?;
            if events + censored > 0 {
                rows.push(SurvivalRow { time, at_risk, events, censored });
            }
            at_risk = at_risk.saturating_sub(events + censored);
        }
        Ok(Self { rows })
    }

    /// All times at which a customer had the event or was censored, ascending.
    pub fn rows(&self) -> &[SurvivalRow] {
        &self.rows
    }

    /// The times at which the event occurred, ascending.
    pub fn event_rows(&self) -> impl Iterator<Item = &SurvivalRow> {
        self.rows.iter().filter(|row| row.events > 0)
    }

    /// The last time at which anyone was seen: beyond it nothing is known.
    pub fn last_time(&self) -> f64 {
        self.rows.last().map_or(0.0, |row| row.time)
    }
}
