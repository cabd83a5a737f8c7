//! The chi-square distribution, with `degrees_of_freedom` > 0.

use crate::stats::distribution::gamma::{LnTails, ln_incomplete_gamma, ln_leading};
use crate::stats::root::newton;
use std::f64::consts::LN_10;

/// e⁻⁷⁰⁰ is near the smallest float and e⁷⁰⁰ near the largest.
const LARGEST_LN: f64 = 700.0;

/// P(X ≤ x).
///
/// ```
/// use experiment_core::stats::distribution::chi_square;
/// assert!((chi_square::cdf(3.841_458_820_694_124, 1.0) - 0.95).abs() < 1e-14);
/// ```
pub fn cdf(x: f64, degrees_of_freedom: f64) -> f64 {
    tails(x, degrees_of_freedom).map_or(f64::NAN, |tails| libm::exp(tails.lower))
}

/// P(X > x), accurate relative to itself down to the smallest floats.
///
/// ```
/// use experiment_core::stats::distribution::chi_square;
/// assert!((chi_square::sf(1000.0, 2.0) / 7.124_576_406_741_286e-218 - 1.0).abs() < 1e-12);
/// ```
pub fn sf(x: f64, degrees_of_freedom: f64) -> f64 {
    tails(x, degrees_of_freedom).map_or(f64::NAN, |tails| libm::exp(tails.upper))
}

/// log₁₀ P(X > x).
///
/// ```
/// use experiment_core::stats::distribution::chi_square;
/// assert!((chi_square::log10_sf(10_000.0, 2.0) + 2171.472_409_516_259).abs() < 1e-9);
/// ```
pub fn log10_sf(x: f64, degrees_of_freedom: f64) -> f64 {
    tails(x, degrees_of_freedom).map_or(f64::NAN, |tails| tails.upper / LN_10)
}

/// The point with probability `p` below it.
///
/// ```
/// use experiment_core::stats::distribution::chi_square;
/// assert!((chi_square::quantile(0.95, 1.0) - 3.841_458_820_694_124).abs() < 1e-12);
/// ```
pub fn quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    invert(p, 1.0 - p, degrees_of_freedom)
}

/// The point with probability `q` above it.
///
/// ```
/// use experiment_core::stats::distribution::chi_square;
/// assert!((chi_square::upper_quantile(0.001, 2.0) - 13.815_510_557_964_274).abs() < 1e-12);
/// ```
pub fn upper_quantile(q: f64, degrees_of_freedom: f64) -> f64 {
    invert(1.0 - q, q, degrees_of_freedom)
}

fn tails(x: f64, degrees_of_freedom: f64) -> Option<LnTails> {
    (degrees_of_freedom > 0.0 && degrees_of_freedom.is_finite() && !x.is_nan())
        .then(|| ln_incomplete_gamma(0.5 * degrees_of_freedom, 0.5 * x))
}

/// Newton on the logarithm of the smaller tail as a function of ln x, which is concave.
fn invert(p: f64, q: f64, degrees_of_freedom: f64) -> f64 {
    if !(degrees_of_freedom > 0.0 && degrees_of_freedom.is_finite() && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    if p == 0.0 || q == 0.0 {
        return if p == 0.0 { 0.0 } else { f64::INFINITY };
    }
    let a = 0.5 * degrees_of_freedom;
    let from_below = p <= q;
    let target = libm::log(p.min(q));
    let distance = |ln_half_x: f64| {
        let half_x = libm::exp(ln_half_x);
        let tails = ln_incomplete_gamma(a, half_x);
        let tail = if from_below { tails.lower } else { tails.upper };
        let slope = libm::exp(ln_leading(a, half_x) + libm::log(a) - tail);
        (tail - target, if from_below { slope } else { -slope })
    };
    // A root below the smallest float is 0.
    if from_below && distance(-LARGEST_LN).0 > 0.0 {
        return 0.0;
    }
    // Above the root of the upper tail (Laurent & Massart 2000, lemma 1), whence Newton descends steadily.
    let start = if from_below { a } else { a - target + libm::sqrt(-4.0 * a * target) };
    // Both tails are log-concave in ln x, so Newton settles; its failure would be a bug, shown as NaN.
    newton("chi-square quantile", distance, libm::log(start), (-LARGEST_LN, LARGEST_LN))
        .map_or(f64::NAN, |ln| 2.0 * libm::exp(ln))
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    #[test]
    fn agrees_with_statrs_where_its_tails_hold() {
        for df in [1.0, 2.0, 9.0, 250.0] {
            let theirs = ChiSquared::new(df).unwrap();
            for x in [0.1, 1.0, 4.0, 20.0, 250.0] {
                assert!((cdf(x, df) - theirs.cdf(x)).abs() < 1e-11, "{x} at {df}");
            }
        }
    }

    #[test]
    fn quantile_inverts_both_tails() {
        for df in [0.5, 1.0, 2.0, 7.0, 100.0, 1e5, 1e9] {
            for p in [1e-60, 1e-20, 1e-3, 0.2, 0.5, 0.9, 0.999] {
                let back = cdf(quantile(p, df), df);
                assert!((back / p - 1.0).abs() < 1e-7, "cdf {p:e} at {df}: {back:e}");
                let back = sf(upper_quantile(p, df), df);
                assert!((back / p - 1.0).abs() < 1e-7, "sf {p:e} at {df}: {back:e}");
            }
        }
    }
}
