//! Two arms' sums → the numbers of one comparison, with and without variance reduction.

use super::adjusted::{AdjustedArms, adjust};
use super::quantile;
use super::strata::{StratifiedArms, StratumPair};
use super::sums::{ArmSums, Followed};
use super::survival;
use super::{
    Bound, Cuped, Effect, Estimand, MethodCode, MetricDesign, Reading, RelativeEffect, RelativeSet,
    Stratified,
};
use crate::definition::{Direction, Plan, Sides};
use crate::measure::Moments;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::proportion::{self, ProportionSummary};
use crate::stats::ratio::{self, PairSummary};
use crate::stats::relative::{FiellerSet, fieller, katz, log_delta};
use crate::stats::{self, Alternative, Interval, NotEstimable, TestOptions};

/// Means below this many standard errors have no trustworthy logarithm.
const NEAR_ZERO: f64 = 3.0;

/// The mature sums of the control and of one other arm.
pub(crate) struct Pair<'a> {
    pub(crate) metric: &'a MetricDesign,
    pub(crate) control: &'a Moments,
    pub(crate) variant: &'a Moments,
    /// Both arms by value, for what is not read from sums: the control first.
    pub(crate) by_value: Option<[&'a ArmSums; 2]>,
    /// Both arms within strata, the control first; empty where nothing is stratified.
    pub(crate) strata: &'a [StratumPair],
}

/// The sides of the plan's tests, given which way is good.
pub(crate) fn alternative(plan: &Plan, direction: Direction) -> Alternative {
    match (plan.sides, direction) {
        (Sides::Two, _) => Alternative::TwoSided,
        (Sides::One, direction) => better(direction),
    }
}

/// The alternative "the variant is better".
pub(crate) fn better(direction: Direction) -> Alternative {
    match direction {
        Direction::Up => Alternative::Greater,
        Direction::Down => Alternative::Less,
    }
}

