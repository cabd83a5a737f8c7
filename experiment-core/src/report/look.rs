//! The planned looks of a group-sequential plan: when each was reached, and what may be rejected there.
//!
//! Looks are found in the sums themselves. What is mature at the end of a past day is known for good, so the same
//! looks are found on every later day, and the error rate is spent once.

use std::collections::BTreeMap;

use super::sums::{self, slice_cells};
use super::{Aggregates, Design, MetricDesign, Stage};
use crate::definition::{Role, Sides, Spending, Target};
use crate::measure::{MomentsOverflow, Population, Slice};
use crate::stats::NotEstimable;
use crate::stats::sequential::group_sequential::boundaries_on_schedule;
use crate::stats::sequential::{self, spending};
use crate::time::{DAY, Day, Timestamp};

/// A look that was reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    /// The largest planned share that was passed; `None` for what is left when an experiment is stopped early.
    pub(crate) planned: Option<f64>,
    /// The share of the target that was reached, at most 1.
    pub(crate) reached: f64,
    /// The end of the day on which it was reached; `None` where nothing waits for maturity.
    pub(crate) at: Option<Timestamp>,
}

/// The looks reached by an instant, in order. They fall on ends of days only.
pub(crate) fn looks(design: &Design, aggregates: &Aggregates, as_of: Option<Timestamp>) -> Vec<Look> {
    let Some(as_of) = as_of else {
        return vec![Look {
            planned: design.plan.looks.last().copied(),
            reached: share_at_once(design, aggregates),
            at: None,
        }];
    };
    let shares = shares(design, aggregates);
    let mut looks: Vec<Look> = Vec::new();
    let mut passed = 0;
    for (at, reached) in shares.range(..=as_of) {
        let now = design.plan.looks.iter().filter(|planned| **planned <= *reached).count();
        if now > passed {
            looks.push(Look { planned: Some(design.plan.looks[now - 1]), reached: *reached, at: Some(*at) });
            passed = now;
        }
    }
    let is_over = design.stage == Stage::Final && passed < design.plan.looks.len();
    // Stopped before the target: the rest is read once, when it is mature, and spends what its share allows.
    if let Some((at, reached)) = shares.last_key_value().filter(|(at, _)| is_over && **at <= as_of)
        && looks.last().is_none_or(|last| last.at < Some(*at))
    {
        looks.push(Look { planned: None, reached: *reached, at: Some(*at) });
    }
    looks
}

/// The share of the target that is mature, at each end of a day at which it grows.
pub(crate) fn shares(design: &Design, aggregates: &Aggregates) -> BTreeMap<Timestamp, f64> {
    match design.plan.target {
        Some(Target::CustomersPerArm(wanted)) => shares_by_customers(design, aggregates, wanted),
        Some(Target::End(end)) => shares_by_days(design, aggregates, end),
        None => BTreeMap::new(),
    }
}

fn shares_by_customers(design: &Design, aggregates: &Aggregates, wanted: u64) -> BTreeMap<Timestamp, f64> {
    let arms = design.variants.len();
    let mut grown: BTreeMap<Timestamp, Vec<(usize, usize, i64)>> = BTreeMap::new();
    let primaries: Vec<usize> = primaries(design).map(|(index, _)| index).collect();
    for (place, index) in primaries.iter().enumerate() {
        let Some(cells) = aggregates.metrics.get(*index) else { continue };
        for (cell, moments) in slice_cells(cells, &Slice::All) {
            let arm = usize::from(cell.variant);
            if cell.population != Population::Analysed || arm >= arms {
                continue;
            }
            let Some(mature) = design.metrics[*index].window.mature_at(cell.day) else { continue };
            grown.entry(end_of_day(mature)).or_default().push((place, arm, moments.n()));
        }
    }
    let mut counts = vec![vec![0_i64; arms]; primaries.len()];
    let mut shares = BTreeMap::new();
    for (at, growth) in grown {
        for (place, arm, n) in growth {
            counts[place][arm] += n;
        }
        // Nobody is due in an arm of weight 0.
        let open = (0..arms).filter(|arm| design.variants[*arm].weight > 0.0);
        let smallest = open.flat_map(|arm| counts.iter().map(move |counts| counts[arm])).min().unwrap_or(0);
        shares.insert(at, (smallest.max(0) as f64 / wanted as f64).min(1.0));
    }
    shares
}

