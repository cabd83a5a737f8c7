//! Customers by the month of their first activity, month after month.

use super::month::Months;
use super::types::{Cohort, CohortMonth};
use crate::measure::DEFAULT_PLACES;
use crate::stats::TestOptions;
use crate::stats::proportion::{ProportionSummary, wilson_interval};

/// The exact sums of the table: a triangle of cohort × months since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CohortSums {
    rows: Vec<Vec<Cell>>,
}

/// One cohort in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cell {
    active: u64,
    /// In steps of a millionth.
    revenue: i128,
}

impl CohortSums {
    /// No customers yet.
    pub(super) fn new(months: &Months) -> CohortSums {
        let count = months.len();
        CohortSums { rows: (0..count).map(|cohort| vec![Cell::default(); count - cohort]).collect() }
    }

    /// Counts a customer of `cohort` as active in each of the months in `active`, one bit a month.
    pub(super) fn count_active(&mut self, cohort: usize, active: u128) {
        let Some(row) = self.rows.get_mut(cohort) else { return };
        for (since, cell) in row.iter_mut().enumerate() {
            cell.active += u64::from(active >> (cohort + since) & 1 == 1);
        }
    }

    /// Adds money of a customer of `cohort` in `month`; what came before the cohort's month is not the cohort's.
    pub(super) fn add_revenue(&mut self, cohort: usize, month: usize, steps: i128) {
        let cell = month.checked_sub(cohort).and_then(|since| self.rows.get_mut(cohort)?.get_mut(since));
        if let Some(cell) = cell {
            cell.revenue += steps;
        }
    }

    /// The table: every customer of a cohort is active in its first month.
    pub(super) fn table(&self, months: &Months, options: &TestOptions) -> Vec<Cohort> {
        let rows = self.rows.iter().enumerate().map(|(cohort, row)| {
            let customers = row.first().map_or(0, |cell| cell.active);
            let cells = row.iter().zip(0..).map(|(cell, since)| month(cell, since, customers, options));
            Cohort { month: months.name(cohort), customers, months: cells.collect() }
        });
        rows.collect()
    }
}

fn month(cell: &Cell, since: u32, customers: u64, options: &TestOptions) -> CohortMonth {
    let share = ProportionSummary { successes: cell.active, n: customers };
    let interval = wilson_interval(&share, options).ok();
    CohortMonth {
        since,
        active: cell.active,
        share: (customers > 0).then(|| cell.active as f64 / customers as f64),
        lower: interval.map(|interval| interval.lower),
        upper: interval.map(|interval| interval.upper),
        revenue: cell.revenue as f64 / 10_u64.pow(DEFAULT_PLACES) as f64,
    }
}
