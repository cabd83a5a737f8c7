//! Student's t distribution, for any degrees of freedom from 1/1000 to 10⁹ and far beyond; no test has fewer than 1.
//!
//! Instead of the incomplete beta function, whose continued fraction and leading factor lose digits when
//! the degrees of freedom are large, the tail is one smooth integral. With y² = ν ln(1 + t²/ν) and
//! h(v) = √(v / (1 − e⁻ᵛ)),
//!
//! P(T > t) = K ∫_y^∞ φ(u) h(u²/ν) du,  K = Γ((ν+1)/2) / (Γ(ν/2) √(ν/2)),
//!
//! which tends to the normal tail as ν grows, and keeps full relative accuracy in the tail because φ(y)
//! stands before the integral. It is the substitution x = √(ν (e^{u²/ν} − 1)) in the density. Where u²/ν is small
//! throughout, h is expanded and the integral has a closed form.

use crate::stats::distribution::gamma::ln_half_step;
use crate::stats::distribution::normal;
use crate::stats::distribution::quadrature::integrate;
use crate::stats::distribution::{LN_SQRT_2PI, SQRT_2PI};
use crate::stats::root::newton;
use std::f64::consts::{LN_2, LN_10};

/// Fewer are outside the domain: the tail no longer falls within the range of a float.
const LEAST_DEGREES: f64 = 1e-3;
/// The integrand is cut off where it has fallen by e⁻⁴⁰ = 4e-18.
const CUT_OFF: f64 = 40.0;
const PANELS: u32 = 5;
/// h(v) by powers of v, from the Bernoulli numbers of v/(1 − e⁻ᵛ).
const STRETCH_SERIES: [f64; 8] = [
    1.0,
    1.0 / 4.0,
    1.0 / 96.0,
    -1.0 / 384.0,
    -1.0 / 10_240.0,
    19.0 / 368_640.0,
    79.0 / 61_931_520.0,
    -55.0 / 49_545_216.0,
];
/// Where y² + 20 is below this share of ν, the terms left out are below 1e-17 of the sum.
const SERIES_SHARE: f64 = 0.05;
/// Up to here φ(y) has all its digits.
const SERIES_LARGEST_Y2: f64 = 900.0;
/// Beyond it φ(y) is below the smallest float.
const FARTHEST_Y: f64 = 50.0;

/// P(T ≤ t).
///
/// ```
/// use experiment_core::stats::distribution::student_t;
/// assert!((student_t::cdf(2.0, 10.0) - 0.963_305_982_614_629_8).abs() < 1e-14);
/// ```
pub fn cdf(t: f64, degrees_of_freedom: f64) -> f64 {
    sf(-t, degrees_of_freedom)
}

/// P(T > t), accurate relative to itself down to the smallest floats.
///
/// ```
/// use experiment_core::stats::distribution::student_t;
/// assert!((student_t::sf(1.0, 1.0) - 0.25).abs() < 1e-15);
/// assert!((student_t::sf(1e100, 3.0) / 1.102_657_790_843_585e-300 - 1.0).abs() < 1e-12);
/// ```
pub fn sf(t: f64, degrees_of_freedom: f64) -> f64 {
    match y_squared(t, degrees_of_freedom) {
        None => f64::NAN,
        Some(y2) => {
            let tail = libm::exp(ln_tail(y2, degrees_of_freedom));
            if t < 0.0 { 1.0 - tail } else { tail }
        }
    }
}

/// log₁₀ P(T > t).
///
/// ```
/// use experiment_core::stats::distribution::student_t;
/// assert!((student_t::log10_sf(100.0, 1e9) + 2_173.860_683_408_05).abs() < 1e-9);
/// ```
pub fn log10_sf(t: f64, degrees_of_freedom: f64) -> f64 {
    match y_squared(t, degrees_of_freedom) {
        None => f64::NAN,
        Some(y2) => {
            let tail = ln_tail(y2, degrees_of_freedom);
            (if t < 0.0 { libm::log1p(-libm::exp(tail)) } else { tail }) / LN_10
        }
    }
}

/// The point with probability `p` below it.
///
/// ```
/// use experiment_core::stats::distribution::student_t;
/// assert!((student_t::quantile(0.975, 4.0) - 2.776_445_105_197_799).abs() < 1e-13);
/// ```
pub fn quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    -upper_quantile(p, degrees_of_freedom)
}

