//! Pieces of the gamma function, and the incomplete gamma function in log space.
//!
//! # References
//! Loader, C. (2000), Fast and accurate computation of binomial probabilities (the deviance form of the
//! leading factor). NIST Digital Library of Mathematical Functions, 5.11.1 (Stirling), 8.11.4 (series),
//! 8.9.2 (continued fraction, by the modified Lentz method).

use crate::stats::distribution::LN_SQRT_2PI;

/// Terms that the series and the continued fraction may take; both need a few √a, 10⁵ for a = 10⁹.
const MAX_TERMS: u32 = 20_000_000;
/// From here on Stirling's series is exact to double precision.
const STIRLING_FROM: f64 = 16.0;

/// ln Γ(x) − [(x − ½) ln x − x + ln √(2π)], the error of Stirling's formula.
pub(crate) fn stirling_error(x: f64) -> f64 {
    if x < STIRLING_FROM {
        return libm::lgamma(x) - ((x - 0.5) * libm::log(x) - x + LN_SQRT_2PI);
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0)));
    (1.0 / 12.0 - r * (1.0 / 360.0 - r * series)) / x
}

/// ln of Γ(x + ½) / (Γ(x) √x), which tends to 0 as x grows.
pub(crate) fn ln_half_step(x: f64) -> f64 {
    if x < STIRLING_FROM {
        return libm::lgamma(x + 0.5) - libm::lgamma(x) - 0.5 * libm::log(x);
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 640.0 - r * (17.0 / 14_336.0 - r * (31.0 / 18_432.0 - r * (691.0 / 180_224.0)));
    (-1.0 / 8.0 + r * (1.0 / 192.0 - r * series)) / x
}

/// m − a − a ln(m / a) for m = a + `excess`, without cancellation when the excess is small.
pub(crate) fn deviance(a: f64, m: f64, excess: f64) -> f64 {
    if excess.abs() > 0.5 * a {
        let ratio = m / a;
        // A ratio beyond the largest float still has a logarithm.
        let ln_ratio = if ratio == f64::INFINITY { libm::log(m) - libm::log(a) } else { libm::log(ratio) };
        return excess - a * ln_ratio;
    }
    // With r = excess / a and s = r / (2 + r): r − ln(1 + r) = r s − 2 (s³/3 + s⁵/5 + …).
    let r = excess / a;
    let s = r / (2.0 + r);
    let square = s * s;
    let (mut sum, mut power) = (0.0, s);
    for odd in (3..60).step_by(2) {
        power *= square;
        let term = power / f64::from(odd);
        sum += term;
        if term.abs() <= f64::EPSILON * sum.abs() {
            break;
        }
    }
    a * (r * s - 2.0 * sum)
}

/// Natural logarithms of the two tails of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LnTails {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

/// The regularized incomplete gamma functions P(a, x) and Q(a, x), as logarithms.
pub(crate) fn ln_incomplete_gamma(a: f64, x: f64) -> LnTails {
    if x <= 0.0 {
        return LnTails { lower: f64::NEG_INFINITY, upper: 0.0 };
    }
    if x == f64::INFINITY {
        return LnTails { lower: 0.0, upper: f64::NEG_INFINITY };
    }
    let leading = ln_leading(a, x);
    if x < a + 1.0 {
        let lower = leading + libm::log(lower_series(a, x));
        LnTails { lower, upper: ln_complement(lower) }
    } else {
        let upper = leading + libm::log(upper_fraction(a, x)) + libm::log(a);
        LnTails { lower: ln_complement(upper), upper }
    }
}

/// ln(1 − exp(`ln_p`)).
pub(crate) fn ln_complement(ln_p: f64) -> f64 {
    if ln_p >= 0.0 { f64::NEG_INFINITY } else { libm::log(-libm::expm1(ln_p)) }
}

/// ln of xᵃ e⁻ˣ / Γ(a + 1).
pub(crate) fn ln_leading(a: f64, x: f64) -> f64 {
    -deviance(a, x, x - a) - 0.5 * libm::log(a) - LN_SQRT_2PI - stirling_error(a)
}

/// 1 + x/(a+1) + x²/((a+1)(a+2)) + …
fn lower_series(a: f64, x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..MAX_TERMS {
        term *= x / (a + f64::from(n));
        sum += term;
        if term <= 0.5 * f64::EPSILON * sum {
            break;
        }
    }
    sum
}

/// Γ(a, x) eˣ x⁻ᵃ as 1/(x+1−a − 1(1−a)/(x+3−a − …)).
fn upper_fraction(a: f64, x: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE / f64::EPSILON;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut value = d;
    for n in 1..MAX_TERMS {
        let n = f64::from(n);
        let step = -n * (n - a);
        b += 2.0;
        d = step * d + b;
        c = b + step / c;
        d = 1.0 / if d.abs() < tiny { tiny } else { d };
        c = if c.abs() < tiny { tiny } else { c };
        let factor = d * c;
        value *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stirling_pieces_meet_at_the_switch() {
        for x in [STIRLING_FROM - 1e-9, STIRLING_FROM, 20.0, 40.0] {
            let direct = libm::lgamma(x) - ((x - 0.5) * libm::log(x) - x + LN_SQRT_2PI);
            assert!((stirling_error(x) - direct).abs() < 3e-14, "{x}");
            let direct = libm::lgamma(x + 0.5) - libm::lgamma(x) - 0.5 * libm::log(x);
            assert!((ln_half_step(x) - direct).abs() < 3e-14, "{x}");
        }
    }

    #[test]
    fn deviance_is_continuous_where_its_form_changes() {
        for excess in [-4.999_999, -5.000_001, 4.999_999, 5.000_001, 1e-3] {
            let direct = excess - 10.0 * libm::log1p(excess / 10.0);
            assert!((deviance(10.0, 10.0 + excess, excess) - direct).abs() < 1e-14, "{excess}");
        }
    }
}