impl Pair<'_> {
    pub(crate) fn method(&self) -> MethodCode {
        match self.metric.estimand {
            Estimand::Proportion => MethodCode::PooledZ,
            Estimand::Mean => MethodCode::WelchT,
            Estimand::Ratio => MethodCode::DeltaT,
            Estimand::Quantile => MethodCode::QuantileT,
            Estimand::Survival => MethodCode::LogRank,
        }
    }

    /// Both arms by day of churn.
    fn survival(&self) -> Result<[&Followed; 2], NotEstimable> {
        let [control, variant] = self.by_value()?;
        let too_few = NotEstimable::TooFewCustomers { n: 0, needed: 1 };
        Ok([control.survival.as_ref().ok_or(too_few)?, variant.survival.as_ref().ok_or(too_few)?])
    }

    fn by_value(&self) -> Result<[&ArmSums; 2], NotEstimable> {
        self.by_value.ok_or(NotEstimable::TooFewCustomers { n: 0, needed: 1 })
    }

    /// The test that decides where no covariate does.
    pub(crate) fn test(&self, options: &TestOptions) -> Result<stats::Comparison, NotEstimable> {
        match self.metric.estimand {
            Estimand::Proportion => {
                let (control, variant) =
                    (proportion_of(self.metric, self.control), proportion_of(self.metric, self.variant));
                proportion::pooled_z_test(&control, &variant, options)
            }
            Estimand::Mean => welch_test(
                &mean_of(self.metric, self.control)?,
                &mean_of(self.metric, self.variant)?,
                options,
            ),
            Estimand::Ratio => ratio::ratio_test(
                &pair_of(self.metric, self.control)?,
                &pair_of(self.metric, self.variant)?,
                options,
            ),
            Estimand::Quantile => {
                let [control, variant] = self.by_value()?;
                quantile::test(self.metric, &control.distribution, &variant.distribution, options)
            }
            Estimand::Survival => {
                let [control, variant] = self.survival()?;
                survival::test(control, variant, options)
            }
        }
    }

    /// The effect of a reading with the standard error that sequences and posteriors rest on; for proportions the
    /// unpooled one.
    pub(crate) fn estimate(
        &self,
        reading: Reading,
        options: &TestOptions,
    ) -> Result<stats::Comparison, NotEstimable> {
        match (reading, self.metric.estimand) {
            (Reading::Cuped, _) => Ok(self.cuped_test(options)?.comparison),
            (Reading::Stratified | Reading::StratifiedCuped, _) => {
                Ok(StratifiedArms::of(self, reading)?.test(options)?.comparison)
            }
            (Reading::Unadjusted, Estimand::Proportion) => proportion::unpooled_z_test(
                &proportion_of(self.metric, self.control),
                &proportion_of(self.metric, self.variant),
                options,
            ),
            (
                Reading::Unadjusted,
                Estimand::Mean | Estimand::Ratio | Estimand::Quantile | Estimand::Survival,
            ) => self.test(options),
        }
    }

    /// The effect with the interval that is shown: for proportions Miettinen and Nurminen's.
    pub(crate) fn effect(&self, options: &TestOptions) -> Result<(Effect, Vec<Bound>), NotEstimable> {
        if self.metric.estimand != Estimand::Proportion {
            let test = self.test(options)?;
            return Ok(effect(test.effect, Some(test.std_error), test.interval));
        }
        let (control, variant) =
            (proportion_of(self.metric, self.control), proportion_of(self.metric, self.variant));
        let interval = proportion::miettinen_nurminen_interval(&control, &variant, options)?;
        let difference = proportion::rate_difference(&control, &variant)?;
        Ok(effect(difference, Some(proportion::unpooled_std_error(&control, &variant)?), interval))
    }

    /// The effect of a reading with the interval that is shown, given its [`Pair::estimate`].
    pub(crate) fn shown(
        &self,
        reading: Reading,
        estimate: Option<&stats::Comparison>,
        options: &TestOptions,
    ) -> Option<Effect> {
        if reading == Reading::Unadjusted && self.metric.estimand == Estimand::Proportion {
            return self.effect(options).ok().map(|(effect, _)| effect);
        }
        estimate.map(|test| effect(test.effect, Some(test.std_error), test.interval).0)
    }

    /// The effect over the control.
    pub(crate) fn relative(&self, options: &TestOptions) -> Result<RelativeEffect, NotEstimable> {
        match self.metric.estimand {
            Estimand::Proportion => {
                let (control, variant) =
                    (proportion_of(self.metric, self.control), proportion_of(self.metric, self.variant));
                let ratio = katz(&control, &variant, options)?;
                Ok(bounded(ratio.estimate, ratio.std_error, ratio.interval))
            }
            Estimand::Mean => mean_relative(
                &mean_of(self.metric, self.control)?,
                &mean_of(self.metric, self.variant)?,
                options,
            ),
            Estimand::Quantile => {
                let [control, variant] = self.by_value()?;
                let summary = |arm: &ArmSums| {
                    quantile::summary(self.metric, &arm.distribution, options.confidence_level)
                };
                mean_relative(&summary(control)?, &summary(variant)?, options)
            }
            Estimand::Survival => {
                let [control, variant] = self.survival()?;
                mean_relative(&survival::summary(control)?, &survival::summary(variant)?, options)
            }
            Estimand::Ratio => {
                let control = ratio::delta_method(&pair_of(self.metric, self.control)?)?;
                let variant = ratio::delta_method(&pair_of(self.metric, self.variant)?)?;
                let summary = |estimate: &ratio::RatioEstimate, n| MeanSummary {
                    n,
                    mean: estimate.ratio,
                    variance: estimate.variance,
                };
                mean_relative(
                    &summary(&control, count(self.control)),
                    &summary(&variant, count(self.variant)),
                    options,
                )
            }
        }
    }

    /// The test of arms adjusted by the covariates.
    pub(crate) fn cuped_test(&self, options: &TestOptions) -> Result<AdjustedArms, NotEstimable> {
        adjust(self.metric, self.control, self.variant, options)
    }

    /// The whole CUPED reading.
    pub(crate) fn cuped(&self, options: &TestOptions) -> Result<Cuped, NotEstimable> {
        let adjusted = self.cuped_test(options)?;
        let test = adjusted.comparison;
        Ok(Cuped {
            theta: adjusted.thetas.first().copied().unwrap_or_default(),
            variance_reduction: adjusted.variance_reduction,
            effect: effect(test.effect, Some(test.std_error), test.interval).0,
            relative_effect: mean_relative(&adjusted.control, &adjusted.variant, options).ok(),
            statistic: test.statistic,
            degrees_of_freedom: test.degrees_of_freedom,
            p_value: test.p_value,
            thetas: if adjusted.thetas.len() > 1 { adjusted.thetas } else { Vec::new() },
        })
    }

    /// The whole reading averaged over strata, with covariates within each or without.
    pub(crate) fn stratified(
        &self,
        reading: Reading,
        options: &TestOptions,
    ) -> Result<Stratified, NotEstimable> {
        let arms = StratifiedArms::of(self, reading)?;
        let average = arms.test(options)?;
        let test = average.comparison;
        let plain = self.estimate(Reading::Unadjusted, options)?;
        let left = test.std_error / plain.std_error;
        // By the delta method, which needs a control that is surely not 0.
        let is_near_zero = average.control_mean.abs() < NEAR_ZERO * test.std_error;
        let relative = if is_near_zero { None } else { arms.relative(options).ok() };
        Ok(Stratified {
            strata: arms.count() as u64,
            variance_reduction: 1.0 - left * left,
            effect: effect(test.effect, Some(test.std_error), test.interval).0,
            relative_effect: relative.map(|relative| {
                let relative = relative.comparison;
                bounded(relative.effect, relative.std_error, relative.interval)
            }),
            statistic: test.statistic,
            p_value: test.p_value,
            theta: arms.thetas.first().copied(),
            thetas: if arms.thetas.len() > 1 { arms.thetas } else { Vec::new() },
        })
    }

    /// The interval of a reading at any level and on any side, for decisions.
    pub(crate) fn decision_interval(
        &self,
        reading: Reading,
        options: &TestOptions,
    ) -> Result<Interval, NotEstimable> {
        match reading {
            Reading::Cuped | Reading::Stratified | Reading::StratifiedCuped => {
                Ok(self.estimate(reading, options)?.interval)
            }
            Reading::Unadjusted => {
                let (effect, _) = self.effect(options)?;
                Ok(Interval {
                    lower: effect.lower.unwrap_or(f64::NEG_INFINITY),
                    upper: effect.upper.unwrap_or(f64::INFINITY),
                })
            }
        }
    }

    /// The interval for a guardrail's margin: Wald's for proportions, Welch's otherwise.
    pub(crate) fn guardrail_interval(
        &self,
        reading: Reading,
        options: &TestOptions,
    ) -> Result<Interval, NotEstimable> {
        if reading == Reading::Unadjusted && self.metric.estimand == Estimand::Proportion {
            let (control, variant) =
                (proportion_of(self.metric, self.control), proportion_of(self.metric, self.variant));
            return match proportion::unpooled_z_test(&control, &variant, options) {
                // No complaint at all in either arm: Wald sees no uncertainty, the score interval does.
                Err(NotEstimable::NoVariation { .. }) => {
                    proportion::miettinen_nurminen_interval(&control, &variant, options)
                }
                test => Ok(test?.interval),
            };
        }
        match self.decision_interval(reading, options) {
            // All customers of an arm alike: what is seen is all there is.
            Err(NotEstimable::NoVariation { control, variant }) => {
                Ok(Interval { lower: variant - control, upper: variant - control })
            }
            interval => interval,
        }
    }
}

