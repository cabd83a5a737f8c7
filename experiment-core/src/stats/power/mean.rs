//! Planning for means with a common variance.
//!
//! # References
//! Cohen (1988), Statistical Power Analysis, 2nd ed., chapter 2: the t test's power by the noncentral t
//! distribution.

use crate::stats::NotEstimable;
use crate::stats::distribution::{noncentral_t, normal, student_t};
use crate::stats::mean::planned_degrees_of_freedom;
use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input, require_that};
use crate::stats::power::{Errors, PowerOptions, Sizes, normal_power, normal_size};
use crate::stats::root::try_brent;

/// The planned test of two means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeanTest {
    /// t with n₀ + n₁ − 2 degrees of freedom.
    Student,
    /// t with Welch's degrees of freedom for equal variances; the same as `Student` for equal sizes.
    Welch,
    /// The normal distribution: variance known, or samples in the thousands.
    Normal,
}

/// Chance that the test rejects when the means differ by `effect` and customers vary by `variance`.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a variance or size that is not above 0 or a level outside (0, 1);
/// [`NotEstimable::TooFewCustomers`] when a t test has less than one degree of freedom.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::mean::{MeanTest, power};
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let sizes = Sizes { control: 64.0, variant: 64.0 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Counted };
/// let power = power(0.5, 1.0, &sizes, MeanTest::Student, &options)?;
/// assert!((power - 0.801_459_557_922_254_3).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn power(
    effect: f64,
    variance: f64,
    sizes: &Sizes,
    test: MeanTest,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    finite_input("the effect", effect)?;
    let error = std_error(variance, sizes)?;
    if test == MeanTest::Normal {
        return normal_power(effect, &Errors { null: error, planned: error }, options);
    }
    let degrees_of_freedom = degrees_of_freedom(sizes, test)?;
    let critical = student_t::upper_quantile(options.tail()?, degrees_of_freedom);
    let shift = finite("the noncentrality", options.towards(effect) / error)?;
    let near = noncentral_t::sf(critical, degrees_of_freedom, shift);
    let far =
        if options.counts_far_tail() { noncentral_t::sf(critical, degrees_of_freedom, -shift) } else { 0.0 };
    finite("the power", (near + far).min(1.0))
}

/// Customers per arm for a wanted power; `ratio` is the variant's size over the control's.
///
/// For a t test at least as many as give it a degree of freedom.
///
/// # Errors
/// [`NotEstimable::NoEffect`] for an effect of 0, [`NotEstimable::UnreachablePower`] when a one-sided test
/// looks the other way, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::mean::{MeanTest, sample_size};
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Counted };
/// let sizes = sample_size(0.1, 1.0, 1.0, 0.8, MeanTest::Student, &options)?;
/// assert!((sizes.control - 1_570.733_066_331_529).abs() < 1e-4);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    effect: f64,
    variance: f64,
    ratio: f64,
    wanted_power: f64,
    test: MeanTest,
    options: &PowerOptions,
) -> Result<Sizes, NotEstimable> {
    finite_input("the effect", effect)?;
    positive_input("the ratio of sizes", ratio)?;
    let sizes_of = |control: f64| Sizes { control, variant: control * ratio };
    let unit = std_error(variance, &sizes_of(1.0))?;
    let by_normal = normal_size(effect, &Errors { null: unit, planned: unit }, wanted_power, options)?;
    finite("the sample size", by_normal * (1.0 + ratio))?;
    if test == MeanTest::Normal {
        return Ok(sizes_of(by_normal));
    }
    let missing = |size: f64| Ok(power(effect, variance, &sizes_of(size), test, options)? - wanted_power);
    // The t test needs a little more than the z test, and a degree of freedom.
    let least = match test {
        MeanTest::Student => 3.0 / (1.0 + ratio),
        MeanTest::Welch | MeanTest::Normal => 2.0 / ratio.min(1.0),
    };
    let lower = by_normal.max(least);
    if missing(lower)? >= 0.0 {
        return Ok(sizes_of(lower));
    }
    let mut upper = 2.0 * lower + 4.0 / ratio.min(1.0);
    while missing(upper)? < 0.0 {
        upper = finite("the sample size", 2.0 * upper)?;
    }
    Ok(sizes_of(try_brent("the sample size", missing, lower, upper)?))
}

/// The least difference in means that the test shows with a wanted power, as a positive number.
///
/// # Errors
/// As [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::mean::{MeanTest, minimum_detectable_effect};
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let sizes = Sizes { control: 1000.0, variant: 1000.0 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let effect = minimum_detectable_effect(31.5, &sizes, 0.8, MeanTest::Normal, &options)?;
/// assert!((effect - 0.703_192_308_877_161).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn minimum_detectable_effect(
    variance: f64,
    sizes: &Sizes,
    wanted_power: f64,
    test: MeanTest,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    open_fraction("the power", wanted_power)?;
    let error = std_error(variance, sizes)?;
    // Measured in standard errors, towards the side that counts.
    let side = if options.alternative == crate::stats::Alternative::Less { -error } else { error };
    let missing = |shift: f64| Ok(power(shift * side, variance, sizes, test, options)? - wanted_power);
    require_that(missing(0.0)? < 0.0, "the power", wanted_power, "above what no effect gives")?;
    let z = normal::upper_quantile(options.tail()?) + normal::quantile(wanted_power);
    let mut upper = z.abs() + 1.0;
    while missing(upper)? < 0.0 {
        upper = finite("the minimum detectable effect", 2.0 * upper)?;
    }
    finite(
        "the minimum detectable effect",
        error * try_brent("the minimum detectable effect", missing, 0.0, upper)?,
    )
}

fn std_error(variance: f64, sizes: &Sizes) -> Result<f64, NotEstimable> {
    positive_input("the variance", variance)?;
    sizes.check()?;
    finite("the standard error", (variance / sizes.control + variance / sizes.variant).sqrt())
}

fn degrees_of_freedom(sizes: &Sizes, test: MeanTest) -> Result<f64, NotEstimable> {
    let (n0, n1) = (sizes.control, sizes.variant);
    let short = match test {
        MeanTest::Student => n0 + n1 < 3.0,
        MeanTest::Welch | MeanTest::Normal => n0.min(n1) < 2.0,
    };
    if short {
        return Err(NotEstimable::TooFewCustomers { n: n0.min(n1) as u64, needed: 2 });
    }
    Ok(match test {
        MeanTest::Student => n0 + n1 - 2.0,
        MeanTest::Welch | MeanTest::Normal => planned_degrees_of_freedom((1.0 / n0, n0), (1.0 / n1, n1)),
    })
}
