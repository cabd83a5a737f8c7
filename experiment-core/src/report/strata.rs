//! Strata: customers alike in what was known of them at first exposure, compared among themselves and averaged by
//! how many they are.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::adjusted::covariates_of;
use super::reading::{Pair, count, mean_of, pair_of};
use super::{Aggregates, Cells, Design, Estimand, MetricDesign, Reading};
use crate::measure::{Cell, Moments, MomentsOverflow, Population, Slice};
use crate::stats::cuped::{Theta, adjust, adjust_by_several};
use crate::stats::stratify::{
    StratifiedEstimate, Stratum, StratumWeights, post_stratified, post_stratified_relative,
};
use crate::stats::{NotEstimable, TestOptions};
use crate::time::{Day, Timestamp};

/// Most strata that effects are averaged over, what is pooled counted as one.
const MAX_STRATA: usize = 50;
/// Customers that each arm of a stratum needs: fewer have no variance.
const FEWEST: u64 = 2;
/// The same for each covariate whose slope is fitted within the stratum: fitted on fewer, it is noise that looks
/// like less variance.
const FEWEST_FOR_A_SLOPE: u64 = 20;

/// The control and one other arm in one stratum.
pub(crate) type StratumPair = [Moments; 2];

/// How many customers a stratum needs in each arm.
pub(crate) fn fewest(design: &Design, metric: &MetricDesign) -> u64 {
    let slopes = if design.plan.cuped { metric.covariates as u64 } else { 0 };
    FEWEST.max(slopes * FEWEST_FOR_A_SLOPE)
}

/// Whether a metric's effects are averaged over strata, where the plan asks for it: those of shares and means are.
pub(crate) fn has_strata(metric: &MetricDesign) -> bool {
    matches!(metric.estimand, Estimand::Proportion | Estimand::Mean)
}

/// The mature sums of one metric by stratum, each with an entry an arm; none where nothing is stratified.
///
/// With more values than [`MAX_STRATA`] those with the fewest first exposures are one stratum together (of equally
/// frequent ones the later by name). Only cohort days that are mature are counted for that, so that the strata of a
/// past look stay what they were.
pub(crate) fn by_stratum(
    design: &Design,
    aggregates: &Aggregates,
    metric: usize,
    as_of: Option<Timestamp>,
) -> Result<Vec<Vec<Moments>>, MomentsOverflow> {
    let planned = &design.metrics[metric];
    let (Some(dimension), Some(cells)) = (design.strata(), aggregates.metrics.get(metric)) else {
        return Ok(Vec::new());
    };
    if !has_strata(planned) {
        return Ok(Vec::new());
    }
    let is_mature = |cell: &Cell| as_of.is_none_or(|instant| planned.window.is_mature(cell.day, instant));
    let mut exposed: BTreeMap<&str, i64> = BTreeMap::new();
    for (value, _, _) in values(cells, dimension) {
        exposed.entry(value).or_default();
    }
    for (value, _, moments) in values(&aggregates.exposed, dimension).filter(|(_, cell, _)| is_mature(cell)) {
        *exposed.entry(value).or_default() += moments.n();
    }
    let mut ranked: Vec<(&str, i64)> = exposed.into_iter().collect();
    // Stable, so equal ones stay in the order of their names.
    ranked.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let places = ranked.iter().enumerate().map(|(rank, (value, _))| (*value, rank.min(MAX_STRATA - 1)));
    let places: BTreeMap<&str, usize> = places.collect();
    let arms = vec![Moments::new(planned.parts()); design.variants.len()];
    let mut strata = vec![arms; ranked.len().min(MAX_STRATA)];
    for (value, cell, moments) in values(cells, dimension) {
        let counts = cell.population == Population::Analysed && is_mature(cell);
        if let Some(stratum) = places.get(value).filter(|_| counts)
            && let Some(arm) = strata[*stratum].get_mut(usize::from(cell.variant))
        {
            arm.merge(moments)?;
        }
    }
    Ok(strata)
}

/// The cells of all values of one dimension.
fn values(cells: &Cells, dimension: u16) -> impl Iterator<Item = (&str, &Cell, &Moments)> {
    let first = Cell { phase: 0, variant: 0, population: Population::Analysed, day: Day(i32::MIN) };
    let start = (Slice::Value { dimension, value: String::new() }, first);
    cells.range((Bound::Included(start), Bound::Unbounded)).map_while(move |((slice, cell), moments)| {
        match slice {
            Slice::Value { dimension: other, value } if *other == dimension => {
                Some((&**value, cell, moments))
            }
            _ => None,
        }
    })
}

