//! Two proportions with beta priors.

use super::beta_posterior::{BetaPosterior, Rate};
use crate::stats::distribution::quadrature::integrate;
use crate::stats::not_estimable::{finite, open_fraction, require_that};
use crate::stats::proportion::ProportionSummary;
use crate::stats::root::brent;
use crate::stats::{Interval, NotEstimable};

/// The least shape: below it the prior puts its mass on rates that no float holds.
const LEAST_SHAPE: f64 = 0.1;
/// The largest shape.
const LARGEST_SHAPE: f64 = 1e15;
/// Tails that the ends of an interval do without, as a part of what lies beyond these ends.
const NEGLIGIBLE: f64 = 1e-13;

/// What is believed of each arm's rate beforehand, the same for both: Beta(`alpha`, `beta`).
///
/// As if `alpha` customers had done it and `beta` had not. Beta(1, 1) is flat, Beta(½, ½) is Jeffreys'.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaPrior {
    /// From 0.1 to 1e15.
    pub alpha: f64,
    /// From 0.1 to 1e15.
    pub beta: f64,
}

/// What is believed of one arm's rate after the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePosterior {
    /// Mean of the rate.
    pub mean: f64,
    /// Standard deviation of the rate.
    pub std_dev: f64,
    /// Equal-tailed credible interval.
    pub interval: Interval,
}

/// What is believed of the difference in rates after the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectPosterior {
    /// Mean of variant minus control.
    pub mean: f64,
    /// Standard deviation of the difference.
    pub std_dev: f64,
    /// Equal-tailed credible interval of the difference.
    pub interval: Interval,
}

/// The comparison of two rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaBinomial {
    /// Probability that the variant's rate is above the control's.
    pub chance_to_win: f64,
    /// Probability that it is below: 1 − `chance_to_win`, accurate where that rounds to 1.
    pub chance_to_lose: f64,
    /// Expected loss of shipping the variant, E[max(control − variant, 0)], as a difference in rates.
    pub loss_if_variant: f64,
    /// Expected loss of keeping the control, E[max(variant − control, 0)].
    pub loss_if_control: f64,
    /// Variant minus control.
    pub difference: EffectPosterior,
    /// Equal-tailed credible interval of variant over control, less 1.
    pub relative_interval: Interval,
    /// The control's rate.
    pub control: RatePosterior,
    /// The variant's rate.
    pub variant: RatePosterior,
}

/// Compares two proportions by their posterior distributions, without sampling.
///
/// Rates are independent beforehand. Probabilities are good to about 1e-12 absolutely, expected losses to
/// that part of the spread of the rates, tails smaller than that to four digits or more down to 1e-30.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for more successes than customers, a shape outside \[0.1, 1e15\] or a level
/// outside (0, 1). Arms without customers are answered from the prior.
///
/// # Examples
/// ```
/// use experiment_core::stats::bayes::{BetaPrior, beta_binomial};
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 1, n: 2 };
/// let variant = ProportionSummary { successes: 0, n: 2 };
/// let flat = BetaPrior { alpha: 1.0, beta: 1.0 };
/// let comparison = beta_binomial(&control, &variant, &flat, 0.95)?;
/// assert!((comparison.chance_to_win - 0.2).abs() < 1e-12);
/// assert!((comparison.loss_if_variant - 2.0 / 7.0).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Miller (2014), Formulas for Bayesian A/B testing, <https://www.evanmiller.org/bayesian-ab-testing.html>
/// (chance to win); Stucchio (2015), Bayesian A/B testing at VWO, section 3.2 (expected loss). Both are
/// computed here as one-dimensional integrals, the loss as ∫ P(variant < x) P(control > x) dx.
pub fn beta_binomial(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    prior: &BetaPrior,
    credible_level: f64,
) -> Result<BetaBinomial, NotEstimable> {
    let tail = (1.0 - open_fraction("credible level", credible_level)?) / 2.0;
    let control = Arm::new(control, prior)?;
    let variant = Arm::new(variant, prior)?;
    let pair = Pair { control: &control.tables, variant: &variant.tables };
    // Near 1 the rates differ by less than a float of their size can say; what is missing to 1 can.
    let near_one = control.mean > 0.5 && variant.mean > 0.5;
    let middle = if near_one { control.missing - variant.missing } else { variant.mean - control.mean };
    let spread = libm::hypot(control.std_dev, variant.std_dev);
    Ok(BetaBinomial {
        chance_to_win: pair.chance_at_difference(0.0, Tail::Lower, 0.0),
        chance_to_lose: pair.chance_at_difference(0.0, Tail::Upper, 0.0),
        loss_if_variant: loss(&variant.tables, &control.tables),
        loss_if_control: loss(&control.tables, &variant.tables),
        difference: EffectPosterior {
            mean: middle,
            std_dev: spread,
            interval: pair.difference_interval(middle, spread, tail)?,
        },
        relative_interval: pair.relative_interval(tail)?,
        control: control.posterior(tail)?,
        variant: variant.posterior(tail)?,
    })
}