/// Customers in the sums.
pub(crate) fn count(moments: &Moments) -> u64 {
    u64::try_from(moments.n()).unwrap_or(0)
}

/// Successes: contributions of proportions are 0 or one unit.
pub(crate) fn proportion_of(metric: &MetricDesign, moments: &Moments) -> ProportionSummary {
    let unit = 10_i128.pow(metric.places);
    let successes = u64::try_from(moments.sums()[0] / unit).unwrap_or(0);
    ProportionSummary { successes, n: count(moments) }
}

/// Mean and variance of the first entry.
pub(crate) fn mean_of(metric: &MetricDesign, moments: &Moments) -> Result<MeanSummary, NotEstimable> {
    let too_few = NotEstimable::TooFewCustomers { n: count(moments), needed: 2 };
    let mean = moments.mean(0, metric.places).ok_or(too_few)?;
    let variance = moments.covariance(0, 0, metric.places).ok_or(too_few)?;
    Ok(MeanSummary { n: count(moments), mean, variance })
}

/// The first two entries: numerator and denominator, or outcome and covariate.
pub(crate) fn pair_of(metric: &MetricDesign, moments: &Moments) -> Result<PairSummary, NotEstimable> {
    pair_at(metric, moments, 0, 1)
}

/// The entries at two places.
pub(crate) fn pair_at(
    metric: &MetricDesign,
    moments: &Moments,
    y: usize,
    x: usize,
) -> Result<PairSummary, NotEstimable> {
    let too_few = NotEstimable::TooFewCustomers { n: count(moments), needed: 2 };
    let mean = |i| moments.mean(i, metric.places).ok_or(too_few);
    let covariance = |i, j| moments.covariance(i, j, metric.places).ok_or(too_few);
    Ok(PairSummary {
        n: count(moments),
        mean_y: mean(y)?,
        mean_x: mean(x)?,
        variance_y: covariance(y, y)?,
        variance_x: covariance(x, x)?,
        covariance: covariance(y, x)?,
    })
}

