//! Relative effects: (variant − control) / control, as a fraction.
//!
//! Three methods, from means and variances per customer (for a ratio metric pass
//! [`RatioEstimate::summary`](crate::stats::ratio::RatioEstimate::summary)):
//! [`log_delta`], the default, works on the logarithm of the ratio of means; [`linear_delta`] on the ratio
//! itself, as GrowthBook does; [`fieller`] is exact for normal means and stays right when the control's mean
//! is not well separated from 0, where it may be unbounded. Each has a `_z` form with the normal instead of
//! the t quantile; [`katz`] is the first for proportions. They agree to first order; none treats the control's mean as known.

use crate::stats::comparison::{Reference, compare};
use crate::stats::mean::{MeanSummary, welch_degrees_of_freedom};
use crate::stats::not_estimable::finite;
use crate::stats::proportion::{
    ProportionSummary, difference_of_rates, ln_risk_ratio_error, risk_ratio, risk_ratio_log_interval,
};
use crate::stats::{Comparison, Interval, NotEstimable, TestOptions};

/// A relative effect with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativeEffect {
    /// Variant's mean over the control's, less 1: a fraction, 0.05 for five percent.
    pub estimate: f64,
    /// Standard error of `estimate`, by the delta method.
    pub std_error: f64,
    /// Degrees of freedom of the t quantile; `None` with the normal quantile.
    pub degrees_of_freedom: Option<f64>,
    /// Interval for the relative effect; a one-sided one has an infinite end.
    pub interval: Interval,
}

/// Relative effect with an interval that is symmetric on the log of the ratio of means, by the t quantile.
///
/// The interval is exp(ln R ± q·se) − 1 with se² the sum of the two relative variances s²/(n·mean²), and
/// Welch's degrees of freedom on these two. It cannot go below −1, as a relative effect cannot.
/// The means may both be negative. Where a mean is within about three standard errors of 0 use [`fieller`].
///
/// # Errors
/// [`NotEstimable::ZeroControlMean`]; [`NotEstimable::NoPositiveRatio`] when the variant's mean is 0 or of
/// the other sign; otherwise as [`welch_test`](crate::stats::mean::welch_test).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::relative::log_delta;
/// let control = MeanSummary { n: 1000, mean: 5.24, variance: 31.5 };
/// let variant = MeanSummary { n: 1012, mean: 5.73, variance: 36.2 };
/// let effect = log_delta(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((effect.estimate - 0.093_511_450_381_679_42).abs() < 1e-14);
/// assert!((effect.interval.upper - 0.199_787_019_981_497_14).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Casella & Berger (2002), Statistical Inference, 2nd ed., section 5.5.4; the degrees of freedom are
/// tea-tasting's (`Mean`, relative effect).
pub fn log_delta(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<RelativeEffect, NotEstimable> {
    let arms = check_arms(control, variant)?;
    let relative_variance = |arm: &MeanSummary| arm.mean_variance() / arm.mean / arm.mean;
    let degrees_of_freedom = welch_degrees_of_freedom(
        (relative_variance(control), control.n),
        (relative_variance(variant), variant.n),
    );
    log_interval(&arms, Reference::StudentT { degrees_of_freedom }, options)
}

/// [`log_delta`] with the normal quantile; for p(1 − p) as the variance it is Katz's interval less 1.
///
/// # Errors
/// As [`log_delta`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::relative::log_delta_z;
/// let control = MeanSummary { n: 1000, mean: 0.12, variance: 0.12 * 0.88 };
/// let variant = MeanSummary { n: 1000, mean: 0.15, variance: 0.15 * 0.85 };
/// let effect = log_delta_z(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((effect.interval.upper - 0.563_010_592_174_393_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn log_delta_z(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<RelativeEffect, NotEstimable> {
    log_interval(&check_arms(control, variant)?, Reference::Normal, options)
}

/// Relative effect of two proportions by Katz's interval: the log of the ratio of rates, normal quantile.
///
/// The same as [`log_delta_z`] with p(1 − p) as the variance, from the counts.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when either arm has none, [`NotEstimable::NoVariation`] when all did it in
/// both, [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for more
/// successes than customers or a level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::ProportionSummary;
/// use experiment_core::stats::relative::katz;
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let effect = katz(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((effect.estimate - 0.25).abs() < 1e-15);
/// assert!((effect.interval.upper - 0.563_010_592_174_393_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Katz, Baptista, Azen & Pike (1978), Biometrics 34(3), 469–474, method C, doi:10.2307/2530610.
pub fn katz(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<RelativeEffect, NotEstimable> {
    let ends = risk_ratio_log_interval(control, variant, options)?;
    let ln_error = ln_risk_ratio_error(control, variant);
    if ln_error == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.rate(), variant: variant.rate() });
    }
    Ok(RelativeEffect {
        estimate: difference_of_rates(control, variant) / control.rate(),
        std_error: ln_error * risk_ratio(control, variant)?,
        degrees_of_freedom: None,
        interval: Interval { lower: ends.lower - 1.0, upper: ends.upper - 1.0 },
    })
}

