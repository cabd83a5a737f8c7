//! CUPED: a difference in means adjusted by what was measured before exposure.
//!
//! [`cuped`] takes one covariate, [`cuped_by_several`] several, [`cuped_ratio`] a ratio metric with its own past.
//! Within strata see [`stratify`](crate::stats::stratify).
//!
//! The covariate's variation is subtracted from the outcome's: y − θ (x − x̄). Since exposure cannot have
//! moved x, the expected difference stays the same and its variance falls by the squared correlation. Use it
//! only with covariates from before the first exposure.
//!
//! The adjusted means are centred on the joint mean of the covariate, so that they stay readable as means
//! and relative effects divide by the *adjusted* control mean (as tea-tasting; GrowthBook's are not centred,
//! with the same difference).
//!
//! # References
//! Deng, Xu, Kohavi & Walker (2013), WSDM '13, 123–132, eqs. 3–5, doi:10.1145/2433396.2433413.

mod ratio;
mod several;

pub use ratio::{RatioHistory, cuped_ratio};
pub use several::{CovariateSummary, SeveralAdjusted, SeveralEstimate, adjust_by_several, cuped_by_several};

use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::not_estimable::finite;
use crate::stats::ratio::PairSummary;
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// From which variation the coefficient θ is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theta {
    /// Both arms as one sample, arm means not removed: tea-tasting's and GrowthBook's definition.
    Joint,
    /// Within the arms, pooled: the slope of an analysis of covariance, untouched by differences between arms.
    Within,
}

/// Two arms adjusted by a covariate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    /// Coefficient of the covariate; 0 when the covariate does not vary.
    pub theta: f64,
    /// Correlation of outcome and covariate over the same variation as `theta`; 0 when either does not vary.
    pub correlation: f64,
    /// The control after adjustment.
    pub control: MeanSummary,
    /// The variant after adjustment.
    pub variant: MeanSummary,
}

/// A comparison adjusted by a covariate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CupedEstimate {
    /// As in [`Adjusted`].
    pub theta: f64,
    /// As in [`Adjusted`].
    pub correlation: f64,
    /// The control after adjustment.
    pub control: MeanSummary,
    /// The variant after adjustment.
    pub variant: MeanSummary,
    /// Share of the variance of the effect that the adjustment takes away; below 0 if it adds some.
    pub variance_reduction: f64,
    /// Welch's test of the adjusted means.
    pub comparison: Comparison,
}

/// Compares two means after adjusting both by a covariate (`x` of the summaries; the outcome is `y`).
///
/// θ is taken as known in the standard error, which costs of order 1/n.
///
/// # Errors
/// [`NotEstimable::NoVariation`] when the outcome does not vary, or not once adjusted;
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm; [`NotEstimable::ImpossibleInput`] for
/// moments that no data has.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::cuped::{Theta, cuped};
/// use experiment_core::stats::ratio::PairSummary;
/// let control = PairSummary {
///     n: 50, mean_y: 5.0, mean_x: 4.0, variance_y: 2.0, variance_x: 3.0, covariance: 1.9,
/// };
/// let variant = PairSummary { n: 60, mean_y: 7.0, mean_x: 6.0, ..control };
/// let within = cuped(&control, &variant, Theta::Within, &TestOptions::two_sided(0.95))?;
/// assert!((within.theta - 1.9 / 3.0).abs() < 1e-15);
/// assert!((within.comparison.effect - 0.733_333_333_333_333_4).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Xu, Kohavi & Walker (2013), eqs. 3–5.
pub fn cuped(
    control: &PairSummary,
    variant: &PairSummary,
    theta: Theta,
    options: &TestOptions,
) -> Result<CupedEstimate, NotEstimable> {
    compare_adjusted(control, variant, adjust(control, variant, theta)?, options)
}

/// Welch's test of adjusted arms, beside that of the arms as they were.
fn compare_adjusted(
    control: &PairSummary,
    variant: &PairSummary,
    adjusted: Adjusted,
    options: &TestOptions,
) -> Result<CupedEstimate, NotEstimable> {
    let raw = welch_test(&control.outcome(), &variant.outcome(), options)?;
    let Adjusted { theta, correlation, control, variant } = adjusted;
    let comparison = welch_test(&control, &variant, options)?;
    let left = comparison.std_error / raw.std_error;
    Ok(CupedEstimate {
        theta,
        correlation,
        control,
        variant,
        variance_reduction: 1.0 - left * left,
        comparison,
    })
}