/// The effect over the control's mean: by the logarithm, or by Fieller when a mean is too near 0 for one.
fn mean_relative(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<RelativeEffect, NotEstimable> {
    let near_zero = |arm: &MeanSummary| arm.mean < NEAR_ZERO * libm::sqrt(arm.variance / arm.n as f64);
    if !near_zero(control) && !near_zero(variant) {
        let ratio = log_delta(control, variant, options)?;
        return Ok(bounded(ratio.estimate, ratio.std_error, ratio.interval));
    }
    if control.mean == 0.0 {
        return Err(NotEstimable::ZeroControlMean { variant: variant.mean });
    }
    let ([lower, upper], set) = ends_of(fieller(control, variant, options)?);
    let estimate = (variant.mean - control.mean) / control.mean;
    Ok(RelativeEffect { estimate, std_error: None, lower, upper, set })
}

/// The finite ends of Fieller's set, and what they mean.
pub(crate) fn ends_of(set: FiellerSet) -> ([Option<f64>; 2], RelativeSet) {
    let (ends, set) = match set {
        FiellerSet::Interval(ends) => (Some(ends), RelativeSet::Interval),
        FiellerSet::Outside(ends) => (Some(ends), RelativeSet::Outside),
        FiellerSet::All => (None, RelativeSet::All),
    };
    let ends = [ends.map(|ends| ends.lower), ends.map(|ends| ends.upper)];
    (ends.map(|end| end.filter(|end| end.is_finite())), set)
}

fn bounded(estimate: f64, std_error: f64, interval: Interval) -> RelativeEffect {
    let (ends, _) = effect(estimate, Some(std_error), interval);
    RelativeEffect {
        estimate,
        std_error: ends.std_error,
        lower: ends.lower,
        upper: ends.upper,
        set: RelativeSet::Interval,
    }
}

/// An effect whose infinite ends are absent and named.
pub(crate) fn effect(estimate: f64, std_error: Option<f64>, interval: Interval) -> (Effect, Vec<Bound>) {
    let end = |value: f64| value.is_finite().then_some(value);
    let (lower, upper) = (end(interval.lower), end(interval.upper));
    let absent = [(lower, Bound::Lower), (upper, Bound::Upper)];
    let unbounded = absent.into_iter().filter(|(value, _)| value.is_none()).map(|(_, bound)| bound).collect();
    (Effect { estimate, std_error: std_error.filter(|value| value.is_finite()), lower, upper }, unbounded)
}