struct Arm {
    mean: f64,
    /// What the mean lacks to 1.
    missing: f64,
    std_dev: f64,
    tables: BetaPosterior,
}

impl Arm {
    fn new(arm: &ProportionSummary, prior: &BetaPrior) -> Result<Self, NotEstimable> {
        let within = "from 0.1 to 1e15";
        let allowed = |shape: f64| (LEAST_SHAPE..=LARGEST_SHAPE).contains(&shape);
        require_that(allowed(prior.alpha), "the prior's alpha", prior.alpha, within)?;
        require_that(allowed(prior.beta), "the prior's beta", prior.beta, within)?;
        let possible = arm.successes <= arm.n;
        require_that(possible, "successes", arm.successes as f64, "at most the number of customers")?;
        let a = prior.alpha + arm.successes as f64;
        let b = prior.beta + (arm.n - arm.successes) as f64;
        let n = a + b;
        let (mean, missing) = (a / n, b / n);
        let std_dev = (mean * missing / (n + 1.0)).sqrt();
        Ok(Self { mean, missing, std_dev, tables: BetaPosterior::new(a, b) })
    }

    fn posterior(&self, tail: f64) -> Result<RatePosterior, NotEstimable> {
        let (lower, upper) = (self.tables.quantile(tail, false)?, self.tables.quantile(tail, true)?);
        Ok(RatePosterior { mean: self.mean, std_dev: self.std_dev, interval: Interval { lower, upper } })
    }
}

/// E[max(`other` − `shipped`, 0)] = ∫ P(shipped < x) P(other > x) dx, which cancels nothing.
fn loss(shipped: &BetaPosterior, other: &BetaPosterior) -> f64 {
    let knots = merged(shipped, other, 0.0, |rate| rate);
    let last = shipped.ends().1;
    // Beyond the tables of `shipped`, where its cdf is 1, the other's tail remains.
    let beyond = other.knots(0.0).map(|u| other.rate(u)).filter_map(strict).map(|rate| shipped.point(rate));
    let knots: Vec<f64> = knots.into_iter().chain(beyond.filter(|u| *u > last)).collect();
    over(&knots, |u| {
        let rate = shipped.rate(u);
        // dx = x (1 − x) du.
        shipped.cdf(u) * tail_at(other, rate, Tail::Upper) * rate.rate * rate.complement
    })
}

#[derive(Clone, Copy)]
enum Tail {
    Lower,
    Upper,
}

/// A tail of a posterior at any point, also below 0 and above 1.
fn tail_at(posterior: &BetaPosterior, rate: Rate, tail: Tail) -> f64 {
    match (strict(rate), tail) {
        (Some(rate), Tail::Lower) => posterior.cdf(posterior.point(rate)),
        (Some(rate), Tail::Upper) => posterior.sf(posterior.point(rate)),
        (None, Tail::Lower) => f64::from(rate.rate > 0.0),
        (None, Tail::Upper) => f64::from(rate.rate <= 0.0),
    }
}

/// A rate strictly between 0 and 1.
fn strict(rate: Rate) -> Option<Rate> {
    (rate.rate > 0.0 && rate.complement > 0.0).then_some(rate)
}

