//! PlanOut: the first 60 bits of SHA-1 of "salt.name.unit".
//!
//! With `H` the first 15 hexadecimal digits of `sha1("salt.name.unit")` (experiment salt, parameter name,
//! unit) and `L` = 0xFFFFFFFFFFFFFFF:
//!
//! - uniform choice: index `H mod n`
//! - weighted choice: the first index whose cumulative weight is at least `H ÷ L · Σw`
//! - Bernoulli trial: `H ÷ L ≤ p`
//!
//! # References
//! Bakshy, E., Eckles, D., Bernstein, M. S. (2014), "Designing and Deploying Online Field Experiments",
//! WWW '14, doi:10.1145/2566486.2567967; the operators of PlanOut's reference interpreter,
//! <https://facebook.github.io/planout/>.

use sha1::{Digest, Sha1};

/// The largest hash, as the interpreter divides by it.
const LARGEST: u64 = 0x0fff_ffff_ffff_ffff;

/// The hash of a unit, below 2^60.
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::planout;
///
/// assert_eq!(planout::hash("test_salt", "foo", "4"), 1_000_889_843_983_841_927);
/// ```
#[must_use]
pub fn hash(salt: &str, name: &str, unit: &str) -> u64 {
    let parts = [salt, ".", name, ".", unit];
    let digest = parts.iter().fold(Sha1::new(), Digest::chain_update).finalize();
    super::leading_u64(&digest) >> 4
}

/// A hash as a fraction in 0–1, both included.
#[must_use]
pub fn fraction(hash: u64) -> f64 {
    hash as f64 / LARGEST as f64
}

/// Whether a trial that succeeds with this probability does.
#[must_use]
pub fn bernoulli_trial(hash: u64, probability: f64) -> bool {
    fraction(hash) <= probability
}

/// One of `count` choices that are equally likely; `None` of none.
#[must_use]
pub fn uniform_choice(hash: u64, count: usize) -> Option<usize> {
    let rest = hash.checked_rem(u64::try_from(count).ok()?)?;
    usize::try_from(rest).ok()
}

/// One of the choices with these weights; `None` of none.
#[must_use]
pub fn weighted_choice(hash: u64, weights: &[f64]) -> Option<usize> {
    // Sums in the order of the interpreter, so that rounding is the same.
    let total = weights.iter().fold(0.0, |sum, weight| sum + weight);
    let stop = total * fraction(hash);
    let mut cumulative = 0.0;
    weights.iter().position(|weight| {
        cumulative += weight;
        stop <= cumulative
    })
}
