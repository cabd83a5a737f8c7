//! The beta distribution: the regularized incomplete beta function, in log space.
//!
//! # References
//! NIST Digital Library of Mathematical Functions, 8.17.22 (continued fraction, by the modified Lentz
//! method). Loader, C. (2000), Fast and accurate computation of binomial probabilities (the deviance form of
//! the leading factor, which keeps its digits for shapes of 10⁹).

use crate::stats::distribution::LN_SQRT_2PI;
use crate::stats::distribution::gamma::{LnTails, deviance, ln_complement, stirling_error};
use crate::stats::root::newton;
use std::f64::consts::LN_10;

/// Terms that the continued fraction may take; it needs a few √(a + b), 10⁵ for 10⁹.
const MAX_TERMS: u32 = 20_000_000;
/// e⁻⁷⁰⁰ is near the smallest float.
const LARGEST_LOGIT: f64 = 700.0;

/// P(X ≤ x) for shapes `a`, `b` > 0.
///
/// ```
/// use experiment_core::stats::distribution::beta;
/// assert!((beta::cdf(0.3, 2.0, 3.0) - 0.3483).abs() < 1e-15);
/// ```
pub fn cdf(x: f64, a: f64, b: f64) -> f64 {
    tails(x, a, b).map_or(f64::NAN, |tails| libm::exp(tails.lower))
}

/// P(X > x), accurate relative to itself down to the smallest floats.
///
/// ```
/// use experiment_core::stats::distribution::beta;
/// assert!((beta::sf(0.3, 2.0, 3.0) - 0.6517).abs() < 1e-15);
/// ```
pub fn sf(x: f64, a: f64, b: f64) -> f64 {
    tails(x, a, b).map_or(f64::NAN, |tails| libm::exp(tails.upper))
}

/// log₁₀ P(X > x).
///
/// ```
/// use experiment_core::stats::distribution::beta;
/// assert!((beta::log10_sf(0.9, 1.0, 500.0) + 500.0).abs() < 1e-10);
/// ```
pub fn log10_sf(x: f64, a: f64, b: f64) -> f64 {
    tails(x, a, b).map_or(f64::NAN, |tails| tails.upper / LN_10)
}

/// The point with probability `p` below it.
///
/// ```
/// use experiment_core::stats::distribution::beta;
/// assert!((beta::quantile(0.3483, 2.0, 3.0) - 0.3).abs() < 1e-14);
/// ```
pub fn quantile(p: f64, a: f64, b: f64) -> f64 {
    invert(p, 1.0 - p, a, b)
}

/// The point with probability `q` above it.
///
/// ```
/// use experiment_core::stats::distribution::beta;
/// assert!((beta::upper_quantile(0.6517, 2.0, 3.0) - 0.3).abs() < 1e-14);
/// ```
pub fn upper_quantile(q: f64, a: f64, b: f64) -> f64 {
    invert(1.0 - q, q, a, b)
}

fn in_domain(a: f64, b: f64) -> bool {
    a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite()
}

fn tails(x: f64, a: f64, b: f64) -> Option<LnTails> {
    (in_domain(a, b) && !x.is_nan())
        .then(|| ln_incomplete_beta(x.clamp(0.0, 1.0), (1.0 - x).clamp(0.0, 1.0), a, b))
}

/// Newton on the logarithm of the smaller tail as a function of the logit, which is concave.
fn invert(p: f64, q: f64, a: f64, b: f64) -> f64 {
    if !in_domain(a, b) || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || q == 0.0 {
        return if p == 0.0 { 0.0 } else { 1.0 };
    }
    let from_below = p <= q;
    let target = libm::log(p.min(q));
    let distance = |logit: f64| {
        let (x, y) = (1.0 / (1.0 + libm::exp(-logit)), 1.0 / (1.0 + libm::exp(logit)));
        let tails = ln_incomplete_beta(x, y, a, b);
        let tail = if from_below { tails.lower } else { tails.upper };
        let slope = libm::exp(ln_leading(x, y, a, b) - tail);
        (tail - target, if from_below { slope } else { -slope })
    };
    // A root beyond the smallest float is 0 or 1.
    let farthest = if from_below { -LARGEST_LOGIT } else { LARGEST_LOGIT };
    if distance(farthest).0 > 0.0 {
        return if from_below { 0.0 } else { 1.0 };
    }
    // Both tails are log-concave in the logit, so Newton settles; its failure would be a bug, shown as NaN.
    newton("beta quantile", distance, libm::log(a / b), (-LARGEST_LOGIT, LARGEST_LOGIT))
        .map_or(f64::NAN, |logit| 1.0 / (1.0 + libm::exp(-logit)))
}