/// The strata of two arms. Those with fewer than `fewest` customers in an arm are pooled, and where that is still too
/// small it takes in the smallest of the others, so that nobody is left out. Empty where fewer than two remain.
pub(crate) fn pairs(
    strata: &[Vec<Moments>],
    control: usize,
    variant: usize,
    fewest: u64,
) -> Result<Vec<StratumPair>, MomentsOverflow> {
    let pair = |arms: &Vec<Moments>| [arms[control].clone(), arms[variant].clone()];
    let is_enough = |pair: &StratumPair| pair.iter().all(|arm| count(arm) >= fewest);
    let size = |pair: &StratumPair| pair.iter().map(Moments::n).sum::<i64>();
    let (mut kept, small): (Vec<_>, Vec<_>) = strata.iter().map(pair).partition(is_enough);
    let mut small = small.into_iter().filter(|pair| size(pair) > 0);
    if let Some(mut other) = small.next() {
        for pair in small {
            merge(&mut other, &pair)?;
        }
        while !is_enough(&other) {
            let smallest = (0..kept.len()).rev().min_by_key(|index| size(&kept[*index]));
            let Some(smallest) = smallest else { return Ok(Vec::new()) };
            merge(&mut other, &kept.remove(smallest))?;
        }
        kept.push(other);
    }
    Ok(if kept.len() < 2 { Vec::new() } else { kept })
}

fn merge(into: &mut StratumPair, other: &StratumPair) -> Result<(), MomentsOverflow> {
    into.iter_mut().zip(other).try_for_each(|(into, other)| into.merge(other))
}

/// Two arms within strata, with covariates adjusted in each.
pub(crate) struct StratifiedArms {
    strata: Vec<Stratum>,
    /// The slope on each covariate, averaged over the strata by customers; empty without adjustment.
    pub(crate) thetas: Vec<f64>,
}

impl StratifiedArms {
    /// The arms of a pair that has strata. Slopes are fitted within the arms of each stratum: in small ones the
    /// difference between the arms would be part of a slope through both as one sample.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] without strata.
    pub(crate) fn of(pair: &Pair<'_>, reading: Reading) -> Result<StratifiedArms, NotEstimable> {
        if pair.strata.is_empty() {
            return Err(NotEstimable::TooFewCustomers { n: 0, needed: FEWEST });
        }
        let metric = pair.metric;
        let total: u64 = pair.strata.iter().flatten().map(count).sum();
        let slopes = if reading == Reading::StratifiedCuped { metric.covariates } else { 0 };
        let mut thetas = vec![0.0; slopes];
        let mut strata = Vec::with_capacity(pair.strata.len());
        for [control, variant] in pair.strata {
            let (of_stratum, stratum) = stratum(metric, control, variant, slopes)?;
            let share = (count(control) + count(variant)) as f64 / total as f64;
            for (theta, slope) in thetas.iter_mut().zip(of_stratum) {
                *theta += share * slope;
            }
            strata.push(stratum);
        }
        Ok(StratifiedArms { strata, thetas })
    }

    /// How many strata there are.
    pub(crate) fn count(&self) -> usize {
        self.strata.len()
    }

    /// The effect averaged over the strata. Their shares vary with the sample: the effect is that on customers like
    /// these, not on just these.
    pub(crate) fn test(&self, options: &TestOptions) -> Result<StratifiedEstimate, NotEstimable> {
        post_stratified(&self.strata, StratumWeights::Random, options)
    }

    /// The same over the control's mean.
    pub(crate) fn relative(&self, options: &TestOptions) -> Result<StratifiedEstimate, NotEstimable> {
        post_stratified_relative(&self.strata, StratumWeights::Random, options)
    }
}

/// The slopes within one stratum, and its arms moved along them.
fn stratum(
    metric: &MetricDesign,
    control: &Moments,
    variant: &Moments,
    slopes: usize,
) -> Result<(Vec<f64>, Stratum), NotEstimable> {
    match slopes {
        0 => {
            let (control, variant) = (mean_of(metric, control)?, mean_of(metric, variant)?);
            Ok((Vec::new(), Stratum { control, variant }))
        }
        1 => {
            let arms = adjust(&pair_of(metric, control)?, &pair_of(metric, variant)?, Theta::Within)?;
            Ok((vec![arms.theta], Stratum { control: arms.control, variant: arms.variant }))
        }
        _ => {
            let (control, variant) = (covariates_of(metric, control)?, covariates_of(metric, variant)?);
            let arms = adjust_by_several(&control, &variant, Theta::Within)?;
            Ok((arms.thetas, Stratum { control: arms.control, variant: arms.variant }))
        }
    }
}