/// Adjusts both arms by a covariate, without comparing them: for other tests than Welch's, and relative effects.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm, [`NotEstimable::ImpossibleInput`] for
/// moments that no data has.
///
/// # Examples
/// ```
/// use experiment_core::stats::cuped::{Theta, adjust};
/// use experiment_core::stats::ratio::PairSummary;
/// let control = PairSummary {
///     n: 50, mean_y: 5.0, mean_x: 4.0, variance_y: 2.0, variance_x: 3.0, covariance: 1.9,
/// };
/// let variant = PairSummary { n: 60, mean_y: 7.0, mean_x: 6.0, ..control };
/// let adjusted = adjust(&control, &variant, Theta::Joint)?;
/// assert!((adjusted.theta - 0.725_692_695_214_105_7).abs() < 1e-14);
/// assert!((adjusted.control.mean - 5.791_664_758_415_388).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Xu, Kohavi & Walker (2013), eqs. 3–5.
pub fn adjust(control: &PairSummary, variant: &PairSummary, theta: Theta) -> Result<Adjusted, NotEstimable> {
    let slope = Slope::fit(control, variant, theta)?;
    let share = variant.n as f64 / (control.n as f64 + variant.n as f64);
    let gap = variant.mean_x - control.mean_x;
    moved_both((control, share * gap), (variant, (share - 1.0) * gap), slope)
}

/// Adjusts both arms by the slope and to the covariate's mean of a third summary, of both together.
fn adjust_along(
    control: &PairSummary,
    variant: &PairSummary,
    joint: &PairSummary,
) -> Result<Adjusted, NotEstimable> {
    let slope = Slope::of(joint.variance_x, joint.covariance, joint.variance_y)?;
    moved_both((control, joint.mean_x - control.mean_x), (variant, joint.mean_x - variant.mean_x), slope)
}

fn moved_both(
    (control, control_gap): (&PairSummary, f64),
    (variant, variant_gap): (&PairSummary, f64),
    Slope { theta, correlation }: Slope,
) -> Result<Adjusted, NotEstimable> {
    Ok(Adjusted {
        theta,
        correlation,
        control: moved(control, theta, control_gap)?,
        variant: moved(variant, theta, variant_gap)?,
    })
}

/// Moves one arm along the slope: its mean by θ · (joint mean of x − its own), and its variance.
fn moved(arm: &PairSummary, theta: f64, to_joint_mean: f64) -> Result<MeanSummary, NotEstimable> {
    let variance = arm.variance_y - 2.0 * theta * arm.covariance + theta * theta * arm.variance_x;
    Ok(MeanSummary {
        n: arm.n,
        mean: finite("the adjusted mean", arm.mean_y + theta * to_joint_mean)?,
        // Rounding may leave a little below 0 when the covariate explains all.
        variance: finite("the adjusted variance", variance)?.max(0.0),
    })
}

struct Slope {
    theta: f64,
    correlation: f64,
}

impl Slope {
    fn fit(control: &PairSummary, variant: &PairSummary, theta: Theta) -> Result<Self, NotEstimable> {
        control.check()?;
        variant.check()?;
        let (n0, n1) = (control.n as f64, variant.n as f64);
        let between = match theta {
            Theta::Joint => n0 * n1 / (n0 + n1),
            Theta::Within => 0.0,
        };
        let gap_x = variant.mean_x - control.mean_x;
        let gap_y = variant.mean_y - control.mean_y;
        let sum = |of: fn(&PairSummary) -> f64, gap: f64| {
            (n0 - 1.0) * of(control) + (n1 - 1.0) * of(variant) + between * gap
        };
        let xx = finite("the covariate's variation", sum(|arm| arm.variance_x, gap_x * gap_x))?;
        let xy = finite("the joint variation", sum(|arm| arm.covariance, gap_x * gap_y))?;
        let yy = finite("the outcome's variation", sum(|arm| arm.variance_y, gap_y * gap_y))?;
        Self::of(xx, xy, yy)
    }

    /// From the variation of the covariate, the joint one and the outcome's.
    fn of(xx: f64, xy: f64, yy: f64) -> Result<Self, NotEstimable> {
        if xx == 0.0 {
            return Ok(Self { theta: 0.0, correlation: 0.0 });
        }
        let correlation = if yy == 0.0 { 0.0 } else { (xy / xx.sqrt() / yy.sqrt()).clamp(-1.0, 1.0) };
        Ok(Self { theta: finite("theta", xy / xx)?, correlation })
    }
}