/// Relative effect by the delta method on the ratio of means itself, with its test of "no effect".
///
/// Symmetric around the estimate; degrees of freedom are Welch's on the arms as they are. GrowthBook's
/// definition for a positive control mean (it divides by the mean's absolute value). The p-value differs
/// from that of the absolute effect; decide on one of them beforehand.
///
/// # Errors
/// [`NotEstimable::ZeroControlMean`], otherwise as [`welch_test`](crate::stats::mean::welch_test).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::relative::linear_delta;
/// let control = MeanSummary { n: 1000, mean: 5.24, variance: 31.5 };
/// let variant = MeanSummary { n: 1012, mean: 5.73, variance: 36.2 };
/// let effect = linear_delta(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((effect.std_error - 0.051_716_296_951_557_32).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), section 3.2, doi:10.1145/3219819.3219919; gbstats 0.8 `TwoSidedTTest`.
pub fn linear_delta(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let arms = check_arms(control, variant)?;
    compare(arms.effect, 0.0, arms.std_error, arms.welch(), options)
}

/// [`linear_delta`] with the normal quantile.
///
/// # Errors
/// As [`linear_delta`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::relative::linear_delta_z;
/// let control = MeanSummary { n: 1000, mean: 5.24, variance: 31.5 };
/// let variant = MeanSummary { n: 1012, mean: 5.73, variance: 36.2 };
/// let effect = linear_delta_z(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((effect.interval.lower + 0.007_850_629_057_151_516).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn linear_delta_z(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let arms = check_arms(control, variant)?;
    compare(arms.effect, 0.0, arms.std_error, Reference::Normal, options)
}

/// The relative effects that Fieller's method does not reject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FiellerSet {
    /// All within the interval: the ordinary case.
    Interval(Interval),
    /// All outside it, up to `lower` and from `upper` on: the control's mean may be 0.
    Outside(Interval),
    /// All relative effects: the data says nothing about the ratio.
    All,
}

/// Fieller's set of relative effects, by the t quantile with Welch's degrees of freedom on the arms.
///
/// Exact for normal means with known variances, at any distance of the control's mean from 0; when that mean
/// is not significantly different from 0 the set is unbounded, which is the honest answer.
/// One-sided: an unbounded set is given as [`FiellerSet::All`].
///
/// # Errors
/// [`NotEstimable::ZeroControlMean`] when it is 0 without variance, otherwise as
/// [`welch_test`](crate::stats::mean::welch_test).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::relative::{FiellerSet, fieller};
/// let control = MeanSummary { n: 1000, mean: 5.24, variance: 31.5 };
/// let variant = MeanSummary { n: 1012, mean: 5.73, variance: 36.2 };
/// let FiellerSet::Interval(interval) = fieller(&control, &variant, &TestOptions::two_sided(0.95))? else {
///     panic!("bounded");
/// };
/// assert!((interval.upper - 0.200_121_100_328_761_26).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fieller (1954), Journal of the Royal Statistical Society B 16(2), 175–185,
/// doi:10.1111/j.2517-6161.1954.tb00159.x.
pub fn fieller(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<FiellerSet, NotEstimable> {
    check_variation(control, variant)?;
    let reference = Reference::StudentT {
        degrees_of_freedom: welch_degrees_of_freedom(
            (control.mean_variance(), control.n),
            (variant.mean_variance(), variant.n),
        ),
    };
    fieller_set(control, variant, reference, options)
}

/// [`fieller`] with the normal quantile.
///
/// # Errors
/// As [`fieller`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::relative::{FiellerSet, fieller_z};
/// let nothing = MeanSummary { n: 100, mean: 0.01, variance: 1.0 };
/// assert_eq!(fieller_z(&nothing, &nothing, &TestOptions::two_sided(0.95))?, FiellerSet::All);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn fieller_z(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<FiellerSet, NotEstimable> {
    check_variation(control, variant)?;
    fieller_set(control, variant, Reference::Normal, options)
}

/// Two arms that can be compared relatively, with what all delta methods share.
struct Arms<'a> {
    control: &'a MeanSummary,
    variant: &'a MeanSummary,
    effect: f64,
    std_error: f64,
}

impl Arms<'_> {
    fn welch(&self) -> Reference {
        Reference::StudentT {
            degrees_of_freedom: welch_degrees_of_freedom(
                (self.control.mean_variance(), self.control.n),
                (self.variant.mean_variance(), self.variant.n),
            ),
        }
    }
}

