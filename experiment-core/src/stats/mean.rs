//! Differences in means, from sufficient statistics.
//!
//! Welch's test is the default: arms of an experiment may differ in variance, and where they do not it costs
//! next to nothing. For ratios of sums see [`ratio`](crate::stats::ratio), for relative effects
//! [`relative`](crate::stats::relative).
//!
//! # References
//! Welch, B. L. (1947), Biometrika 34(1–2), 28–35, doi:10.1093/biomet/34.1-2.28. Satterthwaite (1946),
//! Biometrics Bulletin 2(6), 110–114, doi:10.2307/3002019.

use crate::stats::centred::Centred;
use crate::stats::comparison::{Reference, compare};
use crate::stats::not_estimable::{finite, finite_input, non_negative_input};
use crate::stats::{Comparison, Interval, NotEstimable, TestOptions};

/// Count, mean and variance of one value per customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanSummary {
    /// Customers of the arm.
    pub n: u64,
    /// Mean per customer, in the metric's unit.
    pub mean: f64,
    /// Variance between customers, denominator n − 1 (for proportions p(1 − p) if so wished); at least 0.
    pub variance: f64,
}

impl MeanSummary {
    /// The summary of one value per customer: two passes, the second over deviations from the mean.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] below two values, [`NotEstimable::ImpossibleInput`] for a value that is not
    /// finite, [`NotEstimable::Overflow`] for values near 1e308.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::mean::MeanSummary;
    /// let arm = MeanSummary::from_values(&[2.0, 4.0, 4.0, 6.0, 9.0])?;
    /// assert_eq!((arm.n, arm.mean, arm.variance), (5, 5.0, 7.0));
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    ///
    /// # References
    /// Chan, Golub & LeVeque (1983), The American Statistician 37(3), 242–247, eq. 1.7,
    /// doi:10.1080/00031305.1983.10483115.
    pub fn from_values(values: &[f64]) -> Result<Self, NotEstimable> {
        let centred = Centred::of(values)?;
        Ok(Self { n: values.len() as u64, mean: centred.mean, variance: centred.covariance(&centred)? })
    }

    /// Variance of the mean.
    pub(crate) fn mean_variance(&self) -> f64 {
        self.variance / self.n as f64
    }

    pub(crate) fn check(&self) -> Result<(), NotEstimable> {
        if self.n < 2 {
            return Err(NotEstimable::TooFewCustomers { n: self.n, needed: 2 });
        }
        finite_input("the mean", self.mean)?;
        non_negative_input("the variance", self.variance)?;
        Ok(())
    }
}

/// Compares two means, each arm with its own variance, by the t distribution with Welch's degrees of freedom.
///
/// Assumes customers independent of each other and enough of them for means to be near normal.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm, [`NotEstimable::NoVariation`] when
/// neither arm varies, [`NotEstimable::ImpossibleInput`] for a negative variance or anything not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::{MeanSummary, welch_test};
/// let control = MeanSummary { n: 1000, mean: 5.24, variance: 31.5 };
/// let variant = MeanSummary { n: 1012, mean: 5.73, variance: 36.2 };
/// let test = welch_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((test.p_value - 0.059_006_415_249_734_9).abs() < 1e-12);
/// assert!((test.interval.upper - 0.998_655_436_422_504_6).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Welch (1947), Satterthwaite (1946), as in the module.
pub fn welch_test(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    welch_test_at(control, variant, 0.0, options)
}

/// [`welch_test`] against a hypothesised effect other than 0.
pub(crate) fn welch_test_at(
    control: &MeanSummary,
    variant: &MeanSummary,
    null_effect: f64,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let std_error = varying_std_error(control, variant)?;
    let degrees_of_freedom =
        welch_degrees_of_freedom((control.mean_variance(), control.n), (variant.mean_variance(), variant.n));
    let reference = Reference::StudentT { degrees_of_freedom };
    compare(variant.mean - control.mean, null_effect, std_error, reference, options)
}

/// Compares two means, each arm with its own variance, by the normal distribution.
///
/// For variances known beforehand, or to match reports made so; otherwise [`welch_test`].
///
/// # Errors
/// As [`welch_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::{MeanSummary, z_test};
/// let control = MeanSummary { n: 80, mean: 2.5, variance: 1.1 };
/// let variant = MeanSummary { n: 75, mean: 2.9, variance: 1.4 };
/// let test = z_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((test.p_value - 0.026_306_908_284_015_343).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Casella & Berger (2002), Statistical Inference, 2nd ed., section 10.3.2.
pub fn z_test(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let std_error = varying_std_error(control, variant)?;
    compare(variant.mean - control.mean, 0.0, std_error, Reference::Normal, options)
}