/// The point with probability `q` above it; infinite where it exceeds the largest float.
///
/// ```
/// use experiment_core::stats::distribution::student_t;
/// assert!((student_t::upper_quantile(0.025, 1.0) - 12.706_204_736_174_69).abs() < 1e-12);
/// ```
pub fn upper_quantile(q: f64, degrees_of_freedom: f64) -> f64 {
    let nu = degrees_of_freedom;
    if nu.is_nan() || nu < LEAST_DEGREES || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    if q > 0.5 {
        return -upper_quantile(1.0 - q, nu);
    }
    if q == 0.5 {
        return 0.0;
    }
    if q == 0.0 {
        return f64::INFINITY;
    }
    let target = libm::log(q);
    let ln_constant = ln_constant(nu);
    let distance = |y: f64| {
        let tail = ln_tail(y * y, nu);
        let ln_density = ln_constant - 0.5 * y * y - LN_SQRT_2PI + libm::log(stretch(y * y / nu));
        (tail - target, -libm::exp(ln_density - tail))
    };
    // The tail is log-concave in y for ν > ½, so Newton settles; its failure would be a bug, shown as NaN.
    match newton("t quantile", distance, normal::upper_quantile(q), (0.0, FARTHEST_Y)) {
        Ok(y) if nu == f64::INFINITY => y,
        Ok(y) => libm::sqrt(nu) * libm::sqrt(libm::expm1(y * y / nu)),
        Err(_) => f64::NAN,
    }
}

/// y² = ν ln(1 + t²/ν), or nothing outside the domain.
fn y_squared(t: f64, nu: f64) -> Option<f64> {
    if t.is_nan() || nu.is_nan() || nu < LEAST_DEGREES {
        return None;
    }
    if nu == f64::INFINITY {
        return Some(t * t);
    }
    let r = t.abs() / libm::sqrt(nu);
    // Where r² would overflow, ln(1 + r²) = 2 ln r.
    Some(if r > 1e150 { nu * 2.0 * libm::log(r) } else { nu * libm::log1p(r * r) })
}

/// ln of the upper tail from y ≥ 0.
fn ln_tail(y2: f64, nu: f64) -> f64 {
    if y2 == 0.0 {
        return -LN_2;
    }
    if y2 == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    let y = libm::sqrt(y2);
    if y2 <= SERIES_LARGEST_Y2 && y2 + 20.0 <= SERIES_SHARE * nu {
        return ln_constant(nu) + libm::log(series(y, nu));
    }
    // y s + s²/2 = CUT_OFF
    let reach = 2.0 * CUT_OFF / (y + libm::sqrt(y2 + 2.0 * CUT_OFF));
    let integrand = |s: f64| libm::exp(-s * (y + 0.5 * s)) * stretch((y + s) * (y + s) / nu);
    let integral = integrate(integrand, 0.0, reach, PANELS) / SQRT_2PI;
    ln_constant(nu) - 0.5 * y2 + libm::log(integral)
}

/// ∫_y^∞ φ(u) h(u²/ν) du term by term: ∫ u²ᵏ φ = (2k − 1) ∫ u²ᵏ⁻² φ + y²ᵏ⁻¹ φ(y). Some ten times as fast.
fn series(y: f64, nu: f64) -> f64 {
    let mut moment = normal::sf(y);
    let mut edge = y * normal::density(y);
    let (mut sum, mut scale) = (moment, 1.0);
    for (k, coefficient) in STRETCH_SERIES.iter().enumerate().skip(1) {
        moment = (2 * k - 1) as f64 * moment + edge;
        edge *= y * y;
        scale /= nu;
        sum += coefficient * scale * moment;
    }
    sum
}

fn ln_constant(nu: f64) -> f64 {
    if nu == f64::INFINITY { 0.0 } else { ln_half_step(0.5 * nu) }
}

/// h(v) = √(v / (1 − e⁻ᵛ))
fn stretch(v: f64) -> f64 {
    if v < 1e-300 { 1.0 } else { libm::sqrt(v / -libm::expm1(-v)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, StudentsT};

    #[test]
    fn agrees_with_statrs_where_its_tails_hold() {
        for df in [1.0, 2.5, 10.0, 300.0] {
            let theirs = StudentsT::new(0.0, 1.0, df).unwrap();
            for t in [-3.0, -0.4, 0.0, 0.7, 2.0, 5.0] {
                assert!((sf(t, df) - theirs.sf(t)).abs() < 1e-12, "{t} at {df}");
            }
        }
    }

    #[test]
    fn series_and_integral_meet() {
        for (y, nu) in [(0.0, 400.0), (0.3, 410.0), (1.96, 480.0), (6.0, 1_200.0), (29.9, 2e4), (2.0, 1e9)] {
            assert!(y * y + 20.0 <= SERIES_SHARE * nu);
            let integrand = |s: f64| libm::exp(-s * (y + 0.5 * s)) * stretch((y + s) * (y + s) / nu);
            let reach = 2.0 * CUT_OFF / (y + libm::sqrt(y * y + 2.0 * CUT_OFF));
            let integral = integrate(integrand, 0.0, reach, PANELS) / SQRT_2PI * libm::exp(-0.5 * y * y);
            assert!((series(y, nu) / integral - 1.0).abs() < 1e-13, "{y} {nu}");
        }
    }

    #[test]
    fn no_end_of_degrees_of_freedom_is_the_normal() {
        assert!((upper_quantile(0.025, f64::INFINITY) - normal::upper_quantile(0.025)).abs() < 1e-14);
        assert!((sf(1.96, 1e300) / normal::sf(1.96) - 1.0).abs() < 1e-14);
    }
}
