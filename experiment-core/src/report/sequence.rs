//! Readings that may be looked at on any day: asymptotic confidence sequences over mature customers.
//!
//! A sequence is indexed by mature cohort days: a customer enters it when all of their windows have ended, so that
//! outcomes which come late cannot break it.

use super::reading::{Pair, alternative, count, proportion_of};
use super::{AlwaysValid, Design, Estimand, MetricDesign, Reading};
use crate::definition::Method;
use crate::stats::sequential::confidence_sequence::{
    LookEstimate, SequenceLook, asymptotic_of_width, mixture_width,
};
use crate::stats::{Alternative, TestOptions};

/// Customers an arm needs before normal approximations are taken at their word.
pub(crate) const FEWEST_CUSTOMERS: u64 = 100;
/// Events, and non-events, a proportion needs in each arm.
pub(crate) const FEWEST_EVENTS: u64 = 20;

/// The sequence of one comparison at one look, to be read at any level.
pub(crate) struct Sequence {
    pub(crate) estimate: LookEstimate,
    alternative: Alternative,
    rho: f64,
}

impl Sequence {
    /// Tuned for the level in `options`; `None` where the data give no estimate.
    pub(crate) fn new(
        pair: &Pair<'_>,
        reading: Reading,
        tuning: u64,
        options: &TestOptions,
    ) -> Option<Sequence> {
        let test = pair.estimate(reading, options).ok()?;
        Sequence::of(pair, test.effect, test.std_error, tuning, options)
    }

    /// As [`Sequence::new`], of a given estimate.
    pub(crate) fn of(
        pair: &Pair<'_>,
        effect: f64,
        std_error: f64,
        tuning: u64,
        options: &TestOptions,
    ) -> Option<Sequence> {
        let n = count(pair.control) + count(pair.variant);
        let rho = mixture_width(tuning as f64, options).ok()?;
        Some(Sequence {
            estimate: LookEstimate { n, effect, std_error },
            alternative: options.alternative,
            rho,
        })
    }

    /// The reading at a level, whatever level it was tuned for.
    pub(crate) fn at(&self, confidence_level: f64) -> Option<SequenceLook> {
        let options = TestOptions { alternative: self.alternative, confidence_level };
        asymptotic_of_width(&self.estimate, self.rho, &options).ok()
    }

    /// The same as reports show it.
    pub(crate) fn shown(&self, confidence_level: f64) -> Option<AlwaysValid> {
        let look = self.at(confidence_level)?;
        Some(AlwaysValid {
            p_value: look.always_valid_p_value,
            lower: Some(look.interval.lower).filter(|end| end.is_finite()),
            upper: Some(look.interval.upper).filter(|end| end.is_finite()),
        })
    }
}

/// Whether both arms are large enough for a normal approximation that may be read on any day.
pub(crate) fn is_large_enough(metric: &MetricDesign, pair: &Pair<'_>) -> bool {
    [pair.control, pair.variant].into_iter().all(|arm| {
        let rarer = || {
            let summary = proportion_of(metric, arm);
            summary.successes.min(summary.n.saturating_sub(summary.successes))
        };
        count(arm) >= FEWEST_CUSTOMERS
            && (metric.estimand != Estimand::Proportion || rarer() >= FEWEST_EVENTS)
    })
}

/// The sequence on which an always-valid plan decides, tuned for its α.
pub(crate) fn deciding_sequence(
    design: &Design,
    metric: &MetricDesign,
    pair: &Pair<'_>,
    reading: Reading,
    alternative: Alternative,
) -> Option<Sequence> {
    if !is_large_enough(metric, pair) {
        return None;
    }
    let options = TestOptions { alternative, confidence_level: 1.0 - design.plan.alpha };
    Sequence::new(pair, reading, design.plan.tuning_customers(), &options)
}

/// What an always-valid plan shows of a comparison; absent under other plans and below the sizes that it needs.
pub(crate) fn always_valid(
    design: &Design,
    metric: &MetricDesign,
    pair: &Pair<'_>,
    reading: Reading,
) -> Option<AlwaysValid> {
    if design.plan.method != Method::AlwaysValid {
        return None;
    }
    let alternative = alternative(&design.plan, metric.direction);
    deciding_sequence(design, metric, pair, reading, alternative)?.shown(1.0 - design.plan.alpha)
}