/// Compares two means under one common variance, by the t distribution with n₀ + n₁ − 2 degrees of freedom.
///
/// Wrong when variances differ in arms of different size; here because others report it.
///
/// # Errors
/// As [`welch_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::{MeanSummary, student_test};
/// let control = MeanSummary { n: 10, mean: 1.0, variance: 2.0 };
/// let variant = MeanSummary { n: 10, mean: 2.0, variance: 4.0 };
/// let test = student_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert_eq!(test.degrees_of_freedom, Some(18.0));
/// assert!((test.std_error - 0.6f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// "Student" (1908), Biometrika 6(1), 1–25, doi:10.1093/biomet/6.1.1.
pub fn student_test(
    control: &MeanSummary,
    variant: &MeanSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    varying_std_error(control, variant)?;
    let (n0, n1) = (control.n as f64, variant.n as f64);
    let degrees_of_freedom = n0 + n1 - 2.0;
    let (share0, share1) = ((n0 - 1.0) / degrees_of_freedom, (n1 - 1.0) / degrees_of_freedom);
    let pooled = share0 * control.variance + share1 * variant.variance;
    let std_error = (pooled / n0 + pooled / n1).sqrt();
    let reference = Reference::StudentT { degrees_of_freedom };
    compare(variant.mean - control.mean, 0.0, std_error, reference, options)
}

/// √(s₀²/n₀ + s₁²/n₁), the standard error of the difference in means; 0 when neither arm varies.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm, [`NotEstimable::ImpossibleInput`] as
/// [`welch_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::mean::{MeanSummary, std_error};
/// let control = MeanSummary { n: 100, mean: 1.0, variance: 9.0 };
/// let variant = MeanSummary { n: 100, mean: 2.0, variance: 16.0 };
/// assert_eq!(std_error(&control, &variant)?, 0.5);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn std_error(control: &MeanSummary, variant: &MeanSummary) -> Result<f64, NotEstimable> {
    control.check()?;
    variant.check()?;
    finite("the standard error", (control.mean_variance() + variant.mean_variance()).sqrt())
}

/// Student's interval for the mean of one arm.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers, [`NotEstimable::ImpossibleInput`] as
/// [`welch_test`]. Without variation the interval has zero length.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::{MeanSummary, mean_interval};
/// let arm = MeanSummary { n: 4, mean: 10.0, variance: 4.0 };
/// let interval = mean_interval(&arm, &TestOptions::two_sided(0.95))?;
/// assert!((interval.upper - 13.182_446_305_283_708).abs() < 1e-11);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// "Student" (1908), Biometrika 6(1), 1–25, doi:10.1093/biomet/6.1.1.
pub fn mean_interval(arm: &MeanSummary, options: &TestOptions) -> Result<Interval, NotEstimable> {
    arm.check()?;
    let reference = Reference::StudentT { degrees_of_freedom: arm.n as f64 - 1.0 };
    let half_width = reference.upper_quantile(options.tail()?) * arm.mean_variance().sqrt();
    finite("the interval", half_width)?;
    Ok(options.keep_ends(arm.mean - half_width, arm.mean + half_width))
}

/// [`std_error`] of arms of which at least one varies.
fn varying_std_error(control: &MeanSummary, variant: &MeanSummary) -> Result<f64, NotEstimable> {
    let std_error = std_error(control, variant)?;
    if std_error == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.mean, variant: variant.mean });
    }
    Ok(std_error)
}

/// Welch and Satterthwaite's degrees of freedom for the sum of two (variance of an estimate, n).
pub(crate) fn welch_degrees_of_freedom(control: (f64, u64), variant: (f64, u64)) -> f64 {
    planned_degrees_of_freedom((control.0, control.1 as f64), (variant.0, variant.1 as f64))
}

/// [`welch_degrees_of_freedom`] for planned sizes, which need not be whole.
///
/// Written with shares of the total variance, which cannot overflow.
pub(crate) fn planned_degrees_of_freedom(control: (f64, f64), variant: (f64, f64)) -> f64 {
    let total = control.0 + variant.0;
    let term = |(variance, n): (f64, f64)| {
        let share = variance / total;
        share * share / (n - 1.0)
    };
    1.0 / (term(control) + term(variant))
}