fn check_variation(control: &MeanSummary, variant: &MeanSummary) -> Result<(), NotEstimable> {
    control.check()?;
    variant.check()?;
    if control.mean_variance() + variant.mean_variance() == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.mean, variant: variant.mean });
    }
    Ok(())
}

fn check_arms<'a>(control: &'a MeanSummary, variant: &'a MeanSummary) -> Result<Arms<'a>, NotEstimable> {
    check_variation(control, variant)?;
    if control.mean == 0.0 {
        return Err(NotEstimable::ZeroControlMean { variant: variant.mean });
    }
    let effect = finite("the relative effect", (variant.mean - control.mean) / control.mean)?;
    let own = variant.mean_variance().sqrt() / control.mean;
    let base = control.mean_variance().sqrt() / control.mean * (variant.mean / control.mean);
    let std_error = finite("the standard error", libm::hypot(own, base))?;
    if std_error == 0.0 {
        // The control alone varies and the variant's mean is 0: the delta method sees no uncertainty.
        return Err(NotEstimable::NoVariation { control: control.mean, variant: variant.mean });
    }
    Ok(Arms { control, variant, effect, std_error })
}

fn log_interval(
    arms: &Arms<'_>,
    reference: Reference,
    options: &TestOptions,
) -> Result<RelativeEffect, NotEstimable> {
    let tail = options.tail()?;
    let ratio = arms.variant.mean / arms.control.mean;
    if ratio <= 0.0 {
        return Err(NotEstimable::NoPositiveRatio { control: arms.control.mean, variant: arms.variant.mean });
    }
    // log1p of the effect keeps the digits of small effects.
    let ln_ratio = if arms.effect.abs() < 0.5 { libm::log1p(arms.effect) } else { libm::log(ratio) };
    let half_width = finite("the interval", reference.upper_quantile(tail) * arms.std_error / ratio)?;
    let upper = finite("the upper end", libm::expm1(ln_ratio + half_width))?;
    Ok(RelativeEffect {
        estimate: arms.effect,
        std_error: arms.std_error,
        degrees_of_freedom: match reference {
            Reference::Normal => None,
            Reference::StudentT { degrees_of_freedom } => Some(degrees_of_freedom),
        },
        interval: options.keep_ends(libm::expm1(ln_ratio - half_width), upper),
    })
}

/// Solves (m₀² − q²s₀²) θ² − 2 m₀m₁ θ + (m₁² − q²s₁²) ≤ 0 for θ = m₁/m₀.
fn fieller_set(
    control: &MeanSummary,
    variant: &MeanSummary,
    reference: Reference,
    options: &TestOptions,
) -> Result<FiellerSet, NotEstimable> {
    let q = finite("the quantile", reference.upper_quantile(options.tail()?))?;
    let (s0, s1) = (control.mean_variance().sqrt(), variant.mean_variance().sqrt());
    if control.mean == 0.0 && s0 == 0.0 {
        return Err(NotEstimable::ZeroControlMean { variant: variant.mean });
    }
    // The quadratic is homogeneous in each arm's (mean, error): scale both to order 1.
    let (scale0, scale1) = (control.mean.abs().max(s0), variant.mean.abs().max(s1));
    if scale1 == 0.0 {
        return Ok(FiellerSet::Interval(options.keep_ends(-1.0, -1.0)));
    }
    let (m0, s0) = (control.mean / scale0, s0 / scale0);
    let (m1, s1) = (variant.mean / scale1, s1 / scale1);
    let (a, b, c) = ((m0 - q * s0) * (m0 + q * s0), m0 * m1, (m1 - q * s1) * (m1 + q * s1));
    let discriminant = q * q * (m1 * m1 * s0 * s0 + m0 * m0 * s1 * s1 - q * q * s0 * s0 * s1 * s1);
    if discriminant < 0.0 {
        return Ok(FiellerSet::All);
    }
    let unit = finite("the relative effect", scale1 / scale0)?;
    let sum = b + discriminant.sqrt().copysign(b);
    // The two roots, of which the second loses no digits when it is small; less 1 they are relative effects.
    let (one, other) = (unit * sum / a - 1.0, if sum == 0.0 { -1.0 } else { unit * c / sum - 1.0 });
    let (lower, upper) = if one <= other { (one, other) } else { (other, one) };
    finite("an end of the set", lower)?;
    finite("an end of the set", upper)?;
    Ok(match (a > 0.0, options.keep_ends(lower, upper)) {
        (true, ends) => FiellerSet::Interval(ends),
        (false, Interval { lower, upper }) if lower.is_finite() && upper.is_finite() => {
            FiellerSet::Outside(Interval { lower, upper })
        }
        (false, _) => FiellerSet::All,
    })
}
