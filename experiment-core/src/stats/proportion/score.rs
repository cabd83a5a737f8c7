//! The rates that fit best under a given difference, on which the score methods rest.
//!
//! # References
//! Miettinen & Nurminen (1985), Statistics in Medicine 4(2), 213–226, doi:10.1002/sim.4780040211;
//! Farrington & Manning (1990), Statistics in Medicine 9(12), 1447–1454, doi:10.1002/sim.4780091208. They
//! solve the score equation by the cubic formula, which loses half the digits near a double root; here the
//! same equation is solved by bracketing, since the likelihood is concave.

use crate::stats::NotEstimable;
use crate::stats::proportion::ProportionSummary;
use crate::stats::root::brent;

/// Variance of the difference in rates, p₀(1−p₀)/n₀ + p₁(1−p₁)/n₁ at the most likely rates with
/// p₁ − p₀ = `difference`, which lies in \[−1, 1\].
pub(crate) fn score_variance(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    difference: f64,
) -> Result<f64, NotEstimable> {
    // Counting failures turns the difference round and leaves the variance; small rates keep their digits.
    let successes = control.successes as f64 + variant.successes as f64;
    let failures = control.failures() as f64 + variant.failures() as f64;
    let (control, variant, difference) = if successes > failures {
        (control.complement(), variant.complement(), -difference)
    } else {
        (*control, *variant, difference)
    };
    let (low, high) = if difference < 0.0 { (variant, control) } else { (control, variant) };
    let (p_low, p_high) = constrained_rates(&low, &high, difference.abs())?;
    Ok(p_low * (1.0 - p_low) / low.n as f64 + p_high * (1.0 - p_high) / high.n as f64)
}

/// The most likely (p, p + `difference`), for a difference of at least 0.
fn constrained_rates(
    low: &ProportionSummary,
    high: &ProportionSummary,
    difference: f64,
) -> Result<(f64, f64), NotEstimable> {
    // A difference that 1 does not notice makes no difference to the rates.
    if difference < f64::EPSILON {
        let n = low.n as f64 + high.n as f64;
        let rate = (low.successes as f64 + high.successes as f64) / n;
        return Ok((rate, rate));
    }
    // The likelihood is a product of two concave ones, so its peak lies between theirs.
    let highest = 1.0 - difference;
    let (one, other) = (low.rate(), (high.rate() - difference).clamp(0.0, highest));
    let (from, to) = (one.min(other).min(highest), one.max(other).min(highest));
    let slope = LikelihoodSlope::new(low, high, difference);
    let rate = if slope.at(from) <= 0.0 {
        from
    } else if slope.at(to) >= 0.0 {
        to
    } else {
        brent("the constrained rate", |p| slope.at(p), from, to)?
    };
    Ok((rate, if rate == highest { 1.0 } else { rate + difference }))
}

/// The derivative of the log-likelihood in p, x₀/p − y₀/(1−p) + x₁/(p+δ) − y₁/(1−p−δ), times those of its
/// denominators whose counts are not 0: same sign, no poles.
struct LikelihoodSlope {
    difference: f64,
    counts: [f64; 4],
}

impl LikelihoodSlope {
    fn new(low: &ProportionSummary, high: &ProportionSummary, difference: f64) -> Self {
        let counts =
            [low.successes, low.failures(), high.successes, high.failures()].map(|count| count as f64);
        Self { difference, counts }
    }

    fn at(&self, p: f64) -> f64 {
        let [x0, y0, x1, y1] = self.counts;
        let unless_none = |count: f64, denominator: f64| if count > 0.0 { denominator } else { 1.0 };
        let p0 = unless_none(x0, p);
        let q0 = unless_none(y0, 1.0 - p);
        let p1 = unless_none(x1, p + self.difference);
        // (1 − δ) − p, not 1 − (p + δ), so that it is exactly 0 at the upper end.
        let q1 = unless_none(y1, (1.0 - self.difference) - p);
        (x0 * q0 - y0 * p0) * p1 * q1 + (x1 * q1 - y1 * p1) * p0 * q0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_rates_solve_the_score_equation() {
        let low = ProportionSummary { successes: 50, n: 500 };
        let high = ProportionSummary { successes: 60, n: 700 };
        let (p0, p1) = constrained_rates(&low, &high, 0.02).unwrap();
        let slope = 50.0 / p0 - 450.0 / (1.0 - p0) + 60.0 / p1 - 640.0 / (1.0 - p1);
        assert!((p1 - p0 - 0.02).abs() < 1e-16 && slope.abs() < 1e-9, "{p0} {p1} {slope}");
    }

    #[test]
    fn variance_is_continuous_at_no_difference() {
        let control = ProportionSummary { successes: 27, n: 45 };
        let variant = ProportionSummary { successes: 0, n: 1 };
        let at = |difference| score_variance(&control, &variant, difference).unwrap();
        for difference in [1e-12, 3e-16, 1e-17, 1e-300, -1e-300, -1e-17, -3e-16, -1e-12] {
            assert!((at(difference) / at(0.0) - 1.0).abs() < 1e-10, "{difference}");
        }
    }

    #[test]
    fn best_rates_stop_at_the_edges() {
        let none = ProportionSummary { successes: 0, n: 5 };
        let all = ProportionSummary { successes: 5, n: 5 };
        assert_eq!(constrained_rates(&none, &all, 1.0).unwrap(), (0.0, 1.0));
        assert_eq!(constrained_rates(&none, &none, 0.25).unwrap(), (0.0, 0.25));
        assert_eq!(constrained_rates(&all, &all, 0.25).unwrap(), (0.75, 1.0));
    }
}
