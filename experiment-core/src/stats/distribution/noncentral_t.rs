//! The noncentral t distribution, for planning.
//!
//! With S = √(χ²_ν/ν), P(T > t) = E[Φ(δ − t S)]: an integral over the chi distribution, taken in the
//! variable u = ln S by the trapezoidal rule, whose error falls exponentially for such integrands
//! (Trefethen & Weideman 2014, SIAM Review 56(3), 385–458, doi:10.1137/130932132). The weights are
//! normalised by their own sum, so no gamma function is needed and 10⁹ degrees of freedom lose no digits.
//! Where Φ is a sharp step on the scale of S, the same probability is taken the other way round, as
//! E[F_S((Z + δ)/t)] over the normal distribution.

use crate::stats::distribution::{chi_square, normal};

/// Nodes per standard deviation of the narrowest feature of the integrand.
const NODES_PER_WIDTH: f64 = 12.0;
/// Only degrees of freedom below a hundredth would take more.
const MAX_NODES: f64 = 1e5;
/// Weights below e⁻⁴² of the largest are left out.
const CUT_OFF: f64 = 42.0;
/// From this many normal standard deviations in one of S on, Φ counts as a sharp step.
const SHARP: f64 = 20.0;

/// P(T > t) for `degrees_of_freedom` > 0 and a finite `noncentrality`.
///
/// ```
/// use experiment_core::stats::distribution::noncentral_t;
/// // Power of a one-sided t test of 64 against 64 for half a standard deviation.
/// let power = noncentral_t::sf(1.978_970_602_285_9, 126.0, 8f64.sqrt());
/// assert!((power - 0.801_459_5).abs() < 1e-6);
/// ```
pub fn sf(t: f64, degrees_of_freedom: f64, noncentrality: f64) -> f64 {
    let nu = degrees_of_freedom;
    if t.is_nan() || nu.is_nan() || nu <= 0.0 || !noncentrality.is_finite() {
        return f64::NAN;
    }
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    if t < 0.0 {
        return 1.0 - sf(-t, nu, -noncentrality);
    }
    let spread = 1.0 / libm::sqrt(2.0 * nu);
    if (1.0 + noncentrality.abs()) * spread > SHARP {
        return over_normal(t, nu, noncentrality);
    }
    // Weight of u = ln S, 1 at its peak u = 0: exp(ν (u + ½ − ½ e²ᵘ)).
    let ln_weight = |u: f64| -0.5 * nu * (libm::expm1(2.0 * u) - 2.0 * u);
    let reach = libm::sqrt(2.0 * CUT_OFF) * spread;
    let width = spread.min(1.0 / (1.0 + noncentrality.abs()));
    let (lower, upper) = (-(CUT_OFF / nu + reach), reach);
    average(lower, upper, width, |u| (libm::exp(ln_weight(u)), normal::cdf(noncentrality - t * libm::exp(u))))
}

/// E[F_S((Z + δ)/t)] for t ≥ 0.
fn over_normal(t: f64, nu: f64, noncentrality: f64) -> f64 {
    let reach = libm::sqrt(2.0 * CUT_OFF);
    average(-reach, reach, 1.0, |z| {
        let scaled = (z + noncentrality) / t;
        let probability = if scaled <= 0.0 { 0.0 } else { chi_square::cdf(nu * scaled * scaled, nu) };
        (libm::exp(-0.5 * z * z), probability)
    })
}

/// The mean of a function under weights, both given by `at`, by the trapezoidal rule.
fn average(lower: f64, upper: f64, width: f64, at: impl Fn(f64) -> (f64, f64)) -> f64 {
    let nodes = libm::ceil((upper - lower) / width * NODES_PER_WIDTH).min(MAX_NODES) as u32;
    let step = (upper - lower) / f64::from(nodes);
    let (mut sum, mut weights) = (0.0, 0.0);
    for index in 0..=nodes {
        let (weight, value) = at(lower + f64::from(index) * step);
        sum += weight * value;
        weights += weight;
    }
    sum / weights
}

/// P(T ≤ t).
///
/// ```
/// use experiment_core::stats::distribution::noncentral_t;
/// assert!((noncentral_t::cdf(0.0, 5.0, 0.0) - 0.5).abs() < 1e-15);
/// ```
pub fn cdf(t: f64, degrees_of_freedom: f64, noncentrality: f64) -> f64 {
    sf(-t, degrees_of_freedom, -noncentrality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_round_agree_where_both_work() {
        for (nu, noncentrality) in [(3.0, 40.0), (5.0, 55.0), (10.0, 80.0)] {
            for t in [0.5 * noncentrality, noncentrality, 1.7 * noncentrality] {
                let (one, other) = (sf(t, nu, noncentrality), over_normal(t, nu, noncentrality));
                assert!((one - other).abs() < 1e-11, "{nu} {noncentrality} {t}: {one} {other}");
            }
        }
    }

    #[test]
    fn no_noncentrality_is_student() {
        for (t, nu) in [(0.3, 1.0), (2.0, 7.0), (-1.5, 1e4), (1.0, 1e9)] {
            let want = crate::stats::distribution::student_t::sf(t, nu);
            assert!((sf(t, nu, 0.0) - want).abs() < 1e-13, "{t} {nu}");
        }
    }
}