fn shares_by_days(design: &Design, aggregates: &Aggregates, end: Day) -> BTreeMap<Timestamp, f64> {
    let mut shares = BTreeMap::new();
    let Some(first) = sums::first_day(&aggregates.exposed) else { return shares };
    let days = (end.0 - first.0 + 1).max(1);
    for passed in 1..=days {
        let day = Day(first.0 + passed - 1);
        let mature = primaries(design).filter_map(|(_, metric)| metric.window.mature_at(day)).max();
        if let Some(mature) = mature {
            shares.insert(end_of_day(mature), f64::from(passed) / f64::from(days));
        }
    }
    shares
}

fn share_at_once(design: &Design, aggregates: &Aggregates) -> f64 {
    let Some(Target::CustomersPerArm(wanted)) = design.plan.target else { return 1.0 };
    let open = |arm: &usize| design.variants[*arm].weight > 0.0;
    let smallest = primaries(design).filter_map(|(index, _)| {
        let sums = sums::arms_of(design, aggregates, index, &Slice::All, None).ok()?;
        (0..sums.len()).filter(open).map(|arm| sums[arm].mature.n()).min()
    });
    (smallest.min().unwrap_or(0).max(0) as f64 / wanted as f64).min(1.0)
}

pub(crate) fn primaries(design: &Design) -> impl Iterator<Item = (usize, &MetricDesign)> {
    design.metrics.iter().enumerate().filter(|(_, metric)| metric.role == Role::Primary)
}

/// The first end of a day not before an instant.
pub(crate) fn end_of_day(instant: Timestamp) -> Timestamp {
    Timestamp(instant.0.div_euclid(DAY) * DAY + if instant.0.rem_euclid(DAY) == 0 { 0 } else { DAY })
}

/// How many customers of a metric were mature at each look, by arm.
pub(crate) fn sizes(
    design: &Design,
    aggregates: &Aggregates,
    looks: &[Look],
    metric: usize,
) -> Result<Vec<Vec<i64>>, MomentsOverflow> {
    let at = |look: &Look| {
        let arms = sums::arms_of(design, aggregates, metric, &Slice::All, look.at)?;
        Ok(arms.iter().map(|arm| arm.mature.n()).collect())
    };
    looks.iter().map(at).collect()
}

/// What a comparison may reject at the last look: its nominal p-value there.
pub(crate) struct Allowance<'a> {
    pub(crate) looks: &'a [Look],
    /// Mature customers by arm at each look.
    pub(crate) sizes: &'a [Vec<i64>],
    pub(crate) alpha: f64,
    pub(crate) sides: Sides,
    pub(crate) spending: Spending,
}

impl Allowance<'_> {
    /// Of the arms `control` and `variant`. The information of a comparison is what its arms' sizes make of it,
    /// in proportion to the last look's; the error rate is spent by the share of the target.
    ///
    /// # Errors
    /// [`NotEstimable`] where an arm is empty.
    pub(crate) fn nominal_p_value(&self, control: usize, variant: usize) -> Result<f64, NotEstimable> {
        let information = |sizes: &Vec<i64>| {
            let size = |arm: usize| sizes.get(arm).copied().unwrap_or(0).max(0) as f64;
            let (control, variant) = (size(control), size(variant));
            if control + variant > 0.0 { control * variant / (control + variant) } else { 0.0 }
        };
        let mut read: Vec<(f64, f64)> = Vec::new();
        for (information, look) in self.sizes.iter().map(information).zip(self.looks) {
            match read.last_mut() {
                // Nobody new: the metric's window ends sooner or later than those of the primaries, by which the
                // looks are planned. What both may spend is spent on the same numbers, once.
                Some((known, reached)) if information <= *known => *reached = look.reached,
                _ if information > 0.0 => read.push((information, look.reached)),
                _ => {}
            }
        }
        let last = read.last().map_or(0.0, |(information, _)| *information);
        let fractions: Vec<f64> = read.iter().map(|(information, _)| information / last).collect();
        let schedule: Vec<f64> = read.iter().map(|(_, reached)| *reached).collect();
        let sides = match self.sides {
            Sides::One => sequential::Sides::One,
            Sides::Two => sequential::Sides::Two,
        };
        let spending = match self.spending {
            Spending::ObrienFleming => spending::Spending::OBrienFleming,
            Spending::Pocock => spending::Spending::Pocock,
            Spending::Power(exponent) => spending::Spending::Power { exponent },
        };
        let bounds = boundaries_on_schedule(&fractions, &schedule, self.alpha, sides, spending)?;
        Ok(bounds.last().map_or(0.0, |bound| bound.nominal_p_value))
    }
}
