//! The binomial and hypergeometric distributions: tails in log space, and the two-sided sum of all outcomes
//! that are no likelier than the observed one.
//!
//! # References
//! Loader, C. (2000), Fast and accurate computation of binomial probabilities (the probabilities, by
//! deviances). Tails are summed outward from the outcome, where probabilities fall.

use crate::stats::distribution::LN_SQRT_2PI;
use crate::stats::distribution::gamma::{deviance, ln_complement, stirling_error};
use std::f64::consts::LN_10;

/// Probabilities this close, relatively, count as equal (R and SciPy take the same): rounding must not tell
/// apart outcomes that are exactly as likely as each other.
const TIE: f64 = 1e-7;

/// A distribution on whole numbers whose probabilities rise up to its mode and then fall.
pub(crate) trait Unimodal {
    /// The smallest and the largest outcome.
    fn support(&self) -> (u64, u64);
    /// The likeliest outcome.
    fn mode(&self) -> u64;
    /// ln P(X = `x`) within the support.
    fn ln_probability(&self, x: u64) -> f64;
    /// P(X = `x` + 1) / P(X = `x`) within the support.
    fn growth(&self, x: u64) -> f64;

    /// ln P(X ≤ `x`).
    fn ln_at_most(&self, x: u64) -> f64 {
        let (lowest, highest) = self.support();
        if x < lowest {
            f64::NEG_INFINITY
        } else if x >= highest {
            0.0
        } else if x < self.mode() {
            self.ln_falling_down_from(x)
        } else {
            ln_complement(self.ln_falling_up_from(x + 1))
        }
    }

    /// ln P(X ≥ `x`).
    fn ln_at_least(&self, x: u64) -> f64 {
        let (lowest, highest) = self.support();
        if x > highest {
            f64::NEG_INFINITY
        } else if x <= lowest {
            0.0
        } else if x > self.mode() {
            self.ln_falling_up_from(x)
        } else {
            ln_complement(self.ln_falling_down_from(x - 1))
        }
    }

    /// ln of the probability of all outcomes that are no likelier than `x`, which lies within the support.
    fn ln_no_likelier_than(&self, x: u64) -> f64 {
        let (lowest, highest) = self.support();
        let mode = self.mode();
        let threshold = self.ln_probability(x) + TIE;
        if self.ln_probability(mode) <= threshold {
            return 0.0;
        }
        let unlikely = |outcome: u64| self.ln_probability(outcome) <= threshold;
        let (below, above) = if x > mode {
            // The largest unlikely outcome below the mode, if there is one.
            let below = unlikely(lowest).then(|| last_where(lowest, mode, unlikely));
            (below, Some(x))
        } else {
            let above =
                unlikely(highest).then(|| highest - last_where(0, highest - mode, |i| unlikely(highest - i)));
            (Some(x), above)
        };
        let tails = [
            below.map_or(f64::NEG_INFINITY, |outcome| self.ln_falling_down_from(outcome)),
            above.map_or(f64::NEG_INFINITY, |outcome| self.ln_falling_up_from(outcome)),
        ];
        let (smaller, larger) = (tails[0].min(tails[1]), tails[0].max(tails[1]));
        (larger + libm::log1p(libm::exp(smaller - larger))).min(0.0)
    }

    /// ln P(X ≤ `x`) for `x` at most the mode.
    fn ln_falling_down_from(&self, x: u64) -> f64 {
        let (lowest, _) = self.support();
        let falls = (lowest..x).rev().map(|outcome| 1.0 / self.growth(outcome));
        self.ln_probability(x) + libm::log(sum_of_falling(falls))
    }

    /// ln P(X ≥ `x`) for `x` at least the mode.
    fn ln_falling_up_from(&self, x: u64) -> f64 {
        let (_, highest) = self.support();
        let falls = (x..highest).map(|outcome| self.growth(outcome));
        self.ln_probability(x) + libm::log(sum_of_falling(falls))
    }
}

/// 1 + r₁ + r₁r₂ + … until nothing is added any more.
fn sum_of_falling(ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for ratio in ratios {
        term *= ratio;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The last number in `from..=to` for which `holds`, which holds at `from` and not again once it failed.
fn last_where(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut holding, mut failing) = (from, to);
    while failing - holding > 1 {
        let middle = holding + (failing - holding) / 2;
        if holds(middle) { holding = middle } else { failing = middle }
    }
    holding
}

/// e^`ln_p` and its base-10 logarithm.
pub(crate) fn p_and_log10(ln_p: f64) -> (f64, f64) {
    (libm::exp(ln_p).min(1.0), (ln_p / LN_10).min(0.0))
}

/// Successes in `n` independent trials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binomial {
    pub(crate) n: u64,
    /// Chance of success and of failure, both given so that neither loses digits.
    pub(crate) success: f64,
    pub(crate) failure: f64,
}

impl Unimodal for Binomial {
    fn support(&self) -> (u64, u64) {
        (0, self.n)
    }