/// Points of `one` at its own knots and where `other`, moved by `shift`, has one, ascending; tails of at most
/// `negligible` are left out.
fn merged(
    one: &BetaPosterior,
    other: &BetaPosterior,
    negligible: f64,
    shift: impl Fn(Rate) -> Rate,
) -> Vec<f64> {
    let mut knots: Vec<f64> = one.knots(negligible).collect();
    let (Some(first), Some(last)) = (knots.first().copied(), knots.last().copied()) else { return knots };
    let theirs =
        other.knots(negligible).filter_map(|u| strict(shift(other.rate(u)))).map(|rate| one.point(rate));
    knots.extend(theirs.filter(|u| first < *u && *u < last));
    knots.sort_by(f64::total_cmp);
    knots
}

/// Integral over pieces, cut further where they are wider than a unit of the logit.
fn over(knots: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let piece = |ends: &[f64]| integrate(&f, ends[0], ends[1], (ends[1] - ends[0]).ceil().max(1.0) as u32);
    knots.windows(2).map(piece).sum()
}

struct Pair<'a> {
    control: &'a BetaPosterior,
    variant: &'a BetaPosterior,
}

impl Pair<'_> {
    /// Probability that the control's rate is in the tail from that of the variant less `difference`.
    fn chance_at_difference(&self, difference: f64, tail: Tail, negligible: f64) -> f64 {
        let moved = |rate: Rate, by: f64| Rate { rate: rate.rate + by, complement: rate.complement - by };
        let knots = merged(self.variant, self.control, negligible, |rate| moved(rate, difference));
        self.chance(&knots, |rate| tail_at(self.control, moved(rate, -difference), tail))
    }

    /// Probability that the control's rate is in the tail from that of the variant over exp(`ln_ratio`).
    fn chance_at_ratio(&self, ln_ratio: f64, tail: Tail, negligible: f64) -> f64 {
        let moved = |rate: Rate, ln_factor: f64| Rate {
            rate: rate.rate * libm::exp(ln_factor),
            complement: rate.complement - rate.rate * libm::expm1(ln_factor),
        };
        let knots = merged(self.variant, self.control, negligible, |rate| moved(rate, ln_ratio));
        self.chance(&knots, |rate| tail_at(self.control, moved(rate, -ln_ratio), tail))
    }

    fn chance(&self, knots: &[f64], tail: impl Fn(Rate) -> f64) -> f64 {
        over(knots, |u| self.variant.density(u) * tail(self.variant.rate(u))).clamp(0.0, 1.0)
    }

    fn difference_interval(&self, middle: f64, spread: f64, tail: f64) -> Result<Interval, NotEstimable> {
        // Chebyshev's inequality: no more than `tail` lies beyond.
        let reach = spread / tail.sqrt();
        let (least, most) = ((middle - reach).max(-1.0), (middle + reach).min(1.0));
        let end = |of| {
            brent(
                "credible interval",
                |d| self.chance_at_difference(d, of, NEGLIGIBLE * tail) - tail,
                least,
                most,
            )
        };
        Ok(Interval { lower: end(Tail::Upper)?, upper: end(Tail::Lower)? })
    }

    fn relative_interval(&self, tail: f64) -> Result<Interval, NotEstimable> {
        let ends = |posterior: &BetaPosterior| {
            let (first, last) = posterior.ends();
            let least = posterior.rate(first).rate.max(f64::MIN_POSITIVE);
            (libm::log(least), libm::log(posterior.rate(last).rate))
        };
        let (control, variant) = (ends(self.control), ends(self.variant));
        let (least, most) = (variant.0 - control.1, variant.1 - control.0);
        let end = |of| {
            brent("credible interval", |t| self.chance_at_ratio(t, of, NEGLIGIBLE * tail) - tail, least, most)
        };
        let (lower, upper) = (end(Tail::Upper)?, end(Tail::Lower)?);
        Ok(Interval { lower: libm::expm1(lower), upper: finite("the interval", libm::expm1(upper))? })
    }
}
