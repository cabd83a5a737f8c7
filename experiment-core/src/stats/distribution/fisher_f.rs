//! The F distribution, with degrees of freedom of the numerator and the denominator above 0.

use crate::stats::distribution::beta::ln_incomplete_beta;
use crate::stats::distribution::gamma::LnTails;
use std::f64::consts::LN_10;

/// P(X ≤ x).
///
/// ```
/// use experiment_core::stats::distribution::fisher_f;
/// assert!((fisher_f::cdf(0.5, 4.0, 7.0) - 0.262_313_509_367_348_76).abs() < 1e-14);
/// ```
pub fn cdf(x: f64, numerator: f64, denominator: f64) -> f64 {
    tails(x, numerator, denominator).map_or(f64::NAN, |tails| libm::exp(tails.lower))
}

/// P(X > x), accurate relative to itself down to the smallest floats.
///
/// ```
/// use experiment_core::stats::distribution::fisher_f;
/// assert!((fisher_f::sf(1000.0, 3.0, 200.0) / 4.248_238_485_115_1e-120 - 1.0).abs() < 1e-12);
/// ```
pub fn sf(x: f64, numerator: f64, denominator: f64) -> f64 {
    tails(x, numerator, denominator).map_or(f64::NAN, |tails| libm::exp(tails.upper))
}

/// log₁₀ P(X > x).
///
/// ```
/// use experiment_core::stats::distribution::fisher_f;
/// // 60-digit arithmetic; SciPy's logarithm is −∞ here.
/// assert!((fisher_f::log10_sf(1e6, 3.0, 2000.0) + 3_174.828_218_949_762_9).abs() < 1e-8);
/// ```
pub fn log10_sf(x: f64, numerator: f64, denominator: f64) -> f64 {
    tails(x, numerator, denominator).map_or(f64::NAN, |tails| tails.upper / LN_10)
}

/// n X/(n X + m) is beta with shapes n/2 and m/2.
fn tails(x: f64, numerator: f64, denominator: f64) -> Option<LnTails> {
    let open = |shape: f64| shape > 0.0 && shape.is_finite();
    if !open(numerator) || !open(denominator) || x.is_nan() {
        return None;
    }
    let odds = numerator / denominator * x.max(0.0);
    let (part, rest) = (1.0 / (1.0 + 1.0 / odds), 1.0 / (1.0 + odds));
    Some(ln_incomplete_beta(part, rest, numerator / 2.0, denominator / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::distribution::student_t;
    use statrs::distribution::{ContinuousCDF, FisherSnedecor};

    #[test]
    fn agrees_with_statrs_where_its_tails_hold() {
        for (n, m) in [(1.0, 1.0), (3.0, 7.5), (12.0, 4_000.0)] {
            let theirs = FisherSnedecor::new(n, m).unwrap();
            for x in [0.01, 0.4, 1.0, 2.5] {
                assert!((cdf(x, n, m) - theirs.cdf(x)).abs() < 1e-11, "{x} of ({n}, {m})");
            }
        }
    }

    /// With one degree of freedom it is the square of Student's t.
    #[test]
    fn is_the_square_of_t() {
        for (t, m) in [(0.1, 3.0), (2.0, 1.0), (40.0, 1e6), (40.0, 12.5)] {
            let squared = log10_sf(t * t, 1.0, m);
            let twice = student_t::log10_sf(t, m) + 2f64.log10();
            assert!((squared - twice).abs() < 1e-10 * twice.abs().max(1.0), "{squared} {twice}");
        }
    }

    #[test]
    fn ends_are_certain() {
        assert_eq!((sf(0.0, 2.0, 5.0), sf(f64::INFINITY, 2.0, 5.0)), (1.0, 0.0));
        assert_eq!((sf(-1.0, 2.0, 5.0), cdf(-1.0, 2.0, 5.0)), (1.0, 0.0));
        assert!(sf(1.0, 0.0, 5.0).is_nan() && sf(f64::NAN, 2.0, 5.0).is_nan());
    }
}
