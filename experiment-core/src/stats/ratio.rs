//! Ratios of means, Σy/Σx, by the delta method.
//!
//! For metrics whose denominator is itself random and not the unit of randomization: value per order,
//! repeat buyers among buyers. Customers are independent; the two values of one customer need not be.
//!
//! # References
//! Deng, Knoblich & Lu (2018), Applying the delta method in metric analytics, KDD '18, eq. 3,
//! doi:10.1145/3219819.3219919.

use crate::stats::centred::Centred;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::not_estimable::{finite, finite_input, non_negative_input, require_that};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// A covariance may exceed √(var y · var x) by this relative amount, from rounding of the inputs.
const ROUNDING: f64 = 1e-6;

/// Count, means, variances and covariance of two values per customer: `y` and `x`.
///
/// For a ratio metric `y` is the numerator and `x` the denominator; for CUPED `x` is the covariate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairSummary {
    /// Customers of the arm.
    pub n: u64,
    /// Mean of `y` per customer.
    pub mean_y: f64,
    /// Mean of `x` per customer.
    pub mean_x: f64,
    /// Variance of `y`, denominator n − 1.
    pub variance_y: f64,
    /// Variance of `x`, denominator n − 1.
    pub variance_x: f64,
    /// Covariance of the two, denominator n − 1.
    pub covariance: f64,
}

impl PairSummary {
    /// The summary of two values per customer.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] below two customers, [`NotEstimable::ImpossibleInput`] for lists of
    /// different length or values that are not finite.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::ratio::PairSummary;
    /// let arm = PairSummary::from_values(&[1.0, 2.0, 6.0], &[1.0, 2.0, 3.0])?;
    /// assert_eq!((arm.mean_y, arm.mean_x, arm.variance_y, arm.covariance), (3.0, 2.0, 7.0, 2.5));
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_values(y: &[f64], x: &[f64]) -> Result<Self, NotEstimable> {
        let allowed = "the length of the other";
        require_that(y.len() == x.len(), "the length of a list", x.len() as f64, allowed)?;
        let (y, x) = (Centred::of(y)?, Centred::of(x)?);
        Ok(Self {
            n: y.len() as u64,
            mean_y: y.mean,
            mean_x: x.mean,
            variance_y: y.covariance(&y)?,
            variance_x: x.covariance(&x)?,
            covariance: y.covariance(&x)?,
        })
    }

    /// The summary of `y` alone.
    pub fn outcome(&self) -> MeanSummary {
        MeanSummary { n: self.n, mean: self.mean_y, variance: self.variance_y }
    }

    pub(crate) fn check(&self) -> Result<(), NotEstimable> {
        if self.n < 2 {
            return Err(NotEstimable::TooFewCustomers { n: self.n, needed: 2 });
        }
        finite_input("the mean of y", self.mean_y)?;
        finite_input("the mean of x", self.mean_x)?;
        non_negative_input("the variance of y", self.variance_y)?;
        non_negative_input("the variance of x", self.variance_x)?;
        finite_input("the covariance", self.covariance)?;
        let most = self.variance_y.sqrt() * self.variance_x.sqrt();
        require_that(
            self.covariance.abs() <= most * (1.0 + ROUNDING) || most == f64::INFINITY,
            "the covariance",
            self.covariance,
            "at most the product of the standard deviations",
        )
    }
}

/// A ratio of means and its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioEstimate {
    /// Customers of the arm.
    pub n: u64,
    /// Mean of `y` over mean of `x`.
    pub ratio: f64,
    /// Variance per customer: divided by `n` it is the variance of `ratio`.
    pub variance: f64,
}

impl RatioEstimate {
    /// The same numbers as a mean, for [`welch_test`], [`z_test`](crate::stats::mean::z_test) and
    /// [`log_delta`](crate::stats::relative::log_delta).
    pub fn summary(&self) -> MeanSummary {
        MeanSummary { n: self.n, mean: self.ratio, variance: self.variance }
    }
}

/// The ratio of one arm: (s²_y − 2 R s_yx + R² s²_x) / x̄², R = ȳ / x̄.
///
/// # Errors
/// [`NotEstimable::ZeroDenominator`] when the mean of `x` is 0, [`NotEstimable::TooFewCustomers`] below two
/// customers, [`NotEstimable::ImpossibleInput`] for moments that no data has.
///
/// # Examples
/// ```
/// use experiment_core::stats::ratio::{PairSummary, delta_method};
/// let arm = PairSummary {
///     n: 400, mean_y: 0.78, mean_x: 4.0975, variance_y: 0.6782957393, variance_x: 3.145858396, covariance: 0.4776441103,
/// };
/// let estimate = delta_method(&arm)?;
/// assert!((estimate.ratio - 0.190_359_975_594_874_9).abs() < 1e-15);
/// assert!((estimate.variance - 0.036_358_622_335_194_14).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), eq. 3.
pub fn delta_method(arm: &PairSummary) -> Result<RatioEstimate, NotEstimable> {
    arm.check()?;
    if arm.mean_x == 0.0 {
        return Err(NotEstimable::ZeroDenominator { n: arm.n });
    }
    let ratio = finite("the ratio", arm.mean_y / arm.mean_x)?;
    let spread = arm.variance_y - 2.0 * ratio * arm.covariance + ratio * ratio * arm.variance_x;
    // Rounding may leave a little below 0 when y is a multiple of x.
    let variance = finite("the variance of the ratio", spread.max(0.0) / arm.mean_x / arm.mean_x)?;
    Ok(RatioEstimate { n: arm.n, ratio, variance })
}

/// Compares two ratios of means by the t distribution with Welch's degrees of freedom.
///
/// # Errors
/// As [`delta_method`], and [`NotEstimable::NoVariation`] when neither ratio varies.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::ratio::{PairSummary, ratio_test};
/// let control = PairSummary {
///     n: 80, mean_y: 2.5, mean_x: 1.0, variance_y: 1.1, variance_x: 0.0, covariance: 0.0,
/// };
/// let variant = PairSummary { n: 75, mean_y: 2.9, variance_y: 1.4, ..control };
/// let test = ratio_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((test.p_value - 0.027_825_222_823_502_06).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), eq. 3; degrees of freedom as tea-tasting's `RatioOfMeans`.
pub fn ratio_test(
    control: &PairSummary,
    variant: &PairSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    welch_test(&delta_method(control)?.summary(), &delta_method(variant)?.summary(), options)
}
