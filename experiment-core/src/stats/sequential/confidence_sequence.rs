//! Asymptotic confidence sequences: intervals that hold at all times together, for any estimate with a
//! standard error.
//!
//! # References
//! Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Time-uniform central limit theory and asymptotic
//! confidence sequences, Annals of Statistics 52(6), arXiv:2103.06476v7.

use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input};
use crate::stats::{Alternative, Interval, NotEstimable, TestOptions};

/// An estimate as it stands at one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookEstimate {
    /// Customers of both arms together.
    pub n: u64,
    /// The effect, variant minus control, absolute or relative.
    pub effect: f64,
    /// Its standard error, above 0.
    pub std_error: f64,
}

/// One look at a confidence sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequenceLook {
    /// Width of the mixture; from [`mixture_width`].
    pub rho: f64,
    /// Covers the effect at all looks together, at the level that was asked for.
    pub interval: Interval,
    /// Natural logarithm of the evidence against "no effect"; one-sided, −∞ for an effect on the other side.
    pub log_e_value: f64,
    /// The level at which `interval` would just leave out 0, but at most 1. Valid at any look.
    pub always_valid_p_value: f64,
}

/// Interval and p-value that hold whenever they are looked at.
///
/// `tuning` is the number of customers, both arms together, at which the interval is to be tightest; it must
/// be fixed beforehand. Holds from a few hundred customers on: below, the normal approximation is what fails.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] without customers, [`NotEstimable::ImpossibleInput`] for a standard error or
/// tuning not above 0, a level outside (0, 1) or (one-sided) not above 0.5, or anything not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::sequential::confidence_sequence::{LookEstimate, asymptotic};
/// let look = LookEstimate { n: 10_000, effect: 0.03, std_error: 0.01 };
/// let sequence = asymptotic(&look, 5_000.0, &TestOptions::two_sided(0.95))?;
/// assert!((sequence.interval.lower + 0.000_614_772_188_674_170_8).abs() < 1e-12);
/// assert!((sequence.always_valid_p_value - 0.059_578_892_483_138_926).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Eqs. 9 (two-sided) and 134 (one-sided), 155 (p-value). As GrowthBook, n is both arms together and
/// √n · `std_error` stands for σ.
pub fn asymptotic(
    look: &LookEstimate,
    tuning: f64,
    options: &TestOptions,
) -> Result<SequenceLook, NotEstimable> {
    asymptotic_of_width(look, mixture_width(tuning, options)?, options)
}

/// [`asymptotic`] with the width of the mixture given: one sequence read at several levels, so that an interval
/// at 1 − α/m leaves out 0 exactly when m times the p-value is at most α.
///
/// # Errors
/// As [`asymptotic`], and for a `rho` that is not above 0.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::sequential::confidence_sequence::{LookEstimate, asymptotic_of_width, mixture_width};
/// let look = LookEstimate { n: 10_000, effect: 0.03, std_error: 0.01 };
/// let rho = mixture_width(5_000.0, &TestOptions::two_sided(0.95))?;
/// // At the level of its own p-value, an interval ends at 0.
/// let at_p = TestOptions::two_sided(1.0 - 0.059_578_892_483_138_926);
/// assert!(asymptotic_of_width(&look, rho, &at_p)?.interval.lower.abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn asymptotic_of_width(
    look: &LookEstimate,
    rho: f64,
    options: &TestOptions,
) -> Result<SequenceLook, NotEstimable> {
    if look.n == 0 {
        return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
    }
    finite_input("the effect", look.effect)?;
    positive_input("the standard error", look.std_error)?;
    positive_input("the width of the mixture", rho)?;
    let alpha = 1.0 - open_fraction("confidence level", options.confidence_level)?;
    // n ρ², the mixture's variance in units of the estimate's.
    let spread = finite("the mixture", look.n as f64 * rho * rho)?;
    let z = finite("the statistic", look.effect / look.std_error)?;
    let ln_scale = 0.5 * libm::log1p(spread);
    let exponent = |z: f64| 0.5 * z * z * (spread / (1.0 + spread));
    let (bound, log_e_value) = match options.alternative {
        Alternative::TwoSided => (ln_scale - libm::log(alpha), exponent(z) - ln_scale),
        Alternative::Greater => one_sided(ln_scale, alpha, z, exponent(z)),
        Alternative::Less => one_sided(ln_scale, alpha, -z, exponent(z)),
    };
    // Evidence of 0 is −∞; only the other end is out of range.
    if log_e_value == f64::INFINITY {
        return Err(NotEstimable::Overflow { quantity: "the evidence" });
    }
    let half_width = finite("the interval", look.std_error * (2.0 * (1.0 + spread) / spread * bound).sqrt())?;
    Ok(SequenceLook {
        rho,
        interval: options.keep_ends(look.effect - half_width, look.effect + half_width),
        log_e_value,
        always_valid_p_value: libm::exp(-log_e_value).min(1.0),
    })
}

/// ρ, for which the interval is about tightest at `tuning` customers of both arms together.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] as [`asymptotic`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::sequential::confidence_sequence::mixture_width;
/// let rho = mixture_width(5_000.0, &TestOptions::two_sided(0.95))?;
/// assert!((rho - 0.039_840_066_771_373_68).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Eq. 161, at 2α for a one-sided sequence.
pub fn mixture_width(tuning: f64, options: &TestOptions) -> Result<f64, NotEstimable> {
    positive_input("the tuning", tuning)?;
    let alpha = 1.0 - open_fraction("confidence level", options.confidence_level)?;
    let alpha = match options.alternative {
        Alternative::TwoSided => alpha,
        Alternative::Greater | Alternative::Less => {
            open_fraction("twice the level's complement", 2.0 * alpha)?
        }
    };
    let twice_ln = -2.0 * libm::log(alpha);
    finite("the mixture", ((twice_ln + libm::log1p(twice_ln)) / tuning).sqrt())
}

/// The bound ln(1 + √(1 + nρ²)/2α), and its inverse as evidence: none on the other side.
fn one_sided(ln_scale: f64, alpha: f64, z: f64, exponent: f64) -> (f64, f64) {
    let bound = libm::log1p(libm::exp(ln_scale) / (2.0 * alpha));
    if z <= 0.0 {
        return (bound, f64::NEG_INFINITY);
    }
    // ln(2 (exp(exponent) − 1)), also where the exponential overflows or the exponent is tiny.
    let ln_excess = if exponent > 1.0 {
        exponent + libm::log1p(-libm::exp(-exponent))
    } else {
        libm::log(libm::expm1(exponent).max(f64::MIN_POSITIVE))
    };
    (bound, std::f64::consts::LN_2 + ln_excess - ln_scale)
}
