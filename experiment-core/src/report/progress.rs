//! How far the sample is: reached against the target, and the days to go.

use std::collections::BTreeMap;

use super::look::{end_of_day, primaries, shares};
use super::{Aggregates, Design, Progress, Stage, sums};
use crate::definition::Target;
use crate::measure::Slice;
use crate::time::{DAY, Day, Timestamp};

/// Days of entry from which the days to come are foreseen: a whole week, since weekdays differ.
const RECENT: i64 = 7;

/// Reached against target; `None` without a target, or where nothing waits for maturity.
pub(crate) fn progress(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Progress> {
    let (as_of, target) = (as_of?, design.plan.target?);
    let shares = shares(design, aggregates);
    let reached = at(&shares, as_of);
    let known = shares.iter().find(|(_, share)| **share >= 1.0).map(|(instant, _)| *instant);
    let complete = match design.stage {
        Stage::Running => known.or_else(|| foreseen(design, aggregates, &shares, as_of)),
        // Nobody enters any more: the last windows end it, if not the target.
        Stage::Final => known.into_iter().chain(last_matures(design, aggregates)).min(),
    };
    let (customers_per_arm, end) = match target {
        Target::CustomersPerArm(customers) => (Some(customers), None),
        Target::End(end) => (None, Some(end)),
    };
    let days = complete.map(|complete| (complete.0 - as_of.0).max(0));
    Some(Progress {
        customers_per_arm,
        end,
        reached,
        // Lossless: a sample further off than that is not foreseen.
        days_to_go: days.map(|span| (span + DAY - 1).div_euclid(DAY) as u32),
    })
}

/// The share at an instant.
fn at(shares: &BTreeMap<Timestamp, f64>, instant: Timestamp) -> f64 {
    shares.range(..=instant).next_back().map_or(0.0, |(_, share)| *share)
}

/// When the windows of the last customer end.
fn last_matures(design: &Design, aggregates: &Aggregates) -> Option<Timestamp> {
    let cells = sums::slice_cells(&aggregates.exposed, &Slice::All);
    let last = cells.filter(|(_, moments)| moments.n() > 0).map(|(cell, _)| cell.day).max()?;
    let ends = primaries(design).filter_map(|(_, metric)| metric.window.mature_at(last));
    ends.max().map(end_of_day)
}

/// When the target will be reached if customers go on entering as they did on the last whole days; `None` when it would
/// take more than ten years.
fn foreseen(
    design: &Design,
    aggregates: &Aggregates,
    shares: &BTreeMap<Timestamp, f64>,
    as_of: Timestamp,
) -> Option<Timestamp> {
    let first = sums::first_day(&aggregates.exposed)?;
    // Today is not over: its customers are too few to foresee from.
    let yesterday = Day(Timestamp(as_of.0 - 1).day().0 - 1);
    let days = i64::from(yesterday.0 - first.0 + 1).min(RECENT);
    if days < 1 {
        return None;
    }
    let closed = primaries(design).filter_map(|(_, metric)| metric.window.mature_at(yesterday)).max()?;
    let closed = end_of_day(closed);
    let (now, before) = (at(shares, closed), at(shares, Timestamp(closed.0 - days * DAY)));
    let a_day = (now - before) / days as f64;
    // Shares are rounded: a whole number of days must not become one more.
    let days_more = libm::ceil((1.0 - now) / a_day - 1e-9);
    (a_day > 0.0 && days_more <= 3_650.0).then(|| Timestamp(closed.0 + days_more as i64 * DAY))
}