/// I_x(a, b) and I_y(b, a), as logarithms; `y` is 1 − `x`, passed on its own to keep its digits.
pub(super) fn ln_incomplete_beta(x: f64, y: f64, a: f64, b: f64) -> LnTails {
    if x <= 0.0 {
        return LnTails { lower: f64::NEG_INFINITY, upper: 0.0 };
    }
    if y <= 0.0 {
        return LnTails { lower: 0.0, upper: f64::NEG_INFINITY };
    }
    let leading = ln_leading(x, y, a, b);
    if b * x <= a * y {
        let lower = leading + libm::log(fraction(x, y, a, b));
        LnTails { lower, upper: ln_complement(lower) }
    } else {
        let upper = leading + libm::log(fraction(y, x, b, a));
        LnTails { lower: ln_complement(upper), upper }
    }
}

/// ln of xᵃ yᵇ / B(a, b).
fn ln_leading(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let excess = b * x - a * y;
    0.5 * (libm::log(a / n) + libm::log(b)) - LN_SQRT_2PI + stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x, excess)
        - deviance(b, n * y, -excess)
}

/// The continued fraction of I_x(a, b) without its leading factor, for x up to the mean.
///
/// The even part of 8.17.22, which takes its argument as a y − b x: no digits are lost when x or y is tiny.
fn fraction(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE / f64::EPSILON;
    let away_from_zero = |value: f64| if value.abs() < tiny { tiny } else { value };
    let to_mean = a * y - b * x;
    let mut c = away_from_zero(a * (to_mean + 1.0) / (a + 1.0));
    let mut d = 0.0;
    let mut value = c;
    for m in 1..MAX_TERMS {
        let m = f64::from(m);
        let width = a + 2.0 * m;
        let part = m * (b - m) * x / (width - 1.0);
        let above = (a + m - 1.0) / (width - 1.0) * (a + b + m - 1.0) * x * part;
        let below = m + part + (a + m) * (to_mean + 1.0 + m * (1.0 + y)) / (width + 1.0);
        d = 1.0 / away_from_zero(below + above * d);
        c = away_from_zero(below + above / c);
        let factor = c * d;
        value *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    1.0 / value
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Beta, ContinuousCDF};

    #[test]
    fn agrees_with_statrs_where_its_tails_hold() {
        for (a, b) in [(0.5, 0.5), (2.0, 30.0), (400.0, 60.0)] {
            let theirs = Beta::new(a, b).unwrap();
            for x in [0.01, 0.1, 0.5, 0.85, 0.99] {
                assert!((cdf(x, a, b) - theirs.cdf(x)).abs() < 1e-11, "{x} of ({a}, {b})");
            }
        }
    }

    #[test]
    fn quantile_inverts_both_tails() {
        for (a, b) in [
            (0.5, 0.5),
            (0.5, 20.5),
            (1.0, 1.0),
            (3.0, 999_998.0),
            (1e3, 1e3),
            (1.2e8, 8.8e8),
            (1.0, 4e8),
            (1e9, 0.5),
        ] {
            for p in [1e-60, 1e-9, 0.025, 0.5, 0.9] {
                let back = cdf(quantile(p, a, b), a, b);
                // The last bit of a quantile near 1 weighs a times as much.
                assert!((back / p - 1.0).abs() < 1e-6, "cdf {p:e} of ({a}, {b}): {back:e}");
            }
        }
    }

    #[test]
    fn quantile_below_the_smallest_float_is_zero() {
        assert_eq!(quantile(1e-300, 0.5, 0.5), 0.0);
        assert_eq!(upper_quantile(1e-300, 0.5, 0.5), 1.0);
    }
}