    fn mode(&self) -> u64 {
        (((self.n as f64 + 1.0) * self.success) as u64).min(self.n)
    }

    fn ln_probability(&self, x: u64) -> f64 {
        ln_binomial(x, self.n, self.success, self.failure)
    }

    fn growth(&self, x: u64) -> f64 {
        (self.n - x) as f64 / (x as f64 + 1.0) * (self.success / self.failure)
    }
}

/// Successes in one arm when the successes of both arms together are given, without any effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hypergeometric {
    /// Customers of the arm whose successes are counted.
    pub(crate) drawn: u64,
    /// Customers of the other arm.
    pub(crate) left: u64,
    /// Successes of both; at most all customers.
    pub(crate) successes: u64,
}

impl Unimodal for Hypergeometric {
    fn support(&self) -> (u64, u64) {
        (self.successes.saturating_sub(self.left), self.successes.min(self.drawn))
    }

    fn mode(&self) -> u64 {
        let all = u128::from(self.drawn) + u128::from(self.left);
        let mode = (u128::from(self.successes) + 1) * (u128::from(self.drawn) + 1) / (all + 2);
        let (lowest, highest) = self.support();
        u64::try_from(mode).unwrap_or(highest).clamp(lowest, highest)
    }

    fn ln_probability(&self, x: u64) -> f64 {
        let (all, failures) = (self.drawn + self.left, self.drawn + self.left - self.successes);
        let (success, failure) = (self.successes as f64 / all as f64, failures as f64 / all as f64);
        ln_binomial(x, self.drawn, success, failure)
            + ln_binomial(self.successes - x, self.left, success, failure)
            - ln_binomial(self.successes, all, success, failure)
    }

    fn growth(&self, x: u64) -> f64 {
        let up = (self.successes - x) as f64 / (x as f64 + 1.0);
        // `left` + x + 1 is above `successes` within the support.
        up * ((self.drawn - x) as f64 / (self.left + x + 1 - self.successes) as f64)
    }
}

/// ln P(X = `x`) of a binomial distribution.
fn ln_binomial(x: u64, n: u64, success: f64, failure: f64) -> f64 {
    let (hits, misses, n) = (x as f64, (n - x) as f64, n as f64);
    // n ln p where 1 − p is known: without loss of digits for p near 1.
    let ln_all = |p: f64, rest: f64| {
        if p == 0.0 { f64::NEG_INFINITY } else { -deviance(n, n * p, -n * rest) - n * rest }
    };
    if n == 0.0 {
        return 0.0;
    }
    if hits == 0.0 {
        return ln_all(failure, success);
    }
    if misses == 0.0 {
        return ln_all(success, failure);
    }
    if success == 0.0 || failure == 0.0 {
        return f64::NEG_INFINITY;
    }
    // np − x, from n(p − x/n) in the form that is exact where hits and misses are as expected.
    let excess = misses * success - hits * failure;
    stirling_error(n)
        - stirling_error(hits)
        - stirling_error(misses)
        - deviance(hits, n * success, excess)
        - deviance(misses, n * failure, -excess)
        + 0.5 * libm::log(n / hits / misses)
        - LN_SQRT_2PI
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums_to_one(distribution: &impl Unimodal) {
        let (lowest, highest) = distribution.support();
        let total: f64 = (lowest..=highest).map(|x| libm::exp(distribution.ln_probability(x))).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
        let mut at_most = 0.0;
        for x in lowest..=highest {
            let at_least = libm::exp(distribution.ln_at_least(x));
            assert!((at_least + at_most - 1.0).abs() < 1e-12, "{x}: {at_least} and {at_most}");
            at_most = libm::exp(distribution.ln_at_most(x));
        }
        let likeliest = (lowest..=highest).map(|x| distribution.ln_probability(x)).fold(f64::MIN, f64::max);
        assert!(distribution.ln_probability(distribution.mode()) >= likeliest - 1e-12);
    }

    #[test]
    fn probabilities_and_tails_add_up() {
        for (n, success) in [(1, 0.5), (7, 0.01), (40, 0.97), (300, 0.3)] {
            sums_to_one(&Binomial { n, success, failure: 1.0 - success });
        }
        for (drawn, left, successes) in [(1, 1, 1), (5, 9, 3), (40, 3, 41), (200, 300, 120), (4, 4, 0)] {
            sums_to_one(&Hypergeometric { drawn, left, successes });
        }
    }

    #[test]
    fn equally_likely_outcomes_are_counted() {
        let fair = Binomial { n: 10, success: 0.5, failure: 0.5 };
        assert!((libm::exp(fair.ln_no_likelier_than(2)) - 2.0 * 56.0 / 1024.0).abs() < 1e-14);
        assert_eq!(fair.ln_no_likelier_than(5), 0.0);
        let one_sided = Hypergeometric { drawn: 7, left: 6, successes: 4 };
        assert!((libm::exp(one_sided.ln_no_likelier_than(4)) - 50.0 / 715.0).abs() < 1e-14);
    }
}
