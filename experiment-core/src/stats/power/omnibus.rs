//! Planning for tests with several degrees of freedom: χ² and G of tables, several means, several arms by rank.
//!
//! All are to first order a χ² that an effect moves by a noncentrality, which grows with the customers. So one
//! customer's noncentrality says it all: [`of_proportions`] and [`of_means`] give it.

use crate::stats::NotEstimable;
use crate::stats::distribution::{chi_square, noncentral_chi_square};
use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input, require_that};
use crate::stats::root::try_brent;

/// Beyond it power is 1 for any level that a float can tell from 0.
const MOST_NONCENTRALITY: f64 = 1e8;
/// Degrees of freedom of one plan.
const MOST_DEGREES: f64 = 1e6;

/// Chance that a χ² test of level `alpha` rejects.
///
/// `noncentrality` is that of one customer times all customers.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a noncentrality outside \[0, 10⁸\], degrees of freedom outside (0, 10⁶\] or a
/// level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::power::omnibus::power;
/// // statsmodels `GofChisquarePower`: effect size 0.1, 1,000 customers, four cells.
/// assert!((power(0.1 * 0.1 * 1000.0, 3.0, 0.05)? - 0.761_063_063_736_688_7).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Cohen (1988), Statistical Power Analysis, 2nd ed., chapter 7.
pub fn power(noncentrality: f64, degrees_of_freedom: f64, alpha: f64) -> Result<f64, NotEstimable> {
    let possible = (0.0..=MOST_NONCENTRALITY).contains(&noncentrality);
    require_that(possible, "the noncentrality", noncentrality, "from 0 to 10^8")?;
    let possible = degrees_of_freedom > 0.0 && degrees_of_freedom <= MOST_DEGREES;
    require_that(possible, "the degrees of freedom", degrees_of_freedom, "above 0 and at most 10^6")?;
    let critical = chi_square::upper_quantile(open_fraction("alpha", alpha)?, degrees_of_freedom);
    let critical = finite("the critical value", critical)?;
    Ok(noncentral_chi_square::sf(critical, degrees_of_freedom, noncentrality))
}

/// The noncentrality that a wanted power needs: over the customers it is the least effect, over one customer's the
/// customers.
///
/// # Errors
/// As [`power`], and [`NotEstimable::ImpossibleInput`] for a power outside (0, 1) or not above the level.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::omnibus::required_noncentrality;
/// assert!((required_noncentrality(3.0, 0.05, 0.8)? - 10.902_563_290_133_262).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn required_noncentrality(
    degrees_of_freedom: f64,
    alpha: f64,
    wanted_power: f64,
) -> Result<f64, NotEstimable> {
    open_fraction("the power", wanted_power)?;
    open_fraction("alpha", alpha)?;
    require_that(wanted_power > alpha, "the power", wanted_power, "above the level")?;
    let missing = |noncentrality: f64| Ok(power(noncentrality, degrees_of_freedom, alpha)? - wanted_power);
    let mut upper = 1.0;
    while missing(upper)? < 0.0 {
        upper *= 2.0;
    }
    if missing(0.0)? >= 0.0 {
        return Ok(0.0);
    }
    try_brent("the noncentrality", missing, 0.0, upper)
}

/// Customers of all arms for a wanted power, from one customer's noncentrality.
///
/// # Errors
/// [`NotEstimable::NoEffect`] for a noncentrality of 0, otherwise as [`required_noncentrality`].
///
/// # Examples
/// ```
/// use experiment_core::stats::power::omnibus::sample_size;
/// assert!((sample_size(0.1 * 0.1, 3.0, 0.05, 0.8)? - 1_090.256_329_013_326).abs() < 1e-6);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    of_one_customer: f64,
    degrees_of_freedom: f64,
    alpha: f64,
    wanted_power: f64,
) -> Result<f64, NotEstimable> {
    if of_one_customer == 0.0 {
        return Err(NotEstimable::NoEffect { effect: 0.0 });
    }
    positive_input("the noncentrality", of_one_customer)?;
    let needed = required_noncentrality(degrees_of_freedom, alpha, wanted_power)?;
    finite("the sample size", needed / of_one_customer)
}

/// One customer's noncentrality for rates of several arms: Σ share (p − p̄)²/(p̄(1 − p̄)), arms less 1 degrees of freedom.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for fewer than two arms, lists of different length, shares not above 0 or rates
/// outside \[0, 1\]; [`NotEstimable::NoVariation`] when all rates are 0 or all are 1.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::omnibus::of_proportions;
/// // p̄ = 0.12: (0.02² + 0.02²)/2/(0.12 · 0.88)
/// assert!((of_proportions(&[1.0, 1.0], &[0.1, 0.14])? - 0.0004 / 0.1056).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn of_proportions(shares: &[f64], rates: &[f64]) -> Result<f64, NotEstimable> {
    for rate in rates {
        require_that((0.0..=1.0).contains(rate), "a rate", *rate, "between 0 and 1")?;
    }
    let (middle, spread) = middle_and_spread(shares, rates)?;
    let variance = middle * (1.0 - middle);
    if variance <= 0.0 {
        return Err(NotEstimable::NoVariation { control: middle, variant: middle });
    }
    finite("the noncentrality", spread / variance)
}

/// One customer's noncentrality for means of several arms with a common `variance`: Σ share (μ − μ̄)²/σ².
///
/// # Errors
/// As [`of_proportions`], and for a variance not above 0 or means that are not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::omnibus::{of_means, power};
/// let of_one = of_means(&[3.0, 3.0, 4.0], &[5.0, 5.2, 5.5], 4.0)?;
/// assert!((power(1000.0 * of_one, 2.0, 0.05)? - 0.855_947_479_315_982_7).abs() < 1e-11);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn of_means(shares: &[f64], means: &[f64], variance: f64) -> Result<f64, NotEstimable> {
    positive_input("the variance", variance)?;
    for mean in means {
        finite_input("a mean", *mean)?;
    }
    finite("the noncentrality", middle_and_spread(shares, means)?.1 / variance)
}

fn middle_and_spread(shares: &[f64], values: &[f64]) -> Result<(f64, f64), NotEstimable> {
    require_that(values.len() >= 2, "the number of arms", values.len() as f64, "at least 2")?;
    let fits = shares.len() == values.len();
    require_that(fits, "the number of shares", shares.len() as f64, "one an arm")?;
    for share in shares {
        positive_input("a share", *share)?;
    }
    let total = finite("the sum of the shares", shares.iter().sum())?;
    let weighted = || shares.iter().map(|share| share / total).zip(values);
    let middle: f64 = weighted().map(|(share, value)| share * value).sum();
    let spread = weighted().map(|(share, value)| share * (value - middle) * (value - middle)).sum();
    Ok((finite("the middle", middle)?, finite("the spread", spread)?))
}
