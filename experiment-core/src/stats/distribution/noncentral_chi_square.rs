//! The noncentral χ² distribution, for the power of χ² tests.

use crate::stats::distribution::chi_square;
use crate::stats::distribution::gamma::ln_leading;

/// Standard deviations around the most likely mixture term beyond which weights are below 1e-30.
const REACH: f64 = 12.0;

/// P(X > x) for `degrees_of_freedom` > 0 and `noncentrality` ≥ 0: a Poisson mixture of central χ² tails.
///
/// Accurate to about 1e-13 absolutely; it serves power, not p-values. The cost grows with the root of the
/// noncentrality.
///
/// ```
/// use experiment_core::stats::distribution::noncentral_chi_square;
/// let sf = noncentral_chi_square::sf(7.814_727_903_251_179, 3.0, 10.0);
/// assert!((sf - 0.761_063_063_736_688_5).abs() < 1e-12);
/// ```
///
/// # References
/// NIST Digital Library of Mathematical Functions, 8.8.2 (from one order of the tail to the next); Johnson, Kotz &
/// Balakrishnan (1995), Continuous Univariate Distributions 2, 2nd ed., eq. 29.3.
pub fn sf(x: f64, degrees_of_freedom: f64, noncentrality: f64) -> f64 {
    let possible = degrees_of_freedom > 0.0 && degrees_of_freedom.is_finite();
    if x.is_nan() || !possible || !(0.0..f64::INFINITY).contains(&noncentrality) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let mean = noncentrality / 2.0;
    let spread = REACH * mean.sqrt() + 30.0;
    let (first, last) = ((mean - spread).max(0.0).floor(), (mean + spread).ceil());
    let ln_weight = |order: f64| if order == 0.0 { -mean } else { ln_leading(order, mean) };
    let half = degrees_of_freedom / 2.0;
    // Q(a + 1, x) = Q(a, x) + xᵃ e⁻ˣ/Γ(a + 1): only positive terms are added.
    let mut tail = chi_square::sf(x, degrees_of_freedom + 2.0 * first);
    let (mut sum, mut order) = (0.0, first);
    while order <= last {
        let weight = if mean == 0.0 { f64::from(order == 0.0) } else { libm::exp(ln_weight(order)) };
        sum += weight * tail.min(1.0);
        tail += libm::exp(ln_leading(half + order, x / 2.0));
        order += 1.0;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1, `ncx2`.
    #[test]
    fn agrees_with_another_implementation() {
        assert!((1.0 - sf(0.5, 3.0, 10.0) - 0.000_863_011_854_577_389_1).abs() < 1e-13);
        assert!((sf(1e5, 2.0, 9.9e4) - 0.056_650_761_664_548_056).abs() < 1e-11);
        assert_eq!(sf(3.0, 4.0, 0.0), chi_square::sf(3.0, 4.0));
    }

    #[test]
    fn ends_are_certain_and_the_rest_is_outside() {
        assert_eq!((sf(0.0, 2.0, 5.0), sf(f64::INFINITY, 2.0, 5.0)), (1.0, 0.0));
        assert!(sf(1.0, 0.0, 1.0).is_nan() && sf(1.0, 1.0, -1.0).is_nan() && sf(f64::NAN, 1.0, 1.0).is_nan());
    }
}
