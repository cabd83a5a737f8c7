//! Figures of the whole company over a period: how many customers stayed, what they are worth, what keeping
//! them cost.
//!
//! Unlike a [`Report`](super::Report) these are no effects: nobody was randomised, so they describe and do
//! not decide. [`KpiRequest`] says what is asked in names and days, [`KpiTally`] takes in one customer's
//! history after another and keeps whole numbers, [`KpiTally::figures`] divides once. `docs/kpis.md` has the
//! definitions.

mod cohort;
mod figures;
mod month;
mod request;
mod tally;
mod types;

pub use request::{KpiEvents, KpiRequest, KpiWish, MAX_ACTIVE_EVENTS, MAX_PERIOD_DAYS};
pub use tally::KpiTally;
pub use types::{Cohort, CohortMonth, CustomerCounts, Figure, FigureCode, Kpis};
